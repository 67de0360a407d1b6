import Glibc

extension Queue {
  /// How a try for one entry ended.
  public enum Attempted {
    case claimed(Claim)
    /// Its lock is held.
    case busy
    /// Somebody else was faster, or it is not due.
    case gone
    /// It went elsewhere by rule: quarantined, expired, given up, or finished from a product found in `out/`.
    case settled
  }

  /// Tries to claim the entry that lies in a room under this name.
  ///
  /// - Parameters:
  ///   - attempts: an entry with this many attempts behind it is given up; nil: it never is.
  ///   - early: whether an entry in `wait/` may be taken before its time.
  public func claim(
    _ fileName: String, in room: Room, attempts: Int? = nil, early: Bool = false
  ) throws(Failure) -> Attempted {
    switch try seize(fileName, in: room, early: early) {
    case .seized(let file, let name):
      // Before the command starts: else a power cut could put the entry back, and its effects be had twice.
      try self[.run].sync()
      return try take(file, name, attempts: attempts, isFresh: room == .new)
    case .not(let attempted): return attempted
    }
  }

  /// An entry that lies in `run/` under our lock, though not durably yet; or how the try has ended.
  enum Seized {
    case seized(File, EntryName)
    case not(Attempted)
  }

  /// Locks what lies under a name, and moves it to `run/`; the caller fsyncs that.
  func seize(_ fileName: String, in room: Room, early: Bool) throws(Failure) -> Seized {
    guard let file = try openUnread(fileName, in: room) else { return .not(.gone) }
    guard try file.tryLock() else { return .not(.busy) }
    let status = try file.status()
    // Between open and flock it may have been moved, and the name may be another's now.
    guard let named = try self[room].status(fileName), named.isSameFile(as: status) else { return .not(.gone) }
    if room == .wait && !early && !Self.isDue(status.modified) { return .not(.gone) }
    guard let reason = unreadable(status) else { return try moveToRun(file, fileName, from: room) }
    try quarantine(fileName, in: room, because: reason)
    return .not(.settled)
  }

  /// Due, or more than 24 h ahead: no tool sets a time that far off, so the clock has jumped.
  package static func isDue(_ time: Timestamp) -> Bool {
    let now = Kernel.now()
    return time <= now || time > now + .seconds(86400)
  }

  private func moveToRun(_ file: File, _ fileName: String, from room: Room) throws(Failure) -> Seized {
    var name: EntryName
    do { name = try EntryName(fileName) } catch {
      try quarantine(fileName, in: room, because: error.description)
      return .not(.settled)
    }
    name.holder = SpoolDirectory.holder
    switch try self[room].move(fileName, to: self[.run], as: name.description) {
    case .done: return .seized(file, name)
    case .sourceGone: return .not(.gone)
    case .targetExists:
      spool.notice("\(self.name)/run/\(name): exists already: run spool check \(self.name)")
      return .not(.gone)
    }
  }

  /// What stands between a claimed name and work on it.
  func take(_ file: File, _ name: EntryName, attempts: Int?, isFresh: Bool = false) throws(Failure) -> Attempted {
    if try self[.out].status(name.id.description) != nil {
      try finishFound(name, in: .run)
      file.unlock()
      return .settled
    }
    let entry: Entry
    do { entry = try read(file, expecting: name.id) } catch {
      if error.status != .malformed { throw error }
      try quarantine(name.description, in: .run, because: error.why)
      file.unlock()
      return .settled
    }
    let claim = Claim(queue: self, name: name, entry: entry, file: file, isFresh: isFresh)
    if let expires = entry.expires, expires <= Kernel.now() {
      try claim.fail("expired at \(expires.rfc3339Seconds)", event: "expired")
      return .settled
    }
    if let attempts, name.attempts >= attempts {
      try claim.fail("given up after \(name.attempts.attempts)")
      return .settled
    }
    return .claimed(claim)
  }

  /// Opens what lies under a name, whatever it is; a symbolic link or a socket is quarantined.
  private func openUnread(_ fileName: String, in room: Room) throws(Failure) -> File? {
    do { return try self[room].open(fileName) } catch {
      if error.errno == .permissionDenied {
        spool.notice(
          "\(name)/\(room.rawValue)/\(fileName): may not be opened: chown it to its queue's owner, or mv it away")
        return nil
      }
      guard error.errno == .tooManySymbolicLinkLevels || error.errno == .noSuchAddressOrDevice else { throw error }
      let kind = try self[room].status(fileName)?.kind ?? "file"
      try quarantine(fileName, in: room, because: "is a \(kind), not a regular file")
      return nil
    }
  }

