"""A run is an entry: the same rooms and verbs, a name, a key, alone where that is wanted, a deadline for all of it."""
import json
import time

from case import expect
from home import case, failed, until
from running import SOON, living, moment
from sending import register

AWAIT = "pipeline-step a -- await a\n"


# ------------------------------------------------------------------ rooms

@case
def while_it_runs_it_lies_in_run_with_who_works_on_it(home):
    run = home.launch(AWAIT)
    home.until_ran("a")
    expect(run.room == "run" and run.path.name.endswith(f".{run.command.pid}"), f"it is {run.path}")
    listed = home.good("spool", "ls", "runs").out.decode()
    expect(run.id in listed and "job" in listed and "run" in listed, f"spool ls says {listed!r}")
    home.good("spool", "check")
    home.go("a")
    run.ends()
    expect(run.path.name == run.id, f"it is {run.path}")


@case
def in_each_room_spool_check_finds_nothing(home):
    for code in 0, 5, 69, 75:
        home.pipe(f"pipeline-step a --undo true -- tally a\npipeline-step b -- tally b {code}\n", code=code)
        home.good("spool", "check")
        home.good("spool", "sweep")
        home.good("spool", "check")


@case
def its_response_is_what_its_last_pass_printed(home):
    run = home.pipe("echo one\npipeline-step a -- moody a 75\n", code=75)
    expect(not home.names("runs", "re"), "there is a response already")
    home.is_well("a")
    home.resume_now()
    expect(home.good("spool", "show", "--response", run.id).out == b"one\na done\n", "not its response")
    expect(home.good("spool", "show", "--body", run.id).out == run.entry.body, "--body is another text")


@case
def a_run_that_failed_has_no_response(home):
    home.pipe("echo one\npipeline-step a -- tally a 5\n", code=5)
    expect(not home.names("runs", "re"), "there is one")


@case
def spool_ls_as_json_has_it(home):
    run = home.pipe("pipeline-step a -- tally a 75\n", code=75)
    [told] = [json.loads(line) for line in home.good("spool", "ls", "--json", "runs").out.splitlines()]
    expect(told["id"] == run.id and told["room"] == "wait" and told["queue"] == "runs", f"it says {told}")


@case
def a_run_may_be_named_by_its_six_characters(home):
    run = home.pipe("echo one\n")
    short = run.id.split("-")[1]
    expect(run.id in home.good("spool", "show", short).out.decode(), "it is not found")


@case
def by_hand_it_is_moved_as_any_entry(home):
    """mv -n wait/X hold/ parks; mv -n hold/X new/ goes on."""
    run = home.pipe("pipeline-step a -- moody a 75\n", code=75)
    home.is_well("a")
    run.path.rename(home.spool / "runs/hold" / run.path.name)
    home.make_due("runs")
    home.resume()
    run.lies("hold")
    run.path.rename(home.spool / "runs/new" / run.path.name)
    home.resume()
    run.lies("done")


# ------------------------------------------------------------------ --name

@case
def without_a_name_it_is_called_as_its_script(home):
    for file, name in ("job.sh", "job"), ("job", "job"), ("a.b.sh", "a.b"), ("dir/x.sh", "x"), \
            ("content-v2.bash", "content-v2.bash"):
        run = home.pipe("true\n", name=file)
        expect(run.entry.header["Subject"] == name, f"{file} is called {run.entry.header['Subject']}")


@case
def with_a_name_it_is_called_so(home):
    for name in "content-v2", "A_b.c", "Grüße":
        run = home.pipe("true\n", options=("--name", name))
        expect(run.entry.header["Subject"] == name, f"it is called {run.entry.header['Subject']}")


for words, name in {"blanks": "Der Morgen", "a_slash": "a/b", "a_newline": "a\nb", "an_escape": "a\x1b[2J",
                    "65_characters": "x" * 65}.items():
    def is_no_name(home, name=name):
        home.furnish().script("tally a\n")
        done = failed(home.run("pipeline-run", "--name", name, "job.sh"), 64, "--name", tool="pipeline-run")
        expect(not set(done.err) & set(b"\x1b"), f"it says {done.err!r}")
        home.has_run()

    register(f"a_name_with_{words}_is_refused", is_no_name)


# ------------------------------------------------------------------ --singleton

