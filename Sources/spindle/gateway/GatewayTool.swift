import ArgumentParser
import CommandLine

/// `gateway`: the one resident worker of agent calls.
struct GatewayTool: Tool {
  static let manual = Manual(
    name: "gateway",
    summary: "make the calls of all agents, fairly, as the one who holds the keys",
    description: """
      Stays, and makes every call that lies in a queue calls-AGENT/, in its caller's place: claude-call then only waits for the
      reply. It is optional. While none is there each caller makes its own call, under the same limits; when it dies, the callers
      that wait go on by themselves.

      So many calls at once as --slots says (or Gateway-Slots in the spool's config; default 8). The slots are shared over agents,
      not over calls, and a quarter of them is kept for agents that have none: an agent with ten thousand calls, or one whose model
      hangs, delays another's single call by at most one slot. Rate, Concurrency, Backlog and Budget are each agent's own, in
      agents/NAME.md; after five failures in a row within ten minutes an agent is left alone for a minute, then one call tries.

      gateway admit lets another user of this machine ask agents and nothing more: he gets a drop of his own for each of them, and a
      room with the answers. claude-call -C SPOOL as that user does the rest. So the user of the gateway may be the only one who holds
      an API key.

      SIGTERM: nothing new is begun; what is being made has --drain to end, and is handed back then: it lies in wait/ and is made by
      the next gateway or by its caller. SIGHUP: agents, users and the config are read again; what cannot be read is said, and what
      was known goes on. With a port a WebSocket door opens on 127.0.0.1 (docs/gateway-protocol.md), for whom gateway token has made
      a token.
      """,
    exits: [
      (.no, "dismiss, token: there is no such user, or no such token."),
      (.tryAgain, "Another gateway is at work in this spool."),
      (.unavailable, "The spool was removed, moved or unmounted."),
      (.signal(15), "Stopped by SIGTERM; nothing was lost."),
    ],
    files: [
      ("$SPOOL_DIR/calls-AGENT/", "The calls of an agent, a queue."),
      (
        "$SPOOL_DIR/calls-AGENT/drop-NAME/, re-NAME/",
        "Where the user NAME puts calls, and finds what came of each, under its name."
      ),
      ("$SPOOL_DIR/calls-AGENT/owed-NAME/", "What he has not been answered yet."),
      ("$SPOOL_DIR/gateway/lock", "Held while it lives: its process, slots and port."),
      ("$SPOOL_DIR/gateway/users/NAME", "Who was admitted: Uid, Group, Agents."),
      ("$SPOOL_DIR/gateway/agents/NAME.md", "Each agent as its file could be read last: by that it is called."),
      (
        "$SPOOL_DIR/secrets/gateway/NAME",
        "What is kept of NAME's token: its SHA-256, whom it may call, and until when."
      ),
      ("$SPOOL_DIR/config", "Gateway-Slots, Gateway-Port."),
    ],
    environment: [
      ("ANTHROPIC_API_KEY and what else the agents' programs read", "Handed to them; the callers need not have it.")
    ],
    examples: [
      (
        "Calls that are made by a gateway, until it is told to stop:",
        """
        gateway --slots 4 &
        echo 'Say good morning.' | claude-call --fallback -
        kill $!; wait $! || true
        """
      ),
      ("Who may ask from another account:", "gateway users"),
      (
        "A token for a program that comes through the door, for ninety days:",
        "gateway token add nova --agents main --expires 90d"
      ),
      (
        "A new one, and an hour for it to learn it; then none:",
        "gateway token rotate nova --grace 1h\ngateway token revoke nova"
      ),
    ],
    seeAlso: ["claude-call", "spool"])

  static let configuration = configured(
    subcommands: [
      Serve.self, CallWorkerVerb.self, Admit.self, Dismiss.self, Users.self, GatewayToken.self,
    ], default: Serve.self)
}
