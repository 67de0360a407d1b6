"""What users of other gateways complain about, by the numbers of their issues (see complaints.py): what was to be sent
and was lost, at a restart, at a crash, or behind something else that failed."""
from bot_api import BLOCKED, moved_to, too_many
from case import expect, fixed_id
from home import case
from sending import TEXT, register
from servers import STALL, Answer


@case
def recovery_before_the_network_is_up_burns_no_attempt(home):
    """#91212: recovery began before the channel was there, and the retries were gone when it was."""
    api = home.telegram(listening=False)
    sent = home.send("telegram:4711", "--attempts", "1")
    for _ in range(6):
        home.again()
        home.lies(sent.id, "wait")
    api.open()
    home.again()
    home.lies(sent.id, "done")
    expect(home.receipt(sent.id)[0]["Attempt"] == "1", "attempts were counted")


def nothing_is_stranded(policy, place):
    """#90233: after a crash in send_attempt_started it stayed there, and all looked healthy."""
    def check(home):
        api = home.telegram()
        api.answer("4711", STALL)
        sender = home.begin("telegram:4711", "--in-doubt", policy)
        api.wait_for(1)
        home.kill(sender)
        id = home.entries("deliveries", "run")[0].id
        home.recover()
        home.again()
        home.lies(id, place)
        text = api.texts()[-1]
        expect(len(api.calls()) == 1 if policy != "resend" else "may be a repeat" in text, f"unmarked: {text}")

    return check


for policy, place in ("resend", "done"), ("hold", "hold,*"), ("drop", "fail*"):
    register(f"nothing_is_stranded_after_a_crash_while_sending_with_{policy}", nothing_is_stranded(policy, place))


@case
def recovery_sends_the_message_and_not_its_wrapping(home):
    """#72184: recovery sent a raw blob of context."""
    api, hook = home.telegram(listening=False), home.webhook(listening=False)
    home.send("telegram:4711", "--subject", "Tea", "--key", "tea", "--expires", "1h")
    home.send(f"webhook:{hook.url}/")
    api.open()
    hook.open()
    home.again()
    text, = api.texts()
    expect(text.split() == ["Tea", *TEXT.split()], f"another text: {text!r}")
    for wrapping in "Spool:", "Sha256:", "In-Doubt":
        expect(wrapping not in text and wrapping.encode() not in hook.requests[0].body, f"{wrapping} in what was sent")


@case
def a_backlog_after_an_outage_arrives_in_order_and_each_message_once(home):
    """#39138, #6917: what waited was lost, or came in any order. A recovery that is killed in the middle is included."""
    hook = home.webhook()
    ids = [home.commit(number, f"webhook:{hook.url}/") for number in range(20)]
    for _ in range(7):
        hook.answer(Answer())
    hook.answer(STALL)
    recovery = home.start("deliver", "--recover")
    hook.wait_for(8)
    home.kill(recovery)
    home.recover()
    home.again()
    expect(set(hook.effects) == {f'"{id}"' for id in ids}, f"{len(hook.effects)} of 20 arrived")
    order = list(dict.fromkeys(request.headers["Webhook-Id"] for request in hook.requests))
    expect(order == ids, "another order")
    expect(len(hook.requests) == 21, f"{len(hook.requests)} requests for 20 messages and one crash")


@case
def a_malformed_entry_goes_to_bad_and_stops_nothing(home):
    """Facts 1a: "Skip malformed or inaccessible entries", for ever, and nobody is told."""
    api = home.telegram()
    new = home.spool / "deliveries/new"
    (new / fixed_id(1)).write_bytes(b'{"id": "torn", "channel": "telegr')
    (new / fixed_id(2)).write_bytes(b"")
    lost = home.commit(3, "to whom?")
    good = home.commit(4, "telegram:4711")
    said = home.recover().err.decode()
    home.lies(good, "done")
    bad = home.names("deliveries", "bad")
    expect({fixed_id(1), fixed_id(2)} <= set(bad), f"bad/: {bad}")
    expect(lost in bad or home.lies(lost, "fail*"), "what names nobody was not given up")
    expect(fixed_id(1) in said and fixed_id(2) in said, f"nobody is told: {said}")
    home.recover()
    expect(len(api.calls()) == 1, "sent again")


@case
def a_dead_chat_holds_up_nobody_else(home):
    """#23777: while it tried the dead one again, all others waited."""
    api = home.telegram()
    api.always("4711", too_many(300))
    api.always("4712", BLOCKED)
    for number, chat in enumerate(["4711", "4712", "4713", "4711", "4714"]):
        home.commit(number, f"telegram:{chat}")
    home.recover()
    expect({call.chat for call in api.sent()} == {"4713", "4714"}, "the others did not get theirs")
    expect(len(api.calls("4711")) == 1, "a chat that must wait was asked twice")


@case
def group_upgraded_to_supergroup_gets_all_that_waited_for_it(home):
    """What waited for the old group is not lost with it: each message finds the new one."""
    api = home.telegram()
    api.always("-4242", moved_to(-1001234567))
    for number in range(3):
        home.commit(number, "telegram:-4242", str(number))
    home.recover()
    expect([call.text.strip() for call in api.sent("-1001234567")] == ["0", "1", "2"], "not all, or in another order")
