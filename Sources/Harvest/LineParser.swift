import CSimdjson
import Glibc
import Spool

/// Reads lines of JSON: a format says once which fields it wants, and each line is gone over once (simdjson's On-Demand).
final class LineParser {
  /// A field of a line, or of an object in it.
  struct Field {
    var key: StaticString
    /// Where its value is found; nil: it is only passed through.
    var slot: Int?
    var fields: [Field] = []
    /// An array, whose elements have `fields`; their slots count from 0.
    var isArray = false
    /// As it is written: for what is long, and seldom read beyond its first words.
    var isGlance = false
  }

  enum Outcome {
    case object
    /// Its slot had a value of `stops`: what stands behind it was not looked at.
    case stopped
    case noJSON, noObject, noUTF8
  }

  private let reader: OpaquePointer
  private let slots: UnsafePointer<csimdjson_value>

  /// - Parameter stops: what ends a pass at once, for lines that are only counted.
  init(fields: [Field], stops: [(slot: Int, value: StaticString)]) {
    let count = fields.flatMap(Self.all).compactMap(\.slot).max() ?? 0
    guard let reader = csimdjson_create(count + 1) else { fatalError("no memory") }
    self.reader = reader
    slots = csimdjson_slots(reader)
    for field in fields { Self.want(field, below: 0, reader) }
    for stop in stops { csimdjson_stop(reader, Int32(stop.slot), stop.value.text) }
  }

  deinit { csimdjson_destroy(reader) }

  private static func all(_ field: Field) -> [Field] { [field] + field.fields.flatMap(all) }

  private static func want(_ field: Field, below parent: Int32, _ reader: OpaquePointer) {
    let own = csimdjson_want(reader, parent, field.key.text, Int32(field.slot ?? -1))
    if field.isArray { csimdjson_each(reader, own) }
    if field.isGlance { csimdjson_glance(reader, own) }
    for inner in field.fields { want(inner, below: own, reader) }
  }

  /// - Parameter line: `CSIMDJSON_PADDING` bytes behind it can be read.
  func parse(_ line: UnsafeRawBufferPointer) throws(Failure) -> Outcome {
    switch csimdjson_scan(reader, line.baseAddress?.assumingMemoryBound(to: CChar.self), line.count) {
    case csimdjson_object: return .object
    case csimdjson_stopped: return .stopped
    case csimdjson_no_object: return .noObject
    case csimdjson_no_utf8: return .noUTF8
    case csimdjson_no_memory: throw Failure(.tryAgain, "a line of \(line.count) bytes", "no memory for it")
    default: return .noJSON
    }
  }

  /// What was found. All of it is valid until the next line is parsed.
  subscript(slot: Int) -> LineValue { LineValue(slots[slot]) }

  /// The elements of the array.
  var elements: Int { csimdjson_block_count(reader) }

  subscript(element: Int, slot: Int) -> LineValue { LineValue(csimdjson_block(reader, element)[slot]) }

  /// What a string means that was only glanced at.
  func unescaped(_ value: LineValue) -> LineValue { LineValue(csimdjson_unescape(reader, value.value)) }

  /// Whether these bytes are one whole JSON object; no prefix of one is.
  static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
    csimdjson_is_whole(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == 1
  }
}

/// A value of a line.
struct LineValue: @unchecked Sendable {
  fileprivate let value: csimdjson_value

  fileprivate init(_ value: csimdjson_value) { self.value = value }

  var isAbsent: Bool { value.kind == csimdjson_absent }
  var isString: Bool { value.kind == csimdjson_string }
  /// An object or an array.
  var isComposite: Bool { value.kind == csimdjson_composite }
  var isTrue: Bool { value.kind == csimdjson_literal && self == "true" }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: value.bytes, count: value.length) }

  /// Its words; nil where it is no string.
  var string: String? { isString ? String(decoding: bytes, as: UTF8.self) : nil }

  static func == (value: LineValue, text: StaticString) -> Bool {
    value.value.length == text.utf8CodeUnitCount
      && memcmp(value.value.bytes, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  static func != (value: LineValue, text: StaticString) -> Bool { !(value == text) }

  func isSame(as other: [UInt8]) -> Bool {
    value.length == other.count && other.withUnsafeBytes { memcmp(value.bytes, $0.baseAddress!, other.count) == 0 }
  }

  func hasPrefix(_ text: StaticString) -> Bool {
    value.length >= text.utf8CodeUnitCount && memcmp(value.bytes, text.utf8Start, text.utf8CodeUnitCount) == 0
  }
}

extension StaticString {
  fileprivate var text: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}

extension LineValue {
  /// Nothing.
  static let none = LineValue(csimdjson_value(bytes: nil, length: 0, kind: csimdjson_absent))
}
