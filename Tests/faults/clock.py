"""Clocks that jump: back a day, forward a month, before, between and while the tools work.

What waits is neither lost nor due never, nothing expires before its time by a jump back, and time-outs, which do not
go by that clock, are neither shorter nor longer. The clock is libfaketime's, which only what is linked dynamically
sees."""
import fcntl
import os
import time
from pathlib import Path

from case import NAME, expect
from home import Skipped, case, until

HOUR, DAY, MONTH = 3600, 86400, 30 * 86400


class Clock:
    """The clock of this home's tools, so many seconds beside the real one."""

    def __init__(self, home):
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
        if not library:
            raise Skipped("libfaketime: not installed: apt-get install faketime")
        if not home.options.dynamic or not home.options.dynamic.exists():
            raise Skipped("no --dynamic: libfaketime needs a dynamically linked spindle: swift build")
        self.home, self.file = home, home.home / "clock"
        self.offset = 0
        tools = home.home / "dynamic"
        tools.mkdir()
        for name in "spindle", "spool", "deliver", "claude-call", "job":
            (tools / name).symlink_to(home.options.dynamic)
        self.preload = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
                        "PATH": f"{tools}:{home.environment({})['PATH']}"}
        self.jump(0)
        home.good("spool", "init", "a", "b")

    def jump(self, offset):
        self.offset = offset
        self.file.with_suffix(".new").write_text(f"{offset:+d}\n")
        self.file.with_suffix(".new").rename(self.file)

    def to_jump(self, offset):
        """The same, in shell."""
        return f"echo {offset:+d} >{self.file}.step; mv {self.file}.step {self.file}"

    def now(self):
        return time.time() + self.offset

    def start(self, *argv, **how):
        """By way of env: libfaketime sets a variable in the first process that it is loaded into."""
        return self.home.start("env", *argv, env=self.preload, **how)

    def run(self, *argv, **how):
        done = self.start(*argv, **how).end()
        expect(done.code == 0, f"{' '.join(map(str, argv))}: exit {done.code}: {done.err.decode()}")
        return done

    def put(self, *more):
        return self.run("spool", "put", "a", *more, stdin=b"hello\n").out.decode().strip()

    def work(self, *command):
        return self.run("spool", "work", "a", "--to", "b", "--once", "--", *command or ("cat",))


def all_done(home, count):
    rooms = [entry.room for entry in home.entries("a")]
    expect(rooms == ["done"] * count, f"the entries lie in {rooms}")
    expect(len(home.entries("b", "new")) == count, "not a product for each")
    home.settled()


@case
def arguments_are_read_whatever_is_preloaded(home):
    """libfaketime sets a variable before main, as other such libraries do."""
    clock = Clock(home)
    done = home.run("spool", "put", "a", stdin=b"hello\n", env=clock.preload)
    expect(done.code == 0, f"exit {done.code}: {done.err.decode()}")


@case
def ids_stay_unique_and_entries_are_worked_off_whatever_the_clock_said(home):
    clock, ids = Clock(home), []
    for offset in 0, -DAY, MONTH, -400 * DAY, 0, -DAY, MONTH:
        clock.jump(offset)
        ids += [clock.put() for _ in range(3)]
    expect(len(set(ids)) == len(ids) and all(NAME.fullmatch(id) for id in ids), f"the IDs: {ids}")
    expect(len({id[:8] for id in ids}) >= 4, "the clock did not jump")
    clock.jump(0)
    clock.work()
    all_done(home, len(ids))


@case
def a_jump_between_publishing_and_working_delays_nothing(home):
    clock = Clock(home)
    for offset in -DAY, MONTH, -400 * DAY:
        clock.jump(0)
        clock.put()
        clock.jump(offset)
        clock.work()
    all_done(home, 3)


@case
def what_waits_is_due_after_a_jump_of_a_day_or_more_either_way(home):
    clock = Clock(home)
    for number, offset in enumerate((-DAY, MONTH, -MONTH)):
        clock.jump(0)
        id = clock.put()
        clock.work("sh", "-c", "exit 75")
        expect(home.names("a", "wait") == [f"{id},1"], "it does not wait")
        clock.work()
        expect(home.names("a", "wait") == [f"{id},1"], "not before its time")
        clock.jump(offset)
        clock.work()
        expect(len(home.names("a", "done")) == number + 1, f"not due after a jump by {offset} s")
    all_done(home, 3)


@case
def what_waits_is_due_in_a_day_at_most_after_a_smaller_jump_back(home):
    clock = Clock(home)
    id = clock.put()
    clock.work("sh", "-c", "exit 75")
    clock.jump(-12 * HOUR)
    clock.work()
    expect(home.names("a", "wait") == [f"{id},1"], "taken before its time")
    clock.jump(HOUR)
    clock.work()
    all_done(home, 1)


