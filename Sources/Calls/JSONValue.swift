import FoundationEssentials
import Spool

/// Any JSON, asked for by key without a fixed shape: the programs' formats move fast.
enum JSONValue: Codable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode([String: JSONValue].self) {
      self = .object(value)
    } else {
      self = .array(try container.decode([JSONValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value):
      if let whole = Int(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// Parses; nil where it is no JSON. Bytes that are no UTF-8, and halves of surrogate pairs, become U+FFFD.
  init?(_ bytes: some Collection<UInt8>) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) {
      self = value
    } else if text.contains("\\ud") || text.contains("\\uD"),
      let value = try? JSONDecoder().decode(JSONValue.self, from: Data(Self.withoutLoneSurrogates(text).utf8))
    {
      self = value
    } else {
      return nil
    }
  }

  /// A vendor that cut a text in the middle of a character wrote half a pair; JSON decoders refuse all of it.
  private static func withoutLoneSurrogates(_ text: String) -> String {
    let pair = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/
    let half = /\\u[dD][89a-fA-F][0-9a-fA-F]{2}/
    var result = ""
    var rest = text[...]
    while let found = rest.firstMatch(of: half) {
      result += rest[..<found.range.lowerBound]
      let from = rest[found.range.lowerBound...]
      if let whole = from.prefixMatch(of: pair) {
        result += from[whole.range]
        rest = from[whole.range.upperBound...]
      } else {
        result += "\\ufffd"
        rest = from[found.range.upperBound...]
      }
    }
    return result + rest
  }

  subscript(_ key: String) -> JSONValue? {
    if case .object(let members) = self { return members[key] }
    return nil
  }

  var string: String? { if case .string(let value) = self { value } else { nil } }
  var number: Double? { if case .number(let value) = self { value } else { nil } }
  /// A whole number, if it is one that fits.
  var whole: Int? { number.flatMap { Int(exactly: $0.rounded()) } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  var isNull: Bool { if case .null = self { true } else { false } }

  /// On one line.
  var text: String {
    (try? JSONLine.encode(self)) ?? "null"
  }
}
