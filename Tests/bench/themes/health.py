"""Theme health: what a look at a deep spool costs, each half hour and each minute."""
import subprocess
import time

from gateways import fill, make_spool, quick_agent
from measure import Figure
from page import Section, Table

TITLE = "health: heartbeat-guard and spool tick beside a deep spool"
WORDS = """Milliseconds from the start of `heartbeat-guard`, and of the minute's round of `spool tick`, to its end, where so many
entries lie in a room of one queue, with all sides in turn: the same spool with nothing in it is the floor, and the ratios
are to it. In `done/` each has its record in `log/` as well. `box` is a plain queue; of `calls-AGENT/` the tick also looks
for calls that have expired. The pass is one C process that reads all names of the room once, which nothing that knows the
oldest of them can do without. The daily round (retention) is one sample, of its own."""

DEPTHS, QUICK_DEPTHS = [10**3, 10**4, 10**5, 10**6], [10**3, 10**4]
ROUNDS, QUICK_ROUNDS = 20, 5
# From this depth on.
DEEP, DEEP_ROUNDS = 10**6, 5
AGENT = "bench"
ROOMS = ("box", "done"), ("box", "new"), (f"calls-{AGENT}", "done"), (f"calls-{AGENT}", "new")


def measure(bench):
    table = Table(["file system", "entries in", "", "`heartbeat-guard`", "of empty", "peak MB", "`spool tick`", "of empty",
                   "peak MB", "the pass in C", "daily round"])
    if not bench.parts.tools:
        bench.say("  Spindle is skipped: there are no tools")
        return Section("health", TITLE, WORDS, [])
    for place in bench.places.list:
        empty = spool_with(place, "empty", bench)
        daily = first_round(empty, bench)
        add_row(table, place, "–", 0, empty, empty, empty / "box/new", daily, bench)
        for queue, room in ROOMS:
            for depth in QUICK_DEPTHS if bench.quick else DEPTHS:
                bench.say(f"  {place.name}, {depth:,} in {queue}/{room}")
                spool = spool_with(place, f"{queue}-{room}-{depth}", bench)
                fill(bench.parts, spool, queue, room, depth)
                daily = first_round(spool, bench)
                add_row(table, place, f"`{queue}/{room}`", depth, spool, empty, spool / queue / room, daily, bench)
    return Section("health", TITLE, WORDS, [table])


def spool_with(place, name, bench):
    spool = make_spool(bench.parts, place.fresh(f"health-{name}"), **{AGENT: quick_agent(bench.parts.program("reply"))})
    subprocess.run([bench.parts.tool("spool"), "init", "-q", "-C", spool, "box"], check=True,
                   stdout=subprocess.DEVNULL)
    return spool


def guard(spool, bench):
    return [bench.parts.tool("heartbeat-guard"), "-q", "-C", spool, "--agent", AGENT, "--max-age", "1d"]


def tick(spool, bench):
    return [bench.parts.tool("spool"), "tick", "-q", "-C", spool]


def first_round(spool, bench):
    """Milliseconds of the first tick, which is the daily round too. What the guard has to tell it tells now."""
    start = time.monotonic()
    subprocess.run(tick(spool, bench), check=True, stdout=subprocess.DEVNULL)
    taken = (time.monotonic() - start) * 1e3
    subprocess.run(guard(spool, bench), check=False, stdout=subprocess.DEVNULL)
    return taken


def add_row(table, place, where, depth, spool, empty, room, daily, bench):
    rounds = QUICK_ROUNDS if bench.quick else DEEP_ROUNDS if depth >= DEEP else ROUNDS
    commands = [guard(spool, bench), tick(spool, bench), guard(empty, bench), tick(empty, bench),
                [bench.parts.program("deep"), "names", room]]
    results = bench.parts.started(rounds, *commands)
    guarded, ticked, guarded_empty, ticked_empty, names = (Figure([ns / 1e6 for ns in result["ns"]])
                                                           for result in results)
    peaks = [Figure([result["peak_kib"] * 1024 / 1e6]) for result in results[:2]]
    table.add(place.name, where, f"{depth:,}", guarded, Figure([guarded.per(guarded_empty).median]), peaks[0], ticked,
              Figure([ticked.per(ticked_empty).median]), peaks[1], names, Figure([daily]))
