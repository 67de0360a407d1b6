"""A home in which people are asked: what lies where, who waits, what he is told, and what people/me reads."""
import contextlib
import fcntl
import os
import re
import signal
import time

from case import Broken, Entry, expect
from home import CASES, Disk, until
from sending import Sender

TEXT = "Tea, at four?\n"
ROOMS = "new", "wait", "hold", "done", "fail", "bad"
# What wait-approval exits with.
CODES = {"approved": 0, "rejected": 1, "timeout": 124, "undelivered": 69}
SOON = 20  # seconds for what needs none, on a machine that has much to do


def both(name, check, *options):
    """Two cases: the one who asks is waiting; and he was killed, and the tick comes by. `check` is called with the home and the question."""
    for words, prepare in (("while_it_is_waited_for", Question.stay), ("with_nobody_waiting", Question.leave)):
        def run(home, prepare=prepare):
            check(home, prepare(home.ask(*options)))

        run.__module__ = check.__module__
        CASES[f"{name}_{words}"] = run


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
        expect(self.room == room, f"it lies in {self.room}/, not in {room}/")
        expect(not self.waiter or self.waiter.process.poll() is None, f"nobody waits any more: {said}")
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


class Asker(Sender):
    """A Sender that asks."""

    @property
    def drop(self):
        """Where answers are dropped."""
        return self.spool / "replies/drop"

    def furnish(self):
        if not self.spool.exists():
            self.init("approvals", "replies", "deliveries")
        return self

    # ---------------------------------------------------------------- asking

    def requests(self):
        return {name for room in ROOMS for name in self.names("approvals", room)}

    def until_asked(self, count, within=SOON):
        """So many requests have arrived, whatever became of them since."""
        until(lambda: len(self.names("approvals", "hold")) + len(self.names("approvals", "done")) >= count,
              f"{count} requests have arrived", within)

    def begin_to_ask(self, *options, text=TEXT, to="me", env={}):
        """Starts wait-approval; gives its request as soon as there is one."""
        self.furnish()
        known = self.requests()
        waiter = self.start("wait-approval", "--to", to, *options, stdin=text.encode(), env=env)
        until(lambda: self.requests() - known or waiter.process.poll() is not None, "the request is there", SOON)
        new = self.requests() - known
        if len(new) != 1:
            raise Broken(f"{len(new)} requests: {vars(waiter.end())}")
        return Question(self, new.pop(), waiter)

    def ask(self, *options, **how):
        """The same, and waits until it has arrived."""
        question = self.begin_to_ask(*options, **how)
        until(lambda: question.room == "hold" or question.waiter.process.poll() is not None, "it arrives", SOON)
        question.is_open()
        return question

    def wait_again(self, key, text=TEXT, *options):
        """The same request, under its key."""
        return self.start("wait-approval", "--to", "me", "--key", key, *options, stdin=text.encode())

    def tick(self, env={}):
        return self.good("spool", "tick", env=env)

    @staticmethod
    def until_deadline(question, after=0.01):
        """Waits until its time is over, by so much."""
        until(lambda: time.time() > question.path.stat().st_mtime + after, "its time is over", 30)

    @staticmethod
    def until_it_waits(waiter):
        """Whether it watches, or looks each second where others have all that the machine has of inotify."""
        until(lambda: waiter.sleeps() or b"max_user_instances" in waiter.said() or waiter.process.poll() is not None,
              "it waits")

    # ---------------------------------------------------------------- answering by hand

    def another_disk(self):
        """A directory on a file system of its own."""
        return Disk(self, "tmpfs").path

    def touch(self, name):
        os.close(os.open(os.fsencode(self.drop) + b"/" + os.fsencode(name), os.O_WRONLY | os.O_CREAT, 0o644))

    def take_away(self, room, name):
        """As a person does it who has seen it there."""
        (self.spool / room / name).rename(self.home / "taken-away")

    def outcomes(self):
        """What became of the replies: the result, and how each is answered."""
        return [(entry.header["Result"], entry.body.decode()) for entry in self.entries("replies", "re")]

    def kept(self):
        """The replies that are finished."""
        return self.entries("replies", "done")

    # ---------------------------------------------------------------- what people/me reads

    def messages(self, *words):
        """What people/me was told, but for the requests themselves, with all of these words in it."""
        records = re.split(r"^=== ", self.inbox(), flags=re.MULTILINE)[1:]
        return [record for record in records if "Approve? " not in record.partition("\n")[0]
                and all(word in record for word in words)]

    def asked(self):
        """How often he was asked anything."""
        return len(re.findall(r"^=== \S+ Approve\? ", self.inbox(), flags=re.MULTILINE))

    def told(self, *words, times=1):
        """He is told, in so many messages, with all of these words; gives the first."""
        def are_sent():
            if self.names("deliveries", "new"):
                self.recover()
            return len(self.messages(*words)) >= times

        until(are_sent, f"people/me is told {words}: {self.messages()} {self.outcomes()}", SOON)
        found = self.messages(*words)
        expect(len(found) == times, f"told {len(found)} times: {found}")
        return found[0]

    def stop(self, command, number=signal.SIGTERM):
        return command.kill(number).end()
