import Deliveries
import Roster
import Spool

/// That a request has arrived: by which channel, where, when, and by what this is known. The clock starts with it. It is stored
/// with the request, as `approvals/log/ID.proof`, so that the deadline is the same for whoever looks, and after a restore.
public struct Proof: Sendable {
  public var delivery: EntryID
  public var address: Address
  public var delivered: Timestamp
  /// The channel's own words: `message_id=42 chat=4711 ...`.
  public var receipt: String
  public var deadline: Timestamp

  /// The numbers or names under which the channel knows its messages, where the receipt says any. The last one asks.
  var messages: [String] {
    let words = receipt.split(separator: " ").first { $0.hasPrefix("message_id=") }?.dropFirst(11)
    return (words ?? "").split(separator: ",").map(String.init)
  }
  var message: String? { messages.last }

  /// From the receipt of the delivery that asked; nil where it has none yet, or one that says no time.
  init?(of delivery: EntryID, _ receipt: Entry, timeout: Duration) {
    guard let channel = receipt.header["Channel"], let value = receipt.header["Address"],
      let delivered = receipt.header["Delivered"].flatMap({ Timestamp(rfc3339: $0) })
    else { return nil }
    self.delivery = delivery
    address = Address(channel: channel, value: value)
    self.delivered = delivered
    self.receipt = String(receipt.text.prefix { !$0.isNewline })
    deadline = delivered + timeout
  }

  package static func read(_ id: EntryID, in queue: Queue) throws(Failure) -> Proof? {
    guard let file = try queue[.log].open("\(id).proof"), let bytes = try file.readAll(limit: 65536) else { return nil }
    return Proof(bytes)
  }

  /// Until when an open request can be answered: the file's time is the deadline's picture, and where they differ the later one
  /// counts.
  /// - Returns: nil where it lies nowhere, or is not open yet.
  package static func deadline(of place: Place, _ proof: Proof?, in queue: Queue) throws(Failure) -> Timestamp? {
    let picture = place.room == .hold ? try queue[.hold].status(place.fileName)?.modified : nil
    return [proof?.deadline, picture].compactMap { $0 }.max()
  }

  private init?(_ bytes: [UInt8]) {
    guard let header = try? Header.parse(bytes).0, let delivery = header["Delivery"].flatMap({ try? EntryID($0) }),
      let address = header["Delivered-To"].flatMap({ Address($0) }),
      let delivered = header["Delivered"].flatMap({ Timestamp(rfc3339: $0) }),
      let deadline = header["Deadline"].flatMap({ Timestamp(rfc3339: $0) })
    else { return nil }
    self.delivery = delivery
    self.address = address
    self.delivered = delivered
    self.deadline = deadline
    receipt = header["Receipt"] ?? ""
  }

  /// Durably, before the request is moved on.
  func write(_ id: EntryID, in queue: Queue) throws(Failure) {
    try queue[.log].replace("\(id).proof", with: header.bytes)
  }

  /// As it stands in the proof's own file, and in the verdict.
  var header: Header {
    Header([
      "Delivered": delivered.rfc3339, "Delivered-To": address.description, "Receipt": receipt,
      "Delivery": delivery.description, "Deadline": deadline.rfc3339,
    ])
  }
}
