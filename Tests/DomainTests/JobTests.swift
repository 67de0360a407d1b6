import Support
import Testing
import Work

@testable import Jobs
@testable import Spool

private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }
private let noon = time("2026-11-23T12:00:00Z")
private let nothing = (delivery: JobDelivery.notRequested, ids: [EntryID](), wasRefused: false)

extension JobState {
  /// A run a minute after the last one.
  fileprivate mutating func run(_ execution: Execution, after minutes: Int = 1) -> EntryID {
    let start = (lastStart ?? noon) + .seconds(60 * minutes)
    let id = EntryID.make(slug: nil)
    begin(id, at: start, nil)
    end(id, execution, at: start + .seconds(1), nothing)
    return id
  }
}

@Suite struct JobStateTests {
  @Test func aJobIsOverdueOnlyAfterItsSlack() throws {
    var job = JobState(name: "x")
    job.since = time("2026-10-24T07:00:00Z")
    #expect(!job.isOverdue(at: time("2027-01-01T00:00:00Z")), "nothing is expected of it")
    job.policy.expectEvery = .seconds(86400)
    // 25 h: the day on which summer time ends.
    #expect(!job.isOverdue(at: time("2026-10-25T08:00:30Z")))
    #expect(job.isOverdue(at: time("2026-10-25T09:00:00Z")))
    job.lastSuccess = time("2026-10-25T08:30:00Z")
    #expect(!job.isOverdue(at: time("2026-10-25T09:00:00Z")))
    job.since = time("2026-11-25T08:30:00Z")
    #expect(!job.isOverdue(at: time("2026-11-25T09:00:00Z")), "it was enabled just now")
  }

  @Test func itIsWrittenAndReadBack() throws {
    let scratch = Scratch()
    let spool = try scratch.spool(queues: ["jobs"]).0
    var job = JobState(name: "x")
    job.policy = JobPolicy(expectEvery: .seconds(90), alertAfter: 2, coolDown: .seconds(60), disableAfter: 0)
    job.command = "a 'b c'"
    let id = job.run(.failed(exit: 3))
    job.lastDelivery = .unknown("pending, of two")
    job.lastDeliveries = [id, id]
    job.refuse()
    job.disabled = .init(time: noon, why: "after 10 failures in a row")
    job.tell = .init(what: .disabled, run: id)
    job.told = noon
    try job.write(to: spool)
    let read = try #require(try JobState.read("x", in: spool))
    #expect(read.policy == job.policy && read.command == "a 'b c'" && read.lastSuccess == nil && read.failures == 1)
    #expect(read.lastExecution == .failed(exit: 3) && read.lastID == id && read.lastEnd == job.lastEnd)
    #expect(read.lastDelivery == .unknown("pending, of two") && read.lastDeliveries == [id, id] && read.refused == 1)
    #expect(read.disabled?.time == noon && read.disabled?.why == "after 10 failures in a row")
    #expect(read.disabled?.isByHand == false && read.tell == job.tell && read.told == noon)
  }

  @Test func aRunIsCountedOnce() {
    var job = JobState(name: "x")
    let id = job.run(.failed(exit: 1))
    job.end(id, .unseen, at: noon, nothing)
    #expect(job.failures == 1 && job.lastExecution == .failed(exit: 1))
    job.end(EntryID.make(slug: nil), .failed(exit: 1), at: noon, nothing)
    #expect(job.failures == 1, "another run's end")
  }

  @Test func failuresInARowAreTold() {
    var job = JobState(name: "x")
    job.policy.alertAfter = 3
    _ = job.run(.failed(exit: 1))
    _ = job.run(.ranOutOfTime)
    #expect(job.tell == nil && job.failures == 2)
    _ = job.run(.succeeded)
    #expect(job.failures == 0 && job.lastSuccess == job.lastStart)
    _ = job.run(.failed(exit: 1))
    _ = job.run(.notStarted)
    #expect(job.tell == nil)
    let third = job.run(.unseen)
    #expect(job.tell == .init(what: .failed, run: third))
    let fourth = job.run(.killed(signal: 9))
    #expect(job.tell == .init(what: .failed, run: fourth), "the last of them is what is told")
    _ = job.run(.succeeded)
    #expect(job.tell == nil, "it is mended before anybody was told")
    job.policy.alertAfter = 0
    for _ in 0..<5 { _ = job.run(.failed(exit: 1)) }
    #expect(job.tell == nil)
  }

