import Spool

/// What a channel is told of a message: the text on its standard input, the rest in its environment (`DELIVERY_ID`), or, where
/// it serves many, in the header lines of a frame (`Delivery-Id`).
public struct ChannelMessage: Sendable {
  public var id: EntryID
  public var to: String
  /// From 1.
  public var attempt = 1
  public var subject: String?
  /// Whose voice it is (`--as`).
  public var speaker: String?
  /// `html`; nil: plain text.
  public var format: String?
  /// An earlier attempt may have sent it.
  public var isRepeat = false
  /// The request that it puts to a person, who may answer it.
  public var question: EntryID?
  /// The delivery whose message it takes the place of.
  public var replaces: EntryID?
  /// What it answers, as the channel calls it.
  public var answers: String?
  public var text: [UInt8] = []

  public init(id: EntryID, to: String) {
    self.id = id
    self.to = to
  }

  /// What a person reads before a text that he may have read already.
  public var repeatMark: String { "(This may be a repeat of message \(id.short).)" }

  /// Name and value, without what is not said.
  private var facts: [(name: String, value: String)] {
    [
      ("ID", id.description), ("TO", to), ("ATTEMPT", String(attempt)), ("SUBJECT", subject), ("AS", speaker),
      ("FORMAT", format), ("REPEAT", isRepeat ? "1" : nil), ("QUESTION", question?.description),
      ("REPLACES", replaces?.description), ("ANSWERS", answers),
    ].compactMap { name, value in value.map { (name, $0) } }
  }

  /// - Parameter fact: asked for each.
  init?(_ fact: (String) -> String?) {
    guard let id = fact("ID").flatMap({ try? EntryID($0) }), let to = fact("TO"), !to.isEmpty else { return nil }
    self.id = id
    self.to = to
    attempt = fact("ATTEMPT").flatMap { Int($0) } ?? 1
    subject = fact("SUBJECT")
    speaker = fact("AS")
    format = fact("FORMAT")
    isRepeat = fact("REPEAT") != nil
    question = fact("QUESTION").flatMap { try? EntryID($0) }
    replaces = fact("REPLACES").flatMap { try? EntryID($0) }
    answers = fact("ANSWERS")
  }

  private static let names = [
    "ID", "TO", "ATTEMPT", "SUBJECT", "AS", "FORMAT", "REPEAT", "QUESTION", "REPLACES", "ANSWERS",
  ]

  func add(to environment: inout [String: String]) {
    for name in Self.names { environment["DELIVERY_\(name)"] = nil }
    for (name, value) in facts { environment["DELIVERY_\(name)"] = value }
  }

  init?(environment: [String: String]) { self.init { environment["DELIVERY_\($0)"] } }

  /// As a frame: header lines, `Length`, a blank line, the text.
  func frame(_ more: KeyValuePairs<String, String?> = [:]) -> [UInt8] {
    var header = Header(more)
    for (name, value) in facts { header["Delivery-\(name)"] = value }
    header["Length"] = String(text.count)
    return header.bytes + text
  }

  init?(frame: Frame) {
    self.init { frame.header["Delivery-\($0)"] }
    text = frame.body
  }
}

/// Header lines, among them `Length`, a blank line, and so many bytes: a message on its way to a channel that serves many, or
/// its answer.
struct Frame {
  var header: Header
  var body: [UInt8]

  /// - Returns: nil where `bytes` ends before the frame does; else what it takes is removed from them.
  /// - Throws: what is wrong with it. Nothing that follows can be read then.
  init?(takenFrom bytes: inout [UInt8]) throws(MalformedText) {
    guard let end = Self.headerEnd(bytes) else {
      guard bytes.count < 65536 else {
        throw MalformedText(line: 1, found: nil, expected: "a header of at most 64 KiB")
      }
      return nil
    }
    let header = try Header(lines: bytes[..<end])
    guard let length = header["Length"].flatMap({ Int($0) }), (0...Entry.sizeLimit).contains(length) else {
      throw MalformedText(line: 1, found: header["Length"], expected: "Length: a number of bytes")
    }
    guard bytes.count >= end + length else { return nil }
    self.header = header
    body = Array(bytes[end..<(end + length)])
    bytes.removeFirst(end + length)
  }

  /// Behind the blank line.
  private static func headerEnd(_ bytes: [UInt8]) -> Int? {
    var place = bytes.startIndex
    while let newline = bytes[place...].firstIndex(of: 10) {
      if newline == place { return newline + 1 }
      place = newline + 1
    }
    return nil
  }
}
