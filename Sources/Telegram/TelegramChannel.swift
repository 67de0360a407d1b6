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

  /// Seconds for one call: a stalled one is given up while the deliverer still waits.
  private static let callTime = 30.0
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

    init(_ address: String) {
      let words = address.split(separator: "/", maxSplits: 1)
      id = String(words.first ?? "")
      topic = words.count > 1 ? Int(words[1]) : nil
    }

    /// Groups have negative numbers, and a slower pace.
    var isGroup: Bool { id.hasPrefix("-") || id.hasPrefix("@") }
  }

  private struct Request: Encodable {
    var chat: String
    var topic: Int?
    var text: String
    var mode: String?
    private enum CodingKeys: String, CodingKey {
      case chat = "chat_id"
      case topic = "message_thread_id"
      case text
      case mode = "parse_mode"
    }
  }

  private struct Sent: Decodable {
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
    let parts: [String]
    private var progress: PartsSent
    private var chat: Chat
    private var isHTML: Bool
    let deadline = Deadline.within(Channel.timeout)

    init(_ message: ChannelMessage, _ spool: SpoolDirectory, _ environment: [String: String]) throws(Failure) {
      self.message = message
      bot = Bot(
        token: try Bot.token(for: message.speaker, in: spool, environment: environment), environment: environment)
      chat = Chat(message.to)
      let isHTML = message.format == "html"
      self.isHTML = isHTML
      let text = String(decoding: message.text, as: UTF8.self)
      let whole = message.subject.map { isHTML ? "<b>\($0.htmlEscaped)</b>\n\n\(text)" : "\($0)\n\n\(text)" } ?? text
      let split = TextSplitter(whole, html: isHTML).parts
      // What fits goes out as it was written.
      parts = split.count == 1 ? [whole] : split
      progress = try PartsSent(of: message.id, to: message.to, count: parts.count, in: spool)
    }

    func run() -> Outcome {
      if parts.isEmpty { return .permanent("the message has nothing but blanks") }
      var isFirst = true
      for (number, text) in parts.enumerated() where !progress.has(number) {
        if !isFirst, let outcome = pause() { return outcome }
        if let outcome = send(text, number, isMarked: isDoubtful(number, isFirst: isFirst)) { return outcome }
        isFirst = false
      }
      return .sent(receipt: progress.receipt)
    }

    /// Whether an earlier attempt may have sent this one: of several only the one that was under way.
    private func isDoubtful(_ number: Int, isFirst: Bool) -> Bool {
      if parts.count == 1 { return message.isRepeat }
      return progress.wasBegun(number) || isFirst && progress.isLost && message.isRepeat
    }

    /// Between two messages to a chat: one a second, twenty a minute in a group.
    private func pause() -> Outcome? {
      let pause = Duration.seconds(chat.isGroup ? 3 : 1)
      guard deadline.remaining > pause + .seconds(TelegramChannel.callTime) else {
        return .refused("\(progress.count) of \(parts.count) messages sent; the rest follows", after: pause)
      }
      // A signal ends us here: what was sent is noted.
      sleep(UInt32(pause.components.seconds))
      return nil
    }

    /// - Returns: nil when it was sent.
    private func send(_ text: String, _ number: Int, isMarked: Bool) -> Outcome? {
      var text = text
      if isMarked {
        let mark = "(This may be a repeat of message \(message.id.short).)"
        let marked = "\(mark)\n\(text)"
        if TextSplitter(marked, html: isHTML).parts.count == 1 {
          text = marked
        } else if case .ended(let outcome) = post(mark) {
          // There was no room for it but in a message of its own.
          return outcome
        }
      }
      do { try progress.begin(number) } catch { return .refused(error.description) }
      switch post(text) {
      case .sent(let sent):
        progress.end(number, message: sent.id, chat: sent.chat.id, at: Timestamp(seconds: sent.date))
        return nil
      case .ended(let outcome):
        if outcome.status != .io { progress.clear(number) }
        return outcome
      }
    }

    private enum Posted {
      case sent(Sent)
      case ended(Outcome)
    }

    /// One message. A group that was upgraded, and a text that cannot be parsed, are each asked again once: it was not taken.
    private func post(_ text: String) -> Posted {
      for _ in 0..<3 {
        let time = min(TelegramChannel.callTime, Double(deadline.remaining.nanoseconds) / 1e9 - 0.2)
        let reply: Bot.Reply<Sent> = bot.call(
          "sendMessage", Request(chat: chat.id, topic: chat.topic, text: text, mode: isHTML ? "HTML" : nil),
          isRepeatable: false, within: max(0.1, time))
        switch reply {
        case .done(let sent): return .sent(sent)
        case .failed(let refusal):
          if let new = refusal.parameters?.migrateToChatID, String(new) != chat.id {
            ChannelService.complain(
              "the group \(chat.id) has become \(new): write telegram:\(new) in the place of telegram:\(message.to)")
            chat.id = String(new)
          } else if isHTML, refusal.code == 400, refusal.description.contains("can't parse entities") {
            ChannelService.complain("\(refusal.spoken): sent as plain text")
            isHTML = false
          } else {
            return .ended(TelegramChannel.outcome(of: refusal))
          }
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
