"""Plain shell: whatever a script is made of, it is run again from its beginning and each of its steps runs once."""
from case import expect
from home import case, until
from running import SOON
from sending import needs, register

HEADS = {"sh": "#!/bin/sh\n", "dash": "#!/bin/dash\n", "bash": "#!/bin/bash\n", "env_bash": "#!/usr/bin/env bash\n",
         "sh_-e": "#!/bin/sh -e\n", "bash_-eu": "#!/bin/bash -eu\n", "env_-S_bash_-eu": "#!/usr/bin/env -S bash -eu\n",
         "a_blank_before_sh": "#! /bin/sh\n", "bash_and_pipefail": "#!/bin/bash\nset -euo pipefail\n",
         "sh_and_set_-e": "#!/bin/sh\nset -e\n", "no_first_line": "", "no_first_line_and_set_-e": "set -e\n"}

# What people write, each line with a step; the first word of a product is its step's name.
MANY_WAYS = '''
work() { pipeline-step "$1" -- tally "$1"; }
work function
( work subshell )
x=$(work substitution) && echo "$x"
for i in 1 2 3; do work "post-$i"; done
printf 'x\\ny\\n' | while read -r line; do work "line-$line"; done
if work condition; then work then; else work else; fi
work and && work or || work never
{ work group; } | sed s/done/DONE/
case $(work case) in "case done") work esac;; esac
i=0; until [ $i -eq 2 ]; do i=$((i+1)); work "until-$i"; done
work left & work right & wait
eval 'work eval'
trap 'work exit' EXIT
cat <<HERE
$(work here)
HERE
pipeline-step last -- moody last 75
'''
STEPS = """function subshell substitution post-1 post-2 post-3 line-x line-y condition then and or group case esac
    until-1 until-2 left right eval here""".split()


def runs_many_ways(head):
    def check(home):
        if "env -S" in head or "bash" in head:
            needs("bash")
        run = home.launch(MANY_WAYS, head=head).ends(75)
        home.is_well("last")
        home.resume_now()
        run.lies("done")
        ran = home.ran()
        expect(ran.count("last") == 2, f"what ran: {ran}")
        home.ran_once(*STEPS, "last", "last", "exit")
        out = run.response.decode().splitlines()
        expect(sorted(out) == sorted([f"{name} done" for name in STEPS if name not in ("case", "group", "and", "condition")]
                                     + ["and done", "condition done", "group DONE", "last done", "exit done"]),
                                     f"it prints {out}")

    return check


for words, head in HEADS.items():
    register(f"in_{words}_each_step_runs_once_however_the_script_calls_it", runs_many_ways(head))


@case
def the_options_of_the_first_line_hold(home):
    for head in "#!/bin/sh -e\n", "#!/bin/bash -eu\n":
        run = home.pipe("false\npipeline-step a -- tally a\n", head=head, code=1)
        expect(run.out == b"", f"{head}: it goes on: {run.out!r}")
    run = home.pipe('echo "$NOT_SET"\npipeline-step a -- tally a\n', head="#!/bin/bash -eu\n", code=1)
    home.has_run()


@case
def bash_is_bash(home):
    run = home.pipe('a=(x y)\nfor i in "${!a[@]}"; do pipeline-step "s-$i" -- echo "${a[$i]}"; done\n'
                    'pipeline-step in -- cat <<<"here"\n', head="#!/usr/bin/env bash\n")
    expect(run.out == b"x\ny\nhere\n", f"it prints {run.out!r}")


@case
def in_bash_a_step_reads_what_another_program_writes(home):
    """cat <(sort a) is a file /dev/fd/63."""
    run = home.pipe("pipeline-step a -- cat <(echo x)\n", head="#!/bin/bash\n")
    expect(run.out == b"x\n", f"it prints {run.out!r}")


@case
def a_script_without_a_first_line_is_run_by_sh(home):
    run = home.pipe("readlink /proc/$$/exe\n", head="")
    expect(b"dash" in run.out or b"/sh" in run.out, f"it is run by {run.out!r}")


