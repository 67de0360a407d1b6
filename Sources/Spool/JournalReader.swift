/// Reads the journal's lines: as they are written, over midnight, or from its end back (`last`).
///
/// A file that was truncated, or that another has replaced, is read from its beginning. A line is given as it stands: what is no
/// line of the journal's, its reader passes over.
public struct JournalReader {
  let feed: JournalFeed
  /// nil: nothing was read yet.
  var position: JournalPosition?

  /// Several of the longest lines.
  static let block = 1 << 20

  public init(directory: Directory) { feed = JournalFeed(directory: directory) }

  /// The next whole lines, a block of them at most; none where there are no more for now. The first call begins with the last
  /// day.
  public mutating func next() throws(Failure) -> [String] {
    var from: JournalPosition
    if let position {
      from = position
    } else {
      let today = JournalFeed.day(of: .now)
      from = try feed.days().last { $0 <= today }.map { JournalPosition(day: $0, offset: 0) } ?? .beginning
    }
    let lines = try feed.next(after: &from)
    position = from
    return lines.map { String(decoding: $0.bytes, as: UTF8.self) }
  }
}
