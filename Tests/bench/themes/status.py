"""Theme status: what it costs to see how a spool stands: from the shell, by the dashboard, and until the page shows
it."""
import gzip
import os
import random
import re
import subprocess
import time
from contextlib import contextmanager

import pixels
from boards import Board, listeners
from gateways import fill, make_spool, quick_agent
from measure import Failed, Figure, end
from page import Aim, Section, Table
from places import GIB
from processes import anonymous, memory
from themes.health import exchange

TITLE = "Status: from the shell, by the dashboard, and until the page shows it"
WORDS = """All on the first file system. So many entries lie in a room of one queue: `box` is a plain one, `calls-AGENT`
an agent's, `approvals` has the requests to people. What lies in `done/` has its records in `log/` as well. A pass is C,
and reads once all names in the rooms that are looked at, of all queues: `done/`, `re/` and `log/` are not.

`spool status`, milliseconds from the start of the process to its end, all sides in turn. The floor is two processes:
`spool --version`, which is what such a tool takes to start, and a pass. `ls -U` lists the same rooms:"""
SERVED = """`GET /api/data` of the resident dashboard, milliseconds that a client in Python waits, on a connection that
is kept. It asks when the pause after the last document is over (250 ms, or three times what that took), in which all
get the next one. The floor is `GET /icon.svg` on the same connection, and a pass in a process that is there already.
"First" is the first request to a dashboard that has just started, on a new connection; "start" is until it listens:"""
SEEN = """Milliseconds from the rename into `new/` by `spool put`, as inotify tells it, until others know. The floor is
a client in Python that follows `/api/events` and has the journal's line; `put` is until that process has ended. In
headless Chromium the page shows the line in its journal, and in its table the number of entries in the queue, for which
it asks for the document anew. In the DOM: as a MutationObserver sees it; in a frame: after the callbacks of the next
one, 60 a second. The events come one by one, with 0.7 to 1.3 s between them:"""
KEPT = """Memory of one dashboard, a row after the other. Pss shares a page among those who have it; private is what
would be free without it, the program too where nobody else runs it; anonymous is what it has written itself, and the
ratios are of that. The peer is `python3 -m http.server`, which has only started:"""
WEIGHT = """The page as it is served (uncompressed: it comes from the same machine), and what gzip -9 makes of it:"""

DEPTHS, QUICK_DEPTHS = [10**3, 10**4, 10**5, 10**6], [10**3, 10**5]
MILLION, DEEP = 10**6, 10**5
BYTES_EACH = 12 << 10
ROUNDS, QUICK_ROUNDS, MILLION_ROUNDS = 20, 4, 7
SERVED_ROUNDS, QUICK_SERVED_ROUNDS, MILLION_SERVED_ROUNDS = 12, 3, 7
STARTS, QUICK_STARTS = 5, 1
EVENTS, QUICK_EVENTS = 50, 5
REQUESTS, QUICK_REQUESTS, CLIENTS, STREAMS = 1000, 200, 50, 10
# What the dashboard allows itself after a document.
PAUSE, PAUSE_TIMES, SLACK = 0.25, 3, 0.03
AGENT, PLAIN = "bench", "box"
LOOKED_AT = "drop", "new", "run", "wait", "hold", "fail", "bad"
# At all depths; at one; not with --quick.
ROOMS = f"{PLAIN}/new", f"{PLAIN}/done"
DEEP_ROOMS = f"{PLAIN}/fail", f"{PLAIN}/hold"
SLOW_ROOMS = f"calls-{AGENT}/new", "approvals/hold"
DAY = 86400


def measure(bench):
    if not bench.parts.tools:
        bench.say("  Spindle is skipped: there are no tools")
        return Section("status", TITLE, WORDS, [])
    shell = Table(["in", "entries", "`spool status`", "times the floor", "`--json`", "times the floor", "peak MB",
                   "floor", "`ls -U`"])
    served = Table(["in", "entries", "`/api/data`", "times the floor", "floor", "first", "start", "kB"], words=SERVED)
    seen = Table(["waiting", "", "p50", "times the floor", "p99", "times the floor"], words=SEEN)
    kept = Table(["", "Pss, MB", "private, MB", "anonymous, MB", "of it idle", "of the peer's"], words=KEPT)
    weight = Table(["file", "bytes", "gzip", "aim", ""], words=WEIGHT)
    notes = []
    add_live(seen, kept, weight, bench, notes)
    add_depths(shell, served, bench, notes)
    return Section("status", TITLE, WORDS, [table for table in (shell, served, seen, kept, weight) if table.rows],
                   notes)