@case
def a_script_that_may_not_be_executed_is_run(home):
    home.furnish()
    for head in "#!/bin/sh\n", "#!/bin/bash\n", "#!/usr/bin/env bash\n", "":
        home.write(home.home / "plain.sh", head + "pipeline-step a -- echo x\n", 0o644)
        expect(home.good("pipeline-run", "plain.sh").out == b"x\n", f"{head}: it does not run")


PYTHON = """#!/usr/bin/env python3
import os, subprocess, sys
def step(name, *argv):
    return subprocess.run(["pipeline-step", name, "--", *argv], stdout=subprocess.PIPE, check=True).stdout
sys.stdout.buffer.write(step("a", "tally", "a") + step("b", "tally", "b"))
sys.stdout.flush()
done = subprocess.run(["pipeline-step", "c", "--", "moody", "c", "75"])
sys.exit(done.returncode)
"""


@case
def a_script_in_python_is_durable_too(home):
    run = home.pipe(PYTHON, head="", name="job.py", code=75)
    home.is_well("c")
    home.resume_now()
    expect(run.lies("done").response == b"a done\nb done\nc done\n", f"it prints {run.response!r}")
    home.has_run("a", "b", "c", "c")


@case
def a_script_in_perl_or_awk_is_durable_too(home):
    run = home.pipe('#!/usr/bin/awk -f\nBEGIN { exit system("pipeline-step a -- tally a") }\n', head="", name="job.awk")
    expect(run.out == b"a done\n", f"it prints {run.out!r}")


@case
def a_program_of_no_interpreter_is_refused_or_run(home):
    """A binary: whatever it is, nothing hangs, and the words say what."""
    home.furnish()
    home.write(home.home / "binary", b"\x7fELF\0\0\0" + bytes(100))
    done = home.run("pipeline-run", "binary")
    expect(done.code != 0 and done.err, f"exit {done.code}")


# ------------------------------------------------------------------ where the script is

WHERE = 'echo "$0"\n(cd "$(dirname "$0")" && pwd)\n. "$(dirname "$0")/lib.sh"\npipeline-step z -- moody z 75 >/dev/null\n'


def knows_where(head, started_as, shown):
    """Called from the directory above."""
    def check(home):
        home.furnish()
        place = home.home / "dir with blanks"
        home.write(place / "job.sh", head + WHERE)
        home.write(place / "lib.sh", "echo lib\n")
        done = home.run("pipeline-run", started_as)
        wanted = [shown.format(place), str(place), "lib"]
        expect(done.code == 75, f"exit {done.code}: {done.err!r}")
        expect(done.out.decode().splitlines() == wanted, f"it prints {done.out!r}, not {wanted}")
        home.is_well("z")
        home.resume_now()
        again = home.good("spool", "show", "--response", home.run_ids()[0]).out
        expect(again == done.out, f"a later pass prints {again!r}")

    return check


for words, head in (("sh", "#!/bin/sh\n"), ("dash", "#!/bin/dash\n"), ("bash", "#!/bin/bash\n"),
                    ("env_bash", "#!/usr/bin/env bash\n"),
                    ("bash_-eu", "#!/bin/bash -eu\n"), ("no_first_line", "")):
    register(f"in_{words}_the_script_knows_where_it_lies", knows_where(head, "dir with blanks/job.sh", "{}/job.sh"))


@case
def in_bash_BASH_SOURCE_is_the_script_too(home):
    run = home.pipe('echo "${BASH_SOURCE[0]}"\n', head="#!/bin/bash\n")
    expect(run.out.decode().strip() == f"{home.home}/job.sh", f"it is {run.out!r}")


for words, last in {"BASH_SOURCE": '[[ "${BASH_SOURCE[0]}" == "$0" ]] && main "$@"',
                    "BASH_SOURCE_and_if": 'if [ "$0" = "$BASH_SOURCE" ]; then main "$@"; fi',
                    "return": '(return 0 2>/dev/null) || main "$@"'}.items():
    def is_no_library(home, last=last):
        """What a bash script ends with that can be sourced as well: here it is executed."""
        run = home.pipe(f'main() {{ pipeline-step a -- tally "$1"; }}\n{last}\n', "x", head="#!/usr/bin/env bash\n")
        expect(run.out == b"x done\n", f"it prints {run.out!r}")

    register(f"in_bash_a_script_that_asks_by_{words}_whether_it_is_executed_is_told_so", is_no_library)


