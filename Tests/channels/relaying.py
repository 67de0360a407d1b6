"""What the cases of `telegram-relay` share: a relay that runs, and what of all that was written to the bots lies in the
agents' inboxes."""
import signal

from bot_api import TOKEN
from case import Entry, expect
from home import until

KIRA = "4712:AAHaNoThErBoTsToKeNwHiChIsNoBoDyS"  # another bot, of the agent kira


def inbox(home, agent="*", spool=None):
    """What was kept, in its order."""
    found = [Entry(path) for path in (spool or home.spool).glob(f"inbox-{agent}/new/*")]
    return sorted(found, key=lambda entry: entry.id)


def texts(entries):
    return [entry.body.decode().removesuffix("\n") for entry in entries]


def knows(spool):
    """Who writes is somebody: what strangers write is kept nowhere."""
    (spool / "people").mkdir(parents=True, exist_ok=True)
    if not (spool / "people/ann").exists():
        (spool / "people/ann").write_text("Telegram: 4711\n")


class Relay:
    """A relay that runs."""

    def __init__(self, home, *options, spool=None):
        self.home, self.spool = home, spool or home.spool
        knows(self.spool)
        self.running = home.start("telegram-relay", *options, env={"SPOOL_DIR": str(self.spool)})

    def texts(self, agent="*"):
        return texts(inbox(self.home, agent, self.spool))

    def said(self):
        return self.running.files[2].read_text()

    def takes(self, *wanted, agent="*"):
        """Waits until these, and nothing else, were kept in this order."""
        until(lambda: len(self.texts(agent)) >= len(wanted), f"{len(wanted)} messages are kept")
        expect(self.texts(agent) == list(wanted), f"kept: {self.texts(agent)}")

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


def once(home, *options, code=0, within=20):
    """Looks once; gives what was kept, and what it said."""
    knows(home.spool)
    before = {entry.id for entry in inbox(home)}
    done = home.run("telegram-relay", "--once", *options, within=within)
    expect(done.code == code, f"exit {done.code}, not {code}: {done.err.decode()}")
    return [entry for entry in inbox(home) if entry.id not in before], done.err.decode()


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
    """While it is there nothing can be kept for main: it lies where his inbox would."""

    def __init__(self, home):
        self.path = home.spool / "inbox-main"
        self.path.touch()

    def remove(self):
        self.path.unlink()
