"""Cron, people and kill -9 at once, in an order that dice make: a product that was there is there for good, the same."""
import random

from case import expect
from home import case, until
from running import SOON, kill, living, moment

# What a step prints is another text each time that it is run.
SCRIPT = """work() { pipeline-step "$1" --undo "echo $1 >>undone" -- sh -c 'sleep 0.03; echo "$0 $$ $(date +%N)"' "$1"; }
work a
work b &
work c &
wait
x=$(work d)
pipeline-step e --undo 'echo e >>undone' -- sh -c 'sleep 0.03; echo "e after $0"' "$x"
"""
STEPS = "a", "b", "c", "d", "e"


class Watcher:
    """Looks at the products each time that something was done."""

    def __init__(self, run):
        self.run, self.seen = run, {}

    def look(self):
        for name in STEPS:
            try:
                product = self.run.product(name)
            except FileNotFoundError:
                expect(name not in self.seen, f"the product of {name} is gone")
                continue
            expect(self.seen.setdefault(name, product) == product, f"{name} was {self.seen[name]!r}, and is {product!r}")


def by_dice(home, dice):
    """Something that cron, a person or a reboot may do in any moment; what it says is no matter of this."""
    run = home.names("runs", "run") + home.names("runs", "wait") + home.names("runs", "hold") + home.names("runs", "new")
    id = run[0].split("@")[0].split(",")[0] if run else "none"
    what = dice.choice(["resume", "resume", "tick", "kill run", "kill step", "kill all", "hold", "release", "resume it",
                        "term"])
    if what == "resume":
        home.start("env", "-i", "-C", "/", home.bin / "pipeline-run", "-C", home.spool, "--resume")
    elif what == "tick":
        home.start("spool", "tick")
    elif what == "resume it":
        home.start("pipeline-run", "--resume", id)
    elif what in ("hold", "release"):
        home.start("spool", what, id)
    elif what == "term":
        kill(*living("pipeline-run")[:1], number=15)
    elif what == "kill all":
        home.kill_all()
    else:
        kill(*living("pipeline-run" if what == "kill run" else "pipeline-step")[:1])
    if dice.random() < 0.5:
        home.make_due("runs")
    return what


def many(home, dice, watcher, count):
    """So many of these; gives what was done."""
    done = []
    for _ in range(count):
        moment(dice.random() * 0.06)
        done.append(by_dice(home, dice))
        watcher.look()
    return done


def bring_to_its_end(home, run, room):
    """As cron and a patient person do."""
    def over():
        if run.room == "hold":
            home.run("spool", "release", run.id)
        home.run("env", "-i", "-C", "/", home.bin / "pipeline-run", "-C", home.spool, "--resume")
        for name in home.names("runs", "wait"):
            (home.spool / "runs/wait" / name).touch()
        return run.room == room

    until(over, f"it comes to {room}/", SOON)


@case
def whatever_happens_a_product_that_was_there_is_there_for_good_and_the_run_comes_to_its_end(home):
    for seed in range(10):
        dice, run = random.Random(seed), home.launch(SCRIPT)
        watcher = Watcher(run)
        run.id
        done = many(home, dice, watcher, 12)
        bring_to_its_end(home, run, "done")
        watcher.look()
        home.good("spool", "sweep")
        lines = run.response.decode().splitlines()
        products = {name: run.product(name).decode().strip() for name in STEPS}
        wanted = sorted(products[name] for name in "abce")
        expect(sorted(lines) == wanted, f"after {done} it prints {lines}, not {wanted}")
        expect(products["e"] == f"e after {products['d']}", f"after {done}: {products}")
        expect(not home.lines("undone"), f"after {done} was undone: {home.lines('undone')}")


@case
def whatever_happens_before_a_cancel_what_was_done_is_undone_once_and_nothing_else(home):
    for seed in range(100, 110):
        (home.home / "undone").unlink(missing_ok=True)
        dice, run = random.Random(seed), home.launch(SCRIPT)
        watcher = Watcher(run)
        run.id
        done = many(home, dice, watcher, dice.randrange(5))
        watcher.look()
        if home.run("spool", "cancel", run.id).code == 0:
            until(lambda: run.room == "fail" or home.resume_now() and run.room == "fail", f"after {done} it comes to fail/",
                  SOON)
            undone = home.lines("undone")
            expect(set(watcher.seen) <= set(undone), f"after {done}: {list(watcher.seen)} were done, and {undone} undone")
            expect(len(undone) == len(set(undone)), f"after {done} was undone: {undone}")
            expect(not run.products(), f"steps/ has {run.products()}")
        else:
            expect(run.room == "done" and not home.lines("undone"), f"after {done} it lies in {run.room}/")
