import Foundation
import Glibc
import Roster
import Support
import Testing

@testable import Calls
@testable import Health
@testable import Jobs
@testable import Spool
@testable import Work

/// Each rule fires on what it is for, and keeps quiet on what is nearest to it.
@Suite struct RuleTests {
  private let scratch = Scratch()
  private let spool: SpoolDirectory

  init() throws {
    spool = try scratch.spool().0
    scratch.write("spool/people/me", "File: /tmp/inbox\n")
  }

  /// By default as if looked at now.
  private func look(later: Duration = .zero) -> Look { Look(spool, now: .now + later) }

  private func signals(_ rule: any Rule.Type, later: Duration = .zero) throws -> [Signal] {
    try rule.signals(look(later: later))
  }

  private func set(_ name: String, toAge age: Duration) throws {
    let parts = name.split(separator: "/").map(String.init)
    var directory = spool.root
    for part in parts.dropLast() { directory = try Directory(part, in: directory) }
    try directory.open(parts.last!)!.setModified(.now - age)
  }

  private func publish(_ queue: String, _ text: String = "x") throws -> EntryID {
    try spool.queue(queue, making: true).publish(Draft(body: Array(text.utf8)))
  }

  private func claim(_ id: EntryID, of queue: String) throws -> Claim {
    guard case .claimed(let claim) = try spool.queue(queue).claim(id) else {
      throw Failure(.software, "\(id)", "was not claimed")
    }
    return claim
  }

  // MARK: - The machine and who stays

  private func space(_ bytes: UInt64, _ inodes: UInt64 = 1_000_000) -> FileSystemSpace {
    FileSystemSpace(totalBytes: 100 << 30, freeBytes: bytes, totalInodes: 1_000_000, freeInodes: inodes)
  }

  @Test(arguments: [
    (1_100_000_000, 1_000_000, ""), (900_000_000, 1_000_000, "disk:low"), (400_000_000, 1_000_000, "disk:full"),
    (50_000_000_000, 15_000, "disk:low"), (50_000_000_000, 9_000, "disk:full"), (50_000_000_000, 21_000, ""),
  ])
  func aDiskThatFillsIsSeenBeforeItIsFull(_ bytes: Int, _ inodes: Int, _ key: String) {
    let found = DiskRule.signals(space(UInt64(bytes), UInt64(inodes)), of: "/spool")
    #expect(found.map(\.key) == (key.isEmpty ? [] : [key]))
  }

  @Test func aDiskWithoutACountOfInodesIsNotFullForThat() {
    let space = FileSystemSpace(totalBytes: 100 << 30, freeBytes: 50 << 30, totalInodes: 0, freeInodes: 0)
    #expect(DiskRule.signals(space, of: "/spool").isEmpty)
  }

  @Test func aCrontabThatTheSchedulerRefusesIsASignalUntilItIsMended() throws {
    #expect(try signals(CrontabRule.self).isEmpty)
    scratch.write(
      "spool/scheduler/faults", "nothing is run\n/s/crontab:3:1: a: expected b\n/s/crontab:4:1: c: expected d\n")
    let signal = try #require(signals(CrontabRule.self).first)
    #expect(signal.what.hasSuffix(": /s/crontab:3:1: a: expected b, and 1 more"))
    #expect(signal.key == "crontab:/s/crontab:3:1: a: expected b")
  }

  @Test func aTickThatIsLateIsASignalAfterSixMinutes() throws {
    #expect(try signals(TickRule.self).map(\.key) == ["tick:never"])
    scratch.write("spool/heartbeats/tick", "")
    #expect(try signals(TickRule.self, later: .seconds(350)).isEmpty)
    #expect(try TickRule.liveness(look(later: .seconds(200))) == .amber)
    #expect(try signals(TickRule.self, later: .seconds(370)).count == 1)
    let look = look(later: .seconds(370))
    look.isJustAwake = true
    #expect(try TickRule.signals(look).isEmpty)
  }

  @Test func whoGivesNoSignOfLifeIsMissedBehindIntervalAndGrace() throws {
    try Heartbeat("relay", interval: .seconds(100), grace: .seconds(20)).stamp(in: spool)
    // A lock, and a stamp of the tick: no heartbeats.
    scratch.write("spool/heartbeats/telegram-4711", "")
    scratch.write("spool/heartbeats/tick-daily", "the time of this file is when spool tick last did this\n")
    #expect(try signals(LivenessRule.self, later: .seconds(115)).isEmpty)
    let found = try signals(LivenessRule.self, later: .seconds(125))
    #expect(found.count == 1 && found[0].what.hasPrefix("relay has given no sign of life for 2 m"))
    // Another silence is news, the same is not.
    #expect(try signals(LivenessRule.self, later: .seconds(500)).map(\.key) == found.map(\.key))
    let look = look(later: .seconds(125))
    look.isJustAwake = true
    #expect(try LivenessRule.signals(look).isEmpty)
    try Heartbeat.remove("relay", in: spool)
    #expect(try signals(LivenessRule.self, later: .seconds(125)).isEmpty)
  }

