import Roster
import Spool

/// An answer to a request, as its entry in `replies/` says it: a dropped file, or what a tool has published.
public struct Reply: Sendable {
  /// Who says so, and on whose word we believe that.
  public enum Sender: Equatable, Sendable {
    /// The owner of `drop/`, which nobody else may write to.
    case owner(UInt32)
    /// A file of somebody else's that was moved into `drop/`: its uid proves nothing.
    case stranger(String)
    /// A user's number, as Telegram gives it.
    case telegram(Int64)
    /// An address for which our own mail system vouches.
    case email(String)
  }

  public static let queueName = "replies"

  public var sender: Sender
  /// `drop`, `approve`, `telegram` or `email`.
  public var channel: String
  /// The request, as the reply names it.
  public var reference: String
  public var reading: Reading
  public var arrived: Timestamp
  /// Where its sender is told what became of it; nil: by the spool's alerts.
  public var chat: Address?
  /// What it is called there.
  public var message: String?
  /// Whose voice he spoke to.
  public var speaker: String?
  /// By what its sender is known to be who he says: `dmarc=pass for example.org`.
  public var voucher: String?

  /// Whether its sender is a tool that waits for the outcome, and tells it itself.
  var isToldBySender: Bool { channel == "approve" }

  /// - Parameter owner: the spool's.
  init(_ entry: Entry, owner: UInt32) {
    let header = entry.header
    // More than a note's worth is not looked at.
    let text = String(decoding: entry.body.prefix(65536), as: UTF8.self)
    if let name = header["Name"] {
      (reference, reading) = Reading.dropped(name, text)
      let from = header["From"] ?? "drop"
      sender = from.hasPrefix("user ") ? .stranger(from) : .owner(owner)
      channel = "drop"
      arrived = header["Arrived"].flatMap { Timestamp(rfc3339: $0) } ?? entry.created
      return
    }
    reference = header["Re"] ?? ""
    reading = Reading(text)
    channel = header["Channel"] ?? "approve"
    arrived = header["Arrived"].flatMap { Timestamp(rfc3339: $0) } ?? entry.created
    chat = header["Chat"].flatMap { Address($0) }
    message = header["Message"]
    speaker = header["As"]
    let words = (header["Sender"] ?? "").split(separator: ":", maxSplits: 1).map(String.init)
    switch (words.first, words.last) {
    case ("uid", let number?): sender = UInt32(number).map { .owner($0) } ?? .stranger(number)
    case ("telegram", let number?): sender = Int64(number).map { .telegram($0) } ?? .stranger(number)
    case ("email", let address?): sender = .email(address)
    default: sender = .stranger(header["Sender"] ?? "nobody")
    }
  }

  public init(to reference: String, _ text: String, from sender: Sender, over channel: String) {
    self.reference = reference
    self.sender = sender
    self.channel = channel
    reading = Reading(text)
    arrived = .now
    body = Array(text.utf8)
  }
  private var body: [UInt8] = []

  /// An answer on one line: what is to be read line by line would end at the first. Whatever the note says, it is a note.
  public static func words(_ verdict: String, note: String) -> String {
    let line = note.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.allSatisfy(\.isWhitespace) ? verdict : "\(verdict): \(line)"
  }

  /// Publishes it: when this returns it survives a power cut.
  /// - Parameter key: of what it was made from (an update of Telegram's, a mail's Message-ID), so that it counts once.
  public func commit(to spool: SpoolDirectory, key: String? = nil) throws(Failure) -> EntryID {
    let words =
      switch sender {
      case .owner(let number): "uid:\(number)"
      case .telegram(let number): "telegram:\(number)"
      case .email(let address): "email:\(address)"
      case .stranger(let words): words
      }
    let header = Header([
      "From": channel, "Re": reference, "Channel": channel, "Sender": words, "Chat": chat?.description,
      "Message": message, "As": speaker, "Vouched": voucher, "Arrived": arrived.rfc3339,
    ])
    let draft = Draft(slug: channel, header: header, body: body)
    let queue = try spool.queue(Self.queueName, making: true)
    guard let key else { return try queue.publish(draft) }
    return try queue.publish(draft, key: key).id
  }
}
