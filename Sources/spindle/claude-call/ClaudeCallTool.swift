import ArgumentParser
import Calls
import CommandLine
import Glibc
import Roster
import Runs
import Spool
import Work

/// `claude-call`: a prompt in, a reply out, whatever the agent's program does.
struct ClaudeCallTool: Tool {
  static let manual = Manual(
    name: "claude-call",
    summary: "ask an agent, and get a reply or a reason",
    description: """
      Asks the agent that --agent names (default main; its file is agents/NAME.md in the spool) and prints its reply.
      The prompt is the argument, or -f FILE, or standard input; the contents of each --input FILE follow it. The agent's
      program (claude, codex, gemini, or any that reads a prompt on standard input) runs in a process group of its own,
      and nothing that it started outlives the call.

      A reply counts only if the program says in its own format that it is one: its exit code is a hint. What failed is
      told apart by exit status and said on one line, TIME No reply from agent. (CLASS, ID), with a line before it that says why. With
      --fallback the caller gets that text instead, and exit 0.

      Each call is an entry in calls-AGENT/: its reply, cost and time lie in re/ID, and a call that failed lies in fail/.
      With --key the same call again prints the recorded reply without a call, and a failed one is made again.

      With --memory the agent is told before the prompt what it may know of a topic (memory context), as it stands when its program is
      started. Where that changes while it answers, it is said on stderr; with --snapshot whoever acts on the reply can ask later.
      """,
    exits: [
      (.malformed, "No prompt; or the reply was none, or does not fit --expect or --schema."),
      (
        .unavailable,
        "The program is missing, the budget is spent, the agent said that it failed, or its last five calls have failed within ten minutes: then it is left alone for a minute."
      ),
      (
        .tryAgain,
        "Rate limit, overload, too many calls wait already (Backlog), or the program died: try again later; the message says when, where that is known."
      ),
      (
        .notAllowed,
        "The agent's program is not logged in; the message says what to type. Or the spool is another user's."
      ),
      (.timedOut, "No answer within --timeout."),
      (.signal(15), "Stopped by SIGTERM; the agent's program was ended."),
    ],
    files: [
      (
        "$SPOOL_DIR/agents/NAME.md",
        "The agent: header lines (Model, Command, Timeout, Rate, Concurrency, Backlog, Budget, Requires, Session, Config-Dir), a blank line, and who it is."
      ),
      ("$SPOOL_DIR/calls-NAME/", "Its calls, a queue."),
      (
        "$SPOOL_DIR/calls-NAME/re/ID",
        "A reply, with Model, Cost-USD, Input-Tokens, Output-Tokens, Duration-Ms in its header."
      ),
      ("$SPOOL_DIR/calls-NAME/rate, slots/, spent", "What keeps it within its limits."),
      ("$SPOOL_DIR/calls-NAME/breaker", "How often in a row it has failed, and since when it is left alone."),
    ],
    environment: [
      ("PATH, HOME", "Where the program is looked for: PATH, then ~/.local/bin, ~/.claude/local, /usr/local/bin."),
      (
        "CLAUDECODE and CLAUDE_CODE_* of a session",
        "Not handed to the program, so that a call may be made from inside Claude Code."
      ),
      (
        "SPINDLE_DEADLINE",
        "A time (RFC 3339) by which the call ends even if --timeout is longer; handed to the program."
      ),
      ("SPINDLE_CALL, SPINDLE_AGENT", "Set for the program: the call's ID, the agent's name."),
    ],
    examples: [
      ("A question, with an answer in any case:", "echo 'Say good morning.' | claude-call --timeout 30s --fallback -"),
      (
        "With what is known of a topic, and whether it still holds when the reply is used:",
        """
        echo 'Short sentences, no emojis.' | memory put style/briefing
        claude-call 'Say good morning.' --memory 'style of the briefing' --snapshot morning.token --fallback -
        test ! -e morning.token || memory fresh -f morning.token -- echo 'it is sent now'
        """
      ),
      (
        "A file summarised once, however often this runs:",
        "echo 'the notes of today' > notes.md\nclaude-call 'Summarise in three lines.' --input notes.md --key \"notes-$(date +%F)\" --fallback notes.md"
      ),
    ],
    seeAlso: ["spool", "deliver", "memory"])

  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Option(help: "The agent.") var agent = "main"
  @Option(name: .customShort("f"), help: ArgumentHelp("Read the prompt from a file.", valueName: "file")) var file:
    String?
  @Option(help: ArgumentHelp("A file whose contents follow the prompt; - is standard input.", valueName: "file"))
  var input: [String] = []
  @Option(help: "The whole call, its attempts and waiting included. Default: the agent's (120s).") var timeout: Span?
  @Option(help: "How often it is tried, inside --timeout.") var attempts = 2
  @Option(help: "An idempotency key: the same key gives the recorded reply.") var key: String?
  @Option(help: "One line for listings.") var subject: String?
  @Option(
    help: ArgumentHelp("A file with the answer to give where there is no reply; - is the prompt.", valueName: "file"))
  var fallback: String?
  @Option(help: ArgumentHelp("A regular expression that the reply must match.", valueName: "regex")) var expect: String?
  @Option(help: ArgumentHelp("A file with the JSON Schema that the reply must fit.", valueName: "file")) var schema:
    String?
  @Option(
    help: ArgumentHelp("Tell the agent first what it may know of this: memory context.", valueName: "topic"))
  var memory: String?
  @Option(help: "How much of it at most.") var memoryTokens = 2000
  @Option(
    help: ArgumentHelp(
      "Write the token of what it was told to this file, for memory fresh and pipeline-step --fresh.", valueName: "file"
    ))
  var snapshot: String?
  @Flag(help: "Print one JSON object: id, agent, reply or class and why.") var json = false
  @Argument(help: "The prompt.") var prompt: String?

