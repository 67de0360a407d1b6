import Spool

/// The rules of all files, as they are read: paragraphs that begin with `rule NAME` or `everywhere`, and lines `off NAME`.
struct RuleSheet {
  private(set) var rules: [SecretRule] = []
  private(set) var everywhere = StopWords()
  private var paragraph = Paragraph.none
  /// The rule of the paragraph; it is put in whole, at its end.
  private var rule = SecretRule(name: "")
  private var ignoresCase = false

  private enum Paragraph {
    case none, everywhere
    case rule(line: Int)
  }

  private static let nameCharacters = ByteSet("abcdefghijklmnopqrstuvwxyz0123456789-")
  private static let kinds: [String: ByteSet] = {
    let (lower, upper) = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return [
      "digit": ByteSet("0123456789"), "lower": ByteSet(lower), "upper": ByteSet(upper),
      "letter": ByteSet(lower + upper),
      "mark": ByteSet("!\"#$%&'()*+,;<=>?@[\\]^`{|}~"),
    ]
  }()

  mutating func read(_ text: String, path: String) throws(Failure) {
    var here: Set<String> = []
    var rest: WrittenText? = Array(text.utf8)[...]
    var number = 0
    while let text = rest {
      let end = text.firstIndex(of: UInt8(ascii: "\n"))
      let line = text[..<(end ?? text.endIndex)].trimmed
      rest = end.map { text[($0 + 1)...] }
      number += 1
      if line.isEmpty {
        try endParagraph(path)
      } else if line.first != UInt8(ascii: "#") {
        try read(line, Place(path: path, line: number), &here)
      }
    }
    try endParagraph(path)
  }

  private mutating func read(_ line: WrittenText, _ place: Place, _ here: inout Set<String>) throws(Failure) {
    if line.isText("everywhere") {
      try endParagraph(place.path)
      paragraph = .everywhere
      return
    }
    guard line.begins(with: "rule") || line.begins(with: "off") else { return try add(line, place) }
    let words = line.words
    guard words.count == 2, words[0].isText("rule") || words[0].isText("off") else { return try add(line, place) }
    try endParagraph(place.path)
    let name = words[1].string
    if words[0].isText("off") {
      guard rules.contains(where: { $0.name == name }) else {
        throw place.failure("there is no rule \(name) to switch off", "name one that is read before")
      }
      rules.removeAll { $0.name == name }
      return
    }
    guard words[1].allSatisfy(Self.nameCharacters.contains) else {
      throw place.failure("\(name) is no name of a rule", "use small letters, digits and -")
    }
    guard here.insert(name).inserted else {
      throw place.failure("the rule \(name) is there twice in this file", "give one of them another name")
    }
    paragraph = .rule(line: place.line)
    rule = SecretRule(name: name)
    ignoresCase = false
  }

  private mutating func add(_ line: WrittenText, _ place: Place) throws(Failure) {
    let parts = line.parted(at: UInt8(ascii: ":"))
    let key = parts?.before.words.map { $0.string }.joined() ?? ""
    let value = parts?.after.trimmed ?? []
    guard !key.isEmpty, !value.isEmpty else {
      throw place.failure(
        "expected rule NAME, off NAME, everywhere, or one of what:, pattern:, case:, entropy:, needs:, mixing:, unless:, shape:, near:",
        "correct the line")
    }
    switch paragraph {
    case .none: throw place.failure("\(key): stands in no rule", "begin the paragraph with rule NAME")
    case .everywhere:
      guard key == "unless" else { throw place.failure("\(key): is not known here", "everywhere has unless: only") }
      for word in value.words { everywhere.add(word) }
    case .rule:
      switch key {
      case "what": rule.description = value.string
      case "case":
        guard value.isText("any"), rule.patterns.isEmpty else {
          throw place.failure("case: says any, and stands before the patterns", "write case: any above pattern:")
        }
        ignoresCase = true
      case "pattern":
        do throws(PatternMistake) {
          rule.patterns.append(try SecretPattern(value, ignoresCase: ignoresCase))
        } catch { throw place.failure("the pattern \(error.why)", "see the head of secrets.rules") }
      case "entropy":
        guard let bits = Double(value.string), (0...8).contains(bits) else {
          throw place.failure("\(value.string) is no entropy", "give bits a character, 0 to 8")
        }
        rule.entropy = bits
      case "mixing":
        guard let share = Double(value.string), (0...1).contains(share) else {
          throw place.failure("\(value.string) is no share", "give 0 to 1")
        }
        rule.mixing = share
      case "needs": rule.needs = try sets(value, place)
      case "unless": for word in value.words { rule.stopWords.add(word) }
      case "shape": rule.shapes.append(value.string)
      case "near": rule.nearMisses.append(value.string)
      default:
        throw place.failure(
          "\(key): is not known", "use what:, pattern:, case:, entropy:, needs:, mixing:, unless:, shape: or near:")
      }
    }
  }

  /// `letter digit|mark`: for each word a set.
  private func sets(_ value: WrittenText, _ place: Place) throws(Failure) -> [ByteSet] {
    var sets: [ByteSet] = []
    for word in value.words {
      var set = ByteSet()
      for kind in word.split(separator: UInt8(ascii: "|")) {
        guard let known = Self.kinds[kind.string] else {
          throw place.failure("\(kind.string) is no kind of character", "use letter, lower, upper, digit or mark")
        }
        set.formUnion(known)
      }
      sets.append(set)
    }
    return sets
  }

  private mutating func endParagraph(_ path: String) throws(Failure) {
    defer { paragraph = .none }
    guard case .rule(let line) = paragraph else { return }
    guard !rule.description.isEmpty, !rule.patterns.isEmpty else {
      throw Place(path: path, line: line).failure("the rule \(rule.name) lacks what: or pattern:", "give it both")
    }
    if let index = rules.firstIndex(where: { $0.name == rule.name }) { rules[index] = rule } else { rules.append(rule) }
  }
}

private struct Place {
  var path: String
  var line: Int

  func failure(_ why: String, _ advice: String) -> Failure {
    Failure(.configuration, "\(path): line \(line)", why, do: advice)
  }
}
