/// What a secret looks like: a row of steps, each of which has one way to match and takes it. A `[…]` takes the whole run of
/// its characters or fails; nothing is ever given back. So no pattern, a user's neither, can take more than linear time.
struct SecretPattern: Sendable {
  indirect enum Step: Sendable {
    /// One of these, the longest first.
    case text([[UInt8]], optional: Bool)
    /// A whole run of this length. `number` is the set's among all sets of the rules, by which a search remembers it.
    case run(ByteSet, ClosedRange<Int>, number: Int)
    case notBefore(ByteSet)
    /// `=`: what stands between a name and its value; `="`: with the quote that opens it.
    case assignment(quoted: Bool)
    /// `...TEXT`: the lines of a key, and TEXT if the block is whole.
    case block([UInt8])
  }

  var steps: [Step]
  /// The first text: it is the pattern's keyword, and where it occurs the pattern is tried.
  var anchor: Int
  /// Between which steps the secret lies.
  var secret: Range<Int>
  var ignoresCase: Bool

  var keywords: [[UInt8]] {
    guard case .text(let texts, _) = steps[anchor] else { return [] }
    return texts
  }

  /// Gives its sets their numbers: equal sets the same.
  mutating func number(_ sets: inout [ByteSet]) {
    for index in steps.indices {
      guard case .run(let set, let lengths, _) = steps[index] else { continue }
      let number = sets.firstIndex(of: set) ?? sets.endIndex
      if number == sets.endIndex { sets.append(set) }
      steps[index] = .run(set, lengths, number: number)
    }
  }

  /// What follows the keyword at least: so many of these.
  var follows: (set: ByteSet, count: Int) {
    guard anchor + 1 < steps.count, case .run(let set, let lengths, _) = steps[anchor + 1] else {
      return (ByteSet(), 0)
    }
    return (set, lengths.lowerBound)
  }

  /// It is lines of base64, in which a word is chance or a comment, and excuses nothing.
  var isBlock: Bool { if case .block = steps.last { true } else { false } }

  /// The anchor is part of the secret: it begins with a known prefix.
  var isPrefixed: Bool { secret.contains(anchor) }
}
