import Crypto
import Foundation
import Spool

/// What somebody has read, so that he can ask later whether it still holds: it carries the question, and a digest of the answer.
/// Nothing is kept for it; any process can tell at any time.
public struct Snapshot: Equatable, Sendable {
  /// What was asked.
  public enum Question: Equatable, Sendable {
    /// A block for a prompt.
    case context(agent: String, topic: String, tokens: Int)
    /// One key.
    case key(ItemKey, agent: String)
  }

  public var question: Question
  var digest: [UInt8]
  /// Of each entry of a block, two bytes of a digest: enough to say what has changed.
  var entries: [UInt16] = []

  /// How long it is, in bytes: of a topic, and a number of entries.
  private static let mark = "m1"

  public var token: String {
    var words: [String]
    switch question {
    case .context(let agent, let topic, let tokens):
      words = ["c", agent, String(tokens), Self.encode(Array(topic.utf8))]
      words.append(Self.encode(entries.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }))
    case .key(let key, let agent):
      words = ["k", agent, Self.encode(Array(key.scope.utf8)), Self.encode(Array(key.key.utf8))]
    }
    words.append(Self.encode(digest))
    return ([Self.mark] + words).joined(separator: ".")
  }

  init(_ question: Question, _ entries: [(id: String, text: String)]) {
    self.question = question
    var whole = SHA256()
    for entry in entries {
      let digest = SHA256.hash(data: Array((entry.id + "\0" + entry.text).utf8))
      let bytes = Array(digest.prefix(2))
      self.entries.append(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
      digest.withUnsafeBytes { whole.update(bufferPointer: $0) }
    }
    digest = Array(whole.finalize().prefix(12))
    if case .key = question { self.entries = [] }
  }

  /// - Throws: `.malformed` where it is none of ours.
  public init(token: String) throws(Failure) {
    let wrong = Failure(
      .malformed, "\"\(String(token.prefix(80)).printable)\"", "is no snapshot token",
      do: "give what memory context prints on its last line")
    let words = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard words.count >= 5, words[0] == Self.mark else { throw wrong }
    guard let digest = Self.decode(words.last!), digest.count == 12 else { throw wrong }
    self.digest = digest
    switch (words[1], words.count) {
    case ("c", 7):
      guard let tokens = Int(words[3]), (1...1_000_000).contains(tokens), let topic = Self.text(words[4]),
        let entries = Self.decode(words[5]),
        entries.count % 2 == 0
      else { throw wrong }
      question = .context(agent: words[2], topic: topic, tokens: tokens)
      self.entries = stride(from: 0, to: entries.count, by: 2).map {
        UInt16(entries[$0]) << 8 | UInt16(entries[$0 + 1])
      }
    case ("k", 6):
      guard let scope = Self.text(words[3]), let key = Self.text(words[4]) else { throw wrong }
      question = .key(try ItemKey(key, scope: scope), agent: words[2])
    default: throw wrong
    }
  }

  /// The last token in a text such as `memory context` prints.
  public static func token(in text: String) -> String? {
    let mark = "<!-- memory: "
    guard let line = text.lines.last(where: { $0.hasPrefix(mark) }) else { return nil }
    return line.dropFirst(mark.count).split(separator: " ").first.map(String.init)
  }

  private static func text(_ word: String) -> String? { decode(word).flatMap { String(validating: $0, as: UTF8.self) } }

  /// Base64 as it stands in a URL (RFC 4648, section 5), without padding.
  private static func encode(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  private static func decode(_ word: String) -> [UInt8]? {
    let plain = word.replacing("-", with: "+").replacing("_", with: "/")
    return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)).map(Array.init)
  }
}
