import Glibc

/// What in a turn nobody said: the rules name it.
struct Ignored: Sendable {
  /// From a beginning to an end: `<NAME>` to `</NAME>`, wherever it stands, or what stands first on a line.
  struct Block: Sendable {
    var begin: [UInt8]
    var end: [UInt8]
    var isTag = false
  }

  var blocks: [Block] = []
  /// How a line begins that is passed over.
  var lines: [[UInt8]] = []
  /// How a turn begins that is passed over.
  var turns: [[UInt8]] = []

  func hasTurn(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var start = 0
    while start < bytes.count, Letters.isSpace(bytes[start]) { start += 1 }
    return turns.contains { bytes.holds($0, at: start) }
  }

  func hasLine(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
    for line in lines where bytes.holds(line, at: start) { return true }
    return false
  }

  /// The block that begins at `start`.
  func block(_ bytes: UnsafeRawBufferPointer, at start: Int, isTag: Bool) -> Int? {
    for (index, block) in blocks.enumerated() where block.isTag == isTag && bytes.holds(block.begin, at: start) {
      let next = start + block.begin.count
      if !isTag { return index }
      guard next < bytes.count else { continue }
      if bytes[next] == UInt8(ascii: ">") || Letters.isSpace(bytes[next]) { return index }
    }
    return nil
  }
}

extension UnsafeRawBufferPointer {
  func holds(_ text: [UInt8], at start: Int) -> Bool {
    guard start + text.count <= count else { return false }
    for (offset, byte) in text.enumerated() where self[start + offset] != byte { return false }
    return true
  }

  /// Where `text` is found next.
  func find(_ text: [UInt8], from start: Int) -> Int? {
    guard let base = baseAddress, let first = text.first else { return nil }
    var start = start
    while start < count, let found = memchr(base + start, Int32(first), count - start) {
      start = UnsafeRawPointer(found) - base
      if holds(text, at: start) { return start }
      start += 1
    }
    return nil
  }

  /// Where the line that `start` lies in ends: at its newline, or at the end.
  func lineEnd(from start: Int) -> Int {
    guard start < count, let base = baseAddress else { return count }
    guard let found = memchr(base + start, 0x0A, count - start) else { return count }
    return UnsafeRawPointer(found) - base
  }
}
