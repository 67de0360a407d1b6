"""The rules of the protocol, one by one."""
import fcntl
import hashlib
import os
import signal
import subprocess
import time

from tools import PATIENCE, Queue, an_id, craft, expect, expect_same, read

# By the names of its parameters a rule is tried with each of the two (tool), in both orders (first, second), or once.
RULES = []


def rule(function):
    RULES.append(function)
    return function


@rule
def what_one_puts_the_other_shows_and_works(home, first, second):
    queue, next = home.queues()
    for body in b"\n\n\0 no newline\r\n\xff", b"x" * 300_000, b"Spool: 1\nId: z\n\n":
        id = first.put(queue, body)
        shown = home.spool.run(["spool", "show", id]).stdout.decode()
        expect(f"{queue.name}/new/{id}" in shown, f"spool show: {shown}")
        expect_same(home.spool.run(["spool", "show", "--body", id]).stdout, body, "spool show --body")
        read(queue / "new" / id)
        was = (queue / "new" / id).read_bytes()
        second.work(queue, next, "sh", "-c", "cat && printf '!'")
        expect_same((queue / "done" / id).read_bytes(), was, "the entry in done/")
        header, product = read(next / "new" / id)
        expect_same((header["Id"], header["To"], product), (id, next.name, body + b"!"), "the product")
        first.work(next, queue, "false")
        expect_same(next.tree(), [f"fail/{id}"], "the product as the other's entry")
        os.remove(next / "fail" / id)


@rule
def a_slug_and_a_child_keep_their_names(home, tool):
    queue, next = home.queues()
    id = home.spool.put(queue, b"a")
    craft(queue / "new" / f"{id}-some-slug", b"b")
    craft(queue / "new" / f"{id}-some-slug.2.11", b"c")
    tool.work(queue, next, "cat")
    expect_same(next.entries("new"), {id: b"a", f"{id}-some-slug": b"b", f"{id}-some-slug.2.11": b"c"}, "the products")


@rule
def the_same_key_gives_one_entry(home, first, second):
    queue, next = home.queues()
    id = first.put(queue, b"one", "the key")
    expect_same(second.put(queue, b"one", "the key"), id, "the other's ID")
    again = second.run(second.to_put(queue, "the key"), b"two")
    expect_same(again.stdout.decode(), f"{id}\n", "the ID for another text")
    expect(b"another text" in again.stderr, f"another text: nothing is said: {again.stderr}")
    expect_same(queue.entries("new"), {id: b"one"}, "new/")
    second.work(queue, next, "cat")
    expect_same(first.put(queue, b"one", "the key"), id, "the ID of what is done")
    expect_same(queue.tree(), [f"done/{id}"], "the queue")
    expect(first.put(next, b"one", "the key") != id, "the key of another queue counts")


@rule
def many_at_once_get_one_id(home):
    queue, _ = home.queues()
    ids = {}
    for key in "a1", "a2", "b1", "b2", "c1", "c2":
        (home.path / "body").write_text(key)
        processes = []
        # Two rounds with each alone: among both, the quicker one nearly always wins.
        for tool in {"a": home.both[:1] * 2, "b": home.both[1:] * 2}.get(key[0], home.both) * 4:
            with open(home.path / "body") as body:
                argv = tool.to_put(queue, key)
                processes.append(subprocess.Popen(argv, stdin=body, stdout=subprocess.PIPE, **tool.options))
        said = {process.communicate()[0].decode() for process in processes}
        expect(len(said) == 1 and not any(process.returncode for process in processes), f"key {key}: {said}")
        ids[said.pop().strip()] = key.encode()
    expect_same(queue.entries("new"), ids, "new/")
    expect_same([path.name for path in (queue / "keys").glob("*/.*")], [], "what is left in keys/")


@rule
def a_key_whose_entry_failed_is_69(home, first, second):
    queue, next = home.queues()
    id = first.put(queue, b"one", "k")
    second.work(queue, next, "false")
    for tool in home.both:
        words = tool.run(tool.to_put(queue, "k"), b"one", exits=69).stderr.decode()
        expect(f"spool retry {id}" in words and "exit" in words, f"{tool.name} says: {words}")
    expect_same(queue.tree(), [f"fail/{id}"], "the queue")


