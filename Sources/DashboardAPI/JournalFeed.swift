import Glibc
import Spool

/// Reads the journal from any place on, a block at a time, over midnight and over files that were cut or replaced. It keeps nothing:
/// who reads has a position (`JournalReader` is one reader who keeps his).
struct JournalFeed {
  let directory: Directory

  struct Line {
    /// One JSON object, without its newline.
    var bytes: ArraySlice<UInt8>
    /// Behind it.
    var end: JournalPosition
  }

  /// As long as a line may be, twice.
  static let block = 131_072

  /// The next whole lines, as many as there are in a block; none: there are no more yet. What is no line of the journal is left out.
  func next(after position: inout JournalPosition) throws(Failure) -> [Line] {
    while true {
      // Before the file is read to its end: what was written to it until then is seen.
      let later = try days().first { $0 > position.day }
      let start = position
      let lines = try block(after: &position)
      if !lines.isEmpty { return lines }
      if position != start { continue }
      guard let later else { return [] }
      position = JournalPosition(day: later, offset: 0)
    }
  }

  private func block(after position: inout JournalPosition) throws(Failure) -> [Line] {
    guard let file = try directory.open(position.fileName) else { return [] }
    let size = try file.status().size
    if try !isBetweenLines(position.offset, file, size) { position.offset = 0 }
    var bytes: [UInt8] = []
    // More than one block only where a line is longer than any may be.
    repeat {
      let more = try Self.read(file, from: position.offset + bytes.count, atMost: Self.block)
      if more.isEmpty { return [] }
      bytes += more
    } while bytes.suffix(Self.block).lastIndex(of: 10) == nil
    var lines: [Line] = []
    var start = 0
    while let end = bytes[start...].firstIndex(of: 10) {
      let line = bytes[start..<end]
      start = end + 1
      if Self.isLine(line) {
        lines.append(Line(bytes: line, end: JournalPosition(day: position.day, offset: position.offset + start)))
      }
    }
    position.offset += start
    return lines
  }

  /// Whether a line begins there: not where the file is another one by now.
  private func isBetweenLines(_ offset: Int, _ file: File, _ size: Int) throws(Failure) -> Bool {
    if offset == 0 { return true }
    guard offset <= size else { return false }
    return try Self.read(file, from: offset - 1, atMost: 1) == [10]
  }

  /// What stands on one line as it is, and says nothing to who reads it line by line but this.
  private static func isLine(_ line: ArraySlice<UInt8>) -> Bool {
    line.first == UInt8(ascii: "{") && line.last == UInt8(ascii: "}") && line.allSatisfy { $0 >= 32 }
      && String(validating: line, as: UTF8.self) != nil
  }

  private static func read(_ file: File, from offset: Int, atMost limit: Int) throws(Failure) -> [UInt8] {
    try file.seek(to: offset)
    var bytes = [UInt8](repeating: 0, count: limit)
    let result = bytes.withUnsafeMutableBytes { buffer -> Result<Int, Failure> in
      do throws(Failure) { return .success(try file.read(into: buffer)) } catch { return .failure(error) }
    }
    return Array(bytes.prefix(try result.get()))
  }

  private func days() throws(Failure) -> [String] {
    try directory.names().compactMap { name in
      let day = name.dropLast(JournalPosition.suffix.count)
      return name.hasSuffix(JournalPosition.suffix) && JournalPosition.isDay(day) ? String(day) : nil
    }.sorted()
  }

  /// Where the last lines begin, as many as that, over as many days as they take; 0: behind the last. What it reads does not grow
  /// with the day.
  func position(beforeLast count: Int) throws(Failure) -> JournalPosition {
    var missing = count
    var position = JournalPosition.beginning
    for day in try days().reversed() {
      position = JournalPosition(day: day, offset: 0)
      guard let file = try directory.open(position.fileName) else { continue }
      var at = try file.status().size
      while at > 0 {
        let start = max(0, at - Self.half)
        let bytes = try Self.read(file, from: start, atMost: at - start)
        for place in bytes.indices.reversed() where bytes[place] == 10 {
          // The newline before the first of them.
          if missing == 0 { return JournalPosition(day: day, offset: start + place + 1) }
          missing -= 1
        }
        at = start
      }
      // All of this day; and none is missing.
      if missing == 0 { return position }
    }
    return position
  }

  private static let half = 65536
}
