import Testing

@testable import Approvals

/// Always the same numbers (SplitMix64), so that a failure can be had again.
private struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct HostileMailTests {
  private static let rule = AuthenticationRule("Authentication-Results mx.example.org")!

  private static let sample = Array(
    """
    From ann@example.org Mon Nov 23 18:20:44 2026
    Return-Path: <ann@example.org>
    Delivered-To: spindle+\(id)@example.org
    Authentication-Results: mx.example.org 1; dkim=pass (a (b) \\) c) header.d=example.org header.b="x;y=";
    \tdmarc=pass header.from=example.org
    From: "Bee, Ann" (a person) <ann@example.org>
    In-Reply-To: <\(id)@example.org>
    References: <one@h> <two@h>
    Content-Type: multipart/alternative; boundary="b"; x*=y

    preamble
    --b
    Content-Type: multipart/related; boundary=c

    --c
    Content-Type: text/html; charset=iso-8859-1

    <p class="x">approve &amp; &#x20AC; <!-- x --><script>y</script></p><blockquote>reject</blockquote>
    --c--
    --b
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    approve =C3=BC =
    it
    On Mon, Nov 23, 2026, somebody whose name is quite long wrote something
    longer:
    > quoted
    -- =20
    Ann
    --b--

    """.utf8)

  /// Reads all that can be read. What comes out holds what is promised, or a problem is thrown.
  private static func read(_ bytes: [UInt8]) -> Bool {
    guard let reply = try? MailReply(bytes) else { return false }
    #expect(!reply.text.isEmpty && reply.from.utf8.allSatisfy { (33...126).contains($0) } && reply.from.contains("@"))
    #expect(!reply.text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
    #expect(reply.references.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (33...126).contains($0) } })
    return (try? reply.authentication(by: rule)) != nil
  }

  @Test func theSampleIsAnAnswer() throws {
    let reply = try MailReply(Self.sample)
    #expect(reply.text == "approve ü it" && reply.from == "ann@example.org" && reply.references == [id, "two", "one"])
    #expect(try reply.authentication(by: Self.rule) == "dmarc=pass for example.org")
  }

  @Test func everyTruncationIsReadOrRefused() {
    let lines = Array(
      String(decoding: Self.sample, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false))
    let withReturns = Array(lines.joined(separator: "\r\n").utf8)
    var vouched = 0
    for mail in [Self.sample, withReturns] {
      for count in 0...mail.count where Self.read(Array(mail[..<count])) { vouched += 1 }
      for count in 0...mail.count { _ = Self.read(Array(mail[count...])) }
    }
    #expect(vouched > 100)
  }

  @Test func twoThousandMutationsAreReadOrRefused() {
    var dice = Dice(state: 2026)
    let signs = Array("\0\r\n \t:;=<>@,()\"\\-+&#>/".utf8) + [0x80, 0xC3, 0xE2, 0xFF]
    var vouched = 0
    for _ in 0..<2000 {
      var mail = Self.sample
      for _ in 0..<Int.random(in: 1...8, using: &dice) {
        let place = Int.random(in: 0..<mail.count, using: &dice)
        switch Int.random(in: 0..<4, using: &dice) {
        case 0: mail[place] = signs.randomElement(using: &dice)!
        case 1: mail.insert(signs.randomElement(using: &dice)!, at: place)
        case 2: mail.removeSubrange(place..<min(place + Int.random(in: 1...20, using: &dice), mail.count))
        default: mail.insert(contentsOf: mail[place...].prefix(Int.random(in: 1...60, using: &dice)), at: place)
        }
      }
      if Self.read(mail) { vouched += 1 }
    }
    // Neither all of them nor none: the mutations reach both what is read and what is refused.
    #expect((100..<1900).contains(vouched))
  }

  @Test func aMillionHeaderLinesAreRefusedAndAsManyAsFitAreRead() throws {
    let many = mail(String(repeating: "A:\n", count: 1_000_000))
    #expect(problem(many) == .malformed("a header of more than 1 MiB"))
    #expect(problem(mail(String(repeating: "x", count: 2_000_000))) == .malformed("a header of more than 1 MiB"))
    let count = 300_000
    var rest = mail(String(repeating: "A:\n", count: count))[...]
    #expect(try MailHeader(reading: &rest).values("A").count == count)
    let folded = try MailReply(mail("A: x\n" + String(repeating: " \n", count: count)))
    #expect(folded.header.values("a").map(\.count) == [2 + 2 * count])
  }

  // Each holds tens of thousands of what might be looked at again and again. What is counted is what comes out; a
  // reader that takes the square of it does not come back.
  @Test func manyReferencesAreAllFound() throws {
    let count = 60_000
    let lines = "References:" + (0..<count).map { " <\($0)@h>\n" }.joined()
    #expect(try MailReply(mail(lines)).references.count == count)
    #expect(try MailReply(mail("To: \(String(repeating: "a+@,", count: count))\n")).references.isEmpty)
    let open = "Authentication-Results: mx.example.org;" + String(repeating: "(", count: 900_000) + "\n"
    let reply = try MailReply(mail(open))
    #expect(throws: MailProblem.self) { try reply.authentication(by: Self.rule) }
  }

  @Test func manyResultsOfOtherServersArePassedOver() throws {
    let line = "Authentication-Results: x; dmarc=pass\n"
    let own = "Authentication-Results: mx.example.org; \(String(repeating: "a=b c=d;", count: 20_000)) spf=none\n"
    let reply = try MailReply(mail(String(repeating: line, count: 20_000) + own))
    #expect(throws: MailProblem.notAuthenticated("spf=none")) { try reply.authentication(by: Self.rule) }
  }

  @Test(arguments: ["> x\n", "a:\n> b\n", "\n", "On x wrote:\n\n> x\n", "From: a\n\n", "=", "= ", "--\u{20}", "x "])
  func manyLinesAreReadOnce(_ piece: String) throws {
    let count = 100_000
    let body = "approve\n\n" + String(repeating: piece, count: count)
    #expect(try text(body, "Content-Transfer-Encoding: quoted-printable\n").hasPrefix("approve"))
  }

  @Test(arguments: ["<", "<p", "&", "<!--", "<blockquote>", "</blockquote>", "<script>", "<p '", "&#", "<p>", "--"])
  func manyTagsAreReadOnce(_ piece: String) throws {
    let body = "approve<br>" + String(repeating: piece, count: 100_000)
    #expect(try text(body, "Content-Type: text/html\n").hasPrefix("approve"))
  }

  @Test func manyPartsAreReadOnce() throws {
    let boundary = String(repeating: "b", count: 500_000)
    let empty = String(repeating: "--b\nA:\nContent-Type: x/y\n\n--b\n\n\n", count: 30_000)
    #expect(problem(mail("Content-Type: multipart/mixed; boundary=b\n", body: empty)) == .noText)
    #expect(try text(empty + "--b\n\napprove", "Content-Type: multipart/mixed; boundary=b\n") == "approve")
    let lines = String(repeating: "--b\n", count: 300_000)
    #expect(problem(mail("Content-Type: multipart/mixed; boundary=\(boundary)\n", body: lines)) == .noText)
  }

  @Test func aLongTextIsReadFromItsStart() throws {
    let body = "approve\n-- \n" + String(repeating: "x", count: 20_000_000)
    #expect(try text(body) == "approve")
  }
}
