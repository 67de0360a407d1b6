import ArgumentParser
import CommandLine
import Spool

/// `spool`: plumbing and inspection of every queue alike.
struct SpoolTool: Tool {
  static let manual = Manual(
    name: "spool",
    summary: "make, fill, read, work and mend spool queues",
    description: """
      A queue is a directory of rooms, and an entry is a file that is moved from room to room by rename(2): new/ is
      the backlog, run/ what is being worked on, wait/ what is tried again later, hold/ what waits for you, done/
      and fail/ what is over, bad/ what cannot be read, re/ what came of it, log/ why. ls and cat show all there is.

      An entry may be named by its full ID, a unique prefix of it, its six characters, or its slug. Where several
      fit, they are listed and nothing is done. Verbs that take IDs read them from standard input where none is given
      and it is not a terminal.
      """,
    exits: [
      (
        .no,
        "Not found, or it does not lie where the verb could take it from; check: something was found; status: amber."
      ),
      (.red, "status: red."),
      (.unavailable, "There is no such queue; or its directory was removed while it was watched."),
    ],
    files: [
      ("$SPOOL_DIR/QUEUE/drop/", "Put a file here, under any name, by any means: it becomes an entry."),
      ("$SPOOL_DIR/QUEUE/{new,run,wait,hold,done,fail,bad}/", "Where the entries lie."),
      ("$SPOOL_DIR/QUEUE/re/ID", "What came of the entry ID."),
      ("$SPOOL_DIR/QUEUE/log/ID.log", "A line for each attempt, and what its command said on stderr."),
      ("$SPOOL_DIR/journal/YYYY-MM-DD.jsonl", "A line for each change."),
    ],
    environment: [
      ("SPOOL_ID, SPOOL_QUEUE, SPOOL_ATTEMPT", "Set for the command of spool work: what it works on, which attempt."),
      ("SPINDLE_DEADLINE", "A time (RFC 3339) by which this, and all that it starts, ends; set for commands."),
      ("SPINDLE_LOCK_FD", "Set for the command of spool work: the descriptor (9) that carries its entry's lock."),
      ("NO_COLOR", "Where it is set, nothing is coloured; nor is anything that is no terminal, or where TERM is dumb."),
    ],
    examples: [
      (
        "A queue, an entry, and a worker that hands its product to the next queue:",
        "spool init letters sent\necho hello | spool put letters\nspool work letters --to sent --once -- tr a-z A-Z\nspool ls sent"
      ),
      (
        "What could not be done, and why; then try it all again:",
        "echo world | spool put letters\nspool work letters --once -- false\nspool ls letters --room fail\nspool ls letters --room fail | awk '{ print $3 }' | spool retry"
      ),
      ("What is wrong with this spool, and what mends it:", "spool check"),
    ],
    seeAlso: ["deliver", "claude-call", "job"])

  static let configuration = configured(
    subcommands: [
      Status.self, Init.self, Setup.self, Put.self, Ls.self, Show.self, Work.self, Hold.self, Release.self, Retry.self,
      Cancel.self,
      Sweep.self, Tick.self, Check.self, Tail.self, Age.self,
    ], default: Status.self)
}
