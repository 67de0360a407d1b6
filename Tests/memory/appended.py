"""Transcripts that grow: cut anywhere and harvested after each piece, the dump and the report are those of one harvest."""
import json
import random

from case import expect
from harvesting import append
from home import case
from transcripts import Claude, Pi, chat, correction, decision, long_session


def in_pieces(home, texts, cuts, dice):
    """Appends each file in so many pieces, a harvest after each; gives the last report."""
    pieces = []
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        at = sorted(dice.sample(range(1, len(text)), min(cuts, len(text) - 1)))
        bounds = [0, *at, len(text)]
        pieces.append([(path, text[start:end]) for start, end in zip(bounds, bounds[1:])])
    while left := [queue for queue in pieces if queue]:
        for queue in left:
            if dice.random() < 0.7:
                append(*queue.pop(0))
        report = home.report()
    return report


def cut_at_random(format, seed):
    def check(home):
        dice = random.Random(seed)
        source = home.source(format)
        texts = {source / f"{number}.jsonl": long_session(format, seed * 10 + number, 12).bytes for number in range(3)}
        home.same_as_at_once(in_pieces(home, texts, 10, dice))
        expect(len(home.texts()) > 10, f"{len(home.texts())} facts")

    return check


for format in "claude", "pi", "codex":
    for seed in 1, 2:
        check = cut_at_random(format, seed)
        check.__name__, check.__module__ = f"{format}_cut_at_random_places_is_the_same_{seed}", __name__
        case(check)


@case
def cut_at_each_byte_of_a_line_is_the_same(home):
    """Also in the middle of a character, of an escape, and between CR and LF."""
    line = Claude().user(f"{correction(1)} Größe: 🫖 \\ \"quoted\"").lines[0][:-1]
    texts = line + b"\r\n", line + b"\n", line
    for number, text in enumerate(texts):
        path = home.source("claude", f"claude{number}") / "a.jsonl"
        home.sources = home.sources[-1:]
        for end in (*range(0, len(text) - 6, 23), *range(len(text) - 6, len(text) + 1)):
            append(path, text[path.stat().st_size if path.exists() else 0:end])
            row = home.report().of(path)
            expect(row.lines == (end > 0), f"{row.lines} lines at byte {end}")
        expect(row.bytes == len(text) and sum(row.records.values()) == 1, f"at {row.bytes}: {row.records}")
    home.sources = [f"claude:{home.home / f'claude{number}'}" for number in range(3)]
    home.same_as_at_once(home.report())
    home.has("kettle1")


@case
def a_torn_last_line_is_counted_while_it_is_there_and_read_when_it_is_whole(home):
    writer = Claude().user(correction(1)).user(decision(2))
    path = home.source() / "a.jsonl"
    append(path, writer.lines[0] + writer.lines[1][:50])
    for _ in range(2):
        row = home.report().of(path)
        expect(row.lines == 2 and row.skipped["torn"] == 1, f"{row.lines} lines, skipped {row.skipped}")
        expect(row.bytes == len(writer.lines[0]), f"consumed up to {row.bytes}")
        home.has("kettle1")
    append(path, writer.lines[1][50:])
    row = home.report().of(path)
    expect(row.lines == 2 and not row.skipped["torn"], f"{row.lines} lines, skipped {row.skipped}")
    home.has("kettle1", "samovar2").same_as_at_once(home.report())


@case
def a_last_line_without_newline_counts_at_once_and_its_newline_adds_nothing(home):
    writer = Claude().user(correction(1)).user(decision(2)).user(correction(3))
    path = home.source() / "a.jsonl"
    append(path, writer.bytes[:-1])
    first = home.report()
    expect(first.of(path).lines == 3, f"{first.of(path).lines} lines")
    home.has("kettle1", "samovar2", "kettle3")
    append(path, b"\n")
    row = home.report().of(path)
    expect(row.lines == 3 and sum(row.skipped.values()) == 0, f"{row.lines} lines, skipped {row.skipped}")
    append(path, Claude(seed=2).user(decision(4)).bytes)
    expect(home.report().of(path).lines == 4, "not one line more")
    home.has("kettle1", "samovar2", "kettle3", "samovar4").same_as_at_once(home.report())


@case
def a_number_that_might_go_on_is_not_taken_for_a_line(home):
    """`12` without a newline is complete JSON, but no object."""
    path = home.source() / "a.jsonl"
    append(path, Claude().user(correction(1)).bytes + b"12")
    home.harvest()
    append(path, b'3\n"a string')
    home.harvest()
    append(path, b' in two pieces"\n')
    home.same_as_at_once(home.report())


@case
def a_harvest_that_has_nothing_to_read_says_so(home):
    path = Pi().user(correction(1)).to(home.source("pi") / "a.jsonl")
    files, lines, facts = home.harvested()
    expect((files, lines) == (1, 2) and facts >= 1, f"{files} files, {lines} lines, {facts} facts")
    before = home.dump()
    expect(home.harvested() == (0, 0, 0), "it has read something")
    expect(home.harvest("-q").out == b"", "-q prints")
    append(path, Pi(seed=2).user(chat(1)).lines[1])
    home.reads(1)
    expect(home.dump() == before, "another dump")


@case
def as_JSON_a_harvest_is_one_object(home):
    path = Claude().user(correction(1)).user(chat(1)).to(home.source() / "a.jsonl")
    found = json.loads(home.harvest("--json").out)
    expect(found["files"] == 1 and found["lines"] == 2 and found["bytes"] == path.stat().st_size, f"{found}")
    expect(found["facts"] >= 1, f"{found}")
    again = json.loads(home.harvest("--json").out)
    expect(again["lines"] == again["facts"] == again["bytes"] == 0, f"again: {again}")


@case
def a_rebuild_gives_the_same(home):
    for format in "claude", "pi", "codex":
        source = home.source(format)
        for seed in range(3):
            long_session(format, seed + 1).to(source / f"{seed}.jsonl")
    report, dump = home.report(), home.dump()
    for _ in range(2):
        again = home.report("--rebuild")
        expect(again.text == report.text and home.dump() == dump, "not the same")
    home.same_as_at_once(again)


@case
def many_harvests_of_a_growing_directory_are_one(home):
    """New files come, old ones grow: as in use."""
    dice, source = random.Random(5), home.source("pi")
    texts = {}
    for round in range(12):
        texts[source / f"d{round % 4}" / f"{round}.jsonl"] = long_session("pi", round + 1, 6).bytes
        for path, text in texts.items():
            path.parent.mkdir(exist_ok=True)
            have = path.stat().st_size if path.exists() else 0
            append(path, text[have:have + dice.randrange(len(text))])
        home.harvest()
    for path, text in texts.items():
        append(path, text[path.stat().st_size:])
    home.same_as_at_once(home.report())
