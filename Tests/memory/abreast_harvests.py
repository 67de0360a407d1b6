"""Several at once: one harvest works and the others say so; who reads or writes meanwhile is not kept waiting."""
import fcntl

from case import expect
from home import case, failed, until
from transcripts import Claude, correction, decision, long_session


@case
def while_one_works_another_says_so(home):
    Claude().user(correction(1)).to(home.source() / "a.jsonl")
    home.harvest()
    lock = home.spool / "memory/harvest.lock"
    with open(lock) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for options in (), ("--report",), ("--rebuild",), ("--watch",):
            failed(home.harvest(*options, code=75), 75, str(lock), "another harvest is at work", tool="harvest")
        home.has("kettle1")
        expect(home.harvest("--positions").out, "positions cannot be read meanwhile")
    home.harvest()


@case
def while_one_watches_another_says_so(home):
    Claude().user(correction(1)).to(home.source() / "a.jsonl")
    watcher = home.watch()
    home.until_read("kettle1")
    failed(home.harvest(code=75), 75, "another harvest is at work", tool="harvest")
    watcher.kill(15)
    expect(watcher.end().code == 143, "another end")
    home.harvest()


@case
def ten_at_the_same_moment_harvest_each_fact_once(home):
    for format in "claude", "pi", "codex":
        source = home.source(format)
        for seed in range(5):
            long_session(format, seed + 1, 20).to(source / f"{seed}.jsonl")
    for round in range(3):
        commands = [home.start(*home.command()) for _ in range(10)]
        codes = [command.end().code for command in commands]
        expect(set(codes) <= {0, 75} and 0 in codes, f"exits {codes}")
        home.remark(f"{codes.count(0)} worked")
        home.same_as_at_once(home.report())


@case
def keys_are_written_and_facts_are_read_while_it_works(home):
    """Nobody ever sees "database is locked"."""
    source = home.source()
    for seed in range(40):
        long_session("claude", seed + 1, 60).to(source / f"{seed}.jsonl")
    command, rounds = home.start(*home.command("--rebuild")), []
    until(lambda: (home.spool / "memory/memory.db").exists(), "it has begun")
    for number in range(25):
        home.good("memory", "put", f"key{number}", stdin=b"a value\n")
        expect(home.good("memory", "get", f"key{number}").out == b"a value\n", "another value")
        home.good("memory", "export")
        home.run("memory", "search", "kettle")
        if command.process.poll() is not None:
            rounds.append(command.end().code)
            command = home.start(*home.command("--rebuild"))
    rounds.append(command.end().code)
    expect(set(rounds) == {0}, f"exits {rounds}")
    expect(not [line for line in home.transcript if "locked" in line], "somebody was told of a lock")
    home.remark(f"{len(rounds)} rebuilds meanwhile")


@case
def a_fact_is_seen_whole_or_not_at_all(home):
    """A dump while a harvest works has only facts that the whole one has, and whoever has it can read each line."""
    source = home.source()
    for seed in range(30):
        long_session("claude", seed + 1, 40).to(source / f"{seed}.jsonl")
    home.harvest()
    whole = set(home.dump().splitlines())
    command = home.start(*home.command("--rebuild"))
    looked = 0
    while command.process.poll() is None:
        seen = {line for line in home.dump().splitlines()}
        strange = [line for line in seen if line not in whole and b'"sources":[]' in line]
        expect(not strange, f"a fact without a source: {strange[:1]}")
        looked += 1
    command.end()
    expect(set(home.dump().splitlines()) == whole, "another dump")
    home.remark(f"{looked} dumps meanwhile")
    Claude(seed=99).user(decision(99)).to(source / "last.jsonl")
    home.harvest()
    home.fact("samovar99")