@rule
def nothing_on_stdin_is_65(home, tool):
    queue, _ = home.queues()
    for key in None, "k":
        tool.run(tool.to_put(queue, key), exits=65)
    expect_same(queue.tree() + list((queue / "keys").glob("*/*")), [], "the queue")
    tool.put(queue, b"now", "k")


@rule
def oldest_first_and_what_is_due_among_them(home, tool):
    queue, next = home.queues()
    names = "new/%s wait/%s,1 new/%s,3d wait/%s,2d new/%s wait/%s,1 wait/%s,1".split()
    for number, name in enumerate(names):
        path = craft(queue / (name % an_id(number)), b"%d" % number)
        if number in (5, 6):  # not yet due; due, for no tool sets a time so far ahead
            os.utime(path, (0, time.time() + (3600 if number == 5 else 25 * 3600)))
    tool.work(queue, next, "sh", "-c", "cat >>order")
    order = home.path / "order"
    expect_same(order.read_text(), "012346", "the order")
    order.unlink()
    done = [f"done/{an_id(number)}" for number in (0, 1, 2, 3, 4, 6)]
    expect_same(queue.tree(), done + [f"wait/{an_id(5)},1"], "the queue")


@rule
def what_a_command_finds(home, tool):
    queue, next = home.queues()
    id = tool.put(queue, b"body\n")
    tool.work(queue, next, "sh", "-c", r"""
        run=$SPOOL_DIR/$1/run; name=$(ls "$run"); echo "${name%.*}"
        [ "$run/$name" -ef "/dev/fd/$SPINDLE_LOCK_FD" ] && echo 'has the entry at 9'
        flock -n "$run/$name" true || echo 'it is locked'
        echo "$SPOOL_ID $(stat -Lc '%h links' /dev/fd/0)"; cat /dev/stdin -
        kill -0 "${name##*.}" && echo 'its worker lives'
        """, "sh", queue.name)
    expect_same(next.entries("new")[id].decode(), f"{id}@{os.uname().nodename}\nhas the entry at 9\nit is locked\n"
                f"{id} 0 links\nbody\nbody\nits worker lives\n", "what it finds")


@rule
def what_a_command_leaves_running_is_killed(home, tool):
    queue, next = home.queues()
    id = tool.put(queue, b"body")
    tool.work(queue, next, "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")
    process = int(next.entries("new")[id])
    expect_same(os.waitpid(process, 0)[1], signal.SIGKILL, "how it ended")  # it is our orphan


@rule
def a_retry_waits_and_counts(home, first, second):
    queue, next = home.queues()
    for number, how in enumerate(["exit 75", "exit 74", "kill -s KILL $$", "kill -s TERM $$"]):
        path = craft(queue / "new" / an_id(number))
        begin = time.time()
        first.work(queue, next, "sh", "-c", how)
        path = queue / "wait" / f"{path.name},1"
        pause = path.stat().st_mtime - begin
        expect(26 < pause < 40, f"{how}: again after {pause} s, not 30 +-10 %")
    second.work(queue, next, "touch", "too-early")
    expect(not (home.path / "too-early").exists(), "it ran before its time")
    for path in (queue / "wait").iterdir():
        os.utime(path)
    second.work(queue, next, "cat")
    ids = [an_id(number) for number in range(4)]
    expect_same(queue.tree() + next.tree(), [f"done/{id}" for id in ids] + [f"new/{id}" for id in ids], "the queues")


@rule
def backoff_doubles_and_doubt_stays(home, tool):
    queue, next = home.queues()
    for k, pause in (0, 30), (1, 60), (3, 240):
        craft(queue / "new" / f"{an_id(k)},{k}d")
        begin = time.time()
        tool.work(queue, next, "sh", "-c", "exit 75")
        found = (queue / "wait" / f"{an_id(k)},{k + 1}d").stat().st_mtime - begin
        expect(0.89 * pause < found < 1.11 * pause + 5, f"after {k + 1} attempts: {found} s")


