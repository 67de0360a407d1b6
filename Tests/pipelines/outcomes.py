"""How a step ends: its exit code is the run's, after a failure nothing more of the run happens, and what is tried again."""
import time

from case import expect
from home import case, until
from running import living
from sending import register

AFTER = "pipeline-step after -- tally after\n"


# ------------------------------------------------------------------ it fails

def keeps_exit(code):
    def check(home):
        run = home.pipe(f"pipeline-step a -- tally a {code}\necho \"it was $?\" >&2\n{AFTER}", code=code)
        run.says(f"it was {code}\n")
        home.has_run("a")
        expect(run.out == b"a done\n", f"it prints {run.out!r}")  # rejected, say, and why
        expect(run.products() == [], f"steps/ has {run.products()}")

    return check


for code in 1, 2, 3, 64, 65, 70, 77, 78, 100, 126, 127, 255:
    register(f"a_step_that_exits_with_{code}_fails_the_run_with_{code}", keeps_exit(code))


def by_signal(number):
    def check(home):
        run = home.pipe(f"pipeline-step a -- sh -c 'echo a >>ran; kill -{number} $$'\necho \"it was $?\" >&2\n{AFTER}",
                        code=128 + number)
        run.says(f"it was {128 + number}\n")
        home.has_run("a")

    return check


for name, number in {"TERM": 15, "KILL": 9, "SEGV": 11, "INT": 2, "HUP": 1, "PIPE": 13}.items():
    register(f"a_step_that_dies_by_SIG{name}_fails_the_run_with_{128 + number}", by_signal(number))


@case
def a_command_that_is_not_there_fails_the_run_and_is_named(home):
    run = home.launch("pipeline-step a -- no-such-program x\n" + AFTER)
    run.command.process.wait(30)
    expect(run.command.process.returncode != 0, "exit 0")
    expect(b"no-such-program" in run.command.said(), f"it says {run.command.said()!r}")
    home.has_run()


# ------------------------------------------------------------------ nothing more happens

GOES_ON = {"without_set_-e": "{}\n" + AFTER, "with_an_or": "{} || true\n" + AFTER,
           "in_a_condition": "if {}; then :; fi\n" + AFTER,
           "in_the_background": "{} &\nwait\n" + AFTER, "in_a_subshell": "( {} )\n" + AFTER,
           "in_a_substitution": "x=$({})\n" + AFTER, "in_a_pipe": "{} | cat\n" + AFTER, "negated": "! {}\n" + AFTER,
           "in_a_function": "f() {{ {}\n}}\nf\n" + AFTER, "in_a_loop": "for i in 1 2; do {}; done\n" + AFTER,
           "before_an_exit_0": "{}\n" + AFTER + "exit 0\n"}
for words, text in GOES_ON.items():
    for head in "sh", "bash":
        def refuses(home, text=text, head=head):
            run = home.pipe(text.format("pipeline-step a -- tally a 5"), head=f"#!/bin/{head}\n", code=5)
            home.has_run("a")
            lines = [line for line in run.err.splitlines() if line.startswith("pipeline-step: ")]
            expect(any("after" in line and "a" in line.replace("after", "") for line in lines), f"it says {run.err!r}")

        register(f"after_a_failed_step_{words}_in_{head}_no_other_is_run_and_the_exit_is_its", refuses)


@case
def a_later_step_names_the_one_that_failed_and_exits_as_it(home):
    run = home.pipe('pipeline-step fetch -- tally fetch 7\npipeline-step publish -- tally publish\necho "then $?" >&2\n',
                    code=7)
    run.says("then 7\n")
    [line] = [line for line in run.err.splitlines() if line.startswith("pipeline-step: publish: ")]
    expect("fetch" in line and len(line.split(": ")) >= 4, f"it says {line!r}")


@case
def with_set_e_the_script_ends_at_the_step_that_failed(home):
    run = home.pipe("set -e\necho before\npipeline-step a -- tally a 5\necho never\n", code=5)
    expect(run.out == b"before\na done\n", f"it prints {run.out!r}")


