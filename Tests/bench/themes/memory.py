"""Theme memory: harvesting transcripts, reading again where nothing is new, reads and writes from many processes at
once, a process for each operation, and how soon a fact is there for others."""
from contextlib import ExitStack

import freshness
import remembering
from harvests import DuckDB, Floor, Orjson, Spindle, Times, present
from measure import Failed, Figure, in_turn
from page import Aim, Section, Table
from peers import versions
from transcripts import shared, synthetic

TITLE = "Memory: harvest, remember, and how fresh it is"
WORDS = f"""Harvesting transcripts of Claude Code from an empty database, whole processes, the files in the page
cache; on the first file system. The synthetic ones are the same bytes each time, close to the shape of real
ones: 1.7 kB a line in the mean, half of the lines shorter than 650 bytes, one in a hundred longer than 20 kB, 64
of 100 of type progress. "One line" is a file with no more than that: what a side takes for its start, which the
peers' Python makes long. The floor is C++: read(2) of 1 MiB at a time, each line through simdjson (On-Demand), the
texts of human and model turns searched by memmem for six phrases, what is found and the position in one durable
transaction (SQLite, WAL, synchronous=FULL) every 4 MiB. The peers ({versions("duckdb", "orjson")}) look for the same
phrases in the same texts: Python with orjson keeps positions in SQLite, as the floor does; DuckDB reads all files
with read_json in one statement, with threads=1, into a table of its own, and keeps no position. The floor and the
peers must find every phrase that was written, and all the same number. Spindle applies its own rules, looks for
secrets, counts every line, knows renamed and replaced files, and indexes the text; it must have read every byte and
line. MB are 10^6 bytes."""
IDLE = """The same again with nothing new, milliseconds from the start of the process to its end:"""
OPERATED = """Operations a second of all processes together, and milliseconds of one operation as its client sees it:
a C program that writes a line into the pipe of a process, and waits for the line that answers. With Spindle the
processes are `memory put --batch` and `memory get --batch`. A write is durable before it is answered; each process
writes 20 keys of its own again and again, values of some 210 bytes. For half and half each client has two processes
and asks them in turn. One client alone and its process may sit on two cores, and then waking the other one takes
longer than a read: that row is unsteady. The floor is C with SQLite (WAL, synchronous=FULL, BEGIN IMMEDIATE,
busy_timeout of 60 s): it sets the current value and adds it to the history; Python's sqlite3 does the same. "Spindle,
times it" is of operations a second:"""
SINGLE = """A process for each operation, milliseconds from its start to its end. The floor and Python are the
programs of the table before, with one line to answer; `sqlite3` is its command line, which sets a row or selects
it:"""
FRESH = """From a line that is written to its fact: milliseconds from just before a human turn that corrects the model
is appended to a transcript until a process with the database open for reading finds the fact in it; it looks every
0.2 ms. Spindle is `harvest --watch`, the floor is the one above, told by inotify:"""

MEGABYTE = 10**6
SIZE, MANY, SMALL = 256 * MEGABYTE, 64, 100_000
# Of one small file, which then has a line or two.
SMALL_SIZE = 1000
ROUNDS, QUICK_ROUNDS, ROUNDS_OF_SMALL = 7, 2, 2
IDLE_ROUNDS, QUICK_IDLE_ROUNDS = 30, 10
PROCESSES = 1, 2, 4, 8
# Operations of one pass, all processes together.
ITEMS = {remembering.PUT: 2000, remembering.GET: 20_000, remembering.BOTH: 4000}
QUICK_ITEMS = {remembering.PUT: 400, remembering.GET: 4000, remembering.BOTH: 400}
PASSES, QUICK_PASSES = 5, 1
SINGLE_ROUNDS, QUICK_SINGLE_ROUNDS = 100, 20
SAMPLES, QUICK_SAMPLES = 50, 20


