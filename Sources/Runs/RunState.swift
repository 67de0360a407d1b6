import Glibc
import Spool

/// What a run has of its own, `runs/state/RUN/`, which never moves while the run's entry goes from room to room.
///
/// - `steps/NAME`: the product of a finished step. Its rename to there is what finishes the step.
/// - `steps/.step-NAME`: its record, and its lock: flocked while its `pipeline-step`, or anything that its command has started, lives.
/// - `steps/.out-NAME`: what it has printed so far. `steps/.uses-NAME`: what it has asked for (`StepUse`).
/// - `running/`: who is under way (`StepPresence`).
/// - `halt`: why nothing more is begun; `undoing`: what came of undoing it. `halts/`: why it once was not.
/// - `undo`: what undoes which step, in the order in which they began. `undone/`: the steps that were undone.
///
/// A record without product and unlocked is a step in doubt: it has begun, and nobody knows how it ended.
public final class RunState {
  public let id: EntryID
  public let queue: Queue
  public let directory: Directory
  public let steps: Directory

  public var path: String { directory.path }

  /// - Returns: nil where the run has none: it was never begun.
  public convenience init?(of id: EntryID, in queue: Queue) throws(Failure) {
    guard try queue.directory.status("state")?.isDirectory == true else { return nil }
    let all = try Directory("state", in: queue.directory)
    guard try all.status(id.description)?.isDirectory == true else { return nil }
    let directory = try Directory(id.description, in: all)
    guard try directory.status("steps")?.isDirectory == true else { return nil }
    self.init(id: id, queue: queue, directory: directory, steps: try Directory("steps", in: directory))
  }

  /// Made where it is missing.
  convenience init(making id: EntryID, in queue: Queue) throws(Failure) {
    let all = try Directory.making("state", in: queue.directory)
    let directory = try Directory.making(id.description, in: all)
    self.init(id: id, queue: queue, directory: directory, steps: try Directory.making("steps", in: directory))
  }

  private init(id: EntryID, queue: Queue, directory: Directory, steps: Directory) {
    self.id = id
    self.queue = queue
    self.directory = directory
    self.steps = steps
  }

  // MARK: Its steps' quiet

  /// Held as long as this is: no step is under way, and none begins.
  private var quiet: File?

  /// - Returns: whether no step is under way; then none begins as long as this is held.
  func isQuiet() throws(Failure) -> Bool {
    if quiet != nil { return true }
    let own = try Directory("steps", in: directory).file
    guard try own.tryLock() else { return false }
    quiet = own
    return true
  }

  /// Whether the run is over for good, or was moved there by hand.
  func isOver() throws(Failure) -> Bool { try queue[.done].contains(id.description) }

  // MARK: Steps

  static let recordPrefix = ".step-"
  /// In `undone/`, of one that had not ended well and has nothing to be undone.
  static let endedPrefix = ".ended-"
  static let outputPrefix = ".out-"
  static let usesPrefix = ".uses-"
  /// There where a step has begun others.
  static let withinPrefix = ".within-"

  /// Removes all of it.
  static func remove(_ id: EntryID, in queue: Queue) throws(Failure) {
    let all = try Directory("state", in: queue.directory)
    try removeTree(id.description, in: all)
  }

  private static func removeTree(_ name: String, in parent: Directory) throws(Failure) {
    let directory = try Directory(name, in: parent)
    for inner in try directory.names() {
      if try directory.status(inner)?.isDirectory == true {
        try removeTree(inner, in: directory)
      } else {
        try directory.unlink(inner)
      }
    }
    try parent.removeDirectory(name)
  }
}
