import Crypto
import Foundation
import GRDB
import Spool

/// What a harvest has read of a transcript: where it stands now, and what it found on the way there.
public struct Gleaning: Sendable {
  public var transcript: Transcript
  public var remarks: [Remark]
  /// Where its facts may be read.
  public var scope: String

  public init(_ transcript: Transcript, remarks: [Remark], scope: String) {
    self.transcript = transcript
    self.remarks = remarks
    self.scope = scope
  }
}

extension MemoryStore {
  /// Records what was read: positions and facts in one transaction, so that a crash leaves both or neither.
  ///
  /// It may be lost to a power cut, both together: the transcripts are still there.
  /// - Parameter gone: transcripts whose files are not there any more.
  /// - Returns: the same with their numbers, and how many facts are new.
  public func record(
    _ gleanings: [Gleaning], gone: [Int64] = []
  ) throws(Failure) -> (transcripts: [Transcript], newFacts: Int) {
    if gleanings.isEmpty && gone.isEmpty { return ([], 0) }
    return try write(.relaxed) { db in
      var transcripts: [Transcript] = []
      var newFacts = 0
      for gleaning in gleanings {
        var transcript = gleaning.transcript
        try transcript.save(db)
        for remark in gleaning.remarks {
          newFacts += try Self.record(remark, of: transcript, scope: gleaning.scope, db) ? 1 : 0
        }
        transcripts.append(transcript)
      }
      for number in gone {
        try db.cachedStatement(sql: "UPDATE transcript SET is_gone = 1 WHERE number = ?").execute(arguments: [number])
      }
      return (transcripts, newFacts)
    }
  }

