import FoundationEssentials
import Roster
import Spool
import Work

/// Makes a claimed call: within the agent's limits, as often as there is time, and settles the claim.
struct CallAttempt {
  let claim: Claim
  let agent: Agent
  let options: CallOptions
  let deadline: Deadline
  let environment: [String: String]
  /// Made by the gateway, whose slots are others' too: what must wait goes back to wait/ instead of sleeping here, and when we
  /// are asked to stop the call is handed back, for its caller is another.
  var isResident = false
  /// A token was taken for it already.
  var hasToken = false

  private var queue: Queue { claim.queue }
  private var program: AgentProgram { AgentProgram(agent: agent, environment: environment) }

  /// - Throws: `CallFailure`; the claim then lies in `fail/`.
  func run() throws -> Reply {
    let wasInDoubt = claim.name.inDoubt
    let start = Timestamp.now
    do {
      try claim.setDeathTimer(deadline.remaining)
      try requireAll()
      let limits = Limits(agent: agent, queue: queue)
      guard let slot = try limits.slot(until: deadline) else {
        throw CallFailure(.rateLimit, "all \(agent.concurrency) slots were busy until the time ran out")
      }
      defer { _fixLifetime(slot) }
      let breaker = Breaker(queue: queue)
      try breaker.refuseIfOpen()
      if !hasToken, let next = try limits.token(until: deadline) {
        throw CallFailure(.rateLimit, "more than \(agent.rate.count) calls in \(agent.rate.span.spoken)", at: next)
      }
      // Behind all that is waited for: who has leave to try it keeps others from it.
      let leave = try breaker.leave()
      var reply: Reply
      do { reply = try attempts() } catch let failure as CallFailure {
        // What is tried again has not failed yet, but where it was to try whether the agent works again.
        if failure.isAnswer {
          try breaker.succeeded(leave)
        } else if !failure.isTriedAgain || leave.isProbe {
          try breaker.failed(failure, leave)
        }
        throw failure
      }
      try breaker.succeeded(leave)
      if wasInDoubt {
        reply.note = [reply.note, "was found in doubt and made again"].compactMap { $0 }.joined(separator: "; ")
      }
      try record(reply, since: start)
      return reply
    } catch let failure as CallFailure {
      if !claim.isSettled { try claim.fail(failure.description) }
      throw failure
    } catch let failure as Failure {
      // The kernel, the disk, a signal: the call is settled, and its caller may have a fallback.
      let isStop = failure.status.rawValue > 128
      var none = CallFailure(isStop ? .stopped : .refused, isStop ? failure.why : failure.description)
      if isStop { none.signal = failure.status.rawValue - 128 }
      if !claim.isSettled {
        if isStop && isResident {
          try? claim.putOff("the gateway was asked to stop", for: .zero)
        } else {
          try? claim.fail(none.description)
        }
      }
      throw none
    }
  }

  /// Again while it may help and there is time; the last failure counts.
  private func attempts() throws -> Reply {
    var pause = Duration.seconds(1)
    // What earlier attempts cost was paid as well.
    var paid = 0.0
    while true {
      do {
        var reply = try once()
        try Spending(queue).add(reply.cost ?? 0)
        if paid > 0 { reply.cost = (reply.cost ?? 0) + paid }
        return reply
      } catch var failure as CallFailure {
        paid += failure.cost ?? 0
        try Spending(queue).add(failure.cost ?? 0)
        if paid > 0 { failure.cost = paid }
        let isLast = claim.name.attempts + 1 >= options.attempts
        let resumes = failure.tryAgainAt.map { $0 - .now } ?? pause
        guard failure.kind.isTransient, !isLast, resumes < deadline.remaining else { throw failure }
        if isResident {
          try claim.retry(failure.description, attempts: options.attempts, after: resumes)
          failure.isTriedAgain = true
          throw failure
        }
        queue.log(
          claim.id,
          "== \(Timestamp.now.rfc3339Seconds) claude-call: attempt \(claim.name.attempts + 1): \(failure.description)\n"
        )
        try claim.countAttempt()
        Signals.wait(atMost: resumes)
        if let number = Signals.pending() { throw Failure(.signal(number), "the call", "stopped by signal \(number)") }
        pause *= 2
      }
    }
  }

