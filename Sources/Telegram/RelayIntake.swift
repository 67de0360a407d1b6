import Approvals
import Deliveries
import Glibc
import Roster
import Spool

/// What becomes of an update: a reply to the request that it answers, else an entry in the inbox of the agent whose bot it was
/// written to. Both under the update's own key, so that one which comes twice counts once.
public final class RelayIntake {
  private let desk: Desk
  private let spool: SpoolDirectory
  private let notice: (String) -> Void

  public init(_ desk: Desk, notice: @escaping (String) -> Void) {
    self.desk = desk
    spool = desk.spool
    self.notice = notice
  }

  /// - Returns: what the one who has clicked is shown; of a message nothing.
  public func take(_ inbound: Inbound, from member: RelayBot) throws(Failure) -> String? {
    let update = Update(inbound: inbound, member: member)
    switch inbound.kind {
    case .click(_, let data):
      guard let (verdict, question) = Keyboard.clicked(data) else { return "This button is none of Spindle's." }
      return try answer(update, verdict, to: question)
    case .text(let text):
      try takeText(update, text)
    case .other(let what):
      if inbound.user != 0 { try tellUnread(update, what) }
    }
    return nil
  }

  private func takeText(_ update: Update, _ text: String) throws(Failure) {
    if !update.inbound.isForwarded, let question = try question(of: update) {
      _ = try answer(update, text, to: question)
    } else if try people(update).isEmpty {
      // Anybody can find a bot. What strangers write costs nothing here, and reaches no model.
      stranger(update)
    } else if text.prefix(while: { !$0.isWhitespace && $0 != "@" }) == "/start" {
      try tell(update, "You are known here. What you write to me is answered.")
    } else if Self.isVerdict(text), !update.inbound.isForwarded, try desk.hasOpen(at: update.address) {
      try tell(
        update, "Which request? Nothing is decided: press a button, or answer by a reply to the request's message.")
    } else {
      try publish(update, text)
    }
  }

  /// One update, and whose bot got it.
  private struct Update {
    var inbound: Inbound
    var member: RelayBot

    var key: String { "telegram-\(member.bot.id)-\(inbound.updateID)" }
    var inbox: String { "inbox-\(member.name)" }
    var address: Address {
      Address(channel: "telegram", value: "\(inbound.chat)\(inbound.topic.map { "/\($0)" } ?? "")")
    }
    var sender: String { "telegram \(inbound.user) (\(inbound.userName))".printable }
    /// The agent as whom this bot speaks; nil: the spool's own bot.
    var speaker: String? { member.isOwn ? member.name : nil }
  }

  /// The request that a message answers: the one that the message before it has put. What that one says only tells where to look:
  /// anybody can write a line that names a request.
  private func question(of update: Update) throws(Failure) -> EntryID? {
    guard let quoted = update.inbound.replyTo else { return nil }
    let message = String(quoted.messageID)
    for line in quoted.text.split(whereSeparator: \.isNewline).reversed().prefix(20) where line.hasPrefix("Request ") {
      if let id = try? EntryID(line.dropFirst(8).prefix { !$0.isWhitespace }),
        try desk.hasPut(id, by: message, at: update.address)
      {
        return id
      }
    }
    return try desk.request(putBy: message, at: update.address)
  }

  private func answer(_ update: Update, _ words: String, to question: EntryID) throws(Failure) -> String {
    // Who is nobody here is not told what it is about.
    if try people(update).isEmpty, try !desk.isAsked(question, at: "\(update.inbound.user)", on: "telegram") {
      stranger(update)
      return "This is not for you."
    }
    var reply = Reply(to: question.description, words, from: .telegram(update.inbound.user), over: "telegram")
    reply.chat = update.address
    reply.message = String(update.inbound.messageID)
    // Of a click Telegram tells no time: it counts when it is heard.
    if case .text = update.inbound.kind { reply.arrived = min(reply.arrived, update.inbound.date) }
    reply.speaker = update.speaker
    let id = try reply.commit(to: spool, key: update.key)
    // It is durable: what follows only makes it count at once.
    do throws(Failure) {
      // Somebody else may be at it; not for long, and the polls wait.
      for _ in 0..<Self.looks {
        let round = try desk.tend()
        if try desk.replies.response(id) == nil { _ = try desk.advance(question, asOf: round.asOf(question)) }
        if let verdict = try desk.verdict(question), verdict.reply == id { return verdict.spoken }
        if let outcome = try desk.replies.response(id) { return String(outcome.text.prefix { !$0.isNewline }) }
        usleep(25_000)
      }
    } catch {
      if error.isFailedFlush { throw error }
      notice("[telegram] [\(update.member.name)] \(error)")
    }
    return "Received."
  }

  /// For how long who has clicked waits for what came of it: a second.
  private static let looks = 40

  private static func isVerdict(_ text: String) -> Bool {
    if case .unclear = Reading(text) { false } else { true }
  }

  /// Who in `people/` this is. A group that somebody has there is where he is told things: not all in it are known for that.
  private func people(_ update: Update) throws(Failure) -> [Person] {
    try Person.all(in: spool).filter { person in
      person.addresses.contains { $0.channel == "telegram" && $0.value == String(update.inbound.user) }
    }
  }

  private func stranger(_ update: Update) {
    let words = "\(update.sender) is not known: people/NAME with Telegram: \(update.inbound.user)"
    notice("[telegram] [\(update.member.name)] \(words)")
    spool.journal.write("stranger", queue: update.inbox, detail: update.sender)
  }

  private func publish(_ update: Update, _ text: String) throws(Failure) {
    let inbound = update.inbound
    let header = Header([
      "From": "telegram:\(inbound.user)", "To": update.member.name, "Subject": String(text.prefix(60)).printable,
      "Chat": update.address.description, "Message": String(inbound.messageID), "As": update.speaker,
      "Sender": inbound.userName, "Sent": inbound.date.rfc3339Seconds, "Attachment": inbound.attachment,
      "Forwarded": inbound.isForwarded ? "yes" : nil,
    ])
    let body = text + (inbound.attachment.map { "\n(with it came a \($0), which was not fetched)" } ?? "") + "\n"
    let queue = try spool.queue(update.inbox, making: true)
    _ = try queue.publish(Draft(slug: "telegram", header: header, body: Array(body.utf8)), key: update.key)
  }

  /// What a person sends and waits for an answer to; all else only happens in a chat.
  private static let sendings: Set<String> = [
    "animation", "photo", "document", "voice", "audio", "video", "video note", "sticker", "location", "contact", "poll",
  ]

  private func tellUnread(_ update: Update, _ what: String) throws(Failure) {
    spool.journal.write("unread", queue: update.inbox, detail: "\(what) from \(update.sender)")
    guard Self.sendings.contains(what), try !people(update).isEmpty else { return }
    try tell(update, "Only text is read here: the \(what) was not. Write what it says.")
  }

  private func tell(_ update: Update, _ words: String) throws(Failure) {
    var delivery = Delivery(to: [update.address], text: Array((words + "\n").utf8))
    delivery.author = "telegram-relay"
    delivery.answers = String(update.inbound.messageID)
    delivery.speaker = update.speaker
    delivery.isCourtesy = true
    delivery.expires = .now + .seconds(86400)
    _ = try delivery.commit(to: spool, key: update.key, quietly: true)
  }
}