  @Test func anAgentIsMissedOnlyWhereItsFileSaysThatItIsExpected() throws {
    scratch.write("spool/agents/ops.md", "Heartbeat: 300s, grace 60s\n\nOps\n")
    scratch.write("spool/agents/main.md", "Model: haiku\n\nMain\n")
    #expect(try signals(LivenessRule.self, later: .seconds(350)).isEmpty)
    #expect(try signals(LivenessRule.self, later: .seconds(370)).map(\.what).joined().contains("ops has given no sign"))
    try Heartbeat("ops").stamp(in: spool)
    #expect(try signals(LivenessRule.self, later: .seconds(350)).isEmpty)
    #expect(try signals(LivenessRule.self, later: .seconds(370)).count == 1)
  }

  @Test func settingsThatAreNotUnderstoodAreASignal() throws {
    scratch.write("spool/config", "Quiet-Hours: 22:00-07:00\nWake-Ups: 3\n")
    scratch.write("spool/agents/main.md", "Heartbeat: 5m\n\nMain\n")
    scratch.write("spool/people/me", "File: /tmp/inbox\n")
    #expect(try signals(SettingsRule.self).isEmpty)
    scratch.write("spool/config", "Quiet-Hours: 22:00-22:00\n")
    scratch.write("spool/agents/main.md", "Heartbeat: now and then\n\nMain\n")
    scratch.write("spool/people/me", "Order: telegram\n")
    let found = try signals(SettingsRule.self).map(\.what)
    #expect(found.count == 3 && found[0].contains("config:1") && found[1].contains("main.md:1"))
  }

  // MARK: - Agents

  private func fail(_ kind: CallFailure.Class, _ times: Int, opened: Bool = false) throws {
    let queue = try spool.queue("calls-main", making: true)
    var state = BreakerState(kind: kind, why: "no more")
    state.failures = times
    state.sameKind = times
    state.opened = opened ? .now : nil
    try state.write(in: queue)
  }

  @Test func anOpenBreakerIsASignal() throws {
    #expect(try signals(BreakerRule.self).isEmpty)
    try fail(.timeout, 4)
    #expect(try signals(BreakerRule.self).isEmpty)
    try fail(.timeout, 5, opened: true)
    #expect(try signals(BreakerRule.self).map(\.key) == ["breaker:main"])
  }

  @Test func aBudgetIsASignalFromNineTenthsOn() throws {
    scratch.write("spool/agents/main.md", "Budget: 2\n\nMain\n")
    let queue = try spool.queue("calls-main", making: true)
    #expect(try signals(BudgetRule.self).isEmpty)
    try Spending(queue).add(1.79)
    #expect(try signals(BudgetRule.self).isEmpty)
    try Spending(queue).add(0.02)
    #expect(try signals(BudgetRule.self).map(\.what) == ["main has spent $1.81 of the $2.00 that it may spend today"])
    #expect(try StopRule.signals(look()).isEmpty)
    try Spending(queue).add(0.2)
    #expect(try signals(BudgetRule.self).map { $0.key.hasSuffix(":spent") } == [true])
    #expect(try StopRule.signals(look()).map(\.key) == ["stop:main"])
  }

  @Test(arguments: [
    (CallFailure.Class.notLoggedIn, 3, true), (.budget, 3, true), (.notLoggedIn, 2, false), (.timeout, 9, false),
  ])
  func whoCannotAnswerIsNotWoken(_ kind: CallFailure.Class, _ times: Int, _ isStopped: Bool) throws {
    try fail(kind, times)
    #expect(try signals(StopRule.self).isEmpty != isStopped)
  }

  @Test func aFloodOfCallsIsASignalBeforeItIsRefused() throws {
    scratch.write("spool/agents/main.md", "Backlog: 10\n\nMain\n")
    for _ in 0..<7 { _ = try publish("calls-main") }
    #expect(try signals(BacklogRule.self).isEmpty)
    _ = try publish("calls-main")
    #expect(try signals(BacklogRule.self).map(\.key) == ["backlog:main"])
    for _ in 0..<2 { _ = try publish("calls-main") }
    #expect(try signals(BacklogRule.self).map(\.key) == ["backlog:main:full"])
  }

  // MARK: - Entries

