import Approvals
import Spool
import Work

/// What goes on only when a person releases it: runs and other entries in `hold/`. Requests lie there until they are answered, which is
/// as it should be.
enum ParkedRule: Rule {
  static let name = "parked"
  static let light = Light.amber

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for queue in try look.queues() where queue.name != ApprovalRequest.queueName {
      let held = try look.glance(at: queue, .hold)
      guard let newest = held.newest.last?.name.id else { continue }
      signals.append(
        Signal(
          self, about: .queue(queue.name), "\(queue.name):\(newest)",
          "in \(queue.name) \(held.count.entries()) \(held.count == 1 ? "is" : "are") held, the newest (\(newest.short)): "
            + queue.reason(newest).prefix(200),
          do:
            "spool show \(newest.short); spool release \(newest.short) lets it go on, spool cancel \(newest.short) gives it up"
        ))
    }
    return signals
  }
}
