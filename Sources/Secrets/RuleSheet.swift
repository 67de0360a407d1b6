import Spool

/// The rules of all files, as they are read: paragraphs that begin with `rule NAME` or `everywhere`, and lines `off NAME`.
struct RuleSheet {
  private(set) var rules: [SecretRule] = []
  private(set) var everywhere = StopWords()

  private static let kinds = [
    "digit": "0123456789", "lower": "abcdefghijklmnopqrstuvwxyz", "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "mark": "!\"#$%&'()*+,;<=>?@[\\]^`{|}~",
  ]

  private enum Paragraph {
    case none
    case everywhere
    case rule(SecretRule, line: Int, ignoresCase: Bool)
  }

  mutating func read(_ text: String, path: String) throws(Failure) {
    var paragraph = Paragraph.none
    var here: Set<String> = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let first = words.first else {
        try end(&paragraph, path)
        continue
      }
      if first.hasPrefix("#") { continue }
      let place = Place(path: path, line: index + 1)
      switch (first, words.count) {
      case ("everywhere", 1):
        try end(&paragraph, path)
        paragraph = .everywhere
      case ("off", 2):
        try end(&paragraph, path)
        guard rules.contains(where: { $0.name == words[1] }) else {
          throw place.failure("there is no rule \(words[1]) to switch off", "name one that is read before")
        }
        rules.removeAll { $0.name == words[1] }
      case ("rule", 2):
        try end(&paragraph, path)
        let name = String(words[1])
        guard name.utf8.allSatisfy({ ByteSet("abcdefghijklmnopqrstuvwxyz0123456789-").contains($0) }) else {
          throw place.failure("\(name) is no name of a rule", "use small letters, digits and -")
        }
        guard here.insert(name).inserted else {
          throw place.failure("the rule \(name) is there twice in this file", "give one of them another name")
        }
        paragraph = .rule(SecretRule(name: name), line: index + 1, ignoresCase: false)
      default: try add(line, to: &paragraph, place)
      }
    }
    try end(&paragraph, path)
  }

  private mutating func add(_ line: Substring, to paragraph: inout Paragraph, _ place: Place) throws(Failure) {
    let parts = line.split(separator: ":", maxSplits: 1)
    let key = parts[0].filter { !$0.isWhitespace }
    let value = parts.count == 2 ? trimmed(parts[1]) : ""
    guard !value.isEmpty else {
      throw place.failure(
        "expected rule NAME, off NAME, everywhere, or one of what:, pattern:, case:, entropy:, needs:, mixing:, unless:, shape:, near:",
        "correct the line")
    }
    switch paragraph {
    case .none: throw place.failure("\(key): stands in no rule", "begin the paragraph with rule NAME")
    case .everywhere:
      guard key == "unless" else { throw place.failure("\(key): is not known here", "everywhere has unless: only") }
      for word in value.split(whereSeparator: \.isWhitespace) { everywhere.add(word) }
    case .rule(var rule, let line, var ignoresCase):
      switch key {
      case "what": rule.description = value
      case "case":
        guard value == "any", rule.patterns.isEmpty else {
          throw place.failure("case: says any, and stands before the patterns", "write case: any above pattern:")
        }
        ignoresCase = true
      case "pattern":
        do throws(PatternMistake) {
          rule.patterns.append(try SecretPattern(value, ignoresCase: ignoresCase))
        } catch { throw place.failure("the pattern \(error.why)", "see the head of secrets.rules") }
      case "entropy":
        guard let bits = Double(value), (0...8).contains(bits) else {
          throw place.failure("\(value) is no entropy", "give bits a character, 0 to 8")
        }
        rule.entropy = bits
      case "mixing":
        guard let share = Double(value), (0...1).contains(share) else {
          throw place.failure("\(value) is no share", "give 0 to 1")
        }
        rule.mixing = share
      case "needs": rule.needs = try sets(value, place)
      case "unless": for word in value.split(whereSeparator: \.isWhitespace) { rule.stopWords.add(word) }
      case "shape": rule.shapes.append(value)
      case "near": rule.nearMisses.append(value)
      default:
        throw place.failure(
          "\(key): is not known", "use what:, pattern:, case:, entropy:, needs:, mixing:, unless:, shape: or near:")
      }
      paragraph = .rule(rule, line: line, ignoresCase: ignoresCase)
    }
  }

  /// `letter digit|mark`: for each word a set.
  private func sets(_ value: String, _ place: Place) throws(Failure) -> [ByteSet] {
    var sets: [ByteSet] = []
    for word in value.split(whereSeparator: \.isWhitespace) {
      var characters = ""
      for kind in word.split(separator: "|") {
        switch Self.kinds[String(kind)] {
        case let known?: characters += known
        case nil where kind == "letter":
          characters += Self.kinds["lower", default: ""] + Self.kinds["upper", default: ""]
        case nil: throw place.failure("\(kind) is no kind of character", "use letter, lower, upper, digit or mark")
        }
      }
      sets.append(ByteSet(characters))
    }
    return sets
  }

  private mutating func end(_ paragraph: inout Paragraph, _ path: String) throws(Failure) {
    defer { paragraph = .none }
    guard case .rule(let rule, let line, _) = paragraph else { return }
    guard !rule.description.isEmpty, !rule.patterns.isEmpty else {
      throw Place(path: path, line: line).failure("the rule \(rule.name) lacks what: or pattern:", "give it both")
    }
    if let index = rules.firstIndex(where: { $0.name == rule.name }) { rules[index] = rule } else { rules.append(rule) }
  }

  private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

private struct Place {
  var path: String
  var line: Int

  func failure(_ why: String, _ advice: String) -> Failure {
    Failure(.configuration, "\(path): line \(line)", why, do: advice)
  }
}
