"""What the cases of `telegram-relay` share: a relay that runs, and the lines of JSON that it prints, one an update."""
import json
import signal

from bot_api import TOKEN
from case import expect
from home import until

KIRA = "4712:AAHaNoThErBoTsToKeNwHiChIsNoBoDyS"  # another bot, of the agent kira


class Relay:
    """A relay that runs."""

    def __init__(self, home, *options, env={}):
        self.home, self.running = home, home.start("telegram-relay", *options, env=env)

    def lines(self):
        """All that was handed on, in its order."""
        whole, _, _ = self.running.files[1].read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.split(b"\n") if line]

    def updates(self, bot=None):
        return [line for line in self.lines() if "update" in line and bot in (None, line["bot"])]

    def texts(self, bot=None):
        return [line.get("text", line.get("click")) for line in self.updates(bot)]

    def looks(self):
        """How often it has looked what has happened here."""
        return sum("tend" in line for line in self.lines())

    def said(self):
        return self.running.files[2].read_text()

    def takes(self, *texts, bot=None):
        """Waits until these, and nothing else, were handed on in this order."""
        until(lambda: len(self.texts(bot)) >= len(texts), f"{len(texts)} updates are handed on")
        expect(self.texts(bot) == list(texts), f"handed on: {self.texts(bot)}")
        return self.updates(bot)

    def says(self, *words):
        """Waits until it says all of this in one line; gives how many lines do."""
        def lines():
            return [line for line in self.said().splitlines() if all(word in line for word in words)]

        until(lines, f"it says {' and '.join(words)}")
        return len(lines())

    def holds(self, api, token=None):
        """Waits until it polls, and is kept waiting for what comes."""
        until(lambda: api.is_held(token), "a poll is held")
        return self

    def end(self, number=signal.SIGTERM, within=3):
        """It ends at once when it is asked to; gives what it has said."""
        self.running.kill(number)
        ended = self.running.end(within)
        expect(ended.code == 128 + number, f"exit {ended.code}, not {128 + number}: {ended.err.decode()}")
        self.home.hides(TOKEN, TOKEN.partition(":")[2], KIRA, KIRA.partition(":")[2])
        return ended.err.decode()


def once(home, *options, code=0, env={}, within=20):
    """Looks once; gives what was handed on, and what it said."""
    done = home.run("telegram-relay", "--once", *options, env=env, within=within)
    expect(done.code == code, f"exit {done.code}, not {code}: {done.err.decode()}")
    lines = [json.loads(line) for line in done.out.decode().splitlines()]
    return [line for line in lines if "update" in line], done.err.decode()


def two_bots(home, **how):
    """main's bot, and kira's."""
    api = home.telegram(TOKEN, KIRA, **how)
    give_bot(home, "kira", KIRA)
    return api


def give_bot(home, agent, token):
    path = home.secret(f"{agent}.token", token + "\n")
    (home.spool / f"agents/{agent}.md").write_text(f"Telegram-Token-File: {path}\n\nYou are {agent}.\n")
    return path


class Obstacle:
    """While it is there the relay cannot keep what comes."""

    def __init__(self, home):
        self.path = home.home / "obstacle"
        self.env = {"RELAY_OBSTACLE": str(self.path)}
        self.path.touch()

    def remove(self):
        self.path.unlink()
