/// One pass over the bytes of a turn: sentences, their words, and what is nobody's saying.
///
/// Of a turn of more than 20 KiB only the first 16 and the last 4 are read: what is longer holds a pasted log or file, and
/// what is said about it stands before or after. A fence or block that is opened before the gap is followed to its end; one
/// that is opened inside the gap is not known.
struct TurnScan {
  static let head = 16 << 10
  static let tail = 4 << 10

  let bytes: UnsafeRawBufferPointer
  let rules: RuleSet
  let automaton: Automaton
  let reader: WordReader
  let words: UnsafeBufferPointer<Vocabulary.Word>

  var at = 0
  /// Where this part of the turn is left.
  var end = 0
  var match: Match
  var sentence = 0
  var isFirstSentence = true
  /// The last word, and where it ended.
  var lastWord = WordHash()
  var wordEnd = -1
  /// Blocks that are not closed any more, and the line's end before which no backtick follows.
  var openForEver: Set<Int> = []
  var noBacktick = 0

  /// The length of all sentences, in bytes, and the limits that the findings' rules set to it.
  var said = 0
  var limits: [Int] = []
  var findings: [RuleSet.Finding] = []
  /// Findings that take in the sentence after theirs.
  var waiting: [(finding: Int, start: Int, mark: Int)] = []

  /// Reads the turn, and returns what is found in it.
  mutating func run() -> [RuleSet.Finding] {
    if bytes.count <= Self.head + Self.tail {
      read(from: 0, to: bytes.count)
    } else {
      read(from: 0, to: cut(before: Self.head))
      waiting.removeAll()
      let tail = bytes.lineEnd(from: bytes.count - Self.tail)
      read(from: max(at, tail < bytes.count ? tail : cut(before: bytes.count - Self.tail)), to: bytes.count)
      said += bytes.count - Self.head - Self.tail
    }
    return zip(findings, limits).filter { said <= $0.1 }.map(\.0)
  }

  /// The last place up to `offset` between two words, or else between two characters.
  private func cut(before offset: Int) -> Int {
    var place = offset
    while place > offset - 256, !Letters.isSpace(bytes[place]) { place -= 1 }
    if Letters.isSpace(bytes[place]) { return place }
    place = offset
    while bytes[place] & 0xC0 == 0x80 { place -= 1 }
    return place
  }

  private mutating func read(from start: Int, to end: Int) {
    at = start
    self.end = end
    beginLine()
    while at < end {
      let byte = bytes[at]
      if reader.fold[Int(byte)] != 0 {
        word()
        continue
      }
      switch reader.roles[Int(byte)] {
      case Letters.Role.newline:
        finishSentence(at, nil)
        at += 1
        beginLine()
      case Letters.Role.end: mark()
      case Letters.Role.pause: pause(1)
      case Letters.Role.joint where byte == UInt8(ascii: "-"): pause(1)
      case Letters.Role.backtick: backtick()
      case Letters.Role.less: tag()
      case Letters.Role.lead: character()
      default: at += 1
      }
    }
    finishSentence(min(at, end), nil)
  }

  private mutating func pause(_ length: Int) {
    at += length
    match.pause(at: at)
  }

  private mutating func character() {
    let (character, length) = Letters.character(bytes, at)
    switch character {
    case .letter: word()
    case .pause: pause(length)
    case .end:
      at += length
      finishSentence(at, nil)
    case .apostrophe, .none: at += length
    }
  }

  mutating func word() {
    let word = reader.read(bytes, from: at, to: end)
    at = word.end
    wordEnd = at
    lastWord = word.hash
    match.add(word: number(word.hash.value), end: at, inFirstSentence: isFirstSentence)
  }

  @inline(__always) private func number(_ hash: UInt64) -> UInt32 {
    var slot = Automaton.slot(hash, words.count)
    while words[slot].number != 0 {
      if words[slot].hash == hash { return words[slot].number }
      slot = (slot + 1) & (words.count - 1)
    }
    return 0
  }
}
