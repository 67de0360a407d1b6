/// A phrase of a rule, as it was read.
struct Phrase {
  enum Start { case anywhere, sentence, turn }
  /// `?` and `!` stand for the mark that ends the sentence, `,` for any pause.
  enum Mark: UInt32 {
    case pause = 1
    case question, exclamation
  }

  enum Piece {
    /// Any one of these words, by their numbers; they rise.
    case words([UInt32])
    case mark(Mark)
    /// Up to so many words.
    case gap(Int)
    case choice([[Piece]], isOptional: Bool)
  }

  var start = Start.anywhere
  var pieces: [Piece] = []
  /// The sentence ends with it.
  var isLast = false

  static func choice(_ alternatives: [[Piece]], isOptional: Bool) -> Piece {
    let alternatives = merged(alternatives)
    if alternatives.count == 1, alternatives[0].count == 1, !isOptional { return alternatives[0][0] }
    return .choice(alternatives, isOptional: isOptional)
  }

  /// Alternatives of one word each are one piece: it costs no more than a single word.
  static func merged(_ alternatives: [[Piece]]) -> [[Piece]] {
    var words: [UInt32] = []
    var rest: [[Piece]] = []
    for alternative in alternatives {
      if alternative.count == 1, case .words(let some) = alternative[0] {
        words += some
      } else {
        rest.append(alternative)
      }
    }
    guard !words.isEmpty else { return rest }
    words.sort()
    var distinct = 1
    for place in words.indices.dropFirst() where words[place] != words[distinct - 1] {
      words[distinct] = words[place]
      distinct += 1
    }
    words.removeLast(words.count - distinct)
    rest.append([.words(words)])
    return rest
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
