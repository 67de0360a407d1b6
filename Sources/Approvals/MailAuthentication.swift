/// By which header the mail system vouches for a mail's From address: `Authentication-Results mx.example.org`.
///
/// That system must take away what comes in under its own name (RFC 8601, 5), and put its own header above all others:
/// only the topmost of that name counts.
public struct AuthenticationRule: Hashable, Sendable {
  /// The name of the header.
  public let header: String
  /// The authserv-id (RFC 8601, 2.5) that the mail system writes, in just these letters.
  public let server: String

  /// nil: it is not a header's name and an authserv-id.
  public init?(_ text: String) {
    let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
    guard words.count == 2, words.joined().utf8.allSatisfy(MailScanner.isPrintable), !words[0].contains(":"),
      !words[1].contains(where: { "()<>;=\"\\".contains($0) })
    else { return nil }
    (header, server) = (words[0], words[1])
  }
}

extension MailReply {
  /// Whether the mail system vouches for the From address; the reason is a few words of printable ASCII.
  /// - Returns: by what: `dmarc=pass for example.org`.
  /// - Throws: why not: `no Authentication-Results of mx.example.org`; `dkim=fail, spf=none`.
  @discardableResult
  public func authentication(by rule: AuthenticationRule) throws(MailProblem) -> String {
    let own = header.values(rule.header).lazy.compactMap { value -> MailScanner? in
      var scanner = MailScanner(value)
      return scanner.word(until: ";=")?.elementsEqual(rule.server.utf8) == true ? scanner : nil
    }
    guard var scanner = own.first else { throw .notAuthenticated("no \(rule.header) of \(rule.server)") }
    guard let checks = Check.all(&scanner) else {
      throw .notAuthenticated("an unreadable \(rule.header) of \(rule.server)")
    }
    return try Self.verdict(checks.filter { Check.subjects[$0.method] != nil }, String(from.split(separator: "@")[1]))
  }

  private static func verdict(_ checks: [Check], _ domain: String) throws(MailProblem) -> String {
    let dmarc = checks.filter { $0.method == "dmarc" }
    let lesser = checks.first { check in
      check.method != "dmarc" && check.result == "pass" && !check.domains.isEmpty
        && check.domains.allSatisfy { isAligned(domain, with: $0) }
    }
    if let first = dmarc.first,
      dmarc.allSatisfy({ $0.result == "pass" && $0.domains.allSatisfy { $0 == domain } })
    {
      return first.words
    }
    // What the owner of the domain has asked to fail stays failed, whatever a lesser check says.
    if let lesser, !dmarc.contains(where: { $0.result == "fail" }) { return lesser.words }
    let words = checks.prefix(8).map(\.words).joined(separator: ", ")
    throw .notAuthenticated(words.isEmpty ? "no result of dmarc, dkim or spf" : words)
  }

  /// Whether it is the same domain or one below it; but nobody speaks for all of "org".
  private static func isAligned(_ domain: String, with verified: String) -> Bool {
    domain == verified || verified.contains(".") && domain.hasSuffix("." + verified)
  }
}

/// One `method=result property=value ...` of RFC 8601, 2.2, in lower case and printable ASCII.
private struct Check {
  var method: String
  var result = ""
  var properties: [(name: String, value: String)] = []

  /// Which property names the domain that a method is about. header.i is the signer's user, within header.d.
  static let subjects = ["dmarc": ["header.from"], "dkim": ["header.d", "header.i"], "spf": ["smtp.mailfrom"]]

  var domains: [String] {
    let name = Self.subjects[method]?.first { name in properties.contains { $0.name == name } }
    return properties.filter { $0.name == name }.map { property in
      property.value.lastIndex(of: "@").map { String(property.value[$0...].dropFirst()) } ?? property.value
    }
  }

  var words: String {
    let about = result == "pass" ? domains.first.map { " for \($0.prefix(80))" } : nil
    return "\(method)=\(result.prefix(20))\(about ?? "")"
  }

