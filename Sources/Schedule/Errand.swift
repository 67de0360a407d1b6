import Glibc
import Spool
import Work

/// One run of an entry, in a process of its own that outlives the scheduler: it reads what the command says, says how it ended, and
/// records that, whoever is still there. So the scheduler can be stopped, restarted and killed while commands run.
public struct Errand: Codable {
  public var line: Int
  /// The crontab, for messages.
  public var file: String
  /// The entry, for people.
  public var spoken: String
  public var key: String
  /// For which of its times.
  public var due: String
  public var shell: String
  public var command: String
  public var input: [UInt8]?
  public var environment: [String: String]
  /// Whether that time is recorded as dealt with when this has ended; else it was before.
  public var recordsEnd: Bool
  /// For `@reboot`: the boot that it runs for.
  public var boot: String?

  /// What says that it runs, as it was handed down; nil: it may overlap itself.
  package static func lock() -> File? {
    inheritedEnvironment()["SPINDLE_LOCK_FD"].flatMap { Int32($0) }.map { File.owning($0, path: "the lock") }
  }

  /// What the process that runs it reads on its standard input.
  func sheet() throws(Failure) -> File {
    let text: String
    do { text = try JSONLine.encode(self) } catch {
      throw Failure(.software, spoken, "cannot be written down: \(error)")
    }
    return try File.inMemory(Array(text.utf8))
  }

  public static func read() throws(Failure) -> Errand {
    guard let bytes = try File.standardInput.readAll(limit: 1 << 24),
      let errand = try? JSONLine.decode(Errand.self, String(decoding: bytes, as: UTF8.self))
    else { throw Failure(.usage, "standard input", "is no errand of a scheduler's") }
    return errand
  }

  /// Runs it to its end.
  /// - Parameters:
  ///   - lock: what says that it runs: it is given up when the command has ended, though others of it may live on.
  ///   - say: gets whole lines for stderr.
  package func run(in spool: SpoolDirectory, lock: File?, say: @escaping ([UInt8]) -> Void) throws(Failure) {
    Signals.catchThem()
    let home = environment["HOME"].flatMap { Kernel.mayAccess($0, X_OK) ? $0 : nil } ?? "/"
    let what = Command(path: shell, arguments: [shell, "-c", command], environment: environment, directory: home)
    var ended: String?
    do {
      let child = try Child(what, input: input.map { (bytes) throws(Failure) in try File.inMemory(bytes) })
      child.leavesOthers = true
      let (output, error) = (LineLabel("\(line): ", say), LineLabel("\(line): ", say))
      let outcome = child.run(until: nil) {
        output.take($0)
        return .more
      } onError: {
        error.take($0)
      }
      if !outcome.succeeded { ended = outcome.spoken }
      // Asked to stop, by a machine that goes down: it has not had its run.
      try settle(in: spool, ended, isOver: outcome.stoppedBy == nil, say)
      lock?.unlock()
      while child.isHeard, Signals.pending() == nil, outcome.stoppedBy == nil {
        child.hearOthers(atMost: .seconds(3600), onOutput: output.take, onError: error.take)
      }
      output.flush()
      error.flush()
    } catch {
      if error.isFailedFlush { throw error }
      try settle(in: spool, error.why, isOver: error.status != .tryAgain, say)
      throw error
    }
  }

  private func settle(
    in spool: SpoolDirectory, _ trouble: String?, isOver: Bool, _ say: ([UInt8]) -> Void
  ) throws(Failure) {
    spool.journal.write("schedule", detail: "ended: \(line): \(trouble ?? "done"): \(spoken)")
    if let trouble { say(Array("scheduler: \(file):\(line): \(trouble): \(spoken)".printable.utf8) + [10]) }
    guard recordsEnd, isOver, let due = Timestamp(rfc3339: due) else { return }
    let directory = try EntryState.directory(spool)
    // Gone: the entry was taken out of the crontab meanwhile.
    guard var state = try EntryState.read(key, in: directory) else { return }
    state.last = due
    state.boot = boot ?? state.boot
    try state.write(key, in: directory)
  }
}

/// Lines as they come, each behind a label.
final class LineLabel {
  private let label: [UInt8]
  private let say: ([UInt8]) -> Void
  private var rest: [UInt8] = []
  /// What is longer is told in pieces.
  private static let limit = 65536

  init(_ label: String, _ say: @escaping ([UInt8]) -> Void) {
    self.label = Array(label.utf8)
    self.say = say
  }

  deinit { flush() }

  func take(_ bytes: ArraySlice<UInt8>) {
    rest += bytes
    while let end = rest.firstIndex(of: 10) ?? (rest.count > Self.limit ? rest.count - 1 : nil) {
      emit(Array(rest[...end]))
      rest.removeSubrange(...end)
    }
  }

  func flush() {
    if !rest.isEmpty { emit(rest) }
    rest = []
  }

  private func emit(_ line: [UInt8]) { say(label + line + (line.last == 10 ? [] : [10])) }
}
