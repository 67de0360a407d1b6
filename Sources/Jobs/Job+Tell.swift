import Deliveries
import Roster
import Spool

/// Who is told of a job, and when. What is to be told stands in its state until it is committed for delivery, under a key: told by
/// whoever comes first, the run or the tick, and once.
extension Job {
  /// What must happen each minute: counts what was killed, tells what is to be told, misses what did not run.
  public func tend(at now: Timestamp) throws(Failure) {
    var state = try state()
    let hasLeft = try !waiting().isEmpty
    if state?.isOpen ?? true || hasLeft, let lock = try lock() {
      defer { lock.unlock() }
      do { try settleEarlier() } catch { if error.status != .tryAgain { throw error } }
      state = try self.state()
    }
    guard let state else { return }
    _ = try tell(state)
    try tellIfOverdue(state, at: now)
  }

  /// Commits what is to be told of a run, unless there was something lately.
  /// - Returns: the alert's ID, where it is a new one.
  func tell(_ state: JobState?) throws(Failure) -> EntryID? {
    guard let state, let tell = state.tell else { return nil }
    if tell.what != .disabled && !state.policy.mayTell(since: state.told, now: .now) { return nil }
    let (subject, text) = try words(for: tell, state)
    let published = try commit(subject, text, key: "job-\(tell.what.rawValue)-\(name)-\(tell.run)")
    try update { state in
      if state.tell == tell { state.tell = nil }
      state.told = .now
    }
    return published.isNew ? published.id : nil
  }

  /// The dead man's switch: a job that should have run and did not is told of, once for each time it is missed, and not more often than its
  /// cool-down allows.
  private func tellIfOverdue(_ state: JobState, at now: Timestamp) throws(Failure) {
    guard let every = state.policy.expectEvery, every >= .seconds(1), state.isOverdue(at: now),
      state.disabled?.isByHand != true
    else { return }
    let end = state.isOpen ? nil : state.lastExecution?.exit.map { " It ended with exit \($0)." } ?? " It was killed."
    let lines = [
      "The job \(name) should succeed every \(every.spoken), and has not.",
      "Last success: \(state.lastSuccess?.rfc3339Seconds ?? "never").",
      "Last start: \(state.lastStart?.rfc3339Seconds ?? "never; does cron run it? crontab -l").\(state.lastStart == nil ? "" : end ?? " It goes on.")",
      state.disabled.map { "It is disabled \($0.why): job \(name) --enable lets it run again." },
      state.lastID.map { "spool show \($0) tells more." },
    ]
    let period = max(every, state.policy.coolDown ?? JobPolicy.standard.coolDown)
    let missed = (now - state.expectedSince).nanoseconds / period.nanoseconds
    let key = "job-overdue-\(name)-\(state.expectedSince.rfc3339)-\(missed)"
    if try commit("job \(name) is overdue", lines, key: key).isNew {
      spool.journal.write("overdue", queue: JobState.queueName, detail: name)
    }
  }

  private func commit(_ subject: String, _ lines: [String?], key: String) throws(Failure) -> Published {
    var alert = Delivery(
      to: try Address.ofAlerts(in: spool),
      text: Array(lines.compactMap { $0 }.map { $0 + "\n" }.joined().utf8))
    alert.subject = subject
    alert.author = "alert"
    return try alert.commit(to: spool, key: key, quietly: true)
  }

  private func words(for tell: JobState.Tell, _ state: JobState) throws(Failure) -> (String, [String?]) {
    let queue = try queue()
    let when = "The run of \(tell.run.time.rfc3339Seconds)"
    var lines: [String?] = []
    let subject: String
    switch tell.what {
    case .failed, .disabled:
      // Of a run that was killed nobody has written what became of its messages.
      var reason = reason(of: tell.run, in: queue) ?? "nobody saw how it ended"
      if Execution(reason: reason) == .unseen { reason = "it was killed, or its machine went down (\(reason))" }
      if !reason.contains("delivery: "), state.lastID == tell.run, let delivery = state.lastDelivery {
        reason += "; delivery: \(delivery.description)"
      }
      subject = "job \(name) \(tell.what == .failed ? "failed" : "is disabled")"
      if tell.what == .disabled {
        lines.append("The job \(name) runs no more until you say so: job \(name) --enable.")
        lines.append("It has failed \(state.failures) times in a row, the last time so: \(reason).")
      } else {
        lines.append("The job \(name) failed: \(reason).")
      }
      lines.append(when + (state.failures > 1 ? " was the last of \(state.failures) in a row that failed." : "."))
      lines.append("Last success: \(state.lastSuccess?.rfc3339Seconds ?? "never").")
      if let end = end(ofLog: tell.run, in: queue) { lines += ["", end, ""] }
    case .undelivered:
      subject = "job \(name): nothing was delivered"
      lines.append("The job \(name) went well, but what it had to say could not be handed over for delivery.")
      lines.append(when + ".")
      if state.lastID == tell.run, let delivery = state.lastDelivery {
        lines.append("Delivery: \(delivery.description).")
      }
      lines.append("spool show \(tell.run.short) --response is its output.")
    }
    lines.append("spool show \(tell.run.short) tells more; job --list shows all jobs.")
    return (subject, lines)
  }

  /// The last that a run has said: enough to see at what it failed, and fit for a message.
  private func end(ofLog id: EntryID, in queue: Queue) -> String? {
    guard let file = try? queue[.log].open("\(id).log"), let size = try? file.status().size else { return nil }
    if size > 65536 { try? file.seek(to: size - 65536) }
    guard let bytes = try? file.readAll(limit: 1 << 20) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("== ") }
    let last = lines.suffix(20).map { "  " + String($0.prefix(200)).printable }
    return last.isEmpty ? nil : last.joined(separator: "\n")
  }
}
