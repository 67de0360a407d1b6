import Glibc

/// The rooms of a queue. What a file's room says of it is in the comment; a person reads it with `ls`.
public enum Room: String, CaseIterable, Sendable {
  /// A person or a foreign program writes here: the only sloppy place.
  case drop
  /// Tools write here; nobody reads.
  case tmp
  /// Complete and ready: the backlog.
  case new
  /// Claimed; the file is flocked while its worker lives.
  case run
  /// To be tried again; its mtime says not before when.
  case wait
  /// Parked until a human acts.
  case hold
  /// Finished product not yet handed on; normally empty.
  case out
  /// The response to the entry with this ID.
  case re
  case done
  /// Given up, refused, cancelled or expired.
  case fail
  /// Cannot be parsed; unread.
  case bad
  /// The ledger of idempotency keys.
  case keys
  /// `ID.log`: a line for each attempt, and what the command said on stderr.
  case log

  /// The rooms in which an entry itself lies, in the order of its life.
  public static let ofEntries: [Room] = [.new, .run, .wait, .hold, .done, .fail, .bad]
}

/// One queue: a directory of rooms.
public final class Queue {
  public let name: String
  public let directory: Directory
  public let spool: SpoolDirectory
  /// Where products go that name no queue themselves (`spool work --to`).
  public var next: String?
  private var rooms: [Room: Directory] = [:]

  init(name: String, directory: Directory, spool: SpoolDirectory) {
    self.name = name
    self.directory = directory
    self.spool = spool
  }

  public subscript(_ room: Room) -> Directory {
    get throws(Failure) {
      if let open = rooms[room] { return open }
      let opened = try Directory(room.rawValue, in: directory)
      rooms[room] = opened
      return opened
    }
  }

  /// Makes the rooms that are missing. Killed half-way it leaves no queue (new/ comes when all that a sweep reads is there), or
  /// one that is found unfinished (log/ comes when all else is durable).
  func makeRooms() throws(Failure) {
    for room in Room.allCases.filter({ $0 != .new && $0 != .log }) + [.new] {
      rooms[room] = try Directory.making(room.rawValue, in: directory)
    }
    // Those that were found may not be durable yet.
    try directory.sync()
    rooms[.log] = try Directory.making(Room.log.rawValue, in: directory)
  }

  /// What becomes of an entry that a dead worker left in `run/`.
  enum OrphanPolicy {
    /// To `wait/`, with one attempt more: a crash counts, so that poison cannot spin.
    case countAttempt
    /// To `wait/`, as it was: runs and approvals survive any number of crashes.
    case keepAttempts
    /// To `fail/`: a job is run again by its schedule, not by its crash.
    case fail
  }

  var orphanPolicy: OrphanPolicy {
    switch name {
    case "runs", "approvals": .keepAttempts
    case "jobs": .fail
    default: .countAttempt
    }
  }

  /// Appends to an entry's log. What cannot be logged is said, and stops nothing: a log is a story.
  public func log(_ id: EntryID, _ text: String) {
    do {
      let file = try self[.log].openOrCreate("\(id).log", append: true)
      try file.write(Array(text.utf8))
    } catch { spool.notice("\(name)/log/\(id).log: \(error.why)") }
  }

  /// One line in an entry's log on what became of it; on a line of its own, whatever a command left before it.
  package func logAttempt(_ id: EntryID, _ text: String) {
    log(id, "\n== \(Kernel.now().rfc3339Seconds) \(spool.tool): \(text.printable)\n")
  }

  /// Says in an entry's log why it still lies where it lies; once, however often it is found so.
  package func note(_ id: EntryID, _ text: String) {
    if lastWord(id)?.hasSuffix(text.printable) != true { logAttempt(id, text) }
  }

  /// The last of the lines that `logAttempt` wrote: why the entry lies where it lies.
  public func lastWord(_ id: EntryID) -> String? {
    guard let file = try? self[.log].open("\(id).log"), let size = try? file.status().size else { return nil }
    // The tail is enough: the line is written last.
    let tail = 65536
    if size > tail { try? file.seek(to: size - tail) }
    guard let bytes = try? file.readAll(limit: 2 * tail) else { return nil }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").last { $0.hasPrefix("== ") }
      .map { String($0.dropFirst(3)) }
  }

  /// The same without when, by what and at which attempt it was said: for a sentence of one's own.
  public func lastReason(_ id: EntryID) -> String? {
    guard let words = lastWord(id)?.split(separator: ": ").dropFirst() else { return nil }
    return words.drop { $0.hasPrefix("attempt ") }.joined(separator: ": ")
  }
}
