import FoundationEssentials
import Spool
import Work

/// `index.json`, as `memory export --files` writes it: how old each file may become. Of those that are older the one that has become
/// so last stands for all.
enum IndexRule: Rule {
  static let name = "index"
  static let light = Light.amber

  private struct Index: Decodable {
    struct Entry: Decodable {
      var path: String
      var updated: String?
      var maxAge: Double?
      enum CodingKeys: String, CodingKey {
        case path, updated
        case maxAge = "max-age"
      }
    }
    var entries: [Entry]
  }

  static func signals(_ look: Look) throws(Failure) -> [Signal] {
    guard let bytes = try MemoryExport.read("index.json", look) else { return [] }
    let index: Index
    do { index = try JSONLine.decode(Index.self, String(decoding: bytes, as: UTF8.self)) } catch {
      throw Failure(
        .malformed, "\(look.memoryFiles)/index.json", "is not what memory export writes",
        do: "memory export --files \(look.memoryFiles.shellQuoted)")
    }
    var stale: [(path: String, since: Timestamp)] = []
    for entry in index.entries {
      guard let updated = entry.updated.flatMap({ Timestamp(rfc3339: $0) }), let age = entry.maxAge, age >= 0, age < 1e9
      else { continue }
      let end = updated + .seconds(age)
      if end < look.now { stale.append((entry.path, end)) }
    }
    guard let latest = stale.max(by: { ($0.since, $0.path) < ($1.since, $1.path) }) else { return [] }
    return [
      Signal(
        self, "\(latest.path):\(latest.since.rfc3339)",
        "\(stale.count.entries("file of the memory is", "files of the memory are")) stale, \(latest.path) for "
          + (look.now - latest.since).spoken,
        do: "does harvest run? Then: memory export --files \(look.memoryFiles.shellQuoted)")
    ]
  }
}
