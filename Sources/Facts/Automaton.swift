/// The graph of all phrases, frozen into tables. Its edges are looked up by open addressing.
struct Automaton: Sendable {
  struct Edge {
    /// Node and word; no edge has 0 (word 0 is the word of no rule). Those from `PhraseGraph.anywhere` are in `starts`.
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

  /// By word: where it leads from the beginning of a phrase that may stand anywhere.
  let starts: [(from: UInt32, to: UInt32)]
  let edges: [Edge]
  let targets: [UInt32]
  let nodes: [Node]
  let gaps: [(node: UInt32, words: Int32)]
  let accepted: [UInt32]
  let accepts: [PhraseGraph.Accept]

  /// - Parameter words: the numbers of all words are below it.
  init(_ graph: PhraseGraph, words: UInt32) {
    var masks = [UInt64](repeating: 0, count: Int(graph.nodes))
    var beginnings: [(of: UInt32, UInt32)] = []
    var others: [(of: UInt32, UInt32)] = []
    // A third full at most, so that most looks end at the first slot.
    var size = 16
    while size < graph.edges.count * 3 { size *= 2 }
    var edges = [Edge](repeating: Edge(), count: size)
    var used: [Int] = []
    for edge in graph.edges {
      masks[Int(edge.node)] |= Self.bit(edge.word)
      if edge.node == PhraseGraph.anywhere {
        beginnings.append((edge.word, edge.target))
        continue
      }
      let slot = Self.slot(of: Self.key(edge.node, edge.word), in: edges)
      if edges[slot].key == 0 {
        edges[slot] = Edge(key: Self.key(edge.node, edge.word), targets: (UInt32(used.count), 0))
        used.append(slot)
      }
      others.append((edges[slot].targets.from, edge.target))
    }
    var targets: [UInt32] = []
    starts = Self.group(beginnings, words, into: &targets)
    for (slot, range) in zip(used, Self.group(others, UInt32(used.count), into: &targets)) {
      edges[slot].targets = range
    }
    self.edges = edges
    self.targets = targets

    var gaps: [(node: UInt32, words: Int32)] = []
    var accepted: [UInt32] = []
    let entered = Self.group(graph.gaps, graph.nodes, into: &gaps)
    let arrivals = Self.group(graph.arrivals, graph.nodes, into: &accepted)
    let endings = Self.group(graph.endings, graph.nodes, into: &accepted)
    nodes = masks.indices.map {
      Node(mask: masks[$0], gaps: entered[$0], accepts: arrivals[$0], endAccepts: endings[$0])
    }
    self.gaps = gaps
    self.accepted = accepted
    accepts = graph.accepts
  }

  /// Appends the values, those of one owner side by side and in their order.
  /// - Returns: for each owner, where its values lie.
  private static func group<Value>(
    _ values: [(of: UInt32, Value)], _ owners: UInt32, into all: inout [Value]
  ) -> [(from: UInt32, to: UInt32)] {
    var ranges = [(from: UInt32, to: UInt32)](repeating: (0, 0), count: Int(owners))
    for (owner, _) in values { ranges[Int(owner)].to += 1 }
    var next = UInt32(all.count)
    for owner in ranges.indices {
      let count = ranges[owner].to
      ranges[owner] = (next, next)
      next += count
    }
    guard let first = values.first else { return ranges }
    all += repeatElement(first.1, count: values.count)
    for (owner, value) in values {
      all[Int(ranges[Int(owner)].to)] = value
      ranges[Int(owner)].to += 1
    }
    return ranges
  }

  @inline(__always) private static func slot(of key: UInt64, in edges: [Edge]) -> Int {
    var slot = slot(key &* spread, edges.count)
    while edges[slot].key != key, edges[slot].key != 0 { slot = (slot + 1) & (edges.count - 1) }
    return slot
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
    edges[Self.slot(of: Self.key(node, word), in: edges)].targets
  }
}
