"""Much that waits: it arrives, each message once, whatever is killed on the way, and nothing dead holds it up."""
import json
import re
import signal
from collections import Counter
from pathlib import Path

from case import expect, write_entry
from home import case, until
from own_channels import channel, session
from sending import TEXT, soon
from servers import PATIENCE

MARK = "(This may be a repeat of message "
# Writes down what it is given: the ID, and the text's first words.
RECORDER = "note(id, text.decode().split('\\n')[0])\nanswer(0, 'thank you')\n"


def pending(home):
    return [name for room in ("new", "run", "wait") for name in home.names("deliveries", room)]


def once_each(home, ids, hook, inbox):
    """What each of these channels has had of what was for it."""
    for_hook, for_file, for_own = ids
    expect(set(hook.effects) == {f'"{id}"' for id in for_hook}, f"{len(hook.effects)} of {len(for_hook)} by webhook")
    heads = Counter(re.findall(r"^=== (\S+)$", inbox.read_text(), re.MULTILINE))
    expect(heads == Counter(for_file), f"in the file {len(heads)} of {len(for_file)}, {heads.most_common(1)}")
    given = Counter(line.split(" ")[0] for line in home.lines("notes"))
    expect(set(given) == set(for_own), f"{len(given)} of {len(for_own)} by a channel of one's own")
    return given


def commit_to_all(home, hook, inbox, count):
    """By turns to two webhooks, a file, and two addresses of a channel of one's own."""
    session(home, RECORDER)
    to = [f"webhook:{hook.url}/a", f"file:{inbox}", "own:a", f"webhook:{hook.url}/b", "own:b"]
    ids = [home.commit(number, to[number % 5], f"{number}\n") for number in range(count)]
    return ids[0::5] + ids[3::5], ids[1::5], ids[2::5] + ids[4::5]


@case
def two_thousand_messages_arrive_though_their_recovery_is_killed_again_and_again(home):
    api, hook, inbox = home.telegram(), home.webhook(), home.home / "elsewhere"
    ids = commit_to_all(home, hook, inbox, 2000)
    chat = [home.commit(3000 + number, "telegram:4711", str(number)) for number in range(4)]
    in_doubt = set()
    for count in 100, 300, 600:
        recovery = home.start("deliver", "--recover")
        hook.wait_for(count, 2 * PATIENCE)
        home.kill(recovery)
        in_doubt |= {name.split(",")[0] for name in home.names("deliveries", "run") if ",0d" in name or ",1d" in name}
    home.recover()
    while pending(home):
        home.again()
    given = once_each(home, ids, hook, inbox)
    unmarked = Counter(line.split(" ")[0] for line in home.lines("notes") if MARK not in line)
    expect(max(unmarked.values()) == 1, f"unmarked more than once: {unmarked.most_common(3)}")
    twice = {id for id, count in given.items() if count > 1}
    expect(twice <= in_doubt, f"sent again, and were not in doubt: {twice - in_doubt}")
    plain = Counter(text for text in api.texts("4711") if "may be a repeat" not in text)
    expect({call.text.split()[-1] for call in api.sent()} == {"0", "1", "2", "3"}, f"in the chat: {api.texts()}")
    expect(max(plain.values()) == 1, f"in the chat: {api.texts()}")
    for id in in_doubt:
        header = home.receipt(id)[0]
        # Where its receipt was there already it was not begun again.
        expect(header["Attempt"] == "1" or "died" in home.log("deliveries", id), f"{id}: not in its log")
        expect(id not in twice or "may be a repeat" in header["Note"], f"its receipt does not say so: {header}")
    for id in chat:
        home.lies(id, "done")
    home.remark(f"{len(in_doubt)} in doubt, {len(twice)} sent again")


@case
def recoveries_and_a_tick_at_the_same_time_send_nothing_twice(home):
    hook, inbox = home.webhook(), home.home / "elsewhere"
    ids = commit_to_all(home, hook, inbox, 500)
    senders = [home.start(*argv) for argv in (["deliver", "--recover"], ["deliver", "--recover"], ["spool", "tick"])]
    for sender in senders:
        expect(sender.end().code == 0, "another end")
    home.recover()
    given = once_each(home, ids, hook, inbox)
    expect(set(given.values()) == {1} and set(hook.effects.values()) == {1}, "something was sent twice")
    expect(not pending(home), f"left: {pending(home)[:3]}")


# ------------------------------------------------------------------ dead addresses

def some_stall(home):
    """A channel of one's own that gets no end with addresses that begin with `dead`."""
    channel(home, "own", "#!/bin/sh\necho \"$DELIVERY_TO\" >>~/notes\ncase $DELIVERY_TO in\n"
                         "dead*) exec tail -f /dev/null ;;\nesac\n")


