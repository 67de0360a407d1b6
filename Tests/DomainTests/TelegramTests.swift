import Deliveries
import Foundation
import Spool
import Support
import Testing

@testable import Telegram

@Suite struct TextSplitterTests {
  private func parts(_ text: String, html: Bool = false, limit: Int = 20) -> [String] {
    TextSplitter(text, html: html, limit: limit).parts
  }

  private func bare(_ text: String) -> String { text.filter { !$0.isWhitespace } }

  @Test func whatFitsIsOnePart() {
    #expect(parts("twenty characters ok") == ["twenty characters ok"])
    #expect(parts("") == [] && parts(" \n ") == [])
  }

  @Test func aCutFallsBetweenParagraphsElseLinesElseWords() {
    #expect(parts("first paragraph\n\nsecond one") == ["first paragraph", "second one"])
    #expect(parts("one line here\nand a second") == ["one line here", "and a second"])
    #expect(parts("words that are not cut at all") == ["words that are not", "cut at all"])
    #expect(parts("aaaaaaaaaaaaaaaaaaaaaaaaa") == ["aaaaaaaaaaaaaaaaaaaa", "aaaaa"], "nowhere to cut but in the word")
  }

  @Test func aCodeBlockThatFitsIsNotCut() {
    #expect(parts("some words\n```\ncode\nmore\n```") == ["some words", "```\ncode\nmore\n```"])
  }

  @Test func aCodeBlockThatDoesNotFitIsClosedAndOpenedAgain() {
    let split = parts("```sh\none two\nthree\nfour\nfive\n```\nend", limit: 24)
    #expect(split == ["```sh\none two\nthree\n```", "```sh\nfour\nfive\n```\nend"])
  }

  @Test func anEmojiIsNotCutAndCountsAsTelegramCounts() {
    // A family is eleven UTF-16 units.
    #expect(parts("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", limit: 12) == ["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"])
  }

  @Test func tagsAreClosedAndOpenedAgainAndTakeNoRoom() {
    #expect(parts("<b>bold words that go on</b>", html: true) == ["<b>bold words that go</b>", "<b>on</b>"])
    #expect(parts("<a href=\"https://example.org/a/long/link\">x</a>", html: true).count == 1)
    #expect(parts("a &lt;&amp;&gt; b", html: true, limit: 7) == ["a &lt;&amp;&gt; b"], "an entity is one unit")
    #expect(
      parts("<pre>one\ntwo</pre> and more text", html: true, limit: 12) == ["<pre>one\ntwo</pre> and", "more text"])
  }

  /// Whatever the text: no part is too long, and joined they have all of it.
  @Test func nothingIsLostAndNothingIsTooLong() {
    var dice = SystemRandomNumberGenerator()
    let pieces = ["word", " ", "\n", "\n\n", "longerword", "🇩🇪", "é", "\r\n", "\t", "x"]
    for _ in 0..<300 {
      let text = (0..<Int.random(in: 1...80, using: &dice)).map { _ in pieces.randomElement(using: &dice)! }.joined()
      let split = parts(text, limit: 24)
      #expect(split.allSatisfy { $0.utf16.count <= 24 }, "\(text.debugDescription)")
      #expect(bare(split.joined()) == bare(text), "\(text.debugDescription)")
    }
  }
}

@Suite struct TelegramAnswerTests {
  /// The rows of deliver's man page.
  @Test(arguments: [
    (429, "Too Many Requests: retry after 7", 7, "refused 7"), (409, "Conflict: terminated", nil, "refused"),
    (403, "Forbidden: bot was blocked by the user", nil, "permanent"),
    (400, "Bad Request: chat not found", nil, "permanent"), (401, "Unauthorized", nil, "permanent"),
    (500, "Internal Server Error", nil, "ambiguous"), (502, "Bad Gateway", nil, "ambiguous"),
  ])
  func anAnswerSaysWhatHappened(code: Int, words: String, pause: Int?, expected: String) {
    let refusal = Bot.Refusal(
      code: code, description: words, parameters: pause.map { .init(retryAfter: $0, migrateToChatID: nil) })
    let outcome = TelegramChannel.outcome(of: refusal)
    let spoken =
      switch outcome {
      case .refused(_, let after?): "refused \(after.components.seconds)"
      case .refused: "refused"
      case .permanent: "permanent"
      case .ambiguous: "ambiguous"
      default: "?"
      }
    #expect(spoken == expected && outcome.text.contains(words))
  }

  @Test func aTokenIsKnownByItsForm() {
    #expect(Bot.isToken("4711:AAE-x_9") && !Bot.isToken("4711") && !Bot.isToken("4711:a/../b") && !Bot.isToken(""))
  }
}

@Suite struct PartsSentTests {
  private let id = try! EntryID("20261123T172044.120773Z-k3v9qd")

  @Test func theNextAttemptGoesOnBehindTheLastAndKnowsTheOneInDoubt() throws {
    let scratch = Scratch()
    let spool = try scratch.spool(queues: ["deliveries"]).0
    func open(count: Int = 3, to: String = "4711") throws -> PartsSent {
      try PartsSent(of: id, to: to, count: count, in: spool)
    }
    var first = try open()
    #expect(first.isLost)
    try first.begin("1/3")
    first.end("1/3", message: 17, chat: 4711, at: Timestamp(seconds: 1))
    try first.begin("2/3")
    let second = try open()
    #expect(second.has("1/3") && !second.has("2/3") && second.wasBegun("2/3") && !second.wasBegun("3/3"))
    #expect(second.receipt == "message_id=17 chat=4711 date=1970-01-01T00:00:01Z")
    // Definitely not sent, in a third attempt: the second one's doubt stays.
    var third = second
    third.clear("2/3")
    #expect(try open().wasBegun("2/3"))
    var fourth = try open()
    try fourth.begin("3/3")
    fourth.clear("3/3")
    #expect(try !open().wasBegun("3/3"))
    // Another address, or another split, begins anew.
    #expect(try !open(to: "4712").has("1/3") && !open(count: 4).has("1/3"))
  }
}
