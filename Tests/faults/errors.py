"""Each system call of a tool fails once, and descriptors run out: the tool says so or goes on, and nothing is lost.

The commands, and what their users may rely on afterwards, are those of Tests/crash/scenarios.py. strace counts `when=`
for each system call by its own name; only the tool itself is traced, not its children."""
import re
import resource
import shutil
import tempfile
from collections import Counter

from case import Broken, check_printed, expect
from home import CASES, Home, case, failed
from scenarios import SCENARIOS, Scenario

# The kernel's reasons: the calls that give them, and what a tool may exit with.
CALLS = ("openat,write,read,fsync,syncfs,renameat2,renameat,close,getdents64,flock,unlinkat,mkdirat,symlinkat,"
         "readlinkat,ftruncate,utimensat,newfstatat,fstat,fstatfs,lseek,fcntl,pipe2,pidfd_open").split(",")
REASONS = {
    "EIO": (CALLS, (0, 69, 73, 74, 75)),
    "EINTR": (["openat", "read", "write", "flock", "ftruncate", "getdents64", "fsync", "close"], (0, 73, 74, 75)),
    "EMFILE": (["openat", "pipe2", "pidfd_open", "fcntl"], (0, 73, 74, 75)),
    "ENFILE": (["openat", "pipe2"], (0, 73, 74, 75)),
    "ENOSPC": (["openat", "write", "fsync", "renameat2", "renameat", "mkdirat", "symlinkat", "close"], (0, 73, 74, 75)),
}
# These are asked again until they succeed.
REPEATED = "openat", "read", "write", "flock", "ftruncate"
# Each so many-th point: the longer ones are sampled.
THOROUGHLY = {"put": 1, "put-key": 1, "put-lines": 2, "channel-file": 1, "work-to": 2, "deliver-file": 2}
SAMPLED = {"work-re": 5, "drop-tick": 5, "drop-work": 5, "sweep": 5, "claude-call": 5, "job": 5, "deliver-hold": 5}
# Where Swift looks for them.
ARGUMENTS = re.compile(r"/proc/(self|\d+)/(maps|cmdline)")
STEPS = {"EIO": 1, "EINTR": 3, "EMFILE": 2, "ENFILE": 4, "ENOSPC": 2}


class Trial:
    """One scenario: a template that is copied for each fault."""

    def __init__(self, name, home):
        self.scenario, self.home, self.count = SCENARIOS[name], home, 0
        self.problems, self.transcript = [], []
        self.template = home.home / "template"
        self.template.mkdir()
        self.scenario.prepare(Home(self.template, home.bin))

    def attempt(self, words, codes, strace=(), **how):
        """One fault; what does not hold is kept, and stops no other."""
        try:
            self.once(words, codes, strace, **how)
        except (Broken, OSError, ValueError) as broken:
            self.problems.append(f"{words}: {broken}")
            self.transcript += self.home.transcript if len(self.problems) <= 3 else []

    def over(self):
        self.home.remark(f"{self.count} runs")
        self.home.transcript = self.transcript
        expect(not self.problems, f"{len(self.problems)} of {self.count}:\n      " + "\n      ".join(self.problems))

    def once(self, words, codes, strace=(), **how):
        """A fresh copy, the fault, its exit and its words, a clean pass, and a look; gives the system calls."""
        self.count += 1
        copy = Home(tempfile.mkdtemp(dir=self.home.home), self.home.bin)
        shutil.copytree(self.template, copy.home, symlinks=True, dirs_exist_ok=True)
        self.home.transcript, self.home.spool = copy.transcript, copy.spool
        scenario = self.scenario
        strace = [word.format(home=copy.home) for word in strace]
        done = copy.run(*strace, *scenario.command(copy), stdin=scenario.stdin, env=scenario.env(copy), **how)
        expect(done.code in codes, f"exit {done.code}")
        expect(done.code == 0 or done.err or done.code == 74, f"exit {done.code} without a word")
        trace = copy.lines("strace")
        self.check_flushed(trace)
        self.check_refused(copy, done, trace)
        copy.good("spool", "sweep")
        for queue in copy.queues():
            copy.make_due(queue.name)
        scenario.settle(copy, done)
        copy.settled()
        check_printed(copy, done)
        shutil.rmtree(copy.home)
        return trace

    @staticmethod
    def check_flushed(trace):
        """The kernel may have dropped the pages: a second fsync of the same file would report success."""
        lost = set()
        for line in trace:
            call = re.match(r"fsync\(\d+<(.*)>\) += (-?\d+)", line)
            if call:
                expect(call[1] not in lost, f"a failed fsync was repeated: {call[1]}")
                if call[2] != "0":
                    lost.add(call[1])

    def check_refused(self, copy, done, trace):
        """docs/spool.md: "An fsync that fails is never repeated: exit 74, and the entry is not there." """
        is_lost = any(line.startswith("fsync") and "= -1" in line for line in trace)
        if self.scenario.name == "put" and done.code and is_lost:
            expect(not copy.entries("a"), f"exit {done.code}, and the entry is there")


