"""Theme wake: from the rename into new/ to the first instruction of the worker's command."""
import json
import os
import select
import subprocess

from measure import Failed, Figure, in_turn
from page import Aim, Section, Table
from sides import QUEUE, ROOMS

TITLE = "Wake: from the rename to the command"
WORDS = """Microseconds from just before the producer's rename into `new/` to the first instruction of the command that
the resident worker starts: a static program that reads the clock. The producer does not fsync. `spool work` has, before
the command starts, locked the file, moved it to `run/` and made that durable; "floor + claim" is the C floor with the
same promise. The plain floor and inotifywait promise nothing."""

SAMPLES, ROUNDS = 400, 10
QUICK_SAMPLES, QUICK_ROUNDS = 60, 2
# Not counted: the first entries find caches cold.
WARM_UP = 5


class Resident:
    """A worker that waits for entries in a directory with rooms, and starts our command for each."""

    def __init__(self, bench, place):
        self.parts = bench.parts
        self.directory = place.fresh(self.program)
        self.fifo = str(self.directory / "fifo")
        os.mkfifo(self.fifo)
        self.figure = Figure()
        self.make()
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)

    def make(self):
        for room in ROOMS:
            (self.queue / room).mkdir(parents=True)

    @property
    def queue(self):
        return self.directory / QUEUE

    def wait_until_ready(self):
        """Until it says so."""
        if not select.select([self.process.stdout], [], [], 10)[0] or b"ready" not in self.process.stdout.readline():
            raise Failed(f"{self.name}: did not become ready")

    def sample(self, count):
        done = subprocess.run([self.parts.program("producer"), self.queue, self.fifo, str(count)],
                              stdout=subprocess.PIPE)
        if done.returncode != 0:
            raise Failed(f"{self.name}: its command did not run")
        return [ns / 1000 for ns in json.loads(done.stdout)["ns"]]

    def end(self):
        """With all that it has started."""
        try:
            os.killpg(self.process.pid, 15)
        except ProcessLookupError:
            pass
        self.process.communicate()


class SpoolWork(Resident):
    name, program = "Spindle", "spool"

    def make(self):
        subprocess.run([self.parts.tool("spool"), "init", "-q", "-C", self.directory, QUEUE], check=True,
                       stdout=subprocess.DEVNULL)

    def command(self):
        return [self.parts.tool("spool"), "work", "-q", "-C", self.directory, QUEUE, "--",
                self.parts.program("stamp"), self.fifo]

    def wait_until_ready(self):
        """It says nothing; what lands before it watches is found by its first scan."""


class Waker(Resident):
    name, program, barrier = "C floor", "waker", []

    def command(self):
        return [self.parts.program("waker"), *self.barrier, self.queue, self.parts.program("stamp"), self.fifo]


class WakerWithClaim(Waker):
    name, program, barrier = "floor + claim", "waker-claim", ["--barrier"]


class Inotifywait(Resident):
    name, program = "inotifywait -m", "inotifywait"

    def command(self):
        return ["sh", "-c", 'inotifywait -m -e moved_to --format %f "$1" | while read -r f; do "$2" "$3"; done', "sh",
                self.queue / "new", self.parts.program("stamp"), self.fifo]

    def wait_until_ready(self):
        """It says so on stderr; what came before is lost."""
        said = b""
        while select.select([self.process.stderr], [], [], 10)[0]:
            piece = os.read(self.process.stderr.fileno(), 4096)
            said += piece
            if b"established" in said:
                return
            if not piece:
                break
        raise Failed("inotifywait did not become ready")


def measure(bench):
    kinds = [Waker, WakerWithClaim, Inotifywait]
    if bench.parts.tools:
        kinds.insert(0, SpoolWork)
    else:
        bench.say("  Spindle is skipped: there are no tools")
    table = Table(["file system", "", "Spindle", "C floor", "times the floor", "floor + claim",
                   "times floor + claim", "inotifywait -m", "aim", ""])
    for place in bench.places.list:
        bench.say(f"  {place.name}")
        found = samples(bench, place, kinds)
        for label, share in ("p50", 0.5), ("p99", 0.99):
            add_row(table, place, label, {name: figure.percentile(share) for name, figure in found.items()})
    return Section("wake", TITLE, WORDS, [table])


def samples(bench, place, kinds):
    residents = [kind(bench, place) for kind in kinds]
    count, rounds = (QUICK_SAMPLES, QUICK_ROUNDS) if bench.quick else (SAMPLES, ROUNDS)
    try:
        for resident in residents:
            resident.wait_until_ready()
            resident.sample(WARM_UP)
        for _, resident in in_turn(residents, rounds):
            resident.figure.values += resident.sample(count // rounds)
    finally:
        for resident in residents:
            resident.end()
    return {resident.name: resident.figure for resident in residents}


def add_row(table, place, label, found):
    names = "Spindle", "C floor", "floor + claim", "inotifywait -m"
    spindle, floor, claim, peer = (Figure([found[name]] if name in found else []) for name in names)
    aims = []
    if label == "p50":
        ratio, lead = spindle.per(floor), spindle.per(peer)
        aims = [Aim("at most 2 times the floor", ratio.median <= 2 if ratio else None),
                Aim("ahead of inotifywait", lead.median < 1 if lead else None)]
    table.add(place.name, label, spindle, floor, spindle.per(floor), claim, spindle.per(claim), peer, aims=aims)
