import Deliveries
import Glibc
import Spool
import Work

/// The channel `telegram`: one delivery, in as many messages as it takes.
///
/// Telegram keeps no keys and no list of what a bot has sent: what was cut off may have arrived. So each call is made once, on
/// a connection of its own, and a delivery of several messages notes each before and after.
public struct TelegramChannel {
  public var spool: SpoolDirectory
  public var environment: [String: String]

  public init(spool: SpoolDirectory, environment: [String: String]) {
    self.spool = spool
    self.environment = environment
  }

  /// A delivery of more messages than this is refused: nobody reads it, and at their pace it would take minutes.
  private static let most = 50
  public func send(_ message: ChannelMessage) -> Outcome {
    let sending: Sending
    do { sending = try Sending(message, spool, environment) } catch {
      return Outcome(error.status == .io || error.status == .tryAgain ? .tryAgain : .no, error.description)
    }
    return sending.run()
  }

  /// Where a message goes: a chat, and in a forum its topic: `-10042/17`.
  struct Chat: Equatable {
    var id: String
    var topic: Int?

    init?(_ address: String) {
      let words = address.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      id = String(words[0])
      topic = words.count > 1 ? Int(words[1]) : nil
      if id.isEmpty || words.count > 1 && topic == nil { return nil }
    }

    /// Groups have negative numbers, and a slower pace.
    var isGroup: Bool { id.hasPrefix("-") || id.hasPrefix("@") }
  }

  private struct Request: Encodable {
    var chat: String
    var topic: Int?
    var text: String
    var mode: String?
    var buttons: Keyboard?
    var answers: Answered?
    private enum CodingKeys: String, CodingKey {
      case chat = "chat_id"
      case topic = "message_thread_id"
      case text
      case mode = "parse_mode"
      case buttons = "reply_markup"
      case answers = "reply_parameters"
    }
  }

  /// The message that this one answers; where that is gone it is sent all the same.
  private struct Answered: Encodable {
    var message: Int
    var isOptional = true
    private enum CodingKeys: String, CodingKey {
      case message = "message_id"
      case isOptional = "allow_sending_without_reply"
    }
  }

  struct Sent: Decodable {
    var id: Int
    var date: Int64
    var chat: Place
    struct Place: Decodable { var id: Int64 }
    private enum CodingKeys: String, CodingKey {
      case id = "message_id"
      case date, chat
    }
  }

  /// One delivery under way.
  private final class Sending {
    let message: ChannelMessage
    let bot: Bot
    private var parts: [String]
    /// The message of an earlier delivery whose place this takes.
    private let replaced: MessageReplaced?
    private var progress: PartsSent
    private var chat: Chat
    private let isHTML: Bool
    let deadline = Deadline.within(Channel.timeout)

    init(_ message: ChannelMessage, _ spool: SpoolDirectory, _ environment: [String: String]) throws(Failure) {
      self.message = message
      guard let chat = Chat(message.to) else {
        throw Failure(
          .configuration, message.to, "is no chat", do: "write a number, @name, or CHAT/TOPIC with a number")
      }
      self.chat = chat
      bot = Bot(
        token: try Bot.token(for: message.speaker, in: spool, environment: environment), environment: environment)
      isHTML = message.format == "html"
      guard message.text.count <= TelegramChannel.most * TextSplitter.limit * 4 else {
        throw Failure(.malformed, "the message", "is too long for Telegram", do: "send a file that it names")
      }
      let text = String(decoding: message.text, as: UTF8.self)
      let whole: String
      if let subject = message.subject {
        whole = isHTML ? "<b>\(subject.htmlEscaped)</b>\n\n\(text)" : "\(subject)\n\n\(text)"
      } else {
        whole = text
      }
      let split = TextSplitter(whole, html: isHTML).parts
      guard split.count <= TelegramChannel.most else {
        throw Failure(
          .malformed, "the message", "would be \(split.count) messages, more than \(TelegramChannel.most)",
          do: "send a file that it names")
      }
      // What fits goes out as it was written.
      parts = split.count == 1 ? [whole] : split
      replaced = try message.replaces.map { id throws(Failure) in try MessageReplaced(by: id, in: spool) }
      progress = try PartsSent(of: message.id, to: message.to, count: parts.count, in: spool)
    }

    func run() -> Outcome {
      if parts.isEmpty { return .permanent("the message has nothing but blanks") }
      if let replaced {
        switch replaced.change(to: parts, by: bot, until: deadline) {
        case .done(let receipt): return .sent(receipt: receipt)
        case .failed(let outcome): return outcome
        case .tooLong(let short): parts = [short]
        }
      }
      for (number, text) in parts.enumerated() {
        let key = "\(number + 1)/\(parts.count)"
        if progress.has(key) { continue }
        isLast = number == parts.count - 1
        if let outcome = send(text, key, html: isHTML) { return outcome }
      }
      return .sent(receipt: progress.receipt)
    }

