import Roster
import Spool
import Work

/// An agent's program: which it is, where it lies, and how it is asked.
struct AgentProgram {
  enum Kind { case claude, codex, gemini, plain }

  let agent: Agent
  let environment: [String: String]

  var kind: Kind {
    switch agent.command[0].split(separator: "/").last {
    case "claude": .claude
    case "codex": .codex
    case "gemini": .gemini
    default: .plain
    }
  }

  /// Where installers put it, when PATH (cron's, say) does not have it.
  private var searched: [String] {
    let home = environment["HOME"] ?? ""
    let installed = home.isEmpty ? [] : ["\(home)/.local/bin", "\(home)/.claude/local", "\(home)/.npm-global/bin"]
    return Command.searchPath(environment) + installed + ["/usr/local/bin"]
  }

  func find() throws(CallFailure) -> String {
    let name = Agent.expanded(agent.command[0], environment)
    if let path = try? Command.find(name, in: searched) { return path }
    var seen: Set<String> = []
    let places = name.contains("/") ? "" : " in \(searched.filter { seen.insert($0).inserted }.joined(separator: ", "))"
    throw CallFailure(
      .missing, "\(name) was not found\(places)",
      do: kind == .claude
        ? "install Claude Code, or set Command: in agents/\(agent.name).md" : "set Command: in agents/\(agent.name).md")
  }

  func reader(schema: String?) -> any ReplyReader {
    switch kind {
    case .claude: ClaudeReader(wantsStructure: schema != nil)
    case .codex: CodexReader()
    case .gemini: GeminiReader()
    case .plain: PlainReader()
    }
  }

  /// What is asked beyond the prompt.
  struct Question {
    /// The file that holds the identity.
    var identityFile: String?
    var schema: String?
    /// USD that are left of the day's budget.
    var budget: Double?
    /// A session to go on with.
    var session: String?
  }

  func command(_ path: String, _ question: Question, deadline: Deadline, call: EntryID, spool: String) -> Command {
    var arguments = agent.command
    switch kind {
    case .claude:
      arguments += ["-p", "--output-format", "stream-json", "--verbose", "--model", agent.model]
      if let file = question.identityFile { arguments += ["--system-prompt-file", file] }
      if let schema = question.schema { arguments += ["--json-schema", schema] }
      if let budget = question.budget { arguments += ["--max-budget-usd", Self.dollars(budget)] }
      if let session = question.session { arguments += ["--resume", session] }
      if let tools = agent.tools { arguments += ["--tools", tools == "none" ? "" : tools] }
    case .codex:
      arguments += ["exec", "--json"] + (agent.namesModel ? ["-m", agent.model] : []) + ["-"]
    case .gemini:
      arguments += ["--output-format", "json"] + (agent.namesModel ? ["-m", agent.model] : [])
    case .plain: break
    }
    return Command(path: path, arguments: arguments, environment: childEnvironment(deadline, call, spool))
  }

  /// The identity goes before the prompt where the program takes no system prompt.
  func prompt(_ body: [UInt8]) -> [UInt8] {
    if kind == .claude || agent.identity.isBlank { return body }
    return Array((agent.identity + "\n\n").utf8) + body
  }

  private func childEnvironment(_ deadline: Deadline, _ call: EntryID, _ spool: String) -> [String: String] {
    var result = environment
    // Set in the children of a Claude Code session; with them a second one refuses to start, or joins the first.
    let ofSession = [
      "ENTRYPOINT", "CHILD_SESSION", "SESSION_ID", "SESSION_ACCESS_TOKEN", "SSE_PORT", "PARENT_SESSION_ID",
    ]
    for name in ["CLAUDECODE"] + ofSession.map({ "CLAUDE_CODE_" + $0 }) { result[name] = nil }
    if let directory = agent.configDirectory {
      let name = kind == .codex ? "CODEX_HOME" : "CLAUDE_CONFIG_DIR"
      result[name] = Agent.expanded(directory, environment)
    }
    deadline.handDown(to: &result)
    result["SPINDLE_CALL"] = call.description
    result["SPINDLE_AGENT"] = agent.name
    result["SPOOL_DIR"] = spool
    return result
  }

  /// What a person types to log in, and for which directory.
  func loginAdvice() -> String {
    let directory = agent.configDirectory.map { Agent.expanded($0, environment) }
    switch kind {
    case .claude:
      let prefix =
        directory.map { "CLAUDE_CONFIG_DIR=\($0) " } ?? environment["CLAUDE_CONFIG_DIR"].map {
          "CLAUDE_CONFIG_DIR=\($0) "
        } ?? ""
      return "type: \(prefix)claude auth login"
    case .codex: return "type: \(directory.map { "CODEX_HOME=\($0) " } ?? "")codex login"
    case .gemini: return "type: gemini, and log in"
    case .plain: return "log in with \(agent.command[0])"
    }
  }

  private static func dollars(_ amount: Double) -> String {
    let cents = Int((amount * 10000).rounded(.down))
    let fraction = String(cents % 10000)
    return "\(cents / 10000).\(String(repeating: "0", count: 4 - fraction.count))\(fraction)"
  }
}
