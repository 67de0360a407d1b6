import Spool

/// What somebody is said to work on, and nobody does; or what ought to have been over long ago.
enum StuckRule: Rule {
  static let name = "stuck"

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for queue in try look.queues() {
      for place in try queue.entries(in: .run) {
        guard let status = try queue[.run].status(place.fileName), let why = why(queue, status, look) else { continue }
        let id = place.name.id
        signals.append(
          Signal(
            self, about: .queue(queue.name), "\(queue.name):\(place.fileName)",
            "in \(queue.name) \(id.short) (\(place.name.holder ?? "nobody")) \(why)",
            do: "spool check \(queue.name) names what holds it"))
      }
    }
    return signals
  }

  private static func why(_ queue: Queue, _ status: FileStatus, _ look: Look) -> String? {
    // What has just come there, or just lost its worker, is somebody's or the minute's round's.
    guard look.now - status.changed > patience else { return nil }
    guard look.locks.isHeld(status) else { return "is in run/, and nobody works on it" }
    // By then its worker was to have ended it. A run waits for as long as it must: its steps have an end.
    let late = look.now - status.modified
    return queue.name != runs && late > patience ? "goes on, and ought to have been over \(late.spoken) ago" : nil
  }

  private static let runs = "runs"
  private static let patience = Duration.seconds(180)
}
