import Spool

/// What was decided, as `approvals/re/ID` says it: the product of a request, made once.
public struct Verdict: Sendable {
  public enum Word: String, Sendable {
    case approved, rejected
    /// Nobody answered in time; it counts as no.
    case timeout
  }

  public var word: Word
  /// `uid 1000 (me)`, `telegram 4711 (anna)`; nil: nobody.
  public var who: String?
  /// Over which way the reply came.
  public var channel: String?
  /// When the reply came.
  public var answered: Timestamp?
  public var decided: Timestamp
  /// The reply that decided.
  public var reply: EntryID?
  public var note: String
  /// SHA-256 of the text that was approved, in lower-case hexadecimal.
  public var requestDigest: String

  /// One line for people.
  public var spoken: String {
    let time = decided.rfc3339Seconds
    let words = note.split(whereSeparator: \.isNewline).first.map { ": \($0.prefix(200))" } ?? ""
    return switch word {
    case .approved: "Approved at \(time) by \(who ?? "?")\(words)"
    case .rejected: "Rejected at \(time) by \(who ?? "?")\(words)"
    case .timeout: "Rejected at \(time): no answer in time"
    }
  }

  /// For who answers when it is decided: `rejected at 2026-11-26T10:00:00Z`.
  public var short: String { "\(word == .approved ? "approved" : "rejected") at \(decided.rfc3339Seconds)" }

  init(_ word: Word, digest: String, decided: Timestamp) {
    self.word = word
    self.decided = decided
    requestDigest = digest
    note = ""
  }

  /// - Throws: `.malformed` where a record says no verdict.
  public init(_ record: Entry) throws(Failure) {
    let header = record.header
    guard let word = header["Verdict"].flatMap({ Word(rawValue: $0) }),
      let decided = header["Decided"].flatMap({ Timestamp(rfc3339: $0) })
    else {
      throw Failure(.malformed, "approvals/re/\(record.id)", "is no verdict", do: "spool show \(record.id) shows it")
    }
    self.word = word
    self.decided = decided
    who = header["Who"]
    channel = header["Via"]
    answered = header["Answered"].flatMap { Timestamp(rfc3339: $0) }
    reply = header["Reply"].flatMap { try? EntryID($0) }
    requestDigest = header["Request-Sha256"] ?? ""
    note = record.text.hasSuffix("\n") ? String(record.text.dropLast()) : record.text
  }

  func product(subject: String?, _ proof: Proof?) -> Product {
    var header = Header([
      "From": "wait-approval", "Subject": subject, "Verdict": word.rawValue, "Who": who, "Via": channel,
      "Answered": answered?.rfc3339, "Decided": decided.rfc3339, "Reply": reply?.description,
      "Request-Sha256": requestDigest,
    ])
    for line in proof?.header.lines ?? [] { header[line.name] = line.value }
    return Product(.response, header: header, body: note.isEmpty ? [] : Array((note + "\n").utf8))
  }
}
