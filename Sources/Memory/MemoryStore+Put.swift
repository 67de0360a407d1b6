import GRDB
import Secrets
import Spool

/// What came of a write.
public enum PutOutcome: Sendable {
  /// It counts from now on.
  case current(version: Int)
  /// Its author had not seen `against`; what the policy made of that, with the number of the version that counts.
  case conflict(version: Int, against: VersionRecord, policy: Policies.Policy, current: Int, number: Int64)
  /// Not written: another version counts than was expected; nil: none does.
  case mismatch(current: VersionRecord?)
}

extension MemoryStore {
  /// Writes a version. Every one that was ever written stays.
  /// - Parameter expected: the version that must count now; 0: none may.
  /// - Throws: `.malformed` where the value is none, or holds a secret.
  public func put(
    _ value: String, under key: ItemKey, by party: Party, if expected: Int? = nil, policy: Policies.Policy,
    secrets: SecretRules
  ) throws(Failure) -> PutOutcome {
    try party.require(writing: key.scope)
    try Self.check(value, of: key, secrets)
    let time = Timestamp.now.rfc3339
    return try write { db in
      let item = try Item.find(key, db)
      let current = try item?.currentVersion(db)
      if let expected, expected != current?.version ?? 0 { return .mismatch(current: current) }
      var saw = 0
      if let expected { saw = expected } else if let item { saw = try item.lastSeen(by: party.name, db) }
      var target = try item ?? Item.make(key, db)
      let version = try target.add(value, by: party.name, saw: saw, at: time, db)
      if let current, current.author != party.name, saw < current.version {
        return try Self.settle(&target, version, value, against: current, policy, party, at: time, db)
      }
      try target.setCurrent(version, db)
      try target.note(seen: version, by: party.name, at: time, db)
      return .current(version: version)
    }
  }

  static func check(_ value: String, of key: ItemKey, _ secrets: SecretRules) throws(Failure) {
    guard !value.utf8.allSatisfy({ $0 == 32 || (9...13).contains($0) }) else {
      throw Failure(.malformed, "the value of \(key.key)", "is empty", do: "pipe it in; did the command before fail?")
    }
    guard value.utf8.count <= ItemKey.longestValue, !value.utf8.contains(0) else {
      throw Failure(
        .malformed, "the value of \(key.key)", "is longer than \(ItemKey.longestValue >> 20) MiB, or holds a zero byte",
        do: "put it into a file, and remember where that lies")
    }
    for (what, text) in [("the value of \(key.key)", value), ("the key", key.key)] {
      guard let secret = secrets.matches(in: text).first else { continue }
      throw Failure(
        .malformed, what, "holds what looks like a secret (\(secret.description), line \(secret.line))",
        do: "keep it in a file under secrets/, and remember that file's name; nothing was written")
    }
  }

  /// A conflict is recorded whatever the policy makes of it.
  private static func settle(
    _ item: inout Item, _ version: Int, _ value: String, against current: VersionRecord, _ policy: Policies.Policy,
    _ party: Party, at time: String, _ db: Database
  ) throws -> PutOutcome {
    var counts = version
    switch policy {
    case .latest: try item.setCurrent(version, db)
    case .first:
      counts = current.version
      try item.set("refused", of: version, db)
    case .ask:
      counts = current.version
      try item.set("waiting", of: version, db)
    case .union:
      counts = try item.add(
        union(current.value ?? "", value), by: party.name, saw: current.version, at: time, state: "merged", db)
      try item.setCurrent(counts, db)
    }
    if policy == .latest || policy == .union { try item.note(seen: counts, by: party.name, at: time, db) }
    try db.cachedStatement(
      sql: """
        INSERT INTO conflict (item, version, against, policy, outcome, settled_by, time) VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      item.number, version, current.version, policy.rawValue, policy == .ask ? nil : counts,
      policy == .ask ? nil : policy.rawValue, time,
    ])
    return .conflict(
      version: version, against: current, policy: policy, current: counts, number: db.lastInsertedRowID)
  }

  /// The lines of both, each once, in the order in which they were first written.
  static func union(_ one: String, _ other: String) -> String {
    var seen: Set<Substring> = []
    let lines = (one.lines + other.lines).filter { !$0.isEmpty && seen.insert($0).inserted }
    return lines.joined(separator: "\n") + "\n"
  }
}
