"""A gateway at work, and the spools and calls that the gateway theme gives it."""
import os
import signal
import subprocess
import time
from contextlib import contextmanager

from measure import Failed

PROMPT = "What collides today, and when is there time?\n"
PATIENCE, LIMIT = 60, 900
# Between two looks whether all is done.
MOMENT = 0.01


def make_spool(parts, directory, **agents):
    """A spool with these agents: for each its header lines. Their queues are there."""
    spool = directory / "spool"
    subprocess.run([parts.tool("spool"), "init", "-q", "-C", spool, *(f"calls-{name}" for name in agents)], check=True,
                   stdout=subprocess.DEVNULL)
    for name, lines in agents.items():
        # Without a budget no records are summed.
        (spool / "agents" / f"{name}.md").write_text("\n".join(lines) + "\n\n")
    return spool


def quick_agent(command):
    """No limit of its own is in the way."""
    return [f"Command: {command}", "Rate: 1000000/s", "Concurrency: 100", "Backlog: 1000000"]


def call(parts, spool, agent):
    return [parts.tool("claude-call"), "-q", "-C", spool, "--agent", agent]


@contextmanager
def resident(parts, spool, slots):
    """A gateway that has started, and all its slots."""
    words = spool.parent / "gateway.said"
    with open(words, "ab") as said:
        process = subprocess.Popen([parts.tool("gateway"), "-C", spool, "--slots", str(slots), "--drain", "1s"],
                                   stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    try:
        # Before it says so, all slots were started.
        until(lambda: " started: " in words.read_text(), "it has started", process)
        yield process
        process.send_signal(signal.SIGTERM)
        if (status := process.wait(timeout=PATIENCE)) != 128 + signal.SIGTERM:
            raise Failed(f"gateway: ended with {status}: {words.read_text()[-500:].strip()}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(holds, what, process, limit=PATIENCE):
    end = time.monotonic() + limit
    while not holds():
        if process.poll() is not None:
            raise Failed(f"gateway: ended with {process.returncode} before {what}")
        if time.monotonic() > end:
            raise Failed(f"gateway: not so after {limit} s: {what}")
        time.sleep(MOMENT)


def fill(parts, directory, queue, room, count):
    subprocess.run([parts.program("deep"), "fill", directory, queue, room, str(count)], check=True)


def drained(parts, spool, agent, count, slots):
    """Calls a second of a gateway that is there before they come: all at once, by renames."""
    queue = spool / f"calls-{agent}"
    aside = spool.parent / "aside"
    for room in "tmp", "new", "log":
        (aside / "calls" / room).mkdir(parents=True)
    fill(parts, aside, "calls", "new", count)
    names = sorted(os.listdir(aside / "calls/new"))
    with resident(parts, spool, slots) as gateway:
        # Each tool, file and directory was used once.
        subprocess.run(call(parts, spool, agent), input=PROMPT, text=True, check=True, stdout=subprocess.DEVNULL)
        before = len(os.listdir(queue / "done"))
        os.sync()
        start = time.monotonic()
        for name in names:
            os.rename(aside / "calls/new" / name, queue / "new" / name)
        until(lambda: len(os.listdir(queue / "done")) >= before + count, "all calls are done", gateway, LIMIT)
        return count / (time.monotonic() - start)