  /// What stands behind the authserv-id and perhaps the version, 1; nil if any of it cannot be read.
  static func all(_ scanner: inout MailScanner) -> [Check]? {
    if let version = scanner.word(until: ";"), version != [UInt8(ascii: "1")] { return nil }
    var checks: [Check] = []
    while scanner.take(";") {
      guard let method = scanner.word(until: ";=") else { continue }
      guard let check = Check(MailScanner.plain(method), &scanner) else { return nil }
      checks.append(check)
    }
    return scanner.isAtEnd && !scanner.isBroken ? checks : nil
  }

  private init?(_ method: String, _ scanner: inout MailScanner) {
    self.method = method
    guard scanner.take("=") else { if method == "none" { return } else { return nil } }
    guard let word = scanner.word(until: ";") else { return nil }
    result = MailScanner.plain(word)
    while let name = scanner.word(until: ";=") {
      guard scanner.take("=") else { return nil }
      properties.append((MailScanner.plain(name), MailScanner.plain(scanner.word(until: ";") ?? [])))
    }
  }
}

/// Reads a structured header value (RFC 5322, 3.2): blanks, line breaks and comments part its words.
struct MailScanner {
  private var rest: ArraySlice<UInt8>
  /// Set once a comment or a quoted string has no end: then what was read may mean something else.
  private(set) var isBroken = false

  init(_ value: ArraySlice<UInt8>) { rest = value }

  /// To be asked behind a word or a sign that was not there: then blanks and comments are passed.
  var isAtEnd: Bool { rest.isEmpty }

  /// Passes over blanks and comments, which may hold comments.
  private mutating func skip() {
    var depth = 0
    while let byte = rest.first {
      switch byte {
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")") where depth > 0: depth -= 1
      case UInt8(ascii: "\\") where depth > 0: rest = rest.dropFirst()
      case 9, 10, 13, 32: break
      default: if depth == 0 { return }
      }
      rest = rest.dropFirst()
    }
    if depth > 0 { isBroken = true }
  }

  mutating func take(_ sign: Unicode.Scalar) -> Bool {
    skip()
    guard rest.first == UInt8(ascii: sign) else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// Up to a blank, a parenthesis or one of the delimiters; of quoted strings in it, what they say. nil: there is none.
  mutating func word(until delimiters: String) -> [UInt8]? {
    skip()
    let ends = Array((delimiters + " \t\r\n()").utf8)
    let start = rest.startIndex
    var word: [UInt8] = []
    while let byte = rest.first, !ends.contains(byte) {
      rest = rest.dropFirst()
      if byte == UInt8(ascii: "\"") { readQuoted(into: &word) } else { word.append(byte) }
    }
    return rest.startIndex == start ? nil : word
  }

  /// Behind the opening quote, through the closing one.
  private mutating func readQuoted(into word: inout [UInt8]) {
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return }
      word.append(byte == UInt8(ascii: "\\") ? rest.popFirst() ?? byte : byte)
    }
    isBroken = true
  }

  /// What addresses are made of: words, and the signs between them.
  enum Token: Equatable {
    case word([UInt8])
    case sign(UInt8)
  }

  /// All that is left.
  mutating func tokens() -> [Token] {
    var tokens: [Token] = []
    while let token = word(until: "<>@,:;[]\\").map(Token.word) ?? rest.popFirst().map(Token.sign) {
      tokens.append(token)
    }
    return tokens
  }

  /// In lower case, and "?" for all that is not printable ASCII: Swift takes the Kelvin sign for a K.
  static func plain(_ word: some Sequence<UInt8>) -> String {
    String(decoding: word.map { (65...90).contains($0) ? $0 + 32 : isPrintable($0) ? $0 : 63 }, as: UTF8.self)
  }

  /// The first word of a value, such as a media type.
  static func firstWord(_ value: ArraySlice<UInt8>) -> String {
    var scanner = MailScanner(value)
    return plain(scanner.word(until: ";") ?? [])
  }

  /// ASCII, without blanks.
  static func isPrintable(_ byte: UInt8) -> Bool { (33...126).contains(byte) }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }
}
