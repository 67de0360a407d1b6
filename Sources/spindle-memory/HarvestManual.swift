import CommandLine

extension HarvestTool {
  static let manual = Manual(
    name: "harvest", summary: "what was said in the agents' sessions, into the memory",
    description: """
      Reads the transcripts that Claude Code, OpenClaw, pi and Codex keep of their sessions, from where it stopped the last time, and \
      records what is worth remembering: what a person has corrected, what was decided, which projects are worked on. Each fact has its \
      source (file, line, offset), its author, its agent and its time; said in several places it is one fact.

      Facts and positions are recorded together: killed anywhere, the next harvest goes on, and comes to the same memory. A file may be \
      appended to, renamed, truncated, replaced, copied or deleted; what was harvested from it stays. A line that is torn is read when it \
      is whole; one that is no JSON, or longer than 8 MiB, is counted, and skipped.

      What counts as a fact is said by rules that a person can read and add to (docs/memory-rules.md). Secrets (keys, tokens, passwords) are \
      recognized, and never recorded.

      An agent's facts may be read by all, unless its file says that it may not write shared (Memory in agents/NAME.md). One harvest \
      works at a time.
      """,
    exits: [
      (.unavailable, "There is no such directory as --source names."),
      (.io, "A file could not be read; the others were."),
      (.tryAgain, "Another harvest is at work, or the disk is full."),
      (.configuration, "A file of rules is wrong; the message names its line."),
      (.signal(15), "Stopped by SIGTERM; what was read is recorded."),
    ],
    files: [
      ("$SPOOL_DIR/memory/memory.db", "The memory (SQLite)."),
      ("$SPOOL_DIR/memory/rules/*.rules", "Your own rules of what is worth remembering."),
      ("$SPOOL_DIR/memory/rules/*.secrets", "Your own rules of what is a secret."),
      (
        "~/.claude/projects, $CLAUDE_CONFIG_DIR/projects",
        "Claude Code's sessions; agents with Config-Dir have their own."
      ),
      ("~/.openclaw/agents/*/sessions, ~/.pi/agent/sessions", "OpenClaw's and pi's."),
      ("~/.codex/sessions, $CODEX_HOME/sessions", "Codex's, and archived_sessions beside it."),
    ],
    environment: [
      ("CLAUDE_CONFIG_DIR, CODEX_HOME, HOME", "Where the programs keep their sessions."),
      ("NO_COLOR", "No progress bar for a long harvest on a terminal."),
    ],
    examples: [
      ("What there is, from where these programs keep it, and what became of each line:", "harvest --report"),
      (
        "One directory, whose sessions are agent nova's:",
        "mkdir -p sessions\nharvest --source claude:sessions@nova"
      ),
      (
        "What the rules find in a file, and by which rule:",
        #"""
        printf '%s\n' '{"type":"user","message":{"role":"user","content":"No, use tabs instead of spaces."}}' > session.jsonl
        harvest --explain claude:session.jsonl
        """#
      ),
    ],
    seeAlso: ["memory", "claude-call", "spool"])
}
