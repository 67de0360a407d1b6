import Health
import Jobs
import Spool
import Work

extension Overview {
  mutating func lookAtJobs() throws(Failure) {
    guard try look.queue(JobState.queueName) != nil else { return }
    for job in try Jobs.Job.all(in: spool) {
      let state: JobState
      do throws(Failure) {
        guard let known = try job.state() else { continue }
        state = known
      } catch {
        if error.isFailedFlush { throw error }
        document.jobs[job.name] = StatusDocument.Job(status: .red, detail: "\(error.what): \(error.why)")
        continue
      }
      do throws(Failure) { document.jobs[job.name] = try row(job, state) } catch {
        if error.isFailedFlush { throw error }
        document.jobs[job.name] = StatusDocument.Job(status: .red, detail: "\(error.what): \(error.why)")
      }
    }
  }

  private func row(_ job: Jobs.Job, _ state: JobState) throws(Failure) -> StatusDocument.Job {
    let standing = try job.standing(of: state, at: now)
    let delivery = try job.delivery(of: state)
    var row = StatusDocument.Job(status: .green, detail: standing.rawValue)
    row.command = state.command
    row.run = state.lastID?.description
    row.lastStart = state.lastStart?.rfc3339Seconds
    row.lastEnd = state.lastEnd?.rfc3339Seconds
    row.lastSuccess = state.lastSuccess?.rfc3339Seconds
    row.execution = state.lastExecution?.word
    row.exit = state.lastExecution?.exit
    row.delivery = delivery?.word
    row.deliveryDetail = delivery?.detail
    row.due = state.due?.rfc3339Seconds
    row.failures = state.failures
    if let disabled = state.disabled { row.detail = "disabled \(disabled.why)" }
    if let (light, why) = self.standing(.job(job.name)) {
      row.status = light
      // In fewer words than the rule, which does not know that the name stands beside them.
      switch standing {
      case .failed: row.detail = state.lastExecution?.spoken ?? why
      case .overdue:
        row.detail = "overdue" + (state.lastSuccess.map { ", last success \((now - $0).spoken) ago" } ?? "")
      case .disabled: break
      default: row.detail = why
      }
      if state.failures > 1 { row.detail += " (\(state.failures) in a row)" }
    }
    // It went well, and nobody has heard of it.
    if case .failed(let why) = delivery, row.status < .red, !why.hasPrefix("cancelled") {
      (row.status, row.detail) = (.red, "what it had to say was not delivered: \(why)")
    }
    return row
  }
}