def spool_in(name, bench):
    agent = quick_agent(bench.parts.program("reply"))
    spool = make_spool(bench.parts, bench.places.root.fresh(f"status-{name}"), **{AGENT: agent})
    subprocess.run([bench.parts.tool("spool"), "init", "-q", "-C", spool, PLAIN], check=True, stdout=subprocess.DEVNULL)
    # What has never run is amber.
    subprocess.run([bench.parts.tool("spool"), "tick", "-q", "-C", spool], check=True, stdout=subprocess.DEVNULL)
    return spool


def megabytes(kib):
    return Figure([kib * 1024 / 1e6])


# How deep a spool is.

def depths(bench, notes):
    if bench.quick:
        return QUICK_DEPTHS
    if bench.places.root.free > MILLION * BYTES_EACH:
        return DEPTHS
    notes.append(f"{MILLION:,} entries: skipped, there are only {bench.places.root.free / GIB:.0f} GiB free.")
    return [depth for depth in DEPTHS if depth < MILLION]


def add_depths(shell, served, bench, notes):
    spool, filled = spool_in("deep", bench), 0
    found = [(-1, None, 0, Shell(spool, 0, bench), Served(spool, 0, bench))]
    for depth in depths(bench, notes):
        bench.say(f"  {depth:,} entries")
        fill(bench.parts, spool, PLAIN, "done", depth - filled)
        filled = depth
        for order, room in enumerate(rooms_at(depth, bench)):
            with lying_in(spool, room):
                found.append((order, room, depth, Shell(spool, depth, bench), Served(spool, depth, bench)))
    for _, room, depth, told, asked in sorted(found, key=lambda row: row[0]):
        where = f"`{room}`" if room else "–", f"{depth:,}"
        shell.add(*where, told.text, told.text.per(told.floor), told.json, told.json.per(told.floor), told.peak,
                  told.floor, told.ls)
        served.add(*where, asked.warm, asked.warm.per(asked.floor), asked.floor, asked.first, asked.start,
                   Figure([asked.size / 1e3]))


def rooms_at(depth, bench):
    if depth != DEEP:
        return ROOMS
    return ROOMS + DEEP_ROOMS + SLOW_ROOMS * (not bench.quick)


@contextmanager
def lying_in(spool, room):
    """The same entries lie now here and now there."""
    exchange(spool / PLAIN / "done", spool / room)
    if room.startswith("approvals/"):
        # The time of a request's file is its deadline.
        deadline = time.time() + DAY
        for entry in os.scandir(spool / room):
            os.utime(entry.path, (deadline, deadline))
    yield
    exchange(spool / PLAIN / "done", spool / room)


def looked_at(spool):
    queues = sorted(path.parent for path in spool.glob("*/new"))
    return [str(queue / room) for queue in queues for room in LOOKED_AT]


class Shell:
    """The tool beside its floor, in ms, and its peak."""

    def __init__(self, spool, depth, bench):
        tool, rooms = bench.parts.tool("spool"), looked_at(spool)
        status = [tool, "status", "-C", spool]
        rounds = QUICK_ROUNDS if bench.quick else MILLION_ROUNDS if depth == MILLION else ROUNDS
        # By how it ends it says how the spool stands.
        results = bench.parts.started(rounds, status, [*status, "--json"], [tool, "--version"],
                                      [bench.parts.program("deep"), "names", *rooms], ["ls", "-U", *rooms],
                                      status="any")
        self.text, self.json, start, names, self.ls = (
            Figure([ns / 1e6 for ns in result["ns"]]) for result in results)
        self.floor = together(start, names)
        self.peak = megabytes(max(result["peak_kib"] for result in results[:2]))


def together(one, other):
    return Figure([mine + theirs for mine, theirs in zip(one.values, other.values)])


class Served:
    """The resident dashboard beside its floor, in ms, and how much it says."""

    def __init__(self, spool, depth, bench):
        self.start, self.first, self.warm, self.floor = Figure(), Figure(), Figure(), Figure()
        for _ in range(QUICK_STARTS if bench.quick else STARTS):
            with Board(bench.parts, spool).open() as board:
                self.start.values.append((board.listened - board.started) * 1e3)
                self.first.values.append(timed(lambda: board.ask("/api/data")))
        rounds = QUICK_SERVED_ROUNDS if bench.quick else MILLION_SERVED_ROUNDS if depth == MILLION else SERVED_ROUNDS
        with Board(bench.parts, spool).open() as board, passing(spool, bench) as passed:
            self.sample(board, board.connect(), passed, rounds)

    def sample(self, board, connection, passed, rounds):
        self.size = len(board.ask("/api/data", connection))
        # Not counted: the first one, after which it knows for how long to pause.
        for number in range(rounds + 1):
            took = timed(lambda: board.ask("/api/data", connection))
            time.sleep(max(PAUSE, PAUSE_TIMES * took / 1e3) + SLACK)
            least = timed(lambda: board.ask("/icon.svg", connection)) + passed()
            if number > 0:
                self.warm.values.append(took)
                self.floor.values.append(least)
        connection.close()


