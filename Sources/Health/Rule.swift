import Spool
import Work

/// A cheap look at one thing that may be wrong. It asks no model and changes nothing, and what it costs does not grow with what is
/// over: no rule lists `done/` or `re/`, and of `log/` none looks at more than a few files.
public protocol Rule: Sendable {
  static var name: String { get }
  /// What it finds is so bad, where a signal does not say otherwise.
  static var light: Light { get }
  static func signals(_ look: Look) throws(Failure) -> [Signal]
}

extension Rule {
  public static var light: Light { .red }
}

/// All of them, in the order in which they are told: what explains the others comes first.
public enum Rules {
  public static let all: [any Rule.Type] = [
    DiskRule.self, TickRule.self, SettingsRule.self, CrontabRule.self, LivenessRule.self, BreakerRule.self,
    BudgetRule.self,
    BacklogRule.self, OldestRule.self, WaitingRule.self, StuckRule.self, FailedRule.self, ParkedRule.self,
    ApprovalsRule.self, JobsRule.self, ActiveRule.self, IndexRule.self, LogRule.self,
  ]

  /// What they find. A rule that cannot look says so: that is a signal too.
  /// - Throws: a flush that has failed, behind which nothing more is touched.
  public static func signals(_ look: Look, of rules: [any Rule.Type] = all) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for rule in rules {
      do throws(Failure) { signals += try rule.signals(look) } catch {
        if error.isFailedFlush { throw error }
        signals.append(
          Signal(rule, "blind:\(error.what)", "cannot look: \(error.what): \(error.why)", do: error.remedy))
      }
    }
    return signals
  }
}

extension Failure {
  var remedy: String { advice ?? "see what it is with ls -l" }
}
