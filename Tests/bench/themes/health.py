"""Theme health: what a look at a deep spool costs, each half hour and each minute."""
import os
import subprocess
import time

from gateways import fill, make_spool, quick_agent
from measure import Figure
from page import Section, Table
from places import GIB

TITLE = "health: heartbeat-guard and spool tick beside a deep spool"
WORDS = """Milliseconds from the start of `heartbeat-guard`, and of the minute's round of `spool tick`, to its end,
where so many entries lie in a room of one queue, with all sides in turn: a spool with nothing in it is the floor, and
the ratios are to it. What lies in `done/` has its records in `log/` as well. `box` is a plain queue; `calls-AGENT` is
an agent's, of which the guard counts how many wait, and the tick looks for calls that have expired. The pass is one C
process that reads all names of the room once. The daily round (retention) is one sample of a whole tick."""

DEPTHS, QUICK_DEPTHS = [10**3, 10**4, 10**5, 10**6], [10**3, 10**4]
# Only on the first file system: the loop file has not so many inodes.
MILLION = 10**6
BYTES_EACH = 12 << 10
ROUNDS, QUICK_ROUNDS = 20, 5
MILLION_ROUNDS = 5
AGENT = "bench"
ROOMS = "box/done", "box/new", f"calls-{AGENT}/new"


def measure(bench):
    table = Table(["file system", "in", "entries", "`heartbeat-guard`", "of empty", "peak MB", "`spool tick`",
                   "of empty", "peak MB", "the pass in C", "daily round"])
    notes = []
    if not bench.parts.tools:
        bench.say("  Spindle is skipped: there are no tools")
        return Section("health", TITLE, WORDS, [])
    for place in bench.places.list:
        add_rows(table, place, depths(bench, place, notes), bench)
    return Section("health", TITLE, WORDS, [table], notes)


def depths(bench, place, notes):
    if bench.quick:
        return QUICK_DEPTHS
    if place is bench.places.root and place.free > MILLION * BYTES_EACH:
        return DEPTHS
    if place is bench.places.root:
        notes.append(f"{MILLION:,} entries: skipped, {place.name} has only {place.free / GIB:.0f} GiB free.")
    return [depth for depth in DEPTHS if depth < MILLION]


def add_rows(table, place, depths, bench):
    empty, spool = (spool_in(place, name, bench) for name in ("empty", "deep"))
    add_row(table, place, None, 0, Looks(bench, empty, empty, "box/new"), Figure([daily_round(empty, bench)]))
    filled, rows = 0, []
    for depth in depths:
        bench.say(f"  {place.name}, {depth:,} entries")
        fill(bench.parts, spool, "box", "done", depth - filled)
        filled, daily = depth, Figure([daily_round(spool, bench)])
        for room in ROOMS:
            # The same ones lie now here and now there.
            exchange(spool / "box/done", spool / room)
            looks = Looks(bench, spool, empty, room, MILLION_ROUNDS if depth == MILLION else ROUNDS)
            rows.append((ROOMS.index(room), room, depth, looks, daily))
            exchange(spool / "box/done", spool / room)
            daily = Figure()
    for _, *row in sorted(rows, key=lambda row: row[0]):
        add_row(table, place, *row)


def spool_in(place, name, bench):
    agent = quick_agent(bench.parts.program("reply"))
    spool = make_spool(bench.parts, place.fresh(f"health-{name}"), **{AGENT: agent})
    subprocess.run([bench.parts.tool("spool"), "init", "-q", "-C", spool, "box"], check=True, stdout=subprocess.DEVNULL)
    return spool


def exchange(one, other):
    """Two rooms take each other's place."""
    if one == other:
        return
    aside = one.parent.parent.parent / "aside"
    os.rename(one, aside)
    os.rename(other, one)
    os.rename(aside, other)


def guard(spool, bench):
    return [bench.parts.tool("heartbeat-guard"), "-q", "-C", spool, "--agent", AGENT, "--max-age", "1d"]


def tick(spool, bench):
    return [bench.parts.tool("spool"), "tick", "-q", "-C", spool]


def daily_round(spool, bench):
    """Milliseconds of a tick that is the daily round as well."""
    (spool / "heartbeats/tick-daily").unlink(missing_ok=True)
    start = time.monotonic()
    subprocess.run(tick(spool, bench), check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - start) * 1e3


class Looks:
    """What both tools and the pass took, in ms, and the peaks of the tools, in MB."""

    def __init__(self, bench, spool, empty, room, rounds=ROUNDS):
        # What the guard has to tell it tells now, and is quiet then.
        subprocess.run(guard(spool, bench), check=False, stdout=subprocess.DEVNULL)
        sides = [guard(spool, bench), tick(spool, bench), guard(empty, bench), tick(empty, bench)]
        results = bench.parts.started(QUICK_ROUNDS if bench.quick else rounds, *sides,
                                      [bench.parts.program("deep"), "names", spool / room])
        self.guard, self.tick, self.guard_empty, self.tick_empty, self.names = (
            Figure([ns / 1e6 for ns in result["ns"]]) for result in results)
        self.guard_peak, self.tick_peak = (Figure([result["peak_kib"] * 1024 / 1e6]) for result in results[:2])


def add_row(table, place, room, depth, looks, daily):
    guard, tick = (Figure([mine.per(theirs).median]) for mine, theirs in
                   ((looks.guard, looks.guard_empty), (looks.tick, looks.tick_empty)))
    table.add(place.name, f"`{room}`" if room else "–", f"{depth:,}", looks.guard, guard, looks.guard_peak,
              looks.tick, tick, looks.tick_peak, looks.names, daily)
