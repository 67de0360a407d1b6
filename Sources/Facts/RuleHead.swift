import Spool

/// The first line of a rule: `NAME: KIND from user`, and then, parted by commas, `with next` and
/// `in turns up to 500 bytes`.
enum RuleHead {
  static func read(_ line: String, at place: RuleBook.Place) throws(Failure) -> RuleSet.Rule {
    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = RuleBook.trimmed(parts[0])
    guard parts.count == 2, RuleBook.isName(name) else {
      throw place.failure(
        "expected the first line of a rule, `NAME: KIND from user`, found `\(line)`",
        do: "write it so; a rule goes on to the next empty line")
    }
    var clauses = parts[1].split(separator: ",", omittingEmptySubsequences: false).map(RuleBook.trimmed)
    let yield = clauses.removeFirst().split(separator: " ").map(String.init)
    guard yield.count >= 3, yield[1] == "from", RuleBook.isName(yield[0][...]),
      let speakers = speakers(yield.dropFirst(2))
    else {
      throw place.failure(
        "expected what the rule \(name) yields and from whom, found `\(RuleBook.trimmed(parts[1]))`",
        do: "write `\(name): KIND from user`, `from assistant` or `from user or assistant`")
    }
    var rule = RuleSet.Rule(name: String(name), kind: yield[0], speakers: speakers)
    for clause in clauses {
      let words = clause.split(separator: " ").map(String.init)
      if words == ["with", "next"] {
        rule.takesNext = true
      } else if words.count == 6, words[0...3] == ["in", "turns", "up", "to"], words[5] == "bytes",
        let bytes = Int(words[4]), bytes > 0
      {
        rule.longestTurn = bytes
      } else {
        throw place.failure(
          "`\(clause)` is not understood", do: "write `with next` or `in turns up to 500 bytes`, or leave it out")
      }
    }
    return rule
  }

  private static func speakers(_ words: ArraySlice<String>) -> Set<Speaker>? {
    switch Array(words) {
    case ["user"]: [.user]
    case ["assistant"]: [.assistant]
    case ["user", "or", "assistant"], ["assistant", "or", "user"]: [.user, .assistant]
    default: nil
    }
  }
}
