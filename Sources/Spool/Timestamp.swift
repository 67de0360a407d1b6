import Glibc

/// A point in time: nanoseconds since 1970-01-01 UTC.
public struct Timestamp: Comparable, Hashable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
  /// The time as every tool sees it: the clock's, or `SPOOL_NOW`.
  public static var now: Timestamp { Kernel.now() }

  /// Clamped to what nanoseconds can hold: the years 1677 to 2262.
  public init(seconds: Int64) { nanoseconds = Duration.seconds(seconds).nanoseconds }
  init(_ time: timespec) { self = Timestamp(seconds: Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec)) }

  /// Parses RFC 3339: `2026-11-23T17:20:44.120773Z`, with any offset and any number of decimals.
  public init?(rfc3339 text: some StringProtocol) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
      guard range.upperBound <= bytes.count else { return nil }
      return bytes[range].reduce(0 as Int?) { sum, byte in
        (48...57).contains(byte) ? sum.map { $0 * 10 + Int(byte - 48) } : nil
      }
    }
    guard bytes.count >= 20, bytes[4] == 45, bytes[7] == 45, [84, 116, 32].contains(bytes[10]),
      bytes[13] == 58, bytes[16] == 58,
      let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19)
    else { return nil }
    var rest = 19
    var fraction: Int64 = 0
    if bytes[rest] == 46 {
      let digits = bytes[(rest + 1)...].prefix { (48...57).contains($0) }
      if digits.isEmpty { return nil }
      for place in 0..<9 {
        fraction = fraction * 10 + (place < digits.count ? Int64(digits[digits.startIndex + place] - 48) : 0)
      }
      rest += 1 + digits.count
    }
    var offset = 0
    guard rest < bytes.count else { return nil }
    switch bytes[rest] {
    case 90, 122: if rest + 1 != bytes.count { return nil }
    case 43, 45:
      guard rest + 6 == bytes.count, bytes[rest + 3] == 58, let hours = number(rest + 1..<rest + 3),
        let minutes = number(rest + 4..<rest + 6), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (bytes[rest] == 45 ? -1 : 1)
    default: return nil
    }
    guard let seconds = Self.seconds(year, month, day, hour, minute, second) else { return nil }
    // Past 2262 is as good as never: clamped.
    let whole = Timestamp(seconds: seconds - Int64(offset)).nanoseconds
    nanoseconds = whole.addingReportingOverflow(fraction).overflow ? whole : whole + fraction
  }

  /// UTC, to the microsecond: `2026-11-23T17:20:44.120773Z`.
  public var rfc3339: String { format(separated: true, toMicroseconds: true) }

  /// UTC, to the second, for people: `2026-11-23T17:20:44Z`.
  public var rfc3339Seconds: String { format(separated: true, toMicroseconds: false) }

  /// The stamp that begins an entry's name: `20261123T172044.120773Z`. Fixed width, so names sort by it.
  public var stamp: String { format(separated: false, toMicroseconds: true) }

  /// Parses what `stamp` prints.
  public init?(stamp text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 23, bytes.allSatisfy({ $0 < 128 }), bytes[8] == 84, bytes[15] == 46, bytes[22] == 90 else {
      return nil
    }
    func part(_ from: Int, _ to: Int) -> String { String(decoding: bytes[from..<to], as: UTF8.self) }
    self.init(
      rfc3339: "\(part(0, 4))-\(part(4, 6))-\(part(6, 8))T\(part(9, 11)):\(part(11, 13)):\(part(13, 23))")
  }

  private func format(separated: Bool, toMicroseconds: Bool) -> String {
    var seconds = Int(nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000)
    let micros = (nanoseconds - Int64(seconds) * 1_000_000_000) / 1000
    var parts = tm()
    gmtime_r(&seconds, &parts)
    // Written as bytes: several of these are made for each entry.
    return String(unsafeUninitializedCapacity: 32) { text in
      var count = 0
      func put(_ character: Unicode.Scalar) {
        text[count] = UInt8(ascii: character)
        count += 1
      }
      func put(_ number: Int32, _ width: Int) {
        var rest = number
        for place in stride(from: count + width - 1, through: count, by: -1) {
          text[place] = 48 + UInt8(rest % 10)
          rest /= 10
        }
        count += width
      }
      put(parts.tm_year + 1900, 4)
      if separated { put("-") }
      put(parts.tm_mon + 1, 2)
      if separated { put("-") }
      put(parts.tm_mday, 2)
      put("T")
      put(parts.tm_hour, 2)
      if separated { put(":") }
      put(parts.tm_min, 2)
      if separated { put(":") }
      put(parts.tm_sec, 2)
      if toMicroseconds {
        put(".")
        put(Int32(micros), 6)
      }
      put("Z")
      return count
    }
  }

  private static func seconds(_ y: Int, _ mo: Int, _ d: Int, _ h: Int, _ mi: Int, _ s: Int) -> Int64? {
    var parts = tm()
    parts.tm_year = Int32(y - 1900)
    parts.tm_mon = Int32(mo - 1)
    parts.tm_mday = Int32(d)
    parts.tm_hour = Int32(h)
    parts.tm_min = Int32(mi)
    parts.tm_sec = Int32(s)
    let asked = parts
    let seconds = timegm(&parts)
    // timegm normalises 31 February; a leap second is taken as the next second.
    guard parts.tm_mday == asked.tm_mday && parts.tm_mon == asked.tm_mon && h < 24 && mi < 60 || s == 60 else {
      return nil
    }
    return s <= 60 ? Int64(seconds) : nil
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

  public static func + (time: Timestamp, span: Duration) -> Timestamp {
    let (sum, overflow) = time.nanoseconds.addingReportingOverflow(span.nanoseconds)
    return Timestamp(nanoseconds: overflow ? (span < .zero ? .min / 2 : .max / 2) : sum)
  }

  public static func - (left: Timestamp, right: Timestamp) -> Duration {
    let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
    return .nanoseconds(overflow ? (left < right ? .min / 2 : .max / 2) : difference)
  }

  public static func - (time: Timestamp, span: Duration) -> Timestamp {
    time + .nanoseconds(-span.nanoseconds)
  }
}

