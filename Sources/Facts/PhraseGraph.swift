/// All phrases of all rules as one graph: nodes, and edges that words lead along. Phrases that begin alike share their
/// beginning, and alternatives meet again in one node, so that the graph grows with what is written, not with its product.
struct PhraseGraph {
  struct Accept {
    var rule: Int
    var isVeto: Bool
  }

  struct Edge {
    var node: UInt32
    var word: UInt32
    var target: UInt32
  }

  private struct Step: Hashable {
    var sources: [UInt32]
    var words: [UInt32]
    var gap = 0

    func hash(into hasher: inout Hasher) {
      var hash = WordHash()
      hash.add(UInt64(gap))
      for source in sources { hash.add(source) }
      for word in words { hash.add(word) }
      hasher.combine(hash.value)
    }
  }

  static let anywhere: UInt32 = 0
  static let sentence: UInt32 = 1
  static let turn: UInt32 = 2

  private(set) var nodes: UInt32 = 3
  private(set) var edges: [Edge] = []
  /// Of a node: which one is entered together with it, and left open for so many words more.
  private(set) var gaps: [(of: UInt32, (node: UInt32, words: Int32))] = []
  /// Of a node: what is found on arrival, and what if the sentence ends here: indices of `accepts`.
  private(set) var arrivals: [(of: UInt32, UInt32)] = []
  private(set) var endings: [(of: UInt32, UInt32)] = []
  private(set) var accepts: [Accept] = []
  private var steps = [Step: UInt32](minimumCapacity: 2048)

  mutating func add(_ phrases: [Phrase], _ accept: Accept) {
    let index = UInt32(accepts.count)
    accepts.append(accept)
    for phrase in phrases {
      let root =
        switch phrase.start {
        case .anywhere: Self.anywhere
        case .sentence: Self.sentence
        case .turn: Self.turn
        }
      for end in follow(phrase.pieces, from: [root]) {
        if phrase.isLast { endings.append((end, index)) } else { arrivals.append((end, index)) }
      }
    }
  }

  /// The nodes in which the pieces end, begun in any of `sources`.
  private mutating func follow(_ pieces: [Phrase.Piece], from sources: [UInt32]) -> [UInt32] {
    var sources = sources
    for piece in pieces {
      switch piece {
      case .words(let words): sources = [step(sources, words)]
      case .mark(let mark): sources = [step(sources, [mark.rawValue])]
      case .gap(let words): sources = [gap(sources, words)]
      case .choice(let alternatives, let isOptional):
        var ends = isOptional ? sources : []
        for alternative in alternatives {
          for end in follow(alternative, from: sources) where !ends.contains(end) { ends.append(end) }
        }
        sources = ends.sorted()
      }
    }
    return sources
  }

  private mutating func step(_ sources: [UInt32], _ words: [UInt32]) -> UInt32 {
    let (node, isNew) = node(after: Step(sources: sources, words: words))
    if isNew {
      for source in sources { for word in words { edges.append(Edge(node: source, word: word, target: node)) } }
    }
    return node
  }

  private mutating func gap(_ sources: [UInt32], _ words: Int) -> UInt32 {
    let (node, isNew) = node(after: Step(sources: sources, words: [], gap: words))
    if isNew { for source in sources { gaps.append((source, (node, Int32(words)))) } }
    return node
  }

  private mutating func node(after step: Step) -> (node: UInt32, isNew: Bool) {
    let node = steps[step, default: nodes]
    guard node == nodes else { return (node, false) }
    steps[step] = node
    nodes += 1
    return (node, true)
  }
}
