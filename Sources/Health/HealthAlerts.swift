import Deliveries
import Roster
import Spool

/// What a person is told without a model, by the minute's round: somebody has fallen silent, an agent is not called any more, the disk
/// is nearly full, the crontab is not understood, or no model would be woken. Once for each time that it happens.
public struct HealthAlerts {
  public let look: Look
  static let rules: [any Rule.Type] = [
    LivenessRule.self, BreakerRule.self, DiskRule.self, StopRule.self, CrontabRule.self,
  ]

  public init(_ look: Look) { self.look = look }

  /// - Returns: how many were committed.
  @discardableResult
  public func commit(_ courier: Courier) throws(Failure) -> Int { try commit(courier, of: Self.rules) }

  func commit(_ courier: Courier, of rules: [any Rule.Type]) throws(Failure) -> Int {
    let spool = look.spool
    let signals = try Rules.signals(look, of: rules)
    // The common case costs no write.
    var episodes = try Episodes(in: spool)
    let begun = episodes.update(
      signals.map(\.key), at: look.now, keeping: { look.isJustAwake && $0.hasPrefix(LivenessRule.name) },
      notice: spool.notice)
    var count = 0
    for signal in signals {
      let since = begun[signal.key] ?? look.now
      let key = "health-\(signal.key)-\(since.rfc3339)"
      // Resolved only for what is not told yet.
      if try courier.queue().known(key: key) != nil { continue }
      var alert = Delivery(
        to: try Address.ofAlerts(in: spool),
        text: Array("\(signal.what).\nWhat to do: \(signal.advice).\n".utf8))
      alert.subject = "\(signal.rule): \(signal.what)".cut(toCharacters: 120)
      alert.author = "alert"
      guard try courier.alert(alert, about: "health \(signal.key)", key: key) else { continue }
      spool.journal.write("health", detail: signal.line)
      count += 1
    }
    return count
  }
}

extension String {
  fileprivate func cut(toCharacters limit: Int) -> String { count <= limit ? self : prefix(limit) + "..." }
}
