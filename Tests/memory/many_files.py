"""A hundred thousand transcripts: the first harvest, one that finds nothing new, and one that finds one line."""
import time

from case import expect
from harvesting import append
from home import case
from transcripts import Claude, chat, correction

DIRECTORIES, EACH = 1000, 100


@case
def a_hundred_thousand_files(home):
    source = home.source()
    lines = Claude().user(chat(1)).lines[0], b'{"type":"progress"}\n'
    for directory in range(DIRECTORIES):
        (source / f"-home-ann-{directory}").mkdir()
        for number in range(EACH):
            (source / f"-home-ann-{directory}/{number}.jsonl").write_bytes(lines[number % 10 > 0])
        path = source / f"-home-ann-{directory}/7.jsonl"
        if directory % 100 == 0:
            Claude(seed=directory).user(correction(directory)).to(path)

    def harvest(files, lines):
        start = time.monotonic()
        found = home.harvested(within=100)
        expect(found[:2] == (files, lines), f"{found[0]} files and {found[1]} lines")
        home.remark(f"{time.monotonic() - start:.1f} s for {lines} lines")

    harvest(DIRECTORIES * EACH, DIRECTORIES * EACH)
    words = [f"kettle{directory}" for directory in range(0, DIRECTORIES, 100)]
    before = home.dump()
    harvest(0, 0)
    expect(home.dump() == before, "another dump")
    append(source / "-home-ann-500/50.jsonl", Claude(seed=9999).user(correction(9999)).bytes)
    harvest(1, 1)
    home.has(*words, "kettle9999")
    total = home.report(within=100).total
    expect(total.lines == DIRECTORIES * EACH + 1, f"{total.lines} lines")
