import Approvals
import Spool

/// A request whose deadline has passed and which nobody has decided: neither who waits for it nor the minute's round. An open one
/// before its deadline is no signal.
enum ApprovalsRule: Rule {
  static let name = "approvals"

  /// The minute's round decides what is due.
  private static let patience = Duration.seconds(180)

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard let queue = try look.queue(ApprovalRequest.queueName) else { return [] }
    var late: [(id: EntryID, deadline: Timestamp)] = []
    for fileName in try queue[.hold].names() {
      // The file's time is the deadline's picture; where they differ, the later one counts. Names are read of the few that are late.
      guard let picture = try queue[.hold].status(fileName)?.modified, look.now - picture > patience,
        let id = (try? EntryName(fileName))?.id
      else { continue }
      let deadline = max(picture, try Proof.read(id, in: queue)?.deadline ?? picture)
      if look.now - deadline > patience { late.append((id, deadline)) }
    }
    guard let oldest = late.min(by: { $0.deadline < $1.deadline }) else { return [] }
    let subject = try queue.locate(oldest.id).flatMap { (place) throws(Failure) in try queue.header(at: place) }?[
      "Subject"]
    return [
      Signal(
        self, about: .queue(queue.name), "\(oldest.id)",
        "\(late.count.entries("request is", "requests are")) past the deadline and undecided, the first "
          + "(\(subject ?? String(oldest.id.short))) for \((look.now - oldest.deadline).spoken)",
        do: "spool tick decides them; spool show \(oldest.id.short)")
    ]
  }
}
