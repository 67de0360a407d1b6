"""Theme size: what an installation takes."""
import os
from pathlib import Path

from measure import Figure
from page import Aim, Section, Table

TITLE = "Size: what is installed"
WORDS = """Megabytes (10^6 bytes). All tools are one file under several names, which is counted once."""


def measure(bench):
    table = Table(["what", "files", "MB", "aim", ""])
    if bench.parts.tools:
        names, size = installed(bench.parts.tools)
        table.add("all tools", f"{names} names of {len(distinct(bench.parts.tools))}", Figure([size / 1e6]),
                  aims=[Aim("under 120 MB", size < 120e6)])
    else:
        bench.say("  Spindle is skipped: there are no tools")
    if bench.package:
        table.add("the tar.gz of bin/package", 1, Figure([bench.package.stat().st_size / 1e6]))
    return Section("size", TITLE, WORDS, [table])


def distinct(directory):
    """The files behind the names, each once, however many links lead to it."""
    found = {}
    for path in Path(directory).iterdir():
        status = os.stat(path)
        if path.is_file():
            found[status.st_dev, status.st_ino] = status
    return found


def installed(directory):
    names = sum(path.is_file() for path in Path(directory).iterdir())
    return names, sum(status.st_size for status in distinct(directory).values())
