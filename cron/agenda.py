"""agenda.py: prints one day's events from iCalendar files, as plain text.

Run by agenda.sh, with Debian's python3-icalendar and
python3-recurring-ical-events; the latter works out what repeats.

  Tuesday, 24 November 2026
    all day      Trade fair (Hall 4), day 2 of 3
    ...-01:00    Night deploy
    09:00-09:15  Stand-up (Room 2)

Each event of the day is listed once, however many files have it. Times are
local (TZ, else /etc/localtime; --tz goes before both); the day is today (of
SPOOL_NOW, if set) or --date. The text is the calendar's own, except that
control characters become a space.

An event that cannot be read is counted in a last line of the list. A file
that cannot be read is an error: one line on stderr, nothing on stdout.

Exit: 0 done, 64 wrong arguments, 65 malformed file, 69 a file or a package is
not there, 70 a bug, 74 the output cannot be written.
"""
import argparse
import os
import re
import signal
import sys
import time
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from io import StringIO
from typing import NamedTuple
from zoneinfo import ZoneInfo

USAGE, MALFORMED, UNAVAILABLE, SOFTWARE, IO = 64, 65, 69, 70, 74

DAY = timedelta(days=1)
# No zone is more than a day from another; one more day for good measure.
MARGIN = 2 * DAY
# For the rules of one event, in seconds: a hostile one could take years.
PATIENCE = 3

# An interrupt ends us without a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

# Also what would end a line, or turn the order of its letters around.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
CONTENT_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;(?:"[^"]*"|[^":])*)?):(.*)', re.S)
TIMING_LINE = re.compile("DTSTART|DTEND|RRULE|RDATE|EXDATE|RECURRENCE-ID")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
POSIX_ZONE = re.compile(r"(<[^>]+>|[A-Za-z]{3,})[+-]?\d")


class Failure(Exception):
    """What ends the program: a status, and one line for stderr."""

    def __init__(self, status, about, wrong, do):
        super().__init__(f"{about}: {wrong}: {do}")
        self.status = status


class Broken(Exception):
    """What makes one event unreadable, and the line where it is."""

    def __init__(self, line, why):
        super().__init__(why)
        self.line = line


def clean(text):
    return CONTROLS.sub(" ", text).strip()


def complain(line):
    try:
        os.write(2, f"agenda.sh: {clean(line)}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass


try:
    import icalendar
    import recurring_ical_events
    from dateutil import tz
    from icalendar.parser import Parameters
    from icalendar.prop import vDDDTypes, vDuration, vRecur
    from icalendar.windows_to_olson import WINDOWS_TO_OLSON
except ImportError as error:
    complain(f"Python modules: {error}: apt-get install python3-icalendar python3-recurring-ical-events")
    sys.exit(UNAVAILABLE)


# ------------------------------------------------------------ reading files


class Property(NamedTuple):
    line: int
    name: str
    params: str
    value: str

    def param(self, name):
        return Parameters.from_ical(self.params[1:]).get(name) if self.params else None

    def text(self):
        # Not icalendar's own: that makes "%2C" a comma and "\\n" a new line.
        return clean(re.sub(r"\\([\\;,nN])", lambda m: "\n" if m[1] in "nN" else m[1], self.value))

    def broken(self, why):
        return Broken(self.line, f'{self.name} "{clean(self.value)[:40]}" {why}'.lstrip())


class Component:
    """What stands between a BEGIN and its END."""

    def __init__(self, file, line, name):
        self.file, self.line, self.name = file, line, name
        self.properties, self.parts = [], []

    def all(self, name):
        return [p for p in self.properties if p.name == name]

    def one(self, name):
        return next(iter(self.all(name)), None)

    def text(self, name):
        found = self.one(name)
        return found.text() if found else ""


def content_lines(data):
    """The lines of a file with their numbers, unfolded. That is done in bytes: a fold may split a character."""
    lines = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = line.rstrip(b"\r")
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1][1].append(line[1:])
        elif line:
            lines.append((number, [line]))
    return [(number, b"".join(parts).decode("utf-8", "replace")) for number, parts in lines]


