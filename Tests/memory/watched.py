"""harvest --watch: what is written is found by others in a moment, whatever happens to files and directories."""
import os
import shutil
import signal
import subprocess
import threading
import time

from case import expect
from harvesting import SOON, append
from home import Skipped, case, until
from transcripts import Claude, Codex, Pi, chat, correction, decision

PROMISED = 10  # seconds, on a machine that has much to do; the tool's own promise is one


def watching(home, *options, start=()):
    """A watcher that is past its first harvest, and a directory that it watches."""
    source = home.source()
    Claude().user(correction(1)).to(source / "p" / "a.jsonl")
    watcher = home.start(*start, *home.command("--watch", *options))
    home.until_read("kettle1")
    return watcher, source


def ends(home, watcher):
    watcher.kill(signal.SIGTERM)
    done = watcher.end(SOON)
    expect(done.code == 143, f"exit {done.code}: {done.err}")
    home.same_as_at_once(home.report())


def lag(home, word, act):
    """Seconds from the end of what is done until another process finds this word."""
    act()
    start = time.monotonic()
    home.until_read(word, PROMISED)
    return time.monotonic() - start


@case
def a_line_is_found_by_others_within_a_second(home):
    watcher, source = watching(home)
    lags = []
    for number in range(2, 22):
        text = Claude(seed=number).user(correction(number)).bytes
        lags.append(lag(home, f"kettle{number}", lambda: append(source / "p" / "a.jsonl", text)))
    home.remark(f"lag {sorted(lags)[10] * 1000:.0f} ms in the middle, {max(lags) * 1000:.0f} ms at most")
    ends(home, watcher)
    home.has(*(f"kettle{number}" for number in range(1, 22)))


@case
def new_files_and_new_directories_are_found(home):
    watcher, source = watching(home)
    lag(home, "kettle2", lambda: Claude(seed=2).user(correction(2)).to(source / "p" / "b.jsonl"))
    lag(home, "kettle3", lambda: Claude(seed=3).user(correction(3)).to(source / "q" / "c.jsonl"))
    Claude(seed=4).user(correction(4)).to(home.home / "made" / "r" / "s" / "d.jsonl")
    lag(home, "kettle4", lambda: (home.home / "made" / "r").rename(source / "r"))
    lag(home, "kettle5", lambda: append(source / "r" / "s" / "d.jsonl", Claude(seed=5).user(correction(5)).bytes))
    Claude(seed=6).user(correction(6)).to(home.home / "e.jsonl")
    lag(home, "kettle6", lambda: (home.home / "e.jsonl").rename(source / "p" / "e.jsonl"))
    lag(home, "kettle7", lambda: Claude(seed=7).user(correction(7)).to(source / "1/2/3/4/5/6/7/8/f.jsonl"))
    lag(home, "kettle8", lambda: Claude(seed=8).user(correction(8)).to(source / "p" / "a" / "subagents" / "x.jsonl"))
    ends(home, watcher)


@case
def the_directories_of_a_day_are_made_on_the_way(home):
    """Codex makes YYYY/MM/DD with the first session of a day."""
    source = home.source("codex")
    watcher = home.watch()
    for day in range(1, 13):
        path = source / f"2026/{day:02}/01" / f"rollout-{day}.jsonl"
        lag(home, f"kettle{day}", lambda: Codex(seed=day).user(correction(day)).to(path))
    ends(home, watcher)


@case
def a_source_that_is_not_there_yet_is_found_when_it_is(home):
    """Among the default ones: a program that was installed later. All is looked at once a minute."""
    (home.home / ".claude/projects").mkdir(parents=True)
    watcher = home.start("harvest", "--watch")
    Claude().user(correction(1)).to(home.home / ".claude/projects/p/a.jsonl")
    home.until_read("kettle1")
    Codex().user(decision(2)).to(home.home / ".codex/sessions/2026/03/01/rollout.jsonl")
    home.until_read("samovar2", 90)
    watcher.kill(signal.SIGTERM)
    expect(watcher.end(SOON).code == 143, "another end")


