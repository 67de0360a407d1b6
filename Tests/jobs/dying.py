"""Jobs that are killed: each is told of, by the next run or by the tick, and once; and nothing is sent twice."""
import re
import signal

from case import expect, wait_for_orphans
from home import case, until
from running import kill, living

CALLS = "%file,%desc,ftruncate,flock"


def die(home, name="a"):
    """A run whose job is killed, with its command."""
    running = home.furnish().start("job", name, "--", "sh", "-c", "echo last words >&2; exec await x")
    until(lambda: b"last words" in running.said(), "its command runs")
    kill(running.pid)
    running.process.wait()
    wait_for_orphans()


@case
def the_tick_tells_of_a_killed_run(home):
    die(home)
    home.is_so("a", state="killed")  # nobody has counted it yet
    home.tick()
    home.is_so("a", state="failed", execution="killed", exit=None, failures=1, delivery="not-requested")
    home.is_told("job a failed", "it was killed, or its machine went down", "last words")
    home.tick()
    home.job("a", "true")
    home.is_told("job a failed")
    home.is_so("a", state="ok", failures=0)


@case
def the_next_run_tells_of_a_killed_one(home):
    die(home)
    home.job("a", "true")
    home.is_told("job a failed", "it was killed")
    home.is_so("a", state="ok", failures=0)
    home.tick()
    home.is_told("job a failed")


@case
def a_sweep_by_somebody_else_hides_nothing(home):
    die(home)
    home.good("spool", "sweep", "jobs")
    home.is_so("a", state="killed")
    home.tick()
    home.is_told("job a failed")


@case
def each_killed_run_is_counted(home):
    for _ in range(3):
        die(home)
    home.job("b", "true")
    home.tick()
    home.is_so("a", failures=3)
    home.is_told("job a failed")  # the others in the cool-down


def traced(home, *inject):
    """A run whose output is delivered and whose command fails, or not, under strace."""
    trace = ["strace", "-o", home.home / "trace", "-qq", "-e", f"trace={CALLS}", "-e", "signal=none", *inject]
    return home.start(*trace, "job", "a", "--deliver", f"file:{home.home}/out", "--", "sh", "-c",
                      "echo one >>$HOME/ran; echo the output; exit $(cat $HOME/code)")


def killed_at(home, j, call):
    """Before its j-th call of this name."""
    return traced(home, "-e", f"inject={call}:signal=SIGKILL:when={j}")


@case
def killed_anywhere_its_output_is_sent_at_most_once_and_its_failure_told(home):
    home.furnish().good("job", "a", "--cooldown", "1s", "--disable-after", "0")
    kills = 0
    for code in "0", "3":
        (home.home / "code").write_text(code)
        traced(home).end()
        calls = re.findall(r"^(\w+)\(", (home.home / "trace").read_text(), re.M)[1:]
        numbered, seen = [], {}
        for call in calls:
            seen[call] = seen.get(call, 0) + 1
            numbered.append((seen[call], call))
        first = next(n for n, (_, call) in enumerate(numbered) if call == "flock")
        for j, call in numbered[first::9]:
            runs, sent = len(home.lines("ran")), home.lines("out").count("the output")
            known = len(home.entries("jobs"))
            process = killed_at(home, j, call).process
            if process.wait() in (0, int(code)):
                continue  # it had more of other calls than that
            kills += 1
            wait_for_orphans()
            home.tick()
            home.recover()
            ran, out = len(home.lines("ran")) - runs, home.lines("out").count("the output") - sent
            expect(ran <= 1 and out <= ran, f"call {j} of {call}: ran {ran} times, sent {out} times")
            begun = len(home.entries("jobs")) - known
            expect(begun <= 1, f"call {j} of {call}: {begun} entries for one run")
            row = home.row("a")
            expect(row["state"] in ("ok", "failed"), f"call {j} of {call}: {row}")
            expect("Tell" not in home.state("a") or "Told" in home.state("a"), f"not told: {home.state('a')}")
            if row["delivery"] == "delivered":
                expect(home.lines("out").count("the output") > 0, f"{row}")
    expect(kills > 20, f"only {kills} kills")
    home.remark(f"{kills} kills")


@case
def two_who_count_a_killed_run_count_it_once(home):
    for number in range(5):
        home.good("job", "a", "--disable-after", "0", "--cooldown", "1s")
        die(home)
        rivals = [home.start("spool", "tick") for _ in range(2)] + [home.start("job", "a", "--", "sh", "-c", "exit 1")]
        for rival in rivals:
            rival.end()
        home.tick()
        # The killed one, and the one behind it, unless that found the tick at it.
        row = home.row("a")
        expect(row["failures"] == len(home.entries("jobs", "fail")), f"{row['failures']} are counted of "
               f"{len(home.entries('jobs', 'fail'))}")
