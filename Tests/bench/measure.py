"""How things are measured: figures with their spread, processes behind a common start gate, sides in turn."""
import json
import os
import selectors
import statistics
import subprocess
import time
from dataclasses import dataclass, field


class Failed(Exception):
    """A measurement that could not be made; says why."""


@dataclass
class Figure:
    """The same thing measured several times."""
    values: list = field(default_factory=list)

    @property
    def median(self):
        return statistics.median(self.values)

    def percentile(self, share):
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __bool__(self):
        return bool(self.values)

    def per(self, other):
        """The ratio to another side, round by round: what the machine did to both at once falls out."""
        return Figure([mine / theirs for mine, theirs in zip(self.values, other.values)])

    def __str__(self):
        """Median (min-max)."""
        if not self.values:
            return "–"
        low, middle, high = (spoken(value) for value in (min(self.values), self.median, max(self.values)))
        return middle if len(self.values) == 1 else f"{middle} ({low}–{high})"


def spoken(value):
    """Three digits are all that such a machine gives."""
    if value >= 1000:
        return f"{round(value, 3 - len(str(int(value)))):,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


@dataclass
class Pass:
    """From the opening of the gate to the last end."""
    seconds: float
    items: int

    @property
    def rate(self):
        return self.items / self.seconds

    @property
    def microseconds_each(self):
        return self.seconds / self.items * 1e6


class Lines:
    """The lines that processes print into one pipe, before a deadline."""

    def __init__(self, descriptor, processes, limit):
        self.descriptor, self.processes, self.end = descriptor, processes, time.monotonic() + limit
        self.buffer, self.selector = b"", selectors.DefaultSelector()
        self.selector.register(descriptor, selectors.EVENT_READ)

    def next(self):
        while b"\n" not in self.buffer:
            if not self.selector.select(timeout=0.5):
                self.complain()
                continue
            piece = os.read(self.descriptor, 65536)
            if not piece:
                raise Failed(f"{name_of(self.processes)} ended without its result")
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    def complain(self):
        if any(process.poll() for process in self.processes):
            raise Failed(f"{name_of(self.processes)} failed")
        if time.monotonic() > self.end:
            raise Failed(f"{name_of(self.processes)} took too long")

    def close(self):
        self.selector.close()
        os.close(self.descriptor)


def name_of(processes):
    return os.path.basename(processes[0].args[0])


def gated(commands, items, limit=300):
    """Starts all, opens the gate when each has said `ready`, and takes the time until the last result is there."""
    gate, opener = os.pipe()
    output, printed = os.pipe()
    # What other sides left unwritten is not this one's to flush.
    os.sync()
    processes = [subprocess.Popen(command, stdin=gate, stdout=printed) for command in commands]
    os.close(gate)
    os.close(printed)
    lines = Lines(output, processes, limit)
    try:
        for _ in processes:
            if (line := lines.next()) != "ready":
                raise Failed(f"{name_of(processes)} said {line!r}, not ready")
        start = time.monotonic()
        os.close(opener)
        opener = None
        results = [lines.next() for _ in processes]
        seconds = time.monotonic() - start
    finally:
        if opener is not None:
            os.close(opener)
        lines.close()
        end(processes)
    check_items(results, items, name_of(processes))
    return Pass(seconds, items)


def check_items(results, items, name):
    """A side that did less than it was asked for was not fast."""
    done = sum(json.loads(line)["items"] for line in results)
    if done != items:
        raise Failed(f"{name} did {done} items, not {items}")


def end(processes, patience=10):
    """Waits for them; ends those that stay."""
    for process in processes:
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def in_turn(sides, rounds):
    """A B C, B C A, ...: each side has each of the others before it."""
    for number in range(rounds):
        shift = number % len(sides)
        for side in sides[shift:] + sides[:shift]:
            yield number, side
