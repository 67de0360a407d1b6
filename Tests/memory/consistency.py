"""What a put has promised: who reads next sees it, who compares is not deceived, and no death and no disk takes it."""
import fcntl
import json
import os
import random
import re
import sqlite3
import subprocess
import threading
import time

from case import Broken, expect
from home import case, case_on, failed, until

from remembering import SOON, instant, threads
from sending import register

LETTER = b"a letter to my aunt\n" * 1000
AT_ONCE = 2  # seconds: for what needs none, on a machine that has much to do


@case
def what_is_put_is_seen_by_whoever_reads_next(home):
    reader = home.client("reader", "get", "--batch")  # it has the database open all the time
    for number in range(1, 41):
        home.keep("k", f"value {number}\n")
        found = reader.get("k")
        expect((found["version"], found["value"]) == (number, f"value {number}\n"), f"{found}")
        expect(home.value("k") == f"value {number}\n", "another process does not see it")
    reader.ends()


@case
def what_is_forgotten_is_seen_so_by_whoever_reads_next(home):
    home.keep("k", "violet\n")
    reader = home.client("reader", "get", "--batch")
    expect(reader.get("k")["value"] == "violet\n", "not there")
    home.memory("forget", "k")
    expect("violet" not in json.dumps(reader.get("k")), "still seen")
    reader.ends()


# ------------------------------------------------------------------ compare and set

def increments(home, times, ask, set):
    """Adds 1 to a counter so often; tries again when another was there first."""
    refused = 0
    for _ in range(times):
        while True:
            found = ask("counter")
            version = found["version"] if found else 0
            if set("counter", str(int(found["value"]) + 1 if version else 1), version):
                break
            refused += 1
    return refused


@case
def of_twenty_processes_that_count_none_loses_a_number(home):
    """50 times each: get, put --if-version, and again where it was refused. Four of them start a process for each."""
    home.keep("other", "red\n")

    def by_batch(number):
        reader, writer = home.client(f"r{number}", "get", "--batch"), home.client(f"w{number}", "put", "--batch")
        refused = increments(home, 50, reader.get, lambda key, value, seen: "error" not in writer.put(key, value, seen))
        reader.ends()
        writer.ends(1 if refused else 0)
        return refused

    def by_processes(number):
        def tool(*words, stdin=b""):
            return subprocess.run([home.bin / "memory", *words], input=stdin, capture_output=True, env=home.environment({}))

        def ask(key):
            done = tool("get", "--json", key)
            return json.loads(done.stdout) if done.returncode == 0 else None

        def set(key, value, seen):
            done = tool("put", "--if-version", str(seen), key, stdin=value.encode())
            expect(done.returncode in (0, 1), f"memory put exits {done.returncode}: {done.stderr!r}")
            return done.returncode == 0

        return increments(home, 50, ask, set)

    with threads(home, 20) as pool:
        counting = [pool.submit(by_processes if number < 4 else by_batch, number) for number in range(20)]
        refused = sum(future.result() for future in counting)
    found = home.got("counter")
    expect((found["version"], found["value"]) == (1000, "1000"), f"{found}")
    expect(home.values("counter") == [str(number) for number in range(1, 1001)], "its history")
    home.remark(f"{refused} refused and tried again")
    expect(refused, "they never met")


@case
def of_eight_who_put_the_first_version_one_does(home):
    for round in range(10):
        putting = [home.start("memory", "put", "--if-version", "0", f"k{round}", stdin=f"{number}".encode())
                   for number in range(8)]
        codes = [command.end().code for command in putting]
        expect(sorted(codes) == [0] + [1] * 7, f"they exit {codes}")
        expect(home.values(f"k{round}") == [str(codes.index(0))], "another's value")


# ------------------------------------------------------------------ killed

def is_whole(home, acknowledged, begun, key="k"):
    """What was acknowledged is there; what was begun is there wholly or not at all; and no other number was given."""
    rows = [(row["version"], row["value"]) for row in home.history(key)]
    expect([number for number, _ in rows] == list(range(1, len(rows) + 1)), f"its versions: {rows}")
    values = [value for _, value in rows]
    expect(values[:len(acknowledged)] == acknowledged, "an acknowledged one is lost, or another")
    expect(values[len(acknowledged):] in ([], [begun]), f"besides: {[value[:60] for value in values[len(acknowledged):]]}")
    connection = sqlite3.connect(home.database)
    words = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    expect(words == [("ok",)], f"the database is not whole: {words[:5]}")
    return values


