import Spool
import Work

/// What is ready and nobody takes up: its worker is missing, or too slow.
enum OldestRule: Rule {
  static let name = "oldest"
  static let light = Light.amber

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for queue in try look.queues() {
      guard let (oldest, count) = try look.oldest(of: queue, in: .new) else { continue }
      let age = look.now - oldest.name.id.time
      guard age > look.longestWait else { continue }
      signals.append(
        Signal(
          self, about: .queue(queue.name), "\(queue.name):\(oldest.name.id)",
          "in \(queue.name) \(count.entries()) \(count == 1 ? "is" : "are") ready, the oldest (\(oldest.name.id.short)) for "
            + age.spoken, do: "does its worker run? spool ls \(queue.name)"))
    }
    return signals
  }
}
