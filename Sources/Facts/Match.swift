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
    var mask: UInt64
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
    if live.isEmpty {
      guard number != 0 else { return }
      if index > 0 {
        let start = automaton.starts[Int(number)]
        if start.from == start.to { return }
      }
    }
    lead(by: number, end: end, inFirstSentence: isFirst)
  }

  private mutating func lead(by number: UInt32, end: Int, inFirstSentence isFirst: Bool) {
    if number != 0 {
      for place in 0..<live.count where live[place].until >= index { follow(live[place], number, end) }
      reach(automaton.starts[Int(number)], end)
      if index == 0 {
        reach(automaton.targets(PhraseGraph.sentence, number), end)
        if isFirst { reach(automaton.targets(PhraseGraph.turn, number), end) }
      }
    }
    var kept = 0
    for place in 0..<live.count where live[place].until > index {
      if kept < place { live[kept] = live[place] }
      kept += 1
    }
    while live.count > kept { live.removeLast() }
  }

  /// A pause: it leads on where a phrase asks for one, and is passed over elsewhere.
  mutating func pause(at end: Int) {
    guard index >= 0 else { return }
    mark(.pause, end)
  }

  private mutating func mark(_ mark: Phrase.Mark, _ end: Int) {
    for place in 0..<live.count { follow(live[place], mark.rawValue, end) }
    reach(automaton.starts[Int(mark.rawValue)], end)
  }

  /// The sentence is over: whatever asks for its end or its mark is met now.
  mutating func finish(_ mark: Phrase.Mark?, end: Int) {
    for entry in live {
      let accepts = automaton.nodes[Int(entry.node)].endAccepts
      for place in accepts.from..<accepts.to { hits.append(Hit(accept: automaton.accepted[Int(place)], end: end)) }
    }
    if let mark { self.mark(mark, end) }
  }

  @inline(__always) private mutating func follow(_ entry: Live, _ word: UInt32, _ end: Int) {
    guard entry.mask & Automaton.bit(word) != 0 else { return }
    reach(automaton.targets(entry.node, word), end)
  }

  private mutating func reach(_ targets: (from: UInt32, to: UInt32), _ end: Int) {
    for place in targets.from..<targets.to {
      let target = automaton.targets[Int(place)]
      let node = automaton.nodes[Int(target)]
      if node.mask != 0 || node.endAccepts.from < node.endAccepts.to { enter(target, node, until: index + 1) }
      for gap in node.gaps.from..<node.gaps.to {
        let (target, words) = automaton.gaps[Int(gap)]
        enter(target, automaton.nodes[Int(target)], until: index + 1 + words)
      }
      for accept in node.accepts.from..<node.accepts.to {
        hits.append(Hit(accept: automaton.accepted[Int(accept)], end: end))
      }
    }
  }

  private mutating func enter(_ target: UInt32, _ node: Automaton.Node, until: Int32) {
    for place in live.indices where live[place].node == target {
      live[place].until = max(live[place].until, until)
      return
    }
    live.append(Live(node: target, until: until, mask: node.mask))
  }
}
