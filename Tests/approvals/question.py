"""A request: where it lies, what its proof and its verdict say, and how it ends."""
import contextlib
import fcntl
import signal

from case import Entry, expect
from home import until

ROOMS = "new", "wait", "hold", "done", "fail", "bad"
# What wait-approval exits with.
CODES = {"approved": 0, "rejected": 1, "timeout": 124, "undelivered": 69}
SOON = 20  # seconds for what needs none, on a machine that has much to do


class Question:
    """A request, and the wait-approval that waits for its verdict."""

    def __init__(self, home, id, waiter):
        self.home, self.id, self.waiter = home, id, waiter
        self.short = id.split("-")[1][:6]
        self.slug = id.partition(f"-{self.short}-")[2]

    def __str__(self):
        return self.id

    def stay(self):
        return self

    def leave(self):
        """The one who waits is killed."""
        self.waiter.kill(signal.SIGKILL).end()
        self.waiter = None
        return self

    # ---------------------------------------------------------------- where it stands

    @property
    def path(self):
        """Where it lies while it is open."""
        return self.home.spool / "approvals/hold" / self.id

    @property
    def drop(self):
        return self.home.drop / self.id

    @property
    def room(self):
        def look():
            return [room for room in ROOMS if (self.home.spool / "approvals" / room / self.id).exists()]

        # It may move while we look.
        return until(lambda: len(rooms := look()) == 1 and rooms[0], f"{self.id} lies in one room: {look()}", 2)

    @property
    def proof(self):
        lines = (self.home.spool / f"approvals/log/{self.id}.proof").read_text().splitlines()
        return dict(line.split(": ", 1) for line in lines if line)

    @property
    def record(self):
        """The verdict's file; None where there is none."""
        path = self.home.spool / "approvals/re" / self.id
        return Entry(path) if path.exists() else None

    @contextlib.contextmanager
    def locked(self):
        """Somebody else is making a step with it."""
        with open(self.path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def is_open(self, room="hold"):
        """Nothing was decided."""
        said = self.waiter.said() if self.waiter else b""
        expect(not self.record, f"decided: {self.record and self.record.header}")
        expect(not self.waiter or self.waiter.process.poll() is None, f"nobody waits any more: {said}")
        expect(self.room == room, f"it lies in {self.room}/, not in {room}/")
        return True

    # ---------------------------------------------------------------- how it ends

    def ends(self, word, note="", within=SOON):
        """This is the verdict: who waits is told it, else it is there after a tick. Gives its record."""
        if self.waiter:
            told(self.waiter.end(within), word, note)
            self.waiter = None
        else:
            self.home.tick()
        expect(self.record, f"no verdict; it lies in {self.room}/")
        header, body = self.record.header, self.record.body.decode()
        expect(header["Verdict"] == word, f"{header['Verdict']}, not {word}")
        expect(body == (note + "\n" if note else ""), f"the note is {body!r}, not {note!r}")
        expect(self.room == "done", f"it lies in {self.room}/, not in done/")
        return self.record

    def asks_back(self, *words):
        """What lies in drop/ is taken, decides nothing, is kept, and is answered with these words; gives the answer."""
        if not self.waiter:
            self.home.tick()
        answer = self.home.told(*words)
        self.is_open()
        return answer

    def can_be_answered(self):
        self.is_open()
        self.home.touch(f"{self.id}.yes")
        return self.ends("approved")


def told(done, word, note=""):
    """What wait-approval says, and exits with."""
    expect(done.out.decode() == f"{word}\n" + (note + "\n" if note else ""), f"it says {done.out!r}, not {word} {note!r}")
    expect(done.code == CODES[word], f"{word}, and exit {done.code}")
