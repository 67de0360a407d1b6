"""Fairness, by the order in which calls begin: how much one agent has waiting, or how it hangs, is no other's matter."""
import os

from house import SOON, case, expect, until


@case
def two_hundred_waiting_calls_delay_another_agent_by_at_most_one_slot(house):
    """One slot, which is taken: when it is free the light agent's call is the next, whatever waited before it."""
    house.agent("a", Backlog="1000")
    house.agent("light")
    names = ["await a"]
    house.write_batch(names, "a")
    house.gateway("--slots", "1")
    house.until_made(f"a {names[0]}")
    house.good("sh", "-c", "for i in $(seq 20); do for j in $(seq 10); do echo \"flood $i $j\" | spool put calls-a & done; wait; done",
               within=120)
    light = house.call("one", agent="light")
    house.waiting(1, "light")
    house.go(*names)
    light.answered()
    at = house.made().index("light one")
    expect(at <= 2, f"{at} calls were begun before it: {house.made()[:6]}")
    expect(len(os.listdir(house.spool / "calls-a/new")) > 150, "the heavy one's calls wait still")


@case
def ten_thousand_waiting_calls_delay_another_agent_by_at_most_one_slot(house):
    house.agent("a", Concurrency=4)
    house.agent("light")
    house.write_batch((f"flood {number}" for number in range(10_000)), "a")
    house.gateway("--slots", "4")
    until(lambda: len(house.made()) >= 20, "they are made", SOON)
    for number in range(5):
        before = len(house.made())
        house.call(f"one {number}", agent="light").answered()
        # Each slot that was free in between, and those calls that were begun while ours was being published.
        at = house.made().index(f"light one {number}")
        house.remark(f"{at - before} begun before it")
        expect(at - before <= 60, f"{at - before} calls were begun between its publishing and its beginning")
    expect(len(os.listdir(house.spool / "calls-a/new")) > 9000, "the heavy one's calls wait still")


@case
def a_model_that_hangs_in_all_its_slots_does_not_stop_another_agent(house):
    house.agent("a", Concurrency=100)
    house.agent("b", Concurrency=100)
    house.agent("light")
    for name in "ab":
        house.write_batch((f"hang {number}" for number in range(20)), name)
    house.gateway("--slots", "8")
    until(lambda: len(house.made("hang")) == 6, "they take what they may have", SOON)
    for number in range(3):
        house.call(f"one {number}", agent="light").answered()
    expect(len(house.made("hang")) == 6, f"what is kept for others is not theirs: {len(house.made('hang'))}")
    hanging = house.made("hang")
    expect(len([line for line in hanging if line.startswith("a")]) == 3, f"shared by halves: {hanging}")


@case
def who_waits_for_its_rate_holds_no_slot(house):
    house.agent("a", Rate="1/h", Concurrency=4)
    house.agent("b")
    house.gateway("--slots", "1")
    house.write_batch((f"slow {number}" for number in range(3)), "a")
    house.until_made("a slow 0")
    for number in range(3):
        house.call(f"quick {number}", agent="b").answered()
    expect(house.made("a ") == ["a slow 0"], f"made: {house.made()}")
    house.call("later", "--timeout", "1s").refused(124)


@case
def an_agents_calls_are_begun_in_their_order(house):
    house.agent()
    house.write_batch(f"n{number}" for number in range(30))
    house.gateway("--slots", "4")
    until(lambda: len(house.calls("re")) == 30, "all are made", SOON)
    expect(house.made() == [f"a n{number}" for number in range(30)], f"made: {house.made()}")
    house.one_reply_each(30)
