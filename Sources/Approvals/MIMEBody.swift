/// The text of a mail (RFC 2045, 2046): its first part of plain text that is neither blank nor attached, else its first
/// of HTML, without its markup. Forwarded mails are not looked into.
struct MIMEBody {
  private var plain: String?
  private var page: String?

  /// Multiparts within multiparts. People's mails have three at most.
  private static let depthLimit = 10
  /// 1 MiB, in encoded bytes: of a longer text only its start is read, for an answer is short.
  private static let textLimit = 1 << 20

  /// - Returns: "" if there is neither.
  static func text(_ header: MailHeader, _ body: ArraySlice<UInt8>) throws(MailProblem) -> String {
    var reader = MIMEBody()
    try reader.read(header, body, depth: 0)
    return reader.plain ?? reader.page ?? ""
  }

  private mutating func read(_ header: MailHeader, _ body: ArraySlice<UInt8>, depth: Int) throws(MailProblem) {
    if header.values("Content-Disposition").first.map(MailScanner.firstWord) == "attachment" { return }
    var scanner = MailScanner(header.values("Content-Type").first ?? [])
    let type = MailScanner.plain(scanner.word(until: ";") ?? Array("text/plain".utf8))
    let parameters = scanner.parameters()
    if type == "text/plain" || type == "text/html" && page == nil {
      let text = MIMEText.decode(body.prefix(Self.textLimit), header, MailScanner.plain(parameters["charset"] ?? []))
      let isBlank = text.allSatisfy(\.isWhitespace)
      if type == "text/plain" { plain = isBlank ? nil : text } else { page = HTMLText.read(text) }
    } else if type.hasPrefix("multipart/"), type != "multipart/digest" {
      guard depth < Self.depthLimit else { throw .malformed("more than \(Self.depthLimit) multiparts in one another") }
      guard let boundary = parameters["boundary"] else { throw .malformed("a multipart without a boundary") }
      try readParts(of: body, delimiter: [45, 45] + boundary, depth: depth + 1)
    }
  }

  private mutating func readParts(of body: ArraySlice<UInt8>, delimiter: [UInt8], depth: Int) throws(MailProblem) {
    let end = delimiter + [45, 45]
    var (rest, part, isLast) = (body, Int?.none, false)
    while plain == nil, !isLast {
      let line = rest.prefix { $0 != 10 }
      isLast = rest.isEmpty || Self.isLine(line, end)
      let next = rest[line.endIndex...].dropFirst()
      if isLast || Self.isLine(line, delimiter) {
        if let part {
          var part = body[part..<rest.startIndex]
          let header = try MailHeader(reading: &part)
          try read(header, part, depth: depth)
        }
        part = next.startIndex
      }
      rest = next
    }
  }

  /// Blanks may follow a delimiter.
  private static func isLine(_ line: ArraySlice<UInt8>, _ delimiter: [UInt8]) -> Bool {
    line.starts(with: delimiter) && line.dropFirst(delimiter.count).allSatisfy { $0 == 32 || $0 == 9 || $0 == 13 }
  }
}

extension MailScanner {
  /// The parameters of a Content-Type (RFC 2045, 5.1).
  fileprivate mutating func parameters() -> [String: [UInt8]] {
    var parameters: [String: [UInt8]] = [:]
    while take(";") {
      let name = Self.plain(word(until: ";=") ?? [])
      if take("="), let value = word(until: ";") { parameters[name] = value }
    }
    return parameters
  }
}

private enum MIMEText {
  /// Windows-1252, which is also what most mails hold that say ISO 8859-1: that has but control characters here.
  private static let from80 = Array("€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ".unicodeScalars)

