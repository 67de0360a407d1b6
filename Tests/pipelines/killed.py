"""kill -9 of the shell, of a tool, of all, at many moments: cron goes on with nothing, each finished step has run once."""
import random
import signal

from case import expect
from home import case, until
from running import SOON, kill, living, moment, shells
from sending import register
from setup_terminal import Terminal

# Each step is quick; `work` is what a step does: it notes that it began, and, last, that it has ended.
FIVE = """work() { pipeline-step "$1" -- sh -c 'echo "$0" >>began; sleep 0.02; echo "$0" >>ended; echo "$0 done"' "$1"; }
work a
work b &
work c &
wait
work d
work e
"""
OUT = {b"a done", b"b done", b"c done", b"d done", b"e done"}


def until_over(home, run):
    """As often as cron comes by."""
    for _ in range(5):
        home.resume()
        if run.room in ("done", "fail"):
            return run.lies("done")
    return run.lies("done")


def once_each(home, run):
    """A step that was killed may have begun twice; once it is finished it never begins again."""
    expect(set(run.response.splitlines()) == OUT and len(run.response.splitlines()) == 5, f"it prints {run.response!r}")
    expect(run.products() == list("abcde"), f"steps/ has {run.products()}")
    began, ended = home.lines("began"), home.lines("ended")
    for name in "abcde":
        expect(began.count(name) <= 2 and 1 <= ended.count(name) <= began.count(name),
               f"{name} began {began.count(name)} times and ended {ended.count(name)} times")
    return sum(began.count(name) - 1 for name in "abcde")


def at_many_moments(choose):
    """In rounds: killed after a while that grows, in a run of its own each."""
    def check(home):
        dice, twice = random.Random(2), 0
        for number in range(16):
            for name in "began", "ended":
                (home.home / name).unlink(missing_ok=True)
            run = home.launch(FIVE)
            run.id
            moment(number * 0.02 + dice.random() * 0.02)
            choose(home, dice)
            run.command.process.wait(SOON)
            if run.room not in ("done", "fail"):
                until_over(home, run)
            home.good("spool", "sweep")  # the response of what was killed at its very end
            twice += once_each(home, run.lies("done"))
        home.remark(f"{twice} steps began twice")

    return check


def all_of_it(home, dice):
    home.kill_all()


def one_called(*names):
    """One of those that live; the rest is as it is."""
    def choose(home, dice):
        found = living(*names)
        if found:
            kill(dice.choice(found))

    return choose


for words, choose in {"all_of_it": all_of_it, "pipeline-run": one_called("pipeline-run"),
                      "a_pipeline-step": one_called("pipeline-step"),
                      "the_shell": lambda home, dice: kill(*shells())}.items():
    register(f"killed_at_many_moments_{words}_and_each_finished_step_has_run_once", at_many_moments(choose))


@case
def a_run_that_is_killed_again_and_again_comes_to_its_end(home):
    """Twenty reboots, each a little later than it began to work."""
    run = home.launch(FIVE)
    run.id
    for number in range(20):
        moment(0.05)
        home.kill_all()
        home.make_due("runs")
        home.start("env", "-i", "-C", "/", home.bin / "pipeline-run", "-C", home.spool, "--resume")
    home.kill_all()
    until_over(home, run)
    expect(set(run.response.splitlines()) == OUT, f"it prints {run.response!r}")
    ended = home.lines("ended")
    home.remark(f"{len(home.lines('began'))} beginnings")
    # It may be killed between its last word and the rename that commits it.
    expect(all(ended.count(name) >= 1 for name in "abcde") and len(ended) < 20, f"what ended: {ended}")


# ------------------------------------------------------------------ only one of them

@case
def a_step_outlives_its_run_and_its_result_is_taken(home):
    """Only pipeline-run is killed: the next pass waits for the orphan and does not begin it again."""
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- await b\npipeline-step c -- tally c\n")
    home.until_ran("b")
    run.command.kill(9).end()
    expect(living("pipeline-step"), "the step has died with it")
    home.make_due("runs")
    command = home.start("env", "-i", "-C", "/", home.bin / "pipeline-run", "-C", home.spool, "--resume")
    until(lambda: len(living("pipeline-step")) >= 2, "the next pass waits for it", SOON)
    home.go("b")
    command.end()
    expect(run.lies("done").response == b"a done\nb done\nc done\n", f"it prints {run.response!r}")
    home.has_run("a", "b", "c")


