import CommandLine

extension MemoryTool {
  static let manual = Manual(
    name: "memory", summary: "what the agents know, for all of them",
    description: """
      One database for all agents of a spool: keys with values, which agents and people write, and facts, which harvest takes from \
      their sessions. What was written is read by the next process at once, and lasts; every version stays, with who wrote it, when, \
      and which version he had seen.

      A key lies in a scope: shared, or agent:NAME. Which scopes an agent may read and write says Memory in agents/NAME.md, READ, READ; \
      WRITTEN, WRITTEN; without it both are shared and its own. An agent is who --agent names, or whose call this is (SPINDLE_AGENT, set \
      by claude-call); else it is the person, who may do everything.

      Two agents that write the same key without having seen each other's version are in conflict. None is lost: the policy of the key \
      says which version counts, and memory conflicts --all tells.

      memory context makes the block that an agent is told before it is asked, and memory fresh tells later whether it still holds: \
      claude-call --memory does both, and pipeline-step --fresh acts only on what does.
      """,
    tables: [
      (
        title: "POLICIES",
        about:
          "The file memory/policies has a prefix of keys and a policy a line; the longest prefix that fits counts, * is every key.",
        rows: [
          ("latest", "The new version counts (default)."),
          ("first", "The version that was there goes on to count; the new one is kept."),
          ("union", "A third version has the lines of both, each once."),
          (
            "ask",
            "A person is asked (wait-approval, to Alert in config); until then the version that was there counts."
          ),
        ]
      )
    ],
    exits: [
      (.no, "Not found, stale, or not the version that --if-version expects."),
      (.malformed, "The value is none, is no UTF-8, or holds a secret; a token is none."),
      (.unavailable, "There is no such agent, or file."),
      (.tryAgain, "Others have been writing for longer than --timeout; or the disk is full."),
      (.notAllowed, "The agent may not read or write this scope; or the spool is another user's."),
      (.configuration, "agents/NAME.md or memory/policies is wrong; the message names the line."),
    ],
    files: [
      ("$SPOOL_DIR/memory/memory.db", "The memory (SQLite, in WAL mode: sqlite3 may read it at any time)."),
      ("$SPOOL_DIR/memory/policies", "What becomes of conflicts."),
      ("$SPOOL_DIR/memory/rules/*.secrets", "Your own rules of what is a secret."),
      ("$SPOOL_DIR/agents/NAME.md", "Memory: the scopes that an agent reads; those that it writes."),
    ],
    environment: [("SPINDLE_AGENT", "Whose call this is; then --agent may name no other one.")],
    examples: [
      (
        "A key, its versions, and what is known:",
        """
        echo 'Short sentences, no emojis.' | memory put style/briefing
        memory get style/briefing
        memory history style/briefing
        memory search emojis
        """
      ),
      (
        "Only where nobody has written since:",
        """
        version=$(echo 'open' | memory put door)
        echo 'shut' | memory put door --if-version "$version"
        """
      ),
      (
        "What an agent is told, and whether it still holds:",
        """
        memory context --agent main --for 'the style of a briefing' > context.md
        memory fresh -f context.md
        """
      ),
      ("What may not be known any more:", "memory forget style/briefing"),
    ],
    seeAlso: ["harvest", "claude-call", "pipeline-step", "wait-approval", "spool"])
}
