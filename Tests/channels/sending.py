"""A home that sends: its secrets, the servers that it sends to, and where its deliveries lie."""
import fcntl
import shutil
import signal
import socket
import struct
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bot_api import BotAPI
from case import ROOMS, Entry, expect, wait_for_orphans, write_entry
from home import CASES, LIBC, Home, Skipped
from servers import MailServer, Webhook

TEXT = "The kettle is on.\n"
# What each policy says of a delivery that may have arrived: where it lies after that, and what deliver exits with.
POLICIES = {"resend": ("wait,1d", 0), "hold": ("hold,0d", 0), "drop": ("fail*", 69)}
THEN = {"resend": "is_sent_again_as_a_possible_repeat", "hold": "is_held_where_that_was_asked_for",
        "drop": "is_given_up_where_that_was_asked_for"}


def register(name, check):
    """A case that was made of a table's row."""
    CASES[name] = check


@dataclass
class Sent:
    """What `deliver --to` said."""
    id: str
    code: int = 0
    out: str = ""
    err: str = ""

    @property
    def mark(self):
        """How a text begins that may have arrived before."""
        return f"(This may be a repeat of message {self.id.split('-')[1][:6]}.)"


def soon(seconds=2):
    """An environment in which all must be over so soon."""
    at = time.time() + seconds
    return {"SPINDLE_DEADLINE": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03}Z"}


def later(seconds):
    """An environment in which it is so much later, and stays so."""
    return {"SPOOL_NOW": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}


class Sender(Home):
    """A Home with a spool, and servers that end with it."""

    def __init__(self, *given):
        super().__init__(*given)
        self.servers, self.settings = [], {}

    def environment(self, more):
        return super().environment({**self.settings, **more})

    def close(self):
        for server in self.servers:
            server.close()
        super().close()

    # ---------------------------------------------------------------- what it sends to

    def serve(self, server):
        self.servers.append(server)
        return server

    def furnish(self):
        if not self.spool.exists():
            self.init("a")
        return self

    def secret(self, name, text, mode=0o600):
        """A file in secrets/ of the spool."""
        path = self.furnish().spool / "secrets" / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def telegram(self, *tokens, **how):
        """Telegram, and a token where it is looked for."""
        api = self.serve(BotAPI(*tokens, **how))
        self.settings["TELEGRAM_API"] = api.url
        self.secret("telegram.token", api.tokens[0] + "\n")
        return api

    def webhook(self, **how):
        self.furnish()
        return self.serve(Webhook(**how))

    def mail(self, options="", **how):
        """A mail server, and msmtp set up for it."""
        needs("/usr/bin/msmtp")
        server = self.furnish().serve(MailServer(**how))
        path = self.home / ".msmtprc"
        path.write_text(f"defaults\ntls off\nauth off\n{options}\naccount default\nhost 127.0.0.1\nport {server.port}\n"
                        "from me@example.org\n")
        path.chmod(0o600)
        self.settings["SENDMAIL"] = "/usr/bin/msmtp"
        return server

    # ---------------------------------------------------------------- sending

    def send(self, to, *options, text=TEXT, code=0, env={}):
        """Runs deliver; it must exit with this code."""
        done = self.run("deliver", "--to", to, *options, stdin=text.encode(), env=env)
        expect(done.code == code, f"deliver exits {done.code}, not {code}: {done.err.decode()}")
        return Sent(done.out.decode().split("\n")[0], done.code, done.out.decode(), done.err.decode())

    def begin(self, to, *options, text=TEXT, env={}):
        """Starts deliver, and does not wait for it."""
        return self.start("deliver", "--to", to, *options, stdin=text.encode(), env=env)

    def commit(self, number, to, text=TEXT, **header):
        """A delivery that nobody has tried yet, as a program that was killed in that moment leaves it; gives its ID."""
        id = f"20260101T000000.{number:06}Z-{number:06}"
        queue = self.furnish().spool / "deliveries"
        write_entry(queue / "tmp" / id, id, text, **{"From": "deliver", "To": to, "In-Doubt": "resend", "Attempts": 5,
                                                     **header})
        (queue / "tmp" / id).rename(queue / "new" / id)
        return id

    @staticmethod
    def kill(command):
        """Kills a command, and waits until nothing that it had started is left."""
        command.kill(signal.SIGKILL).end()
        wait_for_orphans()

    def recover(self, env={}):
        return self.good("deliver", "--recover", env=env)

    def again(self, env={}):
        """All that waits is due now, and is tried; but where a server has said when."""
        self.make_due("deliveries")
        return self.recover(env)

    def much_later(self):
        """The time has come that a server has said."""
        for lane in (self.spool / "deliveries/lanes").iterdir():
            lane.write_text("".join(line for line in lane.read_text().splitlines(True) if "Not-Before" not in line))
        return self.again()

    # ---------------------------------------------------------------- where it lies

    def lies(self, id, *places):
        """The delivery must lie in one of these places, such as `wait,1d`: the room, and what its name ends with."""
        rooms = [room for room in ROOMS if room != "bad"]  # what lies there cannot be read
        found = [entry for entry in self.entries("deliveries", *rooms) if entry.id == id]
        expect(len(found) == 1, f"{id} lies {len(found)} times in deliveries/")
        place = found[0].room + found[0].path.name.removeprefix(id)
        expect(any(fnmatchcase(place, wanted) for wanted in places), f"{id}: {place}, not {' or '.join(places)}")
        return found[0]

    def receipt(self, id):
        """Its header and its text."""
        entry = Entry(self.spool / "deliveries/re" / id)
        return entry.header, entry.body.decode()

    def due_in(self, id):
        """Seconds until it is tried again."""
        return self.lies(id, "wait*").path.stat().st_mtime - time.time()

    def inbox(self):
        """What `people/me` was told."""
        path = self.home / "inbox"
        return path.read_text() if path.exists() else ""

    # ---------------------------------------------------------------- secrets

    def hides(self, *secrets):
        """None of these stands in what was said, nor in any file but those that are there to hold it."""
        for path in self.home.rglob("*"):
            if path.is_file() and path.name != ".msmtprc" and "secrets" not in path.parts:
                text = path.read_bytes()
                for secret in secrets:
                    expect(secret.encode() not in text, f"a secret stands in {path.relative_to(self.home)}")


def is_on_a_command_line(secret):
    """What `ps` shows to everybody."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if secret.encode() in path.read_bytes():
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return False


def needs(program):
    if not shutil.which(program):
        raise Skipped(f"there is no {program}")


def words(texts):
    """What must be the same in a text and in its parts: all but the blanks."""
    return [word for text in texts for word in text.split()]


def only_loopback():
    """From now on this process, and what it starts, has no network but a loopback of its own, where that is allowed."""
    clone_newnet, siocsifflags, up = 0x40000000, 0x8914, 1
    if LIBC.unshare(clone_newnet) == 0:
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", up))
