"""A step recorded with another command is refused, the difference is shown, and the run is held until somebody says so."""
from case import expect
from home import case
from sending import register

# The command of b is what the file `words` says.
TEXT = """pipeline-step a --undo 'tally undo-a' -- tally a
pipeline-step b -- {}
pipeline-step c -- moody c 75
pipeline-step d -- tally d
"""
ECHO = 'echo "$(cat words)" same'


def parked_after(home, first, then, command=ECHO, text=TEXT, **how):
    """A run whose step b has another command on its second pass."""
    home.write(home.home / "words", first, 0o644)
    run = home.pipe(text.format(command), code=75, **how)
    home.write(home.home / "words", then, 0o644)
    home.is_well("c")
    return run


def refused(run, done, *words):
    err = done.err.decode(errors="replace")
    for word in ("b", *words):
        expect(word in err, f"it does not say {word!r}: {err!r}")
    expect(run.room == "hold", f"it lies in {run.room}/: {err!r}")


@case
def a_changed_command_is_refused_and_the_difference_is_shown(home):
    run = parked_after(home, "old-word\n", "new-word\n")
    refused(run, home.resume_now(run.id), "old-word", "new-word", "--accept-change")
    home.has_run("a", "c")
    home.told(run.short, "held")


@case
def a_changed_command_undoes_nothing_and_is_no_failure(home):
    run = parked_after(home, "old\n", "new\n")
    home.resume_now()
    run.lies("hold")
    home.has_run("a", "c")
    home.write(home.home / "words", "old\n", 0o644)  # what it was is no change
    home.good("spool", "release", run.id)
    home.resume()
    run.lies("done")
    home.has_run("a", "c", "c", "d")


@case
def no_later_step_runs_behind_a_changed_command(home):
    """The script goes on: nobody has said set -e."""
    run = parked_after(home, "old\n", "new\n")
    home.resume_now()
    expect(home.ran() == ["a", "c"] and run.room == "hold", f"what ran: {home.ran()}, {run.room}/")


@case
def a_changed_command_in_the_same_pass_is_refused(home):
    run = home.pipe("pipeline-step a -- tally a\npipeline-step a -- tally b\npipeline-step c -- tally c\n", code=69)
    run.says("tally a", "tally b")
    home.has_run("a")


@case
def resume_with_accept_change_takes_the_recorded_results(home):
    run = parked_after(home, "old\n", "new\n")
    home.resume_now()
    home.resume("--accept-change", run.id, code=0)
    expect(run.lies("done").response == b"a done\nold same\nc done\nd done\n", f"it prints {run.response!r}")
    home.has_run("a", "c", "c", "d")


@case
def accept_change_may_stand_behind_the_run_too(home):
    run = parked_after(home, "old\n", "new\n")
    home.resume_now()
    home.resume(run.id, "--accept-change", code=0)
    run.lies("done")


@case
def what_was_accepted_once_is_no_change_any_more(home):
    """The next pass, by cron, takes it too."""
    run = parked_after(home, "old\n", "new\n", text=TEXT + "pipeline-step e -- moody e 75\n")
    home.resume_now()
    home.resume("--accept-change", run.id, code=75)
    run.lies("wait")
    home.is_well("e")
    home.resume_now()
    run.lies("done")
    expect(b"old same\n" in run.response, f"it prints {run.response!r}")


@case
def a_step_may_accept_its_change_itself(home):
    run = parked_after(home, "old\n", "new\n", text=TEXT.replace("pipeline-step b", "pipeline-step b --accept-change"))
    home.resume_now()
    expect(b"old same\n" in run.lies("done").response, f"it prints {run.response!r}")


@case
def what_is_no_part_of_the_command_is_no_change(home):
    """Its options, its environment, its directory."""
    text = 'export X="$(cat words)"\npipeline-step b --timeout "$X" --undo "tally $X" --attempts 1 -- tally b\n' \
           "pipeline-step c -- moody c 75\n"
    run = parked_after(home, "10m", "20m", text=text)
    home.resume_now()
    run.lies("done")
    home.has_run("b", "c", "c")


for words, first, then in (("one_more_word", "echo x", "echo x y"), ("one_word_less", "echo x y", "echo x"),
                           ("two_words_that_were_one", "echo 'x y'", "echo x y"), ("a_blank", "echo 'x y'", "echo 'x  y'"),
                           ("an_empty_word", "echo x", "echo x ''"), ("a_newline", "echo xy", "echo 'x\ny'"),
                           ("another_program", "echo x", "printf x"), ("two_words_exchanged", "echo x y", "echo y x"),
                           ("a_last_newline", "echo x", "echo 'x\n'")):
    def is_seen(home, first=first, then=then):
        text = TEXT.replace("pipeline-step b -- {}", 'eval "pipeline-step b -- $(cat words)"')
        run = parked_after(home, first, then, text=text)
        refused(run, home.resume_now(run.id))
        home.has_run("a", "c")

    register(f"a_change_by_{words}_is_seen", is_seen)


@case
def the_difference_is_shown_without_what_acts_on_a_terminal(home):
    run = parked_after(home, "old\x1b[2J\x07", "new\x1b]0;x\x07\r")
    done = home.resume_now(run.id)
    refused(run, done, "old", "new")
    expect(not set(done.err) & set(b"\x1b\x07\r"), f"it says {done.err!r}")


@case
def the_difference_of_long_commands_is_short(home):
    """Of a command of 20 KB the changed word is shown, and not all of it twice."""
    run = parked_after(home, "x " * 10_000 + "old", "x " * 10_000 + "new", "sh -c : $(cat words)")
    done = home.resume_now(run.id)
    refused(run, done, "old", "new")
    expect(len(done.err) < 50_000, f"it says {len(done.err)} bytes")
