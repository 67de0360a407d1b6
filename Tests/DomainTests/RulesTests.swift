import Foundation
import Support
import Testing

@testable import Facts
@testable import Spool

/// What the engine finds, by rules that are written here. How good the shipped ones are is measured by Tests/memory/quality.
@Suite struct RulesTests {
  private func found(_ rules: String, _ turn: String, by speaker: Speaker = .user) throws -> [RuleSet.Finding] {
    let rules = try RuleSet([("test.rules", rules)])
    return Array(turn.utf8).withUnsafeBytes { rules.findings(in: $0, by: speaker) }
  }

  /// Whether the phrase is found in a sentence.
  private func matches(_ phrase: String, _ turn: String) throws -> Bool {
    try !found("r: k from user\n  \(phrase)", turn).isEmpty
  }

  @Test(arguments: [
    ("use tabs", "Please USE tabs here."), ("use tabs/spaces", "use spaces"), ("use (the) tabs", "use the tabs"),
    ("use (the) tabs", "use tabs"), ("use (all of / some) tabs", "use tabs"), ("[go with / take] it", "go with it"),
    ("[go with / take] it", "take it"), ("it/[that one]/this is", "that one is"), ("no ... tabs", "no tabs"),
    ("no ... tabs", "no a b c d e tabs"), ("no ...2 tabs", "no a b tabs"), ("^ no", "Yes. No, wait"),
    ("^ no", "- no"), ("^ no", "12. no"), ("^ no", "## no"), ("^^ no", "\n\n  no"), ("no $", "I say no!"),
    ("no ... now $", "no, not now."), ("no , use", "no — use it"), ("no , use", "no: use it"), ("no use", "no, use it"),
    ("really ?", "did you really?"), ("why ... ?", "why this one?"), ("stop !", "now stop!"), (", no ?", "it is, no?"),
    ("don't", "I don’t"), ("don't", "DON'T"), ("e.g nothing", "take this, e.g. nothing"), ("über", "ÜBER alles"),
    ("привет", "ПРИВЕТ"), ("package.json", "see package.json."), ("no ...1 x", "no `rm -rf /` x"),
    ("(a) (b) c", "c"), ("a b", "a\tb"), ("no", "(no)"), ("no", "*no*"), ("no", "👍 no"),
    ("ends here $", "it ends here."),
  ])
  func aPhraseThatMatches(_ phrase: String, _ turn: String) throws {
    #expect(try matches(phrase, turn), "\(phrase) in: \(turn)")
  }

  @Test(arguments: [
    ("use tabs", "use. tabs"), ("use tabs", "use\ntabs"), ("use tabs", "use the tabs"), ("use tabs", "use tabs-only"),
    ("no ... tabs", "no a b c d e f tabs"), ("no ...2 tabs", "no a b c tabs"), ("^ no", "well no"),
    ("^^ no", "Yes. No."),
    ("no $", "no way"), ("no , use", "no use"), ("really ?", "really."), ("stop !", "stop?"), ("no", "no-verify"),
    ("no", "src/no/file"), ("no", "noé"), ("no ... tabs", "no. a tabs"), ("no", "`no`"), ("(a) b c", "a c"),
    ("use it", "use e.g. it"), ("[go with / take] it", "go it"), ("no", ""),
  ])
  func aPhraseThatDoesNot(_ phrase: String, _ turn: String) throws {
    #expect(try !matches(phrase, turn), "\(phrase) in: \(turn)")
  }

