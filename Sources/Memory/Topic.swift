/// The words of a question, as the index finds them: no word of it is a command to the index.
struct Topic {
  let words: [String]

  /// More would make a question dear, and say little.
  private static let mostWords = 32

  /// Said in every sentence, in English and in German.
  private static let fillers: Set<String> = [
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "how", "in", "is", "it", "of", "on", "or", "that",
    "the",
    "this", "to", "was", "what", "when", "where", "which", "who", "why", "will", "with", "auf", "aus", "bei", "das",
    "dem", "den",
    "der", "des", "die", "ein", "eine", "es", "für", "im", "ist", "mit", "nach", "und", "von", "was", "wie", "zu",
    "zum", "zur",
  ]

  init(_ text: String) {
    var seen: Set<String> = []
    let all = text.lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init)
    let telling = all.filter { !Self.fillers.contains($0) }
    words = Array((telling.isEmpty ? all : telling).filter { seen.insert($0).inserted }.prefix(Self.mostWords))
  }

  /// A word, and what begins with it.
  static func query(_ word: String) -> String { "\"\(word)\"*" }

  /// Any of them.
  var query: String { words.map(Self.query).joined(separator: " OR ") }
}
