import Calls
import Spool

/// An agent whose calls fail one after the other, and which is not called for that.
enum BreakerRule: Rule {
  static let name = "breaker"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for (agent, queue) in try look.callQueues() {
      guard let state = try BreakerState.read(in: queue), state.opened != nil else { continue }
      signals.append(
        Signal(
          self, about: .agent(agent), agent,
          "\(agent) is not called any more: its last \(state.failures) calls have failed (\(state.kind.rawValue): "
            + "\(state.why.prefix(200)))", do: "mend that; one call a minute tries whether it works again"))
    }
    return signals
  }
}
