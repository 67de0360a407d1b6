"""What is harvested: synthetic transcripts, the same ones each time, and real ones where they are named."""
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure import Failed


@dataclass
class Transcripts:
    """A directory of them; `said`: how many turns carry one of the phrases, where that is known."""
    name: str
    directory: Path
    # What format lies in which directory.
    sources: list
    bytes: int
    lines: int
    said: int | None = None


def synthetic(bench, name, files, size):
    directory = bench.places.root.fresh("transcripts")
    words = [bench.parts.program("transcripts"), directory, files, size]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
    return Transcripts(name, directory, [("claude", directory)], **json.loads(done.stdout))


def shared(bench):
    """Copies of the real ones, each format in a directory of its own."""
    if not bench.transcripts:
        raise Failed("say where they are with --transcripts or SPINDLE_TRANSCRIPTS")
    directory, size, lines, formats = bench.places.root.fresh("shared"), 0, 0, set()
    for path in sorted(bench.transcripts.rglob("*.jsonl")):
        kind, text = format_of(path), path.read_bytes()
        target = directory / kind / path.relative_to(bench.transcripts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        formats.add(kind)
        size += len(text)
        # A last line without its end is one too.
        lines += text.count(b"\n") + (text[-1:] not in (b"", b"\n"))
    if not formats:
        raise Failed(f"{bench.transcripts}: no *.jsonl is there")
    sources = [(kind, directory / kind) for kind in sorted(formats)]
    return Transcripts("shared transcripts", directory, sources, size, lines)


def format_of(path):
    with open(path, "rb") as file:
        record = next(filter(None, map(parsed, file)), {})
    if record.get("type") == "session":
        return "pi"
    # The last two: Codex of 2025.
    return "codex" if record.keys() & {"payload", "instructions", "record_type"} else "claude"


def parsed(line):
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
