"""harvest killed, or refused by the system, at its calls and at random instants: the next one gives the same dump."""
import os
import random
import re
import shutil
import signal
import subprocess
import time

from case import expect
from harvesting import append, difference
from home import case
from transcripts import Claude, chat, correction, long_session

CALLS = "%file,%desc,ftruncate,flock"
WRITING = "pwrite64,pwritev,write,fdatasync,fsync,ftruncate,openat,mkdirat"
FAILING = WRITING + ",flock,read,pread64,getdents64,fstat,newfstatat,mmap"
FILES = {"README", "memory.db", "memory.db-wal", "memory.db-shm", "lock", "harvest.lock"}
SEEDS = {"claude": (1, 2), "pi": (3, 4), "codex": (5, 6)}
# 0: it went on without; else it says why. 77: SQLite tries again to open what it cannot, for reading only.
CODES = 0, 69, 73, 74, 75, 77
# A word index that cannot be read looks like a broken one to SQLite.
CODES_OF_READING = *CODES, 65


class Trial:
    """A spool that was harvested once, and files that have grown since; a fresh copy of the spool for each attempt."""

    def __init__(self, home, options=()):
        self.home, self.options = home, options
        growing = []
        for format, seeds in SEEDS.items():
            source = home.source(format)
            growing += [(format, source / f"{seed}.jsonl", seed) for seed in seeds]
        for format, path, seed in growing:
            text = long_session(format, seed, 14).bytes
            append(path, text[:len(text) // 2])
        home.harvest()
        for format, path, seed in growing:
            append(path, long_session(format, seed, 14).bytes[path.stat().st_size:])
            long_session(format, seed + 50, 5).to(path.with_name("new") / f"{seed}.jsonl")
        gone = Claude(seed=77).user(correction(77)).to(home.home / "claude-sessions/gone.jsonl")
        home.harvest("-q", sources=[f"claude:{gone}"])
        gone.unlink()
        self.template = home.home / "template"
        shutil.copytree(home.spool, self.template)
        home.harvest(*options)
        self.whole, self.report = home.dump(), home.report().text
        expect(len(self.whole.splitlines()) > 30, "too few facts")
        self.trace = home.home / "strace"

    def strace(self, calls, *more):
        return ["strace", "-f", "-y", "-qq", "-o", self.trace, "-e", "signal=none", "-e", f"trace={calls}", *more]

    def afresh(self):
        shutil.rmtree(self.home.spool)
        shutil.copytree(self.template, self.home.spool)

    def attempt(self, *before):
        self.afresh()
        del self.home.transcript[:]
        return self.home.run(*before, *self.home.command(*self.options))

    def calls(self, calls):
        """(name, j, line) of each: the j-th of its name in its thread, which is what strace counts."""
        self.attempt(*self.strace(calls))
        seen, found = {}, []
        for line in self.trace.read_text(errors="replace").splitlines():
            call = re.match(r"(\d+) +(\w+)\((.*)", line)
            if call and call[2] != "execve":
                seen[call[1], call[2]] = seen.get((call[1], call[2]), 0) + 1
                found.append((call[2], seen[call[1], call[2]], call[3]))
        return list({(name, j): (name, j, words) for name, j, words in found}.values())

    def about_files(self, calls):
        """Those calls that are about files of this home: not what it prints, nor libraries, loaded before it is a tool."""
        found = []
        for name, j, words in self.calls(calls):
            path = re.search(r'"(/[^"]*)"', words)
            where = path[1] if path else words
            is_output = words.startswith(("1<", "2<"))
            if str(self.home.home) in where and not is_output:
                found.append((name, j, words))
        return found

    def same_after(self, words, *options):
        self.home.harvest(*options)
        mine = self.home.dump()
        expect(mine == self.whole, f"{words}: another dump:{difference(mine, self.whole)}")
        report = self.home.report().text
        expect(report == self.report, f"{words}: another report:{difference(report.encode(), self.report.encode())}")
        left = set(os.listdir(self.home.spool / "memory")) - FILES
        expect(not left, f"{words}: left behind in memory/: {left}")
        self.home.settled()


def sample(points, size):
    step = max(1, len(points) // size)
    return [point for i, point in enumerate(points) if i % step == 0 or i >= len(points) - 10]


def killed_at_its_calls(*options, again=()):
    def check(home):
        trial, killed = Trial(home, options), 0
        points = sample(trial.about_files(CALLS), 40)
        for name, j, _ in points:
            done = trial.attempt(*trial.strace(CALLS, "-e", f"inject={name}:signal=SIGKILL:when={j}"))
            killed += done.code == -signal.SIGKILL
            trial.same_after(f"killed at {name} {j}", *again)
        home.remark(f"{killed} kills")
        expect(killed * 2 > len(points), f"only {killed} of {len(points)} were killed")

    return check


def killed_at_random_instants(*options, again=()):
    def check(home):
        trial, dice, killed = Trial(home, options), random.Random(4), 0
        start = time.monotonic()
        trial.attempt()
        whole = time.monotonic() - start
        for _ in range(40):
            trial.afresh()
            command = home.start(*home.command(*options))
            try:
                command.process.wait(dice.random() * whole)
            except subprocess.TimeoutExpired:
                command.kill(signal.SIGKILL)
            killed += command.end().code == -signal.SIGKILL
            trial.same_after("killed at some instant", *again)
        home.remark(f"{killed} kills")
        expect(killed >= 10, f"only {killed} were killed")

    return check


def refused(reason):
    def check(home):
        trial, said = Trial(home), 0
        points = trial.about_files(FAILING)
        if reason == "ENOSPC":
            points = [point for point in points if point[0] in WRITING.split(",")]
        points = sample(points, 40)
        for name, j, words in points:
            where = f"{reason} at {name} {j} ({words[:160]})"
            done = trial.attempt(*trial.strace(FAILING, "-e", f"inject={name}:error={reason}:when={j}"))
            codes = CODES_OF_READING if name == "pread64" else CODES
            expect(done.code in codes, f"{where}: exit {done.code}: {done.err.decode()[-400:]}")
            expect(done.code == 0 or done.err.startswith(b"harvest: "), f"{where}: exit {done.code}: {done.err}")
            for line in done.err.decode().splitlines():
                expect(len(line.split(": ")) >= 4, f"{where}: not what: why: what to do: {line!r}")
            said += done.code != 0
            if done.code == 0:
                mine = home.dump()
                expect(mine == trial.whole, f"{where}: exit 0, and another dump:{difference(mine, trial.whole)}")
            trial.same_after(where)
        home.remark(f"{len(points)} refused, {said} said")
        expect(said * 4 > len(points), f"only {said} of {len(points)} were said")

    return check


CHECKS = {
    "killed_at_its_calls_the_next_harvest_gives_the_same": killed_at_its_calls(),
    "a_rebuild_killed_at_its_calls_and_begun_again_gives_the_same": killed_at_its_calls("--rebuild", again=["--rebuild"]),
    "a_rebuild_killed_at_its_calls_is_mended_by_the_next_harvest": killed_at_its_calls("--rebuild"),
    "killed_at_random_instants_the_next_harvest_gives_the_same": killed_at_random_instants(),
    "a_rebuild_killed_at_random_instants_is_mended_by_the_next_harvest": killed_at_random_instants("--rebuild"),
    "a_disk_that_is_full_at_any_call_loses_nothing": refused("ENOSPC"),
    "a_disk_that_fails_at_any_call_loses_nothing": refused("EIO"),
}
for name, check in CHECKS.items():
    check.__name__, check.__module__ = name, __name__
    case(check)


@case
def what_was_forgotten_lies_nowhere_when_a_rebuild_is_killed(home):
    """The transcript still has it."""
    trial = Trial(home, ["--rebuild"])
    fact = home.facts("correction")[0]
    for spool in home.spool, trial.template:
        home.good("memory", "forget", fact["id"], "-C", spool)
    trial.whole = home.dump()
    expect(fact["text"].encode() not in trial.whole, "it is not forgotten")
    for name, j, _ in sample(trial.about_files(CALLS), 30):
        trial.attempt(*trial.strace(CALLS, "-e", f"inject={name}:signal=SIGKILL:when={j}"))
        for path in (home.spool / "memory").iterdir():
            expect(path.is_dir() or fact["text"].encode() not in path.read_bytes(), f"killed at {name} {j}: in {path.name}")
        home.harvest()
        expect(home.dump() == trial.whole, f"killed at {name} {j}: another dump")


@case
def a_first_harvest_killed_at_many_instants_loses_nothing(home):
    """Before there is a database, and while it is made."""
    source = home.source()
    for seed in range(3):
        long_session("claude", seed + 1, 30).to(source / f"{seed}.jsonl")
    _, whole = home.at_once()
    for number in range(40):
        command = home.start(*home.command())
        try:
            command.process.wait(number * 0.004)
        except subprocess.TimeoutExpired:
            command.kill(signal.SIGKILL)
        command.end()
        if number % 4 == 3:
            home.harvest()
            mine = home.dump()
            expect(mine == whole, f"another dump:{difference(mine, whole)}")
            shutil.rmtree(home.spool)


@case
def a_disk_that_is_really_full_says_so_and_nothing_is_lost(home):
    source = home.source()
    disk = home.lie_on("ext4")
    home.harvest()
    for seed in range(40):
        long_session("claude", seed + 1, 20).to(source / f"{seed}.jsonl")
    disk.fill(leave=60_000)
    done = home.run(*home.command())
    expect(done.code in (74, 75) and done.err.startswith(b"harvest: "), f"exit {done.code}: {done.err}")
    expect(b"No space left" in done.err or b"full" in done.err, f"it does not say so: {done.err}")
    disk.free()
    report = home.report()
    _, whole = home.at_once()
    expect(home.dump() == whole, "another dump")
    expect(report.total.lines > 1000, f"{report.total.lines} lines")


@case
def ended_by_TERM_what_was_committed_is_whole(home):
    source = home.source()
    for seed in range(60):
        long_session("claude", seed + 1, 60).to(source / f"{seed}.jsonl")
    codes = set()
    for wait in 0.02, 0.05, 0.1, 0.2, 0.3:
        command = home.start(*home.command())
        try:
            command.process.wait(wait)
        except subprocess.TimeoutExpired:
            command.kill(signal.SIGTERM)
        codes.add(command.end().code)
    expect(codes <= {0, 143, -signal.SIGTERM}, f"exits {codes}")
    home.same_as_at_once(home.report())


@case
def a_database_that_is_no_database_is_said_and_not_overwritten(home):
    Claude().user(correction(1)).user(chat(2)).to(home.source() / "a.jsonl")
    home.harvest()
    database = home.spool / "memory/memory.db"
    for path in home.spool.glob("memory/memory.db-*"):
        path.unlink()
    whole = database.read_bytes()
    for bad in b"hello, I am no database\n" * 1000, whole[:5000], whole[:1024] + b"\xaa" * 3072 + whole[4096:]:
        database.write_bytes(bad)
        done = home.run(*home.command())
        if done.code == 0:
            expect(home.run("memory", "export").code in (0, 65, 74, 78), "what it is, is not said")
            continue
        expect(done.code in (65, 70, 74, 78) and done.err.startswith(b"harvest: "), f"exit {done.code}: {done.err}")
        expect(b"memory.db" in done.err, f"it does not name the file: {done.err}")
        expect(database.read_bytes()[:1000] == bad[:1000], "it was overwritten")
    shutil.rmtree(home.spool / "memory")
    home.harvest()
    home.has("kettle1")
