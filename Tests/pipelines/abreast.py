"""Parallel steps: & and a bare wait, at most so many at a time, and one that fails beside others."""
import re

from case import expect
from home import case, until
from running import SOON, kill, living, moment
from sending import register

AFTER = "pipeline-step after -- tally after\n"
BEGUN = "until [ -s ran ]; do sleep 0.02; done\n"  # the step before, in the background


def beside(*names, then="wait\n", options=""):
    return "".join(f"pipeline-step {name} {options} -- await {name} &\n" for name in names) + then


@case
def parallel_steps_run_at_the_same_time_and_a_bare_wait_waits_for_them(home):
    run = home.launch(beside("a", "b", "c") + AFTER)
    for name in "abc":
        home.until_ran(name)
    expect("after" not in home.ran(), "wait does not wait")
    home.go("c", "a", "b")
    run.ends()
    expect(run.products() == ["a", "after", "b", "c"] and sorted(run.out.split(b"\n")[:3]) == [b"a done", b"b done", b"c done"],
           f"it prints {run.out!r}")
    home.ran_once("a", "b", "c", "after")


@case
def a_hundred_parallel_steps_run_once_each(home):
    run = home.pipe('for i in $(seq 100); do pipeline-step "s-$i" -- tally "$i" & done; wait\n'
                    'pipeline-step z -- moody z 75\n', code=75)
    home.is_well("z")
    home.resume_now()
    run.lies("done")
    home.ran_once(*map(str, range(1, 101)), "z", "z")
    expect(sorted(run.response.split(b"\n")[:100]) == sorted(b"%d done" % i for i in range(1, 101)), "not each product once")


@case
def the_outputs_of_parallel_steps_are_not_mixed(home):
    """Each is printed in one piece, however long."""
    text = "for i in 1 2 3 4; do pipeline-step s-$i -- sh -c 'yes $0 | head -20000' $i & done; wait\n"
    run = home.pipe(text)
    pieces = re.sub(rb"(.)(?:\n\1)*\n", rb"\1", run.out)
    expect(sorted(pieces) == sorted(b"1234"), f"it prints them in {len(pieces)} pieces")


# ------------------------------------------------------------------ one fails

def one_fails(head):
    def check(home):
        run = home.launch("pipeline-step a --undo 'tally undo-a' -- await a &\npipeline-step b -- await b 5 &\n"
                          "wait\n" + AFTER, head=head)
        home.until_ran("a")
        home.go("b")
        home.until_ran("b")
        until(lambda: (run.state / "halt").exists(), "the run halts", SOON)
        expect(run.command.process.poll() is None and "undo-a" not in home.ran(), "it does not wait for the other one")
        home.go("a")
        run.ends(5)
        expect(sorted(home.ran()[:2]) == ["a", "b"] and home.ran()[2:] == ["undo-a"], f"what ran: {home.ran()}")
        expect("after" in run.err, f"it says {run.err!r}")

    return check


for words, head in (("sh", "#!/bin/sh\n"), ("bash", "#!/bin/bash\n"), ("sh_with_set_-e", "#!/bin/sh\nset -e\n"),
                    ("bash_with_set_-e", "#!/bin/bash -e\n")):
    register(f"in_{words}_one_of_two_parallel_steps_fails_and_the_other_goes_on_to_its_end_and_is_undone", one_fails(head))


@case
def of_two_that_fail_the_first_gives_the_exit(home):
    run = home.launch("pipeline-step a -- await a 5 &\npipeline-step b -- await b 6 &\nwait\n")
    home.until_ran("a")
    home.until_ran("b")
    home.go("b")
    until(lambda: (run.state / "halt").exists(), "the run halts", SOON)
    home.go("a")
    run.ends(6)


@case
def one_that_parks_beside_one_that_goes_on_loses_nothing(home):
    run = home.launch("pipeline-step a --undo 'tally undo' -- await a &\n" + BEGUN +
                      "pipeline-step b -- moody b 75 &\nwait\n" + AFTER)
    home.until_ran("a")
    home.until_ran("b")
    home.go("a")
    run.ends(75)
    expect(run.product("a") == b"a done\n", "its product is lost")
    home.ran_once("a", "b")
    home.is_well("b")
    home.resume_now()
    run.lies("done")
    home.ran_once("a", "b", "b", "after")


@case
def one_that_fails_beside_one_that_parks_fails_the_run(home):
    run = home.launch("pipeline-step a -- await a 5 &\n" + BEGUN + "pipeline-step b -- moody b 75 &\nwait\n" + AFTER)
    home.until_ran("b")
    home.go("a")
    run.ends(5)
    home.ran_once("a", "b")


