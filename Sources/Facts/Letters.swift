/// What each byte of a turn is to the scan: part of a word (and then its lower case), or one of the few marks that
/// mean something. Letters beyond ASCII are told apart only as far as sentences need it: their punctuation, symbols
/// and emoji part words, everything else is a letter. Capitals are folded in ASCII, Latin-1 and Cyrillic.
enum Letters {
  enum Role {
    static let none: UInt8 = 0
    static let newline: UInt8 = 1
    static let end: UInt8 = 2
    /// Holds a word together that stands on both sides of it: `don't`, `re-run`, `package.json`, `src/no/x`.
    static let joint: UInt8 = 3
    static let pause: UInt8 = 4
    static let backtick: UInt8 = 5
    static let less: UInt8 = 6
    /// The first byte of a character that has to be looked at as a whole.
    static let lead: UInt8 = 7
  }

  /// The byte as it counts in a word; 0 where it is none of a word.
  static let fold: [UInt8] = (0...255).map { (byte: Int) -> UInt8 in
    switch UInt8(byte) {
    case 0x41...0x5A: UInt8(byte) + 0x20
    case 0x61...0x7A, 0x30...0x39: UInt8(byte)
    case 0xC2, 0xC3, 0xD0, 0xE2, 0xEF, 0xF0: 0
    case 0x80...0xFF: UInt8(byte)
    default: 0
    }
  }

  static let roles: [UInt8] = (0...255).map { (byte: Int) -> UInt8 in
    switch UInt8(byte) {
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"): Role.newline
    case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"): Role.end
    case UInt8(ascii: "-"), UInt8(ascii: "'"), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "@"): Role.joint
    case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"): Role.pause
    case UInt8(ascii: "`"): Role.backtick
    case UInt8(ascii: "<"): Role.less
    case 0xC2, 0xC3, 0xD0, 0xE2, 0xEF, 0xF0: Role.lead
    default: Role.none
    }
  }

  enum Character {
    case letter(UInt8, UInt8)
    case apostrophe, pause, end, none
  }

  /// The character at `at`, whose first byte has the role `lead`, and how long it is.
  static func character(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (Character, length: Int) {
    let first = bytes[at]
    let second = at + 1 < bytes.count ? bytes[at + 1] : 0
    let third = at + 2 < bytes.count ? bytes[at + 2] : 0
    switch first {
    case 0xC2:  // Latin-1's punctuation; ª, µ and º are letters.
      return (second == 0xAA || second == 0xB5 || second == 0xBA ? .letter(first, second) : .none, 2)
    case 0xC3:
      let isCapital = (0x80...0x9E).contains(second) && second != 0x97
      return (.letter(first, isCapital ? second + 0x20 : second), 2)
    case 0xD0:
      if (0x90...0x9F).contains(second) { return (.letter(first, second + 0x20), 2) }
      if (0xA0...0xAF).contains(second) { return (.letter(0xD1, second - 0x20), 2) }
      return (.letter(first, second), 2)
    case 0xE2 where second == 0x80 && (third == 0x98 || third == 0x99): return (.apostrophe, 3)
    case 0xE2 where second == 0x80 && (0x93...0x95).contains(third): return (.pause, 3)
    case 0xE2 where second == 0x80 && third == 0xA6: return (.end, 3)
    case 0xE2 where second < 0xB0: return (.none, 3)
    case 0xEF where second == 0xB8 || second == 0xBF || second == 0xBB: return (.none, 3)
    case 0xE2, 0xEF: return (.letter(first, second), 2)
    case 0xF0 where second == 0x9F: return (.none, 4)
    default: return (.letter(first, second), 2)
    }
  }

  static func isLetter(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Bool {
    if case .letter = character(bytes, at).0 { true } else { false }
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

/// A word, folded, as a number of 64 bits. Two different words with one number would be taken for each other: at 10 000
/// words in rules and 10⁹ in transcripts the odds are one in a million.
struct WordHash: Equatable {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  @inline(__always) mutating func add(_ part: some FixedWidthInteger & UnsignedInteger) {
    value = (value ^ UInt64(truncatingIfNeeded: part)) &* 0x9E37_79B9_7F4A_7C15
  }
}

extension WordHash {
  init(_ text: StaticString) {
    self.init()
    text.withUTF8Buffer { for byte in $0 { add(byte) } }
  }
}
