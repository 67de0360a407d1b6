"""Who waits in the pipeline theme for one answer, and then takes the next step: a run of Spindle, a shell over steps in
C, and the peers."""
import json
import subprocess

from measure import Failed, Figure
from runs import DBOS, LangGraph, ShellFloor, Spindle, write_script
from waiters import FloorWithVerdict, Moved


class Stamped:
    """The first word of who waited is the stamp that his next step makes."""

    def __init__(self, parts, place, fifo):
        self.fifo, self.next = fifo, f"{parts.program('stamp')} {fifo.path} /bin/true"
        super().__init__(parts, place)

    def heard(self, waiter):
        return self.fifo.descriptor

    def one(self):
        times = super().one()
        self.fifo.empty()
        return times


class RunMoved(Stamped, Moved):
    name, program = "Spindle", "pipeline-mv"

    def make(self):
        self.side = Spindle(self.parts, self.place)
        self.spool = self.side.spool
        self.script = write_script(self.directory / "script", self.side.waiting_line("gate"),
                                   self.side.line("next", self.next))

    def command(self):
        return self.side.run(self.script)


class RunFloor(Stamped, FloorWithVerdict):
    name, program = "C floor", "pipeline-await"

    def make(self):
        super().make()
        self.side = ShellFloor(self.parts, self.place)
        wait = f'{self.parts.program("await")} --verdict {self.directory} "$1"'
        self.script = write_script(self.directory / "script", self.side.line("gate", wait),
                                   self.side.line("next", self.next))

    def command(self):
        self.made += 1
        return self.side.fresh(self.script, f"{self.made}.yes")


class AnsweredPeer:
    """Waiter and answerer are one process: that is the shortest way that there is."""

    def sample(self, count):
        """Milliseconds from each answer to the command of the next step."""
        words = self.command("answers", "answer", count, self.end[1], *self.end)
        done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{self.name}: {done.stderr.strip()[-500:]}")
        return Figure([ns / 1e6 for ns in json.loads(done.stdout)])


class AnsweredLangGraph(AnsweredPeer, LangGraph):
    label = "langgraph-answer"


class AnsweredDBOS(AnsweredPeer, DBOS):
    label = "dbos-answer"
