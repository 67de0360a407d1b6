/// All phrases of all rules as one graph: nodes, and edges that words lead along. Phrases that begin alike share their
/// beginning, and alternatives meet again in one node, so that the graph grows with what is written, not with its product.
struct PhraseGraph {
  struct Node {
    /// Entered together with this one, and left open for so many words more.
    var gaps: [(node: UInt32, words: Int32)] = []
    /// What is found on arrival, and what if the sentence ends here: indices of `Accept`.
    var accepts: [UInt32] = []
    var endAccepts: [UInt32] = []
  }

  struct Accept: Hashable {
    var rule: Int
    var isVeto: Bool
  }

  struct Edge: Hashable {
    var node: UInt32
    var word: UInt32
  }

  private struct Step: Hashable {
    var sources: [UInt32]
    var words: [UInt32]
    var gap = 0
  }

  static let anywhere: UInt32 = 0
  static let sentence: UInt32 = 1
  static let turn: UInt32 = 2

  private(set) var nodes = [Node(), Node(), Node()]
  private(set) var edges: [Edge: [UInt32]] = [:]
  private(set) var accepts: [Accept] = []
  /// 0 is a word of no rule, 1 to 3 are the marks.
  private(set) var words: [UInt64: UInt32] = [:]
  private var steps: [Step: UInt32] = [:]

  mutating func add(_ phrase: Phrase, _ accept: Accept) {
    let root =
      switch phrase.start {
      case .anywhere: Self.anywhere
      case .sentence: Self.sentence
      case .turn: Self.turn
      }
    let ends = follow(phrase.pieces, from: [root])
    let index = accepts.firstIndex(of: accept) ?? accepts.endIndex
    if index == accepts.endIndex { accepts.append(accept) }
    for end in ends {
      if phrase.isLast {
        nodes[Int(end)].endAccepts.append(UInt32(index))
      } else {
        nodes[Int(end)].accepts.append(UInt32(index))
      }
    }
  }

  /// The nodes in which the pieces end, begun in any of `sources`.
  private mutating func follow(_ pieces: [Phrase.Piece], from sources: [UInt32]) -> [UInt32] {
    var sources = sources
    for piece in pieces {
      switch piece {
      case .words(let hashes):
        sources = [step(sources, Set(hashes.map { number($0) }).sorted())]
      case .mark(let mark):
        sources = [step(sources, [mark.rawValue])]
      case .gap(let words):
        sources = [gap(sources, words)]
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
    let step = Step(sources: sources, words: words)
    if let known = steps[step] { return known }
    let node = newNode(step)
    for source in sources { for word in words { edges[Edge(node: source, word: word), default: []].append(node) } }
    return node
  }

  private mutating func gap(_ sources: [UInt32], _ words: Int) -> UInt32 {
    let step = Step(sources: sources, words: [], gap: words)
    if let known = steps[step] { return known }
    let node = newNode(step)
    for source in sources { nodes[Int(source)].gaps.append((node, Int32(words))) }
    return node
  }

  private mutating func newNode(_ step: Step) -> UInt32 {
    let node = UInt32(nodes.count)
    nodes.append(Node())
    steps[step] = node
    return node
  }

  private mutating func number(_ hash: UInt64) -> UInt32 {
    if let known = words[hash] { return known }
    let number = UInt32(words.count) + Phrase.Mark.exclamation.rawValue + 1
    words[hash] = number
    return number
  }
}
