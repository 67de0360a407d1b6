import Glibc
import Spool
import Work

/// Takes runs to their end: a pass of the script, and what comes of it. Who has the lock of a run's entry works on it; killed at any
/// moment, the next one goes on from what the directories say.
public struct RunKeeper {
  public let queue: Queue
  /// Where our own tools lie: searched last, so that a script finds them under cron too.
  public var tools: String
  /// Gets what the script prints, and what it and its steps say on stderr.
  public var onOutput: ([UInt8]) -> Void = { _ in }
  public var onError: ([UInt8]) -> Void = { _ in }
  /// Told, before the entry is moved, of a run that needs a person or has failed: killed in between, it is told again.
  public var onTrouble: (Trouble) throws(Failure) -> Void = { (_: Trouble) throws(Failure) in }

  /// What a person is told of.
  public struct Trouble {
    public var id: EntryID
    public var name: String
    public var halt: Halt
    public var advice: String
    /// The same for what is told once.
    public var key: String
  }

  public init(_ spool: SpoolDirectory, tools: String) throws(Failure) {
    queue = try spool.queue(RunRequest.queueName, making: true)
    self.tools = tools
  }

  /// Where a run stands when it was worked on.
  public enum Ending {
    case done
    /// Undone, and in `fail/`.
    case failed(Halt)
    /// In `wait/`; it goes on by itself, where it is due at once.
    case waiting(String, isDue: Bool)
    /// In `hold/`, until a person releases it.
    case held(Halt)
    case stopped(Int32)
  }

  // MARK: One run

  /// Works on a run until it is over, parked or stopped.
  /// - Parameter cancelledBy: who has given it up: then it is only undone.
  public func goOn(_ claim: Claim, acceptsChange: Bool = false, cancelledBy who: String? = nil) throws(Failure)
    -> Ending
  {
    var request: RunRequest
    do { request = try RunRequest(claim.entry) } catch {
      try claim.fail("is no run: \(error)")
      return .failed(Halt(.failed, exit: ExitStatus.malformed.rawValue, why: "is no run: \(error)"))
    }
    let state = try RunState(making: claim.id, in: queue)
    // Moved here by hand; spool retry has done so before.
    if claim.isFresh && who == nil { try reopen(state) }
    // Somebody may have released it between this word and its claim.
    if let who { try state.stop(Halt(.cancelled, exit: ExitStatus.no.rawValue, why: "cancelled by \(who)")) }
    request.deadline = try state.deadline(of: request)
    if let deadline = request.deadline, deadline <= .now {
      try state.stop(
        Halt(.overdue, exit: ExitStatus.timedOut.rawValue, why: "its time was over at \(deadline.rfc3339Seconds)"))
    }
    if let halt = try state.halt() {
      if halt.kind.undoes { return try undo(claim, state, request, halt) }
      try state.resume(from: halt)
    }
    var environment = try environment(request, state)
    if acceptsChange { environment["SPINDLE_ACCEPT_CHANGE"] = "1" }
    let pass = RunPass(
      claim: claim, state: state, request: request, environment: environment, onOutput: onOutput, onError: onError)
    switch try pass.run() {
    case .complete(let output, let count):
      // Given up while it ended: then it has not.
      if let halt = try state.halt() { return try settle(claim, state, request, halt) }
      let header = Header([
        "Subject": request.name, "Started": claim.id.time.rfc3339, "Ended": Timestamp.now.rfc3339,
        "Cut": count > output.count ? "the last \(output.count) bytes of \(count)" : nil,
      ])
      try claim.finish(
        [Product(.response, header: header, body: output)],
        detail: "done after \((Timestamp.now - claim.id.time).spoken)")
      return .done
    case .halted(let halt): return try settle(claim, state, request, halt)
    case .died(let why): return try settle(claim, state, request, state.stop(Halt(.died, exit: 75, why: why)))
    case .stopped(let number):
      try claim.putOff("stopped by signal \(number)", for: .zero, unlocking: true)
      return .stopped(number)
    }
  }

  /// So often in a row: as often as anything is tried by default.
  private static let deaths = 5

