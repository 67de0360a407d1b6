"""Whether what clients saw of keys with versions can be told as one story, one thing after the other.

A client logs each operation with the time before it began and after it was answered. The order of the versions is the
witness: the story is told iff each version was made by one write, each read shows what its version's write wrote, and
nothing that was answered before another thing began stands behind it. That is all that is to be seen of linearizability
where a version never changes, so that no search is needed: the order of versions and that of time contradict each other
somewhere between two operations, or nowhere. What a killed client had begun may have happened, once, or not at all."""
import itertools
import math
import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from case import Broken, expect
from home import CASES, case

NEVER = math.inf  # when a killed client had its answer


class Impossible(Broken):
    """There is no such story."""


@dataclass(frozen=True)
class Op:
    """What one client did: a put, with `seen` where it was said what version it must find; a get; or a put that was told
    that it is not so ("refused"), which has read the version that is there. `version` is None where nobody was told."""
    who: str
    kind: str
    key: str
    value: str | None
    version: int | None
    begin: float
    end: float
    seen: int | None = None

    @property
    def is_known(self):
        return self.version is not None

    @property
    def place(self):
        """Before all whose place is greater: a version's write, and then those who read it."""
        return (self.version, 0 if self.kind == "put" else 1)

    def __str__(self):
        return (f"{self.who}: {self.kind} {self.key}, version {self.version}, value {str(self.value)[:40]!r}, "
                f"from {self.begin} to {self.end}")


class Log:
    """What all clients did; they may be threads."""

    def __init__(self):
        self.ops, self.lock = [], threading.Lock()

    def add(self, who, kind, key, value, version, begin, end=None, seen=None):
        op = Op(who, kind, key, value, version, begin, time.monotonic_ns() if end is None else end, seen)
        with self.lock:
            self.ops.append(op)
        return op


# ------------------------------------------------------------------ what must hold for one key

class Story:
    """The operations on one key, and its versions as they are told in the end: (number, value)."""

    def __init__(self, ops, final):
        self.final = final
        self.values = dict(final)
        self.puts = [op for op in ops if op.kind == "put" and op.is_known]
        self.lost = [op for op in ops if op.kind == "put" and not op.is_known]
        self.reads = [op for op in ops if op.kind in ("get", "refused") and op.is_known]
        known = {op.version for op in self.puts}
        # What a killed client wrote is known by its value.
        self.found = {}
        for version, value in final:
            if version not in known:
                for op in self.lost:
                    if op.value == value and (op.seen is None or op.seen == version - 1):
                        self.found[version] = op
        self.placed = self.puts + self.reads + [replace(op, version=version) for version, op in self.found.items()]


def are_numbered(story):
    """Versions are 1, 2, 3 and so on, each once."""
    numbers = [version for version, _ in story.final]
    return numbers == list(range(1, len(numbers) + 1)) or f"its versions are {numbers[:50]}"


def belong_to_one_write(story):
    """No two writes were told the same number."""
    twice = [version for version, times in Counter(op.version for op in story.puts).items() if times > 1]
    return not twice or f"several writes were told that they are version {twice[0]}"


def were_written(story):
    """Each version there is was written by somebody, as it is there."""
    told = {op.version for op in story.puts}
    for version, value in story.final:
        if version not in told and version not in story.found:
            return f"nobody wrote its version {version}: {str(value)[:60]!r}"
    return True


def happened_once(story):
    """A write makes one version."""
    told = [op for op in story.puts]
    wanted = Counter(op.value for op in told + story.lost)
    for value, times in Counter(value for _, value in story.final).items():
        if times > wanted[value] > 0:
            return f"{str(value)[:60]!r} was written {wanted[value]} times, and is there {times} times"
    return True


def are_kept(story):
    """What was acknowledged is there, whole."""
    for op in story.puts:
        if story.values.get(op.version) != op.value:
            return f"{op}: in the end that version is {str(story.values.get(op.version))[:60]!r}"
    return True


def show_what_was_written(story):
    """A read shows its version's value; version 0 is none."""
    for op in story.reads:
        if op.kind == "get" and (op.value != story.values.get(op.version) if op.version else op.value is not None):
            return f"{op}: that version is {str(story.values.get(op.version))[:60]!r}"
        if op.version and op.version not in story.values:
            return f"{op}: there is no such version"
    return True


def compared(story):
    """A put that said what it must find found it; one that was refused did not."""
    for op in story.puts:
        if op.seen is not None and op.version != op.seen + 1:
            return f"{op}: it was to find version {op.seen}"
    for op in story.reads:
        if op.kind == "refused" and op.seen == op.version:
            return f"{op}: it was refused, and found version {op.seen}"
    return True


