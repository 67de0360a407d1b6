extension Queue {
  /// What is ready, in the order of publishing: one sorted scan of `new/` and of what is due in `wait/`.
  public struct Ready: Sendable {
    public var places: [(room: Room, fileName: String)] = []
    /// Until the next entry in `wait/` is due.
    public var nextDue: Duration?
  }

  /// Lets what has expired go to `fail/` with its reason, where nobody will claim it any more.
  ///
  /// Only the oldest are looked at, for what it costs may not grow with the depth: what waits behind them is refused at its claim.
  public func expireDue() throws(Failure) {
    let now = Kernel.now()
    for room in [Room.new, .wait] {
      for place in try entries(in: room).prefix(1000) {
        guard let entry = try? entry(at: place), let expires = entry.expires, expires <= now else { continue }
        // The claim itself settles what has expired.
        _ = try claim(place.fileName, in: room, early: true)
      }
    }
  }

  /// Scans for what is ready. The cost of a scan grows with the depth of the queue, the cost of each claim
  /// that follows does not: work the whole pass off before scanning again.
  public func ready() throws(Failure) -> Ready {
    var ready = Ready()
    for fileName in try ownNames(in: .new) { ready.places.append((.new, fileName)) }
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
  private func ownNames(in room: Room) throws(Failure) -> [String] {
    var names: [String] = []
    for raw in try self[room].rawNames() {
      if let name = String(validatingCString: raw) {
        names.append(name)
      } else {
        try quarantine(raw: raw, in: room, because: "its name is not UTF-8")
      }
    }
    return names
  }
}
