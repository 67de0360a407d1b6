"""Where transcripts are looked for: --source in each form, the programs' own places, agents; how far it has read."""
import json
import os
import re

from case import expect
from harvesting import append, tree
from home import case, failed
from transcripts import Claude, Codex, OldCodex, Pi, correction, decision


def agent(home, name, **header):
    home.furnish()
    path = home.spool / "agents" / f"{name}.md"
    lines = [f"{key.replace('_', '-')}: {value}\n" for key, value in header.items()]
    path.write_text("".join(lines) + f"\nYou are {name}.\n")


@case
def wrong_forms_of_source_are_usage(home):
    source = home.source()
    for given in "claude", f"clod:{source}", f":{source}", "claude:", "", "claude:@ops":
        done = home.harvest(code=64, sources=[given])
        expect(done.err.startswith(b"harvest: "), f"{given}: {done.err}")
    for given in f"claude:{source}@", f"claude:{source}@a/b":  # a directory may be called so
        failed(home.harvest(code=69, sources=[given]), 69, given.partition(":")[2], tool="harvest")


@case
def a_source_that_is_missing_is_named(home):
    source = home.source()
    Claude().user(correction(1)).to(source / "a.jsonl")
    missing = home.home / "nowhere"
    failed(home.harvest(code=69, sources=[*home.sources, f"pi:{missing}"]), 69, str(missing), tool="harvest")


@case
def a_file_can_be_a_source(home):
    path = Claude().user(correction(1)).to(home.home / "p" / "a.jsonl")
    Claude(seed=2).user(decision(2)).to(path.with_name("b.jsonl"))
    home.harvest(sources=[f"claude:{path}"])
    home.has("kettle1")
    expect(home.files_of("kettle1") == [str(path)], "another file")
    odd = Claude(seed=3).user(decision(3)).to(home.home / "called as one likes")
    home.harvest(sources=[f"claude:{odd}@ops"])
    home.has("kettle1", "samovar3")
    expect(home.fact("samovar3")["agent"] == "ops", f"{home.fact('samovar3')}")


@case
def a_relative_source_is_the_same_as_an_absolute_one(home):
    source = home.source()
    Claude().user(correction(1)).to(source / "a.jsonl")
    home.harvest()
    before = home.dump()
    for given in "claude-sessions", "./claude-sessions/", "claude-sessions/../claude-sessions//":
        home.reads(0, sources=[f"claude:{given}"])
        expect(home.dump() == before, f"{given}: another dump")


@case
def a_source_given_twice_or_in_another_is_read_once(home):
    source = home.source()
    Claude().user(correction(1)).to(source / "p" / "a.jsonl")
    home.reads(1, sources=[f"claude:{source}", f"claude:{source}/p", f"claude:{source}"]).has("kettle1")
    expect(len(home.fact("kettle1")["sources"]) == 1, "two sources")


@case
def a_colon_or_an_at_in_the_name_of_a_directory(home):
    for number, name in enumerate(("a:b", "c@d", "e:f@g:h", "@", "i@j")):
        path = home.home / "odd" / name
        Claude(seed=number).user(correction(number)).to(path / "a.jsonl")
        home.harvest(sources=[f"claude:{path}@ops"])
        expect(home.fact(f"kettle{number}")["agent"] == "ops", f"{name}: {home.fact(f'kettle{number}')}")


def furnished(home):
    """A transcript in each of the programs' own places."""
    places = {1: (Claude, ".claude/projects/-home-ann/a.jsonl"), 2: (Pi, ".openclaw/agents/main/sessions/a.jsonl"),
              3: (Pi, ".openclaw/agents/ops/sessions/a.jsonl"), 4: (Pi, ".pi/agent/sessions/--home-ann--/a.jsonl"),
              5: (Codex, ".codex/sessions/2026/03/01/rollout-a.jsonl"),
              6: (OldCodex, ".codex/archived_sessions/rollout-b.jsonl")}
    for number, (writer, place) in places.items():
        writer(seed=number).user(correction(number)).to(home.home / place)
    return places


@case
def the_places_of_the_programs_are_known(home):
    furnished(home)
    home.harvest(sources=[])
    home.has(*(f"kettle{number}" for number in range(1, 7)))
    expect(home.fact("kettle2")["agent"] == "main" and home.fact("kettle3")["agent"] == "ops", "not OpenClaw's agents")


