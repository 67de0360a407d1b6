import Spool

/// Reads a phrase: `^ (ok) no/nope , ... {verb} [that one / this] $`.
struct PhraseReader {
  private var tokens: ArraySlice<WrittenText>
  /// How many brackets are open.
  private var depth = 0
  private let lists: [String: [[Phrase.Piece]]]
  private let vocabulary: Vocabulary
  private let place: RuleBook.Place
  private let line: WrittenText

  init(
    _ line: WrittenText, _ lists: [String: [[Phrase.Piece]]], _ vocabulary: Vocabulary, at place: RuleBook.Place
  ) {
    self.line = line.trimmed
    self.lists = lists
    self.vocabulary = vocabulary
    self.place = place
    var tokens: [WrittenText] = []
    for text in line.words { Self.part(text, into: &tokens) }
    self.tokens = tokens[...]
  }

  mutating func phrase() throws(Failure) -> Phrase {
    var phrase = Phrase()
    if take("^^") { phrase.start = .turn } else if take("^") { phrase.start = .sentence }
    if tokens.last?.isText("$") == true {
      tokens.removeLast()
      phrase.isLast = true
    }
    phrase.pieces = try pieces(until: nil)
    guard !phrase.pieces.mayBeEmpty else {
      throw failure("holds no word that must be there", "write at least one word outside of ( )")
    }
    try check(phrase.pieces, mayEnd: phrase.isLast)
    return phrase
  }

  /// What a list holds.
  mutating func alternatives() throws(Failure) -> [[Phrase.Piece]] {
    let alternatives = try alternatives(until: "/")
    for alternative in alternatives {
      guard !alternative.mayBeEmpty else {
        throw failure("holds nothing that must be there", "write at least one word outside of ( )")
      }
      try check(alternative, mayEnd: false)
    }
    return alternatives
  }

  /// What stands without a space in between: brackets, and what they part. A `/` that touches a bracket becomes `|`, so
  /// that it differs from one that stands alone.
  private static func part(_ text: WrittenText, into tokens: inout [WrittenText]) {
    let first = tokens.count
    var rest = text
    while !rest.isEmpty {
      var word = rest.prefix { !isBracket($0) }
      if word.isEmpty {
        tokens.append(rest.prefix(1))
        rest.removeFirst()
        continue
      }
      rest = rest[word.endIndex...]
      let slash = UInt8(ascii: "/")
      let touches = (before: tokens.count > first && word.first == slash, after: !rest.isEmpty && word.last == slash)
      if touches.before { tokens.append(bar) }
      if touches.before { word.removeFirst() }
      if touches.after, !word.isEmpty { word.removeLast() }
      var marks = word.endIndex
      while marks > word.startIndex, isMark(word[marks - 1]) { marks -= 1 }
      if marks > word.startIndex { tokens.append(word[..<marks]) }
      for mark in marks..<word.endIndex { tokens.append(word[mark...mark]) }
      if touches.after, tokens.count == first || tokens.last != bar { tokens.append(bar) }
    }
  }

  private static let bar: WrittenText = [UInt8(ascii: "|")]

  private static func isBracket(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
  }

