"""What pipeline-step and pipeline-run refuse, what they say then, and that nothing has happened."""
import os

from case import expect
from home import case, failed
from sending import needs, register

NAMES = {"nothing": "", "a_slash": "a/b", "a_way_up": "..", "a_dot_first": ".a", "a_dash_first": "-a", "a_blank": "a b",
         "a_newline": "a\nb", "an_escape": "a\x1b[2J", "an_umlaut": "ä", "65_characters": "x" * 65,
         "a_star": "a*", "a_colon": "a:b", "a_comma": "a,b"}


def is_refused(name):
    def check(home):
        run = home.launch('pipeline-step -- "$1" 2>/dev/null\npipeline-step "$1" -- tally a; echo "it was $?" >&2\n', name)
        done = run.command.end(30)
        expect(b"it was 64\n" in done.err, f"it says {done.err!r}")
        expect(not set(done.err) & set(b"\x1b\x07\r"), f"it says {done.err!r}")
        home.has_run()
        expect(run.products() == [], f"steps/ has {run.products()}")

    return check


for words, name in NAMES.items():
    register(f"a_step_named_by_{words}_is_refused", is_refused(name))


@case
def a_step_may_have_any_good_name(home):
    names = "a", "0", "A.b_c-d", "x" * 64, "steps", "halt", "undo", "CON", "a..b", "a.", "1e9"
    run = home.pipe("".join(f"pipeline-step {name} -- tally {name}\n" for name in names))
    expect(run.products() == sorted(names), f"steps/ has {run.products()}")
    home.has_run(*names)


@case
def a_step_outside_of_a_run_is_refused(home):
    home.furnish()
    done = failed(home.run("pipeline-step", "a", "--", "tally", "a"), 64, "pipeline-run", tool="pipeline-step")
    expect(not done.out, f"it prints {done.out!r}")
    home.has_run()


for words, env in {"of_no_run": {"RUN": "20260101T000000.000000Z-000000", "STEPS": "/nowhere/steps"},
                   "of_no_run_at_all": {"RUN": "x", "STEPS": "x"}, "of_a_way_up": {"RUN": "../../x", "STEPS": "../x"},
                   "without_STEPS": {"RUN": "20260101T000000.000000Z-000000"}, "without_RUN": {"STEPS": "/tmp"}}.items():
    def is_no_run(home, env=env):
        home.furnish()
        done = home.run("pipeline-step", "a", "--", "tally", "a", env=env)
        expect(done.code in (64, 65, 69) and done.err.startswith(b"pipeline-step: "), f"exit {done.code}: {done.err!r}")
        home.has_run()

    register(f"a_step_in_the_environment_{words}_is_refused", is_no_run)


@case
def a_step_of_a_run_that_is_over_is_refused(home):
    """Its environment has leaked: to a terminal, to a daemon that a step has started."""
    for code in 0, 5:
        run = home.pipe(f"pipeline-step a -- tally a {code}\n", code=code)
        env = {"RUN": run.id, "STEPS": f"{run.state}/steps"}
        done = home.run("pipeline-step", "late", "--", "tally", "late", env=env)
        expect(done.code != 0, "exit 0")
    home.has_run("a", "a")


@case
def what_comes_late_does_nothing_once_the_run_is_over(home):
    run = home.pipe("pipeline-step a -- tally a\n")
    home.run("pipeline-step", "late", "--", "tally", "late", env={"RUN": run.id, "STEPS": f"{run.state}/steps"})
    home.has_run("a")


WRONG = {"without_a_name": "-- true", "without_a_command": "a --", "without_dashes_and_command": "a",
         "with_an_unknown_option": "a --foo -- true",
         "with_no_attempts": "a --attempts 0 -- true", "with_less_than_none": "a --attempts -1 -- true",
         "with_attempts_that_are_no_number": "a --attempts x -- true", "with_a_timeout_that_is_none": "a --timeout x -- true",
         "with_a_timeout_of_nothing": "a --timeout 0s -- true", "with_a_negative_timeout": "a --timeout -1s -- true",
         "with_two_names": "a b -- true"}
for words, arguments in WRONG.items():
    def is_usage(home, arguments=arguments):
        run = home.launch(f"pipeline-step {arguments}; echo \"it was $?\" >&2\n")
        done = run.command.end(30)
        expect(b"it was 64\n" in done.err and b"pipeline-step" in done.err, f"it says {done.err!r}")
        expect(run.products() == [], f"steps/ has {run.products()}")

    register(f"a_step_{words}_is_refused", is_usage)


@case
def a_step_that_was_used_wrongly_does_not_count_as_done(home):
    """The script goes on, and its run must not end as if all were well: the step did not run."""
    run = home.launch("pipeline-step a/b -- tally a\npipeline-step b -- tally b\n")
    done = run.command.end(30)
    expect(done.code != 0, f"exit 0: {done.err!r}")
    expect(run.room != "done", "it is done")


# ------------------------------------------------------------------ pipeline-run

