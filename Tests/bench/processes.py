"""What running processes take, as /proc tells it."""
import os
import time
from pathlib import Path

from measure import Figure


def memory(pids):
    """How many they are, and the means of their Pss and of their private memory."""
    shared, private = Figure(), Figure()
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        shared.values.append(kib["Pss"])
        private.values.append(kib["Private_Clean"] + kib["Private_Dirty"])
    return len(shared.values), *(Figure([sum(all.values) / len(all.values)]) for all in (shared, private))


def anonymous(pid):
    """What a process has written itself, in KiB: whoever else runs the same program changes nothing in it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))


def descendants(pids):
    """These processes and all that they have started, as long as somebody waits for it."""
    found = []
    for pid in pids:
        found.append(pid)
        try:
            threads = list(Path(f"/proc/{pid}/task").iterdir())
            children = {int(child) for thread in threads for child in (thread / "children").read_text().split()}
        except OSError:
            # It has just ended.
            continue
        found += descendants(sorted(children))
    return found


def processor_a_minute(pids, seconds):
    """Seconds of the processor that all of them take in a minute."""
    begun, before = time.monotonic(), sum(map(processor_seconds, pids))
    time.sleep(seconds)
    used, taken = sum(map(processor_seconds, pids)) - before, time.monotonic() - begun
    return used / taken * 60


def processor_seconds(pid):
    """Of all its threads, to the nanosecond: the hundredths of /proc/PID/stat hide who wakes for a moment."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def has_inotify(pid):
    directory = f"/proc/{pid}/fd"
    return any(os.readlink(f"{directory}/{name}") == "anon_inode:inotify" for name in os.listdir(directory))
