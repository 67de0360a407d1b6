import Testing

@testable import Approvals

@Suite struct MailAuthenticationTests {
  private static let rule = AuthenticationRule("Authentication-Results mx.example.org")!

  private static func verdict(_ lines: String, from: String = "ann@example.org") throws -> Result<String, MailProblem> {
    let reply = try MailReply(mail(lines, from: from))
    return Result { () throws(MailProblem) in try reply.authentication(by: rule) }
  }

  private static func verdict(of results: String, from: String = "ann@example.org") throws -> Result<
    String, MailProblem
  > {
    try verdict("Authentication-Results: mx.example.org; \(results)\n", from: from)
  }

  @Test(arguments: [
    ("dmarc=pass", "dmarc=pass"), ("dmarc=pass (p=NONE) header.from=Example.org", "dmarc=pass for example.org"),
    ("DMARC = Pass\n\theader.from = example.org", "dmarc=pass for example.org"),
    ("dkim=pass header.d=example.org header.s=s header.b=\"a/b=\"", "dkim=pass for example.org"),
    ("dkim=pass (2048-bit key; unprotected) header.i=@example.org header.b=KZ+/x=", "dkim=pass for example.org"),
    ("dkim=fail header.d=example.org; dkim=pass header.d=example.org", "dkim=pass for example.org"),
    ("spf=pass (a \\) b (c; d)) smtp.mailfrom=ann@example.org", "spf=pass for example.org"),
    ("spf=pass smtp.mailfrom=\"a;dmarc=fail\"@example.org;", "spf=pass for example.org"),
    ("dmarc=none; spf=pass smtp.mailfrom=example.org", "spf=pass for example.org"),
    ("spf=pass reason=\"ok; dmarc=fail\" smtp.mailfrom=<ann@example.org", "spf=pass for example.org"),
    (
      "dkim=none; spf=softfail smtp.mailfrom=x.org; dmarc=pass policy.dmarc=none header.from=example.org",
      "dmarc=pass for example.org"
    ),
  ])
  func aPassForTheDomainVouches(_ results: String, _ words: String) throws {
    #expect(try Self.verdict(of: results) == .success(words))
  }

  @Test(arguments: [
    ("dkim=fail; spf=none", "dkim=fail, spf=none"), ("none", "no result of dmarc, dkim or spf"),
    ("", "no result of dmarc, dkim or spf"), ("iprev=pass; arc=pass", "no result of dmarc, dkim or spf"),
    ("dmarc=pass header.from=evil.org", "dmarc=pass for evil.org"),
    ("dmarc=pass header.from=example.org; dmarc=fail", "dmarc=pass for example.org, dmarc=fail"),
    ("dmarc=fail; dkim=pass header.d=example.org", "dmarc=fail, dkim=pass for example.org"),
    ("dkim=pass", "dkim=pass"), ("spf=pass smtp.helo=example.org", "spf=pass"),
    ("dkim=pass header.d=evil.org header.i=@example.org", "dkim=pass for evil.org"),
    ("dkim=pass header.d=evil.org header.d=example.org", "dkim=pass for evil.org"),
    ("dkim=pass header.d=ple.org", "dkim=pass for ple.org"), ("dkim=pass header.d=org", "dkim=pass for org"),
    ("dkim=pass header.d=mail.example.org", "dkim=pass for mail.example.org"),
    ("dkim=pass header.d=\"\"", "dkim=pass for "), ("spf=pass smtp.mailfrom=", "spf=pass for "),
    ("spf=pass smtp.mailfrom=\"ann@example.org\"@evil.org", "spf=pass for evil.org"),
    ("dmarc=passed", "dmarc=passed"), ("x-dmarc=pass", "no result of dmarc, dkim or spf"),
    ("(dmarc=pass) spf=none", "spf=none"), ("spf=none reason=\"; dmarc=pass\"", "spf=none"),
    ("dkim=pass header.d=example.or\u{FF47}", "dkim=pass for example.or???"),
  ])
  func nothingElseVouches(_ results: String, _ words: String) throws {
    #expect(try Self.verdict(of: results) == .failure(.notAuthenticated(words)))
  }

