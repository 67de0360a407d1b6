import ArgumentParser
import CommandLine
import Spool

/// `gateway`: the resident worker for agent calls.
struct GatewayTool: Tool {
  static let manual = Manual(
    name: "gateway",
    summary: "who may call agents through the WebSocket door",
    description: """
      A program that is no user of this machine's spool calls agents through the loopback WebSocket door, with a token. This
      makes the tokens, takes them back, and lists them.
      """,
    exits: [
      (.no, "There is no such token."),
      (.unavailable, "An agent that is named does not exist."),
    ],
    files: [
      (
        "$SPOOL_DIR/secrets/gateway/NAME",
        "What is kept of NAME's token: its SHA-256, whom it may call, and until when."
      )
    ],
    examples: [
      ("A token for the program nova, for ninety days:", "gateway token add nova --agents main --expires 90d"),
      ("A new one, and an hour for nova to learn it:", "gateway token rotate nova --grace 1h"),
      ("Which there are:", "gateway token list"),
      ("No longer:", "gateway token revoke nova"),
    ],
    seeAlso: ["claude-call", "spool"])

  static let configuration = configured(subcommands: [GatewayToken.self])
}
