"""spool status: how everything stands, on one screen and in one document; green, amber, red, and why."""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
import unicodedata

from case import STAND_INS, expect
from home import case, until
from watched import at

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LIGHTS = {"green": 0, "amber": 1, "red": 2}


def document(home, minutes=1, env={}):
    """The document, whose status the exit says as well."""
    done = home.run("spool", "status", "--json", env={**at(minutes), **env})
    found = json.loads(done.out)
    expect(done.code == LIGHTS[found["status"]], f"exit {done.code} for {found['status']}: {found['detail']}")
    expect(found["version"] == 1, found["version"])
    return found


def all_agents_found(home):
    """An agent program where the tools look for it."""
    (home.home / ".local/bin").mkdir(parents=True, exist_ok=True)
    if not (program := home.home / ".local/bin/claude").exists():
        program.symlink_to(STAND_INS / "claude")
    return home


def well(home):
    """A spool in which nothing is to be said: what portfolio requires is there."""
    return all_agents_found(home.begin())


NOTION = {"NOTION_DB": "x"}


class Screen:
    """A command on a terminal of this size, and what stands on it."""

    def __init__(self, home, *argv, columns=80, rows=50, env={}):
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(home.home)
            os.execvpe(argv[0], argv, {**home.environment({}), "TERM": "xterm", **env})
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.bytes = b""

    def read(self, seconds=0.05):
        while select.select([self.end], [], [], seconds)[0]:
            try:
                some = os.read(self.end, 65536)
            except OSError:
                return False
            if not some:
                return False
            self.bytes += some
        return True

    def whole(self):
        """Until it ends: what it printed."""
        until(lambda: not self.read(), "the command ends")
        os.close(self.end)
        return self.bytes.decode(), os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@case
def of_what_is_well_it_says_so_and_exits_0(home):
    well(home)
    found = document(home, env=NOTION)
    expect(found["status"] == "green" and found["detail"] == "all is well", found["detail"])
    expect(found["signals"] == [] and found["approvals"] == {} and found["pipelines"] == {}, found)
    expect("gateway" not in found, "a gateway that is not there")
    expect(found["tick"]["status"] == "green" and found["tick"]["detail"] == "1 m ago", found["tick"])
    screen = home.good("spool", "status", env={**at(1), **NOTION}).out.decode()
    expect(screen.startswith("green  all is well\n"), screen)


@case
def spool_alone_is_spool_status(home):
    well(home)
    alone, long = (home.run("spool", *words, env=at(1)) for words in ((), ("status",)))
    expect((alone.code, alone.out) == (long.code, long.out), "not the same")


@case
def a_spool_that_does_not_exist_is_said_and_not_made(home):
    done = home.run("spool", "status", "-C", home.home / "nowhere")
    expect(done.code == 69 and b"there is no such spool" in done.err, f"{done.code} {done.err}")
    expect(not (home.home / "nowhere").exists(), "it was made")


@case
def an_agent_is_as_red_as_what_it_lacks_in_the_words_of_its_file(home):
    well(home)
    home.agent("midas", "Requires: !NOTION_DB no Notion DB")
    home.agent("kairos", "Requires: CALENDAR no calendar, ~/.netrc no login")
    home.agent("athena", "Command: not-there")
    agents = document(home)["agents"]
    expect(agents["midas"]["status"] == "red" and agents["midas"]["detail"] == "no Notion DB", agents["midas"])
    expect(agents["kairos"]["status"] == "amber" and agents["kairos"]["detail"] == "no calendar, no login", agents["kairos"])
    expect(agents["athena"]["status"] == "amber" and agents["athena"]["detail"] == "not-there was not found", agents["athena"])
    expect(agents["portfolio"]["status"] == "amber", agents["portfolio"])
    expect(agents["main"] == {**agents["main"], "status": "green", "detail": "headless"}, agents["main"])
    found = document(home, env={**NOTION, "CALENDAR": "x"})
    expect(found["agents"]["midas"]["status"] == "green", found["agents"]["midas"])
    expect([row["what"] for row in found["signals"]] == ["not-there was not found: athena", "no login: kairos"], found["signals"])


