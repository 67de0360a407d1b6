"""The scheduler while it stays: what commands get, what starts them, and what becomes of them when it is stopped, killed and started
again."""
import re
import signal
import time

from case import expect
from home import case, until

SOON = 30  # seconds for what needs less than one, on a machine that has much to do
AWAIT = 'echo %s >>"$HOME/ran"; until [ -e "$HOME/%s.go" ]; do sleep 0.02; done; echo %s >>"$HOME/over"'


class Resident:
    """A home's crontab, its scheduler, and what its commands have written."""

    def __init__(self, home, *lines, queues=("a",)):
        self.home, self.running = home, None
        home.init(*queues)
        self.crontab(*lines)

    @property
    def path(self):
        return self.home.spool / "crontab"

    def crontab(self, *lines, file=None):
        """In one step, as crontab(1) would."""
        new = self.home.home / ".crontab"
        new.write_text("".join(line + "\n" for line in lines))
        new.rename(file or self.path)

    def start(self, *argv, **how):
        self.running = self.home.start("env", "LOGNAME=ann", "SECRET=x", *argv, "scheduler", **how)
        until(lambda: "entr" in self.said() or self.running.process.poll() is not None, "it says what it has read", SOON)
        return self

    def said(self):
        return self.running.said().decode()

    def stop(self, number=signal.SIGTERM):
        done = self.running.kill(number).end()
        expect(done.code == (0 if number == signal.SIGTERM else -number), f"exit {done.code}")
        return done

    def lines(self, name="ran"):
        file = self.home.home / name
        return file.read_text().splitlines() if file.exists() else []

    def ran(self, count, name="ran"):
        until(lambda: len(self.lines(name)) >= count, f"{count} lines in {name}: {self.lines(name)}, {self.said()}", SOON)
        return self.lines(name)

    def go(self, name):
        (self.home.home / f"{name}.go").touch()

    def events(self, word):
        return [line["detail"] for line in self.home.journal() if line["event"] == "schedule" and line["detail"].startswith(word)]

    def states(self):
        return {file: dict(line.split(": ", 1) for line in file.read_text().splitlines())
                for file in (self.home.spool / "scheduler/entries").iterdir()}


@case
def at_the_next_minute_of_the_real_clock(home):
    resident = Resident(home, '* * * * * date +\\%S >>"$HOME/ran"').start()
    began = time.monotonic()
    until(lambda: resident.lines(), "a minute has begun", 75)
    home.remark(f"after {time.monotonic() - began:.0f} s")
    expect(len(resident.lines()) == 1, f"it ran at {resident.lines()}")
    expect(len(resident.events("fired")) == 1, "the journal does not have it")
    resident.stop()


@case
def a_command_gets_what_cron_gives_and_what_it_says_is_heard(home):
    resident = Resident(
        home, 'NAME="a  b"', "LOGNAME=root", "@reboot env | sort; pwd; echo to stderr >&2; cat%one%two",
        "SHELL=/bin/bash", "@reboot echo $0 $NAME; printf half; exit 3", "SHELL=/no/shell", "@reboot x").start()
    until(lambda: len(resident.events("ended")) == 3, "all have ended", SOON)
    resident.stop()
    said = resident.said()
    for line in (f"3: HOME={home.home}", "3: LOGNAME=ann", "3: NAME=a  b", f"3: PATH={(home.bin / 'scheduler').resolve().parent}:/usr/bin:/bin", "3: SHELL=/bin/sh",
                 f"3: SPOOL_DIR={home.spool}", f"3: {home.home}", "3: to stderr", "3: one", "3: two", "5: /bin/bash a b", "5: half"):
        expect(line in said.splitlines(), f"not said: {line}: {said}")
    variables = {line.split("=")[0][3:] for line in said.splitlines() if re.match(r"3: \w+=", line)}
    expect(variables <= {"HOME", "LOGNAME", "NAME", "PATH", "PWD", "SHELL", "SPOOL_DIR", "SHLVL", "_", "OLDPWD"}, f"also {variables}")
    expect(f"scheduler: {resident.path}:5: exit 3: @reboot echo" in said, f"its failure is not said: {said}")
    expect(f"{resident.path}:7: cannot be started: No such file" in said, f"that it cannot be started is not said: {said}")
    expect(sorted(event.split(": ")[1:3] for event in resident.events("ended"))[:2] == [["3", "done"], ["5", "exit 3"]],
           f"the journal: {resident.events('ended')}")


