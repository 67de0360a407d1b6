import Deliveries
import Glibc
import Roster
import Spool
import Work

/// `spool setup telegram`: from a token to a chat that gets messages.
public struct TelegramSetup {
  let spool: SpoolDirectory
  let environment: [String: String]
  /// Whose chat it is: `people/NAME`.
  let person: String

  public init(spool: SpoolDirectory, environment: [String: String], person: String) {
    self.spool = spool
    self.environment = environment
    self.person = person
  }

  /// Who wants to be set up writes within this time.
  private static let patience = Duration.seconds(600)
  /// Seconds for which the server holds a poll open.
  private static let pollTime = 20

  private struct Me: Decodable {
    var username: String
  }

  private struct Update: Decodable {
    var id: Int
    var message: Message?
    private enum CodingKeys: String, CodingKey {
      case id = "update_id"
      case message
    }
  }

  private struct Message: Decodable {
    var text: String?
    var chat: Chat
  }

  private struct Chat: Decodable {
    var id: Int64
    var title: String?
    var firstName: String?
    var lastName: String?
    var username: String?
    private enum CodingKeys: String, CodingKey {
      case id, title, username
      case firstName = "first_name"
      case lastName = "last_name"
    }

    var spoken: String {
      let name = title ?? [firstName, lastName].compactMap { $0 }.joined(separator: " ")
      return "\(name)\(username.map { " (@\($0))" } ?? ""), chat \(id)".printable
    }
  }

  private struct Nothing: Encodable {}
  private struct Poll: Encodable {
    var offset: Int
    var timeout: Int
    var kinds = ["message"]
    private enum CodingKeys: String, CodingKey {
      case offset, timeout
      case kinds = "allowed_updates"
    }
  }

  /// - Returns: the chat's address.
  public func run() throws(Failure) -> Address {
    try Person.check(name: person)
    let path = "\(spool.path)/secrets/telegram.token"
    let token = try readToken(path)
    let bot = Bot(token: token, environment: environment)
    let me: Me = try ask(bot, "getMe", Nothing(), within: 20)
    try spool.directory("secrets").replace("telegram.token", with: Array((token + "\n").utf8))
    say("The token is @\(me.username)'s; it lies in \(path).")
    let code = String(Kernel.random(below: 900_000) + 100_000)
    say("Write /start to @\(me.username), or open https://t.me/\(me.username)?start=\(code)")
    // Two who poll one bot take each other's messages.
    let lock = try spool.directory("heartbeats").openOrCreate("telegram-\(bot.id)")
    guard try lock.tryLock() else {
      throw Failure(
        .tryAgain, "@\(me.username)", "is polled by telegram-relay or by a waiting wait-approval: the token is kept",
        do: "stop that, then try again; or write \(spool.path)/people/\(person) yourself")
    }
    defer { lock.unlock() }
    let chat = try findChat(bot, code)
    let address = Address(channel: "telegram", value: String(chat.id))
    try Person.write(address, of: person, in: spool)
    say("\(spool.path)/people/\(person) now has Telegram: \(chat.id)")
    return address
  }

  private func readToken(_ path: String) throws(Failure) -> String {
    let isTerminal = isatty(STDIN_FILENO) == 1
    if isTerminal { say("Telegram's @BotFather gives a bot its token: write /newbot to him.") }
    let line = isTerminal ? HiddenInput.readLine(prompt: "The token (it is not shown): ") : readLine()
    let token = String((line ?? "").trimmed)
    guard Bot.isToken(token) else {
      throw Failure(.malformed, "the token", "is none", do: "give what @BotFather gave: 4711:AAE...")
    }
    return token
  }

  /// The chat in which somebody writes /start. Anybody may write to a bot: with a terminal its person is asked, without one only
  /// who has the code counts.
  private func findChat(_ bot: Bot, _ code: String) throws(Failure) -> Chat {
    let deadline = Deadline.within(Self.patience)
    var offset = 0
    while !deadline.hasPassed {
      let time = max(1, min(Self.pollTime, Int(deadline.remaining.components.seconds)))
      let updates: [Update]
      do throws(Failure) {
        updates = try ask(bot, "getUpdates", Poll(offset: offset, timeout: time), within: Double(time) + 10)
      } catch {
        // Somebody is still to write: what passes is waited for.
        guard error.status == .unavailable else { throw error }
        say("\(error)")
        sleep(5)
        continue
      }
      for update in updates {
        offset = max(offset, update.id + 1)
        guard let message = update.message, let text = message.text, text.hasPrefix("/start") else { continue }
        let isCoded = text.hasSuffix(" \(code)")
        guard isCoded || confirm("\(message.chat.spoken): is this you?") else { continue }
        // Seen: nobody need read it again.
        let _: [Update]? = try? ask(bot, "getUpdates", Poll(offset: offset, timeout: 0), within: 10)
        return message.chat
      }
    }
    throw Failure(.timedOut, "the bot", "nobody has written /start within 10 m", do: "spool setup telegram begins anew")
  }

  private func confirm(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1 else {
      say("\(question) Without a terminal only who opens the link counts.")
      return false
    }
    say("\(question) [Y/n] ", terminator: "")
    return ["", "y", "yes"].contains((readLine() ?? "n").lowercased())
  }

  private func ask<Result: Decodable>(
    _ bot: Bot, _ method: String, _ parameters: some Encodable, within time: Double
  ) throws(Failure) -> Result {
    let reply: Bot.Reply<Result> = bot.call(method, parameters, isRepeatable: true, within: time)
    switch reply {
    case .done(let result): return result
    case .failed(let refusal):
      switch refusal.code {
      case 401, 404:
        throw Failure(.notAllowed, "Telegram", "does not know this token", do: "ask @BotFather for it again")
      case 409:
        throw Failure(
          .tryAgain, "Telegram", refusal.spoken,
          do: "another program reads this bot's messages: stop it, then try again")
      default: throw Failure(.unavailable, "Telegram", refusal.spoken)
      }
    case .unreachable(let reason), .unsendable(let reason), .unknown(let reason):
      throw Failure(.unavailable, "Telegram", reason, do: "try again when the network is there")
    }
  }

  private func say(_ line: String, terminator: String = "\n") {
    print(line, terminator: terminator)
    fflush(nil)
  }
}