@case
def renamed_moved_and_deleted_while_it_watches(home):
    watcher, source = watching(home)
    path = (source / "p" / "a.jsonl").rename(source / "p" / "b.jsonl")
    lag(home, "kettle2", lambda: append(path, Claude(seed=2).user(correction(2)).bytes))
    (source / "p").rename(source / "q")
    lag(home, "kettle3", lambda: append(source / "q/b.jsonl", Claude(seed=3).user(correction(3)).bytes))
    shutil.rmtree(source / "q")
    lag(home, "kettle4", lambda: Claude(seed=4).user(correction(4)).to(source / "p" / "a.jsonl"))
    os.truncate(source / "p" / "a.jsonl", 0)
    lag(home, "kettle5", lambda: append(source / "p/a.jsonl", Claude(seed=5).user(correction(5)).bytes))
    (source / "p/a.jsonl").rename(source / "p/a.jsonl.reset.2026-03-01T10-00-00.000Z")
    lag(home, "kettle6", lambda: Claude(seed=6).user(correction(6)).to(source / "p" / "a.jsonl"))
    watcher.kill(signal.SIGTERM)
    expect(watcher.end(SOON).code == 143, "another end")
    home.harvest()
    home.has(*(f"kettle{number}" for number in range(1, 7)))


@case
def a_source_that_goes_away_and_comes_back(home):
    watcher, source = watching(home)
    source.rename(home.home / "elsewhere")
    until(lambda: watcher.process.poll() is not None or not source.exists(), "it is away")
    (home.home / "elsewhere").rename(source)
    if watcher.process.poll() is not None:
        done = watcher.end()
        expect(done.code == 69 and done.err, f"exit {done.code}: {done.err}")
        watcher = home.watch()
    lag(home, "kettle2", lambda: append(source / "p/a.jsonl", Claude(seed=2).user(correction(2)).bytes))
    ends(home, watcher)


@case
def a_line_that_is_written_byte_by_byte(home):
    watcher, source = watching(home)
    line = Claude(seed=2).user(correction(2) + " Größe 🫖").lines[0]

    def write():
        for byte in line[:-1]:
            append(source / "p/a.jsonl", bytes([byte]))

    lag(home, "kettle2", write)  # a last line without newline counts
    append(source / "p/a.jsonl", b"\n")
    ends(home, watcher)
    home.has("kettle1", "kettle2")


@case
def a_thousand_lines_of_four_writers(home):
    watcher, source = watching(home)
    files = [source / f"w{number}" / "a.jsonl" for number in range(3)] + [source / "w0/a.jsonl"]

    def write(number):
        writer = Claude(seed=number + 50)
        for turn in range(250):
            writer.user(correction(1000 * (number + 1) + turn) if turn % 5 == 0 else chat(turn))
        files[number].parent.mkdir(exist_ok=True)
        for line in writer.lines:
            append(files[number], line)  # one write(2), as O_APPEND keeps it whole

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        home.until_read(f"kettle{1000 * (number + 1) + 245}")
    home.remark(f"all found {time.monotonic() - start:.1f} s after the first was written")
    ends(home, watcher)
    home.has("kettle1", *(f"kettle{1000 * (number + 1) + turn}" for number in range(4) for turn in range(0, 250, 5)))


