import Spool

/// Recognises secrets in text, so that none enters the agents' memory: what is shipped in share/spindle/rules/secrets.rules,
/// whose head describes the language, and what a user adds.
///
/// Takes time in proportion to the text, whatever the text and the rules are. Knows no Foundation.
public struct SecretRules: Sendable {
  var rules: [SecretRule]
  private var everywhere = StopWords()
  private var patterns: [SecretPattern] = []
  /// Whose the pattern of the same index is.
  private var owners: [Int] = []
  private var sets: [ByteSet] = []
  private var names: Set<[UInt8]> = []
  private var finder = KeywordFinder()

  /// What a secret is replaced by, up to the rule's name. The name itself is not looked at again.
  static let mark = Array("[secret: ".utf8)

  public struct Match: Equatable, Sendable {
    public var rule: String
    public var description: String
    public var range: Range<String.Index>
    /// From 1.
    public var line: Int
  }

  /// A rule of a later file replaces one of the same name.
  /// - Throws: `.configuration` naming file and line, and what was expected there.
  public init(_ files: [(path: String, text: String)]) throws(Failure) {
    var sheet = RuleSheet()
    for file in files { try sheet.read(file.text, path: file.path) }
    rules = sheet.rules
    everywhere = sheet.everywhere
    for index in rules.indices {
      for pattern in rules[index].patterns {
        var pattern = pattern
        pattern.number(&sets)
        for keyword in pattern.keywords { finder.add(keyword, before: pattern.follows, of: patterns.count) }
        patterns.append(pattern)
        owners.append(index)
      }
    }
    names = Set(rules.map { Array($0.name.utf8) })
    finder.add(Self.mark, before: (ByteSet(), 0), of: -1)
  }

  /// The secrets in `text`, in order. Where two rules find the same or overlapping text it is one match, named by the rule that
  /// stands first.
  public func matches(in text: String) -> [Match] {
    var text = text
    return text.withUTF8 { bytes in
      var line = 1
      var counted = 0
      return found(in: bytes).map { match in
        line += bytes[counted..<match.range.lowerBound].count { $0 == UInt8(ascii: "\n") }
        counted = match.range.lowerBound
        let rule = rules[match.rule]
        return (rule.name, rule.description, match.range, line)
      }
    }.map { (name: String, description: String, range: Range<Int>, line: Int) in
      let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
      let end = text.utf8.index(start, offsetBy: range.count)
      return Match(rule: name, description: description, range: start..<end, line: line)
    }
  }

  /// The text with each secret replaced by `[secret: RULE]`. Once more gives the same.
  public func redacted(_ text: String) -> String {
    var text = text
    // What goes may free what was stuck to it. 16: more than ever are stuck together, and any text takes an end.
    for _ in 0..<16 {
      guard let less = redactedOnce(&text) else { break }
      text = less
    }
    return text
  }

  private func redactedOnce(_ text: inout String) -> String? {
    text.withUTF8 { bytes in
      let matches = found(in: bytes)
      guard !matches.isEmpty else { return nil }
      var result: [UInt8] = []
      result.reserveCapacity(bytes.count)
      var end = 0
      for match in matches {
        result += bytes[end..<match.range.lowerBound]
        result += Self.mark
        result += rules[match.rule].name.utf8
        result.append(UInt8(ascii: "]"))
        end = match.range.upperBound
      }
      result += bytes[end...]
      return String(decoding: result, as: UTF8.self)
    }
  }

  private func found(in bytes: UnsafeBufferPointer<UInt8>) -> [(rule: Int, range: Range<Int>)] {
    var search = SecretSearch(bytes, sets: sets.count)
    var found: [(rule: Int, range: Range<Int>)] = []
    /// Where each pattern goes on: behind what it found.
    var next = [Int](repeating: 0, count: patterns.count)
    var markEnd = 0
    finder.forEach(in: bytes) { place, owner in
      guard place >= markEnd else { return }
      guard owner >= 0 else {
        markEnd = self.markEnd(bytes[(place + Self.mark.count)...]) ?? markEnd
        return
      }
      guard place >= next[owner] else { return }
      guard let range = search.secret(of: patterns[owner], at: place) else { return }
      if rules[owners[owner]].accepts(bytes[range], besides: patterns[owner].isBlock ? nil : everywhere) {
        found.append((owners[owner], range))
        next[owner] = range.upperBound
      } else if patterns[owner].isPrefixed {
        // The same prefix further on in the same word is not looked at again. A name within a value is.
        next[owner] = range.upperBound
      }
    }
    return Self.merged(found)
  }

  /// Only a rule's name makes a mark: nothing hides behind its beginning.
  private func markEnd(_ rest: UnsafeBufferPointer<UInt8>.SubSequence) -> Int? {
    guard let end = rest.prefix(64).firstIndex(of: UInt8(ascii: "]")), names.contains(Array(rest[..<end])) else {
      return nil
    }
    return end
  }

  private static func merged(_ found: [(rule: Int, range: Range<Int>)]) -> [(rule: Int, range: Range<Int>)] {
    var merged: [(rule: Int, range: Range<Int>)] = []
    for match in found.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard let last = merged.last, match.range.lowerBound < last.range.upperBound else {
        merged.append(match)
        continue
      }
      merged[merged.count - 1] = (
        min(last.rule, match.rule),
        last.range.lowerBound..<max(last.range.upperBound, match.range.upperBound)
      )
    }
    return merged
  }
}
