import Deliveries
import Spool

/// Which messages of a delivery of several were sent: `log/ID.parts`, a line before and after each, so that the next attempt
/// goes on behind the last and marks only the one that was under way.
struct PartsSent {
  private let log: Directory
  private let fileName: String
  private var file: File?
  private let to: String
  /// By the part's key, `2/3`, in the order of sending.
  private var sent: [(key: String, message: Int, chat: Int64, date: Timestamp)] = []
  private var begun: Set<String> = []
  /// Nothing is known of an earlier attempt.
  let isLost: Bool

  /// - Parameters:
  ///   - to: the address; another one begins anew.
  ///   - count: of messages.
  init(of id: EntryID, to: String, count: Int, in spool: SpoolDirectory) throws(Failure) {
    self.to = to
    log = try spool.queue(Delivery.queueName, making: true)[.log]
    fileName = "\(id).parts"
    file = try log.open(fileName) == nil ? nil : log.openOrCreate(fileName, append: true)
    guard let file else {
      isLost = true
      return
    }
    let text = String(decoding: try file.readAll(limit: 1 << 20) ?? [], as: UTF8.self)
    isLost = text.isEmpty
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      // Of another split into parts nothing can be said.
      guard words.count >= 3, words[0] == to, Self.isPart(words[1], of: count) else { continue }
      let key = String(words[1])
      switch words[2] {
      case "begun": begun.insert(key)
      case "not-sent": begun.remove(key)
      default:
        guard words.count >= 5, let message = Int(words[2]), let chat = Int64(words[3]),
          let date = Timestamp(rfc3339: words[4])
        else { continue }
        sent.append((key, message, chat, date))
      }
    }
  }

  /// `2/3`, the second of three; and `2/3:1/2`, the first half of what the second became as plain text.
  private static func isPart(_ text: Substring, of count: Int) -> Bool {
    let words = text.split(separator: ":")[0].split(separator: "/").compactMap { Int($0) }
    return words.count == 2 && words[1] == count && (1...count).contains(words[0])
  }

  var sentCount: Int { sent.count }
  func has(_ key: String) -> Bool { sent.contains { $0.key == key } }
  func wasBegun(_ key: String) -> Bool { begun.contains(key) }

  mutating func begin(_ key: String) throws(Failure) {
    // One message alone needs no notes.
    if file == nil && key != "1/1" { file = try log.openOrCreate(fileName, append: true) }
    try file?.write(line(key, "begun"))
    try file?.sync()
  }

  /// Definitely not sent.
  mutating func clear(_ key: String) {
    // An earlier attempt's doubt stays.
    if begun.contains(key) { return }
    try? file?.write(line(key, "not-sent"))
  }

  mutating func end(_ key: String, message: Int, chat: Int64, at date: Timestamp) {
    sent.append((key, message, chat, date))
    // What cannot be noted is sent again, marked.
    try? file?.write(line(key, "\(message) \(chat) \(date.rfc3339Seconds)"))
    try? file?.sync()
  }

  private func line(_ key: String, _ word: String) -> [UInt8] { Array("\(to) \(key) \(word)\n".utf8) }

  /// Telegram's word that it has them all.
  var receipt: String {
    let numbers = sent.map { String($0.message) }.joined(separator: ",")
    return "message_id=\(numbers) chat=\(sent.last?.chat ?? 0) date=\(sent.last?.date.rfc3339Seconds ?? "")"
  }
}