@rule
def five_attempts_whoever_makes_them(home, first, second):
    queue, next = home.queues()
    id = first.put(queue, b"poison")
    for attempt, tool in enumerate([first, second, first, second, first]):
        tool.work(queue, next, "sh", "-c", f"echo {attempt} >>attempts; exit 75")
        for path in (queue / "wait").iterdir():
            expect_same(path.name, f"{id},{attempt + 1}", "its name")
            os.utime(path)
    expect_same(queue.tree(), [f"fail/{id},4"], "the queue")
    # A crash counts as well, and is given up by who claims it.
    craft(queue / "wait" / f"{an_id(1)},5")
    second.work(queue, next, "sh", "-c", "echo 5 >>attempts")
    expect_same(queue.tree(), [f"fail/{an_id(1)},5", f"fail/{id},4"], "the queue")
    expect_same((home.path / "attempts").read_text(), "0\n1\n2\n3\n4\n", "attempts")
    (home.path / "attempts").unlink()


@rule
def any_other_exit_is_final(home, tool):
    queue, next = home.queues()
    for number, code in enumerate([1, 2, 65, 70, 76, 100, 123]):
        craft(queue / "new" / an_id(number))
        tool.work(queue, next, "sh", "-c", f"echo why >&2; exit {code}")
        words = (queue / "log" / f"{an_id(number)}.log").read_text()
        expect("why" in words and f"exit {code}" in words, f"exit {code}: its log says {words}")
    expect_same(queue.tree() + next.tree(), [f"fail/{an_id(number)}" for number in range(7)], "the queues")


@rule
def expired_is_failed_and_not_run(home, tool):
    queue, next = home.queues()
    craft(queue / "new" / an_id(1), Expires="2026-01-01T00:00:00Z")
    craft(queue / "new" / an_id(2), Expires="2199-01-01T00:00:00+01:00")
    tool.work(queue, next, "cat")
    expect_same(queue.tree() + next.tree(), [f"done/{an_id(2)}", f"fail/{an_id(1)}", f"new/{an_id(2)}"], "the queues")
    expect("expired" in (queue / "log" / f"{an_id(1)}.log").read_text(), "its log does not say why")


@rule
def a_time_may_be_far_off(home, tool):
    queue, next = home.queues()
    craft(queue / "new" / an_id(1), Expires="9999-12-31T23:59:59Z", Created="1066-10-14T09:00:00Z")
    os.utime(craft(queue / "wait" / an_id(2)), (0, 10_000_000_000))
    os.utime(craft(queue / "wait" / an_id(3)), (0, -1_000_000_000))
    tool.work(queue, next, "cat")
    expect_same(queue.tree(), [f"done/{an_id(number)}" for number in (1, 2, 3)], "the queue")


@rule
def what_is_no_entry_goes_to_bad(home, tool):
    queue, next = home.queues()
    new = queue / "new"
    craft(new / an_id(1), Length=4)
    craft(new / an_id(2), Sha256="0" * 64)
    craft(new / an_id(3), Id=an_id(4))
    craft(new / an_id(4), Spool=2)
    (new / an_id(5)).write_bytes(b"Spool: 1\nId: " + an_id(5).encode())
    (new / an_id(6)).symlink_to(craft(home.path / "elsewhere" / an_id(6)))
    os.mkfifo(new / an_id(7))
    os.link(craft(home.path / "elsewhere" / an_id(8)), new / an_id(8))
    (new / an_id(9)).mkdir()
    with open(new / an_id(10), "wb") as big:
        big.truncate((64 << 20) + 1)
    for name in "readme.txt", f"{an_id(11)},0", f"{an_id(11)},01", an_id(11).upper()[:-6] + "vowela":
        craft(new / name)
    names = sorted(os.listdir(new))
    craft(new / an_id(12), Unknown="kept and ignored")
    tool.work(queue, next, "cat")
    bad = [f"bad/{name}" for name in names]
    expect_same(queue.tree(), bad + [f"done/{an_id(12)}"], "the queue")
    expect_same(next.tree(), [f"new/{an_id(12)}"], "the next queue")


