import Spool
import Support
import Testing

@Suite struct EntryTests {
  static let id = "20261123T172044.120773Z-k3v9qd"

  @Test func whatWasPublishedIsReadBack() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let body = Array("héllo\n\0\u{1B}[31m\n\nSpool: 1\n".utf8)
    let id = try queue.publish(Draft(slug: "x", header: Header(["Subject": "s", "X-Mine": "kept"]), body: body))
    let entry = try #require(try queue.entry(id))
    #expect(entry.body == body)
    #expect(entry.header["x-mine"] == "kept")
    #expect(try Entry(parsing: entry.bytes).bytes == entry.bytes)
  }

  @Test(arguments: [
    ("", 1, "Spool: 1"), ("Spool: 2\n\n", 1, "Spool: 1"), ("Spool: 1\r\n\r\n", 1, "Spool: 1"),
    ("Spool: 1\n\n", 2, "a header Id"), ("Spool: 1\nId: x\n\n", 2, "an ID"),
    ("Spool: 1\nId: \(id)\n", 3, "a blank line"), ("Spool: 1\nId: \(id)\nno colon\n\n", 3, "Name: value"),
    ("Spool: 1\nId: \(id)\n: x\n\n", 3, "Name: value"), ("Spool: 1\nId: \(id)\nB d: x\n\n", 3, "Name: value"),
    ("Spool: 1\nId: \(id)\nId: \(id)\n\n", 3, "each name once"),
    ("Spool: 1\nId: \(id)\nSubject: a\u{7}b\n\n", 3, "without control characters"),
    ("Spool: 1\nId: \(id)\nLength: x\n\n", 3, "length"), ("Spool: 1\nId: \(id)\nLength: 2\n\nabc", 3, "2 bytes"),
    ("Spool: 1\nId: \(id)\nSha256: 00\n\nabc", 3, "00"), ("Spool: 1\nId: \(id)\nExpires: soon\n\n", 3, "a time"),
    ("Spool: 1\nId: \(id)\nCreated: soon\n\n", 3, "a time"),
  ])
  func whatIsNoEntryIsRefusedWithItsLine(_ text: String, _ line: Int, _ expected: String) {
    #expect { try Entry(parsing: Array(text.utf8)) } throws: { error in
      guard let error = error as? MalformedText else { return false }
      return error.line == line && error.expected.contains(expected)
    }
  }

  @Test func bytesThatAreNoTextAreRefusedInTheHeaderAndKeptInTheBody() throws {
    let head = Array("Spool: 1\nId: \(Self.id)\n".utf8)
    #expect(throws: MalformedText.self) { try Entry(parsing: head + [0x41, 0x3A, 0x20, 0xFF, 10, 10]) }
    #expect(try Entry(parsing: head + [10, 0xFF, 0]).body == [0xFF, 0])
  }

  @Test func aValueCannotForgeAHeaderLine() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    let id = try queue.publish(Draft(header: Header(["Subject": "a\nTo: evil\u{202E}"]), body: [1]))
    let entry = try #require(try queue.entry(id))
    #expect(entry.header["To"] == nil)
    #expect(entry.subject == "a\\nTo: evil\\u{202e}")
  }
}
