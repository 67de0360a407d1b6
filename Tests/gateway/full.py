"""What is full, or spent: who comes is told so at once, and when to come again."""
import os

from house import SOON, case, expect, until


@case
def a_full_backlog_refuses_with_75_and_a_time(house):
    house.agent(Backlog=3)
    house.gateway()
    first = house.call("await x")
    house.until_made("a await x")
    waiting = [house.call(f"n{number}") for number in range(3)]
    house.waiting(3)
    house.call("too many").refused(75, "rate-limit", "3 calls of a wait already", "try again at 20")
    known = house.call("too many", "--fallback", "-", text="too many")
    expect(known.command.end(SOON).code == 0, "it has its fallback")
    house.go("await x")
    for call in (first, *waiting):
        call.answered()
    house.call("there is room").answered()


@case
def a_spent_budget_is_69_and_calls_no_model(house):
    house.agent("a", Command="claude", Budget="0.01")
    house.gateway(env={"STANDIN_CLAUDE": "cost=0.008"})
    runs = house.home / "calls.jsonl"
    house.call("one").command.end(SOON)
    house.call("two").command.end(SOON)
    before = len(runs.read_text().splitlines())
    house.call("three").refused(69, "budget")
    expect(len(runs.read_text().splitlines()) == before, "no model was run")


@case
def a_nearly_full_disk_refuses_calls_and_what_was_accepted_is_made(house):
    disk = house.lie_on("ext4")
    house.agent("a")
    house.agent("b")
    gateway = house.gateway()
    first = house.call("await x")
    house.until_made("a await x")
    disk.fill(leave=200_000)
    (house.spool / "calls-b/drop/x").write_text("x")
    house.says(gateway, "nearly full")
    house.call("refused", agent="b").refused(75, "nearly full")
    house.go("await x")
    first.answered()
    disk.free()
    house.call("hello", agent="b").answered()
    expect(gateway.said().count(b"nearly full") <= 3, f"told once, not at each look: {gateway.said()!r}")


@case
def hundreds_of_agents_are_served_by_one_process(house):
    """With few descriptors allowed, as a login has them; and more of them open than select(2) takes."""
    house.furnish()
    for number in range(400):
        (house.spool / "agents" / f"n{number}.md").write_text(f"Command: {house.model}\nRate: 1000/s\n")
    gateway = house.gateway("--slots", "2", preexec_fn=few_files)
    for number in 0, 200, 399:
        house.call("hello", agent=f"n{number}").answered()
    # Once more, with another watch.
    house.agent("later")
    house.call("hello", agent="later").answered()
    house.remark(f"{len(os.listdir(f'/proc/{gateway.pid}/fd'))} descriptors")
    expect(b"inotify" not in gateway.said(), f"it watches: {gateway.said()!r}")
    house.stop(gateway)


def few_files():
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
