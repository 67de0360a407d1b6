"""Workers that stand still, and commands that do not behave."""
import os
import signal
import subprocess
import time

from case import check_invariants, expect
from fault import case


def start(case, *argv):
    return subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, cwd=case.home, env=case.environment({}), start_new_session=True)


def gate(case, name):
    path = case.home / name
    os.mkfifo(path)
    return path


def one(case, body=b"hello\n"):
    case.good("spool", "init", "a", "b")
    case.good("spool", "put", "a", stdin=body)


def work(case, *command):
    return case.run("spool", "work", "a", "--to", "b", "--once", "--timeout", "20s", "--", *command)


@case
def a_worker_that_is_stopped_keeps_its_entry_until_it_goes_on(case):
    one(case)
    arrived, go = gate(case, "arrived"), gate(case, "go")
    worker = start(case, "spool", "work", "a", "--to", "b", "--once", "--", "sh", "-c",
                   f"echo >{arrived}; read x <{go}; tr a-z A-Z")
    arrived.read_text()
    worker.send_signal(signal.SIGSTOP)
    other = work(case, "tr", "a-z", "A-Z")
    expect(other.code == 0 and not case.entries("b"), "somebody else took what was locked")
    case.good("spool", "sweep")
    expect(case.only("a", "run"), "swept while its worker lives")
    go.write_text("\n")
    worker.send_signal(signal.SIGCONT)
    expect(worker.wait(timeout=30) == 0, "the worker did not go on")
    expect([entry.body for entry in case.entries("b", "new")] == [b"HELLO\n"], "not its product")
    check_invariants(case)


@case
def a_stopped_worker_that_is_killed_gives_its_entry_back(case):
    one(case)
    arrived = gate(case, "arrived")
    worker = start(case, "spool", "work", "a", "--to", "b", "--once", "--", "sh", "-c", f"echo >{arrived}; exec sleep 1000")
    arrived.read_text()
    worker.send_signal(signal.SIGSTOP)
    worker.kill()
    worker.wait()
    until = time.monotonic() + 30
    # The command dies with its worker, and its lock with it; a moment later.
    while time.monotonic() < until and not case.entries("a", "wait"):
        case.good("spool", "sweep")
    os.utime(case.only("a", "wait").path)
    expect(work(case, "tr", "a-z", "A-Z").code == 0, "not worked on again")
    expect(len(case.entries("b", "new")) == 1, "not one product")
    check_invariants(case)


@case
def a_step_that_closes_its_stdin_is_no_failure(case):
    one(case, b"x" * 1_000_000)
    expect(work(case, "sh", "-c", "exec <&-; echo done").code == 0, "work failed")
    expect([entry.body for entry in case.entries("b", "new")] == [b"done\n"], "not its product")
    check_invariants(case)


@case
def a_step_may_read_its_stdin_twice(case):
    one(case)
    expect(work(case, "sh", "-c", "cat /dev/stdin; cat /dev/stdin").code == 0, "work failed")
    expect([entry.body for entry in case.entries("b", "new")] == [b"hello\nhello\n"], "not the body twice")
    check_invariants(case)


@case
def a_step_that_daemonizes_without_the_lock_is_done_when_it_exits(case):
    one(case)
    go = gate(case, "go")
    # A daemon as they are written: a session of its own, and every descriptor closed.
    done = work(case, "sh", "-c", f"setsid sh -c 'exec 9>&- </dev/null >/dev/null 2>&1; read x <{go}' & echo started")
    end = subprocess.run(["sh", "-c", f"timeout 10 sh -c 'echo >{go}'"])
    expect(done.code == 0, f"work: exit {done.code}")
    expect(end.returncode in (0, 124), "the gate is broken")
    expect([entry.body for entry in case.entries("b", "new")] == [b"started\n"], "not its product")
    check_invariants(case)


@case
def a_grandchild_that_keeps_the_lock_keeps_others_out(case):
    one(case)
    arrived, go = gate(case, "arrived"), gate(case, "go")
    worker = start(case, "spool", "work", "a", "--to", "b", "--once", "--", "sh", "-c",
                   f"setsid sh -c 'echo >{arrived}; read x <{go}' & wait")
    arrived.read_text()
    worker.kill()
    worker.wait()
    expect(work(case, "tr", "a-z", "A-Z").code == 0 and not case.entries("b"), "a second copy ran beside the first")
    case.good("spool", "sweep")
    expect(case.only("a", "run"), "swept while a part of it lives")
    go.write_text("\n")
    until = time.monotonic() + 30
    while time.monotonic() < until and not case.entries("a", "wait"):
        case.good("spool", "sweep")
    os.utime(case.only("a", "wait").path)
    expect(work(case, "tr", "a-z", "A-Z").code == 0 and len(case.entries("b", "new")) == 1, "not one product")
    check_invariants(case)


@case
def a_step_that_prints_anything_has_it_as_product(case):
    one(case)
    expect(work(case, "sh", "-c", "printf '\\000\\377\\n'; head -c 3000000 /dev/zero").code == 0, "work failed")
    [product] = case.entries("b", "new")
    expect(product.body == b"\0\xff\n" + b"\0" * 3_000_000, "not what it printed")
    check_invariants(case)


@case
def a_step_that_is_deaf_to_sigterm_is_killed_at_its_time(case):
    one(case)
    done = case.run("spool", "work", "a", "--to", "b", "--once", "--timeout", "1s", "--attempts", "1", "--", "sh", "-c",
                    "trap '' TERM; while :; do read x <no-such-file || sleep 0.2; done 2>/dev/null")
    expect(done.code == 0 and len(case.entries("a", "fail")) == 1, f"exit {done.code}")
    check_invariants(case)
