/// The phrases that one sentence has begun, and those it has completed. The words of a sentence are put in one after the
/// other; nothing of them is kept but where they led.
struct Match {
  struct Hit {
    var accept: UInt32
    /// Where the phrase ended, as an offset in the turn.
    var end: Int
  }
  private struct Live {
    var node: UInt32
    /// The last word that may lead on from there.
    var until: Int32
  }

  private let automaton: Automaton
  private var live: [Live] = []
  private(set) var hits: [Hit] = []
  /// The number of the last word, from 0.
  private var index: Int32 = -1

  init(_ automaton: Automaton) {
    self.automaton = automaton
  }

  var isEmpty: Bool { index < 0 }

  mutating func begin() {
    live.removeAll(keepingCapacity: true)
    hits.removeAll(keepingCapacity: true)
    index = -1
  }

  /// A word; `number` is 0 for one that no rule knows.
  @inline(__always) mutating func add(word number: UInt32, end: Int, inFirstSentence isFirst: Bool) {
    index &+= 1
    if number == 0 && live.isEmpty { return }
    lead(by: number, end: end, inFirstSentence: isFirst)
  }

  @inline(never) private mutating func lead(by number: UInt32, end: Int, inFirstSentence isFirst: Bool) {
    if number != 0 {
      for place in 0..<live.count where live[place].until >= index { follow(live[place].node, number, end) }
      follow(PhraseGraph.anywhere, number, end)
      if index == 0 {
        follow(PhraseGraph.sentence, number, end)
        if isFirst { follow(PhraseGraph.turn, number, end) }
      }
    }
    let last = index
    live.removeAll { $0.until <= last }
  }

  /// A pause: it leads on where a phrase asks for one, and is passed over elsewhere.
  mutating func pause(at end: Int) {
    guard index >= 0 else { return }
    for place in 0..<live.count { follow(live[place].node, Phrase.Mark.pause.rawValue, end) }
    follow(PhraseGraph.anywhere, Phrase.Mark.pause.rawValue, end)
  }

  /// The sentence is over: whatever asks for its end or its mark is met now.
  mutating func finish(_ mark: Phrase.Mark?, end: Int) {
    for entry in live {
      let accepts = automaton.nodes[Int(entry.node)].endAccepts
      for place in accepts.from..<accepts.to { hits.append(Hit(accept: automaton.accepted[Int(place)], end: end)) }
    }
    guard let mark else { return }
    for place in 0..<live.count { follow(live[place].node, mark.rawValue, end) }
    follow(PhraseGraph.anywhere, mark.rawValue, end)
  }

  private mutating func follow(_ node: UInt32, _ word: UInt32, _ end: Int) {
    let targets = automaton.targets(node, word)
    for place in targets.from..<targets.to {
      let target = automaton.targets[Int(place)]
      let facts = automaton.nodes[Int(target)]
      enter(target, until: index + 1)
      for gap in facts.gaps.from..<facts.gaps.to {
        enter(automaton.gaps[Int(gap)].node, until: index + 1 + automaton.gaps[Int(gap)].words)
      }
      for accept in facts.accepts.from..<facts.accepts.to {
        hits.append(Hit(accept: automaton.accepted[Int(accept)], end: end))
      }
    }
  }

  private mutating func enter(_ node: UInt32, until: Int32) {
    for place in live.indices where live[place].node == node {
      live[place].until = max(live[place].until, until)
      return
    }
    live.append(Live(node: node, until: until))
  }
}
