import GRDB
import Spool

/// What was forgotten, for who has asked for it: never what it said.
public struct Forgotten: Sendable {
  /// Keys, and how many versions of each.
  public var keys: [(key: ItemKey, versions: Int)] = []
  /// Facts, by their IDs.
  public var facts: [String] = []
  /// What was forgotten before had not left the files yet: it has now.
  public var isFinished = false
  /// Somebody still reads an old view of the database: until he ends, its log cannot be emptied.
  public var logIsHeld = false

  public var isEmpty: Bool { keys.isEmpty && facts.isEmpty }

  public init() {}
}

/// What is to be forgotten.
public enum Oblivion: Sendable {
  case key(ItemKey)
  /// A fact's ID, or its beginning.
  case fact(String)
  /// Whatever says this, in any version.
  case text(String)
}

extension MemoryStore {
  /// Forgets: out of all versions, the index, and the file's bytes. That it was, when and by whom stays.
  public func forget(_ what: Oblivion, by party: Party) throws(Failure) -> Forgotten {
    let time = Timestamp.now.rfc3339
    var forgotten = Forgotten()
    try write { db in
      switch what {
      case .key(let key): try Self.forget(key, party, time, &forgotten, db)
      case .fact(let id):
        // The ID alone: a letter that matches everything is none of it.
        guard id.utf8.count >= 4, id.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
          break
        }
        let rows = try Row.fetchAll(
          db, sql: "SELECT number, id, scope FROM fact WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT 2",
          arguments: [id.utf8.count, id])
        guard rows.count < 2 else {
          throw Failure(.no, id, "is the beginning of several facts' IDs", do: "give more of it")
        }
        for row in rows { try Self.forgetFact(row, party, time, &forgotten, db) }
      case .text(let text):
        for row in try Row.fetchAll(
          db, sql: "SELECT number, id, scope FROM fact WHERE instr(text, ?) > 0", arguments: [text])
        {
          try Self.forgetFact(row, party, time, &forgotten, db)
        }
        let items = try Row.fetchAll(
          db,
          sql: """
            SELECT DISTINCT i.key, i.scope FROM item AS i JOIN version AS v ON v.item = i.number
            WHERE instr(v.value, ?1) > 0
            """, arguments: [text])
        for row in items {
          try Self.forget(ItemKey(row[0], scope: row[1]), containing: text, party, time, &forgotten, db)
        }
      }
    }
    // Killed in between, or held up by a reader, an earlier one may have left its bytes.
    if try read({ try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM forgotten WHERE NOT is_purged)")! }) {
      forgotten.logIsHeld = try !purge()
      forgotten.isFinished = !forgotten.logIsHeld
    }
    return forgotten
  }

  /// - Parameter text: only versions that say this; nil: all.
  private static func forget(
    _ key: ItemKey, containing text: String? = nil, _ party: Party, _ time: String, _ forgotten: inout Forgotten,
    _ db: Database
  ) throws {
    try party.require(writing: key.scope)
    guard let item = try Item.find(key, db) else { return }
    try db.execute(
      sql: """
        UPDATE version SET value = NULL, state = 'forgotten' WHERE item = ?1 AND value IS NOT NULL
          AND (?2 IS NULL OR instr(value, ?2) > 0)
        """, arguments: [item.number, text])
    let count = db.changesCount
    if count == 0 { return }
    if try item.currentVersion(db) == nil {
      try db.execute(sql: "DELETE FROM item_index WHERE rowid = ?", arguments: [item.number])
    }
    try note("key:\(key.key)", key.scope, party, time, db)
    forgotten.keys.append((key, count))
  }

  private static func forgetFact(
    _ row: Row, _ party: Party, _ time: String, _ forgotten: inout Forgotten, _ db: Database
  ) throws {
    // The same words may have been found as two kinds, or come from another agent's copy.
    let same = try Row.fetchAll(
      db,
      sql: "SELECT number, id, scope, text FROM fact WHERE text = (SELECT text FROM fact WHERE number = ?) ORDER BY id",
      arguments: [row["number"] as Int64])
    for row in same {
      try party.require(writing: row["scope"])
      let number: Int64 = row["number"]
      try db.execute(sql: "DELETE FROM sighting WHERE fact = ?", arguments: [number])
      try db.execute(sql: "DELETE FROM fact WHERE number = ?", arguments: [number])
      try note(row["id"], row["scope"], party, time, db)
      // However it is found next time: by another rule's name, or as another agent's.
      try note(Fact.digest(of: row["text"]), row["scope"], party, time, db)
      forgotten.facts.append(row["id"])
    }
  }

  private static func note(_ what: String, _ scope: String, _ party: Party, _ time: String, _ db: Database) throws {
    try db.execute(
      sql: "INSERT INTO forgotten (what, scope, author, time) VALUES (?, ?, ?, ?)",
      arguments: [what, scope, party.name, time])
  }

  /// Takes the bytes out of the indexes' segments, out of the file, and out of its log.
  /// - Returns: false where somebody reads an old view.
  private func purge() throws(Failure) -> Bool {
    try write { db in
      // A deleted row stays in its segment until the segments are merged.
      try db.execute(
        sql: """
          INSERT INTO fact_index (fact_index) VALUES ('optimize');
          INSERT INTO item_index (item_index) VALUES ('optimize');
          """)
    }
    var isEmpty = false
    try alone { db in
      isEmpty = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)").map { $0[0] == 0 } ?? false
    }
    isEmpty = try removeUnfinished() && isEmpty
    if isEmpty { try write { db in try db.execute(sql: "UPDATE forgotten SET is_purged = 1 WHERE NOT is_purged") } }
    return isEmpty
  }

  /// What a rebuild has left that was killed has everything, too.
  /// - Returns: false where it may be at work: it removes that itself when it is done.
  private func removeUnfinished() throws(Failure) -> Bool {
    guard try directory.contains(Self.anew) else { return true }
    let harvest = try directory.openOrCreate("harvest.lock")
    guard try harvest.tryLock() else { return false }
    defer { harvest.unlock() }
    try remove(Self.anew)
    return true
  }
}
