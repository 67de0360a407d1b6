/// Reads one word of a text, and gives it as its number of 64 bits: the same in a rule as in a turn.
struct WordReader {
  let fold: UnsafeBufferPointer<UInt8>
  let roles: UnsafeBufferPointer<UInt8>

  static func with<Result>(_ body: (WordReader) -> Result) -> Result {
    Letters.fold.withUnsafeBufferPointer { fold in
      Letters.roles.withUnsafeBufferPointer { roles in body(WordReader(fold: fold, roles: roles)) }
    }
  }

  /// The hash of `text`, if it is one word and nothing else.
  static func hash(ofWord text: ArraySlice<UInt8>) -> UInt64? {
    text.withUnsafeBytes { bytes in
      with { words in
        guard !bytes.isEmpty, words.isWord(bytes, 0) else { return nil }
        let (hash, end) = words.read(bytes, from: 0, to: bytes.count)
        return end == bytes.count ? hash.value : nil
      }
    }
  }

  /// The word that begins at `start`, and where it ends; `end` is where the text does.
  @inline(__always) func read(
    _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int
  ) -> (hash: WordHash, end: Int) {
    var hash = WordHash()
    var at = start
    scan: while at < end {
      let byte = bytes[at]
      let letter = fold[Int(byte)]
      if letter != 0 {
        hash.add(letter)
        at += 1
        continue
      }
      switch roles[Int(byte)] {
      case Letters.Role.joint where at + 1 < end && isWord(bytes, at + 1):
        hash.add(byte)
        at += 1
      case Letters.Role.end where byte == UInt8(ascii: ".") && at + 1 < end && isWord(bytes, at + 1):
        hash.add(byte)
        at += 1
      case Letters.Role.lead:
        let (character, length) = Letters.character(bytes, at)
        if case .letter(let first, let second) = character {
          hash.add(first)
          hash.add(second)
        } else if case .apostrophe = character, at + length < end, isWord(bytes, at + length) {
          hash.add(UInt8(ascii: "'"))
        } else {
          break scan
        }
        at += length
      default: break scan
      }
    }
    return (hash, min(at, end))
  }

  @inline(__always) private func isWord(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> Bool {
    fold[Int(bytes[place])] != 0
      || roles[Int(bytes[place])] == Letters.Role.lead && Letters.isLetter(bytes, place)
  }
}
