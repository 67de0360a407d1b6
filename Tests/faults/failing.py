"""File systems that are read-only from the start, become so in the middle, or lose what was not flushed.

Every tool says so with a code of docs/exit-codes.md; what was acknowledged is there when the disk is back, once."""
import os
import signal
import time

from case import check_left_over, expect
from disk import AGENT, done_with, script
from home import case, case_on, failed, until

READ_ONLY = "Read-only file system"


def furnished(home):
    """A spool with an entry in each room, moved there by hand; gives the IDs by their rooms."""
    home.init()
    ids = {"done": home.put()}
    home.good("spool", "work", "a", "--once", "--", "cat")
    for room, suffix in ("new", ""), ("run", "@elsewhere.4711"), ("wait", ",1"), ("hold", ""), ("fail", ""):
        ids[room] = home.put()
        (home.spool / f"a/new/{ids[room]}").rename(home.spool / f"a/{room}/{ids[room]}{suffix}")
    return ids


@case_on("tmpfs", "ext4")
def on_a_read_only_disk_every_tool_says_so_and_reading_goes_on(home, disk):
    ids = furnished(home)
    before = home.listing()
    disk.remount("ro")
    writing = {
        ("spool", "put", "a"): (73, 74), ("spool", "put", "a", "--key", "k"): (73, 74), ("spool", "init", "c"): 73,
        ("spool", "put", "a", "--lines"): 73, ("spool", "work", "a", "--once", "--", "cat"): 74,
        ("spool", "work", "a", "--", "cat"): 74, ("spool", "sweep"): 74, ("spool", "tick"): 74,
        ("spool", "hold", ids["new"]): 74, ("spool", "release", ids["hold"]): 74, ("spool", "retry", ids["fail"]): 74,
        ("spool", "cancel", ids["new"]): 74, ("deliver", "--to", "me"): (73, 74),
        ("deliver", "--to", "me", "--key", "k"): (73, 74), ("claude-call", "hello"): (73, 74, 75),
        ("job", "nightly", "--", "true"): (73, 74), ("job", "nightly", "--expect-every", "1d"): (73, 74)}
    for argv, codes in writing.items():
        failed(home.run(*argv, stdin=b"text\n"), codes, READ_ONLY, tool=argv[0])
    for argv in ("ls",), ("ls", "--all", "--json"), ("show", ids["done"]), ("age",), ("tail", "--no-follow"):
        home.good("spool", *argv)
    answer = home.good("claude-call", "--fallback", "-", stdin=b"the agenda\n")
    expect(answer.out == b"the agenda\n", "not the fallback")
    found = home.run("spool", "check")
    expect(found.code == 1 and b"spool sweep a" in found.out, "spool check does not say what it finds")
    expect(home.listing() == before, "something was changed")
    disk.remount("rw")
    home.good("spool", "sweep")
    home.make_due("a")
    home.good("spool", "release", ids["hold"])
    home.good("spool", "retry", ids["fail"])
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    done_with(home, products=5)


@case_on("tmpfs", "ext4")
def a_spool_that_cannot_be_made_is_said(home, disk):
    disk.remount("ro")
    for argv in (("spool", "init"), ("spool", "put", "a"), ("spool", "ls"), ("deliver", "--to", "me"),
                 ("claude-call", "hello"), ("job", "nightly", "--", "true")):
        failed(home.run(*argv, stdin=b"text\n"), (73, 74), READ_ONLY, tool=argv[0])
    disk.remount("rw")
    home.init()
    home.put()
    home.settled()


@case
def a_disk_that_becomes_read_only_under_a_step_loses_nothing(home):
    disk = home.lie_on("ext4")
    home.init()
    id = home.put()
    command = "sh", "-c", f"echo a test >{disk.error_trigger()}; cat"
    failed(home.run("spool", "work", "a", "--to", "b", "--once", "--", *command), (73, 74), READ_ONLY, tool="spool")
    disk.again()
    home.good("spool", "sweep")
    expect(home.names("a", "wait") == [f"{id},1"], "not in wait/, with its attempt counted")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    done_with(home)