def measure(bench):
    first = Table(["transcripts", "", "s", "MB/s", "MB/s without the start", "Spindle's speed, times its", "peak MB",
                   "facts", "aim", ""])
    again = Table(["transcripts", "", "ms", "Spindle, times it", "peak MB"], words=IDLE)
    operated = Table(["file system", "what", "processes", "", "a second", "Spindle, times it", "write p50", "p99",
                      "max", "read p50", "p99", "max"], words=OPERATED)
    single = Table(["file system", "what", "", "ms", "Spindle, times it", "peak MB"], words=SINGLE)
    fresh = Table(["file system", "", "Spindle", "C++ floor", "times the floor", "aim", ""], words=FRESH)
    harvest(first, again, bench)
    for place in bench.places.list:
        add_operated(operated, place, bench)
        bench.say(f"  {place.name}, single operations")
        add_single(single, place, bench)
        bench.say(f"  {place.name}, freshness")
        add_fresh(fresh, place, bench)
    return Section("memory", TITLE, WORDS, [first, again, operated, single, fresh])


def harvest(first, again, bench):
    sides = present([Spindle, Floor, DuckDB, Orjson], bench)
    rounds = QUICK_ROUNDS if bench.quick else ROUNDS
    megabytes = SIZE // MEGABYTE
    sets = [("one line", 1, 1, rounds), (f"one file of {megabytes} MB", 1, SIZE, rounds),
            (f"{megabytes} MB in {MANY} files", MANY, SIZE, rounds)]
    if not bench.quick:
        sets.append((f"{SMALL:,} small files", SMALL, SMALL * SMALL_SIZE, ROUNDS_OF_SMALL))
    starts = {}
    for name, files, size, rounds in sets:
        bench.say(f"  {bench.places.root.name}, {name}")
        seconds = add_harvested(first, again, synthetic(bench, name, files, size), sides, rounds, starts, bench)
        starts = starts or {side: figure.median for side, figure in seconds.items()}
    try:
        add_harvested(first, again, shared(bench), sides, QUICK_ROUNDS if bench.quick else ROUNDS, starts, bench)
    except Failed as why:
        bench.say(f"  shared transcripts are skipped: {why}")


def add_harvested(first, again, transcripts, sides, rounds, starts, bench):
    """The seconds of each side; `starts`: how many of them are its start."""
    found, failed = {side.name: Times() for side in sides}, set()
    for _, side in in_turn(sides, rounds):
        if side in failed:
            continue
        try:
            side.one(bench.places.root, transcripts, found[side.name])
        except Failed as why:
            bench.say(f"  {side.name}: {why}")
            failed.add(side)
    whole = [side for side in sides if side not in failed]
    seconds = {side.name: found[side.name].seconds for side in whole}
    for side in whole:
        times = found[side.name]
        rate, net = (megabytes_a_second(transcripts, times.seconds, start) for start in (0, starts.get(side.name, 0)))
        aims = harvest_aims(seconds, times, transcripts.bytes >= SIZE) if side.name == "Spindle" else ()
        first.add(transcripts.name, side.name, times.seconds, rate if transcripts.bytes >= MEGABYTE else Figure(),
                  # Of little, the start is most, and what is left is nothing but its spread.
                  net if transcripts.bytes >= SIZE else Figure(), faster(seconds, side.name), times.peak,
                  f"{times.facts:,}", aims=aims)
    keepers = [(side, found[side.name].command) for side in whole if side.keeps_positions]
    add_idle(again, transcripts.name, keepers, bench)
    return seconds


def megabytes_a_second(transcripts, seconds, start):
    return Figure([transcripts.bytes / MEGABYTE / (each - start) for each in seconds.values if each > start])


def faster(seconds, name):
    """How many times as fast as this side Spindle is: the median of the rounds."""
    ours, theirs = seconds.get("Spindle"), seconds[name]
    return Figure([theirs.per(ours).median]) if ours and name != "Spindle" else Figure()


def harvest_aims(seconds, times, is_large):
    def at_least(share, name, words):
        return Aim(words, faster(seconds, name).median >= share if name in seconds else None)
    speed = [at_least(3, DuckDB.name, "3 times DuckDB"), at_least(0.7, Floor.name, "0.7 of the floor")] * is_large
    return [*speed, Aim("under 40 MB", max(times.peak.values) < 40)]


def add_idle(table, name, found, bench):
    """Over what the last round of each left."""
    results = bench.parts.started(QUICK_IDLE_ROUNDS if bench.quick else IDLE_ROUNDS, *(command for _, command in found))
    times = {side.name: milliseconds(result) for (side, _), result in zip(found, results)}
    for (side, _), result in zip(found, results):
        table.add(name, side.name, times[side.name], ratio(times, side.name), peak(result))


