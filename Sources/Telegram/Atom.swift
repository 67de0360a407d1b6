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

  /// Telegram's HTML: tags take no room, an entity takes one unit or two.
  static func ofHTML(_ text: String) -> [Atom] {
    var atoms: [Atom] = []
    var rest = text[...]
    while let first = rest.first {
      if first == "<", let found = rest.prefixMatch(of: /<(\/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>/) {
        let name = found.2.lowercased()
        let kind: Kind =
          found.1.isEmpty
          ? .opening(Opening(name: name, again: String(found.0), closing: "</\(name)>", isBlock: name == "pre"))
          : .closing(name)
        atoms.append(Atom(text: found.0, width: 0, kind: kind))
        rest = rest[found.range.upperBound...]
      } else if first == "&", let found = rest.prefixMatch(of: /&(#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|[a-z]{2,8});/) {
        // One number above U+FFFF takes two.
        let number = found.1.hasPrefix("#x") ? Int(found.1.dropFirst(2), radix: 16) : Int(found.1.dropFirst())
        atoms.append(Atom(text: found.0, width: (number ?? 0) > 0xFFFF ? 2 : 1, kind: .glyph))
        rest = rest[found.range.upperBound...]
      } else {
        let next = rest.index(after: rest.startIndex)
        atoms += glyphs(first, rest[..<next])
        rest = rest[next...]
      }
    }
    return atoms
  }
}
