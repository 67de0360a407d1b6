import CommandLine
import Deliveries
import Jobs
import Roster
import Spool

/// One round of what must happen each minute. What fails in one place is said, and stops no other.
struct TickRound {
  var spool: SpoolDirectory

  func run(queues: [String]) throws {
    let stamps = try spool.directory("heartbeats")
    // Two ticks at once would only do the same things twice.
    let lock = try stamps.openOrCreate("tick")
    guard try lock.tryLock() else { return }
    try lock.setModified(.now)
    let hourly = try isDue("tick-hourly", every: .seconds(3600), stamps)
    let daily = try isDue("tick-daily", every: .seconds(86400), stamps)
    var worst: ExitStatus?
    func attempt(_ what: String, _ action: () throws -> Void) {
      do { try action() } catch let failure as Failure {
        complain("spool: tick: \(what): \(failure)")
        worst = worst ?? failure.status
      } catch { complain("spool: tick: \(what): \(error)") }
    }
    for name in queues.isEmpty ? try spool.queueNames() : queues {
      attempt(name) {
        let queue = try spool.queue(name)
        try queue.sweep()
        if hourly { try queue.sweepKeys() }
        if daily { try queue.removeOld() }
        // The replies' drop/ belongs to wait-approval.
        if name != "replies" { _ = try queue.takeDrops() }
        if name.hasPrefix("calls-") { try queue.expireDue() }
      }
    }
    if queues.isEmpty {
      attempt("jobs", alertOverdueJobs)
      attempt("deliveries") {
        var courier = Courier(spool)
        courier.onSent = sayRecovered
        try courier.recover(found: sayFound)
      }
    }
    if let worst { throw Exit(worst) }
  }

  /// The dead man's switch: a job that should have run and did not is told of, once for each time it is missed.
  private func alertOverdueJobs() throws {
    let now = Timestamp.now
    for job in try JobState.all(in: spool) where job.isOverdue(at: now) {
      let every = job.expectEvery!
      let missed = (now - (job.lastSuccess ?? job.since)).nanoseconds / every.nanoseconds
      let lines = [
        "The job \(job.name) should succeed every \(every.spoken), and has not.",
        "Last success: \(job.lastSuccess?.rfc3339Seconds ?? "never").",
        "Last start: \(job.lastStart?.rfc3339Seconds ?? "never; does cron run it? crontab -l")."
          + (job.lastExit.map { " It ended with exit \($0)." } ?? ""),
        job.lastID.map { "spool show \($0) tells more." } ?? "",
      ]
      var alert = Delivery(
        to: try Address.resolve(Settings(spool).alert, in: spool),
        text: Array(lines.filter { !$0.isEmpty }.map { $0 + "\n" }.joined().utf8))
      alert.subject = "job \(job.name) is overdue"
      let since = (job.lastSuccess ?? job.since).rfc3339
      if try alert.commit(to: spool, key: "job-overdue-\(job.name)-\(since)-\(missed)").isNew {
        spool.journal.write("overdue", queue: "jobs", detail: job.name)
      }
    }
  }

  /// Whether a stamp is older than its interval; if so it is renewed.
  private func isDue(_ name: String, every interval: Duration, _ stamps: Directory) throws -> Bool {
    let file = try stamps.openOrCreate(name)
    let status = try file.status()
    // A new stamp is due: its file is empty until the first round has been made.
    if status.size > 0, status.modified + interval > .now, status.modified <= .now { return false }
    if status.size == 0 { try file.write(Array("the time of this file is when spool tick last did this\n".utf8)) }
    try file.setModified(.now)
    return true
  }
}
