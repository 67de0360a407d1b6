import GRDB
import Secrets
import Spool

/// A version that was written by somebody who had not seen the one that counted.
public struct ConflictRecord: Codable, Sendable {
  public var number: Int64
  public var key: String
  public var scope: String
  public var policy: String
  public var at: String
  /// Its version.
  public var version: VersionRecord
  /// The one that counted then.
  public var against: VersionRecord
  /// The version that was made to count; nil: nobody has decided.
  public var outcome: Int?
  public var settledBy: String?
}

extension MemoryStore {
  /// - Parameter settled: also those that are decided.
  public func conflicts(settled: Bool, by party: Party) throws(Failure) -> [ConflictRecord] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT c.number, i.scope, i.key, i.number, i.current, i.last, c.policy, c.time, c.version, c.against, c.outcome,
            c.settled_by
          FROM conflict AS c JOIN item AS i ON i.number = c.item
          \(settled ? "" : "WHERE c.outcome IS NULL") ORDER BY c.number
          """
      ).compactMap { row in try Self.conflict(row, db) }.filter { party.mayRead($0.scope) }
    }
  }

  private static func conflict(_ row: Row, _ db: Database) throws -> ConflictRecord? {
    let item = Item(number: row[3], key: try ItemKey(row[2], scope: row[1]), current: row[4], last: row[5])
    guard let version = try item.version(row[8], db), let against = try item.version(row[9], db) else { return nil }
    return ConflictRecord(
      number: row[0], key: row[2], scope: row[1], policy: row[6], at: row[7], version: version, against: against,
      outcome: row[10], settledBy: row[11])
  }

  /// What is to count from now on, of a key whose authors did not agree.
  public enum Resolution: Sendable {
    case version(Int)
    case value(String)
  }

  /// Decides all of a key's conflicts, by a version of its own.
  /// - Returns: its number; nil where there is no such key, or version.
  public func resolve(
    _ key: ItemKey, with resolution: Resolution, by party: Party, secrets: SecretRules
  ) throws(Failure) -> Int? {
    try party.require(writing: key.scope)
    if case .value(let value) = resolution { try Self.check(value, of: key, secrets) }
    let time = Timestamp.now.rfc3339
    return try write { db in
      guard var item = try Item.find(key, db) else { return nil }
      var counts = item.current
      switch resolution {
      case .version(let number) where number == item.current: break
      case .version(let number):
        guard let value = try item.version(number, db)?.value else { return nil }
        counts = try item.add(value, by: party.name, saw: item.last, at: time, db)
      case .value(let value): counts = try item.add(value, by: party.name, saw: item.last, at: time, db)
      }
      if counts != item.current { try item.setCurrent(counts, db) }
      try item.note(seen: counts, by: party.name, at: time, db)
      try db.execute(
        sql: """
          UPDATE version SET state = 'kept' WHERE item = ?1 AND state = 'waiting' AND number IN
            (SELECT version FROM conflict WHERE item = ?1 AND outcome IS NULL)
          """, arguments: [item.number])
      try db.execute(
        sql: "UPDATE conflict SET outcome = ?, settled_by = ? WHERE item = ? AND outcome IS NULL",
        arguments: [counts, party.name, item.number])
      return counts
    }
  }

  /// Ends a conflict by what a person has answered. Only a yes changes what counts, and only where that is still the version that he
  /// was asked about: who has written since has seen more than he has.
  /// - Returns: whether what counted when he was asked did so still.
  func close(_ conflict: ConflictRecord, takingIt: Bool) throws(Failure) -> Bool {
    let key = try ItemKey(conflict.key, scope: conflict.scope)
    let time = Timestamp.now.rfc3339
    return try write { db in
      guard var item = try Item.find(key, db), try Self.isOpen(conflict.number, db) else { return false }
      let mayCount = item.current == conflict.against.version
      if takingIt && mayCount, let value = try item.version(conflict.version.version, db)?.value {
        let person = Party.person.name
        let version = try item.add(value, by: person, saw: item.last, at: time, db)
        try item.setCurrent(version, db)
        try item.note(seen: version, by: person, at: time, db)
      }
      if try item.version(conflict.version.version, db)?.state == "waiting" {
        try item.set("kept", of: conflict.version.version, db)
      }
      try db.execute(
        sql: "UPDATE conflict SET outcome = ?, settled_by = ? WHERE number = ?",
        arguments: [item.current, Party.person.name, conflict.number])
      return mayCount
    }
  }

  private static func isOpen(_ conflict: Int64, _ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db, sql: "SELECT EXISTS (SELECT 1 FROM conflict WHERE number = ? AND outcome IS NULL)", arguments: [conflict])!
  }
}
