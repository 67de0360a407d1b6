"""What leaves the memory and what comes in: the dump, the same again and again; files, none outside their directory; and
the memory of OpenClaw."""
import json
import os
import sqlite3
import stat

from case import expect, sha256
from harvesting import tree
from home import case, failed
from sending import register
from transcripts import long_session


def furnished(home):
    """Facts and keys, of several authors, with all that may have become of them."""
    home.agent("a", "b")
    source = home.source(agent="a")
    for seed, format in enumerate(("claude", "claude")):
        long_session(format, seed).to(source / f"{seed}.jsonl")
    home.harvest("-q")
    home.policies("asked/ ask\nlist/ union\n")
    for key in "kettle", "asked/kettle", "list/kettle", "ü x":
        home.keep(key, "red\n", by="a")
        home.memory("put", "--agent", "b", "--", key, stdin="blue\n")
    home.keep("kettle", "green\n", "--scope", "agent:b", by="b")
    home.keep("gone", "red\n")
    home.memory("forget", "gone")


# ------------------------------------------------------------------ the dump

@case
def the_dump_is_the_same_each_time(home):
    furnished(home)
    first = home.dump()
    for env in {}, {"TZ": "Asia/Tokyo"}, {"LC_ALL": "C"}, {"LANG": "tr_TR.UTF-8"}:
        expect(home.dump(env=env) == first, f"another with {env}")
    home.got("kettle", by="b")
    home.memory("search", "kettle", code=(0, 1))
    home.harvest("-q")
    expect(home.dump() == first, "reading has changed it")
    lines = [json.loads(line) for line in first.splitlines()]
    facts, keys = [line for line in lines if "version" not in line], [line for line in lines if "version" in line]
    expect(lines == facts + keys and facts and len(keys) >= 10, "facts, and then keys")
    for fact in facts:
        expect({"kind", "id", "text", "agent", "author", "time", "sources"} <= set(fact) and fact["sources"], f"{fact}")
    for key in keys:
        expect({"key", "scope", "version", "author", "at", "saw", "state"} <= set(key), f"{key}")
    expect(len({fact["id"] for fact in facts}) == len(facts), "an ID twice")


@case
def a_rebuild_gives_the_same_dump_and_leaves_the_keys(home):
    furnished(home)
    first = home.dump()
    home.harvest("--rebuild", "-q")
    expect(home.dump() == first, "another dump")


@case
def a_fact_s_source_is_where_it_was_said(home):
    furnished(home)
    for fact in home.facts("correction", "decision"):
        for source in fact["sources"]:
            with open(source["file"], "rb") as file:
                file.seek(source["offset"])
                said = json.loads(file.readline())
            text = json.dumps(said, ensure_ascii=False)
            expect(fact["text"].split(":")[-1].split(".")[0].split()[-1] in text, f"{fact} stands not there: {text[:300]}")


# ------------------------------------------------------------------ files

ODD = ["../x", "../../../x", "/abs", "/etc/passwd", "a/../../b", "a/./b", ".", "..", "index.json", "ACTIVE", "facts.md",
       "index.json/x", "k" * 200, "é" * 100, "🫖" * 50,
       "a", "a/b", "a/b/c", "A", "-x", "with blanks", "$(touch pwned)", "x\\y",
       ".hidden", "a.md", "*",
       "x" * 199 + "/", "//", "a//b", "/".join("x" * 100), "%2e%2e%2fx", "%", "con:aux"]


def exported(home, path="out", **how):
    home.memory("export", "--files", home.home / path, **how)
    return home.home / path


def files_in(out):
    return {path.relative_to(out): path for path in sorted(out.rglob("*")) if not path.is_dir()}


