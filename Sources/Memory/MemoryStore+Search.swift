import GRDB
import Spool

/// What a search finds: a fact, or the version of a key that counts.
public enum Found: Sendable {
  case fact(FactRecord)
  case version(VersionRecord)
}

extension MemoryStore {
  static let factColumns = "f.number, f.id, f.kind, f.text, f.agent, f.author, f.scope, f.time"

  /// The best first; without words the newest first.
  /// - Parameter kind: of facts, or `key`; nil: all.
  public func search(_ words: String, kind: String?, limit: Int, by party: Party) throws(Failure) -> [Found] {
    let topic = Topic(words)
    return try read { db in
      var ranked: [(rank: Double, time: String, found: Found)] = []
      if kind != "key" { ranked += try Self.facts(topic, kind, limit, party, db) }
      if kind == nil || kind == "key" { ranked += try Self.versions(topic, limit, party, db) }
      // By the index's own measure: the lower the better.
      ranked.sort { ($0.rank, $1.time) < ($1.rank, $0.time) }
      return ranked.prefix(limit).map(\.found)
    }
  }

  private static func facts(
    _ topic: Topic, _ kind: String?, _ limit: Int, _ party: Party, _ db: Database
  ) throws -> [(rank: Double, time: String, found: Found)] {
    let hasWords = !topic.words.isEmpty
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT \(factColumns), \(hasWords ? "bm25(fact_index)" : "0.0") AS rank FROM fact AS f
        \(hasWords ? "JOIN fact_index ON fact_index.rowid = f.number WHERE fact_index MATCH ?1" : "WHERE ?1 IS NULL")
        AND (?2 IS NULL OR f.kind = ?2) ORDER BY rank, f.time DESC, f.id
        """, arguments: [hasWords ? topic.query : nil, kind])
    var result: [(Double, String, Found)] = []
    while result.count < limit, let row = try rows.next() {
      if party.mayRead(row["scope"]) { result.append((row["rank"], row["time"], .fact(try fact(row, db)))) }
    }
    return result
  }

  private static func versions(
    _ topic: Topic, _ limit: Int, _ party: Party, _ db: Database
  ) throws -> [(rank: Double, time: String, found: Found)] {
    let hasWords = !topic.words.isEmpty
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT i.key, i.scope, v.number, v.author, v.time, v.saw, v.value, 'current' AS state,
          \(hasWords ? "bm25(item_index, 4.0, 1.0)" : "0.0") AS rank
        FROM item AS i JOIN version AS v ON v.item = i.number AND v.number = i.current
        \(hasWords ? "JOIN item_index ON item_index.rowid = i.number WHERE item_index MATCH ?1" : "WHERE ?1 IS NULL")
        AND v.value IS NOT NULL ORDER BY rank, v.time DESC, i.scope, i.key
        """, arguments: [hasWords ? topic.query : nil])
    var result: [(Double, String, Found)] = []
    while result.count < limit, let row = try rows.next() {
      if party.mayRead(row["scope"]) { result.append((row["rank"], row["time"], .version(version(row)))) }
    }
    return result
  }
}
