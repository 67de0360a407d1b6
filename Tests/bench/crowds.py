"""Many runs that wait at once, for the pipeline theme."""
import os
import select
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from measure import Failed
from processes import descendants
from runs import DBOS, LangGraph, Scripted, ShellFloor, Spindle, write_script
from waiters import ASKING, open_requests, started, until_open

LIMIT = 600


@dataclass
class Crowd:
    """The processes that were started for it, and what lets all of its runs go on to their end."""
    started: list
    release: callable

    def processes(self):
        return descendants(process.pid for process in self.started)


class Approvals(Spindle):
    """Runs of Spindle, each of which waits for an approval."""
    name, label = "Spindle, for an approval", "approvals"

    def make(self):
        super().make()
        after = self.line("after", "/bin/true")
        self.script = write_script(self.directory / "script", self.waiting_line("gate"), after)

    @contextmanager
    def crowd(self, count):
        with ExitStack() as stack:
            runs = []
            for number in range(count):
                runs.append(stack.enter_context(whole(self.run(self.script), self.directory)))
                until_open(self.spool, number + 1 - ASKING, runs[-2 * ASKING:])
            until_open(self.spool, count, runs)
            yield Crowd(runs, lambda: self.release(runs))

    def release(self, runs):
        names = [f"{request}.yes" for request in open_requests(self.spool)]
        subprocess.run(["touch", *names], cwd=self.spool / "replies/drop", check=True)
        end_well(runs)


class Gated(Scripted):
    """Runs that wait in a command which reads a FIFO until nobody has it open for writing any more."""

    def make(self):
        super().make()
        self.gate, self.stamps = self.directory / "gate", self.directory / "stamps"
        os.mkfifo(self.gate)
        os.mkfifo(self.stamps)
        wait = self.line("gate", f"{self.parts.program('stamp')} {self.stamps} /bin/cat {self.gate}")
        self.script = write_script(self.directory / "script", wait, self.line("after", "/bin/true"))

    @contextmanager
    def crowd(self, count):
        with ExitStack() as stack:
            # For writing too, so that no open waits and none ends too early.
            gate, stamps = (stack.enter_context(open(path, "r+b", buffering=0)) for path in (self.gate, self.stamps))
            runs = []
            for number in range(count):
                runs.append(stack.enter_context(whole(self.one_run(), self.directory)))
                if number >= ASKING:
                    self.await_stamp(stamps)
            for _ in range(min(ASKING, count)):
                self.await_stamp(stamps)
            yield Crowd(runs, lambda: (gate.close(), end_well(runs)))

    def await_stamp(self, stamps):
        if not select.select([stamps], [], [], LIMIT)[0]:
            raise Failed(f"{self.name}: not all came to their gate")
        stamps.read(8)


class GatedSpindle(Gated, Spindle):
    name, label = "Spindle, for a FIFO", "gated"

    def one_run(self):
        return self.run(self.script)


class GatedFloor(Gated, ShellFloor):
    name, label = "C floor, for a FIFO", "gated-floor"

    def one_run(self):
        return self.fresh(self.script)


class PeersCrowd:
    """All runs in one process."""

    @contextmanager
    def crowd(self, count):
        process = subprocess.Popen(list(map(str, self.command("crowd", "crowd", count))), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            self.await_word(process, "open")
            yield Crowd([process], lambda: self.release(process))
        finally:
            process.kill()
            process.communicate()

    def release(self, process):
        process.stdin.write("\n")
        process.stdin.flush()
        self.await_word(process, "done")

    def await_word(self, process, word):
        if not select.select([process.stdout], [], [], LIMIT)[0] or process.stdout.readline().strip() != word:
            raise Failed(f"{self.name}: did not say {word}")


class LangGraphCrowd(PeersCrowd, LangGraph):
    name, label = "LangGraph, interrupt", "langgraph-crowd"


class DBOSCrowd(PeersCrowd, DBOS):
    name, label = "DBOS, recv", "dbos-crowd"


@contextmanager
def whole(command, directory):
    """A run that ends with all that belongs to it, should it be there at the end."""
    with started(list(map(str, command)), directory) as process:
        try:
            yield process
        finally:
            for pid in descendants([process.pid])[1:] if process.poll() is None else []:
                os.kill(pid, signal.SIGKILL)


def end_well(runs):
    until = time.monotonic() + LIMIT
    for run in runs:
        try:
            status = run.wait(timeout=max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failed(f"not all had ended after {LIMIT} s") from None
        if status != 0:
            raise Failed(f"a run ended with {status}")