@case
def an_agent_without_a_program_is_red_from_its_first_call_on(home):
    well(home).agent("athena", "Command: not-there")
    expect(document(home, env=NOTION)["status"] == "amber", "nobody has called it")
    home.run("claude-call", "--agent", "athena", "x", env=at(0))
    found = document(home, env=NOTION)
    expect(found["agents"]["athena"]["status"] == "red" and found["status"] == "red", found["agents"]["athena"])


@case
def agents_that_stand_alike_are_one_line(home):
    well(home)
    for number in range(4):
        home.agent(f"n{number}", "Command: not-there")
    screen = home.run("spool", "status", env=at(1)).out.decode()
    expect("amber  4 agents: not-there was not found: n0, n1, n2, n3\n" in screen, screen)
    expect(home.run("spool", "status", "--all", env=at(1)).out.count(b"not-there was not found\n") >= 4, "--all shows each")


@case
def what_was_cancelled_has_not_failed_however_much_it_is(home):
    well(home)
    home.good("spool", "put", "a", stdin=b"x", env=at(0))
    home.run("spool", "work", "a", "--once", "--", "false", env=at(0))
    home.good("spool", "put", "-q", "--lines", "a", stdin=b"x\n" * 120, env=at(0.1))
    given_up = home.run("spool", "cancel", stdin="\n".join(os.listdir(home.spool / "a/new")).encode(), env=at(1))
    expect(given_up.code == 0 and len(os.listdir(home.spool / "a/fail")) == 121, given_up.err)
    row = document(home, env=NOTION)["queues"]["a"]
    expect(row["status"] == "red" and "1 entry has failed" in row["detail"], row)


@case
def an_agent_with_a_bot_says_which(home):
    well(home)
    (home.spool / "secrets/telegram.token").write_text("1:a")
    home.agent("own", "Telegram-Token-File: ~/own.token")
    agents = document(home)["agents"]
    expect([agents[name]["detail"] for name in ("main", "own", "ops")] == ["default bot", "own bot", "headless"], agents)


@case
def an_agents_file_that_is_not_understood_is_red_and_hides_no_other(home):
    well(home).agent("broken", "Nonsense: x")
    found = document(home)
    expect(found["status"] == "red" and found["agents"]["broken"]["status"] == "red", found["agents"]["broken"])
    expect("agents/broken.md" in found["agents"]["broken"]["detail"], found["agents"]["broken"])
    expect(len(found["agents"]) == 10, found["agents"].keys())


@case
def queues_say_how_many_lie_where_and_since_when(home):
    well(home)
    for minutes in 0, 1:
        home.good("spool", "put", "a", stdin=b"x", env=at(minutes))
    (home.spool / "a/drop/by hand").write_text("x")
    row = document(home, 2, env=NOTION)["queues"]["a"]
    expect(row["rooms"]["new"]["count"] == 2 and row["rooms"]["new"]["oldest"] == at(0)["SPOOL_NOW"], row)
    expect(row["rooms"]["drop"]["count"] == 1 and set(row["rooms"]) == {"new", "drop"}, row)
    expect(row["status"] == "green", row)
    late = document(home, 40, env=NOTION)
    expect(late["queues"]["a"]["status"] == "amber" and "ready, the oldest" in late["queues"]["a"]["detail"], late["queues"]["a"])


@case
def what_has_failed_is_red_and_what_was_cancelled_is_not(home):
    well(home)
    home.good("spool", "put", "a", stdin=b"x", env=at(0))
    home.run("spool", "work", "a", "--once", "--", "sh", "-c", "exit 1", env=at(0))
    found = document(home, env=NOTION)
    expect(found["status"] == "red" and found["queues"]["a"]["status"] == "red", found["queues"])
    expect("1 entry has failed" in found["detail"], found["detail"])
    home.good("spool", "ls", "a", "--room", "fail")
    name, = os.listdir(home.spool / "a/fail")
    home.good("spool", "retry", name.split(",")[0], env=at(1))
    home.good("spool", "cancel", name.split(",")[0], env=at(1))
    expect(document(home, env=NOTION)["status"] == "green", document(home, env=NOTION)["detail"])


