import CommandLine

extension ClaudeCallTool {
  static let manual = Manual(
    name: "claude-call",
    summary: "ask an agent, and get a reply or a reason",
    description: """
      Asks the agent that --agent names (default main; its file is agents/NAME.md in the spool) and prints its reply.
      The prompt is the argument, or -f FILE, or standard input; the contents of each --input FILE follow it. The agent's
      program (claude, codex, gemini, or any that reads a prompt on standard input) runs in a process group of its own,
      and nothing that it started outlives the call.

      A reply counts only if the program says in its own format that it is one: its exit code is a hint. What failed is
      told apart by exit status and said on one line, TIME No reply from agent. (CLASS, ID), with a line before it that says why. With
      --fallback the caller gets that text instead, and exit 0.

      Each call is an entry in calls-AGENT/: its reply, cost and time lie in re/ID, and a call that failed lies in fail/.
      With --key the same call again prints the recorded reply without a call, and a failed one is made again.

      With --memory the agent is told before the prompt what it may know of a topic (memory context), as it stands when its program is
      started. Where that changes while it answers, it is said on stderr; with --snapshot whoever acts on the reply can ask later.
      """,
    exits: [
      (.malformed, "No prompt; or the reply was none, or does not fit --expect or --schema."),
      (
        .unavailable,
        "The program is missing, the budget is spent, the agent said that it failed, or its last five calls have failed within ten minutes: then it is left alone for a minute."
      ),
      (
        .tryAgain,
        "Rate limit, overload, too many calls wait already (Backlog), or the program died: try again later; the message says when, where that is known."
      ),
      (
        .notAllowed,
        "The agent's program is not logged in; the message says what to type. Or the spool is another user's."
      ),
      (.timedOut, "No answer within --timeout."),
      (.signal(15), "Stopped by SIGTERM; the agent's program was ended."),
    ],
    files: [
      (
        "$SPOOL_DIR/agents/NAME.md",
        "The agent: header lines (Model, Command, Timeout, Rate, Concurrency, Backlog, Budget, Requires, Session, Config-Dir), a blank line, and who it is."
      ),
      ("$SPOOL_DIR/calls-NAME/", "Its calls, a queue."),
      (
        "$SPOOL_DIR/calls-NAME/re/ID",
        "A reply, with Model, Cost-USD, Input-Tokens, Output-Tokens, Duration-Ms in its header."
      ),
      ("$SPOOL_DIR/calls-NAME/rate, slots/, spent", "What keeps it within its limits."),
      ("$SPOOL_DIR/calls-NAME/breaker", "How often in a row it has failed, and since when it is left alone."),
    ],
    environment: [
      ("PATH, HOME", "Where the program is looked for: PATH, then ~/.local/bin, ~/.claude/local, /usr/local/bin."),
      (
        "CLAUDECODE and CLAUDE_CODE_* of a session",
        "Not handed to the program, so that a call may be made from inside Claude Code."
      ),
      (
        "SPINDLE_DEADLINE",
        "A time (RFC 3339) by which the call ends even if --timeout is longer; handed to the program."
      ),
      (
        "SPINDLE_USER",
        "As whom a spool that is another's admits us (gateway admit); default LOGNAME. The call is made by its gateway."
      ),
      ("SPINDLE_CALL, SPINDLE_AGENT", "Set for the program: the call's ID, the agent's name."),
    ],
    examples: [
      ("A question, with an answer in any case:", "echo 'Say good morning.' | claude-call --timeout 30s --fallback -"),
      (
        "With what is known of a topic, and whether it still holds when the reply is used:",
        """
        echo 'Short sentences, no emojis.' | memory put style/briefing
        claude-call 'Say good morning.' --memory 'style of the briefing' --snapshot morning.token --fallback -
        test ! -e morning.token || memory fresh -f morning.token -- echo 'it is sent now'
        """
      ),
      (
        "A file summarised once, however often this runs:",
        "echo 'the notes of today' > notes.md\nclaude-call 'Summarise in three lines.' --input notes.md --key \"notes-$(date +%F)\" --fallback notes.md"
      ),
    ],
    seeAlso: ["spool", "deliver", "memory"])
}
