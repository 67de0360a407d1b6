"""A home in which jobs run: what is known of them, and what people/me is told."""
import json
import re
import time

from case import Entry, expect
from own_channels import MOODY
from running import Runner


def at(minutes):
    """An environment in which it is noon, and so many minutes later."""
    return {"SPOOL_NOW": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1795435200 + 60 * minutes))}


class Jobber(Runner):
    """A Runner whose scripts are jobs."""

    def job(self, name, *words, code=0, options=(), env={}, stdin=b""):
        """Runs a job; it must exit with this code."""
        self.furnish()
        done = self.run("job", name, *options, "--", *words, env=env, stdin=stdin)
        expect(done.code == code, f"job {name} exits {done.code}, not {code}: {done.err.decode()}")
        return done

    def sh(self, name, script, **how):
        return self.job(name, "sh", "-c", script, **how)

    def row(self, name, env={}):
        """What `job --list` says of it."""
        lines = self.good("job", "--list", "--json", name, env=env).out.decode().splitlines()
        expect(len(lines) == 1, f"job --list {name}: {lines}")
        return json.loads(lines[0])

    def is_so(self, name, env={}, **wanted):
        """It says all of this of it."""
        row = self.row(name, env)
        found = {key: row.get(key) for key in wanted}
        expect(found == wanted, f"{name}: {found}, not {wanted}")
        return row

    def rows(self):
        """What `job --list` says of all."""
        return {row["job"]: row for row in map(json.loads, self.good("job", "--list", "--json").out.splitlines())}

    def record(self, name):
        """Of its last run, which went well."""
        return Entry(self.spool / "jobs/re" / self.row(name)["run"])

    def log_of(self, name):
        return self.log("jobs", self.row(name)["run"])

    def state(self, name):
        """jobs/names/NAME, as it lies there."""
        return dict(line.split(": ", 1) for line in (self.spool / "jobs/names" / name).read_text().splitlines())

    def tick(self, env={}):
        return self.good("spool", "tick", env=env)

    def alerts(self, *words):
        """What people/me was told of jobs."""
        return self.messages("job ", *words)

    def is_told(self, *words, times=1):
        found = self.messages(*words)
        expect(len(found) == times, f"told {len(found)} times, not {times}, of {words}: {self.inbox()!r}")
        return found[0] if found else None

    def channel(self, name="moody"):
        """A channel that exits with what its address begins with until all is well."""
        self.furnish()
        return self.write(self.spool / "channels" / name, MOODY)

    def given(self):
        """What the channel was given."""
        return self.lines("notes")


def ids(text):
    return re.findall(r"\d{8}T\d{6}\.\d{6}Z-[a-z0-9]{6}", text)


__all__ = ["Jobber", "at", "ids"]
