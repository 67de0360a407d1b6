import Spool

public enum Speaker: String, Sendable { case user, assistant }

/// The rules by which facts are found in what was said (docs/memory-rules.md is their language).
///
/// A turn is read in one pass, and what a word costs does not depend on how many rules there are. Nothing is kept from one
/// turn to the next: the same turn yields the same findings wherever it stands, and on any number of threads.
public struct RuleSet: Sendable {
  public struct Finding: Equatable, Sendable {
    public var kind: String
    /// The sentence, with the one after it where the rule says so; whitespace folded, at most 500 bytes.
    public var text: String
    public var rule: String
  }

  struct Rule: Sendable {
    var name: String
    var kind: String
    var speakers: Set<Speaker>
    var takesNext = false
    /// In bytes, without what is ignored.
    var longestTurn = Int.max
  }

  let rules: [Rule]
  let ignored: Ignored
  private let words: [Vocabulary.Word]
  private let ofUser: Automaton
  private let ofAssistant: Automaton
  /// In the order in which the rules name them.
  public let kinds: [String]

  /// - Throws: `.configuration` naming file, line, what was expected, what to do.
  public init(_ files: [(path: String, text: String)]) throws(Failure) {
    var book = RuleBook()
    for (path, text) in files { try book.read(text, from: path) }
    try book.dropThoseOff()
    rules = book.rules.map(\.rule)
    ignored = book.ignored
    words = book.vocabulary.slots
    ofUser = book.automaton(of: .user)
    ofAssistant = book.automaton(of: .assistant)
    kinds = rules.reduce(into: []) { if !$0.contains($1.kind) { $0.append($1.kind) } }
  }

  /// In the order of the text; of one kind at most one finding for a sentence: by the rule that is written first.
  /// - Parameter turn: valid UTF-8.
  public func findings(in turn: UnsafeRawBufferPointer, by speaker: Speaker) -> [Finding] {
    guard !turn.isEmpty, !ignored.hasTurn(turn) else { return [] }
    return withScan(of: turn, by: speaker) { $0.run() }
  }

  private func withScan<Result>(
    of turn: UnsafeRawBufferPointer, by speaker: Speaker, _ body: (inout TurnScan) -> Result
  ) -> Result {
    let automaton = speaker == .user ? ofUser : ofAssistant
    return WordReader.with { reader in
      words.withUnsafeBufferPointer { words in
        var scan = TurnScan(
          bytes: turn, rules: self, automaton: automaton, reader: reader, words: words, match: Match(automaton))
        return body(&scan)
      }
    }
  }
}
