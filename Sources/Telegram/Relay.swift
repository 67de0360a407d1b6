import Glibc
import Spool
import Web
import Work

/// Polls bots, and hands on what people write to them and which buttons they press.
///
/// An update is confirmed, and gone from Telegram, only after the intake has returned for it: what comes is taken at
/// least once. After a crash, or a signal, some of it comes again; the intake knows it by the bot's ID and the
/// update's. In one bot's updates none is taken before one that came earlier. What goes wrong with one bot stops no
/// other. One thread, one wait.
public final class Relay {
  /// Makes an update durable.
  /// - Returns: what the one who has clicked is shown, of which 200 characters are sent; nil: nothing.
  public typealias Intake = (Inbound, RelayBot) throws(Failure) -> String?

  let spool: SpoolDirectory
  let notice: (String) -> Void
  let intake: Intake
  let look: () throws(Failure) -> Duration
  let transfers = HTTPTransfers(agent: "Spindle")
  let pollers: [Poller]
  private let watch: Watch?
  /// Calls that tell Telegram that a click was seen, by their transfer.
  var answers: [Int: Poller] = [:]
  private var stopped: Int32?
  /// When `tend` is called next.
  private var tendDue = Deadline(after: .zero)
  private var tendTrouble = Trouble()
  /// It serves one who waits for an answer: who has the bots, and since when, is not told.
  public var isCompanion = false
  /// Every bot is asked until it has nothing more, and nothing is waited for.
  var isOnce = false
  /// Something did not work out, this once.
  var hasFailed = false

  /// Seconds for which the server holds a poll open.
  static let pollTime = 50
  /// Seconds that its answer may take longer, before we take the connection for dead.
  static let patience = 10

  /// - Parameters:
  ///   - watch: wakes us when something has happened here; then `tend` is called.
  ///   - notice: gets lines for the person.
  ///   - tend: called at the beginning, after each batch of updates, and again after the time that it gives.
  public init(
    _ bots: [RelayBot], in spool: SpoolDirectory, watch: Watch? = nil, notice: @escaping (String) -> Void,
    intake: @escaping Intake, tend: @escaping () throws(Failure) -> Duration
  ) {
    self.spool = spool
    self.watch = watch
    self.notice = notice
    self.intake = intake
    look = tend
    pollers = bots.map { Poller($0, notice: notice) }
  }

  /// Runs until a signal asks it to stop.
  /// - Returns: the signal.
  /// - Throws: `.notAllowed` when there is no bot left whose token Telegram knows.
  public func run() throws(Failure) -> Int32 {
    Signals.catchThem()
    // Who only serves one that waits is expected by nobody else.
    let pulse = isCompanion ? nil : try Pulse("telegram-relay", in: spool)
    if !isCompanion { for poller in pollers { poller.say("starting provider") } }
    while true {
      pulse?.beat()
      for poller in pollers { try attend(poller) }
      if isAskedToStop, let stopped {
        finishAnswers()
        pulse?.end()
        return stopped
      }
      if pollers.allSatisfy(\.isDone) { throw Self.noneLeft }
      try tend()
      try wait()
    }
  }

  /// Who has clicked a moment ago is told so.
  private func finishAnswers() {
    let end = Deadline(after: .seconds(1))
    var none: [pollfd] = []
    while !answers.isEmpty && !end.hasPassed {
      for (token, _) in transfers.wait(atMost: end.remaining, or: &none) { answers[token] = nil }
    }
  }

  /// Takes what there is, and waits for nothing. A bot that another process polls is left to that.
  /// - Returns: the signal that has asked it to stop before it was done; nil: it is done.
  /// - Throws: `.notAllowed` where Telegram does not know a token, `.unavailable` where something else has gone wrong:
  ///   it has been said.
  public func runOnce() throws(Failure) -> Int32? {
    Signals.catchThem()
    isOnce = true
    while !pollers.allSatisfy(\.isDone) || !transfers.isEmpty {
      for poller in pollers { try attend(poller) }
      if isAskedToStop { return stopped }
      if !transfers.isEmpty { try wait() }
    }
    _ = try look()
    if pollers.contains(where: \.isUnknown) { throw Self.noneLeft }
    if hasFailed { throw Failure(.unavailable, "telegram-relay", "not all bots could be asked", do: "try again later") }
    return nil
  }

  private static var noneLeft: Failure {
    Failure(
      .notAllowed, "telegram-relay", "Telegram does not know the token", do: "ask @BotFather for it, then start again")
  }

  /// Whether a signal has asked us to stop.
  var isAskedToStop: Bool {
    if stopped == nil { stopped = Signals.pending() }
    return stopped != nil
  }

  private func wait() throws(Failure) {
    var pause = tendDue.remaining
    for poller in pollers where !poller.isDone && poller.poll == nil {
      pause = min(pause, poller.due?.remaining ?? .zero)
    }
    if isOnce { pause = .seconds(Self.patience) }
    var polled = watch?.polled ?? [Signals.polled]
    let ended = transfers.wait(atMost: watch?.pause(atMost: pause) ?? pause, or: &polled)
    switch watch?.wake(polled[...]) {
    case .signal(let number): stopped = stopped ?? number
    case .gone(let path): throw .removed(path)
    case .look, nil: break
    }
    if watch?.hasFired == true { tendSoon() }
    for (token, result) in ended {
      if let poller = pollers.first(where: { $0.poll == token }) {
        poller.poll = nil
        judge(poller, result)
      } else if let poller = answers.removeValue(forKey: token) {
        judge(answer: result, poller)
      }
    }
  }

  /// Something has come or happened: `tend` is to see it.
  func tendSoon() { if tendTrouble.kind == nil { tendDue = Deadline(after: .zero) } }

  private func tend() throws(Failure) {
    guard tendDue.hasPassed else { return }
    // Before the look: what happens during it is seen by the next.
    watch?.hasFired = false
    do {
      tendDue = Deadline(after: try look())
      if tendTrouble.end() { notice("[telegram] goes on") }
    } catch {
      if error.isFailedFlush { throw error }
      let (due, isNew) = tendTrouble.add(.intake)
      tendDue = due
      if isNew { notice("[telegram] \(error): tried again until it works") }
    }
  }
}
