"""--confirm-within: an address that gives no receipt in its time is followed by the next; and what may have arrived at
one is no news at another."""

from case import expect
from home import case, until
from own_channels import channel, gate, moody, tried
from sending import register

QUARTER = {"Confirm-Within": "900s"}
TEXT = "Tea?"


def at(minutes):
    """So long after the stamp of what was committed."""
    return {"SPOOL_NOW": f"2026-01-01T{minutes // 60:02}:{minutes % 60:02}:00Z"}


# ------------------------------------------------------------------ the next address

@case
def an_address_without_a_receipt_is_followed_by_the_next_after_its_time(home):
    for code in 75, 69:
        moody(home)
        id = home.commit(code, f"own:{code}/a, file:{home.home}/inbox", **QUARTER)
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
          "a_webhook": ("webhook:{hook}/", lambda home, api, hook: "repeat" if "Delivery-Repeat" in hook.requests[0].headers else ""),
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
