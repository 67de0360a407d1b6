import Foundation
import Spool
import Support
import Testing

@Suite(.timeLimit(.minutes(2))) struct JournalReaderTests {
  private func journal(_ files: [String: String]) throws -> (Scratch, JournalReader) {
    let scratch = Scratch()
    let (spool, _) = try scratch.spool()
    for (name, text) in files { scratch.write("spool/journal/\(name)", text) }
    return (scratch, JournalReader(directory: try spool.directory("journal")))
  }

  private func append(_ text: String, to name: String, in scratch: Scratch) {
    let file = FileHandle(forWritingAtPath: "\(scratch.path)/spool/journal/\(name)")!
    file.seekToEndOfFile()
    file.write(Data(text.utf8))
  }

  @Test func theLastLinesComeOverMidnightAndNextGoesOnBehindThem() throws {
    var (scratch, reader) = try journal([
      "2026-11-25.jsonl": "1\n2\n3\n", "2026-11-26.jsonl": "4\n5\nhalf", "README": "no line\n",
      "zzzzzzzzzz.jsonl": "no\n",
    ])
    #expect(try reader.last(4) == ["2", "3", "4", "5"])
    #expect(try reader.next().isEmpty)
    append(" a line\n6\n", to: "2026-11-26.jsonl", in: scratch)
    scratch.write("spool/journal/2026-11-27.jsonl", "7\n")
    #expect(try reader.next() == ["half a line", "6"])
    #expect(try reader.next() == ["7"])
    #expect(try reader.next().isEmpty)
  }

  @Test func noLineIsAskedForAndStillNextBeginsAtTheEnd() throws {
    var (scratch, reader) = try journal(["2026-11-26.jsonl": "1\n2\n"])
    #expect(try reader.last(0).isEmpty)
    append("3\n", to: "2026-11-26.jsonl", in: scratch)
    #expect(try reader.next() == ["3"])
  }

  @Test func anEmptyJournalIsFollowedFromItsFirstLine() throws {
    var (scratch, reader) = try journal([:])
    #expect(try reader.last(10).isEmpty && reader.next().isEmpty)
    scratch.write("spool/journal/2026-11-26.jsonl", "1\n")
    #expect(try reader.next() == ["1"])
  }

  @Test func aTruncatedAndAReplacedFileAreReadFromTheirBeginning() throws {
    var (scratch, reader) = try journal(["2026-11-26.jsonl": "1\n2\n3\n"])
    _ = try reader.last(1)
    truncate("\(scratch.path)/spool/journal/2026-11-26.jsonl", 0)
    append("4\n", to: "2026-11-26.jsonl", in: scratch)
    #expect(try reader.next() == ["4"])
    scratch.write("spool/journal/other", "5\n6\n7\n8\n")
    rename("\(scratch.path)/spool/journal/other", "\(scratch.path)/spool/journal/2026-11-26.jsonl")
    #expect(try reader.next() == ["5", "6", "7", "8"])
  }

  @Test func theLastLinesOfALongDayAreHadWithoutReadingIt() throws {
    let line = #"{"detail":"some words of a usual length","event":"published","id":"ID","queue":"letters"}"# + "\n"
    let (scratch, made) = try journal(["2026-11-26.jsonl": String(repeating: line, count: 100_000)])
    var reader = made
    let calls = Calls()
    let last = try calls.observe { try reader.last(10) }
    #expect(last.count == 10 && last.allSatisfy { $0 + "\n" == line })
    // Once to find where the last line ends, once to read.
    #expect(calls.count(.read) <= 4)
    let all = try reader.last(.max)
    #expect(all.count == 100_000)
    _ = scratch
  }

  @Test func linesThatCrossBlocksAreWholeAndWhatIsNoneIsPassedOver() throws {
    // Longer than a block of either direction, and no line of the journal's.
    let garbage = String(repeating: "x", count: 3 << 20)
    let many = (0..<40_000).map { "line \($0) " + String(repeating: "y", count: $0 % 97) }
    var (scratch, reader) = try journal([
      "2026-11-26.jsonl": (many + [garbage, "after"]).joined(separator: "\n") + "\n"
    ])
    #expect(try reader.last(1) == ["after"])
    let back = try reader.last(.max, judge: { $0.hasPrefix("line ") ? .take : .leave })
    #expect(back == many)
    append((["\(garbage)z"] + many + ["end"]).joined(separator: "\n") + "\n", to: "2026-11-26.jsonl", in: scratch)
    var forth: [String] = []
    while case let lines = try reader.next(), !lines.isEmpty { forth += lines }
    #expect(forth == many + ["end"])
  }

  @Test func whatIsOlderThanIsWantedIsNotReadThoughNoLineIsOfUse() throws {
    func lines(_ day: String) -> String {
      (0..<60_000).map { "{\"event\":\"new\",\"time\":\"\(day)T00:00:\($0 / 6000 + 10).000000Z\",\"tool\":\"x\"}\n" }
        .joined()
    }
    var (scratch, reader) = try journal([
      "2026-11-24.jsonl": lines("2026-11-24"), "2026-11-25.jsonl": lines("2026-11-25"),
    ])
    let calls = Calls()
    let since = try #require(Timestamp(rfc3339: "2026-11-25T00:00:19Z"))
    let found = try calls.observe { try reader.last(9, containing: "needle", since: since) }
    // Some blocks, of the last day alone.
    #expect(found.isEmpty && calls.count(.read) <= 5)
    _ = scratch
  }

  @Test func aDayOfTheFutureIsNotWaitedFor() throws {
    let today = String(Timestamp.now.rfc3339.prefix(10))
    var (scratch, reader) = try journal(["\(today).jsonl": "1\n2\n", "2099-01-01.jsonl": ""])
    #expect(symlink("/x", "\(scratch.path)/spool/journal/2099-01-02.jsonl") == 0)
    #expect(try reader.last(1) == ["2"])
    append("3\n", to: "\(today).jsonl", in: scratch)
    #expect(try reader.next() == ["3"])
  }

  @Test func whatEachLineContainsIsFoundFarBackAndAJudgeEndsTheSearch() throws {
    let many = (0..<50_000).map { "\($0) \($0 == 7 ? "needle" : "straw")" }.joined(separator: "\n") + "\n"
    var (scratch, reader) = try journal(["2026-11-25.jsonl": "needle\n", "2026-11-26.jsonl": many])
    let judge: (String) -> JournalReader.Verdict = { $0.contains("needle") ? .take : .leave }
    #expect(try reader.last(2, containing: "needle", judge: judge) == ["needle", "7 needle"])
    #expect(try reader.last(2, containing: "needle", atMost: 1000, judge: judge).isEmpty)
    #expect(try reader.last(9, judge: { $0.hasPrefix("49990 ") ? .stop : .take }).first == "49991 straw")
    _ = scratch
  }
}
