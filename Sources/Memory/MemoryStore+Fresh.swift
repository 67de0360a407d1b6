import GRDB
import Spool

extension MemoryStore {
  /// Whether what a token stands for would be told now as it was then.
  /// - Returns: what has changed, one line each; none: it is fresh.
  public func changes(since snapshot: Snapshot, party: (String) throws(Failure) -> Party) throws(Failure) -> [String] {
    switch snapshot.question {
    case .key(let key, let agent):
      let party = try party(agent)
      let now = try peek(key, by: party)
      if Snapshot(snapshot.question, Self.entries(now)).digest == snapshot.digest { return [] }
      return [
        now.map { "\(key.key): version \($0.version) by \($0.author), \($0.at)" } ?? "\(key.key): is not there any more"
      ]
    case .context(let agent, let topic, let tokens):
      let block = try ContextBlock(for: topic, agent: party(agent), tokens: tokens, from: self)
      if block.snapshot.digest == snapshot.digest { return [] }
      let old = Set(snapshot.entries)
      var changes: [String] = []
      for (entry, mark) in zip(block.entries, block.snapshot.entries) where !old.contains(mark) {
        changes.append("new: \(entry.brief.printable)")
      }
      let gone = old.subtracting(block.snapshot.entries).count
      if gone > 0 { changes.append("gone, or told in other words: \(gone)") }
      return changes.isEmpty ? ["the same, in another order"] : changes
    }
  }

  /// A token for one version that was read.
  public func token(for version: VersionRecord, by party: Party) throws(Failure) -> String {
    let key = try ItemKey(version.key, scope: version.scope)
    return Snapshot(.key(key, agent: party.name), Self.entries(version)).token
  }

  private static func entries(_ version: VersionRecord?) -> [(id: String, text: String)] {
    version.map { [("\($0.version)", $0.value ?? "")] } ?? []
  }

  /// The version that counts; nobody has seen it by that.
  private func peek(_ key: ItemKey, by party: Party) throws(Failure) -> VersionRecord? {
    try party.require(reading: key.scope)
    return try read { db in try Item.find(key, db)?.currentVersion(db) }
  }
}