@case
def four_parallel_orphans_are_awaited(home):
    run = home.launch("for i in 1 2 3 4; do pipeline-step s-$i -- await s-$i & done; wait\npipeline-step c -- tally c\n")
    for number in range(1, 5):
        home.until_ran(f"s-{number}")
    run.command.kill(9).end()
    home.make_due("runs")
    command = home.start("pipeline-run", "--resume")
    home.go("s-1", "s-2", "s-3", "s-4")
    command.end()
    run.lies("done")
    home.ran_once("s-1", "s-2", "s-3", "s-4", "c")


@case
def an_orphan_that_has_ended_before_the_next_pass_is_taken_too(home):
    run = home.launch("pipeline-step b -- await b\npipeline-step c -- tally c\n")
    home.until_ran("b")
    run.command.kill(9).end()
    home.go("b")
    until(lambda: run.products() == ["b"], "the orphan ends", SOON)
    home.resume()
    run.lies("done")
    home.has_run("b", "c")


@case
def an_orphan_that_fails_fails_the_run(home):
    run = home.launch("pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- await b 5\n"
                      "pipeline-step c -- tally c\n")
    home.until_ran("b")
    run.command.kill(9).end()
    command = home.start("pipeline-run", "--resume")
    home.go("b")
    command.end()
    run.lies("fail")
    home.has_run("a", "b", "undo-a")


@case
def an_orphan_that_failed_before_the_next_pass_fails_the_run(home):
    """It is not begun again as if nobody knew."""
    run = home.launch("pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- await b 5\n"
                      "pipeline-step c -- tally c\n")
    home.until_ran("b")
    run.command.kill(9).end()
    home.go("b")
    until(lambda: not living("pipeline-step"), "the orphan ends", SOON)
    home.resume()
    run.lies("fail")
    home.has_run("a", "b", "undo-a")


@case
def with_its_pipeline_step_alone_killed_the_step_is_run_again_at_once(home):
    """Its command dies with it; nobody has to come by."""
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- await b\npipeline-step c -- tally c\n")
    home.until_ran("b")
    kill(*living("pipeline-step"))
    home.until_ran("b", 2)
    home.go("b")
    until(lambda: run.room == "done", "it goes on by itself", SOON)
    home.has_run("a", "b", "b", "c")
    expect(run.response == b"a done\nb done\nc done\n", f"it prints {run.response!r}")


@case
def with_its_pipeline_step_alone_killed_no_later_step_runs_in_that_pass(home):
    """The script goes on: nobody has said set -e, and b is not done."""
    run = home.launch("pipeline-step b -- await b\npipeline-step c -- tally c\n")
    home.until_ran("b")
    kill(*living("pipeline-step"))
    home.until_ran("b", 2)
    expect("c" not in home.ran(), f"what ran: {home.ran()}")
    home.go("b")
    run.comes_to("done")
    home.has_run("b", "b", "c")


@case
def with_the_shell_alone_killed_the_run_goes_on_with_the_next_pass(home):
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- await b\npipeline-step c -- tally c\n")
    home.until_ran("b")
    expect(len(shells()) == 1, f"the shell is not found: {shells()}")
    kill(*shells())
    home.go("b")
    run.command.process.wait(SOON)
    for _ in range(3):
        if run.room not in ("done", "fail"):
            home.resume()
    run.lies("done")
    home.has_run("a", "b", "c")


@case
def a_shell_that_kills_itself_does_not_spin(home):
    """A poison script: it must come to an end, or wait, and the tools must not burn the machine."""
    run = home.launch("echo x >>passes\nkill -9 $$\n")
    run.command.end(30)
    passes = len(home.lines("passes"))
    expect(passes <= 5, f"{passes} passes")
    expect(run.room in ("fail", "wait", "hold"), f"it lies in {run.room}/")


# ------------------------------------------------------------------ who goes on

@case
def a_run_that_somebody_holds_is_left_alone(home):
    run = home.launch("pipeline-step a -- await a\n")
    home.until_ran("a")
    home.resume(code=0, within=20)
    home.tick()
    expect(run.room == "run", f"it lies in {run.room}/")
    home.go("a")
    run.ends()
    home.has_run("a")


@case
def of_eight_that_go_on_at_once_one_does(home):
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- await b\npipeline-step c -- tally c\n")
    home.until_ran("b")
    home.kill_all()
    home.go("b")
    commands = [home.start("pipeline-run", "--resume") for _ in range(8)]
    for command in commands:
        command.end()
    run.comes_to("done")
    home.has_run("a", "b", "b", "c")


@case
def many_runs_go_on_side_by_side(home):
    runs = []
    for number in range(5):
        runs.append(home.launch(f"pipeline-step a -- await a{number}\n", name=f"j{number}.sh"))
        home.until_ran(f"a{number}")
    home.kill_all()
    command = home.start("pipeline-run", "--resume")
    for number in range(5):
        home.until_ran(f"a{number}", 2)
    home.go(*(f"a{number}" for number in reversed(range(5))))
    command.end()
    for run in runs:
        run.lies("done")


