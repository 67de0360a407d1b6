"""What both peers do in the pipeline theme: the commands of their steps, and the stamps that these make."""
import json
import os
import struct
import subprocess

TRUE = ["/bin/true"]
# Ends the process in the middle of the step whose command exits so.
STOP = 75


def row(count, end):
    """The commands of a row of steps: its ends are `end`, which makes a stamp."""
    return [end, *[TRUE] * (count - 2), end]


def run(words):
    """The work of a step: a command, whose standard output is the step's result."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if done.returncode == STOP:
        os._exit(STOP)
    done.check_returncode()
    return done.stdout.decode()


class Stamps:
    """The FIFO that stamps come into."""

    def __init__(self, path):
        # For writing too, so that it never ends.
        self.descriptor, self.since = os.open(path, os.O_RDWR | os.O_CLOEXEC), []

    def add(self, start):
        """How long after this the next stamp is made."""
        self.since.append(struct.unpack("q", os.read(self.descriptor, 8))[0] - start)

    def print(self):
        print(json.dumps(self.since), flush=True)


def tell(word):
    print(word, flush=True)


def leave():
    """At once, when all is done: what a peer tidies up at its end is nobody's wait."""
    os._exit(0)
