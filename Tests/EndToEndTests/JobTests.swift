import Foundation
import Support
import Testing

@Suite(.timeLimit(.minutes(2))) struct JobTests {
  @Test func aRunIsRecordedAndItsOutputPassedOn() throws {
    let scratch = Scratch()
    let ran = try scratch.run("job", ["hello", "--", "sh", "-c", "echo out; echo err >&2"])
    #expect(ran.status == 0 && ran.output == "out\n" && ran.error == "err\n")
    let record = scratch.read("spool/jobs/re/\(scratch.names("spool/jobs/re")[0])")
    #expect(record.contains("Exit: 0\n") && record.contains("Started: ") && record.hasSuffix("\n\nout\n"))
    let failed = try scratch.run("job", ["bad", "--", "sh", "-c", "exit 3"])
    #expect(failed.status == 3 && failed.error.contains("exit 3"))
    #expect(scratch.names("spool/jobs/fail").count == 1)
    #expect(try scratch.run("job", ["slow", "--timeout", "300ms", "--", "sleep", "100"]).status == 124)
    #expect(try scratch.run("job", ["x", "--", "no-such-program"]).status == 69)
    #expect(try scratch.run("job", ["../x", "--", "true"]).status == 64)
  }

  @Test func twoRunsOfOneJobNeverOverlap() throws {
    let scratch = Scratch()
    let fifo = "\(scratch.path)/go"
    mkfifo(fifo, 0o600)
    let first = try scratch.start("job", ["one", "--", "sh", "-c", "echo > \(fifo); read x < \(fifo)"])
    Gate.wait(fifo)
    let second = try scratch.run("job", ["one", "--", "true"])
    #expect(second.status == 75 && second.error.contains("its last run goes on since"))
    #expect(try scratch.run("job", ["two", "--", "true"]).status == 0)
    Gate.open(fifo)
    #expect(first.finish().status == 0)
  }

  @Test func aKilledRunIsOnRecordAndNotRepeated() throws {
    let scratch = Scratch()
    let ran = try scratch.run("job", ["one", "--", "sh", "-c", "kill -9 $PPID; echo x >> \(scratch.path)/ran"])
    #expect(ran.status == 137)
    try scratch.run("spool", ["tick"])
    #expect(scratch.names("spool/jobs/fail").count == 1 && scratch.names("spool/jobs/wait").isEmpty)
    #expect(try scratch.run("spool", ["ls", "jobs"]).output.contains("died"))
    #expect(try scratch.run("job", ["one", "--", "true"]).status == 0)
  }

  @Test func aJobThatDidNotRunIsToldOfOnce() throws {
    let scratch = Scratch()
    #expect(try scratch.run("job", ["backup", "--expect-every", "1d"]).status == 0)
    #expect(try scratch.run("spool", ["tick"]).status == 0)
    #expect(scratch.read("inbox").isEmpty)
    let tomorrow = ISO8601DateFormatter().string(from: Date().addingTimeInterval(30 * 3600))
    for _ in 0..<3 { try scratch.run("spool", ["tick"], environment: ["SPOOL_NOW": tomorrow]) }
    #expect(scratch.read("inbox").components(separatedBy: "job backup is overdue").count == 2)
    #expect(scratch.read("inbox").contains("Last success: never."))
    let dayAfter = ISO8601DateFormatter().string(from: Date().addingTimeInterval(54 * 3600))
    try scratch.run("spool", ["tick"], environment: ["SPOOL_NOW": dayAfter])
    #expect(
      scratch.read("inbox").components(separatedBy: "job backup is overdue").count == 3,
      "once for each time that is missed")
  }

  @Test func aJobThatFailsIsOverdueToo() throws {
    let scratch = Scratch()
    try scratch.run("job", ["b", "--expect-every", "1h", "--", "false"])
    let later = ISO8601DateFormatter().string(from: Date().addingTimeInterval(2 * 3600))
    try scratch.run("spool", ["tick"], environment: ["SPOOL_NOW": later])
    #expect(scratch.read("inbox").contains("It ended with exit 1."))
  }
}

@Suite(.timeLimit(.minutes(2))) struct BriefingTests {
  private func briefing(
    _ scratch: Scratch, _ behaviour: String?, calendar: String = "\(Scratch.sources)/cron/sample.ics"
  ) throws -> Ran {
    try scratch.run(
      "/bin/dash", ["\(Scratch.sources)/cron/briefing.sh", calendar],
      environment: behaviour.map { ["STANDIN_CLAUDE": $0] } ?? [:],
      standIns: behaviour != nil)
  }

  @Test(arguments: ["good=Good morning", "is-error", "empty-result", "garbage", "rate-limit", nil])
  func itArrivesWhateverTheModelDoesAndOnceADay(_ behaviour: String?) throws {
    let scratch = Scratch()
    let ran = try briefing(scratch, behaviour)
    #expect(ran.status == 0)
    let inbox = scratch.read("inbox")
    #expect(
      inbox.contains(
        behaviour == "good=Good morning" ? "Good morning" : behaviour == "empty-result" ? "Hello" : "Stand-up"))
    #expect(try briefing(scratch, behaviour).status == 0)
    #expect(scratch.read("inbox") == inbox)
  }

  @Test func aHangingModelDelaysItByNoMoreThanItsTime() throws {
    let scratch = Scratch()
    let ran = try scratch.run(
      "/bin/dash", ["\(Scratch.sources)/cron/briefing.sh", "\(Scratch.sources)/cron/sample.ics"],
      environment: ["STANDIN_CLAUDE": "hang", "BRIEFING_TIMEOUT": "2s"])
    #expect(ran.status == 0 && scratch.read("inbox").contains("Stand-up") && ran.error.contains("(timeout, "))
  }

  @Test func aCalendarThatCannotBeReadIsSaid() throws {
    let scratch = Scratch()
    scratch.write("broken.ics", "this is no calendar\n")
    for calendar in ["\(scratch.path)/missing.ics", "\(scratch.path)/broken.ics"] {
      let one = Scratch()
      #expect(try briefing(one, "good", calendar: calendar).status == 0)
      #expect(one.read("inbox").contains("The calendar could not be read: agenda.sh: \(calendar)"))
    }
  }
}
