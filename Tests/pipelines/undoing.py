"""Rollback: what was done is undone, in reverse order, once each, whoever is killed; what cannot be undone is held and told."""
import random

from case import expect
from home import case, until
from running import SOON, kill, living, moment
from sending import register

# a, b and c are done and can be undone, d fails.
FAILS = "".join(f"pipeline-step {name} --undo 'tally undo-{name}' -- tally {name}\n" for name in "abc")
UNDONE = ["undo-c", "undo-b", "undo-a"]


@case
def what_was_done_is_undone_in_reverse_order(home):
    home.pipe(FAILS + "pipeline-step d --undo 'tally undo-d' -- tally d 5\n", code=5)
    home.has_run("a", "b", "c", "d", *UNDONE)


@case
def a_step_without_undo_is_left_as_it_is(home):
    home.pipe("pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b -- tally b\npipeline-step c -- tally c 5\n",
              code=5)
    home.has_run("a", "b", "c", "undo-a")


@case
def a_run_that_is_done_undoes_nothing(home):
    home.pipe(FAILS)
    home.resume()
    home.has_run("a", "b", "c")


@case
def the_order_is_that_of_their_beginning(home):
    """a begins first and ends last."""
    run = home.launch("pipeline-step a --undo 'tally undo-a' -- await a &\nuntil grep -q a ran; do sleep 0.02; done\n"
                      "pipeline-step b --undo 'tally undo-b' -- await b &\nwait\npipeline-step c -- tally c 5\n")
    home.until_ran("b")
    home.go("b")
    until(lambda: run.products() == ["b"], "b ends first", SOON)
    home.go("a")
    run.ends(5)
    home.has_run("a", "b", "c", "undo-b", "undo-a")


@case
def steps_of_an_earlier_pass_are_undone_too(home):
    run = home.pipe(FAILS + "pipeline-step d -- moody d 75\npipeline-step e -- tally e 5\n", code=75)
    home.is_well("d")
    home.resume_now()
    run.lies("fail")
    home.has_run("a", "b", "c", "d", "d", "e", *UNDONE)


@case
def a_script_that_exits_badly_undoes(home):
    home.pipe(FAILS + "exit 3\n", code=3)
    home.has_run("a", "b", "c", *UNDONE)


# ------------------------------------------------------------------ what an undo is given

@case
def an_undo_reads_the_product_on_its_standard_input(home):
    home.write(home.home / "bytes", bytes(range(256)) + b"\0")
    home.pipe("pipeline-step a --undo 'cat >given' -- cat bytes\npipeline-step b -- tally b 5\n", code=5)
    expect((home.home / "given").read_bytes() == bytes(range(256)) + b"\0", "another text")


@case
def an_undo_is_a_line_of_shell_in_the_directory_and_environment_of_the_run(home):
    run = home.pipe("cd /\n"
                    "pipeline-step a --undo 'x=y; "
                    "(pwd; echo \"$FOO|$RUN|$STEPS|$STEP|$STEP_STATE|$UNDO_ATTEMPT\" | cat) >>given' "
                    "-- true\npipeline-step b -- false\n", code=1, options=("--env", "FOO"), env={"FOO": "foo"})
    lines = home.lines("given")
    expect(lines[0] == str(home.home), f"it runs in {lines[0]}")
    words = lines[1].split("|")
    expect(words[:4] == ["foo", run.id, f"{run.state}/steps", "a"] and words[4] == "committed" and words[5] == "1",
           f"it has {words}")


@case
def an_undo_on_a_pass_by_cron_is_given_the_same(home):
    run = home.pipe("pipeline-step a --undo 'echo \"$(pwd) $FOO $HOME $(cat)\" >given' -- echo product\n"
                    "pipeline-step b -- moody b 75\n"
                    "pipeline-step c -- false\n", code=75, options=("--env", "FOO"), env={"FOO": "foo"})
    home.is_well("b")
    home.resume_now()
    run.lies("fail")
    expect(home.lines("given") == [f"{home.home} foo {home.home} product"], f"it has {home.lines('given')}")


@case
def what_an_undo_says_is_in_the_log(home):
    run = home.pipe("pipeline-step a --undo 'echo to-out; echo to-err >&2' -- echo product\npipeline-step b -- false\n", code=1)
    expect("to-err" in run.log(), f"the log has {run.log()!r}")
    expect(b"to-out" not in run.out, "it is printed as if the script had said it")


@case
def the_undo_is_the_one_it_was_recorded_with(home):
    """A later pass names another one: what was done then is undone as it was said then, or as it is said now, but once."""
    home.write(home.home / "words", "old", 0o644)
    run = home.pipe('pipeline-step a --undo "tally $(cat words)" -- tally a\npipeline-step b -- moody b 75\n'
                    'pipeline-step c -- false\n', code=75)
    home.write(home.home / "words", "new", 0o644)
    home.is_well("b")
    home.resume_now()
    run.lies("fail")
    expect(len(set(home.ran()) & {"old", "new"}) == 1 and home.ran().count("old") + home.ran().count("new") == 1,
           f"what ran: {home.ran()}")


