import Approvals
import Health
import Spool
import Work

extension Overview {
  /// So many are shown of each room; a person answers one after the other.
  private static let most = 200

  mutating func lookAtApprovals() throws(Failure) {
    guard let queue = try look.queue(ApprovalRequest.queueName) else { return }
    // As they go: one that moves meanwhile is seen twice, not never.
    for room in [Room.new, .wait, .hold] {
      for place in try queue.oldest(Self.most, in: room) {
        // Decided meanwhile, or no request: check says so.
        guard let header = (try? queue.header(at: place)) ?? nil else { continue }
        let id = place.name.id.description
        do throws(Failure) { document.approvals[id] = try row(place, header, queue) } catch {
          if error.isFailedFlush { throw error }
          document.approvals[id] = StatusDocument.Approval(
            status: .red, detail: "\(error.what): \(error.why)", to: [], asked: place.name.id.time.rfc3339Seconds)
        }
      }
    }
  }

  private func row(_ place: Place, _ header: Header, _ queue: Queue) throws(Failure) -> StatusDocument.Approval {
    let id = place.name.id
    var row = StatusDocument.Approval(
      status: .green, detail: "open", subject: header["Subject"],
      to: (header["To"] ?? "").split(separator: ",").map { String($0.trimmed) }, asked: id.time.rfc3339Seconds)
    switch place.room {
    case .hold:
      let proof = try Proof.read(id, in: queue)
      let deadline = try Proof.deadline(of: place, proof, in: queue)
      row.delivered = proof?.delivered.rfc3339Seconds
      row.deadline = deadline?.rfc3339Seconds
      row.secondsLeft = deadline.map { Int(max(0, ($0 - now).nanoseconds / 1_000_000_000)) }
    case .wait:
      row.status = .amber
      row.detail = "has reached nobody yet" + (queue.lastReason(id).map { ": \($0)" } ?? "")
    default: row.detail = "is being put to \(row.to.first ?? "nobody")"
    }
    return row
  }
}
