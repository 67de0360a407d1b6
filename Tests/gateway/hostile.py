"""What bob does to be alice, to read what is hers, or to have the key; and what he does to stop everybody's calls."""
import os
import signal
import socket
import time

from estate import ALICE, BOB, GROUPS, OWNER, SOON, UIDS, become, case_of_three, expect, until
from house import KEY


def settled_estate(estate, **header):
    """alice's call is answered, and another one of hers waits: these are to be hers alone."""
    estate.agent(Concurrency=4, **header)
    estate.admit("alice", "bob")
    gateway = estate.gateway()
    estate.call("alice", "hers").answered()
    return gateway


def things_of_alice(estate):
    return {path: path.read_bytes() for room in ("re-alice", "drop-alice", "owed-alice")
            for path in (estate.spool / "calls-a" / room).iterdir() if path.is_file()}


@case_of_three
def bob_can_neither_read_nor_write_what_is_not_his(estate):
    house = estate.house
    settled_estate(estate)
    waiting = estate.call("alice", "await x")
    house.until_made("a await x")
    (estate.spool / "secrets/telegram.token").write_text("hush")
    name = estate.answers("alice")[0]
    calls = estate.spool / "calls-a"
    expect(estate.can("bob", f"ls {calls}/re-bob && touch {calls}/drop-bob/.x && rm {calls}/drop-bob/.x"), "what is his")
    for room in ("re-alice", "drop-alice", "owed-alice", "owed-bob", "drop-bob"):
        estate.cannot("bob", f"ls {calls}/{room}")
    for place in ("calls-a/re-alice", "calls-a/drop-alice", "calls-a/owed-bob", "calls-a/re-bob", "calls-a/new", "calls-a", "agents",
                  "calls-a/drop", "gateway/users", "secrets", "people", "journal", ".", "calls-a/keys", "calls-a/re", "calls-a/out"):
        estate.cannot("bob", f"touch {estate.spool}/{place}/x")
        if place != "calls-a/re-bob":
            estate.cannot("bob", f"ls {estate.spool}/{place}")
    estate.cannot("bob", f"cat {calls}/re-alice/{name}")
    estate.cannot("bob", f"rm {calls}/re-alice/{name}")
    # Whatever there is, by its name.
    files = [path for path in estate.spool.rglob("*") if path.is_file()]
    listing = house.home / "files"
    listing.write_text("".join(f"{path}\n" for path in files))
    listing.chmod(0o644)
    done = estate.run_as(BOB, "sh", "-c", f"while read -r f; do cat \"$f\" >/dev/null && echo \"$f\"; done <{listing}", groups=(GROUPS["bob"],))
    expect(not done.out, f"bob reads {done.out!r}")
    # The key is in the environment of these, and bob is not to have it.
    pids = estate.processes()
    expect(len(pids) >= 10, f"a gateway, its slots and a model: {pids}")
    expect(sum(KEY.encode() in open(f"/proc/{pid}/environ", "rb").read() for pid in pids) >= 10, "they have the key")
    for pid in pids:
        for secret in "environ", "mem", "fd", "maps":
            estate.cannot("bob", f"ls /proc/{pid}/{secret}/ || head -c 1 /proc/{pid}/{secret}")
        expect(KEY.encode() not in open(f"/proc/{pid}/cmdline", "rb").read(), "the key is on a command line")
        estate.cannot("bob", f"kill -0 {pid}")
    house.go("await x")
    waiting.answered()


@case_of_three
def bob_cannot_speak_as_alice(estate):
    house = estate.house
    gateway = settled_estate(estate)
    before = things_of_alice(estate)
    made = house.made()
    # Alice's own files, which bob has got hold of: moved into his drop, and linked there.
    estate.put("bob", "moved", "moved", whose="alice")
    own = house.home / "own"
    own.write_text("linked")
    os.chown(own, ALICE, GROUPS["bob"])
    own.chmod(0o440)
    os.link(own, estate.drop("bob") / "linked")
    mine = house.home / "mine"
    mine.write_text("linked too")
    os.chown(mine, BOB, GROUPS["bob"])
    os.link(mine, estate.drop("bob") / "linked-too")
    os.symlink(own, estate.drop("bob") / "symlink")
    os.lchown(estate.drop("bob") / "symlink", BOB, BOB)
    until(lambda: len(estate.bad()) == 4, f"all four lie in bad/: {estate.bad()}", SOON)
    expect(own.read_text() == "linked", "what it was a link of is as it was")
    # He may say whose it is; nobody believes it.
    estate.put("bob", "claims", "Spool: 1\nFrom: alice\nVia: drop-alice\nRe: x\nKey: drop-alice/key-x\nTo: b\nLength: 6\n\nclaims")
    header, body = estate.answer("bob", "claims")
    expect(body == "a: claims\n", f"{body!r}")
    entry = next(entry for entry in house.calls("done") if entry.body == b"claims")
    expect(entry.header["From"] == "bob" and entry.header["Via"] == "drop-bob", f"{entry.header}")
    expect(house.made() == [*made, "a claims"], f"made: {house.made()}")
    expect(things_of_alice(estate) == before, "what is alice's is as it was")
    estate.call("alice", "after").answered()
    estate.clear_bad()
    house.stop(gateway)


