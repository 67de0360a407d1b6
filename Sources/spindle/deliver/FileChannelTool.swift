import ArgumentParser
import CommandLine
import Deliveries
import Glibc
import Roster
import Spool
import Work

/// `channel-file`: the built-in channel, with the interface of every channel.
struct FileChannelTool: Tool {
  static let manual = Manual(
    name: "channel-file", summary: "the delivery channel that appends to a file",
    description: """
      Called by deliver for addresses such as file:/home/a/inbox. Appends the delivery's ID, its subject and its text to the
      file, under the file's lock, and flushes it. An ID that is there already is not appended again: this channel is
      idempotent.
      """,
    exits: [
      (.done, "Appended, or there already. The receipt says where."), (.io, "Nobody knows whether it was written."),
    ],
    environment: [
      ("DELIVERY_ID, DELIVERY_TO, DELIVERY_SUBJECT", "Which delivery, the file's path, one line on what it is.")
    ],
    examples: [], seeAlso: ["deliver"])

  static let configuration = configured()

  func run() throws {
    Exit.now(
      ChannelService.run("file") { message in
        let path = Agent.expanded(message.to, inheritedEnvironment())
        guard path.hasPrefix("/") else { return .permanent("\(message.to): is no absolute path: write file:/home/...") }
        let channel = FileChannel(
          path: path, id: message.id, subject: message.subject, text: message.text,
          isRepeat: message.isRepeat)
        do throws(Failure) { return .sent(receipt: try channel.append()) } catch {
          return Outcome(error.status, error.description)
        }
      })
  }
}
