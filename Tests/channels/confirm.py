"""--confirm-within: an address that gives no receipt in its time is followed by the next. And --ordered: one after the
other, whatever becomes of it."""
import json
import os
import signal

from case import expect
from home import case, until
from own_channels import channel
from sending import register

# It exits with what its address begins with, as long as ~/well does not exist; `notes` has the address, and the text.
MOODY = """#!/bin/sh
text=$(tr '\\n' ' ')
echo "$DELIVERY_TO $text" >>~/notes
[ -e ~/well ] && exit
exit "${DELIVERY_TO%%/*}"
"""
QUARTER = {"Confirm-Within": "900s"}
TEXT = "Tea?"


def at(minutes):
    """So long after the stamp of what was committed."""
    return {"SPOOL_NOW": f"2026-01-01T{minutes // 60:02}:{minutes % 60:02}:00Z"}


def moody(home, promise=""):
    channel(home, "own", MOODY, promise)
    return home


def tried(home):
    return [line.rstrip() for line in home.lines("notes")]


# ------------------------------------------------------------------ the next address

@case
def an_address_without_a_receipt_is_followed_by_the_next_after_its_time(home):
    for code in 75, 69:
        moody(home)
        id = home.commit(code, f"own:{code}/a, file:{home.home}/inbox-{code}", **QUARTER)
        home.recover(at(1))
        home.lies(id, "wait*")
        home.again(at(14))
        home.lies(id, "wait*")
        home.again(at(16))
        home.lies(id, "done")
        expect(home.receipt(id)[0]["Channel"] == "file", f"delivered to another: {home.receipt(id)}")
    expect([line.split()[0] for line in tried(home)] == ["75/a"] * 2 + ["69/a"] * 2, f"tried: {tried(home)}")


@case
def it_is_tried_again_when_the_turn_is_the_next_ones_and_not_later(home):
    """A channel may say when to come back: that is about its own address, not about the next."""
    channel(home, "own", "#!/bin/sh\necho retry-after: 3600\nexit 75\n")
    sent = home.send(f"own:a, file:{home.home}/elsewhere", "--confirm-within", "20s")
    home.lies(sent.id, "wait")
    expect(home.due_in(sent.id) <= 20, f"due in {home.due_in(sent.id):.0f} s, and its time is 20 s")


@case
def the_turn_goes_round(home):
    moody(home)
    id = home.commit(1, "own:69/a, own:69/b, own:69/c", **QUARTER)
    for minutes in 1, 16, 31, 46, 61:
        home.again(at(minutes))
    expect([line[3] for line in tried(home)] == ["a", "b", "c", "a", "b"], f"tried: {tried(home)}")
    (home.home / "well").touch()
    home.again(at(76))
    expect(home.receipt(id)[0]["Address"] == "69/c", f"delivered to another: {home.receipt(id)}")


@case
def a_permanent_failure_goes_on_at_once_whoever_has_the_turn(home):
    moody(home)
    sent = home.send(f"own:1/a, file:{home.home}/elsewhere", "--confirm-within", "15m")
    expect(home.receipt(sent.id)[0]["Channel"] == "file", f"delivered to another: {home.receipt(sent.id)}")
    id = home.commit(2, "own:0/a, own:1/b", **QUARTER)
    home.recover(at(16))
    expect(home.receipt(id)[0]["Address"] == "0/a", f"delivered to another: {home.receipt(id)}")
    lost = home.commit(3, "own:1/c, own:1/d, own:1/e", **QUARTER)
    home.recover(at(16))
    home.lies(lost, "fail*")
    expect([line[2] for line in tried(home)] == ["a", "b", "a", "d", "e", "c"], f"tried: {tried(home)}")
    for address in "own:1/c", "own:1/d", "own:1/e":
        expect(address in home.log("deliveries", lost), f"{address} is not in its log")