@case
def a_finished_step_is_refused_too_after_a_failure(home):
    """What it prints could be sent somewhere."""
    run = home.pipe("pipeline-step a -- tally a\npipeline-step b -- tally b 5\npipeline-step a -- tally a\n", code=5)
    expect(run.out == b"a done\nb done\n", f"it prints {run.out!r}")
    home.has_run("a", "b")


@case
def the_log_and_ls_say_which_step_failed_and_how(home):
    run = home.pipe("pipeline-step fetch -- tally fetch 7\n", code=7)
    listed = home.good("spool", "ls", "runs").out.decode()
    expect("fetch" in listed and "7" in listed, f"spool ls says {listed!r}")
    expect("fetch" in run.log(), f"the log says {run.log()!r}")
    run.says("fetch")


# ------------------------------------------------------------------ the script itself

@case
def a_script_that_exits_badly_without_a_failed_step_fails_with_its_code(home):
    for code in 1, 3, 100:
        run = home.pipe(f"pipeline-step a -- tally a\nexit {code}\n", code=code)
        expect(f"exit {code}" in run.err or f"exit {code}" in run.log() or str(code) in run.err, f"it says {run.err!r}")


@case
def a_script_that_exits_with_75_or_69_is_no_verdict(home):
    for code, room in (75, "wait"), (69, "hold"):
        home.pipe(f"pipeline-step a --undo 'tally undo' -- tally a{code}\nexit {code}\n", code=code, room=room)
    home.has_run("a75", "a69")


# ------------------------------------------------------------------ --timeout

@case
def a_step_that_takes_too_long_is_ended_with_all_that_it_started(home):
    begun = time.monotonic()
    run = home.pipe("pipeline-step a --timeout 1s -- sh -c 'sleep 1000 & sleep 1001 | sleep 1002'\n"
                    "echo \"it was $?\" >&2\n" + AFTER, code=124)
    expect(1 <= time.monotonic() - begun < 15, f"after {time.monotonic() - begun:.1f} s")
    run.says("it was 124\n", "a")
    until(lambda: not living("sleep"), "nothing that it started lives", 5)
    home.has_run()


@case
def a_step_that_ignores_TERM_is_killed_in_the_end(home):
    home.pipe("pipeline-step a --timeout 1s -- sh -c 'trap \"\" TERM; echo a >>ran; while :; do sleep 0.1; done'\n",
              code=124, within=40)
    expect(not living("sh"), "it lives")


@case
def a_step_has_no_time_limit_that_it_was_not_given(home):
    home.pipe("pipeline-step a -- sleep 1.5\n")


@case
def what_a_step_calls_knows_the_step_s_end(home):
    run = home.pipe("pipeline-step a --timeout 90s -- sh -c 'echo $SPINDLE_DEADLINE'\n"
                    "pipeline-step b -- sh -c 'echo $SPINDLE_DEADLINE'\n")
    first, second = run.out.decode().split("\n")[:2]
    expect(first.startswith("20") and second == "", f"the deadlines: {first!r} and {second!r}")


# ------------------------------------------------------------------ --attempts

TRIES = "echo a >>ran; echo \"try $(wc -l <ran)\"; [ $(wc -l <ran) -ge 3 ] || {}; exit 0"


for words, failing in {"74": "exit 74", "75": "exit 75", "SIGKILL": "kill -9 $$", "SIGTERM": "kill $$"}.items():
    def tries_again(home, failing=failing):
        begun = time.monotonic()
        run = home.pipe(f"pipeline-step a --attempts 3 -- sh -c '{TRIES.format(failing)}'\n")
        expect(run.out == b"try 3\n", f"it prints {run.out!r}")
        home.has_run("a", "a", "a")
        expect(time.monotonic() - begun >= 2.9, f"three tries in {time.monotonic() - begun:.1f} s")

    register(f"with_attempts_{words}_is_tried_again_and_the_product_is_of_the_last", tries_again)


