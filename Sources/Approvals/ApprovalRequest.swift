import Deliveries
import Roster
import Spool

/// What a person is asked, as its entry in `approvals/` says it: enough for any process to put it to him, and to decide it.
public struct ApprovalRequest: Sendable {
  public var addresses: [Address]
  /// What is to be approved.
  public var text: [UInt8]
  public var subject: String?
  /// From its confirmed arrival; no answer by then counts as no.
  public var timeout = Duration.seconds(4 * 3600)
  /// How long each address has to confirm it.
  public var confirmWithin = Duration.seconds(900)
  /// How often it is asked again; nil: never.
  public var remind: Duration?
  /// Who alone may answer, by the names of `people/`; empty: whoever it is for, and the spool's owner.
  public var approvers: [String] = []
  /// Whose voice asks, on channels that have several.
  public var speaker: String?

  public init(to addresses: [Address], text: [UInt8]) {
    self.addresses = addresses
    self.text = text
  }

  public static let queueName = "approvals"

  private static func seconds(_ span: Duration) -> String { "\(max(1, span.nanoseconds / 1_000_000_000))s" }

  private var draft: Draft {
    let header = Header([
      "From": speaker ?? "wait-approval", "To": addresses.map(\.description).joined(separator: ", "),
      "Subject": subject, "Timeout": Self.seconds(timeout), "Confirm-Within": Self.seconds(confirmWithin),
      "Remind": remind.map(Self.seconds), "Approvers": approvers.isEmpty ? nil : approvers.joined(separator: ", "),
      "As": speaker,
    ])
    return Draft(slug: EntryID.slug(from: subject ?? "approval"), header: header, body: text)
  }

  /// - Throws: what is wrong with an entry that somebody else published.
  package init(_ entry: Entry) throws(MalformedText) {
    func bad(_ name: String, _ expected: String) -> MalformedText {
      MalformedText(line: entry.header.line(name)?.number ?? 1, found: entry.header[name], expected: expected)
    }
    let words = (entry.header["To"] ?? "").split(separator: ",").map(\.trimmed)
    addresses = words.compactMap { Address($0) }
    guard !addresses.isEmpty, addresses.count == words.count else { throw bad("To", "To: CHANNEL:ADDRESS, ...") }
    text = entry.body
    subject = entry.subject
    func span(_ name: String) throws(MalformedText) -> Duration? {
      guard let word = entry.header[name] else { return nil }
      guard let span = Duration(word), span > .zero else { throw bad(name, "a span such as 15m") }
      return span
    }
    timeout = try span("Timeout") ?? timeout
    confirmWithin = try span("Confirm-Within") ?? confirmWithin
    remind = try span("Remind")
    approvers = (entry.header["Approvers"] ?? "").split(separator: ",").map { String($0.trimmed) }
    speaker = entry.header["As"]
  }

  /// Commits the request: when this returns it survives a power cut, and nobody was asked yet.
  /// - Throws: `.malformed` where another text was asked about under this key: a verdict is for one text.
  public func commit(to spool: SpoolDirectory, key: String?) throws(Failure) -> EntryID {
    let queue = try spool.queue(Self.queueName, making: true)
    guard let key else { return try queue.publish(draft) }
    let published = try queue.publish(draft, key: key)
    guard !published.isNew, let first = try queue.entry(published.id) else { return published.id }
    guard first.header["Sha256"] == sha256(text) else {
      throw Failure(
        .malformed, "--key \(key)",
        "was used at \(first.created.rfc3339Seconds) for another text, and its verdict is for that one",
        do: "give another --key; spool show \(published.id.short) shows what was asked")
    }
    return published.id
  }
}
