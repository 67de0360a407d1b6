"""What a step prints is its product: kept byte for byte, a file for the next step, and on a later pass only printed."""
import hashlib
import os
import stat
import subprocess
from pathlib import Path

from case import expect
from home import case, until
from running import living
from sending import register

MEGABYTE = 1 << 20
EVERY_BYTE = bytes(range(256)) + b"\n\0\0no newline"


@case
def a_step_prints_its_product(home):
    run = home.pipe("pipeline-step a -- tally a\n")
    expect(run.out == b"a done\n" and run.product("a") == b"a done\n", f"it prints {run.out!r}")
    home.has_run("a")


@case
def the_product_is_a_file_that_nobody_may_write(home):
    run = home.pipe("umask 000\npipeline-step a -- tally a\n")
    found = os.lstat(run.state / "steps/a")
    expect(stat.S_ISREG(found.st_mode), "not a file")
    expect(stat.S_IMODE(found.st_mode) == 0o440, f"its mode is {stat.S_IMODE(found.st_mode):o}")


@case
def the_next_step_reads_it_under_STEPS(home):
    run = home.pipe('pipeline-step a -- tally a\npipeline-step b -- cat "$STEPS/a"\npipeline-step c -- wc -c < "$STEPS/b"\n')
    expect(run.out == b"a done\na done\n7\n", f"it prints {run.out!r}")
    expect(run.products() == ["a", "b", "c"], f"steps/ has {run.products()}")


@case
def every_byte_is_kept_and_comes_again_on_a_later_pass(home):
    home.write(home.home / "bytes", EVERY_BYTE)
    run = home.pipe("pipeline-step a -- cat bytes\npipeline-step b -- moody b 75\n", code=75)
    expect(run.out == EVERY_BYTE and run.product("a") == EVERY_BYTE, f"the first pass prints {run.out!r}")
    home.is_well("b")
    home.resume_now()
    expect(run.lies("done").response == EVERY_BYTE + b"b done\n", f"the last pass prints {run.response!r}")


for words, text in {"nothing": b"", "one_NUL": b"\0", "no_last_newline": b"a\nb", "only_newlines": b"\n\n\n",
                    "windows_lines": b"a\r\nb\r\n", "no_encoding": b"\xff\xfe\x80", "escapes": b"\x1b[2J\x1b]0;x\x07"}.items():
    def keeps(home, text=text):
        home.write(home.home / "bytes", text)
        run = home.pipe("pipeline-step a -- cat bytes\n")
        expect(run.out == run.product("a") == run.response == text, f"it prints {run.out!r}, and keeps {run.response!r}")

    register(f"a_product_of_{words}_is_kept_as_it_is", keeps)


@case
def a_finished_step_is_printed_and_not_run_again(home):
    run = home.pipe("pipeline-step a -- tally a\npipeline-step b -- moody b 75\n", code=75)
    home.is_well("b")
    home.resume_now()
    home.has_run("a", "b", "b")
    expect(run.lies("done").response == b"a done\nb done\n", f"the response: {run.response!r}")


@case
def the_same_step_twice_in_a_pass_runs_once(home):
    run = home.pipe("pipeline-step a -- tally a\npipeline-step a -- tally a\n")
    home.has_run("a")
    expect(run.out == b"a done\na done\n", f"it prints {run.out!r}")


@case
def what_is_not_finished_is_no_product(home):
    run = home.launch("pipeline-step a -- sh -c 'echo half; await a'\n")
    home.until_ran("a")
    expect(run.products() == [], f"steps/ has {run.products()}")
    home.go("a")
    expect(run.ends().product("a") == b"half\na done\n", f"its product: {run.product('a')!r}")


@case
def what_it_says_of_problems_goes_through_and_to_the_log_and_is_no_product(home):
    run = home.pipe("pipeline-step a -- sh -c 'echo problem >&2; echo product'\necho of the script >&2\n")
    expect(run.out == run.product("a") == b"product\n", f"it prints {run.out!r}")
    run.says("problem\n", "of the script\n")
    for words in "problem\n", "of the script\n":
        expect(words in run.log(), f"the log has {run.log()!r}")


@case
def what_it_said_of_problems_is_not_said_again_on_a_later_pass(home):
    run = home.pipe("pipeline-step a -- sh -c 'echo problem >&2'\npipeline-step b -- moody b 75\n", code=75)
    home.is_well("b")
    done = home.resume_now()
    expect(b"problem" not in done.err and run.log().count("problem\n") == 1, f"again: {done.err!r}")


@case
def standard_input_is_handed_to_the_command(home):
    run = home.pipe("printf 'a\\0b' | pipeline-step a -- cat\npipeline-step b -- cat </dev/null\n")
    expect(run.product("a") == b"a\0b" and run.product("b") == b"", f"its product: {run.product('a')!r}")


