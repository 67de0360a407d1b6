import Spool

/// Something that is not well: what, and what to do about it. One line of heartbeat-guard.
public struct Signal: Sendable, Equatable {
  /// The name of the rule that has found it.
  public var rule: String
  public var what: String
  public var advice: String
  /// The same trouble has the same key for as long as it is no news.
  public var key: String

  public init(_ rule: any Rule.Type, _ key: String, _ what: String, do advice: String) {
    self.rule = rule.name
    self.key = "\(rule.name):\(key)".printable
    self.what = what
    self.advice = advice
  }

  public var line: String { "\(rule): \(what): \(advice)".printable }
}
