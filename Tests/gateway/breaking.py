"""The breaker: after five failures an agent is left alone, then one call tries."""
from house import SOON, case, expect, opened, until


def register(name, check):
    """With a gateway, and without one."""
    def with_one(house):
        house.agent()
        house.agent("b")
        house.gateway()
        check(house)

    def without(house):
        house.agent()
        house.agent("b")
        check(house)

    with_one.__name__, without.__name__ = f"{name}_with_a_gateway", f"{name}_without_one"
    for function in with_one, without:
        function.__module__ = __name__
        case(function)


def opens(house):
    opened(house)
    made = house.made()
    expect(len(made) == 5, f"made: {made}")
    done = house.call("hello").refused(69, "breaker")
    expect(b"again at" in done.err, f"it does not say when: {done.err!r}")
    expect(house.made() == made, "no model was run")
    house.call("hello", agent="b").answered()


def closes(house):
    opened(house)
    house.rest()
    house.call("fail still", "--attempts", "1").refused(75, "died")
    house.call("hello").refused(69, "breaker")
    expect(len(house.made()) == 6, f"one probe: {house.made()}")
    house.rest()
    (house.home / "well").touch()
    house.call("hello").answered()
    expect(house.breaker() is None, "it is closed")
    house.call("fail no more").answered()
    events = [line["event"] for line in house.journal() if line["event"].startswith("breaker")]
    expect(events == ["breaker-open", "breaker-closed"], f"{events}")


def probes_once(house):
    house.agent(Concurrency=8)
    opened(house)
    house.rest()
    probe = house.call("await probe")
    house.until_made("a await probe")
    others = [house.call(f"other {number}") for number in range(6)]
    for other in others:
        other.refused(69, "breaker")
    house.go("await probe")
    probe.answered()
    expect(not house.made("other"), f"made: {house.made()}")
    house.call("hello").answered()


register("after_five_failures_an_agent_is_left_alone_and_no_other", opens)
register("a_probe_that_fails_keeps_it_open_and_one_that_does_not_closes_it", closes)
register("only_one_probes", probes_once)


@case
def attempts_of_one_call_are_one_failure(house):
    """As without a gateway, where they are bridged inside the call."""
    house.agent()
    house.gateway()
    house.call("fail", "--attempts", "3", "--timeout", "60s").refused(75, "died", within=60)
    expect(len(house.made()) == 3, f"made: {house.made()}")
    expect(house.breaker()["Failures"] == "1", f"{house.breaker()}")


@case
def what_is_wrong_with_a_call_is_no_failure_of_the_agent(house):
    house.agent()
    house.gateway()
    for number in range(6):
        house.call(f"hello {number}", "--expect", "never", "--attempts", "1").refused(65, "invalid")
    house.call("hello").answered()
