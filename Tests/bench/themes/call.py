"""Theme call: what claude-call adds to the command that it runs."""
import subprocess

from measure import Figure
from page import Aim, Section, Table

TITLE = "claude-call: what a call adds"
WORDS = """Milliseconds that `claude-call` takes longer than its agent's bare command, in turn; the command is a static
program that prints a fixed reply. A call costs ten barriers (the prompt, `new/`, `run/` twice, `tmp/`, the reply, its
directory, `out/`, `done/`, `re/`). The floor is one C process that makes the same steps with the same barriers and runs
the same command."""

ROUNDS, QUICK_ROUNDS = 100, 20
ROOMS = "tmp", "new", "run", "out", "done", "re"
AGENT = "bench"
PROMPT = "What collides today, and when is there time?\n"


def measure(bench):
    table = Table(["file system", "bare command, ms", "claude-call adds, ms", "C floor adds, ms", "times the floor",
                   "peak MB", "aim", ""])
    for place in bench.places.list:
        bench.say(f"  {place.name}")
        add_row(table, place, bench)
    return Section("call", TITLE, WORDS, [table])


def add_row(table, place, bench):
    command = bench.parts.program("reply")
    directory = place.fresh("call")
    prompt = directory / "prompt"
    prompt.write_text(PROMPT)
    for room in ROOMS:
        (directory / "floor" / room).mkdir(parents=True)
    commands = [[command], [bench.parts.program("steps"), "call", directory / "floor", command]]
    if bench.parts.tools:
        commands.append([bench.parts.tool("claude-call"), "-q", "-C", spool_with_agent(bench, directory, command),
                         "--agent", AGENT])
    else:
        bench.say("  Spindle is skipped: there are no tools")
    results = bench.parts.started(QUICK_ROUNDS if bench.quick else ROUNDS, *commands, stdin=prompt)
    bare, floor, *call = (Figure([ns / 1e6 for ns in result["ns"]]) for result in results)
    over = added(call[0], bare) if call else Figure()
    ratio = over.per(added(floor, bare))
    peak = Figure([results[2]["peak_kib"] * 1024 / 1e6] if call else [])
    table.add(place.name, bare, over, added(floor, bare), Figure([ratio.median] if ratio else []), peak,
              aims=[Aim("under 15 ms", over.median < 15 if over else None)])


def added(whole, bare):
    return Figure([mine - theirs for mine, theirs in zip(whole.values, bare.values)])


def spool_with_agent(bench, directory, command):
    spool = directory / "spool"
    subprocess.run([bench.parts.tool("spool"), "init", "-q", "-C", spool], check=True, stdout=subprocess.DEVNULL)
    # The rate is out of the way; without a budget no records are summed.
    (spool / "agents" / f"{AGENT}.md").write_text(f"Command: {command}\nRate: 100000/s\n\n")
    return spool