def keep_to_the_time(story):
    """Nothing stands behind what began only after it was answered."""
    latest = None  # the one that began last, of all that stand before
    for place, ops in itertools.groupby(sorted(story.placed, key=lambda op: op.place), lambda op: op.place):
        ops = list(ops)
        for op in ops:
            if latest and latest.begin > op.end:
                return f"{op}, yet before it must stand what began later, {latest}"
        latest = max([*ops, *([latest] if latest else [])], key=lambda op: op.begin)
    return True


RULES = (are_numbered, belong_to_one_write, were_written, happened_once, are_kept, show_what_was_written, compared,
         keep_to_the_time)


def check(ops, final, rules=RULES):
    """Raises Impossible; `final` has for each key its versions, (number, value), as they are told when all is over."""
    by_key = defaultdict(list)
    for op in ops:
        by_key[op.key].append(op)
    for key in {*by_key, *final}:
        story = Story(by_key[key], final.get(key, []))
        for rule in rules:
            said = rule(story)
            if said is not True:
                raise Impossible(f"{key}: {said}")


# ------------------------------------------------------------------ lies that it must see through

def put(value, version, begin, end, seen=None, who="a"):
    return Op(who, "put", "k", value, version, begin, end, seen)


def get(value, version, begin, end, who="b"):
    return Op(who, "get", "k", value, version, begin, end)


def refused(seen, version, begin, end, who="b"):
    return Op(who, "refused", "k", None, version, begin, end, seen)


