"""Killed at any moment, and booted again: everything goes on by itself, nothing is lost, nothing happens twice."""
import json
import random
import re
import signal

from case import expect
from home import case, until
from running import SOON, kill, moment

LIVES = 4
SERVICES = ("dashboard", "gateway", "harvest", "relay", "scheduler")  # beside those that spindle.target wants
STAY = ("dashboard", "deliver", "gateway", "harvest", "scheduler", "telegram-relay")
# The job is one that fails when it is killed, and says so.
CRONTAB = "@every 1s tally beat\n@every 2s job hourly --deliver me -- sh -c 'echo an hour has passed'\n"
SCRIPT = """
pipeline-step gather -- tally "gather-$1"
pipeline-step think  -- claude-call --agent main --key "think-$1" "think of $1"
pipeline-step tell   -- deliver --to me --key "tell-$1" -q <"$STEPS/think"
"""


class Work:
    """What users ask for while the machine lives; each thing under a key, so that they may ask again."""

    def __init__(self, home):
        self.home, self.count, self.messages = home, 0, []
        self.script = home.script(SCRIPT)

    def give(self, count=6):
        home = self.home
        for _ in range(count):
            self.count += 1
            n = self.count
            self.messages.append((n, home.start("deliver", "--to", "me", "--key", f"m{n}", stdin=f"message {n}.\n".encode())))
            home.start("claude-call", "--agent", "main", "--key", f"c{n}", "--timeout", "10m", "-q", f"call {n}")
            if n % 2:
                home.start("pipeline-run", "--key", f"p{n}", "--name", f"p{n}", self.script, str(n))

    def accepted(self):
        """Messages whose acceptance was said."""
        return {n for n, command in self.messages if command.files[1].read_bytes().strip()}

    def ask_again(self):
        """As their users do, who have not been told how it ended."""
        for n in range(1, self.count + 1):
            self.home.good("deliver", "--to", "me", "--key", f"m{n}", stdin=f"message {n}.\n".encode())
            done = self.home.good("claude-call", "--agent", "main", "--key", f"c{n}", "--timeout", "1m", "-q", f"call {n}")
            expect(b"call" in done.out or b"prompt" in done.out, f"call {n}: {done.out!r}")
            if n % 2:
                self.home.good("pipeline-run", "--key", f"p{n}", "--name", f"p{n}", self.script, str(n))


def furnish(home):
    home.furnish()
    home.telegram()
    home.settings["STANDIN_CLAUDE"] = "slow=0.1"
    (home.spool / "crontab").write_text(f"PATH={home.home}/tools:{home.bin}:/usr/bin:/bin\n" + CRONTAB)
    agent = home.spool / "agents/main.md"
    agent.write_text("Model: haiku\nRate: 1000/min\nConcurrency: 4\nBudget: 1000\nCommand: claude\n\nYou are helpful.\n")
    sessions = home.home / ".claude/projects/-home"
    sessions.mkdir(parents=True)


def killed_and_booted(home, boot, stay):
    """Lives a few times, is killed in the middle of it, boots again, and is looked at."""
    furnish(home)
    dice, work, hearts = random.Random(home.options.seed), Work(home), {}
    asker = None
    for life in range(LIVES):
        boot()
        if life == 0:
            home.beats(*stay)
            asker = home.start("wait-approval", "--to", "me", "--key", "ask", "--timeout", "1h", "--subject", "Post it",
                               stdin=b"the post\n")
            until(lambda: home.names("approvals", "hold"), "the request is open", SOON)
        work.give()
        moment(0.05 + dice.random() / 2)
        hearts = {name: home.heart(name) for name in stay}
        home.switch_off()
    deadline = {path.name: path.stat().st_mtime for path in (home.spool / "approvals/hold").iterdir()}
    expect(len(deadline) == 1, f"the open request: {deadline}")
    beats = home.ran().count("beat")
    boot()
    for name, pid in home.beats(*stay).items():
        expect(pid != hearts[name], f"{name} has not begun anew")
    # By itself: nobody has asked again yet.
    until(lambda: not home.names("runs", "new") + home.names("runs", "run") + home.names("runs", "wait"), "the runs are over", 60)
    until(lambda: home.ran().count("beat") > beats, f"the scheduler goes on: {home.all_said()}", SOON)
    quiet(home, "deliveries", "calls-main")
    check(home, work)
    work.ask_again()
    quiet(home, "deliveries", "calls-main")
    check(home, work)
    expect({f"message {n}." for n in range(1, work.count + 1)} <= set(home.inbox().splitlines()), "each message, now")
    expect(deadline == {path.name: path.stat().st_mtime for path in (home.spool / "approvals/hold").iterdir()},
           "the request is open as before")
    asked = re.findall(r"^=== \S+ .*Post it", home.inbox(), re.M)
    expect(len(asked) == 1, f"asked {len(asked)} times: {home.inbox()}")
    home.good("approve", next(iter(deadline)), "-m", "fine")
    done = home.run("wait-approval", "--to", "me", "--key", "ask", "--timeout", "1h", "--subject", "Post it",
                    stdin=b"the post\n")
    expect(done.code == 0 and done.out.startswith(b"approved"), f"{done.code} {done.out!r}")
    home.remark(f"{work.count} messages and calls, {len(work.accepted())} messages accepted before a kill")
    return work


