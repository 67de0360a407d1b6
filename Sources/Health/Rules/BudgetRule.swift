import Calls
import Spool
import Work

/// An agent's day budget is spent, or soon will be.
enum BudgetRule: Rule {
  static let name = "budget"
  static let light = Light.amber

  private static let share = 0.9

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for (agent, queue) in try look.callQueues() {
      guard let (spent, budget) = try spending(agent, queue, look), spent >= share * budget else { continue }
      let isSpent = spent >= budget
      signals.append(
        Signal(
          self, about: .agent(agent), "\(agent):\(LocalTime(look.now).day)" + (isSpent ? ":spent" : ""),
          "\(agent) has spent $\(cents(spent)) of the $\(cents(budget)) that it may spend today"
            + (isSpent ? ", and is not called before midnight" : ""),
          do: "see who calls it: spool ls calls-\(agent) --all; or raise Budget in agents/\(agent).md",
          light: isSpent ? .red : nil))
    }
    return signals
  }

  /// USD; nil where it may spend what it likes, or has spent nothing.
  static func spending(_ agent: String, _ queue: Queue, _ look: Look) throws(Failure) -> (spent: Double, of: Double)? {
    guard let budget = try look.agent(agent)?.budget, let spent = try Spending(queue).glance() else { return nil }
    return (spent, budget)
  }

  private static func cents(_ dollars: Double) -> String {
    let cents = Int((min(dollars, 1e12) * 100).rounded())
    return "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
  }
}
