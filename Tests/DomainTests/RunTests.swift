import Spool
import Support
import Testing

@testable import Runs

@Suite struct InterpreterTests {
  private func request(_ text: String, _ arguments: [String] = []) throws -> RunRequest {
    try RunRequest(
      name: "n", script: "/home/a/s.sh", text: Array(text.utf8), arguments: arguments, directory: "/home/a",
      umask: 0o22,
      environment: [:])
  }

  /// What a kernel would start for the same first line.
  @Test(arguments: [
    ("echo", "/bin/sh", ["/bin/sh"], true), ("", "/bin/sh", ["/bin/sh"], true),
    ("#!\necho", "/bin/sh", ["/bin/sh"], true),
    ("#!/bin/dash", "/bin/dash", ["/bin/dash"], true), ("#! /bin/bash -eu\n", "/bin/bash", ["/bin/bash", "-eu"], true),
    ("#!/bin/bash\r\n", "/bin/bash", ["/bin/bash"], true),
    ("#!/usr/bin/env bash\n", "/usr/bin/env", ["/usr/bin/env", "bash"], true),
    ("#!/usr/bin/env -S A=1 bash -e\n", "/usr/bin/env", ["/usr/bin/env", "-S", "A=1", "bash", "-e"], true),
    ("#!/usr/bin/python3 -I\n", "/usr/bin/python3", ["/usr/bin/python3", "-I"], false),
    ("#!/usr/bin/env python3\n", "/usr/bin/env", ["/usr/bin/env", "python3"], false),
    ("#!/opt/fish/sh-like\n", "/opt/fish/sh-like", ["/opt/fish/sh-like"], false),
  ])
  func aScriptIsRunByItsFirstLine(text: String, path: String, words: [String], isShell: Bool) throws {
    let interpreter = Interpreter(of: try request(text, ["x", "y z"]), copy: "/spool/copy")
    #expect(interpreter.path == path)
    #expect(Array(interpreter.arguments.prefix(words.count)) == words)
    let rest = Array(interpreter.arguments.dropFirst(words.count))
    if isShell {
      #expect(rest.first == "-c" && rest.dropFirst(2) == ["/home/a/s.sh", "x", "y z"])
    } else {
      #expect(rest == ["/spool/copy", "x", "y z"])
    }
  }
}

@Suite struct SelfNamingTests {
  /// As bash would answer in a script that it runs itself.
  @Test(arguments: [
    ("${BASH_SOURCE[0]}", "${0}"), ("$BASH_SOURCE", "$0"), ("${BASH_SOURCE}", "${0}"),
    ("${BASH_SOURCE[0]%/*}", "${0%/*}"),
    ("${BASH_SOURCE%/*}", "${0%/*}"), ("${BASH_SOURCE[@]}", "${BASH_SOURCE[@]}"),
    ("${BASH_SOURCE[1]}", "${BASH_SOURCE[1]}"),
  ])
  func aBashScriptKnowsItsOwnName(text: String, expected: String) throws {
    let request = try RunRequest(
      name: "n", script: "/s.sh", text: Array("#!/bin/bash\necho \(text)".utf8), arguments: [], directory: "/",
      umask: 0,
      environment: [:])
    #expect(Interpreter(of: request, copy: "/c").text == Array("#!/bin/bash\necho \(expected)".utf8))
  }
}