@rule
def what_exists_is_never_overwritten(home, tool):
    queue, next = home.queues()
    craft(queue / "new" / an_id(1), b"entry")
    craft(queue / "new" / an_id(2), b"entry")
    craft(queue / "done" / an_id(1), b"another in done")
    tool.work(queue, next, "cat", exits=70)
    expect_same(queue.entries("done"), {an_id(1): b"another in done", an_id(2): b"entry"}, "done/")
    expect_same(queue.entries("run"), {an_id(1): b"entry"}, "run/")
    home.check(queue, finds=True)
    queue, next = home.queues()
    craft(queue / "new" / an_id(1), b"entry")
    craft(next / "new" / an_id(1), b"another in new")
    tool.work(queue, next, "cat", exits=70)
    expect_same(queue.entries("done"), {an_id(1): b"entry"}, "done/")
    expect_same(next.entries("new"), {an_id(1): b"another in new"}, "the next queue")
    expect_same(read(queue / "out" / an_id(1) / an_id(1))[1], b"entry", "the product")
    # Parked by a person, who thus makes room: it goes on.
    os.rename(next / "new" / an_id(1), next / "hold" / an_id(1))
    tool.sweep(queue)
    expect_same(queue.tree() + next.tree("new"), [f"done/{an_id(1)}", f"new/{an_id(1)}"], "the queues")


@rule
def an_orphan_waits_and_is_counted(home, tool):
    queue, _ = home.queues()
    craft(queue / "run" / f"{an_id(1)}@some-host.7.4711")
    craft(queue / "run" / f"{an_id(2)},3d@{os.uname().nodename}.{os.getpid()}")  # its pid lives, and has no lock
    with open(craft(queue / "run" / f"{an_id(3)},1@host.4711")) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        tool.sweep(queue)
        names = [f"run/{an_id(3)},1@host.4711", f"wait/{an_id(1)},1", f"wait/{an_id(2)},4d"]
        expect_same(queue.tree(), names, "the queue")
    expect(all(path.stat().st_mtime <= time.time() for path in (queue / "wait").iterdir()), "it is not due at once")


@rule
def in_runs_and_approvals_a_crash_is_not_counted(home, tool):
    for name in "runs", "approvals":
        home.spool.run(["spool", "init", name])
        queue = Queue(home.path / "spool", name)
        home.count += 1
        craft(queue / "run" / f"{an_id(home.count)}@host.1")
        craft(queue / "run" / f"{an_id(home.count)}.1,2d@host.1")
        tool.sweep(queue)
        names = [f"wait/{an_id(home.count)}", f"wait/{an_id(home.count)}.1,2d"]
        expect_same(queue.tree(), names, name)
        for path in names:
            os.remove(queue / path)


@rule
def a_finish_is_taken_up_at_each_beat(home, tool):
    queue, next = home.queues()
    rooms = {1: "run/%s,2d@host.4711", 2: "done/%s", 3: "hold/%s", 4: "hold/%s,1d", 5: "done/%s", 6: "run/%s@host.4711"}
    for number, room in rooms.items():
        craft(queue / (room % an_id(number)))
        (queue / "out" / an_id(number)).mkdir()
        if number != 5:  # there all was handed over, and only rmdir is missing
            craft(queue / "out" / an_id(number) / an_id(number), b"product", To=next.name)
    craft(queue / "out" / an_id(6) / f"{an_id(6)}.1", b"child", To=next.name)
    craft(queue / "out" / an_id(6) / f"{an_id(6)}.12", b"child", To=queue.name)
    craft(queue / "out" / an_id(6) / "re", b"response", Id=an_id(6))
    tool.sweep(queue)
    done = [f"done/{an_id(number)}" for number in rooms]
    expect_same(queue.tree(), done + [f"new/{an_id(6)}.12", f"re/{an_id(6)}"], "the queue")
    products = [f"new/{an_id(number)}" for number in (1, 2, 3, 4, 6)]
    expect_same(next.tree(), products + [f"new/{an_id(6)}.1"], "the next queue")


@rule
def a_claim_finds_that_it_is_done(home, tool):
    queue, next = home.queues()
    for number, room in enumerate(["new", "wait"]):
        craft(queue / room / f"{an_id(number)},7")
        craft(queue / "out" / an_id(number) / an_id(number), b"product", To=next.name)
    tool.work(queue, next, "sh", "-c", "echo again")
    ids = [an_id(0), an_id(1)]
    expect_same(queue.tree(), [f"done/{id}" for id in ids], "the queue")
    expect_same(next.entries("new"), {id: b"product" for id in ids}, "the products")


