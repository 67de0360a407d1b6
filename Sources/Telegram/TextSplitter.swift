/// Splits a message into parts that Telegram takes: none longer than a limit, counted as Telegram counts (UTF-16 units of the
/// text that is seen). A cut falls between paragraphs, else lines, else words; a code block that fits into one part is not
/// cut, and one that does not is closed and opened again, like every tag that is open at a cut. Joined, the parts lack
/// nothing but blanks and newlines at the cuts.
public struct TextSplitter {
  /// The Bot API's own limit for `sendMessage`, after entities are parsed.
  public static let limit = 4096

  private let atoms: [Atom]
  private let limit: Int

  /// - Parameter html: whether the text is Telegram's HTML; else it is plain, and ``` begins and ends a code block.
  public init(_ text: String, html: Bool, limit: Int = Self.limit) {
    atoms = html ? Atom.ofHTML(text) : Atom.ofText(text)
    self.limit = limit
  }

  public var parts: [String] {
    var parts: [String] = []
    var start = 0
    var open: [Atom.Opening] = []
    while start < atoms.count {
      let cut = cut(from: start, open: open)
      let part = part(start..<cut, open: open)
      if !part.text.isEmpty { parts.append(part.text) }
      open = part.open
      start = cut
      // A part begins with a word or an indentation.
      while start < atoms.count, atoms[start].kind == .newline { start += 1 }
    }
    return parts
  }

  /// Where the part that begins at `start` ends.
  private func cut(from start: Int, open: [Atom.Opening]) -> Int {
    var open = open
    var width = open.reduce(0) { $0 + $1.againWidth }
    /// Ends of paragraphs, lines and words, the best first; and where the block begins that we are in.
    var paragraph: Int?
    var line: Int?
    var word: Int?
    var block: (start: Int, before: Int)?
    for place in start..<atoms.count {
      let atom = atoms[place]
      if width + atom.width + open.reduce(0, { $0 + $1.closingWidth }) > limit && place > start {
        if let block, block.start > start, isWhole(from: block.start) { return block.start }
        let half = start + (place - start) / 2
        if let paragraph, paragraph > half { return paragraph }
        if let line, line > half || word == nil { return line }
        return word ?? paragraph ?? place
      }
      width += atom.width
      switch atom.kind {
      case .opening(let opening):
        if opening.isBlock && !open.contains(where: \.isBlock) { block = (place, width) }
        open.append(opening)
      case .closing(let name):
        if let last = open.lastIndex(where: { $0.name == name }) { open.removeSubrange(last...) }
        if !open.contains(where: \.isBlock) { block = nil }
      case .newline:
        line = place + 1
        word = place + 1
        if place > start, atoms[place - 1].kind == .newline, !open.contains(where: \.isBlock) { paragraph = place + 1 }
      case .blank: word = place + 1
      case .glyph: break
      }
    }
    return atoms.count
  }

  /// Whether the block that begins here fits into a part.
  private func isWhole(from start: Int) -> Bool {
    guard case .opening(let opening) = atoms[start].kind else { return false }
    var width = 0
    for atom in atoms[start...] {
      width += atom.width
      if width > limit { return false }
      if case .closing(opening.name) = atom.kind { return true }
    }
    return true
  }

  /// The text of a part, and what is open at its end.
  private func part(_ range: Range<Int>, open: [Atom.Opening]) -> (text: String, open: [Atom.Opening]) {
    var end = range.upperBound
    while end > range.lowerBound, atoms[end - 1].isSpace { end -= 1 }
    var text = open.map(\.again).joined()
    var stack = open
    var isSeen = false
    for atom in atoms[range.lowerBound..<end] {
      text += atom.text
      switch atom.kind {
      case .opening(let opening): stack.append(opening)
      case .closing(let name):
        if let last = stack.lastIndex(where: { $0.name == name }) { stack.removeSubrange(last...) }
      default: isSeen = true
      }
    }
    // Nothing but tags would be refused as empty.
    guard isSeen || end == atoms.count && !text.isEmpty && range.lowerBound == 0 else { return ("", stack) }
    return (text + stack.reversed().map(\.closing).joined(), stack)
  }
}