extension Duration {
  /// Whole nanoseconds, clamped to 292 years.
  public var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    // Not to the last second, so that what is added to it does not overflow at once.
    return overflow ? (seconds < 0 ? .min / 2 : .max / 2) : product + attoseconds / 1_000_000_000
  }

  /// Parses `90s`, `20m`, `4h`, `1d`, `500ms`, or several in a row: `2h30m`. A bare number is refused: its unit
  /// would be a guess.
  public init?(_ text: some StringProtocol) {
    var total = Duration.zero
    var rest = text[...]
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let count = Int(digits), count < 1_000_000_000 else { return nil }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !$0.isNumber }
      rest = rest.dropFirst(unit.count)
      switch unit {
      case "ms": total += .milliseconds(count)
      case "s": total += .seconds(count)
      case "m", "min": total += .seconds(count * 60)
      case "h": total += .seconds(count * 3600)
      case "d": total += .seconds(count * 86400)
      default: return nil
      }
    }
    guard total > .zero || text == "0s" else { return nil }
    self = total
  }

  /// As a person says it, in its two largest units: `3 d 4 h`, `2 h 13 m`, `45 s`, `0.3 s`.
  public var spoken: String {
    let seconds = max(0, nanoseconds / 1_000_000_000)
    switch seconds {
    case 86400...: return "\(seconds / 86400) d" + (seconds % 86400 >= 3600 ? " \(seconds % 86400 / 3600) h" : "")
    case 3600...: return "\(seconds / 3600) h" + (seconds % 3600 >= 60 ? " \(seconds % 3600 / 60) m" : "")
    case 60...: return "\(seconds / 60) m" + (seconds % 60 > 0 ? " \(seconds % 60) s" : "")
    case 1...: return "\(seconds) s"
    default: return nanoseconds < 100_000_000 ? "0 s" : "0.\(nanoseconds / 100_000_000) s"
    }
  }
}
