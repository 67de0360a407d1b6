/// An entry's identity: `YYYYMMDDThhmmss.uuuuuuZ-RRRRRR[-slug][.n...]`. The same in every queue, never
/// used again. The stamp only sorts; O_EXCL and RENAME_NOREPLACE make it unique.
public struct EntryID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let description: String

  /// The alphabet of R: digits and consonants, so that no word appears by accident.
  static let alphabet = Array("0123456789bcdfghjklmnpqrstvwxz")
  private static let alphabetBytes = alphabet.compactMap(\.asciiValue)
  private static let combinations = (0..<6).reduce(1) { product, _ in product * alphabet.count }
  /// 23 of the stamp, a dash, 6 of R.
  static let fixedLength = 30
  /// With `,k`, `@`, a HOST of 64 and a PID behind it a name still fits into the 255 bytes that a file system allows.
  static let maximumLength = 160

  /// Parses an ID; throws what is wrong with it.
  public init(_ text: some StringProtocol) throws(MalformedName) {
    let text = String(text)
    let bytes = Array(text.utf8)
    func bad(_ position: Int, _ expected: String) -> MalformedName {
      MalformedName(name: text, position: position, expected: expected)
    }
    guard bytes.count >= Self.fixedLength else {
      throw bad(bytes.count, "an ID of at least \(Self.fixedLength) characters")
    }
    guard bytes.count <= Self.maximumLength else {
      throw bad(Self.maximumLength, "an ID of at most \(Self.maximumLength) characters")
    }
    guard Timestamp(stamp: String(decoding: bytes[..<23], as: UTF8.self)) != nil else {
      throw bad(0, "a stamp such as 20261123T172044.120773Z")
    }
    guard bytes[23] == UInt8(ascii: "-") else { throw bad(23, "a dash after the stamp") }
    for place in 24..<30 where !Self.alphabetBytes.contains(bytes[place]) {
      throw bad(place, "six characters of 0-9bcdfghjklmnpqrstvwxz")
    }
    var place = 30
    if place < bytes.count, bytes[place] == UInt8(ascii: "-") {
      let slug = bytes[31...].prefix { Self.isSlug($0) }
      guard (1...24).contains(slug.count) else { throw bad(31, "a slug of 1 to 24 characters of a-z0-9-") }
      place = 31 + slug.count
    }
    while place < bytes.count {
      guard bytes[place] == UInt8(ascii: ".") else { throw bad(place, "nothing, a slug, or .n") }
      let digits = bytes[(place + 1)...].prefix { (48...57).contains($0) }
      guard (1...9).contains(digits.count), digits.first != 48 else { throw bad(place + 1, "the number of a child") }
      place += 1 + digits.count
    }
    description = text
  }

  init(time: Timestamp, random: String, slug: String?) {
    description = "\(time.stamp)-\(random)" + (slug.map { "-" + $0 } ?? "")
  }

  /// A new ID for now.
  package static func make(slug: String?) -> EntryID {
    // One question to the kernel for all six.
    var number = Kernel.random(below: combinations)
    var random = ""
    for _ in 0..<6 {
      random.append(alphabet[number % alphabet.count])
      number /= alphabet.count
    }
    return EntryID(time: Kernel.now(), random: random, slug: slug)
  }

  /// Its nth child, from 1.
  package func child(_ number: Int) -> EntryID { EntryID(unchecked: "\(description).\(number)") }

  /// Whose child it is; nil where it is none.
  package var parent: EntryID? {
    // Stamps have a dot of their own.
    guard let dot = description.dropFirst(Self.fixedLength).lastIndex(of: ".") else { return nil }
    return EntryID(unchecked: String(description[..<dot]))
  }

  private init(unchecked text: String) { description = text }

  /// When it was published, as its publisher's clock said.
  public var time: Timestamp { Timestamp(stamp: description.prefix(23))! }
  /// Its six characters, by which people call it.
  public var short: Substring { description.dropFirst(24).prefix(6) }
  /// For eyes only.
  public var slug: Substring? {
    let rest = description.dropFirst(Self.fixedLength)
    return rest.first == "-" ? rest.dropFirst().prefix { $0 != "." } : nil
  }

  /// Without its stamp: `k3v9qd-brief`, by which it can be called as well.
  public var name: Substring { description.dropFirst(24) }

  /// Whether a person who writes this means it: the ID, a prefix of it, its six characters (and what follows them), or its slug.
  public func isMeant(by reference: String) -> Bool {
    let lower = reference.lowercased()
    return short == lower || slug.map(String.init) == lower || (lower.utf8.count > 6 && name.hasPrefix(lower))
      || (reference.utf8.count >= 4 && description.hasPrefix(reference))
  }

  /// Whether it is called so by its six characters: who writes another one's means that one, though a slug may be the same.
  public func isCalled(_ reference: String) -> Bool { short == reference.lowercased() }

  /// A slug made of a text: lower case, everything else a dash, at most 24 characters; nil if nothing is left.
  public static func slug(from text: some StringProtocol) -> String? {
    var slug = ""
    for byte in text.utf8 {
      let lower = (65...90).contains(byte) ? byte + 32 : byte
      if isSlug(lower) && lower != UInt8(ascii: "-") {
        slug.unicodeScalars.append(UnicodeScalar(lower))
      } else if !slug.isEmpty && slug.last != "-" {
        slug += "-"
      }
      if slug.utf8.count == 24 { break }
    }
    while slug.last == "-" { slug.removeLast() }
    return slug.isEmpty ? nil : slug
  }

  private static func isSlug(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
  }

  public static func < (left: EntryID, right: EntryID) -> Bool { left.description < right.description }
}

