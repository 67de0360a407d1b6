"""Runs: pipeline-run and pipeline-step killed, each alone; then what cron does: --resume in / with an empty environment."""
import re

from case import ROOMS, expect

# Each step says in a file of its own that its command was run, and is delayed a little so that its siblings meet it.
SCRIPT = """
cd "$HOME" || exit 1
echo $PPID >runner
pipeline-step one --undo 'cat >>undo-one' -- sh -c 'echo one >>ran-one; echo one'
pipeline-step left -- sh -c 'echo left >>ran-left; echo left' &
pipeline-step right --undo 'cat >>undo-right' -- sh -c 'echo right >>ran-right; echo right' &
wait
pipeline-step last -- %s
echo over
"""
LAST = "sh -c 'echo last >>ran-last; cat \"$STEPS/left\" \"$STEPS/right\"'"


class Runs:
    """What all of them share: a script in the home, and how cron goes on with it."""
    stdin, code, last = b"", 0, LAST

    def env(self, case):
        return {}

    def prepare(self, case):
        case.good("spool", "init")
        (case.home / "script.sh").write_text(SCRIPT % self.last)

    def command(self, case):
        return "pipeline-run", "-q", "--key", "k", case.home / "script.sh"

    def resume(self, case):
        # A run is left to itself by who resumes it from cron; the harness waits for all of them.
        case.good("sh", "-c", f"cd / && exec env -i {case.bin}/pipeline-run -C {case.spool} --resume")
        # An alert that was being sent is the deliveries' own business.
        case.good("spool", "sweep", "deliveries")

    def moved_in(self, case):
        """The run's state; its entry names this home, not the one that it was copied from."""
        (state,) = case.spool.glob("runs/state/*")
        for path in case.spool.glob(f"runs/*/{state.name}*"):
            if path.is_file() and path.parent.name in ROOMS:
                text = path.read_text()
                (home,) = re.findall("^Directory: (.*)$", text, re.M)
                if home != str(case.home):
                    path.write_text(text.replace(home, str(case.home)))
        return state

    def ran(self, case, name):
        return len(case.lines(f"ran-{name}"))

    def steps(self, case):
        return {path.name: path.read_text() for path in case.spool.glob("runs/state/*/steps/[!.]*")}


class Run(Runs):
    """pipeline-run is killed, and its steps live on: each is run once, and its result is taken."""
    name = "run"

    def settle(self, case, killed):
        self.resume(case)
        if not case.entries("runs"):
            # It was killed before it was accepted: its user starts it again.
            case.good(*self.command(case))
        entry = case.only("runs", "done")
        for step in "one left right last".split():
            expect(self.ran(case, step) == 1, f"{step} was run {self.ran(case, step)} times")
        response = (case.spool / "runs/re" / entry.id).read_bytes().partition(b"\n\n")[2]
        expect(sorted(response.split()) == sorted(b"one left right left right over".split()), f"printed {response}")
        expect(case.good(*self.command(case)).out == response, "the same key again does not print the same")


class RunFails(Runs):
    """What was done is undone, each once, the last first."""
    name, last, code = "run-fails", "sh -c 'echo last >>ran-last; exit 3'", 3

    def settle(self, case, killed):
        self.resume(case)
        if not case.entries("runs"):
            case.run(*self.command(case))
        case.only("runs", "fail")
        for step in "one left right last".split():
            expect(self.ran(case, step) == 1, f"{step} was run {self.ran(case, step)} times")
        # An undo that was killed may be made again; one that was recorded is not.
        expect(set(case.lines("undo-one")) == {"one"}, f"undo of one: {case.lines('undo-one')}")
        expect(set(case.lines("undo-right")) == {"right"}, f"undo of right: {case.lines('undo-right')}")
        if not killed.killed:
            expect(len(case.lines("undo-one")) == len(case.lines("undo-right")) == 1, "undone twice")
        expect(set(self.steps(case)) == {"left"}, f"left committed: {self.steps(case)}")


class Prepared(Runs):
    """One step of a run whose first pass died: begun by hand, in the run's environment, and killed."""
    undo = ("--undo", "cat >>undo-last")
    step = ("sh", "-c", "echo last >>ran-last; echo well")

    def prepare(self, case):
        case.good("spool", "init")
        quoted = " ".join(f"'{word}'" for word in (*self.undo, "--", *self.step))
        (case.home / "script.sh").write_text(
            'cd "$HOME"\n'
            "pipeline-step one --undo 'cat >>undo-one' -- sh -c 'echo one >>ran-one; echo one'\n"
            '[ -e died ] || { touch died; kill -9 "$PPID"; exec sleep 60; }\n'
            f"pipeline-step last {quoted} </dev/null\n")
        case.run("pipeline-run", "-q", case.home / "script.sh")

    def env(self, case):
        state = self.moved_in(case)
        return {"RUN": state.name, "STEPS": f"{state}/steps"}

    def command(self, case):
        return "pipeline-step", "last", *self.undo, "--", *self.step

    def settle(self, case, killed):
        before = "last" in self.steps(case)
        self.resume(case)
        case.only("runs", "done")
        expect(self.ran(case, "one") == 1, "the finished step was run again")
        times = self.ran(case, "last")
        expect(times == 1 or times == 2 and not before, f"the step was run {times} times")
        expect(self.steps(case) == {"one": "one\n", "last": "well\n"}, f"steps: {self.steps(case)}")


