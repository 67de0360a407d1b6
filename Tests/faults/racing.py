"""Eight copies of everything at once: each thing is done exactly once, and all are told the same."""
import json

from case import expect
from disk import AGENT, script
from home import case, until
from scenarios import SCENARIOS


def eight(home, *argv, stdin=b"", codes=(0,), **how):
    """Eight at once, each to its end; gives what they said."""
    running = [home.start(*argv, stdin=stdin, **how) for _ in range(8)]
    ended = [process.end() for process in running]
    for done in ended:
        expect(done.code in codes, f"{' '.join(map(str, argv))}: exit {done.code}: {done.err.decode(errors='replace')}")
    return ended


def worked_once(home, count):
    begun = home.lines("begun")
    expect(len(begun) == len(set(begun)) == count, f"{len(begun)} runs of {len(set(begun))} entries, not {count}")
    done, products = ({entry.id for entry in home.entries(*where)} for where in (("a", "done"), ("b", "new")))
    expect(done == products == set(begun), "not one product for each")
    expect(len(home.entries("b")) == count, "products that are no entry's")
    home.settled()


@case
def eight_workers_do_each_of_500_entries_once(home):
    home.init()
    home.good("spool", "put", "-q", "a", "--lines", stdin=b"".join(b"%d\n" % number for number in range(500)))
    step = "sh", "-c", f"echo $SPOOL_ID >>{home.home}/begun; cat"
    eight(home, "spool", "work", "a", "--to", "b", "--once", "--", *step)
    worked_once(home, 500)
    expect({entry.body for entry in home.entries("b", "new")} == {b"%d" % n for n in range(500)}, "other products")


@case
def a_crew_of_eight_does_each_of_200_entries_once_while_they_land(home):
    home.init()
    step = "sh", "-c", f"echo $SPOOL_ID >>{home.home}/begun; cat"
    crew = home.start("spool", "work", "a", "--to", "b", "--workers", "8", "--", *step)
    for number in range(20):
        home.good("spool", "put", "-q", "a", "--lines", stdin=b"".join(b"%d\n" % (10 * number + n) for n in range(10)))
    until(lambda: len(home.names("b", "new")) == 200 and not home.names("a", "run"), "all is worked off", 60)
    crew.kill(15)
    expect(crew.end().code == 0, "another end of the crew")
    worked_once(home, 200)


@case
def eight_puts_under_one_key_are_one_entry(home):
    home.init()
    for key in range(10):
        said = {done.out for done in eight(home, "spool", "put", "a", "--key", key, stdin=b"hello\n")}
        expect(len(said) == 1, f"key {key}: several IDs: {said}")
    expect(len(home.entries("a", "new")) == 10, "not one entry a key")
    home.settled()


@case
def eight_recoveries_send_each_message_once(home):
    """To a channel that counts, and to a file."""
    home.init()
    gate, sent, inbox = home.home / "open", home.home / "sent", home.home / "inbox"
    (home.spool / "channels").mkdir(exist_ok=True)
    channel = home.spool / "channels/count"
    channel.write_text(f"#!/bin/sh\n[ -e {gate} ] || exit 69\necho $DELIVERY_ID$DELIVERY_REPEAT >>{sent}; echo sent\n")
    channel.chmod(0o700)
    inbox.mkdir()
    ids = [home.good("deliver", "--to", to, stdin=b"text\n").out.decode().strip()
           for to in ("count:x", f"count:x,file:{inbox}/letters") for _ in range(10)]
    home.good("deliver", "--to", f"file:{inbox}/letters", stdin=b"text\n")
    gate.touch()
    home.make_due("deliveries")
    eight(home, "deliver", "--recover")
    expect(sorted(home.lines("sent")) == sorted(ids), f"not each once: {home.lines('sent')}")
    expect((inbox / "letters").read_text().count("=== ") == 1, "the file has not one record")
    expect(len(home.entries("deliveries", "done")) == len(home.entries("deliveries", "re")) == 21, "not a receipt each")
    home.settled()


@case
def eight_deliveries_to_one_file_are_eight_records(home):
    home.init()
    text = b"x" * 100_000 + b"\n"
    said = eight(home, "deliver", "--to", f"file:{home.home}/inbox", stdin=text)
    wanted = sorted(b"=== " + done.out.strip() + b"\n" + text for done in said)
    got = sorted(record + b"\n" for record in (home.home / "inbox").read_bytes().split(b"\n\n") if record)
    expect(got == wanted, "not eight whole records")
    home.settled()


@case
def eight_sweeps_put_everything_in_order_once(home):
    sweep = SCENARIOS["sweep"]
    sweep.prepare(home)
    eight(home, *sweep.command(home))
    sweep.settle(home, None)


@case
def eight_ticks_take_each_drop_send_each_message_and_alert_once(home):
    home.init()
    for number in range(40):
        (home.spool / f"a/drop/letter {number}").write_bytes(b"%d" % number)
    (home.spool / "config").write_text(f"Alert: file:{home.home}/alerts\n")
    home.good("job", "nightly", "--expect-every", "1s", env={"SPOOL_NOW": "2026-01-01T00:00:00Z"})
    id = home.put()
    (home.spool / f"a/new/{id}").rename(home.spool / f"a/run/{id}@elsewhere.4711")
    now = {"SPOOL_NOW": "2026-01-02T00:00:00Z"}
    eight(home, "spool", "tick", env=now)
    home.good("spool", "tick", env=now)
    expect({entry.body for entry in home.entries("a", "new")} == {b"%d" % number for number in range(40)}, "the drops")
    expect(len(home.entries("a", "new")) == 40 and not home.names("a", "drop"), "not each drop once")
    expect(home.names("a", "wait") == [f"{id},1"], "the orphan")
    expect((home.home / "alerts").read_text().count("=== ") == 1, "not one alert")
    home.settled()


@case
def eight_calls_under_one_key_are_one_call(home):
    home.init()
    said = {done.out for done in eight(home, "claude-call", "--key", "k", "--timeout", "40s", "what?")}
    expect(len(said) == 1 and b"The prompt has" in said.pop(), f"several replies: {said}")
    expect(len(home.lines("calls.jsonl")) == 1, f"{len(home.lines('calls.jsonl'))} calls were made")
    expect(len(home.entries("calls-main", "re")) == len(home.entries("calls-main")) == 1, "not one record")
    home.settled()


@case
def eight_calls_keep_to_the_agents_concurrency(home):
    home.init()
    log = home.home / "log"
    agent = script(home, "agent", f"cat >/dev/null; echo begin >>{log}; echo end >>{log}; echo reply")
    (home.spool / "agents/main.md").write_text(AGENT.format(agent))
    eight(home, "claude-call", "--timeout", "40s", "what?")
    expect(log.read_text() == "begin\nend\n" * 8, "two at once")
    expect(len(home.entries("calls-main", "done")) == 8, "not eight calls")
    home.settled()


@case
def eight_runs_of_one_job_never_overlap(home):
    home.init()
    log = home.home / "log"
    job = "job", "nightly", "--", "sh", "-c", f"echo begin >>{log}; echo end >>{log}"
    said = eight(home, *job, codes=(0, 75))
    ran = sum(done.code == 0 for done in said)
    expect(ran and log.read_text() == "begin\nend\n" * ran, "two at once, or a run that is not told of")
    expect(len(home.entries("jobs", "done")) == len(home.entries("jobs")) == ran, "not a record for each run")
    expect(json.dumps(home.journal()).count('"job"') >= ran, "not in the journal")
    home.settled()
