"""Disks that are full, to the last byte or the last inode, at each point of an entry's life.

Intake is refused before it is too late (75); what cannot be written is said, and nothing of it stays; when there is
space again all goes on."""
import os
import time

from case import expect
from home import case_on, failed

FULL = "No space left on device"
REFUSED = "the disk is nearly full"
AGENT = "Command: {}\nRate: 1000/min\n\n"


def script(home, name, text):
    """A program of this home."""
    path = home.home / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o700)
    return path


def fill(disk):
    """In shell: fills the disk to the last byte, whatever the size of its blocks."""
    blocks = (f"dd if=/dev/zero of={disk.path}/filler oflag=append conv=notrunc,fsync bs={size} 2>/dev/null"
              for size in ("64k", "1k", "1"))
    return "; ".join(blocks)


def filling(home, disk, then="true"):
    """A command that fills the disk under its worker when it has read what it is given."""
    return "sh", "-c", f"cat >>{home.home}/given; exec </dev/null; {fill(disk)}; {then}"


def done_with(home, products=1):
    """Each entry of a is done, and its product, where it had one to make, is in b."""
    entries = home.entries("a")
    expect(all(entry.room == "done" for entry in entries), f"not done: {[entry.path.name for entry in entries]}")
    expect(len(home.entries("b", "new")) == products, f"not {products} products: {home.names('b', 'new')}")
    home.settled()


@case_on("tmpfs", "ext4")
def all_intake_is_refused_while_a_disk_is_nearly_full_and_what_is_in_finishes(home, disk):
    home.init()
    home.put()
    (home.spool / "a/drop/letter").write_bytes(b"dropped")
    (home.spool / "agents/main.md").write_text(AGENT.format("cat"))
    disk.fill(leave=300_000)
    before = sorted(path for path in home.spool.rglob("*/new/*"))
    for argv in (("spool", "put", "a"), ("spool", "put", "a", "--lines"), ("spool", "put", "a", "--key", "k"),
                 ("claude-call", "hello"), ("claude-call", "hello", "--key", "k"), ("spool", "tick")):
        failed(home.run(*argv, stdin=b"one\ntwo\n"), 75, REFUSED, "free some space", tool=argv[0])
    expect(before == sorted(path for path in home.spool.rglob("*/new/*")), "something was accepted")
    # That the disk is nearly full is told: a delivery.
    left = [path for pattern in ("*/tmp/*", "*/keys/*/*") for path in home.spool.rglob(pattern)
            if "deliveries" not in path.parts]
    expect(not left, f"left behind: {left}")
    answer = home.good("claude-call", "--fallback", "-", stdin=b"the agenda\n")
    expect(answer.out == b"the agenda\n", f"not the fallback: {answer.out}")
    # What is made already is told, and what has its time is done.
    home.good("deliver", "--to", f"file:{home.home}/letters", "--key", "k", stdin=answer.out)
    expect(b"the agenda" in (home.home / "letters").read_bytes(), "the fallback was not delivered")
    home.good("job", "nightly", "--", "true")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    done_with(home)
    disk.free()
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect([entry.body for entry in home.entries("a", "done")] == [b"hello\n", b"dropped"], "the dropped letter")
    done_with(home, products=2)


@case_on("tmpfs", "ext4")
def a_body_that_does_not_fit_is_refused_whole(home, disk):
    home.init()
    body = b"x" * (9 << 20)
    for argv in (("spool", "put", "a"), ("spool", "put", "a", "--key", "k"), ("deliver", "--to", "me", "--key", "k")):
        done = failed(home.run(*argv, stdin=body), 75, FULL, "free some space", tool=argv[0])
        expect(not done.out, f"an ID was printed: {done.out}")
    left = [path for queue in home.queues() for room in ("tmp", "new", "keys") for path in (queue / room).rglob("*")]
    expect(all(path.is_dir() for path in left), f"left behind: {left}")
    first = home.put("a", b"small", "--key", "k")
    expect(home.put("a", b"small", "--key", "k") == first, "the key of what was refused is taken")
    home.settled()


@case_on("tmpfs", "ext4")
def a_product_that_cannot_be_written_is_made_again(home, disk):
    home.init()
    id = home.put()
    work = "spool", "work", "a", "--to", "b", "--once", "--"
    failed(home.run(*work, *filling(home, disk, "head -c 200000 /dev/zero")), 75, FULL, "free some space", tool="spool")
    expect(not home.entries("b"), "half a product was handed over")
    disk.free()
    home.good("spool", "sweep")
    expect(home.names("a", "wait") == [f"{id},1"], "not in wait/, with its attempt counted")
    home.good(*work, "cat")
    done_with(home)
    expect(home.entries("b", "new")[0].body == b"hello\n", "another product")