@case
def more_events_than_the_kernel_keeps_are_made_up_for(home):
    """The watcher stands still meanwhile; two names, for equal events are merged."""
    watcher, source = watching(home)
    limit = int(open("/proc/sys/fs/inotify/max_queued_events").read())
    if limit > 100_000:
        raise Skipped(f"fs.inotify.max_queued_events is {limit}")
    watcher.kill(signal.SIGSTOP)
    for number in range(limit // 2 + 100):
        append(source / "p" / ("x.txt" if number % 2 else "y.txt"), b"x")
    Claude(seed=2).user(correction(2)).to(source / "new" / "deeper" / "b.jsonl")
    Claude(seed=3).user(correction(3)).to(source / "p" / "c.jsonl")
    append(source / "p/a.jsonl", Claude(seed=4).user(correction(4)).bytes)
    watcher.kill(signal.SIGCONT)
    for number in 2, 3, 4:
        home.until_read(f"kettle{number}", PROMISED)
    lag(home, "kettle5", lambda: append(source / "new/deeper/b.jsonl", Claude(seed=5).user(correction(5)).bytes))
    ends(home, watcher)


def without(home, start, said):
    watcher, source = watching(home, start=start)
    until(lambda: said in watcher.said(), f"it says {said}: {watcher.said()}")
    slow = lag(home, "kettle2", lambda: append(source / "p/a.jsonl", Claude(seed=2).user(correction(2)).bytes))
    lag(home, "kettle3", lambda: Claude(seed=3).user(correction(3)).to(source / "q" / "b.jsonl"))
    lag(home, "kettle4", lambda: append(source / "q/b.jsonl", Claude(seed=4).user(correction(4)).bytes))
    home.remark(f"lag {slow:.1f} s")
    expect(watcher.said().count(said) == 1, "it says so more than once")
    watcher.kill(signal.SIGTERM)
    expect(watcher.end(SOON).code in (143, -15), "another end")
    home.same_as_at_once(home.report())


def limited(home, limit, number):
    """In a user namespace of its own: nobody else feels it."""
    path = f"/proc/sys/user/{limit}"
    if subprocess.run(["unshare", "-Ur", "test", "-w", path], capture_output=True).returncode:
        raise Skipped(f"unshare: no user namespace with {path}")
    return "unshare", "-Ur", "sh", "-c", f'echo {number} >{path}; exec "$@"', "sh"


@case
def without_an_inotify_instance_it_looks_itself(home):
    without(home, limited(home, "max_inotify_instances", 0), b"harvest: inotify: no instance")


@case
def without_enough_watches_it_looks_itself(home):
    for number in range(20):
        (home.source() / f"d{number}").mkdir()
        home.sources.pop()
    without(home, limited(home, "max_inotify_watches", 8), b"harvest: inotify: no more watches")


@case
def on_a_disk_that_is_full_for_a_while_it_goes_on_watching(home):
    disk = home.lie_on("ext4")
    watcher, source = watching(home)
    disk.fill()
    for number in range(2, 42):
        Claude(seed=number).user(correction(number)).to(source / f"{number}.jsonl")
    until(lambda: watcher.process.poll() is not None or b"harvest: " in watcher.said(), "it says so")
    expect(watcher.process.poll() is None, f"it has ended: {watcher.said()}")
    expect(b"full" in watcher.said(), f"it says something else: {watcher.said()}")
    disk.free()
    for number in 2, 21, 41:
        home.until_read(f"kettle{number}")
    lag(home, "kettle50", lambda: append(source / "p/a.jsonl", Claude(seed=50).user(correction(50)).bytes))
    watcher.kill(signal.SIGTERM)
    expect(watcher.end(SOON).code == 143, "another end")
    home.same_as_at_once(home.report())


@case
def ended_by_a_signal_all_that_was_found_is_committed(home):
    for number, code in (signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129):
        home.sources.clear()
        watcher, source = watching(home)
        path = source / f"{number}.jsonl"
        for turn in range(100):
            append(path, Claude(seed=number * 1000 + turn).user(correction(number * 1000 + turn)).bytes)
        watcher.kill(number)
        done = watcher.end(SOON)
        expect(done.code == code, f"exit {done.code}, not {code}: {done.err}")
        home.same_as_at_once(home.report())


@case
def killed_and_begun_again_it_goes_on(home):
    watcher, source = watching(home)
    for number in range(2, 12):
        append(source / "p/a.jsonl", Claude(seed=number).user(correction(number)).bytes)
        watcher.kill(signal.SIGKILL).end()
        append(source / "p/a.jsonl", Pi(seed=number).user(chat(number)).lines[1])
        watcher = home.watch()
        home.until_read(f"kettle{number}")
    ends(home, watcher)
    home.has(*(f"kettle{number}" for number in range(1, 12)))


@case
def a_hundred_directories_of_files_are_watched_and_cost_nothing_at_rest(home):
    source = home.source()
    for directory in range(100):
        for number in range(20):
            path = source / f"d{directory}" / f"{number}.jsonl"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b'{"type":"progress"}\n')
    watcher, _ = watching(home)

    def spent():
        fields = open(f"/proc/{watcher.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    slow = lag(home, "kettle2", lambda: append(source / "d50/7.jsonl", Claude(seed=2).user(correction(2)).bytes))
    before, start = spent(), time.monotonic()
    until(lambda: time.monotonic() - start > 3, "three seconds at rest")
    rest = spent() - before
    home.remark(f"lag {slow * 1000:.0f} ms; {rest * 1000:.0f} ms of CPU in 3 s at rest")
    expect(rest < 0.5, f"{rest} s of CPU in three seconds in which nothing happened")
    ends(home, watcher)
