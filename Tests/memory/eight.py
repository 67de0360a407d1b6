"""Eight write what all of them share, two read, and some are killed: all that they were told is one story.

With `run --whole` as many writes as were promised: 10,000 of each; else a tenth of them."""
import random
import subprocess
import time

from case import expect
from home import case
from linear import NEVER, Log, check
from remembering import SOON, instant, threads
from transcripts import long_session

WRITERS = [f"w{number}" for number in range(8)]
READERS = ["r0", "r1"]
SHARED = [f"shared/{number}" for number in range(5)]
FILLING = "the kettle is on ", "milk first ", "🫖 "


def whole(home, few, all):
    return all if home.options.whole else few


class Crowd:
    """Eight who write, and two who read until they have ended."""

    def __init__(self, home, each):
        self.home, self.each, self.log, self.ended, self.deaths = home, each, Log(), 0, 0
        home.furnish().agent(*WRITERS, *READERS)

    def value(self, dice, who, number):
        """Of no other write."""
        return f"{who} {number}\n" + dice.choice(FILLING) * dice.randint(0, 20)

    def write(self, who, killed):
        """Puts as many as it should have been told of: every second one to a key that all share, some with a comparison."""
        dice, client, seen, told, number = random.Random(who), self.client(who, "put"), {}, 0, 0
        while told < self.each:
            number += 1
            key = dice.choice(SHARED) if number % 2 else f"own/{who}"
            compares = key in seen and dice.random() < 0.3 and (killed or key not in SHARED)
            said = client.put(key, self.value(dice, who, number), seen[key] if compares else None,
                              self.dies(dice) if killed and dice.random() < killed else None)
            if said is None:
                self.deaths += 1
                client.again()
                seen.pop(key, None)
            else:
                seen[key] = said["version"]
                told += "error" not in said
        # With a comparison that failed it ends with 1.
        refused = any(op.kind == "refused" for op in self.log.ops if op.who == who)
        client.process.kill() if killed else client.ends(1 if refused else 0)
        self.ended += 1
        return client.said()

    def read(self, who, killed):
        dice, client, times = random.Random(who), self.client(who, "get"), 0
        while self.ended < len(WRITERS):
            key = dice.choice([*SHARED, f"own/{dice.choice(WRITERS)}"])
            if client.get(key) is None:
                client.again()
            times += 1
            if killed and dice.random() < killed:
                self.deaths += 1
                client.kill()
        client.process.kill() if killed else client.ends()
        return client.said()

    def client(self, who, verb):
        return self.home.client(who, verb, "--batch", "--agent", who, log=self.log)

    @staticmethod
    def dies(dice):
        """A moment after it was asked."""
        return lambda process: (instant(dice.random() * 0.003), process.kill())

    def meet(self, killed=0):
        begun = time.monotonic()
        with threads(self.home, len(WRITERS) + len(READERS)) as pool:
            doing = [pool.submit(self.write, who, killed) for who in WRITERS]
            doing += [pool.submit(self.read, who, killed) for who in READERS]
            said = b"".join(future.result() for future in doing)
        self.seconds = time.monotonic() - begun
        expect(b"locked" not in said, f"they say {said[:300]!r}")
        return said

    def is_one_story(self, versions=None):
        final = self.home.final()
        count = sum(map(len, final.values()))
        expect(versions is None or count == versions, f"{count} versions are there, not {versions}")
        check(self.log.ops, final)
        for key in SHARED:
            told = [(row["version"], row["value"]) for row in self.home.history(key)]
            expect(told == final[key], f"{key}: its history is another than in the dump")
            current = [row["version"] for row in self.home.history(key) if row["state"] == "current"]
            expect(current == [len(told)] == [self.home.number(key)], f"{key}: {current} is current")
        took = sorted(op.end - op.begin for op in self.log.ops if op.kind == "put" and op.end != NEVER)
        reads = sum(op.kind == "get" for op in self.log.ops)
        usual, slow, slowest = (took[int(len(took) * part)] / 1e6 for part in (0.5, 0.99, 1 - 1e-9))
        self.home.remark(f"{count} writes in {self.seconds:.1f} s, {reads} reads; a write {usual:.1f} ms, of 100 the slowest "
                         f"{slow:.0f}, of all {slowest:.0f} ms")
        return count


