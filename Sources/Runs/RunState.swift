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

  // MARK: Halt

  public func halt() throws(Failure) -> Halt? {
    guard let file = try directory.open("halt") else { return nil }
    // What cannot be read stops the run as well: better than to go past it.
    return try Halt(parsing: file.readAll(limit: 65536) ?? [], of: file.path)
  }

  /// Says durably that nothing more is begun, unless that was said before. What undoes counts more than what parks.
  /// - Returns: what counts.
  @discardableResult
  public func stop(_ halt: Halt) throws(Failure) -> Halt {
    let temporary = ".halt.\(SpoolDirectory.processID)"
    try directory.unlink(temporary)
    let file = try directory.create(temporary)
    try file.write(halt.bytes)
    try file.sync()
    try file.close()
    var moved = try directory.move(temporary, to: directory, as: "halt")
    // What only parks is outranked by what undoes: a step that fails beside one that is to be tried again has failed.
    while moved == .targetExists, halt.kind.undoes, let other = try self.halt(), !other.kind.undoes {
      try resume(from: other)
      moved = try directory.move(temporary, to: directory, as: "halt")
    }
    // Also where it was found: who wrote it may have died before it was durable.
    try directory.sync()
    if moved == .done { queue.spool.journal.write("halt", queue: queue.name, id: id, detail: halt.spoken) }
    return try self.halt() ?? halt
  }

  /// Lets the run go on: its halt is history.
  func resume(from halt: Halt) throws(Failure) {
    let halts = try Directory.making("halts", in: directory)
    let number = try halts.names().count + 1
    _ = try directory.move("halt", to: halts, as: "\(number)-\(halt.kind.rawValue)")
    try halts.sync()
    try directory.sync()
  }

  // MARK: Deadline

  /// When the run is to be over: as it was begun with, or as it was begun anew since.
  func deadline(of request: RunRequest) throws(Failure) -> Timestamp? {
    guard let given = request.deadline else { return nil }
    guard let file = try directory.open("deadline"), let bytes = try file.readAll(limit: 100) else { return given }
    return Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) ?? given
  }

  /// Begun anew, it has its whole time again.
  func renewDeadline() throws(Failure) {
    guard let entry = try queue.entry(id), let given = entry.header["Deadline"].flatMap({ Timestamp(rfc3339: $0) })
    else {
      return
    }
    try directory.replace("deadline", with: Array((Timestamp.now + (given - id.time)).rfc3339.utf8))
  }

  // MARK: Where its undoing stands

  /// What became of the undoing that its halt asked for; nil where it is not over.
  enum Undoing: String {
    case undone
    /// It needs a person.
    case stuck
  }

  func undoing() throws(Failure) -> Undoing? {
    guard let file = try directory.open("undoing"), let bytes = try file.readAll(limit: 100) else { return nil }
    return Undoing(rawValue: String(decoding: bytes, as: UTF8.self))
  }

  func setUndoing(_ undoing: Undoing?) throws(Failure) {
    if let undoing { return try directory.replace("undoing", with: Array(undoing.rawValue.utf8)) }
    guard try directory.contains("undoing") else { return }
    try directory.unlink("undoing")
    try directory.sync()
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

  /// The halts that are history, oldest first.
  public func earlierHalts() throws(Failure) -> [Halt] {
    guard try directory.status("halts")?.isDirectory == true else { return [] }
    let halts = try Directory("halts", in: directory)
    var found: [(Int, Halt)] = []
    for name in try halts.names() {
      guard let number = name.split(separator: "-").first.flatMap({ Int($0) }), let file = try halts.open(name),
        let bytes = try file.readAll(limit: 65536)
      else { continue }
      found.append((number, try Halt(parsing: bytes, of: file.path)))
    }
    return found.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// From 1; one more for each time that the run was undone and then begun again.
  func generation() throws(Failure) -> Int { try 1 + earlierHalts().count { $0.kind.undoes } }

  /// What its steps' default keys begin with: what was undone is done anew, not found done.
  func keyPrefix() throws(Failure) -> String {
    let generation = try generation()
    return generation == 1 ? id.description : "\(id)~\(generation)"
  }

  /// Whether the run is over for good, or was moved there by hand.
  func isOver() throws(Failure) -> Bool { try queue[.done].contains(id.description) }

  // MARK: Steps

  static let recordPrefix = ".step-"
  /// In `undone/`, of one that had not ended well and has nothing to be undone.
  static let endedPrefix = ".ended-"
  static let outputPrefix = ".out-"
  static let usesPrefix = ".uses-"

  /// Where everything about one step stands.
  public struct Found: Sendable {
    public enum State: Equatable, Sendable {
      case committed
      case failed
      /// Its `pipeline-step`, or what it has started, lives.
      case running
      case inDoubt
    }
    public var record: StepRecord
    public var state: State
    /// When it ended.
    public var ended: Timestamp?
  }

  /// Every step that has begun and was not undone, in the order in which they began.
  /// - Parameter looking: whether only to look: who does not work on the run takes no lock, not for an instant.
  public func found(looking: Bool) throws(Failure) -> [Found] {
    let locks = looking ? LockTable() : nil
    var found: [Found] = []
    for fileName in try steps.names() where fileName.hasPrefix(Self.recordPrefix) {
      let name = String(fileName.dropFirst(Self.recordPrefix.count))
      // Locked by who was about to begin, and never begun.
      guard let record = try StepRecord.read(name, in: self) else { continue }
      let product = try steps.status(name)
      var state = Found.State.inDoubt
      if product != nil {
        state = .committed
      } else if try isHeld(fileName, locks) {
        state = .running
      } else if record.ended != nil {
        state = .failed
      }
      found.append(Found(record: record, state: state, ended: product?.modified ?? record.ended))
    }
    return found.sorted { ($0.record.began, $0.record.name) < ($1.record.began, $1.record.name) }
  }

  /// What is left of a step that was undone, or was begun anew.
  struct Past {
    var record: StepRecord
    var ended: Timestamp?
    var isUndone: Bool
    var generation: Int
    /// When it was moved here.
    var time: Timestamp
  }

  func undone() throws(Failure) -> [Past] {
    guard try directory.status("undone")?.isDirectory == true else { return [] }
    let undone = try Directory("undone", in: directory)
    var found: [Past] = []
    for fileName in try undone.names() {
      let prefix = [Self.recordPrefix, Self.endedPrefix].first { fileName.hasPrefix($0) }
      guard let prefix else { continue }
      // NAME.GENERATION, as its product beside it.
      let product = String(fileName.dropFirst(prefix.count))
      let name = product.split(separator: ".", omittingEmptySubsequences: false).dropLast().joined(separator: ".")
      guard let file = try undone.open(fileName) else { continue }
      // Where a power cut has left nothing of the record, its name says enough.
      let record = try StepRecord(name, in: file) ?? StepRecord(name: name, command: [], attempt: 1)
      let generation = product.split(separator: ".").last.flatMap { Int($0) } ?? 1
      let ended = try undone.status(product)?.modified ?? record.ended
      found.append(
        Past(
          record: record, ended: ended, isUndone: prefix == Self.recordPrefix, generation: generation,
          time: try file.status().changed))
    }
    return found
  }

  private func isHeld(_ fileName: String, _ locks: LockTable?) throws(Failure) -> Bool {
    guard let file = try steps.open(fileName) else { return false }
    if let locks { return try locks.isHeld(file.status()) }
    return try !file.tryLock()
  }

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
