"""What README.md promises to who has just installed it."""
import os
import pty
import select

from case import expect
from home import until
from kitchen import checks_of

check = checks_of("../README.md", in_part=True)


class Terminal:
    """A shell at a terminal, and somebody who types."""

    def __init__(self, kitchen):
        self.said = ""
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(kitchen.work)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**kitchen.environment({}), "TERM": "xterm", "PS1": "ready> "})

    def read(self):
        while select.select([self.end], [], [], 0.02)[0]:
            self.said += os.read(self.end, 65536).decode(errors="replace")
        return self.said

    def shows(self, words):
        until(lambda: words in self.read(), f"the terminal shows {words!r}: {self.said[-600:]!r}")
        self.said = self.said.partition(words)[2]

    def types(self, line):
        os.write(self.end, line.encode() + b"\n")


@check("Your first approved message")
def first(kitchen, _):
    (kitchen.home / ".bin/claude").unlink()  # none of this needs an agent
    terminal = Terminal(kitchen)
    terminal.shows("ready> ")
    for line in kitchen.block.splitlines():
        terminal.types(line)
        if line.startswith("wait-approval"):
            terminal.shows("From another terminal: approve")
        elif line.startswith("approve"):
            terminal.shows("Approve it? [y/N]")
            expect(" left " not in terminal.said, "a countdown runs through what is typed")
            terminal.types("y")
            terminal.shows("approved")
            until(lambda: kitchen.received("Tea"), "the message comes")
        elif line.startswith("spool "):
            if "init" not in line:
                terminal.shows("Waiting for an answer")
    expect(kitchen.received("Tea") == 1 and kitchen.inbox().endswith(" Tea\nTea is ready at four.\n\n"), kitchen.inbox())
