"""spool show RUN: a time line that a person reads in the terminal, and one JSON object that a program reads."""
import json
import re

from case import expect
from home import case, until
from running import SOON, moment
from sending import register


def line_of(home, run, name, *words):
    """The line of the time line that is this step's."""
    shown = run.show().splitlines()
    found = [line for line in shown if re.search(rf"(^|\s){re.escape(name)}(\s|$)",
                                                 line) and not line.startswith("    pipeline-step")]
    expect(found, f"{name} is not in {shown}")
    for word in words:
        expect(any(word in line for line in found), f"{name} has no {word!r}: {found}")
    return found


def steps(run):
    return run.told_as_json()["steps"]


@case
def each_step_has_its_line_in_the_order_of_their_beginning(home):
    run = home.pipe("pipeline-step zeta -- tally z\npipeline-step alpha -- tally a\npipeline-step mid -- tally m\n")
    shown = run.show()
    places = [shown.index(f" {name} ") for name in ("zeta", "alpha", "mid")]
    expect(places == sorted(places), f"another order: {shown}")
    for name in "zeta", "alpha", "mid":
        line_of(home, run, name, "done")
    expect([step["name"] for step in steps(run)] == ["zeta", "alpha", "mid"], f"as JSON: {steps(run)}")


@case
def it_says_when_each_began_and_how_long_it_took(home):
    run = home.pipe("pipeline-step quick -- true\npipeline-step slow -- sleep 1.2\n")
    [line] = line_of(home, run, "slow")[:1]
    expect(re.search(r"\d\d:\d\d", line) and re.search(r"1(\.\d+)? s", line), f"it shows {line!r}")


@case
def it_says_of_what_failed_how_and_of_what_was_undone_that_it_was(home):
    run = home.pipe("pipeline-step write --undo 'tally undo' -- tally a\npipeline-step keep -- tally k\n"
                    "pipeline-step send -- tally b 3\n", code=3)
    line_of(home, run, "send", "exit 3")
    line_of(home, run, "write", "undone")
    expect(not any("undone" in line for line in line_of(home, run, "keep")), f"keep was undone: {run.show()}")
    states = {step["name"]: step["state"] for step in steps(run)}
    expect("undone" in states["write"] and "fail" in states["send"] and states["keep"] == "done", f"as JSON: {states}")


@case
def it_says_what_could_not_be_undone(home):
    run = home.pipe("pipeline-step write --undo 'echo the disk is gone >&2; exit 1' -- tally a\n"
                    "pipeline-step send -- tally b 3\n", code=69)
    shown = run.show()
    expect("could not be undone" in shown or "not undone: write" in shown, f"it shows {shown}")
    expect("exit 1" in shown or "the disk is gone" in shown, f"not why: {shown}")


@case
def it_says_what_runs_now_and_by_whom(home):
    run = home.launch("pipeline-step first -- true\npipeline-step now -- await now\n")
    home.until_ran("now")
    [pid] = home.until_living("pipeline-step")
    line_of(home, run, "now", "running", str(pid))
    expect(any("running" in step["state"] for step in steps(run)), f"as JSON: {steps(run)}")
    home.go("now")
    run.ends()


@case
def it_says_what_is_in_doubt(home):
    run = home.launch("pipeline-step half -- await half\n")
    home.until_ran("half")
    home.kill_all()
    until(lambda: "in doubt" in run.show(), "nobody has its lock any more", 5)
    line_of(home, run, "half", "in doubt")


@case
def it_says_whom_a_step_waited_for_and_ends_with_how_long(home):
    run = home.launch("pipeline-step ask -- sh -c 'echo Tea? | wait-approval --to me'\n")
    until(lambda: home.names("approvals", "hold"), "it arrives", SOON)
    moment(1.1)
    home.good("approve", *home.names("approvals", "hold"))
    run.ends()
    line_of(home, run, "ask", "me")
    last = [line for line in run.show().splitlines() if "waiting for" in line]
    expect(last and re.search(r"of it waiting for me", last[-1]), f"it ends so: {run.show().splitlines()[-3:]}")


@case
def without_waiting_for_anybody_it_ends_with_how_long_it_took(home):
    run = home.pipe("pipeline-step a -- sleep 1\n")
    expect("waiting for" not in run.show(), f"it shows {run.show()}")


@case
def it_says_what_the_calls_of_a_step_cost(home):
    run = home.pipe("pipeline-step dear -- claude-call hello\npipeline-step free -- true\n",
                    options=("--env", "STANDIN_CLAUDE"),
                    env={"STANDIN_CLAUDE": "cost=0.25"})
    line_of(home, run, "dear", "0.25")
    [[call]] = [step["asked"] for step in steps(run) if step["name"] == "dear"]
    expect(call["costUSD"] == 0.25 and call["tool"] == "claude-call", f"as JSON: {steps(run)}")


