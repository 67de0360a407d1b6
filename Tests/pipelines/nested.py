"""A run in a run, and a step in a step: one inner run for each step, whoever is killed, and its end is the step's."""
from case import expect
from home import case, until
from running import SOON

OUTER = "pipeline-step before -- tally before\npipeline-step inner --undo 'tally undo-inner' -- pipeline-run inner.sh\n" \
        "pipeline-step after -- tally after\n"


def nest(home, inner, outer=OUTER, **how):
    home.script(inner, "inner.sh")
    return home.launch(outer, **how)


def inner_of(home, run):
    def others():
        return [id for id in home.run_ids() if id != run.id]

    until(others, "the inner run is there", SOON)
    expect(len(others()) == 1, f"{len(others())} inner runs")
    return type(run)(home, [run.id], run.command)


@case
def the_output_of_an_inner_run_is_the_product_of_its_step(home):
    run = nest(home, "pipeline-step a -- tally a\npipeline-step b -- tally b\n").ends()
    expect(run.product("inner") == b"a done\nb done\n", f"its product is {run.product('inner')!r}")
    home.has_run("before", "a", "b", "after")
    inner = inner_of(home, run).lies("done")
    expect(inner.entry.header["Key"] == f"{run.id}/inner/pipeline-run/inner", f"its key is {inner.entry.header.get('Key')}")


@case
def killed_all_at_once_both_go_on_and_there_is_one_inner_run(home):
    run = nest(home, "pipeline-step a -- tally a\npipeline-step b -- await b\n")
    home.until_ran("b")
    inner = inner_of(home, run)
    home.kill_all()
    home.go("b")
    home.resume()
    home.resume()
    run.comes_to("done")
    inner.comes_to("done")
    expect(len(home.run_ids()) == 2, f"the runs: {home.run_ids()}")
    expect(home.ran() == ["before", "a", "b", "b", "after"], f"what ran: {home.ran()}")


@case
def an_inner_run_that_fails_fails_the_step_and_both_undo(home):
    run = nest(home, "pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- tally b 5\n",
               OUTER.replace("before --", "before --undo 'tally undo-before' --", 1)).ends(5)
    inner_of(home, run).lies("fail")
    home.has_run("before", "a", "b", "undo-a", "undo-before")


def parked(code, room):
    def check(home):
        run = nest(home, f"pipeline-step a -- tally a\npipeline-step b -- moody b {code}\n").ends(code, room)
        inner = inner_of(home, run).lies(room)
        home.has_run("before", "a", "b")
        home.is_well("b")
        if room == "hold":
            home.good("spool", "release", inner.id)
        home.make_due("runs")
        for _ in range(3):
            home.tick()
            until(lambda: not home.names("runs", "new") and not home.names("runs", "run"), "nothing runs", SOON)
            home.make_due("runs")
        inner.comes_to("done")
        run.comes_to("done")
        home.has_run("before", "a", "b", "b", "after")

    return check


check = parked(75, "wait")
check.__name__ = "an_inner_run_that_waits_lets_the_outer_wait_and_the_tick_goes_on_with_both"
case(check)
check = parked(69, "hold")
check.__name__ = "an_inner_run_that_is_held_holds_the_outer_and_the_tick_releases_that_by_itself"
case(check)


@case
def an_inner_run_ends_by_the_outer_one_s_deadline(home):
    run = nest(home, "pipeline-step a -- await a\n", options=("--timeout", "2s")).ends(124)
    inner = inner_of(home, run)
    home.resume()
    inner.comes_to("fail")


@case
def two_inner_runs_of_one_step_need_keys(home):
    home.script("pipeline-step a -- tally a\n", "inner.sh")
    run = home.pipe("pipeline-step two -- sh -c 'pipeline-run inner.sh; pipeline-run inner.sh'\n", code=64)
    expect("--key" in run.err, f"it says {run.err!r}")
    home.pipe("pipeline-step two -- sh -c 'pipeline-run --name x inner.sh; pipeline-run --name y inner.sh'\n")


@case
def the_steps_of_an_inner_run_are_its_own(home):
    """Under the same names."""
    run = nest(home, "pipeline-step before -- tally inner-before\npipeline-step after -- tally inner-after\n").ends()
    expect(run.products() == ["after", "before", "inner"], f"steps/ has {run.products()}")
    home.has_run("before", "inner-before", "inner-after", "after")


@case
def cancelling_the_outer_run_ends_the_inner_one(home):
    run = nest(home, "pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- await b\n")
    home.until_ran("b")
    inner = inner_of(home, run)
    home.good("spool", "cancel", run.id)
    run.comes_to("fail")
    home.go("b")
    for _ in range(2):
        home.resume_now()
    expect(inner.room == "fail" and home.ran().count("undo-a") == 1,
           f"the inner run lies in {inner.room}/; what ran: {home.ran()}")


@case
def an_inner_run_that_was_done_is_undone_with_the_outer_one(home):
    run = nest(home, "pipeline-step a --undo 'tally undo-a' -- tally a\n",
               "pipeline-step before --undo 'tally undo-before' -- tally before\npipeline-step inner -- pipeline-run inner.sh\n"
               "pipeline-step last -- tally last 5\n").ends(5)
    home.has_run("before", "a", "last", "undo-a", "undo-before")
    expect(inner_of(home, run).room in ("done", "fail"), "it is not over")


@case
def an_inner_run_of_three_levels_is_done_once(home):
    home.script("pipeline-step a -- tally a\npipeline-step b -- await b\n", "third.sh")
    home.script("pipeline-step third -- pipeline-run third.sh\n", "second.sh")
    run = home.launch("pipeline-step second -- pipeline-run second.sh\n")
    home.until_ran("b")
    home.kill_all()
    home.go("b")
    for _ in range(3):
        home.resume_now()
    run.comes_to("done")
    expect(home.ran() == ["a", "b", "b"] and len(home.run_ids()) == 3, f"what ran: {home.ran()}")


# ------------------------------------------------------------------ a step in a step

def in_a_step(options):
    def check(home):
        run = home.launch("pipeline-step a -- sh -c 'pipeline-step b -- tally b; tally a'\npipeline-step c -- tally c\n",
                          options=options)
        done = run.command.end(30)  # refused or run: it does not hang
        if done.code == 0:
            home.has_run("b", "a", "c")
        else:
            expect(b"pipeline-step" in done.err, f"it says {done.err!r}")

    return check


for words, options in ("", ()), ("_where_one_may_run_at_a_time", ("--max-parallel", "1")):
    check = in_a_step(options)
    check.__name__ = f"a_step_in_a_step_does_not_hang{words}"
    case(check)
