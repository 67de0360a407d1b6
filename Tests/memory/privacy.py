"""Secrets do not come in; what is forgotten is in no byte of any file, and stays so; and what is private is nobody else's.

The secrets are made of pieces, so that nobody who looks for secrets finds one here."""
import base64
import json
import random
import re
import stat
import string

from case import Broken, expect, sha256
from exports import openclaw
from home import case, failed
from sending import is_on_a_command_line, register
from transcripts import WRITERS, Claude, correction

DICE = random.Random(11)


def letters(count, of=string.ascii_letters + string.digits):
    return "".join(DICE.choice(of) for _ in range(count))


def base(data):
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


SECRETS = {
    "of_anthropic": "sk-" + "ant-api03-" + letters(93) + "AA",
    "of_openai": "sk-" + "proj-" + letters(48),
    "of_github": "gh" + "p_" + letters(36),
    "of_github_with_fine_rights": "github" + "_pat_" + letters(22) + "_" + letters(59),
    "of_gitlab": "gl" + "pat-" + letters(20),
    "of_aws": "AK" + "IA" + letters(16, string.ascii_uppercase + "234567"),
    "of_slack": "xo" + "xb-" + letters(12, string.digits) + "-" + letters(12, string.digits) + "-" + letters(24),
    "of_google": "AI" + "za" + letters(35),
    "of_stripe": "sk" + "_live_" + letters(24),
    "of_notion": "nt" + "n_" + letters(46),
    "of_telegram": letters(10, "123456789") + ":" + "AA" + letters(33),
    "that_is_a_signed_token": ".".join((base({"alg": "HS256", "typ": "JWT"}), base({"sub": "1234567890"}), letters(43))),
}
PRIVATE_KEY = "-----BEGIN " + "OPENSSH PRIVATE KEY-----\n" + "\n".join(letters(70) for _ in range(6)) + "\n-----END " \
    + "OPENSSH PRIVATE KEY-----\n"
SECRETS["that_is_a_private_key"] = PRIVATE_KEY


def marks(secret):
    """What of it must stand nowhere: of a private key, its lines."""
    return secret.splitlines()[1:-1] if "\n" in secret else [secret]


def is_hidden(home, secret, *said):
    for mark in marks(secret):
        home.holds_nothing_of(mark)
        for bytes in said:
            expect(mark.encode() not in bytes, "it is said")


def by_put(secret):
    def check(home):
        for text in secret, f"The key is {secret} and the door is blue.\n", json.dumps({"key": secret}) + "\n":
            done = failed(home.memory("put", "k", stdin=text, code=65), 65, tool="memory")
            is_hidden(home, secret, done.err, done.out)
            done = home.memory("put", "--batch", stdin=json.dumps({"key": "k", "value": text}) + "\n", code=(1, 65))
            is_hidden(home, secret, done.err, done.out)
        expect(home.got("k") is None, "it was written")

    return check


def by_harvest(secret):
    def check(home):
        for format, writer in WRITERS.items():
            source = home.source(format)
            text = f"No, that's wrong: use kettle7 with {secret} instead of teapot7."
            writer().user("Boil water.").assistant("I take the teapot.").user(text).to(source / "1.jsonl")
        done = home.harvest("-v")
        is_hidden(home, secret, done.err, done.out, home.dump(), home.memory("search", code=(0, 1)).out)
        found = home.texts("correction")
        expect(found and any("kettle7" in text for text in found), f"the correction is gone with it: {found}")
        for format in WRITERS:
            done = home.run("harvest", "--explain", f"{format}:{home.home}/{format}-sessions/1.jsonl")
            is_hidden(home, secret, done.err, done.out)

    return check


def by_import(secret):
    def check(home):
        done = home.memory("import", f"openclaw:{openclaw(home.home / 'main.sqlite', [f'The kettle7 has {secret} in it.'])}")
        is_hidden(home, secret, done.err, done.out, home.dump())
        [note] = home.facts("note")
        expect("The kettle7 has" in note["text"], f"all of it is gone: {note}")

    return check


def in_a_key(secret):
    def check(home):
        done = home.memory("put", "--", f"kettle/{secret}"[:200], stdin="red\n", code=65)
        is_hidden(home, secret[:193], done.out, done.err)
        expect(not home.versions(), "it was written")

    return check


for words, secret in SECRETS.items():
    register(f"a_secret_{words}_is_not_put", by_put(secret))
    register(f"a_secret_{words}_is_left_out_of_what_is_harvested", by_harvest(secret))
    register(f"a_secret_{words}_is_left_out_of_what_is_imported", by_import(secret))
    if "\n" not in secret:
        register(f"a_secret_{words}_is_no_key", in_a_key(secret))


