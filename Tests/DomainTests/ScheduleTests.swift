import Spool
import Testing

@testable import Schedule

private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

private func entry(_ line: String, settings: String = "") throws -> CrontabEntry {
  try #require(Crontab(Array("\(settings)\n\(line) x\n".utf8)).entries.first)
}

/// One after another: the C library has one zone at a time, for the whole process.
@Suite(.serialized) enum ScheduleTests {}

/// The next times, over the changes of a zone. (Tests/schedule compares thousands with another library and with Debian's own loop.)
extension ScheduleTests {
  @Suite final class NextTimeTests {
    deinit { _ = Zone.local.offset(at: 0) }

    @Test(arguments: [
      // Summer time begins: what is leapt over runs at its end, once; a wildcard goes by the new time.
      (
        "Europe/Berlin", "30 2 * * *", "2027-03-27T12:00:00Z",
        ["2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"]
      ),
      (
        "Europe/Berlin", "0,30 2,3 * * *", "2027-03-28T00:59:59Z",
        ["2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"]
      ),
      (
        "Europe/Berlin", "*/30 2 * * *", "2027-03-27T12:00:00Z",
        ["2027-03-29T02:00:00+02:00", "2027-03-29T02:30:00+02:00"]
      ),
      // It ends: once and twice.
      (
        "Europe/Berlin", "30 2 * * *", "2027-10-30T12:00:00Z",
        ["2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00"]
      ),
      (
        "Europe/Berlin", "*/40 2 * * *", "2027-10-30T23:59:59Z",
        [
          "2027-10-31T02:00:00+02:00", "2027-10-31T02:40:00+02:00", "2027-10-31T02:00:00+01:00",
          "2027-10-31T02:40:00+01:00",
        ]
      ),
      (
        "Australia/Lord_Howe", "15 2 * * *", "2027-10-02T12:00:00Z",
        ["2027-10-03T02:30:00+11:00", "2027-10-04T02:15:00+11:00"]
      ),
      (
        "Australia/Lord_Howe", "45 1 * * *", "2027-04-03T12:00:00Z",
        ["2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"]
      ),
      (
        "Antarctica/Troll", "30 2 * * *", "2027-03-27T12:00:00Z",
        ["2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"]
      ),
      // A day that never was is a correction: nothing of it is made up for.
      ("Pacific/Apia", "0 12 30 12 *", "2011-12-29T00:00:00Z", ["2012-12-30T12:00:00+14:00"]),
      // At once, however seldom.
      ("UTC", "0 0 29 2 *", "2096-03-01T00:00:00Z", ["2104-02-29T00:00:00+00:00"]),
      ("UTC", "0 0 29 2 */7", "2088-03-01T00:00:00Z", ["2128-02-29T00:00:00+00:00"]),
      ("UTC", "59 23 31 12 *", "2026-12-31T23:59:00Z", ["2027-12-31T23:59:00+00:00"]),
      ("UTC", "* * * * *", "2026-12-31T23:59:59.999Z", ["2027-01-01T00:00:00+00:00", "2027-01-01T00:01:00+00:00"]),
    ])
    func itIsDue(_ zone: String, _ fields: String, _ now: String, _ expected: [String]) throws {
      let entry = try entry(fields, settings: "CRON_TZ=\(zone)")
      #expect(entry.next(expected.count, after: time(now)) == expected)
    }

    @Test func aGridGoesOnFromItsBeginning() throws {
      #expect(
        try entry("@every 90m", settings: "CRON_TZ=Asia/Kathmandu").next(2, after: time("2026-11-26T00:00:00Z"))
          == ["2026-11-26T07:15:00+05:45", "2026-11-26T08:45:00+05:45"])
      let grid = Times.grid(since: time("2026-11-26T00:00:10Z"), every: .seconds(60))
      #expect(grid.next(after: time("2026-11-26T01:00:10Z")) == time("2026-11-26T01:01:10Z"))
      #expect(grid.next(after: time("2026-11-25T23:59:00Z")) == time("2026-11-25T23:59:10Z"))
    }

