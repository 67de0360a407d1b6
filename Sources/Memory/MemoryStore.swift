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
      try read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
    }
    var found = try version()
    if found < Schema.version {
      try lockWriters()
      defer { writers.unlock() }
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
  public func write<Value>(
    _ durability: Durability = .durable, _ body: (Database) throws -> Value
  ) throws(Failure) -> Value {
    try lockWriters()
    defer { writers.unlock() }
    do {
      return try queue.writeWithoutTransaction { db in
        if durability == .relaxed { try db.execute(sql: "PRAGMA synchronous = NORMAL") }
        defer { if durability == .relaxed { try? db.execute(sql: "PRAGMA synchronous = FULL") } }
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
    try lockWriters()
    defer { writers.unlock() }
    do { try queue.writeWithoutTransaction(body) } catch { throw (error as? Failure) ?? Failure(error, queue.path) }
  }

  /// Removes another database beside it, with what SQLite has put there.
  public func remove(_ name: String) throws(Failure) {
    for ending in ["", "-wal", "-shm", "-journal"] { try directory.unlink(name + ending) }
  }

  /// In the order of coming.
  private func lockWriters() throws(Failure) {
    if try writers.tryLock() { return }
    // A call that waits for a lock cannot be given a time: it waits in a thread, and who has no patience left ends.
    let isOurs = DispatchSemaphore(value: 0)
    let waiter = Waiter(file: writers)
    Thread.detachNewThread {
      waiter.wait()
      isOurs.signal()
    }
    guard isOurs.wait(timeout: .now() + patience.inSeconds) == .success else {
      throw Failure(
        .tryAgain, writers.path, "another process has been writing for more than \(patience.spoken)",
        do: "see who: fuser -v \(queue.path)")
    }
    if let failure = waiter.failure { throw failure }
  }

  /// Read only when the semaphore has said that it is done.
  private final class Waiter: @unchecked Sendable {
    let file: File
    var failure: Failure?
    init(file: File) { self.file = file }
    func wait() {
      do { try file.lock() } catch { failure = error }
    }
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
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      self.init(
        .malformed, path, "is no database that SQLite can read (\(words))",
        do: "move it away, or bring a copy back; nothing of it was changed")
    case .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
      self.init(.notAllowed, path, words, do: "check its owner and mode with ls -l")
    case .SQLITE_IOERR, .SQLITE_CANTOPEN:
      self.init(.io, path, words, do: "see dmesg, and df for the disk")
      isFailedFlush = error.extendedResultCode == .SQLITE_IOERR_FSYNC
    case .SQLITE_NOMEM: self.init(.tryAgain, path, words, do: "try again later")
    default: self.init(.software, path, "\(words) (\(error.extendedResultCode.rawValue))\(error.sql.map { " at " + $0 } ?? "")")
    }
  }
}
