import Glibc

/// Reads the journal's lines: as they are written, over midnight, or from its end back (`last`).
///
/// A file that was truncated, or that another has replaced, is read from its beginning. A line is given as it stands: what is no
/// line of the journal's, its reader passes over.
public struct JournalReader {
  let directory: Directory
  /// The file that is being read, and the first byte of it that was not given yet.
  var day = ""
  var offset = 0
  var inode: UInt64?
  /// Whether the bytes before `offset` are a line's that is longer than any of ours: its rest is none.
  private var isInside = false

  /// Lines have 64 KiB at most (`Journal.lineLimit`).
  static let block = 1 << 20

  public init(directory: Directory) { self.directory = directory }

  /// The next whole lines, a block of them at most; none where there are no more for now. The first call begins with the last
  /// day.
  public mutating func next() throws(Failure) -> [String] {
    let days = try days()
    if day.isEmpty { day = days.last ?? "" }
    for name in days where name >= day {
      if name != day { (day, offset, inode, isInside) = (name, 0, nil, false) }
      let lines = try nextOfDay()
      if !lines.isEmpty { return lines }
    }
    return []
  }

  private mutating func nextOfDay() throws(Failure) -> [String] {
    guard let file = try directory.open(day) else { return [] }
    let status = try file.status()
    guard status.isRegular else { return [] }
    if inode.map({ $0 != status.inode }) == true || status.size < offset { (offset, isInside) = (0, false) }
    inode = status.inode
    while offset < status.size {
      try file.seek(to: offset)
      let bytes = try file.readAll(size: min(Self.block, status.size - offset))
      guard let end = bytes.lastIndex(of: 10) else {
        if bytes.count < Self.block { return [] }
        (offset, isInside) = (offset + bytes.count, true)
        continue
      }
      offset += end + 1
      var whole = bytes[...end]
      if isInside { whole = whole[(whole.firstIndex(of: 10)! + 1)...] }
      isInside = false
      if !whole.isEmpty { return whole.split(separator: 10).map { String(decoding: $0, as: UTF8.self) } }
    }
    return []
  }

  /// `2026-11-26.jsonl`, in their order.
  func days() throws(Failure) -> [String] {
    try directory.names().filter { name in
      name.utf8.count == 16 && name.hasSuffix(".jsonl")
        && name.utf8.prefix(10).allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    }.sorted()
  }
}
