"""The scheduler on a clock that is set: by libfaketime, which only what is linked dynamically sees. What lands in a queue wakes it, as the
next minute would."""
from datetime import datetime, timedelta, timezone

import clock
from case import expect
from home import case, until
from running import kill, living
from staying import SOON, Resident


class Jumping(Resident):
    """A scheduler whose clock is ours: it is told as hours of a day of next month."""

    def __init__(self, home, *lines):
        self.clock = clock.Clock(home)
        (home.home / "dynamic/scheduler").symlink_to(home.options.dynamic)
        super().__init__(home, "CRON_TZ=UTC", *lines, "@queue a echo looked >>looked")
        self.day = (datetime.now(timezone.utc) + timedelta(days=30)).replace(hour=0, minute=0, second=0, microsecond=0)

    def set(self, hours, minutes=0, seconds=0, days=0):
        at = self.day + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self.clock.jump(round((at - datetime.now(timezone.utc)).total_seconds()))
        return self

    def start(self):
        return super().start(*(f"{name}={value}" for name, value in self.clock.preload.items()))

    def look(self):
        """Wakes it, and waits until it has looked at the clock: what is not due by now is not started any more."""
        count = len(self.lines("looked"))
        self.home.put("a")
        self.ran(count + 1, "looked")
        return self


@case
def at_seven_it_runs_once(home):
    jumping = Jumping(home, "0 7 * * * echo seven >>ran").set(6, 59, 58).start()
    jumping.ran(1)
    jumping.set(7, 30).look()
    expect(jumping.lines() == ["seven"], f"{jumping.lines()}")
    expect(f"fired: 2: {(jumping.day + timedelta(hours=7)).isoformat()}" in jumping.events("fired: 2")[0], "not at seven")
    jumping.stop()


@case
def set_forward_by_two_hours_fixed_times_run_once_and_wildcards_go_by_the_new_time(home):
    jumping = Jumping(home, "15,45 8 * * * echo fixed >>ran", "*/15 8 * * * echo wild >>ran", "* * * * * echo minute >>ran")
    jumping.set(7, 30, 30).start().look().set(9, 20, 20).look()
    jumping.ran(2)
    expect(sorted(jumping.lines()) == ["fixed", "minute"], f"{jumping.lines()}")
    jumping.stop()


@case
def after_six_hours_of_sleep_the_policy_says(home):
    jumping = Jumping(
        home, "0 3,7 * * * echo skip >>ran", "CATCH_UP=once", "0 3,7 * * * echo once >>ran", "CATCH_UP=once 30m",
        "0 3,7 * * * echo young >>ran", "CATCH_UP=all 4h", "0 * * * * echo all >>ran")
    jumping.set(2, 0, 30).start().look().set(8, 10).look()
    jumping.ran(5)
    jumping.look()
    expect(sorted(jumping.lines()) == ["all"] * 4 + ["once"], f"{jumping.lines()}")
    fired = [event.split(": ")[2][11:16] for event in jumping.events("fired: 8")]
    expect(fired == ["05:00", "06:00", "07:00", "08:00"], f"all: {fired}")
    missed = sorted(event.split(": ")[1:3] for event in jumping.events("missed"))
    expect([words[1].split(" missed")[0] for words in missed] == ["2 times", "2 times", "2 times"], f"{missed}")
    jumping.stop()
    # What was not there for a day is the same; and what was made up for is not so again.
    jumping.set(9, 0, 30, days=1).start().look()
    jumping.ran(10)
    until(lambda: sum(event.startswith("ended: 8") for event in jumping.events("ended")) == 8, "all have ended", SOON)
    jumping.look().stop()
    expect(sorted(jumping.lines()[5:]) == ["all"] * 4 + ["once"], f"{jumping.lines()[5:]}")


@case
def set_back_fixed_times_are_not_repeated_until_it_is_a_correction(home):
    jumping = Jumping(home, "0 7 * * * echo fixed >>ran", "*/30 * * * * echo wild >>ran").set(6, 59, 58).start()
    jumping.ran(2)
    jumping.set(5, 59, 58).look()
    jumping.ran(3)
    jumping.set(6, 59, 58)
    jumping.look().ran(4)
    expect(sorted(jumping.lines()) == ["fixed", "wild", "wild", "wild"], f"{jumping.lines()}")
    jumping.set(6, 59, 58, days=-1).look()
    jumping.ran(6)
    expect(sorted(jumping.lines()[4:]) == ["fixed", "wild"], f"{jumping.lines()}")
    jumping.stop()


@case
def killed_while_it_runs_it_is_done_again_with_once_and_not_with_skip(home):
    wait = "until [ -e go ]; do sleep 0.02; done"
    jumping = Jumping(home, f"0 7 * * * echo skip >>ran; {wait}", "CATCH_UP=once", f"0 7 * * * echo once >>ran; {wait}")
    jumping.set(6, 59, 58).start()
    jumping.ran(2)
    for process in living():  # the machine goes down: all of it dies
        kill(process)
    jumping.running.process.wait(SOON)
    (home.home / "go").touch()
    jumping.set(7, 20).start()
    jumping.ran(3)
    jumping.look().stop()
    expect(sorted(jumping.lines()) == ["once", "once", "skip"], f"{jumping.lines()}")
