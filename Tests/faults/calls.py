"""Every system call of a tool may fail: EIO, EMFILE, ENOSPC and EINTR put into its calls one at a time (strace --inject)."""
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from case import Case, become_subreaper, check_invariants, check_printed, expect
from fault import Skipped, case

DOCUMENTED = {0, 1, 64, 65, 69, 70, 73, 74, 75, 77, 78, 124}
FAULTS = {
    "EIO": "openat,read,write,fsync,renameat2,close,getdents64,unlinkat,mkdirat,symlinkat,readlinkat,ftruncate,utimensat,"
           "newfstatat,fstatfs,flock",
    "EMFILE": "openat,pipe2",
    "ENOSPC": "openat,write,renameat2,mkdirat,symlinkat",
    "EINTR": "openat,read,write,flock",
}
COMMANDS = {
    "put": ["spool", "put", "a"],
    "put under a key": ["spool", "put", "a", "--key", "k"],
    "work": ["spool", "work", "a", "--to", "b", "--once", "--", "tr", "a-z", "A-Z"],
    "deliver": ["deliver", "--to", "file:INBOX", "--key", "m"],
}
# Of each call by its name, the first so many times: later ones are the same places again.
TIMES = 12


def trace(case, command, strace):
    words = [word.replace("INBOX", str(case.home / "inbox")) for word in command]
    return case.run(*words, stdin=b"hello\n", strace=["strace", "-o", f"{case.home}/strace", "-qq", *strace])


def count(case):
    """How often each call is made."""
    found = {}
    for name in re.findall(r"^(\w+)\(", (case.home / "strace").read_text(), re.M):
        found[name] = found.get(name, 0) + 1
    return found


def synced_twice(case):
    """Descriptors whose fsync failed and was called again while they were open."""
    failed = set()
    for line in (case.home / "strace").read_text().splitlines():
        if call := re.match(r"fsync\((\d+)\) += (-?\d+)", line):
            if call[1] in failed:
                return call[1]
            if call[2] != "0":
                failed.add(call[1])
        elif call := re.match(r"close\((\d+)\)", line):
            failed.discard(call[1])
    return None


def break_once(template, bin_dir, command, name, number, errno):
    """One failing call, then a clean pass."""
    with tempfile.TemporaryDirectory(dir=template.parent) as home:
        shutil.copytree(template, home, symlinks=True, dirs_exist_ok=True)
        case = Case(home, bin_dir)
        where = f"{errno} from {name} number {number}"
        done = trace(case, command, ["-e", f"trace={name},close,fsync", "-e", f"inject={name}:error={errno}:when={number}"])
        expect(done.code in DOCUMENTED, f"{where}: exit {done.code}: {done.err.decode(errors='replace')[-400:]}")
        expect(b"Fatal error" not in done.err, f"{where}: {done.err.decode(errors='replace')[-400:]}")
        if twice := synced_twice(case):
            expect(False, f"{where}: descriptor {twice} was flushed again after its fsync had failed")
        settle(case, command, done, where)


def settle(case, command, done, where):
    again = trace(case, command, ["-e", "trace=none"])
    expect(again.code == 0, f"{where}: then clean: exit {again.code}: {again.err.decode(errors='replace')[-400:]}")
    case.good("spool", "sweep")
    for path in case.spool.glob("*/wait/*"):
        path.touch()
    case.good("spool", "work", "a", "--to", "b", "--once", "--", "tr", "a-z", "A-Z")
    case.good("deliver", "--recover")
    check_invariants(case)
    check_printed(case, done)
    if command[0] == "deliver":
        text = (case.home / "inbox").read_text()
        expect(text.count("hello\n") == 1, f"{where}: the file has it {text.count('hello')} times")
    else:
        # Whoever was told that it failed may have put it all the same: without a key that is two at most.
        products = len(case.entries("b"))
        expect(1 <= products <= (2 if command == COMMANDS["put"] else 1), f"{where}: {products} products")


def broken_everywhere(case, title):
    if not shutil.which("strace"):
        raise Skipped("strace is not installed")
    command = COMMANDS[title]
    case.good("spool", "init", "a", "b")
    if title == "work":
        case.good("spool", "put", "a", stdin=b"hello\n")
    template = Path(tempfile.mkdtemp(dir=case.home.parent, prefix="spindle-template-"))
    try:
        shutil.copytree(case.home, template, symlinks=True, dirs_exist_ok=True)
        trace(case, command, [])
        counted = count(case)
        points = [(name, number, errno) for errno, names in FAULTS.items() for name in names.split(",")
                  for number in range(1, min(TIMES, counted.get(name, 0)) + 1)]
        with ProcessPoolExecutor(2, initializer=become_subreaper) as pool:
            for done in [pool.submit(break_once, template, case.bin, command, *point) for point in points]:
                done.result()
        return f"{len(points)} failing calls"
    finally:
        shutil.rmtree(template)


@case
def put_survives_each_failing_call(case):
    return broken_everywhere(case, "put")


@case
def put_under_a_key_survives_each_failing_call(case):
    return broken_everywhere(case, "put under a key")


@case
def work_survives_each_failing_call(case):
    return broken_everywhere(case, "work")


@case
def deliver_survives_each_failing_call(case):
    return broken_everywhere(case, "deliver")


@case
def few_descriptors_are_said_and_lose_nothing(case):
    case.good("spool", "init", "a", "b")
    case.good("spool", "put", "a", stdin=b"hello\n")
    for limit in range(4, 24):
        words = f"ulimit -n {limit}; exec spool work a --to b --once -- tr a-z A-Z"
        done = case.run("sh", "-c", words)
        expect(done.code in DOCUMENTED or done.code == 127, f"{limit} descriptors: exit {done.code}: {done.err}")
        expect(b"Fatal error" not in done.err, f"{limit} descriptors: {done.err}")
    for path in case.spool.glob("a/wait/*"):
        path.touch()
    case.good("spool", "work", "a", "--to", "b", "--once", "--", "tr", "a-z", "A-Z")
    expect(len(case.entries("b")) == 1, "not one product")
    check_invariants(case)
