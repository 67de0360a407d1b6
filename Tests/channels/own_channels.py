"""Channels of a user's own: scripts that write down what they are given, and do as a case wants."""
import os
from pathlib import Path
from textwrap import indent

from sending import Sender

# What a channel in Python needs, whether it serves many (a frame for each) or is run for one. `note` writes a line that
# a case reads with home.lines("notes"); `header` and `text` are the message, `number` says how many this process had.
SERVING = """#!/usr/bin/python3 -ISE
import os, signal, sys
given, said = sys.stdin.buffer, sys.stdout.buffer
serves = "DELIVERY_SESSION" in os.environ


def note(*words, file="notes"):
    with open(os.environ["HOME"] + "/" + file, "a") as notes:
        notes.write(" ".join(map(str, words)) + "\\n")


def messages():
    if not serves:
        facts = {name: value for name, value in os.environ.items() if name.startswith("DELIVERY_")}
        yield {name.replace("DELIVERY_", "Delivery-"): value for name, value in facts.items()}, given.read()
    while serves and (line := given.readline()):
        header = {}
        while line.strip():
            name, _, value = line.decode().rstrip("\\n").partition(": ")
            header[name] = value
            line = given.readline()
        yield header, given.read(int(header["Length"]))


def say(bytes):
    said.write(bytes)
    said.flush()


def answer(code, words, **more):
    if not serves:
        print(words, file=sys.stderr if code else sys.stdout)
        sys.exit(code)
    head = {"Exit": code, **more, "Length": len(words.encode())}
    lines = [name.replace("_", "-") + f": {value}\\n" for name, value in head.items()]
    say("".join([*lines, "\\n", words]).encode())


for number, (header, text) in enumerate(messages(), 1):
    id, to = header["Delivery-ID"], header["Delivery-TO"]
    note(os.getpid(), id, file="given")
"""
STALL = "signal.pause()\n"
# It exits with what its address begins with, as long as ~/well does not exist; `notes` has the address, and the text.
MOODY = """#!/bin/sh
text=$(tr '\\n' ' ')
echo "$DELIVERY_TO $text" >>~/notes
[ -e ~/well ] && exit
exit "${DELIVERY_TO%%/*}"
"""


def channel(home: Sender, name, script, promise=""):
    """Puts a script into channels/ of the spool."""
    path = home.furnish().spool / "channels" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    if promise:
        path.with_name(f"{name}.promise").write_text(promise)


def session(home, body, name="own", promise="", after=""):
    """A channel that serves many: `body` is done with each message, `after` when there are no more."""
    channel(home, name, SERVING + indent(body, "    ") + after, f"Speaks: session\n{promise}")


def moody(home):
    channel(home, "own", MOODY)


def tried(home):
    """What MOODY was given."""
    return [line.rstrip() for line in home.lines("notes")]


def gate(home):
    """~/gate: what reads it stands still until something is written to it."""
    path = home.home / "gate"
    os.mkfifo(path)
    return path


def served(home):
    """Which process was given which message, in that order."""
    return [tuple(line.split()) for line in home.lines("given")]


def has_ended(pid):
    """Whether a process runs no more, be it reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
