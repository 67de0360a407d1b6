"""--ordered: one after the other at an address, whatever becomes of it, and whoever sends it."""
import signal

from case import expect
from home import case, until
from own_channels import MOODY, channel, gate, moody, tried


@case
def an_ordered_message_that_is_held_blocks_the_next_until_a_person_decides(home):
    moody(home)
    for number, (decision, order) in enumerate([("release", "AAB"), ("cancel", "AB")]):
        (home.home / "well").unlink(missing_ok=True)
        to = f"own:74/{decision}"
        first = home.commit(10 * number, to, "A", Ordered="yes", **{"In-Doubt": "hold"})
        home.recover()
        home.lies(first, "hold,0d")
        (home.home / "well").touch()
        second = home.commit(10 * number + 1, to, "B", Ordered="yes")
        home.recover()
        home.lies(second, "new")
        expect(first in home.log("deliveries", second), "it is not said what it waits for")
        home.good("spool", decision, first)
        home.recover()
        home.lies(second, "done")
        texts = [line.split()[-1] for line in tried(home) if line.startswith(to[4:])]
        expect("".join(texts) == order, f"another order: {tried(home)}")


@case
def an_ordered_message_that_has_failed_or_has_expired_does_not_block_the_next(home):
    moody(home)
    failed = home.send("own:1/a", "--ordered", code=69)
    (home.home / "well").touch()
    home.lies(home.send("own:1/a", "--ordered").id, "done")
    home.lies(failed.id, "fail*")
    expired = home.commit(1, "own:0/b", Ordered="yes", Expires="2026-01-02T00:00:00Z")
    second = home.commit(2, "own:0/b", Ordered="yes")
    home.recover()
    home.recover()
    home.lies(expired, "fail*")
    home.lies(second, "done")


@case
def one_that_waits_blocks_neither_another_address_nor_what_is_not_ordered(home):
    moody(home)
    first = home.send("own:75/a", "--ordered", text="1")
    home.lies(first.id, "wait,1")
    home.lies(home.send("own:0/b", "--ordered", text="2").id, "done")
    home.lies(home.send("own:75/a", text="3").id, "wait,1")
    expect([line.split()[-1] for line in tried(home)] == ["1", "2", "3"], f"tried: {tried(home)}")


@case
def a_backlog_of_ordered_messages_stops_where_one_is_refused_and_goes_on_in_order(home):
    channel(home, "own", MOODY.replace("[ -e ~/well ]", "[ -e ~/well ] || [ \"$text\" != '2 ' ]"))
    ids = [home.commit(number, "own:75/a", f"{number}\n", Ordered="yes") for number in range(5)]
    home.recover()
    home.lies(ids[2], "wait,1")
    for id in ids[3:]:
        home.lies(id, "new", "wait")
    (home.home / "well").touch()
    home.again()
    for id in ids:
        home.lies(id, "done")
    expect([line.split()[-1] for line in tried(home)] == ["0", "1", "2", "2", "3", "4"], f"tried: {tried(home)}")


def slow(home):
    """A channel whose first message takes until something is written to the gate."""
    channel(home, "own", "#!/bin/sh\ntext=$(cat)\necho begin $text >>~/notes\n"
                         "[ $text != 0 ] || read -r line <~/gate\necho end $text >>~/notes\n")
    return gate(home)


@case
def ordered_messages_that_are_sent_at_the_same_time_arrive_one_after_the_other(home):
    opened = slow(home)
    senders = []
    for number in range(4):
        senders.append(home.begin("own:a", "--ordered", text=str(number)))
        until(lambda: senders[-1].files[1].read_bytes(), "it is committed")
    until(lambda: home.lines("notes"), "the first is under way")
    opened.write_text("go\n")
    for sender in senders:
        expect(sender.end(within=20).code == 0, "another end")
        home.lies(sender.files[1].read_text().strip(), "done")
    expect(home.lines("notes") == [f"{what} {number}" for number in range(4) for what in ("begin", "end")],
           f"another order: {home.lines('notes')}")


@case
def an_ordered_message_goes_when_the_one_before_it_is_over_whoever_sends_that(home):
    opened = slow(home)
    home.commit(0, "own:a", "0", Ordered="yes")
    recovery = home.start("deliver", "--recover")
    until(lambda: home.lines("notes"), "the first is under way")
    watcher = home.start("deliver", "--watch")
    second, other = home.commit(1, "own:a", "1", Ordered="yes"), home.commit(2, "own:b", "2")
    until(lambda: other in home.names("deliveries", "done"), "the watcher has looked at all that is there")
    opened.write_text("go\n")
    recovery.end()
    until(lambda: second in home.names("deliveries", "done"), "the second is sent", 5)
    notes = [line for line in home.lines("notes") if "2" not in line]
    expect(notes == ["begin 0", "end 0", "begin 1", "end 1"], f"another order: {notes}")
    watcher.kill(signal.SIGTERM).end()
