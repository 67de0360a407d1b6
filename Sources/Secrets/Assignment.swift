/// What stands between a name and its value, as programs, settings, JSON, XML and people write it: quotes, brackets and
/// blanks, one of `= : := => == ===` or the `>` of a tag, a type (`: String =`), blanks, and what opens the value.
struct Assignment {
  let bytes: UnsafeBufferPointer<UInt8>

  private static let closing = ByteSet("\"'`\\]*")
  private static let opening = ByteSet("\"'`\\*")
  private static let quote = ByteSet("\"'`")
  private static let blank = ByteSet(" \t")
  private static let type = ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz?.")

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// Where the value begins that is assigned to the name which ends at `place`.
  func end(from place: Int, quoted: Bool) -> Int? {
    let name = skip(Self.blank, 8, from: skip(Self.closing, 4, from: place))
    guard var value = sign(from: name) else { return nil }
    if bytes[name] == UInt8(ascii: ":") {
      let typed = skip(Self.blank, 8, from: skip(Self.type, 24, from: skip(Self.blank, 8, from: value)))
      if typed < bytes.count, bytes[typed] == UInt8(ascii: "=") { value = typed + 1 }
    }
    // `**Name:** value`
    value = skip(Self.blank, 8, from: skip(Self.opening, 4, from: value))
    value = skip(Self.opening, 4, from: value)
    return quoted && !Self.quote.contains(bytes[value - 1]) ? nil : value
  }

  private func sign(from place: Int) -> Int? {
    guard place < bytes.count else { return nil }
    switch bytes[place] {
    // `<name>`, and not `name->field`.
    case UInt8(ascii: ">"): return place > 0 && bytes[place - 1] == UInt8(ascii: "-") ? nil : place + 1
    case UInt8(ascii: ":"), UInt8(ascii: "="): break
    default: return nil
    }
    var end = place + 1
    while end < bytes.count, end < place + 3, bytes[end] == UInt8(ascii: "=") { end += 1 }
    if end < bytes.count, bytes[end] == UInt8(ascii: ">") { end += 1 }
    return end
  }

  private func skip(_ set: ByteSet, _ most: Int, from place: Int) -> Int {
    var end = place
    while end < bytes.count, end < place + most, set.contains(bytes[end]) { end += 1 }
    return end
  }
}
