"""Commands that do not behave, under `spool work`: each has its defined result, and no second copy of one starts while
any part of the first lives."""
import os
import signal
import time
from pathlib import Path

from case import expect
from home import CASES, case, children, until
from watching import gates

WORK = "spool", "work", "a", "--to", "b", "--once"


def alive(pid):
    """Whether a process runs that is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def product(home):
    """The one product of the one entry, which is done."""
    home.only("a", "done")
    home.settled()
    return home.only("b", "new").body


def tried_again(home, why):
    """The entry waits, and says why; the next try makes its product."""
    entry = home.only("a", "wait")
    expect(entry.attempts == 1 and why in home.log("a", entry.id), f"not \"{why}\": {home.log('a', entry.id)}")
    home.make_due("a")
    home.good(*WORK, "--", "cat")
    expect(product(home) == b"hello\n", "another product")


# What a command does, and what its product is: the entry is done, once.
HARMLESS = {
    "closes_its_stdin": ("exec <&-; echo done", b"done\n"),
    "reads_its_stdin_twice": ("cat /dev/stdin; cat /dev/stdin", b"hello\nhello\n"),
    "closes_its_lock": ("exec 9>&-; cat", b"hello\n"),
    "unlocks_nothing_by_ending_a_child_with_the_lock": ("(exec 9>&9; true); cat", b"hello\n"),
    "removes_its_directory": ("mkdir d; cd d; rmdir ../d; cat", b"hello\n"),
    "prints_nuls": ("printf 'Spool: 1\\nId: x\\n\\n\\000\\377\\n'; head -c 300000 /dev/zero",
                    b"Spool: 1\nId: x\n\n\0\xff\n" + bytes(300_000)),
    "prints_sixty_megabytes": ("head -c 60000000 /dev/zero", bytes(60_000_000)),
    "leaves_children_on_its_stdout": ("for i in 1 2 3; do sleep 1000 & done; cat", b"hello\n"),
    "leaves_a_daemon_on_its_stdout": ("setsid sh -c 'echo $$ >daemon; exec sleep 1000' & "
                                      "until [ -s daemon ]; do :; done; cat", b"hello\n"),
    "leaves_a_daemon_without_its_lock": ("setsid sh -c 'exec 9>&- </dev/null >/dev/null 2>&1; echo $$ >daemon; "
                                         "exec sleep 1000' & until [ -s daemon ]; do :; done; cat", b"hello\n"),
    "forks_like_a_small_bomb": ("for i in $(seq 100); do (sleep 1000 & sleep 1000) & done; cat", b"hello\n"),
    "ignores_its_signals_and_ends": ("trap '' TERM HUP INT; cat", b"hello\n"),
    "changes_its_process_group": ("setsid -w cat", b"hello\n"),
    "says_ten_megabytes_of_rubbish": ("head -c 10000000 /dev/urandom >&2; cat", b"hello\n"),
}


def is_done_once(text, body):
    def run(home):
        home.init().put()
        start = time.monotonic()
        worker = home.start(*WORK, "--timeout", "1m", "--", "sh", "-c", text)
        expect(worker.end().code == 0, "another end")
        expect(time.monotonic() - start < 30, "it waited for what the command had left behind")
        daemon = [int(line) for line in home.lines("daemon")]
        # Killed they are; gone a moment later.
        until(lambda: [pid for pid in children(os.getpid()) if alive(pid)] == daemon,
              f"only the daemon lives on: {daemon}")
        expect(product(home) == body, "another product")

    run.__module__ = __name__
    return run


for name, (text, body) in HARMLESS.items():
    CASES[f"a_step_that_{name}_is_done_once"] = is_done_once(text, body)


@case
def a_step_that_prints_more_than_an_entry_holds_has_failed(home):
    home.init()
    id = home.put()
    home.good(*WORK, "--", "head", "-c", "100000000", "/dev/zero")
    expect(home.only("a", "fail").id == id and not home.entries("b"), "not in fail/, or half a product")
    expect("its output is longer than" in home.log("a", id), "it is not said why")
    home.settled()


def is_slow_to_die(home, text):
    home.init().put()
    start = time.monotonic()
    home.good(*WORK, "--timeout", "1s", "--", "sh", "-c", text)
    took = time.monotonic() - start
    expect(took < 20, f"it was ended after {took:.1f} s")
    until(lambda: not [pid for pid in children(os.getpid()) if alive(pid)], "no part of it lives on")
    tried_again(home, "ran out of time")


@case
def a_step_that_is_deaf_to_sigterm_is_killed(home):
    is_slow_to_die(home, "trap '' TERM; sleep 1000; sleep 1000")


@case
def a_step_that_stops_itself_is_killed(home):
    is_slow_to_die(home, "kill -STOP $$; echo no")


@case
def a_step_that_is_killed_is_tried_again(home):
    home.init().put()
    home.good(*WORK, "--", "sh", "-c", "cat; kill -KILL $$")
    tried_again(home, "killed by signal 9")


@case
def a_step_that_removes_its_entry_is_said(home):
    home.init()
    id = home.put()
    done = home.run(*WORK, "--", "sh", "-c", "mv \"$SPOOL_DIR/a/run/$SPOOL_ID\"@* \"$SPOOL_DIR/a/fail/$SPOOL_ID\"; cat")
    expect(done.code in (0, 1) and b"was moved by somebody" in done.err, f"exit {done.code}: {done.err}")
    expect(home.only("a", "fail").id == id, "its entry is not where it was moved")


def daemon(go, arrived, then=""):
    """In shell: a daemon as they are written, that keeps its descriptor 9, and goes on until its gate opens."""
    inner = f"exec </dev/null >/dev/null 2>&1; echo $$ >{arrived}; read word <{go}; echo $word >>daemons"
    return f"setsid sh -c 'sh -c \"$1\" & exit' sh '{inner}'; {then}"


@case
def a_step_that_leaves_a_daemon_is_done_when_it_ends_itself(home):
    home.init().put()
    arrived, go = gates(home, "arrived", "go")
    worker = home.start(*WORK, "--", "sh", "-c", daemon(go, arrived, "cat"))
    pid = int(arrived.read_text())
    expect(worker.end().code == 0, "another end")
    expect(product(home) == b"hello\n" and alive(pid), "another product, or the daemon was ended")
    go.write_text("well\n")
    until(lambda: home.lines("daemons") == ["well"], "the daemon goes on")
    home.settled()


def waits_for_its_daemon(home, then):
    home.init()
    id = home.put()
    arrived, go = gates(home, "arrived", "go")
    worker = home.start(*WORK, "--timeout", "2s", "--", "sh", "-c", daemon(go, arrived, then))
    pid = int(arrived.read_text())
    expect(worker.end().code == 0 and alive(pid), "another end, or the daemon was ended")
    home.make_due("a")
    home.good(*WORK, "--", "cat")
    expect(not home.entries("b"), "a second copy ran beside the first")
    go.write_text("well\n")
    until(lambda: not alive(pid), "the daemon ends")
    home.make_due("a")
    home.good(*WORK, "--", "cat")
    expect(product(home) == b"hello\n" and home.only("a", "done").id == id, "not one product")


@case
def no_second_copy_starts_while_a_daemon_of_a_step_that_failed_lives(home):
    waits_for_its_daemon(home, "exit 75")


@case
def no_second_copy_starts_while_a_daemon_of_a_step_that_ran_out_of_time_lives(home):
    waits_for_its_daemon(home, "exec sleep 1000")


@case
def no_second_copy_starts_while_a_daemon_of_a_killed_worker_lives(home):
    home.init()
    id = home.put()
    arrived, go = gates(home, "arrived", "go")
    worker = home.start(*WORK, "--timeout", "1s", "--", "sh", "-c", daemon(go, arrived, "exec sleep 1000"))
    pid = int(arrived.read_text())
    worker.kill(signal.SIGKILL)
    expect(worker.end().code == -signal.SIGKILL, "another end")
    home.good(*WORK, "--", "cat")
    home.good("spool", "sweep")
    expect(home.only("a", "run").id == id and not home.entries("b"), "taken while a part of it lives")
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 120))
    found = home.run("spool", "check", env={"SPOOL_NOW": later})
    expect(found.code == 1 and f" {pid} (sh)".encode() in found.out, f"its holder is not named: {found.out}")
    go.write_text("well\n")

    def swept():
        home.good("spool", "sweep")
        return home.names("a", "wait")

    expect(until(swept, "the sweep takes it") == [f"{id},1"], "its attempt was not counted")
    home.good(*WORK, "--", "cat")
    expect(product(home) == b"hello\n", "not one product")