    @Test func whatIsNoMatterOfTheClockHasNoTimes() throws {
      #expect(try entry("@reboot").next(3, after: .now).isEmpty)
      #expect(try entry("@queue q").next(3, after: .now).isEmpty)
    }
  }

}

/// The clock as it is told to an entry: jumps both ways, sleep, and years without us.
extension ScheduleTests {
  @Suite final class CourseTests {
    deinit { _ = Zone.local.offset(at: 0) }

    private func course(_ fields: String, _ catchUp: String = "skip", dealtWith: String) throws -> Course {
      let entry = try entry(fields, settings: "CRON_TZ=UTC\nCATCH_UP=\(catchUp)")
      return Course(
        try #require(entry.times(since: time(dealtWith))), catchUp: entry.catchUp, dealtWith: time(dealtWith))
    }

    /// Reads the clock each minute from one time to another; the times for which it ran.
    private func watch(_ course: inout Course, _ from: String, to end: String) -> [String] {
      var (at, ran) = (time(from), [String]())
      while at <= time(end) {
        if let run = course.advance(to: at).run { ran.append(String(run.rfc3339Seconds.dropFirst(11).prefix(5))) }
        at = at + .seconds(60)
      }
      return ran
    }

    @Test func eachTimeIsDueOnce() throws {
      var course = try course("0,30 7 * * *", dealtWith: "2026-11-26T06:00:00Z")
      #expect(watch(&course, "2026-11-26T06:00:20Z", to: "2026-11-26T09:00:00Z") == ["07:00", "07:30"])
    }

    @Test func upToFiveMinutesLateIsOnTime() throws {
      for fields in ["0 7 * * *", "* * * * *"] {
        var course = try course(fields, dealtWith: "2026-11-26T06:59:00Z")
        _ = course.advance(to: time("2026-11-26T06:59:30Z"))
        let due = course.advance(to: time("2026-11-26T07:04:20Z"))
        #expect(due.run != nil && due.missed == 0)
      }
    }

    @Test func setForwardByLessThanThreeHoursAFixedTimeRunsAndAWildcardGoesByTheNewTime() throws {
      var fixed = try course("15,45 8 * * *", dealtWith: "2026-11-26T06:00:00Z")
      _ = fixed.advance(to: time("2026-11-26T07:00:00Z"))
      // One run for both.
      #expect(fixed.advance(to: time("2026-11-26T09:10:00Z")) == Course.Due(run: time("2026-11-26T08:45:00Z")))
      var wildcard = try course("*/15 8 * * *", dealtWith: "2026-11-26T07:00:00Z")
      _ = wildcard.advance(to: time("2026-11-26T07:00:00Z"))
      let due = wildcard.advance(to: time("2026-11-26T09:10:00Z"))
      #expect(due.run == nil && due.missed == 4)
      var minutely = try course("* * * * *", dealtWith: "2026-11-26T07:00:00Z")
      _ = minutely.advance(to: time("2026-11-26T07:00:30Z"))
      #expect(minutely.advance(to: time("2026-11-26T09:10:40Z")).run == time("2026-11-26T09:10:00Z"))
    }

    @Test func afterSixHoursOfSleepThePolicySays() throws {
      func slept(_ fields: String, _ catchUp: String) throws -> Course.Due {
        var course = try course(fields, catchUp, dealtWith: "2026-11-26T01:00:00Z")
        _ = course.advance(to: time("2026-11-26T02:00:30Z"))
        return course.advance(to: time("2026-11-26T08:00:30Z"))
      }
      let skipped = try slept("0 3,7 * * *", "skip")
      #expect(skipped.run == nil && skipped.missed == 2 && skipped.lastMissed == time("2026-11-26T07:00:00Z"))
      #expect(try slept("0 3,7 * * *", "once") == Course.Due(run: time("2026-11-26T07:00:00Z")))
      #expect(try slept("0 3,7 * * *", "once 2h") == Course.Due(run: time("2026-11-26T07:00:00Z")))
      #expect(try slept("0 3,7 * * *", "once 30m").missed == 2)
      // What is due as it wakes is not missed.
      #expect(
        try slept("0 3,8 * * *", "skip")
          == Course.Due(run: time("2026-11-26T08:00:00Z"), missed: 1, lastMissed: time("2026-11-26T03:00:00Z")))
      #expect(try slept("0 3,8 * * *", "once") == Course.Due(run: time("2026-11-26T08:00:00Z")))
      #expect(try slept("0 12 * * *", "once") == Course.Due())
    }