@case
def an_open_request_is_green_and_says_how_long_it_is_open(home):
    well(home)
    home.start("wait-approval", "--to", "me", "--subject", "Brief", "--timeout", "2h", stdin=b"Publish?")
    until(lambda: any((home.spool / "approvals/hold").iterdir()), "the request is open")
    done = home.run("spool", "status", "--json", env=NOTION)
    row, = json.loads(done.out)["approvals"].values()
    expect(row["status"] == "green" and row["subject"] == "Brief" and 7190 < row["secondsLeft"] <= 7200, row)
    expect(row["to"] == [f"file:{home.home}/inbox"] and row["deadline"] > row["delivered"], row)
    screen = home.run("spool", "status", env=NOTION).out.decode()
    expect("Waiting for an answer" in screen and re.search(r"green  \w{6}  Brief +1 h 59 m left", screen), screen)


@case
def a_request_that_has_reached_nobody_is_amber(home):
    well(home)
    (home.spool / "people/me").write_text("File: /proc/nowhere/inbox\n")
    running = home.start("wait-approval", "--to", "me", "--subject", "Brief", stdin=b"Publish?")
    until(lambda: any((home.spool / "approvals/wait").iterdir()), "it waits for its channel")
    running.kill(15).end()
    row, = json.loads(home.run("spool", "status", "--json", env=NOTION).out)["approvals"].values()
    expect(row["status"] == "amber" and "reached nobody yet" in row["detail"] and "secondsLeft" not in row, row)


@case
def a_run_says_what_it_waits_for_and_then_how_it_ended(home):
    well(home)
    script = home.home / "post.sh"
    script.write_text("set -e\npipeline-step draft -- echo text\n"
                      "pipeline-step ask -- wait-approval --to me --subject Post <\"$STEPS/draft\"\npipeline-step tell -- echo told\n")
    run = home.start("pipeline-run", "--name", "post", script)
    until(lambda: any((home.spool / "approvals/hold").iterdir()), "the request is open")
    found = json.loads(home.run("spool", "status", "--json", env=NOTION).out)
    (identity, row), = found["pipelines"].items()
    expect(row["status"] == "green" and row["detail"].startswith("waits for me: Post, 3 h 59 m"), row["detail"])
    expect(row["timeline"]["id"] == identity and [step["name"] for step in row["timeline"]["steps"]] == ["draft", "ask"], row)
    (asked, request), = found["approvals"].items()
    expect(request["run"] == identity, request)
    home.good("approve", asked)
    expect(run.end().code == 0, "the run")
    row, = json.loads(home.run("spool", "status", "--json", env=NOTION).out)["pipelines"].values()
    expect(row["status"] == "green" and row["detail"].startswith("done after"), row["detail"])


@case
def a_run_that_was_refused_is_green_and_one_that_failed_is_red(home):
    well(home)
    for name, words in ("no", "pipeline-step ask -- wait-approval --to me --subject Post </dev/null"), ("bad", "pipeline-step x -- false"):
        (home.home / f"{name}.sh").write_text(f"set -e\n{words.replace('</dev/null', '<<<x' if 0 else '<' + str(home.home / 'text'))}\n")
    (home.home / "text").write_text("text")
    run = home.start("pipeline-run", "--name", "no", home.home / "no.sh")
    until(lambda: any((home.spool / "approvals/hold").iterdir()), "the request is open")
    home.good("reject", os.listdir(home.spool / "approvals/hold")[0])
    expect(run.end().code == 1, "the rejected run")
    home.run("pipeline-run", "--name", "bad", home.home / "bad.sh")
    rows = {row["timeline"]["name"]: row for row in json.loads(home.run("spool", "status", "--json").out)["pipelines"].values()}
    expect(rows["no"]["status"] == "green" and rows["bad"]["status"] == "red", {name: row["detail"] for name, row in rows.items()})


@case
def a_parked_run_is_amber_and_says_so(home):
    well(home)
    (home.home / "x.sh").write_text("pipeline-step x -- sh -c 'exit 69'\n")
    home.run("pipeline-run", "--name", "x", home.home / "x.sh")
    home.good("spool", "tick")
    found = json.loads(home.run("spool", "status", "--json", env=NOTION).out)
    row, = found["pipelines"].values()
    expect(row["status"] == "amber" and row["detail"].startswith("is held until you release it: step x"), row["detail"])
    expect(found["status"] == "amber", found["detail"])


