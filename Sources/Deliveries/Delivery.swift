import Roster
import Spool

/// What is to be delivered, as its entry in `deliveries/` says it: enough for any process to carry it out.
public struct Delivery: Sendable {
  /// What happens to a delivery that may or may not have gone out, on a channel that cannot tell.
  public enum DoubtPolicy: String, CaseIterable, Sendable {
    /// Sent again, marked as a possible repeat.
    case resend
    /// Parked until a person decides.
    case hold
    /// Given up.
    case drop
  }

  public var addresses: [Address]
  public var text: [UInt8]
  public var subject: String?
  public var expires: Timestamp?
  public var doubtPolicy = DoubtPolicy.resend
  public var attempts = 5
  /// Whose voice it is, where a channel has several (a bot an agent).
  public var speaker: String?

  public init(to addresses: [Address], text: [UInt8]) {
    self.addresses = addresses
    self.text = text
  }

  public static let queueName = "deliveries"

  var draft: Draft {
    let header = Header([
      "From": speaker ?? "deliver", "To": addresses.map(\.description).joined(separator: ", "), "Subject": subject,
      "Expires": expires?.rfc3339, "In-Doubt": doubtPolicy.rawValue, "Attempts": String(attempts), "As": speaker,
    ])
    return Draft(slug: EntryID.slug(from: subject ?? addresses[0].channel), header: header, body: text)
  }

  /// - Throws: what is wrong with an entry that somebody else published.
  init(_ entry: Entry) throws(MalformedText) {
    func bad(_ name: String, _ expected: String) -> MalformedText {
      MalformedText(line: entry.header.line(name)?.number ?? 1, found: entry.header[name], expected: expected)
    }
    let words = (entry.header["To"] ?? "").split(separator: ",").map(\.trimmed)
    addresses = words.compactMap { Address($0) }
    guard !addresses.isEmpty, addresses.count == words.count else { throw bad("To", "To: CHANNEL:ADDRESS, ...") }
    text = entry.body
    subject = entry.subject
    expires = entry.expires
    speaker = entry.header["As"]
    if let word = entry.header["In-Doubt"] {
      guard let policy = DoubtPolicy(rawValue: word) else { throw bad("In-Doubt", "resend, hold or drop") }
      doubtPolicy = policy
    }
    if let word = entry.header["Attempts"] {
      guard let number = Int(word), number >= 1 else { throw bad("Attempts", "a number from 1") }
      attempts = number
    }
  }
}

extension Delivery {
  /// Commits the delivery: when this returns it survives a power cut, and nothing was sent yet.
  /// - Returns: under a key that was used before, the first one's ID.
  public func commit(to spool: SpoolDirectory, key: String? = nil) throws(Failure) -> Published {
    let queue = try spool.queue(Self.queueName, making: true)
    guard let key else { return Published(id: try queue.publish(draft), isNew: true) }
    let published = try queue.publish(draft, key: key)
    if !published.isNew { try queue.explainKnown(published.id, key: key, body: text) }
    return published
  }
}
