"""A home whose transcripts are harvested: its sources, what is reported of them, and the dump that must come of it."""
import json
import os
import random
import re
import sqlite3
import stat
from collections import Counter
from pathlib import Path

from case import expect
from home import until
from sending import Sender

SOON = 30  # seconds for what needs less than one, on a machine that has much to do
FACTS = "correction", "project", "decision"


class Row:
    """One file in the report, or the total."""

    def __init__(self, found):
        self.file, self.format, self.agent = found["file"], found.get("format"), found.get("agent")
        self.bytes, self.lines = found.get("bytes"), found["lines"]
        self.records, self.skipped, self.facts = (Counter(found[name]) for name in ("records", "skipped", "facts"))
        counted = sum(self.records.values()) + sum(self.skipped.values())
        expect(self.lines == counted, f"{self.file}: {self.lines} lines, but {counted} records and skipped: {found}")


class Report:
    """All rows; each adds up, and so does the total."""

    def __init__(self, text):
        rows = [Row(json.loads(line)) for line in text.splitlines()]
        expect(rows and rows[-1].file == "total", f"no total: {text[-300:]!r}")
        self.rows, self.total, self.text = rows[:-1], rows[-1], text
        for name in "records", "skipped", "facts":
            added = sum((getattr(row, name) for row in self.rows), Counter())
            # A fact that stands in two files is counted in each.
            expect(+getattr(self.total, name) == +added, f"total of {name}: {getattr(self.total, name)}, not {added}")
        expect(self.total.lines == sum(row.lines for row in self.rows), "total of lines")

    def of(self, path):
        rows = [row for row in self.rows if row.file == str(path)]
        expect(len(rows) == 1, f"{path}: {len(rows)} rows among {[row.file for row in self.rows][:20]}")
        return rows[0]


