"""Who is expected to give a sign of life: agents, scripts, and what stays."""
import os
import signal

from case import expect
from home import case, failed, until
from watched import T0, at


@case
def a_silence_is_told_once_and_the_next_one_again(home):
    home.begin().good("heartbeat", "ops", env=at(0))
    home.ticks(1, 6).is_told(0)
    home.ticks(7, 20).is_told(1, "liveness", "ops has given no sign of life")
    home.good("heartbeat", "ops", env=at(21))
    home.ticks(21, 27).is_told(1)
    home.ticks(28, 30).is_told(2, "ops")


@case
def what_is_not_wanted_any_more_is_not_missed(home):
    home.begin().good("heartbeat", "ops", "--every", "1m", "--grace", "0s", env=at(0))
    home.good("heartbeat", "ops", "--remove")
    home.good("heartbeat", "ops", "--remove")
    home.ticks(1, 5).is_told(0).is_well(5)


@case
def what_was_said_of_the_interval_holds_until_something_else_is_said(home):
    home.begin().good("heartbeat", "ops", "--every", "1h", "--grace", "10m", env=at(0))
    home.good("heartbeat", "ops", env=at(1))
    home.ticks(68, 70).is_told(0)
    home.ticks(71, 75).is_told(1, "ops")


@case
def an_agent_whose_file_says_so_is_expected_and_another_is_not(home):
    home.begin().agent("ops", "Heartbeat: 2m, grace 1m").agent("kira", "Model: haiku")
    stamp = home.spool / "agents/ops.md"
    os.utime(stamp, (T0, T0))
    home.ticks(1, 3).is_told(0)
    home.ticks(4, 6).is_told(1, "liveness", "ops")
    home.is_told(0, "kira")


@case
def who_stays_gives_signs_by_itself_and_is_missed_when_it_was_killed(home):
    home.begin()
    beat = home.spool / "heartbeats/deliver"
    courier = home.start("deliver", "--watch")
    until(beat.exists, "it gives a sign")
    expect(f"Pid: {courier.pid}" in beat.read_text(), beat.read_text())
    courier.kill(signal.SIGTERM).end()
    expect(not beat.exists(), "it ends in order, and is expected all the same")
    courier = home.start("deliver", "--watch", env=at(0))
    until(beat.exists, "it gives a sign")
    courier.kill(signal.SIGKILL).process.wait()
    home.ticks(1, 7).is_told(1, "liveness", "deliver", "is gone")
    home.signals(7, "liveness")
    courier = home.start("deliver", "--watch", env=at(8))
    until(lambda: f"Pid: {courier.pid}" in beat.read_text(), "it gives a sign again")
    home.ticks(8, 9).is_well(9)
    courier.kill(signal.SIGTERM).end()


@case
def the_harvest_that_stays_gives_signs_too(home):
    home.begin()
    beat = home.spool / "heartbeats/harvest"
    harvest = home.start("harvest", "--watch", "-q")
    until(beat.exists, "it gives a sign")
    harvest.kill(signal.SIGTERM).end()
    expect(not beat.exists(), "it ends in order, and is expected all the same")


@case
def the_scheduler_gives_signs_and_what_it_does_not_understand_is_told(home):
    home.begin()
    beat, crontab = home.spool / "heartbeats/scheduler", home.spool / "crontab"
    crontab.write_text("0 7 * * * true\n")
    scheduler = home.start("scheduler", env={"LOGNAME": "root", **at(0)})
    until(lambda: b"1 entry" in scheduler.said(), "it has read its crontab")
    expect(beat.exists(), "it gives no sign")
    new = home.home / "crontab"
    new.write_text("0 61 * * * true\n")
    new.rename(crontab)
    until((home.spool / "scheduler/faults").exists, "it finds what is wrong")
    home.ticks(1, 3).is_told(1, "crontab: the scheduler does not understand")
    line, = home.signals(3, "crontab")
    expect("crontab:1:3:" in line, line)
    crontab.write_text("0 7 * * * true\n")
    until(lambda: not (home.spool / "scheduler/faults").exists(), "all is well again")
    home.tick(4)
    home.is_told(1).is_well(4)
    scheduler.kill(signal.SIGTERM).end()
    expect(not beat.exists(), "it ends in order, and is expected all the same")


@case
def nobody_is_missed_right_after_a_sleep(home):
    """The machine slept for six hours: every sign of life is old, and who gave it is about to give the next."""
    home.begin().good("heartbeat", "ops", env=at(0))
    home.ticks(1, 2)
    home.tick(362)
    home.is_told(0).is_well(362)
    home.good("heartbeat", "ops", env=at(363))
    home.ticks(363, 367).is_told(0).is_well(367)
    # Who does not come back is missed a moment later.
    home.tick(700)
    home.ticks(701, 704).is_told(1, "ops")


@case
def files_of_another_kind_are_no_heartbeats(home):
    home.begin()
    for name, text in ("telegram-4711", ""), ("noise", "\0\xff\n"), ("half", "Interval: soon\n"), (".hidden", "Interval: 1s\n"):
        (home.spool / "heartbeats" / name).write_text(text, encoding="latin-1")
    home.ticks(1, 10).is_told(0).is_well(10)
    failed(home.run("heartbeat", "telegram-4711"), 64, "telegram-4711", tool="heartbeat")


@case
def a_wrong_name_is_refused(home):
    home.begin()
    for name in "tick", "tick-daily", "Ops", "a/b", "../x", ".x", "x" * 65:
        failed(home.run("heartbeat", "--", name), 64, name, tool="heartbeat")
    expect(home.run("heartbeat", "ops", "--every", "0s").code == 64, "--every 0s is accepted")
    expect(home.run("heartbeat", "ops", "--every", "1m", "--remove").code == 64, "--remove with --every is accepted")
    home.is_well(0)