@case
def in_bash_a_library_beside_the_script_is_found_by_BASH_SOURCE(home):
    home.write(home.home / "dir/lib.sh", "echo lib\n")
    run = home.pipe('. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"\n', name="dir/job.sh", head="#!/bin/bash\n")
    expect(run.out == b"lib\n", f"it prints {run.out!r}")


WAYS = """X=1 pipeline-step a -- sh -c 'echo "X=$X"'
pipeline-step b -- cat <<HERE
here
HERE
{ pipeline-step c -- echo c; } 2>err
f() { x=3; pipeline-step "d-$x" -- echo d; }; f
echo e | xargs -I{} pipeline-step e -- echo {}
timeout 60 pipeline-step f -- echo f
env pipeline-step g -- echo g
command pipeline-step h -- echo h
step=pipeline-step; $step i -- echo i
sh -c 'pipeline-step j -- echo j'
k=$(pipeline-step k -- echo k); echo "$k"
pipeline-step l --may-fail -- sh -c 'exit 200'; echo $?
"""
for head in "sh", "bash":
    def however_called(home, head=head):
        run = home.pipe(WAYS + "pipeline-step z -- moody z 75\n", head=f"#!/bin/{head}\n", code=75)
        wanted = b"X=1\nhere\nc\nd\ne\nf\ng\nh\ni\nj\nk\n200\n"
        expect(run.out == wanted, f"it prints {run.out!r}")
        home.is_well("z")
        home.resume_now()
        expect(run.lies("done").response == wanted + b"z done\n", f"then it prints {run.response!r}")

    register(f"in_{head}_a_step_is_a_step_however_it_is_called", however_called)


@case
def a_script_that_ends_before_its_steps_do_is_waited_for(home):
    run = home.launch("pipeline-step a -- await a &\n")
    home.until_ran("a")
    expect(run.command.process.poll() is None and run.room == "run", "the run has ended")
    home.go("a")
    expect(run.ends().out == b"a done\n", f"it prints {run.out!r}")


@case
def a_script_that_ends_before_a_step_that_fails_has_failed(home):
    run = home.launch("pipeline-step b --undo 'tally undo-b' -- tally b\npipeline-step a -- await a 5 &\n")
    home.until_ran("a")
    home.go("a")
    run.ends(5)
    home.has_run("b", "a", "undo-b")


@case
def a_script_changes_its_directory_and_its_steps_follow(home):
    (home.home / "below").mkdir()
    run = home.pipe("cd below\npipeline-step a -- pwd\ncd ..\npipeline-step b -- pwd\n")
    expect(run.out.decode().split() == [f"{home.home}/below", f"{home.home}"], f"it prints {run.out!r}")


@case
def a_script_may_end_by_exec_of_a_step(home):
    run = home.pipe("pipeline-step a -- tally a\nexec pipeline-step b -- tally b\n")
    expect(run.out == b"a done\nb done\n", f"it prints {run.out!r}")


@case
def what_the_script_prints_itself_is_printed_on_each_pass(home):
    run = home.pipe("echo begin\npipeline-step a -- tally a\necho between\npipeline-step b -- moody b 75\n", code=75)
    expect(run.out == b"begin\na done\nbetween\n", f"it prints {run.out!r}")
    home.is_well("b")
    home.resume_now()
    expect(run.response == b"begin\na done\nbetween\nb done\n", f"the response: {run.response!r}")


@case
def a_script_without_steps_is_a_run_too(home):
    run = home.pipe("echo hello\n")
    expect(run.out == run.response == b"hello\n", f"it prints {run.out!r}")


@case
def a_script_with_an_error_of_syntax_fails(home):
    run = home.launch("pipeline-step a -- tally a\nif\n")
    run.command.end()
    expect(run.command.process.returncode == 2 and run.room == "fail", f"exit {run.command.process.returncode}, {run.room}/")


@case
def a_script_that_ignores_signals_still_ends(home):
    home.pipe("trap '' TERM INT HUP\npipeline-step a -- tally a\n")