@case
def eight_write_and_two_read_and_all_is_there_and_one_story(home):
    crowd = Crowd(home, whole(home, 1_000, 10_000))
    crowd.meet()
    crowd.is_one_story(8 * crowd.each)
    expect(not home.memory("conflicts", "--json", code=(0, 1)).out, "a conflict is open")


@case
def eight_write_and_two_read_and_are_killed_and_it_is_one_story(home):
    """About one write in a hundred is the last of its process."""
    crowd = Crowd(home, whole(home, 300, 10_000))
    crowd.meet(killed=0.01)
    crowd.is_one_story()
    happened = sum(op.version is None and op.kind == "put" for op in crowd.log.ops)
    home.remark(f"{crowd.deaths} deaths, {happened} writes were not answered")
    expect(happened >= 5, "none was killed in the middle of a write")
    home.keep("last", "red\n")


@case
def eight_write_with_a_process_for_each_and_all_is_there_and_one_story(home):
    each, log = 25, Log()
    home.furnish().agent(*WRITERS)

    def write(who):
        dice, said = random.Random(who), b""
        for number in range(each):
            key, value = dice.choice(SHARED), f"{who} {number}\n"
            begin = time.monotonic_ns()
            done = subprocess.run([home.bin / "memory", "put", "--agent", who, key], input=value.encode(),
                                  capture_output=True, env=home.environment({}), timeout=SOON)
            expect(done.returncode == 0, f"{who}: exit {done.returncode}: {done.stderr!r}")
            log.add(who, "put", key, value, int(done.stdout), begin)
            said += done.stderr
        return said

    begun = time.monotonic()
    with threads(home, 8) as pool:
        said = b"".join(pool.map(write, WRITERS))
    took = sorted(op.end - op.begin for op in log.ops)
    expect(b"locked" not in said, f"they say {said[:300]!r}")
    final = home.final()
    expect(sum(map(len, final.values())) == 8 * each, f"{sum(map(len, final.values()))} versions, not {8 * each}")
    check(log.ops, final)
    home.remark(f"{8 * each} in {time.monotonic() - begun:.1f} s; a write {took[len(took) // 2] / 1e6:.0f} ms, "
                f"the slowest {took[-1] / 1e6:.0f} ms")


@case
def eight_write_and_put_and_forget_at_once_and_nobody_is_told_of_a_lock(home):
    """All that writes, at once: keys, facts of a harvest, forgetting, dumps."""
    home.furnish().agent(*WRITERS)
    source = home.source(agent="w0")
    for seed in range(6):
        long_session("claude", seed).to(source / f"{seed}.jsonl")
    for number in range(20):
        home.keep(f"gone/{number}", f"value {number}\n")
    running = [home.start(*home.command("-q"))]
    for number in range(20):
        running.append(home.start("memory", "put", "--agent", WRITERS[number % 8], "k", stdin=f"{number}\n".encode()))
        running.append(home.start("memory", "forget", f"gone/{number}"))
        if number % 5 == 0:
            running += [home.start("memory", "export"), home.start("memory", "context", "--agent", "w1", "--for", "kettle")]
    for command in running:
        done = command.end()
        expect(done.code == 0 and b"locked" not in done.err, f"exit {done.code}: {done.err!r}")
    expect(len(home.history("k")) == 20, "a put is lost")
    expect(not any("value" in (home.value(f"gone/{number}") or "") for number in range(20)), "not forgotten")
    expect(home.facts("correction"), "nothing was harvested")
