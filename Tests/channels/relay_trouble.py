"""`telegram-relay` when something goes wrong: it is said once, tried again less and less often, and stops no other
bot."""
import json
import shutil

from bot_api import BAD_GATEWAY, CONFLICT, INTERNAL, TOKEN, UNAUTHORIZED, WEBHOOK, refusal, too_many
from case import expect
from home import case, until
from relaying import KIRA, Relay, once, texts, two_bots
from sending import register
from servers import CUT, RESET, STALL, Answer, json_answer

NOT_FOUND = refusal(404, "Not Found")


def pauses(api, token=TOKEN):
    times = [call.time for call in api.arrived if call.name == "getupdates" and call.token == token]
    return [after - before for before, after in zip(times, times[1:])]


# ------------------------------------------------------------------ what passes

PASSING = {
    "a_bad_gateway": (BAD_GATEWAY, "HTTP 502"),
    "an_internal_error": (INTERNAL, "500 Internal Server Error"),
    "an_answer_that_is_no_json": (Answer(200, b"<html>Please log in</html>", "text/html"), "HTTP 200"),
    "an_answer_that_is_cut": (Answer(body=b'{"ok":true,"result":[{"update_id":1', end="half"), "cut off"),
    "an_answer_without_a_list": (json_answer({"ok": True, "result": True}), "HTTP 200"),
    "a_cut_connection": (CUT, "main"),
    "a_reset_connection": (RESET, "main"),
}


def is_waited_for(answer, words):
    def check(home):
        api = two_bots(home)
        api.answer("getUpdates 4711", answer, answer)
        api.writes("hello")
        relay = Relay(home)
        relay.takes("hello")
        relay.holds(api).holds(api, KIRA)
        expect(relay.says("[telegram] [main]", words, "tried again until it works") == 1, "said twice")
        expect(relay.says("[telegram] [main] polled again") == 1, "it does not say that it works again")
        first, second, *_ = pauses(api)
        expect(first >= 0.85 and second >= 1.7, f"pauses of {first} and {second} s")
        expect("[kira]" not in relay.end().replace("[kira] starting provider", ""), "the other bot is concerned")

    return check


for what, row in PASSING.items():
    register(f"polling_goes_on_after_{what}", is_waited_for(*row))


@case
def polling_goes_on_when_the_network_is_there(home):
    api = home.telegram(listening=False)
    relay = Relay(home)
    relay.says("[main]", "tried again until it works")
    api.writes("hello")
    api.open()
    relay.takes("hello")
    relay.holds(api)
    expect(relay.end().count("tried again") == 1, "said twice")


@case
def a_server_that_holds_no_poll_is_not_asked_all_the_time(home):
    api = home.telegram()
    api.always("getUpdates", json_answer({"ok": True, "result": []}))
    relay = Relay(home)
    api.wait_for(4)
    expect(min(pauses(api)[1:]) >= 0.95, f"pauses of {pauses(api)} s")
    relay.end()


@case
def a_bot_whose_poll_hangs_holds_up_no_other(home):
    api = two_bots(home)
    api.always("getUpdates 4711", STALL)
    relay = Relay(home).holds(api, KIRA)
    for text in "one", "two":
        api.writes(text, token=KIRA)
    relay.takes("one", "two", agent="kira")
    relay.says("[telegram] [main]", "timed out", "tried again until it works")
    api.wait_until_gone()
    relay.end()


@case
def once_a_poll_that_hangs_is_given_up(home):
    api = two_bots(home)
    api.always("getUpdates 4711", STALL)
    api.writes("hello", token=KIRA)
    kept, said = once(home, code=69)
    expect(texts(kept) == ["hello"], f"kept: {texts(kept)}")
    expect("[telegram] [main]" in said and "tried again" not in said, f"it says {said!r}")


@case
def once_what_goes_wrong_is_said(home):
    api = two_bots(home)
    for code, answer, words in (69, BAD_GATEWAY, "HTTP 502"), (69, CONFLICT, "409 Conflict"), \
            (69, too_many(2), "429 Too Many"), (77, UNAUTHORIZED, "401 Unauthorized"):
        api.answer("getUpdates 4711", answer)
        api.writes("hello", token=KIRA)
        kept, said = once(home, code=code)
        expect([entry.queue for entry in kept] == ["inbox-kira"] and words in said, f"{kept}, {said!r}")


# ------------------------------------------------------------------ what Telegram says

@case
def telegram_says_when_to_come_again(home):
    api = home.telegram()
    api.answer("getUpdates", too_many(2))
    api.writes("hello")
    relay = Relay(home)
    relay.takes("hello")
    expect(relay.says("429 Too Many Requests: retry after 2", "waiting for 2 s") == 1, "said twice")
    expect(pauses(api)[0] >= 2, f"a pause of {pauses(api)[0]} s")
    relay.end()


def gets_out_of_the_way(answer, *words):
    def check(home):
        api = two_bots(home)
        api.answer("getUpdates 4711", answer, answer)
        relay = Relay(home).holds(api, KIRA)
        expect(relay.says("[telegram] [main] 409 Conflict", *words) == 1, "said twice")
        api.writes("hello")
        relay.takes("hello")
        first, second, *_ = pauses(api)
        expect(4.4 <= first <= 8 and 8.9 <= second <= 14, f"pauses of {first} and {second} s")
        expect(relay.says("[main] polled again") == 1, "it does not say that it goes on")
        expect(relay.end().count("409") == 1, "said twice")

    return check


