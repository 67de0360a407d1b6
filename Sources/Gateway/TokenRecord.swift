import Crypto
import Roster
import Spool

/// What is kept of a token: one file, `secrets/gateway/NAME`, header lines, readable for its owner only. The token itself is not in it.
public struct TokenRecord: Sendable {
  public let name: String
  public let created: Timestamp
  /// From then on it is refused; nil: never.
  public var expires: Timestamp?
  /// Whom it may call; nil: every agent.
  public var agents: [String]?
  var digest: StoredDigest
  /// The one before, which holds until then: programs that have it are given time.
  var old: (digest: StoredDigest, until: Timestamp)?

  /// Until when the one before still holds.
  public func oldHolds(at now: Timestamp) -> Timestamp? { old.flatMap { $0.until > now ? $0.until : nil } }

  public func mayCall(_ agent: String) -> Bool { agents?.contains(agent) ?? true }

  /// Whether who has shown this may come in. Both comparisons are made in any case, in constant time.
  func accepts(_ digest: SHA256Digest, at now: Timestamp) -> Bool {
    let isThis = self.digest.matches(digest)
    let isOld = (old?.digest ?? .nobodys).matches(digest)
    let holds = expires.map { $0 > now } ?? true
    return holds && (isThis || isOld && oldHolds(at: now) != nil)
  }

  private static let names = ["Created", "Expires", "Agents", "Sha256", "Old-Sha256", "Old-Until"]

  init(name: String, digest: StoredDigest, expires: Timestamp?, agents: [String]?) {
    self.name = name
    self.digest = digest
    self.expires = expires
    self.agents = agents
    created = .now
  }

  /// - Throws: `.configuration` with file and line where it is not understood, `.notAllowed` where others may read it.
  init(name: String, file: SettingsFile) throws(Failure) {
    try file.allow(Self.names)
    let time = "a time such as 2026-11-23T17:20:44Z"
    let hash = "a SHA-256 in hexadecimal"
    self.name = name
    created = try file.parse("Created", time) { Timestamp(rfc3339: $0) } ?? .now
    expires = try file.parse("Expires", time) { Timestamp(rfc3339: $0) }
    // An empty list is no list of nobody: a person who has emptied it means something else than "all", so it is refused.
    agents = try file.parse("Agents", "agents with commas, such as main, nova", Self.list)
    guard let digest = try file.parse("Sha256", hash, { StoredDigest($0) }) else {
      throw Failure(.configuration, file.path, "has no Sha256", do: "gateway token rotate \(name)")
    }
    self.digest = digest
    if let digest = try file.parse("Old-Sha256", hash, { StoredDigest($0) }),
      let until = try file.parse("Old-Until", time, { Timestamp(rfc3339: $0) })
    {
      old = (digest, until)
    }
    if file.header.line("Agents") != nil && agents == nil {
      throw Failure(.configuration, file.path, "Agents: is empty", do: "name agents, or remove the line for all")
    }
  }

  private static func list(_ text: String) -> [String]? {
    let names = text.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
    return names.isEmpty ? nil : names
  }

  /// As it lies in its file.
  var bytes: [UInt8] {
    let header = Header([
      "Created": created.rfc3339, "Expires": expires?.rfc3339, "Agents": agents?.joined(separator: ", "),
      "Sha256": digest.text, "Old-Sha256": old?.digest.text, "Old-Until": old?.until.rfc3339,
    ])
    return header.bytes.dropLast()
  }
}