@case
def the_tick_goes_on_with_it_and_does_not_wait(home):
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- await b\n")
    home.until_ran("b")
    home.kill_all()
    home.good("env", "-i", "-C", "/", home.bin / "spool", "tick", "-C", home.spool, within=20)
    home.until_ran("b", 2)
    home.go("b")
    run.comes_to("done")
    home.has_run("a", "b", "b")


@case
def what_the_tick_has_started_lives_on_when_the_tick_s_session_is_over(home):
    """As under cron, whose job ends with the tick."""
    run = home.launch("pipeline-step b -- await b\n")
    home.until_ran("b")
    home.kill_all()
    tick = home.start("spool", "tick")
    tick.end()
    kill(-tick.pid, number=signal.SIGHUP)
    kill(-tick.pid, number=signal.SIGTERM)
    home.until_ran("b", 2)
    home.go("b")
    run.comes_to("done")


@case
def with_HOME_alone_the_spool_is_found(home):
    run = home.launch("pipeline-step b -- await b\n")
    home.until_ran("b")
    home.kill_all()
    home.go("b")
    home.good("env", "-i", "-C", "/", f"HOME={home.home}", home.bin / "pipeline-run", "--resume")
    run.lies("done")


@case
def one_run_by_its_name_goes_on_and_no_other(home):
    first = home.launch("pipeline-step a -- await a\n", name="first.sh")
    home.until_ran("a")
    second = home.launch("pipeline-step b -- await b\n", name="second.sh")
    home.until_ran("b")
    home.kill_all()
    home.go("a", "b")
    home.resume(second.id, code=0)
    second.lies("done")
    expect(first.room in ("run", "wait"), f"the other lies in {first.room}/")
    home.resume(first.short, code=0)
    first.lies("done")


@case
def the_output_of_a_run_that_goes_on_by_its_name_is_printed(home):
    run = home.launch("echo begin\npipeline-step a -- await a\n")
    home.until_ran("a")
    home.kill_all()
    home.go("a")
    expect(home.resume(run.id, code=0).out == b"begin\na done\n", "not its output")


# ------------------------------------------------------------------ ended, and not killed

def by_signal(number, name):
    def check(home):
        run = home.launch("pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- await b\n"
                          "pipeline-step c -- tally c\n")
        home.until_ran("b")
        run.command.kill(number).end()
        expect(run.command.process.returncode in (128 + number, -number), f"exit {run.command.process.returncode}")
        run.lies("wait")
        until(lambda: not living("pipeline-step", "await"), "its script and steps have ended", 5)
        home.go("b")
        home.resume()  # it is due
        run.lies("done")
        home.has_run("a", "b", "b", "c")

    return check


for name, number in (("TERM", 15), ("INT", 2), ("HUP", 1)):
    register(f"SIG{name}_ends_the_script_and_its_steps_and_the_run_goes_on_later", by_signal(number, name))


@case
def a_pipeline_step_alone_that_is_ended_is_run_again_at_once(home):
    """SIGTERM is no failure of the step: somebody wants the machine."""
    run = home.launch("pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- await b\n"
                      "pipeline-step c -- tally c\n")
    home.until_ran("b")
    kill(*living("pipeline-step"), number=signal.SIGTERM)
    home.until_ran("b", 2)
    home.go("b")
    run.comes_to("done")
    home.has_run("a", "b", "b", "c")


@case
def ctrl_c_at_a_terminal_ends_the_run_for_now_and_undoes_nothing(home):
    home.furnish().script("pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- await b\n"
                          "pipeline-step c -- tally c\n")
    terminal = Terminal(home, "pipeline-run", "job.sh")
    home.until_ran("b")
    terminal.types("\x03")
    expect(terminal.end() in (130, -2), f"another end: {terminal.shown!r}")
    until(lambda: not living("pipeline-step", "await"), "its steps have ended", 5)
    expect(len(home.names("runs", "wait")) == 1, f"it lies elsewhere: {home.listing()}")
    home.go("b")
    home.resume()
    home.has_run("a", "b", "b", "c")


@case
def a_reader_that_is_gone_does_not_end_the_run(home):
    """The terminal is closed, the pipe's reader has ended: what was begun is finished."""
    home.furnish().script("pipeline-step a -- await a\npipeline-step b -- tally b\n")
    command = home.start("bash", "-c", "pipeline-run job.sh 2>&1 | true; exit ${PIPESTATUS[0]}")
    home.until_ran("a")
    home.go("a")
    done = command.end()
    expect(done.code == 0, f"exit {done.code}")
    home.has_run("a", "b")
