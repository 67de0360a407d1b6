"""Webhooks: what each answer leads to. A receiver that knows the key does it once, so no policy is asked."""
import time
from email.utils import formatdate

from case import expect
from home import case
from sending import POLICIES, TEXT, register, soon
from servers import CUT, CUT_MIDWAY, RESET, STALL, is_signed
from webhook import WORD, arrived, refused


def waits_its_turn(status, pause):
    def check(home):
        hook = home.webhook()
        hook.answer(refused(status, **{"Retry-After": pause() if callable(pause) else pause}))
        sent = home.send(f"webhook:{hook.url}/")
        home.lies(sent.id, "wait")
        expect(295 <= home.due_in(sent.id) <= 400, f"due in {home.due_in(sent.id):.0f} s, not 300")
        home.again()
        home.lies(sent.id, "wait")
        home.much_later()
        home.lies(sent.id, "done")
        expect("Delivery-Repeat" not in hook.requests[1].headers, "said to be a repeat, and it is none")

    return check


register("a_webhook_that_is_too_busy_is_asked_again_when_it_says", waits_its_turn(429, "300"))
register("a_webhook_that_is_being_mended_is_asked_again_when_it_says", waits_its_turn(503, "300"))
register("a_webhook_may_say_by_the_clock_when_it_is_to_be_asked_again",
         waits_its_turn(503, lambda: formatdate(time.time() + 302, usegmt=True)))


def is_tried_again(status):
    def check(home):
        hook = home.webhook()
        hook.answer(refused(status))
        sent = home.send(f"webhook:{hook.url}/", "--in-doubt", "hold")
        home.lies(sent.id, "wait,1")
        home.again()
        home.lies(sent.id, "done")
        expect(hook.requests[1].headers["Delivery-Attempt"] == "2", "not the second attempt")

    return check


for status in 408, 409, 425:
    register(f"a_webhook_that_answers_{status}_is_tried_again", is_tried_again(status))


def is_final(status):
    def check(home):
        hook, other = home.webhook(), home.webhook()
        hook.always(refused(status, Location=other.url))
        sent = home.send(f"webhook:{hook.url}/", code=69)
        home.lies(sent.id, "fail*")
        expect(str(status) in sent.err, f"not why: {sent.err}")
        home.lies(home.send(f"webhook:{hook.url}/,file:{home.home}/elsewhere").id, "done")
        home.again()
        expect(len(hook.requests) == 2 and not other.requests, "tried again, or followed to another place")

    return check


for status in 301, 302, 307, 400, 401, 403, 404, 410, 413, 422:
    register(f"a_webhook_that_answers_{status}_is_not_tried_again_nor_anywhere_else", is_final(status))


def has_one_effect(answer, policy):
    def check(home):
        hook = home.webhook()
        hook.answer(answer)
        path = home.secret("hook", WORD)
        env = {"WEBHOOK_SECRET_FILE": str(path)}
        sent = home.send(f"webhook:{hook.url}/", "--in-doubt", policy,
                         env={**env, **(soon() if answer is STALL else {})})
        home.lies(sent.id, "wait,1d")
        home.again(env)
        home.lies(sent.id, "done")
        first, second = hook.requests
        arrived(first, sent)
        expect(arrived(second, sent, 2)["text"].strip() == TEXT.strip(), "another text")
        expect(is_signed(first, WORD) and is_signed(second, WORD), "a signature does not fit")
        expect(len(hook.effects) == 1, f"{len(hook.effects)} effects")

    return check


for what, answer in {"a_webhook_that_answers_500": refused(500), "a_webhook_that_answers_502": refused(502),
                     "a_webhook_that_answers_503_and_not_when": refused(503), "a_webhook_that_never_answers": CUT,
                     "a_webhook_that_resets_the_connection": RESET, "a_webhook_that_answers_in_half": CUT_MIDWAY,
                     "a_webhook_that_stalls": STALL}.items():
    for policy in POLICIES:
        register(f"{what}_is_asked_again_under_the_same_key_also_with_{policy}", has_one_effect(answer, policy))


@case
def while_a_webhook_cannot_be_reached_nothing_is_in_doubt_and_no_attempt_is_counted(home):
    hook = home.webhook(listening=False)
    sent = home.send(f"webhook:{hook.url}/", "--in-doubt", "drop")
    home.lies(sent.id, "wait")
    hook.open()
    home.again()
    home.lies(sent.id, "done")
    arrived(hook.requests[0], sent)
