"""Transcripts of real sessions, where SPINDLE_TRANSCRIPTS names a directory of them: every line is accounted for."""
import os
import shutil
from pathlib import Path

from case import expect
from harvesting import lines_of
from home import Skipped, case

FORMATS = "claude", "codex", "pi"


def real(home):
    """Copies of them, by their format; it stands in their names or in that of their directory."""
    given = os.environ.get("SPINDLE_TRANSCRIPTS")
    if not given or not Path(given).is_dir():
        raise Skipped("SPINDLE_TRANSCRIPTS names no directory")
    paths = []
    for path in sorted(Path(given).rglob("*.jsonl")):
        format = next((name for name in FORMATS if name in path.name.split("_")[0]), None) or \
            next((name for name in FORMATS if name in path.parent.name), None)
        expect(format, f"{path}: of no format")
        copy = home.home / format / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        paths.append(shutil.copyfile(path, copy))
    home.sources = [f"{format}:{home.home / format}" for format in FORMATS if (home.home / format).exists()]
    return paths


@case
def real_transcripts_are_read_to_their_last_line(home):
    paths = real(home)
    report = home.report(within=100)
    expect(len(report.rows) == len(paths), f"{len(report.rows)} files, not {len(paths)}")
    for path in paths:
        row = report.of(path)
        expect(row.lines == lines_of(path), f"{path}: {row.lines} lines, not {lines_of(path)}")
        expect(row.bytes == path.stat().st_size, f"{path}: at {row.bytes} of {path.stat().st_size}")
        unknown = {reason: number for reason, number in row.skipped.items() if reason.startswith("unknown")}
        expect(sum(unknown.values()) * 10 <= row.lines, f"{path}: {unknown}")
    spoken = report.total.records
    expect(spoken["user"] > 100 and spoken["assistant"] > 100, f"records: {spoken}")
    home.remark(f"{report.total.lines} lines, {sum(report.total.facts.values())} facts")
    again = home.report()
    expect(again.text == report.text, "another report when nothing has changed")


@case
def real_transcripts_in_pieces_give_the_same(home):
    paths = real(home)
    whole = {path: path.read_bytes() for path in paths}
    for part in 0.21, 0.5, 0.83, 1:
        for path, text in whole.items():
            path.write_bytes(text[:int(len(text) * part)])
        report = home.report(within=100)
    home.same_as_at_once(report)


@case
def real_transcripts_are_the_same_when_read_anew(home):
    real(home)
    home.harvest(within=100)
    before = home.dump()
    home.harvest("--rebuild", within=100)
    expect(home.dump() == before, "another dump")
