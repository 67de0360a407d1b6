"""The sides of harvesting: Spindle, its floor in C++, and the peers. Each says by which command it reads transcripts
into a database in a directory of its own."""
import json
import os
import subprocess
from dataclasses import dataclass, field

from measure import Failed, Figure
from peers import peer

# What the floor and the peers look for; Spindle has its rules.
PHRASES = "that's wrong", "don't touch", "From now on", "We decided to", "Let's go with", "The project "


@dataclass
class Times:
    """Of one side: seconds of each round, and the most memory in MB."""
    seconds: Figure = field(default_factory=Figure)
    peak: Figure = field(default_factory=Figure)
    facts: int = 0
    # What the last round left, and how it was made.
    command: list = None


class Side:
    keeps_positions = True

    def __init__(self, parts):
        self.parts = parts
        self.install()

    def install(self):
        pass

    def one(self, place, transcripts, times):
        """From nothing to the last fact, a whole process."""
        directory = place.fresh(self.label)
        times.command = list(map(str, self.command(directory, transcripts)))
        # What other sides left unwritten is not this one's to flush.
        os.sync()
        printed = directory / "printed"
        result, = self.parts.started(1, times.command, stdout=printed, said=directory / "said", warm_up=False)
        counts = json.loads(printed.read_text())
        self.check(counts, transcripts)
        times.facts = counts["facts"]
        times.seconds.values.append(result["ns"][0] / 1e9)
        times.peak.values.append(result["peak_kib"] * 1024 / 1e6)

    def check(self, counts, transcripts):
        """A side that did less than it was asked for was not fast."""
        if transcripts.said is None:
            return
        for name, wanted in ("lines", transcripts.lines), ("facts", transcripts.said):
            if counts.get(name, wanted) != wanted:
                raise Failed(f"{self.name} has {counts[name]} {name}, not {wanted}")


class Spindle(Side):
    name, label = "Spindle", "harvest"

    def install(self):
        self.tool, self.spool = self.parts.tool("harvest"), self.parts.tool("spool")

    def command(self, directory, transcripts):
        spool = directory / "spool"
        subprocess.run([self.spool, "init", "-q", "-C", spool], check=True, stdout=subprocess.DEVNULL)
        sources = [word for kind, path in transcripts.sources for word in ("--source", f"{kind}:{path}")]
        return [self.tool, "-C", spool, "--json", *sources]

    def check(self, counts, transcripts):
        # Of real ones, a torn last line is not behind the position yet.
        for name in ("lines",) if transcripts.said is None else ("lines", "bytes"):
            if counts[name] != (wanted := getattr(transcripts, name)):
                raise Failed(f"{self.name} read {counts[name]} {name}, not {wanted}")
        if transcripts.said and not counts["facts"]:
            raise Failed(f"{self.name} found no facts")


class Floor(Side):
    name, label = "C++ floor", "harvest-floor"

    def command(self, directory, transcripts):
        return [self.parts.program("harvest"), "once", directory / "facts.db", transcripts.directory, *PHRASES]


class Peer(Side):
    def install(self):
        self.words = peer(self.parts.built, self.label)

    def command(self, directory, transcripts):
        return [*self.words, directory / "facts.db", transcripts.directory, *PHRASES]


class DuckDB(Peer):
    name, label, keeps_positions = "DuckDB, one thread", "duckdb", False


class Orjson(Peer):
    name, label = "Python with orjson", "orjson"


def present(kinds, bench):
    """Those that can be measured; says why the others are not."""
    found = []
    for kind in kinds:
        try:
            found.append(kind(bench.parts))
        except Failed as why:
            bench.say(f"  {kind.name} is skipped: {why}")
    return found
