import Roster
import Spool
import Work

/// A call as its entry carries it: what is asked of an agent, and how. Who makes the call, its caller or the gateway, reads it
/// from there.
public struct CallRequest: Sendable {
  public var prompt: [UInt8]
  public var options: CallOptions
  /// Who asks.
  public var author: String

  public init(prompt: [UInt8], options: CallOptions, author: String) {
    self.prompt = prompt
    self.options = options
    self.author = author
  }

  /// - Parameter remaining: of its time.
  public func draft(for agent: Agent, remaining: Duration) -> Draft {
    var header = Header(["From": author, "To": agent.name, "Agent": agent.name, "Model": agent.model])
    for line in Self.lines(options, remaining: remaining).lines { header[line.name] = line.value }
    return Draft(slug: EntryID.slug(from: options.subject ?? agent.name), header: header, body: prompt)
  }

  /// What a caller asks beyond the prompt. Without a key a call expires with its time; under one it may be asked for again, and is then
  /// made again.
  static func lines(_ options: CallOptions, remaining: Duration) -> Header {
    Header([
      "Subject": options.subject, "Timeout": "\(max(1, options.timeout.nanoseconds / 1_000_000_000))s",
      "Attempts": String(options.attempts), "Expect": options.expect, "Schema": options.schema,
      "Memory": options.memory?.topic, "Memory-Tokens": options.memory.map { String($0.tokens) },
      "Expires": options.key == nil ? (Timestamp.now + remaining).rfc3339 : nil,
    ])
  }

  /// - Parameters:
  ///   - agent: whose defaults hold where the entry, which anybody may have written, says nothing.
  ///   - memory: the program that tells what an agent may know.
  /// - Throws: `.malformed` where a line means nothing.
  public init(_ entry: Entry, for agent: Agent, memory program: String?) throws(Failure) {
    let header = entry.header
    func wrong(_ name: String, _ expected: String) -> Failure {
      Failure(.malformed, entry.id.description, "\(name): \(header[name] ?? "") is not \(expected)")
    }
    options = CallOptions(timeout: agent.timeout, attempts: 2)
    // Of others, less is taken.
    let isOthers = header["Via"] != nil
    if let text = header["Timeout"] {
      guard let timeout = Duration(text), timeout > .zero, timeout <= .seconds(7 * 86400) else {
        throw wrong("Timeout", "a span such as 90s or 20m, of a week at most")
      }
      options.timeout = timeout
    }
    if let text = header["Attempts"] {
      guard let attempts = Int(text), (1...(isOthers ? 5 : 100)).contains(attempts) else {
        throw wrong("Attempts", "a number from 1 to \(isOthers ? 5 : 100)")
      }
      options.attempts = attempts
    }
    if let pattern = header["Expect"] {
      guard (try? Regex(pattern)) != nil else { throw wrong("Expect", "a regular expression") }
      options.expect = pattern
    }
    options.schema = header["Schema"]
    options.subject = entry.subject
    if let topic = header["Memory"], let program {
      options.memory = AgentMemory(
        program: program, topic: topic,
        tokens: min(max(1, header["Memory-Tokens"].flatMap { Int($0) } ?? 2000), 1_000_000))
    }
    prompt = entry.body
    author = header["From"] ?? ""
  }
}
