"""What a call through the gateway is to its caller: what it would be without one."""
import os

from home import failed
from house import SOON, case, expect, until


@case
def a_call_is_made_by_the_gateway_and_not_by_its_caller(house):
    house.agent()
    gateway = house.gateway()
    call = house.call("await x")
    house.until_made("a await x")
    holder = house.calls("run")[0].path.name.rpartition(".")[2]
    expect(int(holder) in house.workers(gateway), f"it is made by {holder}, and the slots are {house.workers(gateway)}")
    house.go("await x")
    call.answered()
    expect(house.made() == ["a await x"], f"made: {house.made()}")
    house.stop(gateway)
    house.one_reply_each(1)


@case
def under_a_key_it_is_made_once(house):
    house.agent()
    house.gateway()
    for _ in range(2):
        house.call("hello", "--key", "k").answered()
    together = [house.call("await x", "--key", "x") for _ in range(4)]
    house.until_made("a await x")
    house.go("await x")
    for call in together:
        call.answered()
    expect(house.made() == ["a hello", "a await x"], f"made: {house.made()}")


@case
def a_failed_call_is_made_again_when_it_is_asked_for_again_under_its_key(house):
    house.agent()
    house.gateway()
    house.call("fail", "--key", "k", "--attempts", "1").refused(75, "died")
    (house.home / "well").touch()
    house.call("fail", "--key", "k", "--attempts", "1").answered()


@case
def a_failure_is_told_as_without_a_gateway(house):
    house.agent("a", Command="claude")
    gateway = house.gateway(env={"STANDIN_CLAUDE": "not-logged-in"})
    house.call("hello").refused(77, "not-logged-in")
    house.stop(gateway)
    gateway = house.gateway(env={"STANDIN_CLAUDE": "hang"})
    house.call("hello", "--timeout", "1s").refused(124, "timeout")
    (house.home / "fallback").write_text("as usual\n")
    house.call("hello", "--timeout", "1s", "--fallback", "fallback", text="as usual\n").answered()
    house.stop(gateway)
    house.gateway(env={"STANDIN_CLAUDE": "echo"})
    house.call("hello", "--expect", "nothing of this", "--attempts", "1").refused(65, "invalid")
    house.call("hello", "--expect", "hel+o", text="hello\n").answered()


@case
def an_overload_is_tried_again_from_wait_and_holds_no_slot(house):
    """With a single slot: while one waits for its second attempt the other is made."""
    house.agent("a", Command="claude")
    house.agent("b")
    house.gateway("--slots", "1", env={"STANDIN_CLAUDE": f"fail-then-good=1:{house.home}/runs"})
    first = house.call("hello", "--attempts", "2", agent="a", text=None)
    until(lambda: house.names("calls-a", "wait"), "it waits", SOON)
    house.call("meanwhile", agent="b").answered()
    done = first.command.end(SOON)
    expect(done.code == 0 and done.out, f"exit {done.code}: {done.err!r}")
    expect((house.home / "runs").read_text() == "..", "it was tried twice")
    expect(house.breaker() is None, "one hiccup, bridged by a second attempt, is no failure")
    reply = house.calls("re")[0]
    expect(reply.header["Attempts"] == "2", f"{reply.header}")


@case
def a_call_that_waits_can_be_cancelled(house):
    house.agent()
    gateway = house.gateway()
    first = house.call("await x")
    house.until_made("a await x")
    second = house.call("never")
    house.waiting(1)
    house.good("spool", "cancel", house.calls("new")[0].id)
    second.refused(75, "cancelled")
    house.go("await x")
    first.answered()
    expect(house.made() == ["a await x"], f"made: {house.made()}")
    house.stop(gateway)


@case
def a_caller_that_gives_up_takes_its_call_back(house):
    house.agent()
    house.gateway()
    first = house.call("await x")
    house.until_made("a await x")
    house.call("never", "--timeout", "1s").refused(124)
    house.go("await x")
    first.answered()
    expect(house.made() == ["a await x"] and not house.calls("new"), f"made: {house.made()}")


@case
def what_is_put_by_hand_is_made_as_its_lines_say(house):
    """Those that mean nothing are refused, each for itself; the agent's own defaults hold where there is none."""
    house.agent(Timeout="20s")
    house.gateway()
    lines = {"Timeout: soon": "Timeout", "Timeout: 0s": "Timeout", "Attempts: many": "Attempts", "Attempts: 0": "Attempts",
             "Attempts: 1000000": "Attempts", "Expect: (": "Expect"}
    drop = house.spool / "calls-a/drop"
    until(drop.exists, "there is a drop", SOON)
    for number, line in enumerate(lines):
        (drop / f"wrong{number}").write_text(f"Spool: 1\n{line}\n\nwrong {number}")
    (drop / "no entry").write_text("Spool: 1\nnot a line\n\nx")
    (drop / "good").write_text("Spool: 1\nTimeout: 9s\nAttempts: 1\nMemory-Tokens: -5\nX-Odd: 1\n\ngood")
    (drop / "plain").write_text("plain")
    until(lambda: len(house.calls("re")) == 2 and len(house.calls("fail")) == len(lines), "all are settled", SOON)
    expect(sorted(house.made()) == ["a good", "a plain"], f"made: {house.made()}")
    for entry in house.calls("fail"):
        word = list(lines.values())[int(entry.header["Name"].removeprefix("wrong"))]
        log = house.log("calls-a", entry.id)
        expect("invalid" in log and word in log, f"{entry.header['Name']}: {log}")
    until(lambda: len(os.listdir(house.spool / "calls-a/bad")) == 1, "what is no entry lies in bad/", SOON)
    (house.spool / "calls-a/bad" / os.listdir(house.spool / "calls-a/bad")[0]).unlink()


@case
def a_schema_makes_it_fetch_nothing(house):
    """It may be another user's: what it refers to outside is neither read nor called."""
    house.agent("a", Command="claude")
    house.gateway(env={"STANDIN_CLAUDE": "structured"})
    house.call("x", "--schema", schema(house, '{"type": "object", "required": ["answer"]}'), text='{"answer":"42"}\n').answered()
    secret = house.home / "secret.json"
    secret.write_text('{"type": "string", "description": "hush"}')
    done = house.call("x", "--attempts", "1", "--schema", schema(house, f'{{"$ref": "file://{secret}"}}')).refused(65, "leads out")
    expect(b"hush" not in done.err, f"{done.err!r}")


def schema(house, text):
    path = house.home / "schema.json"
    path.write_text(text)
    return path


@case
def a_second_gateway_is_refused(house):
    house.agent()
    gateway = house.gateway()
    failed(house.run("gateway"), 75, "another gateway", tool="gateway")
    house.call("hello").answered()
    house.stop(gateway)


@case
def an_agent_that_comes_later_is_served_too(house):
    """Without a signal: whoever calls it would wait for nothing."""
    house.agent()
    house.gateway()
    house.agent("late")
    house.call("hello", agent="late").answered()