  /// - Returns: whether nobody had said it before.
  private static func record(
    _ remark: Remark, of transcript: Transcript, scope: String, _ db: Database
  ) throws -> Bool {
    let id = Fact.id(
      kind: remark.kind, agent: transcript.agent, author: remark.author, scope: scope, text: remark.text)
    if try isForgotten(id, db) || isForgotten(Fact.digest(of: remark.text), db) { return false }
    try db.cachedStatement(
      sql: """
        INSERT INTO fact (id, kind, text, agent, author, scope, time) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """
    ).execute(arguments: [id, remark.kind, remark.text, transcript.agent, remark.author, scope, remark.time])
    let isNew = db.changesCount == 1
    let fact = try Int64.fetchOne(db.cachedStatement(sql: "SELECT number FROM fact WHERE id = ?"), arguments: [id])!
    // What nobody says is told once for each session, not with each of its lines.
    if remark.author == "session", !isNew,
      try Bool.fetchOne(
        db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM sighting WHERE fact = ? AND transcript = ?)"),
        arguments: [fact, transcript.number]) == true
    {
      return false
    }
    try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO sighting (fact, transcript, place, line, time) VALUES (?, ?, ?, ?, ?)"
    ).execute(arguments: [fact, transcript.number, remark.place, remark.line, remark.time])
    // A fact is as fresh as the last time that it was said.
    if !isNew {
      try db.cachedStatement(sql: "UPDATE fact SET time = ?1 WHERE number = ?2 AND time < ?1")
        .execute(arguments: [remark.time, fact])
    }
    return isNew
  }

  static func isForgotten(_ id: String, _ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM forgotten WHERE what = ?)"), arguments: [id])!
  }

  public func transcriptCount() throws(Failure) -> Int {
    try read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM transcript") ?? 0 }
  }

  /// Where a transcript's file lay when it was last seen.
  public func path(of number: Int64) throws(Failure) -> String? {
    try read { db in
      try String.fetchOne(db.cachedStatement(sql: "SELECT path FROM transcript WHERE number = ?"), arguments: [number])
    }
  }

  /// All transcripts' briefs, with their paths; those that are gone come before those that are there.
  public func eachBrief(_ take: (String, Transcript.Brief) -> Void) throws(Failure) {
    try read { db in
      let rows = try Row.fetchCursor(
        db,
        sql: "SELECT number, path, device, inode, size, modified, is_gone FROM transcript ORDER BY is_gone DESC, number"
      )
      while let row = try rows.next() {
        take(
          row[1],
          Transcript.Brief(
            number: row[0], device: row[2], inode: row[3], size: row[4], modified: row[5], isGone: row[6]))
      }
    }
  }

  public func transcript(_ number: Int64) throws(Failure) -> Transcript? {
    try read { db in
      try Transcript.fetchOne(
        db.cachedStatement(sql: "SELECT * FROM transcript WHERE number = ?"), arguments: [number])
    }
  }

  /// Those whose files are there, in the order of their names.
  public func transcripts() throws(Failure) -> [Transcript] {
    try read { db in
      try Transcript.fetchAll(db, sql: "SELECT * FROM transcript WHERE NOT is_gone ORDER BY path, number")
    }
  }

  /// What is forgotten there never comes into this one: it would lie in its file, if only for a while.
  public func learnForgotten(from other: MemoryStore) throws(Failure) {
    let rows = try other.read { try Row.fetchAll($0, sql: "SELECT what, scope, author, time FROM forgotten") }
    try write(.relaxed) { db in
      for row in rows {
        try db.execute(
          sql: "INSERT INTO forgotten (what, scope, author, time) VALUES (?, ?, ?, ?)",
          arguments: [row[0] as String, row[1] as String, row[2] as String, row[3] as String])
      }
    }
  }

  /// Takes over what was harvested anew into another database: all at once, in place of what came from the same files.
  /// What came from files that are gone, or that were not read anew, stays, and what is forgotten stays forgotten.
  public func takeOver(_ other: MemoryStore) throws(Failure) {
    let path = other.path
    try alone { db in
      try db.execute(sql: "ATTACH DATABASE ? AS anew", arguments: [path])
      defer { try? db.execute(sql: "DETACH DATABASE anew") }
      try db.execute(sql: "PRAGMA synchronous = NORMAL")
      defer { try? db.execute(sql: "PRAGMA synchronous = FULL") }
      try db.inTransaction(.immediate) {
        try db.execute(
          sql: """
            CREATE TEMP TABLE old AS
              SELECT number FROM transcript WHERE NOT is_gone AND path IN (SELECT path FROM anew.transcript);
            DELETE FROM sighting WHERE transcript IN (SELECT number FROM temp.old);
            DELETE FROM transcript WHERE number IN (SELECT number FROM temp.old);
            DROP TABLE temp.old;
            INSERT INTO fact (id, kind, text, agent, author, scope, time)
              SELECT id, kind, text, agent, author, scope, time FROM anew.fact
              WHERE id NOT IN (SELECT what FROM forgotten) ORDER BY number
              ON CONFLICT (id) DO NOTHING;
            CREATE TEMP TABLE moved AS
              SELECT t.number AS old, t.number + (SELECT ifnull(max(number), 0) FROM transcript) AS new FROM anew.transcript AS t;
            INSERT INTO transcript
              SELECT m.new, t.format, t.agent, t.path, t.device, t.inode, t.mark, t.position, t.size, t.modified, t.lines,
                t.tally, t.last, t.directory, t.is_gone
              FROM anew.transcript AS t JOIN temp.moved AS m ON m.old = t.number;
            INSERT INTO sighting
              SELECT f.number, m.new, s.place, s.line, s.time
              FROM anew.sighting AS s JOIN temp.moved AS m ON m.old = s.transcript
              JOIN anew.fact AS a ON a.number = s.fact JOIN fact AS f ON f.id = a.id;
            DROP TABLE temp.moved;
            DELETE FROM fact WHERE number NOT IN (SELECT fact FROM sighting);
            UPDATE fact SET time = (SELECT max(time) FROM sighting WHERE fact = fact.number)
              WHERE number IN (SELECT fact FROM sighting);
            """)
        return .commit
      }
    }
  }
}

/// What somebody has said once.
enum Fact {
  /// The same words of the same author are one fact, however often they are said.
  static func id(kind: String, agent: String, author: String, scope: String, text: String) -> String {
    digest(of: [kind, agent, author, scope, text].joined(separator: "\0"))
  }

  /// What a text is known by that is not known any more.
  static func digest(of text: String) -> String {
    SHA256.hash(data: Array(text.utf8)).prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
