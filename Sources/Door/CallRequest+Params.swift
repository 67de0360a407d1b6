import Calls
import FoundationEssentials
import Roster
import Spool

extension CallRequest {
  /// At most so long, as the name that a client gives to a call.
  private static let longestKey = 200
  /// A call that waits longer is no call.
  private static let longestTime = Duration.seconds(7 * 86400)

  /// What a client asks.
  /// - Throws: `Problem`, with the parameter that is wrong.
  init(_ params: Request.Params, for agent: Agent, author: String) throws {
    func wrong(_ name: String, _ expected: String) -> Problem {
      Problem(.invalidRequest, "params.\(name): expected \(expected)")
    }
    guard let prompt = params.prompt, prompt.contains(where: { !$0.isWhitespace }) else {
      throw wrong("prompt", "a text")
    }
    var options = CallOptions(timeout: agent.timeout, attempts: 2)
    if let text = params.timeout {
      guard let span = Duration(text), span > .zero, span <= Self.longestTime else {
        throw wrong("timeout", "a span such as 90s, 20m or 4h, of at most 7 days")
      }
      options.timeout = span
    }
    if let attempts = params.attempts {
      guard (1...5).contains(attempts) else { throw wrong("attempts", "a number from 1 to 5") }
      options.attempts = attempts
    }
    if let pattern = params.expect {
      guard (try? Regex(pattern)) != nil else { throw wrong("expect", "a regular expression") }
      options.expect = pattern
    }
    if let schema = params.schema {
      // On one line: within a string of JSON there is no line's end.
      let line = String(schema.map { $0.isNewline || $0 == "\t" ? " " : $0 })
      guard (try? JSONLine.decode(AnyJSON.self, line)) != nil else { throw wrong("schema", "a JSON Schema, as a text") }
      options.schema = line
    }
    if let topic = params.memory {
      let tokens = params.memoryTokens ?? 2000
      guard (1...100_000).contains(tokens) else { throw wrong("memoryTokens", "a number from 1 to 100000") }
      // Who makes the call knows where the program is.
      options.memory = AgentMemory(program: "memory", topic: topic, tokens: tokens)
    }
    options.subject = params.subject.map { String($0.prefix(200)) }
    options.key = try params.key.map { try Self.ledgerKey($0, of: author) }
    self.init(prompt: Array(prompt.utf8), options: options, author: author)
  }

  /// The key in the ledger, of which each name has its own: no name has a colon.
  static func ledgerKey(_ key: String, of name: String) throws(Problem) -> String {
    guard (1...longestKey).contains(key.utf8.count), key.printable == key else {
      throw Problem(.invalidRequest, "params.key: expected 1 to \(longestKey) bytes without control characters")
    }
    return "door-\(name):\(key)"
  }
}
