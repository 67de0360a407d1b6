"""What a script is given: environment, directory, umask, arguments; the same on a pass that cron starts in / with nothing."""
import json
import os

from case import expect
from home import case, failed
from running import one_of
from sending import register

TWICE = "pipeline-step z -- moody z 75 >/dev/null\n"
# Set by the shell itself.
OF_THE_SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}


def both_passes(home, text, *arguments, of=lambda out: out, **how):
    """What the script prints on its first pass, and on one that is started with an empty environment; it must be the same."""
    run = home.pipe(text + TWICE, *arguments, code=75, **how)
    home.is_well("z")
    home.resume_now()
    first, then = of(run.out), of(run.lies("done").response)
    expect(first == then, f"first {first!r}, then {then!r}")
    return run, first


def variables(bytes):
    """But those that are the tools' own."""
    found = dict(line.split("=", 1) for line in bytes.decode().split("\0") if "=" in line)
    return {name: value for name, value in found.items() if not name.startswith("SPINDLE_")}


@case
def the_script_has_what_is_promised_and_nothing_else(home):
    env = {"SECRET": "x", "FOO": "foo", "LC_ALL": "C"}
    run, found = both_passes(home, "env -0\n", of=variables, env=env, options=("--env", "FOO"))
    for name, value in {"RUN": run.id, "STEPS": f"{run.state}/steps", "SPOOL_DIR": f"{home.spool}", "FOO": "foo",
                        "HOME": f"{home.home}", "LANG": "C.UTF-8"}.items():
        expect(found.pop(name, None) == value, f"{name} is not {value}: {found}")
    path = found.pop("PATH").split(":")
    wanted = home.settings["PATH"].split(":")
    expect(path[:len(wanted)] == wanted, f"PATH is {path}")
    more = {name for name in found if name not in OF_THE_SHELL}
    expect(not more, f"it has {more} too")


@case
def the_tools_are_found_where_PATH_has_them_not(home):
    home.furnish().script("pipeline-step a -- echo hello\n")
    done = home.run(home.bin / "pipeline-run", "job.sh", env={"PATH": "/usr/bin:/bin"})
    expect(done.code == 0 and done.out == b"hello\n", f"exit {done.code}, and it says {done.err!r}")


for words, value in {"blanks": " a  b ", "a_newline": "a\nb\n", "nothing_in_it": "", "quotes": "'\"`$(touch pwned)\\",
                     "an_equals_sign": "a=b=c", "another_script": "好\u202e", "escapes": "\x1b[2J\x07",
                     "an_emoji": "👩\u200d💻", "a_soft_hyphen": "a\u00adb", "a_line_separator": "a\u2028b",
                     "50_KB": "x" * 50_000}.items():
    def is_kept(home, value=value):
        run, out = both_passes(home, 'printf "%s." "$FOO"\n', env={"FOO": value}, options=("--env", "FOO"))
        expect(out == os.fsencode(value) + b".", f"it has {out!r}")
        expect(not list(home.home.rglob("pwned")), "it was run")

    register(f"a_variable_with_{words}_is_the_same_on_each_pass", is_kept)


@case
def a_variable_that_is_not_set_is_refused(home):
    home.furnish().script("tally a\n")
    failed(home.run("pipeline-run", "--env", "FOO", "job.sh"), 64, "FOO", "not set", tool="pipeline-run")
    home.has_run()


for words, value in ("of_no_encoding", os.fsdecode(b"a\xff\xfeb")), ("of_100_KB", "x" * 100_000):
    def is_kept_or_refused(home, value=value):
        """Never another value in silence."""
        home.furnish().script('printf "%s" "$FOO"\n')
        done = home.run("pipeline-run", "--env", "FOO", "job.sh", env={"FOO": value})
        words = f"exit {done.code}: {done.err!r} {done.out[:100]!r}"
        expect(done.out == os.fsencode(value) or done.code == 65 and done.err.startswith(b"pipeline-run: "), words)

    register(f"a_variable_{words}_is_kept_as_it_is_or_refused", is_kept_or_refused)


@case
def two_variables_are_kept(home):
    _, out = both_passes(home, 'echo "$FOO $BAR"\n', options=("--env", "FOO", "--env", "BAR"), env={"FOO": "f", "BAR": "b"})
    expect(out == b"f b\n", f"it has {out!r}")


@case
def the_variables_do_not_change_with_who_goes_on(home):
    run = home.pipe('printf "%s\\n" "$FOO $PATH"\n' + TWICE, code=75, env={"FOO": "first"}, options=("--env", "FOO"))
    home.is_well("z")
    home.make_due("runs")
    home.good("pipeline-run", "--resume", env={"FOO": "second", "PATH": f"{home.settings['PATH']}:/other"})
    expect(run.response == run.out, f"first {run.out!r}, then {run.response!r}")


# ------------------------------------------------------------------ directory, umask, standard input

