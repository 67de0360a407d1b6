import Spool
import Work

/// Something that is not well: what, and what to do about it. One line of heartbeat-guard.
public struct Signal: Sendable, Equatable {
  /// The name of the rule that has found it.
  public var rule: String
  /// Amber or red.
  public var light: Light
  public var subject: Subject
  public var what: String
  public var advice: String
  /// The same trouble has the same key for as long as it is no news.
  public var key: String

  /// Whom it is about: who shows one of these shows its signals with it.
  public enum Subject: Hashable, Sendable {
    case spool, tick
    case agent(String)
    case queue(String)
    case job(String)
    /// Who is to give a sign of life: an agent, a daemon, whoever stamps.
    case vital(String)
  }

  /// - Parameter light: nil: what the rule says of all that it finds.
  public init(
    _ rule: any Rule.Type, about subject: Subject = .spool, _ key: String, _ what: String, do advice: String,
    light: Light? = nil
  ) {
    self.rule = rule.name
    self.light = light ?? rule.light
    self.subject = subject
    self.key = "\(rule.name):\(key)".printable
    self.what = what
    self.advice = advice
  }

  public var line: String { "\(rule): \(what): \(advice)".printable }
}
