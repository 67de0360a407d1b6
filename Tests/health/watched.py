"""A home that is looked after: the guard and the tick at any time, and what a person was told."""
import re
import time

from case import expect
from sending import Sender

T0 = int(time.time()) // 86400 * 86400 + 8 * 3600  # today at 8:00 in UTC: no day's end is near
DAY = time.strftime("%Y-%m-%d", time.gmtime(T0))


def at(minutes):
    """An environment in which it is so many minutes after T0, by a clock in UTC."""
    return {"SPOOL_NOW": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(T0 + round(minutes * 60))), "TZ": "UTC"}


class Watched(Sender):
    def begin(self, minutes=0):
        """A spool that is in order at this time, and a person with an inbox on another disk."""
        self.init("a")
        (self.spool / "people/me").write_text(f"File: {self.home}/inbox\n")
        self.tick(minutes)
        return self.is_well(minutes)

    def set(self, **settings):
        text = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in settings.items())
        (self.spool / "config").write_text(text)
        return self

    def agent(self, name, *lines):
        (self.spool / f"agents/{name}.md").write_text("\n".join([*lines, "", f"You are {name}.", ""]))
        return self

    def tick(self, minutes, code=0):
        done = self.run("spool", "tick", env=at(minutes))
        expect(done.code == code, f"spool tick exits {done.code}: {done.err.decode()}")
        return done

    def ticks(self, first, last):
        """Once a minute, as cron does it."""
        for minute in range(first, last + 1):
            self.tick(minute)
        return self

    def told(self, *words):
        """The subjects of what the person was told, that have all of these words."""
        path = self.home / "inbox"
        heads = re.findall(r"^=== \S+ (.*)$", path.read_text(), re.M) if path.exists() else []
        return [head for head in heads if all(word in head for word in words)]

    def is_told(self, times, *words):
        expect(len(self.told(*words)) == times, f"told {words} {len(self.told(*words))} times, not {times}: {self.told()}")
        return self

    def guard(self, minutes, *options, env={}):
        return self.run("heartbeat-guard", *options, env={**at(minutes), **env})

    def is_well(self, minutes, *options):
        done = self.guard(minutes, *options)
        expect((done.code, done.out) == (0, b"HEARTBEAT_OK\n"), f"exit {done.code}: {done.out.decode()}{done.err.decode()}")
        return self

    def signals(self, minutes, *wanted, options=()):
        """The rules whose signals are told at this time, in their order."""
        done = self.guard(minutes, *options)
        lines = done.out.decode().splitlines()
        expect(done.code == 1 and lines, f"exit {done.code}: {lines}")
        for line in lines:
            expect(len(line.split(": ")) >= 3, f"not rule: what: what to do: {line!r}")
        rules = [line.split(":")[0] for line in lines]
        expect(rules == list(wanted), f"signals: {lines}, not {wanted}")
        return lines
