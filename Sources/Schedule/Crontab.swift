import Glibc
import Spool

/// A crontab: what Debian's cron(8) reads as a user's, and CRON_TZ, CATCH_UP, `@every` and `@queue`.
public struct Crontab: Sendable {
  public private(set) var entries: [CrontabEntry] = []
  /// All that is wrong with it. With one, none of it counts.
  public private(set) var faults: [Fault] = []

  private var environment: [String: String] = [:]
  private var zone = Zone.local
  private var catchUp = CatchUp.skip

  /// As long as a crontab may be, in bytes.
  static let limit = 1 << 20

  public init(_ bytes: [UInt8]) {
    var start = 0
    var number = 0
    while start < bytes.count {
      number += 1
      let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
      read(Line(number: number, bytes: Array(bytes[start..<end])))
      if end == bytes.count {
        // cron ignores such a file. One that is being written looks like this.
        add(Fault(line: number, column: end - start + 1, what: "the file ends within a line", expected: "a newline"))
      }
      start = end + 1
    }
    var seen: [String: Int] = [:]
    for place in entries.indices {
      let key = entries[place].key
      entries[place].twin = seen[key, default: 0]
      seen[key, default: 0] += 1
    }
  }

  /// - Throws: where it cannot be read at all.
  public static func file(_ path: String) throws(Failure) -> [UInt8] {
    let file: File
    do { file = File(try Kernel.open(path, in: nil, O_RDONLY), path: path) } catch {
      if error == .noSuchFileOrDirectory {
        throw Failure(.configuration, path, "there is no crontab", do: "write it, or name another file")
      }
      throw Failure(.configuration, path, "cannot be opened: \(error)", do: "write it, or name another file")
    }
    guard try file.status().isRegular, let bytes = try file.readAll(limit: limit) else {
      throw Failure(.configuration, path, "is no file, or longer than \(limit) bytes", do: "name a crontab")
    }
    return bytes
  }

  private struct Line {
    var number: Int
    var bytes: [UInt8]

    func skipBlanks(from place: Int) -> Int {
      bytes[place...].firstIndex { $0 != 32 && $0 != 9 } ?? bytes.count
    }
    func skipWord(from place: Int) -> Int { bytes[place...].firstIndex { $0 == 32 || $0 == 9 } ?? bytes.count }
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    func fault(at place: Int, _ what: String, expected: String) -> Fault {
      Fault(line: number, column: place + 1, what: what, expected: expected)
    }
  }

  private mutating func add(_ fault: Fault) { faults.append(fault) }

  private mutating func read(_ line: Line) {
    let begin = line.skipBlanks(from: 0)
    if begin == line.bytes.count || line.bytes[begin] == UInt8(ascii: "#") { return }
    if let place = line.bytes.firstIndex(of: 0) {
      return add(line.fault(at: place, "a NUL byte", expected: "text"))
    }
    if String(validating: line.bytes, as: UTF8.self) == nil {
      return add(line.fault(at: begin, "this line is no UTF-8", expected: "UTF-8"))
    }
    if line.bytes.last == 13 {
      return add(line.fault(at: line.bytes.count - 1, "a carriage return", expected: "a newline alone"))
    }
    if let setting = Setting(line.bytes[begin...]) { return set(setting, line) }
    if line.bytes[begin] == UInt8(ascii: "@") { return readWord(line, from: begin) }
    readFields(line, from: begin)
  }

  private mutating func set(_ setting: Setting, _ line: Line) {
    environment[setting.name] = setting.value
    switch setting.name {
    case "CRON_TZ":
      if let named = setting.value.isEmpty ? .local : Zone(named: setting.value) {
        zone = named
        return
      }
      add(
        Fault(
          line: line.number, column: setting.column, what: "\"\(setting.value)\" is no time zone",
          expected: "a name below \(Zone.directory), such as Europe/Berlin"))
    case "CATCH_UP":
      do { catchUp = try CatchUp(setting.value, line: line.number, column: setting.column) } catch { add(error) }
    default: break
    }
  }

