"""A home with a spool in it: what the tests run there, and a reader of their own that checks what they find."""
import contextlib
import ctypes
import hashlib
import os
import re
import signal
import subprocess
from pathlib import Path

STAND_INS = Path(__file__).resolve().parent.parent / "stand-ins"
ROOMS = "new run wait hold done fail bad".split()
PATIENCE = 60  # seconds for one command: each needs less than one

# ------------------------------------------------------------------ reading a spool

ID = r"\d{8}T\d{6}\.\d{6}Z-[0-9bcdfghjklmnpqrstvwxz]{6}(?:-[a-z0-9-]{1,24})?(?:\.[1-9]\d{0,8})*"
HOLDER = r"@[A-Za-z0-9._-]+\.[1-9]\d*"
NAME = re.compile(rf"(?P<id>{ID})(?:,(?P<attempts>0(?=d)|[1-9]\d*)(?P<doubt>d?))?(?P<holder>{HOLDER})?")


class Broken(Exception):
    """What must hold does not."""


def expect(holds, words):
    if not holds:
        raise Broken(words)


class Entry:
    """A published file, read and checked."""

    def __init__(self, path):
        self.path, self.room = path, path.parent.name
        self.queue = path.parent.parent.name
        where = f"{self.queue}/{self.room}/{path.name}"
        name = NAME.fullmatch(path.name)
        expect(name, f"I1: {where}: no entry's name")
        self.id = name["id"]
        self.attempts, self.in_doubt = int(name["attempts"] or 0), bool(name["doubt"])
        expect(not name["holder"] or self.room == "run", f"I1: {where}: names a worker outside run/")
        expect(path.name == self.id or self.room not in ("done", "re"), f"I1: {where}: has a suffix in {self.room}/")
        expect(path.is_file() and not path.is_symlink(), f"I1: {where}: not a regular file")
        head, blank, self.body = path.read_bytes().partition(b"\n\n")
        lines = head.decode().split("\n")
        expect(blank and lines[0] == "Spool: 1", f"I1: {where}: not whole: {head[:80]!r}")
        self.header = dict(line.split(": ", 1) for line in lines)
        expect(self.header.get("Id") == self.id, f"I1: {where}: its Id is {self.header.get('Id')}")
        expect(self.header.get("Length") == str(len(self.body)), f"I1: {where}: Length does not fit")
        expect(self.header.get("Sha256") == sha256(self.body), f"I1: {where}: Sha256 does not fit")


def sha256(bytes):
    return hashlib.sha256(bytes).hexdigest()


def write_entry(path, id, body, **more):
    """An entry as a tool would have published it."""
    header = {"Spool": "1", "Id": id, **more, "Length": len(body), "Sha256": sha256(body.encode())}
    path.write_text("".join(f"{name}: {value}\n" for name, value in header.items()) + "\n" + body)
    path.chmod(0o440)


def fixed_id(number):
    return f"20260101T000000.00000{number}Z-00000{number}"


# ------------------------------------------------------------------ running commands

