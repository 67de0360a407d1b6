import GRDB
import Spool

/// What an agent is told before it is asked: what it may know of a topic, within a budget, and a token to ask later whether it still
/// holds.
///
/// The order depends on what was said and when, and on nothing else: not on how much else is known, nor on today's date. So the block
/// changes only when something in it does.
public struct ContextBlock: Sendable {
  public private(set) var text = ""
  public private(set) var snapshot: Snapshot
  /// By our measure.
  public var tokens: Int { Self.tokens(text) }
  /// What is in it, one line each.
  let entries: [Entry]

  struct Entry: Sendable {
    var id: String
    var text: String
    /// How many words of the topic it has.
    var matches: Int
    /// Keys come first, then what a person has corrected.
    var order: Int
    var time: String
    /// One line, for who asks what has changed.
    var brief: String
    /// A fact's.
    var words: String?
  }

  /// A token of the usual models has three to four letters of English, and two to three of German: what is counted with three is
  /// seldom more than the budget.
  private static let bytesPerToken = 3

  private static func tokens(_ text: String) -> Int { (text.utf8.count + bytesPerToken - 1) / bytesPerToken }

  /// - Parameter tokens: the whole block's, its last line included.
  /// - Throws: `.usage` where not even its frame fits.
  public init(for topic: String, agent: Party, tokens: Int, from store: MemoryStore) throws(Failure) {
    let question = Snapshot.Question.context(agent: agent.name, topic: topic, tokens: tokens)
    let candidates = try store.read { db in try Self.candidates(Topic(topic), agent, db) }
    var room = tokens * Self.bytesPerToken - Self.frame(Snapshot(question, []), topic).utf8.count
    guard room >= 0 else {
      let least = tokens + (-room + Self.bytesPerToken - 1) / Self.bytesPerToken
      throw Failure(.usage, "--tokens \(tokens)", "is too few for this topic", do: "give at least \(least)")
    }
    var chosen: [Entry] = []
    var said: Set<String> = []
    for entry in candidates {
      // What is a correction and a decision as well is told once.
      if let words = entry.words, said.contains(words) { continue }
      // And what the token says of it: two bytes in base64.
      let cost = entry.text.utf8.count + 3
      if cost <= room {
        room -= cost
        chosen.append(entry)
        if let words = entry.words { said.insert(words) }
      }
    }
    entries = chosen
    snapshot = Snapshot(question, chosen.map { ($0.id, $0.text) })
    text = Self.frame(snapshot, topic, chosen.map(\.text).joined())
  }

  private static func frame(_ snapshot: Snapshot, _ topic: String, _ entries: String = "") -> String {
    "# What is known of: \(topic.printable)\n\n\(entries.isEmpty ? "Nothing.\n" : entries)\n<!-- memory: \(snapshot.token) -->\n"
  }

  /// The most telling first.
  private static func candidates(_ topic: Topic, _ party: Party, _ db: Database) throws -> [Entry] {
    var matches: [Int64: Int] = [:]
    var itemMatches: [Int64: Int] = [:]
    for word in topic.words {
      for number in try Int64.fetchAll(
        db.cachedStatement(sql: "SELECT rowid FROM fact_index WHERE fact_index MATCH ?"), arguments: [Topic.query(word)]
      ) { matches[number, default: 0] += 1 }
      for number in try Int64.fetchAll(
        db.cachedStatement(sql: "SELECT rowid FROM item_index WHERE item_index MATCH ?"), arguments: [Topic.query(word)]
      ) { itemMatches[number, default: 0] += 1 }
    }
    var entries: [Entry] = []
    for (number, count) in itemMatches { entries += try item(number, count, party, db) }
    for (number, count) in matches { entries += try fact(number, count, party, db) }
    // What a person has corrected holds for everything: the newest ones fill what room is left.
    let corrections = try Row.fetchCursor(
      db, sql: "SELECT number, scope FROM fact WHERE kind = 'correction' ORDER BY time DESC, id")
    var count = 0
    while count < mostCorrections, let row = try corrections.next() {
      // What it may not read takes no place from what it may.
      guard party.mayRead(row[1]) else { continue }
      count += 1
      if matches[row[0]] == nil { entries += try fact(row[0], 0, party, db) }
    }
    return entries.sorted { ($1.matches, $0.order, $1.time, $0.id) < ($0.matches, $1.order, $0.time, $1.id) }
  }

  private static let mostCorrections = 50

  private static func item(_ number: Int64, _ matches: Int, _ party: Party, _ db: Database) throws -> [Entry] {
    let rows = try Row.fetchAll(
      db.cachedStatement(sql: MemoryStore.allVersions + " WHERE i.number = ? AND v.number = i.current"),
      arguments: [number])
    return rows.map(MemoryStore.version).compactMap { version in
      guard let value = version.value, party.mayRead(version.scope) else { return nil }
      let scope = version.scope == "shared" ? "" : ", \(version.scope)"
      let head = "\(version.key) (version \(version.version), by \(version.author), \(version.at.prefix(10))\(scope))"
      return Entry(
        id: "\(version.scope)\0\(version.key)\0\(version.version)",
        text: "## \(head)\n\(value.endsItsLine ? value : value + "\n")\n", matches: matches, order: 0,
        time: version.at, brief: head)
    }
  }

  private static func fact(_ number: Int64, _ matches: Int, _ party: Party, _ db: Database) throws -> [Entry] {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT id, kind, text, agent, author, scope, time FROM fact WHERE number = ?"),
        arguments: [number]), party.mayRead(row[5])
    else { return [] }
    let (kind, text, agent, author, time): (String, String, String, String, String) = (
      row[1], row[2], row[3], row[4], row[6]
    )
    let whose = author == "user" ? "to \(agent)" : "by \(agent)"
    let line = "\(kind) (\(whose)\(time.isEmpty ? "" : ", \(time.prefix(10))")): \(text)"
    let order = ["correction": 1, "decision": 2, "project": 3][kind] ?? 4
    return [
      Entry(id: row[0], text: "- \(line)\n", matches: matches, order: order, time: time, brief: line, words: text)
    ]
  }
}