  private func settle(_ claim: Claim, _ state: RunState, _ request: RunRequest, _ halt: Halt) throws(Failure) -> Ending
  {
    switch halt.kind {
    case .failed, .cancelled, .overdue: return try undo(claim, state, request, halt)
    case .held:
      let number = try state.earlierHalts().count
      try tell(claim, request, halt, "To go on: spool release \(claim.id.short)", key: "held-\(number)")
      try claim.hold(halt.spoken)
      return .held(halt)
    case .died:
      // A first death is a crash; what dies again and again would spin, and then needs a person.
      let progress = try state.found(looking: true).filter { $0.state == .committed }.compactMap(\.ended).max()
      let deaths =
        try state.earlierHalts().reversed().prefix { $0.kind == .died && $0.time > progress ?? $0.time - .seconds(1) }
        .count + 1
      if deaths >= Self.deaths {
        try state.resume(from: halt)
        let held = Halt(
          .held, exit: ExitStatus.unavailable.rawValue, why: "\(halt.why), for the \(deaths)th time in a row")
        return try settle(claim, state, request, state.stop(held))
      }
      try claim.putOff(halt.why, for: deaths == 1 ? .zero : Claim.backoff(attempt: deaths - 2), unlocking: true)
      return .waiting(halt.why, isDue: deaths == 1)
    case .parked:
      let tries = try state.earlierHalts().reversed().prefix { $0.kind == .parked && $0.step == halt.step }.count
      try tell(claim, request, halt, "It goes on by itself.", key: "parked-\(halt.step ?? "")")
      try claim.putOff(halt.spoken, for: Claim.backoff(attempt: tries), unlocking: true)
      return .waiting(halt.spoken, isDue: false)
    }
  }

  private func undo(_ claim: Claim, _ state: RunState, _ request: RunRequest, _ halt: Halt) throws(Failure) -> Ending {
    let rollback = Rollback(
      state: state, request: request, environment: try environment(request, state), onOutput: onError)
    try state.setUndoing(nil)
    switch try rollback.run() {
    case .undone:
      try state.setUndoing(.undone)
      if halt.kind != .cancelled && !halt.isRejection {
        let undone = try rollback.spoken()
        let again = "To begin again: spool retry \(claim.id.short)"
        try tell(
          claim, request, halt, "\(undone.isEmpty ? "" : undone + "\n")\(again)", key: "failed-\(state.generation())")
      }
      try claim.fail(halt.spoken)
      return .failed(halt)
    case .stuck(let step, let why):
      try state.setUndoing(.stuck)
      let stuck = Halt(.held, step: step, exit: halt.exit, why: "could not be undone: \(why)")
      let advice =
        "To try again, once it is mended: spool release \(claim.id.short)\nTo leave the rest as it is: spool cancel \(claim.id.short)"
      try tell(claim, request, stuck, advice, key: "stuck-\(step)-\(Timestamp.now.nanoseconds / 3_600_000_000_000)")
      try claim.hold("\(stuck.spoken) (after \(halt.spoken))")
      return .held(stuck)
    case .stopped(let number):
      try claim.putOff("stopped by signal \(number) while it was undone", for: .zero, unlocking: true)
      return .stopped(number)
    }
  }

  private func tell(_ claim: Claim, _ request: RunRequest, _ halt: Halt, _ advice: String, key: String) throws(Failure)
  {
    do throws(Failure) {
      try onTrouble(
        Trouble(id: claim.id, name: request.name, halt: halt, advice: advice, key: "run-\(claim.id)-\(key)"))
    } catch {
      // Whom to tell may be misconfigured, or the disk full: the run is settled all the same, and its log has it.
      if error.isFailedFlush { throw error }
      queue.spool.notice("\(claim.id): nobody could be told: \(error)")
      queue.logAttempt(claim.id, "nobody could be told: \(error)")
    }
  }

  /// A person wants it to go on, and has its lock: what it stopped at is history, and what was undone is begun anew. What is not
  /// undone yet is undone first.
  func reopen(_ state: RunState) throws(Failure) {
    guard let halt = try state.halt() else { return try state.setUndoing(nil) }
    if halt.kind.undoes, try state.undoing() != .undone { return }
    if halt.kind.undoes { try state.forgetEnded() }
    if halt.kind == .overdue { try state.renewDeadline() }
    try state.resume(from: halt)
    try state.setUndoing(nil)
  }

  /// What the script and what undoes it run in: what was recorded, whoever goes on with the run.
  func environment(_ request: RunRequest, _ state: RunState) throws(Failure) -> [String: String] {
    var environment = request.environment
    let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    let isFound = path.split(separator: ":").contains { $0 == tools }
    environment["PATH"] = isFound ? path : path + ":" + tools
    environment["SPOOL_DIR"] = queue.spool.path
    environment["RUN"] = state.id.description
    environment["STEPS"] = state.steps.path
    environment["SPINDLE_RUN_KEY"] = try state.keyPrefix()
    // A source tree's build has no links beside it.
    let step = tools + "/pipeline-step"
    environment["SPINDLE_STEP_TOOL"] = try Command.find(step, in: []) ?? "pipeline-step"
    environment["SPINDLE_MAX_PARALLEL"] = request.maxParallel.map(String.init)
    return environment
  }
}