@case_of_three
def bob_cannot_forge_the_names_that_the_gateway_gives(estate):
    """Under the key of alice's call he would be given her answer."""
    house = estate.house
    gateway = settled_estate(estate)
    estate.put("alice", "n1", "secret of alice")
    estate.answer("alice", "n1")
    estate.put("alice", "key-1", "keyed secret of alice")
    estate.answer("alice", "key-1")
    # The answer comes first; that nothing is owed any more, behind it.
    until(lambda: not os.listdir(estate.spool / "calls-a/owed-alice"), "nothing is owed", SOON)
    before = things_of_alice(estate)
    keys = [entry.header["Key"] for entry in house.calls("done")]
    made = house.made()
    house.stop(gateway)
    # The inode and the time of her file, which is gone: his own has that inode, as far as he can arrange it.
    path = estate.put("bob", "x", "of bob")
    inode = path.stat().st_ino
    times = [key.split("-")[-1] for key in keys if ".take-" in key]
    expect(times, f"{keys}")
    path.rename(path.parent / f".take-{inode}-{times[0]}-x")
    # The key under which hers was published, if his file had her inode.
    forged = [key.removeprefix("drop-alice/") for key in keys]
    names = [f".take-1-2-{'x' * 230}", ".take-1-2-..", ".take-1-2-.hidden", ".take-1-2-", ".take-x-y-z", ".take-1-2-a\nb", ".take-1-2-key-1",
             ".take-99999999999999999999-1-x", ".take--1--1-x", "key-1", *(f"{key}-x" for key in forged if key.startswith(".take-"))]
    for number, name in enumerate(names):
        estate.put("bob", name, f"forged {number}")
    os.rename(estate.put("bob", "y", "no text"), os.fsencode(estate.drop("bob")) + b"/.take-1-2-\xff")
    gateway = estate.gateway()
    estate.call("alice", "after").answered()
    estate.call("bob", "after").answered()
    time_to_look(estate)
    bodies = [(estate.spool / "calls-a/re-bob" / name).read_text() for name in estate.answers("bob")]
    expect(not any("of alice" in body for body in bodies), f"bob was given {bodies}")
    expect({path: text for path, text in things_of_alice(estate).items() if path in before} == before, "hers is as it was")
    expect(not any("secret" in line for line in house.made()[len(made):]), f"made: {house.made()}")
    expect(not (estate.spool / "calls-a/re-bob/..").is_file() and gateway.process.poll() is None, "the gateway lives")
    house.stop(gateway)
    for entry in os.listdir(estate.drop("bob")):
        (estate.drop("bob") / entry).unlink()
    estate.clear_bad()


def time_to_look(estate):
    """It has looked once more, and has not ended by it."""
    estate.call("alice", f"look {time.monotonic()}").answered()


@case_of_three
def what_cannot_be_taken_is_told_once_and_holds_up_nobody(estate):
    house = estate.house
    gateway = settled_estate(estate)
    drop = estate.drop("bob")
    os.mkfifo(drop / "fifo")
    os.chown(drop / "fifo", BOB, GROUPS["bob"])
    (drop / "directory").mkdir(0o700)
    os.chown(drop / "directory", BOB, GROUPS["bob"])
    (drop / "directory/x").write_text("x")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(drop)  # its path is too long for an address
        server.bind("socket")
        os.chdir(here)
    estate.put("bob", "large", b"x" * (64 * 2**20 + 1))
    estate.put("bob", "closed", "closed", mode=0o600)
    estate.put("bob", "wrong", "Spool: 1\nno line of a header\n\nx")
    for name in "wrong", "closed":
        header, _ = estate.answer("bob", name)
        expect(header["Status"] == "65" and header["Class"] == "invalid", f"{header}")
    until(lambda: len(estate.bad()) == 5, f"they lie in bad/: {estate.bad()}", SOON)
    house.says(gateway, "drop-bob/directory")
    for number in range(10):
        estate.call("bob" if number % 2 else "alice", f"n{number}").answered()
    said = gateway.said().decode()
    expect(said.count("drop-bob/directory") == 1, f"it is told {said.count('drop-bob/directory')} times: {said}")
    expect(len(house.made()) == 11, f"made: {house.made()}")
    house.stop(gateway)
    (drop / "directory/x").unlink()
    (drop / "directory").rmdir()
    estate.clear_bad()


@case_of_three
def bob_floods_and_alice_is_served(estate):
    """More than may wait are refused; what he holds open or locked is left; and none of it stops others."""
    house = estate.house
    gateway = settled_estate(estate, Backlog=20)
    estate.agent("b")
    estate.admit("alice", agents="a,b")
    until(lambda: not house.calls("new"), "it is idle", SOON)
    names = [f"f{number}" for number in range(400)]
    for name in names:
        estate.put("bob", name, f"flood {name}")
    estate.call("alice", "meanwhile", agent="b").answered()
    until(lambda: len(estate.answers("bob")) == len(names), f"each has an answer: {len(estate.answers('bob'))}", 60)
    status = [estate.answer("bob", name)[0]["Status"] for name in names]
    expect(set(status) == {"0", "75"}, f"{set(status)}")
    refused = next(name for name in names if estate.answer("bob", name)[0]["Status"] == "75")
    expect("Try-Again" in estate.answer("bob", refused)[0], "when to come again")
    expect(status.count("0") == len(house.made("flood")), "what was refused was not made")
    holder = house.start("sh", "-c", f"exec 5>>{estate.drop('bob')}/open; echo x >&5; exec 6<{estate.drop('bob')}/open; flock 6; sleep 1000",
                         preexec_fn=become(BOB, GROUPS["bob"]))
    until((estate.drop("bob") / "open").exists, "he holds it", SOON)
    estate.call("alice", "after").answered()
    holder.kill(signal.SIGKILL).process.wait()
    (estate.drop("bob") / "open").unlink(missing_ok=True)
    house.stop(gateway)
