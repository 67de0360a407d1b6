/// A day of the proleptic Gregorian calendar, by itself: no zone, no clock.
struct CivilDate {
  var year: Int
  /// 1 to 12.
  var month: Int
  /// 1 to 31.
  var day: Int
  /// 0 to 6, from Sunday.
  var weekday: Int

  /// - Parameter days: since 1970-01-01. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": a year from March on,
  ///   so that the leap day is its last.
  init(days: Int) {
    let shifted = days + 719_468
    let era = floored(shifted, by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    // 1970-01-01 was a Thursday.
    weekday = days + 4 - floored(days + 4, by: 7) * 7
  }

  var daysInMonth: Int { Self.daysInMonth(month, ofLeapYear: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) }

  static func daysInMonth(_ month: Int, ofLeapYear isLeap: Bool) -> Int {
    month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }
}

/// Division that rounds down, below zero too.
func floored(_ number: Int, by divisor: Int) -> Int {
  number >= 0 ? number / divisor : -((divisor - 1 - number) / divisor)
}
