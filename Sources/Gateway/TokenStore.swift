import Crypto
import Roster
import Spool

/// The tokens of a spool: `secrets/gateway/`. A change is one atomic replace under a lock, and holds from the next connect on.
public struct TokenStore {
  /// To be watched by who must notice a change.
  public let directory: Directory
  private let spool: SpoolDirectory
  /// Its time changes with every change.
  public static let lockName = ".lock"

  public init(_ spool: SpoolDirectory) throws(Failure) {
    self.spool = spool
    directory = try Directory.making("gateway", in: spool.directory("secrets"))
    let mode = try directory.file.status().mode
    guard mode & 0o077 == 0 else {
      throw Failure(
        .notAllowed, directory.path, "others may look into it", do: "chmod 700 \(directory.path.shellQuoted)")
    }
  }

  /// - Parameters:
  ///   - lifetime: nil: until it is revoked.
  ///   - agents: whom it may call; nil: every agent.
  /// - Returns: the token, which nobody can read again.
  public func add(_ name: String, agents: [String]?, lifetime: Duration?) throws(Failure) -> Token {
    try TokenName.check(name)
    for agent in agents ?? [] { _ = try Agent(named: agent, in: spool) }
    return try exclusively { () throws(Failure) in
      guard try !directory.contains(name) else {
        throw Failure(
          .cannotCreate, name, "has a token already", do: "gateway token rotate \(name), or revoke it first")
      }
      let token = Token(for: name)
      try write(
        TokenRecord(
          name: name, digest: StoredDigest(token.digest), expires: lifetime.map { .now + $0 }, agents: agents))
      spool.journal.write("token-added", detail: name)
      return token
    }
  }

  /// Gives a name a new token; the old one holds for `grace`. One that has expired lives as long again as it was to.
  public func rotate(_ name: String, grace: Duration) throws(Failure) -> Token {
    try exclusively { () throws(Failure) in
      let old = try known(name)
      let token = Token(for: name)
      let lifetime = old.expires.map { $0 - old.created }
      var record = TokenRecord(
        name: name, digest: StoredDigest(token.digest), expires: lifetime.map { .now + $0 }, agents: old.agents)
      let until = min(.now + grace, old.expires ?? .now + grace)
      if until > .now { record.old = (old.digest, until) }
      try write(record)
      spool.journal.write("token-rotated", detail: name)
      return token
    }
  }

  public func revoke(_ name: String) throws(Failure) {
    try exclusively { () throws(Failure) in
      guard TokenName.isOne(name), try directory.contains(name) else { throw Self.unknown(name) }
      try directory.unlink(name)
      try directory.sync()
      spool.journal.write("token-revoked", detail: name)
    }
  }

  /// All that can be read, by name; what cannot is told.
  public func list() throws(Failure) -> [TokenRecord] {
    var records: [TokenRecord] = []
    for name in try directory.names().sorted() where TokenName.isOne(name) {
      do { if let record = try read(name) { records.append(record) } } catch { spool.notice("\(error)") }
    }
    return records
  }

  /// Who shows this token; nil: nobody that we know. It is read anew each time: what was revoked is refused at once.
  public func owner(of token: Token, at now: Timestamp = .now) throws(Failure) -> TokenRecord? {
    let digest = token.digest
    guard let record = try read(token.name) else {
      _ = StoredDigest.nobodys.matches(digest)
      return nil
    }
    return record.accepts(digest, at: now) ? record : nil
  }

  private func read(_ name: String) throws(Failure) -> TokenRecord? {
    guard try directory.contains(name) else { return nil }
    return try TokenRecord(name: name, file: Secret.settings(directory.path(of: name)))
  }

  private func known(_ name: String) throws(Failure) -> TokenRecord {
    guard TokenName.isOne(name), let record = try read(name) else { throw Self.unknown(name) }
    return record
  }

  private static func unknown(_ name: String) -> Failure {
    Failure(.no, name, "has no token", do: "gateway token list names those that have one")
  }

  private func write(_ record: TokenRecord) throws(Failure) { try directory.replace(record.name, with: record.bytes) }

  private func exclusively<Result>(_ change: () throws(Failure) -> Result) throws(Failure) -> Result {
    let lock = try directory.openOrCreate(Self.lockName)
    try lock.lock()
    defer { lock.unlock() }
    let result = try change()
    // A file that is gone makes no event that a watch would tell: this does.
    try lock.setModified(.now)
    return result
  }
}