  @Test func aVetoHoldsInItsSentenceAndForItsRule() throws {
    let rules = """
      a: one from user
        no
        unless no problem

      b: two from user
        no
      """
    #expect(
      try found(rules, "No problem. No tabs. no, and no problem").map { "\($0.rule) \($0.text)" } == [
        "b No problem.", "a No tabs.", "b No tabs.", "b no, and no problem",
      ])
  }

  @Test func ofAKindTheFirstRuleFindsASentenceOnce() throws {
    let rules = """
      a: k from user
        tabs

      b: k from user
        use
      """
    #expect(try found(rules, "use tabs, use tabs").map(\.rule) == ["a"])
    #expect(try found(rules, "use it. And tabs.").map(\.rule) == ["b", "a"])
  }

  @Test(arguments: [
    "```\nno\n```", "~~~ sh\nno\n~~~", "  ```\n  no\n  ```", "````\n```\nno\n````", "```\nno", "> no", "<x>no</x>",
    "a <x y=\"z\">\nno\n</x> b", "<x>\n```\n</x>", "Begin: no\nno\nEnd no", "skip: no", "<xx>yes</xx>",
  ])
  func whatIsPassedOver(_ turn: String) throws {
    let rules = """
      ignore <x>
      ignore from "Begin:" to "End no"
      ignore lines "skip:"

      r: k from user
        no
      """
    #expect(try found(rules, turn) == [], "\(turn)")
    #expect(try found(rules, "no such thing.\n\(turn)").count == 1)
    if !turn.hasSuffix("no\n```") && turn != "```\nno" {
      #expect(try found(rules, "\(turn)\nno").map(\.text) == ["no"], "\(turn)")
    }
  }

  @Test func aTagThatIsNeverClosedIsAWord() throws {
    #expect(try found("ignore <x>\n\nr: k from user\n  no", "<x> is no tag").map(\.text) == ["<x> is no tag"])
  }

  @Test func aTurnMayBePassedOver() throws {
    let rules = "ignore turns \"# From my editor\"\n\nr: k from user\n  no"
    #expect(try found(rules, "  # From my editor\nno") == [])
    #expect(try found(rules, "no: # From my editor").count == 1)
  }

  @Test func whoSpeaksCounts() throws {
    let rules = "r: k from assistant\n  no\n\ns: l from user or assistant\n  yes"
    #expect(try found(rules, "no, yes", by: .user).map(\.kind) == ["l"])
    #expect(try found(rules, "no, yes", by: .assistant).map(\.kind) == ["k", "l"])
  }

  @Test func theNextSentenceBelongsToIt() throws {
    let rules = "r: k from user, with next\n  no"
    #expect(try found(rules, "No.\n  Use  tabs. Thanks.").map(\.text) == ["No. Use tabs."])
    #expect(try found(rules, "No. No, tabs. Thanks").map(\.text) == ["No. No, tabs.", "No, tabs. Thanks"])
    #expect(try found(rules, "No.\n```\nx\n```\nUse tabs.").map(\.text) == ["No."])
    #expect(try found(rules, "Oh no").map(\.text) == ["Oh no"])
  }

  @Test func aLimitCountsWhatIsSaid() throws {
    let rules = "r: k from user, in turns up to 20 bytes\n  no"
    #expect(try found(rules, "no\n```\n" + String(repeating: "x ", count: 200) + "\n```").count == 1)
    #expect(try found(rules, "no, and more than twenty bytes") == [])
  }

  /// Only its first 16 and last 4 KiB.
  @Test func aVeryLongTurnIsReadAtItsEnds() throws {
    let filling = String(repeating: "word and word, é and so on.\n", count: 1000)
    let rules = "r: k from user\n  no"
    #expect(try found(rules, "No a. \(filling) No b. \(filling) no c").map(\.text) == ["No a.", "no c"])
    #expect(try found(rules, "<no\(filling)</x> \(filling) no c").map(\.text).last == "no c")
    #expect(try found("ignore <x>\n\n\(rules)", "<x>\(filling)no</x>no a").map(\.text) == ["no a"])
    #expect(try found(rules, String(repeating: "é", count: 30_000) + " no").map(\.text).count == 1)
  }

  @Test func aTextIsCutAtAWordAndNeverInACharacter() throws {
    let rules = "r: k from user\n  no"
    let words = try #require(try found(rules, "no " + String(repeating: "été ", count: 300)).first).text
    #expect(words.utf8.count <= 500 && words.utf8.count > 490 && words.hasSuffix("été"))
    let one = try #require(try found(rules, "no, " + String(repeating: "é", count: 900)).first).text
    #expect(one == "no,")
    let whole = try #require(try found("r: k from user\n  é $", String(repeating: "ö", count: 900) + " é").first).text
    #expect(whole.hasSuffix("ö é") || whole == "é")
    let late = try #require(try found(rules, String(repeating: "été ", count: 300) + "no").first).text
    #expect(late.hasSuffix("été no") && late.utf8.count <= 500)
  }

  @Test func aRuleIsSwitchedOff() throws {
    let shipped = "a: k from user\n  no\n\nb: l from user\n  no"
    let own = "off a\n\nmine: preference from user\n  i like {colour}\n"
    let rules = try RuleSet([("facts.rules", shipped), ("own.rules", "{colour} = red / dark green\n\n" + own)])
    #expect(rules.kinds == ["l", "preference"])
    let found = Array("No, I like dark green.".utf8).withUnsafeBytes { rules.findings(in: $0, by: .user) }
    #expect(found.map(\.kind) == ["l", "preference"])
  }

  @Test(arguments: [
    (1, "nonsense"), (1, "r k from user\n  no"), (1, "r: k\n  no"), (1, "r: k from nobody\n  no"),
    (1, "r: k from user, at once\n  no"), (1, "r: k from user, in turns up to 0 bytes\n  no"), (1, "r: k from user"),
    (2, "r: k from user\n  (no)"), (2, "r: k from user\n  [no"), (2, "r: k from user\n  no)"),
    (3, "r: k from user\n  no\n  yes ... "), (2, "r: k from user\n  ... no"), (2, "r: k from user\n  a ... ... b"),
    (2, "r: k from user\n  a ...x b"), (2, "r: k from user\n  a ...31 b"), (2, "r: k from user\n  [a/b c]"),
    (2, "r: k from user\n  a//b"), (2, "r: k from user\n  a / b"), (2, "r: k from user\n  [a / ]"),
    (2, "r: k from user\n  {none}"), (2, "r: k from user\n  \"no\""), (2, "r: k from user\n  unless"),
    (4, "r: k from user\n  no\n\nr: k from user\n  yes"), (2, "# x\noff none"), (1, "off"), (1, "ignore"),
    (1, "ignore x"), (1, "ignore lines x"), (1, "ignore from \"a\""), (1, "{x}"), (1, "{x} ="), (1, "{x y} = a"),
    (3, "{x} = a\n\n{x} = b"), (1, "{x} = (a)"), (3, "r: k from user\n  no\nt: k from user\n  yes"),
    (2, "r: k from user\n  a/[b]/"),
  ])
  func whatIsNotUnderstoodIsSaidWithItsLine(_ line: Int, _ rules: String) throws {
    let failure = try #require(throws: Failure.self) { try RuleSet([("own.rules", rules)]) }
    #expect(failure.what == "own.rules:\(line)", "\(rules)")
    #expect(failure.status == .configuration && !failure.why.isEmpty && failure.advice?.isEmpty == false)
  }

  @Test func commentsAndContinuedLinesAreRead() throws {
    let rules = """
      # a rule
      r: k from user   # of mine
        # what it means
        use
          (the)
          tabs/spaces
            /nothing
      """
    #expect(try found(rules, "use the nothing").count == 1)
    #expect(try found(rules, "use").isEmpty)
  }

  /// The shipped rules, and after them the examples of docs/memory-rules.md.
  @Test func theShippedRulesAndTheManualsAreUnderstood() throws {
    let shipped = try String(contentsOfFile: "\(Scratch.sources)/Sources/rules/facts.rules", encoding: .utf8)
    let manual = try String(contentsOfFile: "\(Scratch.sources)/docs/memory-rules.md", encoding: .utf8)
    let own = try #require(manual.split(separator: "## Your own").last?.split(separator: "## How well").first)
    let examples = own.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("    ") ? $0.dropFirst(4) : "" }.joined(separator: "\n")
    let rules = try RuleSet([("facts.rules", shipped), ("mine.rules", examples)])
    #expect(rules.kinds == ["correction", "decision", "project", "preference"])
    let turn = "I really like dark themes. This is too verbose, be short. The dim is too dim."
    let found = Array(turn.utf8).withUnsafeBytes { rules.findings(in: $0, by: .user) }
    #expect(found.map(\.rule) == ["preference", "too-much-text"])
  }

  /// Whatever a turn holds, the engine ends, and what it quotes stands there.
  @Test(arguments: 0..<300) func aFindingIsAlwaysQuoted(_ seed: Int) throws {
    let rules = """
      ignore <x>
      ignore from "Begin" to "End"
      ignore lines "skip"

      a: k from user, with next
        no/é
        unless no x

      b: l from user
        x ... x
        ^ b ...3 no
        ?

      """
    let pieces = [
      "no", "é", "x", "b", " ", " ", " ", ". ", ", ", "? ", "!", "\n", "\n\n", "```\n", "`", "<x>", "</x>", "> ", "- ",
      "# ",
      "~~~", "Begin", "End", "skip", "’", "—", "…", "👍", "\u{FE0F}", "日本", "ÿ", "\u{A0}", "e.g.", "..", "\r\n", "12.",
      "'",
      "\t", "\0", "\u{7F}", "𐍈", "a-b", "--", "<", "Д", String(repeating: "ä", count: 300),
      String(repeating: "w ", count: 300),
    ]
    var random = Seeded(state: UInt64(seed))
    var turn = ""
    for _ in 0..<Int.random(in: 0..<(seed % 10 == 0 ? 3000 : 60), using: &random) {
      if Int.random(in: 0..<8, using: &random) == 0 {
        let scalar = Unicode.Scalar(UInt32.random(in: 0..<0x11_0000, using: &random))
        turn.unicodeScalars.append(scalar ?? "?")
      } else {
        turn += pieces.randomElement(using: &random) ?? ""
      }
    }
    let whole = Self.folded(turn)
    for finding in try found(rules, turn) {
      #expect(finding.text.utf8.count <= 500 && !finding.text.isEmpty)
      #expect(Self.holds(whole, Array(finding.text.utf8)), "seed \(seed): \(finding.text)")
    }
  }

  private static func folded(_ text: String) -> [UInt8] {
    text.utf8.split { $0 == 0x20 || (0x09...0x0D).contains($0) }.joined(separator: [0x20]).map { $0 }
  }

  private static func holds(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
    whole.withUnsafeBytes { $0.find(part, from: 0) } != nil
  }
}

private struct Seeded: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