  @Test func whatNobodyTakesUpIsASignalAfterAWhile() throws {
    let id = try publish("letters")
    _ = try publish("letters")
    #expect(try signals(OldestRule.self, later: .seconds(1700)).isEmpty)
    let found = try signals(OldestRule.self, later: .seconds(1900))
    #expect(found.map(\.key) == ["oldest:letters:\(id)"] && found[0].what.contains("2 entries are ready"))
    let impatient = look(later: .seconds(120))
    impatient.longestWait = .seconds(60)
    #expect(try OldestRule.signals(impatient).count == 1)
    // What lies beside it is no entry, and hides none.
    scratch.write("spool/letters/new/0", "")
    #expect(try signals(OldestRule.self, later: .seconds(1900)).map(\.key) == ["oldest:letters:\(id)"])
  }

  @Test func whatIsTriedAgainAndAgainIsASignalAfterAWhile() throws {
    let id = try publish("letters")
    try claim(id, of: "letters").retry("nobody there", attempts: 5, after: .seconds(60))
    #expect(try signals(WaitingRule.self, later: .seconds(1700)).isEmpty)
    let found = try signals(WaitingRule.self, later: .seconds(1900))
    #expect(found.map(\.key) == ["waiting:letters:\(id)"] && found[0].what.contains("nobody there"))
  }

