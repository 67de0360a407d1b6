import Spool
import Work

/// Records are kept for a month, and then removed by the daily round: where older ones lie, that round is not made, and the spool
/// grows for ever. Of each queue a few logs are looked at, whichever the file system names first.
enum LogRule: Rule {
  static let name = "log"
  static let light = Light.amber

  private static let sample = 64
  /// The rounds are a day apart, and one may be missed.
  private static let slack = Duration.seconds(2 * 86400)

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    var signals: [Signal] = []
    for queue in try look.queues() {
      for log in try queue[.log].someNames(atMost: sample) where log.hasSuffix(".log") {
        guard let id = try? EntryID(log.dropLast(4)), try isForgotten(id, log, queue, look) else { continue }
        signals.append(
          Signal(
            self, about: .queue(queue.name), queue.name,
            "\(queue.name) has records that ought to be gone, such as \(id)",
            do: "does spool tick run to its end? Its daily round removes them"))
        break
      }
    }
    return signals
  }

  /// Whether it is over for longer than it is kept. What has failed is kept until a person sees to it.
  private static func isForgotten(
    _ id: EntryID, _ log: String, _ queue: Queue, _ look: Look
  ) throws(Failure) -> Bool {
    let limit = look.now - Queue.recordAge - slack
    guard id.time < limit, let written = try queue[.log].status(log)?.modified, written < limit,
      let done = try queue[.done].status(id.description)?.changed, done < limit
    else { return false }
    let place = Place(room: .done, fileName: id.description, name: EntryName(id: id))
    guard let header = try? queue.header(at: place), header["Key"] != nil else { return true }
    return done < look.now - Queue.keyAge - slack
  }
}
