"""What docs/operations.md promises of its blocks."""
import os
import re

from case import expect
from home import until
from kitchen import checks_of

check = checks_of("operations.md")

PARKED = "pipeline-step a -- echo a\npipeline-step b -- sh -c 'cat go.txt || exit 75'\n"


def fill(kitchen):
    """A message that has arrived, one that has not, an open question, a run that is put off, and something to remember."""
    kitchen.good("deliver", "-q", "--to", "me", "--subject", "One", "--key", "one", stdin=b"one\n")
    kitchen.good("deliver", "-q", "--to", f"file:{kitchen.work}/away/two.txt", "--subject", "Two", stdin=b"two\n")
    kitchen.good("memory", "put", "-q", "tea", stdin=b"at four\n")
    (kitchen.work / "slow.sh").write_text(PARKED)
    kitchen.run("env", "-C", kitchen.work, "pipeline-run", "slow.sh")
    kitchen.lies("runs", "wait")
    waiting = kitchen.start("wait-approval", "--to", "me", "--subject", "Well?", "--key", "well", stdin=b"Is it well?\n")
    until(lambda: kitchen.names("approvals", "hold"), "it is asked")
    kitchen.power_cut()
    return waiting


def go_on(kitchen):
    """What was put off can be done now; and so it is, once."""
    (kitchen.work / "away").mkdir()
    (kitchen.work / "go.txt").touch()
    for room in (kitchen.spool / "runs/wait", kitchen.spool / "deliveries/wait"):
        for path in room.iterdir():
            os.utime(path)
    kitchen.tick()
    until(lambda: kitchen.names("runs", "done") and not kitchen.names("runs", "out"), "the run goes on")
    expect((kitchen.work / "away/two.txt").read_text().count("\ntwo\n") == 1, "what was not sent yet is sent, once")
    expect(kitchen.received("One") == 1, "what was sent is sent again")


@check("Backup and restore")
def restore(kitchen, _):
    fill(kitchen)
    kitchen.cook()
    old = kitchen.home / "spool.lost"
    expect((kitchen.work / "spool.tar").stat().st_mode & 0o077 == 0, "others may read the copy")
    expect(kitchen.names("approvals", "hold") == sorted(os.listdir(old / "approvals/hold")), "the question is lost")
    held = kitchen.names("deliveries", "hold") + kitchen.names("runs", "hold")
    expect(len(held) == 2 and not kitchen.names("deliveries", "wait"), f"not parked: {held}")
    for path in old.rglob("*"):  # as it was, modes and times included
        copy = kitchen.spool / path.relative_to(old)
        if path.parts[-3] not in ("deliveries", "runs", "memory") and path.parent.name not in ("journal", "log") and path.is_file():
            one, two = path.stat(), copy.stat()
            expect((one.st_mode, one.st_mtime_ns) == (two.st_mode, two.st_mtime_ns), f"{path} has another mode or time")
    kitchen.tick()
    expect(not (kitchen.work / "away").exists() and not kitchen.names("runs", "done"), "something went on by itself")
    expect(kitchen.good("memory", "get", "tea").out == b"at four\n", "the memory is lost")
    again = kitchen.good("deliver", "--to", "me", "--subject", "One", "--key", "one", stdin=b"one\n").out.decode()
    expect(again.strip() in os.listdir(old / "deliveries/done"), "its key is forgotten")
    kitchen.good("spool", "release", "-q", *(name.partition(",")[0] for name in held))
    go_on(kitchen)
    kitchen.answer("yes", "Well?")
    done = kitchen.good("wait-approval", "--to", "me", "--subject", "Well?", "--key", "well", stdin=b"Is it well?\n")
    expect(done.out.startswith(b"approved\n"), f"it says {done.out!r}")


@check("Moving it to another place")
def move(kitchen, _):
    fill(kitchen)
    kitchen.cook()
    kitchen.spool = kitchen.home / "elsewhere"
    expect(not (kitchen.home / "spool").exists(), "there is one in the old place")
    go_on(kitchen)


@check("A full disk")
def full(kitchen, _):
    kitchen.good("spool", "init", "-q", "letters")
    for more in (), ("--key", "k 1"):
        kitchen.good("spool", "put", "-q", "letters", *more, stdin=b"a\n")
    kitchen.good("spool", "work", "-q", "--once", "letters", "--", "false")
    kitchen.lies("letters", "fail", "fail")
    day = kitchen.spool / "journal/2020-01-01.jsonl"
    day.touch()
    os.utime(day, (0, 0))
    done = kitchen.cook()
    expect(not day.exists() and len(list(day.parent.glob("*.jsonl"))) == 1, "the journal of old days, and of no other")
    expect(not kitchen.names("letters", "fail") and not kitchen.names("letters", "log"), "what has failed is there")
    expect(re.search(rb"spool/letters\n", done.out) and b"# nothing found" in done.out, f"it says {done.out!r}")
    kitchen.put("letters", b"a\n", "--key", "k 1")  # the key is as if it had never been used
    kitchen.lies("letters", "new")


@check("After a crash")
def crash(kitchen, _):
    kitchen.good("spool", "init", "-q", "letters")
    kitchen.put("letters")
    kitchen.start("spool", "work", "letters", "--", "sleep", "1000")
    until(lambda: kitchen.names("letters", "run"), "it is worked on")
    kitchen.power_cut()
    expect(kitchen.names("letters", "run"), "it is not there any more")
    done = kitchen.cook()
    expect(b"# nothing found" in done.out, f"it says {done.out!r}")
    kitchen.lies("letters", "wait")
    expect(kitchen.names("letters", "wait")[0].endswith(",1"), "the attempt is not counted")


@check("Upgrading, and going back")
def upgrade(kitchen, _):
    gateway = kitchen.start("gateway")
    until(lambda: b"started" in gateway.said() and (kitchen.spool / "heartbeats/gateway").exists(), "the gateway is there")
    kitchen.cook()
    expect(gateway.end().code in (0, 143), "it does not end in order")
    expect(not (kitchen.spool / "heartbeats/gateway").exists(), "its heartbeat goes stale")