    /// Who reads a question to its end finds the buttons there.
    private var isLast = false

    private func request(_ text: String, html: Bool) -> Request {
      var request = Request(chat: chat.id, topic: chat.topic, text: text, mode: html ? "HTML" : nil)
      if isLast, let question = message.question { request.buttons = Keyboard(asking: question) }
      let answered = replaced?.messages.last ?? message.answers.flatMap { Int($0) }
      if progress.sentCount == 0 { request.answers = answered.map { Answered(message: $0) } }
      return request
    }

    /// Between two messages to a chat: one a second, twenty a minute in a group.
    private func pause() -> Outcome? {
      let pause = Duration.seconds(chat.isGroup ? 3 : 1)
      guard deadline.remaining > pause + .seconds(Channel.longestExchange) else {
        return .refused("\(progress.sentCount) messages of \(parts.count) sent; the rest follows", after: pause)
      }
      // A signal ends us here: what was sent is noted.
      sleep(UInt32(pause.components.seconds))
      return nil
    }

    /// Sends a part, marked where an earlier attempt may have sent it: of several only the one that was under way.
    /// - Returns: nil when it was sent.
    private func send(_ text: String, _ key: String, html: Bool) -> Outcome? {
      if hasSent, let outcome = pause() { return outcome }
      hasSent = true
      var text = text
      let isFirst = progress.sentCount == 0
      let isDoubtful = progress.wasBegun(key) || isFirst && progress.isLost && message.isRepeat
      if isDoubtful && !hasMarked {
        hasMarked = true
        let marked = "\(message.repeatMark)\n\(text)"
        if TextSplitter(marked, html: html).parts.count == 1 {
          text = marked
        } else if case .ended(let outcome) = post(message.repeatMark, html: false) {
          // There was no room for it but in a message of its own.
          return outcome
        }
      }
      do { try progress.begin(key) } catch { return .refused(error.description) }
      switch post(text, html: html) {
      case .sent(let sent):
        progress.end(key, message: sent.id, chat: sent.chat.id, at: Timestamp(seconds: sent.date))
        return nil
      case .notUnderstood(let words):
        progress.clear(key)
        ChannelService.complain("\(words): sent as plain text")
        return sendPlain(text, key)
      case .ended(let outcome):
        if outcome.status != .io { progress.clear(key) }
        return outcome
      }
    }
    private var hasSent = false
    private var hasMarked = false

    /// HTML that Telegram does not understand, as it was written: its tags take room now.
    private func sendPlain(_ text: String, _ key: String) -> Outcome? {
      let pieces = TextSplitter(text, html: false).parts
      // Telegram took nothing of it: no pause.
      hasSent = false
      for (number, piece) in pieces.enumerated() {
        let own = pieces.count == 1 ? key : "\(key):\(number + 1)/\(pieces.count)"
        if progress.has(own) { continue }
        if let outcome = send(piece, own, html: false) { return outcome }
      }
      return nil
    }

    private enum Posted {
      case sent(Sent)
      case notUnderstood(String)
      case ended(Outcome)
    }

    /// One message. A group that was upgraded is asked again under its new number: it was not taken.
    private func post(_ text: String, html: Bool) -> Posted {
      for _ in 0..<2 {
        let reply: Bot.Reply<Sent> = bot.call(
          "sendMessage", request(text, html: html), isRepeatable: false, within: Channel.exchangeTime(until: deadline))
        switch reply {
        case .done(let sent): return .sent(sent)
        case .failed(let refusal):
          if html, refusal.code == 400, refusal.description.contains("can't parse entities") {
            return .notUnderstood(refusal.spoken)
          }
          guard let new = refusal.parameters?.migrateToChatID, String(new) != chat.id else {
            return .ended(TelegramChannel.outcome(of: refusal))
          }
          ChannelService.complain(
            "the group \(chat.id) has become \(new): write telegram:\(new) in the place of telegram:\(message.to)")
          chat.id = String(new)
        case .unreachable(let reason): return .ended(.unreachable(reason))
        case .unsendable(let reason): return .ended(.permanent(reason))
        case .unknown(let reason): return .ended(.ambiguous(reason))
        }
      }
      return .ended(.refused("the Bot API moves the chat on and on"))
    }
  }

  /// What a refusal says: a test has a row for each.
  static func outcome(of refusal: Bot.Refusal) -> Outcome {
    if let seconds = refusal.parameters?.retryAfter {
      return .refused(refusal.spoken, after: .seconds(max(1, seconds)))
    }
    return switch refusal.code {
    case 429: .refused(refusal.spoken, after: .seconds(30))
    case 409: .refused(refusal.spoken)
    // It says that something broke, not before or after what.
    case 500...: .ambiguous(refusal.spoken)
    default: .permanent(refusal.spoken)
    }
  }
}

extension String {
  /// As Telegram's HTML wants it.
  var htmlEscaped: String { replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;") }
}
