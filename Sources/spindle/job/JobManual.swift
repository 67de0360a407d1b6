import CommandLine
import Jobs
import Spool

extension JobTool {
  static let manual = Manual(
    name: "job",
    summary: "run a command as a job: recorded, alone, in time, and told of when it fails or does not run",
    description: """
      Runs COMMAND and passes its output on, so that cron's own mail still works. Each run is an entry in the queue jobs/, with
      its start, end, exit and output in re/ID, or in fail/ and its log where it failed. Two runs of one NAME never overlap. A
      run that is killed lies in fail/ too; it is not made again before its schedule says so.

      How the command ended and what became of what it had to say are told apart: Execution and Delivery, in the record and by
      --list. With --deliver the output itself is a message, sent once whatever is killed when; an output that is empty, or
      just HEARTBEAT_OK or NO_REPLY, is none. A deliver that the command calls is the run's as well. A delivery that fails
      does not make the run fail: it is told of by itself. The output of a run that failed is not delivered; the alert has its
      end.

      A run that fails is told of by an alert to Alert: (in the spool's config, by default people/me), at once; also one that
      was killed, by the next run or by spool tick. After that one is enough for --cooldown; what failed meanwhile, and is not
      mended by then, is told when that is over. After --disable-after failures in a row, this is told, and NAME is disabled: it
      runs no more until job NAME --enable.

      --expect-every says how often it should succeed. spool tick, which cron runs each minute, delivers an alert when it has
      not: because it failed, because it hung, or because nothing ever started it. An alert is sent once for each time that
      is missed; none for a job that was disabled by hand. Without a COMMAND the expectation is recorded and nothing is run:
      so a job that never runs even once is missed too. --expect-every, --alert-after, --cooldown and --disable-after hold
      from then on, until another is said.
      """,
    tables: [
      (
        "EXECUTION", "How the command ended.",
        [
          ("ok", "Exit 0."), ("failed", "Another exit; it is in Exit."), ("timed-out", "Ended after --timeout."),
          ("killed", "By a signal (Exit is 128 and its number), or with its job: then there is no Exit."),
          ("stopped", "job was asked to stop, by SIGTERM, SIGINT or SIGHUP. After SIGINT (Ctrl-C) it is no failure."),
          ("not-started", "There is no such command, or it cannot be run."),
          ("cancelled", "A person took the run away before it began."),
        ]
      ),
      (
        "DELIVERY", "What became of what the run had to say; of several messages the worst.",
        [
          ("delivered", "There is a receipt for each."),
          ("silent", "With --deliver: there was nothing to say."),
          ("not-requested", "Neither --deliver nor a deliver."),
          ("failed", "It could not be handed over, or was given up: deliveries/fail/."),
          (
            "unknown",
            "pending, in doubt, or killed while it was handed over. --list looks again: what was pending may be delivered by now."
          ),
        ]
      ),
      (
        "STATE", "A job in --list.",
        [
          ("ok, failed", "How its last run ended."), ("running", "A run goes on."), ("new", "It has not run yet."),
          ("killed", "Its run was killed, and the next tick will count it."),
          ("overdue", "It has not succeeded by DUE BY, a twentieth of --expect-every and 5 minutes included."),
          ("disabled", "By hand, or after so many failures in a row."),
        ]
      ),
    ],
    exits: [
      (.done, "The command succeeded, whatever became of its delivery."),
      (.no, "--enable, --disable, --list: there is no such job."),
      (.unavailable, "The command cannot be started; or the job is disabled."),
      (.tryAgain, "The last run of this job still goes on."),
      (.timedOut, "The command was ended after --timeout. Any other status is the command's own."),
    ],
    files: [
      ("$SPOOL_DIR/jobs/", "The runs, a queue."),
      ("$SPOOL_DIR/jobs/names/NAME", "What is expected of a job, and how it last went."),
      ("$SPOOL_DIR/jobs/sent/RUN-ID", "What a run has handed over for delivery."),
    ],
    environment: [
      ("SPINDLE_JOB, \(JobRun.runVariable)", "Set for the command: the job's name, and the run's ID."),
      ("SPINDLE_DEADLINE", "Set for the command: by when it ends."),
    ],
    examples: [
      (
        "In a crontab, each morning at seven, and missed when there was none for a day:",
        "job briefing --expect-every 1d --timeout 10m -- echo \"good morning\""
      ),
      ("Its output is a message; nothing is sent where there is nothing to say:", "job disk --deliver me -- df -h /"),
      ("Told after three failures in a row, and then once a day:", "job sync --alert-after 3 --cooldown 1d -- true"),
      ("Expected from now on:", "job backup --expect-every 1d"),
      ("How they went:", "job --list"),
      ("Not for now, and again:", "job backup --disable\njob backup --enable"),
    ],
    seeAlso: ["spool", "deliver"])
}
