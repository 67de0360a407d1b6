/// Counts a few words that stand in the code: two or three steps for each, where a dictionary would hash it.
struct Counter {
  private var counts: [(word: StaticString, count: Int)] = []

  mutating func count(_ word: StaticString) {
    for place in counts.indices where counts[place].word.utf8Start == word.utf8Start {
      counts[place].count += 1
      return
    }
    counts.append((word, 1))
  }

  /// Hands over what was counted, and begins anew. A word that stands in the code twice may come twice.
  mutating func settle(_ take: (StaticString, Int) -> Void) {
    for (word, count) in counts { take(word, count) }
    counts = []
  }
}
