import Testing

@testable import Approvals

@Suite struct OwnTextTests {
  @Test(arguments: [
    // Gmail, whose attribution is broken into two lines.
    """
    approve, but use the short version

    On Mon, Nov 23, 2026 at 6:20 PM Spindle <
    spindle+20261123T172044.120773Z-k3v9qd-brief@example.org> wrote:

    > May I send this?
    >
    > reject
    """,
    // Thunderbird, in German and without a blank line.
    "approve, but use the short version\nAm 23.11.26 um 18:20 schrieb Spindle:\n> May I send this?\n> reject\n",
    // In French, with the no-break space before the colon.
    "approve, but use the short version\n\nLe 23/11/2026 à 18:20, Spindle a écrit\u{A0}:\n> May I?\n",
    // mutt: the quoted text first, and a signature.
    """
    On Mon, Nov 23, 2026 at 06:20:44PM +0100, Spindle wrote:
    > May I send this?

    approve, but use the short version

    -- \u{20}
    Ann
    reject
    """,
    // Apple Mail, whose attribution is quoted.
    "approve, but use the short version\n\n> On 23. Nov 2026, at 18:20, Spindle <s@h> wrote:\n> \n> reject\n",
    // Outlook for Windows and on telephones.
    """
    approve, but use the short version

    ________________________________
    From: Spindle <s@h>
    Sent: Monday, November 23, 2026 6:20 PM
    reject
    """,
    "approve, but use the short version\n\n*From:* Spindle <s@h>\n*Sent:* Monday\n*To:* Ann\n\nreject\n",
    "approve, but use the short version\n\nVon: Spindle\n\nGesendet: Montag\nAn: Ann\n\nreject\n",
    "approve, but use the short version\r\n\r\n-----Original Message-----\r\nreject\r\n",
    "approve, but use the short version\n-------- Ursprüngliche Nachricht --------\nreject\n",
    // An attribution over a text without marks.
    "approve, but use the short version\n\nOn 11/23/26, 6:20 PM, \"Spindle\" wrote:\n\n    reject\n",
    // Blanks, a byte order mark, control characters, marks of direction, old line ends.
    "\u{FEFF}\n \t approve, but\u{1B}use the\u{202E}short\0version\u{A0}\r> reject",
  ])
  func onlyWhatTheSenderWroteIsLeft(_ body: String) throws {
    #expect(try text(body) == "approve, but use the short version")
  }

  @Test func answersBetweenTheQuotedLinesStandInTheirOrder() throws {
    let body = "Hello,\n\nAnn wrote:\n> one?\n\nyes\n \n\n\n> two?\n> three?\nno\n\n\nBye\n"
    #expect(try text(body) == "Hello,\n\nyes\nno\n\nBye")
  }

  @Test func onlyTheFirstOfSomeQuotedLinesHasAnAttribution() throws {
    #expect(try text("I say:\nAnn wrote:\n> one\n\n> two\n> three\nyes\nAnn again:\n> four\n") == "I say:\n\nyes")
  }

  @Test func aLineThatHadRoomIsNoPartOfTheAttribution() throws {
    #expect(try text("approve\nit is\nOn Monday, Spindle wrote:\n> x\n") == "approve\nit is")
    let long = String(repeating: "long ", count: 20) + "end"
    #expect(try text("\(long)\nOn Monday, Spindle wrote:\n> x\n") == long)
  }

  @Test(arguments: [
    "Note: this\nfrom: here", "approve\n---\nmore", "see below:\nx", "from what I see: fine\nyes", "-- not a signature",
    "____", "a > b",
  ])
  func whatOnlyLooksLikeAQuoteIsKept(_ body: String) throws {
    #expect(try text(body) == body)
  }

  @Test(arguments: [
    "", " \n\t\n", "> approve\n", "-- \napprove\n", "On Monday, Spindle wrote:\n> approve\n", "\u{FEFF}\u{200B}",
    "-----Original Message-----\napprove", "From: a\nSent: b\n\napprove\n",
  ])
  func quotedTextAloneIsNoText(_ body: String) {
    #expect(problem(mail(body: body)) == .noText)
  }
}

@Suite struct MIMEBodyTests {
  private static let multipart = "Content-Type: multipart/mixed; boundary=\"b 1\"\n"

  @Test(arguments: [
    (
      "quoted-printable", "Gr=C3=BC=C3=9Fe, das ist =\r\neine Zeile=20\r\n=3D=zz =\n \t=3d=  \n!",
      "Grüße, das ist eine Zeile\n==zz   =!"
    ),
    ("Quoted-Printable (old)", "approve=", "approve"), ("quoted-printable", "approve=4", "approve=4"),
    ("base64", "R3LDvMOfZSwg\r\nYXBw cm92ZQ==\r\nignored", "Grüße, approve"), ("BASE64", "YXBwcm92ZQ", "approve"),
    ("base64", "YXBwcm92ZS", "approve"), ("base64", "!Y*X\0Bw", "app"), ("8bit", "Grüße=20", "Grüße=20"),
    ("x-unknown", "approve", "approve"),
  ])
  func transferEncodingsAreDecoded(_ encoding: String, _ body: String, _ expected: String) throws {
    #expect(try text(body, "Content-Transfer-Encoding: \(encoding)\n") == expected)
  }

