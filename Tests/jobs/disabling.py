"""Jobs that run no more: after ten failures in a row, or because a person says so."""
from case import expect
from home import case
from jobbing import at


def fail(home, minutes, code=3, **how):
    return home.job("a", "tally", "a", "3", code=code, env=at(minutes), **how)


@case
def ten_failures_in_a_row_disable_it(home):
    for minutes in range(10):
        fail(home, minutes)
    home.is_told("job a is disabled", "job a --enable", "the last of 10 in a row")
    home.is_so("a", state="disabled", failures=10)
    for minutes in 10, 11:
        done = fail(home, minutes, code=69)
        expect(b"is disabled since" in done.err and b"job a --enable" in done.err, done.err)
    expect(len(home.ran()) == 10, "it ran all the same")
    expect(len(home.entries("jobs")) == 10, "and has no more runs")
    home.is_so("a", refused=2)
    home.tick(at(200))
    home.is_told("job a is disabled")
    home.is_told("job a failed")  # the first of the ten; the others in its cool-down
    refusals = [line for line in home.journal() if line["event"] == "job-refused"]
    expect(len(refusals) == 2, f"the journal: {refusals}")


@case
def a_success_in_between_begins_anew(home):
    for minutes in range(9):
        fail(home, minutes)
    home.job("a", "true", env=at(9))
    for minutes in range(10, 19):
        fail(home, minutes)
    home.is_so("a", state="failed", failures=9, disabled=None)
    fail(home, 19)
    home.is_so("a", state="disabled", failures=10)


@case
def enabled_it_begins_anew(home):
    home.good("job", "a", "--disable-after", "2", "--expect-every", "1h", env=at(0))
    for minutes in range(2):
        fail(home, minutes)
    fail(home, 2, code=69)
    home.tick(at(90))
    home.is_told("job a is overdue", "It is disabled after 2 failures in a row: job a --enable")
    home.good("job", "a", "--enable", env=at(100))
    home.tick(at(101))
    home.is_told("job a is overdue")  # what was missed meanwhile is no news
    home.is_so("a", failures=0, disabled=None)
    fail(home, 102)
    home.is_so("a", failures=1, disabled=None)
    home.job("a", "true", env=at(103))
    home.is_so("a", state="ok", env=at(104))


@case
def disabled_by_hand_it_is_not_missed(home):
    home.job("a", "true", options=("--expect-every", "1h"), env=at(0))
    home.good("job", "a", "--disable", env=at(1))
    done = home.job("a", "tally", "never", code=69, env=at(2))
    expect(b"by hand" in done.err, done.err)
    home.tick(at(300))
    expect(not home.inbox() and not home.ran(), home.inbox())
    home.good("job", "a", "--enable", env=at(301))
    home.tick(at(302))
    expect(not home.inbox(), home.inbox())
    home.tick(at(400))
    home.is_told("job a is overdue")


@case
def only_what_is_known_is_disabled(home):
    home.furnish()
    for verb in "--disable", "--enable":
        done = home.run("job", "typo", verb)
        expect(done.code == 1 and b"there is no such job" in done.err, done.err)
    expect(not home.names("jobs", "names"), "and it is not known by that")


@case
def killed_runs_disable_it_too(home):
    home.good("job", "a", "--disable-after", "3")
    for _ in range(3):
        home.run("job", "a", "--", "sh", "-c", "kill -9 $PPID")
    home.tick()
    home.is_so("a", state="disabled", failures=3)
    home.is_told("job a is disabled", "it was killed, or its machine went down")
