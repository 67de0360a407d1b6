import Deliveries
import Spool

/// Which messages of a delivery of several were sent: `log/ID.parts`, a line before and after each, so that the next attempt
/// goes on behind the last and marks only the one that was under way.
struct PartsSent {
  private let file: File?
  private let to: String
  let count: Int
  private var sent: [Int: (message: Int, chat: Int64, date: Timestamp)] = [:]
  private var begun: Set<Int> = []
  /// Nothing is known of an earlier attempt.
  let isLost: Bool

  /// - Parameters:
  ///   - to: the address; another one begins anew.
  ///   - count: of messages. One alone needs no notes.
  init(of id: EntryID, to: String, count: Int, in spool: SpoolDirectory) throws(Failure) {
    self.to = to
    self.count = count
    guard count > 1 else {
      file = nil
      isLost = true
      return
    }
    let file = try spool.queue("deliveries", making: true)[.log].openOrCreate("\(id).parts", append: true)
    self.file = file
    let text = String(decoding: try file.readAll(limit: 1 << 20) ?? [], as: UTF8.self)
    isLost = text.isEmpty
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      // Of another split into parts nothing can be said.
      guard words.count >= 3, words[0] == to, let number = Self.number(words[1], of: count) else { continue }
      switch words[2] {
      case "begun": begun.insert(number)
      case "not-sent": begun.remove(number)
      default:
        guard words.count >= 5, let message = Int(words[2]), let chat = Int64(words[3]),
          let date = Timestamp(rfc3339: words[4])
        else { continue }
        sent[number] = (message, chat, date)
      }
    }
  }

  /// `2/3`: the second of three.
  private static func number(_ text: Substring, of count: Int) -> Int? {
    let words = text.split(separator: "/").compactMap { Int($0) }
    guard words.count == 2, words[1] == count, (1...count).contains(words[0]) else { return nil }
    return words[0] - 1
  }

  func has(_ number: Int) -> Bool { sent[number] != nil }
  func wasBegun(_ number: Int) -> Bool { begun.contains(number) }

  mutating func begin(_ number: Int) throws(Failure) {
    try file?.write(line(number, "begun"))
    try file?.sync()
  }

  /// Definitely not sent.
  mutating func clear(_ number: Int) {
    // An earlier attempt's doubt stays.
    if begun.contains(number) { return }
    try? file?.write(line(number, "not-sent"))
  }

  mutating func end(_ number: Int, message: Int, chat: Int64, at date: Timestamp) {
    sent[number] = (message, chat, date)
    // What cannot be noted is sent again, marked.
    try? file?.write(line(number, "\(message) \(chat) \(date.rfc3339Seconds)"))
    try? file?.sync()
  }

  private func line(_ number: Int, _ word: String) -> [UInt8] { Array("\(to) \(number + 1)/\(count) \(word)\n".utf8) }

  /// Telegram's word that it has them all.
  var receipt: String {
    let all = sent.sorted { $0.key < $1.key }.map(\.value)
    let numbers = all.map { String($0.message) }.joined(separator: ",")
    return "message_id=\(numbers) chat=\(all.last?.chat ?? 0) date=\(all.last?.date.rfc3339Seconds ?? "")"
  }
}
