import Spool
import Work

/// What was tried, and is tried again and again: a message that reaches nobody, a run that is put off.
enum WaitingRule: Rule {
  static let name = "waiting"
  static let light = Light.amber

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for queue in try look.queues() {
      guard let (oldest, count) = try look.oldest(of: queue, in: .wait) else { continue }
      let id = oldest.name.id
      let age = look.now - id.time
      // What was never tried waits for its time.
      guard age > look.longestWait, let reason = queue.lastReason(id) else { continue }
      signals.append(
        Signal(
          self, about: .queue(queue.name), "\(queue.name):\(id)",
          "in \(queue.name) \(count.entries()) \(count == 1 ? "waits" : "wait") to be tried again, the oldest "
            + "(\(id.short)) for \(age.spoken): \(reason.prefix(200))", do: "spool show \(id.short) tells more"))
    }
    return signals
  }
}
