import ArgumentParser
import CommandLine
import Spool
import Work

/// `telegram-relay`: what people write to the agents' bots, and which buttons they press. It goes on as the program that speaks
/// HTTP (docs/decisions/0007-libcurl.md).
struct TelegramRelayTool: Tool {
  static let configuration = configured()

  @OptionGroup var spool: SpoolOptions
  @Flag(help: "Take what there is, then exit.") var once = false
  @Option(help: "Only this agent's bot.") var agent: String?

  func run() throws {
    let opened = try spool.open(as: "telegram-relay")
    throw try Self.command(in: opened, arguments: (once ? ["--once"] : []) + (agent.map { ["--agent", $0] } ?? []))
      .replaceUs()
  }

  /// - Throws: `.unavailable` where it was not installed.
  static func command(in spool: SpoolDirectory, arguments: [String]) throws(Failure) -> Command {
    let place = "libexec/spindle/telegram-relay"
    guard let program = try Installation.find(place, inSource: "Sources/none") else {
      throw Failure(.unavailable, place, "is not installed", do: "bin/install installs it")
    }
    var environment = inheritedEnvironment()
    environment["SPOOL_DIR"] = spool.path
    environment["SPINDLE"] = try Installation.executable()
    return Command(path: program, arguments: [program] + arguments, environment: environment)
  }

  static let manual = Manual(
    name: "telegram-relay", summary: "take what people answer and write on Telegram",
    description: """
      Polls the bots of all agents in one process. A button below a request, or a reply to its message, becomes a reply to that \
      request and to no other; any other message of somebody who is known becomes an entry in inbox-AGENT/, which cron/chat.sh \
      answers. What strangers write is counted in the journal, and reaches no model.

      The bots are those of agents/*.md with Telegram-Token-File, and the one of spool setup telegram, which is main's; they are \
      looked up at the start. An update is confirmed to Telegram only when its file is durable; one that comes twice counts once. \
      One process polls a bot (the lock of heartbeats/telegram-BOT, whose time is that of the last poll). It goes on when \
      Telegram, or the network, is there again, and says so; a bot whose token Telegram does not know is given up.

      Without a relay wait-approval polls for itself while it waits, and spool tick once a minute while a request is open that was \
      put on Telegram.
      """,
    exits: [
      (.done, "With --once: all was taken."),
      (.unavailable, "With --once: not all bots could be asked. Or it is not installed."),
      (.notAllowed, "Telegram does not know the token of any bot."),
      (.configuration, "There is no bot."),
    ],
    files: [
      ("$SPOOL_DIR/agents/NAME.md", "Telegram-Token-File: the agent's own bot."),
      ("$SPOOL_DIR/secrets/telegram.token", "The bot of agent main."),
      (
        "$SPOOL_DIR/heartbeats/telegram-BOT",
        "Locked while a process polls this bot; its time is that of the last poll."
      ),
      ("$SPOOL_DIR/replies/", "Answers to requests."),
      ("$SPOOL_DIR/inbox-AGENT/", "Messages to an agent; header lines Chat, Message and Sender say where from."),
      ("$SPOOL_DIR/people/NAME", "Telegram: 4711 makes that user known."),
    ],
    environment: [
      ("TELEGRAM_TOKEN_FILE, TELEGRAM_API", "The file with main's token; another server than api.telegram.org.")
    ],
    examples: [("Is a bot set up?", "telegram-relay --once || echo 'spool setup telegram makes one'")],
    seeAlso: ["wait-approval", "deliver", "spool"])
}
