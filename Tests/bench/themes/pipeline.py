"""Theme pipeline: durable steps, what is before the first one, going on after a stop, many runs that wait, and how soon
a verdict reaches the script."""
import time

from crowds import Approvals, DBOSCrowd, GatedFloor, GatedSpindle, LangGraphCrowd
from measure import Failed, Figure, in_turn, spoken
from page import Aim, Section, Table
from peers import versions
from processes import memory, processor_a_minute
from runs import DBOS, STOP, DBOSWithWAL, Fifo, Floor, LangGraph, LangGraphAsync, ShellFloor, Spindle, present
from verdicts import AnsweredDBOS, AnsweredLangGraph, RunFloor, RunMoved

TITLE = "Pipelines: durable steps"
WORDS = f"""A row of durable steps, each of which runs `/bin/true` as a process: on Spindle a script with a line of
`pipeline-step` for each, on the peers ({versions("langgraph", "dbos")}) a Python program whose steps run
it by `subprocess`. Milliseconds a step are those from the first step's command to the last step's, divided by the steps
between: neither the start nor the end of the whole is in it. To the first step is from the exec of `pipeline-run` or
Python to that step's command; for all is from the exec to the end of the process. A peer's process ends at once when its
result is there.

What each promises: with Spindle and DBOS a finished step survives a power cut before the next one begins. DBOS makes a
SQLite database with a rollback journal and synchronous=FULL; "WAL" is the same with a WAL, which it does not set by
itself. LangGraph's checkpointer has a WAL and synchronous=FULL. With durability="sync", which is equal work, the
checkpoint is written before the next step begins; by default ("async") while it runs. Its row is one node that leads
back to itself: with a node for each step, a checkpoint would grow with the row. The floor spawns the command and then
makes a stamp durable: created, written, fsynced, renamed, the directory fsynced. For "a process a step" a shell script
starts the same C program for each step; by as much as that is slower, one process start costs. The aim is at most twice
the floor and one process start."""
RESUMED = """Going on with a run that stopped in the step after so many finished ones: milliseconds from the exec to the
command of that step, which then stops the run again. With Spindle and the floor of processes the script runs from its
beginning, and each finished step is a process that gives its result again; LangGraph goes on from its last checkpoint,
DBOS looks each finished step up:"""
CROWDED = """Many runs open at once, on the first file system. Each waits in its first step and has one more to do. With
Spindle each run has processes of its own, which the kernel wakes. A peer has one process with all of them: of a run of
LangGraph nothing is in memory while it waits, of DBOS each has a thread, and the database is asked once a second. Pss
and private memory are KiB a run, of all processes together. All answers are given at once; the time counts until the
last run has ended:"""
ANSWERED = """A verdict reaches the script: milliseconds from just before the answer is given until the command of the
next step runs. With Spindle that is the rename of `ID.yes` into `replies/drop/` while the script is in `pipeline-step
gate -- wait-approval`. The floor is a shell with steps in C; its first one is told by inotify and makes a verdict
durable. The peers are answered in the process that waits: LangGraph by the call that goes on with the thread, DBOS by
`send`, for which its `recv` looks once a second:"""

COUNTS = 14, 100
ROUNDS, QUICK_ROUNDS = 15, 3
FINISHED, QUICK_FINISHED = (10, 100, 1000), (10, 100)
CROWD, QUICK_CROWD = 1000, 100
SAMPLES, QUICK_SAMPLES, SAMPLE_ROUNDS, QUICK_SAMPLE_ROUNDS = 200, 24, 10, 2
PEER_SAMPLES, QUICK_PEER_SAMPLES = 30, 6
WARM_UP = 2
# A crowd that has just come is busy for a while.
CALM = 3
IDLE, QUICK_IDLE = 30, 5


def measure(bench):
    steps = Table(["file system", "steps", "", "ms a step", "Spindle, times it", "ms to the first step",
                   "Spindle, times it", "ms for all", "Spindle, times it", "aim", ""])
    resumed = Table(["file system", "finished steps", *[kind.name for kind in RESUMING], "times the floor of processes",
                     "times LangGraph", "times DBOS"], words=RESUMED)
    crowds = Table(["runs", "", "s until all are open", "processes", "Pss", "private", "idle: CPU s a minute",
                    "s until all have ended"], words=CROWDED)
    answered = Table(["file system", "", "Spindle", "C floor", "times the floor", "LangGraph", "times LangGraph", "DBOS",
                      "times DBOS", "aim", ""], words=ANSWERED)
    for place in bench.places.list:
        with Fifo(place) as fifo:
            bench.say(f"  {place.name}, rows of steps")
            add_rows(steps, place, fifo, bench)
            bench.say(f"  {place.name}, stopped runs")
            add_resumed(resumed, place, fifo, bench)
            bench.say(f"  {place.name}, verdicts")
            add_answered(answered, place, fifo, bench)
    for kind in Approvals, GatedSpindle, GatedFloor, LangGraphCrowd, DBOSCrowd:
        bench.say(f"  {bench.places.root.name}, {kind.name}")
        add_crowd(crowds, kind, bench)
    return Section("pipeline", TITLE, WORDS, [steps, resumed, crowds, answered])


