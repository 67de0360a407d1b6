"""What Debian's cron does, minute by minute: the loop of its cron.c (3.0pl1-162) on a clock of ours. Slow, and the measure of who is
right where two libraries differ. It shares nothing with what it judges."""
from datetime import datetime, timedelta, timezone

NAMES = {"month": "jan feb mar apr may jun jul aug sep oct nov dec".split(), "dow": "sun mon tue wed thu fri sat".split()}
FIELDS = ("minute", 0, 59), ("hour", 0, 23), ("dom", 1, 31), ("month", 1, 12), ("dow", 0, 7)
EPOCH = datetime(1970, 1, 1)


def members(text, name, low, high):
    def number(word):
        names = NAMES.get(name, [])
        return names.index(word.lower()) + low if word.lower() in names else int(word)

    found = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        ends = (low, high) if span == "*" else (number(first), number(last or first))
        found.update(range(ends[0], ends[1] + 1, int(step or 1)))
    return found


class Expression:
    def __init__(self, text):
        fields = text.split()
        self.minute, self.hour, self.dom, self.month, self.dow = (
            members(word, *field) for word, field in zip(fields, FIELDS))
        self.wild = fields[0].startswith("*") or fields[1].startswith("*")
        self.both = fields[2].startswith("*") or fields[4].startswith("*")
        if self.dow & {0, 7}:
            self.dow |= {0, 7}

    def matches(self, minute):
        """minute: of the local calendar, since 1970."""
        at = EPOCH + timedelta(minutes=minute)
        if at.minute not in self.minute or at.hour not in self.hour or at.month not in self.month:
            return False
        days = at.day in self.dom, at.isoweekday() in self.dow
        return all(days) if self.both else any(days)


def clock(zone, start, end):
    """Each minute of [start, end), in UTC, with the local minute that cron computes for it."""
    at = start
    while at < end:
        offset = at.astimezone(zone).utcoffset()
        yield at, int((at.timestamp() + offset.total_seconds()) // 60)
        at += timedelta(minutes=1)


def fires(expression, minutes):
    """The times at which it is run. Debian runs a fixed time once for each minute that was leapt over; here that is one run."""
    virtual, fired = None, []
    for at, running in minutes:
        if virtual is None:
            virtual = running - 1
        difference = running - virtual
        run = False
        if 1 <= difference <= 5:
            run = any(expression.matches(minute) for minute in range(virtual + 1, running + 1))
            virtual = running
        elif 5 < difference <= 180:
            if expression.wild:
                run = expression.matches(running)
            else:
                run = any(expression.matches(minute) for minute in range(virtual + 1, running + 1))
            virtual = running
        elif -180 < difference <= 0:
            run = expression.wild and expression.matches(running)
        else:
            virtual = running
            run = expression.matches(running)
        if run:
            fired.append(at)
    return fired


def utc(text):
    return datetime.fromisoformat(text).astimezone(timezone.utc)
