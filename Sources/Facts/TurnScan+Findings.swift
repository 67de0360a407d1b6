/// What the phrases that were met in a sentence amount to.
extension TurnScan {
  /// The first rule of each kind that is met and not vetoed.
  mutating func find(_ stop: Int) {
    var vetoed: Set<Int> = []
    var met: [(rule: Int, end: Int)] = []
    for hit in match.hits {
      let accept = automaton.accepts[Int(hit.accept)]
      if accept.isVeto { vetoed.insert(accept.rule) } else { met.append((accept.rule, hit.end)) }
    }
    met.sort { ($0.rule, $0.end) < ($1.rule, $1.end) }
    var kinds: Set<String> = []
    for (index, end) in met where !vetoed.contains(index) {
      let rule = rules.rules[index]
      guard kinds.insert(rule.kind).inserted else {
        continue
      }
      if rule.takesNext { waiting.append((findings.count, sentence, end)) }
      limits.append(rule.longestTurn)
      findings.append(
        RuleSet.Finding(
          kind: rule.kind, text: Excerpt.text(bytes, sentence..<stop, around: end), rule: rule.name))
    }
  }

  /// Gives this sentence to those before it that wait for it.
  mutating func takeIn(_ stop: Int) {
    guard !waiting.isEmpty else { return }
    for (finding, start, mark) in waiting {
      findings[finding].text = Excerpt.text(bytes, start..<stop, around: mark)
    }
    waiting.removeAll(keepingCapacity: true)
  }
}
