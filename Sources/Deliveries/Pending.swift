import Roster
import Spool

/// What is known of a pending delivery without reading its text: enough to see whose turn it is.
struct Pending {
  var place: Place
  /// Shared by all that go the same way: a backlog of 10^5 has few.
  var addresses: [Address]
  var expires: Timestamp?
  var isOrdered: Bool
  var confirmWithin: Duration?

  var turn: Int { Delivery.turn(of: addresses.count, since: place.name.id.time, confirmWithin: confirmWithin) }
  var isExpired: Bool { expires.map { $0 <= .now } ?? false }
}

/// Reads each pending delivery's header once.
final class PendingReader {
  private let queue: Queue
  private var known: [EntryID: Pending] = [:]
  private var lists: [String: [Address]] = [:]

  init(_ queue: Queue) { self.queue = queue }

  /// - Returns: nil where it is gone, or cannot be read: who claims it finds out.
  func read(_ place: Place) throws(Failure) -> Pending? {
    if var pending = known[place.name.id] {
      pending.place = place
      return pending
    }
    let header: Header
    do {
      guard let found = try queue.header(at: place) else { return nil }
      header = found
    } catch {
      guard error.status == .malformed else { throw error }
      return nil
    }
    let to = header["To"] ?? ""
    guard let addresses = lists[to] ?? (try? Delivery.addresses(to)) else { return nil }
    lists[to] = addresses
    let pending = Pending(
      place: place, addresses: addresses, expires: header["Expires"].flatMap { Timestamp(rfc3339: $0) },
      isOrdered: header["Ordered"] == "yes",
      confirmWithin: header["Confirm-Within"].flatMap { Duration($0) }.flatMap { $0 > .zero ? $0 : nil })
    known[place.name.id] = pending
    return pending
  }

  func forget(_ id: EntryID) { known[id] = nil }

  /// The earlier ordered delivery to the same address that is not over, if there is one.
  func predecessor(of pending: Pending) throws(Failure) -> EntryID? {
    let id = pending.place.name.id
    // What a sweep or a person moves meanwhile is seen in one of the two rooms: the first two are looked at again at the end.
    for room in [Room.new, .run, .wait, .hold, .new, .run] {
      for place in try queue.entries(in: room) where place.name.id < id {
        // Moved since it was listed: it is in a room to come.
        guard let other = try read(place) else { continue }
        if other.isOrdered, other.addresses[0] == pending.addresses[0] { return place.name.id }
      }
    }
    return nil
  }
}
