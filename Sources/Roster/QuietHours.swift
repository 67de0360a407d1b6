import Spool

/// A part of each day, by the local clock: `22:00-07:00`. Its end is not in it; it may go over midnight.
public struct QuietHours: Sendable, Equatable {
  /// In minutes since midnight.
  public var start: Int
  public var end: Int

  /// Nil where it is none, and where it would be no time at all, or all of it.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { $0.trimmed }
    guard parts.count == 2, let start = Self.minute(parts[0]), let end = Self.minute(parts[1]), start < 1440,
      start != end, (start, end) != (0, 1440)
    else { return nil }
    self.start = start
    self.end = end
  }

  /// `7:00` to `24:00`.
  private static func minute(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
      parts.joined().utf8.allSatisfy({ (48...57).contains($0) }), let hour = Int(parts[0]), let minute = Int(parts[1]),
      minute < 60, hour < 24 || (hour, minute) == (24, 0)
    else { return nil }
    return hour * 60 + minute
  }

  public func contains(minute: Int) -> Bool {
    start < end ? (start..<end).contains(minute) : minute >= start || minute < end
  }
}

extension QuietHours: CustomStringConvertible {
  public var description: String {
    func time(_ minute: Int) -> String {
      "\(minute / 60 < 10 ? "0" : "")\(minute / 60):\(minute % 60 < 10 ? "0" : "")\(minute % 60)"
    }
    return "\(time(start))-\(time(end))"
  }
}
