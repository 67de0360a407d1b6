/// How wide a text is on a terminal, in columns.
///
/// By a table of our own: wcwidth(3) asks the locale, and a static executable has none but C.
extension StringProtocol {
  /// Control characters count as nothing: `printable` has escaped them, and what `Style` puts in moves nothing.
  public var columns: Int {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return utf8.count }
    var columns = 0
    var rest = self[...]
    while let character = rest.first {
      if character == "\u{1B}", let end = rest.firstIndex(of: "m") {
        rest = rest[rest.index(after: end)...]
      } else {
        columns += character.columns
        rest.removeFirst()
      }
    }
    return columns
  }

  /// No wider than this; what was cut ends with an ellipsis. For text that is not painted yet.
  public func cut(to width: Int) -> String {
    if columns <= width { return String(self) }
    if width < 1 { return "" }
    var (cut, room) = ("", width - 1)
    for character in self {
      room -= character.columns
      if room < 0 { break }
      cut.append(character)
    }
    while cut.last == " " { cut.removeLast() }
    return cut + "…"
  }

  /// Broken at its spaces into lines no wider than this; a word that is wider stays whole.
  public func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ", omittingEmptySubsequences: false) {
      if !line.isEmpty && line.columns + 1 + word.columns > width {
        lines.append(line)
        line = String(word)
      } else {
        line += (line.isEmpty ? "" : " ") + word
      }
    }
    return lines + [line]
  }

  /// With spaces behind it, as wide as this at least.
  public func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - columns)) }

  /// With spaces before it: for numbers.
  public func aligned(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - columns)) + self }
}

extension Character {
  /// A cluster that is shown as one picture has two columns, however many scalars it is made of.
  fileprivate var columns: Int {
    let scalars = unicodeScalars
    if scalars.count > 1, scalars.contains(where: { $0.properties.isEmojiPresentation || $0.value == 0xFE0F }) {
      return 2
    }
    return scalars.reduce(0) { $0 + $1.columns }
  }
}

extension Unicode.Scalar {
  fileprivate var columns: Int {
    if value < 0x300 { return value >= 0x20 && !(0x7F..<0xA0).contains(value) && value != 0xAD ? 1 : 0 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
    default: break
    }
    // The vowels and finals of Hangul that go into the syllable before them.
    if (0x1160...0x11FF).contains(value) || (0xD7B0...0xD7FF).contains(value) { return 0 }
    return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) } ? 2 : 1
  }

  /// The blocks of Wide and Fullwidth in Unicode's EastAsianWidth.txt; emoji are told by their property.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
    0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
    0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x2FFFD, 0x30000...0x3FFFD,
  ]
}
