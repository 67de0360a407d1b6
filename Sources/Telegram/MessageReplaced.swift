import Deliveries
import Spool
import Work

/// A message that an earlier delivery has sent, and that now says something else: without its buttons.
struct MessageReplaced {
  private let chat: Int64
  /// All that the delivery became.
  let messages: [Int]

  /// - Parameter delivery: the one that has sent it; its receipt says what it became.
  init(by delivery: EntryID, in spool: SpoolDirectory) throws(Failure) {
    guard let receipt = try spool.queue(Delivery.queueName, making: true).response(delivery) else {
      throw Failure(.no, "\(delivery)", "has no receipt: there is no message to change")
    }
    func value(_ name: String) -> Substring? {
      receipt.text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("\(name)=") }?.dropFirst(name.count + 1)
    }
    messages = (value("message_id") ?? "").split(separator: ",").compactMap { Int($0) }
    guard let chat = value("chat").flatMap({ Int64($0) }), !messages.isEmpty else {
      throw Failure(.no, "\(delivery)", "its receipt names no message: \(receipt.text.printable)")
    }
    self.chat = chat
  }

  enum Change {
    case done(receipt: String)
    case failed(Outcome)
    /// It cannot stand in the place of the message, which has lost its buttons; this is to be said in a message of its own.
    case tooLong(String)
  }

  private struct Edit: Encodable {
    var chat: Int64
    var message: Int
    /// Nil: only its buttons go.
    var text: String?
    private enum CodingKeys: String, CodingKey {
      case chat = "chat_id"
      case message = "message_id"
      case text
    }
  }

  /// - Parameter parts: the new text, in as many messages as it would take.
  func change(to parts: [String], by bot: Bot, until deadline: Deadline) -> Change {
    let isShort = parts.count == 1 && messages.count == 1
    let edit = Edit(chat: chat, message: messages.last!, text: isShort ? parts[0] : nil)
    let reply: Bot.Reply<TelegramChannel.Sent> = bot.call(
      isShort ? "editMessageText" : "editMessageReplyMarkup", edit, isRepeatable: true,
      within: Channel.exchangeTime(until: deadline))
    switch reply {
    case .done: break
    // It was changed before, and the answer was lost.
    case .failed(let refusal) where refusal.code == 400 && refusal.description.contains("not modified"): break
    case .failed(let refusal):
      // Made twice it is the same: nothing is in doubt.
      if refusal.code >= 500 { return .failed(.refused(refusal.spoken)) }
      return .failed(TelegramChannel.outcome(of: refusal))
    case .unreachable(let reason): return .failed(.unreachable(reason))
    case .unsendable(let reason): return .failed(.permanent(reason))
    case .unknown(let reason): return .failed(.refused(reason))
    }
    if isShort { return .done(receipt: "message_id=\(edit.message) chat=\(chat) changed") }
    // The subject, a blank line, and what is new.
    return .tooLong(parts[0].split(separator: "\n").prefix(2).joined(separator: "\n"))
  }
}
