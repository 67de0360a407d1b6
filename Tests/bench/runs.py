"""The sides of the pipeline theme: Spindle, its two floors in C, and the peers. Each says by which command a row of
steps is run, and makes a run that stopped after so many finished steps and is gone on with by a command."""
import os
import shlex
import subprocess

from measure import Failed
from peers import peer
from waiters import make_spool

# What ends a stopped run: each side goes on with it as often as wanted.
STOP = 75
TRUE = ["/bin/true"]
STOPPING = ["/bin/sh", "-c", f"exit {STOP}"]


class Fifo:
    """Where stamps go; it is open all the time, so that whoever makes one need not wait."""

    def __init__(self, place):
        self.path = place.fresh("stamps") / "fifo"

    def __enter__(self):
        os.mkfifo(self.path)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def empty(self):
        try:
            while os.read(self.descriptor, 4096):
                pass
        except BlockingIOError:
            pass


class Side:
    def __init__(self, parts, place, fifo=None):
        self.parts, self.directory = parts, place.fresh(self.label)
        if fifo:
            self.end = [parts.program("stamp"), fifo.path, *TRUE]
            self.stopping = [parts.program("stamp"), fifo.path, *STOPPING]
        self.make()

    def make(self):
        pass

    def run_to_the_stop(self, command):
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != STOP:
            raise Failed(f"{self.name}: ended with {done.returncode}, not {STOP}: {done.stderr.strip()[-500:]}")


class Scripted(Side):
    """One whose steps are the lines of a shell script."""

    def row_script(self, count):
        return self.steps_script(f"row-{count}.sh", [self.end, *[TRUE] * (count - 2), self.end])

    def stopping_script(self, count):
        return self.steps_script(f"stopped-{count}.sh", [*[TRUE] * count, self.stopping])

    def steps_script(self, name, commands):
        lines = [self.line(f"s{number}", shlex.join(map(str, words))) for number, words in enumerate(commands, 1)]
        return write_script(self.directory / name, *lines)


class Floor(Side):
    name, label = "C floor", "row"

    def row(self, count):
        return [self.parts.program("row"), "run", "--fresh", self.directory, count, *self.end]

    def stopped(self, count):
        steps = self.directory / f"stopped-{count}"
        steps.mkdir()
        command = [self.parts.program("row"), "stop", steps, count, *self.stopping]
        self.run_to_the_stop(command)
        return command


class ShellFloor(Scripted):
    name, label = "C floor, a process a step", "row-sh"

    def line(self, step, command):
        return f"{self.parts.program('row')} step {step} {command}"

    def row(self, count):
        return self.fresh(self.row_script(count))

    def fresh(self, *script):
        return [self.parts.program("row"), "sh", "--fresh", self.directory, *script]

    def stopped(self, count):
        steps = self.directory / f"stopped-{count}"
        steps.mkdir()
        command = [self.parts.program("row"), "sh", steps, self.stopping_script(count)]
        self.run_to_the_stop(command)
        return command


class Spindle(Scripted):
    name, label = "Spindle", "spindle"

    def make(self):
        self.tool = self.parts.tool("pipeline-run")
        self.spool = make_spool(self.directory, self.parts)

    def line(self, step, command):
        return f"pipeline-step {step} -- {command}"

    def run(self, *words):
        return [self.tool, "-q", "-C", self.spool, *words]

    def waiting_line(self, step):
        """A step that waits for an approval."""
        inbox, request = self.directory / "inbox", self.directory / "request"
        return self.line(step, f"wait-approval -q --to file:{inbox} <{request}")

    def row(self, count):
        return self.run(self.row_script(count))

    def stopped(self, count):
        script = self.stopping_script(count)
        self.run_to_the_stop(self.run("--name", f"stopped-{count}", script))
        found = [entry for entry in os.listdir(self.spool / "runs/wait") if entry.endswith(f"-stopped-{count}")]
        if len(found) != 1:
            raise Failed(f"{self.name}: there is no run stopped-{count} that waits")
        return self.run("--resume", found[0])


class Peer(Side):
    """A peer with a setting of its store."""

    def make(self):
        self.words = peer(self.parts.built, self.package)

    def command(self, database, verb, count, *words):
        return [*self.words, self.directory / f"{database}.sqlite", self.setting, verb, count, *words]

    def row(self, count):
        return self.command("rows", "row", count, *self.end)

    def stopped(self, count):
        self.run_to_the_stop(self.command(f"stopped-{count}", "stop", count, *self.stopping))
        return self.command(f"stopped-{count}", "resume", count, *self.stopping)


class LangGraph(Peer):
    name, label, package, setting = "LangGraph", "langgraph", "langgraph", "sync"


class LangGraphAsync(Peer):
    name, label, package, setting = "LangGraph, async", "langgraph-async", "langgraph", "async"


class DBOS(Peer):
    name, label, package, setting = "DBOS", "dbos", "dbos", "delete"


class DBOSWithWAL(Peer):
    name, label, package, setting = "DBOS, WAL", "dbos-wal", "dbos", "wal"


def present(kinds, bench, place, fifo=None):
    """Those that can be measured; says why the others are not."""
    found = []
    for kind in kinds:
        try:
            found.append(kind(bench.parts, place, fifo))
        except Failed as why:
            bench.say(f"  {kind.name} is skipped: {why}")
    return found


def write_script(path, *lines):
    path.write_text("\n".join(["#!/bin/sh", "set -e", *lines, ""]))
    path.chmod(0o755)
    return path
