"""What users of other gateways complain about, by the numbers of their issues: each is here what does not happen.
Here is what is sent again; what is lost is in lost.py, what is silent or has no end in silences.py.

#N is openclaw/openclaw; hermes is NousResearch/hermes-agent."""
from bot_api import refusal
from case import expect
from home import case
from sending import TEXT, later
from servers import CUT

WEEK = 7 * 86400


# ------------------------------------------------------------------ replayed

@case
def a_week_old_message_is_not_replayed_after_a_restart(home):
    """#29106: "7 recovered", a week after they had arrived."""
    api, hook = home.telegram(), home.webhook()
    for to in "telegram:4711", f"webhook:{hook.url}/":
        home.lies(home.send(to).id, "done")
    home.good("spool", "sweep")
    home.recover(later(WEEK))
    home.good("spool", "tick", env=later(WEEK))
    expect(len(api.calls()) == len(hook.requests) == 1, "sent again")


@case
def a_message_that_has_become_stale_is_not_sent_and_that_is_said(home):
    """#39138: 110 messages, 15 hours old, when the gateway came back. #54322 and PR #50850 ask for a time to live."""
    api = home.telegram(listening=False)
    sent = home.send("telegram:4711", "--expires", "12h")
    home.lies(sent.id, "wait")
    api.open()
    home.make_due("deliveries")
    home.recover(later(15 * 3600))
    home.lies(sent.id, "fail*")
    expect(not api.calls(), "a stale message was sent")
    expect("expired" in home.log("deliveries", sent.id), f"it is not said why: {home.log('deliveries', sent.id)}")
    id = home.commit(1, "telegram:4711", Expires="2026-01-02T00:00:00Z")
    home.recover()
    home.lies(id, "fail*")
    expect(not api.calls(), "what a dead program had left was sent long after its time")


FINAL = ["Bad Request: chat not found", "Bad Request: user not found", "Forbidden: bot was blocked by the user",
         "Forbidden: bot was kicked from the supergroup chat", "Forbidden: bot is not a member of the channel chat",
         "Forbidden: user is deactivated", "Forbidden: bot can't initiate conversation with a user",
         "Bad Request: not enough rights to send text messages to the chat", "Bad Request: chat_id is empty"]


@case
def a_permanent_error_is_not_retried_for_ever(home):
    """#23777: each restart tried them again."""
    api = home.telegram()
    for chat, description in enumerate(FINAL, 4711):
        api.always(chat, refusal(403 if description.startswith("Forbidden") else 400, description))
        sent = home.send(f"telegram:{chat}", code=69)
        home.lies(sent.id, "fail*")
        expect(description.partition(": ")[2] in sent.err, f"not why: {sent.err}")
    for _ in range(3):
        home.good("spool", "sweep")
        home.again()
    expect(len(api.calls()) == len(FINAL), "tried again")


@case
def two_recoveries_at_once_send_each_message_once(home):
    """PR #88016, PR #121507: duplicates where two processes recover."""
    api = home.telegram()
    ids = [home.commit(number, f"telegram:{4711 + number}") for number in range(8)]
    both = [home.start("deliver", "--recover") for _ in range(2)]
    expect([each.end().code for each in both] == [0, 0], "another end")
    expect(sorted(call.chat for call in api.calls()) == [str(4711 + number) for number in range(8)], "not each once")
    for id in ids:
        home.lies(id, "done")


# ------------------------------------------------------------------ announced twice

@case
def a_network_error_after_the_request_was_read_is_not_silently_sent_again(home):
    """#64038 and PR #34238: sendMessage has no idempotency key, and was tried again after any network error."""
    api = home.telegram()
    api.answer("4711", CUT)
    held = home.send("telegram:4711", "--in-doubt", "hold")
    home.lies(held.id, "hold,0d")
    expect("doubt" in held.err and "spool release" in held.err, f"nobody is told what to do: {held.err}")
    home.again()
    expect(len(api.calls("4711")) == 1, "sent again, and it was to be held")
    api.answer("4712", CUT)
    sent = home.send("telegram:4712")
    home.lies(sent.id, "wait,1d")
    home.again()
    expect(api.texts("4712")[1].startswith(sent.mark), "the second does not say that it may be one")


@case
def the_same_step_run_again_announces_once(home):
    """#27921, #30246, #13687, #27018, #15692, #67681: a step that is run again announces again."""
    api = home.telegram()
    first = home.send("telegram:4711", "--key", "report-2026-11-23")
    for text in TEXT, "The kettle is on, in other words.\n":
        again = home.send("telegram:4711", "--key", "report-2026-11-23", text=text)
        expect(again.id == first.id, "another delivery")
    expect(len(api.calls()) == 1, "announced twice")
    home.settled()


@case
def three_steps_at_once_under_one_key_announce_once(home):
    """#67196: three messages."""
    api = home.telegram()
    steps = [home.begin("telegram:4711", "--key", "report") for _ in range(3)]
    expect([step.end().code for step in steps] == [0, 0, 0], "another end")
    home.recover()
    expect(len(api.calls()) == 1, f"announced {len(api.calls())} times")
