/// Text that a person wrote into a file of rules, looked at as bytes: a `Character` at a time, its whitespace alone would cost
/// a tool that starts more than all else it does. Whitespace and ends of lines are Unicode's.
package typealias WrittenText = ArraySlice<UInt8>

extension WrittenText {
  package var string: String { String(decoding: self, as: UTF8.self) }

  package func isText(_ text: StaticString) -> Bool { count == text.utf8CodeUnitCount && begins(with: text) }

  package func begins(with text: StaticString) -> Bool {
    guard count >= text.utf8CodeUnitCount else { return false }
    for offset in 0..<text.utf8CodeUnitCount where self[startIndex + offset] != text.utf8Start[offset] { return false }
    return true
  }

  /// Without whitespace at both ends.
  package var trimmed: WrittenText {
    var text = self
    while let length = text.space(at: text.startIndex) { text = text.dropFirst(length) }
    while let length = text.lastSpace { text = text.dropLast(length) }
    return text
  }

  /// How many characters of whitespace it begins with.
  package var indent: Int {
    var place = startIndex
    var indent = 0
    while let length = space(at: place) {
      place += length
      indent += 1
    }
    return indent
  }

  /// What stands between whitespace.
  package var words: [WrittenText] {
    var words: [WrittenText] = []
    var start = startIndex
    var place = startIndex
    while place < endIndex {
      guard let length = space(at: place) else {
        place += 1
        continue
      }
      if start < place { words.append(self[start..<place]) }
      place += length
      start = place
    }
    if start < endIndex { words.append(self[start...]) }
    return words
  }

  /// What stands around the first `byte`, if there is one.
  package func parted(at byte: UInt8) -> (before: WrittenText, after: WrittenText)? {
    guard let place = firstIndex(of: byte) else { return nil }
    return (self[..<place], self[(place + 1)...])
  }

  /// Takes the next line away; `\r\n` ends one line.
  package mutating func takeLine() -> WrittenText {
    var place = startIndex
    while place < endIndex {
      let byte = self[place]
      if (0x0A...0x0D).contains(byte) || byte >= 0x80 && isNewline(at: place) {
        let line = self[..<place]
        let isPair = byte == 0x0D && place + 1 < endIndex && self[place + 1] == 0x0A
        self = self[(place + (isPair ? 2 : space(at: place) ?? 1))...]
        return line
      }
      place += 1
    }
    defer { self = self[endIndex...] }
    return self
  }

  /// U+0085, U+2028 and U+2029.
  private func isNewline(at place: Int) -> Bool {
    let rest = self[place...]
    return rest.begins(with: "\u{85}") || rest.begins(with: "\u{2028}") || rest.begins(with: "\u{2029}")
  }

  /// The length of the whitespace that ends the text.
  package var lastSpace: Int? {
    guard let last else { return nil }
    if last < 0x80 { return space(at: endIndex - 1) }
    for length in 2...3 where count >= length && space(at: endIndex - length) == length { return length }
    return nil
  }

  /// The length of the whitespace at `place`.
  @inline(__always) private func space(at place: Int) -> Int? {
    guard place < endIndex else { return nil }
    let byte = self[place]
    if byte < 0x80 { return byte == 0x20 || (0x09...0x0D).contains(byte) ? 1 : nil }
    return wideSpace(at: place)
  }

  private func wideSpace(at place: Int) -> Int? {
    let rest = self[place...]
    let (second, third) = (rest.dropFirst().first ?? 0, rest.dropFirst(2).first ?? 0)
    switch (self[place], second) {
    case (0xC2, 0x85), (0xC2, 0xA0): return 2
    case (0xE1, 0x9A) where third == 0x80, (0xE2, 0x81) where third == 0x9F, (0xE3, 0x80) where third == 0x80: return 3
    case (0xE2, 0x80) where (0x80...0x8A).contains(third) || [0xA8, 0xA9, 0xAF].contains(third): return 3
    default: return nil
    }
  }
}