@case
def a_disk_that_becomes_read_only_under_a_resident_worker_ends_it(home):
    disk = home.lie_on("ext4")
    home.init()
    id = home.put()
    later = time.time() + 1
    (home.spool / f"a/new/{id}").rename(home.spool / f"a/wait/{id},1")
    os.utime(home.spool / f"a/wait/{id},1", (later, later))
    worker = home.start("spool", "work", "a", "--to", "b", "--", "cat")
    until(worker.sleeps, "the worker sleeps")
    disk.fail()
    failed(worker.end(20), 74, READ_ONLY, tool="spool")
    disk.again()
    home.make_due("a")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    done_with(home)


@case
def an_inbox_that_becomes_read_only_gets_its_message_once(home):
    disk = home.lie_on("ext4")
    home.spool = home.home / "spool"
    home.init()
    inbox = disk.path / "inbox"
    send = "deliver", "--to", f"file:{inbox}", "--key", "k"
    inbox.write_bytes(b"=== another's\n")
    disk.fail()
    done = home.run(*send, stdin=b"text\n")
    failed(done, 0, "not sent yet", READ_ONLY, tool="deliver")
    disk.again()
    home.make_due("deliveries")
    home.good("deliver", "--recover")
    id = done.out.decode().strip()
    expect(inbox.read_bytes() == f"=== another's\n=== {id}\ntext\n\n".encode(), f"the inbox: {inbox.read_bytes()}")
    expect(home.good(*send, stdin=b"text\n").out == done.out, "another ID under the key")
    home.settled()


@case
def a_disk_that_becomes_read_only_under_a_call_or_a_job_leaves_a_record_later(home):
    disk = home.lie_on("ext4")
    home.init()
    broken = f"[ -e {home.home}/calm ] || echo a test >{disk.error_trigger()}"
    agent = script(home, "agent", f"cat >/dev/null; {broken}; echo the reply")
    (home.spool / "agents/main.md").write_text(AGENT.format(agent))
    home.good("spool", "init")
    call = "claude-call", "--key", "k", "what?"
    done = failed(home.run(*call), (73, 74, 75), READ_ONLY, tool="claude-call")
    expect(not done.out, "a reply that is not on record was given")
    disk.again()
    job = "job", "nightly", "--", "sh", "-c", f"{broken}; echo done"
    failed(home.run(*job), (73, 74), READ_ONLY, tool="job")
    disk.again()
    (home.home / "calm").touch()
    expect(home.good(*call).out == home.good(*call).out == b"the reply\n", "another reply")
    expect(len(home.entries("calls-main", "done", "re")) == 2, "not one call and one reply")
    home.good(*job)
    rooms = [entry.room for entry in home.entries("jobs")]
    expect(rooms == ["done", "fail"], f"the jobs lie in {rooms}")
    home.settled()


@case
def what_was_acknowledged_outlives_power_cuts(home):
    """Put, worked and delivered all the while; then the disk loses what was not flushed."""
    disk = home.lie_on("ext4")
    home.init()
    acknowledged, kept = home.home / "acknowledged", []
    for number, enough in enumerate((1, 4, 9, 16, 25, 36, 49)):
        acknowledged.write_text("")
        put = (f"i=0; while i=$((i + 1)); do id=$(echo $i | spool put a --key {number}-$i) && "
               f"echo $id {number}-$i >>{acknowledged} || exit; done")
        running = [home.start("sh", "-c", put), home.start("spool", "work", "a", "--to", "b", "--", "cat")]
        until(lambda: acknowledged.read_text().count("\n") >= enough, f"{enough} puts")
        disk.cut()
        for process in running:
            process.kill(signal.SIGTERM)
            expect(process.end(20).code in (0, 73, 74, 143, -15), "another end")
        disk.again()
        for line in acknowledged.read_text().splitlines():
            id, key = line.split()
            expect(home.put("a", b"another\n", "--key", key) == id, f"key {key} has another entry")
            kept.append(id)
    home.remark(f"7 cuts, {len(kept)} acknowledged")
    home.good("spool", "sweep")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    check_left_over(home)
    done, products = (sorted(entry.id for entry in home.entries(*where)) for where in (("a", "done"), ("b", "new")))
    expect(done == products, "not each has one product")
    expect(set(kept) <= set(done), f"lost: {set(kept) - set(done)}")
    home.settled()
