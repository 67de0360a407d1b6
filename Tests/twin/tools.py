"""The two by the same names, and a reader of their queues that uses neither."""
import ctypes
import hashlib
import json
import os
import re
import signal
import subprocess
from pathlib import Path

TWIN = str(Path(__file__).resolve().parent / "twin.sh")
ROOMS = "new run wait hold out re done fail bad".split()
NAME = re.compile(r"(?P<id>\d{8}T\d{6}\.\d{6}Z-[0-9b-df-hj-np-tv-xz]{6}(-[a-z0-9-]{1,24})?(\.[1-9]\d*)*)"
                  r"(,(0d|[1-9]\d*d?))?(?P<holder>@[\w.-]+\.\d+)?")
PATIENCE = 60  # seconds, for what needs less than one


def expect(holds, words):
    if not holds:
        raise AssertionError(words)


def expect_same(found, wanted, what):
    if isinstance(found, list) and len(found) > 20:
        found, wanted = (sorted(set(some) - set(others))[:5] for some, others in ((found, wanted), (wanted, found)))
    expect(found == wanted, f"{what}: {found!r}, and not {wanted!r}")


class Tool:
    """What both can do, by the same names."""

    def __init__(self, home):
        self.home = home
        self.options = {"cwd": home, "start_new_session": True, "env": {**os.environ, "SPOOL_DIR": str(home / "spool")}}

    def run(self, argv, body=b"", exits=0):
        done = subprocess.run(argv, input=body, capture_output=True, timeout=PATIENCE, **self.options)
        words = f"{' '.join(argv)}: exit {done.returncode}, not {exits}: {done.stderr.decode(errors='replace')}"
        expect(done.returncode == exits, words)
        return done

    def put(self, queue, body, key=None):
        """The ID of what was put."""
        return self.run(self.to_put(queue, key), body).stdout.decode().strip()

    def work(self, queue, next, *command, exits=0):
        return self.run(self.to_work(queue, next, *command), exits=exits)

    def sweep(self, queue):
        return self.run(self.to_sweep(queue))


class Spool(Tool):
    name = "spool"

    def to_put(self, queue, key=None):
        return ["spool", "put", queue.name, *(["--key", key] if key else [])]

    def to_work(self, queue, next, *command, attempts=5):
        return ["spool", "work", queue.name, "--to", next.name, "--once", "--attempts", str(attempts), "--", *command]

    def to_sweep(self, queue):
        return ["spool", "sweep", queue.name]


class Twin(Tool):
    name = "twin"

    def to_put(self, queue, key=None):
        return [TWIN, "put-key", queue.name, key] if key else [TWIN, "put", queue.name]

    def to_work(self, queue, next, *command, attempts=5):
        return ["env", f"TWIN_ATTEMPTS={attempts}", TWIN, "work", queue.name, next.name, *command]

    def to_sweep(self, queue):
        return [TWIN, "sweep", queue.name]


class Queue:
    """A queue, read without either tool."""

    def __init__(self, spool, name):
        self.name, self.path = name, spool / name

    def __truediv__(self, part):
        return self.path / part

    def tree(self, *rooms):
        """What lies where, as ROOM/NAME."""
        return sorted(f"{room}/{name}" for room in rooms or ROOMS for name in os.listdir(self / room))

    def entries(self, room):
        """{ID: body} of a room, whose files must be whole entries, each under its own name."""
        found = {}
        for path in (self / room).iterdir():
            name = NAME.fullmatch(path.name)
            expect(name and name["id"] not in found, f"{path}: no name of an entry, or one ID twice")
            header, found[name["id"]] = read(path)
            expect_same(header["Id"], name["id"], f"{path}: its Id")
        return found


def read(path):
    """The header and the body of an entry, which must be whole."""
    expect(path.is_file() and not path.is_symlink(), f"{path}: is no file")
    expect_same(oct(path.stat().st_mode & 0o777), "0o440", f"{path}: its mode")
    head, blank, body = path.read_bytes().partition(b"\n\n")
    expect(blank and head.startswith(b"Spool: 1\n"), f"{path}: is not whole")
    header = dict(line.split(": ", 1) for line in head.decode().split("\n"))
    expect_same(header["Length"], str(len(body)), f"{path}: its Length")
    expect_same(header["Sha256"], hashlib.sha256(body).hexdigest(), f"{path}: its Sha256")
    return header, body


def craft(path, body=b"body\n", **header):
    """An entry as a tool would have published it, but for what `header` says otherwise. Returns its path."""
    name = NAME.fullmatch(path.name.lstrip("."))
    lines = {"Spool": "1", "Id": name["id"] if name else path.name, "Length": len(body),
             "Sha256": hashlib.sha256(body).hexdigest(), **header}
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes("".join(f"{name}: {value}\n" for name, value in lines.items()).encode() + b"\n" + body)
    path.chmod(0o440)
    return path


def an_id(number):
    return f"20260101T000000.{number:06}Z-{number:06}"


class Home:
    """A spool, the two, and what the cases share."""

    def __init__(self, path, seed):
        self.path, self.seed, self.count = path, seed, 0
        self.spool, self.twin = self.both = Spool(path), Twin(path)
        self.spool.run(["spool", "init"])

    def queues(self):
        """A new queue, and one for its products."""
        self.count += 1
        names = f"q{self.count}", f"q{self.count}-next"
        self.spool.run(["spool", "init", *names])
        return [Queue(self.path / "spool", name) for name in names]

    def check(self, *queues, finds=False):
        """Runs spool check. Where the file system is one on which the protocol was not proved, that is no violation."""
        argv = ["spool", "check", "--json", *(queue.name for queue in queues)]
        done = subprocess.run(argv, capture_output=True, **self.spool.options)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        expect_same(done.returncode, 1 if found else 0, "spool check: exit")
        found = [f"{finding['path']}: {finding['problem']}" for finding in found if not finding["path"].startswith("/")]
        expect(bool(found) == finds, f"spool check: {found or 'nothing found'}")


def become_subreaper():
    """From now on, what a killed process leaves behind becomes our child, so that it can be waited for."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def wait_for_orphans():
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def patiently(do, *arguments):
    """Does it, and waits for all processes that it has left: what hangs, or does not end by itself, is a failure."""
    def out_of_patience(*_):
        raise TimeoutError(f"still running after {2 * PATIENCE} s")

    signal.signal(signal.SIGALRM, out_of_patience)
    signal.alarm(2 * PATIENCE)
    try:
        do(*arguments)
        wait_for_orphans()
    finally:
        signal.alarm(0)
        for process in Path("/proc/self/task").glob("*/children"):
            for child in process.read_text().split():
                os.kill(int(child), signal.SIGKILL)
        wait_for_orphans()
