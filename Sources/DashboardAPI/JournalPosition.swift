import Spool

/// A place between two lines of the journal: `2026-11-26:4711`. It holds after a restart, and for whoever reads the same spool.
public struct JournalPosition: Equatable, Comparable, Sendable, CustomStringConvertible {
  /// `2026-11-26`.
  public var day: String
  /// In bytes.
  public var offset: Int

  public init(day: String, offset: Int) {
    self.day = day
    self.offset = offset
  }

  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, Self.isDay(parts[0]), (1...18).contains(parts[1].utf8.count),
      parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let offset = Int(parts[1])
    else { return nil }
    self.init(day: String(parts[0]), offset: offset)
  }

  static func isDay(_ text: Substring) -> Bool {
    text.utf8.count == 10
      && text.utf8.enumerated().allSatisfy { place, byte in
        place == 4 || place == 7 ? byte == UInt8(ascii: "-") : (48...57).contains(byte)
      }
  }

  /// Before the first line of all.
  static let beginning = JournalPosition(day: "0000-00-00", offset: 0)

  static let suffix = ".jsonl"
  var fileName: String { day + Self.suffix }
  public var description: String { "\(day):\(offset)" }

  public static func < (left: JournalPosition, right: JournalPosition) -> Bool {
    (left.day, left.offset) < (right.day, right.offset)
  }
}
