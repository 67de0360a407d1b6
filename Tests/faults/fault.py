"""What the cases share: their list, and mounts that end with them."""
import contextlib
import os
import subprocess

from case import expect

CASES = {}
REFUSALS = {73, 74, 75, 77}  # cannot create, I/O, try again, not allowed: docs/exit-codes.md


class Skipped(Exception):
    """Cannot be had on this machine."""


def case(function):
    """Its name says what must hold."""
    CASES[function.__name__.replace("_", " ")] = function
    return function


@contextlib.contextmanager
def mounted(case, inodes=2000):
    """The spool on a small ext4 of its own, in a loop file."""
    if os.geteuid() != 0:
        raise Skipped("mounting a file system needs root")
    case.spool.mkdir()
    image = case.home / "image"
    with open(image, "wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-N", str(inodes), image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, case.spool], capture_output=True).returncode != 0:
        raise Skipped("no loop file can be mounted here")
    try:
        case.spool.chmod(0o700)
        yield
    finally:
        subprocess.run(["umount", "-l", case.spool], check=True)


def expect_refusal(done, words):
    """An exit of the table, one line that says what and why, and no trap."""
    said = done.err.decode(errors="replace")
    expect(done.code in REFUSALS, f"{words}: exit {done.code}: {said}")
    expect(said.count(": ") >= 2 and "Fatal error" not in said, f"{words}: said {said!r}")


def expect_worked(case, count):
    """One clean pass over a, with products in b."""
    case.good("spool", "work", "a", "--to", "b", "--once", "--", "tr", "a-z", "A-Z")
    done, products = case.entries("a", "done"), case.entries("b")
    expect(len(done) == count, f"{len(done)} of {count} are done")
    expect({entry.id for entry in done} == {entry.id for entry in products}, "not one product for each")
