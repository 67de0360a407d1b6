import Jobs
import Spool

/// A job that should have succeeded and has not, whose last run has failed, or that is not run any more because it failed too often.
enum JobsRule: Rule {
  static let name = "jobs"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard try look.queue(JobState.queueName) != nil else { return [] }
    var signals: [Signal] = []
    for job in try Job.all(in: look.spool) {
      let state: JobState
      do throws(Failure) {
        guard let known = try job.state() else { continue }
        state = known
      } catch {
        if error.isFailedFlush { throw error }
        signals.append(
          Signal(self, about: .job(job.name), "\(job.name):unreadable", "\(error.what): \(error.why)", do: error.remedy)
        )
        continue
      }
      if let disabled = state.disabled {
        // A person knows what he has done.
        if disabled.isByHand { continue }
        signals.append(
          Signal(
            self, about: .job(job.name), "\(job.name):disabled:\(disabled.time.rfc3339)",
            "the job \(job.name) is not run any more, since \(disabled.time.rfc3339Seconds), \(disabled.why)",
            do: "mend it, then: job \(job.name) --enable"))
      } else if state.isOverdue(at: look.now), let every = state.policy.expectEvery {
        signals.append(overdue(state, every, look.now))
      } else if let last = state.lastExecution, last.isFailure, !state.isOpen, state.disabled == nil,
        let id = state.lastID
      {
        signals.append(
          Signal(
            self, about: .job(job.name), "\(job.name):failed:\(id)",
            "the last run of the job \(job.name) has failed: \(last.spoken)",
            do: "spool show \(id.short) tells why; its next success ends this; or job \(job.name) --disable"))
      }
    }
    return signals
  }

  private static func overdue(_ state: JobState, _ every: Duration, _ now: Timestamp) -> Signal {
    let last = state.lastSuccess.map { "has last succeeded \((now - $0).spoken) ago" } ?? "has never succeeded"
    let ended = state.lastExecution.map { $0.isFailure ? " (its last run: \($0.spoken))" : "" } ?? ""
    return Signal(
      self, about: .job(state.name), "\(state.name):\((state.lastSuccess ?? state.since).rfc3339)",
      "the job \(state.name) should succeed every \(every.spoken), and \(last)\(ended)",
      do: state.lastID.map { "spool show \($0.short)" } ?? "does cron run it? crontab -l")
  }
}
