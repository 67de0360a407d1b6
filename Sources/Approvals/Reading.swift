import Spool

/// What a text says to a request. Only a plain verdict counts; whatever says more, or less, is asked back and decides nothing.
public enum Reading: Equatable, Sendable {
  case yes(note: String)
  case no(note: String)
  /// In words that follow "it".
  case unclear(String)

  private static let yesWords: Set<Substring> = ["yes", "approve", "ok"]
  private static let noWords: Set<Substring> = ["no", "reject"]

  /// A note beyond this many characters is cut: the reply itself keeps it.
  private static let noteLimit = 4000

  /// A text whose first line is a verdict alone, or `yes: note`. What follows behind a blank line is a note as well; what follows
  /// at once may be a condition.
  public init(_ text: String) {
    let plain = (text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text)
    let lines = plain.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(\.trimmed)
    let written = lines.drop(while: \.isEmpty)
    guard let first = written.first else {
      self = .unclear("says nothing")
      return
    }
    let paragraph = written.prefix { !$0.isEmpty }
    let rest = written.dropFirst(paragraph.count).joined(separator: "\n").trimmed
    let colon = first.firstIndex(of: ":")
    let word = colon.map { first[..<$0] } ?? first
    let note = colon.map { first[first.index(after: $0)...].trimmed } ?? ""
    let verdict = word.trimmed.lowercased().drop(fromEnd: [".", "!"])
    let isKnown = Self.yesWords.contains(verdict) || Self.noWords.contains(verdict)
    guard isKnown else {
      self = .unclear("begins with \"\(String(first.prefix(60)).printable)\", which is no plain yes or no")
      return
    }
    guard paragraph.count == 1 || Self.noWords.contains(verdict) else {
      self = .unclear("says more than a plain yes")
      return
    }
    let whole = [note] + paragraph.dropFirst() + [rest]
    let kept = String(whole.filter { !$0.isEmpty }.joined(separator: "\n").prefix(Self.noteLimit))
    self = Self.yesWords.contains(verdict) ? .yes(note: kept) : .no(note: kept)
  }

  /// A dropped file: `ID.yes`, `ID.no`, or `ID` with the verdict in it.
  static func dropped(_ name: String, _ text: String) -> (reference: String, reading: Reading) {
    var name = name[...]
    if name.lowercased().hasSuffix(".txt") { name = name.dropLast(4) }
    guard let dot = name.lastIndex(of: ".") else { return (String(name), Reading(text)) }
    let suffix = name[name.index(after: dot)...].lowercased()[...]
    let isYes = yesWords.contains(suffix)
    guard isYes || noWords.contains(suffix) else { return (String(name), Reading(text)) }
    let reference = String(name[..<dot])
    if text.allSatisfy({ $0.isWhitespace || $0 == "\u{FEFF}" }) {
      return (reference, isYes ? .yes(note: "") : .no(note: ""))
    }
    let said = Reading(text)
    switch said {
    case .yes where isYes, .no where !isYes: return (reference, said)
    case .unclear: return (reference, .unclear("is called .\(suffix), but \(said.problem)"))
    default: return (reference, .unclear("is called .\(suffix), and says the opposite"))
    }
  }

  private var problem: String { if case .unclear(let words) = self { words } else { "" } }
}

extension String {
  fileprivate func drop(fromEnd characters: Set<Character>) -> Substring {
    var rest = self[...]
    while let last = rest.last, characters.contains(last) { rest.removeLast() }
    return rest
  }
}
