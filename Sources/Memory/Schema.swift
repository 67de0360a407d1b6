import GRDB

/// The tables. A migration that has been released is never edited: the next one follows it.
///
///     transcript   a file of a session, and how far it was read
///     fact         what was said once: never changed, only forgotten
///     sighting     where and when a fact was said; one that comes from several places is one fact
///     item         a key in a scope, and which of its versions counts
///     version      everything that was ever put under it
///     reading      which version an agent saw last
///     conflict     a version whose author had not seen the one that counted
///     forgotten    that something was, never what
enum Schema {
  /// As it stands in the file's user_version; one for each migration.
  static let version = 1

  /// The file's application_id: "Spin".
  private static let mark = 0x5370_696e

  /// Whether nobody else has made this database; one in which nothing is yet may become ours.
  static func isOurs(_ db: Database, version: Int) throws -> Bool {
    if version > 0 { return try Int.fetchOne(db, sql: "PRAGMA application_id") == mark }
    // A migration that was killed may have left its own table.
    return try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE '%grdb_migrations%'") == 0
  }

  static func migrate(_ queue: DatabaseQueue) throws {
    try queue.writeWithoutTransaction { db in
      // It stays with the file: readers go on while somebody writes.
      let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
      guard mode == "wal" else {
        throw DatabaseError(resultCode: .SQLITE_IOERR, message: "the file system cannot do WAL")
      }
    }
    var migrator = DatabaseMigrator()
    migrator.registerMigration("memory") { db in try db.execute(sql: first) }
    try migrator.migrate(queue)
  }

  private static let first = """
    PRAGMA application_id = \(mark);
    CREATE TABLE transcript (
      number INTEGER PRIMARY KEY,
      format TEXT NOT NULL,
      agent TEXT NOT NULL,
      path TEXT NOT NULL,
      device INTEGER NOT NULL,
      inode INTEGER NOT NULL,
      mark BLOB NOT NULL,
      position INTEGER NOT NULL,
      size INTEGER NOT NULL,
      modified INTEGER NOT NULL,
      lines INTEGER NOT NULL,
      tally TEXT NOT NULL,
      last TEXT,
      directory TEXT NOT NULL DEFAULT '',
      is_gone INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX transcript_path ON transcript (path);
    CREATE INDEX transcript_inode ON transcript (inode);

    CREATE TABLE fact (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      text TEXT NOT NULL,
      agent TEXT NOT NULL,
      author TEXT NOT NULL,
      scope TEXT NOT NULL,
      time TEXT NOT NULL
    );
    CREATE INDEX fact_kind ON fact (kind, time);
    CREATE TABLE sighting (
      fact INTEGER NOT NULL,
      transcript INTEGER NOT NULL,
      place INTEGER NOT NULL,
      line INTEGER NOT NULL,
      time TEXT NOT NULL,
      PRIMARY KEY (fact, transcript, place)
    ) WITHOUT ROWID;
    CREATE INDEX sighting_transcript ON sighting (transcript);
    CREATE VIRTUAL TABLE fact_index USING fts5(
      text, content = 'fact', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2');
    CREATE TRIGGER fact_comes AFTER INSERT ON fact BEGIN
      INSERT INTO fact_index (rowid, text) VALUES (new.number, new.text);
    END;
    CREATE TRIGGER fact_goes AFTER DELETE ON fact BEGIN
      INSERT INTO fact_index (fact_index, rowid, text) VALUES ('delete', old.number, old.text);
    END;

    CREATE TABLE item (
      number INTEGER PRIMARY KEY,
      scope TEXT NOT NULL,
      key TEXT NOT NULL,
      current INTEGER NOT NULL,
      last INTEGER NOT NULL,
      UNIQUE (scope, key)
    );
    CREATE TABLE version (
      item INTEGER NOT NULL,
      number INTEGER NOT NULL,
      value TEXT,
      author TEXT NOT NULL,
      saw INTEGER NOT NULL,
      time TEXT NOT NULL,
      state TEXT NOT NULL,
      PRIMARY KEY (item, number)
    ) WITHOUT ROWID;
    CREATE TABLE reading (
      item INTEGER NOT NULL,
      reader TEXT NOT NULL,
      number INTEGER NOT NULL,
      time TEXT NOT NULL,
      PRIMARY KEY (item, reader)
    ) WITHOUT ROWID;
    CREATE TABLE conflict (
      number INTEGER PRIMARY KEY,
      item INTEGER NOT NULL,
      version INTEGER NOT NULL,
      against INTEGER NOT NULL,
      policy TEXT NOT NULL,
      outcome INTEGER,
      settled_by TEXT,
      time TEXT NOT NULL
    );
    CREATE INDEX conflict_item ON conflict (item);
    CREATE VIRTUAL TABLE item_index USING fts5(key, value, tokenize = 'unicode61 remove_diacritics 2');

    CREATE TABLE forgotten (
      what TEXT NOT NULL,
      scope TEXT NOT NULL,
      author TEXT NOT NULL,
      time TEXT NOT NULL,
      is_purged INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX forgotten_what ON forgotten (what);
    PRAGMA user_version = 1;
    """
}