@case
def what_only_looks_a_little_like_a_secret_is_put(home):
    """Hashes, IDs, dates, paths, prose about keys."""
    for number, text in enumerate((
            "sk-", "ghp_", "The token is in secrets/telegram.token.\n", "commit " + sha256(b"x")[:40], sha256(b"y"),
            "20260101T000000.000001Z-000001-a-slug", "/home/ann/kiln/Sources/Memory/MemoryStore+Context.swift",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479", "Never commit an API key.\n", "AKIA is how they begin.",
            "task-force-and-risk-management",
            "-----BEGIN CERTIFICATE-----\n" + "\n".join(letters(64) for _ in range(5)) + "\n-----END CERTIFICATE-----\n",
            "https://example.org/a/very/long/path?with=parameters&and=more", "password: see the safe",
            "1234567890:30 in the morning")):
        home.keep(f"k{number}", text)


# ------------------------------------------------------------------ forgotten

WORDS = "quokkavelvet", "zephyrmarmalade", "umbrakumquat"


def traces(home):
    """Of several versions, in several values, in an index, in a log: and what stays beside them."""
    home.agent("a", "b")
    for number in range(3):
        for word in WORDS:
            home.keep("plans/secret", f"The {word} {number} is behind the door. {'tea ' * 40 * number}\n", by="a")
    home.keep("plans/long", f"{WORDS[0]} {'x' * 30_000} {WORDS[1]}\n")  # several pages
    home.keep("other", "The kettle stays.\n")
    home.holds(*WORDS)


def is_forgotten(home, key="plans/secret"):
    for words in ["history", "--json", key], ["history", key], ["export"], ["search", "The"], ["conflicts", "--all"], \
            ["context", "--agent", "a", "--for", "plans secret door", "--tokens", "5000"]:
        done = home.memory(*words, code=(0, 1))
        for word in WORDS:
            expect(word not in (done.out + done.err).decode().lower(), f"memory {words[0]} still tells it")
    for word in WORDS:
        expect(home.memory("search", word, code=1).out == b"", "it is found")
    home.memory("get", key, code=1)
    home.memory("get", key, "--version", "1", code=1)
    home.holds_nothing_of(*WORDS)
    expect(home.value("other") == "The kettle stays.\n", "more than that is gone")


@case
def a_key_that_is_forgotten_is_in_no_byte_and_a_mark_says_who_and_when(home):
    traces(home)
    home.memory("forget", "plans/long")
    home.memory("forget", "plans/secret", "--agent", "b")
    is_forgotten(home)
    rows = home.history("plans/secret")
    expect(rows and {row["state"] for row in rows} == {"forgotten"}, f"{rows}")
    text = home.memory("history", "plans/secret").out.decode()
    expect("forgotten" in text and "b" in text and "20" in text, f"not who and when: {text!r}")
    raw = home.memory("history", "--json", "plans/secret").out.decode()
    expect('"b"' in raw, f"--json does not tell who: {raw}")


@case
def a_key_that_was_forgotten_may_be_put_again_and_its_numbers_go_on(home):
    traces(home)
    home.memory("forget", "plans/long")
    before = home.history("plans/secret")[-1]["version"]
    home.memory("forget", "plans/secret")
    number = home.keep("plans/secret", "Nothing there.\n")
    expect(number > before, f"version {number} again")
    expect(home.value("plans/secret") == "Nothing there.\n", "another value")
    home.holds_nothing_of(*WORDS)


@case
def what_is_not_there_is_not_forgotten(home):
    home.keep("k", "red\n")
    for what in "nothing", "f" * 64, "k/":
        home.memory("forget", what, code=1)
    home.memory("forget", "--containing", "blue", code=1)
    home.memory("forget", code=64)
    expect(home.value("k") == "red\n", "another was forgotten")


@case
def with_a_text_only_the_versions_that_have_it_are_forgotten(home):
    home.keep("k", f"The {WORDS[0]} is red.\n")
    home.keep("k", "The kettle is blue.\n")
    home.memory("forget", "--containing", WORDS[0])
    home.holds_nothing_of(WORDS[0])
    expect(home.value("k") == "The kettle is blue.\n", "the other one is gone")
    states = [row["state"] for row in home.history("k")]
    expect(states == ["forgotten", "current"], f"{states}")


