"""Both at one queue, at the same time."""
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait

from tools import PATIENCE, expect, expect_same, wait_for_orphans


class Together:
    jobs = 300
    # A line for each job, which has nothing of the spool in it: one write, at the end of the log. A step takes its
    # time, else the quicker of the two would do nearly all.
    command = ["sh", "-c", 'head -n 1 /dev/stdin >>"$1" && sleep 0.05 && exec cat', "step"]

    def __init__(self, home, kills):
        """`kills`: how many of the processes that put, work and sweep are killed at most."""
        self.home, self.kills, self.killed = home, Counter(kills), Counter()
        self.queue, self.next = home.queues()
        self.log = home.path / f"{self.queue.name}.log"
        dice = self.dice("bodies")
        self.bodies = [b"job %d\n" % job + dice.randbytes(dice.randrange(6000)) for job in range(self.jobs)]
        self.ids = {}
        self.all_put, self.over = threading.Event(), threading.Event()

    def dice(self, *purpose):
        return random.Random(f"{self.home.seed} {purpose}")

    def run(self):
        """What is to be said of it."""
        with ThreadPoolExecutor(7) as pool:
            sweeper = pool.submit(self.sweep)
            workers = [pool.submit(self.work, tool, number) for tool in self.home.both for number in range(2)]
            publishers = [pool.submit(self.publish, number) for number in range(2)]
            wait(publishers)
            self.all_put.set()
            wait(workers)
            self.over.set()
        for future in *publishers, *workers, sweeper:
            future.result()
        wait_for_orphans()
        for tool in self.home.both:
            tool.sweep(self.queue)
        return self.judge()

    def run_or_kill(self, what, dice, argv, within, body=b""):
        """What it printed; None where it was killed."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
            given.write(body)
            given.seek(0)
            process = subprocess.Popen(argv, stdin=given, stdout=said, stderr=errors, **self.home.spool.options)
            deadly = self.kills[what] > 0 and dice.random() < 0.7
            try:
                process.wait(dice.uniform(0, within) if deadly else PATIENCE)
            except subprocess.TimeoutExpired:
                # Alone, so that what it has just started goes on without it; or with that.
                dice.choice([os.kill, os.killpg])(process.pid, signal.SIGKILL)
                process.wait()
                expect(deadly, f"{' '.join(argv)}: still running after {PATIENCE} s")
                self.kills[what] -= 1
                self.killed[what] += 1
                return None
            said.seek(0)
            errors.seek(0)
            words, errors = said.read().decode(), errors.read().decode(errors="replace")
        expect(process.returncode == 0, f"{' '.join(argv)}: exit {process.returncode}: {errors}")
        return words

    def publish(self, number):
        """Half of the jobs. Under a key, where it may be killed: then the other tries again."""
        tools, dice = self.home.both, self.dice("put", number)
        for job in range(number, self.jobs, 2):
            key = f"job {job}" if self.kills["put"] > 0 else None
            tries, said = 0, None
            while said is None:
                argv = tools[(number + tries) % 2].to_put(self.queue, key)
                said = self.run_or_kill("put" if key else "", dice, argv, 0.04, self.bodies[job])
                tries += 1
            self.ids[said.strip()] = self.bodies[job]

    def work(self, tool, number):
        argv = tool.to_work(self.queue, self.next, *self.command, str(self.log), attempts=1000)
        dice = self.dice(tool.name, number)
        while not self.all_put.is_set() or self.queue.tree("new", "run", "wait", "out"):
            self.run_or_kill("work", dice, argv, 0.6)

    def sweep(self):
        dice = self.dice("sweep")
        while not self.over.wait(0.1):
            for tool in self.home.both:
                self.run_or_kill("sweep", dice, tool.to_sweep(self.queue), 0.06)

    def judge(self):
        queue, next, ids = self.queue, self.next, self.ids
        expect_same(len(ids), self.jobs, "IDs")
        expect_same(queue.tree(), sorted(f"done/{id}" for id in ids), f"{queue.name}/")
        expect_same(next.tree(), sorted(f"new/{id}" for id in ids), f"{next.name}/")
        expect(queue.entries("done") == ids, "done/ has another body")
        expect(next.entries("new") == ids, "a product is not what its step has printed")
        self.home.check(queue, next)
        runs = Counter(self.log.read_text().splitlines())
        expect_same(sorted(runs), sorted(f"job {job}" for job in range(self.jobs)), "jobs that ran")
        often = sum(count > 1 for count in runs.values())
        if not self.killed:
            expect_same(often, 0, "jobs that ran more than once")
            expect_same(os.listdir(queue / "tmp"), [], "litter")
        twin = sum(bool(re.search("twin: .*: done", path.read_text())) for path in (queue / "log").iterdir())
        expect(0.02 < twin / self.jobs < 0.98, f"{twin} of {self.jobs} jobs were worked by the twin: no test of both")
        killed = ", ".join(f"{count} {what}" for what, count in self.killed.items()) or "nothing"
        return f"killed: {killed}; {self.jobs} jobs, {twin} of them worked by the twin; {often} ran more than once"
