/// Where an entry lies.
public struct Place: Sendable {
  public var room: Room
  public var fileName: String
  public var name: EntryName

  public init(room: Room, fileName: String, name: EntryName) {
    self.room = room
    self.fileName = fileName
    self.name = name
  }
}

extension Queue {
  /// Finds an entry. Its name is guessed first (no attempts, then a few), so that the cost does not grow
  /// with the depth of a room; only then are rooms listed.
  public func locate(_ id: EntryID) throws(Failure) -> Place? {
    if let place = try locate(guessing: id) { return place }
    for room in Room.ofEntries {
      for fileName in try self[room].names() where fileName.hasPrefix(id.description) {
        if let name = try? EntryName(fileName), name.id == id {
          return Place(room: room, fileName: fileName, name: name)
        }
      }
    }
    return nil
  }

  /// The same without the list: an entry that was attempted more often than any default is not found, and to look for what does not
  /// exist costs no more than to look for what does.
  package func locate(guessing id: EntryID) throws(Failure) -> Place? {
    // It may move while we look: from a room not yet looked at to one that was. A second look finds it.
    for _ in 0..<3 {
      for room in [Room.done, .new, .run, .wait, .hold, .fail, .bad] {
        if let name = try guess(id, in: room) {
          return Place(room: room, fileName: name.description, name: name)
        }
      }
    }
    return nil
  }

  /// The same without listing what is over or what is ready, however much that is: only where what was tried often lies is listed.
  public func locate(unlisted id: EntryID) throws(Failure) -> Place? {
    if let place = try locate(guessing: id) { return place }
    for room in [Room.wait, .hold, .fail, .bad] {
      for fileName in try self[room].names() where fileName.hasPrefix(id.description) {
        if let name = try? EntryName(fileName), name.id == id {
          return Place(room: room, fileName: fileName, name: name)
        }
      }
    }
    return nil
  }

  /// Where an entry lies, for who tells it: what was merely found there is made durable first, or a power cut would make a lie
  /// of what was told.
  public func locateDurably(_ id: EntryID) throws(Failure) -> Place? {
    guard let place = try locate(id) else { return nil }
    if [.done, .fail, .hold, .bad].contains(place.room) { try self[place.room].sync() }
    return place
  }

  /// More attempts than any default; what has more is found by listing.
  private static let guessedAttempts = 6

  private func guess(_ id: EntryID, in room: Room) throws(Failure) -> EntryName? {
    if room == .run {
      // At most as long as there are workers.
      for fileName in try self[.run].names() where fileName.hasPrefix(id.description) {
        if let name = try? EntryName(fileName), name.id == id { return name }
      }
      return nil
    }
    if try self[room].status(id.description) != nil { return EntryName(id: id) }
    if room == .done { return nil }
    for attempts in 0...Self.guessedAttempts {
      for inDoubt in [false, true] where attempts > 0 || inDoubt {
        let name = EntryName(id: id, attempts: attempts, inDoubt: inDoubt)
        if try self[room].status(name.description) != nil { return name }
      }
    }
    return nil
  }

  /// The entry as it was published, wherever it lies now; nil where it is gone.
  public func entry(_ id: EntryID) throws(Failure) -> Entry? {
    guard let place = try locate(id) else { return nil }
    return try entry(at: place)
  }

  public func entry(at place: Place) throws(Failure) -> Entry? {
    guard let file = try self[place.room].open(place.fileName) else { return nil }
    if let reason = try unreadable(file.status()) { throw Failure(.malformed, file.path, reason) }
    return try read(file, expecting: place.name.id)
  }

  /// What its header says; the body, which may be long, is not read.
  public func header(at place: Place) throws(Failure) -> Header? {
    guard let file = try self[place.room].open(place.fileName) else { return nil }
    let status = try file.status()
    if let reason = unreadable(status) { throw Failure(.malformed, file.path, reason) }
    let bytes = try file.readAll(size: min(status.size, Header.limit))
    do { return try Header.parse(bytes).0 } catch { throw Failure(.malformed, file.path, error.description) }
  }

  /// What came of it: `re/ID`.
  public func response(_ id: EntryID) throws(Failure) -> Entry? {
    guard let file = try self[.re].open(id.description) else { return nil }
    if let reason = try unreadable(file.status()) { throw Failure(.malformed, file.path, reason) }
    return try read(file, expecting: nil)
  }

  /// The entries of a room, oldest first; names that are no entry's are left out.
  public func entries(in room: Room) throws(Failure) -> [Place] {
    try self[room].names().compactMap { fileName in
      (try? EntryName(fileName)).map { Place(room: room, fileName: fileName, name: $0) }
    }.sorted { $0.fileName < $1.fileName }
  }

  /// The first entries of a room, no more than this; however many lie there, few more are kept in memory.
  public func oldest(_ count: Int, in room: Room) throws(Failure) -> [Place] {
    try self[room].ends(first: count).first.map { Kernel.text($0) }.compactMap { fileName in
      (try? EntryName(fileName)).map { Place(room: room, fileName: fileName, name: $0) }
    }
  }

  /// Every entry that a person may mean by this: a full ID, a unique prefix, the six characters, or the slug.
  public func places(for reference: String, in rooms: [Room] = Room.ofEntries) throws(Failure) -> [Place] {
    // A prefix may look like a whole ID: without its slug, or with a part of it.
    if let id = try? EntryID(reference), let place = try locate(id) { return rooms.contains(place.room) ? [place] : [] }
    var found: [Place] = []
    for room in rooms {
      found += try entries(in: room).filter { $0.name.id.isMeant(by: reference) || $0.fileName == reference }
    }
    let called = found.filter { $0.name.id.isCalled(reference) }
    return called.isEmpty ? found : called
  }
}