    @Test func withAllEachHasItsTurnOldestFirst() throws {
      var course = try course("0 * * * *", "all 4h", dealtWith: "2026-11-26T01:00:00Z")
      var done = course.checked
      let now = time("2026-11-26T08:00:30Z")
      #expect(course.advance(to: now) == Course.Due())
      let first = course.turn(after: &done, now: now)
      // 02:00, 03:00 and 04:00 are older than four hours.
      #expect(first.time == time("2026-11-26T05:00:00Z") && first.tooOld == 3)
      var turns: [Timestamp] = []
      while let next = course.turn(after: &done, now: now).time {
        turns.append(next)
        done = next
      }
      #expect(turns.map(\.rfc3339Seconds) == (5...8).map { "2026-11-26T0\($0):00:00Z" })
    }

    @Test func afterAStartWhatWasMissedLongAgoIsMissed() throws {
      var course = try course("0 7 * * *", dealtWith: "2026-11-20T07:00:00Z")
      #expect(course.advance(to: time("2026-11-26T08:00:00Z")).missed == 6)
      var quick = try self.course("0 7 * * *", dealtWith: "2026-11-25T07:00:00Z")
      // A restart within five minutes loses nothing.
      #expect(quick.advance(to: time("2026-11-26T07:04:00Z")).run == time("2026-11-26T07:00:00Z"))
      var years = try self.course("* * * * *", "once", dealtWith: "2006-11-26T00:00:00Z")
      #expect(years.advance(to: time("2026-11-26T07:04:59Z")).run == time("2026-11-26T07:04:00Z"))
    }

    @Test func setBackByLessThanThreeHoursAFixedTimeIsNotRepeatedAndAWildcardIs() throws {
      var fixed = try course("0,30 7 * * *", dealtWith: "2026-11-26T06:00:00Z")
      var wildcard = try course("*/30 7 * * *", dealtWith: "2026-11-26T06:00:00Z")
      #expect(watch(&fixed, "2026-11-26T06:00:20Z", to: "2026-11-26T07:10:20Z") == ["07:00"])
      #expect(watch(&wildcard, "2026-11-26T06:00:20Z", to: "2026-11-26T07:10:20Z") == ["07:00"])
      #expect(watch(&fixed, "2026-11-26T06:10:20Z", to: "2026-11-26T07:40:20Z") == ["07:30"])
      #expect(watch(&wildcard, "2026-11-26T06:10:20Z", to: "2026-11-26T07:40:20Z") == ["07:00", "07:30"])
    }

    @Test func setBackByMoreIsACorrection() throws {
      var fixed = try course("0 7 * * *", dealtWith: "2026-11-26T06:00:00Z")
      #expect(watch(&fixed, "2026-11-26T06:00:20Z", to: "2026-11-26T12:00:20Z") == ["07:00"])
      #expect(watch(&fixed, "2026-11-26T07:00:20Z", to: "2026-11-26T08:00:20Z") == ["07:00"])
    }

    @Test func aSecondBackIsNothing() throws {
      var course = try course("* * * * *", dealtWith: "2026-11-26T06:59:30Z")
      #expect(course.advance(to: time("2026-11-26T07:00:00Z")).run == time("2026-11-26T07:00:00Z"))
      #expect(course.advance(to: time("2026-11-26T06:59:59.5Z")) == Course.Due())
      #expect(course.advance(to: time("2026-11-26T07:00:30Z")) == Course.Due())
      #expect(course.advance(to: time("2026-11-26T07:01:00Z")).run == time("2026-11-26T07:01:00Z"))
    }
  }
}
