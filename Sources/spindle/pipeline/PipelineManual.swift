import CommandLine
import Spool

extension PipelineRunTool {
  static let manual = Manual(
    name: "pipeline-run",
    summary: "run a shell script as a transaction that survives kill -9 and reboot",
    description: """
      Runs SCRIPT, whose steps are calls of pipeline-step. A run is an entry in the queue runs/: killed at any moment it
      goes on from there, by spool tick or by pipeline-run --resume, and never repeats a finished step. The script runs
      from its beginning each time; steps that are finished only print again what they printed. So what stands between
      the steps should do no harm when it is done again.

      A run goes on with what it began with: a copy of the script (its $0 stays what it was), its arguments, working
      directory, umask, and of the environment PATH, HOME, LANG and what --env names. Files that the script names are
      kept as they are when it begins: claude-call gets its prompts so, where they have changed or are gone since; what
      --keep names every command gets so, as an argument. Values that --env names lie in the run's entry, which only you can read; keep secrets in files. Standard
      input is /dev/null.

      Once a step has failed or was rejected, nothing more of the run is begun; steps that are under way end. Then the
      --undo commands of what was done are run, in reverse order, and the run lies in fail/. An exit of 69
      (unavailable) or 75 (try again) is no verdict: nothing is undone, and the run is parked, in hold/ until spool
      release, or in wait/ until its time comes. Alert: in the spool's config (by default people/me) is told of each.

      spool cancel RUN gives a run up and undoes what it did; pipeline-run --undo RUN undoes also one that has ended well.
      What undoes a step undoes the runs that it has started, too. spool retry RUN begins a failed run again: what was
      not undone is not repeated. pipeline-run --resume RUN goes on at once, also where it is held.

      What the script prints goes through, and what its last pass printed is the run's response: spool show --response RUN.
      """,
    tables: [
      (
        "CAVEATS", "What a script should know of it:",
        [
          (
            "it runs again",
            "Each pass runs the script from its beginning: what stands between the steps is done again, and prints again."
          ),
          (
            "set -e",
            "Scripts with it and without it are safe. A shell's own pipeline-step is an alias, so that a step which is killed before its first word is missed too. Behind command, env, xargs or timeout, in a script of its own, or in another language, only set -e, or a look at the exit, does that."
          ),
          (
            "exit above 128",
            "Of the script itself it counts as a death, and the run goes on; after the fifth of a kind in a row it is held."
          ),
          (
            "&",
            "What is in the background at the end of the script is waited for; where the run stops, only steps are, and the rest is ended. A kill of $! ends the waiting for a step, not the step."
          ),
          (
            "programs",
            "./publish.sh is used as it is when its step comes; where it is gone by then, the run is held. A prompt that reaches claude-call through a variable, a redirection or sh -c is not kept, but by --keep, or as a step's product."
          ),
          ("bash", "The script is evaluated from a copy; $BASH_SOURCE and ${BASH_SOURCE[0]} are read as $0."),
          ("words", "Arguments are UTF-8, or refused."),
        ]
      )
    ],
    exits: [
      (.done, "The run is over, and all its steps have ended well."),
      (.unavailable, "The run is parked in hold/; or it failed before, under this --key; or it could not be undone."),
      (.tryAgain, "The run is parked in wait/; or --singleton, and another one of its name is open."),
      (
        .timedOut,
        "A step, or the run, ran out of time. Any other status is that of the step that failed, or the script's."
      ),
    ],
    files: [
      ("$SPOOL_DIR/runs/", "The runs, a queue."),
      ("$SPOOL_DIR/runs/state/RUN/steps/NAME", "What the step NAME has printed; the directory is $STEPS."),
      ("$SPOOL_DIR/runs/state/RUN/halt", "Why nothing more of the run is begun."),
      ("$SPOOL_DIR/runs/log/RUN.log", "What became of it, and what the script and its steps said on standard error."),
      ("$SPOOL_DIR/runs/kept/", "Scripts' files as they were, under their SHA-256."),
    ],
    environment: [
      ("RUN, STEPS", "Set for the script: its ID, and the directory of its steps' products."),
      (
        "SPINDLE_DEADLINE",
        "A time (RFC 3339) by which this, and all that it starts, ends; set for the script with --timeout."
      ),
      (
        "STEP, STEP_STATE, UNDO_ATTEMPT",
        "Set for an --undo command: the step, committed or in-doubt, and which attempt."
      ),
    ],
    examples: [
      (
        "Two steps; the second one's failure undoes the first:",
        "cat >greet.sh <<'EOF'\npipeline-step write --undo 'rm -f greeting' -- sh -c 'echo hello | tee greeting'\npipeline-step check -- grep -q world greeting\nEOF\npipeline-run greet.sh || spool show --json runs/greet"
      ),
      ("Go on with whatever was killed, as spool tick does each minute:", "pipeline-run --resume"),
      ("The runs, and where they lie:", "spool ls runs --all"),
    ],
    seeAlso: ["pipeline-step", "spool", "wait-approval", "deliver", "claude-call"])
}

