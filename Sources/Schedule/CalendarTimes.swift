/// The five fields of a crontab's line, as sets: which minutes of a local calendar match. It knows no zone, and finds the next match by
/// leaps over months, days and hours: what comes once in 28 years is found as fast as what comes tomorrow.
public struct CalendarTimes: Hashable, Sendable {
  /// Bit n: minute n, and so on.
  var minutes: UInt64
  var hours: UInt64
  var days: UInt64
  var months: UInt64
  /// Bits 0 to 6, from Sunday.
  var weekdays: UInt64
  /// A day field begins with `*`: then both must match, else one is enough.
  var bothDaysMatch: Bool
  /// The minute's or the hour's field begins with `*`: such an entry goes by the clock as it is, also where that was changed; the others
  /// have a fixed time of the day, which is neither lost nor repeated when it was.
  public var isWildcard: Bool

  /// 29 February may fall on a given weekday after 40 years (over 2100).
  private static let longestWait = 41 * 366

  /// The first match, in local minutes since 1970-01-01.
  func first(from start: Int, through end: Int = .max) -> Int? {
    var day = floored(start, by: 1440)
    var minute = start - day * 1440
    let lastDay = min(floored(end, by: 1440), day + Self.longestWait)
    while day <= lastDay {
      let date = CivilDate(days: day)
      if months & 1 << UInt64(date.month) == 0 {
        day += date.daysInMonth - date.day + 1
        minute = 0
        continue
      }
      if matches(date), let found = firstMinute(from: minute) {
        let match = day * 1440 + found
        return match <= end ? match : nil
      }
      day += 1
      minute = 0
    }
    return nil
  }

  private func matches(_ date: CivilDate) -> Bool {
    let ofMonth = days & 1 << UInt64(date.day) != 0
    let ofWeek = weekdays & 1 << UInt64(date.weekday) != 0
    return bothDaysMatch ? ofMonth && ofWeek : ofMonth || ofWeek
  }

  /// The first match of a day that matches.
  private func firstMinute(from minute: Int) -> Int? {
    let hour = minute / 60
    if hours & 1 << UInt64(hour) != 0, let found = Self.lowest(minutes, from: minute % 60) { return hour * 60 + found }
    guard let later = Self.lowest(hours, from: hour + 1), let found = Self.lowest(minutes, from: 0) else { return nil }
    return later * 60 + found
  }

  private static func lowest(_ bits: UInt64, from place: Int) -> Int? {
    let rest = bits >> UInt64(place)
    return rest == 0 ? nil : place + rest.trailingZeroBitCount
  }

  /// Whether there is such a day at all: 31 February is none.
  var everComes: Bool {
    if !bothDaysMatch { return true }
    return (1...12).contains { month in
      let last = CivilDate.daysInMonth(month, ofLeapYear: true)
      return months & 1 << UInt64(month) != 0 && days & ((1 << UInt64(last + 1)) - 2) != 0
    }
  }
}
