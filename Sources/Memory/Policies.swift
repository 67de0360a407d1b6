import Spool

/// What becomes of a version whose author had not seen the one that counts: `$SPOOL_DIR/memory/policies`, a prefix of keys and a
/// policy a line. The longest prefix that fits counts.
public struct Policies: Sendable {
  public enum Policy: String, Sendable, CaseIterable {
    /// The new one counts.
    case latest
    /// The one that was there counts; the new one is kept.
    case first
    /// The lines of both count, each once.
    case union
    /// A person is asked; until then the one that was there counts.
    case ask
  }

  private var rules: [(prefix: String, policy: Policy)] = []

  /// - Throws: `.configuration` with the line that is not understood.
  public init(_ store: MemoryStore) throws(Failure) {
    guard let file = try store.directory.open("policies") else { return }
    guard let bytes = try file.readAll(limit: 1 << 20), let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.configuration, file.path, "is no text, or longer than 1 MiB")
    }
    let names = Policy.allCases.map(\.rawValue).joined(separator: ", ")
    for (index, line) in text.lines.enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.isEmpty || words[0].hasPrefix("#") { continue }
      guard words.count == 2, let policy = Policy(rawValue: String(words[1])) else {
        throw Failure(
          .configuration, "\(file.path):\(index + 1)", "not understood: \"\(String(line.prefix(80)).printable)\"",
          do: "write a prefix of keys and one of \(names), such as: briefing/ union")
      }
      rules.append((String(words[0]), policy))
    }
  }

  public func policy(for key: String) -> Policy {
    // `*` is every key.
    rules.filter { key.hasPrefix($0.prefix) || $0.prefix == "*" }.max {
      ($0.prefix == "*" ? 0 : $0.prefix.utf8.count) < ($1.prefix == "*" ? 0 : $1.prefix.utf8.count)
    }?.policy ?? .latest
  }
}