@case
def with_attempts_each_reads_the_standard_input_from_its_beginning(home):
    home.good("sh", "-c", "seq 100000 >numbers")
    run = home.pipe("pipeline-step a --attempts 2 <numbers -- "
                    "sh -c 'echo a >>ran; sha256sum; [ $(wc -l <ran) -ge 2 ] || kill -9 $$'\n"
                    "seq 100000 | sha256sum\n")
    first, second = run.out.splitlines()
    expect(first == second, f"it prints {run.out!r}")


@case
def with_attempts_a_pipe_is_refused_for_it_is_somebody_s_loop(home):
    run = home.launch("printf '1\n2\n' | while read x; do pipeline-step a-$x --attempts 2 -- tally $x; done\n")
    done = run.command.end(30)
    expect(done.code == 64 and b"pipe" in done.err, f"exit {done.code}: {done.err!r}")
    home.has_run()


@case
def with_attempts_a_step_that_takes_too_long_is_tried_again(home):
    run = home.pipe("pipeline-step a --attempts 2 --timeout 1s -- "
                    "sh -c 'echo a >>ran; [ $(wc -l <ran) -ge 2 ] || sleep 1000'\n")
    home.has_run("a", "a")
    run.lies("done")


@case
def with_attempts_another_exit_is_final(home):
    for code in 1, 5, 64, 127:
        home.pipe(f"pipeline-step a --attempts 3 -- tally {code} {code}\n", code=code)
    home.has_run("1", "5", "64", "127")


@case
def attempts_end(home):
    home.pipe("pipeline-step a --attempts 2 -- sh -c 'echo a >>ran; kill -9 $$'\n" + AFTER, code=137)
    home.has_run("a", "a")


@case
def attempts_that_end_with_75_park_the_run(home):
    home.pipe("pipeline-step a --attempts 2 -- moody a 75\n" + AFTER, code=75)
    home.has_run("a", "a")


@case
def without_attempts_there_is_one(home):
    home.pipe("pipeline-step a -- sh -c 'echo a >>ran; kill -9 $$'\n", code=137)
    home.has_run("a")


# ------------------------------------------------------------------ --may-fail

def may_fail(command, code):
    def check(home):
        run = home.pipe(f"pipeline-step a --may-fail -- {command}\necho \"it was $?\"\npipeline-step b -- moody b 75\n",
                        code=75)
        wanted = f"a said\nit was {code}\n".encode()
        expect(run.out == wanted and run.product("a") == b"a said\n", f"first {run.out!r}")
        home.is_well("b")
        home.resume_now()
        expect(run.lies("done").response == wanted + b"b done\n", f"then {run.response!r}")
        home.has_run("a", "b", "b")

    return check


for words, command, code in (("1", "sh -c 'echo a >>ran; echo a said; exit 1'", 1),
                             ("0", "sh -c 'echo a >>ran; echo a said'", 0),
                             ("69", "sh -c 'echo a >>ran; echo a said; exit 69'", 69),
                             ("75", "sh -c 'echo a >>ran; echo a said; exit 75'", 75),
                             ("SIGKILL", "sh -c 'echo a >>ran; echo a said; kill -9 $$'", 137)):
    register(f"a_step_that_may_fail_by_{words}_is_finished_and_gives_its_exit_on_each_pass", may_fail(command, code))


@case
def a_step_that_may_fail_by_its_timeout_is_finished_too(home):
    run = home.pipe("pipeline-step a --may-fail --timeout 1s -- sh -c 'echo a >>ran; sleep 1000'\necho \"it was $?\"\n")
    expect(run.out == b"it was 124\n", f"it prints {run.out!r}")


@case
def a_step_that_may_fail_ends_a_script_with_set_e_on_each_pass(home):
    """Its exit is its exit: the script decides."""
    run = home.pipe("set -e\npipeline-step a --may-fail -- tally a 5\n" + AFTER, code=5)
    home.has_run("a")
    run.lies("fail")


@case
def a_step_that_may_fail_lets_the_script_decide(home):
    run = home.pipe("if pipeline-step a --may-fail -- tally a 5; then pipeline-step yes -- tally yes\n"
                    "else pipeline-step no -- tally no; fi\n")
    home.has_run("a", "no")
    expect(run.out == b"a done\nno done\n", f"it prints {run.out!r}")