def refuses_a_second(prepare):
    def check(home):
        run = prepare(home)
        done = home.run("pipeline-run", "--singleton", "job.sh")
        expect(done.code == 75 and run.id in done.err.decode(), f"exit {done.code}: {done.err!r}")
        expect(len(home.run_ids()) == 1, f"the runs: {home.run_ids()}")

    return check


def running(home):
    run = home.launch(AWAIT, options=("--singleton",))
    home.until_ran("a")
    return run


def killed(home):
    run = running(home)
    home.kill_all()
    return run


def parked(code, **how):
    return lambda home: home.pipe(f"pipeline-step a -- moody a {code}\n", code=code, **how)


def released(home):
    run = parked(69)(home)
    home.good("spool", "release", run.id)
    return run


for words, prepare in {"that_runs": running, "that_was_killed": killed, "that_waits": parked(75), "that_is_held": parked(69),
                       "that_was_released": released, "that_is_no_singleton_itself": parked(75, options=())}.items():
    register(f"a_singleton_beside_one_{words}_is_refused_and_names_it", refuses_a_second(prepare))


@case
def a_singleton_may_run_when_the_other_is_over(home):
    for code in 0, 5, 0:
        home.pipe(f"pipeline-step a -- tally a {code}\n", code=code, options=("--singleton",))
    expect(len(home.run_ids()) == 3, f"the runs: {home.run_ids()}")


@case
def singletons_of_other_names_run_side_by_side(home):
    run = running(home)
    home.good("pipeline-run", "--singleton", "--name", "other", home.script("tally other\n", "other.sh"))
    home.go("a")
    run.ends()


@case
def of_eight_singletons_at_once_one_runs(home):
    home.furnish().script("pipeline-step a -- await a\n")
    commands = [home.start("pipeline-run", "--singleton", "job.sh") for _ in range(8)]
    until(lambda: sum(command.process.poll() is None for command in commands) <= 1, "seven are refused", SOON)
    home.until_ran("a")
    home.go("a")
    codes = sorted(command.end().code for command in commands)
    expect(codes == [0] + [75] * 7 and home.ran() == ["a"], f"the exits: {codes}; what ran: {home.ran()}")


@case
def without_singleton_runs_of_one_name_run_side_by_side(home):
    runs = []
    for number in range(3):
        runs.append(home.launch('pipeline-step a -- await "a$1"\n', number))
        home.until_ran(f"a{number}")
    home.go("a0", "a1", "a2")
    for run in runs:
        run.ends()


# ------------------------------------------------------------------ --key

KEYED = "pipeline-run", "--key", "k", "job.sh"


@case
def the_same_key_after_it_is_done_prints_its_output_again(home):
    run = home.pipe("echo one\npipeline-step a -- tally a\n", options=("--key", "k"))
    expect(home.good(*KEYED).out == run.out == b"one\na done\n", "another output")
    expect(len(home.run_ids()) == 1, f"the runs: {home.run_ids()}")
    home.has_run("a")


@case
def the_same_key_prints_a_long_output_again_as_it_was(home):
    run = home.pipe("pipeline-step a -- seq 1000000\n", options=("--key", "k"))
    again = home.good(*KEYED).out
    expect(again == run.out, f"first {len(run.out)} bytes, then {len(again)}: {again[:20]!r}...")
    home.good("pipeline-run", "--key", "k", "--timeout", "1h", "job.sh")


@case
def the_same_key_while_it_waits_goes_on_with_it(home):
    run = home.pipe("pipeline-step a -- tally a\npipeline-step b -- moody b 75\n", code=75, options=("--key", "k"))
    home.is_well("b")
    expect(home.good(*KEYED).out == b"a done\nb done\n", "another output")
    run.lies("done")
    home.has_run("a", "b", "b")


@case
def the_same_key_after_it_was_killed_goes_on_with_it(home):
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- await b\n", options=("--key", "k"))
    home.until_ran("b")
    home.kill_all()
    home.go("b")
    expect(home.good(*KEYED).out == b"a done\nb done\n", "another output")
    run.lies("done")