@case
def of_a_conflict_both_values_are_forgotten(home):
    home.agent("a", "b")
    home.policies("k union\n")
    home.keep("k", f"{WORDS[0]}\n", by="a")
    home.keep("k", f"{WORDS[1]}\n", by="b")
    home.memory("forget", "k")
    home.holds_nothing_of(WORDS[0], WORDS[1])


def corrected(seed, path):
    Claude(seed=seed).user("Boil water.").assistant("I take the teapot.").user(
        f"No, that's wrong: use the {WORDS[0]} instead of the teapot.").to(path)


def harvested(home):
    source = home.source(agent="a")
    for name in "1", "2":  # one fact, two sources
        corrected(1, source / f"{name}.jsonl")
    Claude(seed=3).user("Boil water.").assistant("I take it.").user(correction(3)).to(source / "3.jsonl")
    home.harvest("-q")
    home.holds(WORDS[0])
    return [fact["id"] for fact in home.facts() if WORDS[0] in fact["text"]]  # a correction may be a decision, too


@case
def a_fact_that_is_forgotten_is_in_no_byte_and_no_harvest_brings_it_back(home):
    home.agent("a")
    for id in harvested(home):
        home.memory("forget", id, code=(0, 1))  # the same words of another kind go with the first
    for again in ["--rebuild", "-q"], ["-q"], ["--rebuild", "-q"]:
        home.holds_nothing_of(WORDS[0])
        expect(home.memory("search", WORDS[0], code=1).out == b"", "it is found")
        expect(WORDS[0].encode() not in home.dump(), "it is in the dump")
        home.harvest(*again)
    home.holds_nothing_of(WORDS[0])
    # The same words in another file, said again: the same fact.
    corrected(9, home.home / "claude-sessions/9.jsonl")
    home.harvest("-q")
    expect(len(home.texts("correction")) == 1, f"{home.texts('correction')}")


@case
def a_fact_is_forgotten_by_the_beginning_of_its_id(home):
    home.agent("a")
    for id in harvested(home):
        # The same words of another kind go with the first.
        home.memory("forget", id[:8], code=(0, 1))
    home.holds_nothing_of(WORDS[0])


@case
def what_is_forgotten_stays_so_under_another_agent_s_name_and_another_kind(home):
    """The directory may be another agent's by now, and a rule may have another name."""
    home.agent("a", "b")
    first, *_ = harvested(home)
    home.memory("forget", first)
    home.run("harvest", "--source", f"claude:{home.home}/claude-sessions@b", "--rebuild", "-q")
    home.holds_nothing_of(WORDS[0])


@case
def a_fact_that_holds_a_text_is_forgotten_by_it(home):
    """Without a name: all that has it."""
    home.agent("a")
    ids = harvested(home)
    home.keep("k", f"The {WORDS[0]}.\n")
    home.keep("other", "The kettle.\n")
    said = home.memory("forget", "--containing", WORDS[0]).out.decode()
    expect(all(id in said for id in ids) and "k" in said and WORDS[0] not in said, f"it says {said!r}")
    home.holds_nothing_of(WORDS[0])
    expect(len(home.texts("correction")) == 1, f"{home.texts('correction')}")


@case
def while_another_reads_it_is_forgotten_all_the_same_or_it_is_said_that_it_is_not(home):
    """Who has the old pages open keeps them in the log."""
    traces(home)
    home.memory("forget", "plans/long")
    with home.foreign("BEGIN", "SELECT count(*) FROM sqlite_master"):
        done = home.memory("forget", "--timeout", "2s", "plans/secret", code=(0, 75))
        if done.code == 0:
            home.holds_nothing_of(*WORDS)
        else:
            failed(done, 75, tool="memory")
    home.memory("forget", "plans/secret", code=(0, 1) if done.code == 0 else 0)
    is_forgotten(home)


