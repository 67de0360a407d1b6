import Deliveries
import Glibc
import Spool
import Work

/// Waits for the verdict on one request. It holds nothing: killed and begun again with the same key it goes on where it was, and
/// while nobody waits the tick does the same.
public struct ApprovalWait {
  public enum Ending {
    case decided(Verdict)
    /// Its request has reached nobody; it stays open.
    case unheard(String)
    case cancelled(String)
    /// We were asked to stop, or our caller's time is over; it stays open.
    case stopped(Int32)
    case outOfTime
  }

  let desk: Desk
  let id: EntryID
  let request: ApprovalRequest
  /// Told when it is open: since when and where, and until when. Again where the deadline was put off.
  public var onOpen: (Proof, Timestamp) -> Void = { _, _ in }
  /// Told each second, for who looks on; nil: nobody does.
  public var onSecond: ((Duration) -> Void)?
  /// Reads what the bots hear, where a request may be answered there.
  public var companion: Companion?

  public init(_ desk: Desk, _ id: EntryID, _ request: ApprovalRequest) {
    self.desk = desk
    self.id = id
    self.request = request
  }

  /// - Parameter report: told how it ended, before anything is put away: who waits for that word need not wait for it.
  public func run<Result>(_ report: (Ending) throws -> Result) throws -> Result {
    let waiting = Waiting(self)
    defer { waiting.end() }
    return try report(try waiting.run())
  }
}