def add_rows(table, place, fifo, bench):
    sides = present([Spindle, Floor, ShellFloor, LangGraph, LangGraphAsync, DBOS, DBOSWithWAL], bench, place, fifo)
    commands = [(side.name, count) for count in COUNTS for side in sides]
    results = bench.parts.started(QUICK_ROUNDS if bench.quick else ROUNDS,
                                  *(side.row(count) for count in COUNTS for side in sides), stamps=fifo.path)
    found = dict(zip(commands, results))
    for count in COUNTS:
        each, first, whole = ({side.name: figure(found[side.name, count][what], parts) for side in sides}
                              for what, parts in (("between", count - 1), ("first", 1), ("ns", 1)))
        for side in sides:
            cells = [cell for times in (each, first, whole) for cell in (times[side.name], ratio(times, side.name))]
            table.add(place.name, count, side.name, *cells, aims=aims(each, first) if side.name == "Spindle" else ())


def figure(times, parts=1):
    return Figure([ns / parts / 1e6 for ns in times])


def ratio(times, name):
    """Of Spindle to this side."""
    return over(times.get("Spindle"), times[name]) if name != "Spindle" else Figure()


def over(mine, theirs):
    """The median of the ratios of the rounds."""
    return Figure([mine.per(theirs).median]) if mine and theirs else Figure()


def aims(each, first):
    ours, floor, processes = (each[name].median for name in ("Spindle", "C floor", "C floor, a process a step"))
    peers = [name for name in ("LangGraph", "DBOS") if name in each]
    named = " and ".join(peers)
    found = [Aim(f"at most {spoken(floor + processes)} ms", ours <= floor + processes)]
    if peers:
        found += [Aim(f"ahead of {named}", all(ours < each[name].median for name in peers)),
                  Aim(f"first step in 1/100 of {named}",
                      all(first["Spindle"].median < first[name].median / 100 for name in peers))]
    return found


RESUMING = Spindle, ShellFloor, Floor, LangGraph, DBOS


def add_resumed(table, place, fifo, bench):
    sides = present(RESUMING, bench, place, fifo)
    for count in QUICK_FINISHED if bench.quick else FINISHED:
        commands = [side.stopped(count) for side in sides]
        # Each tells of its first pass too, which is none of this.
        fifo.empty()
        results = bench.parts.started(QUICK_ROUNDS if bench.quick else ROUNDS, *commands, stamps=fifo.path, status=STOP,
                                      said=place.directory / "said")
        times = {side.name: figure(result["first"]) for side, result in zip(sides, results)}
        cells = [times.get(kind.name, Figure()) for kind in RESUMING]
        ours, processes, _, *peers = cells
        table.add(place.name, f"{count:,}", *cells, *(over(ours, theirs) for theirs in (processes, *peers)))


def add_crowd(table, kind, bench):
    place, count = bench.places.root, QUICK_CROWD if bench.quick else CROWD
    for side in present([kind], bench, place):
        start = time.monotonic()
        try:
            with side.crowd(count) as crowd:
                opened = time.monotonic() - start
                time.sleep(CALM)
                pids = crowd.processes()
                idle = processor_a_minute(pids, QUICK_IDLE if bench.quick else IDLE)
                found, *sizes = memory(pids)
                start = time.monotonic()
                crowd.release()
                ended = time.monotonic() - start
        except (Failed, OSError) as why:
            bench.say(f"  {kind.name}: {why}")
            continue
        shared, private = (Figure([size.median * found / count]) for size in sizes)
        table.add(f"{count:,}", kind.name, Figure([opened]), f"{found:,}", shared, private, Figure([idle]),
                  Figure([ended]))


def add_answered(table, place, fifo, bench):
    found = {kind.name: peer.sample(QUICK_PEER_SAMPLES if bench.quick else PEER_SAMPLES)
             for kind in (AnsweredLangGraph, AnsweredDBOS) for peer in present([kind], bench, place, fifo)}
    sides = []
    for kind in RunMoved, RunFloor:
        try:
            sides.append(kind(bench.parts, place, fifo))
        except Failed as why:
            bench.say(f"  {kind.name} is skipped: {why}")
    count, rounds = (QUICK_SAMPLES, QUICK_SAMPLE_ROUNDS) if bench.quick else (SAMPLES, SAMPLE_ROUNDS)
    for side in sides:
        for _ in range(WARM_UP):
            side.one()
    for _, side in in_turn(sides, rounds):
        side.sample(count // rounds)
    found |= {side.name: side.said for side in sides}
    for label, share in ("p50", 0.5), ("p99", 0.99):
        ours, floor, langgraph, dbos = (Figure([found[name].percentile(share)] if name in found else [])
                                        for name in ("Spindle", "C floor", "LangGraph", "DBOS"))
        table.add(place.name, label, ours, floor, over(ours, floor), langgraph, over(ours, langgraph), dbos,
                  over(ours, dbos), aims=[Aim("under 10 ms", ours.median < 10)] if ours and share == 0.5 else ())
