import SystemPackage

/// What is to be published.
public struct Draft: Sendable {
  public var slug: String?
  public var header: Header
  public var body: [UInt8]
  /// It is small, and worth more than the room that it takes: accepted on a disk that is nearly full, too.
  public var isUrgent = false

  public init(slug: String? = nil, header: Header = Header(), body: [UInt8]) {
    self.slug = slug
    self.header = header
    self.body = body
  }
}

/// What a publish under a key found.
public struct Published: Sendable {
  public var id: EntryID
  /// False: the key was known, and `id` is the first one's.
  public var isNew: Bool

  public init(id: EntryID, isNew: Bool) {
    self.id = id
    self.isNew = isNew
  }
}

extension Queue {
  /// Publishes entries, in their order: when this returns they survive a power cut.
  /// - Throws: `.tryAgain` where the disk is nearly full; nothing is then published.
  public func publish(_ drafts: [Draft]) throws(Failure) -> [EntryID] {
    if !drafts.allSatisfy(\.isUrgent) { try refuseIfNearlyFull() }
    var ids: [EntryID] = []
    do {
      if drafts.count < Self.sharedFlush {
        for draft in drafts { ids.append(try place(draft)) }
      } else {
        try placeTogether(drafts, placed: &ids)
      }
      try self[.new].sync()
    } catch {
      // Its caller is told that nothing was accepted, and may publish it again: what nobody has claimed yet goes.
      for id in ids { withdraw(id) }
      throw error
    }
    // Together are published what one has.
    spool.journal.write("new", queue: name, ids: ids, from: drafts.first?.header.sender)
    return ids
  }

  public func publish(_ draft: Draft) throws(Failure) -> EntryID { try publish([draft])[0] }

  private func withdraw(_ id: EntryID) {
    guard let file = try? lockUnheld(id.description, in: .new) else { return }
    try? self[.new].unlink(id.description)
    file.unlock()
  }

  /// Publishes under a key: the same key again gives the first ID and changes nothing.
  ///
  /// The key's link and the entry lie in one directory until both are durable, so no power cut can keep
  /// one without the other. Whoever finds the link finishes what its owner began.
  /// - Throws: `.usage` where the key is empty: what an unset variable gives would make one of all that is published so.
  public func publish(_ draft: Draft, key: String) throws(Failure) -> Published {
    guard !key.isEmpty else {
      throw Failure(.usage, "--key", "is empty, and all without a key would be one", do: "give one, or leave --key out")
    }
    var draft = draft
    draft.header["Key"] = key
    let hash = sha256(key.utf8)
    let ledger = try Directory.making(String(hash.prefix(2)), in: self[.keys])
    var isNew = false
    if try ledger.readLink(hash) == nil {
      if !draft.isUrgent { try refuseIfNearlyFull() }
      // The ledger's directory may have been found, made by a process that died before it was durable.
      try self[.keys].sync()
      let id = try writePending(draft, in: ledger)
      isNew = try Self.link(hash, to: id, in: ledger)
      if !isNew { try ledger.unlink(".\(id)") }
    }
    guard let target = try ledger.readLink(hash) else {
      throw Failure(.tryAgain, "\(ledger.path)/\(hash)", "was removed meanwhile", do: "try again")
    }
    let id = try Self.identity(target, of: hash, in: ledger)
    try finishKeyed(id, in: ledger)
    if isNew { spool.journal.write("new", queue: name, id: id, from: draft.header.sender) }
    return Published(id: id, isNew: isNew)
  }

  /// Steps 3 to 5 of a publish under a key; the sweep takes them as well.
  func finishKeyed(_ id: EntryID, in ledger: Directory) throws(Failure) {
    try ledger.sync()
    switch try ledger.move(".\(id)", to: self[.new], as: id.description) {
    case .done, .sourceGone: break
    case .targetExists:
      throw Failure(
        .software, "\(name)/new/\(id)", "exists beside \(ledger.path)/.\(id)", do: "run spool check \(name)")
    }
    try self[.new].sync()
  }

