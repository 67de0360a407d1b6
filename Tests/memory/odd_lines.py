"""Lines that no program should write: each is counted, none stops what comes after it, and in pieces it is the same."""
import json
import resource

from case import expect
from harvesting import append, lines_of
from home import case
from transcripts import Claude, correction, decision

MEGABYTE = 1 << 20


def between(home, *lines, after=b""):
    """These lines between a correction and a decision; both are found. Gives the file's row."""
    writer = Claude().user(correction(1))
    for line in lines:
        writer.raw(line)
    path = writer.user(decision(2)).raw(after).to(home.source() / "a.jsonl")
    row = home.report().of(path)
    home.has("kettle1", "samovar2")
    expect(row.lines == lines_of(path), f"{row.lines} lines, not {lines_of(path)}: {row.skipped}")
    expect(row.bytes == path.stat().st_size, f"at {row.bytes} of {path.stat().st_size}")
    return row


def skipped(home, reason, *lines):
    row = between(home, *lines)
    expect(row.skipped[reason] == len(lines), f"not {len(lines)} {reason!r}: {row.skipped}")
    expect(row.records["user"] == 2, f"records: {row.records}")
    spoken = home.report("--rebuild", "-v").of(home.home / "claude-sessions/a.jsonl")
    expect(spoken.skipped == row.skipped, "read anew it is another")


@case
def blank_lines(home):
    row = between(home, b"\n", b"\r\n", b"   \n", b"\t\n", b"\n")
    expect(row.skipped["blank"] == 5, f"skipped {row.skipped}")


@case
def truncated_JSON_in_the_middle(home):
    whole = Claude(seed=2).user(correction(3)).lines[0]
    skipped(home, "no JSON", *(whole[:end] + b"\n" for end in (1, 2, 10, 50, len(whole) - 2)))


@case
def two_records_in_one_line(home):
    """A newline was lost: nobody can say what else was."""
    line = Claude(seed=2).user(correction(3)).lines[0][:-1]
    row = between(home, line + b"{}\n")
    expect(row.lines == 3 and sum(row.skipped.values()) == 1, f"skipped {row.skipped}")


@case
def no_JSON_at_all(home):
    skipped(home, "no JSON", b"hello\n", b"{\n", b"}\n", b"{'a': 1}\n", b"{\"a\":}\n", b"[1,\n", b"{\"a\":1,}\n", b"nul\n")


@case
def a_malformed_line_is_named_with_v_alone(home):
    path = Claude().user(correction(1)).raw(b"{oh\x1b[2J dear\n").to(home.source() / "a.jsonl")
    expect(not home.harvest().err, "it is said unasked")
    said = home.harvest("--rebuild", "-v").err
    expect(f"harvest: {path}: line 2: ".encode() in said, f"not the file and the line: {said}")
    expect(b"\x1b" not in said, f"a control character: {said}")


