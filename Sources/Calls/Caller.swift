import FoundationEssentials
import Roster
import Spool
import Work

/// Asks an agent and waits for what it says. Each call is an entry in `calls-AGENT/`; its reply is `re/ID`.
///
/// Who calls also works: while no gateway is resident the caller claims its own entry and makes the call itself.
public struct Caller {
  public var spool: SpoolDirectory
  public var agent: Agent
  public var options: CallOptions
  public var environment: [String: String]

  public init(spool: SpoolDirectory, agent: Agent, options: CallOptions, environment: [String: String]) {
    self.spool = spool
    self.agent = agent
    self.options = options
    self.environment = environment
  }

  /// What came of a call.
  public struct Answer {
    public var id: EntryID
    public var text: String
    /// It was on record under this key; no call was made.
    public var isRecorded = false
    /// The token of the memory that it was given for.
    public var snapshot: String?
  }

  /// A failure, and the call that it belongs to, if it came so far.
  public struct NoAnswer: Error {
    public var failure: CallFailure
    public var id: EntryID?

    public init(failure: CallFailure, id: EntryID? = nil) {
      self.failure = failure
      self.id = id
    }
  }

  public func call(_ prompt: [UInt8]) throws -> Answer {
    Signals.catchThem()
    let deadline = Deadline.within(options.timeout)
    var id: EntryID?
    do {
      let queue = try spool.queue("calls-\(agent.name)", making: true)
      try queue.sweep()
      let published = try publish(prompt, to: queue, deadline)
      id = published
      return try settle(published, in: queue, deadline)
    } catch let failure as CallFailure {
      throw NoAnswer(failure: failure, id: id)
    } catch let failure as Failure {
      // A call that cannot be recorded is not made, but its caller may still have a fallback.
      throw NoAnswer(failure: CallFailure(.refused, failure.description), id: id)
    }
  }

  /// What has changed in the memory since an answer was asked for; none: it still holds. Nil: nobody can tell.
  public func changes(since answer: Answer) -> [String]? {
    guard let memory = options.memory, let token = answer.snapshot else { return [] }
    return memory.changes(since: token, for: agent.name, spool: spool.path, environment)
  }

  private func publish(_ prompt: [UInt8], to queue: Queue, _ deadline: Deadline) throws -> EntryID {
    // What is known already adds nothing to what waits.
    let isKnown = try options.key.map { try queue.known(key: $0) != nil } ?? false
    if !isKnown { try Backlog(agent, queue).refuseIfFull() }
    let draft = CallRequest(prompt: prompt, options: options, author: "claude-call").draft(
      for: agent, remaining: deadline.remaining)
    guard let key = options.key else { return try queue.publish(draft) }
    let published = try queue.publish(draft, key: key)
    if !published.isNew { try revive(published.id, in: queue, key: key, prompt) }
    return published.id
  }

  /// A call that failed is made again when it is asked for again: nobody waits for an agent's `spool retry`.
  private func revive(_ id: EntryID, in queue: Queue, key: String, _ prompt: [UInt8]) throws(Failure) {
    guard let place = try queue.locate(id) else { return }
    if place.room == .fail {
      do { try queue.carryOut(.retry, for: place, by: "claude-call --key \(key)") } catch {
        // Another caller was faster: what lies there now counts.
        guard [.no, .tryAgain].contains(error.status) else { throw error }
      }
    }
    if let place = try queue.locate(id), place.room != .fail { try queue.explainKnown(id, key: key, body: prompt) }
  }

  /// Claims and makes the call, or waits for who does.
  private func settle(_ id: EntryID, in queue: Queue, _ deadline: Deadline) throws -> Answer {
    while true {
      // Under a key the call may be on record: then none is made.
      if let answer = try recorded(id, in: queue) { return answer }
      if try !GatewayPresence(spool).isResident, case .claimed(let claim) = try queue.claim(id) {
        let attempt = CallAttempt(
          claim: claim, agent: agent, options: options, deadline: deadline, environment: environment)
        let reply = try attempt.run()
        return Answer(id: id, text: reply.text, snapshot: reply.snapshot)
      }
      if deadline.hasPassed { throw try giveUp(id, in: queue) }
      try awaitChange(of: id, in: queue, deadline)
    }
  }

  /// Sleeps while another process makes the call: under the same key, or the gateway.
  private func awaitChange(of id: EntryID, in queue: Queue, _ deadline: Deadline) throws {
    let watch = try Watch([queue[.re], queue[.fail], queue[.bad], queue[.wait]], notice: spool.notice)
    // What has changed before the watch was there makes no event.
    guard let room = try queue.locate(id)?.room else { return }
    // The gateway takes it from new/ and wait/ too; what lies there without one is ours to claim.
    guard try room == .run || [.new, .wait].contains(room) && GatewayPresence(spool).isResident else { return }
    if case .signal(let number) = watch.wait(atMost: min(deadline.remaining, .seconds(2))) {
      // Nobody would hear what came of it.
      _ = try? giveUp(id, in: queue)
      var stopped = CallFailure(.stopped, "stopped by signal \(number) while waiting")
      stopped.signal = number
      throw stopped
    }
  }

  /// What is on record: a reply, or why there is none; nil while it is open.
  private func recorded(_ id: EntryID, in queue: Queue) throws -> Answer? {
    switch try CallRecord.read(id, in: queue) {
    case .open: return nil
    case .failed(let failure), .held(let failure): throw failure
    case .reply(let record):
      return Answer(id: id, text: record.text, isRecorded: true, snapshot: record.header["Memory-Snapshot"])
    }
  }

  /// A caller that gives up takes its call back, unless somebody is at it.
  private func giveUp(_ id: EntryID, in queue: Queue) throws -> CallFailure {
    let failure = CallFailure(.timeout, "nobody answered within its time")
    if let place = try queue.locate(id), place.room == .new || place.room == .wait {
      do { try queue.carryOut(.cancel, for: place, by: "its caller (\(failure.kind.rawValue))") } catch {
        // Just taken up by somebody: it is his.
        guard [.no, .tryAgain].contains(error.status) else { throw error }
      }
    }
    return failure
  }
}
