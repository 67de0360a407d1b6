import Glibc
import Spool

/// A point in time by the clock on the wall.
package struct LocalTime {
  /// `2026-11-23`.
  package var day: String
  /// Since midnight.
  package var minute: Int

  package init(_ time: Timestamp) {
    let parts = Self.parts(of: time)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    day = "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    minute = Int(parts.tm_hour * 60 + parts.tm_min)
  }

  package static func midnight(before time: Timestamp) -> Timestamp {
    var parts = parts(of: time)
    parts.tm_hour = 0
    parts.tm_min = 0
    parts.tm_sec = 0
    parts.tm_isdst = -1
    return Timestamp(seconds: Int64(mktime(&parts)))
  }

  private static func parts(of time: Timestamp) -> tm {
    var seconds = Int(time.nanoseconds / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return parts
  }
}
