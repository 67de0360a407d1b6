import Deliveries
import Spool

/// What a run hands over for delivery: `jobs/sent/RUN-ID`, a line before each handing over and one behind it, by `job --deliver`
/// and by every `deliver` that the run's command calls. A handing over that has only its first line was killed in between.
public struct JobSent {
  /// The run's ID.
  public let run: EntryID
  private let spool: SpoolDirectory

  public enum Note: Equatable, Sendable {
    /// It is about to be handed over; killed now, nobody knows.
    case to(String)
    case handedOver(EntryID)
    case refused(String)
    /// There is nothing to say, by design.
    case silent

    var line: String {
      switch self {
      case .to(let addresses): "to \(addresses)"
      case .handedOver(let id): "is \(id)"
      case .refused(let why): "not \(why)"
      case .silent: "silent"
      }
    }

    init?(line: some StringProtocol) {
      let value = String(line.drop { $0 != " " }.dropFirst())
      switch line.prefix(while: { $0 != " " }) {
      case "to": self = .to(value)
      case "is":
        guard let id = try? EntryID(value) else { return nil }
        self = .handedOver(id)
      case "not": self = .refused(value)
      case "silent": self = .silent
      default: return nil
      }
    }
  }

  public init(run: EntryID, in spool: SpoolDirectory) {
    self.run = run
    self.spool = spool
  }

  /// The run that has called us, where it is one of this spool's.
  public init?(of environment: [String: String], in spool: SpoolDirectory) {
    guard let text = environment[JobRun.runVariable], let run = try? EntryID(text),
      environment["SPOOL_DIR"] == spool.path
    else { return nil }
    self.init(run: run, in: spool)
  }

  private func directory() throws(Failure) -> Directory {
    try Directory.making("sent", in: spool.queue(JobState.queueName, making: true).directory)
  }

  /// A story: where it cannot be written, the message goes out all the same.
  public func note(_ note: Note) {
    do throws(Failure) {
      let file = try directory().openOrCreate(run.description, append: true)
      try file.write(Array("\(note.line.printable)\n".utf8))
    } catch { spool.notice("jobs/sent/\(run): \(error.why)") }
  }

  public func notes() throws(Failure) -> [Note] {
    // Who only looks makes nothing.
    guard let queue = try? spool.queue(JobState.queueName), try queue.directory.contains("sent"),
      let file = try Directory("sent", in: queue.directory).open(run.description),
      let bytes = try file.readAll(limit: 1 << 20)
    else {
      return []
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Note(line: $0) }
  }

  /// What became of it all by now.
  func summary() throws(Failure) -> (delivery: JobDelivery, ids: [EntryID], wasRefused: Bool) {
    let notes = try notes()
    var ids = notes.compactMap { if case .handedOver(let id) = $0 { id } else { nil } }
    // Its key is durable; the note behind it may not be.
    let output =
      try spool.root.contains(Delivery.queueName)
      ? spool.queue(Delivery.queueName).known(key: JobRun.outputKey(run)) : nil
    if let output, !ids.contains(output) { ids.append(output) }
    let refusals = notes.compactMap { if case .refused(let why) = $0 { why } else { nil } }
    let begun = notes.count { if case .to = $0 { true } else { false } }
    var states = [try JobDelivery.now(of: ids, in: spool)]
    if let why = refusals.first { states.append(.failed(why)) }
    if begun > ids.count + refusals.count { states.append(.unknown("killed while it was handed over")) }
    if notes.contains(.silent) { states.append(.silent) }
    return (states.max { $0.rank < $1.rank }!, ids, !refusals.isEmpty)
  }

  /// As long as the run's own record is kept.
  public static func removeOld(in queue: Queue) throws(Failure) {
    guard try queue.directory.status("sent")?.isDirectory == true else { return }
    let sent = try Directory("sent", in: queue.directory)
    for name in try sent.names() {
      if let run = try? EntryID(name), run.time + Queue.recordAge < .now { try sent.unlink(name) }
    }
  }
}
