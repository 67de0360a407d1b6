import Glibc
import Spool
import Work

/// Says that a `pipeline-step` is under way: a locked file in `running/`, there from its first instant to its end.
///
/// A shell without `set -e` goes on when a step is killed, and would begin the next one without it. An unlocked file here is one that
/// has died: no step is begun any more, and the run goes on from there with its next pass.
public final class StepPresence {
  private static let directoryName = "running"
  private let directory: Directory
  private let name: String
  private let file: File
  private var isThere = true

  /// Enters the run whose environment we have; nil where it is none.
  public static func enter(_ environment: [String: String] = inheritedEnvironment()) throws(Failure) -> StepPresence? {
    guard let steps = environment["STEPS"], steps.hasSuffix("/steps"), environment["RUN"] != nil else { return nil }
    guard let directory = try? Directory(path: steps.dropLast("steps".count) + directoryName) else { return nil }
    return try StepPresence(in: directory)
  }

  private init(in directory: Directory) throws(Failure) {
    self.directory = directory
    // A process ID is used again, and who had it before may have died.
    name = "\(SpoolDirectory.processID).\(Timestamp.now.nanoseconds)"
    // It is locked before it has its name.
    file = try directory.create("." + name)
    try file.lock()
    _ = try directory.move("." + name, to: directory, as: name)
  }

  /// Which step it is, for who finds it dead.
  func tell(_ step: String) throws(Failure) { try file.write(Array(step.utf8)) }

  /// It is over, and on record.
  public func leave() {
    if isThere { try? directory.unlink(name) }
    isThere = false
  }

  // MARK: The dead

  /// Of no use after a power cut: then nothing runs.
  static func making(in state: RunState) throws(Failure) -> Directory {
    try Directory.making(directoryName, in: state.directory, isLitter: true)
  }

  /// A step of this pass that has died, by its name, or as no more than "a step".
  static func dead(in state: RunState) throws(Failure) -> String? {
    let directory = try making(in: state)
    for name in try directory.names().sorted() where !name.hasPrefix(".") {
      guard let file = try directory.open(name), try file.tryLock() else { continue }
      // It may have ended since the names were read.
      guard try directory.contains(name) else { continue }
      let step = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self)
      return step.isEmpty ? "a step" : step
    }
    return nil
  }

  /// A new pass begins: the dead of the last one are no reason to go no further.
  static func forgetDead(in state: RunState) throws(Failure) {
    let directory = try making(in: state)
    for name in try directory.names() {
      if let file = try directory.open(name), try file.tryLock() { try directory.unlink(name) }
    }
  }
}
