import Foundation
import Spool
import Support
import Testing

@Suite struct JournalTests {
  @Test func aLineIsWhatAnEncoderWouldWrite() throws {
    let scratch = Scratch()
    let spool = try scratch.spool().0
    let id = try spool.queue("q").publish(Draft(body: [1]))
    let detail = "a \"quoted\" \\ word,\nanother\u{1}\u{1f}\u{8}\u{c}\r\t line / ü 漢"
    spool.journal.write("test", queue: "q", id: id, detail: detail)
    spool.journal.write("test")
    let day = try #require(scratch.names("spool/journal").first)
    let lines = scratch.read("spool/journal/\(day)").split(separator: "\n").map(String.init)
    #expect(lines.count == 3)
    for line in lines {
      let read = try JSONDecoder().decode(Journal.Line.self, from: Data(line.utf8))
      #expect(try JSONLine.encode(read) == line)
    }
    #expect(try JSONDecoder().decode(Journal.Line.self, from: Data(lines[1].utf8)).detail == detail)
  }

  @Test func manyLinesAreWrittenInFewWrites() throws {
    let scratch = Scratch()
    let queue = try scratch.spool().0.queue("q")
    _ = try queue.publish(Draft(body: [1]))
    let calls = Calls()
    let ids = try calls.observe { try queue.publish((0..<1000).map { _ in Draft(body: [1]) }) }
    let journal = scratch.read("spool/journal/\(scratch.names("spool/journal")[0])").split(separator: "\n")
    #expect(journal.count == 1001 && zip(ids, journal.dropFirst()).allSatisfy { $1.contains($0.description) })
    // 1000 entries, and some 120 KB of journal in writes of at most 64 KiB.
    #expect(calls.count(.write) == 1003 || calls.count(.write) == 1002)
  }
}

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
    #expect(try Entry(parsing: entry.bytes()).bytes() == entry.bytes())
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