class Harvester(Sender):
    """A Sender with transcripts."""

    def __init__(self, *given):
        super().__init__(*given)
        self.sources = []
        self.dice = random.Random(3)

    # ---------------------------------------------------------------- what is harvested

    def source(self, format="claude", name=None, agent=None):
        """A directory that is harvested from now on."""
        path = self.home / (name or f"{format}-sessions")
        path.mkdir(parents=True, exist_ok=True)
        self.sources.append(f"{format}:{path}" + (f"@{agent}" if agent else ""))
        return path

    def command(self, *options, sources=None):
        given = [word for source in (self.sources if sources is None else sources) for word in ("--source", source)]
        return "harvest", *given, *options

    def harvest(self, *options, code=0, sources=None, within=60, **how):
        done = self.run(*self.command(*options, sources=sources), within=within, **how)
        expect(done.code == code, f"harvest exits {done.code}, not {code}: {done.err.decode(errors='replace')[-600:]}")
        return done

    def harvested(self, *options, **how):
        """The files, lines and new facts that it says."""
        out = self.harvest(*options, **how).out.decode()
        found = re.fullmatch(r"harvested: (\d+) files?, (\d+) lines?, (\d+) new facts?\n", out)
        expect(found, f"it prints {out!r}")
        return tuple(map(int, found.groups()))

    def reads(self, lines, **how):
        """The next harvest reads so many lines."""
        found = self.harvested(**how)
        expect(found[1] == lines, f"it reads {found[1]} lines, not {lines}")
        return self

    def report(self, *options, **how):
        return Report(self.harvest("--report", "--json", *options, **how).out.decode())

    def watch(self, *options, **how):
        return self.start(*self.command("--watch", *options), **how)

    def failing(self, path, call="openat", reason="EIO"):
        """Words before a command: this call fails with this reason wherever it is about this file, by whichever name."""
        return ["strace", "-f", "-qq", "-o", self.home / "strace", "-P", path, "-P", path.name, "-e", f"trace={call}",
                "-e", f"inject={call}:error={reason}"]

    # ---------------------------------------------------------------- what came of it

    def dump(self, *options, **how):
        return self.good("memory", "export", *options, **how).out

    def facts(self, *kinds):
        """The facts of the dump, of these kinds."""
        found = [json.loads(line) for line in self.dump().splitlines()]
        found = [fact for fact in found if fact["kind"] in (kinds or FACTS)]
        for fact in found:
            sources = [json.dumps(source) for source in fact["sources"]]
            expect(sources and len(sources) == len(set(sources)), f"no source, or one twice: {fact}")
        return found

    def texts(self, *kinds):
        return sorted(fact["text"] for fact in self.facts(*kinds))

    def has(self, *words):
        """For each of these words there is one fact, a correction or a decision, with it; and there is no other."""
        texts = self.texts("correction", "decision")
        for word in words:
            found = sum(bool(re.search(rf"\b{word}\b", text)) for text in texts)
            expect(found == 1, f"{found} facts with {word!r}: {texts[:40]}")
        expect(len(texts) == len(words), f"{len(texts)} facts, not {len(words)}: {texts[:40]}")
        return self

    def fact(self, word):
        found = [fact for fact in self.facts("correction", "decision") if re.search(rf"\b{word}\b", fact["text"])]
        expect(len(found) == 1, f"{len(found)} facts with {word!r}")
        return found[0]

    def files_of(self, word):
        return sorted(source["file"] for source in self.fact(word)["sources"])

    def is_read(self, word):
        """Whether another process finds it."""
        done = self.run("memory", "search", word)
        expect(done.code in (0, 1), f"memory search exits {done.code}: {done.err!r}")
        return done.code == 0

    def until_read(self, word, within=SOON):
        until(lambda: self.is_read(word), f"{word} is found", within)

    # ---------------------------------------------------------------- what must come of it

    def at_once(self, *options):
        """The report and the dump of the same files, harvested in one go into a spool of its own."""
        self.afresh = getattr(self, "afresh", 0) + 1
        other = self.home / f"afresh{self.afresh}"
        report = self.report("-C", other, *options)
        return report, self.dump("-C", other)

    def same_as_at_once(self, report=None):
        """What was harvested in pieces is what one harvest gives."""
        once, dump = self.at_once()
        mine = self.dump()
        expect(mine == dump, f"another dump than that of one harvest:{difference(mine, dump)}")
        if report:
            expect(report.text == once.text, f"another report:{difference(report.text.encode(), once.text.encode())}")
        return once

    def settled(self):
        """The database is whole, and nobody else can read it."""
        memory = self.spool / "memory"
        if memory.exists():
            expect(stat.S_IMODE(memory.stat().st_mode) == 0o700, f"memory/ has mode {memory.stat().st_mode:o}")
            for path in memory.glob("memory.db*"):
                expect(stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path.name} has mode {path.stat().st_mode:o}")
        if (memory / "memory.db").exists():
            connection = sqlite3.connect(memory / "memory.db")
            words = connection.execute("PRAGMA integrity_check").fetchall()
            connection.close()
            expect(words == [("ok",)], f"the database is not whole: {words[:5]}")


def difference(mine, wanted):
    """The first lines in which two dumps differ."""
    mine, wanted = mine.splitlines(), wanted.splitlines()
    first = next((i for i, pair in enumerate(zip(mine, wanted)) if pair[0] != pair[1]), min(len(mine), len(wanted)))
    here, there = mine[first:first + 1], wanted[first:first + 1]
    return (f" {len(mine)} lines, not {len(wanted)}; line {first + 1}:\n      {here[0][:700] if here else b'(end)'}\n"
            f"      {there[0][:700] if there else b'(end)'}")


def tree(path):
    """What lies below a directory: names, modes, sizes and content."""
    def look(found):
        status = os.lstat(found)
        content = Path(found).read_bytes() if stat.S_ISREG(status.st_mode) else None
        return found, status.st_mode, status.st_size, status.st_mtime_ns, content

    return sorted(look(os.path.join(at, name)) for at, directories, files in os.walk(path) for name in directories + files)


def append(path, bytes):
    with open(path, "ab", buffering=0) as file:
        file.write(bytes)


def lines_of(path):
    """As `wc -l` counts them, and one more where the last has no newline."""
    text = path.read_bytes()
    return text.count(b"\n") + (bool(text) and not text.endswith(b"\n"))
