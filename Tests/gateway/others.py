"""Another user of the machine calls: he gets his own answer, and nothing else."""
import os
import signal

from estate import SOON, UIDS, case_of_three, expect, until
from home import children


@case_of_three
def who_was_admitted_is_answered_with_his_own_text(estate):
    estate.agent(Concurrency=4)
    estate.admit("alice", "bob")
    estate.gateway()
    calls = [estate.call(user, f"{user} {number}") for number in range(4) for user in UIDS]
    for call in calls:
        call.answered()
    expect(len(estate.house.made()) == 8, f"made: {estate.house.made()}")
    for user in UIDS:
        expect(len(estate.answers(user)) == 4, f"{estate.answers(user)}")
    expect({entry.header["From"] for entry in estate.house.calls("done")} == set(UIDS), "From says whose it is")
    expect(not any(os.listdir(estate.spool / "calls-a" / f"owed-{user}") for user in UIDS), "nothing is owed")


@case_of_three
def under_a_key_his_call_is_made_once_and_is_nobody_elses(estate):
    estate.agent()
    estate.admit("alice", "bob")
    estate.gateway()
    for _ in range(2):
        estate.call("alice", "mine", "--key", "k").answered()
    estate.call("bob", "his", "--key", "k").answered()
    together = [estate.call("alice", "await x", "--key", "x") for _ in range(3)]
    estate.house.until_made("a await x")
    estate.house.go("await x")
    for call in together:
        call.answered()
    expect(estate.house.made() == ["a mine", "a his", "a await x"], f"made: {estate.house.made()}")


@case_of_three
def a_failure_is_told_him_by_its_class(estate):
    estate.agent("a", Command="claude", Concurrency=4)
    estate.agent("b", Backlog=1)
    estate.admit("alice", agents="a,b")
    gateway = estate.gateway(env={"STANDIN_CLAUDE": "not-logged-in"})
    estate.call("alice", "x").refused(77, "not-logged-in")
    estate.call("alice", "x", "--key", "k").refused(77, "not-logged-in")
    fallback = estate.house.home / "fallback"
    fallback.write_text("as usual\n")
    fallback.chmod(0o644)
    estate.call("alice", "x", "--fallback", fallback, text="as usual\n").answered()
    first = estate.call("alice", "await x", agent="b")
    estate.house.until_made("b await x")
    second = estate.call("alice", "n", agent="b")
    estate.house.waiting(1, "b")
    estate.call("alice", "too many", agent="b").refused(75, "rate-limit", "wait already")
    estate.house.go("await x")
    first.answered()
    second.answered()
    estate.house.stop(gateway)
    estate.house.gateways.clear()
    estate.gateway(env={"STANDIN_CLAUDE": "echo"})
    estate.call("alice", "x", "--expect", "y", "--attempts", "1").refused(65, "invalid")
    # What failed is made again when it is asked for again.
    estate.call("alice", "x", "--key", "k", text="x\n").answered()


@case_of_three
def without_a_gateway_his_call_times_out_and_is_taken_back(estate):
    estate.agent()
    estate.admit("alice")
    estate.call("alice", "x", "--timeout", "1s").refused(124, "does a gateway serve")
    expect(not os.listdir(estate.drop("alice")), "it was taken back")
    estate.gateway()
    estate.call("alice", "y").answered()
    expect(estate.house.made() == ["a y"], f"made: {estate.house.made()}")


@case_of_three
def who_is_admitted_or_dismissed_while_it_runs_is_noticed(estate):
    estate.agent("a")
    estate.agent("b")
    estate.gateway()
    estate.admit("alice")
    estate.call("alice", "one").answered()
    estate.admit("bob", agents="a,b")
    estate.call("bob", "two", agent="b").answered()
    estate.cannot("alice", f"touch {estate.spool}/calls-b/drop-bob/x")
    estate.as_owner("gateway", "dismiss", "alice")
    estate.cannot("alice", f"touch {estate.drop('alice')}/x")
    path = estate.put("alice", "late", "late")
    estate.call("bob", "three").answered()
    expect(path.exists() and "a late" not in estate.house.made(), "what comes after that is left")
    path.unlink()
    estate.admit("bob", agents="a")
    estate.cannot("bob", f"touch {estate.drop('bob', 'b')}/x")


@case_of_three
def killed_again_and_again_each_of_his_calls_is_answered_once(estate):
    """Between take, publish, owed and answer: by a kill at a system call that is counted, and by one after a while."""
    house = estate.house
    estate.agent(Concurrency=4)
    estate.admit("alice")
    killed = 0
    names = [f"key-{number}" if number % 2 else f"n{number}" for number in range(36)]
    calls = ("renameat2", "renameat", "unlinkat", "fsync", "symlinkat")
    for round, name in enumerate(calls * 4):
        for number in range(2):
            if names:
                estate.put("alice", names[0], f"flood {names.pop(0)}")
        if not pending(estate, names):
            break
        gateway = house.start("strace", "-q", "-o", "/dev/null", "-e", f"trace={name}",
                              "-e", f"inject={name}:signal=KILL:when={3 + round}", house.bin / "gateway", "--slots", "2", **estate.owners)
        until(lambda: gateway.process.poll() is not None or not pending(estate, names), f"killed at {name}", SOON)
        if gateway.process.poll() is None:
            for pid in children(gateway.pid):
                os.kill(pid, signal.SIGKILL)
        else:
            killed += 1
        gateway.process.wait(SOON)
    house.remark(f"killed {killed} times at a system call")
    expect(killed >= 3, f"killed {killed} times")
    while names:
        estate.put("alice", names[0], f"flood {names.pop(0)}")
    gateway = estate.gateway()
    until(lambda: len(estate.answers("alice")) == 36, f"all are answered: {len(estate.answers('alice'))}", SOON)
    for number in range(36):
        name = f"key-{number}" if number % 2 else f"n{number}"
        header, body = estate.answer("alice", name)
        expect(header["Status"] == "0" and body == f"a: flood {name}\n", f"{name} was answered {header} {body!r}")
    until(lambda: not os.listdir(estate.spool / "calls-a/owed-alice"), "nothing is owed", SOON)
    expect(not os.listdir(estate.drop("alice")), f"left: {os.listdir(estate.drop('alice'))}")
    house.stop(gateway)
    done = house.calls("done")
    expect(len(done) == 36 == len({entry.body for entry in done}), f"{len(done)} calls were published")


def pending(estate, names):
    """Whether something that was put there has no answer yet."""
    return len(estate.answers("alice")) < 36 - len(names)
