import Crypto
import Facts
import Memory
import Secrets
import Spool

/// Reads a transcript on from where it stands, and gleans the facts.
final class TranscriptReader {
  private let rules: RuleSet
  private let secrets: SecretRules
  private let buffer = LineBuffer()
  private var parsers: [String: LineParser] = [:]
  /// The words of a turn that has several texts.
  private var joined: [UInt8] = []

  init(rules: RuleSet, secrets: SecretRules) {
    self.rules = rules
    self.secrets = secrets
  }

  /// What was found, and by which rule.
  struct Found {
    var remark: Remark
    var rule: String
  }

  /// Reads to the file's end.
  /// - Parameters:
  ///   - transcript: moved on with each line.
  ///   - pause: called now and then between two lines with what was found; returns whether that is recorded now.
  ///   - complain: told of each line that is skipped though it should not be there.
  /// - Returns: what was found and is not recorded.
  func read(
    _ file: File, _ transcript: inout Transcript, format: any TranscriptFormat.Type,
    complain: (String) -> Void = { _ in },
    pause: (inout Transcript, [Found]) throws(Failure) -> Bool
  ) throws(Failure) -> [Found] {
    var pass = Pass(
      transcript: transcript, parser: parser(for: format), workingDirectory: Array(transcript.workingDirectory.utf8))
    var sincePause = 0
    let start = transcript.position
    var isRest = start == 0 ? false : try !Self.endsWithNewline(file, at: start)
    try buffer.lines(of: file, from: start) { line, place, next, ending throws(Failure) in
      if isRest {
        isRest = false
        // The newline of a line that was complete without it, or the CR before that.
        if ending != .tooLong && line.allSatisfy(Self.isBlank) {
          pass.transcript.position = next
          return true
        }
      }
      if ending == .none && !LineParser.isWhole(line) { return false }
      pass.transcript.lines += 1
      let place = (start: place, number: pass.transcript.lines)
      if let reason = ending == .tooLong ? "too long" : try self.take(line, place, format, &pass) {
        pass.transcript.tally.skipped[reason, default: 0] += 1
        complain("\(transcript.path): line \(place.number): \(reason)")
      }
      pass.transcript.position = next
      sincePause += line.count
      if sincePause >= 1 << 22 || pass.found.count >= 1000 {
        sincePause = 0
        pass.settle()
        if try pause(&pass.transcript, pass.found) { pass.found = [] }
      }
      return true
    }
    pass.settle()
    transcript = pass.transcript
    return pass.found
  }

  private struct Pass {
    var transcript: Transcript
    var found: [Found] = []
    let parser: LineParser
    /// The last one that was seen.
    var workingDirectory: [UInt8]
    /// The last time that was seen, as it is written; empty: since `transcript` was last settled there was none.
    var time: [UInt8] = []
    var records = Counter()
    var noise = Counter()

    /// Brings what is counted on the way into the transcript.
    mutating func settle() {
      if let last { transcript.last = last }
      transcript.workingDirectory = String(decoding: workingDirectory, as: UTF8.self)
      records.settle { transcript.tally.records["\($0)", default: 0] += $1 }
      noise.settle { transcript.tally.skipped["noise: \($0)", default: 0] += $1 }
    }

    var last: String? { time.isEmpty ? transcript.last : String(decoding: time, as: UTF8.self) }
  }

  private func parser(for format: any TranscriptFormat.Type) -> LineParser {
    if let parser = parsers[format.name] { return parser }
    let parser = LineParser(fields: format.fields, stops: format.stops)
    parsers[format.name] = parser
    return parser
  }

