import Spool
import Web
import Work

extension Relay {
  /// Seconds for telling Telegram that a click was seen: after about as many it does not want to know any more.
  private static let answerTime = 15.0
  /// At a time.
  private static let mostAnswers = 16
  /// UTF-16 units: what a click may be answered with.
  private static let longestAnswer = 200

  /// Whether an update was not taken yet.
  func isNew(_ id: Int64, _ poller: Poller) -> Bool { poller.offset.map { id >= $0 } ?? true }

  /// Takes what has come, one after the other; where the intake cannot, it and all after it wait.
  func takeIn(_ poller: Poller) throws(Failure) {
    while let update = poller.left.first, !isAskedToStop {
      if let id = update.id, isNew(id, poller) {
        do throws(Failure) { try take(update, poller) } catch {
          if error.isFailedFlush { throw error }
          let (due, isNew) = poller.intakeTrouble.add(.intake)
          if isNew { poller.say("update \(id): \(error)\(untilItWorks)") }
          poller.due = due
          if isOnce { fail(poller) }
          return
        }
        // The last number of all has none behind it.
        poller.offset = id &+ 1 > id ? id + 1 : id
        tendSoon()
      } else if update.id == nil {
        poller.say("an update is passed over: \(update.problem)")
      }
      if poller.intakeTrouble.end() { poller.say("goes on") }
      poller.left.removeFirst()
    }
  }

  private func take(_ update: Updates.Received, _ poller: Poller) throws(Failure) {
    guard let inbound = update.inbound else {
      // Else it would come again and again, and nothing after it.
      return poller.say("update \(update.id!) is passed over: \(update.problem)")
    }
    let words = try intake(inbound, poller.member)
    if case .click(let callback, _) = inbound.kind { answer(callback, words, poller) }
  }

  private struct Answer: Encodable {
    var callback: String
    var text: String?
    private enum CodingKeys: String, CodingKey {
      case callback = "callback_query_id"
      case text
    }
  }

  /// Tells Telegram that a click was seen, which else shows itself as under way for a while. Nobody waits for that.
  private func answer(_ callback: String, _ words: String?, _ poller: Poller) {
    var text = words ?? ""
    while text.utf16.count > Self.longestAnswer { text.removeLast() }
    let parameters = Answer(callback: callback, text: text.isEmpty ? nil : text)
    // A server that hangs would take all descriptors; the click counts all the same.
    guard answers.count < Self.mostAnswers else { return }
    guard let request = poller.bot.request("answerCallbackQuery", parameters, isRepeatable: true) else { return }
    answers[transfers.start(request, within: Self.answerTime)] = poller
  }

  /// The click counts, whatever became of that.
  func judge(answer result: HTTPResult, _ poller: Poller) {
    let reply: Bot.Reply<Bool> = poller.bot.reply(result)
    guard case .failed(let refusal) = reply, !refusal.description.contains("query is too old") else { return }
    poller.say("a click was taken, and its sender not told: \(refusal.spoken)")
  }
}
