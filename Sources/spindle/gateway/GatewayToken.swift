import ArgumentParser
import CommandLine
import Gateway
import Spool

/// `gateway token`: who may call through the gateway's door, and as whom.
struct GatewayToken: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "The tokens with which programs call through the WebSocket door.",
    subcommands: [Add.self, Rotate.self, Revoke.self, List.self])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add", abstract: "Make a token, and print it: nobody can read it again.",
      discussion: "Only its SHA-256 is kept, in $SPOOL_DIR/secrets/gateway/NAME. What calls with it calls as NAME.")

    @OptionGroup var spool: SpoolOptions
    @Option(help: ArgumentHelp("Agents that it may call, with commas. Default: all.", valueName: "agents"))
    var agents: String?
    @Option(help: "After this time it is refused. Default: never.") var expires: Span?
    @Argument(help: "Whose it is.") var name: String

    func validate() throws {
      if let agents, GatewayToken.list(agents).isEmpty { throw ValidationError("--agents: names nobody") }
    }

    func run() throws {
      let token = try TokenStore(spool.open(as: "gateway")).add(
        name, agents: agents.map(GatewayToken.list), lifetime: expires?.duration)
      output(token.text)
    }
  }

  struct Rotate: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rotate", abstract: "Make a new token for a name, and print it.",
      discussion: """
        What the old one was allowed, the new one is, for as long as the old one was to live. The old one holds for --grace, \
        so that the programs that have it can be given the new one; then what is still connected with it is put out.
        """)

    @OptionGroup var spool: SpoolOptions
    @Option(help: "For so long the old one holds; 0s: not at all.") var grace = Span(argument: "1h")!
    @Argument(help: "Whose it is.") var name: String

    func run() throws {
      output(try TokenStore(spool.open(as: "gateway")).rotate(name, grace: grace.duration).text)
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke", abstract: "Take a token back; what is connected with it is put out.")

    @OptionGroup var spool: SpoolOptions
    @Argument(help: "Whose it is.") var name: String

    func run() throws { try TokenStore(spool.open(as: "gateway")).revoke(name) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Whose tokens there are, whom they may call, and how long they hold.")

    @OptionGroup var spool: SpoolOptions
    @Flag(help: "One object a line.") var json = false

    private struct Row: Encodable {
      var name: String
      var agents: [String]?
      var created: String
      var expires: String?
      var expired: Bool
      var oldUntil: String?

      init(_ record: TokenRecord) {
        name = record.name
        agents = record.agents
        created = record.created.rfc3339Seconds
        expires = record.expires?.rfc3339Seconds
        expired = record.expires.map { $0 <= .now } ?? false
        oldUntil = record.oldHolds(at: .now)?.rfc3339Seconds
      }

      var cells: [String] {
        let end = expires.map { expired ? "expired \($0)" : "until \($0)" } ?? "until revoked"
        return [
          name, agents?.joined(separator: ", ") ?? "every agent", end, oldUntil.map { "old one until \($0)" } ?? "",
        ]
      }
    }

    func run() throws {
      let rows = try TokenStore(spool.open(as: "gateway")).list().map(Row.init)
      if json {
        for row in rows { output(try JSONLine.encode(row)) }
      } else if !rows.isEmpty {
        output(Table.aligned(rows.map(\.cells)))
      }
    }
  }

  private static func list(_ text: String) -> [String] {
    text.split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
  }
}
