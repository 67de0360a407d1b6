/// What a message is made of, as far as a cut may fall between: a character, a tag, an entity.
struct Atom {
  enum Kind: Equatable {
    case glyph, blank, newline
    case opening(Opening)
    case closing(String)
  }

  /// Something that is closed at a cut, and opened again behind it.
  struct Opening: Equatable {
    var name: String
    /// What opens it again, and what closes it.
    var again: String
    var closing: String
    /// Whether a cut in it is avoided.
    var isBlock: Bool
    /// Of what is seen of `again` and of `closing`, in UTF-16 units.
    var againWidth = 0
    var closingWidth = 0
  }

  var text: Substring
  /// UTF-16 units of what is seen.
  var width: Int
  var kind: Kind

  var isSpace: Bool { kind == .blank || kind == .newline }

  /// A character. What a person sees as one is not cut, be it an emoji of seven code points; what is longer than any of these is
  /// taken apart.
  private static func glyphs(_ character: Character, _ text: Substring) -> [Atom] {
    if character.isNewline { return [Atom(text: text, width: text.utf16.count, kind: .newline)] }
    if character == " " || character == "\t" { return [Atom(text: text, width: 1, kind: .blank)] }
    if text.utf16.count <= 64 { return [Atom(text: text, width: text.utf16.count, kind: .glyph)] }
    return text.unicodeScalars.indices.map { place in
      let scalar = text[place..<text.unicodeScalars.index(after: place)]
      return Atom(text: scalar, width: scalar.utf16.count, kind: .glyph)
    }
  }

  private static func characters(_ text: Substring) -> [Atom] {
    text.indices.flatMap { glyphs(text[$0], text[$0..<text.index(after: $0)]) }
  }

  /// Plain text, in which a line that begins with ``` opens a block and the next such line closes it.
  static func ofText(_ text: String) -> [Atom] {
    var atoms: [Atom] = []
    var isInside = false
    var rest = text[...]
    while !rest.isEmpty {
      let end = rest.firstIndex(where: \.isNewline) ?? rest.endIndex
      let line = rest[..<end]
      let isFence = line.hasPrefix("```") && !line.dropFirst(3).contains("```") && line.utf16.count <= 64
      let behind = end == rest.endIndex ? end : rest.index(after: end)
      if isFence && !isInside {
        let opening = Opening(
          name: "```", again: line + "\n", closing: "\n```", isBlock: true, againWidth: line.utf16.count + 1,
          closingWidth: 4)
        let whole = rest[..<behind]
        atoms.append(Atom(text: whole, width: whole.utf16.count, kind: .opening(opening)))
        isInside = true
      } else {
        if isFence {
          atoms.append(Atom(text: line, width: line.utf16.count, kind: .closing("```")))
          isInside = false
        } else {
          atoms += characters(line)
        }
        atoms += characters(rest[end..<behind])
      }
      rest = rest[behind...]
    }
    return atoms
  }

  /// The tags that Telegram knows; anything else is text.
  private static let tags: Set<String> = [
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "tg-emoji", "code", "pre",
    "blockquote",
  ]
  /// And the entities; besides these, numbers.
  private static let entities: Set<String> = ["lt", "gt", "amp", "quot"]

  /// Telegram's HTML: tags take no room, an entity takes one unit or two.
  static func ofHTML(_ text: String) -> [Atom] {
    var atoms: [Atom] = []
    var rest = text[...]
    while let first = rest.first {
      if first == "<", let (tag, kind) = tag(at: rest) {
        atoms.append(Atom(text: tag, width: 0, kind: kind))
        rest = rest[tag.endIndex...]
      } else if first == "&", let (entity, width) = entity(at: rest) {
        atoms.append(Atom(text: entity, width: width, kind: .glyph))
        rest = rest[entity.endIndex...]
      } else {
        let next = rest.index(after: rest.startIndex)
        atoms += glyphs(first, rest[..<next])
        rest = rest[next...]
      }
    }
    return atoms
  }

  /// `<a href="...">` or `</a>`, at the beginning of a text.
  private static func tag(at text: Substring) -> (Substring, Kind)? {
    // No tag is longer; what is looked through for each < has an end.
    let window = text.dropFirst().prefix(2048)
    guard let end = window.firstIndex(where: { $0 == ">" || $0 == "<" }), window[end] == ">" else { return nil }
    let isClosing = window.first == "/"
    let name = window[..<end].drop { $0 == "/" }.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    guard tags.contains(name.lowercased()) else { return nil }
    let whole = text[..<text.index(after: end)]
    if isClosing { return (whole, .closing(name.lowercased())) }
    let opening = Opening(
      name: name.lowercased(), again: String(whole), closing: "</\(name)>", isBlock: name.lowercased() == "pre")
    return (whole, .opening(opening))
  }

  /// `&lt;` or `&#8364;`, at the beginning of a text; and how much room it takes.
  private static func entity(at text: Substring) -> (Substring, Int)? {
    let window = text.dropFirst().prefix(10)
    guard let end = window.firstIndex(of: ";") else { return nil }
    let name = window[..<end]
    let whole = text[..<text.index(after: end)]
    if entities.contains(String(name)) { return (whole, 1) }
    guard name.hasPrefix("#") else { return nil }
    let digits = name.dropFirst()
    let number = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return number.flatMap { Unicode.Scalar($0) }.map { (whole, $0.value > 0xFFFF ? 2 : 1) }
  }
}
