import Spool

/// Why a pattern cannot be read, to be told with its file and line.
struct PatternMistake: Error {
  var why: String
}

extension SecretPattern {
  /// Reads a pattern as the head of secrets.rules describes it.
  init(_ text: WrittenText, ignoresCase: Bool) throws(PatternMistake) {
    var reader = PatternReader(rest: text, ignoresCase: ignoresCase)
    try reader.readAll()
    steps = reader.steps
    secret = (reader.opened ?? 0)..<(reader.closed ?? reader.steps.count)
    self.ignoresCase = ignoresCase
    let first = reader.steps.firstIndex {
      if case .text(let texts, optional: false) = $0 { texts.allSatisfy { $0.count >= 2 } } else { false }
    }
    guard let first else {
      throw PatternMistake(why: "has no text of two or more characters, which is what is searched for")
    }
    anchor = first
    for (index, step) in steps.enumerated() {
      switch step {
      case .assignment where index < anchor, .notBefore where index < anchor, .block where index < anchor:
        throw PatternMistake(why: "has =, ![ or ... before its first text")
      case .block where index != steps.count - 1: throw PatternMistake(why: "has something after ...")
      default: break
      }
    }
    guard (reader.opened == nil) == (reader.closed == nil), !secret.isEmpty else {
      throw PatternMistake(why: "needs one ( and, later, one )")
    }
  }
}

private struct PatternReader {
  var rest: ArraySlice<UInt8>
  var ignoresCase: Bool
  var steps: [SecretPattern.Step] = []
  var opened: Int?
  var closed: Int?

  mutating func readAll() throws(PatternMistake) {
    while let byte = rest.first {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"): rest.removeFirst()
      case UInt8(ascii: "("):
        rest.removeFirst()
        guard opened == nil else { throw PatternMistake(why: "has a second (") }
        opened = steps.count
      case UInt8(ascii: ")"):
        rest.removeFirst()
        guard let opened, closed == nil, opened < steps.count else { throw PatternMistake(why: "has a ) too many") }
        closed = steps.count
      case UInt8(ascii: "["):
        let set = try readSet()
        steps.append(.run(set, try readCount(), number: 0))
      case _ where rest.starts(with: "![".utf8):
        rest.removeFirst()
        steps.append(.notBefore(try readSet()))
      case _ where rest.starts(with: "=\"".utf8):
        rest.removeFirst(2)
        steps.append(.assignment(quoted: true))
      case _ where rest.starts(with: "...".utf8):
        rest.removeFirst(3)
        steps.append(.block(try readPiece()))
      default: try readText()
      }
    }
  }

  private mutating func readText() throws(PatternMistake) {
    var texts = [try readPiece()]
    if texts[0] == [UInt8(ascii: "=")], rest.first ?? 32 == 32 {
      steps.append(.assignment(quoted: false))
      return
    }
    while rest.first == UInt8(ascii: "|") {
      rest.removeFirst()
      texts.append(try readPiece())
    }
    var isOptional = false
    if rest.first == UInt8(ascii: "?") {
      rest.removeFirst()
      isOptional = true
    }
    if ignoresCase { texts = texts.map { $0.map(\.folded) } }
    steps.append(.text(texts.sorted { $0.count > $1.count }, optional: isOptional))
  }

  /// A word, or what stands between two `"`.
  private mutating func readPiece() throws(PatternMistake) -> [UInt8] {
    var piece: [UInt8] = []
    if rest.first == UInt8(ascii: "\"") {
      guard let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\"")) else {
        throw PatternMistake(why: "has a \" without its partner")
      }
      piece = Array(rest[(rest.startIndex + 1)..<end])
      rest = rest[(end + 1)...]
    } else {
      let ends = ByteSet(" \t[()|?\"")
      let end = rest.firstIndex { ends.contains($0) } ?? rest.endIndex
      piece = Array(rest[..<end])
      rest = rest[end...]
    }
    guard !piece.isEmpty else { throw PatternMistake(why: "has a text without characters") }
    return piece
  }

  private mutating func readSet() throws(PatternMistake) -> ByteSet {
    rest.removeFirst()
    var set = ByteSet()
    var isInverted = false
    if rest.first == UInt8(ascii: "^") {
      rest.removeFirst()
      isInverted = true
    }
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "]") {
        if isInverted { set.invert() }
        return set
      }
      let low = try unescaped(byte)
      guard rest.first == UInt8(ascii: "-"), let next = rest.dropFirst().first, next != UInt8(ascii: "]") else {
        set.insert(low)
        continue
      }
      rest.removeFirst(2)
      let high = try unescaped(next)
      guard low <= high else { throw PatternMistake(why: "has a range in [ ] that runs backwards") }
      for each in low...high { set.insert(each) }
    }
    throw PatternMistake(why: "has a [ without its ]")
  }

  private mutating func unescaped(_ byte: UInt8) throws(PatternMistake) -> UInt8 {
    guard byte == UInt8(ascii: "\\") else { return byte }
    switch rest.popFirst() {
    case UInt8(ascii: "n"): return UInt8(ascii: "\n")
    case UInt8(ascii: "r"): return UInt8(ascii: "\r")
    case UInt8(ascii: "t"): return UInt8(ascii: "\t")
    case let other?: return other
    case nil: throw PatternMistake(why: "ends in a backslash")
    }
  }

  /// `{8}`, `{8,40}`, `{8,}`; without it, one character.
  private mutating func readCount() throws(PatternMistake) -> ClosedRange<Int> {
    guard rest.first == UInt8(ascii: "{") else { return 1...1 }
    guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw PatternMistake(why: "has a { without its }") }
    let numbers = rest[(rest.startIndex + 1)..<end].split(
      separator: UInt8(ascii: ","), omittingEmptySubsequences: false
    ).map { String(decoding: $0, as: UTF8.self) }
    rest = rest[(end + 1)...]
    let upper = numbers.count == 2 && numbers[1].isEmpty ? Int.max : Int(numbers.last ?? "")
    guard numbers.count <= 2, let lower = Int(numbers[0]), let upper, 0 <= lower, lower <= upper else {
      throw PatternMistake(why: "has a count that is none: {8}, {8,40} or {8,}")
    }
    return lower...upper
  }
}