@case
def a_forget_that_is_killed_anywhere_is_finished_by_the_next(home):
    """At 30 of its system calls."""
    trace = home.home / "trace"
    calls = "trace=pwrite64,fdatasync,fsync,ftruncate,fcntl,unlink,flock"
    strace = ["strace", "-f", "-o", trace, "-qq", "-e", calls, "-e", "signal=none"]
    home.agent("a", "b")
    home.keep("other", "The kettle stays.\n")

    def fill(number):
        for word in WORDS:
            home.keep(f"plans/{number}", f"The {word} is behind the door. {'tea ' * 900}\n", by="a")

    fill("count")
    home.run(*strace, "memory", "forget", "plans/count")
    seen, points = {}, []
    for call in re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M):
        seen[call] = seen.get(call, 0) + 1
        points.append((call, seen[call]))
    expect(len(points) > 10, f"it is not traced: {points}")
    killed = 0
    for number, (call, time) in enumerate(points[::max(1, len(points) // 30)]):
        fill(number)
        done = home.run(*strace, "-e", f"inject={call}:signal=SIGKILL:when={time}", "memory", "forget", f"plans/{number}")
        killed += done.code in (-9, 137)
        home.memory("forget", f"plans/{number}", code=(0, 1))
        home.holds_nothing_of(*WORDS)
        home.memory("get", f"plans/{number}", code=1)
    home.remark(f"{killed} kills")
    expect(killed > 10, f"only {killed} were killed")
    expect(home.value("other") == "The kettle stays.\n", "more than that is gone")


@case
def what_a_killed_rebuild_has_left_is_forgotten_with_it(home):
    """The database that it was making has the fact, too."""
    home.agent("a")
    ids = harvested(home)
    anew = home.spool / "memory/rebuild.db"

    trace = home.home / "trace"
    strace = "strace", "-f", "-o", trace, "-qq", "-e", "trace=pwrite64", "-e", "signal=none"
    home.run(*strace, *home.command("--rebuild", "-q"))
    last = trace.read_text().count("pwrite64(")
    # With its last writes it takes over what it has made.
    for number in range(last, 0, -1):
        home.run(*strace, "-e", f"inject=pwrite64:signal=SIGKILL:when={number}", *home.command("--rebuild", "-q"))
        if any(WORDS[0].encode() in path.read_bytes() for path in anew.parent.glob("rebuild.db*")):
            break
    else:
        raise Broken(f"killed at none of {last} writes it has left anything")
    for id in ids:
        home.memory("forget", id, code=(0, 1))  # the same words of another kind go with the first
    home.holds_nothing_of(WORDS[0])
    home.harvest("--rebuild", "-q")
    home.holds_nothing_of(WORDS[0])


# ------------------------------------------------------------------ whose eyes

@case
def with_any_umask_all_that_is_made_is_its_owner_s_alone(home):
    source = home.source()
    Claude().user("Boil water.").assistant("I take it.").user(correction(3)).to(source / "1.jsonl")
    home.good("sh", "-c", f"umask 000; echo red | memory put k && memory get k && harvest --source claude:{source} "
              "&& memory forget k && memory export --files out && echo blue | memory put --scope agent:x k")
    found = [home.spool / "memory", *(home.spool / "memory").rglob("*"), home.home / "out", *(home.home / "out").rglob("*")]
    expect(len(found) > 6, f"{found}")
    for path in found:
        mode = stat.S_IMODE(path.stat().st_mode)
        expect(mode == (0o700 if path.is_dir() else 0o600), f"{path.relative_to(home.home)} has mode {mode:o}")
    # While the database is open, its log is there too.
    reader = home.client("reader", "get", "--batch")
    reader.get("k")
    home.keep("k", "green\n")
    for path in (home.spool / "memory").glob("memory.db*"):
        expect(stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path.name} has mode {stat.S_IMODE(path.stat().st_mode):o}")
    reader.ends()


@case
def a_value_stands_on_no_command_line_and_in_no_journal(home):
    home.agent("a", "b")
    home.keep("k", "red\n")
    words = f"The {WORDS[0]} is behind the door."
    with home.foreign("BEGIN IMMEDIATE"):
        command = home.start("memory", "put", "k", stdin=words.encode())
        expect(command.process.poll() is None and not is_on_a_command_line(WORDS[0]), "ps shows it")
    done = command.end()
    expect(done.code == 0 and WORDS[0].encode() not in done.out + done.err, "it is said")
    done = home.memory("put", "-v", "k", stdin=words)
    expect(WORDS[0].encode() not in done.out + done.err, "it is said with -v")
    home.memory("search", WORDS[0])
    home.memory("forget", "k")
    for path in home.spool.rglob("*"):
        if path.is_file():
            expect(WORDS[0].encode() not in path.read_bytes(), f"it stands in {path.relative_to(home.spool)}")


@case
def what_is_asked_about_a_secret_place_is_not_told_to_others_by_the_mark(home):
    """The mark of what was forgotten has the key, and nothing of the value, not even its length or a hash of it."""
    home.keep("k", f"The {WORDS[0]} is behind the door.\n")
    home.memory("forget", "k")
    told = home.memory("history", "--json", "k").out.decode() + home.dump().decode()
    value = f"The {WORDS[0]} is behind the door.\n"
    for mark in sha256(value.encode()), sha256(value.strip().encode()):
        expect(mark not in told, "a hash of it")
        home.holds_nothing_of(mark)
