import GRDB
import Spool

/// Which version an agent saw last.
public struct ReadingRecord: Codable, Sendable {
  public var agent: String
  public var version: Int
  public var at: String
}

extension MemoryStore {
  /// A version; the one that counts where none is named. Notes that it was seen.
  /// - Returns: nil where there is none, or it was forgotten.
  public func get(_ key: ItemKey, version number: Int? = nil, by party: Party) throws(Failure) -> VersionRecord? {
    try party.require(reading: key.scope)
    let (found, isNews) = try read { db -> (VersionRecord?, Bool) in
      guard let item = try Item.find(key, db),
        let found = try number.map({ try item.version($0, db) }) ?? item.currentVersion(db)
      else { return (nil, false) }
      return (found, try found.version > item.lastSeen(by: party.name, db))
    }
    guard let found, found.value != nil else { return nil }
    if isNews {
      // Lost in a power cut, or not noted because others write all the time or the disk is full, its reader is only thought to
      // know less than it does; that is no reason to keep from him what is there.
      try? write(.relaxed, patience: .seconds(2)) { db in
        try Item.find(key, db)?.note(seen: found.version, by: party.name, at: Timestamp.now.rfc3339, db)
      }
    }
    return found
  }

  /// When and by whom it was forgotten; nil: it was not.
  public func forgetting(of key: ItemKey) throws(Failure) -> (author: String, time: String)? {
    try read { db in
      try Row.fetchOne(
        db, sql: "SELECT author, time FROM forgotten WHERE what = ? AND scope = ? ORDER BY time DESC",
        arguments: ["key:\(key.key)", key.scope]
      ).map { ($0[0], $0[1]) }
    }
  }

  /// All versions, the oldest first, and who has seen which.
  public func history(
    of key: ItemKey, by party: Party
  ) throws(Failure) -> (versions: [VersionRecord], readers: [ReadingRecord]) {
    try party.require(reading: key.scope)
    return try read { db in
      guard let item = try Item.find(key, db) else { return ([], []) }
      let versions = try Row.fetchAll(
        db, sql: Self.allVersions + " WHERE v.item = ? ORDER BY v.number", arguments: [item.number])
      let readers = try Row.fetchAll(
        db, sql: "SELECT reader, number, time FROM reading WHERE item = ? ORDER BY reader", arguments: [item.number])
      return (versions.map(Self.version), readers.map { ReadingRecord(agent: $0[0], version: $0[1], at: $0[2]) })
    }
  }
}
