import Spool

/// Reads a phrase: `^ (ok) no/nope , ... {verb} [that one / this] $`.
struct PhraseReader {
  private var tokens: [Substring]
  /// How many brackets are open.
  private var depth = 0
  private let lists: [String: [[Phrase.Piece]]]
  private let place: RuleBook.Place
  private let line: Substring

  static func phrase(
    _ line: Substring, _ lists: [String: [[Phrase.Piece]]], at place: RuleBook.Place
  ) throws(Failure) -> Phrase {
    var reader = PhraseReader(line, lists, at: place)
    var phrase = Phrase()
    if reader.take("^^") { phrase.start = .turn } else if reader.take("^") { phrase.start = .sentence }
    if reader.tokens.last == "$" {
      reader.tokens.removeLast()
      phrase.isLast = true
    }
    phrase.pieces = try reader.pieces(until: [])
    guard !phrase.pieces.mayBeEmpty else {
      throw reader.failure("holds no word that must be there", "write at least one word outside of ( )")
    }
    try reader.check(phrase.pieces, mayEnd: phrase.isLast)
    return phrase
  }

  static func alternatives(
    _ line: Substring, _ lists: [String: [[Phrase.Piece]]], at place: RuleBook.Place
  ) throws(Failure) -> [[Phrase.Piece]] {
    var reader = PhraseReader(line, lists, at: place)
    let alternatives = try reader.alternatives(until: ["/"])
    for alternative in alternatives {
      guard !alternative.mayBeEmpty else {
        throw reader.failure("holds nothing that must be there", "write at least one word outside of ( )")
      }
      try reader.check(alternative, mayEnd: false)
    }
    return alternatives
  }

  private init(_ line: Substring, _ lists: [String: [[Phrase.Piece]]], at place: RuleBook.Place) {
    self.line = RuleBook.trimmed(line)
    self.lists = lists
    self.place = place
    tokens = line.split(whereSeparator: \.isWhitespace).flatMap(Self.tokens)
  }

  /// What stands without a space in between: brackets, and what they part. A `/` that touches a bracket becomes `|`, so
  /// that it differs from one that stands alone.
  private static func tokens(_ text: Substring) -> [Substring] {
    var tokens: [Substring] = []
    var rest = text
    while let first = rest.first {
      if "()[]".contains(first) {
        tokens.append(rest.prefix(1))
        rest.removeFirst()
        continue
      }
      var word = rest.prefix { !"()[]".contains($0) }
      rest = rest[word.endIndex...]
      let touches = (before: !tokens.isEmpty && word.first == "/", after: !rest.isEmpty && word.last == "/")
      if touches.before { tokens.append("|") }
      if touches.before { word.removeFirst() }
      if touches.after, !word.isEmpty { word.removeLast() }
      let marks = word.reversed().prefix { ",?!".contains($0) }.count
      if word.count > marks { tokens.append(word.dropLast(marks)) }
      for mark in word.suffix(marks) { tokens.append(String(mark)[...]) }
      if touches.after, tokens.last != "|" { tokens.append("|") }
    }
    return tokens
  }

  private mutating func take(_ token: Substring) -> Bool {
    guard tokens.first == token else { return false }
    tokens.removeFirst()
    return true
  }

  private func failure(_ why: String, _ advice: String) -> Failure {
    place.failure("the phrase `\(line)` \(why)", do: advice)
  }

  private mutating func pieces(until closers: [Substring]) throws(Failure) -> [Phrase.Piece] {
    var pieces: [Phrase.Piece] = []
    var isTight = false
    while let token = tokens.first, !closers.contains(token) {
      isTight = isTight || token.contains("/") && token.count > 1
      var alternatives = [[try piece()]]
      if tokens.first == "|" { isTight = true }
      while take("|") { alternatives.append([try piece()]) }
      pieces.append(alternatives.count == 1 ? alternatives[0][0] : Phrase.choice(alternatives, isOptional: false))
    }
    // In `[let me/i will]` the eye sees two sides, and the language three words in a row.
    if isTight, pieces.count > 1, !closers.isEmpty {
      throw failure(
        "has `/` both without spaces and beside several words", "write `[let me / i will]` or `[let [me/us] go / stop]`"
      )
    }
    return pieces
  }

  private mutating func piece() throws(Failure) -> Phrase.Piece {
    guard let token = tokens.first else { throw failure("ends with a `/`", "write a word behind it") }
    tokens.removeFirst()
    switch token {
    case "(", "[":
      let closer: Substring = token == "(" ? ")" : "]"
      guard depth < 20 else {
        throw failure("has more than 20 brackets in one another", "make a {list} of the inner ones")
      }
      depth += 1
      let alternatives = try alternatives(until: [closer])
      depth -= 1
      guard take(closer) else { throw failure("lacks a `\(closer)`", "close what `\(token)` opens") }
      guard !alternatives.contains(where: \.isEmpty) else {
        throw failure("has an empty `\(token)\(closer)` or an empty side of `/` in one", "write a word there")
      }
      return Phrase.choice(alternatives, isOptional: token == "(")
    case ",": return .mark(.pause)
    case "?": return .mark(.question)
    case "!": return .mark(.exclamation)
    case _ where token.hasPrefix("..."): return try gap(token)
    default: return try word(token)
    }
  }

  private mutating func alternatives(until closers: [Substring]) throws(Failure) -> [[Phrase.Piece]] {
    var alternatives = [try pieces(until: closers + ["/"])]
    while take("/") { alternatives.append(try pieces(until: closers + ["/"])) }
    return alternatives
  }

  /// `...`: up to 5 words; `...9`: up to 9.
  private func gap(_ token: Substring) throws(Failure) -> Phrase.Piece {
    if token == "..." { return .gap(5) }
    guard let words = Int(token.dropFirst(3)), (1...30).contains(words) else {
      throw failure("has a `\(token)`", "write `...` for up to 5 words, or `...1` to `...30`")
    }
    return .gap(words)
  }

  /// `word`, `one/another`, `{list}`, `{list}/another`.
  private func word(_ token: Substring) throws(Failure) -> Phrase.Piece {
    var alternatives: [[Phrase.Piece]] = []
    for part in token.split(separator: "/", omittingEmptySubsequences: false) {
      if part.hasPrefix("{"), part.hasSuffix("}") {
        let name = String(part.dropFirst().dropLast())
        guard let list = lists[name] else {
          throw failure(
            "names a list {\(name)} that is not there", "write `{\(name)} = word/word` above, after an empty line")
        }
        alternatives += list
      } else {
        guard let hash = TurnScan.hash(ofWord: part) else {
          throw failure(
            part.isEmpty ? "has a `/` without a word beside it" : "has `\(part)`, which is not a word",
            part.isEmpty
              ? "write `a/b`, or `[a b / c d]` for several words"
              : "write letters and digits; `-`, `'`, `.` and `_` inside")
        }
        alternatives.append([.words([hash])])
      }
    }
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
