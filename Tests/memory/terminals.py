"""At a terminal a long first harvest shows how far it is; elsewhere, and with NO_COLOR, nothing is shown."""
import os
import select
import time

from case import expect
from home import case
from setup_terminal import Terminal
from transcripts import Claude, chat, correction


def long_history(home):
    """Sixty megabytes and more, with a fact."""
    source = home.source()
    writer = Claude()
    for number in range(60):
        writer.user(chat(number)).tool("cat book", "All the kettles of the house. " * 1500)
    text = writer.bytes
    for number in range(25):
        (source / f"{number}.jsonl").write_bytes(text)
    Claude(seed=2).user(correction(1)).to(source / "last.jsonl")


def at_a_terminal(home, *argv, **env):
    """Reads as long as it runs: else it would wait for us. Gives what was shown."""
    home.settings.update({"TERM": "xterm", **env})
    terminal = Terminal(home, *argv)
    end = time.monotonic() + 100
    while terminal.process.poll() is None:
        expect(time.monotonic() < end, "still running")
        if select.select([terminal.master], [], [], 0.05)[0]:
            terminal.shown += os.read(terminal.master, 65536).decode(errors="replace")
    expect(terminal.end() == 0, f"another end: {terminal.shown[-500:]!r}")
    return terminal.shown


@case
def a_long_first_harvest_shows_how_far_it_is(home):
    long_history(home)
    shown = at_a_terminal(home, *home.command())
    expect("\r" in shown.replace("\r\n", "") and "%" in shown, f"nothing moves: {shown[:300]!r}")
    expect("harvested: 26 files" in shown, f"not the result: {shown[-300:]!r}")
    last = shown.replace("\r\n", "\n").split("\n")[-2].split("\r")[-1]
    expect(last.replace("\x1b[K", "").startswith("harvested: "), f"the bar is left standing before the result: {last!r}")
    again = at_a_terminal(home, *home.command())
    expect("%" not in again, f"a bar for nothing: {again!r}")


@case
def with_NO_COLOR_nothing_moves(home):
    long_history(home)
    shown = at_a_terminal(home, *home.command(), NO_COLOR="1")
    expect("\r" not in shown.replace("\r\n", "") and "\x1b" not in shown and "%" not in shown, f"it shows {shown[:300]!r}")


@case
def without_a_terminal_nothing_moves(home):
    long_history(home)
    done = home.harvest()
    expect(not done.err, f"it says {done.err[:300]}")
    expect(done.out.count(b"\n") == 1 and b"\r" not in done.out, f"it prints {done.out}")
