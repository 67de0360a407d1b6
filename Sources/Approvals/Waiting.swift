import Deliveries
import Glibc
import Spool
import Work

/// One `ApprovalWait` under way: looks, and sleeps until there may be more to see.
final class Waiting {
  private let wait: ApprovalWait
  private var desk: Desk { wait.desk }
  private let budget = Deadline.inherited()
  /// So long each address has to confirm it.
  private let confirmation: Deadline
  private var watch: Watch?
  /// Whether the watch is for an open request; else for one that nobody has confirmed.
  private var isWatchForOpen = false
  /// It was dismissed, for the request was about to be decided by us.
  private var isDismissed = false
  private var open: Open?
  private var deadline: Timestamp?
  private var hasAsked = false
  /// The delivery that asks is not tried again by us before.
  private var soonest = Deadline(after: .zero)
  /// How often somebody else was found at it, one after the other.
  private var looks = 0
  /// What was told of it last.
  private var trouble: String?
  private var calm = Calm()
  /// It is decided: by then its record is there.
  private var recordDue: Deadline?
  private let courtesies: Courtesies

  /// What the disk or a settings file gave us trouble with is looked at again after this long.
  private static let troublePause = Duration.seconds(5)
  /// Who decides hands the record over at once; or the next one does, where he has died.
  private static let handOver = Duration.seconds(5)
  /// What no waiting mends.
  private static let final: Set<ExitStatus> = [.unavailable, .software, .notAllowed, .malformed]
  /// A message may wait for its turn at an address with a pace.
  private static let patience = Duration.seconds(10)

  init(_ wait: ApprovalWait) {
    self.wait = wait
    courtesies = Courtesies(wait.desk)
    confirmation = Deadline(after: wait.request.confirmWithin * wait.request.addresses.count)
  }

  func run() throws(Failure) -> ApprovalWait.Ending {
    Signals.catchThem()
    desk.onDeciding = { [unowned self] id in
      if id == wait.id { watch?.dismiss() }
      isDismissed = isDismissed || id == wait.id
    }
    defer { desk.onDeciding = { _ in } }
    while true {
      let step: Step
      do throws(Failure) {
        let seen = try look()
        try courtesies.tend()
        trouble = nil
        step = seen
      } catch {
        if error.isFailedFlush || Self.final.contains(error.status) { throw error }
        // Nothing is decided by what we cannot read; it is looked at again.
        if trouble != error.description { desk.spool.notice("\(error)") }
        trouble = error.description
        step = .sleep(Self.troublePause)
      }
      switch step {
      case .end(let ending): return ending
      case .lookAgain: continue
      case .sleep(let pause):
        if budget?.hasPassed == true { return .outOfTime }
        // The watch is there before the look that finds nothing: what lands in between is an event.
        guard let watch, isWatchForOpen == (open != nil), !isDismissed else {
          try beginWatch()
          continue
        }
        switch sleep(watch, pause) {
        case .look: break
        case .signal(let number): return .stopped(number)
        case .gone(let path): throw .removed(path)
        }
      }
    }
  }

  /// Puts away what it had. The kernel takes some milliseconds to give up what was watched.
  func end() {
    watch = nil
    _ = try? courtesies.tend(isLast: true)
    wait.companion?.end()
  }

  private enum Step {
    case end(ApprovalWait.Ending)
    case lookAgain
    /// Until something happens, or for this long.
    case sleep(Duration)
  }

  private func look() throws(Failure) -> Step {
    let round = try desk.tend()
    switch try state(round) {
    case .decided:
      if let verdict = try desk.verdict(wait.id) { return .end(.decided(verdict)) }
      // Handed over at this moment; or its record was removed.
      let patience = recordDue ?? Deadline(after: Self.handOver)
      recordDue = patience
      guard !patience.hasPassed else {
        throw Failure(
          .software, "approvals/re/\(wait.id)", "is gone, though the request is decided",
          do: "spool show \(wait.id.short)")
      }
      return .sleep(moment())
    case .cancelled(let why): return .end(.cancelled(why))
    case .busy: return .sleep(moment())
    case .running(let proof, let deadline):
      if self.deadline != deadline { wait.onOpen(proof, deadline) }
      self.deadline = deadline
      let known: Open
      if let open {
        known = open
      } else {
        known = try Open(proof, deadline, wait.request.remind, desk.modified(wait.id))
      }
      open = known
      if round.isOthers || known.due <= .now { return .sleep(moment()) }
      looks = 0
      return .sleep(min(round.lookAgain ?? .seconds(3600), known.due - .now))
    case .unconfirmed(let delivery, let failure): return try ask(delivery, failure, round)
    }
  }