@case
def a_reader_that_goes_away_does_not_cut_the_product(home):
    text = 'pipeline-step a -- seq 1 200000 | head -1\npipeline-step b -- moody b 75\n'
    run = home.pipe(text, code=75)
    expect(run.out == b"1\n" and run.product("a").endswith(b"\n200000\n"), f"its product ends with {run.product('a')[-20:]!r}")
    home.is_well("b")
    home.resume_now()
    expect(run.lies("done").response == b"1\nb done\n", f"the response: {run.response!r}")


@case
def a_reader_that_goes_away_is_no_failure_of_the_run(home):
    """pipeline-run in a pipe."""
    home.furnish().script("pipeline-step a -- seq 1 200000\npipeline-step b -- tally b\n")
    done = home.run("bash", "-c", "pipeline-run job.sh | head -1; exit ${PIPESTATUS[0]}")
    expect(done.code == 0 and done.out == b"1\n", f"exit {done.code}, and it says {done.err!r}")
    home.has_run("b")


@case
def what_a_step_leaves_running_does_not_hold_it_up(home):
    """It has standard output open."""
    run = home.pipe("pipeline-step a -- sh -c 'sleep 1000 & echo product'\n", within=20)
    expect(run.product("a") == b"product\n", f"its product: {run.product('a')!r}")


@case
def a_step_is_given_no_file_but_its_three_and_its_lock(home):
    """3 is the directory that ls reads."""
    run = home.pipe("pipeline-step a -- ls /proc/self/fd\n")
    expect(run.out.split() == [b"0", b"1", b"2", b"20", b"3"], f"it is given {run.out!r}")


# ------------------------------------------------------------------ a great deal

def most_memory(name, command):
    """The most that a tool of this name needs until the command has ended, in bytes."""
    most = 0

    def ended():
        nonlocal most
        for pid in living(name):
            try:
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                continue
            most = max([most, *(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))])
        return command.process.poll() is not None

    until(ended, "it ends", 80)
    return most


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@case
def a_product_of_300_MB_needs_little_memory_when_it_is_made_and_when_it_is_printed_again(home):
    made = "seq -f %063.0f 1 5000000"
    text = f"pipeline-step a -- {made} | sha256sum\npipeline-step b -- moody b 75\n"
    run = home.launch(text)
    first = most_memory("pipeline-step", run.command)
    run.ends(75)
    wanted = subprocess.run(f"{made} | sha256sum", shell=True, capture_output=True).stdout
    expect(run.out == wanted, f"it prints {run.out!r}, not {wanted!r}")
    expect(digest(run.state / "steps/a") == wanted.split()[0].decode(), "the product is another")
    home.is_well("b")
    home.make_due("runs")
    command = home.start("pipeline-run", "--resume")
    again = most_memory("pipeline-step", command)
    command.end()
    expect(run.lies("done").response == wanted + b"b done\n", f"the later pass prints {run.response!r}")
    home.remark(f"{first >> 20} and {again >> 20} MiB")
    expect(0 < first < 40 * MEGABYTE and 0 < again < 40 * MEGABYTE, f"it needs {first} and {again} bytes")


@case
def a_response_of_150_MB_passes_through_with_little_memory(home):
    """The script prints it all, and so does the run; of so much the record keeps the end, and says so."""
    run = home.launch("pipeline-step a -- head -c 150000000 /dev/zero\n")
    most = most_memory("pipeline-run", run.command)
    run.command.process.wait()
    expect(run.command.files[1].stat().st_size == 150000000, f"it prints {run.command.files[1].stat().st_size} bytes")
    run.ends()
    home.remark(f"{most >> 20} MiB")
    expect(0 < most < 40 * MEGABYTE, f"it needs {most} bytes")
    command = home.start("spool", "show", "--response", run.id)
    command.process.wait()
    kept = command.files[1].stat().st_size
    head = home.good("cat", *home.spool.glob(f"runs/re/{run.id}")).out[:2000]
    expect(1 << 20 <= kept < 16 << 20 and f"Cut: the last {kept} bytes of 150000000".encode() in head, f"{kept}: {head[:500]!r}")


@case
def complaints_of_100_MB_pass_through_with_little_memory(home):
    run = home.launch("pipeline-step a -- sh -c 'yes | head -c 100000000 >&2; echo product'\n")
    most = most_memory("pipeline-step", run.command)
    run.command.process.wait()
    size = run.command.files[2].stat().st_size
    run.command.files[2].write_bytes(b"")
    run.ends()
    home.remark(f"{most >> 20} MiB")
    expect(size == 100_000_000 and run.product("a") == b"product\n", f"{size} bytes went through")
    expect(0 < most < 40 * MEGABYTE, f"it needs {most} bytes")


@case
def five_hundred_steps_run_once_each(home):
    run = home.pipe('i=1\nwhile [ $i -le 500 ]; do pipeline-step "post-$i" -- tally "$i"; i=$((i+1)); done\n'
                    "pipeline-step last -- moody last 75\n", code=75)
    home.is_well("last")
    home.resume_now()
    run.lies("done")
    expect(len(home.ran()) == 502 and len(set(home.ran())) == 501, f"{len(home.ran())} ran")