  func validate() throws {
    if prompt != nil && file != nil { throw ValidationError("give the prompt as an argument or with -f, not both") }
    if snapshot != nil && memory == nil { throw ValidationError("--snapshot goes with --memory") }
    if !(1...1_000_000).contains(memoryTokens) { throw ValidationError("--memory-tokens: 1 to 1000000") }
    if let memory, memory.utf8.count > 1000 || memory.printable != memory || memory.allSatisfy(\.isWhitespace) {
      throw ValidationError("--memory: a topic on one line, at most 1000 bytes")
    }
    if attempts < 1 { throw ValidationError("--attempts: at least 1") }
    if let expect, (try? Regex(expect)) == nil { throw ValidationError("--expect \(expect): is no regular expression") }
  }

  func run() throws {
    let prompt = try wholePrompt()
    let fallbackText = try fallback.map { try $0 == "-" ? prompt : Self.read($0, "--fallback") }
    let opened = try spool.open(as: "claude-call")
    let agent: Agent
    do { agent = try Agent(named: self.agent, in: opened) } catch {
      // An agent that cannot be read answers nothing, and whoever has a fallback gets it.
      guard fallbackText != nil, error.status != .usage else { throw error }
      return try show(Caller.NoAnswer(failure: CallFailure(.missing, error.description)), of: opened, fallbackText)
    }
    var options = CallOptions(timeout: timeout?.duration ?? agent.timeout, attempts: attempts)
    options.key = try StepUse.key(key, tool: "claude-call", to: self.agent)
    options.subject = subject
    options.expect = expect
    options.schema = try schema.map {
      String(decoding: try Self.read($0, "--schema"), as: UTF8.self).split(separator: "\n").joined(separator: " ")
    }
    options.memory = try memory.map { AgentMemory(program: try MemoryProgram.find(), topic: $0, tokens: memoryTokens) }
    let caller = Caller(spool: opened, agent: agent, options: options, environment: inheritedEnvironment())
    // No earlier call's token may pass for this one's, whose reply may be a fallback.
    if let snapshot { try OutputFile.clear(snapshot) }
    do {
      let answer = try caller.call(prompt)
      let kept = Result { try keepSnapshot(of: answer, caller) }
      // It is paid for: whatever becomes of the token, it is given.
      show(answer)
      try kept.get()
    } catch let none as Caller.NoAnswer {
      try show(none, of: opened, fallbackText)
    }
  }