extension PipelineStepTool {
  static let manual = Manual(
    name: "pipeline-step",
    summary: "run a command once in a run of pipeline-run, whatever is killed",
    description: """
      Runs COMMAND and stores what it prints; when it has ended well, one rename makes that the file $STEPS/NAME, and it
      is printed. On a later pass of the script it is only printed. What COMMAND says on standard error goes through, and
      into the run's log. It reads this command's standard input; with --attempts that is a file, or /dev/null, for a
      pipe could not be read again.

      A step that was killed is in doubt: nobody knows what it did. The next pass runs it again. Inside a step
      claude-call, deliver, wait-approval and pipeline-run take the key RUN/STEP/TOOL/TO by default, so that the same
      call is not paid twice, the same message not sent twice and the same question not asked twice; a command of your
      own finds $RUN and $STEP in its environment for the same purpose.

      A step is known by its name: in loops give each its own (post-$i). One that comes again with another command is
      refused, and the run is held: pipeline-run --resume RUN --accept-change takes what is recorded.

      With --fresh the command is started only while what an agent was told still holds (memory fresh), asked before each attempt. What is
      stale ends the step with 1: the run has failed, and what it did is undone. A step that is finished is not asked about again.
      """,
    tables: [
      (
        "HOW A STEP ENDS", "By the exit of its command, after --attempts:",
        [
          ("0", "It is finished; what it printed is printed."),
          ("75", "Nothing is undone, the run waits in wait/, and goes on by itself."),
          (
            "69",
            "Nothing is undone, the run waits in hold/ until spool release; where a question or an inner run has held it up, until that is decided."
          ),
          ("any other", "It has failed: nothing more of the run is begun, and what was done is undone."),
          ("any, with --may-fail", "It is finished, with what it printed and with that exit, in each pass."),
        ]
      )
    ],
    exits: [
      (.done, "Done, now or in an earlier pass."),
      (.usage, "The arguments are wrong; or this is no run."),
      (.malformed, "The step was begun with another command."),
      (
        .unavailable,
        "COMMAND cannot be started. Any other status is its own, or that of the step at which the run stops."
      ),
      (.timedOut, "It ran out of time."),
    ],
    files: [
      ("$STEPS/NAME", "What the step has printed, byte for byte."),
      ("$STEPS/.out-NAME", "What a step that has not ended well has printed."),
    ],
    environment: [
      ("RUN, STEPS", "Set by pipeline-run."),
      ("STEP, SPINDLE_STEP", "Set for COMMAND: the step's name, and what its default keys begin with (RUN/STEP)."),
    ],
    examples: [
      (
        "In a script that pipeline-run runs:",
        "cat >daily.sh <<'EOF'\nset -e\npipeline-step fetch --timeout 1m --attempts 3 -- cat /etc/hostname\npipeline-step count -- wc -c \"$STEPS/fetch\"\nEOF\npipeline-run daily.sh"
      ),
      (
        "Published only while what was known when it was written still holds:",
        "cat >post.sh <<'EOF'\nset -e\npipeline-step known -- memory context --for 'style of a post'\npipeline-step publish --fresh \"$STEPS/known\" -- echo published\nEOF\npipeline-run post.sh"
      ),
    ],
    seeAlso: ["pipeline-run", "memory", "spool"])
}
