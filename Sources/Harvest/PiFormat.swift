import Spool

/// pi and OpenClaw, which keeps pi's sessions: `~/.openclaw/agents/AGENT/sessions/SESSION.jsonl`, `~/.pi/agent/sessions/`.
enum PiFormat: TranscriptFormat {
  static let name = "pi"

  private enum Slot {
    static let type = 0
    static let custom = 1
    static let time = 2
    static let workingDirectory = 3
    static let role = 4
    static let content = 5
    static let provider = 6
    static let model = 7
    static let stopReason = 8
  }
  private enum Element {
    static let type = 0
    static let text = 1
  }

  static let always = (time: Slot.time, workingDirectory: Slot.workingDirectory)
  private static let texts: [StaticString] = ["text"]

  static var fields: [LineParser.Field] {
    typealias Field = LineParser.Field
    return [
      Field(key: "type", slot: Slot.type),
      Field(key: "customType", slot: Slot.custom),
      Field(key: "timestamp", slot: Slot.time),
      Field(key: "cwd", slot: Slot.workingDirectory),
      Field(
        key: "message",
        fields: [
          Field(key: "role", slot: Slot.role),
          Field(
            key: "content", slot: Slot.content,
            fields: [Field(key: "type", slot: Element.type), Field(key: "text", slot: Element.text)], isArray: true),
          Field(key: "provider", slot: Slot.provider),
          Field(key: "model", slot: Slot.model),
          Field(key: "stopReason", slot: Slot.stopReason),
        ]),
    ]
  }

  /// A tool's result is never anybody's words.
  static var stops: [(slot: Int, value: StaticString)] { [(Slot.role, "toolResult")] }

  static func defaultSources(_ environment: SourceEnvironment) -> [Source] {
    var sources: [Source] = []
    if let agents = environment.home("/.openclaw/agents") {
      for agent in environment.directories(in: agents) {
        sources.append(Source(format: self, path: "\(agents)/\(agent)/sessions", agent: agent))
      }
    }
    if let own = environment.home("/.pi/agent/sessions") { sources.append(Source(format: self, path: own, agent: nil)) }
    return sources
  }

  static func meaning(of line: LineParser) -> LineMeaning {
    let type = line[Slot.type]
    if type == "message" { return message(line) }
    for kind: StaticString in ["session", "model_change", "thinking_level_change", "label", "session_info"]
    where type == kind {
      return spoken(line, kind)
    }
    if type == "compaction" || type == "branch_summary" { return spoken(line, "summary") }
    if type == "custom" || type == "custom_message" {
      return LineMeaning(.noise("custom", line[Slot.custom]))
    }
    return LineMeaning(.unknown(type))
  }

  private static func message(_ line: LineParser) -> LineMeaning {
    let role = line[Slot.role]
    if role == "toolResult" { return LineMeaning(.record("tool result")) }
    var meaning = spoken(line, "user")
    if role == "user" {
      meaning.speaker = .user
    } else if role == "assistant" {
      // What was sent on a channel, written down once more.
      if line[Slot.provider] == "openclaw" { return spoken(line, "mirror") }
      // A provider that has failed: the prompt comes again for the next one.
      if line[Slot.stopReason] == "error" { return spoken(line, "failed attempt") }
      meaning.count = .record("assistant")
      meaning.speaker = .assistant
    } else {
      // bashExecution and others that pi adds.
      meaning.count = .record("other message")
      return meaning
    }
    let content = line[Slot.content]
    meaning.text =
      content.isString
      ? .value(content) : .elements(type: Element.type, types: texts, text: Element.text)
    return meaning
  }
}
