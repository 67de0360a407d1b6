import Glibc
import Spool

/// Why there is no reply, told apart as far as its caller can act on it.
public struct CallFailure: Error, Hashable, Sendable {
  public enum Class: String, Sendable, CaseIterable {
    case timeout
    case rateLimit = "rate-limit"
    case overloaded
    /// The program died before it said anything that counts.
    case died
    case notLoggedIn = "not-logged-in"
    /// The day's budget, the vendor's credit, or `--max-budget-usd` is spent.
    case budget
    /// The program, or something that the agent requires, is not there.
    case missing
    /// What came is no reply, or not the one that was asked for.
    case invalid
    /// The agent said that it failed.
    case agentError = "agent-error"
    case stopped
    /// The call could not even be recorded.
    case refused
    /// The agent's last calls have all failed: it is left alone for a while.
    case breaker

    fileprivate var status: ExitStatus {
      switch self {
      case .timeout: .timedOut
      case .rateLimit, .overloaded, .died, .refused: .tryAgain
      case .notLoggedIn: .notAllowed
      case .budget, .missing, .agentError, .breaker: .unavailable
      case .invalid: .malformed
      case .stopped: .signal(SIGTERM)
      }
    }

    /// It says something of the agent, not of what was asked of it or of us.
    var isOfTheAgent: Bool { ![.invalid, .stopped, .refused, .breaker].contains(self) }

    /// Worth another attempt inside the same call.
    var isTransient: Bool { self == .overloaded || self == .died || self == .rateLimit || self == .invalid }
  }

  public var kind: Class
  public var why: String
  public var advice: String?
  /// When it may work again, where the vendor said so.
  public var tryAgainAt: Timestamp?
  /// What stopped it, where it was stopped.
  public var signal = SIGTERM
  /// USD, where the failure was paid for.
  public var cost: Double?
  /// It is a limit or a lack of ours, or of its caller's, and says nothing of the agent.
  var isOwnLimit = false
  /// The agent has answered, though not as it was asked to.
  var isAnswer = false
  /// It was an attempt, and another one follows.
  var isTriedAgain = false

  public init(_ kind: Class, _ why: String, do advice: String? = nil, at tryAgainAt: Timestamp? = nil) {
    self.kind = kind
    self.why = why
    self.advice = advice
    self.tryAgainAt = tryAgainAt
  }

  public var status: ExitStatus { kind == .stopped ? .signal(signal) : kind.status }

  /// One line, for the log and for stderr.
  public var description: String {
    let again = tryAgainAt.map { "try again at \($0.rfc3339Seconds)" }
    return
      (["\(kind.rawValue): \(why.prefix(600))", advice, again].compactMap { $0 }.joined(separator: ": ")
      + (cost.map { " cost=\($0)" } ?? "")).printable
  }

  /// Tells a vendor's words apart. The lists are open-ended: what is not known is an agent's error.
  static func classify(_ words: String, tryAgainAt: Timestamp? = nil) -> CallFailure {
    let text = words.lowercased()
    func says(_ parts: [String]) -> Bool { parts.contains { text.contains($0) } }
    if says(["credit balance", "billing", "spend limit", "quota exceeded for billing", "payment required"]) {
      return CallFailure(.budget, words, do: "pay, or raise the limit, in the vendor's console")
    }
    if says([
      "invalid api key", "please run /login", "authentication", "not logged in", "oauth token", "unauthorized", "401",
    ]) {
      return CallFailure(.notLoggedIn, words)
    }
    if says(["hit your limit", "rate limit", "rate_limit", "usage limit", "429", "quota", "too many requests"]) {
      return CallFailure(.rateLimit, words, at: tryAgainAt)
    }
    if says(["overloaded", "529", "503", "502", "server_error", "internal server error"]) {
      return CallFailure(.overloaded, words)
    }
    return CallFailure(.agentError, words)
  }
}

/// What an agent answered.
public struct Reply: Sendable {
  public var text: String
  /// USD, as the program estimates it.
  public var cost: Double?
  public var inputTokens: Int?
  public var outputTokens: Int?
  public var session: String?
  /// The token of the memory that the agent was told.
  public var snapshot: String?
  /// What a reader of the record should know about how it came.
  public var note: String?

  init(text: String) { self.text = text }
}
