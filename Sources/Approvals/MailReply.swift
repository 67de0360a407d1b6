import Spool

/// A mail that answers a request, whole, as the mail system hands it to a program.
///
/// It is read as if an enemy had written it. What two programs might read in two ways (two From headers, a header line
/// without a name, a lone carriage return) is refused: what vouches for the mail may have read it the other way.
public struct MailReply: Sendable {
  /// The address of its one From header, in lower case and ASCII.
  public let from: String
  /// What it names that may be an ID, the most specific first, each once: what stands between the last "+" and the "@"
  /// of an address in To or Cc; the left sides of message IDs in In-Reply-To; those in References, the last first.
  /// Letters are as they came: some mail systems write plus addresses in lower case.
  public let references: [String]
  /// What its sender wrote himself: trimmed lines without control characters, never two blank ones in a row; not empty.
  public let text: String
  /// What it is called, with its angle brackets; nil where it has no name.
  public let messageID: String?
  /// When it was written, as it says; nil where it does not.
  public let written: Timestamp?
  let header: MailHeader

  /// - Parameter bytes: the mail; lines end with LF or CRLF, and a line "From " of an mbox may stand above it.
  public init(_ bytes: [UInt8]) throws(MailProblem) {
    var rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    // "From : x" is no line of an mbox but a header, as RFC 822 let it be written.
    if rest.starts(with: "From ".utf8), rest.dropFirst(5).first(where: { $0 != 32 }) != UInt8(ascii: ":") {
      rest = rest.drop { $0 != 10 }.dropFirst()
    }
    header = try MailHeader(reading: &rest)
    if let name = header.signOfMachine { throw .automatic(name) }
    for name in Self.single where header.values(name).count > 1 { throw .malformed("several \(name) headers") }
    let senders = header.values("From")
    guard senders.count == 1 else { throw .malformed("no From header") }
    guard let from = Self.address(senders[0]) else { throw .malformed("a From header that is not one address") }
    self.from = from
    references = Self.references(header)
    let name = header.values("Message-ID").first.map { $0.filter { MailScanner.isPrintable($0) } }
    // Longer than any mail system makes one, it is none.
    messageID = name.flatMap { $0.isEmpty || $0.count > 900 ? nil : String(decoding: $0, as: UTF8.self) }
    written = header.values("Date").first.flatMap { Self.date(String(decoding: $0.prefix(200), as: UTF8.self)) }
    text = OwnText.lines(of: try MIMEBody.text(header, rest))
    if text.isEmpty { throw .noText }
  }

  /// The address of `address` or `Name <address>`, in lower case; nil for all else, such as two addresses, or a name
  /// without quotes that reads as another address.
  private static func address(_ value: ArraySlice<UInt8>) -> String? {
    var scanner = MailScanner(value)
    let tokens = scanner.tokens()
    var inner = tokens[...]
    if let open = tokens.firstIndex(of: .sign(UInt8(ascii: "<"))), tokens.last == .sign(UInt8(ascii: ">")) {
      inner = tokens[(open + 1)..<(tokens.count - 1)]
      let name = tokens[..<open]
      guard name.allSatisfy({ if case .word = $0 { true } else { false } }) || name == inner else { return nil }
    }
    guard !scanner.isBroken, inner.count == 3, inner.dropFirst().first == .sign(UInt8(ascii: "@")),
      case .word(let local)? = inner.first, case .word(let domain)? = inner.last, !local.isEmpty, !domain.isEmpty,
      local.allSatisfy({ MailScanner.isPrintable($0) && !"<>@,:;[]\\()\"".utf8.contains($0) }),
      domain.allSatisfy({ MailScanner.isAlphanumeric($0) || "-_.".utf8.contains($0) })
    else { return nil }
    return MailScanner.plain(local) + "@" + MailScanner.plain(domain)
  }

  private static func references(_ header: MailHeader) -> [String] {
    // What the envelope says is not signed: who has an old yes could send it again, to the address of another request.
    let sentTo = ["To", "Cc"].flatMap(header.values)
    let details = sentTo.flatMap { $0.split(separator: 64, omittingEmptySubsequences: false).dropLast() }
      .compactMap { piece in piece.lastIndex(of: UInt8(ascii: "+")).map { piece[$0...].dropFirst() } }
    let answered = header.values("In-Reply-To").flatMap(messageIDs)
    let thread = header.values("References").flatMap(messageIDs).reversed()
    var known: Set<String> = []
    return (details + answered + thread).filter { !$0.isEmpty && $0.allSatisfy { MailScanner.isPrintable($0) } }
      .map { String(decoding: $0, as: UTF8.self) }.filter { known.insert($0).inserted }
  }

  /// The left sides of all `<left@right>`.
  private static func messageIDs(_ value: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    value.split(separator: UInt8(ascii: "<"), omittingEmptySubsequences: false).dropFirst().compactMap { piece in
      let id = piece.prefix { $0 != UInt8(ascii: ">") }
      return id.endIndex < piece.endIndex ? id.firstIndex(of: UInt8(ascii: "@")).map { id[..<$0] } : nil
    }
  }
}

/// Why a mail is no answer.
public enum MailProblem: Error, Hashable {
  /// It cannot be read, or may be read in more than one way; with what is wrong.
  case malformed(String)
  /// A machine wrote it, as the header of this name says: a vacation notice is no answer.
  case automatic(String)
  /// There is no text in it, or none but the quoted one.
  case noText
  /// The mail system does not vouch for its From address; with why.
  case notAuthenticated(String)

  public var words: String {
    switch self {
    case .malformed(let what): "the mail cannot be read: \(what)"
    case .automatic(let header): "a machine wrote the mail, as its \(header) header says"
    case .noText: "the mail has no text of its sender's own"
    case .notAuthenticated(let why): "nobody vouches for the sender: \(why)"
    }
  }
}