  /// For a publish that found its key known: says where the text differs from the first one's.
  /// - Throws: `.unavailable` where the first one has failed: exit 0 would say that all is well.
  public func explainKnown(_ id: EntryID, key: String, body: [UInt8]) throws(Failure) {
    guard let place = try locate(id) else {
      throw Failure(.unavailable, id.description, "the first entry under this key was removed", do: "use another key")
    }
    if place.room == .fail || place.room == .bad {
      throw Failure(
        .unavailable, id.description,
        "the first entry under this key has failed (\(lastWord(id) ?? "no reason recorded"))",
        do: "spool retry \(id)")
    }
    if let first = try entry(at: place), first.header["Sha256"].map({ $0 != sha256(body) }) ?? (first.body != body) {
      spool.notice("--key \(key): known since \(first.created.rfc3339Seconds) with another text: the first one counts")
    }
  }

  static func identity(_ target: String, of hash: String, in ledger: Directory) throws(Failure) -> EntryID {
    do { return try EntryID(target) } catch {
      throw Failure(.software, "\(ledger.path)/\(hash)", "leads to no ID: \(error)", do: "run spool check")
    }
  }

  private static func link(_ hash: String, to id: EntryID, in ledger: Directory) throws(Failure) -> Bool {
    do {
      try Kernel.symlink(id.description, as: hash, in: ledger.descriptor)
      return true
    } catch {
      if error == .fileExists { return false }
      throw Failure(error, "\(ledger.path)/\(hash)", "link")
    }
  }

  /// Step 1 under a key: the complete entry, durable, beside where its link will be.
  private func writePending(_ draft: Draft, in ledger: Directory) throws(Failure) -> EntryID {
    let id = try write(draft, into: ledger) { "." + $0.description }
    try ledger.sync()
    return id
  }

  /// An entry in `new/`, flushed by itself; the caller fsyncs the directory.
  private func place(_ draft: Draft) throws(Failure) -> EntryID {
    while true {
      let id = try write(draft, into: self[.tmp]) { $0.description }
      if try moveToNew(id) { return id }
    }
  }

  /// Entries in `new/`, flushed by one syncfs; the caller fsyncs the directory.
  private func placeTogether(_ drafts: [Draft], placed: inout [EntryID]) throws(Failure) {
    var written: [EntryID] = []
    do {
      for draft in drafts { written.append(try write(draft, into: self[.tmp], flushed: false) { $0.description }) }
      try self[.tmp].syncFileSystem()
      for (id, draft) in zip(written, drafts) { placed.append(try moveToNew(id) ? id : place(draft)) }
    } catch {
      for id in written { try? self[.tmp].unlink(id.description) }
      throw error
    }
  }

  /// False where the ID is taken (the same microsecond and the same R): then it is gone from `tmp/`, and needs another.
  private func moveToNew(_ id: EntryID) throws(Failure) -> Bool {
    let moved: Directory.Moved
    do { moved = try self[.tmp].move(id.description, to: self[.new], as: id.description) } catch {
      try? self[.tmp].unlink(id.description)
      throw error
    }
    switch moved {
    case .done: return true
    case .targetExists:
      try self[.tmp].unlink(id.description)
      return false
    case .sourceGone:
      throw Failure(.tryAgain, "\(name)/tmp/\(id)", "was removed before it could be published", do: "try again")
    }
  }

  /// Writes a complete entry, flocked while it is being written, fsynced unless its caller flushes it, and closed.
  private func write(
    _ draft: Draft, into directory: Directory, flushed: Bool = true, called fileName: (EntryID) -> String
  ) throws(Failure) -> EntryID {
    while true {
      let id = EntryID.make(slug: draft.slug)
      let bytes = try Entry(id: id, header: draft.header, body: draft.body).bytes()
      let file: File
      do { file = try directory.create(fileName(id)) } catch {
        if error.errno == .fileExists { continue }
        throw error
      }
      do {
        _ = try file.tryLock()
        try file.write(bytes)
        if flushed { try file.sync() }
        try file.close()
      } catch {
        try? directory.unlink(fileName(id))
        throw error
      }
      return id
    }
  }

  /// Intake is refused while there is still room for what is under way to finish.
  func refuseIfNearlyFull() throws(Failure) {
    // A reply is a verdict to be: small, and worth more than the room that it takes.
    if name == "replies" { return }
    let tmp = try self[.tmp]
    let space: FileSystemSpace
    do { space = try Kernel.space(tmp.descriptor) } catch { throw Failure(error, tmp.path, "ask for free space of") }
    if space.isNearlyFull {
      throw Failure(
        .tryAgain, spool.path, "the disk is nearly full (\(space.freeBytes >> 20) MiB free)",
        do: "free some space; nothing was accepted")
    }
  }
}
