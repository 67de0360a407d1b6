/// A set of bytes: what a pattern's `[…]` stands for.
struct ByteSet: Hashable, Sendable {
  private var words = SIMD4<UInt64>()

  func contains(_ byte: UInt8) -> Bool { words[Int(byte &>> 6)] & (1 &<< UInt64(byte & 63)) != 0 }

  mutating func insert(_ byte: UInt8) { words[Int(byte &>> 6)] |= 1 &<< UInt64(byte & 63) }

  mutating func formUnion(_ other: ByteSet) { words |= other.words }

  mutating func invert() { words = ~words }

  init() {}

  init(_ text: String) {
    for byte in text.utf8 { insert(byte) }
  }

  /// Letters, digits and `_`: a secret never begins or ends inside of a word.
  static let word = ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
  static let name = ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-")
  static let base64 = ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
}

extension UInt8 {
  /// The byte, an ASCII capital made small.
  var folded: UInt8 { self &- 65 < 26 ? self | 0x20 : self }
}
