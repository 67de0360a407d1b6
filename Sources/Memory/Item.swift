import GRDB
import Spool

/// A key's row, and what is done to it within a transaction.
struct Item {
  var number: Int64
  var key: ItemKey
  /// The version that counts; 0: none.
  var current: Int
  /// The highest number that a version ever had.
  var last: Int

  static func find(_ key: ItemKey, _ db: Database) throws -> Item? {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT number, current, last FROM item WHERE scope = ? AND key = ?"),
      arguments: [key.scope, key.key])
    return row.map { Item(number: $0[0], key: key, current: $0[1], last: $0[2]) }
  }

  static func make(_ key: ItemKey, _ db: Database) throws -> Item {
    try db.cachedStatement(sql: "INSERT INTO item (scope, key, current, last) VALUES (?, ?, 0, 0)")
      .execute(arguments: [key.scope, key.key])
    return Item(number: db.lastInsertedRowID, key: key, current: 0, last: 0)
  }

  /// Nil: there is none, or it was forgotten.
  func currentVersion(_ db: Database) throws -> VersionRecord? {
    let version = try version(current, db)
    return version?.value == nil ? nil : version
  }

  func version(_ number: Int, _ db: Database) throws -> VersionRecord? {
    try Row.fetchOne(
      db.cachedStatement(sql: MemoryStore.allVersions + " WHERE v.item = ? AND v.number = ?"),
      arguments: [self.number, number]
    ).map(MemoryStore.version)
  }

  func lastSeen(by name: String, _ db: Database) throws -> Int {
    try Int.fetchOne(
      db.cachedStatement(sql: "SELECT number FROM reading WHERE item = ? AND reader = ?"), arguments: [number, name])
      ?? 0
  }

  func note(seen version: Int, by name: String, at time: String, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO reading (item, reader, number, time) VALUES (?, ?, ?, ?)
        ON CONFLICT (item, reader) DO UPDATE SET number = excluded.number, time = excluded.time
        WHERE excluded.number > number
        """
    ).execute(arguments: [number, name, version, time])
  }

  /// - Returns: its number.
  mutating func add(
    _ value: String, by author: String, saw: Int, at time: String, state: String = "kept", _ db: Database
  ) throws -> Int {
    last += 1
    try db.cachedStatement(
      sql: "INSERT INTO version (item, number, value, author, saw, time, state) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [number, last, value, author, saw, time, state])
    try db.cachedStatement(sql: "UPDATE item SET last = ? WHERE number = ?").execute(arguments: [last, number])
    return last
  }

  func set(_ state: String, of version: Int, _ db: Database) throws {
    try db.cachedStatement(sql: "UPDATE version SET state = ? WHERE item = ? AND number = ?")
      .execute(arguments: [state, number, version])
  }

  /// From now on this version counts, and is what a search finds.
  mutating func setCurrent(_ version: Int, _ db: Database) throws {
    current = version
    try db.cachedStatement(sql: "UPDATE item SET current = ? WHERE number = ?").execute(arguments: [version, number])
    try db.cachedStatement(sql: "DELETE FROM item_index WHERE rowid = ?").execute(arguments: [number])
    try db.cachedStatement(
      sql: """
        INSERT INTO item_index (rowid, key, value)
        SELECT i.number, i.key, v.value FROM item AS i JOIN version AS v ON v.item = i.number AND v.number = i.current
        WHERE i.number = ?
        """
    ).execute(arguments: [number])
  }
}
