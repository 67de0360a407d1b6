"""spool cancel, hold, release and retry on a run: wherever it is, what it has done is undone once, or done again once."""
from case import expect
from home import case, until
from running import SOON, kill, living, moment
from sending import register

FAILS = "pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b --undo 'tally undo-b' -- tally b\n"


def until_fail(home, run):
    """The verb says at once that it is so; what it takes is done by it, or by the next who comes by."""
    until(lambda: run.room == "fail" or home.resume() and run.room == "fail", "it is over", SOON)
    return run


def cancelled(prepare):
    def check(home):
        run = prepare(home)
        home.good("spool", "cancel", run.id)
        until_fail(home, run)
        for _ in range(2):
            home.resume_now()
        expect([name for name in home.ran() if name != "d"] == ["a", "b", "undo-b", "undo-a"], f"what ran: {home.ran()}")
        expect("cancel" in home.good("spool", "ls", "runs").out.decode(), "spool ls does not say why")

    return check


def waiting(home):
    return home.pipe(FAILS + "pipeline-step d -- moody d 75\n", code=75)


def held(home):
    return home.pipe(FAILS + "pipeline-step d -- moody d 69\n", code=69)


def new(home):
    run = held(home)
    home.good("spool", "release", run.id)
    return run.lies("new")


def held_by_hand(home):
    run = waiting(home)
    home.good("spool", "hold", run.id)
    return run.lies("hold")


def orphaned(home):
    """It was killed, and nobody has come by."""
    run = home.launch(FAILS + "pipeline-step d -- await d\n")
    home.until_ran("d")
    home.kill_all()
    return run


def orphaned_with_a_living_step(home):
    run = home.launch(FAILS + "pipeline-step d -- await d\n")
    home.until_ran("d")
    run.command.kill(9).end()
    return run


def running(home):
    run = home.launch(FAILS + "pipeline-step d -- await d\n")
    home.until_ran("d")
    return run


def in_the_shell(home):
    """Between two steps."""
    run = home.launch(FAILS + "await d\n")
    home.until_ran("d")
    return run


for words, prepare in {"waits": waiting, "is_held": held, "was_released": new, "was_held_by_hand": held_by_hand,
                       "was_killed": orphaned, "was_killed_and_whose_step_lives": orphaned_with_a_living_step, "runs": running,
                       "runs_no_step": in_the_shell}.items():
    register(f"a_run_that_{words}_is_cancelled_and_undone_once", cancelled(prepare))


@case
def a_run_that_is_cancelled_while_it_runs_is_ended_with_all_its_processes(home):
    run = home.launch(FAILS + "pipeline-step d -- sh -c 'trap \"\" TERM; echo d >>ran; sleep 1000 & "
                      "while :; do sleep 0.1; done' &\n"
                      "pipeline-step e -- await e &\nwait\npipeline-step f -- tally f\n")
    home.until_ran("d")
    home.until_ran("e")
    home.good("spool", "cancel", run.id)
    done = run.command.end(40)
    expect(done.code not in (0, 70), f"pipeline-run exits {done.code}")
    run.lies("fail")
    until(lambda: not living("pipeline-step", "await", "sleep"), "nothing of it lives", 5)
    expect("f" not in home.ran() and home.ran()[-2:] == ["undo-b", "undo-a"], f"what ran: {home.ran()}")


@case
def to_cancel_twice_undoes_once(home):
    run = waiting(home)
    for _ in range(2):
        home.run("spool", "cancel", run.id)
    until_fail(home, run)
    home.run("spool", "cancel", run.id)
    home.resume_now()
    home.has_run("a", "b", "d", "undo-b", "undo-a")


@case
def two_who_cancel_at_once_undo_once(home):
    run = running(home)
    for command in [home.start("spool", "cancel", run.id) for _ in range(4)]:
        command.end()
    run.command.end()
    until_fail(home, run)
    home.has_run("a", "b", "d", "undo-b", "undo-a")


@case
def a_cancel_at_the_very_end_is_obeyed_or_refused(home):
    """Exit 0 means that it is cancelled, and that what it did is undone."""
    home.furnish().script("pipeline-step a --undo 'tally undo-a' -- tally a\n")
    obeyed = 0
    for number in range(40):
        (home.home / "ran").unlink(missing_ok=True)
        known = home.run_ids()
        command = home.start("pipeline-run", "--name", f"n{number}", "job.sh")
        until(lambda: len(home.run_ids()) > len(known), "the run is there", SOON)
        moment(number * 0.0005)
        done = home.run("spool", "cancel", f"n{number}")
        command.end()
        if done.code == 0:
            obeyed += 1
            home.resume()
            [id] = set(home.run_ids()) - set(known)
            rooms = [room for room in ("done", "fail") for name in home.names("runs", room) if name.startswith(id)]
            is_undone = "undo-a" in home.ran() or "a" not in home.ran()
            expect(rooms == ["fail"] and is_undone, f"cancel exits 0, it lies in {rooms}, and what ran: {home.ran()}")
    home.remark(f"{obeyed} of 40 were cancelled")


