import Spool

/// The first line of a rule: `NAME: KIND from user`, and then, parted by commas, `with next` and
/// `in turns up to 500 bytes`.
enum RuleHead {
  static func read(_ line: WrittenText, at place: RuleBook.Place) throws(Failure) -> RuleSet.Rule {
    let parts = line.parted(at: UInt8(ascii: ":"))
    guard let parts, RuleBook.isName(parts.before.trimmed) else {
      throw place.failure(
        "expected the first line of a rule, `NAME: KIND from user`, found `\(line.string)`",
        do: "write it so; a rule goes on to the next empty line")
    }
    let name = parts.before.trimmed.string
    var clauses = parts.after.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { $0.trimmed }
    let yield = clauses.removeFirst().split(separator: UInt8(ascii: " "))
    guard yield.count >= 3, yield[1].isText("from"), RuleBook.isName(yield[0]),
      let speakers = speakers(yield.dropFirst(2).map { $0.string })
    else {
      throw place.failure(
        "expected what the rule \(name) yields and from whom, found `\(parts.after.trimmed.string)`",
        do: "write `\(name): KIND from user`, `from assistant` or `from user or assistant`")
    }
    var rule = RuleSet.Rule(name: name, kind: yield[0].string, speakers: speakers)
    for clause in clauses {
      let words = clause.split(separator: UInt8(ascii: " ")).map { $0.string }
      if words == ["with", "next"] {
        rule.takesNext = true
      } else if words.count == 6, words[0...3] == ["in", "turns", "up", "to"], words[5] == "bytes",
        let bytes = Int(words[4]), bytes > 0
      {
        rule.longestTurn = bytes
      } else {
        throw place.failure(
          "`\(clause.string)` is not understood", do: "write `with next` or `in turns up to 500 bytes`, or leave it out"
        )
      }
    }
    return rule
  }

  private static func speakers(_ words: [String]) -> Set<Speaker>? {
    switch words {
    case ["user"]: [.user]
    case ["assistant"]: [.assistant]
    case ["user", "or", "assistant"], ["assistant", "or", "user"]: [.user, .assistant]
    default: nil
    }
  }
}
