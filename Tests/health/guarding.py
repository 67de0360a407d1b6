"""heartbeat-guard: one line a signal and exit 1, else HEARTBEAT_OK; no model is called, and hardly anything is read."""
import json
import re
import subprocess

from case import STAND_INS, expect
from home import case, until
from watched import DAY, at


def fail_one(home, queue="a"):
    """Something that is not well: an entry is given up."""
    home.good("spool", "put", queue, stdin=b"x", env=at(0))
    home.run("spool", "work", queue, "--once", "--", "false", env=at(0))
    for path in (home.spool / queue / "wait").iterdir():
        path.rename(home.spool / queue / "fail" / path.name)


@case
def what_is_not_well_is_one_line_and_told_once_a_day(home):
    home.begin()
    fail_one(home)
    line, = home.signals(1, "failed")
    expect("in a 1 entry has failed" in line and "spool retry" in line, line)
    home.tick(2)
    home.is_well(2)
    home.tick(1439)
    home.is_well(1439)
    home.tick(1442)
    home.signals(1442, "failed")


@case
def in_quiet_hours_nobody_is_woken_and_behind_them_it_is_told(home):
    home.begin().set(Quiet_Hours="08:00-08:30")
    fail_one(home)
    home.is_well(1)
    said = home.guard(1, "-v").err.decode()
    expect("held: failed:" in said and "quiet hours (08:00-08:30)" in said, said)
    home.ticks(27, 30)
    home.signals(30, "failed")


@case
def quiet_hours_go_by_the_local_clock(home):
    home.begin().set(Quiet_Hours="17:00-18:00")  # in Tokyo it is 17:01
    fail_one(home)
    expect(home.guard(1, env={"TZ": "Asia/Tokyo"}).code == 0, "woken in the quiet hours of Tokyo")
    expect(home.guard(1, env={"TZ": "Europe/Berlin"}).code == 1, "not woken in Berlin's day")


@case
def it_wakes_no_more_often_than_it_may(home):
    home.begin().set(Wake_Ups="2")
    for number in range(3):
        home.agent(f"x{number}", "Nonsense")
        if number < 2:
            home.signals(1, "settings")
    home.is_well(1)
    said = home.guard(1, "-v").err.decode()
    expect("woken 2 times today (Wake-Ups: 2)" in said, said)
    home.ticks(1436, 1439)
    home.signals(1439, "settings")


@case
def settings_that_are_not_understood_are_told_and_stop_nothing(home):
    home.begin().set(Quiet_Hours="22-7")
    line, = home.signals(1, "settings")
    expect("config:1" in line and "22:00-07:00" in line, line)


@case
def of_many_at_once_one_tells(home):
    home.begin()
    fail_one(home)
    running = [home.start("heartbeat-guard", env=at(1)) for _ in range(8)]
    codes = sorted(each.end().code for each in running)
    expect(codes == [0] * 7 + [1], f"they exit with {codes}")


@case
def who_was_killed_before_it_could_note_it_tells_it_again(home):
    home.begin()
    fail_one(home)
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat", "-e", "inject=renameat:signal=SIGKILL:when=1"]
    done = home.start(*strace, "heartbeat-guard", env=at(1))
    code = done.process.wait()
    expect(code != 1 and b"failed:" in done.said(), f"exit {code}: {done.said()!r}")
    home.signals(2, "failed")
    home.tick(3)
    home.is_well(3)


@case
def what_was_noted_may_be_torn(home):
    home.begin()
    fail_one(home)
    home.signals(1, "failed")
    for text in "", "Day", "Day: x\nWake-Ups: many\n\nnonsense\n", "\0" * 100:
        (home.spool / "health/guard").write_text(text)
        home.signals(1, "failed")


@case
def json_says_what_is_held_and_who_lives(home):
    home.begin().good("heartbeat", "ops", env=at(0))
    fail_one(home)
    found = json.loads(home.guard(1, "--json").out)
    expect(not found["ok"] and [line["rule"] for line in found["signals"]] == ["failed"] and not found["held"], found)
    found = json.loads(home.guard(5.5, "--json").out)
    expect(found["ok"] and [line["rule"] for line in found["held"]] == ["failed"], found)
    expect(found["held"][0]["held"].startswith(f"told at {DAY}T08:01") and found["held"][0]["advice"], found)
    expect(found["liveness"] == {"ops": "amber", "tick": "amber"}, found)


@case
def no_model_is_called_and_what_is_over_costs_nothing(home):
    """As many calls to the kernel in a spool with 2000 records as in one with none."""
    def calls(minutes):
        trace = home.home / "trace"
        home.good("strace", "-f", "-o", trace, "-e", "trace=all", "heartbeat-guard", env=at(minutes))
        text = trace.read_text()
        expect("/done\"" not in re.sub(r'.*O_DIRECTORY.*', "", text) and "execve" in text, "it reads what is over")
        return [line for line in text.splitlines() if re.search(r"\b(openat|getdents64|newfstatat|fstat|read)\(", line)]

    home.begin()
    home.good("spool", "put", "a", stdin=b"x", env=at(0))
    home.good("spool", "work", "a", "--once", "--", "true", env=at(0))
    calls(1)
    before = len(calls(1))
    entry = next((home.spool / "a/done").iterdir())
    for number in range(2000):
        name = entry.name.replace(entry.name[9:22], f"070000.{number:06}", 1)
        (home.spool / "a/done" / name).write_bytes(entry.read_bytes().replace(entry.name.encode(), name.encode()))
    after = len(calls(1))
    for path in (home.spool / "a/done").iterdir():
        if path != entry:
            path.unlink()
    expect(after <= before + 2, f"{before} calls to the kernel with one record, {after} with 2001")
    expect(not (home.home / "calls.jsonl").exists(), "a model was called")


@case
def a_stale_memory_and_a_project_of_which_nothing_is_heard(home):
    home.begin()
    home.good("memory", "put", "style/briefing", stdin=b"Short.\n", env=at(0))
    home.good("memory", "export", "--files", home.spool / "memory/files", env=at(0))
    (home.spool / "memory/files/ACTIVE").write_text(f"{DAY}T07:00:00Z\tthe shop is being rebuilt\n")
    home.is_well(1)
    week = 7 * 24 * 60 + 1
    home.ticks(week, week + 3)
    line, = home.signals(week + 3, "active")
    expect("the shop is being rebuilt" in line, line)
    month = 31 * 24 * 60
    home.ticks(month, month + 3)
    lines = home.signals(month + 3, "active", "index")
    expect("keys/shared/style%2Fbriefing.md" in lines[1], lines[1])


@case
def the_line_for_the_crontab_wakes_an_agent_only_for_a_signal(home):
    home.begin().agent("main", "Model: haiku")
    line = "heartbeat-guard >signals || claude-call --agent main --input signals 'See to this.'"
    home.good("sh", "-c", line, env=at(1))
    expect(not (home.home / "calls.jsonl").exists(), "a model was called")
    fail_one(home)
    home.good("sh", "-c", line, env=at(2))
    expect("in a 1 entry has failed" in (home.home / "calls.jsonl").read_text()
           or any("in a 1 entry has failed" in entry.body.decode() for entry in home.entries("calls-main")),
           "the agent was not told what is not well")