  /// Counts a line, and gleans it.
  /// - Returns: why it is skipped though it should not be there; nil: it is counted.
  private func take(
    _ line: UnsafeRawBufferPointer, _ place: (start: Int, number: Int), _ format: any TranscriptFormat.Type,
    _ pass: inout Pass
  ) throws(Failure) -> String? {
    var line = line
    // A byte order mark.
    if place.start == 0 && line.starts(with: [0xEF, 0xBB, 0xBF]) {
      line = UnsafeRawBufferPointer(rebasing: line[3...])
    }
    if line.allSatisfy(Self.isBlank) { return "blank" }
    switch try pass.parser.parse(line) {
    case .noUTF8: return "not UTF-8"
    case .noJSON: return "no JSON"
    case .noObject: return "no object"
    case .object, .stopped: break
    }
    let meaning = format.meaning(of: pass.parser)
    switch meaning.count {
    case .noise(let type, let more):
      if let more = more.string {
        pass.transcript.tally.skipped["noise: \(type)/\(more.printable.prefix(40))", default: 0] += 1
      } else {
        pass.noise.count(type)
      }
      return nil
    case .unknown(let type): return "unknown: \(type.string?.printable.prefix(40) ?? "no type")"
    case .record(let kind): pass.records.count(kind)
    }
    glean(meaning, place, &pass)
    return nil
  }

  private func glean(_ meaning: LineMeaning, _ place: (start: Int, number: Int), _ pass: inout Pass) {
    if meaning.time.isString {
      pass.time.removeAll(keepingCapacity: true)
      pass.time.append(contentsOf: meaning.time.bytes)
    }
    let directory = meaning.workingDirectory
    if directory.isString, !directory.bytes.isEmpty, !directory.isSame(as: pass.workingDirectory) {
      pass.workingDirectory = Array(directory.bytes)
      let text = secrets.redacted("works in \(directory.string!.printable)")
      note(("project", text, "working-directory"), "session", place, &pass)
    }
    guard let speaker = meaning.speaker else { return }
    withWords(of: meaning, pass.parser) { words in
      var findings = rules.findings(in: words, by: speaker)
      if findings.isEmpty { return }
      // Before anything is cut: the half of a secret is no secret that could be recognized.
      let text = String(decoding: words, as: UTF8.self)
      let clean = secrets.redacted(text)
      if clean != text {
        findings = Array(clean.utf8).withUnsafeBytes { rules.findings(in: $0, by: speaker) }
      }
      for found in findings { note((found.kind, found.text, found.rule), speaker.rawValue, place, &pass) }
    }
  }

  private func note(
    _ found: (kind: String, text: String, rule: String), _ author: String, _ place: (start: Int, number: Int),
    _ pass: inout Pass
  ) {
    // As every time of ours is written: so they sort.
    let time = pass.last.flatMap { Timestamp(rfc3339: $0) }?.rfc3339 ?? ""
    let remark = Remark(
      kind: found.kind, text: found.text, author: author, time: time, place: place.start, line: place.number)
    pass.transcript.tally.facts[found.kind, default: 0] += 1
    pass.found.append(Found(remark: remark, rule: found.rule))
  }

  private func withWords(of meaning: LineMeaning, _ line: LineParser, _ body: (UnsafeRawBufferPointer) -> Void) {
    switch meaning.text {
    case .none: return
    case .value(let value): body(value.bytes)
    case .elements(let type, let types, let text):
      let spoken = (0..<line.elements).filter { element in
        line[element, text].isString && types.contains { line[element, type] == $0 }
      }
      if spoken.count == 1 { return body(line[spoken[0], text].bytes) }
      joined.removeAll(keepingCapacity: true)
      for element in spoken {
        joined.append(contentsOf: line[element, text].bytes)
        joined.append(10)
      }
      joined.withUnsafeBytes(body)
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  private static func endsWithNewline(_ file: File, at position: Int) throws(Failure) -> Bool {
    try file.bytes(position - 1..<position) == [10]
  }
}

extension Transcript {
  /// What its mark must be, at its position, if the file is still the one that was read.
  func currentMark(in file: File) throws(Failure) -> [UInt8] {
    let span = min(position, 1024)
    var digest = SHA256()
    digest.update(data: try file.bytes(0..<span))
    digest.update(data: try file.bytes(position - span..<position))
    return Array(digest.finalize())
  }
}

extension File {
  /// As many of these as there are.
  fileprivate func bytes(_ range: Range<Int>) throws(Failure) -> [UInt8] {
    try seek(to: range.lowerBound)
    return try readAll(size: range.count)
  }
}
