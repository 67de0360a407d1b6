"""Every way to be stopped or killed: each call that was accepted has one reply, and its caller gets it."""
import os
import signal

from home import children
from house import SOON, case, expect, living, until, workers

MANY = 24


@case
def killed_again_and_again_under_load_each_call_has_one_reply(house):
    house.agent(Concurrency=4)
    house.agent("b", Concurrency=2)
    calls = [house.call(f"flood {number}", agent="ab"[number % 2]) for number in range(2 * MANY)]
    killed = 0
    while house_is_busy(calls) and killed < 6:
        gateway = house.gateway("--slots", "4")
        reached = len(house.made()) + 5
        until(lambda: len(house.made()) >= reached or not house_is_busy(calls) or waits(house), "some are made", SOON)
        house.kill_9(gateway)
        killed += 1
    house.gateway("--slots", "4")
    for call in calls:
        call.answered(60)
    house.remark(f"killed {killed} times, {len(house.made()) - 2 * MANY} made again")
    house.good("spool", "sweep")
    house.one_reply_each(MANY, "a")
    house.one_reply_each(MANY, "b")


def waits(house):
    """Whether one that was under way at each kill is put off, longer each time."""
    return any(any((house.spool / f"calls-{agent}/wait").iterdir()) for agent in "ab")


def house_is_busy(calls):
    return any(call.command.process.poll() is None for call in calls)


@case
def killed_for_good_its_callers_go_on_by_themselves(house):
    house.agent(Concurrency=2)
    gateway = house.gateway("--slots", "4")
    calls = [house.call(f"flood {number}") for number in range(8)]
    until(lambda: len(house.made()) >= 2, "some are made", SOON)
    house.kill_9(gateway)
    for call in calls:
        call.answered()
    house.good("spool", "sweep")
    house.one_reply_each(8)


@case
def what_a_killed_gateway_has_started_dies_with_it(house):
    house.agent()
    gateway = house.gateway("--slots", "2")
    call = house.call("hang", "--timeout", "2s")
    house.until_made("a hang")
    until(lambda: living("sleep"), "the model runs", SOON)
    house.kill_9(gateway)
    until(lambda: not workers() and len(living("sleep")) <= 1, "its slots die", SOON)
    call.refused(124)
    until(lambda: not living("sleep"), "the model dies", SOON)


@case
def a_slot_that_is_killed_is_another_one_and_its_call_is_made_again(house):
    house.agent()
    gateway = house.gateway("--slots", "2")
    call = house.call("await x")
    house.until_made("a await x")
    expect(house.workers(gateway), "it has slots")
    for pid in house.workers(gateway):
        os.kill(pid, signal.SIGKILL)
    house.until_made("a await x", 2)
    house.go("await x")
    call.answered()
    until(lambda: len(house.workers(gateway)) == 2, "there are two slots again", SOON)
    house.stop(gateway)


@case
def asked_to_stop_it_finishes_what_it_makes(house):
    house.agent()
    gateway = house.gateway()
    call = house.call("await x")
    house.until_made("a await x")
    waits = house.call("later")
    house.waiting(1)
    gateway.kill(signal.SIGTERM)
    house.says(gateway, "stopping")
    house.go("await x")
    done = gateway.end(SOON)
    expect(done.code == 128 + signal.SIGTERM, f"it ends with {done.code}")
    call.answered()
    waits.answered()  # by its caller
    expect(house.made() == ["a await x", "a later"], f"made: {house.made()}")
    expect(not (house.spool / "heartbeats/gateway").exists(), "nobody expects a sign of life of it")


@case
def what_takes_longer_than_drain_is_handed_back_and_made_by_the_next(house):
    house.agent()
    gateway = house.gateway("--drain", "0s")
    (house.spool / "calls-a/drop/x").write_text("await x")
    house.until_made("a await x")
    house.stop(gateway)
    entry = house.calls("wait")[0]
    expect(entry.attempts == 0, f"it was asked to stop, which is no attempt: {entry.path.name}")
    expect("asked to stop" in house.log("calls-a", entry.id), house.log("calls-a", entry.id))
    expect(not living("model", "sh"), "the model has ended")
    gateway = house.gateway()
    house.until_made("a await x", 2)
    house.go("await x")
    until(lambda: house.calls("re"), "it is answered", SOON)
    house.one_reply_each(1)


@case
def asked_twice_it_does_not_wait(house):
    house.agent()
    gateway = house.gateway("--drain", "1h")
    (house.spool / "calls-a/drop/x").write_text("hang")
    house.until_made("a hang")
    gateway.kill(signal.SIGTERM)
    house.says(gateway, "stopping")
    house.stop(gateway)
    expect(house.calls("wait")[0].attempts == 0, "it was handed back")


@case
def reloaded_it_goes_by_what_is_written_now(house):
    house.agent(Concurrency=1)
    house.agent("gone")
    (house.spool / "config").write_text("Gateway-Slots: 2\n")
    gateway = house.gateway()
    until(lambda: len(house.workers(gateway)) == 2, "two slots", SOON)
    (house.spool / "agents/new.md").write_text(f"Command: {house.model}\n")
    (house.spool / "agents/gone.md").unlink()
    house.agent(Concurrency=3)
    (house.spool / "config").write_text("Gateway-Slots: 5\n")
    gateway.kill(signal.SIGHUP)
    house.says(gateway, "reloaded: 5 slots, 2 agents")
    until(lambda: len(house.workers(gateway)) == 5, "five slots", SOON)
    calls = [house.call(f"await {number}") for number in range(3)]
    until(lambda: len(house.made()) == 3, "three at once", SOON)
    house.call("hello", agent="new").answered()
    (house.spool / "config").write_text("Gateway-Slots: 1\n")
    gateway.kill(signal.SIGHUP)
    house.says(gateway, "reloaded: 1 slots")
    house.go(*(f"await {number}" for number in range(3)))
    for call in calls:
        call.answered()
    until(lambda: len(house.workers(gateway)) == 1, "one slot", SOON)
    house.call("hello").answered()
    zombies = [pid for pid in children(gateway.pid) if pid not in house.workers(gateway)]
    expect(not zombies, f"not reaped: {zombies}")


@case
def what_it_cannot_read_is_told_and_what_was_known_goes_on(house):
    path = house.agent()
    gateway = house.gateway()
    house.put("calls-a", b"one")
    until(lambda: len(house.calls("re")) == 1, "it is answered", SOON)
    path.write_text("Concurrency: many\n")
    (house.spool / "config").write_text("Gateway-Slots: all\n")
    gateway.kill(signal.SIGHUP)
    house.says(gateway, "Concurrency")
    house.says(gateway, "Gateway-Slots")
    house.put("calls-a", b"two")
    until(lambda: len(house.calls("re")) == 2, "it is answered as before", SOON)
    expect(house.made() == ["a one", "a two"], f"made: {house.made()}")


@case
def an_agent_whose_file_goes_while_it_is_called_stops_nobody(house):
    house.agent("b")
    path = house.agent()
    gateway = house.gateway()
    house.put("calls-a", b"await x")
    house.until_made("a await x")
    house.put("calls-a", b"later")
    path.unlink()
    gateway.kill(signal.SIGHUP)
    house.says(gateway, "reloaded")
    house.call("hello", agent="b").answered()
    house.go("await x")
    until(lambda: len(house.calls("re")) == 1, "what was being made is answered", SOON)
    house.call("again", agent="b").answered()
    expect(house.made("a ") == ["a await x"], f"made: {house.made()}")
    house.agent()
    until(lambda: len(house.calls("re")) == 2, "it is back, and called", SOON)
