"""A home with a memory: what is put there and what comes back, who asks, and what lies in its files."""
import contextlib
import json
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from asking import Asker
from case import expect
from harvesting import Harvester
from home import Home, end_all
from linear import NEVER, Log
from running import Runner

SOON = 30  # seconds for what needs less than one, on a machine that has much to do


@contextlib.contextmanager
def threads(home, count):
    """A pool; when its case is given up, the clients of its threads end too, else it would be waited for them."""
    with ThreadPoolExecutor(count) as pool:
        try:
            yield pool
        except BaseException:
            home.is_given_up = True
            end_all()
            raise


def instant(seconds):
    """Until then, to the microsecond: no sleep is so short."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


class Client:
    """A `memory put --batch` or `memory get --batch` that is asked line by line, and what it was asked is logged."""

    def __init__(self, home, who, *words, log=None, env={}):
        self.home, self.who, self.log, self.env = home, who, log or Log(), env
        self.words = [home.bin / "memory", *words]
        self.told = home.home / f".{who}.err"
        self.begin()

    def begin(self):
        expect(not self.home.is_given_up, f"{self.who}: it is over")
        with open(self.told, "ab") as err:
            self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
                                            cwd=self.home.home, env=self.home.environment(self.env), start_new_session=True)

    def send(self, line):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()

    def answer(self):
        """The next one, whole; None where it has died before."""
        line = self.process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def put(self, key, value, seen=None, killed=None):
        """Gives what it says. `killed` is called when the line is sent, and may kill it."""
        line = json.dumps({"key": key, "value": value} | ({} if seen is None else {"if_version": seen}), ensure_ascii=False)
        begin = time.monotonic_ns()
        self.send(line)
        if killed:
            killed(self.process)
        said = self.answer()
        if said is None:
            self.log.add(self.who, "put", key, value, None, begin, NEVER, seen)
        elif said.get("error") == "conflict":
            self.log.add(self.who, "refused", key, None, said["version"], begin, seen=seen)
        else:
            expect("error" not in said, f"{self.who}: {said}: {self.said()[-300:]!r}")
            self.log.add(self.who, "put", key, value, said["version"], begin, seen=seen)
        return said

    def get(self, key):
        begin = time.monotonic_ns()
        self.send(key)
        said = self.answer()
        if said is not None:
            self.log.add(self.who, "get", key, said["value"] if said["version"] else None, said["version"], begin)
        return said

    def kill(self):
        self.process.kill()
        self.process.wait()

    def again(self):
        """Another one, after it was killed."""
        self.process.wait()
        for pipe in self.process.stdin, self.process.stdout:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.begin()

    def said(self):
        return self.told.read_bytes()

    def ends(self, code=0):
        """Its stdin ends, and it exits so."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.stdout.close()
        ended = self.process.wait(SOON)
        expect(ended == code and not rest, f"{self.who}: exit {ended}, not {code}, at last {rest!r}: {self.said()[-400:]!r}")


