"""69 and 75 are no verdict: the run is parked, nothing is undone, somebody is told, and it goes on later where it was."""
import time

from case import expect
from home import case, until
from running import SOON
from sending import later, register

TEXT = "pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b {} -- moody b {}\npipeline-step c -- tally c\n"


@case
def seventy_five_parks_the_run_until_it_is_due_and_the_tick_goes_on(home):
    run = home.pipe(TEXT.format("", 75), code=75)
    expect(20 < run.path.stat().st_mtime - time.time() < 90, f"due in {run.path.stat().st_mtime - time.time():.0f} s")
    home.is_well("b")
    home.tick()
    home.resume()
    run.lies("wait")
    home.has_run("a", "b")
    home.tick(later(120))
    run.comes_to("done")
    home.has_run("a", "b", "b", "c")


@case
def it_is_put_off_for_longer_and_longer(home):
    run = home.pipe(TEXT.format("", 75), code=75)
    spans = [run.path.stat().st_mtime - time.time()]
    for _ in range(3):
        home.resume_now()
        spans.append(run.lies("wait").path.stat().st_mtime - time.time())
    expect(all(second > first * 1.4 for first, second in zip(spans, spans[1:])), f"the spans: {spans}")
    expect(spans[-1] < 3700, f"the spans: {spans}")


@case
def it_waits_as_often_as_it_must(home):
    """An outage of a day: a run never fails because it had to wait."""
    run = home.pipe(TEXT.format("", 75), code=75)
    for _ in range(12):
        home.resume_now()
        run.lies("wait")
    home.is_well("b")
    home.resume_now()
    run.lies("done")


@case
def sixty_nine_holds_the_run_until_it_is_released(home):
    run = home.pipe(TEXT.format("", 69), code=69)
    home.is_well("b")
    home.tick()
    home.resume()
    run.lies("hold")
    home.has_run("a", "b")
    home.good("spool", "release", run.id)
    home.tick()
    run.comes_to("done")
    home.has_run("a", "b", "b", "c")


for code, room in (75, "wait"), (69, "hold"):
    def is_told(home, code=code, room=room):
        """What waits is told of once for its step; what is held, each time that somebody has released it in vain."""
        run = home.pipe(TEXT.format("", code), code=code)
        home.told(run.short, "b")
        for _ in range(2):
            if room == "hold":
                home.good("spool", "release", run.id)
            home.resume_now()
            run.lies(room)
        home.tick()
        home.told(run.short, "b", times=3 if room == "hold" else 1)

    def no_later_step(home, code=code):
        """The script goes on: nobody has said set -e, and c may need what b has not made."""
        run = home.pipe(TEXT.format("", code) + "echo \"it was $?\" >&2\n", code=code)
        run.says(f"it was {code}\n")
        home.has_run("a", "b")

    def is_no_verdict(home, code=code, room=room):
        home.pipe(TEXT.replace("pipeline-step b", "! pipeline-step b").format("", code) + "exit 0\n", code=code, room=room)
        home.has_run("a", "b")

    def is_no_failure_of_the_script(home, code=code, room=room):
        """set -e ends it with this exit, and || exit 1 with another: the step says what it was."""
        home.pipe(f"pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- moody b {code} || exit 1\n",
                  code=code, room=room)
        home.has_run("a", "b")

    register(f"{code}_is_told_to_a_person_and_not_again_and_again", is_told)
    register(f"after_{code}_no_later_step_runs_in_that_pass", no_later_step)
    register(f"{code}_of_a_step_parks_the_run_whatever_the_script_makes_of_it", is_no_verdict)
    register(f"{code}_of_a_step_and_another_exit_of_the_script_parks_the_run", is_no_failure_of_the_script)


@case
def what_is_parked_says_why(home):
    for code in 75, 69:
        home.pipe(f"pipeline-step fetch -- sh -c 'echo the server is down >&2; exit {code}'\n", code=code)
        listed = home.good("spool", "ls", "runs").out.decode().splitlines()
        expect(any("fetch" in line and str(code) in line for line in listed), f"spool ls says {listed}")


@case
def it_goes_on_by_its_name_before_it_is_due(home):
    run = home.pipe(TEXT.format("", 75), code=75)
    home.is_well("b")
    home.resume(run.id, code=0)
    run.lies("done")


