import Deliveries
import Foundation
import Glibc
import Roster
import Support
import Testing

@testable import Calls
@testable import Health
@testable import Spool
@testable import Work

/// What heartbeat-guard tells, and what it keeps to itself.
@Suite struct HeartbeatGuardTests {
  private let scratch = Scratch()
  private let spool: SpoolDirectory
  /// At noon by the wall's clock, so that a day is not over in the middle of a test.
  private let noon: Timestamp

  init() throws {
    spool = try scratch.spool().0
    scratch.write("spool/people/me", "File: /tmp/inbox\n")
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    (parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_isdst) = (12, 0, 0, -1)
    noon = Timestamp(seconds: Int64(mktime(&parts)))
  }

  private func look(_ later: Duration) -> Look { Look(spool, now: noon + later) }

  private func run(_ later: Duration = .zero) throws -> HeartbeatGuard.Finding {
    var found = HeartbeatGuard.Finding()
    // A stamp of the tick, so that nothing is wrong but what the test does.
    scratch.write("spool/heartbeats/tick", "")
    try spool.directory("heartbeats").open("tick")!.setModified(noon + later)
    try HeartbeatGuard(look(later), waking: "main").run { found = $0 }
    found.told.removeAll { $0.rule == "disk" }
    return found
  }

  /// A trouble that lasts: the rule of settings has a signal for it, with its own key.
  private func trouble(_ name: String) { scratch.write("spool/agents/\(name).md", "Nonsense\n\nWho\n") }

  @Test func theSameSignalIsToldOnceInADay() throws {
    #expect(try run().told.isEmpty)
    trouble("a")
    #expect(try run().told.count == 1)
    #expect(try run(.seconds(60)).told.isEmpty)
    #expect(try run(.seconds(60)).held.map(\.why).joined().hasPrefix("told at "))
    trouble("b")
    #expect(try run(.seconds(120)).told.map(\.what).joined().contains("b.md"))
    #expect(try run(.seconds(86300)).told.isEmpty)
    #expect(try run(.seconds(86400)).told.map(\.what).joined().contains("a.md"))
  }

  @Test func whatIsGoneAndComesBackIsNoNewsWithinTheDay() throws {
    trouble("a")
    _ = try run()
    scratch.write("spool/agents/a.md", "Model: haiku\n\nWho\n")
    #expect(try run(.seconds(60)).held.isEmpty)
    trouble("a")
    #expect(try run(.seconds(120)).told.isEmpty)
    #expect(try run(.seconds(90000)).told.count == 1)
  }

  @Test func inQuietHoursNothingIsToldAndItComesBehindThem() throws {
    scratch.write("spool/config", "Quiet-Hours: 12:00-13:00\n")
    trouble("a")
    #expect(try run().told.isEmpty)
    #expect(try run().held.map(\.why).joined() == "quiet hours (12:00-13:00)")
    #expect(try run(.seconds(3600)).told.count == 1)
  }

  @Test func moreThanItMayADayItWakesNobody() throws {
    scratch.write("spool/config", "Wake-Ups: 2\n")
    for (number, name) in ["a", "b", "c"].enumerated() {
      trouble(name)
      #expect(try run(.seconds(number)).told.count == (number < 2 ? 1 : 0))
    }
    #expect(try run(.seconds(10)).held.map(\.why).last?.hasPrefix("woken 2 times today") == true)
    // The next day is another one, and what was held is told.
    #expect(try run(.seconds(13 * 3600)).told.map(\.what).joined().contains("c.md"))
  }

  @Test func whoWouldOnlyFailAgainIsNotWoken() throws {
    let queue = try spool.queue("calls-main", making: true)
    var state = BreakerState(kind: .notLoggedIn, why: "please run /login")
    (state.failures, state.sameKind) = (3, 3)
    try state.write(in: queue)
    trouble("a")
    #expect(try run().told.isEmpty)
    #expect(try run().held.map(\.why).joined().contains("please run /login"))
    try queue.directory.unlink("breaker")
    #expect(try run().told.count == 1)
  }

  @Test func whatCannotBeNotedWasToldAllTheSame() throws {
    trouble("a")
    _ = try run()
    scratch.write("spool/health/guard", "torn")
    #expect(try run(.seconds(60)).told.count == 1)
  }

  @Test func aClockThatWasWrongSilencesNothing() throws {
    trouble("a")
    _ = try run(.seconds(7200))
    #expect(try run().told.count == 1)
  }

