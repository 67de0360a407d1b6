"""`telegram-relay`: what people write to a bot, and which buttons they press, is handed on once, in its order, and
confirmed when it was. What goes wrong on the way: relay_trouble.py."""
import os
import signal
import time

from bot_api import TOKEN, TOO_OLD, UNAUTHORIZED
from case import expect
from home import case, until
from relaying import KIRA, Obstacle, Relay, give_bot, once, two_bots
from sending import register


# ------------------------------------------------------------------ what comes is handed on

@case
def what_somebody_writes_is_handed_on_and_confirmed(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    expect(relay.says("[telegram] [main] starting provider") == 1, "it does not say that it starts")
    first = api.writes("hello", last_name="Lee", username="ann")
    line, = relay.takes("hello")
    message = api.polls()[-1].answer.body.decode()
    expect(f'"message_id": {line["message"]},' in message, f"another message: {line}")
    expect(line["bot"] == "main" and line["update"] == str(first), f"another update: {line}")
    expect((line["user"], line["chat"], line["name"]) == ("4711", "4711", "Ann Lee (@ann)"), f"of another: {line}")
    until(lambda: not api.updates, "it is confirmed")
    api.writes("and more")
    relay.takes("hello", "and more")
    relay.end()
    expect("offset" not in api.arrived[0].fields, "it begins with an offset")
    for call in api.arrived:
        kinds = {"limit": 100, "allowed_updates": ["message", "callback_query"]}
        expect(kinds.items() <= call.fields.items(), f"asked: {call.fields}")
    expect(50 in [call.fields["timeout"] for call in api.arrived], "no poll is held open")


@case
def updates_that_are_counted_anew_are_not_lost(home):
    """After a week without any, Telegram begins with another number, which may be lower."""
    api = home.telegram()
    relay = Relay(home).holds(api)
    api.writes("hello")
    relay.takes("hello")
    relay.holds(api)
    polls = len(api.arrived)
    api.ends_polls()
    until(lambda: len(api.arrived) > polls, "it polls again")
    api.last_update = 10
    api.writes("a week later")
    relay.takes("hello", "a week later")
    expect(api.connections == 1, f"{api.connections} connections for {len(api.arrived)} polls")
    relay.end()


@case
def what_was_written_before_it_started_is_handed_on_in_its_order(home):
    api = home.telegram()
    texts = [f"number {number}" for number in range(250)]
    for text in texts:
        api.writes(text)
    relay = Relay(home)
    relay.takes(*texts)
    relay.holds(api).end()


@case
def long_texts_in_one_answer_are_read_to_its_end(home):
    api = home.telegram()
    texts = [f"{number}" + "\U0001f642" * 2000 for number in range(100)]  # 2.4 MB as JSON has it
    for text in texts:
        api.writes(text)
    relay = Relay(home)
    relay.takes(*texts)
    relay.end()


@case
def each_bot_is_polled_and_its_updates_have_its_agents_name(home):
    api = two_bots(home)
    relay = Relay(home).holds(api).holds(api, KIRA)
    for name in "main", "kira":
        expect(relay.says(f"[telegram] [{name}] starting provider") == 1, "it does not say that it starts")
    api.writes("to kira", token=KIRA)
    relay.takes("to kira", bot="kira")
    api.writes("to main")
    relay.takes("to main", bot="main")
    relay.end()


@case
def a_poll_that_is_held_costs_nothing(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    polls, before = len(api.arrived), ticks(relay.running.pid)
    time.sleep(1)
    expect(len(api.arrived) == polls and ticks(relay.running.pid) - before <= 2, "it is busy with waiting")
    relay.end()


def ticks(pid):
    """Hundredths of a second that a process has computed."""
    with open(f"/proc/{pid}/stat") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))


