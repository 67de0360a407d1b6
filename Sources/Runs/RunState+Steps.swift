import Glibc
import Spool

/// Where the steps of a run stand.
extension RunState {
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

  private func isHeld(_ fileName: String, _ locks: LockTable?) throws(Failure) -> Bool {
    guard let file = try steps.open(fileName) else { return false }
    if let locks { return try locks.isHeld(file.status()) }
    return try !file.tryLock()
  }

  /// Sends a signal to each living `pipeline-step`, whatever group it is in.
  func endSteps(_ number: Int32) throws(Failure) {
    for step in try found(looking: true) where step.state == .running {
      guard let status = try steps.status(Self.recordPrefix + step.record.name),
        LockTable.isHeld(status, by: step.record.pid)
      else { continue }
      kill(step.record.pid, number)
    }
  }
}
