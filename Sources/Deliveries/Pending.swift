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
  /// Addresses that have failed for good.
  var failed: Set<String> = []

  /// Whose turn it is.
  var address: Address {
    let turn = Delivery.turn(of: addresses.count, since: place.name.id.time, confirmWithin: confirmWithin)
    if failed.isEmpty { return addresses[turn] }
    let inTurn = addresses[turn...] + addresses[..<turn]
    return inTurn.first { !failed.contains($0.description) } ?? addresses[turn]
  }
  var isExpired: Bool { expires.map { $0 <= .now } ?? false }
}

/// Reads each pending delivery's header once.
final class PendingReader {
  private let queue: Queue
  private var known: [EntryID: Pending] = [:]
  private var lists: [String: [Address]] = [:]

  init(_ queue: Queue) { self.queue = queue }

  /// From now on only what is asked for again is kept.
  func begin() {
    old = known
    known = [:]
    if lists.count > 10_000 { lists = [:] }
  }
  private var old: [EntryID: Pending] = [:]

  /// - Returns: nil where it is gone or no delivery: who claims it finds out.
  /// - Throws: where that cannot be told.
  func read(_ place: Place) throws(Failure) -> Pending? {
    if var pending = known[place.name.id] ?? old[place.name.id] {
      if pending.place.fileName != place.fileName || pending.place.room != place.room {
        pending.failed = failed(place, pending.addresses)
      }
      pending.place = place
      known[place.name.id] = pending
      return pending
    }
    let header: Header
    do {
      guard let found = try queue.header(at: place) else { return nil }
      header = found
    } catch {
      if error.status == .io || error.status == .tryAgain { throw error }
      return nil
    }
    let to = Delivery.to(header)
    guard let addresses = lists[to] ?? (try? Delivery.addresses(to)) else { return nil }
    lists[to] = addresses
    var pending = Pending(
      place: place, addresses: addresses, expires: header["Expires"].flatMap { Timestamp(rfc3339: $0) },
      isOrdered: header["Ordered"] == "yes",
      confirmWithin: header["Confirm-Within"].flatMap { Duration($0) }.flatMap { $0 > .zero ? $0 : nil })
    pending.failed = failed(place, addresses)
    known[place.name.id] = pending
    return pending
  }

  private func failed(_ place: Place, _ addresses: [Address]) -> Set<String> {
    guard addresses.count > 1 && place.room == .wait else { return [] }
    return (try? DeliveryNotes.read(place.name.id, in: queue, isFresh: false))?.failed ?? []
  }

  func forget(_ id: EntryID) { known[id] = nil }

  /// The earlier ordered delivery to the same address that is not over, if there is one. For who has the lane in hand: then
  /// only a sweep or a person moves such deliveries, and not out of a room that is looked at later into one that was looked
  /// at before; but one whose turn has gone on to another address may be claimed, so `run/` is looked at again.
  /// - Parameter isAlone: whether what lies in `new/` is in nobody's line here.
  func predecessor(of pending: Pending, isAlone: Bool) throws(Failure) -> Place? {
    let id = pending.place.name.id
    for room in [Room.hold, .run, .wait] + (isAlone ? [.new] : []) + [.run] {
      for place in try queue.entries(in: room) where place.name.id < id {
        if let other = try read(place), other.isOrdered, other.addresses[0] == pending.addresses[0] { return place }
      }
    }
    return nil
  }
}
