"""The sides of remembering: Spindle's memory, its floor in C, and Python's sqlite3. Each says by which command a
process answers lines, and by which one a single operation is a whole process."""
import json
import shutil
import subprocess
from array import array
from pathlib import Path

from harvests import Side
from measure import Failed, Figure, gated
from peers import PYTHON, SCRIPTS

KEYS = 20
KEY = "bench-1-1"
VALUE = "The deployment of the billing service waits for the migration of the ledger."
PUT, GET, BOTH = "write", "read", "half and half"
VERBS = {PUT: ["put"], GET: ["get"], BOTH: ["put", "get"]}


class Rememberer(Side):
    def memory(self, place):
        """A directory with nothing remembered in it yet."""
        directory = place.fresh(self.label)
        self.make(directory)
        return directory

    def make(self, directory):
        pass

    def operate(self, directory, what, processes, items):
        """So many operations of all processes together; and how many ms those of each verb took as their clients saw
        it."""
        mode = "both" if what == BOTH else VERBS[what][0]
        commands, files = [], []
        for number in range(processes):
            files.append(directory / f"times-{mode}-{processes}-{number}")
            served = [word for verb in VERBS[what] for word in ("--", *self.serving(verb, directory))]
            client = self.parts.program("client"), mode, items // processes, KEYS, number + 1, files[-1]
            commands.append(list(map(str, [*client, *served])))
        return gated(commands, items // processes * processes), latencies(files, VERBS[what])


def latencies(files, verbs):
    """Where there are two verbs, they take turns."""
    found = {verb: Figure() for verb in verbs}
    for file in files:
        values = array("q", Path(file).read_bytes())
        for number, verb in enumerate(verbs):
            found[verb].values += [ns / 1e6 for ns in values[number::len(verbs)]]
    return found


class Spindle(Rememberer):
    name, label = "Spindle", "memory"

    def install(self):
        self.tool, self.spool = self.parts.tool("memory"), self.parts.tool("spool")

    def make(self, directory):
        subprocess.run([self.spool, "init", "-q", "-C", directory / "spool"], check=True, stdout=subprocess.DEVNULL)

    def serving(self, verb, directory):
        return [self.tool, verb, "--batch", "-C", directory / "spool"]

    def single(self, verb, directory):
        return [self.tool, verb, KEY, "-C", directory / "spool"]


class Floor(Rememberer):
    name, label = "C floor", "remember"

    def make(self, directory):
        subprocess.run(self.serving("put", directory), stdin=subprocess.DEVNULL, check=True)

    def serving(self, verb, directory):
        return [*self.words(), verb, directory / "memory.db"]

    single = serving

    def words(self):
        return [self.parts.program("remember")]


class Python(Floor):
    name, label = "Python's sqlite3", "remember-python"

    def words(self):
        return [PYTHON, SCRIPTS / "on_sqlite3.py"]


class CommandLine(Side):
    """sqlite3, which sets a row, and that is all."""
    name, label = "the command `sqlite3`", "sqlite3"
    MAKE = "PRAGMA journal_mode=WAL; CREATE TABLE keys (key TEXT PRIMARY KEY, value TEXT)"
    TEXTS = {"put": f"INSERT OR REPLACE INTO keys VALUES ('{KEY}', '{VALUE}')",
             "get": f"SELECT value FROM keys WHERE key = '{KEY}'"}

    def install(self):
        if not shutil.which("sqlite3"):
            raise Failed("it is not installed")

    def memory(self, place):
        directory = place.fresh(self.label)
        subprocess.run(["sqlite3", directory / "memory.db", self.MAKE], check=True, stdout=subprocess.DEVNULL)
        return directory

    def single(self, verb, directory):
        return ["sqlite3", directory / "memory.db", self.TEXTS[verb]]


class Nothing(Side):
    name, label = "`/bin/true`", "true"

    def memory(self, place):
        return None

    def single(self, verb, directory):
        return ["/bin/true"]


def inputs(directory):
    """What the commands of a single operation read; to Spindle the value is the whole line."""
    files = {verb: directory / f"{verb}.txt" for verb in ("put", "get")}
    files["put"].write_text(json.dumps({"key": KEY, "value": VALUE}, separators=(",", ":")) + "\n")
    files["get"].write_text(KEY + "\n")
    return files