  /// What is open and unchanged is not read again.
  private func state(_ round: Desk.Round) throws(Failure) -> Desk.State {
    if let open, try open.isUnchanged(desk, wait.id) { return open.state }
    open = nil
    return try desk.advance(wait.id, asOf: round.asOf(wait.id), retrying: !hasAsked)
  }

  /// Somebody else is at it: soon over, but with very many of us it may take a while.
  private func moment() -> Duration {
    looks = min(looks + 1, 7)
    return Desk.moment * (1 << (looks - 1))
  }

  /// Sends the delivery that asks, where it is due; gives up when all addresses had their time.
  private func ask(_ delivery: EntryID, _ failure: String?, _ round: Desk.Round) throws(Failure) -> Step {
    let untilDue = try untilDue(delivery)
    if !hasAsked || untilDue == .zero && soonest.hasPassed {
      hasAsked = true
      soonest = Deadline(after: .seconds(1))
      // It waits with a watch of its own.
      watch = nil
      if let number = try desk.courier.send(delivery, patience: Self.patience) { return .end(.stopped(number)) }
      return .lookAgain
    }
    if let reason = failure ?? (confirmation.hasPassed ? timeIsOver : nil) { return .end(try giveUp(reason)) }
    let pause = min(confirmation.remaining, max(soonest.remaining, untilDue))
    return .sleep(min(pause, round.isOthers ? moment() : round.lookAgain ?? pause))
  }

  private func beginWatch() throws(Failure) {
    // One at a time: the library has one instance.
    watch = nil
    isDismissed = false
    isWatchForOpen = open != nil
    var directories = try [desk.approvals[.re], desk.approvals[.fail], desk.replies[.drop], desk.replies[.new]]
    if !isWatchForOpen { directories += try [desk.deliveries[.done], desk.deliveries[.fail], desk.deliveries[.hold]] }
    let new = Watch(directories, notice: desk.spool.notice)
    new.awaited = wait.id.description
    watch = new
  }

  private func sleep(_ watch: Watch, _ pause: Duration) -> Watch.Wake {
    watch.hasCome = false
    let wake = nap(watch, pause)
    guard wake == .look else { return wake }
    // What was woken for nothing again and again sleeps on, until its own verdict comes.
    let rest = Deadline(after: calm.rest())
    while !watch.hasCome && !rest.hasPassed {
      let wake = nap(watch, rest.remaining)
      guard wake == .look else { return wake }
    }
    return .look
  }

  private func nap(_ watch: Watch, _ pause: Duration) -> Watch.Wake {
    var pause = pause
    if let budget { pause = min(pause, budget.remaining) }
    if let onSecond = wait.onSecond, open != nil, let deadline {
      onSecond(max(.zero, deadline - .now))
      pause = min(pause, .seconds(1))
    }
    guard let companion = wait.companion else { return watch.wait(atMost: pause) }
    do { try companion.begin() } catch { desk.spool.notice("telegram-relay: \(error)") }
    var polled = companion.polled
    let wake = watch.wait(atMost: min(pause, companion.pause), or: &polled)
    companion.attend(polled)
    return wake
  }

  private var timeIsOver: String {
    let all = wait.request.addresses.map(\.description).joined(separator: ", ")
    return "\(all): not confirmed within \(wait.request.confirmWithin.spoken)"
      + (wait.request.addresses.count > 1 ? " each" : "")
  }

  private func giveUp(_ reason: String) throws(Failure) -> ApprovalWait.Ending {
    watch = nil
    do throws(Failure) {
      if let alert = try desk.shout(wait.id, reason), let number = try desk.courier.send(alert, patience: Self.patience)
      {
        return .stopped(number)
      }
    } catch {
      if error.isFailedFlush { throw error }
      // Nobody can be told but who waits, and he is.
      desk.spool.notice("alert: \(error)")
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

/// An open request as the last look has found it.
private struct Open {
  private let proof: Proof
  private let deadline: Timestamp
  private let modified: Timestamp?
  /// Its deadline, or its next reminder.
  let due: Timestamp

  init(_ proof: Proof, _ deadline: Timestamp, _ remind: Duration?, _ modified: Timestamp?) {
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
/// little later, up to half a second, each at another moment; who was left alone looks at once.
private struct Calm {
  private var last: Int64 = 0
  private var fruitless = 0
  /// Wakes for nothing, each within a second of the one before, that cost nothing.
  private static let free = 4
  private static let quiet = Duration.seconds(1)
  /// Milliseconds.
  private static let longest = 500

  mutating func rest() -> Duration {
    fruitless = Kernel.uptime() - last < Self.quiet.nanoseconds ? min(fruitless + 1, 20) : 0
    last = Kernel.uptime()
    guard fruitless > Self.free else { return .zero }
    return .milliseconds(Kernel.random(below: min(2 << (fruitless - Self.free), Self.longest) + 1))
  }
}
