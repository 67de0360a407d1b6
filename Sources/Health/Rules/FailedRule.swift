import Spool

/// What was given up, or could not be read, and nobody has seen to since. What a person has cancelled is no signal.
enum FailedRule: Rule {
  static let name = "failed"

  /// So many are looked at; where more lie there, this is said.
  private static let limit = 100

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for queue in try look.queues() {
      let failed = try queue.entries(in: .fail).suffix(limit).filter { !queue.wasCancelled($0.name.id) }
      if let newest = failed.last?.name.id {
        let count = failed.count == limit ? "\(limit) or more entries" : failed.count.entries()
        signals.append(
          Signal(
            self, "\(queue.name):\(newest)",
            "in \(queue.name) \(count) \(failed.count == 1 ? "has" : "have") failed, the newest (\(newest.short)): "
              + queue.reason(newest).prefix(200),
            do: "spool show \(newest.short); then spool retry or spool cancel"))
      }
      // Names that are no entry's count here, too.
      let bad = try queue[.bad].names().filter { !$0.hasPrefix(".") }.sorted()
      if let newest = bad.last {
        signals.append(
          Signal(
            self, "\(queue.name):bad:\(newest)",
            "in \(queue.name) \(bad.count.entries()) cannot be read, such as \(newest)",
            do: "look at it, then mv it to \(queue.name)/drop, or rm it"))
      }
    }
    return signals
  }
}
