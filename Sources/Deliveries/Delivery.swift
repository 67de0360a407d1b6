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
  /// What published it, where that is no agent.
  public var author: String?
  /// `html`, for channels that can show it; nil: plain text.
  public var format: String?
  /// Not before every earlier ordered delivery to the same first address is over.
  public var isOrdered = false
  /// How long an address has to give a receipt before the next one's turn; nil: as long as it takes.
  public var confirmWithin: Duration?
  /// The request in `approvals/` that this puts to a person: a channel that has buttons shows them, a mail can be answered.
  public var question: EntryID?
  /// The request in `approvals/` whose yes lets it out.
  public var approved: EntryID?
  /// The delivery whose message this takes the place of, on a channel that can do so (`Replaces: yes` in its promise).
  public var replaces: EntryID?
  /// What this answers there, as the channel calls it: a message's number, a mail's Message-ID.
  public var answers: String?
  /// The run of a job that says this (`SPINDLE_JOB_RUN`).
  public var job: EntryID?
  /// Nobody is told when it fails: what it says is known by other ways, or its failure is.
  public var isCourtesy = false

  public init(to addresses: [Address], text: [UInt8]) {
    self.addresses = addresses
    self.text = text
  }

  public static let queueName = "deliveries"
  /// Where the requests lie that questions are about.
  static let questionQueueName = "approvals"

  var draft: Draft {
    var draft = Draft(slug: EntryID.slug(from: subject ?? addresses[0].channel), header: header, body: text)
    // What is to be told is made already, and that the disk is nearly full is one of the things to tell.
    draft.isUrgent = true
    return draft
  }

  /// As something that a step has made: handed over exactly once, with what else it made.
  public var product: Product {
    var header = header
    // A product's To is the queue that it goes to.
    header["Deliver-To"] = header["To"]
    return Product(.queue(Self.queueName), header: header, body: text)
  }

  private var header: Header {
    Header([
      "From": author ?? speaker ?? "deliver", "To": addresses.map(\.description).joined(separator: ", "),
      "Subject": subject,
      "Expires": expires?.rfc3339, "In-Doubt": doubtPolicy.rawValue, "Attempts": String(attempts), "As": speaker,
      "Format": format, "Ordered": isOrdered ? "yes" : nil,
      "Confirm-Within": confirmWithin.map { "\(max(1, $0.nanoseconds / 1_000_000_000))s" },
      "Question": question?.description, "Approved": approved?.description, "Replaces": replaces?.description,
      "Answers": answers,
      "Job": job?.description, "Alert": isCourtesy ? "no" : nil,
    ])
  }

  /// - Throws: what is wrong with an entry that somebody else published.
  init(_ entry: Entry) throws(MalformedText) {
    func bad(_ name: String, _ expected: String) -> MalformedText {
      MalformedText(line: entry.header.line(name)?.number ?? 1, found: entry.header[name], expected: expected)
    }
    do { addresses = try Self.addresses(Self.to(entry.header)) } catch { throw bad("To", error.expected) }
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
    format = entry.header["Format"]
    isOrdered = entry.header["Ordered"] == "yes"
    if let word = entry.header["Confirm-Within"] {
      guard let span = Duration(word), span > .zero else { throw bad("Confirm-Within", "a span such as 15m") }
      confirmWithin = span
    }
    func reference(_ name: String) throws(MalformedText) -> EntryID? {
      guard let word = entry.header[name] else { return nil }
      do { return try EntryID(word) } catch { throw bad(name, "an ID") }
    }
    question = try reference("Question")
    approved = try reference("Approved")
    replaces = try reference("Replaces")
    answers = entry.header["Answers"]
    job = try reference("Job")
    isCourtesy = entry.header["Alert"] == "no"
  }
}

extension Delivery {
  /// Where it goes, as its header says it: what was handed over by another queue has that queue's word under `To`.
  static func to(_ header: Header) -> String { header["Deliver-To"] ?? header["To"] ?? "" }

  static func addresses(_ text: String) throws(MalformedText) -> [Address] {
    let words = text.split(separator: ",").map(\.trimmed)
    let addresses = words.compactMap { Address($0) }
    guard !addresses.isEmpty, addresses.count == words.count else {
      throw MalformedText(line: 1, found: text, expected: "To: CHANNEL:ADDRESS, ...")
    }
    return addresses
  }

  /// Whose turn it is: the first address, or, with `--confirm-within`, the one whose time it is by now.
  static func turn(of count: Int, since begin: Timestamp, confirmWithin: Duration?) -> Int {
    guard let confirmWithin, count > 1 else { return 0 }
    return Int(max(0, (Timestamp.now - begin).nanoseconds) / confirmWithin.nanoseconds) % count
  }

  /// Commits the delivery: when this returns it survives a power cut, and nothing was sent yet.
  /// - Parameter quietly: whether another text under the same key is nothing to speak of.
  /// - Returns: under a key that was used before, the first one's ID.
  public func commit(to spool: SpoolDirectory, key: String? = nil, quietly: Bool = false) throws(Failure) -> Published {
    let queue = try spool.queue(Self.queueName, making: true)
    guard let key else { return Published(id: try queue.publish(draft), isNew: true) }
    let published = try queue.publish(draft, key: key)
    if !published.isNew && !quietly { try queue.explainKnown(published.id, key: key, body: text) }
    return published
  }
}
