"""What is measured and with what: the C programs, which are built here, and the tools."""
import json
import os
import shutil
import subprocess
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from measure import Failed

SOURCES = Path(__file__).resolve().parent / "parts"
FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"]
# Each program: what it is made of, and the libraries it needs.
PROGRAMS = {
    "floor": (["floor.c", "rooms.c", "bench.c"], []),
    "sqlite": (["sqlite.c", "rooms.c", "bench.c"], ["-lsqlite3"]),
    "redis": (["redis.c", "rooms.c", "bench.c"], ["-lhiredis"]),
    "producer": (["producer.c", "rooms.c", "bench.c"], []),
    "waker": (["waker.c", "rooms.c", "bench.c"], []),
    "steps": (["steps.c", "rooms.c", "bench.c"], []),
    "start": (["start.c", "bench.c"], []),
    "many": (["many.c", "bench.c"], []),
    "deep": (["deep.c", "rooms.c", "bench.c"], []),
    "row": (["row.c", "rooms.c", "bench.c"], []),
    "answer": (["answer.c", "bench.c"], []),
    "transcripts": (["transcripts.c", "bench.c"], ["-lm"]),
    "remember": (["remember.c", "bench.c"], ["-lsqlite3"]),
    "client": (["client.c", "bench.c"], []),
    "harvest": (["harvest.cpp", "bench.c"], ["-lsimdjson", "-lsqlite3", "-lstdc++"]),
}
# Static and with musl. Those that all sides run alike: its start is the shortest, so that it hides no difference. And
# the floor of those that only wait: it takes the least memory.
COMMANDS = ["stamp", "reply", "await", "nap"]


@dataclass
class Parts:
    """Paths; None where there is none."""
    built: Path
    tools: Path | None
    spindle_bench: Path | None

    def program(self, name):
        return str(self.built / name)

    def tool(self, name):
        path = self.tools / name if self.tools else None
        if path is None or not os.access(path, os.X_OK):
            raise Failed(f"{name} was not found: say where it is with --tools")
        return str(path)

    def build(self):
        self.built.mkdir(parents=True, exist_ok=True)
        for name, (sources, libraries) in PROGRAMS.items():
            self.compile("cc", name, sources, libraries)
        for name in COMMANDS:
            self.compile("musl-gcc", name, [f"{name}.c"], ["-static"])
        self.find_redis()

    def compile(self, compiler, name, sources, libraries):
        paths = [str(SOURCES / source) for source in sources]
        # What is C++ as well gets the compiler's own standards: one option cannot name both.
        standard = [] if any(path.endswith(".cpp") for path in paths) else ["-std=gnu17"]
        subprocess.run([compiler, *standard, *FLAGS, *paths, "-o", self.program(name), *libraries], check=True)

    def find_redis(self):
        """Debian ships the server in redis-tools, under the name of the checker that it is too; the package
        redis-server adds only a link, and a service that would run from then on."""
        server = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        link = self.built / "redis-server"
        link.unlink(missing_ok=True)
        if server:
            link.symlink_to(os.path.realpath(server))

    def started(self, rounds, *commands, stdin="/dev/null", stdout=None, stamps=None, status=0,
                said=None, warm_up=True):
        """Runs commands in turn, whole processes: for each its times in ns and its peak memory in KiB. With a FIFO for
        stamps: those until the first one, and from there to the last. `said`: a file for their stderr."""
        words = [self.program("start"), "--stdin", str(stdin)]
        words += ["--stdout", str(stdout)] * bool(stdout) + ["--warm-up", "none"] * (not warm_up)
        words += ["--stamps", str(stamps)] * bool(stamps) + ["--status", str(status)] * bool(status) + [str(rounds)]
        for command in commands:
            words += ["--", *(str(word) for word in command)]
        with open(said, "w+") if said else nullcontext() as file:
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=file)
            if done.returncode != 0:
                names = [os.path.basename(str(command[0])) for command in commands]
                raise Failed(f"a command of {names} failed{said_at_last(file)}")
        return json.loads(done.stdout)


def said_at_last(file):
    if not file:
        return ""
    file.seek(0)
    return f": {file.read()[-500:].strip()}"
