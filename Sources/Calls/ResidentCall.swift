import Glibc
import Roster
import Spool
import Work

/// A call that the gateway makes in its caller's place.
public struct ResidentCall {
  public var agent: Agent
  public var queue: Queue
  public var environment: [String: String]
  /// The tool that tells what an agent may know; nil: it is not installed.
  public var memory: String?

  public init(agent: Agent, queue: Queue, environment: [String: String], memory: String?) {
    self.agent = agent
    self.queue = queue
    self.environment = environment
    self.memory = memory
  }

  public enum Outcome: Equatable, Sendable {
    /// It is settled, or waits for its next attempt.
    case settled
    /// Somebody else has it.
    case gone
    /// Somebody else holds its lock, for a moment perhaps.
    case busy
    /// We were asked to stop by this signal; the call was handed back.
    case stopped(Int32)
  }

  /// Crashes count as attempts, so that what kills its worker cannot spin; a call that its caller wants tried once survives some
  /// restarts all the same.
  private static let crashes = 10
  /// What a call may take beyond its time to be settled: an expression of its caller's that never ends is the end of its maker, and
  /// not of the slot.
  private static let settling: Int64 = 60

  /// Takes a token of the agent's rate, for a call that is then made with `hasToken`.
  /// - Returns: nil when it was taken, or when none is needed because nothing will be called; else how long until there is one.
  public func reserve() throws(Failure) -> Duration? {
    if let next = try BreakerState.read(in: queue)?.nextProbe, next > .now { return nil }
    return try Limits(agent: agent, queue: queue).takeToken()
  }

  /// - Parameter fileName: of a call for which a token was taken; it is given back where nothing is called.
  public func make(_ fileName: String, in room: Room) throws(Failure) -> Outcome {
    var isCalled = false
    defer { if !isCalled { try? Limits(agent: agent, queue: queue).giveBackToken() } }
    let claim: Claim
    switch try queue.claim(fileName, in: room) {
    case .claimed(let claimed): claim = claimed
    case .busy: return .busy
    case .gone, .settled: return .gone
    }
    let request: CallRequest
    do { request = try CallRequest(claim.entry, for: agent, memory: memory) } catch {
      try claim.fail(CallFailure(.invalid, error.why).description)
      return .settled
    }
    if claim.name.attempts >= max(request.options.attempts, Self.crashes) {
      try claim.fail(CallFailure(.died, "given up after \(claim.name.attempts.attempts)").description)
      return .settled
    }
    var time = request.options.timeout
    if let expires = claim.entry.expires { time = min(time, expires - .now) }
    alarm(UInt32(clamping: time.nanoseconds / 1_000_000_000 + Self.settling))
    defer { alarm(0) }
    isCalled = true
    var attempt = CallAttempt(
      claim: claim, agent: agent, options: request.options, deadline: Deadline(after: time), environment: environment)
    attempt.isResident = true
    attempt.hasToken = true
    do { _ = try attempt.run() } catch let failure as CallFailure {
      if failure.kind == .stopped { return .stopped(failure.signal) }
    } catch let failure as Failure { throw failure } catch {
      throw Failure(.software, "\(queue.name)/\(fileName)", "\(error)")
    }
    return .settled
  }
}
