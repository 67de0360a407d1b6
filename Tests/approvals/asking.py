"""A home in which people are asked: who waits, what he is told, and what people/me reads."""
import os
import re
import signal
import time

from case import Broken, expect
from home import CASES, Disk, until
from question import ROOMS, SOON, Question
from sending import Sender

TEXT = "Tea, at four?\n"


def both(name, check, *options):
    """Two cases: who asks is waiting; and he was killed, and the tick comes by. `check` is called with home and question."""
    for words, prepare in (("while_it_is_waited_for", Question.stay), ("with_nobody_waiting", Question.leave)):
        def run(home, prepare=prepare):
            check(home, prepare(home.ask(*options)))

        run.__module__ = check.__module__
        CASES[f"{name}_{words}"] = run


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
