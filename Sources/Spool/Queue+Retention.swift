extension Queue {
  /// How long what is over is kept: long enough to look up last month.
  package static let recordAge = Duration.seconds(30 * 86400)
  /// How long a key is known: longer than any schedule that could use it again.
  package static let keyAge = Duration.seconds(90 * 86400)

  /// What `log/` may have of an entry: its story, what the attempts of a delivery leave for the next, the proof that a request arrived.
  private static let logs = ["log", "parts", "notes", "proof"]

  /// Removes old records: `done/`, `re/` and `log/` after 30 d, those of an entry with a key with its key
  /// after 90 d. Never `hold/`, `fail/` or `bad/`: those wait for a person.
  public func removeOld() throws(Failure) {
    let now = Kernel.now()
    var isFlushed = false
    for place in try entries(in: .done) {
      let age = try now - ((self[.done].status(place.fileName)?.changed) ?? now)
      guard age > Self.recordAge, let entry = try? entry(at: place) else { continue }
      // Its product has no place yet: then this is the only trace of where it came from.
      if try self[.out].contains(place.name.id.description) { continue }
      // Two who remove at once would both find the old link, and the second would remove the one that was made anew.
      guard let file = try lockUnheld(place.fileName, in: .done) else { continue }
      defer { file.unlock() }
      // Found here: that it came here may not be durable, where an fsync has failed. Then it would come back, without its key.
      if !isFlushed { try self[.done].sync() }
      isFlushed = true
      if let key = entry.header["Key"] {
        guard age > Self.keyAge else { continue }
        try forget(key, of: place.name.id)
      }
      try self[.re].unlink(place.name.id.description)
      for kind in Self.logs { try self[.log].unlink("\(place.name.id).\(kind)") }
      try self[.done].unlink(place.fileName)
    }
  }

  /// The link goes first, durably: a key that leads to nothing would be a lie.
  /// A key that was used again meanwhile is another entry's.
  private func forget(_ key: String, of id: EntryID) throws(Failure) {
    let hash = sha256(key.utf8)
    let ledger = try Directory.making(String(hash.prefix(2)), in: self[.keys])
    if try ledger.readLink(hash) == id.description { try ledger.unlink(hash) }
    // Also where it was found gone: who removed it may have died before that was durable.
    try ledger.sync()
  }
}
