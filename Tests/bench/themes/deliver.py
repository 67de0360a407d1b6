"""Theme deliver: messages delivered to a file, one whole process after the other."""
import subprocess

from measure import Figure
from page import Section, Table

TITLE = "deliver: messages to a file"
WORDS = """Deliveries a second of `deliver --to file:PATH`, one whole process after the other, each of which starts the
channel as a process of its own. A delivery costs twelve barriers: those of a call, and the file and its directory. The
floor is one C process with the same steps and barriers."""

ROUNDS, QUICK_ROUNDS = 100, 20
ROOMS = "tmp", "new", "run", "out", "done", "re"
MESSAGE = "Tuesday: stand-up at 09:30, then nothing until 14:00.\n"


def measure(bench):
    table = Table(["file system", "Spindle", "C floor", "of the floor", "peak MB"])
    for place in bench.places.list:
        bench.say(f"  {place.name}")
        add_row(table, place, bench)
    return Section("deliver", TITLE, WORDS, [table])


def add_row(table, place, bench):
    directory = place.fresh("deliver")
    message = directory / "message"
    message.write_text(MESSAGE)
    for room in ROOMS:
        (directory / "floor" / room).mkdir(parents=True)
    commands = [[bench.parts.program("steps"), "deliver", directory / "floor", directory / "floor-inbox"]]
    if bench.parts.tools:
        spool = directory / "spool"
        subprocess.run([bench.parts.tool("spool"), "init", "-q", "-C", spool], check=True, stdout=subprocess.DEVNULL)
        commands.append([bench.parts.tool("deliver"), "-q", "-C", spool, "--to", f"file:{directory / 'inbox'}"])
    else:
        bench.say("  Spindle is skipped: there are no tools")
    results = bench.parts.started(QUICK_ROUNDS if bench.quick else ROUNDS, *commands, stdin=message)
    floor, *ours = (Figure([1e9 / ns for ns in result["ns"]]) for result in results)
    spindle = ours[0] if ours else Figure()
    ratio = spindle.per(floor)
    peak = Figure([results[1]["peak_kib"] * 1024 / 1e6] if ours else [])
    table.add(place.name, spindle, floor, Figure([ratio.median] if ratio else []), peak)