  private func once() throws -> Reply {
    var question = AgentProgram.Question(schema: options.schema, session: try session())
    if let budget = agent.budget {
      let left = budget - (try Spending(queue).today())
      guard left > 0 else {
        var failure = CallFailure(
          .budget, "the day's budget of \(budget) USD is spent",
          do: "wait for midnight, or raise Budget in agents/\(agent.name).md")
        failure.isOwnLimit = true
        throw failure
      }
      question.budget = left
    }
    let identity = try identityFile()
    question.identityFile = identity?.path
    defer { if let identity { try? queue[.tmp].unlink(identity.name) } }
    // As late as can be: whatever the call has waited for, the agent knows what is known now.
    let memory: (text: String, token: String)?
    do {
      memory = try options.memory?.context(for: agent.name, spool: queue.spool.path, environment, until: deadline)
    } catch {
      var failure = error
      failure.isOwnLimit = true
      throw failure
    }
    var reader = program.reader(schema: options.schema)
    var stderr: [UInt8] = []
    let child = try start(question, knowing: memory?.text)
    let outcome = child.run(until: deadline, wholeTree: true) { piece in
      reader.feed(piece) ? .enough : .more
    } onError: { piece in
      queue.log(claim.id, String(decoding: piece, as: UTF8.self))
      stderr = Array((stderr + piece).suffix(4096))
    }
    if let number = outcome.stoppedBy { throw Failure(.signal(number), "the call", "stopped by signal \(number)") }
    if outcome.timedOut {
      var failure = CallFailure(.timeout, "no answer within its time")
      // Who gives it less than its own time learns nothing of it.
      failure.isOwnLimit = options.timeout < agent.timeout
      throw failure
    }
    var exit: Int32?
    if case .exited(let code) = outcome.end { exit = code }
    // Ended by us after its answer is no death of its own.
    if outcome.dismissed && exit == nil { exit = 0 }
    let words = String(decoding: stderr, as: UTF8.self)
    switch reader.result(exit: exit, stderr: words.isBlank ? "" : words) {
    case .success(var reply):
      reply.snapshot = memory?.token
      do { try options.check(reply.text) } catch {
        var failure = error
        failure.cost = reply.cost
        // It did answer.
        failure.isAnswer = true
        throw failure
      }
      try remember(session: reply.session)
      return reply
    case .failure(var failure):
      if question.session != nil && failure.why.lowercased().contains("no conversation found") {
        // The program has forgotten the session (or another login is used): go on with a new one.
        try queue.directory.unlink("session")
        failure = CallFailure(.died, "the session \(question.session ?? "") is gone; a new one is begun")
      }
      if failure.kind == .notLoggedIn { failure.advice = program.loginAdvice() }
      throw failure
    }
  }

  private func start(_ question: AgentProgram.Question, knowing memory: String?) throws -> Child {
    let known = memory.map { Array(($0 + "\n").utf8) } ?? []
    let input = try File.inMemory(program.prompt(known + claim.entry.body))
    // While it is being upgraded the program is missing, or busy as a file, for a moment.
    var tries = 0
    while true {
      do {
        let path = try program.find()
        try claim.markInDoubt()
        let command = program.command(path, question, deadline: deadline, call: claim.id, spool: queue.spool.path)
        return try Child(command, input: input, lock: claim.file)
      } catch {
        tries += 1
        let isMissing = (error as? CallFailure)?.kind == .missing
        let kernel = (error as? Failure)?.errno
        guard isMissing || kernel == .noSuchFileOrDirectory || kernel == .textFileBusy || kernel == .permissionDenied
        else { throw error }
        claim.clearDoubt()
        if tries > 10 || deadline.remaining < .milliseconds(100) {
          throw (error as? CallFailure) ?? CallFailure(.missing, (error as? Failure)?.description ?? "\(error)")
        }
        Signals.wait(atMost: .milliseconds(100))
      }
    }
  }

  private func requireAll() throws(CallFailure) {
    for requirement in agent.requirements where requirement.isVital && !requirement.isMet(in: environment) {
      throw CallFailure(.missing, requirement.word, do: "see Requires in agents/\(agent.name).md")
    }
  }

  private func identityFile() throws(Failure) -> (path: String, name: String)? {
    guard program.kind == .claude, !agent.identity.isBlank else { return nil }
    let name = "\(claim.id).\(SpoolDirectory.processID).system"
    try queue[.tmp].unlink(name)
    let file = try queue[.tmp].create(name)
    try file.write(Array(agent.identity.utf8))
    return (file.path, name)
  }

  /// The session that a persistent agent goes on with.
  private func session() throws(Failure) -> String? {
    guard agent.isPersistent, program.kind == .claude, let file = try queue.directory.open("session") else {
      return nil
    }
    let text = String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self).split(
      whereSeparator: \.isWhitespace)
    return text.first.map(String.init)
  }

  private func remember(session: String?) throws(Failure) {
    guard agent.isPersistent, let session else { return }
    try queue.directory.replace("session", with: Array("\(session)\n".utf8))
  }

  private func record(_ reply: Reply, since start: Timestamp) throws(Failure) {
    let header = Header([
      "From": agent.name, "Subject": claim.entry.subject, "Model": agent.model,
      "Cost-USD": reply.cost.map { "\($0)" }, "Input-Tokens": reply.inputTokens.map(String.init),
      "Output-Tokens": reply.outputTokens.map(String.init), "Session": reply.session,
      "Duration-Ms": String((Timestamp.now - start).nanoseconds / 1_000_000),
      "Attempts": String(claim.name.attempts + 1), "Memory-Snapshot": reply.snapshot, "Note": reply.note,
    ])
    try claim.finish(
      [Product(.response, header: header, body: Array(reply.text.utf8))], event: "reply",
      detail: "replied" + (reply.cost.map { " cost=\($0)" } ?? ""))
  }
}
