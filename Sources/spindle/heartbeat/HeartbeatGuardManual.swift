import CommandLine
import Health

extension HeartbeatGuardTool {
  static let manual = Manual(
    name: "heartbeat-guard",
    summary: "say whether anything is not well, so that a model is woken only then",
    description: """
      Looks at the spool with cheap rules, and calls no model. Where all is well it prints HEARTBEAT_OK and exits with 0; else \
      one line for each signal, the name of its rule, what is not well, and what to do, and exits with 1. What it costs does \
      not grow with what is over.

      A signal that was told is told again only when it is still there a day later. In Quiet-Hours nothing is told; it comes \
      with the first look afterwards. More than Wake-Ups a day wake nobody, and nobody is woken either while the last three \
      calls of the one who would be failed for want of a login or of money: spool tick then tells a person, without a model. In all these cases \
      HEARTBEAT_OK is printed; -v says on stderr what was held back, and why.

      What cannot wait for a model is spool tick's: who has fallen silent, an open breaker, a nearly full disk and the stop above are \
      delivered to Alert: by itself, once for each time that it happens.
      """,
    tables: [("RULES", "In the order in which they are told.", Self.rules)],
    exits: [(.no, "There is something to see to: it is printed."), (.unavailable, "There is no such spool.")],
    files: [
      ("$SPOOL_DIR/config", "Quiet-Hours: 22:00-07:00 (local time). Wake-Ups: 24 (a day)."),
      (
        "$SPOOL_DIR/health/guard",
        "What was told when, and how often somebody was woken today; rm it to be told all anew."
      ),
      ("$SPOOL_DIR/heartbeats/", "Who is expected to give a sign of life, and has."),
      ("$SPOOL_DIR/memory/files/", "memory export --files: ACTIVE and index.json."),
    ],
    examples: [
      (
        "In a crontab: every half hour, and main is called only when there is something:",
        "spool init\nheartbeat-guard >signals || [ $? -ne 1 ] || claude-call --input signals --fallback signals 'See to this.' | deliver --to me"
      ),
      ("What is held back, and why:", "heartbeat-guard -v || true"),
    ],
    seeAlso: ["heartbeat", "spool", "claude-call", "job"])

  private static let rules = [
    ("disk", "The free space, or the inodes, are below twice what the spool keeps free for itself."),
    ("tick", "spool tick has not run for 6 minutes."),
    ("settings", "A file of settings, of an agent or of a person is not understood."),
    ("crontab", "The scheduler does not understand its crontab, and goes on with the one before."),
    ("liveness", "Somebody has given no sign of life within his interval and grace (300s and 60s)."),
    ("breaker", "An agent is not called any more, for its calls fail one after the other."),
    ("budget", "An agent has spent nine tenths of its day's budget."),
    ("backlog", "So many calls of an agent wait that further ones are, or soon will be, refused."),
    ("oldest", "An entry is ready, and for longer than --max-age nobody takes it up."),
    ("waiting", "An entry is tried again and again for longer than --max-age."),
    ("stuck", "An entry lies in run/ and nobody works on it, or for longer than it may."),
    ("failed", "Entries in fail/ that nobody has cancelled, and in bad/."),
    ("parked", "Runs and other entries in hold/ that wait for spool release. Open requests are none."),
    ("approvals", "A request's deadline has passed and it is not decided. An open request is no signal."),
    ("jobs", "A job that should have succeeded has not."),
    ("active", "Nothing was heard of any active project for a week."),
    ("index", "A file of the memory is older than index.json allows."),
    ("log", "Records are older than a month and are still there: the daily round is not made."),
  ]
}
