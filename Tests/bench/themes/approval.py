"""Theme approval: from an answer to the end of the one who waits for it, and what many cost who wait."""
import random
import subprocess
import time
from pathlib import Path

from measure import Failed, Figure, in_turn
from page import Section, Table
from processes import has_inotify, memory, processor_a_minute
from waiters import Approved, Floor, FloorWithVerdict, Moved, crowd, floors, loops, open_requests

TITLE = "Approval: from the answer to the end, and many who wait"
WORDS = """Milliseconds from just before an answer is given until the process that waits for it has said `approved`, and
until it has ended. `mv` is the rename of `ID.yes` into `replies/drop/`; `approve ID` counts from the start of that
command. Before it says so, `wait-approval` has taken the reply in, checked who gave it, and finished request and reply
with the verdict, all of it durable. The C floor is told of the file by inotify, and promises nothing; "floor + verdict"
also writes one file with the verdict that survives a power cut. Most of the time until the floor's end is the kernel's,
which closes no inotify instance before a grace period is over. Polling is `while [ ! -e FILE ]; do sleep 30; done`,
many side by side, each answered at a random moment; on the first file system only.

Memory is what each of many takes while they wait. Pss shares a page among those who have it; private is what would be
free without the process. The kernel's own, such as page tables and open files, is not in it.

Of many who wait, as many as fs.inotify.max_user_instances allows are woken by the kernel; the others look each second.
All answers are given by one `touch`; the time counts from its start until the last process has ended. A file that was
just made is left alone for 10 ms; how often `touch` fails at one that was taken in all the same is counted."""

SAMPLES, ROUNDS = 300, 10
QUICK_SAMPLES, QUICK_ROUNDS = 24, 2
# Not counted: the first find caches cold.
WARM_UP = 2
LOOPS, QUICK_LOOPS = 100, 20
PERIOD = 30
REMEMBERED, QUICK_REMEMBERED = 100, 20
# 10,000 can be put here: 6 GiB of memory, some minutes, and a larger LIMIT.
CROWDS, QUICK_CROWDS = [100, 1000], [200]
# A crowd that has just come is busy for a while.
CALM = 5
IDLE, QUICK_IDLE = 30, 10
LIMIT = 600


def measure(bench):
    ends = Table(["file system", "", "`mv`", "`approve ID`", "C floor", "`mv`, times the floor", "floor + verdict",
                  "`mv`, times floor + verdict", "polling", "polling, times `mv`"])
    memory = Table(["who waits", "processes", "Pss, KiB", "private, KiB"], words="Memory of each:")
    crowds = Table(["file system", "wait", "s until all are open", "with inotify", "Pss, KiB", "private, KiB",
                    "idle: CPU s a minute", "s until all have ended", "failures of `touch`"], words="Many at once:")
    if not bench.parts.tools:
        bench.say("  Spindle is skipped: there are no tools")
    bench.say(f"  {bench.places.root.name}, polling")
    polling = polled(bench)
    for place in bench.places.list:
        bench.say(f"  {place.name}, one at a time")
        found = samples(bench, place)
        said, ended = ({name: pair[which] for name, pair in found.items()} for which in (0, 1))
        if place is bench.places.root:
            ended["polling"] = polling
        for label, share in ("p50", 0.5), ("p99", 0.99):
            for what, figures in ("said", said), ("ended", ended):
                values = {name: figure.percentile(share) for name, figure in figures.items()}
                add_ends(ends, place, f"{what}, {label}", values)
    add_memory(memory, bench)
    for place in bench.places.list if bench.parts.tools else []:
        for count in QUICK_CROWDS if bench.quick else CROWDS:
            bench.say(f"  {place.name}, {count} wait")
            try:
                add_crowd(crowds, place, count, bench)
            except Failed as why:
                bench.say(f"  {count} that wait: {why}")
    return Section("approval", TITLE, WORDS, [ends, memory, crowds])


