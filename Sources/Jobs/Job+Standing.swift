import Spool

extension Job {
  /// How a job stands, in one word: the first of these that holds.
  public enum Standing: String, Sendable {
    case disabled, running
    /// Its run was killed, and nobody has counted it yet: the next tick does.
    case killed
    /// It should have succeeded since.
    case overdue
    /// Its last run did.
    case failed
    /// It has not run yet.
    case new
    case ok
  }

  public func standing(of state: JobState, at now: Timestamp) throws(Failure) -> Standing {
    if state.disabled != nil { return .disabled }
    if state.isOpen, let id = state.lastID {
      // Looked at without its lock, which would refuse a run that begins just now.
      let queue = try queue()
      guard let place = try queue.locate(id), [.run, .new].contains(place.room) else { return .killed }
      guard place.room == .run, let status = try queue[.run].status(place.fileName) else { return .running }
      return LockTable().isHeld(status) ? .running : .killed
    }
    if state.isOverdue(at: now) { return .overdue }
    guard let last = state.lastExecution else { return .new }
    return last.isFailure ? .failed : .ok
  }

  /// What came of what the last run that has ended had to say, by now.
  public func delivery(of state: JobState) throws(Failure) -> JobDelivery? {
    guard let then = state.lastDelivery else { return nil }
    // Only what was handed over can have changed since.
    if state.lastDeliveries.isEmpty { return then }
    var now = try JobDelivery.now(of: state.lastDeliveries, in: spool)
    if !state.isOpen, let run = state.lastID { now = try JobSent(run: run, in: spool).summary().delivery }
    // After 30 days the record is gone: then what was known counts.
    if case .unknown(let why) = now, why == JobDelivery.forgotten { return then }
    return now
  }
}
