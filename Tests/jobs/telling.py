"""Who is told that a job fails, when, and how often."""
from case import expect
from home import case
from jobbing import at


def fail(home, minutes, name="a", **how):
    return home.sh(name, "echo out of luck >&2; exit 3", code=3, env=at(minutes), **how)


def told(home, times, *words):
    home.is_told("job a failed", *words, times=times)


@case
def a_failure_is_told_at_once(home):
    fail(home, 0)
    text = home.is_told("job a failed", "exit 3", "out of luck", "Last success: never")
    run = home.row("a")["run"]
    expect(f"spool show {run.split('-')[1]}" in text, text)
    home.tick(at(1))
    told(home, 1)


@case
def one_alert_in_a_cool_down(home):
    fail(home, 0)
    for minutes in 10, 20, 59:
        fail(home, minutes)
        home.tick(at(minutes))
    told(home, 1)
    fail(home, 60)
    told(home, 2)
    told(home, 1, "was the last of 4 in a row that failed")
    home.tick(at(119))
    told(home, 2)
    fail(home, 119, options=("--cooldown", "30m"))
    told(home, 3)
    told(home, 1, "was the last of 5 in a row")  # of what was still to be told; its own run is told of later
    home.tick(at(149))
    told(home, 4)
    home.tick(at(600))
    told(home, 4)


@case
def what_failed_meanwhile_is_told_when_the_cool_down_is_over(home):
    fail(home, 0)
    home.job("a", "true", env=at(5))
    fail(home, 10)
    home.tick(at(59))
    told(home, 1)
    home.tick(at(60))
    told(home, 2)
    home.tick(at(130))
    told(home, 2)


@case
def what_is_mended_meanwhile_is_not_told(home):
    fail(home, 0)
    home.job("a", "true", env=at(5))
    fail(home, 10)
    home.job("a", "true", env=at(15))
    home.tick(at(200))
    told(home, 1)
    home.is_so("a", state="ok", failures=0)


@case
def only_after_so_many_in_a_row(home):
    for minutes in range(2):
        fail(home, minutes, options=("--alert-after", "3"))
    home.job("a", "true", env=at(2))
    for minutes in range(3, 5):
        fail(home, minutes)  # said once, it holds
    home.tick(at(5))
    expect(not home.inbox(), home.inbox())
    fail(home, 6)
    told(home, 1, "the last of 3 in a row")


@case
def none_where_none_are_wanted(home):
    home.good("job", "a", "--alert-after", "0", "--disable-after", "0")
    for minutes in range(12):
        fail(home, minutes)
    home.tick(at(100))
    expect(not home.inbox(), home.inbox())
    home.is_so("a", failures=12, disabled=None)


@case
def two_jobs_are_told_of_apart(home):
    fail(home, 0, "a")
    fail(home, 0, "b")
    home.is_told("job a failed")
    home.is_told("job b failed")


@case
def to_whom_the_config_says(home):
    home.furnish()
    (home.spool / "config").write_text(f"Alert: file:{home.home}/desk\n")
    fail(home, 0)
    expect("job a failed" in (home.home / "desk").read_text() and not home.inbox(), "at the desk")


@case
def an_alert_for_nobody_is_told_to_the_spools_own_person(home):
    home.furnish()
    (home.spool / "config").write_text("Alert: nobody\n")
    done = fail(home, 0)
    expect(b"me is told instead" in done.err, done.err)
    told(home, 1)
    (home.spool / "config").unlink()
    home.tick(at(2))
    told(home, 1)


@case
def an_alert_that_cannot_be_sent_now_is_sent_later(home):
    home.channel()
    (home.spool / "config").write_text("Alert: moody:69/x\n")
    fail(home, 0)
    (home.home / "well").touch()
    home.again()
    expect(len(home.given()) == 2 and "job a failed" in home.given()[1], f"{home.given()}")


@case
def a_job_that_fails_is_overdue_as_well(home):
    home.job("a", "true", options=("--expect-every", "1h"), env=at(0))
    fail(home, 30)
    home.tick(at(90))
    home.is_told("job a is overdue", "It ended with exit 3.")
    home.is_so("a", state="overdue", env=at(90))
    home.job("a", "true", env=at(91))
    home.is_so("a", state="ok", env=at(92))
    home.tick(at(92))
    home.is_told("job a is overdue")