register("a_bot_that_somebody_else_polls_is_polled_less_often", gets_out_of_the_way(CONFLICT, "stop the other one"))
register("a_webhook_must_be_deleted", gets_out_of_the_way(WEBHOOK, "before deleteWebhook is called"))


def is_given_up(answer):
    def check(home):
        api = two_bots(home)
        api.always("getUpdates 4711", answer)
        relay = Relay(home).holds(api, KIRA)
        relay.says("[telegram] [main]", "secrets/telegram.token", "@BotFather")
        api.writes("hello", token=KIRA)
        relay.takes("hello")
        relay.end()
        expect(len([call for call in api.polls() if call.token == TOKEN]) == 1, "it is asked again")

    return check


for what, answer in {"unknown": UNAUTHORIZED, "no_token": NOT_FOUND}.items():
    register(f"a_bot_whose_token_is_{what}_is_left_out", is_given_up(answer))


@case
def without_a_bot_that_telegram_knows_it_ends(home):
    api = home.telegram()
    api.always("getUpdates", UNAUTHORIZED)
    ended = home.run("telegram-relay")
    expect(ended.code == 77 and b"telegram-relay: " in ended.err, f"exit {ended.code}: {ended.err}")
    home.hides(TOKEN, TOKEN.partition(":")[2])


# ------------------------------------------------------------------ what cannot be read

PLACE = {"message_id": 1, "date": 1, "chat": {"id": 1}}
UNREADABLE = {
    "a_message_without_a_chat": {"message": {"message_id": 1, "date": 1}},
    "a_text_that_is_a_number": {"message": {**PLACE, "from": {"id": 1}, "text": 17}},
    "a_message_that_is_a_word": {"message": "hello"},
    "half_a_character": {"message": {**PLACE, "from": {"id": 1}, "text": "\ud83d"}},
    "a_user_beyond_all_numbers": {"message": {**PLACE, "from": {"id": 10**30}, "text": "hello"}},
}


def is_passed_over(update):
    def check(home):
        api = home.telegram()
        api.writes("before")
        number = api.brings(update)
        api.writes("after")
        relay = Relay(home)
        relay.takes("before", "after")
        expect(relay.says(f"[telegram] [main] update {number} is passed over: ") == 1, "said twice")
        until(lambda: not api.updates, "all are confirmed")
        relay.end()

    return check


for what, update in UNREADABLE.items():
    register(f"{what}_is_passed_over_and_told", is_passed_over(update))


@case
def an_update_that_cannot_be_confirmed_is_not_asked_for_again_and_again(home):
    api = home.telegram()
    api.brings("hello")
    relay = Relay(home)
    relay.says("nothing that could be confirmed")
    until(lambda: len(api.polls()) >= 3, "it is polled again")
    expect(min(pauses(api)) >= 0.85, f"pauses of {pauses(api)} s")
    with api.changed:
        api.updates.clear()
    relay.holds(api)
    api.writes("after")
    relay.takes("after")
    relay.end()


@case
def among_others_it_is_told(home):
    api = home.telegram()
    body = {"ok": True, "result": [17, {"update_id": 5, "message": api.message(text="hello")}]}
    api.answer("getUpdates", json_answer(body))
    relay = Relay(home)
    relay.takes("hello")
    relay.says("[main] an update is passed over: ")
    relay.end()


@case
def bytes_that_are_no_utf8_stop_nothing(home):
    api = home.telegram()
    body = json.dumps({"ok": True, "result": [{"update_id": 5, "message": api.message(text="?")}]}).encode()
    api.answer("getUpdates", Answer(200, body.replace(b"?", b"\xff"), "application/json"))
    relay = Relay(home).holds(api)
    api.writes("after")
    until(lambda: relay.texts()[-1:] == ["after"], "it goes on")
    relay.end()


# ------------------------------------------------------------------ two relays

@case
def a_second_relay_waits_for_the_first(home):
    api = home.telegram()
    first = Relay(home).holds(api)
    second = Relay(home)
    expect(second.says("[main] another process polls this bot: waiting for it") == 1, "said twice")
    polls = len(api.arrived)
    api.writes("one")
    first.takes("one")
    first.end()
    api.writes("two")
    second.takes("one", "two")
    expect(second.says("going on") == 1 and len(api.arrived) > polls, "it does not say that it goes on")
    expect(second.end().count("another process") == 1, "said twice")


@case
def a_relay_elsewhere_and_ours_get_out_of_each_others_way(home):
    """Telegram lets the one that has asked last have it, and tells the other."""
    api = home.telegram()
    ours = Relay(home).holds(api)
    other = home.home / "elsewhere"
    (other / "secrets").mkdir(parents=True)
    shutil.copy(home.spool / "secrets/telegram.token", other / "secrets")
    theirs = Relay(home, spool=other)
    ours.says("[main] 409 Conflict")
    polls = len(api.arrived)
    api.writes("hello")
    until(lambda: ours.texts() + theirs.texts(), "one of them takes it")
    expect(len(api.arrived) - polls < 6, "they fight")
    theirs.end()
    ours.end()
