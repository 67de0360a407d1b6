"""Theme gateway: calls a second, what a call costs more, who waits for whom, and what a deep queue takes."""
import json
import random
import re
import subprocess
import time
from pathlib import Path

from gateways import PROMPT, call, drained, fill, make_spool, quick_agent, resident
from measure import Figure, gated, in_turn
from page import Section, Table
from processes import descendants, memory, processor_a_minute

TITLE = "gateway: calls through the resident worker"
WORDS = """The agent is a static program that prints a fixed reply. Calls that lie there already come into
`calls-AGENT/new/` by renames while the gateway waits for them; its rate is from the first rename to the last entry in
`done/`. They are of one agent, to which a quarter of the slots is closed (they are kept for others). The C floor
makes the same steps with the same barriers (eight, from the claim to `re/`) and starts the same command, in as many
processes as there are slots, each with its part of the calls. Many callers are 64 processes at once, each a whole
`claude-call` that publishes its call and waits for the reply; without a gateway each makes its own call; the floor of
that is as many C processes with all ten barriers. On few cores 64 callers are bound by the processor.

What a call adds is the time of `claude-call` less that of the bare command in the same round; one after the other,
all sides in turn.

A light agent's single calls are made at random moments while thousands of a heavy agent's calls wait and run in all
slots that are open to it. The delay is what a call takes longer than the median of the same calls before the heavy
ones came; in multiples of the time that one heavy call takes. In order of arrival it would have been the last column
(computed).

Memory is that of the gateway and of its slots together, after one call. Pss shares a page among those who have it;
private is what would be free without them."""

SLOTS = 1, 8, 64
CALLERS = 64
ROUNDS, QUICK_ROUNDS = 3, 1
LYING, QUICK_LYING = 3000, 300
CALLED, QUICK_CALLED = 1000, 128
SINGLE, QUICK_SINGLE = 500, 40
# Seconds that a heavy call takes, and the light ones against it.
HEAVY, QUICK_HEAVY = 1.0, 0.4
HEAVY_WAITING = 10_000
LIGHT, QUICK_LIGHT = 50, 10
DEPTHS, QUICK_DEPTHS = [0, 10**5], [0, 10**4]
MEMORY_SLOTS = 8
ROOMS = "tmp", "new", "run", "out", "done", "re", "log"
AGENT = "bench"


def measure(bench):
    lying = Table(["file system", "slots", "gateway", "C floor, as many processes", "of the floor"],
                  words="Calls that lie there already, a second:")
    callers = Table(["file system", "slots", "through the gateway", "without a gateway", "of that", "C floor",
                     "of the floor"], words=f"{CALLERS} callers at once, calls a second:")
    single = Table(["file system", "", "bare command, ms", "through the gateway adds, ms", "without a gateway adds, ms",
                    "times that", "C floor adds, ms", "times the floor"], words="What one call adds:")
    fairness = Table(["file system", "slots", "light calls", "alone, ms", "median delay, of a heavy call",
                      "largest delay, of a heavy call", "in order of arrival"],
                     words=f"A light agent beside a heavy one with {HEAVY_WAITING:,} waiting calls:")
    deep = Table(["waiting calls", "processes", "Pss, MB", "private, MB", "private, times none", "gateway's peak, MB"],
                 words=f"Memory of a gateway with {MEMORY_SLOTS} slots:")
    tables = [lying, callers, single, fairness, deep]
    if not bench.parts.tools:
        bench.say("  Spindle is skipped: there are no tools")
        return Section("gateway", TITLE, WORDS, [])
    for place in bench.places.list:
        bench.say(f"  {place.name}, calls that lie there")
        add_lying(lying, place, bench)
        bench.say(f"  {place.name}, many callers")
        add_callers(callers, place, bench)
        bench.say(f"  {place.name}, one after the other")
        add_single(single, place, bench)
        for slots in SLOTS:
            bench.say(f"  {place.name}, light and heavy, {slots} slots")
            add_fairness(fairness, place, slots, bench)
    bench.say(f"  {bench.places.root.name}, memory")
    add_memory(deep, bench)
    return Section("gateway", TITLE, WORDS, tables)


def floor_rooms(directory):
    for room in ROOMS:
        (directory / "floor" / room).mkdir(parents=True)
    return directory / "floor"


def prompt_file(directory):
    prompt = directory / "prompt"
    prompt.write_text(PROMPT)
    return prompt


def taken_in_turn(sides, bench):
    """The rates of sides, each a name and what measures it once."""
    found = {name: Figure() for name, _ in sides}
    for _, (name, measured) in in_turn(sides, QUICK_ROUNDS if bench.quick else ROUNDS):
        found[name].values.append(measured())
    return found


def add_lying(table, place, bench):
    command, count = bench.parts.program("reply"), QUICK_LYING if bench.quick else LYING

    def ours(slots):
        directory = place.fresh(f"gateway-{slots}")
        spool = make_spool(bench.parts, directory, **{AGENT: quick_agent(command)})
        return drained(bench.parts, spool, AGENT, count, slots)

    def floor(slots):
        directory = place.fresh(f"gateway-floor-{slots}")
        floor = floor_rooms(directory)
        fill(bench.parts, directory, "floor", "new", count)
        return gated([[bench.parts.program("steps"), "drain", floor, command, str(part + 1), str(slots)]
                      for part in range(slots)], count).rate

    sides = [((side, slots), lambda side=side, slots=slots: side(slots)) for slots in SLOTS for side in (ours, floor)]
    found = taken_in_turn(sides, bench)
    for slots in SLOTS:
        mine, theirs = found[ours, slots], found[floor, slots]
        table.add(place.name, slots, mine, theirs, mine.per(theirs))