  @Test(arguments: [
    ("utf-8", "=C3=BC =FF", "ü \u{FFFD}"), ("US-ASCII", "a=C3=BC", "aü"), ("ISO-8859-1", "=FC =93", "ü “"),
    ("\"windows-1252\"", "=80=FC=81x", "€ü x"), ("koi8-r", "a=C1", "a\u{FFFD}"),
  ])
  func charactersAreDecoded(_ charset: String, _ body: String, _ expected: String) throws {
    let lines =
      "Content-Type: text/plain; format=flowed;\n\tcharset=\(charset)\nContent-Transfer-Encoding: quoted-printable\n"
    #expect(try text(body, lines) == expected)
  }

  @Test func thePlainTextOfNestedPartsIsTaken() throws {
    let body = """
      approve? This is the preamble.
      --b 1
      Content-Type: multipart/alternative; boundary=b

      --b
      Content-Type: text/html

      <p>from HTML</p>
      --b \t
      Content-Type: text/plain; charset=utf-8
      Content-Transfer-Encoding: base64

      YXBwcm92ZSDDvA==

      --b--
      --b 1

      a second text
      --b 1--
      """
    #expect(try text(body, Self.multipart) == "approve ü")
  }

  @Test func attachmentsAndForwardedMailsAreNotRead() throws {
    let body = """
      --b 1
      Content-Type: text/plain
      Content-Disposition: attachment; filename=a.txt

      reject
      --b 1
      Content-Type: message/rfc822

      From: eve@evil.org

      reject
      --b 1
      Content-Type: multipart/digest; boundary=d

      --d

      reject
      --b 1
      Content-Type: text/html

      <b>approve</b>
      """
    #expect(try text(body, Self.multipart) == "approve")
    #expect(problem(mail("Content-Type: application/pdf\n")) == .noText)
  }

  @Test func aBlankPlainTextIsPassedOverForTheFirstPage() throws {
    let page = "--b 1\nContent-Type: text/html\n\n"
    #expect(try text("--b 1\n\n \n\(page)approve\n\(page)reject\n", Self.multipart) == "approve")
    #expect(try text("--b 1\n\n \n\(page)reject\n--b 1\n\napprove\n", Self.multipart) == "approve")
  }

  @Test func onlyAWholeLineIsADelimiter() throws {
    #expect(
      try text("--b 1\n\napprove\n--b 12\n---b 1\n x--b 1\n--b 1--x\n--b 1", Self.multipart).hasPrefix(
        "approve\n--b 12"))
    #expect(problem(mail(Self.multipart, body: "approve")) == .noText)
    #expect(problem(mail(Self.multipart, body: "--b 1--\n\n--b 1\n\napprove")) == .noText)
    #expect(problem(mail("Content-Type: multipart/mixed\n")) == .malformed("a multipart without a boundary"))
  }

  @Test func tenMultipartsInOneAnotherAreReadAndElevenRefused() throws {
    func nested(_ depth: Int) -> [UInt8] {
      let inner = (1..<depth).map { "--b\($0)\nContent-Type: multipart/mixed; boundary=b\($0 + 1)\n\n" }.joined()
      return mail("Content-Type: multipart/mixed; boundary=b1\n", body: inner + "--b\(depth)\n\napprove\n")
    }
    #expect(try MailReply(nested(10)).text == "approve")
    #expect(problem(nested(11)) == .malformed("more than 10 multiparts in one another"))
    #expect(problem(nested(1000)) == .malformed("more than 10 multiparts in one another"))
  }

  @Test(arguments: [
    (
      "<html><title>x</title><style>p > a {}</style><body><div dir=\"ltr\">approve &amp;\n   go &lt;3"
        + "&nbsp;&#252;&#x20AC;</div><br><div id=\"gmail_quote\"><div>On Monday, Spindle &lt;s@h&gt; wrote:<br></div>"
        + "<blockquote>reject<blockquote>x</blockquote>y</blockquote></div></body>", "approve & go <3 ü€"
    ),
    // Outlook's web page.
    (
      "<div>approve</div><hr tabindex='-1'><div id=\"divRplyFwdMsg\"><b>From:</b> S<br><b>Sent:</b> M</div>reject",
      "approve"
    ),
    ("<p>approve</p><p><b>From:</b> S<br><b>Sent:</b> M<br></p>reject", "approve"),
    ("<script>if (a < b) \"</p>' </p>\"</script>approve<!-- <p>reject --><STYLE>x</STYLE>!", "approve!"),
    ("a<br>b<BR/>c<p>d</p><ul><li>e<li>f</ul>", "a\nb\nc\nd\ne\nf"),
    ("a < b <3 & &x; &#0x; &#xD800; &#99999999999; <", "a < b <3 & &x; &#0x; &#xD800; &#99999999999; <"),
    ("<a title=\"x>y\">approve</a></blockquote> it", "approve it"), ("approve<blockquote>reject", "approve"),
    ("approve<script>reject", "approve"), ("approve<a href=\"reject", "approve"), ("approve<!-- reject", "approve"),
    ("&gt; reject<br>approve", "approve"),
  ])
  func htmlIsReadAsPeopleSeeIt(_ page: String, _ expected: String) throws {
    #expect(try text(page, "Content-Type: text/html; charset=utf-8\n") == expected)
  }
}