@case
def a_put_killed_before_each_of_its_system_calls_is_there_wholly_or_not(home):
    """About 60 of its calls, and each of those that write."""
    calls_of_interest = "%file,%desc,ftruncate,flock,fcntl,msync,munmap"
    trace = home.home / "trace"

    def strace(*more):
        return ["strace", "-f", "-o", trace, "-qq", "-e", f"trace={calls_of_interest}", "-e", "signal=none", *more]

    values = [f"value 0 {'tea ' * 300}\n"]
    home.keep("k", values[0])
    home.run(*strace(), "memory", "put", "k", stdin=b"one more")
    values.append("one more")
    calls = re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M)
    expect(len(calls) > 30, f"it is not traced: {calls}")
    seen, points = {}, []
    for call in calls:
        seen[call] = seen.get(call, 0) + 1
        points.append((call, seen[call]))
    writing = re.compile("p?write|fsync|fdatasync|ftruncate|flock|fcntl|unlink|rename|msync|munmap|fallocate")
    step = max(1, len(points) // 60)
    chosen = [point for i, point in enumerate(points) if i % step == 0 or i > len(points) - 20 or writing.match(point[0])]
    chosen = chosen[:: max(1, len(chosen) // 150)]
    killed = kept = 0
    for call, number in chosen:
        value = f"{call} {number} {'milk ' * 300}\n"
        inject = "-e", f"inject={call}:signal=SIGKILL:when={number}"
        done = home.run(*strace(*inject), "memory", "put", "k", stdin=value.encode())
        home.transcript.clear()
        killed += done.code in (-9, 137)
        if done.out.strip().isdigit():
            values.append(value)
        before = len(values)
        try:
            values = is_whole(home, values, value)
        except Broken as broken:
            raise Broken(f"killed at call {number} of {call}: {broken}") from None
        kept += len(values) > before or done.out != b""
    expect(home.keep("k", "last\n") == len(values) + 1, "another number")
    home.remark(f"{len(calls)} calls, {killed} kills, {kept} there")
    expect(killed > len(chosen) // 2, f"only {killed} of {len(chosen)} were killed: does strace work here?")


@case
def a_batch_killed_at_many_moments_keeps_what_it_has_acknowledged(home):
    """Each within the time that the write before it took: until ten have died in the middle."""
    dice, values, lost, took = random.Random(5), [], 0, 0.002
    for round in range(200):
        client = home.client("writer", "put", "--batch")
        for number in range(dice.randint(1, 6)):
            values.append(f"{round} {number} {'tea ' * dice.randint(0, 3000)}")
            begun = time.monotonic()
            client.put("k", values[-1])
            took = time.monotonic() - begun
        last = f"{round} last {'milk ' * dice.randint(0, 3000)}"
        said = client.put("k", last, killed=lambda process: (instant(dice.random() * took), process.kill()))
        client.process.wait()
        values = is_whole(home, values + ([last] if said else []), last)
        lost += not said
        if lost == 10:
            break
    home.remark(f"{len(values)} kept, {lost} not acknowledged")
    expect(lost == 10, "too few were killed in the middle")


@case
def whoever_is_killed_with_the_lock_holds_up_nobody(home):
    home.keep("k", "red\n")
    for _ in range(10):
        client = home.client("writer", "put", "--batch")
        client.put("k", "blue\n")
        client.put("k", "green\n", killed=lambda process: process.kill())
        begun = time.monotonic()
        home.keep("k", "red\n")
        expect(time.monotonic() - begun < AT_ONCE, "the next one waits")


@case
def who_reads_what_he_has_not_seen_waits_for_no_writer(home):
    """That he has seen it is noted; where it cannot be, he reads it all the same."""
    home.agent("a", "b")
    home.keep("k", "red\n", by="a")
    for hold in flocked(home), home.foreign("BEGIN IMMEDIATE"):
        with hold:
            begun = time.monotonic()
            done = home.memory("get", "k", "--agent", "b", within=20)
            expect(done.out == b"red\n" and time.monotonic() - begun < 5, "he waits")


@case
def a_process_that_is_stopped_in_the_middle_holds_up_writers_no_longer_than_their_time(home):
    """And no reader at all."""
    home.keep("k", "red\n")
    flushes = "fdatasync,fsync"
    trace = ["strace", "-f", "-o", "/dev/null", "-qq", "-e", f"trace={flushes}", "-e",
             f"inject={flushes}:signal=SIGSTOP:when=1"]
    stopped = home.start(*trace, "memory", "put", "k", stdin=b"blue\n")
    done = None

    def is_stopped():
        nonlocal done
        done = home.memory("put", "--timeout", "1s", "k", stdin="green\n", code=(0, 75))
        return done.code == 75 or stopped.process.poll() is not None

    until(is_stopped, "it holds the lock", SOON)
    if done.code == 75:
        failed(done, 75, tool="memory")
        begun = time.monotonic()
        expect(home.got("k"), "a reader sees nothing")
        expect(time.monotonic() - begun < AT_ONCE, "a reader waits")
    home.kill_all()
    home.keep("k", "violet\n")


# ------------------------------------------------------------------ a full disk

@case_on("tmpfs", "ext4")
def on_a_full_disk_a_put_is_refused_and_nothing_is_half_written(home, disk):
    values = [f"value {number} {'tea ' * 500}\n" for number in range(20)]
    for value in values:
        home.keep("k", value)
    disk.fill()
    refused = 0
    for number in range(40):  # what is in the log already may be used again
        value = f"full {number} {'milk ' * 20_000}\n"
        done = home.memory("put", "k", stdin=value, code=(0, 74, 75))
        if done.code:
            refused += 1
            failed(done, (74, 75), tool="memory")
            expect(b"memory" in done.err, f"{done.err!r}")
        else:
            values.append(value)
    expect(refused, "it was never full")
    if disk.kind == "tmpfs":  # of ext4 with its small blocks SQLite's index of its log has only the half of a page
        expect(home.values("k") == values, "not what was acknowledged")
        expect(home.value("k") == values[-1], "what is there cannot be read")
    disk.free()
    expect(home.values("k") == values, "not what was acknowledged")
    expect(home.keep("k", "there is space\n") == len(values) + 1, "another number")
    expect(is_whole(home, values, "there is space\n")[-1] == "there is space\n", "it does not go on")


@case_on("tmpfs", "ext4")
def on_a_disk_that_fills_while_a_batch_is_put_each_answer_is_true(home, disk):
    home.keep("k", "red\n")
    disk.fill(leave=600_000)
    rows = "".join(json.dumps({"key": f"k{number}", "value": f"{number} {'tea ' * 5000}"}) + "\n" for number in range(60))
    done = home.memory("put", "--batch", "--json", stdin=rows, code=(1, 74, 75))
    told = [json.loads(line) for line in done.out.splitlines()]
    good = {row["key"] for row in told if "error" not in row}
    expect(0 < len(good) < 60, f"{len(good)} were put")
    disk.free()
    expect({key for _, key in home.versions()} == {"k", *good}, "not what was acknowledged")
    home.memory("put", "--batch", stdin=rows)
    expect(len(home.versions()) == 61, "it does not go on")


@case_on("tmpfs")
def on_a_disk_that_is_full_from_the_beginning_it_says_so(home, disk):
    disk.fill()
    failed(home.memory("put", "k", stdin="red\n", code=(73, 74, 75)), (73, 74, 75), tool="memory")
    disk.free()
    expect(home.keep("k", "red\n") == 1, "it does not go on")


@case_on("ext4")
def a_disk_that_becomes_read_only_is_an_error_and_reading_goes_on(home, disk):
    home.keep("k", "red\n")
    home.got("k")
    disk.remount("ro")
    failed(home.memory("put", "k", stdin="blue\n", code=(73, 74, 75, 77)), (73, 74, 75, 77), tool="memory")
    done = home.memory("get", "k", code=(0, 73, 74, 75, 77))
    expect(done.err.startswith(b"memory: ") if done.code else done.out == b"red\n", f"it says {done.out!r}, {done.err!r}")
    disk.remount("rw")
    expect(home.keep("k", "green\n") == 2, "it does not go on")


# ------------------------------------------------------------------ whose it is, and what lies in its place

@case
def a_spool_of_somebody_else_is_refused_before_a_file_is_made(home):
    home.furnish()
    os.chown(home.spool, 65534, 65534)
    before = sorted(home.spool.rglob("*"))
    for words in ["put", "k"], ["get", "k"], ["search"], ["export"], ["forget", "k"], ["conflicts"]:
        failed(home.memory(*words, stdin="red\n", code=77), 77, str(home.spool), tool="memory")
    expect(sorted(home.spool.rglob("*")) == before, "a file was made")
    os.chown(home.spool, os.getuid(), os.getgid())


def in_its_place(make):
    """Something else lies where the database should: it is named, and left as it is."""
    def check(home):
        home.furnish()
        home.memory("search", code=1)
        for path in home.spool.glob("memory/memory.db*"):
            path.unlink()
        elsewhere = home.home / "elsewhere"
        elsewhere.write_bytes(LETTER)
        make(home.database, elsewhere)
        before = look(home.database)
        for words in ["put", "k"], ["get", "k"], ["search", "red"], ["history", "k"], ["export"], ["conflicts"]:
            done = home.memory(*words, stdin="red\n", code=(65, 69, 73, 74, 77, 78))
            failed(done, done.code, "memory.db", tool="memory")
            expect(len(done.err) < 1000, f"too many words: {done.err!r}")
        harvest = home.run("harvest", "--source", f"claude:{home.home}")
        expect(harvest.code not in (0, 70) and b"memory.db" in harvest.err, f"harvest: exit {harvest.code}, {harvest.err!r}")
        expect(look(home.database) == before and elsewhere.read_bytes() == LETTER, "it was written over")
        remove(home.database)

    return check


def look(path):
    if path.is_symlink():
        return os.readlink(path)
    return path.read_bytes() if path.is_file() else sorted(os.listdir(path))


def remove(path):
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def another_database(path, _):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE letters (text)")
    connection.execute("INSERT INTO letters VALUES ('to my aunt')")
    connection.commit()
    connection.close()


for words, make in {"a_link_to_a_file": lambda path, other: path.symlink_to(other),
                    "a_link_to_nowhere": lambda path, other: path.symlink_to("/nowhere/memory.db"),
                    "a_link_to_a_place_that_is_free": lambda path, other: path.symlink_to(other.parent / "free"),
                    "a_directory": lambda path, other: path.mkdir(),
                    "a_letter": lambda path, other: path.write_bytes(other.read_bytes()),
                    "another_program_s_database": another_database}.items():
    register(f"{words}_in_place_of_the_database_is_named_and_left_as_it_is", in_its_place(make))


@case
def a_database_that_is_torn_is_named_and_not_written_over(home):
    for number in range(50):
        home.keep(f"k{number}", "red " * 1000)
    with home.foreign("PRAGMA wal_checkpoint(TRUNCATE)"):
        pass
    whole = home.database.read_bytes()
    for name in "-wal", "-shm":
        home.database.with_name(home.database.name + name).unlink(missing_ok=True)
    for spoilt in (b"\0" * 4096 + whole[4096:], whole[:4096] + os.urandom(len(whole) - 4096), whole[:len(whole) // 2]):
        home.database.write_bytes(spoilt)
        done = home.memory("export", code=(0, 65, 69, 74, 78))
        if done.code:
            failed(done, done.code, "memory.db", tool="memory")
        done = home.memory("put", "k", stdin="red\n", code=(0, 65, 69, 74, 78))
        if done.code:
            failed(done, done.code, "memory.db", tool="memory")
            expect(home.database.read_bytes() == spoilt, "it was written over")
    for name in "-wal", "-shm":
        home.database.with_name(home.database.name + name).unlink(missing_ok=True)
    home.database.write_bytes(whole)
    expect(home.value("k7") == "red " * 1000, "it is lost")


@case
def a_database_of_a_newer_version_is_refused_and_it_says_what_to_do(home):
    home.keep("k", "red\n")
    with home.foreign() as connection:
        tables = {name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "grdb_migrations" in tables:
            connection.execute("INSERT INTO grdb_migrations VALUES ('of the year 2031')")
        connection.execute("PRAGMA user_version = 9999")
    for words in ["put", "k"], ["get", "k"], ["export"]:
        done = failed(home.memory(*words, stdin="blue\n", code=78), 78, "memory.db", tool="memory")
        expect(b"newer" in done.err or b"install" in done.err, f"not what to do: {done.err!r}")


# ------------------------------------------------------------------ others at the same database

@case
def a_put_waits_for_another_program_that_writes(home):
    home.keep("k", "red\n")
    with home.foreign("BEGIN IMMEDIATE") as connection:
        command = home.start("memory", "put", "k", stdin=b"blue\n")
        timer = threading.Timer(3, lambda: connection.execute("COMMIT"))
        timer.start()
        done = command.end()
        timer.join()
    expect(done.code == 0 and done.out == b"2\n", f"exit {done.code}: {done.err!r}")
    expect(b"locked" not in done.err, f"it says {done.err!r}")


def held(home, hold):
    """Longer than its time: refused, with a word that a person understands."""
    home.keep("k", "red\n")
    with hold(home):
        for words, stdin in (["put", "--timeout", "1s", "k"], "blue\n"), \
                (["put", "--batch", "--timeout", "1s"], '{"key":"k","value":"blue"}\n'):
            begun = time.monotonic()
            done = home.memory(*words, stdin=stdin, code=75)
            took = time.monotonic() - begun
            expect(0.9 < took < 5, f"after {took:.1f} s")
            failed(done, 75, tool="memory")
            said = done.err.decode()
            expect("database is locked" not in said and "SQLITE" not in said and "memory" in said, f"it says {said!r}")
        begun = time.monotonic()
        expect(home.memory("get", "k").out == b"red\n" and time.monotonic() - begun < AT_ONCE, "a reader waits")
    expect(home.keep("k", "blue\n") == 2, "it was written, or it does not go on")


def flocked(home):
    file = open(home.spool / "memory/lock", "rb")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


register("a_put_that_waits_longer_than_its_time_for_another_program_says_so",
         lambda home: held(home, lambda home: home.foreign("BEGIN IMMEDIATE")))
register("a_put_that_waits_longer_than_its_time_for_the_lock_says_so", lambda home: held(home, flocked))


@case
def a_reader_that_does_not_end_holds_up_no_writer(home):
    home.keep("k", "red\n")
    with home.foreign("BEGIN", "SELECT count(*) FROM sqlite_master") as connection:
        before = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        longest = 0
        for number in range(50):
            begun = time.monotonic()
            home.keep("k", f"value {number}\n")
            longest = max(longest, time.monotonic() - begun)
        expect(longest < AT_ONCE, f"one took {longest:.1f} s")
        expect(connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == before, "its view changed")
    expect(home.number("k") == 51, "not all of them")
    home.remark(f"longest {longest * 1000:.0f} ms")


@case
def a_reader_that_does_not_read_what_it_is_sent_holds_up_no_writer(home):
    """`memory export | less`."""
    for number in range(20):
        home.keep(f"k{number}", "red " * 100_000)
    exporting = subprocess.Popen([home.bin / "memory", "export"], stdout=subprocess.PIPE, env=home.environment({}),
                                 start_new_session=True)
    exporting.stdout.read(1)
    begun = time.monotonic()
    expect(home.keep("k0", "blue\n") == 2 and time.monotonic() - begun < AT_ONCE, "it waits")
    rest = exporting.stdout.read()
    expect(exporting.wait(SOON) == 0 and rest.count(b"\n") == 20, "not all of what was there when it began")


@case
def a_program_that_reads_no_further_is_no_error(home):
    for number in range(20):
        home.keep(f"k{number}", "red " * 100_000)
    done = home.run("sh", "-c", "memory export | head -c 100 >/dev/null; memory search red | head -n 1 >/dev/null")
    expect(done.code == 0 and not done.err, f"exit {done.code}: {done.err!r}")
