import GRDB
import Spool

/// A fact as it is told: who said what, when, and where that stands.
public struct FactRecord: Codable, Sendable {
  public var id: String
  public var kind: String
  public var text: String
  public var agent: String
  public var author: String
  public var scope: String
  /// When it was last said; nil: nobody knows.
  public var time: String?
  public var sources: [Source]

  public struct Source: Codable, Sendable {
    public var file: String
    public var offset: Int
    public var line: Int
    public var time: String?
  }
}

/// A version of a key, as it is told.
public struct VersionRecord: Codable, Sendable {
  public var kind = "key"
  public var key: String
  public var scope: String
  public var version: Int
  public var author: String
  /// When it was written.
  public var at: String
  /// The version that its author had seen.
  public var saw: Int
  /// current, kept, refused, merged, waiting, forgotten
  public var state: String
  /// Nil: it was forgotten.
  public var value: String?
}

extension MemoryStore {
  /// Everything, in an order that depends on nothing but what it says: no inode, no time of a harvest.
  public func export(fact: (FactRecord) throws -> Void, version: (VersionRecord) throws -> Void) throws(Failure) {
    try read { db in
      let facts = try Row.fetchCursor(
        db,
        sql: """
          SELECT f.number, f.id, f.kind, f.text, f.agent, f.author, f.scope, f.time FROM fact AS f
          ORDER BY f.kind, f.time, f.id
          """)
      while let row = try facts.next() { try fact(Self.fact(row, db)) }
      let versions = try Row.fetchCursor(db, sql: Self.allVersions + " ORDER BY i.scope, i.key, v.number")
      while let row = try versions.next() { try version(Self.version(row)) }
    }
  }

  static let allVersions = """
    SELECT i.key, i.scope, v.number, v.author, v.time, v.saw, v.value,
      CASE WHEN v.value IS NOT NULL AND v.number = i.current THEN 'current' ELSE v.state END AS state
    FROM version AS v JOIN item AS i ON i.number = v.item
    """

  /// - Parameter row: a fact's number, id, kind, text, agent, author, scope and time.
  static func fact(_ row: Row, _ db: Database) throws -> FactRecord {
    // A file that was replaced by one that begins as it did has the same lines under the same name.
    let sources = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT DISTINCT t.path, s.place, s.line, s.time FROM sighting AS s JOIN transcript AS t ON t.number = s.transcript
          WHERE s.fact = ? ORDER BY t.path, s.place, s.time
          """), arguments: [row[0] as Int64])
    return FactRecord(
      id: row[1], kind: row[2], text: row[3], agent: row[4], author: row[5], scope: row[6], time: known(row[7]),
      sources: sources.map { .init(file: $0[0], offset: $0[1], line: $0[2], time: known($0[3])) })
  }

  static func version(_ row: Row) -> VersionRecord {
    VersionRecord(
      key: row["key"], scope: row["scope"], version: row["number"], author: row["author"], at: row["time"],
      saw: row["saw"], state: row["state"], value: row["value"])
  }

  private static func known(_ time: String) -> String? { time.isEmpty ? nil : time }
}
