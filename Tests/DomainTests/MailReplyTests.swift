import Testing

@testable import Approvals

let id = "20261123T172044.120773Z-k3v9qd-brief"

/// A mail with a few header lines of its own and a body.
func mail(_ lines: String = "", from: String = "Ann <ann@example.org>", body: String = "approve\n") -> [UInt8] {
  Array("From: \(from)\n\(lines)\n\(body)".utf8)
}

/// Why a mail is refused; nil: it is not.
func problem(_ bytes: [UInt8]) -> MailProblem? {
  do throws(MailProblem) {
    _ = try MailReply(bytes)
    return nil
  } catch { return error }
}

func text(_ body: String, _ lines: String = "") throws -> String { try MailReply(mail(lines, body: body)).text }

@Suite struct MailHeaderTests {
  @Test(arguments: [
    ("ann@example.org", "ann@example.org"), ("<Ann@Example.ORG>", "ann@example.org"),
    ("\"Bee, Ann (x) <eve@evil.org>\" <ann@example.org>", "ann@example.org"),
    ("ann@example.org (Ann \\) (of) <eve@evil.org>)", "ann@example.org"),
    ("=?utf-8?Q?Ann_=C3=84rmel=2C?=\n =?utf-8?B?w4Q=?= <ann@example.org>", "ann@example.org"),
    ("Ann\n\t<ann.b+c@example.org>", "ann.b+c@example.org"),
    ("ann@example.org <ann@example.org>", "ann@example.org"),
    ("\"ann\"@example.org", "ann@example.org"), ("Jörg <j@example.org>", "j@example.org"),
  ])
  func theAddressIsFoundInAllItsForms(_ value: String, _ address: String) throws {
    #expect(try MailReply(mail(from: value)).from == address)
  }

  @Test(arguments: [
    "", "Ann", "ann@", "@example.org", "<>", "a@example.org, b@example.org", "<a@example.org>, <b@example.org>",
    "boss@example.org <eve@evil.org>", "Ann <a@example.org> <b@example.org>", "all: a@example.org;",
    "<@relay.org:a@example.org>", "ann bee@example.org", "\"ann bee\"@example.org", "a@b@example.org",
    "ann@[127.0.0.1]", "Ann (a <ann@example.org>", "ann@example.org (a", "\"Ann <ann@example.org>",
    "\u{212A}ate@example.org",
    "ann@\u{212A}.org", "Ann <ann@example.org> x", "a)b@example.org", "<ann@example.org", "ann@example.org>",
  ])
  func whatIsNotOneAddressIsRefused(_ value: String) {
    #expect(problem(mail(from: value)) == .malformed("a From header that is not one address"))
  }

  @Test(arguments: ["From: ann@example.org\n", "FROM : ann@example.org\n", "from\t:\n ann@example.org\n"])
  func aSecondFromHeaderIsRefusedHoweverItIsWritten(_ line: String) {
    #expect(problem(mail(line)) == .malformed("several From headers"))
  }

  @Test func aMailWithoutFromIsRefused() {
    #expect(problem(Array("Subject: x\n\napprove\n".utf8)) == .malformed("no From header"))
    #expect(problem([]) == .malformed("no From header"))
    #expect(problem(Array("From ann@example.org Mon Nov 23 2026".utf8)) == .malformed("no From header"))
  }

  @Test(arguments: ["no colon here\n", ": nameless\n", "two words: x\n", "Sübject: x\n", "X: a\rFrom: b\n", "X: \0\n"])
  func aHeaderThatOthersMayReadOtherwiseIsRefused(_ line: String) {
    guard case .malformed = problem(mail(line)) else {
      Issue.record("\(line) was read")
      return
    }
  }

