import Glibc
import Spool

/// A point in time by the clock on the wall.
struct LocalTime {
  /// `2026-11-23`.
  var day: String
  /// Since midnight.
  var minute: Int

  init(_ time: Timestamp) {
    var seconds = Int(time.nanoseconds / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    day = "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    minute = Int(parts.tm_hour * 60 + parts.tm_min)
  }
}