@case
def jobs_say_how_they_went_and_when_they_are_due(home):
    well(home)
    for name, command in ("good", "true"), ("bad", "false"):
        home.run("job", name, "--expect-every", "1d", "--", command, env=at(0))
    found = document(home, 1, env=NOTION)
    good, bad = found["jobs"]["good"], found["jobs"]["bad"]
    expect(good["status"] == "green" and good["execution"] == "ok" and good["exit"] == 0, good)
    expect(good["due"][:10] > good["lastStart"][:10], good)
    expect(bad["status"] == "red" and bad["detail"] == "exit 1" and bad["failures"] == 1, bad)
    late = document(home, 1600, env=NOTION)
    expect(late["jobs"]["good"]["status"] == "red" and late["jobs"]["good"]["detail"].startswith("overdue"), late["jobs"])


@case
def a_delivery_in_doubt_is_amber_and_one_that_went_out_has_its_receipt(home):
    well(home)
    home.good("deliver", "--to", "me", "--subject", "Hello", stdin=b"x")
    marker = home.good("spool", "put", "deliveries", stdin=b"To: webhook:x\n\ny")
    path, = [path for path in (home.spool / "deliveries/new").iterdir()]
    path.rename(home.spool / "deliveries/hold" / f"{path.name},1d")
    found = json.loads(home.run("spool", "status", "--json", env=NOTION).out)["deliveries"]
    expect([row["id"] for row in found["inDoubt"]] == [path.name], found)
    sent, = found["recent"]
    expect(sent["subject"] == "Hello" and sent["receipt"].startswith(f"{home.home}/inbox") and not sent["wasInDoubt"], sent)


@case
def no_tick_is_amber_then_red(home):
    well(home)
    lights = [document(home, minutes, env=NOTION)["tick"]["status"] for minutes in (2, 4, 7)]
    expect(lights == ["green", "amber", "red"], lights)


@case
def what_an_agent_costs_is_kept_day_by_day(home):
    well(home)
    environment = {"STANDIN_CLAUDE": "good", **NOTION}
    for minutes in 0, 1, 1440:
        home.good("claude-call", "--agent", "main", "x", env={**environment, **at(minutes)})
    found = document(home, 1441, env=NOTION)
    days = found["costs"]["main"]
    expect(len(days) == 2 and abs(sorted(days.values())[1] - 2 * sorted(days.values())[0]) < 1e-9, days)
    expect(days[found["day"]] == found["agents"]["main"]["spent"], found["agents"]["main"])
    # Nobody has paid since, and the last day is not forgotten for that.
    later = document(home, 3 * 1440, env=NOTION)
    expect(later["costs"]["main"] == days and later["agents"]["main"]["spent"] == 0, later["costs"])


@case
def it_waits_for_nobody_who_holds_a_lock(home):
    well(home)
    home.good("claude-call", "--agent", "main", "x", env={"STANDIN_CLAUDE": "good", **at(0)})
    home.start("flock", home.spool / "calls-main/spent", "sleep", "100")
    until(lambda: not home.run("flock", "-n", home.spool / "calls-main/spent", "true").code == 0, "the lock is held")
    home.start("flock", home.spool / "heartbeats/tick", "sleep", "100")
    expect(document(home, env=NOTION)["agents"]["main"]["spent"] > 0, "nothing was spent")


@case
def one_that_cannot_be_read_hides_no_other(home):
    well(home)
    for name in "ops", "main":
        home.run("claude-call", "--agent", name, "x", env={"STANDIN_CLAUDE": "good", **at(0)})
    (home.spool / "calls-main/spent").unlink()
    (home.spool / "calls-main/spent").mkdir()
    agents = document(home, env=NOTION)["agents"]
    expect(len(agents) == 9 and agents["main"]["status"] == "red" and agents["ops"]["spent"] > 0, agents)