  private static func isMark(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "!")
  }

  private mutating func take(_ token: StaticString) -> Bool {
    guard tokens.first?.isText(token) == true else { return false }
    tokens.removeFirst()
    return true
  }

  private func failure(_ why: String, _ advice: String) -> Failure {
    place.failure("the phrase `\(line.string)` \(why)", do: advice)
  }

  /// To the closer, or a `/` beside it; or to the end.
  private mutating func pieces(until closer: StaticString?) throws(Failure) -> [Phrase.Piece] {
    var pieces: [Phrase.Piece] = []
    var isTight = false
    while let token = tokens.first {
      if let closer, token.isText(closer) || token.isText("/") { break }
      isTight = isTight || token.count > 1 && token.contains(UInt8(ascii: "/"))
      let piece = try piece()
      guard tokens.first?.isText("|") == true else {
        pieces.append(piece)
        continue
      }
      isTight = true
      var alternatives = [[piece]]
      while take("|") { alternatives.append([try self.piece()]) }
      pieces.append(Phrase.choice(alternatives, isOptional: false))
    }
    // In `[let me/i will]` the eye sees two sides, and the language three words in a row.
    if isTight, pieces.count > 1, closer != nil {
      throw failure(
        "has `/` both without spaces and beside several words", "write `[let me / i will]` or `[let [me/us] go / stop]`"
      )
    }
    return pieces
  }

  private mutating func piece() throws(Failure) -> Phrase.Piece {
    guard let token = tokens.popFirst() else { throw failure("ends with a `/`", "write a word behind it") }
    guard token.count == 1 else { return token.begins(with: "...") ? try gap(token) : try word(token) }
    switch token[token.startIndex] {
    case UInt8(ascii: "("): return Phrase.choice(try sides(until: ")", of: token), isOptional: true)
    case UInt8(ascii: "["): return Phrase.choice(try sides(until: "]", of: token), isOptional: false)
    case UInt8(ascii: ","): return .mark(.pause)
    case UInt8(ascii: "?"): return .mark(.question)
    case UInt8(ascii: "!"): return .mark(.exclamation)
    default: return try word(token)
    }
  }

  /// What stands in brackets.
  private mutating func sides(until closer: StaticString, of opener: WrittenText) throws(Failure) -> [[Phrase.Piece]] {
    guard depth < 20 else {
      throw failure("has more than 20 brackets in one another", "make a {list} of the inner ones")
    }
    depth += 1
    defer { depth -= 1 }
    let alternatives = try alternatives(until: closer)
    guard take(closer) else { throw failure("lacks a `\(closer)`", "close what `\(opener.string)` opens") }
    guard !alternatives.contains(where: \.isEmpty) else {
      throw failure(
        "has an empty `\(opener.string)\(closer)` or an empty side of `/` in one", "write a word there")
    }
    return alternatives
  }

  private mutating func alternatives(until closer: StaticString) throws(Failure) -> [[Phrase.Piece]] {
    var alternatives = [try pieces(until: closer)]
    while take("/") { alternatives.append(try pieces(until: closer)) }
    return alternatives
  }

  /// `...`: up to 5 words; `...9`: up to 9.
  private func gap(_ token: WrittenText) throws(Failure) -> Phrase.Piece {
    if token.count == 3 { return .gap(5) }
    guard let words = Int(token.dropFirst(3).string), (1...30).contains(words) else {
      throw failure("has a `\(token.string)`", "write `...` for up to 5 words, or `...1` to `...30`")
    }
    return .gap(words)
  }

  /// `word`, `one/another`, `{list}`, `{list}/another`.
  private func word(_ token: WrittenText) throws(Failure) -> Phrase.Piece {
    var words: [UInt32] = []
    var alternatives: [[Phrase.Piece]] = []
    var rest: WrittenText? = token
    while let sides = rest {
      let slash = sides.firstIndex(of: UInt8(ascii: "/"))
      let part = sides[..<(slash ?? sides.endIndex)]
      rest = slash.map { sides[($0 + 1)...] }
      if part.first == UInt8(ascii: "{"), part.last == UInt8(ascii: "}") {
        let name = part.dropFirst().dropLast().string
        guard let list = lists[name] else {
          throw failure(
            "names a list {\(name)} that is not there", "write `{\(name)} = word/word` above, after an empty line")
        }
        alternatives += list
      } else {
        guard let hash = WordReader.hash(ofWord: part) else {
          throw failure(
            part.isEmpty ? "has a `/` without a word beside it" : "has `\(part.string)`, which is not a word",
            part.isEmpty
              ? "write `a/b`, or `[a b / c d]` for several words"
              : "write letters and digits; `-`, `'`, `.` and `_` inside")
        }
        words.append(vocabulary.number(hash))
      }
    }
    if words.count == 1, alternatives.isEmpty { return .words(words) }
    if !words.isEmpty { alternatives.append([.words(words)]) }
    return Phrase.choice(alternatives, isOptional: false)
  }

  /// A gap stands between words.
  private func check(_ pieces: [Phrase.Piece], mayEnd: Bool) throws(Failure) {
    var canBegin = true
    for (index, piece) in pieces.enumerated() {
      switch piece {
      case .gap:
        let isLast = index == pieces.count - 1
        let next: Phrase.Piece? = isLast ? nil : pieces[index + 1]
        if canBegin || isLast && !mayEnd {
          throw failure("has `...` where no word stands on both sides of it", "write a word there, or leave it out")
        }
        if case .gap = next { throw failure("has `...` twice in a row", "write one, with the number of words: `...9`") }
      case .choice(let alternatives, let isOptional):
        for alternative in alternatives { try check(alternative, mayEnd: false) }
        canBegin = canBegin && (isOptional || alternatives.contains { $0.mayBeEmpty })
      case .words, .mark: canBegin = false
      }
    }
  }
}