# ------------------------------------------------------------------ what is undone

@case
def the_step_that_failed_is_not_undone(home):
    """It has said that it did nothing."""
    home.pipe("pipeline-step a --undo 'tally undo-a' -- tally a 5\n", code=5)
    home.has_run("a")


for words, options, command, code in (("a_signal", "", "sh -c 'echo a >>ran; kill -9 $$'", 137),
                                      ("its_timeout", "--timeout 1s", "sh -c 'echo a >>ran; sleep 1000'", 124)):
    def is_in_doubt(home, options=options, command=command, code=code):
        home.pipe(f"pipeline-step a {options} --undo 'echo undo-$STEP_STATE >>ran' -- {command}\n", code=code)
        expect(len(home.ran()) == 2 and home.ran()[1].startswith("undo-"), f"what ran: {home.ran()}")
        expect(home.ran()[1] != "undo-committed", "it is undone as if it were done")

    register(f"a_step_that_was_ended_by_{words}_is_undone_for_it_may_have_done_something", is_in_doubt)


@case
def a_step_in_doubt_is_undone_when_its_run_is_cancelled(home):
    run = home.launch("pipeline-step a --undo 'echo undo-$STEP_STATE-$(cat) >>ran' -- sh -c 'echo half; await a'\n")
    home.until_ran("a")
    home.kill_all()
    home.good("spool", "sweep")
    home.good("spool", "cancel", run.id)
    until(lambda: home.resume() and run.room == "fail", "it is over", SOON)
    home.has_run("a", "undo-in-doubt-")


@case
def a_step_that_may_fail_and_did_is_undone(home):
    """It is finished, whatever its exit."""
    home.pipe("pipeline-step a --may-fail --undo 'tally undo-a' -- tally a 3\npipeline-step b -- tally b 5\n", code=5)
    home.has_run("a", "b", "undo-a")


@case
def sixty_nine_and_seventy_five_undo_nothing(home):
    for code, room in (75, "wait"), (69, "hold"):
        run = home.pipe(FAILS + f"pipeline-step d -- moody d {code}\n", code=code, room=room)
        home.has_run("a", "b", "c", "d")
        (home.home / "ran").unlink()
        expect(run.products() == ["a", "b", "c"], f"steps/ has {run.products()}")


# ------------------------------------------------------------------ once each

@case
def killed_in_the_middle_of_it_what_is_undone_is_not_undone_again(home):
    run = home.launch("pipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step b --undo 'await undo-b' -- tally b\n"
                      "pipeline-step c --undo 'tally undo-c' -- tally c\npipeline-step d -- tally d 5\n")
    home.until_ran("undo-b")
    for _ in range(2):
        home.kill_all()
        home.make_due("runs")
        home.start("env", "-i", "-C", "/", home.bin / "pipeline-run", "-C", home.spool, "--resume")
        home.until_ran("undo-b", 2)
    home.go("undo-b")
    run.comes_to("fail")
    ran = home.ran()
    expect(ran.count("undo-c") == ran.count("undo-a") == 1 and ran[-1] == "undo-a", f"what ran: {ran}")
    expect([name for name in ran if not name.startswith("undo")] == ["a", "b", "c", "d"], f"what ran: {ran}")


@case
def an_undo_that_is_begun_again_knows_it(home):
    run = home.launch("pipeline-step a --undo 'echo $UNDO_ATTEMPT >>attempts; await undo-a' -- tally a\n"
                      "pipeline-step b -- tally b 5\n")
    home.until_ran("undo-a")
    home.kill_all()
    home.go("undo-a")
    home.resume()
    run.lies("fail")
    expect(home.lines("attempts") == ["1", "2"], f"the attempts: {home.lines('attempts')}")


def killed_at_many_moments(choose):
    """Each undo notes that it has ended; what has ended and was recorded does not begin again."""
    def check(home):
        text = "".join(f"pipeline-step {name} --undo 'echo {name} >>undo; sleep 0.02' -- true\n" for name in "abcd")
        text += "pipeline-step e -- false\n"
        dice = random.Random(3)
        twice = 0
        for number in range(14):
            (home.home / "undo").unlink(missing_ok=True)
            run = home.launch(text)
            run.id
            until(lambda: (run.state / "halt").exists() or run.command.process.poll() is not None, "it fails", SOON)
            moment(number * 0.015 + dice.random() * 0.015)
            choose(home, dice)
            run.command.process.wait(SOON)
            until(lambda: run.room == "fail" or home.resume_now() and run.room == "fail", "it is over", SOON)
            undo = home.lines("undo")
            expect(len(undo) <= 5, f"killed once, and {undo} were undone")
            expect(list(dict.fromkeys(undo)) == list("dcba"), f"undone: {undo}")
            twice += len(undo) - 4
        home.remark(f"{twice} begun twice")

    return check


for words, choose in {"all_of_it": lambda home, dice: home.kill_all(),
                      "pipeline-run": lambda home, dice: kill(*living("pipeline-run"))}.items():
    register(f"while_it_undoes_{words}_is_killed_at_many_moments_and_each_is_undone_once", killed_at_many_moments(choose))