def calendars(file, data):
    """The VCALENDARs in DATA, as components; what is in them is looked at later."""

    def malformed(line, why):
        return Failure(MALFORMED, file, f"line {line}: {why}", "export or download it again")

    if not data.strip():
        raise Failure(MALFORMED, file, "it is empty", "export or download it again")
    top, stack = [], []
    for number, line in content_lines(data):
        match = CONTENT_LINE.fullmatch(line)
        name, value = (match[1].upper(), match[3]) if match else ("", "")
        kind = value.strip().upper()
        if not stack and (name, kind) != ("BEGIN", "VCALENDAR"):
            if not top:
                raise Failure(
                    MALFORMED, file, "not an iCalendar file, line 1 should be BEGIN:VCALENDAR",
                    "check what was exported or downloaded")
            raise malformed(number, f'"{clean(line)[:40]}" stands after END:VCALENDAR')
        if name == "BEGIN":
            stack.append(Component(file, number, kind))
        elif name == "END":
            if stack[-1].name != kind:
                raise malformed(number, f"END:{kind[:40]}, but line {stack[-1].line} began {stack[-1].name[:40]}")
            done = stack.pop()
            (stack[-1].parts if stack else top).append(done)
        elif match:
            stack[-1].properties.append(Property(number, name, match[2], value))
        elif TIMING_LINE.match(line):
            stack[-1].properties.append(Property(number, "", "", line))
    if stack:
        raise malformed(stack[-1].line, f"{stack[-1].name[:40]} begins and has no end")
    return top


def expand(names):
    """The files that NAMES stand for, each with what to open; a directory stands for its *.ics."""
    for name in dict.fromkeys(names):
        if name == "-" or not os.path.isdir(name):
            yield ("stdin", 0) if name == "-" else (name, name)
            continue
        with unreadable_is_unavailable(name):
            found = sorted(n for n in os.listdir(name) if n.lower().endswith(".ics") and not n.startswith("."))
        if not found:
            raise Failure(UNAVAILABLE, name, "no .ics file in this directory", "name another, or put one there")
        yield from ((os.path.join(name, n),) * 2 for n in found)


def read(name, source):
    with unreadable_is_unavailable(name):
        with open(source, "rb", closefd=source != 0) as file:
            return file.read()


@contextmanager
def unreadable_is_unavailable(name):
    try:
        yield
    except FileNotFoundError:
        raise Failure(UNAVAILABLE, name, "no such file", "check the name") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Failure(UNAVAILABLE, name, f"cannot be read ({why})", "check its permissions, or try again later") from None


# ---------------------------------------------------------- times and zones


def olson(name):
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


class Zones:
    """The time zones that one calendar may name."""

    def __init__(self, calendar):
        self.parts = {part.text("TZID"): part for part in calendar.parts if part.name == "VTIMEZONE"}
        self.known = {}

    def named(self, name):
        if name not in self.known:
            # The system knows Europe/Berlin better than most VTIMEZONEs do; but what a file calls
            # EST or Home is its own affair.
            self.known[name] = "/" in name and olson(name) or self.own(name) or olson(
                WINDOWS_TO_OLSON.get(name, name))
        return self.known[name]

    def own(self, name):
        if name not in self.parts:
            return None
        lines = ["BEGIN:VTIMEZONE", "TZID:own"]
        for part in self.parts[name].parts:
            lines.append(f"BEGIN:{part.name}")
            lines += [
                f"{p.name}:{p.value}" for p in part.properties
                if p.name in ("DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO")]
            lines.append(f"END:{part.name}")
        lines.append("END:VTIMEZONE")
        try:
            return tz.tzical(StringIO("\n".join(lines))).get("own")
        except ValueError as error:
            raise Broken(self.parts[name].line, f'time zone "{clean(name)[:40]}": {error}') from None

    def moments(self, prop):
        """The dates and times of a property; those with neither a zone nor a Z float."""
        zone = prop.param("TZID")
        for text in filter(None, prop.value.strip().split(",")):
            try:
                value = vDDDTypes.from_ical(text)
            except ValueError:
                value = None
            if not isinstance(value, date):
                raise prop.broken("is no date or time")
            if isinstance(value, datetime) and value.tzinfo is None and zone:
                value = value.replace(tzinfo=self.named(zone))
                if value.tzinfo is None:
                    raise prop.broken(f'is in the unknown time zone "{clean(zone)[:40]}"')
            yield value

    def moment(self, prop):
        for value in self.moments(prop):
            return value
        raise prop.broken("is no date or time")


