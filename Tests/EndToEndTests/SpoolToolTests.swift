import Foundation
import Support
import Testing

@Suite(.timeLimit(.minutes(2))) struct SpoolToolTests {
  @Test func anEntryGoesThroughAWorkerToTheNextQueue() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a", "b"])
    let put = try scratch.run("spool", ["put", "a", "--subject", "Hi"], input: "hello\n")
    let id = put.output.trimmingCharacters(in: .newlines)
    let work = try scratch.run("spool", ["work", "a", "--to", "b", "--once", "--", "tr", "a-z", "A-Z"])
    #expect(work.status == 0 && work.output.isEmpty && work.error.isEmpty)
    #expect(scratch.names("spool/a/done") == [id] && scratch.names("spool/b/new") == [id])
    #expect(try scratch.run("spool", ["show", "--body", "b/\(id)"]).output == "HELLO\n")
    #expect(try scratch.run("spool", ["check"]).status == 0)
  }

  @Test func whatACommandSaysWithoutANextQueueIsTheResponse() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    try scratch.run("spool", ["put", "a", "--slug", "one"], input: "x")
    try scratch.run(
      "spool",
      ["work", "a", "--once", "--", "sh", "-c", "cat /dev/stdin; echo $SPOOL_QUEUE $SPOOL_ATTEMPT; echo err >&2"])
    #expect(try scratch.run("spool", ["show", "one", "--response"]).output == "xa 1\n")
    #expect(scratch.read("spool/a/log/\(scratch.names("spool/a/done")[0]).log").hasPrefix("err\n\n== "))
  }

  static let ends: [(String, String, String)] = [
    ("exit 75", "wait", "exit 75"), ("exit 74", "wait", "exit 74"), ("kill -9 $$", "wait", "killed by signal 9"),
    ("sleep 100", "wait", "ran out of time"), ("exit 1", "fail", "exit 1"), ("exit 65", "fail", "exit 65"),
  ]

  @Test(arguments: ends)
  func oneRuleSaysWhatIsTriedAgain(_ script: String, _ room: String, _ reason: String) throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    try scratch.run("spool", ["put", "a"], input: "x")
    try scratch.run("spool", ["work", "a", "--once", "--timeout", "500ms", "--", "sh", "-c", script])
    #expect(scratch.names("spool/a/\(room)").count == 1)
    #expect(try scratch.run("spool", ["ls", "a"]).output.contains(reason))
  }

  @Test func sigtermHandsBackWhatIsInHand() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    try scratch.run("spool", ["put", "a"], input: "x")
    // The command itself says when it is under way.
    let worker = try scratch.start("spool", ["work", "a", "--", "sh", "-c", "kill -TERM $PPID; sleep 1000"])
    #expect(worker.finish().status == 0)
    #expect(scratch.names("spool/a/wait").count == 1 && !scratch.names("spool/a/wait")[0].contains(","))
  }

  @Test func aCrewOfWorkersDoesEachJobOnce() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    try scratch.run("spool", ["put", "a", "--lines"], input: (0..<40).map { "\($0)\n" }.joined())
    let log = "\(scratch.path)/effects"
    let ran = try scratch.run(
      "spool", ["work", "a", "--once", "--workers", "4", "--", "sh", "-c", "echo \"$(cat)\" >> \(log)"])
    #expect(ran.status == 0)
    #expect(scratch.names("spool/a/done").count == 40)
    #expect(Set(scratch.read("effects").split(separator: "\n")).count == 40)
    #expect(scratch.read("effects").split(separator: "\n").count == 40)
  }

  @Test func verbsTakeManyNamesAndReadThemFromStandardInput() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    let ids = try scratch.run("spool", ["put", "a", "--lines"], input: "1\n2\n3\n").output
    #expect(try scratch.run("spool", ["hold"], input: ids).output == ids)
    #expect(scratch.names("spool/a/hold").count == 3)
    let short = ids.split(separator: "\n").map { String($0.dropFirst(24).prefix(6)) }
    #expect(try scratch.run("spool", ["release", short[0], "a/" + short[1]]).status == 0)
    #expect(try scratch.run("spool", ["cancel", short[0], short[2]]).status == 0)
    #expect(scratch.names("spool/a/fail").count == 2 && scratch.names("spool/a/new").count == 1)
    #expect(try scratch.run("spool", ["retry", short[0]]).status == 0)
    let dry = try scratch.run("spool", ["hold", "-n", short[0]])
    #expect(dry.output.hasPrefix("mv -n ") && scratch.names("spool/a/hold").isEmpty)
    let lines = try scratch.run("spool", ["ls", "--json"]).output.split(separator: "\n")
    #expect(lines.count == 3 && lines.allSatisfy { $0.hasPrefix("{") && $0.contains("\"queue\":\"a\"") })
  }

  @Test func anAmbiguousNameIsListedAndNothingIsDone() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    for _ in 0..<2 { try scratch.run("spool", ["put", "a", "--slug", "same"], input: "x") }
    let ran = try scratch.run("spool", ["hold", "same"])
    #expect(ran.status == 64 && ran.error.contains("fits 2 entries") && ran.error.contains("a/new/"))
    #expect(scratch.names("spool/a/hold").isEmpty)
    #expect(try scratch.run("spool", ["hold", "nothing"]).status == 1)
  }

  static let wrong: [([String], Int32)] = [
    (["put"], 64), (["put", "nowhere"], 69), (["put", "a", "--header", "x"], 64), (["put", "../a"], 64),
    (["work", "a"], 64),
    (["work", "a", "--", "no-such-program"], 69), (["work", "a", "--to", "nowhere", "--", "cat"], 69),
    (["ls", "--room", "x"], 64),
    (["init", "agents"], 64), (["init", "A B"], 64),
  ]

  @Test(arguments: wrong)
  func wrongArgumentsAreOneClearLine(_ arguments: [String], _ status: Int32) throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    let ran = try scratch.run("spool", arguments, input: "x")
    #expect(ran.status == status && ran.output.isEmpty)
    #expect(ran.error.hasPrefix("spool: ") && ran.error.split(separator: "\n").count == 1, "\(ran.error)")
  }

  @Test func anEmptyStandardInputIsRefusedBeforeAKeyIsTaken() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    #expect(try scratch.run("spool", ["put", "a", "--key", "k"]).status == 65)
    #expect(!scratch.tree().contains { $0.hasPrefix("a/keys/") })
    #expect(try scratch.run("spool", ["put", "a", "--key", "k"], input: "x").status == 0)
  }

  @Test func aSpoolOfSomebodyElseIsRefusedBeforeAFileIsMade() throws {
    guard getuid() == 0 else { return }
    let scratch = Scratch()
    chown(scratch.path, 4711, 4711)
    let ran = try scratch.run("spool", ["init", "a"])
    #expect(ran.status == 77 && ran.error.contains("without sudo"))
    #expect(scratch.names("").isEmpty)
    mkdir("\(scratch.path)/spool", 0o700)
    chown("\(scratch.path)/spool", 4711, 4711)
    #expect(try scratch.run("spool", ["ls"]).status == 77)
    #expect(scratch.names("spool").isEmpty)
  }

  @Test func checkNamesWhatIsWrongAndPrintsWhatMendsIt() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    let id = try scratch.run("spool", ["put", "a"], input: "x").output.trimmingCharacters(in: .newlines)
    rename("\(scratch.path)/spool/a/new/\(id)", "\(scratch.path)/spool/a/run/\(id)@gone.1")
    scratch.write("spool/a/new/it's junk", "x")
    let check = try scratch.run("spool", ["check"])
    #expect(check.status == 1 && check.output.contains("spool sweep a") && check.output.contains("# 2 found"))
    let commands = check.output.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
    try scratch.run("/bin/sh", ["-c", "spool() { \(Scratch.binaries)/spindle spool \"$@\"; }; \(commands)"])
    #expect(try scratch.run("spool", ["check"]).status == 0)
    #expect(scratch.names("spool/a/bad") == ["it's junk"])
  }

  @Test func whoHoldsALockTooLongIsNamed() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    try scratch.run("spool", ["put", "a"], input: "x")
    let fifo = "\(scratch.path)/go"
    mkfifo(fifo, 0o600)
    let worker = try scratch.start(
      "spool", ["work", "a", "--once", "--timeout", "1h", "--", "sh", "-c", "echo > \(fifo); read x < \(fifo)"])
    Gate.wait(fifo)
    let early = try scratch.run("spool", ["check"])
    #expect(early.status == 0)
    let later = try scratch.run("spool", ["check"], environment: ["SPOOL_NOW": "2099-01-01T00:00:00Z"])
    #expect(
      later.status == 1 && later.output.contains("past its death timer, by ") && later.output.contains("(spindle)"))
    Gate.open(fifo)
    #expect(worker.finish().status == 0)
  }

  @Test func textFromOutsideCannotActOnTheTerminal() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    try scratch.run("spool", ["put", "a", "--slug", "esc"], input: "\u{1B}]0;evil\u{7}text\n")
    for arguments in [["show", "esc"], ["ls"]] {
      #expect(!(try scratch.run("spool", arguments).output.contains("\u{1B}")))
    }
  }

  @Test func aWatchingWorkerWorksWithoutInotify() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a", "b"])
    try scratch.run("spool", ["put", "a"], input: "x")
    // The kernel refuses the instance, as it does past fs.inotify.max_user_instances.
    let ran = try scratch.run(
      "/usr/bin/strace",
      [
        "-o", "/dev/null", "-e", "inject=inotify_init:error=EMFILE", "\(Scratch.binaries)/spindle", "spool", "work",
        "a", "--", "sh", "-c", "kill -TERM $PPID; cat",
      ])
    #expect(ran.error.contains("inotify: no instance to be had"))
    #expect(scratch.names("spool/a/new").isEmpty)
  }

  @Test func anOverflowOfInotifyIsJustAnotherEvent() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    let fifo = "\(scratch.path)/go"
    mkfifo(fifo, 0o600)
    let script = "cat >> got; if [ $(wc -l < got) -ge 2 ]; then kill -TERM $PPID; else echo > go; fi"
    let worker = try scratch.start("spool", ["work", "a", "--", "sh", "-c", script])
    try scratch.run("spool", ["put", "a"], input: "first\n")
    Gate.wait(fifo)
    worker.signal(SIGSTOP)
    // More than the kernel keeps (fs.inotify.max_queued_events, 16,384); two names, for equal events are merged.
    for number in 0..<20_000 { close(open("\(scratch.path)/spool/a/drop/.\(number % 2)", O_WRONLY | O_CREAT, 0o600)) }
    try scratch.run("spool", ["put", "a"], input: "second\n")
    worker.signal(SIGCONT)
    #expect(worker.finish().status == 0)
    #expect(scratch.read("got") == "first\nsecond\n")
  }

  @Test func aDiskThatIsNearlyFullRefusesIntakeAndLetsWhatIsInFinish() throws {
    guard getuid() == 0 else { return }
    let scratch = Scratch()
    mkdir("\(scratch.path)/spool", 0o700)
    guard
      try scratch.run("/bin/mount", ["-t", "tmpfs", "-o", "size=8m,mode=700", "none", "\(scratch.path)/spool"]).status
        == 0
    else { return }
    defer { _ = try? scratch.run("/bin/umount", ["-l", "\(scratch.path)/spool"]) }
    try scratch.run("spool", ["init", "a", "b"])
    try scratch.run("spool", ["put", "a"], input: "x")
    // 300 KB are left: under 5 %, and enough for what is in to finish.
    var space = statvfs()
    statvfs("\(scratch.path)/spool", &space)
    let filler = open("\(scratch.path)/spool/filler", O_WRONLY | O_CREAT, 0o600)
    #expect(posix_fallocate(filler, 0, Int(space.f_bavail * space.f_bsize) - 300_000) == 0)
    close(filler)
    let put = try scratch.run("spool", ["put", "a"], input: "y")
    #expect(put.status == 75 && put.error.contains("nearly full"))
    #expect(scratch.names("spool/a/new").count == 1 && scratch.names("spool/a/tmp").isEmpty)
    #expect(try scratch.run("spool", ["work", "a", "--to", "b", "--once", "--", "cat"]).status == 0)
    #expect(scratch.names("spool/b/new").count == 1)
    let call = try scratch.run("claude-call", ["--fallback", "-"], input: "agenda\n")
    #expect(call.status == 0 && call.output == "agenda\n" && call.error.contains("nearly full"))
  }

  @Test func aWorkerWithFewDescriptorsLosesNothing() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a"])
    try scratch.run("spool", ["put", "a"], input: "x")
    for limit in 4...26 {
      try scratch.run(
        "/bin/sh", ["-c", "ulimit -n \(limit); exec \(Scratch.binaries)/spindle spool work a --once -- cat"])
      let lying = ["new", "wait", "run", "done"].flatMap { scratch.names("spool/a/\($0)") }
      #expect(lying.count == 1, "\(limit): \(scratch.tree())")
      if !scratch.names("spool/a/done").isEmpty { break }
      for name in scratch.names("spool/a/wait") { try scratch.run("spool", ["retry", name]) }
    }
    #expect(scratch.names("spool/a/done").count == 1)
  }
}
