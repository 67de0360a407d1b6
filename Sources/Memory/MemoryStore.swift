import CSQLite
import Foundation
import GRDB
import Spool

/// `$SPOOL_DIR/memory/memory.db`: what the agents know, one SQLite database that every tool opens for itself.
///
/// Writers queue up at a lock of their own in front of SQLite's: the kernel wakes the next one at once, in the order of their
/// coming, where SQLite's busy handler would have each of them sleep and try. So nobody is ever told that the database is locked.
public final class MemoryStore {
  public let spool: SpoolDirectory
  package let directory: Directory
  private let queue: DatabaseQueue
  private let writers: File
  /// Another program may hold the database too (sqlite3, a backup): so long is it waited for.
  private let patience: Duration

  /// Where a rebuild is made, beside the memory.
  public static let anew = "rebuild.db"

  /// How a write's durability is weighed.
  public enum Durability {
    /// The write has reached the disk when it returns.
    case durable
    /// It survives every crash of programs; a power cut may take the last ones. For what can be had again from its source.
    case relaxed
  }

  /// Opens the database, made where it is missing.
  /// - Parameter name: another one beside it, for what is built anew.
  public init(_ spool: SpoolDirectory, name: String = "memory.db", patience: Duration = .seconds(60)) throws(Failure) {
    self.spool = spool
    self.patience = patience
    directory = try spool.directory("memory")
    writers = try directory.openOrCreate("lock")
    let path = directory.path(of: name)
    MappedIndex.explainItsSignal(path)
    // Made by us, SQLite makes its other files with the same mode; and a link leads nowhere.
    let file = try directory.openOrCreate(name)
    guard try file.status().isRegular else {
      throw Failure(.malformed, path, "is no regular file", do: "move it away; nothing of it was changed")
    }
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(patience.inSeconds)
    configuration.prepareDatabase { db in
      csqlite_keep_log(db.sqliteConnection)
      // What is forgotten is overwritten, not only unlinked.
      try db.execute(sql: "PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
    }
    do { queue = try DatabaseQueue(path: path, configuration: configuration) } catch { throw Failure(error, path) }
    try bringUpToDate(path)
  }

  private func bringUpToDate(_ path: String) throws(Failure) {
    func version() throws(Failure) -> Int {
      try read { db in
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard try Schema.isOurs(db, version: version) else {
          throw Failure(
            .malformed, path, "is another program's database", do: "move it away; nothing of it was changed")
        }
        return version
      }
    }
    var found = try version()
    if found < Schema.version {
      let lock = try lockWriters()
      defer { lock.unlock() }
      // Somebody may have been faster.
      do {
        found = try version()
        if found < Schema.version { try Schema.migrate(queue) }
        found = try version()
      } catch { throw (error as? Failure) ?? Failure(error, path) }
    }
    if found > Schema.version {
      throw Failure(
        .configuration, path, "was made by a newer Spindle (its version is \(found), ours \(Schema.version))",
        do: "install that one; nothing was changed")
    }
  }

  package var path: String { queue.path }

  /// One view of the database, as of its first read.
  public func read<Value>(_ body: (Database) throws -> Value) throws(Failure) -> Value {
    do { return try queue.read(body) } catch { throw (error as? Failure) ?? Failure(error, queue.path) }
  }

  /// One transaction; what `body` throws undoes it.
  /// - Parameter patience: for others who write; nil: what the store was opened with.
  public func write<Value>(
    _ durability: Durability = .durable, patience: Duration? = nil, _ body: (Database) throws -> Value
  ) throws(Failure) -> Value {
    let lock = try lockWriters(patience)
    defer { lock.unlock() }
    do {
      return try queue.writeWithoutTransaction { db in
        if durability == .relaxed { try db.execute(sql: "PRAGMA synchronous = NORMAL") }
        defer { if durability == .relaxed { try? db.execute(sql: "PRAGMA synchronous = FULL") } }
        if let patience { try Self.setPatience(patience, db) }
        defer { if patience != nil { try? Self.setPatience(self.patience, db) } }
        var result: Value?
        try db.inTransaction(.immediate) {
          result = try body(db)
          return .commit
        }
        return result!
      }
    } catch { throw (error as? Failure) ?? Failure(error, queue.path) }
  }

  /// For what may be no transaction: nobody else writes meanwhile.
  package func alone(_ body: (Database) throws -> Void) throws(Failure) {
    let lock = try lockWriters()
    defer { lock.unlock() }
    do { try queue.writeWithoutTransaction(body) } catch { throw (error as? Failure) ?? Failure(error, queue.path) }
  }

  /// Removes another database beside it, with what SQLite has put there; itself last: as long as it is there, so may they be.
  public func remove(_ name: String) throws(Failure) {
    for ending in ["-wal", "-shm", "-journal", ""] { try directory.unlink(name + ending) }
  }

  private static func setPatience(_ patience: Duration, _ db: Database) throws {
    try db.execute(sql: "PRAGMA busy_timeout = \(Int(patience.inSeconds * 1000))")
  }

  /// In the order of coming.
  /// - Returns: the file that holds the lock.
  private func lockWriters(_ patience: Duration? = nil) throws(Failure) -> File {
    if try writers.tryLock() { return writers }
    let patience = patience ?? self.patience
    // A call that waits for a lock cannot be given a time: it waits in a thread, with a file of its own. What that one gets after
    // nobody waits for it any more goes back at once.
    let waiter = LockWaiter(file: try directory.openOrCreate("lock"))
    guard try waiter.wait(patience.inSeconds) else {
      throw Failure(
        .tryAgain, writers.path, "another process has been writing for more than \(patience.spoken)",
        do: "see who: fuser -v \(writers.path)")
    }
    return waiter.file
  }
}

extension Duration {
  fileprivate var inSeconds: Double { Double(nanoseconds) / 1e9 }
}

extension Failure {
  /// What SQLite says, with the words and the exit status that a person can act on.
  package init(_ error: any Error, _ path: String) {
    guard let error = error as? DatabaseError else {
      self.init(.software, path, "\(error)")
      return
    }
    let words = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_FULL:
      self.init(.tryAgain, path, "the disk is full", do: "free some space, then try again; nothing was changed")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.tryAgain, path, "another program holds it", do: "see who: fuser -v \(path); then try again")
    case .SQLITE_NOTADB:
      self.init(
        .malformed, path, "is no database of SQLite (\(words))",
        do: "move it away, or bring a copy back; nothing of it was changed")
    case .SQLITE_CORRUPT:
      // A disk that fails while the log is read looks the same.
      self.init(
        .malformed, path, "cannot be read as it stands (\(words))",
        do: "see dmesg for a failing disk, then sqlite3 \(path) 'PRAGMA integrity_check'; nothing of it was changed")
    case .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
      self.init(.notAllowed, path, words, do: "check its owner and mode with ls -l")
    case .SQLITE_IOERR, .SQLITE_CANTOPEN:
      self.init(.io, path, words, do: "see dmesg, and df for the disk")
      isFailedFlush = error.extendedResultCode == .SQLITE_IOERR_FSYNC
    case .SQLITE_NOMEM: self.init(.tryAgain, path, words, do: "try again later")
    default:
      self.init(
        .software, path, "\(words) (\(error.extendedResultCode.rawValue))\(error.sql.map { " at " + $0 } ?? "")")
    }
  }
}
