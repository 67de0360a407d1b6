/// An entry under its lock, in the room where it lies: for who decides where it belongs without working on it. An approval's
/// request goes from `new/` over `wait/` to `hold/` and `done/`, and is never in `run/`; its lock is held only for such a step.
public final class LockedEntry {
  public let queue: Queue
  public private(set) var place: Place
  public let entry: Entry
  private let file: File

  public var id: EntryID { place.name.id }

  fileprivate init(queue: Queue, place: Place, entry: Entry, file: File) {
    self.queue = queue
    self.place = place
    self.entry = entry
    self.file = file
  }

  public func modified() throws(Failure) -> Timestamp { try file.status().modified }

  /// Moves it, durably; where it lies in that room already, only its time is set.
  /// - Parameters:
  ///   - time: its mtime there; nil: as it is.
  ///   - reason: for its log and the journal; nil: nothing worth telling.
  public func move(to room: Room, time: Timestamp? = nil, event: String, because reason: String?) throws(Failure) {
    if let time { try file.setModified(time) }
    if room != place.room {
      switch try queue[place.room].move(place.fileName, to: queue[room], as: place.fileName) {
      case .done: try queue[room].sync()
      case .sourceGone:
        throw Failure(.tryAgain, "\(id)", "was moved by somebody", do: "spool show \(id.short) says where it is")
      case .targetExists:
        throw Failure(
          .software, "\(queue.name)/\(room.rawValue)/\(place.fileName)", "exists beside \(place.room.rawValue)/",
          do: "run spool check \(queue.name)")
      }
      place.room = room
    }
    guard let reason else { return }
    queue.logAttempt(id, reason)
    queue.spool.journal.write(event, queue: queue.name, id: id, detail: reason, from: entry.header.sender)
  }

  /// Finishes it with products (7a, 7b, 7c). The first rename decides: what lies in `out/` already counts, not this.
  /// - Returns: whether it was this that decided.
  public func finish(_ products: [Product], event: String, detail: String) throws(Failure) -> Bool {
    if try finishIfDecided() { return false }
    try queue.commit(products, of: id)
    queue.logAttempt(id, detail)
    try queue.retire(place.fileName, in: place.room, id: id)
    try queue.handOver(id)
    queue.spool.journal.write(event, queue: queue.name, id: id, detail: detail, from: entry.header.sender)
    return true
  }

  /// Finishes it where a dead process left its product.
  /// - Returns: whether there was one; then it is in `done/`.
  public func finishIfDecided() throws(Failure) -> Bool {
    guard try queue[.out].contains(id.description) else { return false }
    try queue.finishFound(place.name, in: place.room)
    return true
  }

  /// Only now may anybody else have it.
  public func release() { file.unlock() }
}

extension Queue {
  /// Takes the lock of an entry where it lies.
  /// - Returns: nil where somebody has it, or it has moved. What cannot be read goes to `bad/`.
  public func lock(_ place: Place) throws(Failure) -> LockedEntry? {
    guard let file = try lockUnheld(place.fileName, in: place.room) else { return nil }
    do throws(Failure) {
      if let reason = try unreadable(file.status()) { throw Failure(.malformed, place.fileName, reason) }
      return LockedEntry(queue: self, place: place, entry: try read(file, expecting: place.name.id), file: file)
    } catch {
      guard error.status == .malformed else { throw error }
      try quarantine(place.fileName, in: place.room, because: error.why)
      file.unlock()
      return nil
    }
  }

  /// What was published under a key; nil where nothing was. It may not lie in `new/` yet, where its publisher has died.
  public func known(key: String) throws(Failure) -> EntryID? {
    let hash = sha256(key.utf8)
    let prefix = String(hash.prefix(2))
    guard try self[.keys].status(prefix)?.isDirectory == true else { return nil }
    let ledger = try Directory(prefix, in: self[.keys])
    guard let target = try ledger.readLink(hash) else { return nil }
    return try Self.identity(target, of: hash, in: ledger)
  }
}
