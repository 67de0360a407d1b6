import Spool
import Work

/// What is known of a step that has begun: header lines in `.step-NAME`, written in place by who holds its lock.
public struct StepRecord: Sendable {
  public var name: String
  /// As a shell would be told it.
  public var command: String
  /// Of all its words: what tells a changed command.
  var commandHash: String
  public var attempt: Int
  public var began: Timestamp
  /// Where it has failed, or has ended otherwise than with 0 and may (`--may-fail`).
  public var ended: Timestamp?
  public var exit: Int32?
  public var pid: Int32
  /// An attempt was cut off: killed, stopped, or out of time. What it did may have been done by halves.
  var wasCutOff = false
  /// The step whose command has begun it; nil: the script.
  var within: String?
  /// Of which pass of the script it is.
  var pass: String?

  init(name: String, command: [String], attempt: Int) {
    self.name = name
    // A record is for a person and for comparison; what is longer is compared by its hash.
    self.command = command.map(\.shellQuoted).joined(separator: " ").printable.cut(toBytes: 30_000)
    commandHash = sha256(Array(command.joined(separator: "\0").utf8))
    self.attempt = attempt
    began = .now
    pid = SpoolDirectory.processID
    pass = inheritedEnvironment()["SPINDLE_PASS"]
  }

  /// - Returns: nil where nothing was written yet, or a power cut has left nothing that can be read.
  static func read(_ name: String, in state: RunState) throws(Failure) -> StepRecord? {
    guard let file = try state.steps.open(RunState.recordPrefix + name) else { return nil }
    return try StepRecord(name, in: file)
  }

  init?(_ name: String, in file: File) throws(Failure) {
    try file.seek(to: 0)
    guard let bytes = try file.readAll(limit: 65536), let header = try? Header(lines: bytes[...]),
      let hash = header["Command-Sha256"]
    else { return nil }
    self.name = name
    command = header["Command"] ?? ""
    commandHash = hash
    attempt = header["Attempt"].flatMap { Int($0) } ?? 1
    began = header["Began"].flatMap { Timestamp(rfc3339: $0) } ?? .now
    ended = header["Ended"].flatMap { Timestamp(rfc3339: $0) }
    exit = header["Exit"].flatMap { Int32($0) }
    pid = header["Pid"].flatMap { Int32($0) } ?? 0
    pass = header["Pass"]
    wasCutOff = header["Cut-Off"] == "yes"
    within = header["Within"]
  }

  /// Over what is there: whoever is killed in between leaves a whole record with some old bytes behind its blank line, which nobody
  /// reads.
  func write(to file: File) throws(Failure) {
    let bytes = Header([
      "Step": name, "Command": command, "Command-Sha256": commandHash, "Attempt": String(attempt),
      "Began": began.rfc3339, "Pid": String(pid), "Pass": pass, "Ended": ended?.rfc3339, "Exit": exit.map(String.init),
      "Cut-Off": wasCutOff ? "yes" : nil, "Within": within,
    ]).bytes
    try file.seek(to: 0)
    try file.write(bytes)
    try file.truncate(to: bytes.count)
  }
}
