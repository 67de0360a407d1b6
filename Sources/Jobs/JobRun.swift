import Deliveries
import Roster
import Spool
import Work

/// One run of a job: an entry in `jobs/` that is claimed while it runs, and whose record is `re/ID`, or its log where it failed.
public struct JobRun {
  public var job: Job
  public var timeout: Duration
  public var policy: JobPolicy
  /// To whom its output goes where it succeeds.
  public var deliverTo: String?
  /// Sends the output at once; without one the next round does.
  public var courier: Courier?
  /// Told of each alert that came of it: a delivery that waits to be sent.
  public var onAlert: (EntryID) -> Void = { _ in }

  /// In the command's environment: the run's ID, by which `deliver` says whose a message is.
  public static let runVariable = "SPINDLE_JOB_RUN"

  public init(_ job: Job, timeout: Duration, policy: JobPolicy = JobPolicy()) {
    self.job = job
    self.timeout = timeout
    self.policy = policy
  }

  public struct Result: Sendable {
    public var id: EntryID
    public var execution: Execution
    public var delivery: JobDelivery
  }

  /// Runs the command; its output goes to `forward` as it comes, and to the record.
  /// - Parameter program: the command's path, or why there is none.
  /// - Throws: `.tryAgain` where the job's last run still goes on, `.unavailable` where it is disabled or cannot be started.
  public func run(
    _ program: Swift.Result<String, Failure>, arguments: [String], forward: ([UInt8], _ isError: Bool) -> Void
  ) throws(Failure) -> Result {
    let queue = try job.queue()
    guard let lock = try job.lock() else { throw try refusedAsBusy() }
    defer { lock.unlock() }
    try queue.sweep()
    do { try job.settleEarlier() } catch {
      if error.status == .tryAgain { try job.update { $0.refuse() } }
      throw error
    }
    let state = try job.update { $0.policy.take(policy) }
    // What is to be told by now is told before this run may go well.
    try tell(state)
    if let disabled = state.disabled { throw try refusedAsDisabled(disabled) }
    let words = arguments.map(\.shellQuoted).joined(separator: " ")
    var draft = Draft(
      slug: EntryID.slug(from: job.name), header: Header(["From": "job", "Subject": job.name]),
      body: Array((words + "\n").utf8))
    // What has its time is done on a disk that is nearly full, too: a briefing that says so is better than none.
    draft.isUrgent = true
    let id = try queue.publish(draft)
    let start = Timestamp.now
    try job.update { $0.begin(id, at: start, words) }
    guard case .claimed(let claim) = try queue.claim(id) else {
      throw Failure(.software, id.description, "was taken by somebody else", do: "run nothing else on the queue jobs/")
    }
    let deadline = Deadline.within(timeout)
    try claim.setDeathTimer(deadline.remaining)
    let outcome: Child.Outcome
    var output: [UInt8] = []
    do { outcome = try execute(program.get(), arguments, claim, deadline, &output, forward) } catch {
      try claim.fail(
        "\(job.name): \(Execution.notStarted.spoken): \(error); \(Self.words(.notRequested))", event: "job-failed")
      try end(id, .notStarted)
      throw error
    }
    let execution = Execution(outcome)
    if execution == .succeeded { try deliver(output, of: claim) }
    let delivery = try settle(claim, execution, output, start)
    return Result(id: id, execution: execution, delivery: delivery)
  }

  private func refusedAsBusy() throws(Failure) -> Failure {
    let state = try job.update { $0.refuse() }
    let since = state.lastStart.map { " since \($0.rfc3339Seconds)" } ?? ""
    job.spool.journal.write("job-refused", queue: JobState.queueName, detail: "\(job.name): its last run goes on")
    return Failure(.tryAgain, job.name, "its last run goes on\(since)", do: "spool ls jobs shows it")
  }

  private func refusedAsDisabled(_ disabled: JobState.Disabled) throws(Failure) -> Failure {
    try job.update { $0.refuse() }
    job.spool.journal.write("job-refused", queue: JobState.queueName, detail: "\(job.name): disabled \(disabled.why)")
    return Failure(
      .unavailable, job.name, "is disabled since \(disabled.time.rfc3339Seconds), \(disabled.why)",
      do: "job \(job.name) --enable lets it run again")
  }

  private func execute(
    _ path: String, _ arguments: [String], _ claim: Claim, _ deadline: Deadline, _ kept: inout [UInt8],
    _ forward: ([UInt8], Bool) -> Void
  ) throws(Failure) -> Child.Outcome {
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = job.spool.path
    environment["SPINDLE_JOB"] = job.name
    environment[Self.runVariable] = claim.id.description
    deadline.handDown(to: &environment)
    let child = try Child(Command(path: path, arguments: arguments, environment: environment), lock: claim.file)
    var output: [UInt8] = []
    // As of the output, of what it says on stderr so much is kept; its beginning says what went wrong.
    var room = 1 << 20
    let outcome = child.run(until: deadline) { piece in
      output += piece
      // A record keeps the last megabyte: the end says how it ended.
      if output.count > 2 << 20 { output = Array(output.suffix(1 << 20)) }
      forward(Array(piece), false)
      return .more
    } onError: { piece in
      if room > 0 {
        let isLast = piece.count >= room
        claim.queue.log(
          claim.id,
          String(decoding: piece.prefix(room), as: UTF8.self) + (isLast ? "\n(it said more, which is not kept)\n" : ""))
        room -= piece.count
      }
      forward(Array(piece), true)
    }
    kept = output
    return outcome
  }

  private func settle(
    _ claim: Claim, _ execution: Execution, _ output: [UInt8], _ start: Timestamp
  ) throws(Failure) -> JobDelivery {
    let now = Timestamp.now
    let sent = try JobSent(run: claim.id, in: job.spool).summary()
    let took = "\(execution.spoken) after \((now - start).spoken)"
    if execution == .succeeded {
      let header = Header([
        "From": "job", "Subject": job.name, "Started": start.rfc3339, "Ended": now.rfc3339,
        "Execution": execution.word, "Exit": execution.exit.map(String.init), "Delivery": sent.delivery.description,
        "Deliveries": sent.ids.isEmpty ? nil : sent.ids.map(\.description).joined(separator: " "),
      ])
      try claim.finish(
        [Product(.response, header: header, body: output)], event: "job",
        detail: "\(job.name): \(took); \(Self.words(sent.delivery))")
    } else {
      if !output.isEmpty { claim.queue.log(claim.id, String(decoding: output, as: UTF8.self)) }
      try claim.fail("\(job.name): \(took); \(Self.words(sent.delivery))", event: "job-failed")
    }
    try end(claim.id, execution)
    return sent.delivery
  }

  private static func words(_ delivery: JobDelivery) -> String { "delivery: \(delivery.description)" }

  private func end(_ id: EntryID, _ execution: Execution) throws(Failure) {
    let sent = try JobSent(run: id, in: job.spool).summary()
    try tell(job.update { $0.end(id, execution, at: .now, sent) })
  }

  /// What cannot be told now is told by the tick.
  private func tell(_ state: JobState) throws(Failure) {
    do { if let alert = try job.tell(state) { onAlert(alert) } } catch {
      if error.isFailedFlush { throw error }
      job.spool.notice("alert: \(error)")
    }
  }
}
