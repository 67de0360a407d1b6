"""Who waits in the approval theme, and the answers that he gets: wait-approval, its floor in C, and a polling loop."""
import os
import select
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager

from measure import Failed, Figure

REQUEST = "Pay 12.50 to the baker?\n"
LOOP = 'while [ ! -e "$1" ]; do sleep "$2"; done'
PATIENCE = 60
# For one who waits to go to sleep.
MOMENT = 0.03
# So many ask at a time: beyond that the machine does nothing but start them.
ASKING = 8


class Side:
    """One who waits for one answer, again and again."""

    def __init__(self, parts, place):
        self.parts, self.place, self.directory = parts, place, place.fresh(self.program)
        # Milliseconds from each answer to the first word of the one who waited for it, and to his end.
        self.said, self.ended = Figure(), Figure()
        self.made = 0
        self.make()

    def sample(self, count):
        for _ in range(count):
            said, ended = self.one()
            self.said.values.append(said / 1e6)
            self.ended.values.append(ended / 1e6)

    def one(self):
        with started(self.command(), self.directory, stdout=subprocess.PIPE) as waiter:
            words = self.answer(self.ready(waiter))
            time.sleep(MOMENT)
            done = subprocess.run([self.parts.program("answer"), str(waiter.pid), *words],
                                  stdin=self.heard(waiter), stdout=subprocess.PIPE)
            if done.returncode != 0 or waiter.wait() != 0:
                raise Failed(f"{self.name}: who waits did not end as he should")
            return map(int, done.stdout.split())

    def heard(self, waiter):
        """Where the first word of the one who waited comes from."""
        return waiter.stdout

    def moved(self, name, drop):
        """Gives an answer by a rename."""
        file = self.directory / name
        file.touch()
        return ["mv", file, drop / name]


class Floor(Side):
    name, program, options = "C floor", "await", []

    def make(self):
        for room in "drop", "tmp", "re":
            (self.directory / room).mkdir()

    def command(self):
        self.made += 1
        return [self.parts.program("await"), *self.options, self.directory, f"{self.made}.yes"]

    def ready(self, waiter):
        if not select.select([waiter.stdout], [], [], PATIENCE)[0] or b"ready" not in waiter.stdout.readline():
            raise Failed(f"{self.name}: did not become ready: {(self.directory / 'said').read_text().strip()}")
        return f"{self.made}.yes"

    def answer(self, name):
        return self.moved(name, self.directory / "drop")


class FloorWithVerdict(Floor):
    name, program, options = "floor + verdict", "await-verdict", ["--verdict"]


class Moved(Side):
    name, program = "mv", "approval-mv"

    def make(self):
        self.spool = make_spool(self.directory, self.parts)

    def command(self):
        return wait_approval(self.parts, self.directory)

    def ready(self, waiter):
        """The ID of the one request that is open; those before it are decided."""
        until_open(self.spool, 1, [waiter])
        return open_requests(self.spool)[0]

    def answer(self, request):
        return self.moved(f"{request}.yes", self.spool / "replies/drop")


class Approved(Moved):
    name, program = "approve ID", "approval-approve"

    def answer(self, request):
        return ["run", self.parts.tool("approve"), "-q", "-C", self.spool, request]


def make_spool(directory, parts):
    spool = directory / "spool"
    subprocess.run([parts.tool("spool"), "init", "-q", "-C", spool], check=True, stdout=subprocess.DEVNULL)
    (directory / "request").write_text(REQUEST)
    return spool


def wait_approval(parts, directory):
    return [parts.tool("wait-approval"), "-q", "-C", directory / "spool", "--to", f"file:{directory / 'inbox'}"]


def open_requests(spool):
    hold = spool / "approvals/hold"
    # The first request makes it.
    return os.listdir(hold) if hold.is_dir() else []


def until_open(spool, count, waiters):
    """Until so many requests are; those who ask are still there then."""
    until = time.monotonic() + PATIENCE
    while len(open_requests(spool)) < count:
        if time.monotonic() > until or any(waiter.poll() is not None for waiter in waiters):
            raise Failed(f"wait-approval: {count} requests did not become open")
        time.sleep(0.005)


@contextmanager
def started(command, directory, stdout=subprocess.DEVNULL):
    """A process whose standard input is the request, where there is one. It ends with us, and with all that it has
    started; what it says on stderr is kept."""
    request = directory / "request"
    with open(request if request.exists() else os.devnull) as text, open(directory / "said", "ab") as said:
        process = subprocess.Popen(command, stdin=text, stdout=stdout, stderr=said, start_new_session=True)
    try:
        yield process
    finally:
        # Of one that was waited for, the number may be somebody else's by now.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout:
            process.stdout.close()


@contextmanager
def crowd(parts, directory, count):
    """So many wait-approval of one spool, each with a request that is open; made here."""
    spool = make_spool(directory, parts)
    with ExitStack() as stack:
        waiters = []
        for number in range(count):
            waiters.append(stack.enter_context(started(wait_approval(parts, directory), directory)))
            until_open(spool, number + 1 - ASKING, waiters[-2 * ASKING:])
        until_open(spool, count, waiters)
        yield waiters


@contextmanager
def floors(parts, place, count):
    """So many of the floor, or as many as the kernel has inotify instances for."""
    side = Floor(parts, place)
    with ExitStack() as stack:
        waiters = []
        for _ in range(count):
            waiter = stack.enter_context(started(side.command(), side.directory, stdout=subprocess.PIPE))
            try:
                side.ready(waiter)
            except Failed:
                break
            waiters.append(waiter)
        yield waiters


@contextmanager
def loops(directory, count, period):
    """So many polling loops, for files 0, 1, ..., and when each began to sleep."""
    with ExitStack() as stack:
        waiters = []
        for number in range(count):
            words = ["sh", "-c", LOOP, "sh", directory / str(number), str(period)]
            waiters.append((stack.enter_context(started(words, directory)), time.monotonic()))
        yield waiters
