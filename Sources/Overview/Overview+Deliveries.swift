import Deliveries
import Health
import Spool
import Work

extension Overview {
  /// So many in doubt are named; more are counted by their queue.
  private static let most = 100

  mutating func lookAtDeliveries(_ recent: Recent?) throws(Failure) {
    guard let queue = try look.queue(Delivery.queueName) else { return }
    for room in [Room.new, .run, .wait] {
      document.deliveries.pending += try look.oldest(of: queue, in: room)?.count ?? 0
    }
    // What a person has given up has not failed.
    let failed = try look.glance(at: queue, .fail)
    document.deliveries.failed = failed.count - failed.newest.count { queue.wasCancelled($0.name.id) }
    // One that is being sent is in doubt until its receipt is there, and no news.
    for room in [Room.wait, .hold] {
      for place in try queue.doubtful(in: room, atMost: Self.most) {
        guard let header = (try? queue.header(at: place)) ?? nil else { continue }
        document.deliveries.inDoubt.append(
          StatusDocument.Doubt(
            id: place.name.id.description, to: header["Deliver-To"] ?? header["To"] ?? "", subject: header["Subject"],
            since: place.name.id.time.rfc3339Seconds,
            detail: queue.lastReason(place.name.id) ?? "it may or may not have gone out"))
      }
    }
    for id in recent?.delivered ?? [] {
      guard let receipt = (try? queue.response(id)) ?? nil else { continue }
      let header = try queue.locate(guessing: id).flatMap { (place) throws(Failure) in
        (try? queue.header(at: place)) ?? nil
      }
      document.deliveries.recent.append(
        StatusDocument.Delivered(
          id: id.description, to: header?["Deliver-To"] ?? header?["To"] ?? receipt.header["Channel"] ?? "",
          subject: header?["Subject"], delivered: receipt.header["Delivered"] ?? id.time.rfc3339Seconds,
          receipt: String(receipt.text.prefix { !$0.isNewline }.prefix(200)),
          wasInDoubt: receipt.header["Note"] != nil))
    }
  }
}

extension Queue {
  /// Deliveries of a room that may or may not have gone out.
  fileprivate func doubtful(in room: Room, atMost limit: Int) throws(Failure) -> [Place] {
    // `ID,3d`: few names end so that have no such mark.
    let names = try self[room].names(atMost: limit) { name in
      name.last == 100
        && (try? EntryName(String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)))?.inDoubt == true
    }
    return names.sorted().compactMap { name in
      (try? EntryName(name)).map { Place(room: room, fileName: name, name: $0) }
    }
  }
}
