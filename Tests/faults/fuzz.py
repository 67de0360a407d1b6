"""Rubbish that is nearly right, put into new/ and drop/ by the thousand: nothing crashes, every byte is found again.

Each file is afterwards an entry that was worked off, or lies in bad/ as it was, or lies where it was put and somebody
is told: by its bytes, as many come out as went in."""
import json
import os
from collections import Counter

from case import Broken, expect, fixed_id, sha256, write_entry
from home import case
from mutants import Mutants

ROOMS = b"new", b"run", b"wait", b"hold", b"done", b"fail", b"bad", b"drop"
FIRST = b"Spool: 1\n"


def is_ignored(name):
    """docs/spool.md: what drop/ leaves alone."""
    return name == b"4913" or name.startswith(b".") or name.endswith((b"~", b".swp", b".part", b".tmp")) \
        or name.startswith(b"#") and name.endswith(b"#")


def body(whole):
    return whole.partition(b"\n\n")[2]


class Rubbish:
    def __init__(self, home):
        self.home, self.queue = home, os.fsencode(home.spool / "a")
        self.given = {b"new": Counter(), b"drop": Counter()}
        self.bodies = Counter()
        self.opened = 0

    def put(self, count, seed):
        mutants = Mutants(seed)
        for number in range(count):
            room = b"new" if number % 2 else b"drop"
            name, bytes = mutants.next()
            path = b"/".join([self.queue, room, name])
            if not name or len(name) > 255 or os.path.lexists(path):
                name = b"file %d" % number
                path = b"/".join([self.queue, room, name])
            with open(path, "wb") as file:
                file.write(bytes)
            self.opened += bytes.startswith(FIRST)
            self.given[room][sha256(bytes)] += 1
            if room == b"drop":
                self.bodies[sha256(body(bytes) if bytes.startswith(FIRST) else bytes)] += 1
                self.bodies[sha256(bytes)] += 1

    def found(self):
        """All that lies in the queue now: its room, its name, its bytes."""
        for room in ROOMS:
            for name in sorted(os.listdir(os.path.join(self.queue, room))):
                with open(os.path.join(self.queue, room, name), "rb") as file:
                    yield room, name, file.read()

    def account(self):
        """By their bytes, as many as went in; what was dropped and taken is there by its body."""
        new, drop, strangers = Counter(), Counter(), []
        for room, name, bytes in self.found():
            whole = sha256(bytes)
            if new[whole] < self.given[b"new"][whole]:
                new[whole] += 1
            elif drop[whole] < self.given[b"drop"][whole]:
                drop[whole] += 1
            elif b"\nArrived: " in bytes and self.bodies[sha256(body(bytes))]:
                drop[None] += 1
            else:
                strangers.append(room + b"/" + name)
        lost = self.given[b"new"] - new
        expect(not strangers, f"{len(strangers)} that nobody put there: {strangers[:5]}")
        expect(not lost, f"{lost.total()} of new/ are lost or were changed")
        expect(drop.total() == self.given[b"drop"].total(),
               f"{drop.total()} of {self.given[b'drop'].total()} that were dropped are there")

    def check_products(self):
        """cat gives back the body; an empty one gives nothing."""
        for name in os.listdir(os.path.join(self.queue, b"done")):
            with open(os.path.join(self.queue, b"done", name), "rb") as file:
                wanted = body(file.read())
            path = os.path.join(self.queue, b"re", name)
            expect(os.path.exists(path) == bool(wanted), f"done/{name}: a response, or none, that should not be")
            if wanted:
                with open(path, "rb") as file:
                    expect(body(file.read()) == wanted, f"re/{name}: another body")

    def check_told(self, told):
        """What lies where it was put, or between two rooms, is named by a tool or is left alone by rule."""
        untold = [room + b"/" + name for room, name, _ in self.found()
                  if room in (b"new", b"run", b"wait") and printable(name) not in told
                  or room == b"drop" and not is_ignored(name) and printable(name) not in told]
        expect(not untold, f"of {len(untold)} that are left nobody is told: {untold[:8]}")


