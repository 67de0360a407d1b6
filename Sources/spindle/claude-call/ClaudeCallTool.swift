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
    if let foreign = try foreignCaller() { return try ask(foreign, prompt, fallbackText) }
    let opened = try spool.open(as: "claude-call")
    let agent: Agent
    do { agent = try Agent(named: self.agent, in: opened) } catch {
      // An agent that cannot be read answers nothing, and whoever has a fallback gets it.
      guard fallbackText != nil, error.status != .usage else { throw error }
      return try show(Caller.NoAnswer(failure: CallFailure(.missing, error.description)), of: opened, fallbackText)
    }
    var options = try options(within: agent.timeout)
    options.memory = try memory.map {
      AgentMemory(program: try InstalledProgram.memory.find(), topic: $0, tokens: memoryTokens)
    }
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

  private func options(within timeout: Duration) throws -> CallOptions {
    var options = CallOptions(timeout: self.timeout?.duration ?? timeout, attempts: attempts)
    options.key = try StepUse.key(key, tool: "claude-call", to: agent)
    options.subject = subject
    options.expect = expect
    options.schema = try schema.map {
      String(decoding: try Self.read($0, "--schema"), as: UTF8.self).split(separator: "\n").joined(separator: " ")
    }
    return options
  }

  /// Nil where the spool is ours, or does not let us in.
  private func foreignCaller() throws -> ForeignCaller? {
    let environment = inheritedEnvironment()
    guard let user = ["SPINDLE_USER", "LOGNAME", "USER"].lazy.compactMap({ environment[$0] }).first else { return nil }
    var options = try options(within: .seconds(120))
    // The memory is the gateway's to read.
    options.memory = memory.map { AgentMemory(program: "", topic: $0, tokens: memoryTokens) }
    return try ForeignCaller(spool: spool.path(), agent: agent, user: user, options: options)
  }

  private func ask(_ foreign: ForeignCaller, _ prompt: [UInt8], _ fallbackText: [UInt8]?) throws {
    if let snapshot { try OutputFile.clear(snapshot) }
    do {
      let answer = try foreign.call(prompt)
      show(answer)
      if let snapshot, let token = answer.snapshot { try OutputFile.replace(snapshot, with: Array("\(token)\n".utf8)) }
    } catch let failure as CallFailure {
      try show(Caller.NoAnswer(failure: failure), of: nil, fallbackText)
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

  /// - Parameter opened: where it is recorded; nil: in a spool that is not ours.
  private func show(_ none: Caller.NoAnswer, of opened: SpoolDirectory?, _ fallbackText: [UInt8]?) throws {
    let failure = none.failure
    let id = none.id?.description ?? "no ID"
    complain("claude-call: \(agent): \(failure.description)")
    complain("\(Timestamp.now.rfc3339Seconds) No reply from agent. (\(failure.kind.rawValue), \(id))")
    let queue = "calls-\(agent)"
    opened?.journal.write(
      "no-reply", queue: queue, id: none.id, detail: "No reply from agent. (\(failure.kind.rawValue), \(id))")
    guard let fallbackText else {
      if json { printJSON(["id": id, "agent": agent, "class": failure.kind.rawValue, "why": failure.why]) }
      throw Exit(failure.status)
    }
    complain("claude-call: \(agent): the fallback is given instead")
    opened?.journal.write("fallback", queue: queue, id: none.id)
    if let opened, let id = none.id {
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
