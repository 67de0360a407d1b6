"""A home in which a block of a page is run as it stands, and who checks what comes of it."""
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / name) for name in ("faults", "crash")]
from case import STAND_INS, expect
from home import Home, end_all, until

DOCS = HERE.parent.parent / "docs"
CHECKS = {}  # of a page: for each title the functions, each with its variant
IN_PART = set()  # pages of whose blocks not each is a recipe


def checks_of(page, in_part=False):
    """Gives what registers checks for the blocks of a page: called with a fresh kitchen, once for each variant."""
    CHECKS[page] = {}
    if in_part:
        IN_PART.add(page)

    def check(title, *variants):
        def register(function):
            CHECKS[page].setdefault(title, []).extend((function, variant) for variant in variants or (None,))
            return function
        return register
    return check


def blocks(page):
    """Title and block of each section of a page that has one; what stands in several blocks is one script."""
    found = {}
    for part in (DOCS / page).read_text().split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        if scripts := re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S):
            found[title] = "".join(scripts)
    return found


class Kitchen(Home):
    """A home whose user has the tools, an agent program, and a directory to work in."""

    def __init__(self, home, bin_dir, block):
        super().__init__(home, bin_dir)
        self.block, self.work, self.path = block, self.home / "work", f"{self.home}/.bin:{self.bin}:/usr/bin:/bin"
        self.work.mkdir()
        (self.home / ".bin").mkdir()
        self.agent("good")
        self.run("spool", "init", "-q")

    def environment(self, more):
        moved = {} if self.spool == self.home / "spool" else {"SPOOL_DIR": str(self.spool)}
        return {"PATH": self.path, "HOME": str(self.home), "LANG": "C.UTF-8", "TZ": "UTC", **moved, **more}

    def agent(self, behaviour):
        """What the agent program does from now on."""
        program = self.home / ".bin/claude"
        program.write_text(f"#!/bin/sh\nSTANDIN_CLAUDE='{behaviour}' STANDIN_LOG='{self.home}/calls.jsonl' "
                           f"exec {STAND_INS}/claude \"$@\"\n")
        program.chmod(0o755)

    def asked(self):
        """How often the agent program was asked."""
        log = self.home / "calls.jsonl"
        return len(log.read_text().splitlines()) if log.exists() else 0

    # ---------------------------------------------------------------- the block

    def begin(self):
        """Starts the block as a user would who pastes it."""
        return self.start("env", "-C", self.work, "sh", "-c", self.block)

    def cook(self, code=0, within=30):
        """Runs it to its end."""
        return self.ends(self.begin(), code, within)

    def ends(self, cooking, code=0, within=30):
        done = cooking.end(within)
        expect(done.code == code, f"the block exits with {done.code}, not {code}: {done.err!r}")
        return done

    def answer(self, word, subject):
        """A person drops a file, once the request has arrived."""
        def open_request():
            for path in (self.spool / "approvals/hold").glob("*"):
                if f"\nSubject: {subject}\n".encode() in path.read_bytes():
                    return path.name.partition(",")[0]
        request = until(open_request, f"{subject} is asked")
        (self.spool / f"replies/drop/{request}.{word}").touch()

    def power_cut(self):
        end_all()

    def tick(self, *queues, after=None):
        """The tick, so long after now."""
        now = datetime.now(timezone.utc) + (after or timedelta())
        self.good("spool", "tick", *queues, env={"SPOOL_NOW": f"{now:%Y-%m-%dT%H:%M:%SZ}"} if after else {})

    # ---------------------------------------------------------------- what is there then

    def has(self, **files):
        """The files in work/, by name without .txt, have these contents; None: they are not there."""
        for name, text in files.items():
            path = self.work / f"{name}.txt"
            there = path.read_text() if path.exists() else None
            expect(there == text, f"{path.name} is {there!r}, not {text!r}")

    def inbox(self, name="inbox"):
        path = self.home / name
        return path.read_text() if path.exists() else ""

    def received(self, subject, name="inbox"):
        """How many messages of this subject have come."""
        return len(re.findall(rf"^=== \S+ {re.escape(subject)}$", self.inbox(name), re.M))

    def lies(self, queue, *rooms):
        """The entries of a queue lie in these rooms, one for each."""
        entries = [json.loads(line) for line in self.good("spool", "ls", "--all", "--json", queue).out.splitlines()]
        there = sorted(entry["room"] for entry in entries)
        expect(there == sorted(rooms), f"{queue}: {there}, not {sorted(rooms)}")

    def told(self, text, out):
        expect(out.decode() == text, f"it prints {out.decode()!r}, not {text!r}")