@case_on("tmpfs", "ext4")
def what_cannot_be_begun_on_a_full_disk_waits_uncounted_and_is_said(home, disk):
    home.init()
    id = home.put()
    disk.fill()
    done = home.run("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    failed(done, (0, 75), FULL, tool="spool")
    home.good("spool", "sweep")
    expect([name.partition(",")[0] for name in home.names("a", "wait") + home.names("a", "new")] == [id], "it is lost")
    expect(not (home.home / "given").exists() and not home.entries("b"), "it was begun")
    disk.free()
    home.make_due("a")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    done_with(home)


@case_on("tmpfs", "ext4")
def a_log_and_a_journal_that_cannot_be_written_stop_nothing(home, disk):
    home.init()
    id = home.put()
    command = filling(home, disk, "head -c 300000 /dev/zero | tr '\\0' x >&2")
    failed(home.run("spool", "work", "a", "--once", "--", *command), 0, f"log/{id}.log", FULL)
    expect(home.only("a", "done").id == id, "it is not done")
    disk.free()
    second = home.put()
    home.good("spool", "work", "a", "--once", "--", "true")
    told = home.good("spool", "tail", "-n", "1000", "--no-follow").out.decode()
    expect(f"done a/{second}" in told, f"the journal does not go on: {told}")
    home.settled()


@case_on("tmpfs", "ext4")
def a_message_that_does_not_fit_into_its_file_is_sent_whole_later(home, disk):
    home.spool = home.home / "spool"
    home.init()
    inbox, text = disk.path / "inbox", b"The kettle is on.\n" * 3000
    inbox.write_bytes(b"=== another's\n")
    disk.fill(leave=20_000)
    done = home.run("deliver", "--to", f"file:{inbox}", "--subject", "Tea", stdin=text)
    failed(done, 0, "not sent yet", FULL, tool="deliver")
    id = done.out.decode().strip()
    expect(home.names("deliveries", "wait") == [f"{id},1"], "not tried again, or in doubt: nothing was sent")
    expect(inbox.read_bytes() == b"=== another's\n", "a torn record stays")
    disk.free()
    home.make_due("deliveries")
    home.good("deliver", "--recover")
    whole = b"=== another's\n" + f"=== {id} Tea\n".encode() + text + b"\n"
    expect(inbox.read_bytes() == whole, "not one whole record")
    expect(home.only("deliveries", "done").id == id, "not done")
    home.settled()


@case_on("tmpfs", "ext4")
def a_delivery_on_a_full_spool_is_not_lost(home, disk):
    home.init()
    home.spool.joinpath("channels").mkdir(exist_ok=True)
    gate = home.home / "open"
    channel = home.spool / "channels/gate"
    channel.write_text(f"#!/bin/sh\ncat >>{home.home}/sent; test -e {gate} || exit 69; echo sent\n")
    channel.chmod(0o700)
    id = home.good("deliver", "--to", "gate:x", stdin=b"text\n").out.decode().strip()
    disk.fill()
    home.make_due("deliveries")
    # To send needs no space: it is tried, and put off.
    home.good("deliver", "--recover")
    expect(home.only("deliveries", "wait").id == id, "not put off")
    disk.free()
    gate.touch()
    home.good("spool", "sweep")
    home.make_due("deliveries")
    home.good("deliver", "--recover")
    expect(home.only("deliveries", "done").id == id, "not done")
    expect((home.home / "sent").read_bytes() == b"text\n" * 3, "not tried twice and sent once")
    home.settled()


@case_on("tmpfs", "ext4")
def a_reply_that_cannot_be_recorded_is_no_reply(home, disk):
    home.init()
    agent = script(home, "agent", f"cat >/dev/null; echo called >>{home.home}/calls\n"
                   f"test -e {home.home}/calm || {{ {fill(disk)}; }}\nhead -c 200000 /dev/zero | tr '\\0' x")
    (home.spool / "agents/main.md").write_text(AGENT.format(agent))
    call = "claude-call", "--key", "k", "--attempts", "1", "what?"
    done = failed(home.run(*call), 75, FULL, "free some space", tool="claude-call")
    expect(b"No reply from agent. (refused, " in done.err and not done.out, f"not refused: {done}")
    disk.free()
    done = home.good(*call, "--fallback", "-")
    expect(done.out == b"what?\n" and FULL.encode() in done.err, "not the fallback, or not why")
    disk.free()
    (home.home / "calm").touch()
    replies = [home.good(*call).out for _ in range(2)]
    expect(replies == [b"x" * 200_000 + b"\n"] * 2, "another reply")
    expect(len(home.lines("calls")) == 3, "the recorded reply was asked for again")
    expect(len(home.entries("calls-main", "done")) == len(home.entries("calls-main", "re")) == 1, "not one record")
    home.settled()


@case_on("tmpfs", "ext4")
def what_is_dropped_on_a_full_disk_stays_until_there_is_space(home, disk):
    home.init()
    text = b"bread\nmilk\n" * 300
    (home.spool / "a/drop/Shopping list.txt").write_bytes(text)
    disk.fill()
    for argv in (("spool", "tick"), ("spool", "tick", "a"), ("spool", "sweep")):
        failed(home.run(*argv), 75, tool="spool")
    done = home.run("spool", "work", "a", "--once", "--", "cat")
    failed(done, 0, "a/drop", "free some space", tool="spool")
    lying = [path.read_bytes() for path in (home.spool / "a/drop").iterdir()]
    expect(lying == [text] and not home.entries("a"), "the file is not there, whole, and alone")
    disk.free()
    home.good("spool", "tick")
    entry = home.only("a", "new")
    expect(entry.body == text and entry.header["Name"] == "Shopping list.txt", "not what was dropped")
    expect(not home.names("a", "drop"), "something is left in drop/")
    home.settled()


@case_on("tmpfs", "ext4")
def a_tick_on_a_full_disk_still_does_all_that_needs_no_space(home, disk):
    home.init()
    id = home.put()
    (home.spool / f"a/new/{id}").rename(home.spool / f"a/run/{id}@elsewhere.4711")
    disk.fill()
    failed(home.run("spool", "tick"), 75, FULL, "free some space", tool="spool")
    expect(home.names("a", "wait") == [f"{id},1"], "what a dead worker left was not swept")
    disk.free()
    home.good("spool", "tick")
    home.settled()


@case_on("tmpfs", "ext4")
def without_an_inode_nothing_is_taken_in_and_nothing_is_lost(home, disk):
    home.init()
    home.put()
    (home.spool / "a/drop/letter").write_bytes(b"dropped")
    disk.remount("nr_inodes=300") if disk.kind == "tmpfs" else None
    disk.fill_inodes()
    for argv in (("spool", "put", "a"), ("spool", "put", "a", "--key", "k"), ("deliver", "--to", "me"),
                 ("claude-call", "hello"), ("job", "nightly", "--", "true"), ("spool", "tick")):
        failed(home.run(*argv, stdin=b"text\n"), (73, 75), tool=argv[0])
    done = home.run("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    failed(done, (0, 75), FULL, tool="spool")
    disk.free()
    home.good("spool", "sweep")
    home.make_due("a")
    home.good("spool", "work", "a", "--to", "b", "--once", "--", "cat")
    expect({entry.body for entry in home.entries("b", "new")} == {b"hello\n", b"dropped"}, "not both products")
    done_with(home, products=2)


@case_on("ext4")
def a_room_that_cannot_grow_stops_the_worker_and_loses_nothing(home, disk):
    """A rename may need a block too: of the directory that it makes longer."""
    home.init()
    work, said, rounds = ("spool", "work", "a", "--once", "--"), 0, 27
    for number in range(rounds):
        home.put()
        done = home.run(*work, *filling(home, disk))
        expect(done.code in (0, 75), f"exit {done.code}")
        said += b"/done/" in done.err and FULL.encode() in done.err
        disk.free()
        home.good("spool", "sweep")
        home.good(*work, "sh", "-c", f"cat >>{home.home}/given")
        expect(len(home.entries("a", "done")) == number + 1, "not all are done")
    expect(said, "done/ always had room: nothing was tried")
    expect(len(home.lines("given")) == rounds + said, "worked more often than there was a reason for")
    home.settled()


@case_on("tmpfs", "ext4")
def a_spool_that_cannot_be_made_on_a_full_disk_is_made_later(home, disk):
    disk.fill()
    failed(home.run("spool", "init", "a", "b"), (73, 75), FULL, tool="spool")
    disk.free()
    home.init()
    home.put()
    expect(time.time() - (home.spool / "journal").stat().st_mtime < 60, "no journal")
    expect(sorted(os.listdir(home.spool / "agents")) != [], "the skeleton is not whole")
    home.settled()