  @Test func whatLiesInRunWithoutAWorkerIsASignal() throws {
    let claim = try claim(publish("letters"), of: "letters")
    try claim.setDeathTimer(.seconds(600))
    #expect(try signals(StuckRule.self, later: .seconds(590)).isEmpty)
    #expect(
      try signals(StuckRule.self, later: .seconds(900)).map { $0.what.contains("ought to have been over") } == [true])
    claim.file.unlock()
    #expect(try signals(StuckRule.self, later: .seconds(100)).isEmpty)
    #expect(try signals(StuckRule.self, later: .seconds(590)).map { $0.what.contains("nobody works on it") } == [true])
  }

  @Test func aRunMayGoOnForAsLongAsItMust() throws {
    let claim = try claim(publish("runs"), of: "runs")
    #expect(try signals(StuckRule.self, later: .seconds(86400)).isEmpty)
    claim.file.unlock()
    #expect(try signals(StuckRule.self, later: .seconds(86400)).count == 1)
  }

  @Test func whatHasFailedIsASignalAndWhatAPersonHasCancelledIsNone() throws {
    let first = try publish("letters")
    try spool.queue("letters").carryOut(.cancel, for: spool.queue("letters").locate(first)!, by: "me")
    #expect(try signals(FailedRule.self).isEmpty)
    let second = try publish("letters")
    try claim(second, of: "letters").fail("it cannot be")
    let found = try signals(FailedRule.self)
    #expect(found.map(\.key) == ["failed:letters:\(second)"])
    #expect(found[0].what.contains("1 entry has failed") && found[0].what.contains("it cannot be"))
    #expect(
      found[0].advice == "spool show \(second.short); then spool retry \(second.short) or spool cancel \(second.short)")
    scratch.write("spool/letters/bad/nonsense", "x")
    let bad = try signals(FailedRule.self).last
    #expect(bad?.key == "failed:letters:bad:nonsense")
    #expect(bad?.advice == "mend it and mv it to letters/drop/, or rm it")
  }

  @Test func whereAProgramWasLookedForStandsInTheLogOnly() throws {
    let places = Array(repeating: "/usr/local/somewhere/bin", count: 20).joined(separator: ", ")
    try claim(publish("letters"), of: "letters").fail("missing: claude was not found in \(places): install it")
    #expect(try signals(FailedRule.self)[0].what.hasSuffix(": missing: claude was not found: install it"))
  }

  @Test func whatIsHeldIsASignalUnlessItIsAQuestion() throws {
    try claim(publish("approvals"), of: "approvals").hold("asked")
    #expect(try signals(ParkedRule.self).isEmpty)
    let id = try publish("runs")
    try claim(id, of: "runs").hold("step b: exit 69")
    let found = try signals(ParkedRule.self)
    #expect(found.map(\.key) == ["parked:runs:\(id)"] && found[0].what.contains("step b: exit 69"))
  }

  @Test func anOpenRequestIsNoSignalBeforeItsDeadlineAndOneAfterIt() throws {
    let id = try publish("approvals")
    try claim(id, of: "approvals").hold("asked")
    try set("approvals/hold/\(id)", toAge: .seconds(-3600))
    #expect(try signals(ApprovalsRule.self, later: .seconds(3500)).isEmpty)
    // The minute's round is about to decide it.
    #expect(try signals(ApprovalsRule.self, later: .seconds(3660)).isEmpty)
    #expect(try signals(ApprovalsRule.self, later: .seconds(3900)).map(\.key) == ["approvals:\(id)"])
    // The proof says a later deadline than the file's time, and the later one counts.
    let header = Header([
      "Delivery": "\(id)", "Delivered": Timestamp.now.rfc3339, "Delivered-To": "file:/x",
      "Deadline": (Timestamp.now + .seconds(7200)).rfc3339,
    ])
    scratch.write("spool/approvals/log/\(id).proof", String(decoding: header.bytes, as: UTF8.self))
    #expect(try signals(ApprovalsRule.self, later: .seconds(3900)).isEmpty)
    #expect(try signals(ApprovalsRule.self, later: .seconds(7500)).count == 1)
  }

  @Test func aJobThatOughtToHaveSucceededIsASignal() throws {
    var job = JobState(name: "briefing")
    try job.write(to: spool)
    #expect(try signals(JobsRule.self, later: .seconds(1_000_000)).isEmpty)
    job.policy.expectEvery = .seconds(3600)
    try job.write(to: spool)
    #expect(try signals(JobsRule.self, later: .seconds(3600)).isEmpty)
    #expect(try signals(JobsRule.self, later: .seconds(5000)).map(\.what).joined().contains("has never succeeded"))
    job.disabled = .init(time: .now, why: "by hand")
    try job.write(to: spool)
    #expect(try signals(JobsRule.self, later: .seconds(5000)).isEmpty, "a person knows")
    job.disabled = .init(time: .now, why: "after 10 failures in a row")
    try job.write(to: spool)
    #expect(try signals(JobsRule.self).map(\.advice) == ["mend it, then: job briefing --enable"])
  }

  // MARK: - The memory, and what is kept

  private func days(_ count: Int) -> Duration { .seconds(count * 86400) }

  private func export(_ name: String, _ text: String) { scratch.write("spool/memory/files/\(name)", text) }

  @Test func activeProjectsOfWhichNothingWasHeardAreASignal() throws {
    #expect(try signals(ActiveRule.self).isEmpty)
    let now = Timestamp.now
    export("ACTIVE", "\((now - days(1)).rfc3339)\tthe shop\n\((now - days(9)).rfc3339)\tthe garden\n-\tundated\n")
    #expect(try signals(ActiveRule.self, later: days(5)).isEmpty)
    #expect(try signals(ActiveRule.self, later: days(7)).map { $0.what.hasSuffix("the last: the shop") } == [true])
    export("ACTIVE", "")
    #expect(try signals(ActiveRule.self, later: days(30)).isEmpty)
  }

  @Test func aFileThatIsOlderThanTheIndexAllowsIsASignal() throws {
    let now = Timestamp.now
    func entry(_ path: String, _ age: Int, _ limit: Int) -> String {
      "{\"max-age\":\(limit),\"path\":\"\(path)\",\"updated\":\"\((now - .seconds(age)).rfc3339)\"}"
    }
    export("index.json", "{\"entries\":[\(entry("a", 50, 100)),{\"path\":\"b\",\"max-age\":1}]}")
    #expect(try signals(IndexRule.self).isEmpty)
    export("index.json", "{\"entries\":[\(entry("a", 50, 10)),\(entry("b", 500, 10)),\(entry("c", 1, 10))]}")
    let found = try signals(IndexRule.self)
    #expect(found.count == 1 && found[0].what.hasPrefix("2 files of the memory are stale, a for 40 s"))
    export("index.json", "[]")
    #expect(try Rules.signals(look(), of: [IndexRule.self]).map(\.what).joined().contains("cannot look"))
  }

  @Test func recordsThatOughtToBeGoneAreASignal() throws {
    let queue = try spool.queue("letters", making: true)
    try claim(publish("letters"), of: "letters").finish()
    #expect(try signals(LogRule.self, later: days(31)).isEmpty)
    #expect(try signals(LogRule.self, later: days(33)).map(\.key) == ["log:letters"])
    try queue.forgetAll(in: .done)
    // What has failed is kept until somebody sees to it, and a key is known for longer.
    try claim(publish("letters"), of: "letters").fail("no")
    let keyed = try queue.publish(Draft(body: []), key: "k").id
    try claim(keyed, of: "letters").finish()
    #expect(try signals(LogRule.self, later: days(91)).isEmpty)
    #expect(try signals(LogRule.self, later: days(93)).count == 1)
  }

  @Test func everyRuleIsQuietInANewSpoolWithItsTick() throws {
    scratch.write("spool/heartbeats/tick", "")
    #expect(try Rules.signals(look(), of: Rules.all.filter { $0.name != "disk" }).isEmpty)
    #expect(Set(Rules.all.map { $0.name }).count == Rules.all.count)
  }
}

extension Queue {
  fileprivate func forgetAll(in room: Room) throws {
    for name in try self[room].names() { try self[room].unlink(name) }
  }
}