  private mutating func readFields(_ line: Line, from begin: Int) {
    var fields: [ArraySlice<UInt8>] = []
    var place = begin
    for field in Field.all {
      if place == line.bytes.count { return refuse(line, begin, fields, missing: field) }
      let end = line.skipWord(from: place)
      fields.append(line.bytes[place..<end])
      place = line.skipBlanks(from: end)
    }
    if let missing = missing(line, begin) { return add(missing) }
    var found: [Fault] = []
    let times = CalendarTimes(fields, line: line.number) { found.append($0) }
    faults += found
    let schedule = fields.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    finish(line, times.map { .calendar($0) }, schedule, from: place)
  }

  /// Too few fields; what is wrong with those that are there says more.
  private mutating func refuse(_ line: Line, _ begin: Int, _ fields: [ArraySlice<UInt8>], missing field: Field) {
    if let missing = missing(line, begin) { return add(missing) }
    let before = faults.count
    for (field, text) in zip(Field.all, fields) {
      do { _ = try field.read(text, line: line.number) } catch { add(error) }
    }
    if faults.count > before { return }
    add(line.fault(at: line.bytes.count, "no \(field.name)", expected: "five fields and a command"))
  }

  /// A setting that is none, by what stands where.
  private func missing(_ line: Line, _ begin: Int) -> Fault? {
    guard let sign = line.bytes.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    let name = line.bytes[begin..<sign]
    guard let first = name.first(where: { $0 != 34 && $0 != 39 }),
      first == UInt8(ascii: "_") || (65...90).contains(first & 0xDF),
      line.skipBlanks(from: line.skipWord(from: begin)) >= sign
    else { return nil }
    let value = line.skipBlanks(from: sign + 1)
    if value == line.bytes.count {
      return line.fault(at: value, "a setting without a value", expected: "\"\" for an empty one")
    }
    return line.fault(at: value, "this is no value", expected: "one pair of quotes around all of it, or none")
  }

  private mutating func readWord(_ line: Line, from begin: Int) {
    let end = line.skipWord(from: begin)
    let word = line.text(begin + 1..<end)
    var place = line.skipBlanks(from: end)
    if word == "every" || word == "queue" {
      let argumentEnd = line.skipWord(from: place)
      let argument = line.text(place..<argumentEnd)
      let trigger = word == "every" ? every(argument, line, place) : queue(argument, line, place)
      place = line.skipBlanks(from: argumentEnd)
      return finish(line, trigger, "@\(word) \(argument)", from: place)
    }
    let trigger: CrontabEntry.Trigger? = word == "reboot" ? .reboot : CalendarTimes.named(word).map { .calendar($0) }
    if trigger == nil {
      add(
        line.fault(
          at: begin, "\"@\(word)\" is no time",
          expected:
            "@reboot, @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every SPAN or @queue NAME"))
    }
    finish(line, trigger, "@\(word)", from: place)
  }

  private mutating func every(_ argument: String, _ line: Line, _ place: Int) -> CrontabEntry.Trigger? {
    // Longer than a year is a date's business; what is counted in nanoseconds must end somewhere.
    if let span = Duration(argument), span >= .seconds(1), span <= .seconds(86400 * 366) { return .every(span) }
    add(line.fault(at: place, "\"\(argument)\" is no span", expected: "1s to 366d, such as 5m or 1h30m"))
    return nil
  }

  private mutating func queue(_ argument: String, _ line: Line, _ place: Int) -> CrontabEntry.Trigger? {
    if (try? SpoolDirectory.check(queueName: argument)) != nil { return .queue(argument) }
    add(line.fault(at: place, "\"\(argument)\" is no name of a queue", expected: "1 to 64 characters of a-z 0-9 - _"))
    return nil
  }

  /// - Parameter trigger: nil where it has a fault already.
  private mutating func finish(_ line: Line, _ trigger: CrontabEntry.Trigger?, _ schedule: String, from place: Int) {
    if place == line.bytes.count {
      return add(line.fault(at: place, "no command", expected: "a command behind the times"))
    }
    if line.bytes[place] == UInt8(ascii: "*") {
      return add(line.fault(at: place, "a command that begins with *", expected: "a command behind five fields"))
    }
    guard let trigger else { return }
    entries.append(
      CrontabEntry(
        line: line.number, trigger: trigger, schedule: schedule, zone: zone,
        command: CommandText(line.text(place..<line.bytes.count)), environment: environment, catchUp: catchUp))
  }
}
