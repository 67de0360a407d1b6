extension Queue {
  /// Puts in order what dead processes left behind. Locked means that someone is on it; unlocked, that
  /// nobody is. Whoever acts on a name that it merely found fsyncs that directory first.
  ///
  /// One entry that cannot be put in order is said, and stops no other.
  /// - Returns: the first such trouble.
  /// - Throws: what stops them all, as a disk that has failed.
  @discardableResult
  public func sweep() throws(Failure) -> Failure? {
    var trouble: Failure?
    func said(_ work: () throws(Failure) -> Void) throws(Failure) {
      do { try work() } catch {
        if error.isFailedFlush { throw error }
        spool.notice("\(name): \(error)")
        trouble = trouble ?? error
      }
    }
    for fileName in try self[.run].names().sorted() {
      try said { () throws(Failure) in try sweepClaimed(fileName) }
    }
    for fileName in try self[.out].names().sorted() {
      try said { () throws(Failure) in try sweepProduct(fileName) }
    }
    for fileName in try self[.drop].names() where fileName.hasPrefix(".take-") {
      try said { () throws(Failure) in try resumeTaken(fileName) }
    }
    for fileName in try self[.tmp].names() {
      try said { () throws(Failure) in try sweepLitter(fileName) }
    }
    return trouble
  }

  private func sweepClaimed(_ fileName: String) throws(Failure) {
    guard let file = try lockUnheld(fileName, in: .run) else { return }
    guard let name = try? EntryName(fileName) else {
      return try quarantine(fileName, in: .run, because: "its name is no entry's")
    }
    if try self[.out].status(name.id.description) != nil { return try finishFound(name, in: .run) }
    try self[.run].sync()
    try orphaned(name, file)
  }

  private func orphaned(_ name: EntryName, _ file: File) throws(Failure) {
    var target = name.unheld
    let room: Room
    switch orphanPolicy {
    case .countAttempt:
      target.attempts += 1
      room = .wait
    case .keepAttempts: room = .wait
    case .fail: room = .fail
    }
    if room == .wait { try file.setModified(Kernel.now()) }
    switch try self[.run].move(name.description, to: self[room], as: target.description) {
    case .done: try self[room].sync()
    case .sourceGone: return
    case .targetExists:
      spool.notice("\(self.name)/\(room.rawValue)/\(target): exists beside run/\(name): run spool check \(self.name)")
      return
    }
    let reason = "its worker \(name.holder ?? "") died"
    logAttempt(name.id, "attempt \(name.attempts + 1): \(reason)")
    spool.journal.write("orphan", queue: self.name, id: name.id, detail: reason)
  }

  /// A product whose source was retired, or is still held in `hold/` (an approval's verdict).
  private func sweepProduct(_ fileName: String) throws(Failure) {
    guard let id = try? EntryID(fileName) else { return }
    if let file = try lockUnheld(fileName, in: .done) {
      // done/ may not be durable yet; with all else it is flushed first.
      try handOverFound(id)
      return file.unlock()
    }
    guard let place = try locate(id), [.hold, .wait, .new].contains(place.room),
      let file = try lockUnheld(place.fileName, in: place.room)
    else { return }
    try finishFound(place.name, in: place.room)
    file.unlock()
  }

  /// 36 h: above the 24 h that any writer may live.
  static let litterAge = Duration.seconds(36 * 3600)

  private func sweepLitter(_ fileName: String) throws(Failure) {
    // By the clock as it is now: it may have been set since the sweep began.
    guard let status = try self[.tmp].status(fileName), status.modified < Kernel.now() - Self.litterAge else { return }
    if status.isDirectory {
      try removeTree(fileName, in: .tmp)
    } else if let file = try lockUnheld(fileName, in: .tmp) {
      try self[.tmp].unlink(fileName)
      file.unlock()
    }
  }

  /// Finishes keyed publishes that were killed between the link and `new/`, and removes what never got a link.
  public func sweepKeys() throws(Failure) {
    for prefix in try self[.keys].names() {
      guard try self[.keys].status(prefix)?.isDirectory == true else { continue }
      let ledger = try Directory(prefix, in: self[.keys])
      let names = try ledger.names()
      let pending = Set(names.filter { $0.hasPrefix(".") }.map { String($0.dropFirst()) })
      if pending.isEmpty { continue }
      var linked: Set<String> = []
      for hash in names where !hash.hasPrefix(".") { if let id = try ledger.readLink(hash) { linked.insert(id) } }
      for name in pending.sorted() {
        guard let id = try? EntryID(name), let file = try Self.lockUnheld(".\(name)", in: ledger) else { continue }
        if linked.contains(name) {
          try finishKeyed(id, in: ledger)
          spool.journal.write("new", queue: self.name, id: id, detail: "finished by the sweep")
        } else if try file.status().modified < Kernel.now() - Self.litterAge, try !isLinked(name, in: ledger) {
          try ledger.unlink(".\(name)")
        }
        file.unlock()
      }
    }
  }

  /// Looked at again, under the entry's lock: its publisher may have linked it since, and died.
  private func isLinked(_ name: String, in ledger: Directory) throws(Failure) -> Bool {
    for hash in try ledger.names() where !hash.hasPrefix(".") {
      if try ledger.readLink(hash) == name { return true }
    }
    return false
  }

  /// The file under this name with its lock taken; nil where it is held, gone or no regular file.
  func lockUnheld(_ fileName: String, in room: Room) throws(Failure) -> File? {
    try Self.lockUnheld(fileName, in: self[room])
  }

  static func lockUnheld(_ fileName: String, in directory: Directory) throws(Failure) -> File? {
    let opened: File?
    do { opened = try directory.open(fileName) } catch {
      // No file of ours: a link, a socket, somebody else's. spool check names it.
      if let errno = error.errno,
        [.tooManySymbolicLinkLevels, .noSuchAddressOrDevice, .permissionDenied].contains(errno)
      {
        return nil
      }
      throw error
    }
    guard let file = opened, try file.tryLock() else { return nil }
    guard let named = try directory.status(fileName), named.isSameFile(as: try file.status()) else { return nil }
    return file
  }
}