  @Test func whatAPersonMustKnowIsDeliveredOnceForEachTime() throws {
    scratch.write("spool/people/me", "File: \(scratch.path)/inbox\n")
    let courier = Courier(spool: spool, installedChannels: nil, executable: nil)
    func commit(_ later: Duration) throws -> Int {
      // Whether the test's own disk is nearly full is not its business.
      try HealthAlerts(look(later)).commit(courier, of: HealthAlerts.rules.filter { $0.name != "disk" })
    }
    try Heartbeat("relay").stamp(in: spool)
    try spool.directory("heartbeats").open("relay")!.setModified(noon)
    #expect(try commit(.seconds(350)) == 0)
    #expect(try commit(.seconds(370)) == 1)
    #expect(try commit(.seconds(9000)) == 0)
    try spool.directory("heartbeats").open("relay")!.setModified(noon + .seconds(10000))
    #expect(try commit(.seconds(10100)) == 0)
    #expect(try commit(.seconds(20000)) == 1)
  }
}

@Suite struct AwakeningTests {
  @Test func afterASleepSignsOfLifeAreJudgedAMomentLater() throws {
    let scratch = Scratch()
    let spool = try scratch.spool().0
    let now = Timestamp.now
    #expect(!Awakening.isRecent(spool, at: now))
    #expect(!Awakening.isRecent(spool, at: now + .seconds(60)))
    #expect(Awakening.isRecent(spool, afterGap: true, at: now + .seconds(10000)))
    #expect(Awakening.isRecent(spool, at: now + .seconds(10170)))
    #expect(!Awakening.isRecent(spool, at: now + .seconds(10180)))
    // Another boot than the one that is noted, or another sum of sleep.
    scratch.write("spool/health/awake", "another 0\n")
    #expect(Awakening.isRecent(spool, at: now + .seconds(20000)))
    #expect(!Awakening.isRecent(spool, at: now + .seconds(20180)))
    let boot = scratch.read("spool/health/awake").split(separator: " ")[0]
    scratch.write("spool/health/awake", "\(boot) 99999\n")
    #expect(Awakening.isRecent(spool, at: now + .seconds(30000)))
  }
}

@Suite struct HeartbeatTests {
  private let scratch = Scratch()
  private let spool: SpoolDirectory
  init() throws { spool = try scratch.spool().0 }

  @Test(arguments: [(0, "green"), (300, "green"), (301, "amber"), (360, "amber"), (361, "red"), (-400, "red")])
  func aBeatIsGreenThenAmberThenRed(_ age: Int, _ word: String) throws {
    var beat = try Heartbeat("x")
    beat.last = .now
    #expect(beat.liveness(at: beat.last + .seconds(age)).rawValue == word)
  }

  @Test(arguments: ["", "tick", "tick-daily", "Main", "a/b", "-a", "a.b", ".a"])
  func whatIsNoNameIsRefused(_ name: String) { #expect(throws: Failure.self) { try Heartbeat(name) } }

  @Test func whatWasStampedIsRead() throws {
    let beat = try Heartbeat("relay", interval: .seconds(90), grace: .seconds(7))
    try beat.stamp(in: spool)
    #expect(scratch.read("spool/heartbeats/relay") == "Interval: 90s\nGrace: 7s\n")
    let read = try Heartbeat.read("relay", in: spool)
    #expect(read?.interval == .seconds(90) && read?.grace == .seconds(7) && read?.process == nil)
    #expect(try Heartbeat.all(in: spool).map(\.name) == ["relay"])
  }

  @Test func aFileOfAnotherKindIsNoHeartbeatAndIsNotOverwritten() throws {
    scratch.write("spool/heartbeats/telegram-4711", "")
    #expect(throws: Failure.self) { try Heartbeat("telegram-4711").stamp(in: spool) }
    try Heartbeat.remove("telegram-4711", in: spool)
    #expect(scratch.names("spool/heartbeats") == ["telegram-4711"])
  }

  @Test func aPulseTakesItsOwnFileAwayAndNobodyElses() throws {
    let pulse = try Pulse("deliver", in: spool)
    #expect(try Heartbeat.read("deliver", in: spool)?.process == getpid())
    pulse.end()
    #expect(scratch.names("spool/heartbeats").isEmpty)
    let other = try Pulse("deliver", in: spool)
    scratch.write("spool/heartbeats/deliver", "Interval: 300s\nGrace: 60s\nPid: 1\n")
    other.end()
    #expect(scratch.names("spool/heartbeats") == ["deliver"])
  }

  @Test(arguments: [
    ("22:00-07:00", [1320, 0, 419], [420, 1319]), ("09:30-17:00", [570, 1019], [569, 1020]),
    ("0:00-24:00", nil, nil), ("22:00-22:00", nil, nil), ("22-7", nil, nil), ("24:00-07:00", nil, nil),
    ("12:00-24:00", [720, 1439], [719]), ("ab:cd-07:00", nil, nil), ("7:60-8:00", nil, nil),
  ])
  func quietHoursAreAPartOfTheDay(_ text: String, _ inside: [Int]?, _ outside: [Int]?) {
    let hours = QuietHours(text)
    #expect((hours == nil) == (inside == nil))
    for minute in inside ?? [] { #expect(hours!.contains(minute: minute)) }
    for minute in outside ?? [] { #expect(!hours!.contains(minute: minute)) }
  }
}