class Done:
    """How a command ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.killed = code == -signal.SIGKILL


class Case:
    """A home with a spool in it, the commands that were run there, and what they said."""

    def __init__(self, home, bin_dir):
        self.home, self.spool, self.bin = Path(home), Path(home) / "spool", bin_dir
        self.transcript = []

    def environment(self, more):
        return {"PATH": f"{STAND_INS}:{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8",
                "SPOOL_DIR": str(self.spool), "STANDIN_LOG": str(self.home / "calls.jsonl"), **more}

    def start(self, argv, stdin, env):
        """In a session of its own; its output goes to files, so that nobody waits for who holds a pipe."""
        (self.home / "stdin").write_bytes(stdin)
        with open(self.home / "stdin", "rb") as given, open(self.home / "stdout", "wb") as out, \
                open(self.home / "stderr", "wb") as err:
            return subprocess.Popen(list(map(str, argv)), stdin=given, stdout=out, stderr=err, cwd=self.home,
                                    env=self.environment(env), start_new_session=True)

    def run(self, *argv, stdin=b"", env={}, strace=()):
        """Runs a command to the end of its last process."""
        process = self.start([*strace, *argv], stdin, env)
        try:
            with at_most(PATIENCE):
                process.wait()
                wait_for_orphans()
        except TimeoutError:
            end_session(process.pid)
            raise Broken(f"{' '.join(map(str, argv))}: still running after {PATIENCE} s") from None
        return self.ended(argv, process.returncode)

    def ended(self, argv, code):
        done = Done(code, (self.home / "stdout").read_bytes(), (self.home / "stderr").read_bytes())
        said = (done.out + done.err).decode(errors="replace").splitlines()
        self.transcript += [f"    $ {' '.join(map(str, argv))}   (exit {code})", *("      " + line for line in said)]
        return done

    def good(self, *argv, **options):
        done = self.run(*argv, **options)
        expect(done.code == 0, f"{' '.join(map(str, argv))}: exit {done.code}")
        return done

    def queues(self):
        return sorted(path.parent for path in self.spool.glob("*/new"))

    def entries(self, queue, *rooms):
        return [Entry(path) for room in rooms or ROOMS for path in sorted((self.spool / queue / room).glob("*"))]

    def is_answered(self, queue, entries):
        """Whether the product is there, be it not handed over yet: then nothing is run again."""
        return any((self.spool / queue / room / entry.id).exists() for entry in entries for room in ("out", "re"))

    def only(self, queue, *rooms):
        """The one entry of a queue; it must lie in one of these rooms."""
        found = self.entries(queue)
        expect(len(found) == 1, f"{queue}/ has {len(found)} entries, not 1")
        expect(found[0].room in rooms, f"{queue}/{found[0].room}/{found[0].path.name}: not in {rooms[0]}/")
        return found[0]

    def lines(self, name):
        path = self.home / name
        return path.read_text().splitlines() if path.exists() else []

    def listing(self):
        return [f"    {path.relative_to(self.spool)}" + (f" -> {os.readlink(path)}" if path.is_symlink() else "")
                for queue in self.queues() for path in sorted(queue.rglob("*"))
                if path.is_symlink() or path.is_file() or path.parent.name == "out"]


def become_subreaper():
    """Orphans become our children, so that their end can be waited for."""
    ctypes.CDLL(None).prctl(36, 1)


def wait_for_orphans():
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


@contextlib.contextmanager
def at_most(seconds):
    """TimeoutError where what is waited for inside takes longer."""
    def ring(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def end_session(leader):
    """Kills every process of a session that we started, and reaps it."""
    def living():
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(session) == leader and state != "Z":
                yield int(stat.parent.name)

    while members := list(living()):
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    wait_for_orphans()


# ------------------------------------------------------------------ what must hold after every pass

def check_left_over(case):
    for queue in case.queues():
        for room in ("run", "out"):
            left = os.listdir(queue / room)
            expect(not left, f"I3: {queue.name}/{room}/ still holds {left}")


def check_invariants(case):
    case.good("spool", "sweep")
    check_left_over(case)
    for queue in case.queues():
        case.entries(queue.name, "re")
        ids, keys = {}, {}
        for entry in case.entries(queue.name):
            expect(entry.id not in ids, f"I2: {queue.name}: {entry.id}: in {ids.get(entry.id)}/ and {entry.room}/")
            ids[entry.id] = entry.room
            key = entry.header.get("Key")
            if key:
                expect(key not in keys, f"I7: {queue.name}: key {key} has {keys.get(key)} and {entry.id}")
                keys[key] = entry.id
        linked = {}
        for path in queue.glob("keys/*/*"):
            if path.is_symlink():
                linked[path.name] = os.readlink(path)
                expect(path.name.startswith(path.parent.name), f"{path}: in another's directory")
                expect(linked[path.name] in ids, f"I7: {queue.name}: a key leads to {linked[path.name]}, in no room")
        for path in queue.glob("keys/*/.*"):
            expect(path.name[1:] not in linked.values(), f"I3: {path.relative_to(case.spool)}: linked, not published")
        for key, id in keys.items():
            expect(linked.get(sha256(key.encode())) == id, f"I7: {queue.name}: key {key}: no link")
    case.good("spool", "check")


def check_printed(case, done):
    """I4: an ID that was printed is an entry."""
    for line in done.out.decode().splitlines():
        if re.fullmatch(ID, line):
            found = [entry for queue in case.queues() for entry in case.entries(queue.name) if entry.id == line]
            expect(found, f"I4: {line} was printed, and lies in no room")
