import CSimdjson
import Glibc
import Spool

/// A file's lines, one after the other, in a buffer that is as long as the longest of them: a file's size costs no memory.
final class LineBuffer {
  /// As one read(2): what fits into a processor's cache is parsed while it is there.
  private static let chunk = 1 << 18
  /// A longer line is passed over: four times what the largest image that Claude Code takes (5 MB) makes in base64 would be
  /// too much to hold, and the longest line of words that was ever seen had 0.4 MB.
  static let longestLine = 8 << 20

  enum Ending {
    case newline
    /// The file ends here: somebody may just be writing it.
    case none
    /// Longer than `longestLine`: its bytes are not here.
    case tooLong
  }

  private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  private var room: Int { memory.count - Int(CSIMDJSON_PADDING) }

  deinit { memory.deallocate() }

  /// Calls `take` for each line from `start` on with its bytes, its place in the file, and the place behind it.
  /// - Parameter take: returns whether to go on.
  func lines(
    of file: File, from start: Int, _ take: (UnsafeRawBufferPointer, Int, Int, Ending) throws(Failure) -> Bool
  ) throws(Failure) {
    // The buffer holds `filled` bytes of the file from `base` on.
    var (base, filled) = (start, 0)
    // Where a line has begun that is too long.
    var tooLongFrom: Int?
    while true {
      // Whoever takes a line may read elsewhere in the file.
      try file.seek(to: base + filled)
      let count = try file.read(
        into: UnsafeMutableRawBufferPointer(rebasing: memory[filled..<min(room, filled + Self.chunk)]))
      let isEnd = count == 0
      var from = 0
      // What was there before has no newline in it.
      var searched = filled
      filled += count
      while let newline = memchr(memory.baseAddress! + searched, 10, filled - searched) {
        let end = newline - memory.baseAddress!
        let line = UnsafeRawBufferPointer(rebasing: memory[from..<end])
        let place = tooLongFrom ?? base + from
        let isLong = tooLongFrom != nil || line.count > Self.longestLine
        tooLongFrom = nil
        guard
          try take(
            isLong ? UnsafeRawBufferPointer(start: nil, count: 0) : line, place, base + end + 1,
            isLong ? .tooLong : .newline)
        else { return }
        from = end + 1
        searched = from
      }
      if isEnd {
        guard filled > from, tooLongFrom == nil else { return }
        _ = try take(UnsafeRawBufferPointer(rebasing: memory[from..<filled]), base + from, base + filled, .none)
        return
      }
      if tooLongFrom != nil { from = filled }
      if filled - from > Self.longestLine {
        tooLongFrom = tooLongFrom ?? base + from
        from = filled
      }
      keep(from, &filled)
      base += from
    }
  }

  /// Moves what is left to the beginning, and sees that there is room behind it.
  private func keep(_ from: Int, _ filled: inout Int) {
    filled -= from
    if from > 0 && filled > 0 { memmove(memory.baseAddress!, memory.baseAddress! + from, filled) }
    guard filled + Self.chunk > room else { return }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count * 2, alignment: 64)
    memcpy(larger.baseAddress!, memory.baseAddress!, filled)
    memory.deallocate()
    memory = larger
  }
}
