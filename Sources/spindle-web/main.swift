// The channels that speak HTTP, and the setting up of one of them: one executable by the name that it is called by, as the
// tools are (docs/decisions/0001-one-executable.md). It is another one than theirs for it needs the system's libcurl
// (docs/decisions/0007-libcurl.md).

import Deliveries
import Glibc
import Spool
import Telegram
import Webhooks
import Work

let environment = inheritedEnvironment()

/// The spool that the deliverer names.
func spool() throws(Failure) -> SpoolDirectory {
  guard let path = environment["SPOOL_DIR"], !path.isEmpty else {
    throw Failure(.usage, "SPOOL_DIR", "is not set", do: "this is called by deliver and by spool setup")
  }
  return try SpoolDirectory(path: path, tool: "channel") { ChannelService.complain($0) }
}

let called = String((CommandLine.arguments.first ?? "").split(separator: "/").last ?? "")
do {
  switch called {
  case "telegram":
    let channel = TelegramChannel(spool: try spool(), environment: environment)
    exit(ChannelService.run("telegram", channel.send).rawValue)
  case "webhook":
    let channel = WebhookChannel(spool: try spool(), environment: environment)
    exit(ChannelService.run("webhook", channel.send).rawValue)
  default:
    ChannelService.complain("\(called): this is one of telegram and webhook, by the name that it is called by")
    exit(ExitStatus.usage.rawValue)
  }
} catch {
  ChannelService.complain(error.description)
  exit(error.status.rawValue)
}
