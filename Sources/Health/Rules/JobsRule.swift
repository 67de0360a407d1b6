import Jobs
import Spool

/// A job that should have succeeded and has not.
enum JobsRule: Rule {
  static let name = "jobs"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard try look.queue("jobs") != nil else { return [] }
    var signals: [Signal] = []
    for name in try JobState.names(in: look.spool) {
      guard let job = try JobState.read(name, in: look.spool) else { continue }
      guard job.isOverdue(at: look.now), let every = job.expectEvery else { continue }
      let last = job.lastSuccess.map { "has last succeeded \((look.now - $0).spoken) ago" } ?? "has never succeeded"
      signals.append(
        Signal(
          self, "\(name):\((job.lastSuccess ?? job.since).rfc3339)",
          "the job \(name) should succeed every \(every.spoken), and \(last)"
            + (job.lastExit.map { $0 == 0 ? "" : " (its last run ended with \($0))" } ?? ""),
          do: job.lastID.map { "spool show \($0.short)" } ?? "does cron run it? crontab -l"))
    }
    return signals
  }
}