@case
def places_that_are_not_there_are_no_error(home):
    expect(home.harvested(sources=[]) == (0, 0, 0), "it has read something")
    expect(not home.harvest(sources=[]).err, "it says something")


@case
def CLAUDE_CONFIG_DIR_and_CODEX_HOME_are_heard(home):
    furnished(home)
    Claude(seed=11).user(correction(11)).to(home.home / "other/projects/p/a.jsonl")
    Codex(seed=12).user(correction(12)).to(home.home / "codex/sessions/2026/01/01/rollout.jsonl")
    home.harvest(sources=[], env={"CLAUDE_CONFIG_DIR": f"{home.home}/other", "CODEX_HOME": f"{home.home}/codex"})
    home.has("kettle2", "kettle3", "kettle4", "kettle11", "kettle12")


@case
def an_agent_with_a_configuration_of_its_own_is_found(home):
    agent(home, "nova", Config_Dir=f"{home.home}/nova")
    agent(home, "kira", Model="haiku")
    Claude(seed=1).user(correction(1)).to(home.home / "nova/projects/p/a.jsonl")
    Claude(seed=2).user(correction(2)).to(home.home / ".claude/projects/p/a.jsonl")
    home.harvest(sources=[])
    home.has("kettle1", "kettle2")
    expect(home.fact("kettle1")["agent"] == "nova", f"{home.fact('kettle1')}")


@case
def a_source_that_is_given_is_the_only_one(home):
    furnished(home)
    home.harvest(sources=[f"claude:{home.home}/.claude/projects@me"])
    home.has("kettle1")


@case
def positions_say_how_far_each_agent_was_read(home):
    path = Claude().user(correction(1)).user(decision(2)).to(home.source("claude", agent="nova") / "a.jsonl")
    other = Pi().user(correction(3)).to(home.source("pi", agent="ops") / "b.jsonl")
    home.harvest("-q")
    append(path, Claude(seed=2).user(correction(4)).bytes[:30])
    before = tree(home.spool / "memory")
    rows = [json.loads(line) for line in home.harvest("--positions", "--json").out.splitlines()]
    expect(len(rows) == 2, f"{len(rows)} rows: {rows}")
    rows = {row["file"]: row for row in rows}
    for file, name, position in (path, "nova", path.stat().st_size - 30), (other, "ops", other.stat().st_size):
        row = rows[str(file)]
        expect((row["agent"], row["lines"], row["position"]) == (name, 2, position), f"{row}")
    text = home.harvest("--positions").out.decode()
    for word in str(path), str(other), "nova", "ops", str(other.stat().st_size):
        expect(word in text, f"{word} is missing: {text}")
    after = tree(home.spool / "memory")
    expect([found[0] for found in after] == [found[0] for found in before], "it has written something")


@case
def a_report_for_people_has_a_row_for_each_file_and_a_total(home):
    source = home.source()
    for seed in range(3):
        Claude(seed=seed).user(correction(seed)).progress().raw(b"{\n").to(source / f"{seed}.jsonl")
    lines = home.harvest("--report").out.decode().splitlines()
    expect(any(line.split() == "FILE LINES RECORDS SKIPPED FACTS".split() for line in lines), f"no head: {lines}")
    expect(re.match(r"total +9 +3: 3 user +6: 3 no JSON, 3 noise: progress +6: ", lines[-1]), f"total: {lines[-1]}")
    for seed in range(3):
        expect(any(line.startswith(f"{source}/{seed}.jsonl  ") for line in lines), f"no row: {lines}")


@case
def wrong_words_are_usage(home):
    home.source()
    for words in ("--rubbish",), ("word",), ("--explain", "claude"), ("--explain", "clod:x"), ("--positions", "--watch"):
        done = home.run("harvest", *words)
        expect(done.code == 64 and done.err, f"{words}: exit {done.code}: {done.err}")


@case
def a_spool_of_somebody_else_is_refused(home):
    """A `sudo` by mistake would leave files of root in it."""
    home.furnish()
    os.chown(home.spool, 65534, 65534)
    home.source()
    failed(home.harvest(code=77), 77, tool="harvest")
    expect(not (home.spool / "memory").exists() or not list((home.spool / "memory").glob("memory.db")), "a file was made")
    os.chown(home.spool, 0, 0)
