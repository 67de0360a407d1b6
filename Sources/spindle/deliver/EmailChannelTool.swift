import ArgumentParser
import CommandLine
import Deliveries
import Spool
import Work

/// `channel-email`: the built-in channel, with the interface of every channel.
struct EmailChannelTool: Tool {
  static let manual = Manual(
    name: "channel-email", summary: "the delivery channel that hands a mail to the machine's mail system",
    description: """
      Called by deliver for addresses such as email:a@example.org. Makes a mail of the message and hands it to the sendmail
      program.
      """,
    exits: [(.done, "Taken. The receipt has the Message-ID."), (.io, "Nobody knows whether it was taken.")],
    environment: [
      ("SENDMAIL", "The program; default: sendmail in /usr/sbin, /usr/lib or PATH."),
      ("EMAIL_FROM", "Whom mails are from; default: Email-From: in the spool's config, else this user on this host."),
    ],
    examples: [], seeAlso: ["deliver"])

  static let configuration = configured()

  @Flag(help: "Only say what is configured.") var check = false

  func run() throws {
    let environment = inheritedEnvironment()
    if check {
      guard let program = try EmailChannel.program(environment) else {
        throw Failure(.configuration, "sendmail", "not found", do: "install msmtp-mta or postfix, or set SENDMAIL")
      }
      return output("by \(program)")
    }
    guard let path = environment["SPOOL_DIR"] else {
      throw Failure(.usage, "SPOOL_DIR", "is not set", do: "use deliver --to email:ADDRESS")
    }
    let spool = try SpoolDirectory(path: path, tool: "channel-email") { complain($0) }
    let channel = EmailChannel(spool: spool, environment: environment)
    Exit.now(ChannelService.run("email", channel.send))
  }
}