@case
def as_json_it_is_one_object_with_all_of_it(home):
    for code in 0, 5, 69, 75:
        run = home.pipe(f"pipeline-step a -- tally a\npipeline-step b -- tally b {code}\n", code=code)
        told = run.told_as_json()
        expect(told["id"] == run.id and told["room"] == run.room, f"it says {told}")
        expect([step["name"] for step in told["steps"]] == ["a", "b"], f"it says {told}")


@case
def to_look_at_it_changes_nothing(home):
    """While it runs, and by many at once."""
    run = home.launch("pipeline-step a -- await a\n")
    home.until_ran("a")
    for command in [home.start("spool", "show", run.id) for _ in range(8)]:
        expect(command.end().code == 0, "it cannot be shown")
    home.go("a")
    run.ends()
    home.has_run("a")


@case
def a_run_that_has_not_begun_is_shown_too(home):
    run = home.pipe("pipeline-step a -- moody a 69\n", code=69)
    home.good("spool", "release", run.id)
    expect(run.id in run.show(), "it is not shown")


@case
def a_run_of_a_thousand_steps_is_shown(home):
    run = home.pipe('i=0; while [ $i -lt 300 ]; do i=$((i+1)); pipeline-step "s-$i" -- true; done\n')
    shown = run.show()
    expect("s-1 " in shown and "s-300 " in shown, f"it shows {len(shown)} characters")


@case
def the_time_that_it_was_parked_is_no_time_of_a_step(home):
    run = home.pipe("pipeline-step a -- tally a\npipeline-step b -- moody b 75\n", code=75)
    moment(1.5)
    home.is_well("b")
    home.resume_now()
    took = {step["name"]: step for step in steps(run)}
    line = line_of(home, run, "a")[0]
    expect(not re.search(r"[1-9](\.\d+)? s", line.partition("done")[2] or line), f"it shows {line!r}: {took}")


# ------------------------------------------------------------------ what comes from outside

EVIL = "a\x1b[2Jb\x1b]0;title\x07\x9b31m\u202ec\rd"
ACTS = set("\x1b\x07\x9b\u202e\r")


for words, text, how in (("output", f"pipeline-step a -- printf '%s' \"$1\"\npipeline-step b -- tally b 5\n", {}),
                         ("complaints", "pipeline-step a -- sh -c 'echo \"$1\" >&2; exit 5' sh \"$1\"\n", {}),
                         ("undo", "pipeline-step a --undo \"echo '$1' >&2; false\" -- true\npipeline-step b -- tally b 5\n",
                          {"room": "hold"}),
                         ("arguments", "pipeline-step a -- tally \"$1\"\npipeline-step b -- tally b 5\n", {}),
                         ("name", "pipeline-step b -- tally b 5\n", {"options": ("--name", EVIL)})):
    def is_shown_harmlessly(home, text=text, how=how, words=words):
        home.furnish()
        known = home.run_ids()
        run = home.launch(text, EVIL, **{name: value for name, value in how.items() if name != "room"})
        done = run.command.end(60)
        if words == "name" and done.code == 64:
            expect(not set(done.err.decode()) & ACTS, f"it says {done.err!r}")
            return expect(home.run_ids() == known, "it was begun")
        for command in ("show", run.id), ("show", "--json", run.id), ("ls", "runs"):
            shown = home.good("spool", *command).out.decode()
            expect(not set(shown) & ACTS,
                   f"spool {command[0]} shows {[line for line in shown.splitlines() if set(line) & ACTS]}")

    register(f"nothing_in_a_step_s_{words}_acts_on_the_terminal_of_who_looks", is_shown_harmlessly)


@case
def what_a_step_prints_cannot_forge_a_line_of_the_time_line(home):
    run = home.pipe("pipeline-step a -- tally \"$1\"\npipeline-step b -- tally b 5\n", "x\n  00:00:00  forged  done  0 s",
                    code=5)
    for line in run.show().splitlines():
        expect(not line.strip().startswith("00:00:00  forged"), f"it shows {line!r}")


@case
def a_record_that_somebody_has_spoilt_is_told_and_does_not_hide_the_others(home):
    run = home.pipe("pipeline-step a -- tally a\npipeline-step b -- tally b\n")
    for path in (run.state / "steps").glob(".a*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"\xff\0spoilt\n")
    done = home.run("spool", "show", run.id)
    expect(done.code != 70 and b" b " in done.out, f"exit {done.code}, and it shows {done.out!r}")
    json.loads(home.run("spool", "show", "--json", run.id).out)