def instant(value):
    """A date-time in UTC; a floating one counts as local."""
    if value.tzinfo is not None:
        return tz.resolve_imaginary(value).astimezone(timezone.utc)
    # Not astimezone(): that takes a time which the clock skips to be before the skip, not after it.
    return datetime.fromtimestamp(value.timestamp(), timezone.utc)


def midnight(day):
    return instant(datetime.combine(day, datetime.min.time()))


def like(value, start):
    """VALUE as a series that begins at START writes its own times: a date, or the time on the wall there."""
    if not isinstance(start, datetime):
        return value.date() if isinstance(value, datetime) else value
    if not isinstance(value, datetime):
        return datetime.combine(value, start.time())
    if value.tzinfo is not None:
        value = value.astimezone(start.tzinfo)
    return value.replace(tzinfo=None)


# ------------------------------------------------------------------- events


class Event:
    """A VEVENT, with the starts that it may have near one day."""

    def __init__(self, part, zones, day):
        for prop in part.properties:
            if not prop.name:
                raise prop.broken("is not written as NAME:VALUE")
        for prop in part.all("EXRULE"):
            raise prop.broken("cannot be taken into account")
        self.part = part
        self.uid = part.text("UID")
        self.title = part.text("SUMMARY") or "(no title)"
        self.location = part.text("LOCATION")
        self.cancelled = part.text("STATUS").upper() == "CANCELLED"
        number = part.text("SEQUENCE")
        self.sequence = int(number) if number.isdecimal() else 0
        self.start = self.begin(zones)
        self.all_day = not isinstance(self.start, datetime)
        self.days, self.exact = self.length(zones)
        self.replaces = self.replaced(zones)
        self.starts = self.starts_near(day, zones)

    def begin(self, zones):
        prop = self.part.one("DTSTART")
        if prop is None:
            raise Broken(self.part.line, "it has no DTSTART")
        return zones.moment(prop)

    def length(self, zones):
        """Whole days by the calendar, and exact time on top. DTEND gives exact time only (RFC 5545, 3.8.5.3)."""
        end, duration = self.part.one("DTEND"), self.part.one("DURATION")
        if end:
            moment = zones.moment(end)
            if isinstance(moment, datetime) == self.all_day:
                raise end.broken("and DTSTART are not both dates or both times")
            if self.all_day:
                length = moment - self.start, timedelta()
            else:
                if moment.tzinfo is None:
                    moment = moment.replace(tzinfo=self.start.tzinfo)
                length = timedelta(), instant(moment) - instant(self.start)
        elif duration:
            try:
                whole = vDuration.from_ical(duration.value.strip())
            except ValueError:
                raise duration.broken("is no duration") from None
            length = timedelta(whole.days), whole - timedelta(whole.days)
        else:
            length = timedelta(), timedelta()
        if sum(length, timedelta()) < timedelta():
            raise (end or duration).broken("is before the start")
        return (max(length[0], DAY), timedelta()) if self.all_day else length

    def replaced(self, zones):
        """The start, in its series, of the instance that this event stands for."""
        prop = self.part.one("RECURRENCE-ID")
        if prop is None:
            return None
        if prop.param("RANGE"):
            raise prop.broken("changes a whole range, which is not supported")
        return zones.moment(prop)

    def starts_near(self, day, zones):
        rules, dates = self.part.all("RRULE"), self.part.all("RDATE")
        if self.replaces or not rules + dates:
            return [like(self.start, self.start)]
        # As wall-clock times without a zone: repetitions go by these, whatever the offset is.
        event = icalendar.Event()
        event.add("DTSTART", like(self.start, self.start))
        for prop in rules:
            event.add("RRULE", self.rule(prop))
        for prop in dates:
            event.add("RDATE", [like(m, self.start) for m in zones.moments(prop)])
        for prop in self.part.all("EXDATE"):
            event.add("EXDATE", [like(m, self.start) for m in zones.moments(prop)])
        calendar = icalendar.Calendar()
        calendar.add_component(event)
        noon = datetime(day.year, day.month, day.day, 12)
        found = recurring_ical_events.of(calendar).between(
            noon - self.days - self.exact - MARGIN, noon + MARGIN)
        return [e["DTSTART"].dt for e in found]

    def rule(self, prop):
        try:
            rule = vRecur(vRecur.from_ical(prop.value.strip()))
        except ValueError:
            rule = {}
        # vRecur skips a part that it cannot split: a COUNT without a number would mean for ever.
        if "FREQ" not in rule or any(p.count("=") != 1 for p in prop.value.strip().split(";") if p):
            raise prop.broken("is no rule")
        if "UNTIL" in rule:
            rule["UNTIL"] = [like(until, self.start) for until in rule["UNTIL"]]
        return rule

    def at(self, start):
        """When START, one of `starts`, is: a date, or an instant."""
        return start if self.all_day else instant(start.replace(tzinfo=self.start.tzinfo))

    def end(self, start):
        return self.at(start + self.days) + self.exact