  /// Why a file may not even be read; nil where it may.
  func unreadable(_ status: FileStatus) -> String? {
    if !status.isRegular { return "is a \(status.kind), not a regular file" }
    if status.links != 1 { return "has \(status.links) links: another name could change it" }
    if status.size > Entry.sizeLimit { return "has \(status.size) bytes, more than \(Entry.sizeLimit)" }
    return nil
  }

  /// Reads an entry that was opened; `.malformed` where it is none.
  func read(_ file: File, expecting id: EntryID?) throws(Failure) -> Entry {
    let size = try file.status().size
    guard size <= Entry.sizeLimit else {
      throw Failure(.malformed, file.path, "has more than \(Entry.sizeLimit) bytes")
    }
    let bytes = try file.readAll(size: size)
    let entry: Entry
    do { entry = try Entry(parsing: bytes) } catch {
      throw Failure(.malformed, file.path, error.description, do: "mend it in bad/, then mv it to new/")
    }
    if let id, entry.id != id {
      throw Failure(.malformed, file.path, "its header says Id: \(entry.id)", do: "name it by its Id")
    }
    return entry
  }

  /// What a person can do about what lies in `bad/`. Under a name that is no entry's it would come back from `new/`.
  package func mending(of fileName: String) -> String {
    "mend it and mv it to \(name)/\((try? EntryName(fileName)) == nil ? Room.drop : .new)/, or rm it"
  }

  /// Moves what no tool can read to `bad/`, and says so.
  func quarantine(_ fileName: String, in room: Room, because reason: String) throws(Failure) {
    try quarantine(raw: Array(fileName.utf8CString), in: room, because: reason)
  }

  func quarantine(raw: [CChar], in room: Room, because reason: String) throws(Failure) {
    try quarantine(raw: raw, from: self[room], because: reason)
  }

  /// - Parameter raw: a name that may be no UTF-8; what is none is replaced.
  func quarantine(raw: [CChar], from directory: Directory, because reason: String) throws(Failure) {
    let fileName = Kernel.text(raw)
    // Without its holder, and without the dot that would hide it.
    let held = fileName.prefix { $0 != "@" }
    var plain = String((held.isEmpty ? fileName[...] : held).drop { $0 == "." })
    // Room for ~2: and what was replaced has become longer.
    while plain.utf8.count > 240 { plain.removeLast() }
    guard !plain.isEmpty else { return }
    var target = plain
    var copy = 1
    while true {
      switch try directory.move(raw: raw, to: self[.bad], as: target) {
      case .done:
        try self[.bad].sync()
        spool.notice("\(name)/bad/\(target): \(reason): \(mending(of: target))")
        let id = (try? EntryName(plain))?.id
        if let id { logAttempt(id, "quarantined: \(reason)") }
        spool.journal.write("bad", queue: name, id: id, detail: "\(target): \(reason)")
        return
      case .sourceGone: return
      case .targetExists:
        copy += 1
        target = "\(plain)~\(copy)"
      }
    }
  }

  /// Claims an entry wherever it lies and can be claimed, without waiting for its time: how a tool that is
  /// called again with its key goes on. `.gone` where it is finished or parked.
  public func claim(_ id: EntryID, attempts: Int? = nil) throws(Failure) -> Attempted {
    guard let place = try locate(id) else { return .gone }
    switch place.room {
    case .new, .wait: return try claim(place.fileName, in: place.room, attempts: attempts, early: true)
    case .run: return try adopt(place.fileName, attempts: attempts)
    default: return .gone
    }
  }

  /// Takes over what a dead worker left in `run/`.
  private func adopt(_ fileName: String, attempts: Int?) throws(Failure) -> Attempted {
    guard let file = try self[.run].open(fileName) else { return .gone }
    guard try file.tryLock() else { return .busy }
    guard let named = try self[.run].status(fileName), named.isSameFile(as: try file.status()),
      var name = try? EntryName(fileName)
    else { return .gone }
    name.holder = SpoolDirectory.holder
    if name.description != fileName {
      guard try self[.run].move(fileName, to: self[.run], as: name.description) == .done else { return .gone }
    }
    // Also where the name is ours already: found left behind, it may not be durable yet.
    try self[.run].sync()
    return try take(file, name, attempts: attempts)
  }
}
