"""What users of other gateways complain about, by the numbers of their issues (see complaints.py): that it was said to
be delivered and was not, that nobody was told, and that there was no end."""
import signal

from bot_api import BLOCKED, CONFLICT
from case import expect
from home import case
from sending import TEXT, register, soon
from servers import STALL, Answer, json_answer


# ------------------------------------------------------------------ said to be delivered, and was not; and the reverse

NO_RECEIPTS = {"an_empty_answer": Answer(),
               "a_page_of_some_hotels_wifi": Answer(200, b"<html>Please log in</html>", "text/html"),
               "an_answer_that_is_not_ok": json_answer({"ok": False, "error_code": 400, "description": "no"}),
               "an_answer_without_a_message_id": json_answer({"ok": True, "result": True})}


def is_not_delivered(answer):
    """#61913, #69594, #44596, #28032, #80672: "delivered", and nothing arrived. #91300: five weeks of swallowed errors."""
    def check(home):
        api = home.telegram()
        api.answer("4711", answer)
        done = home.run("deliver", "--to", "telegram:4711", stdin=TEXT.encode())
        id = done.out.decode().split("\n")[0]
        home.lies(id, "wait*", "hold*", "fail*")
        expect(id not in home.names("deliveries", "re"), "there is a receipt")
        expect(done.err.strip(), "nothing is said")
        events = [line.get("event") for line in home.journal() if line.get("id") == id]
        expect(events and "delivered" not in events, "the journal says that it was delivered")

    return check


for what, answer in NO_RECEIPTS.items():
    register(f"delivered_is_only_said_with_a_receipt_and_{what}_is_none", is_not_delivered(answer))


@case
def a_message_that_has_arrived_is_not_called_failed(home):
    """#73556, #102367: delivered, and reported as failed."""
    api = home.telegram()
    api.answer("4711", json_answer({"ok": True, "new": [], "result": {
        "message_id": 17, "sender_business_bot": None, "chat": {"id": 4711, "type": "of a new kind"}, "date": 0,
        "entities": [{"type": "unknown", "offset": 0, "length": 3}], "text": "\ud83d\ude42", "paid": 1.5e300}}))
    home.lies(home.send("telegram:4711").id, "done")


# ------------------------------------------------------------------ nobody is told, or nothing ends

@case
def a_failure_is_told_to_somebody(home):
    """#50844: a time-out or an error sends nothing."""
    api = home.telegram()
    api.always("4711", BLOCKED)
    sent = home.send("telegram:4711", code=69)
    home.recover()
    told = home.inbox()
    for words in sent.id, "telegram:4711", "bot was blocked by the user", "spool retry":
        expect(words in told, f"the owner is not told \"{words}\": {told!r}")


@case
def a_message_that_is_given_up_after_its_last_attempt_is_told_too(home):
    """#23777, #121269: "exceeded max retries", in a log that nobody reads."""
    api = home.telegram()
    api.always("4711", CONFLICT)
    sent = home.send("telegram:4711", "--attempts", "3")
    for _ in range(3):
        home.again()
    home.lies(sent.id, "fail*")
    home.recover()
    expect(len(api.calls()) == 3 and sent.id in home.inbox(), f"{len(api.calls())} attempts; told: {home.inbox()!r}")


@case
def one_conflict_costs_no_more_than_one_attempt(home):
    """#8762, #69304, PR #91997: one 409 burned all that there was of them."""
    api = home.telegram()
    api.answer("4711", CONFLICT)
    sent = home.send("telegram:4711", "--attempts", "2")
    home.lies(sent.id, "wait,1")
    home.again()
    home.lies(sent.id, "done")


@case
def a_hung_send_ends_by_itself(home):
    """#75895: `message send` hung until it was killed."""
    api = home.telegram()
    api.always("4711", STALL)
    sender = home.begin("telegram:4711", env=soon(3))
    api.wait_for(1)
    expect(sender.end(within=20).code == 0, "another end")
    api.wait_until_gone()
    home.lies(sender.files[1].read_text().strip(), "wait,1d")


@case
def a_hung_send_ends_at_sigterm(home):
    """#75895: it ignored SIGTERM, and needed `timeout -s KILL`."""
    api, hook = home.telegram(), home.webhook()
    api.always("4711", STALL)
    hook.always(STALL)
    for server, to in (api, "telegram:4711"), (hook, f"webhook:{hook.url}/"):
        sender = home.begin(to)
        server.wait_for(1)
        sender.kill(signal.SIGTERM)
        expect(sender.end(within=10).code in (128 + signal.SIGTERM, -signal.SIGTERM), "another end")
        server.wait_until_gone()
        home.lies(sender.files[1].read_text().strip(), "wait*d", "new*d", "wait*")