@case
def one_that_failed_beside_one_that_parks_is_not_run_again(home):
    run = home.launch("pipeline-step a --undo 'tally undo-a' -- await a 5 &\n" + BEGUN +
                      "pipeline-step b --undo 'tally undo-b' -- moody b 75 &\nwait\n")
    home.until_ran("a")
    home.until_ran("b")
    until(lambda: (run.state / "halt").exists(), "the run stops", SOON)
    home.go("a")
    run.command.end()
    home.is_well("b")
    home.resume_now()
    run.lies("fail")
    expect(home.ran().count("a") == 1, f"what ran: {home.ran()}")


@case
def a_process_number_can_be_waited_for(home):
    run = home.pipe("pipeline-step a --may-fail -- tally a 5 & a=$!\npipeline-step b -- tally b & b=$!\n"
                    'wait $a; echo "a $?"; wait $b; echo "b $?"\n')
    expect(b"a 5\n" in run.out and b"b 0\n" in run.out, f"it prints {run.out!r}")


@case
def two_at_once_under_one_name_run_once_and_both_print_it(home):
    run = home.launch("pipeline-step a -- await a &\npipeline-step a -- await a &\nwait\n")
    home.until_ran("a")
    until(lambda: len(living("pipeline-step")) >= 2, "both have begun", SOON)
    home.go("a")
    expect(run.ends().out == b"a done\na done\n", f"it prints {run.out!r}")
    home.has_run("a")


@case
def two_at_once_under_one_name_with_two_commands_are_refused(home):
    run = home.launch("pipeline-step a -- await a &\nuntil [ -s ran ]; do sleep 0.02; done\npipeline-step a -- tally other\n"
                      "wait\n")
    home.until_ran("a")
    home.go("a")
    done = run.command.end()
    expect(done.code != 0 and "other" not in home.ran(), f"exit {done.code}, and what ran: {home.ran()}")


# ------------------------------------------------------------------ at most so many

OVERLAP = 'echo + >>"$HOME/many"; sleep 0.1; echo - >>"$HOME/many"\n'


def most_at_once(home):
    now = most = 0
    for line in home.lines("many"):
        now += 1 if line == "+" else -1
        most = max(most, now)
    return most


for number in 1, 2, 5:
    def at_most_so_many(home, number=number):
        home.write(home.home / "tools/busy", "#!/bin/sh\n" + OVERLAP)
        home.pipe('for i in $(seq 10); do pipeline-step "s-$i" -- busy & done; wait\n', options=("--max-parallel", number))
        expect(len(home.lines("many")) == 20, f"not all have run: {len(home.lines('many'))}")
        expect(most_at_once(home) == number, f"{most_at_once(home)} ran at once")

    register(f"with_max-parallel_{number}_so_many_run_at_a_time_and_all_run", at_most_so_many)


@case
def the_place_of_one_that_is_killed_is_free(home):
    run = home.launch(beside("a", "b", then="wait\n"), options=("--max-parallel", "1"))
    until(lambda: home.ran(), "one runs", SOON)
    first = home.ran()[0]
    home.go("a", "b")
    kill(*living("pipeline-run", "job.sh", "sh", "pipeline-step"))
    home.kill_all()
    home.resume()
    run.lies("done")
    expect(home.ran().count("a" if first == "b" else "b") == 1, f"what ran: {home.ran()}")


@case
def those_that_wait_for_their_turn_are_refused_after_a_failure(home):
    run = home.launch("pipeline-step a -- await a 5 &\nuntil [ -s ran ]; do sleep 0.02; done\n"
                      "pipeline-step b -- tally b &\npipeline-step c -- tally c &\nwait\n", options=("--max-parallel", "1"))
    home.until_ran("a")
    until(lambda: len(living("pipeline-step")) >= 3, "two wait for their turn", SOON)
    home.go("a")
    run.ends(5)
    home.has_run("a")


@case
def finished_steps_need_no_place(home):
    """A hundred that are only printed, while another takes the only place."""
    run = home.pipe('for i in $(seq 20); do pipeline-step "s-$i" -- tally "$i"; done\npipeline-step z -- moody z 75\n', code=75,
                    options=("--max-parallel", "1"))
    home.is_well("z")
    home.resume_now(within=30)
    run.lies("done")
    expect(len(home.ran()) == 22, f"{len(home.ran())} ran")


@case
def one_that_waits_for_its_turn_needs_no_time_of_its_timeout(home):
    """The clock of --timeout starts with the command."""
    run = home.launch("pipeline-step a -- await a &\nuntil [ -s ran ]; do sleep 0.02; done\n"
                      "pipeline-step b --timeout 1s -- tally b &\nwait\n",
                      options=("--max-parallel", "1"))
    home.until_ran("a")
    until(lambda: len(living("pipeline-step")) >= 2, "it waits for its turn", SOON)
    moment(1.3)
    home.go("a")
    run.ends()
