import Calls
import Jobs
import Spool

/// What was given up, or could not be read, and nobody has seen to since. What a person has cancelled is no signal; a job's runs are
/// the jobs' own rule's.
enum FailedRule: Rule {
  static let name = "failed"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for queue in try look.queues() {
      let isOfJobs = queue.name == JobState.queueName
      let failed = isOfJobs ? [] : try failures(of: queue, look)
      if let newest = failed.last?.name.id {
        let count = failed.count == Glance.kept ? "\(Glance.kept) or more entries" : failed.count.entries()
        signals.append(
          Signal(
            self, about: .queue(queue.name), "\(queue.name):\(kind(newest, queue) ?? newest.description)",
            "in \(queue.name) \(count) \(failed.count == 1 ? "has" : "have") failed, the newest (\(newest.short)): "
              + queue.reason(newest).prefix(200),
            do: "spool show \(newest.short); then spool retry or spool cancel",
            // Whoever called has been told, and has gone on with what he had.
            light: queue.name.hasPrefix("calls-") ? .amber : nil))
      }
      // Names that are no entry's count here, too.
      let bad = try look.glance(at: queue, .bad)
      if let newest = bad.newestName {
        signals.append(
          Signal(
            self, about: .queue(queue.name), "\(queue.name):bad:\(newest)",
            "in \(queue.name) \(bad.count.entries()) cannot be read, such as \(newest)",
            do: "look at it, then mv it to \(queue.name)/drop, or rm it"))
      }
    }
    return signals
  }

  /// So far back it is looked where a person has given up all that is newer.
  private static let furthest = 1000

  private static func failures(of queue: Queue, _ look: Look) throws(Failure) -> [Place] {
    let glance = try look.glance(at: queue, .fail)
    let failed = glance.newest.filter { !queue.wasCancelled($0.name.id) }
    if !failed.isEmpty || glance.count <= Glance.kept { return failed }
    let older = try queue.entries(in: .fail).dropLast(Glance.kept).suffix(furthest)
    return older.last { !queue.wasCancelled($0.name.id) }.map { [$0] } ?? []
  }

  /// A call's failure is news once for each class: a wake-up that fails is a failed call itself, and must not be the next one's reason.
  private static func kind(_ id: EntryID, _ queue: Queue) -> String? {
    guard queue.name.hasPrefix("calls-"), let reason = queue.lastReason(id) else { return nil }
    let classes = Set(CallFailure.Class.allCases.map(\.rawValue))
    return reason.split(separator: ": ").first { classes.contains(String($0)) }.map(String.init)
  }
}
