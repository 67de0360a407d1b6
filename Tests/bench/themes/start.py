"""Theme start: how long a tool takes from its start to its end, and how much memory."""
import subprocess

from measure import Figure
from page import Aim, Section, Table
from sides import QUEUE

TITLE = "Start: time and memory of a tool"
WORDS = """Milliseconds from the start of a process to its end, all commands in turn, and the most memory that it had.
`spool ls` lists a queue with 100 entries. A process cannot show less than 1.2 MB here: that is what its parent has."""

ENTRIES = 100
ROUNDS, QUICK_ROUNDS = 200, 30
TOOLS = "spool", "deliver", "job", "claude-call"
# Not /usr/bin/env's: a version manager's python3 may be a shell script.
PEERS = {"/bin/true": ["/bin/true"], "dash -c :": ["/bin/dash", "-c", ":"],
         "python3 -c pass": ["/usr/bin/python3", "-c", "pass"]}
PYTHON = "python3 -c pass"


def measure(bench):
    tool = bench.parts.tool
    commands = {}
    if bench.parts.tools:
        commands[f"spool ls, {ENTRIES} entries"] = [tool("spool"), "ls", "-C", filled_spool(bench), QUEUE]
        commands |= {f"{name} --version": [tool(name), "--version"] for name in TOOLS}
    else:
        bench.say("  Spindle is skipped: there are no tools")
    ours = list(commands)
    commands |= PEERS
    results = bench.parts.started(QUICK_ROUNDS if bench.quick else ROUNDS, *commands.values())
    times = {name: Figure([ns / 1e6 for ns in result["ns"]]) for name, result in zip(commands, results)}
    table = Table(["command", "ms", "of true", "of dash", "of Python", "peak MB", "aim", ""])
    for name, result in zip(commands, results):
        ratios = [Figure([times[name].per(times[peer]).median]) for peer in PEERS]
        table.add(f"`{name}`", times[name], *ratios, Figure([result["peak_kib"] * 1024 / 1e6]),
                  aims=aims(times[name], times[PYTHON]) if name in ours else ())
    return Section("start", TITLE, WORDS, [table])


def filled_spool(bench):
    spool, directory = bench.parts.tool("spool"), bench.places.root.fresh("start")
    subprocess.run([spool, "init", "-q", "-C", directory, QUEUE], check=True, stdout=subprocess.DEVNULL)
    for number in range(ENTRIES):
        subprocess.run([spool, "put", "-q", "-C", directory, QUEUE, "--subject", f"entry {number}"], check=True,
                       input=b"x" * 1024)
    return directory


def aims(time, python):
    share = time.per(python).median
    return [Aim("under 4 ms", time.median < 4), Aim("under a fifth of Python", share < 0.2)]
