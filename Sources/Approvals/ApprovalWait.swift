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

  /// What the disk or a settings file gave us trouble with is looked at again after this long.
  private static let troublePause = Duration.seconds(5)
  /// A message may wait for its turn at an address with a pace.
  private static let patience = Duration.seconds(10)

  public func run() throws(Failure) -> Ending {
    Signals.catchThem()
    defer { companion?.end() }
    let budget = Deadline.inherited()
    // So long each address has to confirm it.
    let confirmation = Deadline(after: request.confirmWithin * request.addresses.count)
    var watch: (Watch, isOpen: Bool)?
    var hasAsked = false
    var soonest = Deadline(after: .zero)
    var isNear: Timestamp?
    var trouble: String?
    var open: Open?
    // Somebody else is at it: soon over, but with very many of us it may take a while.
    var looks = 0
    func again() -> Duration {
      looks = min(looks + 1, 7)
      return Desk.moment * (1 << (looks - 1))
    }
    var calm = Calm()
    while true {
      if let number = calm.keep() { return .stopped(number) }
      var pause: Duration?
      var isOpen = false
      do throws(Failure) {
        let round = try desk.tend()
        pause = round.lookAgain
        let state: Desk.State
        if let known = open, try known.isUnchanged(desk, id) {
          state = known.state
        } else {
          open = nil
          state = try desk.advance(id, asOf: round.asOf(id), retrying: !hasAsked)
        }
        switch state {
        case .decided:
          if let verdict = try desk.verdict(id) { return .decided(verdict) }
          pause = again()
        case .cancelled(let why): return .cancelled(why)
        case .busy: pause = again()
        case .running(let proof, let deadline):
          isOpen = true
          if isNear != deadline { onOpen(proof, deadline) }
          isNear = deadline
          var known = open
          if known == nil { known = try Open(proof, deadline, remind: request.remind, desk.modified(id)) }
          open = known
          let due = known?.due ?? deadline
          if round.isOthers || due <= .now {
            pause = again()
          } else {
            looks = 0
            pause = min(pause ?? .seconds(3600), due - .now)
          }
        case .unconfirmed(let delivery, let failure):
          let untilDue = try untilDue(delivery)
          if !hasAsked || untilDue == .zero && soonest.hasPassed {
            hasAsked = true
            soonest = Deadline(after: .seconds(1))
            // It waits with a watch of its own.
            watch = nil
            if let number = try desk.courier.send(delivery, patience: Self.patience) { return .stopped(number) }
            continue
          }
          if let reason = failure ?? (confirmation.hasPassed ? timeIsOver : nil) { return try giveUp(reason) }
          pause = min(pause ?? .seconds(60), confirmation.remaining, max(soonest.remaining, untilDue))
        }
        trouble = nil
      } catch {
        if error.isFailedFlush || [.unavailable, .software, .notAllowed].contains(error.status) { throw error }
        // Nothing is decided by what we cannot read; it is looked at again.
        if trouble != error.description { desk.spool.notice("\(error)") }
        trouble = error.description
        pause = Self.troublePause
      }
      if budget?.hasPassed == true { return .outOfTime }
      // The watch is there before the scan that finds nothing: what lands in between is an event.
      if watch == nil || watch!.isOpen != isOpen {
        watch = nil
        watch = (try self.watch(isOpen: isOpen), isOpen)
        continue
      }
      switch sleep(watch!.0, pause, isOpen ? isNear : nil, budget) {
      case .look: break
      case .signal(let number): return .stopped(number)
      case .gone(let path): throw .removed(path)
      }
    }
  }

  private func watch(isOpen: Bool) throws(Failure) -> Watch {
    var directories = try [desk.approvals[.re], desk.approvals[.fail], desk.replies[.drop], desk.replies[.new]]
    if !isOpen { directories += try [desk.deliveries[.done], desk.deliveries[.fail], desk.deliveries[.hold]] }
    return Watch(directories, notice: desk.spool.notice)
  }

  private func sleep(_ watch: Watch, _ pause: Duration?, _ deadline: Timestamp?, _ budget: Deadline?) -> Watch.Wake {
    var pause = pause ?? .seconds(60)
    if let budget { pause = min(pause, budget.remaining) }
    if let onSecond, let deadline {
      onSecond(max(.zero, deadline - .now))
      pause = min(pause, .seconds(1))
    }
    guard let companion else { return watch.wait(atMost: pause) }
    do { try companion.begin() } catch { desk.spool.notice("telegram-relay: \(error)") }
    var polled = companion.polled
    let wake = watch.wait(atMost: min(pause, companion.pause), or: &polled)
    companion.attend(polled)
    return wake
  }

  /// An open request as the last look has found it.
  private struct Open {
    private let proof: Proof
    private let deadline: Timestamp
    private let modified: Timestamp?
    /// Its deadline, or its next reminder.
    let due: Timestamp

    init(_ proof: Proof, _ deadline: Timestamp, remind: Duration?, _ modified: Timestamp?) {
      self.proof = proof
      self.deadline = deadline
      self.modified = modified
      guard let remind else {
        due = deadline
        return
      }
      let past = max(0, (Timestamp.now - proof.delivered).nanoseconds)
      due = min(deadline, .now + .nanoseconds(remind.nanoseconds - past % remind.nanoseconds))
    }

    var state: Desk.State { .running(proof, until: deadline) }

    /// As long as its file lies there with the same time, it need not be read again before something is due.
    func isUnchanged(_ desk: Desk, _ id: EntryID) throws(Failure) -> Bool {
      guard let modified, Timestamp.now < due else { return false }
      return try desk.modified(id) == modified
    }
  }

  /// Where very many wait, each answer wakes all of them, and is for one. Who was woken for nothing again and again looks again a
  /// little later, up to half a second; who was left alone looks at once.
  private struct Calm {
    private var last: Int64 = 0
    private var fruitless = 0
    private static let free = 4
    private static let quiet = Duration.seconds(1)
    private static let longest = Duration.milliseconds(500)

    /// - Returns: the signal that has ended the wait.
    mutating func keep() -> Int32? {
      fruitless = Kernel.uptime() - last < Self.quiet.nanoseconds ? min(fruitless + 1, 20) : 0
      defer { last = Kernel.uptime() }
      guard fruitless > Self.free else { return nil }
      Signals.wait(atMost: min(.milliseconds(2 << (fruitless - Self.free)), Self.longest))
      return Signals.pending()
    }
  }

  private var timeIsOver: String {
    let all = request.addresses.map(\.description).joined(separator: ", ")
    return "\(all): not confirmed within \(request.confirmWithin.spoken)\(request.addresses.count > 1 ? " each" : "")"
  }

  private func giveUp(_ reason: String) throws(Failure) -> Ending {
    if let alert = try desk.shout(id, reason), let number = try desk.courier.send(alert, patience: Self.patience) {
      return .stopped(number)
    }
    return .unheard(reason)
  }

  /// Until the delivery that asks may be tried again; another process may send it before.
  private func untilDue(_ delivery: EntryID) throws(Failure) -> Duration {
    guard let place = try desk.deliveries.locate(delivery) else { return .seconds(60) }
    if place.room == .new { return .zero }
    guard place.room == .wait, let status = try desk.deliveries[.wait].status(place.fileName) else {
      return .seconds(60)
    }
    return max(.zero, status.modified - .now)
  }
}
