"""Telegram: what each of its answers leads to, and that no answer is one too."""
from bot_api import BAD_GATEWAY, BLOCKED, CONFLICT, INTERNAL, NO_CHAT, UNAUTHORIZED, moved_to, too_many
from case import expect
from home import case
from sending import POLICIES, TEXT, THEN, register, soon
from servers import CUT, CUT_MIDWAY, RESET, STALL


# ------------------------------------------------------------------ what is no fault of the message

@case
def a_message_that_must_wait_waits_as_long_as_telegram_says_and_that_is_no_attempt(home):
    api = home.telegram()
    api.answer("4711", too_many(300))
    sent = home.send("telegram:4711")
    home.lies(sent.id, "wait")
    expect(295 <= home.due_in(sent.id) <= 400, f"due in {home.due_in(sent.id):.0f} s")
    expect("not sent yet" in sent.err, f"it is not said: {sent.err}")
    home.recover()
    expect(len(api.calls()) == 1, "tried before its time")


@case
def with_wait_deliver_ends_when_the_message_has_arrived(home):
    api = home.telegram()
    api.answer("4711", too_many(1))
    home.lies(home.send("telegram:4711", "--wait").id, "done")
    first, second = api.calls()
    expect(second.time - first.time >= 0.95, "sent before its time")
    api.answer("4711", too_many(300))
    home.lies(home.send("telegram:4711", "--wait", "--timeout", "1s", code=124).id, "wait", "new")


@case
def while_telegram_cannot_be_reached_nothing_is_in_doubt_and_no_attempt_is_counted(home):
    api = home.telegram(listening=False)
    sent = home.send("telegram:4711", "--in-doubt", "hold")
    home.lies(sent.id, "wait")
    expect(home.due_in(sent.id) < 300, "tried again too late")
    api.open()
    home.again()
    home.lies(sent.id, "done")
    expect([text.strip() for text in api.texts()] == [TEXT.strip()], f"another text: {api.texts()}")


@case
def where_telegrams_name_is_not_found_nothing_is_in_doubt_and_no_attempt_is_counted(home):
    home.telegram()
    home.lies(home.send("telegram:4711", env={"TELEGRAM_API": "http://no-such-host.invalid"}).id, "wait")


@case
def a_conflict_with_another_program_is_tried_again(home):
    api = home.telegram()
    api.answer("4711", CONFLICT)
    sent = home.send("telegram:4711", "--in-doubt", "hold")
    home.lies(sent.id, "wait,1")
    home.again()
    home.lies(sent.id, "done")
    expect(not api.texts()[1].startswith("("), "marked as a repeat, and it is none")


@case
def group_upgraded_to_supergroup_still_gets_the_message(home):
    api = home.telegram()
    api.answer("-4242", moved_to(-1001234567))
    sent = home.send("telegram:-4242")
    home.lies(sent.id, "done")
    expect([call.chat for call in api.calls()] == ["-4242", "-1001234567"], "not at once to the new chat")
    expect("chat=-1001234567" in home.receipt(sent.id)[1], "the receipt does not name the new chat")
    expect("-1001234567" in sent.err and "-4242" in sent.err, f"nobody is told to change the address: {sent.err!r}")


# ------------------------------------------------------------------ what is final, and what nobody knows

def is_final(answer, said):
    def check(home):
        api = home.telegram()
        api.always("4711", answer)
        sent = home.send(f"telegram:4711,file:{home.home}/elsewhere")
        home.lies(sent.id, "done")
        expect(TEXT in (home.home / "elsewhere").read_text(), "the next address did not get it")
        expect(home.receipt(sent.id)[0]["Channel"] == "file", "the receipt is another's")
        sent = home.send("telegram:4711", code=69)
        home.lies(sent.id, "fail*")
        expect(said in sent.err and said in home.log("deliveries", sent.id), f"not why: {sent.err}")
        home.again()
        expect(len(api.calls("4711")) == 2, "tried again")

    return check


register("to_somebody_who_blocked_the_bot_the_next_address_is_tried", is_final(BLOCKED, "bot was blocked by the user"))
register("to_a_chat_that_is_none_the_next_address_is_tried", is_final(NO_CHAT, "chat not found"))
register("with_a_token_that_is_void_the_next_address_is_tried", is_final(UNAUTHORIZED, "Unauthorized"))


def is_in_doubt(answer, policy):
    place, code = POLICIES[policy]

    def check(home):
        api = home.telegram()
        api.answer("4711", answer)
        sent = home.send("telegram:4711", "--in-doubt", policy, code=code, env=soon() if answer is STALL else {})
        home.lies(sent.id, place)
        home.again()
        if policy != "resend":
            home.lies(sent.id, place)
            return expect(len(api.calls()) == 1, "sent again")
        home.lies(sent.id, "done")
        first, second = api.texts()
        expect(second.startswith(sent.mark) and second.endswith(first), f"not marked: {second!r}")
        expect("repeat" in home.receipt(sent.id)[0].get("Note", ""), "the receipt does not say that it may be a repeat")

    return check


MAYBE = {"an_error_of_telegrams": INTERNAL, "a_bad_gateway_that_speaks_html": BAD_GATEWAY,
         "a_message_whose_answer_never_came": CUT, "a_message_whose_connection_was_reset": RESET,
         "a_message_whose_answer_came_in_half": CUT_MIDWAY, "a_message_to_a_server_that_stalls": STALL}

for what, answer in MAYBE.items():
    for policy in POLICIES:
        register(f"{what}_{THEN[policy]}", is_in_doubt(answer, policy))
