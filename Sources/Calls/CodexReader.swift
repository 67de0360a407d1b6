/// `codex exec --json`: one event a line; the last agent message is the reply once the turn has completed.
struct CodexReader: ReplyReader {
  private var lines = LineSplitter()
  private var message: String?
  private var isComplete = false
  private var failure: String?
  private var usage: JSONValue?
  private var thread: String?

  mutating func feed(_ piece: ArraySlice<UInt8>) -> Bool {
    for line in lines.feed(piece) { read(line) }
    return isComplete || failure != nil
  }

  private mutating func read(_ line: ArraySlice<UInt8>) {
    guard let event = JSONValue(line) else { return }
    switch event["type"]?.string {
    case "thread.started": thread = event["thread_id"]?.string
    case "item.completed":
      let type = event["item"]?["type"]?.string ?? event["item"]?["item_type"]?.string
      if type == "agent_message" || type == "assistant_message" { message = event["item"]?["text"]?.string ?? message }
    case "turn.completed":
      isComplete = true
      usage = event["usage"]
    case "turn.failed": failure = event["error"]?["message"]?.string ?? event["error"]?.text ?? "the turn failed"
    case "error": failure = failure ?? event["message"]?.string ?? "error"
    default: break
    }
  }

  mutating func result(exit: Int32?, stderr: String) -> Result<Reply, CallFailure> {
    for line in lines.finish() { read(line) }
    if isComplete, let message, !message.isBlank {
      var reply = Reply(text: message)
      reply.inputTokens = usage?["input_tokens"]?.whole
      reply.outputTokens = usage?["output_tokens"]?.whole
      reply.session = thread
      return .success(reply)
    }
    if let failure { return .failure(.classify(failure)) }
    guard let exit else { return .failure(CallFailure(.died, stderr.isBlank ? "killed before its answer" : stderr)) }
    if isComplete || exit == 0 { return .failure(CallFailure(.invalid, "no agent message in what it printed")) }
    return .failure(.classify(stderr.isBlank ? "exit \(exit) without a word" : stderr))
  }
}

/// `gemini --output-format json`: one object, {response, stats, error?}, on stdout (an error also on stderr).
struct GeminiReader: ReplyReader {
  private var bytes: [UInt8] = []

  mutating func feed(_ piece: ArraySlice<UInt8>) -> Bool {
    if bytes.count < LineSplitter.limit { bytes += piece }
    return false
  }

  mutating func result(exit: Int32?, stderr: String) -> Result<Reply, CallFailure> {
    // 42: it did not like its input; 53: too many turns.
    if exit == 42 || exit == 53 { return .failure(CallFailure(.invalid, "exit \(exit!): \(stderr)")) }
    let object = Self.object(in: bytes)
    if let error = object?["error"] ?? Self.object(in: Array(stderr.utf8))?["error"], !error.isNull {
      return .failure(.classify(error["message"]?.string ?? error.text))
    }
    guard let exit else { return .failure(CallFailure(.died, stderr.isBlank ? "killed before its answer" : stderr)) }
    if exit != 0 { return .failure(.classify(stderr.isBlank ? "exit \(exit) without a word" : stderr)) }
    guard let text = object?["response"]?.string, !text.isBlank else {
      return .failure(CallFailure(.invalid, "no response in what it printed"))
    }
    return .success(Reply(text: text))
  }

  /// It may say a few words before the object.
  private static func object(in bytes: [UInt8]) -> JSONValue? {
    guard let start = bytes.firstIndex(of: UInt8(ascii: "{")), let end = bytes.lastIndex(of: UInt8(ascii: "}")),
      start < end
    else { return nil }
    return JSONValue(bytes[start...end])
  }
}
