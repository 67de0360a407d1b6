import Jobs
import Spool

/// A job that should have succeeded and has not, or that runs no more because it has failed too often. One that a person has
/// disabled is no signal.
enum JobsRule: Rule {
  static let name = "jobs"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard try look.queue(JobState.queueName) != nil else { return [] }
    var signals: [Signal] = []
    for name in try JobState.names(in: look.spool) {
      guard let job = try JobState.read(name, in: look.spool) else { continue }
      if let signal = job.disabled.map({ disabled(job, $0) }) ?? overdue(job, look.now) { signals.append(signal) }
    }
    return signals
  }

  private static func disabled(_ job: JobState, _ disabled: JobState.Disabled) -> Signal? {
    if disabled.isByHand { return nil }
    return Signal(
      self, "\(job.name):disabled:\(disabled.time.rfc3339)", "the job \(job.name) runs no more, \(disabled.why)",
      do: job.lastID.map { "spool show \($0.short); then job \(job.name) --enable" } ?? "job \(job.name) --enable")
  }

  private static func overdue(_ job: JobState, _ now: Timestamp) -> Signal? {
    guard job.isOverdue(at: now), let every = job.policy.expectEvery else { return nil }
    let last = job.lastSuccess.map { "has last succeeded \((now - $0).spoken) ago" } ?? "has never succeeded"
    return Signal(
      self, "\(job.name):\((job.lastSuccess ?? job.since).rfc3339)",
      "the job \(job.name) should succeed every \(every.spoken), and \(last)"
        + (job.lastExecution?.exit.map { $0 == 0 ? "" : " (its last run ended with \($0))" } ?? ""),
      do: job.lastID.map { "spool show \($0.short)" } ?? "does cron run it? crontab -l")
  }
}