@case
def every_never_overlaps_itself_and_what_it_leaves_behind_holds_nothing_up(home):
    resident = Resident(home, "@every 1s " + AWAIT % ("one", "one", "one"), "@every 1s sleep 1000 & echo two >>ran2").start()
    resident.ran(1)
    resident.ran(3, "ran2")
    expect(resident.lines() == ["one"], f"it overlaps itself: {resident.lines()}")
    resident.go("one")
    resident.ran(2)
    resident.stop()


@case
def a_queue_starts_its_command_and_what_lands_meanwhile_once_more(home):
    resident = Resident(home, "@queue a " + AWAIT % ("run", "$(wc -l <ran)", "over")).start()
    expect(not resident.lines(), "nothing has landed, and it runs")
    home.put("a")
    resident.ran(1)
    for _ in range(3):
        home.put("a")
    resident.go("1")
    resident.ran(2)
    resident.go("2")
    resident.ran(2, "over")
    # An entry that lies there is no news; one that is put off and comes again is.
    name = home.names("a", "new")[0]
    home.good("spool", "hold", name)
    home.good("spool", "release", name)
    resident.ran(3)
    resident.go("3")
    resident.ran(3, "over")
    expect(resident.lines() == ["run"] * 3, f"{resident.lines()}")
    resident.stop()


@case
def a_queue_that_is_not_there_is_told_of_and_found_when_it_comes(home):
    resident = Resident(home, "@queue later echo x >>ran").start()
    until(lambda: "there is no queue later: spool init later makes it" in resident.said(), "it is told", SOON)
    home.good("spool", "init", "later")
    home.put("later")
    resident.running.kill(signal.SIGHUP)
    resident.ran(1)
    resident.stop()


@case
def after_a_boot_once(home):
    resident = Resident(home, "@reboot echo boot >>ran", "CATCH_UP=once", "@reboot echo twin >>ran").start()
    resident.ran(2)
    until(lambda: all(state["Boot"] != "-" for state in resident.states().values()), "all is recorded", SOON)
    resident.stop()
    # A line that comes later in this boot waits for the next one.
    resident.crontab(*resident.path.read_text().splitlines(), "@reboot echo late >>ran")
    resident.start().stop()
    expect(sorted(resident.lines()) == ["boot", "twin"], f"{resident.lines()}")
    # Another boot.
    for file in [home.spool / "scheduler/boot", *resident.states()]:
        file.write_text(re.sub(r"(?m)^(Boot: |)[0-9a-f-]{36}$", r"\1before", file.read_text()))
    resident.start()
    resident.ran(5)
    resident.stop()
    expect(sorted(resident.lines()[2:]) == ["boot", "late", "twin"], f"{resident.lines()}")


@case
def killed_between_the_record_and_the_start_it_loses_with_skip_and_repeats_with_once(home):
    for policy, count in ("skip", 0), ("once", 1):
        resident = Resident(home, f"CATCH_UP={policy}", f"@reboot echo {policy} >>{policy}")
        (home.spool / "scheduler/boot").unlink(missing_ok=True)
        # vfork is what begins a command.
        running = home.start("env", "LOGNAME=ann", "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=vfork",
                             "-e", "inject=vfork:signal=KILL:when=1", "scheduler")
        running.process.wait(SOON)
        expect(not resident.lines(policy), "it was not killed in time")
        state = next(state for state in resident.states().values() if policy in state["Entry"])
        expect((len(state["Boot"]) == 36) == (policy == "skip"), f"recorded: {state}")
        resident.start()
        if count:
            resident.ran(1, policy)
        resident.stop()
        expect(len(resident.lines(policy)) == count, f"{policy}: {resident.lines(policy)}")


@case
def commands_go_on_when_it_is_stopped_or_killed_and_are_not_begun_again(home):
    for number, name in (signal.SIGTERM, "term"), (signal.SIGKILL, "kill"):
        resident = Resident(
            home, "CATCH_UP=once", "@reboot " + AWAIT % (name, name, name) + f"; echo said {name}", "@queue a echo x >>looked")
        resident.start()
        resident.ran(1)
        first = resident.running
        resident.stop(number)
        resident.start()
        resident.go(name)
        resident.ran(1, "over")
        until(lambda: any(len(state.get("Boot", "")) == 36 for state in resident.states().values()), "its end is recorded", SOON)
        count = len(resident.lines("looked"))
        home.put("a")
        resident.ran(count + 1, "looked")
        resident.stop()
        expect(f"2: said {name}" in first.said().decode(), "what it says later is not heard")
        expect(resident.lines() == [name] and resident.lines("over") == [name], f"begun again: {resident.lines()}")
        for file in "ran", "over":
            (home.home / file).unlink()
        (home.spool / "scheduler/boot").unlink()