def traced(*inject):
    calls = f"trace={','.join(CALLS)}"
    return ["strace", "-y", "-qq", "-o", "{home}/strace", "-e", "signal=none", "-e", calls, *inject]


def points(trial, calls, step, reason):
    """Each call by its name and number among those of its name. Not on pipes with EIO, which no kernel gives there; and
    a pipe whose close strace swallows stays open, as it never would: who reads it waits for ever. How the arguments are
    read is a case of its own."""
    seen, found = {}, []
    for line in trial.once("no fault", (0,), traced()):
        name, _, words = line.partition("(")
        seen[name] = seen.get(name, 0) + 1
        is_pipes = "<pipe:" in words.partition(",")[0] and (reason == "EIO" or name == "close")
        if name in calls and not is_pipes and not ARGUMENTS.search(words):
            found.append((name, seen[name]))
    return found[::step]


def survives(name, reason):
    """The case for one command and one reason."""
    calls, codes = REASONS[reason]

    def run(home):
        trial = Trial(name, home)
        for call, number in points(trial, calls, STEPS[reason] * (THOROUGHLY | SAMPLED)[name], reason):
            repeated = reason == "EINTR" and call in REPEATED
            inject = "-e", f"inject={call}:error={reason}:when={number}"
            trial.attempt(f"{reason} at {call} {number}", (0,) if repeated else codes, traced(*inject))
        trial.over()

    run.__module__ = __name__
    CASES[f"{name.replace('-', '_')}_survives_{reason}_in_each_call"] = run


def with_descriptors(limit):
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))}


def survives_few_descriptors(name):
    def run(home):
        trial = Trial(name, home)
        for limit in range(4, 25):
            trial.attempt(f"{limit} descriptors", (0, 69, 73, 74, 75), **with_descriptors(limit))
        trial.over()

    run.__module__ = __name__
    CASES[f"{name.replace('-', '_')}_survives_with_few_descriptors"] = run


@case
def reading_survives_with_few_descriptors(home):
    home.init().put()
    for verb in ("ls",), ("ls", "--all"), ("check",), ("age",), ("tail", "--no-follow"), ("show", "a"):
        for limit in range(4, 25):
            done = home.run("spool", *verb, **with_descriptors(limit))
            if done.code not in (0, 1):
                failed(done, (74, 75), tool="spool")
    home.settled()


@case
def arguments_that_cannot_be_read_are_no_wrong_arguments(home):
    """Exit 64 is mended by a person; that descriptors have run out is over in a moment."""
    home.init()
    for call, reason in ("openat", "EMFILE"), ("openat", "ENFILE"), ("openat", "EIO"), ("read", "EIO"):
        strace = [word.format(home=home.home) for word in traced("-e", f"inject={call}:error={reason}:when=1")]
        done = home.run(*strace, "spool", "put", "a", stdin=b"hello\n")
        expect(done.code in (0, 73, 74, 75), f"{reason} at the first {call}: exit {done.code}: {done.err.decode()}")
    done = home.run("spool", "put", "a", stdin=b"hello\n", **with_descriptors(3))
    expect(done.code in (0, 74, 75), f"no descriptor is left: exit {done.code}: {done.err.decode()}")
    home.settled()


class PutLines(Scenario):
    """Many entries share their flush: what was printed is there."""
    name, stdin = "put-lines", b"".join(b"%d\n" % number for number in range(12))

    def command(self, case):
        return "spool", "put", "a", "--lines"

    def settle(self, case, killed):
        before = case.entries("a")
        expect(killed.code or len(before) == 12, "not all lines")
        case.good(*self.command(case), stdin=self.stdin)
        bodies = Counter(entry.body for entry in case.entries("a", "new"))
        expect(len(bodies) == 12 and max(bodies.values()) <= 2, f"not each line once more: {bodies}")


SCENARIOS = SCENARIOS | {PutLines.name: PutLines()}
for name in THOROUGHLY:
    for reason in REASONS:
        survives(name, reason)
for name in SAMPLED:
    survives(name, "EIO")
for name in THOROUGHLY | SAMPLED:
    survives_few_descriptors(name)