  @Test(arguments: [
    "dmarc=pass (", "dmarc=pass reason=\"x", "dmarc", "dmarc=", "=pass", "dmarc=pass header.from", "dmarc=pass) x",
    "dmarc=pass; spf", "dmarc=pass ; )", "spf=none x; dmarc=pass", "dmarc=pass; (\\",
  ])
  func whatCannotBeReadIsANo(_ results: String) throws {
    let words = "an unreadable Authentication-Results of mx.example.org"
    #expect(try Self.verdict(of: results) == .failure(.notAuthenticated(words)))
  }

  @Test func aDomainAnswersForThoseBelowIt() throws {
    #expect(
      try Self.verdict(of: "dkim=pass header.d=example.org", from: "a@mail.example.org")
        == .success("dkim=pass for example.org"))
    #expect(
      try Self.verdict(of: "spf=pass smtp.mailfrom=x@example.org", from: "a@b.c.example.org")
        == .success("spf=pass for example.org"))
    #expect(
      try Self.verdict(of: "dkim=pass header.d=example.org", from: "a@evilexample.org")
        == .failure(.notAuthenticated("dkim=pass for example.org")))
    #expect(
      try Self.verdict(of: "dmarc=pass header.from=example.org", from: "a@mail.example.org")
        == .failure(.notAuthenticated("dmarc=pass for example.org")))
  }

  @Test func onlyTheTopmostOfTheOwnServerCounts() throws {
    let forged = "Authentication-Results: mx.example.org; dmarc=pass\n"
    let other = "Authentication-Results: mx.other.org; dmarc=pass\n"
    let real = "authentication-results: mx.example.org 1;\n dmarc=fail (p=reject) header.from=example.org\n"
    #expect(try Self.verdict(other + real + forged) == .failure(.notAuthenticated("dmarc=fail")))
    #expect(try Self.verdict("Authentication-Results: mx.example.org; (\n" + forged) != Self.verdict(forged))
    #expect(try Self.verdict(other + forged) == .success("dmarc=pass"))
  }

  @Test(arguments: [
    "", "Authentication-Results: mx.example.org.evil.org; dmarc=pass\n", "Authentication-Results: dmarc=pass\n",
    "Authentication-Results: (mx.example.org) mx; dmarc=pass\n",
    "X-Authentication-Results: mx.example.org; dmarc=pass\n",
    "ARC-Authentication-Results: i=1; mx.example.org; dmarc=pass\n",
    "Authentication-Results: MX.example.org; dmarc=pass\n",
    "Authentication-Results:\n",
  ])
  func theHeaderOfAnotherServerDoesNotCount(_ lines: String) throws {
    let words = "no Authentication-Results of mx.example.org"
    #expect(try Self.verdict(lines) == .failure(.notAuthenticated(words)))
  }

  @Test func aVersionOtherThanOneIsNotUnderstood() throws {
    #expect(
      try Self.verdict("Authentication-Results: (x) mx.example.org (y) 1 (z); dmarc=pass\n") == .success("dmarc=pass"))
    let words = "an unreadable Authentication-Results of mx.example.org"
    #expect(
      try Self.verdict("Authentication-Results: mx.example.org 2; dmarc=pass\n") == .failure(.notAuthenticated(words)))
    #expect(
      try Self.verdict("Authentication-Results: mx.example.org=x; dmarc=pass\n") == .failure(.notAuthenticated(words)))
  }

  @Test func foldedLinesOfLargeProvidersAreRead() throws {
    let lines = """
      Authentication-Results: mx.example.org;
             dkim=pass header.i=@example.org header.s=20230601 header.b=kZ3Rw1Xy;
             spf=pass (mx.example.org: domain of ann@example.org designates 2001:db8::1 as permitted
       sender) smtp.mailfrom=ann@example.org;
             dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=example.org

      """.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
    #expect(try Self.verdict(lines) == .success("dmarc=pass for example.org"))
  }

  @Test func aRuleIsANameAndAServer() {
    let rule = AuthenticationRule("  X-Results \t mx1 ")
    #expect(rule?.header == "X-Results" && rule?.server == "mx1")
    for text in ["", "Authentication-Results", "a b c", "a: b", "a b;", "a b=c", "ä b", "a \"b\""] {
      #expect(AuthenticationRule(text) == nil)
    }
  }
}