  /// Who acts on the reply can ask whether what it rests on still holds; what is known to have changed already is told now.
  private func keepSnapshot(of answer: Caller.Answer, _ caller: Caller) throws {
    guard memory != nil else { return }
    if let snapshot {
      guard let token = answer.snapshot else {
        throw Failure(
          .malformed, "--snapshot \(snapshot)", "the recorded reply was given without a memory",
          do: "call with another --key")
      }
      try OutputFile.replace(snapshot, with: Array("\(token)\n".utf8))
    }
    guard let changes = caller.changes(since: answer) else {
      return complain("claude-call: \(agent): whether its memory has changed meanwhile cannot be told")
    }
    for change in changes.prefix(5) {
      complain("claude-call: \(agent): its memory has changed since it was asked: \(change.printable)")
    }
    if !changes.isEmpty {
      try caller.spool.queue("calls-\(agent)").log(
        answer.id, "== \(Timestamp.now.rfc3339Seconds) claude-call: the memory has changed since it was asked\n")
    }
  }

  private func wholePrompt() throws -> [UInt8] {
    var text: [UInt8]
    if let prompt {
      text = Array(prompt.utf8)
    } else if let file {
      text = try Self.read(file, "-f")
    } else {
      text = try Input.text(for: "the prompt")
    }
    for name in input {
      let bytes = name == "-" ? try Input.text(for: "--input -") : try Self.read(name, "--input")
      text += Array("\n\n==> \(name) <==\n".utf8) + bytes
    }
    guard text.contains(where: { !($0 == 32 || (9...13).contains($0)) }) else {
      throw Failure(.malformed, "the prompt", "is empty", do: "give it as an argument, with -f, or on standard input")
    }
    return text
  }

  private static func read(_ path: String, _ option: String) throws -> [UInt8] {
    guard let bytes = try Input.file(path, for: option).readAll(limit: Entry.sizeLimit) else {
      throw Failure(.malformed, "\(option) \(path)", "is longer than \(Entry.sizeLimit >> 20) MiB")
    }
    return bytes
  }

  private func show(_ answer: Caller.Answer) {
    if json {
      var fields = ["id": answer.id.description, "agent": agent, "reply": answer.text]
      fields["memory"] = answer.snapshot
      return printJSON(fields)
    }
    output(answer.text, terminator: answer.text.hasSuffix("\n") ? "" : "\n")
  }

  private func show(_ none: Caller.NoAnswer, of opened: SpoolDirectory, _ fallbackText: [UInt8]?) throws {
    let failure = none.failure
    let id = none.id?.description ?? "no ID"
    complain("claude-call: \(agent): \(failure.description)")
    complain("\(Timestamp.now.rfc3339Seconds) No reply from agent. (\(failure.kind.rawValue), \(id))")
    let queue = "calls-\(agent)"
    opened.journal.write(
      "no-reply", queue: queue, id: none.id, detail: "No reply from agent. (\(failure.kind.rawValue), \(id))")
    guard let fallbackText else {
      if json { printJSON(["id": id, "agent": agent, "class": failure.kind.rawValue, "why": failure.why]) }
      throw Exit(failure.status)
    }
    complain("claude-call: \(agent): the fallback is given instead")
    opened.journal.write("fallback", queue: queue, id: none.id)
    if let id = none.id {
      try opened.queue(queue).log(
        id, "== \(Timestamp.now.rfc3339Seconds) claude-call: fallback given: \(failure.description)\n")
    }
    if json {
      return printJSON([
        "id": id, "agent": agent, "class": failure.kind.rawValue, "why": failure.why,
        "fallback": String(decoding: fallbackText, as: UTF8.self),
      ])
    }
    output(bytes: fallbackText + (fallbackText.last == 10 ? [] : [10]))
  }

  private func printJSON(_ fields: [String: String]) {
    output((try? JSONLine.encode(fields)) ?? "{}")
  }
}