@case
def a_changed_crontab_counts_at_once_and_a_faulty_one_never(home):
    resident = Resident(home, "@every 1h echo old >>ran").start()
    resident.crontab("@every 1s echo new >>ran")
    resident.ran(1)
    resident.crontab("@every 1s echo wrong >>ran", "61 * * * * x", "* * * * * half")
    until(lambda: "crontab:2:1: \"61\" is no minute: expected 0-59" in resident.said(), "its fault is told", SOON)
    expect("the crontab as it was before goes on" in resident.said(), resident.said())
    faults = (home.spool / "scheduler/faults").read_text()
    expect(faults.startswith(f"what it was before goes on\n{resident.path}:2:1: "), f"the faults are not left: {faults}")
    expect(b"crontab: " in home.run("heartbeat-guard").out, "heartbeat-guard does not tell")
    count = len(resident.lines())
    resident.ran(count + 2)
    resident.path.unlink()
    resident.running.kill(signal.SIGHUP)
    until(lambda: "there is no crontab" in resident.said(), "that it is gone is told", SOON)
    resident.crontab("@every 1s echo third >>ran")
    until(lambda: "third" in resident.lines(), "the mended one counts", SOON)
    expect(not (home.spool / "scheduler/faults").exists(), "the faults are still there")
    expect(set(resident.lines()) == {"new", "third"}, f"{resident.lines()}")
    # Of what is no longer in the crontab nothing is kept.
    expect(len(resident.states()) == 1, f"{resident.states()}")
    resident.stop()


@case
def one_serves_a_spool_and_a_faulty_crontab_is_refused_at_the_start(home):
    resident = Resident(home, "@every 1h x").start()
    second = home.run("scheduler", env={"LOGNAME": "ann"})
    expect(second.code == 75 and b"another scheduler" in second.err, f"exit {second.code}: {second.err}")
    expect((home.spool / "heartbeats/scheduler").exists(), "it does not beat")
    resident.stop()
    expect(not (home.spool / "heartbeats/scheduler").exists(), "its heartbeat is left")
    resident.crontab("* * * * *")
    faulty = home.run("scheduler")
    expect(faulty.code == 78 and faulty.err.decode() == f"{resident.path}:1:10: no command: expected a command behind the times\n",
           f"exit {faulty.code}: {faulty.err}")
    expect(home.run("scheduler", "nosuch").code == 78, "a missing crontab is taken")
    expect(not (home.spool / "scheduler/faults").exists(), "where there is no crontab, it is called faulty")


@case
def what_it_would_do_is_printed_and_nothing_else(home):
    file = home.home / "tab"
    file.write_text("CRON_TZ=Asia/Tokyo\n0 7 * * * a b\n@reboot x\n@queue q y\nCRON_TZ=UTC\n@every 36h z\n")
    now = {"SPOOL_NOW": "2026-11-26T00:00:00Z"}
    def printed(*options):
        done = home.run("scheduler", *options, env=now)
        expect(done.code == 0 and not done.err, f"exit {done.code}: {done.err}")
        return done.out.decode()
    expect(printed("--test", file) == "", "--test says something")
    times = ["2026-11-27T07:00:00+09:00", "2026-11-28T07:00:00+09:00", "2026-11-27T12:00:00+00:00", "2026-11-29T00:00:00+00:00"]
    expect(printed("--next", "2", "--test", file) == "".join(f"{time}\n" for time in times), "--next")
    expect(printed("--next", "2", file) == printed("--next", "2", "--test", file), "without --test")
    expect(printed("--next", "1", "-v", file) == f"{times[0]}\t2: a b\n{times[2]}\t6: z\n", "-v")
    file.write_text("0 0 30 2 * x\n* * * * * y")
    done = home.run("scheduler", "--next", "2", "--test", file, env=now)
    expect((done.code, done.out) == (78, b"") and [line.split(": ")[0] for line in done.err.decode().splitlines()] ==
           [f"{file}:1:5", f"{file}:2:12"], f"exit {done.code}: {done.err}")
    done = home.run("scheduler", "--test", file, env={"TZ": "Mars/Base"})
    expect(done.code == 78 and b"TZ" in done.err, "TZ that is no zone is taken for UTC")
