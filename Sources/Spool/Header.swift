/// Header lines `Name: value`, in their order. Names are compared without regard to case.
public struct Header: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    public var name: String
    public var value: String
    /// From 1, in the file that it was read from; 0 where it was not read.
    public var number = 0
  }

  public private(set) var lines: [Line] = []

  public init() {}

  init(lines: [Line]) { self.lines = lines }

  public init(_ pairs: KeyValuePairs<String, String?>) {
    for (name, value) in pairs { self[name] = value }
  }

  /// The first value under a name. Setting replaces it in place, or appends; nil removes.
  public subscript(_ name: String) -> String? {
    get { lines.first { Self.same($0.name, name) }?.value }
    set {
      let index = lines.firstIndex { Self.same($0.name, name) }
      // A value is one line; what came from outside cannot add a header of its own.
      let value = newValue?.printable
      switch (index, value) {
      case (let index?, let value?): lines[index].value = value
      case (let index?, nil): lines.remove(at: index)
      case (nil, let value?): lines.append(Line(name: name, value: value))
      case (nil, nil): break
      }
    }
  }

  public func line(_ name: String) -> Line? { lines.first { Self.same($0.name, name) } }

  /// The lines as bytes, with the blank line that ends them.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(lines.reduce(1) { $0 + $1.name.utf8.count + $1.value.utf8.count + 3 })
    for line in lines {
      bytes += line.name.utf8
      bytes += ": ".utf8
      bytes += line.value.utf8
      bytes.append(10)
    }
    bytes.append(10)
    return bytes
  }

  /// At most this much of a file is header.
  static let limit = 65536
  /// So many are searched one by one; a file that is nothing but header would take its time.
  private static let fewLines = 64

  /// Reads header lines up to the blank line. Returns them and the offset at which the body begins.
  /// Strict: LF only, each name once.
  package static func parse(_ bytes: [UInt8]) throws(MalformedText) -> (Header, body: Int) {
    var header = Header()
    var known: [String: Int] = [:]
    var start = 0
    var number = 1
    while true {
      guard let end = bytes[start...].prefix(limit).firstIndex(of: 10) else {
        throw MalformedText(line: number, found: nil, expected: "a blank line at the end of the header")
      }
      if end == start { return (header, end + 1) }
      guard end < limit else { throw MalformedText(line: number, found: nil, expected: "a header of at most 64 KiB") }
      let line = try Line(parsing: bytes[start..<end], number: number)
      if header.lines.count < fewLines {
        try header.append(line)
      } else {
        if known.isEmpty { for line in header.lines { known[line.name.lowercased()] = line.number } }
        if let first = known.updateValue(number, forKey: line.name.lowercased()) { throw line.isThere(since: first) }
        header.lines.append(line)
      }
      start = end + 1
      number += 1
    }
  }

  /// Reads a header and nothing else, up to its blank line.
  package init(lines bytes: ArraySlice<UInt8>) throws(MalformedText) { self = try Self.parse(Array(bytes)).0 }

  /// Reads a file that is header lines and nothing else, as a person may have written them; blank lines count for nothing.
  package init(file bytes: [UInt8]) throws(MalformedText) {
    for (number, line) in String(decoding: bytes, as: UTF8.self).split(separator: "\n").enumerated() {
      try append(line: line, number: number + 1)
    }
  }

  /// Reads one line, as a person may have written it.
  package mutating func append(line: some StringProtocol, number: Int) throws(MalformedText) {
    try append(Line(parsing: Array(line.utf8)[...], number: number))
  }

  private mutating func append(_ line: Line) throws(MalformedText) {
    if let first = self.line(line.name) { throw line.isThere(since: first.number) }
    lines.append(line)
  }

  private static func same(_ left: String, _ right: String) -> Bool {
    // Names are ASCII, and this is asked for each line of each entry.
    left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lowered($0) == lowered($1) }
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    (65...90).contains(byte) ? byte + 32 : byte
  }
}

extension Header.Line {
  fileprivate func isThere(since first: Int) -> MalformedText {
    MalformedText(line: number, found: "\(name): \(value)", expected: "each name once (the first is on line \(first))")
  }

  fileprivate init(parsing bytes: ArraySlice<UInt8>, number: Int) throws(MalformedText) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MalformedText(line: number, found: String(decoding: bytes, as: UTF8.self), expected: "UTF-8")
    }
    guard let colon = text.firstIndex(of: ":"), colon != text.startIndex,
      text[..<colon].utf8.allSatisfy({ Self.isName($0) })
    else { throw MalformedText(line: number, found: text, expected: "Name: value") }
    let value = text[text.index(after: colon)...].trimmed
    if value.printable != value {
      throw MalformedText(line: number, found: text, expected: "a value without control characters")
    }
    self.init(name: String(text[..<colon]), value: String(value), number: number)
  }

  private static func isName(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "_")
  }
}

extension StringProtocol {
  /// Without spaces and tabs at both ends.
  package var trimmed: Substring {
    let start = Substring(self).drop { $0 == " " || $0 == "\t" }
    let end = start.lastIndex { $0 != " " && $0 != "\t" }
    return end.map { start[...$0] } ?? ""
  }
}

/// What is wrong with a text, and on which line.
public struct MalformedText: Error, Hashable, CustomStringConvertible {
  public var line: Int
  public var found: String?
  public var expected: String

  public init(line: Int, found: String?, expected: String) {
    self.line = line
    self.found = found
    self.expected = expected
  }

  public var description: String {
    "line \(line): expected \(expected)" + (found.map { ", found \"\($0.prefix(80).printable)\"" } ?? "")
  }
}