@case
def touch_and_retry_make_it_due(home):
    for number, make_due in enumerate((lambda run: home.make_due("runs"), lambda run: home.good("spool", "retry", run.id))):
        run = home.pipe(f"pipeline-step b -- moody b{number} 75\n", code=75)
        home.is_well(f"b{number}")
        make_due(run)
        home.tick()
        run.comes_to("done")


@case
def with_attempts_it_parks_when_they_have_ended(home):
    run = home.pipe(TEXT.format("--attempts 2", 75), code=75)
    home.has_run("a", "b", "b")
    run.lies("wait")


# ------------------------------------------------------------------ people and messages that are out of reach

ASK = """pipeline-step a --undo 'tally undo-a' -- tally a
pipeline-step ask -- sh -c 'echo Tea? | wait-approval --to {}'
pipeline-step c -- tally c
"""
DOWN = '#!/bin/sh\n[ -e ~/well ] || exit {}\ncat >>~/arrived\necho receipt\n'


def furnished(home, code):
    home.furnish().write(home.spool / "channels/own", DOWN.format(code))
    return home


@case
def a_question_that_reaches_nobody_holds_the_run_and_once_it_is_answered_the_tick_goes_on(home):
    """Nobody has to release anything: the answer does."""
    run = furnished(home, 1).pipe(ASK.format("own:x"), code=69)
    run.lies("hold")
    home.has_run("a")
    (home.home / "well").touch()
    for queue in "approvals", "deliveries":
        home.make_due(queue)
    until(lambda: home.tick() and home.names("approvals", "hold"), "the question arrives", SOON)
    [id] = home.names("approvals", "hold")
    run.lies("hold")
    home.good("approve", id)
    until(lambda: home.tick() and run.room == "done", "the run goes on", SOON)
    home.has_run("a", "c")


@case
def a_question_that_reaches_nobody_and_is_rejected_later_fails_the_run(home):
    run = furnished(home, 1).pipe(ASK.format("own:x"), code=69)
    (home.home / "well").touch()
    for queue in "approvals", "deliveries":
        home.make_due(queue)
    until(lambda: home.tick() and home.names("approvals", "hold"), "the question arrives", SOON)
    home.good("reject", *home.names("approvals", "hold"))
    until(lambda: home.tick() and run.room == "fail", "the run fails", SOON)
    home.has_run("a", "undo-a")


@case
def a_question_whose_channel_is_down_for_a_while_delays_the_run_and_undoes_nothing(home):
    """A 15-minute outage: the step waits, or the run is parked; when the channel is back, one answer ends it."""
    run = furnished(home, 75).launch(ASK.format("own:x"))
    home.until_ran("a")
    until(lambda: home.names("approvals", "new") or home.names("approvals", "wait"), "it is asked", SOON)
    home.kill_all()
    (home.home / "well").touch()
    for queue in "approvals", "deliveries":
        home.make_due(queue)
    home.tick()
    until(lambda: home.names("approvals", "hold"), "the question arrives", SOON)
    home.good("approve", *home.names("approvals", "hold"))
    until(lambda: home.tick() and run.room == "done", "the run goes on", SOON)
    home.has_run("a", "c")


@case
def an_agent_that_is_overloaded_delays_the_run(home):
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- claude-call --attempts 1 hello\n"
                      "pipeline-step c -- tally c\n",
                      options=("--env", "STANDIN_CLAUDE"),
                      env={"STANDIN_CLAUDE": f"fail-then-good=1:{home.home}/tried"}).ends(75)
    home.has_run("a")
    home.make_due("calls-main")
    home.resume_now()
    run.lies("done")
    home.has_run("a", "c")


@case
def an_agent_that_nobody_has_installed_holds_the_run(home):
    home.furnish().write(home.spool / "agents/x.md", "Command: not-installed\n\nWho.\n", 0o644)
    run = home.launch("pipeline-step b -- claude-call --agent x hello\npipeline-step c -- tally c\n").ends(69)
    home.write(home.home / "tools/not-installed", "#!/bin/sh\ncat >/dev/null\necho hi\n")
    home.good("spool", "release", run.id)
    home.resume()
    run.lies("done")
