extension Queue {
  /// What is ready, in the order of publishing: one sorted scan of `new/` and of what is due in `wait/`.
  public struct Ready: Sendable {
    public var places: [(room: Room, fileName: String)] = []
    /// Until the next entry in `wait/` is due.
    public var nextDue: Duration?
    /// More is ready than was asked for.
    public var hasMore = false
  }

  /// Lets what has expired go to `fail/` with its reason, where nobody will claim it any more.
  /// - Parameter isWhole: whether all are looked at; else so many at most that what it costs does not grow with the depth: the others
  ///   are refused at their claim.
  public func expireDue(isWhole: Bool) throws(Failure) {
    let now = Kernel.now()
    for room in [Room.new, .wait] {
      for fileName in isWhole ? try self[room].names() : try self[room].someNames(atMost: Self.expiredAtOnce) {
        guard let name = try? EntryName(fileName),
          let header = try? header(at: Place(room: room, fileName: fileName, name: name)),
          let expires = header["Expires"].flatMap({ Timestamp(rfc3339: $0) }), expires <= now
        else { continue }
        // The claim itself settles what has expired.
        _ = try claim(fileName, in: room, early: true)
      }
    }
  }

  private static let expiredAtOnce = 256

  /// Scans for what is ready. The cost of a scan grows with the depth of the queue, the cost of each claim
  /// that follows does not: work the whole pass off before scanning again.
  /// - Parameter limit: so many of `new/` at most, the oldest: what is kept in memory does not grow with the depth.
  public func ready(atMost limit: Int? = nil) throws(Failure) -> Ready {
    var ready = Ready()
    if let limit {
      let found = try self[.new].ends(first: limit)
      ready.hasMore = found.count > found.first.count
      for fileName in try own(found.first, in: .new) { ready.places.append((.new, fileName)) }
    } else {
      for fileName in try ownNames(in: .new) { ready.places.append((.new, fileName)) }
    }
    let now = Kernel.now()
    for fileName in try ownNames(in: .wait) {
      guard let status = try self[.wait].status(fileName) else { continue }
      if Self.isDue(status.modified) {
        ready.places.append((.wait, fileName))
      } else {
        ready.nextDue = min(ready.nextDue ?? (status.modified - now), status.modified - now)
      }
    }
    ready.places.sort { $0.fileName < $1.fileName }
    return ready
  }

  /// The names in a room; those that are no text are no entry's, and go to `bad/`.
  private func ownNames(in room: Room) throws(Failure) -> [String] { try own(self[room].rawNames(), in: room) }

  private func own(_ found: [[CChar]], in room: Room) throws(Failure) -> [String] {
    var names: [String] = []
    for raw in found {
      if let name = String(validatingCString: raw) {
        names.append(name)
      } else {
        try quarantine(raw: raw, in: room, because: "its name is not UTF-8")
      }
    }
    return names
  }
}