  @Test func carriageReturnsABOMAndTheLineOfAnMboxAreNoPartOfIt() throws {
    let plain = mail("In-Reply-To: <\(id)@h>\n", body: "approve\n\nas it is\n")
    let lines = String(decoding: plain, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let variants = [
      Array(lines.joined(separator: "\r\n").utf8), [0xEF, 0xBB, 0xBF] + plain,
      Array("From ann@example.org Mon Nov 23 18:20:44 2026\r\n".utf8) + plain,
    ]
    for variant in variants {
      let reply = try MailReply(variant)
      #expect(reply.from == "ann@example.org" && reply.references == [id] && reply.text == "approve\n\nas it is")
    }
  }

  @Test func aFirstFromHeaderWithABlankIsNoLineOfAnMbox() throws {
    let bytes = Array("From : eve@evil.org\nFrom: ann@example.org\n\napprove".utf8)
    #expect(problem(bytes) == .malformed("several From headers"))
  }

  @Test func idsComeFromAddressesThenInReplyToThenReferences() throws {
    let lines = """
      References: <one@h> <two@h>
       <three@h>
      in-reply-to: Ann's mail of Monday (x) <\(id)@h>
      Cc: "x, y" <c@h>, <me+cc@h>
      To: Spindle <spindle+to@h>, other@h
      Envelope-To: spindle+envelope@h
      X-Original-To: spindle+original@h
      Delivered-To: me+spindle+\(id.lowercased())@h

      """
    #expect(
      try MailReply(mail(lines)).references
        == ["to", "cc", id, "three", "two", "one"])
  }

  /// Nobody has signed it: an old yes, sent again, is none to another request.
  @Test func whatTheEnvelopeNamesIsNoReference() throws {
    let lines = "To: spindle@h\nDelivered-To: spindle+\(id)@h\nX-Original-To: spindle+\(id)@h\n"
    #expect(try MailReply(mail(lines)).references == [])
  }

  @Test func anIDIsNamedOnceAndKeepsItsCase() throws {
    let lines = "To: s+\(id)@h\nCc: s+\(id)@h\nIn-Reply-To: <\(id)@h>\nReferences: <a@h><\(id)@h>\n"
    #expect(try MailReply(mail(lines)).references == [id, "a"])
  }

  @Test func whatIsNoIDIsNotNamed() throws {
    let lines = "To: plain@h, +@h, a+b c@h, a+\u{212A}@h\nIn-Reply-To: <none> <@h> <open@h\nReferences:\n"
    #expect(try MailReply(mail(lines)).references == [])
  }

  @Test(arguments: [
    ("Auto-Submitted: auto-replied (vacation)", "Auto-Submitted"),
    ("AUTO-SUBMITTED:\n Auto-Generated", "Auto-Submitted"),
    ("Auto-Submitted:", "Auto-Submitted"), ("Auto-Submitted: no\nAuto-Submitted: auto-replied", "Auto-Submitted"),
    ("Precedence: bulk", "Precedence"), ("Precedence: Junk", "Precedence"), ("Precedence: list", "Precedence"),
    ("Precedence: auto_reply", "Precedence"), ("X-Autoreply: yes", "X-Autoreply"), ("Return-Path: <>", "Return-Path"),
    ("Return-Path:", "Return-Path"), ("Content-Type: multipart/report; boundary=b", "Content-Type"),
  ])
  func whatAMachineWroteIsNoAnswer(_ line: String, _ name: String) {
    #expect(problem(mail(line + "\n")) == .automatic(name))
  }

  @Test(arguments: [
    "Auto-Submitted: no", "Auto-Submitted: NO (a person)", "Precedence: first-class", "X-Auto-Response-Suppress: All",
    "Return-Path: <ann@example.org>",
  ])
  func whatAPersonWroteIsAnAnswer(_ line: String) {
    #expect(problem(mail(line + "\n")) == nil)
  }

  @Test func eachProblemIsSaidInWords() {
    #expect(MailProblem.malformed("x").words == "the mail cannot be read: x")
    #expect(MailProblem.automatic("Precedence").words == "a machine wrote the mail, as its Precedence header says")
    #expect(MailProblem.noText.words == "the mail has no text of its sender's own")
    #expect(MailProblem.notAuthenticated("spf=none").words == "nobody vouches for the sender: spf=none")
  }
}
