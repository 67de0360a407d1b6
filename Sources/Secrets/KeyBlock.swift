/// The inside of a private key that is written in lines of base64: indented, quoted, with its line ends as they are or escaped,
/// and whole or cut off.
struct KeyBlock {
  let bytes: UnsafeBufferPointer<UInt8>

  /// 16: shorter words are prose, and what of a key is left in fewer characters is worth nothing.
  private static let shortest = 16
  /// Headers that PEM and PGP put before the key.
  private static let headers = ["Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Hash:", "Charset:"].map {
    Array($0.utf8)
  }

  private static let title = ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -")

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// - Returns: the end of `last` and of the capitals after it, if it follows upon the key, or else that of the key's last long word; nothing
  ///   where no long word follows.
  func end(from place: Int, last: [UInt8]) -> Int? {
    var end: Int?
    var short = 0
    var here = place
    while here < bytes.count {
      if has(last, at: here) { return end == nil ? nil : titleEnd(here + last.count) }
      if end == nil, let header = Self.headers.first(where: { has($0, at: here) }) {
        here = lineEnd(here + header.count)
        continue
      }
      guard ByteSet.base64.contains(bytes[here]) else {
        here += 1
        // A key's lines are never so far apart.
        if here - (end ?? place) > 64 { return end }
        continue
      }
      let start = here
      while here < bytes.count, ByteSet.base64.contains(bytes[here]) { here += 1 }
      if here - start >= Self.shortest {
        end = here
        short = 0
      } else if !isEscape(start, here) {
        short += 1
        // The key's last line may be short, and a PGP block has a sum of four characters.
        if end == nil || short > 2 { return end }
      }
    }
    return end
  }

  private func isEscape(_ start: Int, _ end: Int) -> Bool {
    end - start == 1 && start > 0 && bytes[start - 1] == UInt8(ascii: "\\")
  }

  /// ` RSA PRIVATE KEY-----`
  private func titleEnd(_ place: Int) -> Int {
    var end = place
    while end < bytes.count, Self.title.contains(bytes[end]) { end += 1 }
    return end
  }

  private func lineEnd(_ place: Int) -> Int {
    var end = place
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n"), bytes[end] != UInt8(ascii: "\\"),
      bytes[end] != UInt8(ascii: "\""),
      bytes[end] != UInt8(ascii: "\r"), end < place + 100
    { end += 1 }
    return end
  }

  private func has(_ text: [UInt8], at place: Int) -> Bool {
    place + text.count <= bytes.count && bytes[place..<(place + text.count)].elementsEqual(text)
  }
}
