"""The journal as events: live, from any place on, over midnight, and to readers that do not read."""
import os
import signal
import time

from boards import SOON, note
from case import expect
from home import case, until


@case
def a_line_is_told_as_it_is_written(home):
    home.furnish().init("letters")
    home.open()
    one, two = home.listen(), home.listen()
    id = home.put("letters")
    for listens in one, two:
        line = listens.next()
        expect((line["event"], line["id"], line["queue"]) == ("new", id, "letters"), f"{line}")
        expect(line in home.journal(), f"{line}")
    one.close()
    note(home, "after one has gone")
    expect(two.next()["detail"] == "after one has gone", "the other one does not hear")


@case
def it_goes_on_where_its_reader_was(home):
    home.furnish().open()
    listens = home.listen()
    for number in range(5):
        note(home, f"{number}")
    listens.until("2")
    listens.close()
    place = listens.last
    home.board.kill(signal.SIGKILL).end()
    for number in range(5, 8):
        note(home, f"{number}")
    home.open(port=home.port)
    rest = ["3", "4", "5", "6", "7"]
    for again in home.listen(f"?after={place}"), home.listen(**{"Last-Event-ID": place}), \
            home.listen("?after=2020-01-01:7&last=1", **{"Last-Event-ID": place}):
        expect([line["detail"] for line in again.until("7")] == rest, "not all that it has missed")
        expect(again.begin == place, f"{again.begin}")
    # Nothing has come to it yet, and it goes on all the same.
    late = home.listen()
    note(home, "8")
    expect(home.listen(f"?after={late.begin}").next()["detail"] == "8", "what came meanwhile is lost")


@case
def it_begins_with_the_last_lines(home):
    home.furnish().open()
    for day, numbers in ("2026-01-01", range(3)), ("2026-01-02", range(3, 6)):
        for number in numbers:
            note(home, f"{number}", day=day)
    for path in home.spool.glob("journal/*"):
        if path.name > "2026-01-03":
            path.unlink()
    for count in 0, 1, 3, 4, 6, 100:
        listens = home.listen(f"?last={count}")
        note(home, f"end {count}", day="2026-01-02")
        got = [line["detail"] for line in listens.until(f"end {count}")]
        expect(len(got) == 1 + min(count, len(home.journal()) - 1), f"{count}: {got}")
        listens.close()
    for query in "?after=x", "?after=2026-11-26", "?last=x", "?last=-1", "?after=../../x:1":
        home.refused(400, "GET", f"/api/events{query}")


@case
def it_goes_on_over_midnight_and_over_files_that_were_cut(home):
    home.furnish().open()
    for path in home.spool.glob("journal/*"):
        path.unlink()
    note(home, "first", day="2026-11-25")
    listens = home.listen("?last=1")
    listens.until("first")
    note(home, "before midnight", day="2026-11-25")
    note(home, "after midnight", day="2026-11-26")
    expect([listens.next()["detail"] for _ in range(2)] == ["before midnight", "after midnight"], "a line is missing")
    expect(listens.last.startswith("2026-11-26:"), listens.last)
    file = home.spool / "journal/2026-11-26.jsonl"
    os.truncate(file, 0)
    note(home, "cut", day="2026-11-26")
    listens.until("cut")
    other = home.home / "other"
    other.write_text("garbage\n{\"half\": \n\n[1]\n" + '{"detail":"replaced","event":"test"}\n')
    os.replace(other, file)
    note(home, "behind", day="2026-11-26")
    expect([line["detail"] for line in listens.until("behind")][-2:] == ["replaced", "behind"], "not what is there now")


@case
def who_does_not_read_holds_up_nobody_and_misses_nothing(home):
    home.furnish().open()
    before = home.memory()
    sleeper, reader = home.listen(), home.listen()
    lines, fill = 30_000, "x" * 600
    note(home, *(f"{number} {fill}" for number in range(lines)), "end")
    expect(reader.count("end") == lines + 1, "the reader misses some")
    more = home.memory() - before
    expect(more < 8 << 20, f"{more >> 20} MiB more, of 20 that are written")
    home.remark(f"{more >> 10} KiB more")
    expect(sleeper.count("end") == lines + 1, "it misses some")


@case
def a_head_of_it_ends_at_once(home):
    home.furnish().open()
    answer = home.ask("HEAD", "/api/events")
    expect(answer.status == 200 and not answer.body, f"{answer.status}")


@case
def what_lies_in_the_journal_for_a_day_to_come_ends_nothing(home):
    home.furnish().open()
    listens = home.listen()
    journal = home.spool / "journal"
    (journal / "2099-01-01.jsonl").symlink_to("/x")
    (journal / "2099-01-02.jsonl").mkdir()
    (journal / "2099-01-03.jsonl").touch()
    note(home, "first")
    listens.until("first")
    note(home, "second")
    listens.until("second")
    home.get("/api/data")