@case
def what_is_not_there_is_not_made(home):
    well(home)
    home.run("job", "x", "--deliver", "me", "--", "echo", "x", env=at(0))
    shutil.rmtree(home.spool / "deliveries")
    document(home, env=NOTION)
    expect(not (home.spool / "deliveries").exists(), "a queue was made by a look")


@case
def a_gateway_that_serves_is_named_with_its_door(home):
    well(home)
    home.start("gateway", "--port", "18999")
    until(lambda: json.loads(home.run("spool", "status", "--json").out).get("gateway") == "localhost:18999", "its port")
    expect("daemons" in document(home, env=NOTION), "no daemons")


@case
def on_80_columns_nothing_is_wider_and_nothing_is_said_by_colour_alone(home):
    well(home)
    home.agent("a-name-of-thirty-two-characters-", "Requires: X " + "no 日本語のデータベース " * 9)
    home.good("spool", "init", "a-queue-whose-name-is-quite-long-and-not-yet-at-its-limit-of-64")
    for name in "a", "a-queue-whose-name-is-quite-long-and-not-yet-at-its-limit-of-64":
        home.good("spool", "put", name, stdin=b"x", env=at(-60 * 24 * 40))
    home.run("job", "a-job-with-a-name-of-40-characters-or-so", "--expect-every", "1d", "--", "false")
    home.start("wait-approval", "--to", "me", "--subject", "é\u0301 日本 \x1b[31mred " * 9, stdin=b"x")
    until(lambda: any((home.spool / "approvals/hold").iterdir()), "the request is open")
    for env in {}, {"NO_COLOR": "1"}:
        said, _ = Screen(home, "spool", "status", "--all", columns=80, env=env).whole()
        expect(bool(ESCAPE.search(said)) == (not env), f"colour with {env}: {said!r}")
        plain = ESCAPE.sub("", said).replace("\r", "").splitlines()
        wide = [line for line in plain if columns(line) > 80]
        expect(not wide, f"wider than 80: {wide}")
        expect("\x1b" not in ESCAPE.sub("", said), "a control character of a subject")
    piped = home.run("spool", "status").out.decode()
    expect(not ESCAPE.search(piped) and max(map(len, piped.splitlines())) > 80, "what is piped is whole")
    for line in plain:
        if "Requires" not in line and re.match(r"\S", line) and not re.match(r"(green|amber|RED) ", line):
            expect(re.match(r"[A-Z][a-z]+", line), f"a row without its word: {line!r}")


@case
def watched_it_is_drawn_again_when_something_happens(home):
    well(home)
    screen = Screen(home, "spool", "status", "--watch", rows=24)
    until(lambda: screen.read() and b"\x1b[J" in screen.bytes, "the first screen")
    drawn = screen.bytes.count(b"\x1b[J")
    home.good("spool", "put", "a", stdin=b"x")
    until(lambda: screen.read() and re.search(rb"\ba +- +1 ", screen.bytes), "the new entry is shown", seconds=4)
    expect(screen.bytes.count(b"\x1b[J") > drawn, "not drawn again")
    last = screen.bytes.rpartition(b"\x1b[H")[2]
    expect(last.count(b"\n") < 24, "more lines than the terminal has")
    os.kill(screen.pid, 2)
    said, code = screen.whole()
    expect(code == 0 and said.endswith("\x1b[?25h\x1b[?1049l"), f"exit {code}, and the terminal is left as {said[-40:]!r}")


@case
def what_cannot_be_read_is_said_and_hides_nothing(home):
    well(home)
    (home.spool / "jobs/names/broken").write_text("nonsense\n")
    (home.spool / "runs").mkdir(exist_ok=True)
    found = document(home, env=NOTION)
    expect(found["status"] == "red" and found["jobs"]["broken"]["status"] == "red", found["jobs"])
    expect(len(found["agents"]) == 9, "the agents are hidden")


@case
def it_changes_nothing(home):
    well(home)
    home.good("spool", "put", "a", stdin=b"x", env=at(0))
    document(home, env=NOTION)  # that the machine is awake is noted by the first that looks
    before = home.listing()
    document(home, 500, env=NOTION)
    home.run("spool", "status", env=at(1))
    expect(home.listing() == before, [line for line in home.listing() if line not in before])
