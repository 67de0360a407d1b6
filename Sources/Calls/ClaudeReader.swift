import Spool

/// Claude Code's `--output-format stream-json`: one event a line, the last one of type `result`.
///
/// A reply is a result with subtype success, no error and a text that is not empty; nothing else is.
struct ClaudeReader: ReplyReader {
  /// Whether `--json-schema` was given: then `structured_output` is the reply.
  let wantsStructure: Bool

  private static let resultWord = Array("\"result\"".utf8)
  private static let assistantWord = Array("\"assistant\"".utf8)
  private static let limitWord = Array("rate_limit_event".utf8)
  private static let retryWord = Array("api_retry".utf8)

  private var lines = LineSplitter()
  private var result: JSONValue?
  /// The last lines that may hold the assistant's words, raw: parsed only where the result has none.
  private var assistant: [[UInt8]] = []
  private var resetsAt: Timestamp?
  private var retryError: String?
  private var noise = ""

  init(wantsStructure: Bool) { self.wantsStructure = wantsStructure }

  mutating func feed(_ piece: ArraySlice<UInt8>) -> Bool {
    for line in lines.feed(piece) { read(line) }
    return result != nil
  }

  /// Long streams are mostly lines that do not matter: they are searched, not parsed.
  private mutating func read(_ line: ArraySlice<UInt8>) {
    if line.holds(Self.resultWord), let event = JSONValue(line), event["type"]?.string == "result" {
      result = event
    } else if line.holds(Self.assistantWord) && line.count <= 8 << 20 {
      assistant.append(Array(line))
      if assistant.count > 8 { assistant.removeFirst() }
    } else if line.holds(Self.limitWord), let info = JSONValue(line)?["rate_limit_info"] {
      // "allowed" comes with every subscription's run.
      if info["status"]?.string == "rejected" || info["status"]?.string == nil {
        resetsAt = info["resetsAt"]?.whole.map { Timestamp(seconds: Int64($0)) }
      }
    } else if line.holds(Self.retryWord) {
      retryError = JSONValue(line)?["error"]?.string
    } else if line.first != UInt8(ascii: "{") && noise.utf8.count < 2000 {
      noise += String(decoding: line.prefix(1000), as: UTF8.self) + "\n"
    }
  }

  mutating func result(exit: Int32?, stderr: String) -> Result<Reply, CallFailure> {
    for line in lines.finish() { read(line) }
    guard let result else { return .failure(withoutResult(exit: exit, stderr: stderr)) }
    var reply = Reply(text: "")
    reply.cost = result["total_cost_usd"]?.number
    reply.session = result["session_id"]?.string
    reply.outputTokens = result["usage"]?["output_tokens"]?.whole
    // What was read from and written to the cache was read all the same.
    let input = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
      .compactMap { result["usage"]?[$0]?.whole }
    reply.inputTokens = input.isEmpty ? nil : input.reduce(0) { $0.addingReportingOverflow($1).partialValue }
    let words = result["result"]?.string ?? ""
    let subtype = result["subtype"]?.string ?? "none"
    guard subtype == "success", result["is_error"]?.bool != true else {
      return .failure(failure(subtype: subtype, words: words, result: result, stderr: stderr))
    }
    if wantsStructure {
      guard let structure = result["structured_output"], !structure.isNull else {
        return .failure(paid(CallFailure(.invalid, "no structured_output came: \(words.prefix(200))"), reply))
      }
      reply.text = structure.text
      return .success(reply)
    }
    reply.text = words
    if words.isBlank {
      reply.text = lastWords()
      reply.note = "the result was empty; the text is the last that the stream holds"
    }
    return reply.text.isBlank ? .failure(paid(CallFailure(.invalid, "an empty result"), reply)) : .success(reply)
  }

  private func failure(subtype: String, words: String, result: JSONValue, stderr: String) -> CallFailure {
    let errors = result["errors"]?.array?.map { $0.string ?? $0.text }.joined(separator: "; ") ?? ""
    let said = [words, errors, stderr].first { !$0.isBlank } ?? subtype
    var failure: CallFailure
    switch subtype {
    case "error_max_budget_usd": failure = CallFailure(.budget, said)
    case "error_max_turns", "error_max_structured_output_retries":
      failure = CallFailure(.invalid, "\(subtype): \(said)")
    default: failure = .classify(said, tryAgainAt: resetsAt)
    }
    if failure.kind == .agentError, let retryError {
      failure = .classify("\(retryError): \(said)", tryAgainAt: resetsAt)
    }
    if failure.kind == .rateLimit { failure.tryAgainAt = resetsAt }
    failure.cost = result["total_cost_usd"]?.number.flatMap { $0 > 0 ? $0 : nil }
    return failure
  }

  private func paid(_ failure: CallFailure, _ reply: Reply) -> CallFailure {
    var failure = failure
    failure.cost = reply.cost.flatMap { $0 > 0 ? $0 : nil }
    return failure
  }

  /// No result line: the program died, was cut off, or is no Claude Code.
  private func withoutResult(exit: Int32?, stderr: String) -> CallFailure {
    guard let exit else { return CallFailure(.died, stderr.isBlank ? "killed before its result" : stderr) }
    let words = stderr.isBlank ? noise : stderr
    let dropped = lines.dropped > 0 ? "; \(lines.dropped) over-long lines were dropped" : ""
    if words.isBlank { return CallFailure(.invalid, "exit \(exit) without a result" + dropped) }
    // Nothing parsed and nothing failed: whatever this is, it is no reply.
    if exit == 0 { return CallFailure(.invalid, "no result in what it printed: \(words.prefix(200))" + dropped) }
    return .classify(words, tryAgainAt: resetsAt)
  }

  private func lastWords() -> String {
    for line in assistant.reversed() {
      guard let content = JSONValue(line)?["message"]?["content"]?.array else { continue }
      let text = content.filter { $0["type"]?.string == "text" }.compactMap { $0["text"]?.string }.joined()
      if !text.isBlank { return text }
    }
    return ""
  }
}
