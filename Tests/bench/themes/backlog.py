"""Theme backlog: what is pending after a restart, and how long it takes until it is out."""
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from measure import Figure
from page import Section, Table

TITLE = "deliver: a backlog"
WORDS = """Deliveries that are pending when `deliver --recover` starts, all to one address, each of 60 bytes, until the last
receipt is there: deliveries a second, and the peak memory of the courier. The channel is one process that serves all of
them, and the webhook's connection is kept. One at a time is `deliver --to`, a whole process for each, to the same
address. A delivery from the backlog costs ten barriers; the floor is one C process for each delivery that makes the
steps and barriers of theme deliver. HTTP alone is one `curl` that posts the same body as often to the same receiver over
one connection, and makes nothing durable."""

MESSAGE = "Tuesday: stand-up at 09:30, then nothing until 14:00. (%06d)\n"
DEPTHS, QUICK_DEPTHS = [10**3, 10**4], [10**3]
# Once: on the first file system, to a file.
DEEPEST = 10**5
ONE_BY_ONE, QUICK_ONE_BY_ONE = 200, 40
ROOMS = "tmp", "new", "run", "out", "done", "re"


def measure(bench):
    if not bench.parts.tools:
        bench.say("  Spindle is skipped: there are no tools")
        return Section("backlog", TITLE, WORDS, [])
    rates = Table(["file system", "channel", "one at a time", "backlog of", "recovered a second", "C floor, one at a time",
                   "of that floor", "HTTP alone", "peak MB"])
    growth = Table(["file system", "channel", "pending", "until the first is out, ms", "until all are, s",
                    "microseconds each"])
    with receiver() as url:
        for place in bench.places.list:
            for channel in "file", "webhook":
                bench.say(f"  {place.name}, {channel}")
                add_rows(rates, growth, place, channel, url, bench)
    return Section("backlog", TITLE, WORDS, [rates, growth])


def add_rows(rates, growth, place, channel, url, bench):
    directory = place.fresh(f"backlog-{channel}")
    address = f"webhook:{url}" if channel == "webhook" else f"file:{directory / 'inbox'}"
    single, floor = one_at_a_time(directory, address, bench)
    depths = QUICK_DEPTHS if bench.quick else DEPTHS
    if not bench.quick and channel == "file" and place is bench.places.list[0]:
        depths = [*depths, DEEPEST]
    for depth in depths:
        seconds, first, peak = drain(directory / f"spool{depth}", address, depth, bench)
        rate = depth / seconds
        alone = Figure([http_alone(url, depth)] if channel == "webhook" else [])
        rates.add(place.name, channel, single, f"{depth:,}", Figure([rate]), floor, Figure([rate / floor.median]), alone,
                  Figure([peak]))
        growth.add(place.name, channel, f"{depth:,}", Figure([first * 1e3]), Figure([seconds]),
                   Figure([seconds / depth * 1e6]))


def one_at_a_time(directory, address, bench):
    """Deliveries a second of a process for each, and of the floor."""
    message = directory / "message"
    message.write_text(MESSAGE % 0)
    for room in ROOMS:
        (directory / "floor" / room).mkdir(parents=True)
    spool = make_spool(directory / "single", bench)
    floor, ours = bench.parts.started(
        QUICK_ONE_BY_ONE if bench.quick else ONE_BY_ONE,
        [bench.parts.program("steps"), "deliver", directory / "floor", directory / "floor-inbox"],
        [bench.parts.tool("deliver"), "-q", "-C", spool, "--to", address], stdin=message)
    return Figure([1e9 / ns for ns in ours["ns"]]), Figure([1e9 / ns for ns in floor["ns"]])


def make_spool(spool, bench):
    subprocess.run([bench.parts.tool("spool"), "init", "-q", "-C", spool], check=True, stdout=subprocess.DEVNULL)
    return spool


def drain(spool, address, depth, bench):
    """Seconds until all is out, seconds until the first is, and the courier's peak in MB."""
    make_spool(spool, bench)
    lines = "".join(MESSAGE % number for number in range(depth)).encode()
    subprocess.run([bench.parts.tool("spool"), "put", "deliveries", "-q", "-C", spool, "--lines", "--header",
                    f"To: {address}"], input=lines, check=True)
    start = time.monotonic()
    courier = subprocess.Popen(["/usr/bin/time", "-f", "%M", bench.parts.tool("deliver"), "-C", spool, "--recover"],
                               stderr=subprocess.PIPE, text=True)
    first, last = None, ""
    for last in courier.stderr:
        if first is None and "Recovered" in last:
            first = time.monotonic() - start
    seconds = time.monotonic() - start
    done = sum(1 for _ in (Path(spool) / "deliveries/done").iterdir())
    if courier.wait() != 0 or done != depth:
        raise RuntimeError(f"{done} of {depth} delivered: {last}")
    return seconds, first, int(last) * 1024 / 1e6


def http_alone(url, count):
    """Requests a second of curl over one connection."""
    body = '{"id":"20261125T210000.000000Z-k3v9qd","text":"' + MESSAGE.strip() % 0 + '","attempt":1,"repeat":false}'
    entry = f'url = "{url}"\ndata = "{body}"\nheader = "Content-Type: application/json"\noutput = /dev/null\n'.replace(
        body, body.replace('"', '\\"'))
    start = time.monotonic()
    subprocess.run(["curl", "-sS", "-K", "-"], input="next\n".join([entry] * count), text=True, check=True)
    return count / (time.monotonic() - start)


@contextmanager
def receiver():
    program = Path(__file__).resolve().parent.parent / "receiver.py"
    server = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/hook"
    finally:
        server.kill()
        server.wait()
