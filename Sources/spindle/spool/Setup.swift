import ArgumentParser
import CommandLine
import Spool
import Work

extension SpoolTool {
  struct Setup: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "setup", abstract: "Set up a channel: spool setup telegram [PERSON].",
      discussion: """
        Asks for the bot's token (what @BotFather gave), says what to write to the bot, finds the chat, writes the token to \
        secrets/telegram.token and the chat to people/PERSON (me where none is named), and sends a test. The token is read \
        from the terminal without an echo, else from standard input.
        """)

    @OptionGroup var spool: SpoolOptions
    @Argument(help: "The channel.") var channel: String?
    @Argument(help: "Whose address it is.") var person = "me"

    func run() throws {
      guard let channel else {
        throw Failure(.usage, "setup", "no channel was named", do: "telegram has a setup: spool setup telegram")
      }
      let opened = try spool.open(as: "spool")
      let isName = channel.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "-") }
      guard isName, let program = try Installation.find("libexec/spindle/setup-\(channel)", inSource: "Sources/none")
      else {
        throw Failure(
          .usage, channel, "there is nothing to set up for it",
          do: "telegram has a setup; deliver --channels says what the others want")
      }
      var environment = inheritedEnvironment()
      environment["SPOOL_DIR"] = opened.path
      environment["SPINDLE"] = try Installation.executable()
      // In our place: it talks with the terminal.
      throw Command(path: program, arguments: [program, person], environment: environment).replaceUs()
    }
  }
}
