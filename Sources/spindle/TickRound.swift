import Approvals
import CommandLine
import Deliveries
import Health
import Jobs
import Roster
import Runs
import Spool
import Work

/// One round of what must happen each minute. What fails in one place is said, and stops no other.
struct TickRound {
  var spool: SpoolDirectory

  func run(queues: [String]) throws {
    var lock: File?
    var (isOthers, hourly, daily, isAfterGap) = (false, false, false, false)
    // The stamps are for a round over everything.
    let isWhole = queues.isEmpty
    try attempt("heartbeats") {
      let stamps = try spool.directory("heartbeats")
      lock = try stamps.openOrCreate("tick")
      isOthers = try !lock!.tryLock()
      if isOthers { return }
      isAfterGap = try Timestamp.now - lock!.status().modified > Self.longestGap
      try lock!.setModified(.now)
      hourly = try isWhole && isDue("tick-hourly", every: .seconds(3600), stamps)
      daily = try isWhole && isDue("tick-daily", every: .seconds(86400), stamps)
    }
    // Two ticks at once would only do the same things twice; where a full disk has no room for the lock, so be it.
    if isOthers { return }
    for name in isWhole ? try spool.queueNames() : queues {
      try attempt(name) { try tend(spool.queue(name), hourly: hourly, daily: daily) }
    }
    if !isWhole && queues.contains(ApprovalRequest.queueName) {
      try attempt("approvals") { try tendApprovals(Desk(Courier(spool))) }
    }
    if isWhole {
      let now = Timestamp.now
      // Behind the sweep of their queue, which says what was killed.
      var jobs: [Job] = []
      try attempt("jobs") { jobs = try Job.all(in: spool) }
      for job in jobs { try attempt("job \(job.name)") { try job.tend(at: now) } }
      // Before the deliveries: what it asks, reminds of or tells is one.
      try attempt("approvals") { try tendApprovals(Desk(Courier(spool))) }
      for name in try spool.queueNames() where name.hasPrefix("inbox-") {
        try attempt(name) { try alertIfUnanswered(spool.queue(name), now) }
      }
    }
    if isWhole {
      try attempt("memory") { try tendMemory() }
      try attempt("health") { try tendHealth(isAfterGap) }
    }
    // Behind the approvals: what waited for one of them goes on in the same round.
    if isWhole || queues.contains(RunRequest.queueName) {
      try attempt("runs") { try tendRuns(daily: daily) }
    }
    if hourly { try attempt("README") { try Readmes.putMissing(in: spool) } }
    lock?.unlock()
    // Last, and without the lock: a channel may hang for a minute, and the next round need not wait for it.
    if isWhole {
      try attempt("deliveries") {
        var courier = try Courier(spool)
        courier.onSent = sayRecovered
        // Under cron each line is a mail.
        courier.tellsOfNew = false
        // The next round is a minute away, and goes on where this one stops.
        if let number = try courier.recover(limit: .seconds(50), found: sayFound) { throw Exit(.signal(number)) }
      }
    }
    if let worst = outcome.worst { throw Exit(worst) }
  }

  /// A minute's round that comes later than this comes after a sleep, or a jump of the clock.
  private static let longestGap = Duration.seconds(180)

  private let outcome = Outcome()
  private final class Outcome { var worst: ExitStatus? }

  init(spool: SpoolDirectory) { self.spool = spool }

  /// - Throws: what ends the whole round.
  private func attempt(_ what: String, _ action: () throws -> Void) throws {
    do { try action() } catch let failure as Failure {
      if failure.isFailedFlush { throw failure }
      complain("spool: tick: \(what): \(failure)")
      outcome.worst = outcome.worst ?? failure.status
    } catch let exit as Exit { outcome.worst = exit.status } catch { complain("spool: tick: \(what): \(error)") }
  }

