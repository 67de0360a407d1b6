import Spool

/// What is known of a job by its name: `jobs/names/NAME`, header lines. The records are the entries in `jobs/`;
/// this says what is expected, and when it was last met.
public struct JobState: Sendable {
  public var name: String
  /// It should succeed at least this often.
  public var expectEvery: Duration?
  /// Since when that is expected: its first declaration.
  public var since: Timestamp
  public var lastStart: Timestamp?
  public var lastSuccess: Timestamp?
  public var lastExit: Int32?
  public var lastID: EntryID?
  public var command: String?

  public init(name: String) {
    self.name = name
    since = .now
  }

  /// Late by more than this is overdue: a run's own length, a busy minute, and the 25 h of the day on which
  /// summer time ends.
  static func slack(_ every: Duration) -> Duration { every / 20 + .seconds(300) }

  /// When it will be overdue.
  public var due: Timestamp? {
    expectEvery.map { (lastSuccess ?? since) + $0 + Self.slack($0) }
  }

  public func isOverdue(at now: Timestamp) -> Bool { due.map { $0 < now } ?? false }

  static func directory(in spool: SpoolDirectory) throws(Failure) -> Directory {
    try Directory.making("names", in: spool.queue("jobs", making: true).directory)
  }

  public static func read(_ name: String, in spool: SpoolDirectory) throws(Failure) -> JobState? {
    let directory = try directory(in: spool)
    guard let file = try directory.open(name), let bytes = try file.readAll(limit: 65536) else { return nil }
    var header = Header()
    for (number, line) in String(decoding: bytes, as: UTF8.self).split(separator: "\n").enumerated() {
      do { try header.append(line: line, number: number + 1) } catch {
        throw Failure(
          .configuration, "\(directory.path)/\(name)", error.description, do: "mend the line, or rm the file")
      }
    }
    var state = JobState(name: name)
    func time(_ name: String) -> Timestamp? { header[name].flatMap { Timestamp(rfc3339: $0) } }
    state.expectEvery = header["Expect-Every"].flatMap { Duration($0) }
    state.since = time("Since") ?? state.since
    state.lastStart = time("Last-Start")
    state.lastSuccess = time("Last-Success")
    state.lastExit = header["Last-Exit"].flatMap { Int32($0) }
    state.lastID = header["Last-Id"].flatMap { try? EntryID($0) }
    state.command = header["Command"]
    return state
  }

  public func write(to spool: SpoolDirectory) throws(Failure) {
    let header = Header([
      "Job": name, "Expect-Every": expectEvery.map { "\($0.nanoseconds / 1_000_000_000)s" }, "Since": since.rfc3339,
      "Last-Start": lastStart?.rfc3339, "Last-Success": lastSuccess?.rfc3339, "Last-Exit": lastExit.map(String.init),
      "Last-Id": lastID?.description, "Command": command,
    ])
    try Self.directory(in: spool).replace(name, with: header.bytes.dropLast())
  }

  /// All jobs that are known.
  public static func names(in spool: SpoolDirectory) throws(Failure) -> [String] {
    try directory(in: spool).names().sorted().filter { !$0.hasPrefix(".") }
  }
}
