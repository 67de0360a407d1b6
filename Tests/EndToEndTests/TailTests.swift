import Foundation
import Support
import Testing

/// `spool tail` and `spool age`: what a person reads.
@Suite(.timeLimit(.minutes(2))) struct TailTests {
  /// A spool whose journal has a line for each of these, and what is none.
  private func spool(_ lines: [String]) throws -> Scratch {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "a", "b"])
    for day in scratch.names("spool/journal") where day.hasSuffix(".jsonl") {
      try FileManager.default.removeItem(atPath: "\(scratch.path)/spool/journal/\(day)")
    }
    scratch.write("spool/journal/2026-11-25.jsonl", lines.dropLast().joined(separator: "\n") + "\nhalf a li")
    scratch.write("spool/journal/2026-11-26.jsonl", "\u{1}\u{2}no line\n\(lines.last!)\n")
    return scratch
  }

  private static let first = "20261125T100000.000001Z-k3v9qd-brief"
  private static let second = "20261126T100000.000001Z-m4w8rf"
  private static let lines = [
    #"{"event":"new","id":"\#(first)","queue":"a","time":"2026-11-25T10:00:00.000001Z","tool":"spool"}"#,
    #"{"detail":"Exit 75","event":"wait","id":"\#(first)","queue":"a","time":"2026-11-25T10:00:01.000001Z","tool":"spool"}"#,
    #"{"detail":"asked by \#(first)","event":"new","from":"anna","id":"\#(second)","queue":"b","time":"2026-11-26T10:00:00.000001Z","tool":"gateway"}"#,
  ]

  static let filters: [([String], [Int])] = [
    ([], [0, 1, 2]), (["-n", "2"], [1, 2]), (["-n", "0"], []), (["--queue", "a"], [0, 1]),
    (["--queue", "a", "--queue", "b"], [0, 1, 2]), (["--event", "new"], [0, 2]), (["--event", "new", "-n", "1"], [2]),
    (["--tool", "gateway"], [2]), (["--grep", "exit"], [1]), (["--from", "anna"], [2]),
    (["--id", "k3v9qd"], [0, 1, 2]),
    (["--id", "brief"], [0, 1]), (["--id", "a/\(first)"], [0, 1, 2]), (["--id", "\(first),3d@host.4"], [0, 1, 2]),
    (["--id", "20261126T1"], [2]), (["--id", "K3V9QD-br"], [0, 1, 2]), (["--since", "2026-11-25T10:00:01Z"], [1, 2]),
    (["--since", "2026-11-25T10:00:01Z", "--queue", "a"], [1]),
  ]

  @Test(arguments: filters) func aFilterLetsThroughWhatItSays(_ options: [String], _ expected: [Int]) throws {
    let scratch = try spool(Self.lines)
    let ran = try scratch.run("spool", ["tail", "--no-follow", "--json"] + options)
    #expect(ran.status == 0 && ran.error.isEmpty)
    #expect(ran.output.split(separator: "\n").map(String.init) == expected.map { Self.lines[$0] })
  }

  @Test func aLineSaysWhoseItIsAndIsWholeWhereAProgramReadsIt() throws {
    let scratch = try spool(Self.lines)
    let ran = try scratch.run("spool", ["tail", "--no-follow", "-n", "1"])
    #expect(ran.output == "2026-11-26T10:00:00.000001Z gateway new b/\(Self.second) from anna asked by \(Self.first)\n")
  }

  @Test func whatIsNotThereIsNotWaitedFor() throws {
    let scratch = try spool(Self.lines)
    #expect(try scratch.run("spool", ["tail", "--queue", "nosuch"]).status == 69)
    let unknown = try scratch.run("spool", ["tail", "--id", "zzzzzz"])
    #expect(unknown.status == 1 && unknown.error.contains("zzzzzz: no entry is called that"))
    // It is there, though no line of it passes the rest.
    #expect(try scratch.run("spool", ["tail", "--no-follow", "--id", "k3v9qd", "--event", "fail"]).status == 0)
    let wrong = try scratch.run("spool", ["tail", "--since", "yesterday"])
    #expect(wrong.status == 64 && wrong.error.contains(": see spool tail --help"))
  }

  /// At a terminal of so many columns.
  private func atTerminal(_ scratch: Scratch, _ columns: Int, _ command: String, _ environment: [String: String] = [:])
    throws -> String
  {
    let words = "stty cols \(columns); \(Scratch.binaries)/spindle spool \(command)"
    let ran = try scratch.run(
      "/usr/bin/script", ["-qec", words, "/dev/null"],
      environment: ["TERM": "xterm"].merging(environment) { _, new in new })
    return ran.output.replacingOccurrences(of: "\r\n", with: "\n")
  }

  @Test func atATerminalItIsColouredAndNoWiderThanThat() throws {
    let scratch = try spool(Self.lines)
    let coloured = try atTerminal(scratch, 60, "tail --no-follow")
    #expect(coloured.contains("\u{1B}[33mwait"))
    let plain = try atTerminal(scratch, 60, "tail --no-follow", ["NO_COLOR": "1"])
    #expect(!plain.contains("\u{1B}") && plain.contains("a/k3v9qd-brief") && plain.contains("2026-11-25\n"))
    #expect(plain.split(separator: "\n").allSatisfy { $0.count <= 60 } && plain.contains("…"))
    #expect(!(try atTerminal(scratch, 60, "tail --no-follow", ["TERM": "dumb"]).contains("\u{1B}")))
  }

  @Test func itFollowsOverMidnightAndThroughAReplacedFile() throws {
    let scratch = try spool(Self.lines)
    let fifo = "\(scratch.path)/out"
    mkfifo(fifo, 0o600)
    let tail = try scratch.start(
      "/bin/sh", ["-c", "exec \(Scratch.binaries)/spindle spool tail --json -n 1 >\(fifo)"])
    let reader = try #require(FileHandle(forReadingAtPath: fifo))
    func line() -> String {
      var bytes = Data()
      while let byte = try? reader.read(upToCount: 1), byte.count == 1, byte[0] != 10 { bytes += byte }
      return String(decoding: bytes, as: UTF8.self)
    }
    #expect(line() == Self.lines[2])
    scratch.write("spool/journal/2026-11-27.jsonl", Self.lines[0] + "\n")
    #expect(line() == Self.lines[0])
    scratch.write("spool/journal/new", Self.lines[1] + "\n" + Self.lines[2] + "\n")
    rename("\(scratch.path)/spool/journal/new", "\(scratch.path)/spool/journal/2026-11-27.jsonl")
    #expect(line() == Self.lines[1] && line() == Self.lines[2])
    tail.signal(SIGTERM)
    #expect(tail.finish().status == 0)
  }

  @Test func theAgeOfWhatWaitsIsCountedInEachRoom() throws {
    let scratch = Scratch()
    try scratch.run("spool", ["init", "letters"])
    try scratch.run("spool", ["put", "letters", "--lines"], input: "1\n2\n3\n")
    scratch.write("spool/letters/drop/.hidden", "x")
    scratch.write("spool/letters/bad/no entry", "x")
    // Of a child of a fan-out too.
    let id = scratch.names("spool/letters/new")[0]
    rename("\(scratch.path)/spool/letters/new/\(id)", "\(scratch.path)/spool/letters/hold/\(id),2d")
    let later = Calendar(identifier: .gregorian).date(byAdding: .hour, value: 2, to: Date())!
    let now = ["SPOOL_NOW": ISO8601DateFormatter().string(from: later)]
    let table = try scratch.run("spool", ["age"], environment: now).output.split(separator: "\n")
    let counts = table.map { $0.split(separator: " ").prefix(11).joined(separator: " ") }
    #expect(counts[0].hasPrefix("queue room T 1m 5m 20m 1h 4h 1d 1w 1w+"))
    #expect(counts[1].hasPrefix("TOTAL 4 . . . . 4"))
    #expect(counts[2].hasPrefix("letters new 2 . . . . 2"))
    #expect(counts[3].hasPrefix("letters hold 1 . . . . 1"))
    #expect(counts[4].hasPrefix("letters bad 1 . . . . 1"))
    let json = try scratch.run("spool", ["age", "--json"], environment: now).output.split(separator: "\n")
    #expect(json.count == 3 && json[0].contains(#""counts":[0,0,0,0,2,0,0,0]"#) && json[0].contains(#""total":2"#))
    let narrow = try atTerminal(scratch, 80, "age", now)
    #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= 80 + 8 })
  }
}