  private func tend(_ queue: Queue, hourly: Bool, daily: Bool) throws {
    if let trouble = try queue.sweep() { outcome.worst = outcome.worst ?? trouble.status }
    if hourly { try queue.sweepKeys() }
    if daily { try queue.removeOld() }
    if daily && queue.name == Delivery.queueName { try Lanes(queue).removeOld() }
    if daily && queue.name == JobState.queueName { try JobSent.removeOld(in: queue) }
    // The replies' drop/ belongs to wait-approval.
    if queue.name != "replies" { _ = try queue.takeDrops() }
    if queue.name.hasPrefix("calls-") { try queue.expireDue(isWhole: hourly) }
  }

  /// Each goes on in a process of its own: a run may take days.
  private func tendRuns(daily: Bool) throws {
    guard try spool.root.status(RunRequest.queueName)?.isDirectory == true else { return }
    let keeper = try RunKeeper(spool, forwarding: false)
    _ = try keeper.start(keeper.due())
    if daily { try keeper.removeOld() }
  }

  /// What the bots have heard comes first, where nobody else polls them: an answer in time is read before its request ends.
  private func tendApprovals(_ desk: Desk) throws {
    if try desk.hasOpen(on: "telegram"),
      let relay = try? TelegramRelayTool.command(in: spool, arguments: ["--once"])
    {
      let (_, _, error) = try Child(relay).collect(until: Deadline.within(.seconds(30)), limit: 65536)
      try complainOnce(error, stamp: "telegram-trouble")
    }
    try desk.makeRound()
  }

  /// What a person is to know at once, whatever else does not work.
  private func tendHealth(_ isAfterGap: Bool) throws {
    let look = Look(spool)
    look.isJustAwake = Awakening.isRecent(spool, afterGap: isAfterGap)
    try HealthAlerts(look).commit(Courier(spool))
  }

  /// A person is asked about versions that nobody waits for any more. (`asks/open` is made before the first of them is written.)
  private func tendMemory() throws {
    guard try spool.root.status("memory")?.isDirectory == true else { return }
    let memory = try Directory("memory", in: spool.root)
    guard try memory.status("asks")?.isDirectory == true, try Directory("asks", in: memory).contains("open") else {
      return
    }
    let settle = Command(
      path: try InstalledProgram.memory.find(), arguments: ["memory", "settle", "-C", spool.path],
      environment: inheritedEnvironment())
    let (_, _, words) = try Child(settle).collect(until: Deadline.within(.seconds(30)), limit: 65536)
    if !words.isEmpty { complain(bytes: words) }
  }

  /// What is wrong for hours is not said each minute; when it is over, what comes then is news again.
  private func complainOnce(_ words: [UInt8], stamp name: String) throws {
    let stamps = try spool.directory("heartbeats")
    let before = try stamps.open(name)?.readAll(limit: 65536) ?? []
    if words == before { return }
    complain(bytes: words)
    try stamps.replace(name, with: words)
  }

  /// Who writes to an agent and gets no answer thinks that he is ignored.
  private static let answerTime = Duration.seconds(300)

  /// A message that nobody has answered is told of, the oldest for all.
  private func alertIfUnanswered(_ inbox: Queue, _ now: Timestamp) throws {
    let open = try [Room.new, .wait, .run, .fail].flatMap { try inbox.entries(in: $0) }.sorted {
      $0.name.id < $1.name.id
    }
    let late = open.filter { place in
      let reason = place.room == .fail ? inbox.lastReason(place.name.id) : nil
      return now - place.name.id.time > Self.answerTime && reason?.hasPrefix("cancelled") != true
    }
    guard let oldest = late.first?.name.id, let newest = late.last?.name.id else { return }
    let text = """
      In \(inbox.name) \(late.count == 1 ? "a message is" : "\(late.count) messages are") unanswered, the oldest for \
      \((now - oldest.time).spoken).
      \(inbox.lastWord(oldest) ?? "Nobody has taken it up: does cron/chat.sh run?")
      spool show \(oldest.short) tells more; spool cancel gives one up, spool retry tries one again.

      """
    var alert = Delivery(to: try Address.ofAlerts(in: spool), text: Array(text.utf8))
    alert.subject = "\(inbox.name): unanswered"
    alert.author = "alert"
    if try Courier(spool).alert(alert, about: inbox.name, key: "unanswered-\(newest)") {
      spool.journal.write("unanswered", queue: inbox.name, id: oldest)
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