class Occurrence:
    """An event at one of its starts. BEGIN and END are dates or instants."""

    def __init__(self, event, start, series):
        self.event = event
        self.begin, self.end = event.at(start), event.end(start)
        self.slot = self.begin
        if event.replaces is not None:
            self.slot = series.at(like(event.replaces, series.start)) if series else (
                instant(event.replaces) if isinstance(event.replaces, datetime) else event.replaces)
        # Without a UID only the text can tell one event from another.
        self.key = event.uid or (event.title, event.location)

    def rank(self):
        """Of several for one slot, the highest counts."""
        return self.event.replaces is not None, self.event.sequence, self.event.cancelled

    def touches(self, day):
        if self.event.all_day:
            return self.begin <= day < self.end
        first, after = midnight(day), midnight(day + DAY)
        return self.begin < after and (self.end > first or self.begin == self.end >= first)

    def order(self):
        return not self.event.all_day, self.begin, self.end, self.event.title, self.event.location

    def line(self, day):
        event = self.event
        if event.all_day:
            when, first, last, long = "all day", self.begin, self.end - DAY, True
        else:
            begin, end = self.begin.astimezone(), self.end.astimezone()
            first = last = begin.date()
            when = f"{begin:%H:%M}" if first == day else "..."
            if end > begin:
                # The last moment in it: one that ends at midnight does not touch the next day.
                last = (self.end - timedelta.resolution).astimezone().date()
                when += f"-{end:%H:%M}" if end.date() == last else "-24:00"
                when += f"+{(last - day).days}" if last > day else ""
            long = end.replace(tzinfo=None) - begin.replace(tzinfo=None) >= DAY
        text = f"{event.title} ({event.location})" if event.location else event.title
        text += self.moved()
        if long and last > first:
            text += f", day {(day - first).days + 1} of {(last - first).days + 1}"
        return f"  {when:<11}  {text}"

    def moved(self):
        if self.slot == self.begin:
            return ""
        new, old = (m.astimezone() if isinstance(m, datetime) else m for m in (self.begin, self.slot))
        if (new.year, new.month, new.day) != (old.year, old.month, old.day):
            return f", moved from {old.day} {old:%B}"
        return f", moved from {old:%H:%M}" if isinstance(old, datetime) else ""


