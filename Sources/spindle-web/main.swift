// The channels that speak HTTP, the setting up of one of them, the relay, the gateway's door and the dashboard: one executable by the
// name that it is called by, as the tools are (docs/decisions/0001-one-executable.md). It is another one than theirs for it needs the
// system's libcurl (docs/decisions/0007-libcurl.md).

import DashboardServer
import Deliveries
import DoorServer
import Glibc
import Spool
import Telegram
import Webhooks
import Work

// A connection that is gone is noticed at the write: TLS writes to it as to a file.
signal(SIGPIPE, SIG_IGN)
let environment = inheritedEnvironment()

/// The spool that whoever started us names.
func spool(as tool: String = "channel") throws(Failure) -> SpoolDirectory {
  guard let path = environment["SPOOL_DIR"], !path.isEmpty else {
    throw Failure(.usage, "SPOOL_DIR", "is not set", do: "this is called by deliver and by spool setup")
  }
  return try SpoolDirectory(path: path, tool: tool) { ChannelService.complain($0) }
}

func telegram() throws(Failure) -> ExitStatus {
  if CommandLine.arguments.dropFirst() == ["--check"] {
    _ = try Bot.token(for: nil, in: spool(), environment: environment)
    print("the token is in \(try Bot.tokenFile(for: nil, in: spool(), environment: environment))")
    return .done
  }
  return ChannelService.run("telegram", TelegramChannel(spool: try spool(), environment: environment).send)
}

/// Ends as the tool that sends the test.
func setUpTelegram() throws(Failure) -> ExitStatus {
  let person = CommandLine.arguments.dropFirst().first ?? "me"
  let address = try TelegramSetup(spool: spool(), environment: environment, person: person).run()
  guard let tools = environment["SPINDLE"] else { return .done }
  print("A test, to \(address):")
  fflush(nil)
  throw Command(path: tools, arguments: [tools, "deliver", "--test", address.description], environment: environment)
    .replaceUs()
}

let called = String((CommandLine.arguments.first ?? "").split(separator: "/").last ?? "")
do throws(Failure) {
  let status =
    switch called {
    case "telegram": try telegram()
    case "webhook": ChannelService.run("webhook", WebhookChannel(spool: try spool(), environment: environment).send)
    case "setup-telegram": try setUpTelegram()
    case "telegram-relay":
      try RelayCommand(Array(CommandLine.arguments.dropFirst())).run(spool(as: called), environment)
    case "spindle-door": try DoorCommand(Array(CommandLine.arguments.dropFirst())).run()
    case "spindle-dashboard": try DashboardCommand(Array(CommandLine.arguments.dropFirst())).run()
    default:
      throw Failure(
        .usage, called, "is none of its names",
        do: "it is telegram, webhook, setup-telegram, telegram-relay, spindle-door or spindle-dashboard")
    }
  exit(status.rawValue)
} catch {
  ChannelService.complain("\(called): \(error)")
  exit(error.status.rawValue)
}
