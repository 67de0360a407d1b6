"""Keys: what is put comes back, each version has its number and its author, and who was not asked does not write."""
import json
import os

from case import expect
from home import case, failed
from sending import register

MOST = 1 << 20
VALUES = {
    "a_line": b"red\n", "a_text_without_a_newline": b"red", "many_newlines": b"\n\nred\n\n\n",
    "windows_lines": b"red\r\nblue\r\n", "another_script": "Größe 5 €, 好, 🫖\n".encode(),
    "a_byte_order_mark": b"\xef\xbb\xbfred\n", "combining_marks": "e\u0301 is not \u00e9\n".encode(),
    "control_characters": b"\x1b[31mred\x1b[0m\x07\x7f\n", "json": b'{"key":"x","value":"\\u0000"}\n',
    "what_looks_like_sql": b"'); DROP TABLE versions; --\n", "what_looks_like_a_token": b"<!-- memory: abc -->\n",
    "a_mebibyte": b"0123456789abcde\n" * (MOST // 16), "a_mebibyte_in_one_line": "é".encode() * (MOST // 2),
}


def comes_back(value):
    def check(home):
        expect(home.keep("k", value) == 1, "not the first version")
        wanted = value if value.endswith(b"\n") else value + b"\n"
        got = home.memory("get", "k").out
        expect(got == wanted, f"{len(got)} bytes come back, not {len(wanted)}: {got[:100]!r}")
        expect(home.value("k").encode() == value, "--json has another value")
        expect(home.values("k") == [value.decode()], "history has another value")
        [(_, rows)] = home.versions().items()
        expect(rows == [(1, value.decode())], "the dump has another value")

    return check


for words, value in VALUES.items():
    register(f"a_value_of_{words}_comes_back_as_it_was_put", comes_back(value))

REFUSED = {"nothing": b"", "blanks_alone": b"  \t ", "newlines_alone": b"\n\n", "a_nul": b"red\0blue\n",
           "a_byte_more_than_a_mebibyte": b"x" * (MOST + 1), "ten_mebibytes": b"x" * (10 * MOST),
           "what_is_no_utf8": b"red \xff\n", "half_a_character": "red é".encode()[:-1], "half_a_surrogate": b"\xed\xa0\x80"}


def is_refused(value):
    def check(home):
        home.keep("k", b"red\n")
        failed(home.memory("put", "k", stdin=value, code=65), 65, "k", tool="memory")
        failed(home.memory("put", "l", stdin=value, code=65), 65, tool="memory")
        expect(home.values("k") == ["red\n"] and home.got("l") is None, "something was written")

    return check


for words, value in REFUSED.items():
    register(f"a_value_of_{words}_is_refused", is_refused(value))


# ------------------------------------------------------------------ versions

@case
def versions_are_counted_from_1_and_all_of_them_stay(home):
    values = [f"value {number}\n" for number in range(1, 31)]
    for number, value in enumerate(values, 1):
        expect(home.keep("k", value) == number, f"not version {number}")
        home.keep("other", value)
    expect(home.values("k") == values, f"{home.values('k')}")
    for number, value in enumerate(values, 1):
        expect(home.memory("get", "k", "--version", number).out.decode() == value, f"another version {number}")
    home.is_current("k", 30, values[-1])
    rows = home.history("k")
    expect([row["version"] for row in rows] == list(range(1, 31)), "not newest last")
    expect([row["at"] for row in rows] == sorted(row["at"] for row in rows), "the times")
    expect({row["state"] for row in rows[:-1]} == {"kept"} and rows[-1]["state"] == "current", "the states")


@case
def a_value_that_is_put_again_is_another_version(home):
    expect([home.keep("k", "red\n") for _ in range(3)] == [1, 2, 3], "not three versions")


@case
def what_is_not_there_is_not_found(home):
    for words in ["get", "k"], ["get", "--json", "k"], ["get", "--version", "1", "k"], ["history", "k"]:
        done = home.memory(*words, code=1)
        expect(not done.out, f"{words}: it prints {done.out!r}")
    home.keep("k", "red\n")
    for number in 2, 99:
        home.memory("get", "--version", number, "k", code=1)
    home.memory("get", "K", code=1)
    home.memory("get", "k/", code=1)
    for number in "0", "-1", "one", "":
        home.memory("get", f"--version={number}", "k", code=(1, 64))
    home.memory("get", code=64)


@case
def history_shows_who_wrote_when_and_what_was_seen(home):
    home.agent("a", "b")
    home.keep("k", "red\nand more\n", by="a")
    home.got("k", by="b")
    home.keep("k", "blue\n", by="b")
    home.keep("k", "green\n")
    first, second, third = home.history("k")
    expect([row["author"] for row in (first, second, third)] == ["a", "b", "me"], "the authors")
    expect(second["saw"] == 1 and not first["saw"], f"what was seen: {first}, {second}")
    rows = home.memory("history", "k").out.decode().splitlines()
    expect(len([row for row in rows if "read by" not in row]) >= 3, f"{rows}")
    expect("red" in rows[1] and "and more" not in "".join(rows), f"not its first line: {rows}")
    readers = home.readers("k")
    expect([reader["version"] for reader in readers if reader["agent"] == "b"] == [2], f"{readers}")
    expect(b"read by b: version 2" in home.memory("history", "k").out, "who read it is not told")


@case
def control_characters_of_a_value_do_not_reach_a_terminal_by_the_history(home):
    home.keep("k", b"\x1b]0;pwned\x07\x1b[2Jred\n")
    for words in ["history", "k"], ["search", "red"], ["conflicts", "--all"]:
        done = home.memory(*words, code=(0, 1))
        expect(b"\x1b" not in done.out + done.err and b"\x07" not in done.out + done.err, f"{words}: {done.out!r}")


@case
def quiet_says_nothing_and_the_number_is_all_else(home):
    expect(home.memory("put", "-q", "k", stdin="red\n").out == b"", "it speaks")
    done = home.memory("put", "k", stdin="blue\n")
    expect(done.out == b"2\n" and not done.err, f"it says {done.out!r}, {done.err!r}")


# ------------------------------------------------------------------ odd keys

ODD = ["a/b/c", "with blanks", "it's \"quoted\"", "../x", "/etc/passwd", ".", "..", "-leading", "--", "--json",
       "$(touch pwned)", "`touch pwned`", "%s%n", "a*b?", "k" * 200, "é" * 100, "好", "e\u0301", "\u00e9", "*", "NULL", "1",
       "index.json", "ACTIVE", "a\\b",
       "A", "a", "k;drop", "'", "key:with:colons", "#"]


@case
def odd_keys_are_keys_like_others(home):
    for number, key in enumerate(ODD):
        expect(home.keep(key, f"value {number}\n") == 1, f"{key!r} is not new")
    for number, key in enumerate(ODD):
        expect(home.value(key) == f"value {number}\n", f"{key!r} has another's value")
        [row] = home.history(key)
        expect(row["key"] == key, f"{key!r} is called {row['key']!r}")
    expect({key for _, key in home.versions()} == set(ODD), "other keys")
    expect(not list(home.home.rglob("pwned")), "it was carried out")


@case
def keys_that_cannot_be_are_refused(home):
    for key in "k" * 201, "é" * 101, "a\nb", "\n", "", " ", "k ", " k", "a\tb", "\x1b[2J", os.fsdecode(b"k\xff"):
        done = home.keep(key, "red\n", code=(64, 65))
        failed(done, (64, 65))
        expect(done.err.startswith(b"memory: "), f"{key!r}: {done.err!r}")
    expect(not home.versions(), "one was written")


# ------------------------------------------------------------------ if it is still that version

@case
def a_put_that_has_seen_the_version_is_made(home):
    expect(home.keep("k", "red\n", "--if-version", "0") == 1, "not new")
    expect(home.keep("k", "blue\n", "--if-version", "1") == 2, "not the second")
    expect(home.values("k") == ["red\n", "blue\n"], f"{home.values('k')}")


@case
def a_put_that_has_seen_another_version_is_not_made_and_both_are_shown(home):
    home.agent("a", "b")
    home.keep("k", "red\n", by="a")
    home.keep("k", "blue\n", by="a")
    for number in "0", "1", "3", "99":
        done = home.keep("k", "green\n", "--if-version", number, by="b", code=1)
        said = done.err.decode()
        expect("blue" in said and "green" in said and "2" in said and " a" in said, f"not both versions: {said!r}")
        expect(not done.out, f"it prints {done.out!r}")
    expect(home.values("k") == ["red\n", "blue\n"], f"{home.values('k')}")
    home.keep("new", "red\n", "--if-version", "1", code=1)
    expect(home.got("new") is None, "it was made")
    for number in "-1", "x", "":
        home.memory("put", "k", f"--if-version={number}", stdin="green\n", code=64)


# ------------------------------------------------------------------ scopes

@case
def each_scope_has_keys_of_its_own(home):
    home.agent("a", "b")
    for scope in "shared", "agent:a", "agent:b":
        expect(home.keep("k", f"of {scope}\n", "--scope", scope) == 1, "not new")
    for scope in "shared", "agent:a", "agent:b":
        expect(home.value("k", "--scope", scope) == f"of {scope}\n", f"another value in {scope}")
        expect(home.values("k", "--scope", scope) == [f"of {scope}\n"], f"another history in {scope}")
    expect(home.value("k") == "of shared\n", "shared is not the default")
    expect(home.value("k", by="a") == "of shared\n", "an agent's default is not shared")
    for scope in "nowhere", "agent:", "agent", "Shared", "":
        home.memory("put", "--scope", scope, "k", stdin="x\n", code=(64, 65, 69))
    home.memory("put", "--scope", "agent:nobody", "k", stdin="x\n", code=(0, 69))


READ, WRITE = ["get", "k"], ["put", "k"]


def rights(home, agent):
    """Of each scope: whether it may read, whether it may write."""
    found = {}
    for scope in "shared", "agent:a", "agent:b":
        codes = [home.memory(*words, "--scope", scope, "--agent", agent, stdin="x\n", code=(0, 77)).code
                 for words in (READ, WRITE)]
        found[scope] = "".join(word if code == 0 else "-" for word, code in zip("rw", codes))
    return found


@case
def an_agent_reads_and_writes_what_its_file_allows(home):
    home.agent("a", "b")
    for scope in "shared", "agent:a", "agent:b":
        home.keep("k", "red\n", "--scope", scope)
    for memory, wanted in ((None, "rw rw --"), ("shared", "rw -- --"), ("agent:a", "-- rw --"),
                           ("shared; agent:a", "r- -w --"), ("shared, agent:b; shared", "rw -- r-"),
                           ("shared, agent:a, agent:b", "rw rw rw"),
                           ("agent:b;agent:b", "-- -- rw")):
        home.agent("a", memory=memory)
        found = " ".join(rights(home, "a").values())
        expect(found == wanted, f"Memory: {memory}: {found}, not {wanted}")


@case
def who_may_not_is_told_where_it_stands(home):
    home.agent("a", memory="shared; agent:a")
    home.agent("b")
    home.keep("k", "violet\n", "--scope", "agent:b")
    for words in (["put", "k"], ["put", "--scope", "agent:b", "k"], ["get", "--scope", "agent:b", "k"],
                  ["history", "--scope", "agent:b", "k"]):
        done = home.memory(*words, "--agent", "a", stdin="blue\n", code=77)
        failed(done, 77, "a.md" if b"a.md" in done.err else "a", tool="memory")
        expect(b"violet" not in done.out + done.err, "it is shown all the same")
    expect(home.values("k", "--scope", "agent:b") == ["violet\n"], "it was written")
    found = home.memory("search", "--agent", "a", "violet", code=1)
    expect(b"violet" not in found.out, "it is found all the same")
    home.memory("resolve", "k", "--scope", "agent:b", "--agent", "a", "--take", "1", code=77)
    home.memory("forget", "k", "--scope", "agent:b", "--agent", "a", code=77)


@case
def an_agent_that_there_is_not_is_named(home):
    home.furnish()
    for words in WRITE, READ, ["history", "k"], ["search", "red"], ["context", "--for", "red"]:
        failed(home.memory(*words, "--agent", "nobody", stdin="red\n", code=69), 69, "nobody", tool="memory")
    for name in "../x", "a/b", "":
        home.memory("put", "k", "--agent", name, stdin="red\n", code=(64, 69))
    expect(home.got("k") is None, "it was written")


@case
def a_header_that_is_wrong_is_shown_with_its_line(home):
    for memory in "everywhere", "shared; ; shared", "agent:", "shared agent:a", "agent:../x":
        home.agent("a", head="Model: haiku\n", memory=memory)
        done = home.memory("put", "k", "--agent", "a", stdin="red\n", code=78)
        failed(done, 78, "a.md", tool="memory")
        expect(b"a.md:2" in done.err or b"line 2" in done.err, f"Memory: {memory}: not its line: {done.err!r}")
    expect(home.got("k") is None, "it was written")


@case
def who_an_agent_has_started_speaks_for_that_agent_alone(home):
    home.agent("a", "b")
    env = {"SPINDLE_AGENT": "a"}
    home.keep("k", "red\n", env=env)
    home.keep("k", "blue\n", by="a", env=env)
    expect([row["author"] for row in home.history("k")] == ["a", "a"], "another author")
    for words in (WRITE, READ, ["history", "k"], ["search", "red"], ["resolve", "k"], ["forget", "k"], ["put", "--batch"],
                  ["context", "--for", "red"]):
        done = home.memory(*words, "--agent", "b", stdin='{"key":"k","value":"x"}\n', code=77, env=env)
        failed(done, 77, tool="memory")
    home.memory("get", "--scope", "agent:b", "k", code=77, env=env)
    home.memory("put", "--scope", "agent:b", "k", stdin="red\n", code=77, env=env)
    home.memory("put", "k", stdin="red\n", code=69, env={"SPINDLE_AGENT": "nobody"})
    expect(home.values("k") == ["red\n", "blue\n"], "something was written")


@case
def an_agent_does_not_read_the_scopes_of_others_by_export_or_batch(home):
    home.agent("a", "b")
    home.keep("k", "for b alone\n", "--scope", "agent:b")
    env = {"SPINDLE_AGENT": "a"}
    for words in ["export"], ["export", "--files", home.home / "out"], ["conflicts", "--all"], ["search"], \
            ["get", "--batch"], ["get", "--batch", "--scope", "agent:b"], ["context", "--for", "alone", "--tokens", "500"]:
        done = home.memory(*words, stdin="k\n", code=(0, 1, 77), env=env)
        expect(b"for b alone" not in done.out + done.err, f"{words} shows it")
    out = home.home / "out"
    for path in out.rglob("*") if out.exists() else ():
        expect(not path.is_file() or b"for b alone" not in path.read_bytes(), f"{path} shows it")


# ------------------------------------------------------------------ batches

def as_line(row):
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def lines(*rows):
    return "".join(row if isinstance(row, str) else as_line(row) for row in rows)


@case
def a_batch_puts_one_line_after_the_other(home):
    home.agent("a")
    rows = [{"key": "k", "value": "red"}, {"key": "k", "value": "blue\n", "if_version": 1}, {"key": "ü x", "value": "好"},
            {"key": "k", "value": "mine", "scope": "agent:a"}]
    done = home.memory("put", "--batch", "--agent", "a", stdin=lines(*rows))
    expect(done.out.decode() == "k\t1\nk\t2\nü x\t1\nk\t1\n", f"it prints {done.out!r}")
    expect(home.values("k") == ["red", "blue\n"] and home.value("k", "--scope", "agent:a") == "mine", "another value")
    expect({row["author"] for row in home.history("k")} == {"a"}, "another author")
    done = home.memory("put", "--batch", "--json", "--scope", "agent:a", stdin=lines(rows[0]))
    expect(json.loads(done.out) == {"key": "k", "scope": "agent:a", "version": 2}, f"it prints {done.out!r}")


BAD = {"no_json": "red\n", "a_list": "[1]\n", "half_an_object": '{"key":"x","value":"re\n', "no_key": '{"value":"x"}\n',
       "no_value": '{"key":"x"}\n', "an_empty_value": '{"key":"x","value":""}\n',
       "a_value_that_is_a_number": '{"key":"x","value":1}\n',
       "a_key_that_is_too_long": '{"key":"%s","value":"x"}\n' % ("k" * 201),
       "a_key_with_a_newline": '{"key":"a\\nb","value":"x"}\n',
       "a_version_that_is_none": '{"key":"x","value":"x","if_version":"one"}\n',
       "a_version_below_0": '{"key":"x","value":"x","if_version":-1}\n',
       "a_scope_that_is_none": '{"key":"x","value":"x","scope":"y"}\n',
       "half_a_surrogate": '{"key":"x","value":"\\ud800"}\n'}


def others_go_on(bad):
    def check(home):
        text = lines({"key": "a", "value": "red"}, bad, {"key": "b", "value": "blue"})
        done = home.memory("put", "--batch", stdin=text, code=(1, 64, 65))
        expect(b"a\t1" in done.out and b"b\t1" in done.out, f"the others do not go on: {done.out!r}")
        expect(b"2" in done.err and done.err.startswith(b"memory: "), f"its line is not named: {done.err!r}")
        expect({key for _, key in home.versions()} == {"a", "b"}, f"other keys: {home.versions()}")

    return check


for words, bad in BAD.items():
    register(f"a_line_of_a_batch_with_{words}_is_named_and_the_others_go_on", others_go_on(bad))


@case
def a_line_of_a_batch_that_is_no_utf8_is_named_and_the_others_go_on(home):
    good = lines({"key": "a", "value": "red"}).encode()
    other = lines({"key": "b", "value": "blue"}).encode()
    done = home.memory("put", "--batch", stdin=good + b'{"key":"x","value":"\xff"}\n' + other, code=65)
    expect(b"line 2" in done.err, f"its line is not named: {done.err!r}")
    expect({key for _, key in home.versions()} == {"a", "b"}, f"other keys: {home.versions()}")


@case
def a_compare_that_fails_in_a_batch_is_told_and_the_others_go_on(home):
    home.keep("k", "red\n")
    text = lines({"key": "k", "value": "x", "if_version": 0}, {"key": "k", "value": "blue", "if_version": 1})
    done = home.memory("put", "--batch", "--json", stdin=text, code=1)
    first, second = done.out.decode().splitlines()
    expect('"conflict"' in first and '"version":1' in first.replace(" ", ""), f"it says {first}")
    expect('"version":2' in second.replace(" ", ""), f"it says {second}")
    expect(home.values("k") == ["red\n", "blue"], f"{home.values('k')}")


@case
def a_batch_is_answered_line_by_line_and_each_is_durable_by_then(home):
    writer, reader = home.client("writer", "put", "--batch"), home.client("reader", "get", "--batch")
    expect(reader.get("k")["version"] == 0, "what is not there")
    for number in range(1, 30):
        expect(writer.put("k", f"value {number}")["version"] == number, "another version")
        found = reader.get("k")
        expect((found["version"], found["value"]) == (number, f"value {number}"), f"{found}")
        expect(number % 10 or home.value("k") == f"value {number}", "another process does not see it")
    writer.ends()
    reader.ends()


@case
def keys_in_a_batch_of_gets_may_be_odd(home):
    for key in ODD:
        home.keep(key, f"of {key}")
    reader = home.client("reader", "get", "--batch")
    for key in ODD:
        found = reader.get(key)
        expect(found["key"] == key and found["value"] == f"of {key}", f"{key!r}: {found}")
    reader.ends()


@case
def each_key_of_a_batch_of_gets_is_answered_also_one_that_cannot_be(home):
    """Who waits for the answer would wait for ever."""
    home.keep("k", "red\n")
    done = home.memory("get", "--batch", stdin="k\n" + "k" * 201 + "\n k\nk\n", code=65)
    found = [json.loads(line) for line in done.out.splitlines()]
    expect([row.get("version") or 0 for row in found] == [1, 0, 0, 1], f"it answers {done.out!r}")
    done = home.memory("get", "--batch", stdin=b"k\n\xff\nk\n", code=65)
    expect(len(done.out.splitlines()) == 3, f"it answers {done.out!r}")


@case
def an_agent_may_not_write_to_others_by_a_batch_and_its_other_lines_go_on(home):
    home.agent("a", "b")
    rows = {"key": "k", "value": "red"}, {"key": "k", "value": "red", "scope": "agent:b"}, {"key": "l", "value": "red"}
    done = home.memory("put", "--batch", "--agent", "a", stdin=lines(*rows), code=(1, 77))
    expect(done.out == b"k\t1\nl\t1\n", f"it prints {done.out!r}")
    expect(home.got("k", "--scope", "agent:b") is None, "it was written")