@case
def the_directory_is_the_one_it_was_started_in(home):
    place = home.home / "a  b"
    place.mkdir()
    home.script("pwd; echo x >here\n" + TWICE)
    home.furnish()
    done = home.run("env", "-C", place, "pipeline-run", home.home / "job.sh")
    expect(done.code == 75 and done.out == f"{place}\n".encode(), f"exit {done.code}: {done.err!r}")
    (place / "here").unlink()
    home.is_well("z")
    home.resume_now()
    expect((place / "here").exists(), "a later pass runs elsewhere")


@case
def the_umask_is_the_one_it_was_started_with(home):
    for umask in "077", "002":
        home.furnish().script("umask; echo x >made\n" + TWICE)
        (home.home / "z.well").unlink(missing_ok=True)
        done = home.run("sh", "-c", f"umask {umask}; pipeline-run job.sh")
        expect(done.code == 75, f"exit {done.code}")
        home.is_well("z")
        (home.home / "made").unlink()
        home.resume_now()
        mode = (home.home / "made").stat().st_mode & 0o777
        expect(mode == 0o666 & ~int(umask, 8), f"umask {umask}, and a file of the later pass has {mode:o}")


@case
def standard_input_is_empty(home):
    _, out = both_passes(home, "readlink /proc/self/fd/0; cat\n", stdin=b"typed\n")
    expect(out == b"/dev/null\n", f"it reads {out!r}")


# ------------------------------------------------------------------ arguments

SHOW = 'printf "%s\\0" "$#" "$@"\n'
for words, arguments in {
        "none": (), "blanks": ("a b", " ", "\t"), "newlines": ("a\nb", "\n", "a\n"), "nothing_in_them": ("", "", "x"),
        "quotes": ("'", '"', "`touch pwned`", "$(touch pwned)", "\\"), "dashes": ("--", "-n", "--resume", "--key", "-h"),
        "another_script": ("好", "a\u202eb"), "escapes": ("\x1b[2J", "\x07", "\r"), "an_emoji": ("👩\u200d💻",),
        "what_looks_like_a_header": ("x\nSubject: forged\n\nbody",), "50_KB": ("x" * 50_000,),
        "a_thousand_of_them": tuple(map(str, range(1000)))}.items():
    def are_kept(home, arguments=arguments):
        run, out = both_passes(home, SHOW, *map(os.fsdecode, arguments))
        wanted = b"".join(os.fsencode(word) + b"\0" for word in (str(len(arguments)), *arguments))
        expect(out == wanted, f"it has {out[:200]!r}, not {wanted[:200]!r}")
        expect(run.entry.header["Subject"] == "job", f"its header: {run.entry.header}")
        expect(not list(home.home.rglob("pwned")), "one was run")

    register(f"arguments_with_{words}_are_the_same_on_each_pass", are_kept)


@case
def arguments_of_no_encoding_or_of_100_KB_are_kept_as_they_are_or_refused(home):
    home.furnish().script('printf "%s" "$1"\n')
    for word in b"a\xff\xfe", b"x" * 100_000:
        done = home.run("pipeline-run", "job.sh", os.fsdecode(word))
        expect(done.out == word or done.code == 65 and done.err, f"exit {done.code}: {done.err!r} {done.out[:100]!r}")


@case
def options_behind_the_script_are_the_script_s(home):
    _, out = both_passes(home, SHOW, "--name", "x", "--timeout", "1s")
    expect(out == b"4\0--name\0x\0--timeout\0001s\0", f"it has {out!r}")


# ------------------------------------------------------------------ what is in the entry

@case
def the_entry_says_what_the_run_began_with(home):
    run = home.pipe("echo hello\n", "a b", "", options=("--name", "morning", "--max-parallel", "3"))
    header = run.entry.header
    for name, value in {"Subject": "morning", "Script": f"{home.home}/job.sh", "Directory": f"{home.home}",
                        "Max-Parallel": "3"}.items():
        expect(header.get(name) == value, f"{name} is {header.get(name)}, not {value}")
    expect(json.loads(header["Arguments"]) == ["a b", ""], f"Arguments: {header['Arguments']}")
    expect(json.loads(header["Environment"])["HOME"] == f"{home.home}", f"Environment: {header['Environment']}")
    expect(run.entry.body == b"#!/bin/sh\necho hello\n", f"its body is {run.entry.body!r}")


@case
def what_is_begun_has_nothing_that_others_may_read(home):
    """The environment of a run may have a secret."""
    run = home.pipe("pipeline-step a -- echo secret\n", options=("--env", "FOO"), env={"FOO": "secret"})
    for path in [run.path, *run.state.rglob("*"), run.state, run.state.parent]:
        mode, above = path.stat().st_mode, path.parent.stat().st_mode
        expect(not mode & 0o007 or not above & 0o007, f"{path} has {mode:o}")


@case
def each_step_knows_its_run(home):
    run = home.pipe('pipeline-step a -- sh -c \'echo "$RUN $STEPS"\'\nexport X=1\npipeline-step b -- sh -c \'echo "$X"\'\n')
    one_of([f"{run.id} {run.state}/steps\n1\n".encode()], run.out, "what the steps print")