@case
def a_worker_that_slept_through_a_jump_takes_what_is_due_by_the_new_clock(home):
    clock = Clock(home)
    for number, offset in enumerate((2 * HOUR, -DAY)):
        clock.jump(0)
        waiting = clock.put()
        (home.spool / f"a/new/{waiting}").rename(home.spool / f"a/wait/{waiting},1")
        os.utime(home.spool / f"a/wait/{waiting},1", (clock.now() + HOUR,) * 2)
        worker = clock.start("spool", "work", "a", "--to", "b", "--", "cat")
        until(worker.sleeps, "the worker sleeps")
        clock.jump(offset)
        clock.put()
        until(lambda: len(home.names("b", "new")) == 2 * (number + 1), f"both are worked, after {offset} s")
        worker.kill(15)
        expect(worker.end().code == 0, "another end")
    all_done(home, 4)


@case
def nothing_expires_by_a_jump_back_and_what_is_stale_by_a_jump_ahead(home):
    clock = Clock(home)
    kept, stale = clock.put("--expires", "2h"), None
    clock.jump(-DAY)
    clock.work()
    expect([entry.id for entry in home.entries("a", "done")] == [kept], "expired by the clock of yesterday")
    clock.jump(0)
    stale = clock.put("--expires", "2h")
    clock.jump(DAY)
    clock.work()
    expect([entry.id for entry in home.entries("a", "fail")] == [stale], "not expired by the clock of tomorrow")
    expect("expired at" in home.log("a", stale), "it is not said why")
    home.settled()


@case
def a_step_is_not_ended_early_by_a_jump_ahead(home):
    clock, go = Clock(home), home.home / "go"
    os.mkfifo(go)
    clock.put()
    step = f"{clock.to_jump(MONTH)}; read word <{go}; echo $word"
    worker = clock.start("spool", "work", "a", "--to", "b", "--once", "--timeout", "1m", "--", "sh", "-c", step)
    go.write_text("done\n")
    expect(worker.end().code == 0, "another end")
    expect([entry.body for entry in home.entries("b", "new")] == [b"done\n"], "not its product")
    all_done(home, 1)


@case
def a_step_is_ended_in_time_whatever_the_clock_says(home):
    clock = Clock(home)
    for offset in -DAY, MONTH:
        clock.jump(0)
        id, start = clock.put(), time.monotonic()
        step = "sh", "-c", f"{clock.to_jump(offset)}; exec sleep 1000"
        clock.run("spool", "work", "a", "--once", "--timeout", "1s", "--attempts", "1", "--", *step)
        took = time.monotonic() - start
        expect(1 <= took < 20, f"it was ended after {took:.1f} s")
        expect("ran out of time" in home.log("a", id), "it is not said why")
    expect(len(home.names("a", "fail")) == 2, "not in fail/")
    home.settled()


@case
def the_time_that_a_step_hands_down_is_not_shortened_by_a_jump_ahead(home):
    """SPINDLE_DEADLINE tells the tools that a step calls by when they must end."""
    clock = Clock(home)
    clock.put()
    step = "sh", "-c", f"{clock.to_jump(DAY)}; echo what | claude-call --timeout 30s"
    clock.run("spool", "work", "a", "--to", "b", "--once", "--timeout", "1m", "--", *step)
    all_done(home, 1)
    expect(b"prompt has" in home.entries("b", "new")[0].body, "not the agent's reply")


@case
def calls_are_answered_and_their_limits_outlive_jumps(home):
    clock = Clock(home)
    for offset in 0, -DAY, MONTH, 0:
        clock.jump(offset)
        reply = clock.run("claude-call", "--timeout", "20s", "what?").out
        expect(b"The prompt has" in reply, f"not a reply: {reply}")
    home.settled()


@case
def a_job_under_which_the_clock_jumps_has_a_record_that_can_be_read(home):
    clock = Clock(home)
    # Not by a month: then the tick removes the record, which is that old by the new clock.
    for offset in -DAY, 20 * DAY:
        clock.jump(0)
        clock.run("job", "nightly", "--expect-every", "1d", "--", "sh", "-c", f"{clock.to_jump(offset)}; echo done")
        clock.run("spool", "tick")
    records = home.entries("jobs", "re")
    expect([record.body for record in records] == [b"done\n"] * 2, "not a record for each run")
    logs = [path.read_text() for path in (home.spool / "jobs/log").iterdir()]
    told = "".join(logs) + home.good("spool", "tail", "--no-follow", "-n", "100").out.decode()
    expect("after -" not in told, f"it took less than no time: {told}")
    expect({line["event"] for line in home.journal()} >= {"job"}, "not in the journal")
    clock.jump(-DAY)
    clock.run("spool", "tick")
    clock.run("job", "nightly", "--", "true")
    home.settled()


@case
def what_is_being_written_is_no_litter_after_a_jump_ahead(home):
    clock = Clock(home)
    written, left = (home.spool / "a/tmp" / name for name in ("being-written", "left-behind"))
    left.write_text("half an entry")
    with open(written, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        clock.jump(MONTH - DAY)
        clock.run("spool", "tick")
        expect(written.exists() and not left.exists(), "not only what nobody writes any more was removed")
    written.unlink()
    home.settled()
