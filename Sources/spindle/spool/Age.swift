import ArgumentParser
import CommandLine
import Spool

extension SpoolTool {
  struct Age: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "age", abstract: "How old what waits is: a histogram of each queue and room.",
      discussion: """
        Each column counts what is younger than its head and not younger than the one before; T is the total. A queue that falls
        behind grows to the right. Entries are as old as their ID, files in drop/ and what cannot be read as their last change.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One JSON object a line.") var json = false
    @Argument(help: "Queues; default: all.") var queues: [String] = []

    private struct Row: Encodable {
      var queue: String
      var room: String
      var total: Int
      /// Entries younger than each limit, and from the one before on; the last: older than all.
      var counts: [Int]
      var limitsInSeconds = AgeBuckets.limits.map(\.seconds)
      var oldest: String
    }

    private static let rooms: [Room] = [.drop, .new, .run, .wait, .hold, .fail, .bad]

    func run() throws {
      let opened = try spool.open(as: "spool")
      var rows: [Row] = []
      for name in queues.isEmpty ? try opened.queueNames() : queues {
        let queue = try opened.queue(name)
        for room in Self.rooms {
          var buckets = AgeBuckets()
          try buckets.count(queue, room)
          guard let oldest = buckets.oldest else { continue }
          rows.append(
            Row(queue: name, room: room.rawValue, total: buckets.total, counts: buckets.counts, oldest: oldest))
        }
      }
      if json {
        for row in rows { output(try JSONLine.encode(row)) }
      } else {
        print(rows)
      }
    }

    private func print(_ rows: [Row]) {
      let style = Style.output
      let heads = ["T"] + AgeBuckets.limits.map(\.head) + ["1w+"]
      var cells = rows.map { row in
        [row.queue, row.room] + ([row.total] + row.counts).map(String.init) + [Self.age(row.oldest)]
      }
      if rows.count > 1, let oldest = rows.map(\.oldest).min() {
        let sums = heads.indices.map { column in rows.reduce(0) { $0 + ([$1.total] + $1.counts)[column] } }
        cells.insert(["TOTAL", ""] + sums.map(String.init) + [Self.age(oldest)], at: 0)
      }
      let table = [["queue", "room"] + heads + ["oldest"]] + cells
      var widths = table[0].indices.map { column in table.map { $0[column].columns }.max()! }
      let rest = widths.dropFirst().reduce(0, +) + widths.count - 1
      // A queue's name gives way before a number does.
      if style.isTerminal { widths[0] = min(widths[0], max(8, style.width - rest)) }
      for (index, row) in table.enumerated() {
        let words = zip(row, widths).enumerated().map { column, cell in
          column < 2
            ? cell.0.cut(to: cell.1).padded(to: cell.1)
            : cell.0 == "0" ? ".".aligned(to: cell.1) : cell.0.aligned(to: cell.1)
        }
        let line = words.joined(separator: " ")
        output(index == 0 ? style.bold(line) : line)
      }
    }

    private static func age(_ time: String) -> String {
      Timestamp(rfc3339: time).map { max(.zero, Timestamp.now - $0).spoken } ?? ""
    }
  }
}

/// How many entries are how old. The age of many is told from their names alone, without reading a time of any.
private struct AgeBuckets {
  static let limits: [(head: String, seconds: Int)] = [
    ("1m", 60), ("5m", 300), ("20m", 1200), ("1h", 3600), ("4h", 14400), ("1d", 86400), ("1w", 604_800),
  ]
  private(set) var counts = [Int](repeating: 0, count: limits.count + 1)
  private(set) var total = 0
  private var first: String?
  /// What is older than each limit has a stamp below these.
  private let bounds: [String]

  init() {
    let now = Timestamp.now
    bounds = Self.limits.map { (now - .seconds($0.seconds)).stamp }
  }

  var oldest: String? { first.flatMap { Timestamp(stamp: $0) }?.rfc3339Seconds }

  mutating func count(_ queue: Queue, _ room: Room) throws {
    let directory = try queue[room]
    for name in try directory.names() {
      if room == .drop {
        if name.hasPrefix(".") { continue }
      } else if (try? EntryID(name.prefix { $0 != "," && $0 != "@" })) != nil {
        add(String(name.prefix(23)))
        continue
      }
      // It may be taken meanwhile.
      if let time = try directory.status(name)?.modified { add(time.stamp) }
    }
  }

  private mutating func add(_ stamp: String) {
    total += 1
    counts[bounds.firstIndex { stamp > $0 } ?? bounds.count] += 1
    first = first.map { min($0, stamp) } ?? stamp
  }
}
