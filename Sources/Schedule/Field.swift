/// One of the five fields, and how its text is read: as Debian's cron(8) reads it, but where cron passes over what it does not
/// understand (`5;3`, `1-5-7`), or takes what never comes (`50-10`), that is a fault here.
struct Field {
  let name: String
  let low: Int
  let high: Int
  /// In the order of their numbers, from `low`.
  var names: [String] = []

  static let minute = Field(name: "minute", low: 0, high: 59)
  static let hour = Field(name: "hour", low: 0, high: 23)
  static let day = Field(name: "day of the month", low: 1, high: 31)
  static let month = Field(
    name: "month", low: 1, high: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
  static let weekday = Field(
    name: "day of the week", low: 0, high: 7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
  static let all = [minute, hour, day, month, weekday]

  private var expected: String {
    "\(low)-\(high)" + (names.isEmpty ? "" : " or \(names[0])-\(names[names.count - 1])")
  }

  /// - Parameter text: a slice of its line, so that its indices are the columns.
  func read(_ text: ArraySlice<UInt8>, line: Int) throws(Fault) -> UInt64 {
    var bits: UInt64 = 0
    var place = text.startIndex
    while true {
      bits |= try element(text, &place, line)
      if place == text.endIndex { return bits }
      guard text[place] == UInt8(ascii: ",") else {
        throw Fault(
          line: line, column: place + 1, what: "\"\(String(decoding: text[place...], as: UTF8.self))\" in a \(name)",
          expected: "a comma or a blank")
      }
      place += 1
    }
  }

  private func element(_ text: ArraySlice<UInt8>, _ place: inout Int, _ line: Int) throws(Fault) -> UInt64 {
    let start = place
    func at(_ sign: Unicode.Scalar) -> Bool { place < text.endIndex && text[place] == UInt8(ascii: sign) }
    var (first, last) = (low, high)
    if at("*") {
      place += 1
    } else {
      first = try number(text, &place, line)
      last = first
      if at("/") {
        throw Fault(
          line: line, column: place + 1, what: "a step behind a single \(name)", expected: "\(first)-\(high)/STEP")
      }
      if !at("-") { return 1 << UInt64(first) }
      place += 1
      last = try number(text, &place, line)
      if last < first {
        // Sunday is 7 as well, at the end of a range.
        let expected = names.count == 7 && last == 0 ? "\(first)-7" : "the smaller one first, or two ranges"
        throw Fault(
          line: line, column: start + 1,
          what: "\(String(decoding: text[start..<place], as: UTF8.self)) runs backwards", expected: expected)
      }
    }
    var step = 1
    if at("/") {
      place += 1
      let digits = text[place...].prefix { (48...57).contains($0) }
      guard let read = Int(String(decoding: digits, as: UTF8.self)), read > 0, read <= 1000 else {
        throw Fault(line: line, column: place + 1, what: "no step", expected: "/ and a number from 1 on")
      }
      place = digits.endIndex
      step = read
    }
    return stride(from: first, through: last, by: step).reduce(0) { $0 | 1 << UInt64($1) }
  }

  private func number(_ text: ArraySlice<UInt8>, _ place: inout Int, _ line: Int) throws(Fault) -> Int {
    let word = text[place...].prefix { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }
    let said = String(decoding: word, as: UTF8.self)
    func refusal() -> Fault {
      let found = word.isEmpty ? String(decoding: text[place...].prefix(1), as: UTF8.self) : said
      return Fault(line: line, column: place + 1, what: "\"\(found)\" is no \(name)", expected: expected)
    }
    if let index = names.firstIndex(of: said.lowercased()) {
      place = word.endIndex
      return low + index
    }
    guard let number = Int(said), (low...high).contains(number) else { throw refusal() }
    place = word.endIndex
    return number
  }
}

extension CalendarTimes {
  /// - Parameter texts: the five fields, slices of their line.
  /// - Parameter fault: told of each fault.
  init?(_ texts: [ArraySlice<UInt8>], line: Int, fault: (Fault) -> Void) {
    var sets: [UInt64] = []
    for (field, text) in zip(Field.all, texts) {
      do { sets.append(try field.read(text, line: line)) } catch { fault(error) }
    }
    guard sets.count == 5 else { return nil }
    func begins(_ field: Int) -> Bool { texts[field].first == UInt8(ascii: "*") }
    // 0 and 7 are Sunday.
    let weekdays = (sets[4] | sets[4] >> 7) & 0x7F
    self.init(
      minutes: sets[0], hours: sets[1], days: sets[2], months: sets[3], weekdays: weekdays,
      bothDaysMatch: begins(2) || begins(4), isWildcard: begins(0) || begins(1))
    if everComes { return }
    fault(
      Fault(
        line: line, column: texts[2].startIndex + 1, what: "such a day never comes",
        expected: "a day that one of the months has"))
    return nil
  }

  /// What stands for five fields.
  static func named(_ word: String) -> CalendarTimes? {
    let fields: String
    switch word {
    case "yearly", "annually": fields = "0 0 1 1 *"
    case "monthly": fields = "0 0 1 * *"
    case "weekly": fields = "0 0 * * 0"
    case "daily", "midnight": fields = "0 0 * * *"
    case "hourly": fields = "0 * * * *"
    default: return nil
    }
    return CalendarTimes(fields.utf8.split(separator: 32).map { ArraySlice($0) }, line: 0) { _ in }
  }
}