def printable(name):
    """As the tools write it, as far as ordinary characters go."""
    text = name.decode(errors="replace")
    return text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r").replace("\x1b", "\\u{1b}")


@case
def a_header_of_many_lines_is_read(home):
    """In its time: that it does not grow with the square of the lines is what the case's own limit is for."""
    home.init()
    lines = b"".join(b"H%d: x\n" % number for number in range(6000))
    (home.spool / "a/drop/letter").write_bytes(b"Spool: 1\n" + lines + b"\nhello\n")
    home.good("spool", "tick", "a")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect(home.only("b", "new").body == b"hello\n", "another product")
    home.settled()


@case
def a_name_too_long_for_a_claim_stops_no_other(home):
    """With its worker behind it, it is longer than a file system allows."""
    home.init()
    id = fixed_id(1) + ".1" * 110
    write_entry(home.spool / "a/new" / id, id, "long")
    home.put()
    done = home.run("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect(done.code in (0, 70), f"exit {done.code}")
    expect([entry.body for entry in home.entries("b", "new")] == [b"hello\n"], "the other entry was not worked off")
    told = done.err + home.run("spool", "check").out
    expect(id.encode() in told and len(home.names("a", "bad")) + len(home.names("a", "new")) == 1, "nobody is told")


@case
def names_in_new_that_are_no_utf8_are_told_of(home):
    home.init()
    path = os.fsencode(home.spool / "a/new") + b"/letter \xff"
    with open(path, "wb") as file:
        file.write(b"text")
    told = home.run("spool", "work", "a", "--once", "--", "cat").err + home.run("spool", "check").out
    expect(b"letter " in told, "nobody is told of it")
    expect([bytes for room, _, bytes in Rubbish(home).found()] == [b"text"], "it is lost")


@case
def files_that_are_called_as_if_they_were_being_taken_are_all_kept(home):
    """The name says which file it is: two of one name's number are two files all the same."""
    home.init()
    texts = [b"one\n", b"two\n", b"three\n"]
    for text in texts:
        (home.spool / f"a/drop/.take-1-2-{text.decode().strip()}").write_bytes(text)
    home.good("spool", "tick", "a")
    lying = [body(bytes) if room == b"new" else bytes for room, _, bytes in Rubbish(home).found()]
    expect(sorted(lying) == sorted(texts), f"only {lying} are there")


@case
def every_byte_of_rubbish_is_found_again(home):
    home.init()
    rubbish, count = Rubbish(home), home.options.fuzz
    rubbish.put(count, home.options.seed)
    home.remark(f"{count} files, {100 * rubbish.opened // max(1, count)} % begin as entries, seed {home.options.seed}")
    expect(rubbish.opened * 2 >= count, "less than half get past the first header")
    told = ""
    for argv in (("tick",), ("work", "a", "--once", "--", "cat"), ("sweep",), ("work", "a", "--once", "--", "cat")):
        done = home.run("spool", *argv, within=180)
        expect(done.code in (0, 70), f"spool {argv[0]}: exit {done.code}")
        told += done.err.decode(errors="replace")
    found = home.run("spool", "check", within=60)
    expect(found.code in (0, 1), f"spool check: exit {found.code}")
    told += found.out.decode(errors="replace")
    problems = []
    for check in rubbish.account, rubbish.check_products, lambda: rubbish.check_told(told):
        try:
            check()
        except Broken as broken:
            problems.append(str(broken))
    expect(not problems, "; ".join(problems))
    for line in home.good("spool", "ls", "--all", "--json", within=60).out.splitlines():
        json.loads(line)
    rooms = Counter(room.decode() for room, _, _ in rubbish.found())
    home.remark(", ".join(f"{rooms[room]} in {room}/" for room in sorted(rooms)))
