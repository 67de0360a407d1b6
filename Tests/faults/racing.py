"""Eight copies of everything at once, and no inotify for anybody."""
import subprocess
from pathlib import Path

from case import check_invariants, expect
from fault import Skipped, case

INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")


def eight(case, *argv, stdin=b""):
    """Eight at once, each to its end; every exit must be 0."""
    started = [subprocess.Popen(list(map(str, argv)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                cwd=case.home, env=case.environment({})) for _ in range(8)]
    ended = [process.communicate(stdin, timeout=120) for process in started]
    for process, (_, err) in zip(started, ended):
        expect(process.returncode == 0, f"{argv}: exit {process.returncode}: {err.decode(errors='replace')}")
    return [out.decode() for out, _ in ended]


@case
def eight_workers_do_each_entry_once(case):
    case.good("spool", "init", "a", "b")
    lines = "".join(f"entry {number}\n" for number in range(200)).encode()
    case.good("spool", "put", "a", "--lines", stdin=lines)
    eight(case, "spool", "work", "a", "--to", "b", "--once", "--", "sh", "-c", "echo $SPOOL_ID >>begun; tr a-z A-Z")
    case.good("spool", "work", "a", "--to", "b", "--once", "--", "false")
    begun = case.lines("begun")
    expect(len(begun) == len(set(begun)) == 200, f"{len(begun)} runs of {len(set(begun))} entries")
    expect(len(case.entries("b", "new")) == 200, "not one product for each")
    check_invariants(case)


@case
def eight_puts_under_one_key_are_one_entry(case):
    case.good("spool", "init", "a")
    for key in range(10):
        ids = set(eight(case, "spool", "put", "a", "--key", f"k{key}", stdin=b"hello\n"))
        expect(len(ids) == 1, f"one key, and {ids}")
    expect(len(case.entries("a", "new")) == 10, "not one entry a key")
    check_invariants(case)


@case
def eight_couriers_deliver_each_message_once(case):
    case.good("spool", "init")
    hold = case.run("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do echo message $i | deliver --to file:$PWD/none/inbox; done")
    expect(b"not sent" in hold.err or hold.code == 0 or hold.code == 75, f"deliver: {hold.err}")
    (case.home / "none").mkdir(exist_ok=True)
    for path in case.spool.glob("deliveries/wait/*"):
        path.touch()
    for path in case.spool.glob("deliveries/fail/*"):
        case.good("spool", "retry", path.name.partition(",")[0])
    eight(case, "deliver", "--recover")
    eight(case, "spool", "tick")
    text = (case.home / "none/inbox").read_text()
    for number in range(1, 10):
        expect(text.count(f"message {number}\n") == 1, f"message {number}: {text.count(f'message {number}')} times")
    check_invariants(case)


@case
def eight_sweeps_and_ticks_disturb_nobody(case):
    case.good("spool", "init", "a", "b")
    case.good("spool", "put", "a", "--lines", stdin=b"1\n2\n3\n")
    for name in ("x.txt", "y.txt"):
        (case.spool / "a/drop" / name).write_text(name)
    eight(case, "spool", "sweep")
    eight(case, "spool", "tick")
    expect(len(case.entries("a", "new")) == 5, f"{len(case.entries('a'))} entries, not 5")
    check_invariants(case)


@case
def without_inotify_a_worker_says_so_and_still_works(case):
    case.good("spool", "init", "a", "b")
    limit = INSTANCES.read_text()
    try:
        INSTANCES.write_text("0")
    except OSError:
        raise Skipped("fs.inotify.max_user_instances may not be set") from None
    worker = None
    try:
        worker = subprocess.Popen([case.bin / "spool", "work", "a", "--to", "b", "--", "cat"], stderr=subprocess.PIPE,
                                  cwd=case.home, env=case.environment({}))
        said = worker.stderr.readline().decode()
        expect("inotify" in said and "each second" in said, f"it said {said!r}")
        case.good("spool", "put", "a", stdin=b"hello\n")
        # With its limit at 0 the waiter may not watch either: it looks, as the worker does.
        case.good("sh", "-c", "for i in $(seq 600); do ls $SPOOL_DIR/b/new | grep -q . && exit 0; sleep 0.1; done; exit 1")
    finally:
        INSTANCES.write_text(limit)
        if worker:
            worker.terminate()
            worker.wait(timeout=30)
    expect(len(case.entries("b", "new")) == 1, "not one product")
    check_invariants(case)