@Suite struct KeptFileTests {
  @Test(arguments: [
    ("claude-call -f prompts/a.md", ["/w/prompts/a.md"]), ("x -- claude-call -f './b.md'", ["/w/./b.md"]),
    (#"claude-call --input "$here/p/c.md""#, ["/home/p/c.md"]),
    (#"claude-call -f "$(dirname "$0")/d.md""#, ["/d.md", "/home/d.md"]),
    ("claude-call -f /etc/e.md", ["/etc/e.md", "/home/etc/e.md"]), ("claude-call --file=f.md", ["/w/f.md"]),
    (#"claude-call "$a/$b.md""#, []), ("claude-call ${dir}/g.md", ["/g.md", "/home/g.md"]), ("claude-call words", []),
    ("claude-call a.md a.md", ["/w/a.md"]), ("claude-call \\\n  -f h.md\ncat i.md", ["/w/h.md"]),
    ("cat secret.txt | claude-call", []), ("TOKEN=/run/secret", []),
  ])
  func wordsThatArePathsAreFound(line: String, expected: [String]) {
    let found = KeptFile.candidates(in: Array(line.utf8), lyingIn: "/home", directory: "/w")
    #expect(found == expected)
  }

  @Test func aFileIsKeptOnceAndGivenAsItWas() throws {
    let scratch = Scratch()
    let spool = try SpoolDirectory(path: "\(scratch.path)/spool", tool: "test") { _ in }
    let queue = try spool.queue("runs", making: true)
    scratch.write("a.md", "one")
    scratch.write("b.md", "one")
    let kept = try KeptFile.keep(
      ["\(scratch.path)/a.md", "\(scratch.path)/b.md", "\(scratch.path)/none", "/dev/zero"], isForAll: false, in: queue)
    #expect(kept.count == 2 && kept[0].hash == kept[1].hash)
    #expect(kept[0].isUnchanged && kept[1].isUnchanged)
    scratch.write("a.md", "two")
    #expect(!kept[0].isUnchanged && kept[1].isUnchanged)
    let names = try Directory(path: "\(scratch.path)/spool/runs/kept").names()
    #expect(names == [kept[0].hash])
  }
}

@Suite struct RunStateTests {
  let scratch = Scratch()
  let queue: Queue
  let state: RunState

  init() throws {
    let spool = try SpoolDirectory(path: "\(scratch.path)/spool", tool: "test") { _ in }
    queue = try spool.queue("runs", making: true)
    state = try RunState(making: EntryID("20261123T172044.120773Z-k3v9qd-n"), in: queue)
  }

  @Test func theFirstHaltCounts() throws {
    let first = try state.stop(Halt(.failed, step: "a", exit: 3, why: "exit 3"))
    let second = try state.stop(Halt(.parked, step: "b", exit: 75, why: "exit 75"))
    #expect(first.step == "a" && second.step == "a" && second.exit == 3)
  }

  @Test func aHaltIsHistoryOnceTheRunGoesOn() throws {
    #expect(try state.keyPrefix() == state.id.description)
    for (kind, generation) in [(Halt.Kind.parked, 1), (.died, 1), (.failed, 2), (.held, 2), (.cancelled, 3)] {
      try state.resume(from: try state.stop(Halt(kind, exit: 1, why: "why\nnot")))
      #expect(try state.halt() == nil)
      #expect(try state.generation() == generation)
    }
    #expect(try state.earlierHalts().map(\.kind) == [.parked, .died, .failed, .held, .cancelled])
    #expect(try state.earlierHalts()[0].why == "why\\nnot")
    #expect(try state.keyPrefix() == "\(state.id)~3")
  }

  @Test func aTornLineBelongsToAStepThatNeverBegan() throws {
    let log = UndoLog(state)
    try log.append(.init(step: "a", command: "undo a\nin two lines", timeout: .seconds(3)), again: false)
    try log.append(.init(step: "b", command: "undo b", timeout: nil), again: false)
    try log.append(.init(step: "a", command: "undo a", timeout: nil), again: true)
    let file = try state.directory.openOrCreate("undo", append: true)
    try file.write(Array(#"{"command":"undo c","st"#.utf8))
    #expect(try log.lines().map(\.step) == ["b", "a"])
    try log.append(.init(step: "d", command: "undo d", timeout: nil), again: false)
    #expect(try log.lines().map(\.command) == ["undo b", "undo a", "undo d"])
    #expect(try log.lines()[0].timeout == .seconds(600))
  }

  @Test func aRecordIsReadAsItWasWritten() throws {
    let file = try state.steps.openOrCreate(RunState.recordPrefix + "a")
    #expect(try StepRecord("a", in: file) == nil)
    var record = StepRecord(name: "a", command: ["echo", "two words", "a\nb"], attempt: 2)
    record.exit = 3
    record.ended = record.began
    try record.write(to: file)
    // A shorter one over it, killed before what is left of the first was cut off.
    let shorter = StepRecord(name: "a", command: ["true"], attempt: 1)
    try shorter.write(to: file)
    let read = try #require(try StepRecord("a", in: file))
    #expect(read.command == "true" && read.exit == nil && read.attempt == 1)
    #expect(record.commandHash != shorter.commandHash)
  }

  @Test func wordsThatAreSplitOtherwiseAreAnotherCommand() {
    let one = StepRecord(name: "a", command: ["echo", "a b"], attempt: 1)
    let other = StepRecord(name: "a", command: ["echo", "a", "b"], attempt: 1)
    #expect(one.commandHash != other.commandHash)
  }

  @Test func aUseHasAKeyOfItsStepAndOnlyOnceInAnAttempt() throws {
    var environment: [String: String] = [:]
    #expect(try StepUse.key(nil, tool: "deliver", to: "me", environment) == nil)
    #expect(try StepUse.key("k", tool: "deliver", to: "me", environment) == "k")
    StepUse.announce("RUN/a", attempt: 1, file: ".uses-a", of: state, in: &environment)
    #expect(try StepUse.key(nil, tool: "deliver", to: "me", environment) == "RUN/a/deliver/me")
    #expect(try StepUse.key(nil, tool: "deliver", to: "you", environment) == "RUN/a/deliver/you")
    #expect(try StepUse.key("k", tool: "deliver", to: "me", environment) == "k")
    #expect(throws: Failure.self) { try StepUse.key(nil, tool: "deliver", to: "me", environment) }
    StepUse.announce("RUN/a", attempt: 2, file: ".uses-a", of: state, in: &environment)
    #expect(try StepUse.key(nil, tool: "deliver", to: "me", environment) == "RUN/a/deliver/me")
    #expect(try StepUse.all(of: "a", in: state).map(\.attempt) == [1, 1, 1, 2])
  }

  @Test func whoDiesIsSeenAndWhoLeavesIsNot() throws {
    _ = try StepPresence.making(in: state)
    let environment = ["RUN": state.id.description, "STEPS": state.steps.path]
    var presence = try StepPresence.enter(environment)
    try presence?.tell("a")
    #expect(try StepPresence.dead(in: state) == nil)
    presence?.leave()
    #expect(try StepPresence.dead(in: state) == nil)
    presence = try StepPresence.enter(environment)
    try presence?.tell("b")
    presence = nil
    #expect(try StepPresence.dead(in: state) == "b")
    try StepPresence.forgetDead(in: state)
    #expect(try StepPresence.dead(in: state) == nil)
    #expect(try StepPresence.enter([:]) == nil)
  }

  @Test func anEntryThatIsNoRunSaysWhatIsMissing() throws {
    let id = try queue.publish(Draft(header: Header(["Subject": "x"]), body: []))
    let entry = try #require(try queue.entry(id))
    #expect(throws: MalformedText.self) { try RunRequest(entry) }
  }
}
