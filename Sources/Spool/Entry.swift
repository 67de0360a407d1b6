import Crypto

/// What an entry says: header lines and a body. Immutable once published.
public struct Entry: Sendable {
  public let id: EntryID
  public let header: Header
  public let body: [UInt8]

  public var subject: String? { header["Subject"] }
  public var expires: Timestamp? { header["Expires"].flatMap { Timestamp(rfc3339: $0) } }
  public var created: Timestamp { header["Created"].flatMap { Timestamp(rfc3339: $0) } ?? id.time }
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// An entry, or more than this many bytes of anything, is not read (64 MiB: well above any prompt or
  /// message, well below what would trouble the machine).
  public static let sizeLimit = 64 << 20

  /// An entry as it is published: `header` without what is set here.
  init(id: EntryID, header given: Header, body: [UInt8]) {
    var header = Header(["Spool": "1", "Id": id.description])
    for name in ["From", "To"] { header[name] = given[name] }
    header["Created"] = given["Created"] ?? Kernel.now().rfc3339
    header["Subject"] = given["Subject"]
    header["Length"] = String(body.count)
    header["Sha256"] = sha256(body)
    for line in given.lines where header[line.name] == nil { header[line.name] = line.value }
    self.id = id
    self.header = header
    self.body = body
  }

  /// Reads an entry; throws what is wrong, with its line.
  public init(parsing bytes: [UInt8]) throws(MalformedText) {
    guard bytes.starts(with: "Spool: 1\n".utf8) else {
      let first = bytes.prefix(80).prefix { $0 != 10 }
      throw MalformedText(line: 1, found: String(decoding: first, as: UTF8.self), expected: "\"Spool: 1\"")
    }
    let (header, start) = try Header.parse(bytes)
    guard let idLine = header.line("Id") else { throw MalformedText(line: 2, found: nil, expected: "a header Id") }
    do { id = try EntryID(idLine.value) } catch {
      throw MalformedText(line: idLine.number, found: idLine.value, expected: error.expected)
    }
    for name in ["Created", "Expires"] {
      if let line = header.line(name), Timestamp(rfc3339: line.value) == nil {
        throw MalformedText(line: line.number, found: line.value, expected: "a time such as 2026-11-23T17:20:44Z")
      }
    }
    let body = Array(bytes[start...])
    if let line = header.line("Length") {
      guard let length = Int(line.value), length >= 0 else {
        throw MalformedText(line: line.number, found: line.value, expected: "the body's length in bytes")
      }
      guard length == body.count else {
        throw MalformedText(line: line.number, found: "a body of \(body.count) bytes", expected: "\(length) bytes")
      }
    }
    if let line = header.line("Sha256") {
      guard line.value == sha256(body) else {
        throw MalformedText(line: line.number, found: "a body that hashes to \(sha256(body))", expected: line.value)
      }
    }
    self.header = header
    self.body = body
  }

  /// The file's bytes.
  /// - Throws: `.malformed` where nobody would read it again.
  package func bytes() throws(Failure) -> [UInt8] {
    let head = header.bytes
    guard head.count <= Header.limit else {
      throw Failure(
        .malformed, id.description, "its header has \(head.count) bytes, more than \(Header.limit)", do: "shorten it")
    }
    guard head.count + body.count <= Self.sizeLimit else {
      throw Failure(
        .malformed, id.description, "it has \(head.count + body.count) bytes, more than \(Self.sizeLimit)",
        do: "put it into a file of its own, and name that")
    }
    return head + body
  }
}

/// SHA-256 in lower-case hexadecimal.
package func sha256(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var hex: [UInt8] = []
  hex.reserveCapacity(64)
  for byte in SHA256.hash(data: Array(bytes)) {
    hex.append(digits[Int(byte >> 4)])
    hex.append(digits[Int(byte & 15)])
  }
  return String(decoding: hex, as: UTF8.self)
}