  @Test func whatAPersonEndsOrTakesAwayIsNoFailure() {
    var job = JobState(name: "x")
    _ = job.run(.failed(exit: 1))
    job.tell = nil
    _ = job.run(.stopped(signal: 2))
    _ = job.run(.cancelled)
    #expect(job.failures == 1 && job.tell == nil && job.lastSuccess == nil)
    _ = job.run(.stopped(signal: 15))
    #expect(job.failures == 2 && job.tell != nil, "a machine that goes down has ended it")
  }

  @Test func tenFailuresInARowDisableIt() throws {
    var job = JobState(name: "x")
    for _ in 0..<9 { _ = job.run(.failed(exit: 1)) }
    #expect(job.disabled == nil)
    let tenth = job.run(.failed(exit: 1))
    #expect(job.disabled?.why == "after 10 failures in a row" && job.tell == .init(what: .disabled, run: tenth))
    let time = try #require(job.disabled?.time)
    _ = job.run(.failed(exit: 1))
    #expect(job.tell == .init(what: .disabled, run: tenth) && job.disabled?.time == time, "and it stays to be told")
    var never = JobState(name: "y")
    never.policy.disableAfter = 0
    for _ in 0..<30 { _ = never.run(.failed(exit: 1)) }
    #expect(never.disabled == nil && never.failures == 30)
  }

  @Test func whatCouldNotBeHandedOverIsToldThoughTheRunWentWell() {
    var job = JobState(name: "x")
    let id = EntryID.make(slug: nil)
    job.begin(id, at: noon, nil)
    job.end(id, .succeeded, at: noon, (.failed("no such person"), [], true))
    #expect(job.tell == .init(what: .undelivered, run: id) && job.failures == 0 && job.lastSuccess == noon)
    let other = EntryID.make(slug: nil)
    job.tell = nil
    job.begin(other, at: noon, nil)
    job.end(other, .succeeded, at: noon, (.failed("a dead letter, told of by itself"), [id], false))
    #expect(job.tell == nil)
  }
}

@Suite struct JobPolicyTests {
  @Test func whatIsNotSaidStays() {
    var policy = JobPolicy(expectEvery: .seconds(60), alertAfter: 2)
    policy.take(JobPolicy(alertAfter: 0, disableAfter: 3))
    #expect(policy == JobPolicy(expectEvery: .seconds(60), alertAfter: 0, disableAfter: 3))
  }

  @Test func oneIsToldOnceInACoolDown() {
    let policy = JobPolicy(coolDown: .seconds(60))
    #expect(policy.mayTell(since: nil, now: noon))
    #expect(!policy.mayTell(since: noon, now: noon + .seconds(59)))
    #expect(policy.mayTell(since: noon, now: noon + .seconds(60)))
    #expect(policy.mayTell(since: noon + .seconds(5), now: noon), "the clock was set back")
    #expect(!JobPolicy().mayTell(since: noon, now: noon + .seconds(3599)))
    #expect(JobPolicy().mayTell(since: noon, now: noon + .seconds(3600)))
  }
}

@Suite struct ExecutionTests {
  static let all: [Execution] = [
    .succeeded, .failed(exit: 3), .ranOutOfTime, .killed(signal: 9), .stopped(signal: 15), .notStarted, .unseen,
    .cancelled,
  ]

  @Test(arguments: all) func itIsReadBackByItsWord(_ execution: Execution) {
    #expect(Execution(word: execution.word, exit: execution.exit) == execution)
  }

  @Test(arguments: all.filter { $0 != .succeeded }) func itIsReadBackFromALog(_ execution: Execution) {
    #expect(Execution(reason: "\(execution.spoken) after 3 s; delivery: failed, exit 7") == execution)
  }

