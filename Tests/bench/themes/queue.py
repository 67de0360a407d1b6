"""Theme queue: publish, claim and finish, all durable, with one and with many processes, singly and in batches."""
from measure import Failed, Figure, gated, in_turn
from page import Aim, Section, Table
from sides import Floor, Redis, Spindle, SQLite, present

TITLE = "Queue: publish, claim, finish"
WORDS = """Items of 1 KiB a second, each published, claimed and finished so that every step survives a power cut. Each
process claims what it has published itself, and all begin at once behind a gate. One at a time the floor costs four
barriers an item (its file, `new/`, `run/`, `done/`); a batch of 64 shares one syncfs and three. SQLite: WAL,
synchronous=FULL, three transactions an item or a batch. Redis: appendfsync always, over a unix socket, one command or a
pipeline of 64 for each of three steps."""

SINGLE, BATCH = 1, 64
# Items of one pass, all processes together, so that it takes a second or some.
ITEMS = {SINGLE: {1: 1000, 8: 1200, 64: 1280}, BATCH: {1: 64 * 80, 8: 64 * 160, 64: 64 * 256}}
QUICK_ITEMS = {SINGLE: {1: 200, 8: 200, 64: 640}, BATCH: {1: 64 * 16, 8: 64 * 16, 64: 64 * 64}}
ROUNDS, QUICK_ROUNDS = 5, 2
# With so many writers SQLite mostly sleeps in its busy handler, and does a few dozen transactions a second: it gets
# fewer items.
CROWD = 64


def measure(bench):
    sides = present([Spindle(bench.parts), Floor(bench.parts), SQLite(bench.parts), Redis(bench.parts)], bench.say)
    single = Table(["file system", "processes", "Spindle", "C floor", "of the floor", "SQLite", "Redis", "aim", ""],
                   words="One at a time, items a second:")
    batches = Table(single.head, words="In batches of 64, items a second:")
    for table, batch in (single, SINGLE), (batches, BATCH):
        for place in bench.places.list:
            for processes in ITEMS[batch]:
                bench.say(f"  {place.name}, batch {batch}, {processes} processes")
                add_row(table, place, processes, batch, rates(bench, place, sides, processes, batch))
    return Section("queue", TITLE, WORDS, [single, batches])


def rates(bench, place, sides, processes, batch):
    """Items a second of each side; a side that fails is said, and left out from then on."""
    items = (QUICK_ITEMS if bench.quick else ITEMS)[batch][processes]
    found = {side.name: Figure() for side in sides}
    failed = set()
    for _, side in in_turn(sides, QUICK_ROUNDS if bench.quick else ROUNDS):
        if side in failed:
            continue
        try:
            found[side.name].values.append(one_pass(place, side, processes, batch, items).rate)
        except Failed as why:
            bench.say(f"  {side.name}: {why}")
            failed.add(side)
            found[side.name] = Figure()
    return found


def one_pass(place, side, processes, batch, items):
    if processes == CROWD and isinstance(side, SQLite):
        items = processes * max(2, batch)
    directory = place.fresh(side.program)
    with side.queue(directory):
        command = side.command(directory, "cycle", items // processes, batch)
        return gated([command] * processes, items)


def add_row(table, place, processes, batch, found):
    spindle, floor, redis = found.get("Spindle", Figure()), found["C floor"], found.get("Redis", Figure())
    ratio = spindle.per(floor)
    least = 0.8 if batch == SINGLE else 0.7
    aims = [Aim(f"{least} of the floor", ratio.median >= least if ratio else None)]
    if batch == BATCH:
        aims.append(Aim("ahead of Redis", spindle.per(redis).median > 1 if spindle and redis else None))
    cells = spindle, floor, ratio, found.get("SQLite", Figure()), redis
    table.add(place.name, processes, *cells, aims=aims)
