import Spool

/// Codex: `~/.codex/sessions/YYYY/MM/DD/rollout-TIME-SESSION.jsonl`, in both generations. Since 0.4x each line is an envelope
/// with a payload; before (2025-09) it was the payload itself.
enum CodexFormat: TranscriptFormat {
  static let name = "codex"

  private enum Slot {
    static let type = 0
    static let time = 1
    static let innerType = 2
    static let innerRole = 3
    static let innerContent = 4
    static let workingDirectory = 5
    static let role = 6
    static let content = 7
    static let recordType = 8
    static let id = 9
  }
  private enum Element {
    static let type = 0
    static let text = 1
  }

  static let always = (time: Slot.time, workingDirectory: Slot.workingDirectory)
  private static let texts: [StaticString] = ["input_text", "output_text", "text"]

  static var fields: [LineParser.Field] {
    typealias Field = LineParser.Field
    let elements = [Field(key: "type", slot: Element.type), Field(key: "text", slot: Element.text)]
    return [
      Field(key: "timestamp", slot: Slot.time),
      Field(key: "type", slot: Slot.type),
      Field(
        key: "payload",
        fields: [
          Field(key: "type", slot: Slot.innerType),
          Field(key: "role", slot: Slot.innerRole),
          Field(key: "content", slot: Slot.innerContent, fields: elements, isArray: true),
          Field(key: "cwd", slot: Slot.workingDirectory),
        ]),
      Field(key: "role", slot: Slot.role),
      Field(key: "content", slot: Slot.content, fields: elements, isArray: true),
      Field(key: "record_type", slot: Slot.recordType),
      Field(key: "id", slot: Slot.id),
    ]
  }

  static let stops: [(slot: Int, value: StaticString)] = []

  static func defaultSources(_ environment: SourceEnvironment) -> [Source] {
    guard let own = environment["CODEX_HOME"] ?? environment.home("/.codex") else { return [] }
    return ["sessions", "archived_sessions"].map { Source(format: self, path: "\(own)/\($0)", agent: nil) }
  }

  static func meaning(of line: LineParser) -> LineMeaning {
    let type = line[Slot.type]
    if type.isAbsent {
      if !line[Slot.recordType].isAbsent { return LineMeaning(.noise("state")) }
      return line[Slot.id].isAbsent ? LineMeaning(.unknown(type)) : spoken(line, "session")
    }
    if type == "response_item" {
      return item(line, line[Slot.innerType], line[Slot.innerRole], line[Slot.innerContent])
    }
    // Everything that is said is there twice; the event is the copy that the program shows.
    if type == "event_msg" { return LineMeaning(.noise("event_msg", line[Slot.innerType])) }
    if type == "session_meta" { return spoken(line, "session") }
    if type == "turn_context" { return spoken(line, "turn_context") }
    if type == "compacted" { return spoken(line, "summary") }
    for noise: StaticString in ["world_state", "inter_agent_communication_metadata"] where type == noise {
      return LineMeaning(.noise(noise))
    }
    return item(line, type, line[Slot.role], line[Slot.content])
  }

  /// What is no message of anybody.
  private static let silent: [StaticString] = [
    "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
    "local_shell_call", "web_search_call", "ghost_snapshot", "compaction", "agent_message",
  ]

  /// What the model has got, or has said.
  private static func item(
    _ line: LineParser, _ type: LineValue, _ role: LineValue, _ content: LineValue
  ) -> LineMeaning {
    if let kind = silent.first(where: { type == $0 }) { return spoken(line, kind) }
    guard type == "message" else { return LineMeaning(.unknown(type)) }
    var meaning = spoken(line, "user")
    if role == "assistant" {
      meaning.count = .record("assistant")
      meaning.speaker = .assistant
    } else if role == "user" {
      meaning.speaker = .user
    } else {
      meaning.count = .record("system")
      return meaning
    }
    meaning.text =
      content.isString
      ? .value(content)
      : .elements(type: Element.type, types: texts, text: Element.text)
    return meaning
  }
}
