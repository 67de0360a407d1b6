import Crypto
import Spool

/// The memory as files in a directory: one a key, `facts.md`, `ACTIVE`, and `index.json`, which says how old each may become. For
/// who reads files and no database: heartbeat-guard, an editor, a program of another maker.
///
/// Each file is replaced by a rename; `index.json` comes last. What an earlier export has written and this one has not is removed,
/// and nothing else is touched.
public struct MemoryFiles {
  private let directory: Directory
  private var written: [Index.Entry] = []

  /// A day: a harvest runs at least daily.
  private static let factsAge = 86400
  /// 30 days, as long as Claude Code keeps a session.
  private static let keyAge = 30 * 86400

  struct Index: Codable {
    struct Entry: Codable {
      var path: String
      /// RFC 3339; nil: nobody knows.
      var updated: String?
      /// Seconds after `updated` from which it is stale.
      var maxAge: Int

      enum CodingKeys: String, CodingKey {
        case path, updated
        case maxAge = "max-age"
      }
    }
    var entries: [Entry]
  }

  public init(_ path: String) throws(Failure) {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    let slash = path.lastIndex(of: "/")
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    directory = try Directory.making(
      slash.map { String(path[path.index(after: $0)...]) } ?? path, in: Directory.following(path: parent))
  }

  public mutating func write(_ store: MemoryStore, as party: Party) throws {
    let old = try earlier()
    var facts: [FactRecord] = []
    var versions: [VersionRecord] = []
    try store.export {
      if party.mayRead($0.scope) { facts.append($0) }
    } version: {
      if party.mayRead($0.scope) && $0.state == "current" { versions.append($0) }
    }
    for version in versions {
      try put(version.value ?? "", at: Self.path(of: version), updated: version.at, maxAge: Self.keyAge)
    }
    let newest = facts.compactMap(\.time).max()
    try put(Self.page(facts), at: "facts.md", updated: newest, maxAge: Self.factsAge)
    let active = Self.active(facts)
    try put(
      active.map { "\($0.time ?? "-")\t\($0.text)\n" }.joined(), at: "ACTIVE", updated: newest, maxAge: Self.factsAge)
    for path in old where !written.contains(where: { $0.path == path }) { try remove(path) }
    let index = try JSONLine.encode(Index(entries: written.sorted { $0.path < $1.path }))
    try directory.replace("index.json", with: Array((index + "\n").utf8), mode: 0o600)
  }

  private mutating func put(_ text: String, at path: String, updated: String?, maxAge: Int) throws(Failure) {
    var names = path.split(separator: "/").map(String.init)
    let name = names.removeLast()
    var place = directory
    for name in names { place = try Directory.making(name, in: place) }
    try place.replace(name, with: Array(text.utf8), mode: 0o600)
    written.append(Index.Entry(path: path, updated: updated, maxAge: maxAge))
  }

  /// What an earlier export says that it has written, as far as that can be ours.
  private func earlier() throws(Failure) -> [String] {
    guard let file = try directory.open("index.json"), let bytes = try file.readAll(limit: 64 << 20),
      let index = try? JSONLine.decode(Index.self, String(decoding: bytes, as: UTF8.self))
    else { return [] }
    return index.entries.map(\.path).filter { path in
      let names = path.split(separator: "/", omittingEmptySubsequences: false)
      return names.count == 3 && names[0] == "keys" && names.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") }
    }
  }

  private func remove(_ path: String) throws(Failure) {
    let names = path.split(separator: "/").map(String.init)
    guard try directory.contains(names[0]) else { return }
    let keys = try Directory(names[0], in: directory)
    guard try keys.contains(names[1]) else { return }
    try Directory(names[1], in: keys).unlink(names[2])
  }

  /// `keys/SCOPE/KEY.md`, with what a file's name cannot have as %XX.
  private static func path(of version: VersionRecord) -> String {
    "keys/\(fileName(version.scope))/\(fileName(version.key)).md"
  }

  static func fileName(_ text: String) -> String {
    var name = ""
    for byte in text.utf8 {
      let isPlain =
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 45 || byte == 95
        || (byte == 46 && !name.isEmpty)
      if isPlain {
        name.unicodeScalars.append(UnicodeScalar(byte))
      } else {
        name += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    if name.utf8.count <= 200 { return name }
    // No file's name is longer than 255 bytes: the rest is told by a digest.
    let digest = SHA256.hash(data: Array(text.utf8)).prefix(8).map { String($0, radix: 16) }.joined()
    return name.prefix(180) + "%" + digest
  }

  private static func page(_ facts: [FactRecord]) -> String {
    var page = ""
    var kind = ""
    for fact in facts {
      if fact.kind != kind {
        kind = fact.kind
        page += "\(page.isEmpty ? "" : "\n")# \(kind)\n\n"
      }
      let source = fact.sources.last.map { ", \($0.file):\($0.line)" } ?? ""
      page += "- \(fact.text) (\(fact.author), \(fact.agent), \(fact.time?.prefix(10) ?? "no date")\(source))\n"
    }
    return page
  }

  /// The projects that were worked on in the last week of what is known, the latest first.
  private static func active(_ facts: [FactRecord]) -> [FactRecord] {
    let projects = facts.filter { $0.kind == "project" && $0.time != nil }
    guard let newest = projects.compactMap({ $0.time.flatMap { Timestamp(rfc3339: $0) } }).max() else { return [] }
    return projects.filter { newest - Timestamp(rfc3339: $0.time!)! <= .seconds(7 * 86400) }
      .sorted { ($1.time!, $0.id) < ($0.time!, $1.id) }
  }
}