@case
def without_a_time_or_without_another_address_it_stays_with_the_first(home):
    moody(home)
    home.commit(1, "own:69/a, own:69/b")
    home.commit(2, "own:69/c", **QUARTER)
    for minutes in 1, 16, 61:
        home.again(at(minutes))
    expect(sorted(line[3] for line in tried(home)) == ["a"] * 3 + ["c"] * 3, f"tried: {tried(home)}")


@case
def who_waits_for_the_receipt_sees_it_go_on_by_itself(home):
    moody(home)
    sent = home.send(f"own:75/a, file:{home.home}/elsewhere", "--confirm-within", "1s", "--wait", "--timeout", "10s")
    expect(home.receipt(sent.id)[0]["Channel"] == "file", f"delivered to another: {home.receipt(sent.id)}")


# ------------------------------------------------------------------ what may have arrived at the first

def is_marked_there(second, seen):
    """Also where the second knows its own repeats: it has never had this one."""
    def check(home):
        moody(home)
        api, hook = home.telegram(), home.webhook()
        id = home.commit(1, f"own:74/a, {second.format(home=home.home, hook=hook.url)}", TEXT, **QUARTER)
        home.recover(at(1))
        home.lies(id, "wait,1d")
        home.recover(at(16))
        home.lies(id, "done")
        text = seen(home, api, hook)
        expect("may be a repeat" in text or text == "repeat", f"not marked: {text!r}")

    return check


SECOND = {"telegram": ("telegram:4711", lambda home, api, hook: api.texts()[0]),
          "a_channel_of_ones_own": ("own:0/b", lambda home, api, hook: tried(home)[-1]),
          "a_webhook": ("webhook:{hook}/", lambda home, api, hook: json.loads(hook.requests[0].body)["repeat"] and "repeat"),
          "a_file": ("file:{home}/elsewhere", lambda home, api, hook: (home.home / "elsewhere").read_text())}
for kind, (second, seen) in SECOND.items():
    register(f"what_may_have_arrived_at_the_first_address_is_marked_at_{kind}", is_marked_there(second, seen))


def is_not_tried_elsewhere(policy, place, second):
    """Killed in the middle of a try: on another address, too, it would be a second time."""
    def check(home):
        channel(home, "own", "#!/bin/sh\necho x >>~/notes\n[ \"$DELIVERY_TO\" != first ] || read -r line <~/gate\n")
        gate(home)
        id = home.commit(1, f"own:first, {second.format(home=home.home)}", **QUARTER, **{"In-Doubt": policy})
        recovery = home.start("deliver", "--recover", env=at(1))
        until(lambda: home.lines("notes"), "it is being tried")
        home.kill(recovery)
        home.again(at(16))
        home.lies(id, place)
        expect(len(home.lines("notes")) == 1 and not (home.home / "elsewhere").exists(), "it was sent to the second")

    return check


for kind, second in ("a_file", "file:{home}/elsewhere"), ("a_channel_of_ones_own", "own:second"):
    for policy, place in ("hold", "hold,*d"), ("drop", "fail,*d"):
        register(f"what_may_have_arrived_at_the_first_address_is_not_sent_to_{kind}_with_{policy}",
                 is_not_tried_elsewhere(policy, place, second))


# ------------------------------------------------------------------ in order

def gate(home):
    """What reads it stands still until something is written to it."""
    path = home.home / "gate"
    if not path.exists():
        os.mkfifo(path)
    return path


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
    second = home.commit(1, "own:a", "1", Ordered="yes")
    until(lambda: (home.spool / f"deliveries/log/{second}.log").exists(), "the second has to wait")
    opened.write_text("go\n")
    recovery.end()
    until(lambda: second in home.names("deliveries", "done"), "the second is sent", 5)
    expect(home.lines("notes") == ["begin 0", "end 0", "begin 1", "end 1"], f"another order: {home.lines('notes')}")
    watcher.kill(signal.SIGTERM).end()
