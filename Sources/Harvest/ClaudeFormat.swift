import Spool

/// Claude Code: `~/.claude/projects/DIRECTORY/SESSION.jsonl`, and its subagents' below.
enum ClaudeFormat: TranscriptFormat {
  static let name = "claude"

  private enum Slot {
    static let type = 0
    static let isMeta = 1
    static let isSidechain = 2
    static let isSummary = 3
    static let isHidden = 4
    static let isError = 5
    static let time = 6
    static let workingDirectory = 7
    static let content = 8
    static let model = 9
  }
  private enum Element {
    static let type = 0
    static let text = 1
    static let result = 2
  }

  static let always = (time: Slot.time, workingDirectory: Slot.workingDirectory)
  private static let texts: [StaticString] = ["text"]

  static var fields: [LineParser.Field] {
    typealias Field = LineParser.Field
    return [
      Field(key: "type", slot: Slot.type),
      Field(
        key: "message",
        fields: [
          Field(
            key: "content", slot: Slot.content,
            fields: [
              Field(key: "type", slot: Element.type), Field(key: "text", slot: Element.text),
              // What tools have printed is most of a file.
              Field(key: "content", slot: Element.result, isGlance: true),
            ], isArray: true),
          Field(key: "model", slot: Slot.model),
        ]),
      Field(key: "timestamp", slot: Slot.time),
      Field(key: "cwd", slot: Slot.workingDirectory),
      Field(key: "isSidechain", slot: Slot.isSidechain),
      Field(key: "isMeta", slot: Slot.isMeta),
      Field(key: "isCompactSummary", slot: Slot.isSummary),
      Field(key: "isVisibleInTranscriptOnly", slot: Slot.isHidden),
      Field(key: "isApiErrorMessage", slot: Slot.isError),
    ]
  }

  /// Two thirds of all lines are `progress`.
  private static let noise: [StaticString] = [
    "progress", "file-history-snapshot", "queue-operation", "attachment", "permission-mode", "mode", "agent-name",
    "custom-title", "ai-title", "last-prompt", "pr-link", "frame-link", "worktree-state", "relocated", "bridge-session",
    "started", "result", "atis-latch",
  ]
  static var stops: [(slot: Int, value: StaticString)] { noise.map { (Slot.type, $0) } }

  static func defaultSources(_ environment: SourceEnvironment) -> [Source] {
    let own = environment["CLAUDE_CONFIG_DIR"] ?? environment.home("/.claude")
    return ([(own, nil)] + environment.configDirectories).compactMap { directory, agent in
      directory.map { Source(format: self, path: $0 + "/projects", agent: agent) }
    }
  }

  static func meaning(of line: LineParser) -> LineMeaning {
    let type = line[Slot.type]
    if type == "user" { return user(line) }
    if type == "assistant" { return assistant(line) }
    if type == "system" { return LineMeaning(.record("system")) }
    if type == "summary" { return LineMeaning(.record("summary")) }
    if let noise = noise.first(where: { type == $0 }) { return LineMeaning(.noise(noise)) }
    return LineMeaning(.unknown(type))
  }

  private static func user(_ line: LineParser) -> LineMeaning {
    if line[Slot.isMeta].isTrue { return spoken(line, "meta") }
    if line[Slot.isSummary].isTrue || line[Slot.isHidden].isTrue { return spoken(line, "compact summary") }
    // An agent's words to another one.
    if line[Slot.isSidechain].isTrue { return spoken(line, "subagent's prompt") }
    let content = line[Slot.content]
    var meaning = spoken(line, "user")
    if content.isString {
      (meaning.speaker, meaning.text) = (.user, .value(content))
      return meaning
    }
    for element in 0..<line.elements where line[element, Element.type] == "tool_result" {
      if let words = answer(line[element, Element.result], line) {
        meaning.count = .record("user's answer")
        (meaning.speaker, meaning.text) = (.user, .value(words))
        return meaning
      }
    }
    let hasText = (0..<line.elements).contains { line[$0, Element.type] == "text" }
    if hasText {
      (meaning.speaker, meaning.text) = (.user, .elements(type: Element.type, types: texts, text: Element.text))
    } else {
      meaning.count = .record("tool result")
    }
    return meaning
  }

  /// A tool's result in which a person speaks: an answer to a question, a plan that was approved, a tool that was refused.
  private static func answer(_ result: LineValue, _ line: LineParser) -> LineValue? {
    answers.contains { result.hasPrefix($0) } ? line.unescaped(result) : nil
  }

  /// How the program's words begin that it hands such an answer on with.
  private static let answers: [StaticString] = [
    "User has answered your questions", "Your questions have been answered", "User has approved your plan",
    "The user doesn't want to proceed with this tool use", "The user doesn't want to take this action",
  ]

  private static func assistant(_ line: LineParser) -> LineMeaning {
    // Written by the program itself, not by a model.
    if line[Slot.isError].isTrue || line[Slot.model] == "<synthetic>" { return spoken(line, "error") }
    var meaning = spoken(line, "assistant")
    (meaning.speaker, meaning.text) = (.assistant, .elements(type: Element.type, types: texts, text: Element.text))
    return meaning
  }
}
