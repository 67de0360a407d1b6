import Spool

/// What the rule files say, read paragraph by paragraph.
struct RuleBook {
  struct Written {
    var rule: RuleSet.Rule
    var place: Place
    var phrases: [Phrase] = []
    var vetoes: [Phrase] = []
  }

  struct Place {
    var path: String
    var line: Int

    func failure(_ why: String, do advice: String) -> Failure {
      Failure(.configuration, "\(path):\(line)", why, do: advice)
    }
  }

  private struct Line {
    var place: Place
    var indent: Int
    var text: String
  }

  private(set) var rules: [Written] = []
  private(set) var ignored = Ignored()
  private var lists: [String: [[Phrase.Piece]]] = [:]
  private var off: [(name: String, place: Place)] = []

  mutating func read(_ text: String, from path: String) throws(Failure) {
    var paragraph: [Line] = []
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let place = Place(path: path, line: number)
      let said = Self.trimmed(Self.withoutComment(line))
      if said.isEmpty {
        // A line that is only a comment parts nothing.
        if Self.trimmed(line).isEmpty {
          try read(paragraph)
          paragraph = []
        }
        continue
      }
      let words = said.split(separator: " ", maxSplits: 1)
      if paragraph.isEmpty, words[0] == "ignore" || words[0] == "off" {
        try read(words[0], words.count == 2 ? Self.trimmed(words[1]) : "", at: place)
      } else {
        paragraph.append(Line(place: place, indent: line.prefix(while: \.isWhitespace).count, text: String(said)))
      }
    }
    try read(paragraph)
  }

  /// Removes the rules that are switched off, wherever that is said.
  mutating func dropThoseOff() throws(Failure) {
    for (name, place) in off where !rules.contains(where: { $0.rule.name == name }) {
      throw place.failure("off \(name): there is no such rule", do: "write the name of one, or remove this line")
    }
    rules.removeAll { rule in off.contains { $0.name == rule.rule.name } }
  }

  /// The phrases of all rules for what one of the two says.
  func automaton(of speaker: Speaker) -> Automaton {
    var graph = PhraseGraph()
    for (index, written) in rules.enumerated() where written.rule.speakers.contains(speaker) {
      for phrase in written.phrases { graph.add(phrase, PhraseGraph.Accept(rule: index, isVeto: false)) }
      for phrase in written.vetoes { graph.add(phrase, PhraseGraph.Accept(rule: index, isVeto: true)) }
    }
    return Automaton(graph)
  }

  private mutating func read(_ paragraph: [Line]) throws(Failure) {
    guard let place = paragraph.first?.place, let first = paragraph.first?.text else { return }
    if first.hasPrefix("{") {
      try readList(paragraph)
      return
    }
    var written = Written(rule: try RuleHead.read(first, at: place), place: place)
    if let other = rules.first(where: { $0.rule.name == written.rule.name }) {
      throw place.failure(
        "there is a rule \(written.rule.name) already, at \(other.place.path):\(other.place.line)",
        do: "give this one another name; `off \(written.rule.name)` switches the other off")
    }
    for line in Self.joined(paragraph.dropFirst()) {
      if line.text == "unless" || line.text.hasPrefix("unless ") {
        written.vetoes.append(try PhraseReader.phrase(line.text.dropFirst(6), lists, at: line.place))
      } else {
        written.phrases.append(try PhraseReader.phrase(line.text[...], lists, at: line.place))
      }
    }
    guard !written.phrases.isEmpty else {
      throw place.failure("the rule \(written.rule.name) has no phrase", do: "write one a line below its first line")
    }
    rules.append(written)
  }

  /// A line that is indented further than the first one goes on with the one before.
  private static func joined(_ lines: ArraySlice<Line>) -> [Line] {
    lines.reduce(into: []) { joined, line in
      if let first = lines.first, line.indent > first.indent {
        joined[joined.count - 1].text += (line.text.hasPrefix("/") ? "" : " ") + line.text
      } else {
        joined.append(line)
      }
    }
  }

  /// `{name} = a/b/several words / c`, on as many lines as it takes.
  private mutating func readList(_ paragraph: [Line]) throws(Failure) {
    let (place, first) = (paragraph[0].place, paragraph[0].text)
    let parts = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = Self.trimmed(parts[0])
    guard parts.count == 2, name.hasSuffix("}"), Self.isName(name.dropFirst().dropLast()) else {
      throw place.failure("expected a list, `{name} = word/word`, found `\(first)`", do: "write it so")
    }
    let key = String(name.dropFirst().dropLast())
    guard lists[key] == nil else {
      throw place.failure("there is a list {\(key)} already", do: "give this one another name")
    }
    var alternatives: [[Phrase.Piece]] = []
    let lines = [(place, String(parts[1]))] + paragraph.dropFirst().map { ($0.place, $0.text) }
    for (line, text) in lines where !Self.trimmed(text).isEmpty {
      alternatives += try PhraseReader.alternatives(text[...], lists, at: line)
    }
    guard !alternatives.isEmpty else {
      throw place.failure("the list {\(key)} is empty", do: "write its words behind =")
    }
    lists[key] = alternatives
  }

  /// `ignore <TAG>`, `ignore from "TEXT" to "TEXT"`, `ignore lines "TEXT"`, `ignore turns "TEXT"`, `off NAME`.
  private mutating func read(_ verb: Substring, _ rest: Substring, at place: Place) throws(Failure) {
    if verb == "off" {
      guard Self.isName(rest) else {
        throw place.failure("expected the name of a rule behind off, found `\(rest)`", do: "write `off NAME`")
      }
      off.append((String(rest), place))
      return
    }
    let parts = rest.split(separator: "\"", omittingEmptySubsequences: false).map { Array($0.utf8) }
    let words = rest.split(separator: "\"", omittingEmptySubsequences: false).map(Self.trimmed)
    if rest.hasPrefix("<"), rest.hasSuffix(">"), Self.isName(rest.dropFirst().dropLast()) {
      let name = Array(rest.dropFirst().dropLast().utf8)
      ignored.blocks.append(
        Ignored.Block(begin: Array("<".utf8) + name, end: Array("</".utf8) + name + Array(">".utf8), isTag: true))
    } else if words.count == 5, words[0] == "from", words[2] == "to", words[4].isEmpty, !parts[1].isEmpty,
      !parts[3].isEmpty
    {
      ignored.blocks.append(Ignored.Block(begin: parts[1], end: parts[3]))
    } else if words.count == 3, words[0] == "lines", words[2].isEmpty, !parts[1].isEmpty {
      ignored.lines.append(parts[1])
    } else if words.count == 3, words[0] == "turns", words[2].isEmpty, !parts[1].isEmpty {
      ignored.turns.append(parts[1])
    } else {
      throw place.failure(
        "expected what to ignore, found `\(rest)`",
        do: #"write `ignore <tag>`, `ignore from "..." to "..."`, `ignore lines "..."` or `ignore turns "..."`"#)
    }
  }

  /// A comment begins with a # at the beginning of a line or behind a space, but not between quotes.
  private static func withoutComment(_ line: Substring) -> Substring {
    var before: Character = " "
    var isQuoted = false
    for place in line.indices {
      if line[place] == "\"" { isQuoted.toggle() }
      if line[place] == "#", before.isWhitespace, !isQuoted { return line[..<place] }
      before = line[place]
    }
    return line
  }

  static func trimmed(_ text: some StringProtocol) -> Substring {
    var text = Substring(text)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  static func isName(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
      && text.utf8.allSatisfy {
        (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95
      }
  }
}
