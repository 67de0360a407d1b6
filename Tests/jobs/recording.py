"""How a run ended, on record in every place that says so."""
import signal

from case import expect
from home import case, until
from running import kill, living


def ended(home, name, word, exit, *, fails=True):
    """Told alike by the list, by the state's file, and by where the run lies."""
    row = home.is_so(name, execution=word, exit=exit, state="failed" if fails else "ok", delivery="not-requested")
    found = [entry for entry in home.entries("jobs") if entry.id == row["run"]]
    expect([entry.room for entry in found] == ["fail" if fails else "done"], f"{name} lies in {found}")
    expect(home.state(name)["Last-Execution"] == word, f"{home.state(name)}")
    if fails:
        expect("delivery: not-requested" in home.log_of(name), f"its log: {home.log_of(name)!r}")
    return row


@case
def a_run_that_went_well(home):
    done = home.sh("a", "echo out; echo err >&2")
    expect((done.out, done.err) == (b"out\n", b"err\n"), f"{done.out!r} {done.err!r}")
    ended(home, "a", "ok", 0, fails=False)
    record = home.record("a")
    expect(record.body == b"out\n" and record.header["Execution"] == "ok" and record.header["Exit"] == "0", record.header)
    expect(record.header["Delivery"] == "not-requested" and "Deliveries" not in record.header, record.header)
    expect(not home.inbox(), "told of what went well")


@case
def a_run_that_failed(home):
    done = home.sh("a", "echo out; exit 3", code=3)
    expect("job: a: exit 3: spool show" in done.err.decode(), done.err)
    ended(home, "a", "failed", 3)
    expect("out\n" in home.log_of("a"), "its output is in its log")


@case
def a_run_that_took_too_long(home):
    home.job("a", "sleep", "100", options=("--timeout", "300ms"), code=124)
    ended(home, "a", "timed-out", 124)


@case
def a_command_that_was_killed(home):
    home.sh("a", "kill -SEGV $$", code=128 + signal.SIGSEGV)
    ended(home, "a", "killed", 128 + signal.SIGSEGV)


@case
def a_command_that_is_not_there(home):
    done = home.job("a", "no-such-program", code=69)
    expect("no such program in" in done.err.decode(), done.err)
    ended(home, "a", "not-started", 69)
    home.write(home.home / "text", "#!/no/such/interpreter\n")
    home.job("b", home.home / "text", code=69)
    ended(home, "b", "not-started", 69)


@case
def a_run_that_was_asked_to_stop(home):
    for number, told in (signal.SIGTERM, 1), (signal.SIGINT, 0):
        name = f"by-{number}"
        running = home.furnish().start("job", name, "--", "await", name)
        home.until_ran(name)
        running.kill(number)
        expect(running.end().code == 128 + number, "it exits as what it was stopped by")
        row = home.is_so(name, execution="stopped", exit=128 + number, failures=told)
        expect([entry.room for entry in home.entries("jobs") if entry.id == row["run"]] == ["fail"], "it is over")
        home.is_told(f"job {name} failed", times=told)


@case
def a_run_that_is_refused_for_another_goes_on(home):
    first = home.furnish().start("job", "a", "--", "await", "a")
    home.until_ran("a")
    home.is_so("a", state="running", execution=None)
    for _ in range(2):
        done = home.job("a", "tally", "never", code=75)
        expect("its last run goes on since" in done.err.decode(), done.err)
    home.is_so("a", state="running", refused=2, failures=0)
    home.go("a")
    expect(first.end().code == 0, "the first ends well")
    ended(home, "a", "ok", 0, fails=False)
    refusals = [line for line in home.journal() if line["event"] == "job-refused"]
    expect(len(refusals) == 2, f"the journal: {refusals}")
    home.job("a", "true")
    home.is_so("a", refused=0)
    home.has_run("a")


@case
def a_command_that_outlives_its_job_is_not_overtaken(home):
    script = 'setsid sh -c "echo on >>$HOME/ran; exec sleep 100" & until [ -e "$HOME/ran" ]; do sleep 0.01; done; kill -9 $PPID'
    running = home.furnish().start("job", "a", "--", "sh", "-c", script)
    running.process.wait()
    until(lambda: living("sleep"), "the sleeper lives")
    home.tick()
    home.is_so("a", state="running")
    done = home.job("a", "tally", "never", code=75)
    expect("a command of an earlier run, whose job was killed, goes on" in done.err.decode(), done.err)
    expect(not home.inbox(), "it goes on: nothing to tell yet")
    kill(*living("sleep"))
    until(lambda: not living("sleep"), "the sleeper is dead")
    home.tick()
    home.is_so("a", state="failed", execution="killed", exit=None, failures=1)
    home.is_told("job a failed")


@case
def what_a_person_does_to_a_run_does_not_confuse_it(home):
    home.sh("a", "exit 3", code=3)
    run = home.row("a")["run"]
    home.good("spool", "retry", run)
    home.tick()
    home.is_so("a", failures=1)  # a job is run by its schedule: what was put back was counted then
    expect([entry.room for entry in home.entries("jobs")] == ["fail"], "it is in fail/ again")
    home.job("a", "true")
    home.is_so("a", failures=0, state="ok")
    home.is_told("job a failed")


@case
def the_list_is_for_people_and_for_programs(home):
    home.furnish()
    done = home.run("job", "--list")
    expect(done.code == 0 and done.out == b"" and b"no job is known" in done.err, done.out + done.err)
    home.good("job", "backup", "--expect-every", "1d")
    home.job("a", "true")
    lines = home.good("job", "--list").out.decode().splitlines()
    expect(lines[0].split() == "JOB STATE LAST START ENDED EXIT DELIVERY DUE BY".split(), lines[0])
    expect([line.split()[:2] for line in lines[1:]] == [["a", "ok"], ["backup", "new"]], lines)
    home.is_so("backup", state="new", run=None, exit=None, delivery=None)
    expect(home.row("backup")["due"] > home.row("a")["started"], "it is due in a day")
    expect(home.run("job", "--list", "nobody").code == 1, "no such job")


@case
def wrong_usage(home):
    home.furnish()
    for words in ([], ["a"], ["--json"], ["a", "--deliver", "me"], ["../x", "--", "true"], ["-x", "--", "true"],
                  ["a", "--alert-after", "-1"], ["a", "--expect-every", "0s"], ["--list", "--alert-after", "1"],
                  ["a", "--enable", "--disable"], ["a", "--enable", "--", "true"], ["a", "--cooldown", "soon"]):
        expect(home.run("job", *words).code == 64, f"job {' '.join(words)}: not refused")
    home.run("job", "--list")
    expect(not home.names("jobs", "names"), "and nothing is known by it")