def samples(bench, place):
    kinds = [Floor, FloorWithVerdict, *([Moved, Approved] if bench.parts.tools else [])]
    sides = [kind(bench.parts, place) for kind in kinds]
    count, rounds = (QUICK_SAMPLES, QUICK_ROUNDS) if bench.quick else (SAMPLES, ROUNDS)
    for side in sides:
        for _ in range(WARM_UP):
            side.one()
    for _, side in in_turn(sides, rounds):
        side.sample(count // rounds)
    return {side.name: (side.said, side.ended) for side in sides}


def polled(bench):
    """Milliseconds from the answer to the end of each loop. All begin at once; the answers come at random."""
    directory, taken = bench.places.root.fresh("polling"), Figure()
    with loops(directory, QUICK_LOOPS if bench.quick else LOOPS, PERIOD) as waiters:
        moments = [begun + random.uniform(0, PERIOD) for _, begun in waiters]
        for number in sorted(range(len(waiters)), key=lambda number: moments[number]):
            time.sleep(max(0, moments[number] - time.monotonic()))
            (directory / str(number)).touch()
        # They end in the order in which they were started.
        for (waiter, _), moment in zip(waiters, moments):
            waiter.wait()
            taken.values.append((time.monotonic() - moment) * 1e3)
    return taken


def add_ends(table, place, label, found):
    names = "mv", "approve ID", "C floor", "floor + verdict", "polling"
    moved, approved, floor, verdict, polling = (Figure([found[name]] if name in found else []) for name in names)
    table.add(place.name, label, moved, approved, floor, moved.per(floor), verdict, moved.per(verdict), polling,
              polling.per(moved))


def add_memory(table, bench):
    place, count = bench.places.root, QUICK_REMEMBERED if bench.quick else REMEMBERED
    bench.say(f"  {place.name}, memory")
    if bench.parts.tools:
        with crowd(bench.parts, place.fresh("memory"), count) as waiters:
            table.add("`wait-approval`", *memory(waiter.pid for waiter in waiters))
    with floors(bench.parts, place, count) as waiters:
        table.add("C floor", *memory(waiter.pid for waiter in waiters))
    with loops(place.fresh("loops"), count, PERIOD) as waiters:
        # For the shells to have started their first sleep.
        time.sleep(1)
        shells = [waiter.pid for waiter, _ in waiters]
        sleeps = [int(Path(f"/proc/{pid}/task/{pid}/children").read_text()) for pid in shells]
        table.add("polling: its shell", *memory(shells))
        table.add("polling: its `sleep`", *memory(sleeps))


def add_crowd(table, place, count, bench):
    directory, start = place.fresh(f"crowd-{count}"), time.monotonic()
    with crowd(bench.parts, directory, count) as waiters:
        opened = time.monotonic() - start
        pids = [waiter.pid for waiter in waiters]
        time.sleep(CALM)
        idle = processor_a_minute(pids, QUICK_IDLE if bench.quick else IDLE)
        watching = sum(map(has_inotify, pids))
        _, shared, private = memory(pids)
        ended, failures = end_all(waiters, directory / "spool")
    table.add(place.name, f"{count:,}", Figure([opened]), f"{watching:,}", shared, private, Figure([idle]),
              Figure([ended]), failures)


def end_all(waiters, spool):
    """Approves all requests at once; seconds until the last waiter has ended, and at how many files `touch` failed."""
    names = [f"{request}.yes" for request in open_requests(spool)]
    start = time.monotonic()
    done = subprocess.run(["touch", *names], cwd=spool / "replies/drop", stderr=subprocess.PIPE)
    for waiter in waiters:
        try:
            status = waiter.wait(timeout=max(0, start + LIMIT - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failed(f"not all had ended after {LIMIT} s") from None
        if status != 0:
            raise Failed(f"wait-approval: exit {status}, though it was approved")
    return time.monotonic() - start, done.stderr.count(b"\n")
