"""Theme drain: what an entry costs in a deep queue."""
from measure import Failed, Figure, gated, in_turn
from page import Aim, Section, Table
from places import GIB
from sides import Floor, Spindle, SQLite, present

TITLE = "Drain: deep queues"
WORDS = """A queue is filled with entries of 1 KiB, and then one process claims and finishes all of them, oldest first
and in batches of 64; microseconds an entry. The floor reads `new/` once, sorts it and works it off. SQLite claims the
oldest 64 by a partial index, a transaction each to claim and to acknowledge."""

THOUSAND, MANY, MILLION = 10**3, 10**5, 10**6
ROUNDS = {THOUSAND: 5, MANY: 1, MILLION: 1}
QUICK_ROUNDS = {THOUSAND: 3, 10**4: 1}
BATCH = 64
# Of files of 4 KiB for each entry, with their log and their floor's.
BYTES_EACH = 20 << 10
LIMIT = 600


def measure(bench):
    sides = present([Spindle(bench.parts), Floor(bench.parts), SQLite(bench.parts)], bench.say)
    table = Table(["file system", "entries", "what", "Spindle", "C floor", "times the floor", "SQLite", "aim", ""])
    notes = []
    for place in bench.places.list:
        filled, drained = {}, {}
        for depth, rounds in depths(bench, place, notes).items():
            bench.say(f"  {place.name}, {depth} entries")
            filled[depth], drained[depth] = costs(bench, place, sides, depth, rounds)
            for what, found in ("fill", filled[depth]), ("drain", drained[depth]):
                ratio = found.get("Spindle", Figure()).per(found["C floor"])
                table.add(place.name, f"{depth:,}", what, *cells(found, ratio))
        add_growth(table, place, drained)
    return Section("drain", TITLE, WORDS, [table], notes)


def depths(bench, place, notes):
    """The deepest is measured once: on the file system with a journal, where there is one, since it leaves millions of
    files that are slow to remove."""
    if bench.quick:
        return QUICK_ROUNDS
    found = dict(ROUNDS)
    if place is not bench.places.list[-1]:
        del found[MILLION]
    elif place.free < MILLION * BYTES_EACH:
        notes.append(f"{MILLION:,} entries: skipped, {place.name} has only {place.free / GIB:.0f} GiB free.")
        del found[MILLION]
    return found


def costs(bench, place, sides, depth, rounds):
    """Microseconds an entry of each side: to fill, and to drain."""
    filled, drained = ({side.name: Figure() for side in sides} for _ in range(2))
    for _, side in in_turn(sides, rounds):
        try:
            directory = place.fresh(f"{side.program}-{depth}")
            with side.queue(directory):
                fill = gated([side.command(directory, "fill", depth)], depth, LIMIT)
                drain = gated([side.command(directory, "drain", BATCH)], depth, LIMIT)
        except Failed as why:
            bench.say(f"  {side.name}, {depth} entries: {why}")
            continue
        filled[side.name].values.append(fill.microseconds_each)
        drained[side.name].values.append(drain.microseconds_each)
    return filled, drained


def cells(found, ratio):
    return found.get("Spindle", Figure()), found["C floor"], ratio, found.get("SQLite", Figure())


def add_growth(table, place, drained):
    """What depth itself costs: the deepest against the shallowest."""
    least, most = min(drained), max(drained)
    growth = {}
    for name, deep in drained[most].items():
        shallow = drained[least][name]
        growth[name] = Figure([deep.median / shallow.median] if deep and shallow else [])
    spindle = growth.get("Spindle", Figure())
    aims = []
    if most == MILLION:
        aims = [Aim("at most 2", spindle.median <= 2 if spindle else None)]
    table.add(place.name, f"{most:,} / {least:,}", "drain", *cells(growth, "–"), aims=aims)
