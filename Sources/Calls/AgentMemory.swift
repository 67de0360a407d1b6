import Spool
import Work

/// What an agent is told of a topic before it is asked: by the tool `memory`, whose exit statuses and last line are all that is known
/// of it here.
public struct AgentMemory: Sendable {
  /// The tool.
  public var program: String
  public var topic: String
  /// At most so many, as `memory context` counts them.
  public var tokens: Int

  public init(program: String, topic: String, tokens: Int) {
    self.program = program
    self.topic = topic
    self.tokens = tokens
  }

  /// Longer it never takes: the database is on this machine.
  private static let patience = Duration.seconds(30)

  /// The block for the prompt, and the token that stands for it.
  /// - Throws: `.refused` where it cannot be had: an agent that has forgotten what it was told is not asked.
  func context(for agent: String, spool: String, _ environment: [String: String], until deadline: Deadline)
    throws(CallFailure)
    -> (text: String, token: String)
  {
    let (status, text, words) = try run(
      ["context", "--agent", agent, "--for", topic, "--tokens", String(tokens)], agent, spool, environment, deadline)
    let mark = "<!-- memory: "
    guard status == .done, let line = text.split(separator: "\n").last, line.hasPrefix(mark),
      let token = line.dropFirst(mark.count).split(separator: " ").first
    else {
      let mayPass = [.tryAgain, .io, .timedOut].contains(status)
      throw CallFailure(
        mayPass ? .refused : .missing,
        "its memory cannot be read: \(words.isEmpty ? "memory context ended with \(status.rawValue)" : words)"
      )
    }
    return (text, String(token))
  }

  /// What has changed since; none: it still holds. Nil: nobody can tell.
  func changes(since token: String, for agent: String, spool: String, _ environment: [String: String]) -> [String]? {
    guard let (status, text, _) = try? run(["fresh", token], agent, spool, environment, Deadline(after: Self.patience))
    else { return nil }
    switch status {
    case .done: return []
    case .no: return text.split(separator: "\n").map(String.init)
    default: return nil
    }
  }

  private func run(
    _ arguments: [String], _ agent: String, _ spool: String, _ environment: [String: String], _ deadline: Deadline
  ) throws(CallFailure) -> (status: ExitStatus, output: String, error: String) {
    var environment = environment
    // Who asks is the agent that is asked, not the one whose call we may be a part of.
    environment["SPINDLE_AGENT"] = agent
    let command = Command(
      path: program, arguments: ["memory", arguments[0], "-C", spool] + arguments.dropFirst(), environment: environment)
    let child: Child
    do { child = try Child(command) } catch { throw CallFailure(.missing, "\(error)") }
    let limit = min(deadline.remaining, Self.patience)
    let (outcome, output, error) = child.collect(until: Deadline(after: limit), limit: 8 << 20)
    if let number = outcome.stoppedBy {
      var stopped = CallFailure(.stopped, "stopped by signal \(number)")
      stopped.signal = number
      throw stopped
    }
    return (
      outcome.status, String(decoding: output, as: UTF8.self),
      String(decoding: error, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
    )
  }
}
