"""Who follows a transcript in the memory theme: from the line that is written to the fact that another process
reads."""
import json
import sqlite3
import time
from contextlib import contextmanager

from harvests import PHRASES, Side
from measure import Failed
from waiters import make_spool, started

PATIENCE = 30
# Between two looks; each takes some microseconds.
LOOK = 0.0002
# For one who follows to be at rest.
MOMENT = 0.02
WARM_UP = 3
SESSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
TIMESTAMP = "2026-03-01T08:00:%02d.%03dZ"


class Follower(Side):
    @contextmanager
    def follow(self, place):
        directory = place.fresh(self.label)
        transcript = directory / f"transcripts/-srv-app/{SESSION}.jsonl"
        transcript.parent.mkdir(parents=True)
        with open(transcript, "a") as self.transcript:
            command = list(map(str, self.command(directory, transcript.parents[1])))
            with started(command, directory) as self.process:
                self.path, self.said = self.database(directory), directory / "said"
                yield

    def lag(self, number):
        """Milliseconds from just before the line is written until a reader of the database has its fact."""
        time.sleep(MOMENT)
        self.transcript.write(turns(number))
        start = time.monotonic()
        self.transcript.flush()
        return (self.await_fact(f"m{number}x") - start) * 1e3

    def await_fact(self, mark):
        """When it was there."""
        until, query = time.monotonic() + PATIENCE, f"SELECT 1 FROM {self.table} WHERE instr(text, ?)"
        reader, why = None, "it did not come"
        while time.monotonic() < until and self.process.poll() is None:
            try:
                # It stays open: a look is one query.
                reader = reader or sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
                if reader.execute(query, (mark,)).fetchone():
                    seen = time.monotonic()
                    reader.close()
                    return seen
            except sqlite3.OperationalError as error:
                # It is being made.
                why = error
            time.sleep(LOOK)
        if self.process.poll() is not None:
            why = f"it ended with status {self.process.returncode}"
        raise Failed(f"{self.name}: the fact {mark}: {why}: {self.said.read_text()[-500:].strip()}")


class Spindle(Follower):
    name, label, table = "Spindle", "watch", "fact"

    def install(self):
        self.tool = self.parts.tool("harvest")

    def command(self, directory, transcripts):
        spool = make_spool(directory, self.parts)
        return [self.tool, "-q", "-C", spool, "--watch", "--source", f"claude:{transcripts}"]

    def database(self, directory):
        return directory / "spool/memory/memory.db"


class Floor(Follower):
    name, label, table = "C++ floor", "watch-floor", "facts"

    def command(self, directory, transcripts):
        return [self.parts.program("harvest"), "watch", directory / "facts.db", transcripts, *PHRASES]

    def database(self, directory):
        return directory / "facts.db"


def turns(number):
    """What the model said, and that it was wrong."""
    said = f"I have changed the lexer of module m{number}x.", f"No, that's wrong: use the parser in module m{number}x."
    return turn(number, 0, "assistant", [{"type": "text", "text": said[0]}]) + turn(number, 1, "user", said[1])


def turn(number, order, role, content):
    record = {"parentUuid": uuid(2 * number + order), "isSidechain": False, "userType": "external",
              "cwd": "/srv/app", "sessionId": SESSION, "version": "2.1.31", "gitBranch": "main", "type": role,
              "message": {"role": role, "content": content}, "uuid": uuid(2 * number + order + 1),
              "timestamp": TIMESTAMP % (number % 60, order)}
    return json.dumps(record, separators=(",", ":")) + "\n"


def uuid(number):
    return f"00000000-0000-4000-a000-{number:012x}"
