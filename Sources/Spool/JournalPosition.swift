/// A place between two lines of the journal: `2026-11-26:4711`. It holds after a restart, and for whoever reads the same spool.
public struct JournalPosition: Equatable, Comparable, Sendable, CustomStringConvertible {
  /// What its reader has had of the day that he reads, and of the one before, to which somebody may still write.
  var place: DayPlace
  var before: DayPlace?

  public var day: String { place.day }
  /// In bytes.
  public var offset: Int { place.offset }

  public init(day: String, offset: Int) { self.init(DayPlace(day: day, offset: offset)) }

  init(_ place: DayPlace) { self.place = place }

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
  public static let beginning = JournalPosition(day: "0000-00-00", offset: 0)

  static let suffix = ".jsonl"
  public var description: String { "\(day):\(offset)" }

  public static func == (left: JournalPosition, right: JournalPosition) -> Bool {
    (left.day, left.offset) == (right.day, right.offset)
  }

  public static func < (left: JournalPosition, right: JournalPosition) -> Bool {
    (left.day, left.offset) < (right.day, right.offset)
  }
}

/// A place in one day's file.
struct DayPlace: Sendable {
  var day: String
  var offset = 0
  /// The file's, where it was read already.
  var inode: UInt64?
  /// Whether the bytes before `offset` are a line's that is longer than any of ours: its rest is none.
  var isInside = false

  /// Whether it is one there: not where the file was cut, or is another one by now.
  func holds(in file: File, _ status: FileStatus) throws(Failure) -> Bool {
    if offset == 0 { return true }
    if offset > status.size { return false }
    if let inode { if inode != status.inode { return false } }
    if isInside { return true }
    try file.seek(to: offset - 1)
    return try file.readAll(size: 1) == [10]
  }
}