  @Test(arguments: ["its worker vm.4530 died", "killed before it began: a job is run by its schedule", "", "exit"])
  func whatNobodySawIsSaidSo(_ reason: String) { #expect(Execution(reason: reason) == .unseen) }

  @Test func itIsWhatTheChildSays() {
    var outcome = Child.Outcome(end: .exited(0))
    #expect(Execution(outcome) == .succeeded)
    outcome.stoppedBy = 15
    #expect(Execution(outcome) == .stopped(signal: 15))
    outcome.timedOut = true
    #expect(Execution(outcome) == .ranOutOfTime)
    #expect(Execution(Child.Outcome(end: .exited(75))) == .failed(exit: 75))
    #expect(Execution(Child.Outcome(end: .killed(11))) == .killed(signal: 11))
  }
}

@Suite struct JobDeliveryTests {
  @Test(arguments: [
    JobDelivery.delivered, .silent, .notRequested, .failed("a, b"), .unknown("pending"), .failed(""),
  ]) func itIsReadBack(_ delivery: JobDelivery) { #expect(JobDelivery(delivery.description) == delivery) }

  @Test(arguments: ["", " \n", "HEARTBEAT_OK", "\n HEARTBEAT_OK \n\n", "NO_REPLY\n"])
  func itSaysNothing(_ output: String) { #expect(JobRun.isSilent(Array(output.utf8))) }

  @Test(arguments: ["HEARTBEAT_OK but the disk is full", "heartbeat_ok", "NO_REPLY HEARTBEAT_OK", "x"])
  func itSaysSomething(_ output: String) { #expect(!JobRun.isSilent(Array(output.utf8))) }

  @Test func ofSeveralTheWorstCounts() throws {
    let scratch = Scratch()
    let spool = try scratch.spool(queues: ["jobs", "deliveries"]).0
    let deliveries = try spool.queue("deliveries")
    let sent = JobSent(run: EntryID.make(slug: nil), in: spool)
    func now() throws -> JobDelivery { try sent.summary().delivery }
    func deliver() throws -> Claim {
      let id = try deliveries.publish(Draft(body: []))
      sent.note(.handedOver(id))
      guard case .claimed(let claim) = try deliveries.claim(id) else { throw Failure(.software, "claim", "none") }
      return claim
    }
    #expect(try now() == .notRequested)
    sent.note(.silent)
    #expect(try now() == .silent)
    sent.note(.to("me"))
    #expect(try now() == .unknown("killed while it was handed over"))
    let first = try deliver()
    #expect(try now() == .unknown("pending"))
    try first.markInDoubt()
    #expect(try now() == .unknown("in doubt"))
    try first.finish()
    #expect(try now() == .delivered)
    sent.note(.to("me"))
    let second = try deliver()
    #expect(try now() == .unknown("pending"))
    try second.fail("nobody lives there")
    #expect(try now() == .failed("nobody lives there"))
    sent.note(.to("me"))
    sent.note(.refused("the disk is nearly full"))
    #expect(try now() == .failed("nobody lives there") && sent.summary().wasRefused && sent.summary().ids.count == 2)
  }

  @Test func onlyTheRunOfThisSpoolIsOurs() throws {
    let scratch = Scratch()
    let spool = try scratch.spool(queues: ["jobs"]).0
    let run = EntryID.make(slug: "x").description
    #expect(JobSent(of: [JobRun.runVariable: run, "SPOOL_DIR": spool.path], in: spool)?.run.description == run)
    #expect(JobSent(of: [JobRun.runVariable: run, "SPOOL_DIR": "/elsewhere"], in: spool) == nil)
    #expect(JobSent(of: [JobRun.runVariable: "../x", "SPOOL_DIR": spool.path], in: spool) == nil)
    #expect(JobSent(of: [:], in: spool) == nil)
  }

  @Test func whatWasSentIsForgottenWithItsRecord() throws {
    let scratch = Scratch()
    let spool = try scratch.spool(queues: ["jobs"]).0
    let old = try EntryID("20200101T000000.000000Z-bcdfgh-x")
    for id in [old, EntryID.make(slug: nil)] { JobSent(run: id, in: spool).note(.silent) }
    try JobSent.removeOld(in: spool.queue("jobs"))
    #expect(try JobSent(run: old, in: spool).notes().isEmpty)
    #expect(try Directory("sent", in: spool.queue("jobs").directory).names().count == 1)
  }
}
