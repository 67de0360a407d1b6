import Glibc

/// What was taken becomes an entry, once, whoever is killed in between.
extension Drop {
  enum Fate {
    case published(EntryID)
    /// It lies in `bad/`.
    case refused(String)
    case turnedAway
  }

  func publishTaken(_ taken: Taken) throws(Failure) -> Fate {
    let status = try taken.file.status()
    guard let bytes = try taken.file.readAll(limit: Entry.sizeLimit) else {
      return try refuse(taken, because: "has more than \(Entry.sizeLimit) bytes")
    }
    var header = Header()
    var body = bytes
    if bytes.starts(with: "Spool: 1\n".utf8) {
      do {
        let entry = try Self.dropped(bytes)
        body = entry.body
        header = Header(lines: entry.header.lines.filter { !Self.ownHeaders.contains($0.name.lowercased()) })
      } catch { return try refuse(taken, because: error.description) }
    }
    // Authority is the directory: a file that is somebody else's was moved in, and speaks for nobody.
    let owner = status.owner
    if let user {
      header["From"] = user.name
      header["Via"] = "drop-\(user.name)"
    } else if owner != geteuid() {
      header["From"] = "user \(owner)"
    } else if header["From"] == nil {
      header["From"] = "drop"
    }
    header["Name"] = taken.name
    header["Arrived"] = taken.changed.rfc3339
    let slug = EntryID.slug(from: taken.name.prefix { $0 != "." })
    let key =
      user?.key(taken.name, taken.inode, taken.changed) ?? "drop-\(taken.inode)-\(taken.changed.nanoseconds)"
    if let user, try user.turnsAway(taken.name, key) {
      try directory.unlink(taken.takenName)
      taken.file.unlock()
      return .turnedAway
    }
    let published = try queue.publish(Draft(slug: slug, header: header, body: body), key: key)
    try user?.onPublished(published.id, taken.name)
    let now = try taken.file.status()
    if now.size == status.size && now.modified == status.modified {
      try directory.unlink(taken.takenName)
    } else {
      try giveBack(taken)
    }
    taken.file.unlock()
    return .published(published.id)
  }

  private func refuse(_ taken: Taken, because reason: String) throws(Failure) -> Fate {
    try queue.quarantine(raw: Array(taken.takenName.utf8CString), from: directory, because: reason)
    try user?.onRefused(taken.name, reason)
    return .refused(reason)
  }

  /// Where no lease can be had and the clock has jumped, 10 s without a change were none: somebody was still writing. The file becomes
  /// another entry when it is whole.
  private func giveBack(_ taken: Taken) throws(Failure) {
    var (name, copy) = (taken.name, 1)
    while try directory.move(taken.takenName, to: directory, as: name) == .targetExists {
      copy += 1
      name = "\(taken.name).\(copy)"
    }
    queue.spool.notice("\(place)/\(name): was still being written when it was taken: it is taken again")
  }

  /// What a dropped entry may not set itself.
  private static let ownHeaders: Set<String> = ["spool", "id", "length", "sha256", "key", "name", "arrived", "created"]

  /// A dropped file that claims to be an entry; it need not know its ID yet.
  static func dropped(_ bytes: [UInt8]) throws(MalformedText) -> Entry {
    let (header, _) = try Header.parse(bytes)
    if header["Id"] != nil { return try Entry(parsing: bytes) }
    let start = "Spool: 1\n".utf8.count
    let id = "Id: \(EntryID(time: Kernel.now(), random: "000000", slug: nil))\n"
    return try Entry(parsing: bytes[..<start] + Array(id.utf8) + bytes[start...])
  }
}