/// An entry's file name: `ID[,k[d]][@HOST.PID]`.
public struct EntryName: Hashable, Sendable, CustomStringConvertible {
  public var id: EntryID
  /// Earlier attempts; 0 is not written, unless in doubt.
  public var attempts = 0
  /// An outside effect of this entry has begun.
  public var inDoubt = false
  /// `HOST.PID` of who works on it; only in `run/`.
  public var holder: String?

  public init(id: EntryID, attempts: Int = 0, inDoubt: Bool = false, holder: String? = nil) {
    self.id = id
    self.attempts = attempts
    self.inDoubt = inDoubt
    self.holder = holder
  }

  /// Parses what `description` prints, and nothing else.
  public init(_ text: some StringProtocol) throws(MalformedName) {
    let text = String(text)
    var rest = text[...]
    if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) {
      let holder = rest[rest.index(after: at)...]
      guard let dot = holder.lastIndex(of: "."), dot > holder.startIndex,
        let pid = Int32(holder[holder.index(after: dot)...]), pid > 0,
        holder.utf8.allSatisfy({ Self.isHolder($0) }), String(pid) == holder[holder.index(after: dot)...]
      else {
        throw MalformedName(
          name: text, position: text.utf8.distance(from: text.startIndex, to: at) + 1, expected: "HOST.PID")
      }
      self.holder = String(holder)
      rest = rest[..<at]
    }
    if let comma = rest.utf8.firstIndex(of: UInt8(ascii: ",")) {
      var count = rest[rest.index(after: comma)...]
      if count.last == "d" {
        inDoubt = true
        count.removeLast()
      }
      guard let number = Int(count), number >= 0, number < 1_000_000, String(number) == count, number > 0 || inDoubt
      else {
        throw MalformedName(
          name: text, position: text.utf8.distance(from: text.startIndex, to: comma) + 1,
          expected: "the number of earlier attempts, as in ,2 or ,0d")
      }
      attempts = number
      rest = rest[..<comma]
    }
    do { id = try EntryID(rest) } catch {
      throw MalformedName(name: text, position: error.position, expected: error.expected)
    }
  }

  public var description: String {
    id.description + (attempts > 0 || inDoubt ? ",\(attempts)\(inDoubt ? "d" : "")" : "")
      + (holder.map { "@" + $0 } ?? "")
  }

  /// The name without its holder: what it is called in every room but `run/`.
  public var unheld: EntryName { EntryName(id: id, attempts: attempts, inDoubt: inDoubt) }

  private static func isHolder(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
      || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }
}

/// A name that is no entry's, and where it stops being one.
public struct MalformedName: Error, Hashable, CustomStringConvertible {
  public var name: String
  /// In bytes from the name's start.
  public var position: Int
  public var expected: String
  public var description: String { "\(name.printable): at character \(position + 1): expected \(expected)" }
}