def timed(action):
    """Milliseconds."""
    start = time.monotonic()
    action()
    return (time.monotonic() - start) * 1e3


@contextmanager
def passing(spool, bench):
    """Milliseconds of a pass, again and again in one process."""
    words = [bench.parts.program("deep"), "again", *looked_at(spool)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        def passed():
            process.stdin.write("\n")
            process.stdin.flush()
            return int(process.stdout.readline()) / 1e6
        passed()
        yield passed


# The page and the dashboard's memory, on a spool of their own.

def add_live(seen, kept, weight, bench, notes):
    spool, missing = spool_in("live", bench), pixels.missing()
    if missing:
        bench.say(f"  the page is skipped: {missing}")
        notes.append(f"Until the page shows it: skipped, {missing}.")
    else:
        bench.say("  until the page shows it")
        add_seen(seen, 0, spool, bench)
    bench.say("  memory of the dashboard")
    with Board(bench.parts, spool).open() as board:
        add_weight(weight, board)
        add_memory(kept, board, bench)
    if not missing:
        bench.say(f"  until the page shows it, {DEEP:,} entries")
        add_seen(seen, DEEP, spool, bench)


def add_seen(table, depth, spool, bench):
    put = [bench.parts.tool("spool"), "put", "-q", "-C", str(spool), PLAIN]
    # The table shows only queues in which something lies.
    subprocess.run(put, check=True, input=b"hello\n")
    times = {}
    with Board(bench.parts, spool).open() as board, listeners(board, 1) as (listener,), \
            pixels.page(board, PLAIN) as page, pixels.renames(spool / PLAIN / "new") as renames:
        # The first one is not counted.
        for number in range((QUICK_EVENTS if bench.quick else EVENTS) + 1):
            time.sleep(random.uniform(0.7, 1.3))
            for name, taken in pixels.one_event(page, listener, renames, put).items():
                times.setdefault(name, Figure()).values.extend([taken] * (number > 0))
    least = times["`/api/events`, the floor"]
    for name, figure in times.items():
        ranks = [(figure.percentile(share), least.percentile(share)) for share in (0.5, 0.99)]
        table.add(f"{depth:,}", name, *(Figure([cell]) for mine, floor in ranks for cell in (mine, mine / floor)))


def add_memory(table, board, bench):
    peer, idle = peer_anonymous(board), None

    def add(words):
        nonlocal idle
        _, shared, private = memory([board.process.pid])
        own = Figure([anonymous(board.process.pid)])
        idle = idle or own
        table.add(words, *(megabytes(each.median) for each in (shared, private, own)), own.per(idle), own.per(peer))

    requests = QUICK_REQUESTS if bench.quick else REQUESTS
    add("idle")
    board.ask("/api/data")
    add("one document")
    board.ask_often(requests, CLIENTS)
    add(f"{requests:,} more, asked for by {CLIENTS} at once")
    with listeners(board, STREAMS) as all:
        subprocess.run([bench.parts.tool("spool"), "put", "-q", "-C", board.spool, PLAIN], check=True, input=b"hello\n")
        pixels.until(lambda: all[0].heard and all[-1].heard, "all listeners hear of it")
        add(f"{STREAMS} event streams are open")
        fill(bench.parts, board.spool, PLAIN, "new", DEEP)
        board.ask_often(CLIENTS * 2, CLIENTS)
        add(f"{DEEP:,} entries wait as well, {CLIENTS * 2} more documents")


def peer_anonymous(board):
    command = ["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    peer = subprocess.Popen(command, cwd=board.spool, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if not peer.stdout.readline():
            raise Failed("python3 -m http.server does not start")
        return Figure([anonymous(peer.pid)])
    finally:
        peer.terminate()
        end([peer])


def add_weight(table, board):
    page = board.ask("/")
    files = {"/": page, **{path: board.ask(path) for path in re.findall(r'(?:href|src)="(/[^"]+)"', page.decode())}}
    for path, body in files.items():
        table.add(f"`{path}`", f"{len(body):,}", f"{packed(body):,}")
    whole = sum(map(len, files.values()))
    table.add("all", f"{whole:,}", f"{sum(map(packed, files.values())):,}",
              aims=[Aim("under 60 kB", whole < 60_000)])


def packed(body):
    return len(gzip.compress(body, 9))
