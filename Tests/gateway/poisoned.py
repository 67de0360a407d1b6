"""What is wrong with one agent, its queue or its slots is told, and stops no other; and who has nothing to do sleeps."""
import os
import resource
import shutil
import signal
import subprocess

from house import SOON, case, expect, until


@case
def with_nothing_to_do_it_sleeps(house):
    """Also behind what it cannot work: a few wake-ups at most."""
    for name in "abc":
        house.agent(name)
    gateway = house.gateway()
    house.call("hello").answered()
    house.write_batch(["hello"], "b")
    until(lambda: house.calls("re", agent="b"), "it is made", SOON)
    expect(turns(house, gateway) <= 6, "it does not sleep")
    house.remark(f"{turns(house, gateway)} polls")


def turns(house, gateway, seconds="2"):
    """How often it goes to sleep in this time, its slots included."""
    done = subprocess.run(["timeout", seconds, "strace", "-f", "-e", "trace=poll", "-p", str(gateway.pid)],
                          capture_output=True, text=True)
    return done.stderr.count("poll(")


@case
def a_poisoned_queue_stops_no_other_agent(house):
    """Each of its files and rooms in turn is something else than it should be."""
    house.agent("b")
    house.agent()
    house.gateway()
    house.call("first").answered()
    queue = house.spool / "calls-a"
    for name in "rate", "spent", "breaker", "slots", "breaker.lock", "new", "wait", "run", "tmp", "out", "done", "fail", "re", "drop":
        path, aside = queue / name, queue / f"{name}.aside"
        if path.exists():
            path.rename(aside)
        if path.name in ("rate", "spent", "breaker", "breaker.lock"):
            path.mkdir()
        else:
            path.write_text("poison")
        house.call(f"with {name}", "--timeout", "1s").command.end(SOON)
        house.call(f"beside {name}", agent="b").answered()
        path.rmdir() if path.is_dir() else path.unlink()
        if aside.exists():
            aside.rename(path)
    house.call("at last", "--timeout", "60s").answered(60)


@case
def an_agents_queue_that_was_taken_away_is_made_anew(house):
    house.agent()
    house.agent("b")
    house.gateway()
    house.call("first").answered()
    (house.spool / "calls-a").rename(house.home / "away")
    house.call("beside", agent="b").answered()
    house.call("again", "--timeout", "60s").answered(60)


@case
def slots_that_are_killed_are_replaced_after_a_pause(house):
    house.agent()
    gateway = house.gateway("--slots", "2")
    program = house.home / "trace"
    old = until(lambda: len(house.workers(gateway)) == 2 and house.workers(gateway), "it has slots", SOON)
    trace = house.start("strace", "-f", "-o", program, "-e", "trace=execve", "-p", gateway.pid)
    until(lambda: b"attached" in trace.said(), "it is watched", SOON)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(house.workers(gateway)) == 2 and not set(old) & set(house.workers(gateway)), "there are two again", SOON)
    expect(program.read_text().count("execve(") <= 2, "each was started once")
    trace.kill(signal.SIGINT).process.wait(SOON)
    expect(gateway.process.poll() is None, "the gateway lives")
    house.call("hello", "--timeout", "60s").answered(60)


@case
def without_descriptors_it_tells_so_and_goes_on_when_there_are_some(house):
    house.agent()
    gateway = house.gateway("--slots", "2")
    house.call("first").answered()
    used = len(os.listdir(f"/proc/{gateway.pid}/fd"))
    limit = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (used - 6, limit[1]))
    for pid in house.workers(gateway):
        os.kill(pid, signal.SIGKILL)
    house.says(gateway, "descriptors")
    expect(gateway.process.poll() is None, "it lives")
    resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, limit)
    house.call("hello", "--timeout", "60s").answered(60)


@case
def an_entry_that_cannot_be_read_holds_up_nothing(house):
    house.agent()
    house.write_batch(["one", "two", "three"])
    new = house.spool / "calls-a/new"
    names = sorted(os.listdir(new))
    (new / names[0]).chmod(0o640)
    (new / names[0]).write_text("Spool: 1\nId: somebody else's\n\n")
    (new / "20260101T000000.000009Z-000009").symlink_to(names[1])
    os.mkfifo(new / "20260101T000000.000010Z-000010")
    (new / "20260101T000000.000011Z-000011").mkdir()
    (new / "no name").write_text("x")
    gateway = house.gateway()
    until(lambda: len(house.names("calls-a", "re")) == 2, "the others are made", SOON)
    until(lambda: not house.names("calls-a", "new"), "all of it lies in bad/", SOON)
    expect(turns(house, gateway) <= 8, "it does not sleep")
    shutil.rmtree(house.spool / "calls-a/bad")
    (house.spool / "calls-a/bad").mkdir(0o700)


@case
def an_expression_that_never_ends_is_the_end_of_its_maker_only(house):
    """A caller's --expect is run by the gateway's slot, which has a minute beyond the call's time; its agent's other calls go on."""
    house.agent(Concurrency=2)
    house.agent("b")
    house.gateway("--slots", "4")
    (house.spool / "calls-a/drop/x").write_text("Spool: 1\nTimeout: 2s\nExpect: (a+)+(b+)+$c\n\n" + "a" * 40)
    house.until_made("a " + "a" * 40)
    house.call("hello").answered()
    house.call("hello", agent="b").answered()