def milliseconds(result):
    return Figure([ns / 1e6 for ns in result["ns"]])


def peak(result):
    return Figure([result["peak_kib"] * 1024 / 1e6])


def ratio(figures, name):
    """Of Spindle to this side: the median of the ratios of the rounds."""
    ours, theirs = figures.get("Spindle"), figures[name]
    return Figure([ours.per(theirs).median]) if ours and theirs and name != "Spindle" else Figure()


def add_operated(table, place, bench):
    sides = present([remembering.Spindle, remembering.Floor, remembering.Python], bench)
    for processes in PROCESSES:
        bench.say(f"  {place.name}, {processes} processes")
        rates, times = operated(place, processes, sides, bench)
        for what in ITEMS:
            of_all = {name: figure for (name, kind), figure in rates.items() if kind == what and figure}
            for name, figure in of_all.items():
                waits = (times[name, what][verb] for verb in ("put", "get"))
                cells = (Figure([wait.percentile(share)] if wait else []) for wait in waits for share in (0.5, 0.99, 1))
                table.add(place.name, what, processes, name, figure, ratio(of_all, name), *cells)


def operated(place, processes, sides, bench):
    """Operations a second, and the ms of each verb, by side and kind; of a side that fails what it did before."""
    rates = {(side.name, what): Figure() for side in sides for what in ITEMS}
    times, failed = {key: {"put": Figure(), "get": Figure()} for key in rates}, set()
    items = QUICK_ITEMS if bench.quick else ITEMS
    for _, side in in_turn(sides, QUICK_PASSES if bench.quick else PASSES):
        if side in failed:
            continue
        try:
            directory = side.memory(place)
            for what in ITEMS:
                done, waits = side.operate(directory, what, processes, items[what])
                rates[side.name, what].values.append(done.rate)
                for verb, figure in waits.items():
                    times[side.name, what][verb].values += figure.values
        except Failed as why:
            bench.say(f"  {side.name}: {why}")
            failed.add(side)
    return rates, times


def add_single(table, place, bench):
    directory = place.fresh("single")
    inputs, said = remembering.inputs(directory), directory / "said"
    sides = {}
    for side in present([remembering.Spindle, remembering.Floor, remembering.Python, remembering.CommandLine,
                         remembering.Nothing], bench):
        memory = side.memory(place)
        commands = {verb: side.single(verb, memory) for verb in inputs}
        try:
            # What cannot do it at all must not take the others with it.
            for verb, command in commands.items():
                bench.parts.started(1, command, stdin=inputs[verb], said=said, warm_up=False)
        except Failed as why:
            bench.say(f"  {side.name}: {why}")
            continue
        sides[side.name] = commands
    for verb, what in ("put", remembering.PUT), ("get", remembering.GET):
        results = bench.parts.started(QUICK_SINGLE_ROUNDS if bench.quick else SINGLE_ROUNDS,
                                      *(commands[verb] for commands in sides.values()), stdin=inputs[verb], said=said)
        times = {name: milliseconds(result) for name, result in zip(sides, results)}
        for name, result in zip(sides, results):
            table.add(place.name, what, name, times[name], ratio(times, name), peak(result))


def add_fresh(table, place, bench):
    found, failed = {}, set()
    sides = present([freshness.Spindle, freshness.Floor], bench)
    with ExitStack() as stack:
        for side in sides:
            stack.enter_context(side.follow(place))
        for number, side in in_turn(sides, freshness.WARM_UP + (QUICK_SAMPLES if bench.quick else SAMPLES)):
            if side in failed:
                continue
            try:
                lag = side.lag(number)
            except Failed as why:
                bench.say(f"  {why}")
                failed.add(side)
                continue
            if number >= freshness.WARM_UP:
                found.setdefault(side.name, Figure()).values.append(lag)
    for label, share in ("p50", 0.5), ("p99", 0.99):
        values = {name: Figure([lags.percentile(share)]) for name, lags in found.items()}
        ours, floor = (values.get(name, Figure()) for name in ("Spindle", "C++ floor"))
        table.add(place.name, label, ours, floor, ratio(values, "C++ floor") if floor else Figure(),
                  aims=[Aim("under 1 s", ours.median < 1000)] if ours and share == 0.99 else ())
