import Health
import Spool
import Work

extension Overview {
  /// What is done is no news; the others are shown where something lies in them.
  private static let rooms: [Room] = [.new, .run, .wait, .hold, .fail, .bad]
  /// Of so many files in `drop/` the times are asked.
  private static let dropped = 1000

  mutating func lookAtQueues() throws(Failure) {
    for queue in try look.queues() {
      var row = StatusDocument.Queue(status: .green, detail: "")
      for room in Self.rooms {
        guard let (place, count) = try look.oldest(of: queue, in: room) else { continue }
        row.rooms[room.rawValue] = StatusDocument.Queue.Room(
          count: count, oldest: place.name.id.time.rfc3339Seconds, id: place.name.id.description)
      }
      let dropped = try queue[.drop].someNames(atMost: Self.dropped).filter { !$0.hasPrefix(".") }
      if !dropped.isEmpty {
        var oldest = now
        for name in dropped { oldest = min(oldest, try queue[.drop].status(name)?.modified ?? now) }
        row.rooms[Room.drop.rawValue] = StatusDocument.Queue.Room(count: dropped.count, oldest: oldest.rfc3339Seconds)
      }
      if let (light, why) = standing(.queue(queue.name)) { (row.status, row.detail) = (light, why) }
      document.queues[queue.name] = row
    }
  }
}
