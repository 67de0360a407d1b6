"""Workers that wait: without inotify, over a directory that goes away, and stopped in the middle."""
import os
import shutil
import signal
import subprocess
import time

from case import expect
from disk import script
from home import Skipped, case, failed, until

GONE = "the directory was removed, moved or unmounted"


def gates(home, *names):
    paths = [home.home / name for name in names]
    for path in paths:
        os.mkfifo(path)
    return paths


def resident(home):
    """A worker that sleeps, and is sure to wake in a moment: an entry will be due, two seconds from now."""
    home.init()
    id = home.put()
    (home.spool / f"a/new/{id}").rename(home.spool / f"a/wait/{id},1")
    os.utime(home.spool / f"a/wait/{id},1", (time.time() + 2,) * 2)
    worker = home.start("spool", "work", "a", "--to", "b", "--", "cat")
    until(worker.sleeps, "the worker sleeps")
    return worker, id


# ------------------------------------------------------------------ no inotify

@case
def without_inotify_a_worker_says_so_once_and_looks_each_second(home):
    """The limit is lowered in a user namespace of its own: nobody else feels it."""
    limit = "/proc/sys/user/max_inotify_instances"
    if subprocess.run(["unshare", "-Ur", "test", "-w", limit], capture_output=True).returncode:
        raise Skipped(f"unshare: no user namespace with {limit}")
    home.init()
    worker = home.start("unshare", "-Ur", "sh", "-c", f"echo 0 >{limit}; exec spool work a --to b -- cat")
    said = b"inotify: no instance to be had: looking each second"
    until(lambda: said in worker.said(), "it says that it has no inotify")
    for number in range(3):
        home.put()
        until(lambda: len(home.names("b", "new")) == number + 1, "the new entry is worked", 10)
    expect(worker.said().count(said) == 1, "said more than once")
    worker.kill(signal.SIGTERM)
    expect(worker.end().code == 0, "another end")
    home.settled()


# ------------------------------------------------------------------ a directory that goes away

def ends_over(home, worker):
    failed(worker.end(10), 69, GONE, "bring it back", tool="spool")


@case
def a_worker_whose_spool_is_removed_ends(home):
    worker, _ = resident(home)
    shutil.rmtree(home.spool)
    ends_over(home, worker)
    expect(not home.spool.exists(), "something was made where the spool was")


@case
def a_worker_whose_queue_is_removed_ends(home):
    worker, _ = resident(home)
    shutil.rmtree(home.spool / "a")
    ends_over(home, worker)
    expect(not (home.spool / "a").exists(), "something was made where the queue was")
    home.settled()


@case
def a_worker_whose_room_is_moved_ends(home):
    worker, id = resident(home)
    (home.spool / "a/new").rename(home.spool / "a/elsewhere")
    ends_over(home, worker)
    (home.spool / "a/elsewhere").rename(home.spool / "a/new")
    expect(home.names("a", "wait") == [f"{id},1"], "worked on meanwhile")
    home.settled()


def moved_away(home, what):
    worker, id = resident(home)
    (home.spool / what).rename(home.home / "elsewhere")
    ends_over(home, worker)
    (home.home / "elsewhere").rename(home.spool / what)
    expect(home.names("a", "wait") == [f"{id},1"], "worked on meanwhile")
    home.settled()


@case
def a_worker_whose_queue_is_moved_ends(home):
    moved_away(home, "a")


@case
def a_worker_whose_spool_is_moved_ends(home):
    moved_away(home, ".")


@case
def a_worker_whose_disk_is_unmounted_ends(home):
    disk = home.lie_on("ext4")
    worker, _ = resident(home)
    disk.unmount()
    ends_over(home, worker)
    disk.again()
    home.make_due("a")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect(len(home.entries("b", "new")) == 1, "not its product")
    home.settled()


@case
def a_courier_whose_spool_is_removed_ends(home):
    home.init()
    busy = script(home, "busy", "exit 75\n")
    home.good("deliver", "--to", f"command:{busy}", stdin=b"text\n")
    for path in (home.spool / "deliveries/wait").iterdir():
        os.utime(path, (time.time() + 2,) * 2)
    courier = home.start("deliver", "--watch")
    until(courier.sleeps, "the courier sleeps")
    shutil.rmtree(home.spool)
    failed(courier.end(10), 69, GONE, tool="deliver")


# ------------------------------------------------------------------ a worker that stands still

def stopped(home, timeout):
    """A worker that was stopped in the middle of its step, which waits at a gate."""
    home.init()
    id = home.put()
    arrived, go = gates(home, "arrived", "go")
    step = "sh", "-c", f"echo >{arrived}; read word <{go}; cat; echo $word"
    worker = home.start("spool", "work", "a", "--to", "b", "--once", "--timeout", timeout, "--", *step)
    arrived.read_text()
    worker.kill(signal.SIGSTOP)
    return worker, id, go


def nobody_takes(home, id):
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    home.good("spool", "sweep")
    [name] = home.names("a", "run")
    expect(name.startswith(f"{id}@") and not home.names("b", "new"), "taken from a worker that lives")


def in_two_minutes():
    return {"SPOOL_NOW": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 120))}


@case
def a_stopped_worker_keeps_its_entry_and_goes_on(home):
    worker, id, go = stopped(home, "10m")
    nobody_takes(home, id)
    expect(home.run("spool", "check", env=in_two_minutes()).code == 0, "named before its death timer")
    worker.kill(signal.SIGCONT)
    go.write_text("done\n")
    expect(worker.end().code == 0, "another end")
    expect([entry.body for entry in home.entries("b", "new")] == [b"hello\ndone\n"], "not its product")
    home.settled()


@case
def a_worker_that_is_stopped_past_its_death_timer_is_named_and_ends_its_step_when_it_goes_on(home):
    worker, id, _ = stopped(home, "1s")
    nobody_takes(home, id)
    found = home.run("spool", "check", env=in_two_minutes())
    expect(found.code == 1 and b"past its death timer, by " in found.out, f"not named: {found.out}")
    expect(f" {worker.pid} (spool)".encode() in found.out, f"not by its process: {found.out}")
    worker.kill(signal.SIGCONT)
    expect(worker.end().code == 0, "another end")
    expect(home.names("a", "wait") == [f"{id},1"] and "ran out of time" in home.log("a", id), "not to be tried again")
    home.make_due("a")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect(len(home.entries("b", "new")) == 1, "not one product")
    home.settled()


@case
def a_stopped_worker_that_is_killed_gives_its_entry_back(home):
    worker, id, _ = stopped(home, "10m")
    worker.kill(signal.SIGKILL)
    expect(worker.end().code == -signal.SIGKILL, "another end")

    def swept():
        home.good("spool", "sweep")
        return home.names("a", "wait")

    # Its step dies with it, a moment later, and the lock with its step.
    expect(until(swept, "the sweep takes it") == [f"{id},1"], "its attempt was not counted")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect(len(home.entries("b", "new")) == 1, "not one product")
    home.settled()
