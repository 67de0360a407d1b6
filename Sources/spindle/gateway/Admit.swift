import ArgumentParser
import CommandLine
import Gateway
import Spool

extension GatewayTool {
  struct Admit: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let another user of this machine ask agents; again, to change whom.",
      discussion: """
        The group must be private to that user and to you: make it as root (groupadd spindle-NAME; usermod -aG spindle-NAME NAME;
        usermod -aG spindle-NAME YOU) and log in anew. A running gateway learns of it by itself.
        """.reflowed)

    @OptionGroup var spool: SpoolOptions
    @Option(help: "His number (id -u NAME).") var uid: UInt32
    @Option(help: "The number of the group (getent group spindle-NAME).") var group: UInt32
    @Option(help: "Whom he may ask, with commas.") var agents: String
    @Argument(help: "What he is called here; his login name.") var name: String

    func run() throws {
      let opened = try spool.open(as: "gateway")
      let agents = agents.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
      try Admission(opened).admit(GatewayUser(name: name, uid: uid, group: group, agents: agents))
    }
  }

  struct Dismiss: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "He may ask nobody any more; what he has put there is kept.")

    @OptionGroup var spool: SpoolOptions
    @Argument(help: "Whom.") var name: String

    func run() throws { try Admission(spool.open(as: "gateway")).dismiss(name) }
  }

  struct Users: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List who was admitted, and whom each may ask.")

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One JSON object a line.") var json = false

    func run() throws {
      for user in try GatewayUser.all(in: spool.open(as: "gateway")) {
        if json {
          output(
            (try? JSONLine.encode([
              "name": user.name, "uid": String(user.uid), "group": String(user.group),
              "agents": user.agents.joined(separator: ","),
            ])) ?? "{}")
        } else {
          output("\(user.name)  uid \(user.uid)  group \(user.group)  \(user.agents.joined(separator: ", "))")
        }
      }
    }
  }
}
