import Spool

/// What lies in a room, seen in one pass over its names: how many, the oldest, the newest.
package struct Glance {
  /// Names, be they an entry's or not; but for hidden ones.
  package var count: Int
  package var oldest: Place?
  /// The last `kept` of its entries, oldest first.
  package var newest: [Place] = []
  /// The last name, whatever it is.
  package var newestName: String?

  /// So many are looked at by those who look at each; where more lie there, they say so.
  package static let kept = 100

  init(of queue: Queue, _ room: Room) throws(Failure) {
    let ends = try queue[room].ends(first: 1, last: Self.kept)
    count = ends.count
    func place(_ name: [CChar]) -> Place? {
      let text = Kernel.text(name)
      return (try? EntryName(text)).map { Place(room: room, fileName: text, name: $0) }
    }
    oldest = ends.first.first.flatMap(place)
    newest = ends.last.compactMap(place)
    newestName = ends.last.last.map { Kernel.text($0) }
    // Something else lies there as well.
    if oldest == nil && count > 0 { oldest = try queue.entries(in: room).first }
  }
}
