"""A clock that is set while the tools work (libfaketime; the monotonic clock goes on as it is)."""
import os
import time
from pathlib import Path

from case import NAME, check_invariants, expect
from fault import Skipped, case, expect_worked

LIBRARIES = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def at(case, offset, *argv, stdin=b""):
    """Runs a tool whose clock is off by so many seconds."""
    if not LIBRARIES:
        raise Skipped("libfaketime is not installed")
    if not case.dynamic or not case.dynamic.exists():
        raise Skipped("there is no dynamically linked build")
    env = {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": f"{offset:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    done = case.run(case.dynamic, *argv, stdin=stdin, env=env)
    expect(done.code == 0, f"{argv}: exit {done.code}: {done.err.decode()}")
    return done


@case
def entries_outlive_a_clock_that_jumps_both_ways(case):
    case.good("spool", "init", "a", "b")
    day = 86400
    ids = [at(case, offset, "spool", "put", "a", stdin=b"x\n").out.decode().strip()
           for offset in (0, -day, 30 * day, -400 * day, 0)]
    expect(len(set(ids)) == 5 and all(NAME.fullmatch(name) for name in ids), f"IDs: {ids}")
    expect_worked(case, 5)
    check_invariants(case)


@case
def a_retry_is_neither_lost_nor_never_after_a_jump(case):
    case.good("spool", "init", "a", "b")
    # Tried by a clock a month ahead: its next try would be in a month.
    case.good("spool", "put", "a", stdin=b"x\n")
    at(case, 30 * 86400, "spool", "work", "a", "--once", "--", "sh", "-c", "exit 75")
    entry = case.only("a", "wait")
    expect(os.stat(entry.path).st_mtime > time.time() + 20 * 86400, "not due in the far future")
    expect_worked(case, 1)
    check_invariants(case)


@case
def a_jump_back_makes_nothing_expire_and_a_jump_ahead_does(case):
    case.good("spool", "init", "a", "b")
    case.good("spool", "put", "a", "--expires", "2h", stdin=b"kept\n")
    at(case, -86400, "spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect([entry.body for entry in case.entries("b")] == [b"kept\n"], "not worked on by the clock of yesterday")
    case.good("spool", "put", "a", "--expires", "2h", stdin=b"late\n")
    at(case, 86400, "spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect([entry.body for entry in case.entries("a", "fail")] == [b"late\n"], "not expired by the clock of tomorrow")


@case
def a_time_out_is_not_moved_by_a_clock_that_is_set(case):
    case.good("spool", "init", "a")
    case.good("spool", "put", "a", stdin=b"x\n")
    for offset in (-86400, 86400):
        start = time.monotonic()
        at(case, offset, "spool", "work", "a", "--once", "--timeout", "10m", "--", "true")
        expect(time.monotonic() - start < 60, "waited for a clock that was set back")
    expect(len(case.entries("a", "done")) == 1, "ended by a clock that was set ahead")
