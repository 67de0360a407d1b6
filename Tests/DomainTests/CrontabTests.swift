import Spool
import Testing

@testable import Schedule

/// A crontab as Debian's cron reads it, and what is said of one that it is none.
@Suite struct CrontabTests {
  private func crontab(_ text: String) -> Crontab { Crontab(Array(text.utf8)) }

  private func times(_ fields: String) throws -> CalendarTimes {
    let read = crontab(fields + " x\n")
    guard case .calendar(let times) = try #require(read.entries.first).trigger else {
      throw Failure(.software, fields, "is no calendar's")
    }
    return times
  }

  private func members(_ bits: UInt64) -> [Int] { (0..<64).filter { bits & 1 << UInt64($0) != 0 } }

  @Test func fieldsAreListsOfRangesWithSteps() throws {
    let read = try times("*/20 1-3,5,20-23/2 1,31 jan,Mar-MAY,12 sun,3-fri")
    #expect(members(read.minutes) == [0, 20, 40])
    #expect(members(read.hours) == [1, 2, 3, 5, 20, 22])
    #expect(members(read.days) == [1, 31])
    #expect(members(read.months) == [1, 3, 4, 5, 12])
    #expect(members(read.weekdays) == [0, 3, 4, 5])
  }

  @Test(arguments: [
    ("7", [0]), ("5-7", [0, 5, 6]), ("0-7", [0, 1, 2, 3, 4, 5, 6]), ("*/7", [0]), ("*/2", [0, 2, 4, 6]),
  ])
  func zeroAndSevenAreSunday(_ field: String, _ days: [Int]) throws {
    #expect(members(try times("0 0 * * \(field)").weekdays) == days)
  }

  @Test func ofOneWithAStepIsOne() throws { #expect(members(try times("5-5/10 * * * *").minutes) == [5]) }

  @Test(arguments: [
    ("0 0 1 * 1", false), ("0 0 * * 1", true), ("0 0 1 * *", true), ("0 0 */2 * 1", true), ("0 0 1 * */2", true),
    ("0 0 *,1 * 1", true),
  ])
  func oneOfTheDayFieldsIsEnoughUnlessOneBeginsWithAStar(_ fields: String, _ both: Bool) throws {
    #expect(try times(fields).bothDaysMatch == both)
  }

  @Test(arguments: [
    ("0 7 * * *", false), ("* 7 * * *", true), ("*/5 7 * * *", true), ("0 * * * *", true), ("0-59 7 * * *", false),
    ("0 0-23 * * *", false), ("@hourly", true), ("@daily", false), ("@weekly", false),
  ])
  func aWildcardIsAStarInMinuteOrHour(_ fields: String, _ isWildcard: Bool) throws {
    #expect(try times(fields).isWildcard == isWildcard)
  }

  @Test(arguments: [
    ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"),
  ])
  func wordsStandForFields(_ word: String, _ fields: String) throws { #expect(try times(word) == times(fields)) }

  @Test func settingsHoldForTheLinesBelow() throws {
    let read = crontab(
      """
      # a comment
        \t# another
      A = 1
      \tB="  two  "\t
      'C D' = it's # no comment
      E='"f"'
      * * * * * first
      A=2

      CRON_TZ = "Asia/Tokyo"
      CATCH_UP = all 2h30m
        1 2 3 4 5 second # all of it
      CRON_TZ=""
      CATCH_UP=once
      @reboot third

      """)
    #expect(read.faults.isEmpty)
    #expect(read.entries.map(\.line) == [7, 12, 15])
    #expect(read.entries[0].environment == ["A": "1", "B": "  two  ", "C D": "it's # no comment", "E": "f"])
    #expect(read.entries[0].zone == .local && read.entries[0].catchUp == .skip)
    #expect(read.entries[1].environment["A"] == "2" && read.entries[1].zone.name == "Asia/Tokyo")
    #expect(read.entries[1].catchUp.kind == .all && read.entries[1].catchUp.maximumAge == .seconds(9000))
    #expect(read.entries[1].command.text == "second # all of it" && read.entries[1].schedule == "1 2 3 4 5")
    #expect(
      read.entries[2].zone == .local && read.entries[2].catchUp.kind == .once && read.entries[2].trigger == .reboot)
  }

  @Test func ourOwnWordsAreRead() throws {
    let read = crontab("@every 1h30m a b\n@queue inbox-main chat --once\n")
    #expect(read.entries.map(\.trigger) == [.every(.seconds(5400)), .queue("inbox-main")])
    #expect(read.entries.map(\.command.text) == ["a b", "chat --once"] && read.entries.allSatisfy(\.isAlone))
  }

  @Test(
    arguments: [
      ("a b", "a b", nil), ("a%", "a", ""), ("a%b", "a", "b\n"), ("a%b%%c%", "a", "b\n\nc\n"),
      (#"date +\%F"#, "date +%F", nil),
      (#"a \\ \n \"#, #"a \ \n \"#, nil), (#"cat%50\% \n \\%x"#, "cat", "50% \\n \\%x\n"),
      (#"cat%\"#, "cat", "\\"),
    ] as [(String, String, String?)])
  func aPercentSignBeginsTheInput(_ text: String, _ shell: String, _ input: String?) {
    let parts = CommandText(text).parts
    #expect(parts.shell == shell)
    #expect(parts.input.map { String(decoding: $0, as: UTF8.self) } == input)
  }

  @Test(arguments: [
    ("60 * * * * x", 1, "0-59"), ("* 24 * * * x", 3, "0-23"), ("* * 0 * * x", 5, "1-31"), ("* * 32 * * x", 5, "1-31"),
    ("* * * 0 * x", 7, "1-12 or jan-dec"), ("* * * janu * x", 7, "jan-dec"), ("* * * * 8 x", 9, "0-7 or sun-sat"),
    ("jan * * * * x", 1, "0-59"), ("  1,,2 * * * * x", 5, "0-59"), ("1, * * * * x", 3, "0-59"),
    ("5;3 * * * * x", 2, "a comma"),
    ("1-5-7 * * * * x", 4, "a comma"), ("*5 * * * * x", 2, "a comma"), ("1/20 * * * * x", 2, "1-59/STEP"),
    ("*/0 * * * * x", 3, "from 1 on"), ("*/ * * * * x", 3, "from 1 on"), ("*/-1 * * * * x", 3, "from 1 on"),
    ("50-10 * * * * x", 1, "smaller"), ("0 0 * * fri-sun x", 9, "5-7"), ("-1 * * * * x", 1, "0-59"),
    ("99999999999999999999 * * * * x", 1, "0-59"), ("0 0 31 2 * x", 5, "one of the months has"),
    ("0 0 31 4,6,9,11 * x", 5, "months has"), ("* * * *", 8, "five fields"), ("* * * * *", 10, "a command"),
    ("* * * * * * x", 11, "five fields"), ("@Daily x", 1, "@daily"), ("@daily", 7, "a command"),
    ("@every 5 x", 8, "such as 5m"),
    ("@every 0s x", 8, "1s to"), ("@every 400d x", 8, "366d"), ("@queue A/b x", 8, "a-z"),
    ("@queue journal x", 8, "a-z"),
    ("FOO=", 5, "\"\""), ("FOO = ", 7, "\"\""), ("FOO=\"a\" b", 5, "quotes"), ("FOO=\"a", 5, "quotes"),
    ("CRON_TZ=Mars/Base", 9, "Europe/Berlin"), ("CRON_TZ = ../../etc/passwd", 11, "Europe/Berlin"),
    ("CRON_TZ=Europe", 9, "Europe/Berlin"), ("CATCH_UP=all", 10, "all 2d"),
    ("CATCH_UP = never", 12, "skip, once or all"),
    ("CATCH_UP=skip 2h", 10, "nothing"), ("CATCH_UP=once soon", 10, "a span"), ("MAILTO", 1, "0-59"),
    ("* * * * * x\r", 12, "a newline alone"), ("* * * * * \0", 11, "text"), ("\u{65}nv x", 1, "0-59"),
  ])
  func whatIsWrongIsSaidWithItsColumn(_ line: String, _ column: Int, _ expected: String) throws {
    let read = crontab("# first\n\(line)\n* * * * * good\n")
    let fault = try #require(read.faults.first)
    #expect(fault.line == 2 && fault.column == column, "\(fault)")
    #expect(fault.expected.contains(expected), "\(fault)")
    #expect(read.entries.count <= 1)
  }

  @Test func allFaultsOfAFileAreSaid() {
    let read = crontab("60 24 * 13 8 x\n\nA=\n* * * * * half")
    #expect(read.faults.map { "\($0.line):\($0.column)" } == ["1:1", "1:4", "1:9", "1:12", "3:3", "4:15"])
    #expect(read.faults[0].description(in: "f") == "f:1:1: \"60\" is no minute: expected 0-59")
  }

  @Test func twinsHaveFilesOfTheirOwn() {
    let read = crontab("0 7 * * * a\n0 7 * * * a\n0  7 * * * a\nCRON_TZ=Asia/Tokyo\n0 7 * * * a\n")
    #expect(Set(read.entries.map(\.key)).count == 4)
    let moved = crontab("A=1\n0 7 * * * a\n")
    #expect(moved.entries[0].key == read.entries[0].key)
  }
}
