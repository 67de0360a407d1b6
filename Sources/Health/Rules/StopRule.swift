import Calls
import Spool

/// An agent that fails for want of a login or of money: to call it costs, or at least takes time, and can give nothing. No signal of
/// heartbeat-guard, for it would wake just such a one: the minute's round tells a person, and the guard holds what it has.
enum StopRule: Rule {
  static let name = "stop"

  /// So many in a row are no accident.
  private static let limit = 3

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for (agent, _) in try look.callQueues() {
      guard let why = try reason(agent, look) else { continue }
      signals.append(
        Signal(
          self, about: .agent(agent), agent, "\(agent) is not woken any more: \(why)",
          do: "claude-call --agent \(agent) 'are you there?' says what to do, and ends this when it succeeds"))
    }
    return signals
  }

  /// Why a call of this agent would only fail again; nil: it may succeed.
  static func reason(_ agent: String, _ look: Look) throws(Failure) -> String? {
    guard let queue = try look.queue("calls-\(agent)") else { return nil }
    if let (spent, budget) = try BudgetRule.spending(agent, queue, look), spent >= budget {
      return "its budget of today is spent"
    }
    guard let state = try BreakerState.read(in: queue), state.sameKind >= limit,
      state.kind == .notLoggedIn || state.kind == .budget
    else { return nil }
    return "its last \(state.sameKind) calls have failed (\(state.kind.rawValue): \(state.why.prefix(200)))"
  }
}