class Agenda:
    """What takes place on one day, and what could not be read."""

    def __init__(self, day):
        self.day, self.events, self.unreadable = day, [], []

    @contextmanager
    def attempt(self, part):
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            yield
        except Exception as error:
            line, why = getattr(error, "line", part.line), clean(str(error)) or type(error).__name__
            self.unreadable.append(f"{clean(part.file)} line {line}: {why}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def add(self, calendar):
        zones = Zones(calendar)
        for part in calendar.parts:
            if part.name == "VEVENT":
                with self.attempt(part):
                    self.events.append(Event(part, zones, self.day))

    def occurrences(self):
        series = {event.uid: event for event in self.events if event.uid and event.replaces is None}
        best = {}
        for event in self.events:
            with self.attempt(event.part):
                for start in event.starts:
                    new = Occurrence(event, start, series.get(event.uid))
                    old = best.setdefault((new.key, new.slot), new)
                    if new.rank() > old.rank():
                        best[new.key, new.slot] = new
        today = [o for o in best.values() if not o.event.cancelled and o.touches(self.day)]
        return sorted({(o.key, o.begin): o for o in today}.values(), key=Occurrence.order)

    def text(self):
        lines = [o.line(self.day) for o in self.occurrences()] or ["  nothing in the calendar"]
        lines.insert(0, f"{self.day:%A}, {self.day.day} {self.day:%B} {self.day.year}")
        if count := len(self.unreadable):
            shown = self.unreadable[:3] + [f"and {count - 3} more"] * (count > 3)
            lines.append(f"  ({count} event{'s' * (count > 1)} could not be read: {'; '.join(shown)})")
        return "\n".join(lines) + "\n"


# ------------------------------------------------------------------ running


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(USAGE, "usage", message, "see agenda.sh --help")


def arguments():
    parser = Arguments(prog="agenda.sh", allow_abbrev=False, description="Prints today's events from iCalendar files.")
    parser.add_argument("--date", metavar="YYYY-MM-DD", help="this day, not today")
    parser.add_argument("--tz", metavar="AREA/CITY", help="the local time zone (default: TZ, else /etc/localtime)")
    parser.add_argument("files", metavar="FILE", nargs="+", help="an .ics file, a directory of them, or - for stdin")
    return parser.parse_intermixed_args()


def set_zone(option):
    """Sets the C library's local zone, which it takes from TZ. An unknown one would silently mean UTC there."""
    if option is not None:
        if olson(option) is None:
            raise Failure(USAGE, "--tz", f'"{option}" is no time zone', "write it as Europe/Berlin")
        os.environ["TZ"] = option
        time.tzset()
    zone = os.environ.get("TZ", "").removeprefix(":")
    if zone and not (os.path.isfile(zone) if zone[0] == "/" else olson(zone) or POSIX_ZONE.match(zone)):
        raise Failure(USAGE, "TZ", f'"{zone}" is no time zone', "write it as Europe/Berlin")


def chosen_day(option):
    now, text = datetime.now(timezone.utc), os.environ.get("SPOOL_NOW")
    try:
        if text is not None:
            if not RFC3339.fullmatch(text.upper()):
                raise ValueError
            now = datetime.fromisoformat(text.upper())
        today = now.astimezone().date()
    except (ValueError, OverflowError):
        raise Failure(USAGE, "SPOOL_NOW", f'"{text}" is no time', "write it as 2026-11-23T17:20:44Z") from None
    if option is None:
        return today
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", option, re.ASCII):
            raise ValueError
        day = date.fromisoformat(option)
        # Room for the arithmetic at either end of what Python can count.
        return day - 9 * DAY + 18 * DAY - 9 * DAY
    except (ValueError, OverflowError):
        raise Failure(USAGE, "--date", f'"{option}" is no date', "write it as 2026-11-24") from None


def write(text):
    """Writes all of it, or fails here and not when Python ends."""
    try:
        with open(1, "wb", closefd=False) as out:
            out.write(text.encode("utf-8", "backslashreplace"))
    except BrokenPipeError:
        pass
    except OSError as error:
        raise Failure(IO, "output", f"cannot be written ({error.strerror})", "make room, or write elsewhere") from None


def too_long(*_):
    raise TimeoutError("its repetitions take too long to work out")


def main():
    signal.signal(signal.SIGALRM, too_long)
    options = arguments()
    set_zone(options.tz)
    agenda = Agenda(chosen_day(options.date))
    for name, source in expand(options.files):
        for calendar in calendars(name, read(name, source)):
            agenda.add(calendar)
    write(agenda.text())


try:
    main()
except Failure as failure:
    complain(str(failure))
    sys.exit(failure.status)
except Exception as error:
    complain(f"internal error: {type(error).__name__} {error}: please report this")
    sys.exit(SOFTWARE)