# ------------------------------------------------------------------ an undo that fails

FAILING = """pipeline-step a --undo 'tally undo-a' -- tally a
pipeline-step b --undo 'moody undo-b 1' -- tally b
pipeline-step c -- tally c 5
"""


@case
def an_undo_that_fails_is_tried_three_times_then_the_run_is_held_and_told_and_release_goes_on(home):
    run = home.pipe(FAILING, code=69, within=60)
    home.has_run("a", "b", "c", "undo-b", "undo-b", "undo-b")
    home.told(run.short, "b")
    listed = home.good("spool", "ls", "runs").out.decode()
    expect("undo" in listed, f"spool ls says {listed!r}")
    home.is_well("undo-b")
    home.good("spool", "release", run.id)
    home.resume()
    run.lies("fail")
    expect(home.ran()[-2:] == ["undo-b", "undo-a"] and home.ran().count("undo-a") == 1, f"what ran: {home.ran()}")


@case
def an_undo_that_fails_once_is_tried_again_and_all_is_well(home):
    run = home.pipe("pipeline-step a --undo 'tally undo-a; [ $UNDO_ATTEMPT -ge 2 ]' -- tally a\n"
                    "pipeline-step c -- tally c 5\n", code=5)
    home.has_run("a", "c", "undo-a", "undo-a")
    run.lies("fail")


@case
def an_undo_that_hangs_is_ended_and_the_run_is_held(home):
    """Its time is its step's --timeout."""
    run = home.pipe("pipeline-step a --timeout 1s --undo 'tally undo-a; sleep 1000' -- tally a\npipeline-step c -- tally c 5\n",
                    code=69, within=60)
    home.has_run("a", "c", "undo-a", "undo-a", "undo-a")
    until(lambda: not living("sleep"), "what hung is ended", 5)
    home.told(run.short)


@case
def a_rollback_that_is_held_and_cancelled_is_given_up(home):
    run = home.pipe(FAILING, code=69, within=60)
    home.good("spool", "cancel", run.id)
    until(lambda: run.room == "fail" or home.resume() and run.room == "fail", "it is given up", SOON)
    said = run.show()
    expect("undo-b" in said or "b" in said, f"spool show says {said!r}")
    expect(home.ran().count("undo-b") == 3, f"what ran: {home.ran()}")


@case
def an_undo_that_says_75_or_69_is_not_taken_as_done(home):
    run = home.pipe("pipeline-step a --undo 'moody undo-a 75' -- tally a\npipeline-step c -- tally c 5\n", code=69, within=60)
    home.is_well("undo-a")
    home.good("spool", "release", run.id)
    home.resume()
    run.lies("fail")
    expect(home.ran()[-1] == "undo-a", f"what ran: {home.ran()}")


# ------------------------------------------------------------------ pipeline-run --undo

@case
def a_run_that_is_done_is_undone_once_when_somebody_asks_for_it(home):
    run = home.pipe(FAILS)
    for _ in range(2):
        home.run("pipeline-run", "--undo", run.id)
    home.has_run("a", "b", "c", *UNDONE)
    expect("undone" in run.show(), f"spool show says {run.show()!r}")


@case
def a_run_under_a_key_is_undone_by_its_key_and_one_that_never_was_is_no_problem(home):
    home.pipe(FAILS, options=("--key", "k"))
    home.good("pipeline-run", "--undo", "--key", "k")
    home.good("pipeline-run", "--undo", "--key", "never")
    home.has_run("a", "b", "c", *UNDONE)


# ------------------------------------------------------------------ why

@case
def a_step_that_takes_too_long_undoes(home):
    home.pipe(FAILS + "pipeline-step d --timeout 1s -- sleep 1000\n", code=124)
    home.has_run("a", "b", "c", *UNDONE)


@case
def the_deadline_of_the_run_undoes(home):
    home.pipe(FAILS + "pipeline-step d -- await d\n", code=124, options=("--timeout", "2s"))
    home.has_run("a", "b", "c", "d", *UNDONE)


@case
def the_deadline_of_the_run_ends_a_script_that_runs_no_step(home):
    home.pipe(FAILS + "sleep 1000\n", code=124, options=("--timeout", "2s"))
    home.has_run("a", "b", "c", *UNDONE)


@case
def the_deadline_of_the_run_holds_over_a_crash(home):
    run = home.launch(FAILS + "pipeline-step d -- await d\n", options=("--timeout", "2s"))
    home.until_ran("d")
    home.kill_all()
    moment(2)
    home.resume()
    run.lies("fail")
    expect([name for name in home.ran() if name != "d"] == ["a", "b", "c", *UNDONE], f"what ran: {home.ran()}")


@case
def the_deadline_of_the_run_gives_its_undo_the_time_that_it_needs(home):
    """What is over its time must be undone all the same."""
    home.pipe("pipeline-step a --undo 'sleep 1; tally undo-a' -- tally a\npipeline-step b -- sleep 1000\n", code=124,
              options=("--timeout", "1s"))
    home.has_run("a", "undo-a")
