"""A user's own rules, and --explain, which shows what rules find and writes nothing."""
import json
import shutil

from case import expect
from harvesting import tree
from home import case, failed
from transcripts import Claude, Codex, Pi, chat, correction, decision

HABIT = "boiling: habit from user\n^ kindly boil\n"
# The line that must be named.
WRONG = {"no head\nwords\n": 1, "a: habit from user\n": 1, "\n\n# mine\na: habit from nobody\n^ kindly boil\n": 4,
         "a: habit from user\n^ kindly [boil\n": 2, "a: habit from user\n^ {nothing} boil\n": 2, "off nothing\n": 1,
         HABIT + "\n" + HABIT: 4, HABIT + "\n{list = a/b\n": 4, "ignore everything\n": 1}


def rules(home, text, name="my.rules"):
    path = home.spool / "memory/rules" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.parent.chmod(0o700)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def session(home):
    writer = Claude().user(correction(1)).user("Kindly boil the water twice.").user(decision(2)).assistant("Kindly boil.")
    return writer.to(home.source() / "a.jsonl")


@case
def a_kind_of_one_s_own(home):
    session(home)
    rules(home, HABIT)
    row = home.report().rows[0]
    expect(row.facts["habit"] == 1, f"facts: {row.facts}")
    expect(home.texts("habit") == ["Kindly boil the water twice."], f"{home.texts('habit')}")
    home.has("kettle1", "samovar2")
    expect(home.good("memory", "search", "water", "--kind", "habit").out, "not found by its kind")


@case
def a_rule_that_is_wrong_is_named_by_file_and_line_and_nothing_is_read(home):
    """Read with other rules than one thinks, it would never be read again."""
    session(home)
    for text, line in WRONG.items():
        path = rules(home, text)
        failed(home.harvest(code=78), 78, f"{path}:{line}", tool="harvest")
    failed(home.run("harvest", "--explain", f"claude:{home.home}/claude-sessions/a.jsonl"), 78, f"{path}:", tool="harvest")
    expect(home.run(*home.command("--watch")).code == 78, "it watches")
    rules(home, HABIT)
    home.harvest()
    expect(home.texts("habit") == ["Kindly boil the water twice."], "something had been read before")
    home.has("kettle1", "samovar2")


@case
def rules_of_any_bytes_are_refused_or_read(home):
    session(home)
    for text in b"", b"\n\n\n", b"# nothing\n", HABIT.replace("\n", "\r\n").encode():
        rules(home, text)
        home.harvest("--rebuild")
        home.has("kettle1", "samovar2")
    for text in b"\xff\xfe", b"a\0b\n", b"x" * 100_000, b"[" * 50_000 + b"\n", home.dice.randbytes(5000):
        path = rules(home, text)
        failed(home.harvest(code=78), 78, str(path), tool="harvest")
    rules(home, b"a: habit from user\n" + b"^ " + b"[x / " * 3000 + b"y" + b"]" * 3000 + b"\n")
    expect(home.run(*home.command()).code in (0, 78), "neither read nor refused")


@case
def what_is_called_otherwise_is_no_rule_file(home):
    session(home)
    for name in "my.rules~", ".my.rules.swp", "README", "my.rules.bak":
        rules(home, "nonsense\n", name)
    home.harvest()
    home.has("kettle1", "samovar2")


@case
def new_rules_hold_for_what_comes_and_after_a_rebuild_for_all(home):
    path = session(home)
    home.harvest()
    rules(home, HABIT)
    home.harvest()
    path.write_bytes(path.read_bytes() + Claude(seed=2).user("Kindly boil the milk once.").bytes)
    home.harvest()
    expect("Kindly boil the milk once." in home.texts("habit"), "not by the new rules")
    home.harvest("--rebuild")
    expect(home.texts("habit") == ["Kindly boil the milk once.", "Kindly boil the water twice."], f"{home.texts('habit')}")
    before = home.dump()
    shutil.copytree(home.spool / "memory/rules", home.home / "afresh1/memory/rules")
    (home.home / "afresh1/memory").chmod(0o700)
    report, dump = home.at_once()
    expect(dump == before and report.total.facts["habit"] == 2, "not as with these rules from the beginning")


@case
def a_rule_that_came_with_it_is_switched_off(home):
    path = session(home)
    named = [line.split("\t") for line in home.good("harvest", "--explain", f"claude:{path}").out.decode().splitlines()]
    [name] = [words[3] for words in named if "kettle1" in words[4]]
    rules(home, f"off {name}\n")
    home.harvest()
    home.has("samovar2")


# ------------------------------------------------------------------ --explain

@case
def explain_shows_each_finding_and_writes_nothing(home):
    writers = {"claude": Claude(), "pi": Pi(), "codex": Codex()}
    for format, writer in writers.items():
        writer.user(chat(1)).user(correction(1)).assistant("I see.").user(decision(2))
        path = writer.to(home.home / format / "a.jsonl")
        before = [row for row in tree(home.home) if "/." not in row[0]]
        out = home.good("harvest", "--explain", f"{format}:{path}").out.decode()
        found = [line.split("\t") for line in out.splitlines()]
        lines = {words[2]: int(words[0]) for words in found if words[2] in ("correction", "decision")}
        for kind, word in ("correction", b"kettle1"), ("decision", b"samovar2"):
            expect(kind in lines and word in writer.lines[lines[kind] - 1], f"{format}: another line: {found}")
        expect(all(len(words) == 5 and words[1] in ("user", "assistant", "session") for words in found), f"{found}")
        out = home.good("harvest", "--explain", f"{format}:{path}", "--json").out
        objects = [json.loads(line) for line in out.splitlines()]
        told = [[str(row["line"]), row["role"], row["kind"], row["rule"]] for row in objects]
        expect(told == [words[:4] for words in found], f"as JSON: {told}")
        after = [row for row in tree(home.home) if "/." not in row[0]]
        expect(after == before, "something was written")


@case
def explain_finds_what_a_harvest_finds(home):
    path = session(home)
    rules(home, HABIT)
    objects = [json.loads(line) for line in home.good("harvest", "--explain", f"claude:{path}", "--json").out.splitlines()]
    home.harvest()
    found = sorted((fact["kind"], fact["text"]) for fact in home.facts("correction", "decision", "habit"))
    told = sorted({(row["kind"], row["text"]) for row in objects if row["kind"] != "project"})
    expect(found == told, f"harvested {found}, explained {told}")


@case
def explain_of_what_is_not_there_is_said(home):
    failed(home.run("harvest", "--explain", f"claude:{home.home}/nowhere.jsonl"), (69, 74), "nowhere.jsonl", tool="harvest")