for words, options in {"without_a_script": (), "with_an_unknown_option": ("--foo", "job.sh"),
                       "with_no_parallel_steps": ("--max-parallel", "0", "job.sh"),
                       "with_a_timeout_that_is_none": ("--timeout", "x", "job.sh"),
                       "with_an_empty_name": ("--name", "", "job.sh"),
                       "with_a_variable_that_cannot_be_one": ("--env", "A=B", "job.sh")}.items():
    def is_refused_as_usage(home, options=options):
        home.furnish().script("tally a\n")
        failed(home.run("pipeline-run", *options), 64)
        home.has_run()
        expect(not home.run_ids(), f"runs: {home.run_ids()}")

    register(f"pipeline-run_{words}_is_refused", is_refused_as_usage)


def make_unreadable(home, path):
    home.write(path, "#!/bin/sh\ntally a\n", 0o000)


def make_huge(home, path):
    with open(path, "wb") as file:
        file.write(b"#!/bin/sh\ntally a\nexit\n")
        file.truncate(65 << 20)


for words, make in {"not_there": lambda home, path: None, "a_directory": lambda home, path: path.mkdir(),
                    "a_pipe": lambda home, path: os.mkfifo(path), "a_link_to_nowhere": lambda home,
                    path: path.symlink_to("nowhere"),
                    "a_link_to_a_directory": lambda home, path: path.symlink_to("/tmp"),
                    "a_link_to_itself": lambda home, path: path.symlink_to("job.sh"),
                    "a_device": lambda home, path: os.mknod(path, 0o20644, os.makedev(1, 3)),
                    "65_MB_long": make_huge, "unreadable": make_unreadable}.items():
    def cannot_be_read(home, make=make, words=words):
        home.furnish()
        make(home, home.home / "job.sh")
        command = ["pipeline-run", "job.sh"]
        if words == "unreadable":
            needs("setpriv")
            command[:0] = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
        done = home.run(*command, within=20)
        expect(done.code in (64, 65, 69, 74, 77), f"exit {done.code}: {done.err!r}")
        expect(done.err.startswith(b"pipeline-run: ") and b"job.sh" in done.err, f"it says {done.err!r}")
        home.has_run()
        expect(not home.run_ids(), f"runs: {home.run_ids()}")

    register(f"a_script_that_is_{words}_is_refused_and_nothing_is_begun", cannot_be_read)


@case
def a_script_of_nothing_is_a_run_of_nothing_or_is_refused(home):
    home.furnish().write(home.home / "job.sh", "")
    done = home.run("pipeline-run", "job.sh")
    expect(done.code in (0, 65) and not done.out, f"exit {done.code}: {done.err!r}")
    expect(bool(home.run_ids()) == (done.code == 0), f"runs: {home.run_ids()}")


@case
def a_script_that_is_a_link_is_called_as_the_link(home):
    """$0 is how it was started, and so is its name."""
    home.write(home.home / "real" / "tool.sh", '#!/bin/sh\necho "$0"\n')
    (home.home / "job.sh").symlink_to("real/tool.sh")
    run = home.launch_file("job.sh").ends()
    expect(run.out.decode() == f"{home.home}/job.sh\n", f"$0 is {run.out!r}")
    expect(run.entry.header["Subject"] == "job", f"its name is {run.entry.header['Subject']}")


for words, given in {"that_nobody_knows": "zzzzzz", "with_an_escape": "\x1b[2J", "that_is_empty": "",
                     "that_is_a_path": "../x"}.items():
    def is_unknown(home, given=given):
        home.furnish()
        done = failed(home.run("pipeline-run", "--resume", given), (1, 64), tool="pipeline-run")
        expect(not set(done.err) & set(b"\x1b"), f"it says {done.err!r}")

    register(f"to_resume_a_run_{words}_is_refused", is_unknown)


@case
def to_resume_a_run_that_is_over_is_told_and_does_nothing(home):
    for code in 0, 5:
        run = home.pipe(f"pipeline-step a -- tally a {code}\n", code=code)
        done = home.run("pipeline-run", "--resume", run.id)
        expect(run.id[-6:] in done.err.decode() or done.code == 0, f"exit {done.code}: {done.err!r}")
        run.lies("done" if code == 0 else "fail")
    home.has_run("a", "a")


@case
def to_resume_where_there_is_nothing_is_fine_and_silent(home):
    done = home.furnish().resume(code=0)
    expect(not done.out and not done.err, f"it says {done.err!r}")


@case
def to_resume_where_there_is_no_spool_yet_is_fine(home):
    home.resume(code=0)


@case
def the_first_run_makes_the_spool(home):
    home.script("pipeline-step a -- tally a\n")
    expect(home.good("pipeline-run", "job.sh").out == b"a done\n", "it does not run")
    expect((home.spool / "runs/done").exists(), "no spool")


@case
def both_tools_say_what_they_are(home):
    for tool in "pipeline-run", "pipeline-step":
        for option in "--help", "--version":
            expect(home.good(tool, option).out, f"{tool} {option} says nothing")