TWO = [put("one", 1, 0, 10), put("two", 2, 20, 30)]
TOLD = [(1, "one"), (2, "two")]
# Each is a history that cannot be, what is there in the end, and the one rule that sees it.
LIES = {
    "an_acknowledged_write_is_lost": (TWO, TOLD[:1], are_kept),
    "an_acknowledged_write_is_replaced_by_a_killed_one": (
        [*TWO, put("three", None, 0, NEVER)], [(1, "one"), (2, "three")], are_kept),
    "an_acknowledged_write_is_there_in_part": (
        [*TWO, put("tw", None, 0, NEVER)], [(1, "one"), (2, "tw")], are_kept),
    "a_write_in_the_middle_is_lost": ([put("one", 1, 0, 10), put("three", 3, 40, 50)], [(1, "one"), (3, "three")],
                                      are_numbered),
    "a_version_is_there_twice": (TWO, [*TOLD, (2, "two")], (are_numbered, happened_once)),
    "versions_begin_at_0": ([put("one", 0, 0, 10)], [(0, "one")], are_numbered),
    "versions_are_told_backwards": (TWO, TOLD[::-1], are_numbered),
    "two_writes_have_one_number": ([*TWO, put("two", 2, 20, 30, who="c")], TOLD, belong_to_one_write),
    "a_version_that_nobody_wrote": (TWO, [*TOLD, (3, "three")], were_written),
    "a_killed_write_is_there_in_part": ([*TWO, put("three", None, 40, NEVER)], [*TOLD, (3, "thr")], were_written),
    "a_killed_write_is_there_twice": ([*TWO, put("three", None, 40, NEVER)], [*TOLD, (3, "three"), (4, "three")],
                                      happened_once),
    "an_acknowledged_write_happened_again_for_a_killed_one": (
        [*TWO, put("x", None, 40, NEVER)], [*TOLD, (3, "two")], (were_written, happened_once)),
    "a_killed_write_is_there_though_it_found_another_version": (
        [*TWO, put("three", None, 40, NEVER, seen=1)], [*TOLD, (3, "three")], were_written),
    "a_read_shows_what_nobody_wrote": ([*TWO, get("tea", 2, 40, 50)], TOLD, show_what_was_written),
    "a_read_shows_half_a_value": ([*TWO, get("tw", 2, 40, 50)], TOLD, show_what_was_written),
    "a_read_shows_another_versions_value": ([*TWO, get("one", 2, 40, 50)], TOLD, show_what_was_written),
    "a_read_shows_a_version_that_is_not_there_in_the_end": ([*TWO, get("three", 3, 40, 50)], TOLD, show_what_was_written),
    "a_refusal_shows_a_version_that_is_not_there_in_the_end": ([*TWO, refused(1, 3, 40, 50)], TOLD, show_what_was_written),
    "a_read_shows_a_value_of_no_version": ([*TWO, get("one", 0, 0, 5)], TOLD, show_what_was_written),
    "a_read_shows_what_a_killed_client_had_not_written_in_the_end": (
        [*TWO, put("three", None, 40, NEVER), get("three", 3, 50, 60)], TOLD, show_what_was_written),
    "a_put_is_made_that_was_to_find_another_version": (
        [TWO[0], put("two", 2, 20, 30, seen=0)], TOLD, compared),
    "a_put_is_refused_that_found_what_it_was_to_find": ([*TWO, refused(2, 2, 40, 50)], TOLD, compared),
    "a_stale_read": ([*TWO, get("one", 1, 40, 50)], TOLD, keep_to_the_time),
    "a_read_of_nothing_after_a_write": ([*TWO, get(None, 0, 15, 18)], TOLD, keep_to_the_time),
    "a_stale_refusal": ([*TWO, refused(2, 1, 40, 50)], TOLD, keep_to_the_time),
    "a_read_of_what_is_written_later": ([*TWO, get("two", 2, 12, 15)], TOLD, keep_to_the_time),
    "two_reads_in_the_wrong_order_within_a_write": (
        [TWO[0], put("two", 2, 20, 90), get("two", 2, 30, 40), get("one", 1, 50, 60, who="c")], TOLD, keep_to_the_time),
    "two_reads_in_the_wrong_order_within_a_killed_write": (
        [TWO[0], put("two", None, 20, NEVER), get("two", 2, 30, 40), get("one", 1, 50, 60, who="c")], TOLD,
        keep_to_the_time),
    "two_writes_in_the_wrong_order": ([put("one", 1, 20, 30), put("two", 2, 0, 10, who="c")], TOLD, keep_to_the_time),
    "a_killed_write_before_it_was_begun": (
        [put("two", 2, 20, 30), put("one", None, 40, NEVER)], TOLD, keep_to_the_time),
    "a_killed_write_is_read_before_it_was_begun": (
        [*TWO, put("three", None, 70, NEVER), get("three", 3, 50, 60)], [*TOLD, (3, "three")], keep_to_the_time),
}
# These can be, however odd they look.
TRUTHS = {
    "one_after_the_other": (TWO, TOLD),
    "nothing_at_all": ([get(None, 0, 0, 10), refused(1, 0, 0, 10)], []),
    "a_read_within_a_write_sees_either": (
        [TWO[0], put("two", 2, 20, 90), get("one", 1, 30, 40), get("two", 2, 50, 60)], TOLD),
    "two_reads_at_once_see_either": ([*TWO, get("one", 1, 15, 25), get("two", 2, 15, 25, who="c")], TOLD),
    "writes_at_once_in_either_order": ([put("one", 1, 0, 30), put("two", 2, 0, 20, who="c")], TOLD),
    "a_killed_write_that_never_was": ([*TWO, put("three", None, 40, NEVER)], TOLD),
    "a_killed_write_that_was": ([*TWO, put("three", None, 40, NEVER), get("three", 3, 50, 60)], [*TOLD, (3, "three")]),
    "a_killed_write_long_after": (
        [put("one", 1, 0, 10), put("three", None, 2, NEVER), put("two", 2, 20, 30), get("two", 2, 40, 50)],
        [*TOLD, (3, "three")]),
    "a_killed_compare_that_was": ([*TWO, put("three", None, 40, NEVER, seen=2)], [*TOLD, (3, "three")]),
    "a_compare_and_who_came_too_late": (
        [TWO[0], put("two", 2, 20, 30, seen=1), refused(1, 2, 20, 30), refused(0, 1, 15, 25)], TOLD),
    "one_value_twice": ([put("one", 1, 0, 10), put("one", 2, 20, 30)], [(1, "one"), (2, "one")]),
    "a_read_that_never_was_answered": ([*TWO, Op("c", "get", "k", None, None, 0, NEVER)], TOLD),
}


def is_seen(ops, final, rules):
    """The lie is seen, and without the rules that are there for it, it is not: a weaker checker fails here."""
    rules = rules if isinstance(rules, tuple) else (rules,)

    def look(home):
        try:
            check(ops, {"k": final})
        except Impossible:
            pass
        else:
            raise Broken("it is believed")
        for rule in rules:
            try:
                check(ops, {"k": final}, [rule])
            except Impossible:
                continue
            raise Broken(f"{rule.__name__} does not see it")
        check(ops, {"k": final}, [rule for rule in RULES if rule not in rules])

    return look


def is_believed(ops, final):
    return lambda home: check(ops, {"k": final})


def add(name, look):
    look.__module__ = __name__
    CASES[name] = look


for words, lie in LIES.items():
    add(f"the_checker_sees_{words}", is_seen(*lie))
for words, truth in TRUTHS.items():
    add(f"the_checker_believes_{words}", is_believed(*truth))


