/// A phrase of a rule, as it was read.
struct Phrase {
  enum Start { case anywhere, sentence, turn }
  /// `?` and `!` stand for the mark that ends the sentence, `,` for any pause.
  enum Mark: UInt32 {
    case pause = 1
    case question, exclamation
  }

  indirect enum Piece {
    /// Any one of these words.
    case words([UInt64])
    case mark(Mark)
    /// Up to so many words.
    case gap(Int)
    case choice([[Piece]], isOptional: Bool)
  }

  var start = Start.anywhere
  var pieces: [Piece] = []
  /// The sentence ends with it.
  var isLast = false

  /// Alternatives of one word each are one piece: it costs no more than a single word.
  static func choice(_ alternatives: [[Piece]], isOptional: Bool) -> Piece {
    var words: [UInt64] = []
    for case .words(let some) in alternatives.compactMap({ $0.count == 1 ? $0[0] : nil }) { words += some }
    var rest = alternatives.filter {
      if $0.count == 1, case .words = $0[0] { false } else { true }
    }
    if !words.isEmpty { rest.append([.words(words)]) }
    if rest.count == 1, rest[0].count == 1, !isOptional { return rest[0][0] }
    return .choice(rest, isOptional: isOptional)
  }
}

extension [Phrase.Piece] {
  /// Whether nothing at all would match it.
  var mayBeEmpty: Bool {
    allSatisfy {
      switch $0 {
      case .words, .mark: false
      case .gap: true
      case .choice(let alternatives, let isOptional): isOptional || alternatives.contains { $0.mayBeEmpty }
      }
    }
  }
}