@case
def bytes_that_are_no_UTF_8(home):
    for number, bad in enumerate((b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf", b"caf\xe9")):
        line = Claude(seed=2).user("X" + correction(3)).lines[0].replace(b"X", bad)
        home.sources.clear()
        row = between(home, line)
        expect(row.skipped["not UTF-8"] == 1, f"{bad!r}: skipped {row.skipped}")


@case
def NUL_bytes(home):
    """As a power cut leaves them: a hole that was never written."""
    line = Claude(seed=2).user(correction(3)).lines[0]
    row = between(home, b"\0" * 4096 + b"\n", line.replace(b"forgot", b"for\0got"), b"\0" * 100 + line)
    expect(sum(row.skipped.values()) == 3, f"skipped {row.skipped}")


@case
def a_hole_at_the_end_that_is_written_over_later(home):
    writer = Claude().user(correction(1)).user(decision(2))
    path = home.source() / "a.jsonl"
    append(path, writer.lines[0] + b"\0" * 4096)
    home.harvest()
    home.has("kettle1")
    append(path, b"\n" + writer.lines[1])
    home.harvest()
    home.has("kettle1", "samovar2").same_as_at_once(home.report())


@case
def lone_surrogates_and_escaped_NULs(home):
    writer = Claude(seed=2)
    lines = [json.dumps({"type": "user", "message": {"role": "user", "content": "X " + correction(3 + number)},
                         "timestamp": "2026-03-01T09:00:00.000Z"}).replace("X", escape).encode() + b"\n"
             for number, escape in enumerate((r"\ud800", r"\udc00", r"\ud800A", r"\u0000", r"\uDBFF\uDBFF"))]
    path = writer.user(correction(1)).each("raw", lines).user(decision(2)).to(home.source() / "a.jsonl")
    row = home.report().of(path)
    expect(row.lines == 7, f"{row.lines} lines")
    texts = home.texts("correction", "decision")
    expect(any("kettle1" in text for text in texts) and any("samovar2" in text for text in texts), f"{texts}")
    home.dump().decode()  # whatever became of them: the dump is UTF-8
    home.same_as_at_once(home.report())


@case
def a_byte_order_mark_at_the_beginning(home):
    path = home.source() / "a.jsonl"
    append(path, b"\xef\xbb\xbf" + Claude().user(correction(1)).user(decision(2)).bytes)
    expect(home.report().of(path).records["user"] == 2, "the first line is lost")
    home.has("kettle1", "samovar2")


@case
def lines_that_end_with_CRLF(home):
    path = home.source() / "a.jsonl"
    append(path, Claude().user(correction(1)).user(decision(2)).bytes.replace(b"\n", b"\r\n"))
    row = home.report().of(path)
    expect(row.lines == 2 and row.records["user"] == 2, f"{row.lines} lines, {row.records}, {row.skipped}")
    home.has("kettle1", "samovar2")


@case
def JSON_that_is_no_object(home):
    row = between(home, b"[]\n", b"[{}]\n", b"12\n", b"\"text\"\n", b"null\n", b"true\n", b"-0.0e1\n")
    expect(sum(row.skipped.values()) == 7 and row.records["user"] == 2, f"skipped {row.skipped}")


@case
def objects_of_other_shapes(home):
    """Each field may be missing, or of a kind that nobody expects."""
    shapes = [{}, {"type": None}, {"type": 12}, {"type": ["user"]}, {"type": "user"}, {"type": "user", "message": "x"},
              {"type": "user", "message": None}, {"type": "user", "message": []},
              {"type": "user", "message": {"content": 1}},
              {"type": "user", "message": {"role": "user", "content": [1, None, "x", [], {"type": 3}, {"type": "text"}]}},
              {"type": "user", "message": {"role": 4, "content": correction(7)}, "timestamp": 12},
              {"type": "assistant"}, {"type": "assistant", "message": {"content": {"text": "x"}}},
              {"type": "progress", "data": 1}, {"type": "summary", "summary": {}}, {"type": "system"}, {"": ""},
              {"type": "session"}, {"type": "message", "message": 1}, {"type": "event_msg", "payload": "x"},
              {"type": "response_item", "payload": {"type": "message", "role": "user", "content": 12}}, {"payload": None}]
    lines = [json.dumps(shape).encode() + b"\n" for shape in shapes]
    for format in "claude", "pi", "codex":
        path = home.source(format) / "b.jsonl"
        append(path, b"".join(lines))
        row = home.report().of(path)
        expect(row.lines == len(lines) and row.bytes == path.stat().st_size, f"{format}: {row.lines} lines, at {row.bytes}")
    home.same_as_at_once(home.report())


@case
def nested_two_thousand_deep(home):
    deep = b'{"type":"user","message":' + b'{"a":[' * 1000 + b"1" + b"]}" * 1000 + b"}\n"
    for depth in 20_000, 200_000:
        home.sources.clear()
        between(home, deep, b"[" * depth + b"]" * depth + b"\n")


@case
def keys_that_stand_there_twice(home):
    line = Claude(seed=2).user("hello").lines[0]
    twice = b'{"type":"user","message":{},"message":{}}\n'
    row = between(home, line.replace(b'"type":"user"', b'"type":"user","type":"kettle"'), twice)
    expect(row.lines == 4, f"{row.lines} lines")


@case
def numbers_that_are_too_great(home):
    between(home, b'{"type":"user","n":123456789012345678901234567890}\n', b'{"type":"user","n":1e999999}\n',
            b'{"type":"user","timestamp":-9e99,"message":{"role":"user","content":"hi"}}\n')


@case
def times_that_are_none(home):
    times = '"yesterday"', "12", "null", '""', '"2026-02-30T25:61:61Z"', '"9999999999-01-01T00:00:00Z"', "[]"
    writer = Claude()
    for number, time in enumerate(times):
        line = Claude(seed=number + 2).user(correction(number)).lines[0]
        before, _, _ = line.rpartition(b'"timestamp":')
        writer.raw(before + b'"timestamp":' + time.encode() + b"}\n")
    writer.to(home.source() / "a.jsonl")
    home.harvest()
    home.has(*(f"kettle{number}" for number in range(len(times)))).same_as_at_once(home.report())


@case
def a_line_of_a_megabyte_is_read(home):
    writer = Claude().user([{"type": "image", "source": {"data": "A" * MEGABYTE}}, {"type": "text", "text": correction(1)}])
    path = writer.user(decision(2)).to(home.source() / "a.jsonl")
    expect(home.report().of(path).records["user"] == 2, "it is not read")
    home.has("kettle1", "samovar2")


@case
def a_line_that_is_too_long_is_skipped_and_the_rest_goes_on(home):
    long = Claude(seed=2).user("A" * (9 * MEGABYTE)).user(correction(3)).lines
    row = between(home, long[0])
    expect(row.skipped["too long"] == 1 and row.records["user"] == 2, f"{row.records}, skipped {row.skipped}")


@case
def a_line_that_is_too_long_in_pieces_is_the_same(home):
    path, text = home.source() / "a.jsonl", b"".join([*Claude().user(correction(1)).lines,
                                                       *Claude(seed=2).user("A" * (20 * MEGABYTE)).lines,
                                                       *Claude(seed=3).user(decision(2)).lines])
    for start in range(0, len(text), 3 * MEGABYTE + 7):
        append(path, text[start:start + 3 * MEGABYTE + 7])
        row = home.report().of(path)
        expect(row.lines == lines_of(path), f"{row.lines} lines, not {lines_of(path)}")
    home.has("kettle1", "samovar2").same_as_at_once(home.report())


@case
def a_line_of_exactly_eight_megabytes_and_one_byte_more(home):
    """More than 8 MiB is too long."""
    for more, long in (0, 0), (1, 1):
        home.sources.clear()
        line = Claude(seed=2).user("A").lines[0]
        line = line.replace(b'"A"', b'"' + b"A" * (8 * MEGABYTE + more - len(line) + 2) + b'"')
        expect(len(line) == 8 * MEGABYTE + more + 1, "a test that is wrong")
        row = between(home, line)
        expect(row.skipped["too long"] == long, f"{8 * MEGABYTE + more} bytes: skipped {row.skipped}")


@case
def two_gigabytes_without_a_newline_need_no_memory(home):
    """A sparse file: a hole, and a line after it."""
    path = home.source() / "a.jsonl"
    append(path, Claude().user(correction(1)).bytes)
    with open(path, "r+b") as file:
        file.truncate(1 << 31)
        file.seek(0, 2)
        file.write(b"\n" + Claude(seed=2).user(decision(2)).bytes)
    row = home.report(within=100, preexec_fn=little_memory).of(path)
    expect(row.lines == 3 and row.skipped["too long"] == 1, f"{row.lines} lines, skipped {row.skipped}")
    home.has("kettle1", "samovar2")


def little_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (512 << 20,) * 2)


@case
def many_odd_lines_in_pieces_are_the_same(home):
    odd = [b"\n", b"{oh\n", b"\xff\n", b"[]\n", b"\0\0\n", b"\r\n", b'{"type":"kettle"}\n', b'{"type":"user"}\n', b"12\n"]
    path, texts = home.source() / "a.jsonl", []
    for number in range(40):
        texts.append(home.dice.choice(odd) + Claude(seed=number).user(correction(number)).bytes)
    text, at = b"".join(texts), 0
    while at < len(text):
        step = home.dice.randrange(1, 1500)
        append(path, text[at:at + step])
        at += step
        row = home.report().of(path)
        expect(row.lines == lines_of(path), f"{row.lines} lines, not {lines_of(path)}")
    home.same_as_at_once(home.report())