class Step(Prepared):
    """Committed, or in doubt and run again."""
    name = "step"


class StepFails(Prepared):
    """Its failure is on record, or it is run again, and fails."""
    name, code = "step-fails", 3
    step = ("sh", "-c", "echo last >>ran-last; echo badly; exit 3")

    def settle(self, case, killed):
        self.resume(case)
        case.only("runs", "fail")
        expect(1 <= self.ran(case, "last") <= 2, f"the step was run {self.ran(case, 'last')} times")
        expect(case.lines("undo-one") == ["one"], f"undone: {case.lines('undo-one')}")
        expect(self.steps(case) == {}, f"steps: {self.steps(case)}")


class StepDelivers(Prepared):
    """Run again, it sends nothing twice: it asks under the same key."""
    name, undo = "step-delivers", ("--attempts", "2")
    step = ("sh", "-c", "echo last >>ran-last; echo hello | deliver -q --to file:$HOME/inbox; echo well")

    def settle(self, case, killed):
        super().settle(case, killed)
        case.good("spool", "tick")
        told = (case.home / "inbox").read_text().count("hello")
        expect(told == 1, f"delivered {told} times")


class Rollback(Runs):
    """The undoing itself is killed."""
    name, last, code = "rollback", "sh -c 'echo last >>ran-last; kill -9 $(cat runner); exit 3'", 3

    def prepare(self, case):
        super().prepare(case)
        # The step is an orphan by the time it fails.
        case.run("pipeline-run", "-q", case.home / "script.sh")
        (halt,) = case.spool.glob("runs/state/*/halt")
        expect("Exit: 3" in halt.read_text(), f"halt: {halt.read_text()}")

    def command(self, case):
        state = self.moved_in(case)
        return "pipeline-run", "-q", "--resume", f"runs/{state.name}"

    def settle(self, case, killed):
        undone = {path.name for path in case.spool.glob("runs/state/*/undone/.step-*")}
        before = {name: len(case.lines(f"undo-{name}")) for name in ("one", "right")}
        self.resume(case)
        case.only("runs", "fail")
        for name in ("one", "right"):
            times = len(case.lines(f"undo-{name}"))
            again = times - before[name]
            expect(times >= 1 and (again == 0 if f".step-{name}.1" in undone else again == 1),
                   f"undone {before[name]} times before, {times} times now")
        expect(self.ran(case, "last") == 1, "a failed step was run again")


class RunParked(Runs):
    """75 is no verdict: nothing is undone, it is told of once, and goes on later."""
    name, code = "run-parked", 75
    last = "sh -c 'echo last >>ran-last; [ -e there ] || exit 75'"

    def settle(self, case, killed):
        self.resume(case)
        if not case.entries("runs"):
            case.run(*self.command(case))
        entry = case.only("runs", "wait")
        expect(not case.lines("undo-one"), "something was undone")
        alerts = case.entries("deliveries")
        expect(len(alerts) == 1, f"{len(alerts)} alerts")
        (case.home / "there").touch()
        case.good("pipeline-run", "-q", "--resume", entry.id)
        case.only("runs", "done")
        for step in "one left right".split():
            expect(self.ran(case, step) == 1, f"{step} was run {self.ran(case, step)} times")


class Cancel(Prepared):
    """`spool cancel` undoes what was done, whoever is killed meanwhile."""
    name, code = "cancel", 0

    def command(self, case):
        state = self.moved_in(case)
        return "spool", "cancel", f"runs/{state.name}"

    def env(self, case):
        return {}

    def settle(self, case, killed):
        (state,) = case.spool.glob("runs/state/*")
        if not (state / "halt").exists():
            # Not yet said: it goes on, or is cancelled again.
            case.good(*self.command(case))
        self.resume(case)
        case.only("runs", "fail")
        expect(set(case.lines("undo-one")) == {"one"}, f"undone: {case.lines('undo-one')}")
        expect(not case.lines("ran-last"), "a step was begun after the run was given up")


class Retry(Prepared):
    """What was undone is begun anew; what was not is only replayed."""
    name, step = "retry", ("sh", "-c", "echo last >>ran-last; [ -e there ] || exit 3; echo well")

    def prepare(self, case):
        super().prepare(case)
        self.resume(case)
        case.only("runs", "fail")
        (case.home / "there").touch()

    def command(self, case):
        state = self.moved_in(case)
        return "spool", "retry", f"runs/{state.name}"

    def env(self, case):
        return {}

    def settle(self, case, killed):
        if case.entries("runs", "fail"):
            case.good(*self.command(case))
        self.resume(case)
        case.only("runs", "done")
        expect((self.ran(case, "one"), self.ran(case, "last")) == (2, 2), "one and last were not run once more each")


RUNS = [Run, RunFails, Step, StepFails, StepDelivers, Rollback, RunParked, Cancel, Retry]