  static func decode(_ bytes: ArraySlice<UInt8>, _ header: MailHeader, _ charset: String) -> String {
    let code = header.values("Content-Transfer-Encoding").first.map(MailScanner.firstWord)
    let decoded = code == "base64" ? base64(bytes) : code == "quoted-printable" ? printable(bytes) : Array(bytes)
    guard ["iso-8859-1", "latin1", "windows-1252", "cp1252"].contains(charset) else {
      return String(decoding: decoded, as: UTF8.self)
    }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: decoded.map { 0x80...0x9F ~= $0 ? from80[Int($0) - 0x80] : Unicode.Scalar($0) })
    return String(text)
  }

  /// Quoted-printable: RFC 2045, 6.7. What is no code stands for itself.
  private static func printable(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      let isCode = byte == UInt8(ascii: "=")
      let digits = isCode ? rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue } : []
      if digits.count == 2 {
        result.append(UInt8(digits[0] << 4 | digits[1]))
        rest = rest.dropFirst(2)
      } else if isCode, case let next = rest.drop(while: { [9, 13, 32].contains($0) }), next.first ?? 10 == 10 {
        rest = next.dropFirst()
      } else {
        result.append(byte)
      }
    }
    return result
  }

  /// RFC 2045, 6.8. Other characters are passed over.
  private static func base64(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    var bits: UInt32 = 0
    let body = bytes.prefix { $0 != UInt8(ascii: "=") }
    for (count, digit) in body.lazy.compactMap(digits.firstIndex).enumerated() {
      bits = bits << 6 | UInt32(digit)
      // Of four digits, the first ends no byte; the others leave 4, 2 and no bits for the next.
      if count % 4 > 0 { result.append(UInt8(truncatingIfNeeded: bits >> UInt32(6 - count % 4 * 2))) }
    }
    return result
  }
}

/// What a reader sees of an HTML page; a blockquote becomes a line ">", and a rule a line of underscores.
private struct HTMLText {
  private var rest: ArraySlice<UInt8>
  private var seen: [UInt8] = []
  /// So many blockquotes are open: what they hold is dropped.
  private var quotes = 0

  private static let blocks: Set = ["p", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "pre", "body"]
  private static let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " "]

  static func read(_ page: String) -> String {
    var text = HTMLText(rest: Array(page.utf8)[...])
    while let byte = text.rest.popFirst() {
      switch byte {
      case UInt8(ascii: "<"): text.tag()
      case UInt8(ascii: "&"): text.entity()
      case 9, 10, 13, 32: text.show(text.seen.last == 10 || text.seen.last == 32 ? "" : " ")
      default: if text.quotes == 0 { text.seen.append(byte) }
      }
    }
    return String(decoding: text.seen, as: UTF8.self)
  }

  private mutating func show(_ words: String) { if quotes == 0 { seen += words.utf8 } }

  /// Behind its "<".
  private mutating func tag() {
    if rest.starts(with: "!--".utf8) { return pass(through: "-->") }
    let isEnd = rest.first == UInt8(ascii: "/")
    let name = MailScanner.plain(rest.dropFirst(isEnd ? 1 : 0).prefix { MailScanner.isAlphanumeric($0) })
    guard isEnd || "!?".utf8.contains(rest.first ?? 0) || name.first?.isLetter == true else { return show("<") }
    passTag()
    switch name {
    case "script" where !isEnd, "style" where !isEnd, "title" where !isEnd: pass(through: "</" + name)
    case "blockquote":
      if !isEnd { show("\n>\n") }
      quotes = max(0, quotes + (isEnd ? -1 : 1))
    case "hr": show("\n" + String(repeating: "_", count: 32) + "\n")
    case "br": show("\n")
    default: if Self.blocks.contains(name), seen.last != 10 { show("\n") }
    }
  }

  private mutating func pass(through end: String) {
    while let byte = rest.first, byte != end.utf8.first || MailScanner.plain(rest.prefix(end.utf8.count)) != end {
      rest = rest.dropFirst()
    }
    passTag()
  }

  /// Through the next ">" that is not in quotes.
  private mutating func passTag() {
    var quote: UInt8?
    while let byte = rest.popFirst() {
      if byte == quote {
        quote = nil
      } else if quote == nil {
        if byte == UInt8(ascii: ">") { return }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { quote = byte }
      }
    }
  }

  /// Behind its "&". What is not known stays as it is.
  private mutating func entity() {
    let name = rest.prefix(10).prefix { $0 != UInt8(ascii: ";") }
    guard rest.dropFirst(name.count).first == UInt8(ascii: ";"),
      let meaning = Self.meaning(String(decoding: name, as: UTF8.self))
    else { return show("&") }
    rest = rest[name.endIndex...].dropFirst()
    show(meaning)
  }

  private static func meaning(_ name: String) -> String? {
    guard name.hasPrefix("#") else { return entities[name] }
    let isHexadecimal = name.lowercased().hasPrefix("#x")
    let number = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
    return number.flatMap(Unicode.Scalar.init).map(String.init)
  }
}
