import Deliveries
import Runs
import Spool

/// What has been over for a short while, as the journal's last lines tell it: it would cost a list of `done/` to know it better.
struct Recent {
  /// Runs that have ended, the latest first.
  let runs: [EntryID]
  /// Deliveries that have a receipt, the latest first.
  let delivered: [EntryID]

  /// More are no news.
  private static let most = 20
  /// Of the journal so many bytes are read at most, from its end back: some 6,000 lines.
  private static let limit = 1 << 20

  init(_ spool: SpoolDirectory) throws(Failure) {
    let journal = try spool.directory("journal")
    runs = try Self.last(["done", "fail"], of: RunRequest.queueName, in: journal)
    delivered = try Self.last(["delivered"], of: Delivery.queueName, in: journal)
  }

  private static func last(_ events: [String], of queue: String, in journal: Directory) throws(Failure) -> [EntryID] {
    var reader = JournalReader(directory: journal)
    var found: [EntryID] = []
    let marks = events.map { "\"event\":\"\($0)\"" }
    _ = try reader.last(most, containing: "\"queue\":\"\(queue)\"", atMost: limit) { text in
      // To decode them all would take longer than all else.
      guard marks.contains(where: { text.contains($0) }), let line = try? JSONLine.decode(Journal.Line.self, text),
        line.queue == queue, events.contains(line.event), let id = line.id.flatMap({ try? EntryID($0) }),
        !found.contains(id)
      else { return .leave }
      found.append(id)
      return .take
    }
    return found
  }
}
