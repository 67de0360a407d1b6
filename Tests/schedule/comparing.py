"""Next-fire times against PyPI's cronsim, which follows Debian's cron, and against Debian's own loop where the two differ."""
import os
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import debian
from case import expect
from home import case

CRONSIM = "cronsim==2.8"
CACHE = Path(__file__).resolve().parents[2] / ".build"
# A zone, and a year whose changes are looked at: an hour by day and by night, half an hour, two hours, at midnight, a minute past it, the
# other way round in winter, for Ramadan, a whole day that never was, and quarters of an hour.
ZONES = (
    ("Europe/Berlin", 2027), ("America/New_York", 2026), ("Australia/Lord_Howe", 2027), ("Europe/Dublin", 2028),
    ("Africa/Casablanca", 2027), ("America/St_Johns", 2010), ("Pacific/Apia", 2011), ("Antarctica/Troll", 2027),
    ("America/Santiago", 2026), ("Pacific/Chatham", 2029),
)
EXPRESSIONS, TIMES, NOWS = 10_000, 4, 5
WINDOW = timedelta(hours=20)  # on both sides of a change, for Debian's loop


def library():
    """A directory from which cronsim is imported; made once."""
    venv = CACHE / ("venv-" + CRONSIM.replace("==", "-"))
    if not (venv / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", CRONSIM], check=True)
        (venv / "done").touch()
    return next(venv.glob("lib/python3*/site-packages"))


def field(dice, low, high, names=(), near=None):
    def number():
        value = dice.choice(near) if near and dice.random() < 0.6 else dice.randint(low, high)
        if names and value - low < len(names) and dice.random() < 0.3:
            return value, dice.choice((str.lower, str.upper, str.title))(names[value - low])
        return value, str(value)

    def part():
        kind = dice.random()
        if kind < 0.6:
            return number()[1]
        first, last = sorted((number(), number()), key=lambda pair: pair[0])
        # Of one with a step, cronsim takes for one that goes on to the end: 5-5/10 is 5, 15, 25 and so on.
        return f"{first[1]}-{last[1]}" + (f"/{dice.randint(1, 8)}" if kind > 0.85 and first[0] < last[0] else "")

    kind = dice.random()
    if kind < 0.35:
        return "*"
    if kind < 0.5:
        return f"*/{dice.randint(1, high // 2)}"
    if kind < 0.8:
        return part()
    return ",".join(part() for _ in range(dice.randint(2, 4)))


def expression(dice):
    return " ".join((
        field(dice, 0, 59, near=(0, 1, 15, 30, 59)), field(dice, 0, 23, near=(0, 1, 2, 3)), field(dice, 1, 31, near=(28, 29, 30, 31)),
        field(dice, 1, 12, debian.NAMES["month"]), field(dice, 0, 7, debian.NAMES["dow"])))


def changes(zone, year):
    """The hours before which the zone's offset has changed, in that year."""
    at, found = datetime(year, 1, 1, tzinfo=timezone.utc), []
    while at.year == year:
        after = at + timedelta(hours=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(after)
        at = after
    return found


def ours(scheduler, lines, zone, now, count=TIMES):
    """For each line its next times, in UTC; None where the whole is refused."""
    with tempfile.NamedTemporaryFile("w", suffix=".crontab") as file:
        file.write(f"CRON_TZ={zone}\n" + "".join(f"{line} {number}\n" for number, line in enumerate(lines)))
        file.flush()
        done = subprocess.run(
            [scheduler, "--next", str(count), "-v", "--test", file.name], capture_output=True, text=True,
            env={**os.environ, "SPOOL_NOW": now.isoformat()})
    if done.returncode:
        return None, done.stderr
    found = [[] for _ in lines]
    for line in done.stdout.splitlines():
        time, _, rest = line.partition("\t")
        found[int(rest.rpartition(" ")[2])].append(time)
    return found, done.stderr


def settle(line, zone, now, mine, theirs):
    """Whether Debian's loop is on our side where the two lists part; and where that is."""
    index = next((place for place, pair in enumerate(zip(mine, theirs)) if pair[0] != pair[1]), min(len(mine), len(theirs)))
    first = min(times[index] for times in (mine, theirs) if index < len(times))
    before = max(mine[index - 1] if index else now, first - timedelta(days=3))
    fired = debian.fires(debian.Expression(line), debian.clock(zone, first - timedelta(days=4), first + timedelta(minutes=1)))
    return [at for at in fired if at > before] == [at for at in mine[index:index + 1] if at == first], index


def simulation(cronsim):
    """Its class, but one that gives up: where a change is a minute past midnight, it goes round for ever."""
    class Patient(cronsim.CronSim):
        ticks = 0

        def tick(self, seconds=1):
            self.ticks += 1
            if self.ticks > 100_000:
                raise StopIteration
            super().tick(seconds)

    return Patient


def zone_differs(scheduler, cronsim, name, year, seed, count):
    """Compares one zone; gives how many were compared, how many differed from cronsim, what is wrong, and an example."""
    dice, zone = random.Random(seed), ZoneInfo(name)
    turns = changes(zone, year)
    compared, differed, wrong, example, simulate = 0, 0, [], None, simulation(cronsim)
    for _ in range(NOWS):
        now = dice.choice(turns) + timedelta(seconds=dice.randint(-3 * 86400, 86400))
        lines, refused, expected = [], [], []
        while len(lines) + len(refused) < count // NOWS:
            line = expression(dice)
            try:
                simulated = simulate(line, now.astimezone(zone))
            except cronsim.CronSimError:
                refused.append(line)
                continue
            lines.append(line)
            times = []
            for _ in range(TIMES):
                # Where a change is a minute past midnight, it also says one time again and again; and in an hour that comes twice, what
                # is over.
                time = next(simulated, None)
                if time is None or time <= (times or [now])[-1]:
                    break
                times.append(time.astimezone(timezone.utc))
            expected.append(times)
        found, said = ours(scheduler, lines, name, now)
        if found is None:
            return compared, differed, [f"{name}: refused: {said[:300]}"], None
        for line, mine, theirs in zip(lines, found, expected):
            own = [debian.utc(time) for time in mine]
            bad = [time for time, at in zip(mine, own) if at.astimezone(zone).isoformat() != time]
            if bad:
                wrong.append(f"{name}: {line}: {bad[0]} is not as this zone writes it")
            compared += 1
            if own == theirs:
                continue
            differed += 1
            right, index = settle(line, zone, now, own, theirs)
            if right:
                example = example or f"{name}, {now.isoformat()}, {line}: {mine[index:index + 1]}, cronsim {[str(time.astimezone(zone)) for time in theirs[index:index + 1]]}"
            else:
                wrong.append(f"{name}: {line}: after {now.isoformat()}: {mine}, cronsim {[str(t.astimezone(zone)) for t in theirs]}")
        for line in refused:
            compared += 1
            if ours(scheduler, [line], name, now)[0] is not None:
                wrong.append(f"{line}: never comes, and is taken")
    return compared, differed, wrong, example


def around_changes(scheduler, name, year, seed):
    """All times in the hours around each change, against Debian's loop."""
    dice, zone, wrong, count = random.Random(seed), ZoneInfo(name), [], 0
    for turn in changes(zone, year):
        start, end = turn - WINDOW, turn + WINDOW
        minutes = list(debian.clock(zone, start - timedelta(hours=6), end))
        lines = [f"{field(dice, 0, 59, near=(0, 1, 30))} {field(dice, 0, 23, near=(0, 1, 2, 3))} * * *" for _ in range(25)]
        # Strictly after: a second before the first minute.
        found, said = ours(scheduler, lines, name, start - timedelta(seconds=1), count=1000)
        if found is None:
            return count, [f"{name}: refused: {said[:300]}"]
        for line, mine in zip(lines, found):
            own = [at for at in map(debian.utc, mine) if at < end]
            theirs = [at for at in debian.fires(debian.Expression(line), minutes) if at >= start]
            count += 1
            if len(mine) < 1000 or own == theirs:
                if own != theirs:
                    wrong.append(f"{name}: {line}: around {turn}: {[str(at.astimezone(zone)) for at in sorted(set(own) ^ set(theirs))]}")
            elif own != theirs[:len(own)]:
                wrong.append(f"{name}: {line}: around {turn}: differs")
    return count, wrong


@case
def the_next_times_are_those_of_cronsim(home):
    """And where they are not, those of Debian's cron."""
    sys.path.insert(0, str(library()))
    import cronsim
    home.remark(f"--seed {home.options.seed}")
    scheduler, wrong, total, differed, around = home.bin / "scheduler", [], 0, 0, 0
    for number, (name, year) in enumerate(ZONES):
        seed = f"{home.options.seed}-{number}"
        compared, other, bad, example = zone_differs(scheduler, cronsim, name, year, seed, EXPRESSIONS // len(ZONES))
        count, bad_around = around_changes(scheduler, name, year, f"{seed}-around")
        total, differed, around, wrong = total + compared, differed + other, around + count, wrong + bad + bad_around
        if example:
            home.transcript.append(f"    cronsim is not Debian's cron: {example}")
    expect(not wrong, f"{len(wrong)} differ: {wrong[:5]}")
    expect(total == EXPRESSIONS and differed < total / 50, f"{total} compared, {differed} differ")
    home.remark(f"{total} expressions in {len(ZONES)} zones, {differed} not as in cronsim but as in Debian's cron, {around} around changes")