@case
def what_happens_here_wakes_it_while_it_polls(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    before = until(relay.looks, "it looks at its start")
    (home.spool / "agents/kira.md").write_text("\nYou are Kira.\n")
    until(lambda: relay.looks() > before, "it looks again", seconds=2)
    relay.end()


@case
def one_can_see_when_a_bot_was_polled_last(home):
    api = home.telegram()
    stamp = home.spool / "heartbeats/telegram-4711"
    relay = Relay(home).holds(api)
    os.utime(stamp, (0, 0))
    api.writes("hello")
    until(lambda: time.time() - stamp.stat().st_mtime < 20, "its time is set")
    relay.end()


# ------------------------------------------------------------------ what an update is

def message(*who, **content):
    return lambda api: {"message": api.message(*who, **content)}


def kind(of, **content):
    return lambda api: {of: api.message(**content)}


def click(**more):
    return lambda api: {"callback_query": {"id": "17", "from": {"id": 4711, "first_name": "Ann"}, **more}}


PHOTO = [{"file_id": "x", "width": 1, "height": 1}]
TOPIC = {"message_id": 9, "date": 1, "chat": {"id": -100, "type": "supergroup"}, "forum_topic_created": {"name": "Tea"}}
GROUP = {"chat": {"id": -100, "type": "supergroup", "is_forum": True}}
UPDATES = {
    "a_photo_with_a_caption_is_a_text":
        (message(photo=PHOTO, caption="look"), {"text": "look", "attachment": "photo"}),
    "a_voice_message_is_told_as_one": (message(voice={"file_id": "x"}), {"other": "voice"}),
    "an_animation_is_no_document":
        (message(animation={"file_id": "x"}, document={"file_id": "x"}), {"other": "animation"}),
    "a_reply_names_what_it_answers":
        (message(text="yes", reply_to_message={"message_id": 7, "date": 1, "chat": {"id": 4711}, "text": "Tea?"}),
         {"text": "yes", "reply": "7 Tea?"}),
    "a_reply_to_something_odd_is_a_text": (message(text="yes", reply_to_message=17), {"text": "yes", "reply": None}),
    "in_a_forum_the_topic_is_told_and_is_no_reply":
        (message(text="tea", message_thread_id=9, is_topic_message=True, reply_to_message=TOPIC, **GROUP),
         {"text": "tea", "topic": "9", "reply": None, "chat": "-100", "user": "4711"}),
    "a_chain_of_replies_is_no_topic":
        (message(text="tea", message_thread_id=9, reply_to_message={"message_id": 9, "date": 1}, **GROUP),
         {"text": "tea", "topic": None, "reply": "9 "}),
    "who_joins_is_told": (message(new_chat_members=[{"id": 1}]), {"other": "new chat members"}),
    "an_edited_message_is_none": (kind("edited_message", text="no, two"), {"other": "edited message", "user": "0"}),
    "a_post_in_a_channel_is_none": (kind("channel_post", text="news"), {"other": "channel post"}),
    "a_kind_of_the_future_is_told_by_its_name": (kind("tea_leaves"), {"other": "tea leaves"}),
    "a_message_of_nobody_is_none":
        (lambda api: {"message": {name: value for name, value in api.message(text="x").items() if name != "from"}},
         {"other": "message without a sender"}),
    "a_click_without_a_message_is_told":
        (click(data="yes", inline_message_id="1"), {"other": "click without a message"}),
    "a_click_in_a_game_is_told":
        (click(game_short_name="x", message={"message_id": 7, "date": 1, "chat": {"id": 4711}}),
         {"other": "click without data"}),
    "a_click_under_a_message_that_telegram_has_forgotten_counts":
        (click(data="yes", message={"message_id": 7, "date": 0, "chat": {"id": 4711, "type": "private"}}),
         {"click": "yes", "message": "7", "chat": "4711", "user": "4711"}),
    "a_name_cannot_write_a_line_of_its_own":
        (message(text="x", first_name="Eve\n\x1b[2J", username="eve"), {"name": "Eve\\n\\u{1b}[2J (@eve)"}),
    "no_number_is_too_large":
        (message(-(2**52) - 1, text="x"), {"user": str(-(2**52) - 1), "chat": str(-(2**52) - 1)}),
}


def is_read(make, wanted):
    def check(home):
        api = home.telegram()
        api.brings(make(api))
        (line,), said = once(home)
        found = {name: line.get(name) for name in wanted}
        expect(found == wanted, f"{found}, not {wanted}")
        expect(not said, f"it says {said!r}")

    return check


for what, row in UPDATES.items():
    register(f"relayed_{what}", is_read(*row))


# ------------------------------------------------------------------ clicks

@case
def who_clicks_is_shown_what_was_made_of_it(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    for data in "yes", "silent", "x" * 300:
        api.clicks(data)
    relay.takes("yes", "silent", "x" * 300)
    until(lambda: len(api.answered()) == 3, "all are answered")
    shown = {call.fields["callback_query_id"]: call.fields.get("text") for call in api.answered()}
    expect(list(shown.values()) == ["Taken: yes", None, "Taken: " + "x" * 193], f"shown: {shown}")
    expect(all(id.startswith("click") for id in shown) and len(shown) == 3, f"shown: {shown}")
    relay.end()


@case
def a_click_that_is_answered_too_late_counts(home):
    api = home.telegram()
    api.answer("answerCallbackQuery", TOO_OLD, UNAUTHORIZED)
    relay = Relay(home).holds(api)
    api.clicks("late")
    until(lambda: len(api.answered()) == 1, "it is answered")
    api.clicks("later")
    relay.takes("late", "later")
    relay.says("[main] a click was taken", "401 Unauthorized")
    expect("too old" not in relay.end(), "it complains")
    expect(not api.updates, "it is not confirmed")


# ------------------------------------------------------------------ it cannot be kept here

@case
def what_cannot_be_kept_is_not_confirmed_and_nothing_is_taken_before_it(home):
    api, obstacle = two_bots(home), Obstacle(home)
    api.writes("one")
    api.writes("two")
    relay = Relay(home, env=obstacle.env)
    expect(relay.says("[telegram] [main] update", "is in the way", "remove it", "tried again") == 1, "said twice")
    relay.holds(api, KIRA)
    time.sleep(1.5)
    expect(not relay.updates() and len(api.updates) == 2, "something was taken")
    obstacle.remove()
    relay.takes("one", "two")
    until(lambda: not api.updates, "both are confirmed")
    expect(relay.says("[telegram] [main] goes on") == 1, "it does not say that it goes on")
    # Nor could be looked what has happened here.
    expect(relay.says("[telegram] goes on") == 1 and relay.looks(), "it does not say that it looks again")
    said = relay.end()
    expect(said.count("[main] update") == 1 and said.count("is in the way") == 2, "said twice")


@case
def what_was_not_kept_comes_again_to_the_next_one(home):
    api, obstacle = home.telegram(), Obstacle(home)
    api.writes("one")
    relay = Relay(home, env=obstacle.env)
    relay.says("is in the way")
    relay.end()
    obstacle.remove()
    relay = Relay(home)
    relay.takes("one")
    relay.end()


@case
def what_comes_again_though_it_was_confirmed_is_dropped(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    again = {"update_id": 2000, "message": api.message(text="one")}
    api.brings(again, again, {"update_id": 2001, "message": api.message(text="two")})
    relay.takes("one", "two")
    relay.holds(api).end()


# ------------------------------------------------------------------ once

@case
def once_takes_what_there_is_and_ends(home):
    api = two_bots(home)
    for number in range(120):
        api.writes(str(number))
    api.writes("to kira", token=KIRA)
    api.clicks("yes", token=KIRA)
    lines, said = once(home)
    expect([line["text"] for line in lines if line["bot"] == "main"] == list(map(str, range(120))), "not all, in order")
    others = [line.get("text") or line["click"] for line in lines if line["bot"] == "kira"]
    expect(others == ["to kira", "yes"], f"to kira: {others}")
    expect(len(api.answered()) == 1 and not said, f"the click is not answered, or {said!r} is said")
    expect({call.fields["timeout"] for call in api.polls()} == {0}, "it waits")
    expect(not any(api.waiting.values()), "not all is confirmed")
    expect(once(home) == ([], ""), "it comes again")
    home.settled()


@case
def once_leaves_a_bot_to_the_one_that_polls_it(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    polls = len(api.arrived)
    expect(once(home) == ([], "") and len(api.arrived) == polls, "it is polled by two")
    relay.end()


# ------------------------------------------------------------------ which bots

@case
def a_bot_under_two_names_is_polled_once(home):
    api = two_bots(home)
    give_bot(home, "alma", TOKEN)
    give_bot(home, "zoe", KIRA)
    relay = Relay(home).holds(api).holds(api, KIRA)
    started = [line for line in relay.said().splitlines() if "starting provider" in line]
    expect([line.split("[")[2][:-len("] starting provider")] for line in started] == ["main", "kira"], f"{started}")
    relay.end()


@case
def one_agents_bot_can_be_polled_alone(home):
    api = two_bots(home)
    relay = Relay(home, "--agent", "kira").holds(api, KIRA)
    expect({call.token for call in api.arrived} == {KIRA}, "others are polled")
    relay.end()


@case
def a_token_that_cannot_be_read_is_said_and_stops_no_other(home):
    api = two_bots(home)
    (home.spool / "secrets/kira.token").chmod(0o644)
    api.writes("hello")
    lines, said = once(home)
    expect([line["text"] for line in lines] == ["hello"], f"{lines}")
    expect("[kira] left out: " in said and "chmod 600" in said, f"it says {said!r}")


@case
def without_a_bot_it_says_how_to_make_one(home):
    home.furnish()
    for options, code, words in ((), 78, "spool setup telegram"), (("--agent", "kira"), 78, "Telegram-Token-File"), \
            (("--agent",), 64, "--agent"), (("--twice",), 64, "--twice"):
        done = home.run("telegram-relay", *options)
        expect(done.code == code and words.encode() in done.err, f"exit {done.code}: {done.err}")


# ------------------------------------------------------------------ its end

def ends_at(number):
    def check(home):
        api = two_bots(home)
        relay = Relay(home).holds(api).holds(api, KIRA)
        relay.end(number, within=1)

    return check


for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
    register(f"the_relay_ends_at_once_at_{number.name.lower()}", ends_at(number))
