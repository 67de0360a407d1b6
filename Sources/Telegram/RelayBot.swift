import Roster
import Spool

/// A bot that a relay polls, and the agent whose it is.
public struct RelayBot {
  public var name: String
  public var bot: Bot
  /// Where its token lies.
  public var tokenFile: String
  /// Whether the agent has it for himself; else it is the spool's.
  public var isOwn: Bool

  public init(name: String, bot: Bot, tokenFile: String, isOwn: Bool) {
    self.name = name
    self.isOwn = isOwn
    self.bot = bot
    self.tokenFile = tokenFile
  }

  /// Whose the spool's own token is.
  static let main = "main"

  /// Every bot of a spool: those of the agents that have one of their own, and `main`'s. What cannot be read is said,
  /// and stops no other.
  /// - Parameter only: the agent whose bot is wanted; nil: all.
  /// - Throws: `.configuration` where there is none.
  public static func all(
    in spool: SpoolDirectory, environment: [String: String], only: String? = nil, notice: (String) -> Void
  ) throws(Failure) -> [RelayBot] {
    var bots: [RelayBot] = []
    func add(_ name: String, _ speaker: String?) {
      do throws(Failure) {
        let path = try Bot.tokenFile(for: speaker, in: spool, environment: environment)
        let token = try Bot.token(for: speaker, in: spool, environment: environment)
        let bot = Bot(token: token, environment: environment)
        // Under two names it is still one bot, which is polled once.
        if !bots.contains(where: { $0.bot.id == bot.id }) {
          bots.append(RelayBot(name: name, bot: bot, tokenFile: path, isOwn: speaker != nil))
        }
      } catch {
        notice("[telegram] [\(name)] left out: \(error)")
      }
    }
    if only == nil || only == main {
      if try hasOwn(main, in: spool, notice) { add(main, main) }
      let path = try Bot.tokenFile(for: nil, in: spool, environment: environment)
      if Kernel.mayAccess(path, 0) || environment["TELEGRAM_TOKEN_FILE"]?.isEmpty == false { add(main, nil) }
    }
    for name in try agents(in: spool) where name != main && (only == nil || only == name) {
      if try hasOwn(name, in: spool, notice) { add(name, name) }
    }
    guard bots.isEmpty else { return bots }
    throw Failure(
      .configuration, only.map { "--agent \($0)" } ?? spool.path, "has no bot of Telegram's",
      do: only == nil || only == main
        ? "spool setup telegram makes one" : "write Telegram-Token-File: into agents/\(only!).md")
  }

  private static func agents(in spool: SpoolDirectory) throws(Failure) -> [String] {
    try spool.directory("agents").names().filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()
  }

  private static func hasOwn(
    _ name: String, in spool: SpoolDirectory, _ notice: (String) -> Void
  ) throws(Failure) -> Bool {
    guard try agents(in: spool).contains(name) else { return false }
    do { return try Agent(named: name, in: spool).telegramTokenFile != nil } catch {
      notice("[telegram] [\(name)] left out: \(error)")
      return false
    }
  }
}
