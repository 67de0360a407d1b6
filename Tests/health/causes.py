"""What may be wrong in earnest, and what the tick tells a person about it without a model."""
import signal

from case import expect
from home import case, case_on
from sending import TEXT
from watched import DAY, at


def call(home, behaviour, minutes, code, agent="main"):
    done = home.run("claude-call", "--agent", agent, "hello", env={**at(minutes), "STANDIN_CLAUDE": behaviour})
    expect(done.code == code, f"claude-call exits {done.code}, not {code}: {done.err.decode()}")


@case_on("tmpfs", "ext4")
def a_disk_that_is_nearly_full_is_told_though_nothing_else_is_accepted(home, disk):
    home.begin()
    disk.fill(leave=600_000)  # 8 MB: below 400,000 nothing is accepted
    home.ticks(1, 3).is_told(1, "disk", "is filling up")
    home.signals(3, "disk")
    disk.free()
    home.tick(4)
    disk.fill(leave=300_000)
    expect(home.run("spool", "put", "a", stdin=b"x").code == 75, "something is accepted")
    home.tick(70)
    home.ticks(71, 73).is_told(1, "disk", "is nearly full")
    line, = home.signals(73, "disk")
    expect("nothing new is accepted" in line, line)
    disk.free()
    home.ticks(74, 75).is_told(2, "disk").is_well(75)


@case
def an_agent_that_fails_again_and_again_is_told_once(home):
    home.begin().agent("kira", "Model: haiku", "Rate: 100/min")
    for _ in range(5):
        call(home, "exit=1", 1, 69, agent="kira")
    home.ticks(2, 5).is_told(1, "breaker", "kira is not called any more")
    home.signals(5, "breaker", "failed")
    expect(home.run("claude-call", "--agent", "kira", "x", env={**at(2), "STANDIN_CLAUDE": "good"}).code == 0, "no probe")
    home.ticks(6, 7).is_told(1, "breaker")


@case
def where_it_is_not_logged_in_nobody_is_woken_and_a_person_is_told(home):
    home.begin().agent("main", "Model: haiku", "Rate: 100/min")
    for _ in range(2):
        call(home, "not-logged-in", 1, 77)
    home.tick(2)
    home.is_told(0, "stop")
    call(home, "not-logged-in", 2, 77)
    home.ticks(3, 6).is_told(1, "stop", "main is not woken any more", "not-logged-in")
    home.is_well(6)
    said = home.guard(6, "-v").err.decode()
    expect("to call main would only fail again" in said, said)
    # Somebody else may be.
    home.signals(6, "failed", options=["--agent", "kira"])
    call(home, "good", 7, 0)
    home.ticks(7, 8).is_told(1, "stop")
    home.is_well(8)


@case
def a_spent_budget_wakes_nobody(home):
    home.begin().agent("main", "Model: haiku", "Budget: 0.01")
    (home.spool / "calls-main").mkdir(exist_ok=True)
    home.init("calls-main")
    (home.spool / "calls-main/spent").write_text(f"{DAY}T00:00:00Z 0.0095 USD since then\n")
    home.signals(1, "budget")
    (home.spool / "calls-main/spent").write_text(f"{DAY}T00:00:00Z 0.0100 USD since then\n")
    home.is_well(2)
    home.ticks(1, 2).is_told(1, "stop", "its budget of today is spent")


@case
def four_causes_at_once_are_each_named(home):
    """A model that hangs, a channel that is down, an agent that is flooded, and a worker that was killed."""
    home.begin().agent("main", "Model: haiku", "Timeout: 1s", "Rate: 100/min", "Backlog: 5")
    home.agent("kira", "Model: haiku", "Backlog: 5").init("calls-kira", "b")
    for _ in range(5):
        call(home, "hang", 1, 124)
    for number in range(5):
        home.good("spool", "put", "calls-kira", stdin=f"call {number}\n".encode(), env=at(1))
    home.run("deliver", "--to", f"file:{home.home}/none/inbox", stdin=TEXT.encode(), env=at(1))
    home.good("spool", "put", "b", stdin=b"x", env=at(1))
    worker = home.start("spool", "work", "b", "--", "sleep", "60", env=at(1))
    while not list((home.spool / "b/run").iterdir()):
        expect(worker.process.poll() is None, "the worker has ended")
    worker.kill(signal.SIGKILL).process.wait()
    home.ticks(2, 5)
    lines = home.guard(5, "--max-age", "2m").out.decode()
    for rule, word in ("breaker", "main is not called"), ("backlog", "5 calls of kira wait"), ("waiting", "in b "):
        expect(any(line.startswith(f"{rule}: ") and word in line for line in lines.splitlines()), f"no {rule}: {lines}")
    expect(any("deliveries" in line for line in lines.splitlines()), f"nothing of the deliveries: {lines}")
    home.is_told(1, "breaker")
