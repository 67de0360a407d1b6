/// The graph of all phrases, frozen into tables that are looked up by open addressing. A word that no rule knows costs one
/// look, however many rules there are.
struct Automaton: Sendable {
  struct Word {
    var hash: UInt64 = 0
    var number: UInt32 = 0
  }
  struct Edge {
    /// Node and word; no edge has 0 (word 0 is the word of no rule).
    var key: UInt64 = 0
    var targets: (from: UInt32, to: UInt32) = (0, 0)
  }
  struct Node {
    /// Which words, by their last six bits, have an edge from here: most that have none are told by it alone.
    var mask: UInt64 = 0
    var gaps: (from: UInt32, to: UInt32)
    var accepts: (from: UInt32, to: UInt32)
    var endAccepts: (from: UInt32, to: UInt32)
  }

  let words: [Word]
  /// By word: where it leads from the beginning of a phrase that may stand anywhere.
  let starts: [(from: UInt32, to: UInt32)]
  let edges: [Edge]
  let targets: [UInt32]
  let nodes: [Node]
  let gaps: [(node: UInt32, words: Int32)]
  let accepted: [UInt32]
  let accepts: [PhraseGraph.Accept]

  init(_ graph: PhraseGraph) {
    var words = [Word](repeating: Word(), count: Self.size(for: graph.words.count))
    for (hash, number) in graph.words {
      var slot = Self.slot(hash, words.count)
      while words[slot].number != 0 { slot = (slot + 1) & (words.count - 1) }
      words[slot] = Word(hash: hash, number: number)
    }
    self.words = words

    var edges = [Edge](repeating: Edge(), count: Self.size(for: graph.edges.count))
    var targets: [UInt32] = []
    var starts = [(from: UInt32, to: UInt32)](
      repeating: (0, 0), count: graph.words.count + Int(Phrase.Mark.exclamation.rawValue) + 1)
    var masks = [UInt64](repeating: 0, count: graph.nodes.count)
    for (edge, nodes) in graph.edges {
      let key = Self.key(edge.node, edge.word)
      var slot = Self.slot(key &* Self.spread, edges.count)
      while edges[slot].key != 0 { slot = (slot + 1) & (edges.count - 1) }
      edges[slot] = Edge(key: key, targets: (UInt32(targets.count), UInt32(targets.count + nodes.count)))
      if edge.node == PhraseGraph.anywhere { starts[Int(edge.word)] = edges[slot].targets }
      masks[Int(edge.node)] |= Self.bit(edge.word)
      targets += nodes
    }
    self.starts = starts
    self.edges = edges
    self.targets = targets

    var nodes: [Node] = []
    var gaps: [(node: UInt32, words: Int32)] = []
    var accepted: [UInt32] = []
    for (node, mask) in zip(graph.nodes, masks) {
      let gap = UInt32(gaps.count)
      gaps += node.gaps
      let first = UInt32(accepted.count)
      accepted += node.accepts
      let last = UInt32(accepted.count)
      accepted += node.endAccepts
      nodes.append(
        Node(
          mask: mask, gaps: (gap, UInt32(gaps.count)), accepts: (first, last),
          endAccepts: (last, UInt32(accepted.count))))
    }
    self.nodes = nodes
    self.gaps = gaps
    self.accepted = accepted
    accepts = graph.accepts
  }

  /// A third full at most, so that most looks end at the first slot.
  private static func size(for count: Int) -> Int {
    var size = 16
    while size < count * 3 { size *= 2 }
    return size
  }

  @inline(__always) static func bit(_ word: UInt32) -> UInt64 { 1 << UInt64(word & 63) }

  static let spread: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inline(__always) static func key(_ node: UInt32, _ word: UInt32) -> UInt64 { UInt64(node) << 32 | UInt64(word) }

  @inline(__always) static func slot(_ hash: UInt64, _ size: Int) -> Int {
    // The high bits are where a product is mixed best.
    Int(truncatingIfNeeded: (hash &>> 40) & UInt64(truncatingIfNeeded: size - 1))
  }

  /// Where the edges of `node` by `word` lead.
  @inline(__always) func targets(_ node: UInt32, _ word: UInt32) -> (from: UInt32, to: UInt32) {
    let key = Self.key(node, word)
    var slot = Self.slot(key &* Self.spread, edges.count)
    while edges[slot].key != key {
      if edges[slot].key == 0 { return (0, 0) }
      slot = (slot + 1) & (edges.count - 1)
    }
    return edges[slot].targets
  }
}
