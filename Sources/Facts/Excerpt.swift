/// A sentence as a fact keeps it: whitespace folded, at most 500 bytes, cut between words and never inside a character.
enum Excerpt {
  /// As much as is read at a glance, and as a thousand of them are searched at once.
  static let limit = 500

  /// - Parameter mark: an offset that has to be in the text: of a longer sentence the part around it is taken.
  static func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, around mark: Int) -> String {
    var start = range.lowerBound
    if mark - start > limit * 4 / 5 {
      start = mark - limit / 2
      while start < mark, !Letters.isSpace(bytes[start]) { start += 1 }
      if start == mark {
        // No word ends there: what is left is to begin with a whole character.
        start = mark - limit / 2
        while start < mark, bytes[start] & 0xC0 == 0x80 { start += 1 }
      }
    }
    var text: [UInt8] = []
    text.reserveCapacity(min(range.upperBound - start, limit + 1))
    var end = 0
    for offset in start..<range.upperBound {
      guard text.count <= limit else { break }
      if Letters.isSpace(bytes[offset]) {
        if let last = text.last, last != 0x20 {
          end = text.count
          text.append(0x20)
        }
      } else {
        text.append(bytes[offset])
      }
    }
    if text.count > limit {
      if end == 0 {
        end = limit
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
      }
      text.removeSubrange(end...)
    }
    if text.last == 0x20 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}
