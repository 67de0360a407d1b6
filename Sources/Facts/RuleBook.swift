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
    var text: WrittenText
  }

  private(set) var rules: [Written] = []
  private(set) var ignored = Ignored()
  /// The words of all phrases.
  let vocabulary = Vocabulary()
  private var lists: [String: [[Phrase.Piece]]] = [:]
  private var off: [(name: String, place: Place)] = []

  mutating func read(_ text: String, from path: String) throws(Failure) {
    var paragraph: [Line] = []
    var number = 0
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let line = rest.takeLine()
      number += 1
      let place = Place(path: path, line: number)
      let said = Self.withoutComment(line).trimmed
      if said.isEmpty {
        // A line that is only a comment parts nothing.
        if line.trimmed.isEmpty {
          try read(paragraph)
          paragraph = []
        }
        continue
      }
      if paragraph.isEmpty, let (verb, rest) = Self.order(said) {
        try read(verb, rest, at: place)
      } else {
        paragraph.append(Line(place: place, indent: line.indent, text: said))
      }
    }
    try read(paragraph)
  }

  /// `ignore` or `off`, and what stands behind it.
  private static func order(_ text: WrittenText) -> (verb: WrittenText, rest: WrittenText)? {
    let (verb, rest) = text.parted(at: UInt8(ascii: " ")) ?? (text, [])
    return verb.isText("ignore") || verb.isText("off") ? (verb, rest.trimmed) : nil
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
      graph.add(written.phrases, PhraseGraph.Accept(rule: index, isVeto: false))
      graph.add(written.vetoes, PhraseGraph.Accept(rule: index, isVeto: true))
    }
    return Automaton(graph, words: vocabulary.end)
  }

  private mutating func read(_ paragraph: [Line]) throws(Failure) {
    guard let place = paragraph.first?.place, let first = paragraph.first?.text else { return }
    if first.begins(with: "{") {
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
      let isVeto = line.text.isText("unless") || line.text.begins(with: "unless ")
      var reader = PhraseReader(isVeto ? line.text.dropFirst(6) : line.text, lists, vocabulary, at: line.place)
      let phrase = try reader.phrase()
      if isVeto { written.vetoes.append(phrase) } else { written.phrases.append(phrase) }
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
        if line.text.first != UInt8(ascii: "/") { joined[joined.count - 1].text.append(UInt8(ascii: " ")) }
        joined[joined.count - 1].text += line.text
      } else {
        joined.append(line)
      }
    }
  }

  /// `{name} = a/b/several words / c`, on as many lines as it takes.
  private mutating func readList(_ paragraph: [Line]) throws(Failure) {
    let (place, first) = (paragraph[0].place, paragraph[0].text)
    let parts = first.parted(at: UInt8(ascii: "="))
    let name = parts?.before.trimmed ?? []
    guard let parts, name.last == UInt8(ascii: "}"), Self.isName(name.dropFirst().dropLast()) else {
      throw place.failure("expected a list, `{name} = word/word`, found `\(first.string)`", do: "write it so")
    }
    let key = name.dropFirst().dropLast().string
    guard lists[key] == nil else {
      throw place.failure("there is a list {\(key)} already", do: "give this one another name")
    }
    var alternatives: [[Phrase.Piece]] = []
    let lines = [(place, parts.after)] + paragraph.dropFirst().map { ($0.place, $0.text) }
    for (line, text) in lines where !text.trimmed.isEmpty {
      var reader = PhraseReader(text, lists, vocabulary, at: line)
      alternatives += try reader.alternatives()
    }
    guard !alternatives.isEmpty else {
      throw place.failure("the list {\(key)} is empty", do: "write its words behind =")
    }
    lists[key] = Phrase.merged(alternatives)
  }

  /// `ignore <TAG>`, `ignore from "TEXT" to "TEXT"`, `ignore lines "TEXT"`, `ignore turns "TEXT"`, `off NAME`.
  private mutating func read(_ verb: WrittenText, _ rest: WrittenText, at place: Place) throws(Failure) {
    if verb.isText("off") {
      guard Self.isName(rest) else {
        throw place.failure("expected the name of a rule behind off, found `\(rest.string)`", do: "write `off NAME`")
      }
      off.append((rest.string, place))
      return
    }
    let parts = rest.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false).map { Array($0) }
    let words = parts.map { $0[...].trimmed }
    let name = rest.dropFirst().dropLast()
    if rest.first == UInt8(ascii: "<"), rest.last == UInt8(ascii: ">"), Self.isName(name) {
      ignored.blocks.append(
        Ignored.Block(begin: Array("<".utf8) + name, end: Array("</".utf8) + name + Array(">".utf8), isTag: true))
    } else if words.count == 5, words[0].isText("from"), words[2].isText("to"), words[4].isEmpty, !parts[1].isEmpty,
      !parts[3].isEmpty
    {
      ignored.blocks.append(Ignored.Block(begin: parts[1], end: parts[3]))
    } else if words.count == 3, words[0].isText("lines"), words[2].isEmpty, !parts[1].isEmpty {
      ignored.lines.append(parts[1])
    } else if words.count == 3, words[0].isText("turns"), words[2].isEmpty, !parts[1].isEmpty {
      ignored.turns.append(parts[1])
    } else {
      throw place.failure(
        "expected what to ignore, found `\(rest.string)`",
        do: #"write `ignore <tag>`, `ignore from "..." to "..."`, `ignore lines "..."` or `ignore turns "..."`"#)
    }
  }

  /// A comment begins with a # at the beginning of a line or behind a space, but not between quotes.
  private static func withoutComment(_ line: WrittenText) -> WrittenText {
    var isQuoted = false
    for place in line.indices {
      if line[place] == UInt8(ascii: "\"") { isQuoted.toggle() }
      guard line[place] == UInt8(ascii: "#"), !isQuoted else { continue }
      let before = line[..<place]
      if before.isEmpty || before.lastSpace != nil { return before }
    }
    return line
  }

  static func isName(_ text: WrittenText) -> Bool {
    !text.isEmpty && text.count <= 64
      && text.allSatisfy {
        (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95
      }
  }
}
