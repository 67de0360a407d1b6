import CommandLine

extension SchedulerTool {
  static let manual = Manual(
    name: "scheduler",
    summary: "run commands at their times: a crontab without cron",
    description: """
      Stays, and runs what the crontab says, as Debian's cron(8) would; one process serves a spool. It is for machines without a \
      cron daemon, and for what cron cannot do: time zones, times that were missed, queues. Put job in front of what must be known \
      to have run.

      A command's output goes to our stderr line by line, with the number of its line in the crontab in front; no mail is sent. How \
      each run began and ended is in the journal, and what fails is said. Each command is looked after by a process of its own: it \
      goes on when the scheduler is stopped or killed, and a restart does not begin it a second time.

      The crontab is read again when it has changed, and at SIGHUP. One with a fault does not count: the one before goes on, and \
      each fault is said as FILE:LINE:COLUMN.

      --test FILE says what is wrong with a crontab, and nothing where nothing is. --next N prints the next N times of each entry, in \
      the order of the entries, as RFC 3339 in the entry's zone, one a line and nothing else; with -v the line's number and its \
      command stand behind a tab. @reboot and @queue have no times.
      """,
    tables: [
      (
        "CRONTAB",
        "As crontab(5) says: settings NAME = value for the lines below them, and lines of five fields and a command; names of months and days; lists, ranges and steps; what follows the first % is the command's input. SHELL is /bin/sh, PATH where scheduler lies, then /usr/bin:/bin, and a command gets nothing of our environment but HOME, LOGNAME and SPOOL_DIR. Further:",
        [
          ("CRON_TZ=Europe/Berlin", "The time zone of the lines below it. Default: the machine's."),
          (
            "CATCH_UP=skip | once [AGE] | all AGE",
            "What becomes of times that were missed, for the lines below it: nothing (the default), one run for all of them, or one for each of them in turn, oldest first; none for what is older than AGE (2h, 3d). With skip a crash loses a run rather than doing it twice, with the others it is done again."
          ),
          ("@reboot @yearly @annually @monthly @weekly @daily @midnight @hourly", "As cron has them."),
          ("@every SPAN COMMAND", "Each 90s, 5m, 1h30m, from its first sight on. It never overlaps itself."),
          (
            "@queue NAME COMMAND",
            "When something has landed in the queue NAME. It never overlaps itself; what lands while it runs makes it run once more."
          ),
        ]
      ),
      (
        "TIMES",
        "An entry with * at the beginning of its minute or its hour goes by the clock as it is. The others have a fixed time of the day:",
        [
          (
            "summer time begins",
            "What is leapt over runs once, right after it. Where more than three hours are leapt over, the new time counts at once."
          ),
          ("summer time ends", "What has run in the hour that comes twice is not run again."),
          ("the clock is set, by less than three hours", "As with summer time."),
          (
            "asleep or away for longer, or the scheduler was not there",
            "What lies more than five minutes back was missed: CATCH_UP says what becomes of it."
          ),
        ]
      ),
    ],
    exits: [
      (.done, "Asked to stop; or with --test: nothing is wrong."),
      (.unavailable, "The crontab's directory is gone."),
      (.tryAgain, "Another scheduler serves this spool."),
      (.configuration, "The crontab has faults, or there is none."),
    ],
    files: [
      ("$SPOOL_DIR/crontab", "What to run when."),
      ("$SPOOL_DIR/scheduler/entries/", "For each entry the last of its times that was dealt with."),
      ("$SPOOL_DIR/scheduler/faults", "What is wrong with the crontab on the disk, while something is."),
      ("$SPOOL_DIR/heartbeats/scheduler", "Its time is that of the last beat, once a minute."),
    ],
    environment: [("TZ", "The zone of lines without CRON_TZ; default /etc/localtime.")],
    examples: [
      (
        "Is it right, and when does it run?",
        """
        printf '%s\\n' 'CRON_TZ=Europe/Berlin' '0 7 * * mon-fri job briefing -- echo good morning' >my.crontab
        scheduler --test my.crontab
        scheduler --next 3 -v --test my.crontab
        """
      ),
      (
        "Made up for once when the machine was off at seven, and whenever something has landed:",
        """
        printf '%s\\n' 'CATCH_UP=once 12h' '0 7 * * * job report -- report.sh' '@queue inbox-main chat.sh --once main' >my.crontab
        scheduler --test my.crontab
        """
      ),
    ],
    seeAlso: ["job", "spool", "heartbeat"])
}
