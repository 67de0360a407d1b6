import ArgumentParser
import CommandLine
import Spool

extension SpoolTool {
  struct Ls: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List entries: all queues, or some.",
      discussion: """
        Shows what is not over: new, run, wait, hold, fail, bad; --all shows done too. One line an entry: queue, room, ID,
        age, attempts (with d: in doubt), and the subject; in wait/ when it is due, in fail/ and hold/ why it lies there.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Flag(name: .shortAndLong, help: "Also what is done.") var all = false
    @Option(help: "Only this room.") var room: Room?
    @Flag(help: "One JSON object a line.") var json = false
    @Argument(help: "Queues; default: all.") var queues: [String] = []

    func run() throws {
      let opened = try spool.open(as: "spool")
      let names = queues.isEmpty ? try opened.queueNames() : queues
      let rooms = room.map { [$0] } ?? Room.ofEntries.filter { all || $0 != .done }
      var rows: [EntryRow] = []
      for name in names {
        let queue = try opened.queue(name)
        for room in rooms { rows += try EntryRow.rows(of: queue, in: room) }
      }
      if json {
        for row in rows { output(try JSONLine.encode(row)) }
      } else if rows.isEmpty {
        // A person wants to know that it looked; a script reads stdout.
        complain("spool: \(names.count) \(names.count == 1 ? "queue" : "queues") in \(opened.path): nothing is waiting")
      } else {
        output(EntryRow.table(rows))
      }
    }
  }
}

extension Room: ExpressibleByArgument {
  public static var allValueStrings: [String] { ofEntries.map(\.rawValue) }
  public init?(argument: String) {
    guard let room = Room(rawValue: argument), Self.ofEntries.contains(room) else { return nil }
    self = room
  }
}

/// A line of a listing.
struct EntryRow: Encodable {
  var queue: String
  var room: String
  var id: String
  /// As it lies there.
  var name: String
  var subject: String?
  var created: String
  var attempts: Int
  var inDoubt: Bool
  var holder: String?
  /// When it is due, in `wait/`.
  var due: String?
  /// Why it lies where it lies.
  var reason: String?

  static func rows(of queue: Queue, in room: Room) throws -> [EntryRow] {
    try queue[room].names().sorted().map { fileName in
      guard let name = try? EntryName(fileName) else {
        return EntryRow(
          queue: queue.name, room: room.rawValue, id: fileName, name: fileName, created: "", attempts: 0,
          inDoubt: false, reason: "not an entry's name")
      }
      let header = try? queue.header(at: Place(room: room, fileName: fileName, name: name))
      let isParked = [.fail, .hold, .wait, .bad].contains(room)
      return EntryRow(
        queue: queue.name, room: room.rawValue, id: name.id.description, name: fileName, subject: header?["Subject"],
        created: (header?["Created"].flatMap { Timestamp(rfc3339: $0) } ?? name.id.time).rfc3339,
        attempts: name.attempts, inDoubt: name.inDoubt,
        holder: name.holder,
        due: room == .wait ? try queue[room].status(fileName)?.modified.rfc3339Seconds : nil,
        reason: isParked ? queue.lastWord(name.id) : nil)
    }
  }

  private var age: String {
    Timestamp(rfc3339: created).map { (Timestamp.now - $0).spoken } ?? ""
  }

  private var remark: String {
    let words = [subject ?? "", holder.map { "by \($0)" } ?? "", due.map { "due \($0)" } ?? "", reason ?? ""]
    return words.filter { !$0.isEmpty }.joined(separator: " · ")
  }

  static func table(_ rows: [EntryRow]) -> String {
    let cells = rows.map { row in
      [
        row.queue, row.room, row.id, row.age,
        row.attempts == 0 && !row.inDoubt ? "" : "\(row.attempts)\(row.inDoubt ? "d" : "")", row.remark,
      ]
      .map { $0.printable }
    }
    return Table.aligned(cells)
  }
}