/// The header fields of a mail or of one of its parts, in their order (RFC 5322, 2.2).
struct MailHeader: Sendable {
  private var fields: [(name: String, value: ArraySlice<UInt8>)] = []

  /// 1 MiB, in bytes: as much as Exim takes; Postfix takes 100 KiB.
  static let limit = 1 << 20

  /// Reads up to the blank line, and leaves what follows it. A folded value keeps its line breaks.
  init(reading rest: inout ArraySlice<UInt8>) throws(MailProblem) {
    let all = rest
    while !rest.isEmpty {
      var line = rest.prefix(Self.limit).prefix { $0 != 10 }
      rest = rest[line.endIndex...].dropFirst()
      guard line.endIndex - all.startIndex < Self.limit else { throw .malformed("a header of more than 1 MiB") }
      if line.last == 13 { line.removeLast() }
      if line.isEmpty { return }
      guard !line.contains(0), !line.contains(13) else { throw .malformed("a control character in a header line") }
      if let last = fields.indices.last, line.first == 32 || line.first == 9 {
        fields[last].value = all[fields[last].value.startIndex..<line.endIndex]
        continue
      }
      let name = line.prefix { MailScanner.isPrintable($0) && $0 != UInt8(ascii: ":") }
      let value = line[name.endIndex...].drop { $0 == 32 || $0 == 9 }
      guard !name.isEmpty, value.first == UInt8(ascii: ":") else { throw .malformed("a header line without a name") }
      fields.append((MailScanner.plain(name), value.dropFirst()))
    }
  }

  /// All values under a name, the topmost first.
  func values(_ name: String) -> [ArraySlice<UInt8>] {
    let name = name.lowercased()
    return fields.filter { $0.name == name }.map(\.value)
  }

  /// The name of the header that says that no person wrote the mail (RFC 3834, 5; RFC 2076, 3.9; RFC 6522).
  fileprivate var signOfMachine: String? {
    let signs: KeyValuePairs<String, (String) -> Bool> = [
      "Auto-Submitted": { $0 != "no" }, "Precedence": ["bulk", "junk", "list", "auto_reply"].contains,
      "X-Autoreply": { _ in true }, "Return-Path": ["", "<>"].contains,
      // A read receipt may have none of the others.
      "Content-Type": { $0 == "multipart/report" },
    ]
    return signs.first { name, isSign in values(name).contains { isSign(MailScanner.firstWord($0)) } }?.key
  }
}

/// The lines of a text that its sender wrote: not the quoted ones, nor what announces them, nor a signature.
enum OwnText {
  /// "From", as the copied headers begin that some mailers put above a quoted mail without marks.
  private static let senders: Set = ["from", "von", "de", "da", "van", "från", "fra", "od", "от", "发件人", "差出人"]

  static func lines(of text: String) -> String {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(trimmed)
    var own: [String] = []
    var isQuoted = false
    for (place, line) in lines.enumerated() {
      if isEnd(line, before: lines[(place + 1)...]) { break }
      if line.utf8.first == UInt8(ascii: ">") {
        if !isQuoted { dropAttribution(from: &own) }
        isQuoted = true
      } else if !line.isEmpty || own.last?.isEmpty == false {
        own.append(line)
        isQuoted = isQuoted && line.isEmpty
      }
    }
    if own.last?.isEmpty == true { own.removeLast() }
    return own.joined(separator: "\n")
  }

  private static func trimmed(_ line: Substring) -> String {
    let shown = line.unicodeScalars.map { scalar -> Unicode.Scalar in
      scalar.properties.generalCategory == .control || scalar.properties.isBidiControl ? " " : scalar
    }
    let isInk = { (ink: Unicode.Scalar) in !ink.properties.isWhitespace && ink.properties.generalCategory != .format }
    guard let first = shown.firstIndex(where: isInk), let last = shown.lastIndex(where: isInk) else { return "" }
    return shown[first...last].reduce(into: "") { $0.unicodeScalars.append($1) }
  }

  /// Whether no line of the sender's own follows: a signature, a copied header, `-----Original Message-----`.
  private static func isEnd(_ line: String, before rest: ArraySlice<String>) -> Bool {
    if line == "--" || line.utf8.count >= 20 && line.utf8.allSatisfy({ $0 == UInt8(ascii: "_") }) { return true }
    if line.hasPrefix("---"), line.hasSuffix("---"), line.contains(where: \.isLetter) { return true }
    let isAttribution = line.hasPrefix("On ") && line.hasSuffix(" wrote:")
    guard isAttribution || label(line).map(senders.contains) == true else { return false }
    let next = rest.first { !$0.isEmpty } ?? ""
    return isAttribution ? next.utf8.first != UInt8(ascii: ">") : label(next)?.isEmpty == false
  }

  /// What stands before the colon, in lower case: of "*From:* Ann" it is "from".
  private static func label(_ line: String) -> String? {
    line.prefix(25).firstIndex(of: ":").map { line[..<$0].filter { $0.isLetter || $0 == "-" }.lowercased() }
  }

  /// Takes away `On ... wrote:` above a quoted line, also where its mailer broke it into up to four lines.
  private static func dropAttribution(from own: inout [String]) {
    if own.last?.isEmpty == true { own.removeLast() }
    guard var line = own.last, line.hasSuffix(":") else { return }
    own.removeLast()
    // A mailer breaks a line where the next word has no room; a line that had room is the sender's own.
    for _ in 1...3 {
      guard let above = own.last, !above.isEmpty, above.count <= 80,
        above.count + line.prefix(while: { $0 != " " }).count >= 70
      else { return }
      line = own.removeLast()
    }
  }
}
