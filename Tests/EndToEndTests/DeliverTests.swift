import Foundation
import Support
import Testing

@Suite(.timeLimit(.minutes(2))) struct DeliverTests {
  /// A channel of the user's own that does what the file `do` says, and notes each call.
  private func scratchWithChannel(_ script: String, idempotent: Bool = false) throws -> Scratch {
    let scratch = Scratch()
    try scratch.run("spool", ["init"])
    scratch.write(
      "spool/channels/own",
      "#!/bin/sh\necho \"$DELIVERY_TO $DELIVERY_ATTEMPT ${DELIVERY_REPEAT:-first}\" >> \(scratch.path)/sent\ncat >> \(scratch.path)/text\n\(script)\n",
      executable: true)
    if idempotent { scratch.write("spool/channels/own.idempotent", "") }
    return scratch
  }

  @Test func aMessageIsCommittedSentAndReceipted() throws {
    let scratch = Scratch()
    let ran = try scratch.run("deliver", ["--to", "me", "--subject", "Tea"], input: "kettle\n")
    let id = ran.output.trimmingCharacters(in: .newlines)
    #expect(ran.status == 0 && ran.error.isEmpty)
    #expect(scratch.read("inbox") == "=== \(id) Tea\nkettle\n\n")
    #expect(scratch.read("spool/deliveries/re/\(id)").contains("\(scratch.path)/inbox: "))
    #expect(
      scratch.tree().filter { $0.hasPrefix("deliveries/") && !$0.hasSuffix("/README") } == [
        "deliveries/done/\(id)", "deliveries/re/\(id)",
      ])
  }

  @Test func theSameKeyIsSentOnce() throws {
    let scratch = Scratch()
    let first = try scratch.run("deliver", ["--to", "me", "--key", "k"], input: "one")
    let second = try scratch.run("deliver", ["--to", "me", "--key", "k"], input: "two")
    #expect(first.output == second.output && second.status == 0 && second.error.contains("another text"))
    #expect(scratch.read("inbox").components(separatedBy: "===").count == 2)
  }

  @Test func whatIsRefusedIsTriedAgainAfterTheTimeThatTheChannelSays() throws {
    let scratch = try scratchWithChannel("echo retry-after: 7200; exit 75")
    let ran = try scratch.run("deliver", ["--to", "own:x"], input: "m")
    #expect(ran.status == 0 && ran.error.contains("not sent yet"))
    let name = scratch.names("spool/deliveries/wait")[0]
    #expect(!name.contains(","), "definitely not sent: no doubt, and told when to come back: no attempt")
    let line = try scratch.run("spool", ["ls", "deliveries", "--json"]).output
    let due = line.components(separatedBy: "\"due\":\"")[1].prefix(20)
    let seconds = ISO8601DateFormatter().date(from: String(due))!.timeIntervalSinceNow
    #expect(seconds > 7000 && seconds < 7300)
  }

  @Test func anUnreachableNetworkBurnsNoAttempt() throws {
    let scratch = try scratchWithChannel("exit 69")
    try scratch.run("deliver", ["--to", "own:x", "--attempts", "1"], input: "m")
    for _ in 0..<3 {
      let name = scratch.names("spool/deliveries/wait")[0]
      #expect(!name.contains(","))
      #expect(try scratch.run("spool", ["retry", name]).status == 0)
      try scratch.run("deliver", ["--recover"])
    }
    #expect(scratch.read("sent").split(separator: "\n").count == 4)
  }

  @Test func afterAPermanentFailureTheNextAddressIsTried() throws {
    let scratch = try scratchWithChannel("echo no such user >&2; exit 1")
    let ran = try scratch.run("deliver", ["--to", "own:x,nochannel:y,file:\(scratch.path)/in"], input: "m")
    #expect(ran.status == 0 && scratch.read("in").contains("\nm\n"))
    let dead = try scratch.run("deliver", ["--to", "own:x", "--key", "k"], input: "m")
    #expect(dead.status == 69 && dead.error.contains("no such user") && dead.error.contains("spool retry"))
    let again = try scratch.run("deliver", ["--to", "own:x", "--key", "k"], input: "m")
    #expect(again.status == 69, "the same key never turns a failure into a silent 0")
  }

  @Test(arguments: ["exit 74", "kill -9 $$"])
  func whatMayHaveBeenSentFollowsThePolicy(_ script: String) throws {
    for (policy, room) in [("resend", "wait"), ("hold", "hold"), ("drop", "fail")] {
      let scratch = try scratchWithChannel(script)
      try scratch.run("deliver", ["--to", "own:x", "--in-doubt", policy], input: "m\n")
      let names = scratch.names("spool/deliveries/\(room)")
      #expect(names.count == 1 && names[0].hasSuffix("d"), "\(policy): \(names)")
      if policy == "resend" {
        #expect(try scratch.run("spool", ["retry", names[0]]).status == 0)
        try scratch.run("deliver", ["--recover"])
        #expect(scratch.read("sent").hasSuffix(" 1\n"))
        #expect(scratch.read("text").contains("This may be a repeat of message"))
      }
    }
    let scratch = try scratchWithChannel(script, idempotent: true)
    try scratch.run("deliver", ["--to", "own:x", "--in-doubt", "drop"], input: "m\n")
    #expect(scratch.names("spool/deliveries/wait").count == 1, "an idempotent channel is asked again in any case")
  }

  @Test func anOldMessageIsNeverSentAfterARestart() throws {
    let scratch = try scratchWithChannel("exit 75")
    let id = try scratch.run("deliver", ["--to", "own:x", "--expires", "12h"], input: "m").output
      .trimmingCharacters(in: .newlines)
    scratch.write("spool/channels/own", "#!/bin/sh\necho sent >> \(scratch.path)/late\n", executable: true)
    let later = ["SPOOL_NOW": "2099-01-01T00:00:00Z"]
    let ran = try scratch.run("deliver", ["--recover"], environment: later)
    #expect(ran.error.contains("Found 1 pending delivery entry") && !ran.error.contains("Recovered delivery \(id)"))
    #expect(scratch.read("inbox").contains("expired at"), "told of by a message that is a delivery itself")
    #expect(scratch.read("late").isEmpty && scratch.names("spool/deliveries/fail").count == 1)
    #expect(try scratch.run("spool", ["ls"]).output.contains("expired at"))
  }

  @Test func recoverySaysWhatItFoundAndWhatItRecovered() throws {
    let scratch = try scratchWithChannel("exit 75")
    let id = try scratch.run("deliver", ["--to", "own:x"], input: "m").output.trimmingCharacters(in: .newlines)
    scratch.write("spool/channels/own", "#!/bin/sh\necho ok\n", executable: true)
    try scratch.run("spool", ["retry", id])
    let ran = try scratch.run("spool", ["tick"])
    #expect(
      ran.error == "[delivery-recovery] Found 1 pending delivery entry\n[delivery-recovery] Recovered delivery \(id)\n")
    #expect(try scratch.run("spool", ["tick"]).error.isEmpty)
  }

  @Test func theTickSendsWhatIsNewWithoutAWord() throws {
    let scratch = try scratchWithChannel("echo ok")
    scratch.write("spool/deliveries/drop/a", "To: own:x\n\nnew\n")
    let ran = try scratch.run("spool", ["tick"])
    #expect(ran.status == 0 && ran.error.isEmpty && scratch.names("spool/deliveries/done").count == 1)
  }

  @Test func aFileThatCannotBeOpenedIsNotInDoubtAndItsAddressIsSaidOnce() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init"])
    let to = "file:\(scratch.path)/none/inbox"
    let id = try scratch.run("deliver", ["--to", to, "--attempts", "1"], input: "m\n").output
      .trimmingCharacters(in: .newlines)
    #expect(scratch.names("spool/deliveries/fail") == ["\(id)"])
    let last = scratch.read("spool/deliveries/log/\(id).log").split(separator: "\n").last.map(String.init) ?? ""
    #expect(last.hasSuffix(": given up after 1 attempt") && !last.contains("may have been sent"))
    #expect(last.components(separatedBy: to).count == 2)
  }

  @Test func waitWaitsUntilItIsDelivered() throws {
    let scratch = try scratchWithChannel("[ $(wc -l < $HOME/sent) -ge 2 ] && exit 0; echo retry-after: 1; exit 75")
    let ran = try scratch.run("deliver", ["--to", "own:x", "--wait"], input: "m")
    #expect(ran.status == 0 && scratch.names("spool/deliveries/done").count == 1)
    let never = try scratchWithChannel("exit 75")
    #expect(try never.run("deliver", ["--to", "own:x", "--wait", "--timeout", "1s"], input: "m").status == 124)
  }

  @Test func theCommandChannelRunsAProgramAndNoShell() throws {
    let scratch = Scratch()
    scratch.write(
      "note", "#!/bin/sh\n{ echo \"$@\"; cat; } > \(scratch.path)/noted\necho receipt 7\n", executable: true)
    let ran = try scratch.run("deliver", ["--to", "command:\(scratch.path)/note a;b $(id) *"], input: "m\n")
    #expect(ran.status == 0 && scratch.read("noted") == "a;b $(id) *\nm\n")
    #expect(scratch.read("spool/deliveries/re/\(scratch.names("spool/deliveries/re")[0])").hasSuffix("receipt 7\n"))
    #expect(try scratch.run("deliver", ["--to", "command:/no/such"], input: "m").status == 69)
  }

  @Test func aWatcherSendsWhatLandsAtOnce() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init"])
    scratch.write("spool/channels/own", "#!/bin/sh\ncat > \(scratch.path)/got\nkill -TERM $PPID\n", executable: true)
    let watcher = try scratch.start("deliver", ["--watch"])
    try scratch.run("spool", ["put", "deliveries", "--header", "To: own:x"], input: "landed")
    #expect(watcher.finish().status == 0)
    #expect(scratch.read("got") == "landed")
  }

  @Test func wrongArgumentsAreRefused() throws {
    let scratch = Scratch()
    let wrong: [[String]] = [
      [], ["--to", "x", "--recover"], ["--recover", "--watch"], ["--to", "me", "--in-doubt", "perhaps"],
      ["--to", "me", "--attempts", "0"],
    ]
    for arguments in wrong {
      #expect(try scratch.run("deliver", arguments, input: "m").status == 64)
    }
    #expect(try scratch.run("deliver", ["--to", "nobody"], input: "m").status == 78)
    #expect(try scratch.run("deliver", ["--to", "me"]).status == 65)
  }
}
