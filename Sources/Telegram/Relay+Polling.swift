import Spool
import Web
import Work

extension Relay {
  /// An answer has up to 100 updates, each with a text of 4096 characters and the one that it replies to, at six bytes
  /// each.
  private static let answerLimit = 16 << 20
  /// How often it is looked whether another process still polls a bot.
  private static let lockedOutPause = Duration.seconds(5)

  /// Does what is to be done about a bot: takes what is left of its last answer, or polls it.
  func attend(_ poller: Poller) throws(Failure) {
    guard poller.isReady, owns(poller) else { return }
    poller.due = nil
    try takeIn(poller)
    if poller.left.isEmpty && poller.isReady && !isAskedToStop { begin(poller) }
  }

  /// Whether the bot is ours to poll.
  private func owns(_ poller: Poller) -> Bool {
    do throws(Failure) {
      if try poller.takeLock(in: spool) {
        if poller.isLockedOut && !isCompanion { poller.say("no other process polls this bot any more: going on") }
        poller.isLockedOut = false
        return true
      }
      if isOnce {
        poller.isDone = true
        return false
      }
      if !poller.isLockedOut && !isCompanion { poller.say("another process polls this bot: waiting for it") }
    } catch {
      if !poller.isLockedOut { poller.say("\(error)\(untilItWorks)") }
      if isOnce { fail(poller) }
    }
    poller.isLockedOut = true
    poller.due = Deadline(after: Self.lockedOutPause)
    return false
  }

  private func begin(_ poller: Poller) {
    let time = isOnce ? 0 : poller.pollTime(Self.pollTime)
    let parameters = Poller.Parameters(offset: poller.offset, timeout: time)
    guard var request = poller.bot.request("getUpdates", parameters, isRepeatable: true) else { return }
    request.answerLimit = Self.answerLimit
    poller.poll = transfers.start(request, within: Double(time + Self.patience))
    // A server that does not hold a poll, though it was asked to, is not asked all the time.
    if time > 0 { poller.due = Deadline(after: .seconds(1)) }
  }

  /// Judges how a poll has ended.
  func judge(_ poller: Poller, _ result: HTTPResult) {
    let reply: Bot.Reply<Updates> = poller.bot.reply(result)
    switch reply {
    case .done(let updates): received(updates.list, poller)
    case .failed(let refusal): refused(refusal, poller)
    case .unreachable(let reason), .unsendable(let reason), .unknown(let reason):
      again(poller, .failing, "\(reason)\(untilItWorks)")
    }
  }

  private func received(_ updates: [Updates.Received], _ poller: Poller) {
    // For the person who asks when it was polled last: no harm where it cannot be noted.
    try? poller.lock?.setModified(.now)
    poller.hasBeenPolled = true
    let isStuck = !updates.isEmpty && !updates.contains { update in update.id.map { isNew($0, poller) } ?? false }
    if isStuck {
      // Asked again at once it would say the same, for ever.
      return again(poller, .failing, "Telegram answers with nothing that could be confirmed\(untilItWorks)")
    }
    if poller.trouble.end() { poller.say("polled again") }
    if updates.isEmpty {
      poller.offset = nil
      poller.isDone = isOnce
    } else {
      poller.due = nil
    }
    poller.left = updates[...]
  }

  private func refused(_ refusal: Bot.Refusal, _ poller: Poller) {
    let words = refusal.spoken
    if let seconds = refusal.parameters?.retryAfter ?? (refusal.code == 429 ? 30 : nil) {
      // What it says beyond an hour is no pacing, it is a mistake.
      let seconds = min(max(1, seconds), 3600)
      again(poller, .throttled, isOnce ? words : "\(words): waiting for \(seconds) s")
      poller.due = Deadline(after: .seconds(seconds))
      return
    }
    switch refusal.code {
    case 401, 404:
      poller.say(
        "\(words): Telegram does not know the token in \(poller.member.tokenFile): write there what @BotFather gave, "
          + "then start telegram-relay again; until then this bot is left out")
      poller.isUnknown = true
      poller.isDone = true
      // Whoever has the right one may poll it.
      poller.lock = nil
    case 409 where words.contains("webhook"):
      again(poller, .conflict, "\(words): nothing can be polled before deleteWebhook is called", first: .seconds(5))
    case 409:
      again(poller, .conflict, "\(words): stop the other one\(untilItWorks)", first: .seconds(5))
    default: again(poller, .failing, "\(words)\(untilItWorks)")
    }
  }

  /// What a line about trouble ends with.
  var untilItWorks: String { isOnce ? "" : ": tried again until it works" }

  /// It did not work out, and is tried again.
  private func again(_ poller: Poller, _ kind: Trouble.Kind, _ words: String, first: Duration = .seconds(1)) {
    let (due, isNew) = poller.trouble.add(kind, first: first)
    if isNew { poller.say(words) }
    poller.due = due
    if isOnce { fail(poller) }
  }

  /// Nothing more is done about it, this once.
  func fail(_ poller: Poller) {
    hasFailed = true
    poller.isDone = true
  }
}
