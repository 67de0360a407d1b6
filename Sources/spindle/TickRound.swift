import CommandLine
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
      }
    }
    if let worst { throw Exit(worst) }
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
