/// Words that show that a value is no secret but stands in an example, or names where the secret is. In any case of letters.
struct StopWords: Sendable {
  /// Anywhere in the value; by their first character.
  private var parts: [[[UInt8]]] = []
  /// The whole value.
  private var wholes: Set<[UInt8]> = []

  /// A word, or `=word` for one that excuses only what is nothing else.
  mutating func add(_ word: ArraySlice<UInt8>) {
    let bytes = word.map(\.folded)
    guard bytes[0] != UInt8(ascii: "=") || bytes.count == 1 else {
      wholes.insert(Array(bytes.dropFirst()))
      return
    }
    if parts.isEmpty { parts = Array(repeating: [], count: 256) }
    parts[Int(bytes[0])].append(bytes)
  }

  func excuse(_ secret: UnsafeBufferPointer<UInt8>.SubSequence) -> Bool {
    if parts.isEmpty, wholes.isEmpty { return false }
    // 512: a placeholder is short, and every check stays short.
    let text = secret.prefix(512).map(\.folded)
    if wholes.contains(text) { return true }
    if parts.isEmpty { return false }
    for (place, byte) in text.enumerated() {
      for part in parts[Int(byte)] where text[place...].starts(with: part) { return true }
    }
    return false
  }
}