class Rememberer(Harvester, Runner, Asker):
    """A Harvester that remembers, runs scripts, and asks people."""
    is_given_up = False

    # ---------------------------------------------------------------- who there is

    def agent(self, *names, memory=None, head=""):
        """agents/NAME.md, with a header Memory where one is given."""
        for name in names:
            self.furnish()
            lines = (head or "Model: haiku\n") + (f"Memory: {memory}\n" if memory is not None else "")
            (self.spool / "agents" / f"{name}.md").write_text(f"{lines}\nYou are {name}.\n")
        return self

    def policies(self, text):
        self.memory("search", code=(0, 1))  # makes memory/
        (self.spool / "memory/policies").write_text(text)

    # ---------------------------------------------------------------- asking it

    def memory(self, *words, stdin=b"", code=0, **how):
        """Runs memory; it must exit with this code, or one of these."""
        done = self.run("memory", *words, stdin=stdin.encode() if isinstance(stdin, str) else stdin, **how)
        codes = code if isinstance(code, tuple) else (code,)
        said = done.err[-600:].decode(errors="replace")
        expect(done.code in codes, f"memory {words[0]} exits {done.code}, not {code}: {said}")
        return done

    def keep(self, key, value, *options, by=None, code=0, **how):
        """Puts it; gives the version's number, or how it ended where another end is expected."""
        options = [*options, *(["--agent", by] if by else [])]
        done = self.memory("put", *options, "--", key, stdin=value, code=code, **how)
        if code:
            return done
        expect(done.out.strip().isdigit(), f"memory put prints {done.out!r}")
        return int(done.out)

    def got(self, key, *options, by=None, **how):
        """All that `get --json` tells; None where there is nothing."""
        done = self.memory("get", "--json", *options, *(["--agent", by] if by else []), "--", key, code=(0, 1), **how)
        return json.loads(done.out) if done.code == 0 else None

    def value(self, key, *options, **how):
        found = self.got(key, *options, **how)
        return found and found["value"]

    def number(self, key, *options):
        found = self.got(key, *options)
        return found["version"] if found else 0

    def history(self, key, *options):
        """Its versions."""
        done = self.memory("history", "--json", *options, "--", key, code=(0, 1))
        rows = [json.loads(line) for line in done.out.splitlines()]
        return [row for row in rows if "version" in row and "readers" not in row]

    def readers(self, key, *options):
        rows = map(json.loads, self.memory("history", "--json", *options, "--", key).out.splitlines())
        return [reader for row in rows for reader in row.get("readers", [])]

    def values(self, key, *options):
        """Of all its versions, oldest first."""
        return [row.get("value") for row in self.history(key, *options)]

    def is_current(self, key, version, value):
        found = self.got(key)
        expect(found and (found["version"], found["value"]) == (version, value), f"{key}: not version {version}: {found}")
        [current] = [row["version"] for row in self.history(key) if row["state"] == "current"]
        expect(current == version, f"{key}: {current} is current in its history")

    def versions(self):
        """All versions of all keys that the dump tells: (number, value) by (scope, key)."""
        found = {}
        for line in map(json.loads, self.dump(within=120).splitlines()):
            if "version" in line:
                found.setdefault((line["scope"], line["key"]), []).append((line["version"], line.get("value")))
        return found

    def final(self):
        """The same for what is shared, as the checker wants it."""
        return {key: rows for (scope, key), rows in self.versions().items() if scope == "shared"}

    def client(self, who, *words, **how):
        return Client(self, who, *words, "--json", **how) if words[0] == "put" else Client(self, who, *words, **how)

    # ---------------------------------------------------------------- contexts

    def context(self, topic, *options, agent="main", tokens=2000, **how):
        """The block, and its token."""
        done = self.memory("context", "--agent", agent, "--for", topic, "--tokens", tokens, *options, **how)
        text = done.out.decode()
        expect(text.endswith(" -->\n") or text.endswith(" -->"), f"it does not end with a token: {text[-100:]!r}")
        return text, text.rpartition("<!-- memory: ")[2].partition(" -->")[0]

    def is_fresh(self, token):
        done = self.memory("fresh", token)
        expect(not done.err, f"memory fresh says {done.err!r}")

    def is_stale(self, token, *words):
        """And it says what has changed."""
        done = self.memory("fresh", token, code=1)
        for word in words:
            expect(word.encode() in done.out, f"it does not say {word!r}: {done.out!r}")
        return done

    # ---------------------------------------------------------------- what lies there

    @property
    def database(self):
        return self.spool / "memory/memory.db"

    def files(self):
        return {path: path.read_bytes() for path in (self.spool / "memory").rglob("*") if path.is_file()}

    def holds_nothing_of(self, *texts):
        """In no file of the memory, in whatever case; in free pages neither."""
        for path, bytes in self.files().items():
            for text in texts:
                expect(text.lower().encode() not in bytes.lower(), f"{text[:20]!r} stands in {path.name}")

    def holds(self, *texts):
        """The same files have it: such a look can find something."""
        for text in texts:
            expect(any(text.encode() in bytes for bytes in self.files().values()), f"{text!r} stands in no file")

    @contextlib.contextmanager
    def foreign(self, *statements):
        """Another program's connection, which has said this and ends its transaction last."""
        connection = sqlite3.connect(self.database, isolation_level=None, check_same_thread=False)
        try:
            for statement in statements:
                connection.execute(statement).fetchall()
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.close()

    def settled(self):
        super().settled()
        if (self.spool / "approvals").exists():
            Home.settled(self)