@case
def the_checker_keeps_the_keys_apart(home):
    other = [replace(op, key="l") for op in TWO]
    check([*TWO, *other], {"k": TOLD, "l": TOLD})
    for final in {"k": TOLD}, {"k": TOLD, "l": TOLD, "m": [(1, "one")]}, {"k": TOLD, "l": [(1, "two"), (2, "one")]}:
        try:
            check([*TWO, *other], final)
        except Impossible:
            continue
        raise Broken(f"it is believed: {final}")


@case
def each_rule_of_the_checker_has_a_lie_that_it_alone_sees(home):
    alone = {rules for _, _, rules in LIES.values() if not isinstance(rules, tuple)}
    expect(alone == set(RULES), f"without one: {[rule.__name__ for rule in set(RULES) - alone]}")


# ------------------------------------------------------------------ against all the stories there are

def can_be_told(ops, final):
    """By trying each order: none but small histories."""
    lost = [op for op in ops if not op.is_known and op.kind == "put"]
    others = [op for op in ops if op.is_known]
    return any(tell([*others, *happened], [], final) for count in range(len(lost) + 1)
               for happened in itertools.combinations(lost, count))


def tell(left, versions, final):
    if not left:
        return versions == final
    for op in left:
        if any(other.end < op.begin for other in left):
            continue  # that one comes first
        rest, now = [other for other in left if other is not op], len(versions)
        if op.kind == "put":
            fits = op.version in (None, now + 1) and op.seen in (None, now)
            if fits and tell(rest, [*versions, (now + 1, op.value)], final):
                return True
        else:
            value = versions[-1][1] if versions else None
            fits = op.version == now and (op.value == value if op.kind == "get" else op.seen != now)
            if fits and tell(rest, versions, final):
                return True
    return False


class Dice(random.Random):
    """Small histories: what a sound memory would show, and then, mostly, a little changed."""

    def history(self):
        ops, versions, clock = [], [], 0
        for number in range(self.randint(1, 6)):
            begin = clock + self.randint(-12, 6)
            at = max(begin, clock) + self.randint(0, 3)  # when it happens
            end, clock = at + self.randint(0, 12), at
            now, kind = len(versions), self.choice(("put", "put", "get", "compare"))
            value, seen = f"v{number}", None
            if kind == "compare":
                seen = self.choice((now, now, max(0, now - 1)))
                kind = "put" if seen == now else "refused"
            if kind == "put":
                is_killed = self.random() < 0.2
                happens = not is_killed or self.random() < 0.5
                if happens:
                    versions.append((now + 1, value))
                ops.append(put(value, None if is_killed else now + 1, begin, NEVER if is_killed else end, seen))
            elif kind == "get":
                ops.append(get(versions[-1][1] if versions else None, now, begin, end))
            else:
                ops.append(refused(seen, now, begin, end))
        return ops, versions

    def spoil(self, ops, versions):
        ops, versions, at = list(ops), list(versions), self.randrange(len(ops))
        op, how = ops[at], self.randrange(6)
        if how == 0 and op.is_known:
            ops[at] = replace(op, version=max(0, op.version + self.choice((-1, 1))))
        elif how == 1:
            shift = self.randint(-20, 20)
            ops[at] = replace(op, begin=op.begin + shift, end=op.end + shift)
        elif how == 2 and versions:
            versions.pop(self.randrange(len(versions)))
        elif how == 3 and op.kind == "get":
            ops[at] = replace(op, value=self.choice((None, "v0", "v1", "v2", "v")))
        elif how == 4 and op.kind != "get":
            ops[at] = replace(op, seen=self.randint(0, 3))
        elif how == 5 and len(versions) > 1:
            versions[0], versions[1] = (1, versions[1][1]), (2, versions[0][1])
        return ops, versions


@case
def the_checker_says_the_same_as_trying_every_order(home):
    """Ten thousand small histories, sound ones and spoilt ones."""
    dice, said = Dice(1), Counter()
    for number in range(10_000):
        ops, versions = dice.history()
        for _ in range(number % 3):
            ops, versions = dice.spoil(ops, versions)
        possible = can_be_told(ops, versions)
        expect(possible or number % 3, f"a sound history cannot be told: {ops}, {versions}")
        try:
            check(ops, {"k": versions})
            believed, why = True, ""
        except Impossible as refused_for:
            believed, why = False, refused_for
        expect(believed == possible, f"{'possible' if possible else 'not possible'}, {why}: "
               + "; ".join(map(str, ops)) + f"; in the end {versions}")
        said[possible] += 1
    home.remark(f"{said[True]} possible, {said[False]} not")
    expect(min(said.values()) > 1000, f"of one kind too few: {said}")
