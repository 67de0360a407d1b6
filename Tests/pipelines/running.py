"""A home in which scripts run: what they are made of, where a run lies, what it has done, and how it is killed."""
import json
import os
import re
import signal
import time
from pathlib import Path

from case import ROOMS, STAND_INS, Broken, Entry, expect
from home import children, end_all, until
from sending import Sender

SOON = 30  # seconds for what needs less than one, on a machine that has much to do
# What the steps of the cases run; `ran` has a line for each time.
PROGRAMS = {
    # NAME [EXIT]
    "tally": 'echo "$1" >>"$HOME/ran"\necho "$1 done"\nexit "${2:-0}"\n',
    # NAME [EXIT]: ends only when NAME.go is there
    "await": 'echo "$1" >>"$HOME/ran"\nuntil [ -e "$HOME/$1.go" ]; do sleep 0.02; done\necho "$1 done"\nexit "${2:-0}"\n',
    # NAME EXIT: exits so as long as NAME.well is not there
    "moody": 'echo "$1" >>"$HOME/ran"\n[ -e "$HOME/$1.well" ] || exit "$2"\necho "$1 done"\n',
}


def living(*names):
    """The processes that we, and ours, have started and that are called so; all of them without a name.

    What a tool starts is called as the tool until it is another program: that one does not count.
    """
    found = []
    for pid in children(os.getpid()):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            comm = Path(f"/proc/{pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z" and (not names or comm in names):
            found.append(pid)
    return [pid for pid in found if not names or parent(pid) not in found]


def shells():
    """Those that read a script: the children of a pipeline-run."""
    runs = living("pipeline-run")
    return [pid for pid in living() if pid not in runs and parent(pid) in runs]


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def kill(*pids, number=signal.SIGKILL):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def moment(seconds):
    """Waits for a moment of the clock: cases that kill at many of them."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, "it is time")


class Run:
    """A run, and the pipeline-run that began it."""

    def __init__(self, home, known, command):
        self.home, self.known, self.command, self.done, self.found = home, known, command, None, None

    # ---------------------------------------------------------------- where it lies

    @property
    def id(self):
        """As soon as there is one."""
        def new():
            return [id for id in self.home.run_ids() if id not in self.known] or self.command.process.poll() is not None

        if not self.found:
            ids = until(new, "the run is there", SOON)
            ids = self.home.run_ids() if ids is True else ids
            ids = [id for id in ids if id not in self.known]
            expect(ids, f"there is no run: {self.command.said()!r}")
            self.found = ids[0]  # what it has started itself is younger
        return self.found

    @property
    def short(self):
        """Its six characters, by which people are told of it."""
        return self.id.split("-")[1]

    def paths(self):
        return [path for room in ROOMS for path in (self.home.spool / "runs" / room).glob(f"{self.id}*")]

    @property
    def path(self):
        return until(lambda: len(paths := self.paths()) == 1 and paths[0], f"{self.id} lies in one room: {self.paths()}", 5)

    @property
    def room(self):
        return self.path.parent.name

    @property
    def entry(self):
        return Entry(self.path)

    def lies(self, room):
        expect(self.room == room, f"it lies in {self.room}/, not in {room}/: {self.log()[-600:]!r}")
        return self

    def comes_to(self, room, within=SOON):
        until(lambda: self.room == room, f"it comes to {room}/", within)
        return self

    @property
    def state(self):
        return self.home.spool / "runs/state" / self.id

    def product(self, name):
        return (self.state / "steps" / name).read_bytes()

    def products(self):
        """The names of the steps that have one."""
        return sorted(name for name in os.listdir(self.state / "steps") if not name.startswith("."))

    def log(self):
        path = self.home.spool / "runs/log" / f"{self.id}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def response(self):
        return Entry(self.home.spool / "runs/re" / self.id).body

    def show(self, *options):
        return self.home.good("spool", "show", *options, self.id).out.decode()

    def told_as_json(self):
        lines = self.show("--json").splitlines()
        expect(len(lines) == 1, f"--json prints {len(lines)} lines")
        return json.loads(lines[0])

    # ---------------------------------------------------------------- how it ends

    def ends(self, code=0, room=None, within=60):
        """pipeline-run exits so, and the run lies where that code belongs, or in this room."""
        done = self.done = self.command.end(within)
        said = done.err.decode(errors="replace")[-800:]
        expect(done.code == code, f"pipeline-run exits {done.code}, not {code}: {said}")
        room = room or {0: "done", 69: "hold", 75: "wait"}.get(code, "fail")
        expect(self.room == room, f"the run lies in {self.room}/, not in {room}/: {said}")
        return self

    @property
    def out(self):
        return self.done.out

    @property
    def err(self):
        return self.done.err.decode(errors="replace")

    def says(self, *words):
        for word in words:
            expect(word in self.err, f"it does not say {word!r}: {self.err!r}")
        return self


class Runner(Sender):
    """A Sender with scripts."""

    def __init__(self, *given):
        super().__init__(*given)
        tools = self.home / "tools"
        tools.mkdir()
        for name, text in PROGRAMS.items():
            self.write(tools / name, "#!/bin/sh\n" + text)
        self.settings["PATH"] = f"{tools}:{STAND_INS}:{self.bin}:/usr/bin:/bin"

    def furnish(self):
        if not self.spool.exists():
            self.good(self.bin / "spool", "init")
        return self

    @staticmethod
    def write(path, text, mode=0o755):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def script(self, text, name="job.sh", head="#!/bin/sh\n"):
        return self.write(self.home / name, head + text)

    # ---------------------------------------------------------------- running

    def run_ids(self):
        """The runs in all rooms."""
        return sorted({re.split("[,@]", name)[0] for room in ROOMS if (self.spool / "runs" / room).exists()
                       for name in self.names("runs", room)})

    def launch_file(self, script, *arguments, options=(), **how):
        """Starts pipeline-run; gives its run."""
        self.furnish()
        known = self.run_ids()
        return Run(self, known, self.start("pipeline-run", *options, script, *arguments, **how))

    def launch(self, text, *arguments, name="job.sh", head="#!/bin/sh\n", **how):
        return self.launch_file(self.script(text, name, head), *arguments, **how)

    def pipe(self, text, *arguments, code=0, room=None, within=60, **how):
        """Runs a script to its end; gives its run."""
        return self.launch(text, *arguments, **how).ends(code, room, within)

    def resume(self, *options, code=None, within=60):
        """As cron does it: in / and without an environment."""
        done = self.run("env", "-i", "-C", "/", self.bin / "pipeline-run", "-C", self.spool, "--resume", *options,
                        within=within)
        expect(code is None or done.code == code, f"pipeline-run --resume exits {done.code}, not {code}: {done.err!r}")
        return done

    def resume_now(self, *options, **how):
        """The same, and what waits is due."""
        self.make_due("runs")
        return self.resume(*options, **how)

    def tick(self, env={}):
        return self.good("spool", "tick", env=env)

    # ---------------------------------------------------------------- what has run

    def ran(self):
        return self.lines("ran")

    def has_run(self, *names):
        """These, in this order, and nothing else."""
        expect(self.ran() == list(names), f"what ran: {self.ran()}, not {list(names)}")

    def ran_once(self, *names):
        """Each of these, in any order, and nothing else."""
        expect(sorted(self.ran()) == sorted(names), f"what ran: {sorted(self.ran())}, not {sorted(names)}")

    def until_ran(self, name, times=1):
        until(lambda: self.ran().count(name) >= times, f"{name} runs", SOON)

    def go(self, *names):
        """What awaits goes on."""
        for name in names:
            (self.home / f"{name}.go").touch()

    def is_well(self, *names):
        for name in names:
            (self.home / f"{name}.well").touch()

    # ---------------------------------------------------------------- what people/me reads

    def messages(self, *words):
        """What he was told, with all of these words in it."""
        records = re.split(r"^=== ", self.inbox(), flags=re.MULTILINE)[1:]
        return [record for record in records if all(word in record for word in words)]

    def told(self, *words, times=1):
        """He is told, in so many messages, with all of these words."""
        def are_sent():
            if self.names("deliveries", "new"):
                self.recover()
            return len(self.messages(*words)) >= times

        until(are_sent, f"people/me is told {words}: {self.inbox()!r}", SOON)
        found = self.messages(*words)
        expect(len(found) == times, f"told {len(found)} times, not {times}: {found}")
        return found[0]

    # ---------------------------------------------------------------- dying

    def until_living(self, name):
        return until(lambda: living(name), f"{name} runs", SOON)

    @staticmethod
    def kill_all():
        """As a reboot does it."""
        end_all()


def one_of(values, wanted, words):
    expect(wanted in values, f"{words}: {wanted!r} is not among {values}")


__all__ = ["Broken", "Run", "Runner", "SOON", "kill", "living", "moment", "one_of"]
