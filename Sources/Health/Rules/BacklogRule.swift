import Spool
import Work

/// Somebody floods an agent: so many calls of it wait that further ones will soon be refused.
enum BacklogRule: Rule {
  static let name = "backlog"
  static let light = Light.amber

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for (name, queue) in try look.callQueues() {
      guard let agent = try look.agent(name) else { continue }
      // Others look there as well.
      let count = try look.glance(at: queue, .new).count
      guard count * 5 >= agent.backlog * 4 else { continue }
      let isFull = count >= agent.backlog
      signals.append(
        Signal(
          self, about: .agent(name), name + (isFull ? ":full" : ""),
          isFull
            ? "\(count) calls of \(name) wait, and further ones are refused"
            : "\(count) calls of \(name) wait; from \(agent.backlog) on further ones are refused",
          do: "see who makes them: spool ls calls-\(name); spool cancel gives them up",
          light: isFull ? .red : nil))
    }
    return signals
  }
}