def add_callers(table, place, bench):
    command, count = bench.parts.program("reply"), QUICK_CALLED if bench.quick else CALLED

    def many(directory, *words):
        done = subprocess.run([bench.parts.program("many"), prompt_file(directory), str(count), str(CALLERS), *words],
                              check=True, stdout=subprocess.PIPE)
        return count / json.loads(done.stdout)["seconds"]

    def with_gateway(slots):
        directory = place.fresh(f"callers-{slots}")
        spool = make_spool(bench.parts, directory, **{AGENT: quick_agent(command)})
        with resident(bench.parts, spool, slots):
            return many(directory, *call(bench.parts, spool, AGENT))

    def alone():
        directory = place.fresh("callers-alone")
        spool = make_spool(bench.parts, directory, **{AGENT: quick_agent(command)})
        return many(directory, *call(bench.parts, spool, AGENT))

    def floor():
        directory = place.fresh("callers-floor")
        return many(directory, bench.parts.program("steps"), "call", floor_rooms(directory), command)

    sides = [(slots, lambda slots=slots: with_gateway(slots)) for slots in SLOTS] + [("alone", alone), ("floor", floor)]
    found = taken_in_turn(sides, bench)
    for slots in SLOTS:
        mine = found[slots]
        table.add(place.name, slots, mine, found["alone"], mine.per(found["alone"]), found["floor"],
                  mine.per(found["floor"]))


def add_single(table, place, bench):
    command, directory = bench.parts.program("reply"), place.fresh("single")
    prompt, floor = prompt_file(directory), floor_rooms(directory)
    spools = []
    for name in "resident", "alone":
        (directory / name).mkdir()
        spools.append(make_spool(bench.parts, directory / name, **{AGENT: quick_agent(command)}))
    with resident(bench.parts, spools[0], MEMORY_SLOTS):
        results = bench.parts.started(
            QUICK_SINGLE if bench.quick else SINGLE, [command], [bench.parts.program("steps"), "call", floor, command],
            *(call(bench.parts, spool, AGENT) for spool in spools), stdin=prompt)
    bare, least, ours, alone = (Figure([ns / 1e6 for ns in result["ns"]]) for result in results)
    added = [Figure([mine - theirs for mine, theirs in zip(side.values, bare.values)]) for side in (ours, alone, least)]
    for label, share in ("p50", 0.5), ("p99", 0.99):
        command_alone, mine, without, floor_adds = (Figure([side.percentile(share)]) for side in (bare, *added))
        table.add(place.name, label, command_alone, mine, without, mine.per(without), floor_adds, mine.per(floor_adds))


def add_fairness(table, place, slots, bench):
    length, samples = (QUICK_HEAVY, QUICK_LIGHT) if bench.quick else (HEAVY, LIGHT)
    directory = place.fresh(f"fairness-{slots}")
    spool = make_spool(bench.parts, directory, light=quick_agent(bench.parts.program("reply")),
                       heavy=quick_agent(f"{bench.parts.program('nap')} {length * 1000:.0f}"))
    with resident(bench.parts, spool, slots):
        alone = Figure([one_call(spool, bench) for _ in range(samples)])
        fill(bench.parts, spool, "calls-heavy", "new", HEAVY_WAITING)
        # All that it may have runs.
        time.sleep(2 * length)
        delays = Figure()
        for _ in range(samples):
            time.sleep(random.uniform(0, length))
            delays.values.append((one_call(spool, bench) - alone.median) / length)
    table.add(place.name, slots, samples, Figure([value * 1e3 for value in alone.values]), Figure([delays.median]),
              Figure([max(delays.values)]), Figure([HEAVY_WAITING / slots]))


def one_call(spool, bench):
    start = time.monotonic()
    subprocess.run(call(bench.parts, spool, "light"), input=PROMPT, text=True, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def add_memory(table, bench):
    none = None
    for depth in QUICK_DEPTHS if bench.quick else DEPTHS:
        directory = bench.places.root.fresh(f"waiting-{depth}")
        # Its only token is taken by the first call.
        agent = [f"Command: {bench.parts.program('reply')}", "Rate: 1/d", "Backlog: 200000"]
        spool = make_spool(bench.parts, directory, **{AGENT: agent})
        with resident(bench.parts, spool, MEMORY_SLOTS) as gateway:
            subprocess.run(call(bench.parts, spool, AGENT), input=PROMPT, text=True, check=True,
                           stdout=subprocess.DEVNULL)
            if depth:
                fill(bench.parts, spool, f"calls-{AGENT}", "new", depth)
            pids = descendants([gateway.pid])
            settle(pids)
            count, shared, private = memory(pids)
            peak = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{gateway.pid}/status").read_text()).group(1))
        whole = Figure([private.median * count])
        none = none or whole
        table.add(f"{depth:,}", count, megabytes(shared.median * count), megabytes(whole.median), whole.per(none),
                  megabytes(peak))


def megabytes(kib):
    return Figure([kib * 1024 / 1e6])


def settle(pids):
    """Until they have looked at all that has come: what it takes of the processor is a hundredth."""
    end = time.monotonic() + 60
    while processor_a_minute(pids, 1) > 0.6 and time.monotonic() < end:
        pass