@case
def a_hundred_dead_addresses_do_not_keep_a_living_one_waiting(home):
    some_stall(home)
    for number in range(200):
        home.commit(number, f"own:dead{number % 100}")
    living = home.commit(999, "own:living")
    recovery = home.start("deliver", "--recover")
    until(lambda: living in home.names("deliveries", "done"), "the living one has it", 5)
    recovery.kill(signal.SIGTERM).end(within=15)


@case
def what_lands_is_sent_at_once_while_a_dead_address_stalls(home):
    some_stall(home)
    watcher = home.start("deliver", "--watch")
    until(watcher.sleeps, "it watches")
    for number in range(3):
        home.commit(number, "own:dead")
    until(lambda: home.lines("notes") == ["dead"], "the dead one is tried")
    for number in range(10, 15):
        id = home.commit(number, f"own:living{number}")
        until(lambda: id in home.names("deliveries", "done"), "it is sent", 5)
    expect(home.lines("notes").count("dead") == 1, "a dead address is tried several times at once")
    watcher.kill(signal.SIGTERM).end(within=15)


@case
def when_its_time_is_over_nothing_more_is_begun(home):
    """SPINDLE_DEADLINE: what could not be given its time is not given at all, and so is not in doubt."""
    some_stall(home)
    ids = [home.commit(number, "own:dead", **{"In-Doubt": "hold"}) for number in range(5)]
    expect(home.start("deliver", "--recover", env=soon(2)).end(within=15).code in (0, 75, 124), "another end")
    home.lies(ids[0], "hold,0d")
    for id in ids[1:]:
        home.lies(id, "new", "wait")
    expect(len(home.lines("notes")) == 1, "something was begun that could not end")


# ------------------------------------------------------------------ what it costs, and what is listed

@case
def twenty_thousand_that_wait_cost_less_than_a_hundred_megabytes(home):
    hook = home.webhook()
    queue = home.furnish().spool / "deliveries"
    for number in range(20000):
        id = f"20260101T000000.{number:06}Z-{number:06}"
        write_entry(queue / "new" / id, id, TEXT, From="deliver", To=f"webhook:{hook.url}/{number}",
                    **{"In-Doubt": "resend", "Attempts": 5})
    recovery = home.start("deliver", "--recover")
    hook.wait_for(200, 3 * PATIENCE)
    status = Path(f"/proc/{recovery.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
    recovery.kill(signal.SIGTERM).end(within=15)
    home.remark(f"{peak:.0f} MB")
    expect(peak < 100, f"{peak:.0f} MB")
    expect(len(pending(home)) + len(home.names("deliveries", "done")) == 20000, "not all are there")


@case
def a_script_of_ten_lines_is_a_channel_like_the_others(home):
    script = ("#!/bin/sh\n# Says it in the kitchen.\nset -e\ntext=$(cat)\ncase $DELIVERY_TO in\n"
              "kitchen) echo \"$text\" >>~/kitchen ;;\n*) echo \"no $DELIVERY_TO\" >&2; exit 1 ;;\nesac\n"
              "echo \"heard by $DELIVERY_TO\"\n")
    channel(home, "kettle", script)
    sent = home.send("kettle:kitchen")
    expect(home.receipt(sent.id)[1] == "heard by kitchen\n", f"another receipt: {home.receipt(sent.id)}")
    expect((home.home / "kitchen").read_text() == TEXT, "another text")
    expect("no hall" in home.send("kettle:hall", code=69).err, "not why")
    listed = home.good("deliver", "--channels").out.decode()
    mine = re.search(r"^kettle: .*\n(?:  .*\n)*", listed, re.MULTILINE)
    expect(mine and "at most once with --in-doubt" in mine[0] and "channels/kettle" in mine[0], f"listed: {listed}")
    rows = [json.loads(line) for line in home.good("deliver", "--channels", "--json").out.splitlines()]
    row, = (row for row in rows if row["name"] == "kettle")
    expect(row["path"] == str(home.spool / "channels/kettle") and row["idempotent"] is False, f"another: {row}")
    expect([row["name"] for row in rows] == sorted(row["name"] for row in rows) and len(rows) >= 7, f"rows: {rows}")
    channel(home, "kettle", script, "Summary: says it in the kitchen\nAddress: a room\nIdempotent: yes\n")
    rows = [json.loads(line) for line in home.good("deliver", "--channels", "--json").out.splitlines()]
    row, = (row for row in rows if row["name"] == "kettle")
    expect((row["summary"], row["address"], row["idempotent"]) == ("says it in the kitchen", "a room", True), f"{row}")