@rule
def a_product_that_names_no_queue_is_the_next_workers(home, first, second):
    queue, next = home.queues()
    for room in "run/%s@host.1" % an_id(1), "done/%s" % an_id(2):
        id = craft(queue / room).name.split("@")[0]
        (queue / "out" / id).mkdir()
        craft(queue / "out" / id / id, b"product")
    first.sweep(queue)
    ids = [an_id(1), an_id(2)]
    expect_same(queue.tree(), [f"{room}/{id}" for room in ("done", "out") for id in ids], "the queue")
    home.check(queue, finds=True)
    second.work(queue, next, "cat")
    expect_same(queue.tree(), [f"done/{id}" for id in ids], "the queue")
    expect_same(next.entries("new"), {id: b"product" for id in ids}, "the products")


@rule
def a_publish_under_a_key_is_taken_up(home, first, second):
    queue, _ = home.queues()
    ledger = queue / "keys" / hashlib.sha256(b"k").hexdigest()[:2]
    linked, young, old, held = (craft(ledger / f".{an_id(number)}", Key="k") for number in range(4))
    (ledger / hashlib.sha256(b"k").hexdigest()).symlink_to(an_id(0))
    for path in old, held:
        os.utime(path, (0, time.time() - 37 * 3600))
    with open(held) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        first.sweep(queue)
    expect_same(sorted(path.name for path in ledger.glob(".*")), [young.name, held.name], "what is left in keys/")
    expect_same(queue.tree(), [f"new/{an_id(0)}"], "the queue")
    # The same found by who comes with the key again.
    os.rename(queue / "new" / an_id(0), linked)
    expect_same(second.put(queue, b"body\n", "k"), an_id(0), "the ID")
    expect_same(queue.tree(), [f"new/{an_id(0)}"], "the queue")


@rule
def old_litter_goes_and_what_is_written_stays(home, tool):
    queue, _ = home.queues()
    tmp = queue / "tmp"
    for name in "old", "old-and-held", "young":
        (tmp / name).write_text("half")
    for name in "old-dir", "young-dir":
        (tmp / name).mkdir()
        (tmp / name / "product").write_text("half")
    for name in "old", "old-and-held", "old-dir":
        os.utime(tmp / name, (0, time.time() - 37 * 3600))
    with open(tmp / "old-and-held") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tool.sweep(queue)
    expect_same(sorted(os.listdir(tmp)), ["old-and-held", "young", "young-dir"], "tmp/")


def start_endless(home, tool, queue, next):
    """A worker whose command has begun, and does not end by itself."""
    fifo = home.path / "begun"
    os.mkfifo(fifo)
    command = ["sh", "-c", 'echo >"$1"; exec sleep 1000', "sh", str(fifo)]
    worker = subprocess.Popen(tool.to_work(queue, next, *command), stdout=subprocess.DEVNULL, **tool.options)
    fifo.read_text()
    fifo.unlink()
    return worker


@rule
def asked_to_stop_it_hands_back(home, tool):
    queue, next = home.queues()
    craft(queue / "new" / f"{an_id(1)},2")
    craft(queue / "new" / an_id(2))
    worker = start_endless(home, tool, queue, next)
    worker.terminate()
    expect_same(worker.wait(PATIENCE), 143, "its exit")
    expect_same(queue.tree(), [f"new/{an_id(2)}", f"wait/{an_id(1)},2"], "the queue")
    expect((queue / "wait" / f"{an_id(1)},2").stat().st_mtime <= time.time(), "it is not due at once")


@rule
def killed_its_command_dies_and_the_other_goes_on(home, first, second):
    queue, next = home.queues()
    id = first.put(queue, b"body")
    worker = start_endless(home, first, queue, next)
    second.sweep(queue)
    expect_same(queue.tree(), [f"run/{id}@{os.uname().nodename}.{worker.pid}"], "the queue while it is worked on")
    worker.kill()
    worker.wait()
    with open(queue / queue.tree()[0]) as entry:
        fcntl.flock(entry, fcntl.LOCK_EX)  # granted when the last of the command has ended
        second.sweep(queue)
        expect_same(len(queue.tree("run")), 1, "entries in run/ that are locked")
    second.sweep(queue)
    expect_same(queue.tree(), [f"wait/{id},1"], "the queue")
    second.work(queue, next, "cat")
    expect_same(queue.tree() + next.tree(), [f"done/{id}", f"new/{id}"], "the queues")