@case
def a_run_that_is_done_cannot_be_cancelled(home):
    run = home.pipe(FAILS)
    done = home.run("spool", "cancel", run.id)
    expect(done.code != 0 and done.err, f"exit {done.code}")
    home.resume_now()
    run.lies("done")
    home.has_run("a", "b")


@case
def a_cancel_that_is_killed_is_done_by_the_next(home):
    for number in range(8):
        (home.home / "ran").unlink(missing_ok=True)
        run = waiting(home)
        command = home.start("spool", "cancel", run.id)
        until(lambda: len(home.ran()) > 3 or command.process.poll() is not None, "it undoes", SOON)
        kill(command.pid)
        home.kill_all()
        home.run("spool", "cancel", run.id)
        until_fail(home, run)
        ran = home.ran()
        expect(ran[:3] == ["a", "b", "d"] and list(dict.fromkeys(ran[3:])) == ["undo-b", "undo-a"] and len(ran) <= 6,
               f"what ran: {ran}")


@case
def what_was_cancelled_is_told_no_more(home):
    """Whoever waits for it under its key learns that it is over."""
    run = home.launch(FAILS + "pipeline-step d -- await d\n", options=("--key", "k"))
    home.until_ran("d")
    second = home.start("pipeline-run", "--key", "k", "job.sh")
    home.good("spool", "cancel", run.id)
    done = second.end(30)
    expect(done.code not in (0, 70), f"the second exits {done.code}: {done.err!r}")
    run.command.end()
    until_fail(home, run)


# ------------------------------------------------------------------ hold, release

@case
def a_run_that_waits_is_held_and_released(home):
    run = waiting(home)
    home.good("spool", "hold", run.id)
    home.is_well("d")
    home.tick()
    home.resume()
    run.lies("hold")
    home.good("spool", "release", run.id)
    home.resume()
    run.lies("done")
    home.has_run("a", "b", "d", "d")


# ------------------------------------------------------------------ retry

RETRY = """pipeline-step a -- tally a
pipeline-step b --undo 'tally undo-b' -- tally b
pipeline-step c -- moody c 5
pipeline-step d -- tally d
"""


@case
def a_failed_run_that_is_retried_replays_what_was_not_undone_and_runs_the_rest(home):
    run = home.pipe(RETRY, code=5)
    home.has_run("a", "b", "c", "undo-b")
    home.is_well("c")
    home.good("spool", "retry", run.id)
    home.resume()
    run.lies("done")
    home.has_run("a", "b", "c", "undo-b", "b", "c", "d")
    expect(run.response == b"a done\nb done\nc done\nd done\n", f"it prints {run.response!r}")


@case
def a_retried_run_that_fails_again_undoes_again_what_it_has_done_again(home):
    run = home.pipe(RETRY, code=5)
    home.good("spool", "retry", run.id)
    home.resume()
    run.lies("fail")
    home.has_run("a", "b", "c", "undo-b", "b", "c", "undo-b")
    home.is_well("c")
    home.good("spool", "retry", run.id)
    home.resume()
    run.lies("done")


@case
def a_cancelled_run_that_is_retried_goes_on(home):
    run = waiting(home)
    home.good("spool", "cancel", run.id)
    until_fail(home, run)
    home.is_well("d")
    home.good("spool", "retry", run.id)
    home.resume()
    run.lies("done")
    home.has_run("a", "b", "d", "undo-b", "undo-a", "a", "b", "d")


@case
def a_run_whose_time_was_over_can_be_retried(home):
    """With its whole time again; else it would fail at once for ever."""
    run = home.pipe("pipeline-step a -- tally a\npipeline-step b -- sh -c 'echo b >>ran; [ -e well ] || sleep 1000'\n",
                    code=124,
                    options=("--timeout", "2s"))
    (home.home / "well").touch()
    home.good("spool", "retry", run.id)
    home.resume()
    run.lies("done")
    home.has_run("a", "b", "b")


@case
def a_retried_run_killed_goes_on_as_any(home):
    run = home.pipe("pipeline-step a -- tally a\npipeline-step b -- moody b 5\npipeline-step c -- await c\n", code=5)
    home.is_well("b")
    home.good("spool", "retry", run.id)
    home.start("pipeline-run", "--resume")
    home.until_ran("c")
    home.kill_all()
    home.go("c")
    home.resume()
    run.lies("done")
    home.has_run("a", "b", "b", "c", "c")


@case
def pipeline_run_resume_of_a_failed_run_says_retry(home):
    run = home.pipe(RETRY, code=5)
    done = home.run("pipeline-run", "--resume", run.id)
    expect(b"spool retry" in done.err, f"exit {done.code}: {done.err!r}")
    home.has_run("a", "b", "c", "undo-b")
