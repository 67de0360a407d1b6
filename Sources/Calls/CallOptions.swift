import Spool
import Work

/// What a caller asks beyond the prompt.
public struct CallOptions: Sendable {
  /// The whole call, its attempts and its waiting.
  public var timeout: Duration
  public var attempts: Int
  public var key: String?
  public var subject: String?
  /// A regular expression that must match somewhere in the reply.
  public var expect: String?
  /// A JSON Schema, on one line.
  public var schema: String?
  /// What the agent is told before the prompt.
  public var memory: AgentMemory?

  public init(timeout: Duration, attempts: Int) {
    self.timeout = timeout
    self.attempts = attempts
  }

  /// - Throws: `.invalid` where the reply is not the one that was asked for.
  func check(_ text: String) throws(CallFailure) {
    if let expect, let pattern = try? Regex(expect), text.firstMatch(of: pattern) == nil {
      throw CallFailure(.invalid, "the reply does not match --expect \(expect): \(text.prefix(120))")
    }
    if let schema { try Self.validate(text, against: schema) }
  }

  /// By the program of Debian's python3-jsonschema: a validator is no work of ours. What a schema refers to is never fetched: it may be
  /// another user's, and we are not to read files or call servers for him.
  private static func validate(_ text: String, against schema: String) throws(CallFailure) {
    let environment = inheritedEnvironment()
    guard let python = try? Command.find("/usr/bin/python3", in: []) else {
      throw CallFailure(.missing, "/usr/bin/python3 was not found", do: "apt-get install python3-jsonschema")
    }
    let script = """
      import json, sys
      try: import jsonschema
      except ImportError: sys.exit(69)
      class Closed(jsonschema.RefResolver):
          def resolve_remote(self, uri): raise ValueError("$ref leads out of the schema: " + uri)
      try:
          schema = json.loads(sys.argv[1])
          jsonschema.validate(json.load(sys.stdin), schema, resolver=Closed.from_schema(schema))
      except Exception as e: print(getattr(e, "message", e)); sys.exit(65)
      """
    guard let scratch = try? Self.scratch(text),
      let child = try? Child(
        Command(path: python, arguments: ["python3", "-I", "-c", script, schema], environment: environment),
        input: scratch)
    else { throw CallFailure(.missing, "the schema's validator cannot be started") }
    let (outcome, words, _) = child.collect(until: Deadline(after: .seconds(30)))
    switch outcome.end {
    case .exited(0): return
    case .exited(69): throw CallFailure(.missing, "no validator for --schema", do: "apt-get install python3-jsonschema")
    default:
      throw CallFailure(
        .invalid, "the reply does not fit --schema: \(String(decoding: words, as: UTF8.self).trimmingLines)")
    }
  }

  private static func scratch(_ text: String) throws -> File { try File.inMemory(Array(text.utf8)) }
}

extension String {
  fileprivate var trimmingLines: String { split(separator: "\n").joined(separator: " ") }
}
