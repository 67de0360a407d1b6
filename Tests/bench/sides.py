"""The sides of the queue and drain themes: Spindle, its floor in C, and the peers. Each makes a queue in a directory
of its own and says by which command a process works on it."""
import os
import socket
import subprocess
import time
from contextlib import contextmanager

from measure import Failed, end

QUEUE = "bench"
ROOMS = "tmp", "new", "run", "done"


class Side:
    def __init__(self, parts):
        self.parts = parts

    def missing(self):
        """Why it cannot be measured here; None where it can."""
        return None

    @contextmanager
    def queue(self, directory):
        self.make(directory)
        yield

    def make(self, directory):
        pass

    def command(self, directory, verb, *numbers):
        return [self.executable, verb, str(directory), QUEUE, *map(str, numbers)]

    @property
    def executable(self):
        return self.parts.program(self.program)


class Spindle(Side):
    name, program = "Spindle", "spindle"

    def missing(self):
        if self.parts.spindle_bench is None:
            return "there is no spindle-bench"
        return None if self.parts.tools else "there are no tools"

    def make(self, directory):
        subprocess.run([self.parts.tool("spool"), "init", "-q", "-C", directory, QUEUE], check=True,
                       stdout=subprocess.DEVNULL)

    @property
    def executable(self):
        return str(self.parts.spindle_bench)


class Floor(Side):
    name, program = "C floor", "floor"

    def make(self, directory):
        for room in ROOMS:
            (directory / QUEUE / room).mkdir(parents=True)


class SQLite(Side):
    name, program = "SQLite", "sqlite"

    def make(self, directory):
        subprocess.run(self.command(directory, "prepare"), check=True)


class Redis(Side):
    name, program = "Redis", "redis"

    def missing(self):
        return None if (self.parts.built / "redis-server").exists() else "Redis is not installed"

    @contextmanager
    def queue(self, directory):
        # A socket's path may have 107 bytes; the server gives it relative to its own directory.
        settings = {"port": "0", "unixsocket": "redis.sock", "dir": str(directory), "daemonize": "no",
                    "appendonly": "yes", "appendfsync": "always", "save": "", "logfile": "redis.log",
                    "auto-aof-rewrite-percentage": "0"}
        words = [self.parts.program("redis-server")]
        for name, value in settings.items():
            words += [f"--{name}", value]
        server = subprocess.Popen(words, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            self.wait_for(directory / "redis.sock", server)
            yield
        finally:
            server.terminate()
            end([server])

    @staticmethod
    def wait_for(path, server, patience=10):
        until = time.monotonic() + patience
        while time.monotonic() < until and server.poll() is None:
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(os.fspath(path))
                    return
                except OSError:
                    time.sleep(0.02)
        raise Failed("the Redis server did not start")


def present(sides, say):
    """Those that can be measured; says why the others are not."""
    found = []
    for side in sides:
        if reason := side.missing():
            say(f"  {side.name} is skipped: {reason}")
        else:
            found.append(side)
    return found