def quiet(home, *queues):
    def busy():
        return [f"{queue}/{room}/{name}" for queue in queues for room in ("new", "run", "wait", "out")
                for name in home.names(queue, room)]

    def is_quiet():
        for queue in queues:
            home.make_due(queue)  # its pause after a crash is not what is looked at
        return not busy()

    until(is_quiet, f"all is done: {busy()}", 60)


def check(home, work):
    """Nothing twice, and nothing lost that was accepted."""
    lines = [line for line in home.inbox().splitlines() if re.fullmatch(r"message \d+\.", line)]
    expect(len(lines) == len(set(lines)), f"twice: {sorted(lines)}")
    lost = {n for n in work.accepted() if f"message {n}." not in lines}
    expect(not lost, f"accepted, and lost: {lost}")
    keys = [entry.header["Key"] for entry in home.entries("calls-main") if "Key" in entry.header]
    expect(len(keys) == len(set(keys)), f"one key, several calls: {sorted(keys)}")
    for entry in home.entries("calls-main", "done"):
        expect((home.spool / "calls-main/re" / entry.id).exists(), f"{entry.id} has no reply")
    expect(not home.entries("calls-main", "fail", "bad"), "a call has failed")
    expect(not home.entries("runs", "fail", "bad", "hold"), "a run has failed")
    for entry in home.entries("deliveries"):
        expect(entry.room == "done", f"deliveries/{entry.room}/{entry.id}: {entry.body[:80]}")
    runs = [row for row in map(json.loads, home.good("job", "--list", "--json").out.splitlines())]
    for row in runs:
        expect(row["state"] in ("ok", "failed", "running"), f"{row}")
        outputs = [entry.header["Job"] for entry in home.entries("deliveries") if "Job" in entry.header]
        expect(len(outputs) == len(set(outputs)), f"a run's output is several messages: {outputs}")


@case
def after_a_boot_everything_goes_on_with_systemd(home):
    killed_and_booted(home, lambda: home.boot_systemd(*SERVICES), STAY)


@case
def after_a_boot_everything_goes_on_with_cron(home):
    killed_and_booted(home, home.boot_cron, STAY)


@case
def what_is_killed_alone_comes_back_alone(home):
    furnish(home)
    home.boot_systemd(*SERVICES)
    before = home.beats(*STAY)
    for name in STAY:
        kill(before[name])
        until(lambda: home.heart(name) not in (None, before[name]), f"{name} comes back: {home.all_said()}", SOON)
        now = {name: home.heart(name) for name in STAY}
        expect([other for other in STAY if now[other] != before[other]] == [name], f"{name} was killed: {before} {now}")
        before = now


@case
def one_that_is_kept_alive_by_cron_is_there_once(home):
    furnish(home)
    home.boot_cron()
    before = home.beats(*STAY)
    home.until_ran("beat", 3)  # and so three minutes of cron
    expect({name: home.heart(name) for name in STAY} == before, "another one has taken over")
    for name in STAY:
        kill(before[name])
        until(lambda: home.heart(name) not in (None, before[name]), f"{name} comes back: {home.all_said()}", SOON)


@case
def asked_to_stop_all_end_in_order(home):
    furnish(home)
    home.boot_systemd(*SERVICES)
    home.beats(*STAY)
    # By whoever is faster, the command or what stays.
    home.good("deliver", "--to", "me", stdin=b"last words\n")
    until(lambda: "last words" in home.inbox(), "it is sent")
    for name, code in home.shut_down().items():
        expect(code in (0, 128 + signal.SIGTERM), f"{name} ends with {code}")
    for name in STAY:
        expect(not (home.spool / "heartbeats" / name).exists(), f"{name} is missed though it has ended in order")
    expect(home.inbox().count("last words") == 1, home.inbox())
