import Foundation
import Support
import Testing

@Suite(.timeLimit(.minutes(2))) struct ClaudeCallTests {
  private func call(_ scratch: Scratch, _ behaviour: String, _ arguments: [String] = [], prompt: String = "hi\n") throws
    -> Ran
  {
    try scratch.run(
      "claude-call", ["--attempts", "1", "--timeout", "30s"] + arguments, input: prompt,
      environment: ["STANDIN_CLAUDE": behaviour, "STANDIN_PIDFILE": "\(scratch.path)/pid"])
  }

  static let good = [
    "good", "empty-result", "api-retry", "rc1-good", "two-results", "killed-after", "late-type", "spliced", "long-line",
    "no-stdin", "grandchild", "grandchild-setsid", "nested-env-check",
  ]

  @Test(arguments: good) func aReplyIsAReplyWhateverTheExitCodeSays(_ behaviour: String) throws {
    let scratch = Scratch()
    let ran = try call(scratch, behaviour)
    #expect(ran.status == 0 && ran.output.hasPrefix("Hello") && ran.error.isEmpty, "\(ran)")
    #expect(scratch.names("spool/calls-main/re").count == 1 && scratch.names("spool/calls-main/done").count == 1)
    if let pid = Int32(scratch.read("pid").trimmingCharacters(in: .whitespacesAndNewlines)) {
      #expect(kill(pid, 0) != 0, "what the agent started outlives the call")
    }
  }

  static let failing: [(String, Int32, String)] = [
    ("is-error", 69, "agent-error"), ("rate-limit", 75, "rate-limit"), ("usage-limit", 75, "rate-limit"),
    ("overloaded", 75, "overloaded"), ("not-logged-in", 77, "not-logged-in"), ("billing", 69, "budget"),
    ("budget", 69, "budget"), ("max-turns", 65, "invalid"), ("garbage", 65, "invalid"), ("nothing", 65, "invalid"),
    ("torn", 65, "invalid"), ("json-on-stderr", 65, "invalid"), ("exit5", 65, "invalid"), ("killed", 75, "died"),
    ("killed=15", 75, "died"), ("model-not-found", 69, "agent-error"), ("prompt-too-long", 69, "agent-error"),
  ]

  @Test(arguments: failing) func failuresAreToldApart(_ behaviour: String, _ status: Int32, _ kind: String) throws {
    let scratch = Scratch()
    let ran = try call(scratch, behaviour)
    #expect(ran.status == status && ran.output.isEmpty, "\(ran)")
    #expect(ran.error.contains("No reply from agent. (\(kind), 2"))
    #expect(scratch.names("spool/calls-main/fail").count == 1)
    #expect(try scratch.run("spool", ["ls"]).output.contains(kind))
    let fallback = try call(scratch, behaviour, ["--fallback", "-"], prompt: "the agenda\n")
    #expect(fallback.status == 0 && fallback.output == "the agenda\n" && fallback.error.contains("fallback"))
  }

  @Test func aRateLimitSaysWhenToTryAgain() throws {
    let ran = try call(Scratch(), "rate-limit")
    #expect(ran.error.contains("try again at 20"))
  }

  @Test func whoIsNotLoggedInIsToldWhatToType() throws {
    let scratch = Scratch()
    scratch.write("spool/agents/x.md", "Config-Dir: ~/.claude-x\n\nWho.\n")
    let ran = try call(scratch, "not-logged-in", ["--agent", "x"])
    #expect(ran.error.contains("CLAUDE_CONFIG_DIR=\(scratch.path)/.claude-x claude auth login"))
  }

  @Test(arguments: ["hang", "hang-deaf"]) func whoHangsIsEndedInTime(_ behaviour: String) throws {
    let scratch = Scratch()
    let ran = try scratch.run(
      "claude-call", ["--timeout", "1s", "--fallback", "-"], input: "agenda\n",
      environment: ["STANDIN_CLAUDE": behaviour])
    #expect(ran.status == 0 && ran.output == "agenda\n" && ran.error.contains("(timeout, "))
    let bare = try scratch.run("claude-call", ["--timeout", "1s"], input: "x", environment: ["STANDIN_CLAUDE": "hang"])
    #expect(bare.status == 124)
  }

  @Test(arguments: ["lingers", "lingers-deaf"]) func whoLingersAfterItsResultIsEndedAndItsReplyCounts(
    _ behaviour: String
  ) throws {
    let ran = try call(Scratch(), behaviour)
    #expect(ran.status == 0 && ran.output.hasPrefix("Hello"))
  }

  @Test func aHundredMegabytesOfOutputAreReadAndNotKept() throws {
    let ran = try call(Scratch(), "flood")
    #expect(ran.status == 0 && ran.output.hasPrefix("Hello"))
  }

  @Test func brokenTextIsMendedNotLost() throws {
    for behaviour in ["invalid-utf8", "lone-surrogate"] {
      let ran = try call(Scratch(), behaviour)
      #expect(ran.status == 0 && ran.output.contains("\u{FFFD}") && ran.output.contains("after"))
    }
  }

  @Test func aPromptOfTenMegabytesArrivesWhole() throws {
    let scratch = Scratch()
    let prompt = String(repeating: "0123456789abcde\n", count: 655_000)
    #expect(try call(scratch, "bigprompt", prompt: prompt).status == 0)
    #expect(
      scratch.read("calls.jsonl").contains("\"prompt_bytes\": \(prompt.utf8.count)")
        || scratch.read("calls.jsonl").contains("\"prompt_bytes\":\(prompt.utf8.count)"))
  }

  @Test func theSameKeyGivesTheRecordedReplyAndAFailedOneIsMadeAgain() throws {
    let scratch = Scratch()
    let first = try call(scratch, "good=one", ["--key", "k"])
    let second = try call(scratch, "good=two", ["--key", "k"])
    #expect(first.output == second.output && second.output.contains("one"))
    #expect(scratch.read("calls.jsonl").split(separator: "\n").count == 1)
    #expect(try call(scratch, "overloaded", ["--key", "f"]).status == 75)
    #expect(try call(scratch, "good=now", ["--key", "f"]).output.contains("now"))
    #expect(scratch.names("spool/calls-main/fail").isEmpty)
  }

  @Test func aRecordWhoseReplyWasRemovedIsToldOfAtOnce() throws {
    let scratch = Scratch()
    #expect(try call(scratch, "good", ["--key", "k"]).status == 0)
    unlink("\(scratch.path)/spool/calls-main/re/\(scratch.names("spool/calls-main/re")[0])")
    let again = try call(scratch, "good", ["--key", "k"])
    #expect(again.status == 65 && again.error.contains("its reply was removed"))
  }

  @Test func aPersistentAgentGoesOnWithItsSessionAndSurvivesItsLoss() throws {
    let scratch = Scratch()
    scratch.write("spool/agents/p.md", "Session: persistent\n\nWho.\n")
    func ask(_ behaviour: String) throws -> Ran {
      try scratch.run(
        "claude-call", ["--agent", "p", "--attempts", "1", "x"], environment: ["STANDIN_CLAUDE": behaviour])
    }
    #expect(try ask("good").status == 0)
    let session = scratch.read("spool/calls-p/session").trimmingCharacters(in: .newlines)
    #expect(try ask("good").status == 0)
    let calls = scratch.read("calls.jsonl").split(separator: "\n")
    #expect(!calls[0].contains("--resume") && calls[1].contains("--resume") && calls[1].contains(session))
    #expect(try ask("no-session").status == 75)
    #expect(try ask("good").status == 0)
    #expect(scratch.read("calls.jsonl").split(separator: "\n").last?.contains("--resume") == false)
  }

  @Test func twoAtOnceUnderOneKeyMakeOneCall() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init"])
    let runs = try (0..<3).map { _ in
      try scratch.start(
        "claude-call", ["--key", "k", "--timeout", "30s"], input: "hi", environment: ["STANDIN_CLAUDE": "slow=1"])
    }
    let outputs = runs.map { $0.finish() }
    #expect(outputs.allSatisfy { $0.status == 0 && $0.output == outputs[0].output }, "\(outputs)")
    #expect(scratch.read("calls.jsonl").split(separator: "\n").count == 1)
  }

  @Test func attemptsHelpWhereTheyCan() throws {
    let scratch = Scratch()
    let ran = try scratch.run(
      "claude-call", ["--timeout", "20s"], input: "hi",
      environment: ["STANDIN_CLAUDE": "fail-then-good=1:\(scratch.path)/n"])
    #expect(ran.status == 0 && ran.output.hasPrefix("Hello"))
    let id = scratch.names("spool/calls-main/re")[0]
    #expect(scratch.read("spool/calls-main/re/\(id)").contains("Attempts: 2\n"))
  }

  @Test func aReplyMustMatchWhatIsExpected() throws {
    let scratch = Scratch()
    #expect(try call(scratch, "good=42", ["--expect", "^[0-9]+$"]).output == "42\n")
    #expect(try call(scratch, "good=x", ["--expect", "^[0-9]+$"]).status == 65)
    #expect(try call(scratch, "good=x", ["--expect", "("]).status == 64)
    scratch.write("schema.json", "{\"type\":\"object\",\n\"required\":[\"answer\"]}\n")
    #expect(try call(scratch, "structured", ["--schema", "schema.json"]).output == "{\"answer\":\"42\"}\n")
    #expect(try call(scratch, "good", ["--schema", "schema.json"]).status == 65)
  }

  @Test func theProgramIsFoundWhereItsInstallerPutsItAndIsNamedWhereItIsMissing() throws {
    let scratch = Scratch()
    let missing = try scratch.run("claude-call", ["x"], standIns: false)
    #expect(
      missing.status == 69 && missing.error.contains("\(scratch.path)/.local/bin")
        && missing.error.contains("install Claude Code"))
    try FileManager.default.createDirectory(atPath: "\(scratch.path)/.local/bin", withIntermediateDirectories: true)
    symlink("\(Scratch.sources)/Tests/stand-ins/claude", "\(scratch.path)/.local/bin/claude")
    let bare = try scratch.run("claude-call", ["x"], environment: ["PATH": "/usr/bin:/bin"], standIns: false)
    #expect(bare.status == 0)
  }

  @Test func aProgramThatIsBeingUpgradedIsWaitedFor() throws {
    let scratch = Scratch()
    scratch.write("spool/agents/up.md", "Command: \(scratch.path)/agent\n\nWho.\n")
    // Busy as a file: somebody has it open for writing.
    scratch.write("agent", "#!/bin/sh\ncat >/dev/null; echo upgraded\n", executable: true)
    let upgrade = try scratch.start("/bin/sh", ["-c", "exec 3>>agent; echo open; sleep 0.4"])
    let ran = try scratch.run("claude-call", ["--agent", "up", "x"])
    #expect(ran.status == 0 && ran.output == "upgraded\n", "\(ran)")
    _ = upgrade.finish()
  }

  @Test func otherProgramsAreAskedInTheirOwnWay() throws {
    let scratch = Scratch()
    for (name, reply) in [("codex", nil), ("gemini", nil), ("upcase", "SAY HI\n")] as [(String, String?)] {
      scratch.write("spool/agents/\(name).md", "Command: \(name)\n")
      let ran = try scratch.run("claude-call", ["--agent", name], input: "say hi\n")
      #expect(ran.status == 0 && !ran.output.isEmpty && (reply == nil || ran.output == reply), "\(name): \(ran)")
    }
    for (name, variable, behaviour, status) in [
      ("codex", "STANDIN_CODEX", "error", 69), ("codex", "STANDIN_CODEX", "not-logged-in", 77),
      ("codex", "STANDIN_CODEX", "rate-limit", 75),
      ("gemini", "STANDIN_GEMINI", "input-error", 65), ("gemini", "STANDIN_GEMINI", "turn-limit", 65),
    ] as [(String, String, String, Int32)] {
      let ran = try scratch.run(
        "claude-call", ["--agent", name, "--attempts", "1", "x"], environment: [variable: behaviour])
      #expect(ran.status == status, "\(name) \(behaviour): \(ran)")
    }
  }

  @Test func anAgentStaysWithinItsLimits() throws {
    let scratch = Scratch()
    scratch.write("spool/agents/slow.md", "Rate: 1/h\n\nWho.\n")
    #expect(try scratch.run("claude-call", ["--agent", "slow", "x"]).status == 0)
    let second = try scratch.run("claude-call", ["--agent", "slow", "--timeout", "2s", "x"])
    #expect(
      second.status == 75 && second.error.contains("more than 1 calls in 1 h") && second.error.contains("try again at"))
    scratch.write("spool/agents/poor.md", "Budget: 0.01\n\nWho.\n")
    let environment = ["STANDIN_CLAUDE": "cost=0.008"]
    #expect(try scratch.run("claude-call", ["--agent", "poor", "x"], environment: environment).status == 0)
    // 0.002 are left, and handed to the program as its own limit; what it spends all the same counts.
    let broke = try scratch.run("claude-call", ["--agent", "poor", "x"], environment: environment)
    #expect(broke.status == 69 && broke.error.contains("(budget, "))
    let refused = try scratch.run("claude-call", ["--agent", "poor", "x"], environment: environment)
    #expect(refused.status == 69 && refused.error.contains("day's budget of 0.01 USD is spent"))
  }

  @Test func aVitalRequirementIsNamedByItsWord() throws {
    let scratch = Scratch()
    scratch.write("spool/agents/x.md", "Requires: !NOTION_DB no Notion DB\n\nWho.\n")
    let ran = try scratch.run("claude-call", ["--agent", "x", "hi"])
    #expect(ran.status == 69 && ran.error.contains("no Notion DB"))
    #expect(try scratch.run("claude-call", ["--agent", "x", "hi"], environment: ["NOTION_DB": "1"]).status == 0)
  }

  @Test func secretsAndTheCallersSessionStayOut() throws {
    let scratch = Scratch()
    let ran = try scratch.run(
      "claude-call", ["hi"],
      environment: [
        "CLAUDECODE": "1", "CLAUDE_CODE_ENTRYPOINT": "cli", "CLAUDE_CODE_SESSION_ID": "x",
        "STANDIN_CLAUDE": "nested-env-check",
      ])
    #expect(ran.status == 0)
    let log = scratch.read("calls.jsonl")
    #expect(log.contains("SPINDLE_LOCK_FD") && log.contains("--system-prompt-file"))
    #expect(scratch.tree().filter { $0.contains("/tmp/") }.isEmpty, "\(scratch.tree())")
  }

  @Test func wrongArgumentsAndEmptyPromptsAreRefusedBeforeAnythingIsPaid() throws {
    let scratch = Scratch()
    #expect(try scratch.run("claude-call", []).status == 65)
    #expect(try scratch.run("claude-call", [], input: " \n\t\n").status == 65)
    #expect(try scratch.run("claude-call", ["-f", "nofile"]).status == 65)
    #expect(try scratch.run("claude-call", ["--agent", "nobody", "x"]).status == 69)
    #expect(try scratch.run("claude-call", ["--agent", "../x", "x"]).status == 64)
    scratch.write("in.txt", "input text\n")
    #expect(
      try call(scratch, "echo", ["do it", "--input", "in.txt"]).output == "do it\n\n==> in.txt <==\ninput text\n")
    #expect(scratch.read("calls.jsonl").split(separator: "\n").count == 1)
  }
}