@case
def the_same_key_while_another_has_it_waits_for_it(home):
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- await b\n", options=("--key", "k"))
    home.until_ran("b")
    second = home.start(*KEYED)
    home.until_living("pipeline-run")
    until(lambda: second.process.poll() is not None or second.sleeps() or len(living("pipeline-run")) >= 2, "it waits", SOON)
    home.go("b")
    expect(second.end().out == b"a done\nb done\n", "another output")
    run.ends()
    home.has_run("a", "b")


@case
def the_same_key_after_it_failed_is_refused_and_says_retry(home):
    run = home.pipe("pipeline-step a -- tally a 5\n", code=5, options=("--key", "k"))
    failed(home.run(*KEYED), 69, run.id.split("-")[1], "spool retry", tool="pipeline-run")
    home.has_run("a")


@case
def the_same_key_while_it_is_held_says_so(home):
    run = home.pipe("pipeline-step a -- moody a 69\n", code=69, options=("--key", "k"))
    done = home.run(*KEYED)
    expect(done.code in (0, 69), f"exit {done.code}")
    expect(run.room in ("hold", "done"), f"it lies in {run.room}/")


@case
def eight_at_once_under_one_key_are_one_run_and_each_prints_it(home):
    home.furnish().script('pipeline-step a -- await "$1"\n')
    for name in "a", "b", "c", "d", "e", "f":
        commands = [home.start("pipeline-run", "--key", name, "job.sh", name) for _ in range(8)]
        home.until_ran(name)
        until(lambda: len(living("pipeline-run")) >= 8, "all are there", SOON)
        home.go(name)
        for command in commands:
            done = command.end()
            expect(done.code == 0 and done.out == f"{name} done\n".encode(),
                   f"exit {done.code}, and it prints {done.out!r}: {done.err!r}")
    expect(len(home.run_ids()) == 6, f"the runs: {home.run_ids()}")
    home.has_run("a", "b", "c", "d", "e", "f")


@case
def the_same_key_for_another_script_is_told(home):
    home.pipe("echo one\n", options=("--key", "k"))
    home.script("echo two\n", "two.sh")
    done = home.run("pipeline-run", "--key", "k", "two.sh")
    expect(b"two" not in done.out and done.err, f"exit {done.code}, and it prints {done.out!r} {done.err!r}")


# ------------------------------------------------------------------ --timeout

@case
def the_steps_inherit_the_deadline_of_the_run(home):
    say = "sh -c 'echo $SPINDLE_DEADLINE'"
    text = f"for t in 1h 10s; do pipeline-step s-$t --timeout $t -- {say}; done\npipeline-step s -- {say}\n"
    run = home.pipe(text, options=("--timeout", "60s"))
    lines = run.out.decode().split()
    expect(len(lines) == 3 and lines[0] == lines[2] > lines[1], f"the deadlines: {lines}")


@case
def the_deadline_stands_in_the_entry(home):
    run = home.pipe("true\n", options=("--timeout", "60s"))
    at = run.entry.header["Deadline"]
    wanted = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 60))
    before = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 30))
    expect(before <= at[:16] <= wanted, f"Deadline: {at}")


@case
def the_deadline_holds_while_the_run_is_parked(home):
    """The time in wait/ and hold/ counts; the tick ends it."""
    for code in 75, 69:
        (home.home / "ran").unlink(missing_ok=True)
        run = home.pipe(f"pipeline-step a --undo 'tally undo' -- tally a\npipeline-step b -- moody b {code}\n", code=code,
                        options=("--timeout", "1s"))
        moment(1.2)
        until(lambda: home.tick() and run.room == "fail", "the tick ends it", SOON)
        home.has_run("a", "b", "undo")


@case
def the_deadline_may_be_a_time(home):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    home.launch("pipeline-step a -- sleep 1000\n", options=("--timeout", at)).ends(124)


# ------------------------------------------------------------------ a job of cron

@case
def under_job_it_is_a_job(home):
    home.furnish().script("pipeline-step a -- tally a\n")
    done = home.good("job", "nightly", "--", "pipeline-run", "job.sh")
    expect(done.out == b"a done\n", f"it prints {done.out!r}")


@case
def in_a_pipe_its_output_goes_on(home):
    home.furnish().script("pipeline-step a -- tally a\n")
    done = home.good("sh", "-c", "pipeline-run job.sh | deliver -q --to me")
    expect(home.messages("a done"), f"people/me was told {home.inbox()!r}: {done.err!r}")