@case
def each_key_is_a_file_and_the_index_tells_of_all_of_them(home):
    furnished(home)
    out = exported(home)
    found = files_in(out)
    index = json.loads((out / "index.json").read_text())
    paths = [entry["path"] for entry in index["entries"]]
    expect(len(set(paths)) == len(paths), f"a path twice: {paths}")
    for entry in index["entries"]:
        expect(set(entry) >= {"path", "updated", "max-age"}, f"{entry}")
        expect((out / entry["path"]).is_file(), f"{entry['path']} is not there")
    rest = {str(path) for path in found} - set(paths)
    own = {"index.json", "ACTIVE", "facts.md"}
    expect(rest <= own <= {*map(str, found)}, f"besides: {rest}")
    facts = (out / "facts.md").read_text()
    for text in home.texts("correction"):
        expect(text.split("\n")[0][:60] in facts, f"facts.md has not {text!r}")
    texts = {path.read_text() for path in found.values()}
    expect(any("blue" in text for text in texts) and not any("gone" in str(path) for path in found), f"{found}")
    for path in (out, *out.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        expect(mode == (0o700 if path.is_dir() else 0o600), f"{path.relative_to(home.home)} has mode {mode:o}")


@case
def the_files_are_the_same_each_time(home):
    furnished(home)
    first, second = exported(home, "one"), exported(home, "two")
    exported(home, "one")
    read = [{str(name): path.read_bytes() for name, path in files_in(out).items()} for out in (first, second)]
    expect(read[0] == read[1], f"they differ: {[name for name in read[0] if read[0][name] != read[1].get(name)]}")


@case
def odd_keys_leave_the_directory_nowhere(home):
    for number, key in enumerate(ODD):
        home.keep(key, f"value {number}.\n")
        home.keep(key, f"of a {number}.\n", "--scope", "agent:main")
    before = tree(home.home)
    deep = home.home / "deep/er"
    deep.mkdir(parents=True)
    out = exported(home, "deep/er/out")
    index = json.loads((out / "index.json").read_text())
    for entry in index["entries"]:
        expect(os.path.realpath(out / entry["path"]).startswith(f"{out}/"), f"{entry['path']} leads outside")
    texts = [path.read_text() for path in files_in(out).values()]
    for number, key in enumerate(ODD):
        for text in f"value {number}.", f"of a {number}.":
            expect(sum(text in found.splitlines() for found in texts) == 1, f"{key!r}: {text!r} stands not in one file")
    outside = [row[0] for row in tree(home.home) if not row[0].startswith((f"{home.home}/deep", f"{home.spool}"))
               and not os.path.basename(row[0]).startswith(".")]
    expect(outside == [row[0] for row in before if not row[0].startswith(f"{home.spool}")
                       and not os.path.basename(row[0]).startswith(".")], f"made outside: {outside}")
    expect(sorted(os.listdir(home.home / "deep")) == ["er"] and os.listdir(deep) == ["out"], "made outside")
    expect(not list(home.home.rglob("pwned")), "it was carried out")


@case
def what_is_forgotten_is_no_file_any_more(home):
    home.keep("kettle", "violet\n")
    home.keep("gate", "shut\n")
    out = exported(home)
    expect(any("violet" in path.read_text() for path in files_in(out).values()), "it is not there before")
    home.memory("forget", "kettle")
    exported(home)
    for name, path in files_in(out).items():
        expect("violet" not in path.read_text() and "kettle" not in str(name), f"it stands in {name}")
    entries = json.loads((out / "index.json").read_text())["entries"]
    [entry] = [entry for entry in entries if entry["path"] not in ("facts.md", "ACTIVE")]
    expect((out / entry["path"]).read_text() == "shut\n", "what was not forgotten is another file")


@case
def a_file_that_is_not_of_an_export_is_left_alone(home):
    home.keep("kettle", "red\n")
    out = home.home / "out"
    out.mkdir()
    (out / "mine.md").write_text("mine\n")
    (out / "notes").mkdir()
    (out / "notes/too.md").write_text("mine too\n")
    done = home.run("memory", "export", "--files", out)
    expect(done.code in (0, 73), f"exit {done.code}: {done.err!r}")
    expect((out / "mine.md").read_text() == "mine\n" and (out / "notes/too.md").read_text() == "mine too\n", "it is gone")


@case
def links_in_the_directory_are_not_followed(home):
    home.keep("kettle", "red\n")
    out = exported(home)
    aunt = home.home / "aunt"
    aunt.write_text("a letter\n")
    for name, path in files_in(out).items():
        path.unlink()
        path.symlink_to(aunt)
    done = home.run("memory", "export", "--files", out)
    expect(done.code in (0, 73, 74, 77), f"exit {done.code}: {done.err!r}")
    expect(aunt.read_text() == "a letter\n", "it was written over")


@case
def a_directory_that_cannot_be_made_is_named(home):
    home.keep("kettle", "red\n")
    (home.home / "file").write_text("x")
    for path in home.home / "file", home.home / "file/out", "/proc/out":
        done = home.memory("export", "--files", path, code=(69, 73, 74, 77))
        expect(done.err.startswith(b"memory: ") and str(path).removesuffix("/out").encode() in done.err, f"{done.err!r}")


# ------------------------------------------------------------------ OpenClaw

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE files (path TEXT PRIMARY KEY, source TEXT NOT NULL DEFAULT 'memory', hash TEXT NOT NULL, mtime INTEGER NOT NULL,
  size INTEGER NOT NULL);
CREATE TABLE chunks (id TEXT PRIMARY KEY, path TEXT NOT NULL, source TEXT NOT NULL DEFAULT 'memory',
  start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, hash TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL,
  embedding TEXT NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE embedding_cache (provider TEXT NOT NULL, model TEXT NOT NULL, provider_key TEXT NOT NULL, hash TEXT NOT NULL,
  embedding TEXT NOT NULL, dims INTEGER, updated_at INTEGER NOT NULL, PRIMARY KEY (provider, model, provider_key, hash));
CREATE VIRTUAL TABLE chunks_fts USING fts5(text, id UNINDEXED, path UNINDEXED, source UNINDEXED, model UNINDEXED,
  start_line UNINDEXED, end_line UNINDEXED);
"""
UPDATED = 1_772_355_600_000


def openclaw(path, texts, schema=SCHEMA):
    """~/.openclaw/memory/AGENT.sqlite, as that program makes it."""
    connection = sqlite3.connect(path)
    connection.executescript(schema)
    for number, text in enumerate(texts):
        row = (f"chunk{number}", f"memory/2026-03-{number % 28 + 1:02}.md", "memory", 1 + 10 * number, 10 + 10 * number,
               sha256(text.encode()), "nomic-embed-text", text, "[0.1,0.2]", UPDATED + number)
        connection.execute("INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?,?,?)", row)
        connection.execute("INSERT INTO chunks_fts VALUES (?,?,?,?,?,?,?)", (text, *row[:3], row[6], *row[3:5]))
    connection.commit()
    connection.close()
    return path


def notes(home):
    return home.facts("note")


@case
def each_chunk_of_openclaw_is_a_note_with_its_source_and_the_second_time_brings_nothing(home):
    home.agent("main")
    texts = [f"# Kettle {number}\n\nThe kettle{number} is red. Größe 5 €.\n" for number in range(30)]
    file = openclaw(home.home / "main.sqlite", texts)
    before = file.read_bytes()
    home.memory("import", f"openclaw:{file}")
    found = notes(home)
    expect(sorted(note["text"].strip() for note in found) == sorted(text.strip() for text in texts), f"{found[:3]}")
    for note in found:
        [source] = note["sources"]
        expect("memory/2026-03-" in json.dumps(source) or str(file) in json.dumps(source), f"its source: {source}")
    expect(b"kettle17" in home.memory("search", "kettle17").out, "it is not found")
    first = home.dump()
    for _ in range(2):
        home.memory("import", f"openclaw:{file}")
    expect(home.dump() == first, "the second time brings something")
    expect(file.read_bytes() == before and not list(home.home.glob("main.sqlite-*")), "their file was touched")
    openclaw(home.home / "more.sqlite", [*texts, "The lid is blue.\n"])
    (home.home / "more.sqlite").rename(file)
    home.memory("import", f"openclaw:{file}")
    expect(len(notes(home)) == 31, f"{len(notes(home))} notes")


@case
def what_was_imported_stays_by_a_rebuild_and_is_forgotten_for_good(home):
    file = openclaw(home.home / "main.sqlite", ["The kettle1 is red.\n", "The kettle2 is blue.\n"])
    home.memory("import", f"openclaw:{file}")
    home.harvest("--rebuild", "-q", sources=[f"claude:{home.source()}"])
    expect(len(notes(home)) == 2, "a rebuild has taken it")
    [id] = [note["id"] for note in notes(home) if "kettle1" in note["text"]]
    home.memory("forget", id)
    home.memory("import", f"openclaw:{file}")
    expect([note["text"].strip() for note in notes(home)] == ["The kettle2 is blue."], f"{notes(home)}")
    home.holds_nothing_of("kettle1")


@case
def a_database_that_openclaw_has_open_is_read(home):
    """With its last chunks in the log."""
    file = home.home / "main.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    openclaw(file, ["The kettle1 is red.\n"])
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN")
    connection.execute("UPDATE chunks SET text = 'The kettle1 is green.'")
    connection.execute("COMMIT")
    connection.execute("BEGIN IMMEDIATE")
    home.memory("import", f"openclaw:{file}")
    connection.execute("COMMIT")
    connection.close()
    expect([note["text"].strip() for note in notes(home)] == ["The kettle1 is green."], f"{notes(home)}")


def is_none(make, code=(65, 69, 74, 78)):
    def check(home):
        path = home.home / "main.sqlite"
        make(path)
        home.keep("kettle", "red\n")
        before = home.dump()
        done = failed(home.memory("import", f"openclaw:{path}", code=code), code, "main.sqlite", tool="memory")
        expect(b"SQLite error" not in done.err, f"it says {done.err!r}")
        expect(home.dump() == before, "something came of it")

    return check


def with_tables(text):
    def make(path):
        connection = sqlite3.connect(path)
        connection.executescript(text)
        connection.close()

    return make


for words, make in {"is_missing": lambda path: None, "is_a_letter": lambda path: path.write_text("Dear aunt,\n" * 900),
                    "is_empty": lambda path: path.touch(), "is_a_directory": lambda path: path.mkdir(),
                    "has_other_tables": with_tables("CREATE TABLE letters (text);"),
                    "has_other_columns": with_tables("CREATE TABLE chunks (id, words);"),
                    "is_torn": lambda path: path.write_bytes(openclaw(path, ["x" * 100_000]).read_bytes()[:30_000])}.items():
    register(f"a_memory_of_openclaw_that_{words}_is_named_and_nothing_comes_of_it", is_none(make))


@case
def what_is_imported_from_where_it_is_unknown_is_refused(home):
    for words in [], ["openclaw"], ["openclaw:"], ["hermes:/x"], ["/x"]:
        home.memory("import", *words, code=(64, 65, 69))
