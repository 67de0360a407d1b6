"""`telegram-relay`: what people write to a bot, and which buttons they press, is handed on once, in its order, and
confirmed when it was. What goes wrong on the way: relay_trouble.py."""
import os
import signal
import time

from bot_api import TOKEN, TOO_OLD, UNAUTHORIZED
from case import expect
from home import case, until
from relaying import KIRA, Obstacle, Relay, give_bot, inbox, once, texts, two_bots
from sending import register


# ------------------------------------------------------------------ what comes is handed on

@case
def what_somebody_writes_is_handed_on_and_confirmed(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    expect(relay.says("[telegram] [main] starting provider") == 1, "it does not say that it starts")
    api.writes("hello", last_name="Lee", username="ann")
    relay.takes("hello")
    kept, = inbox(home, "main")
    wanted = {"From": "telegram:4711", "Chat": "telegram:4711", "Message": "501", "Sender": "Ann Lee (@ann)"}
    expect(wanted.items() <= kept.header.items(), f"kept: {kept.header}")
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
    written = [f"number {number}" for number in range(250)]
    for text in written:
        api.writes(text)
    relay = Relay(home)
    relay.takes(*written)
    relay.holds(api).end()


@case
def long_texts_in_one_answer_are_read_to_its_end(home):
    api = home.telegram()
    written = [f"{number}" + "\U0001f642" * 2000 for number in range(100)]  # 2.4 MB as JSON has it
    for text in written:
        api.writes(text)
    relay = Relay(home)
    relay.takes(*written)
    relay.end()


@case
def each_bot_is_polled_and_its_updates_have_its_agents_name(home):
    api = two_bots(home)
    relay = Relay(home).holds(api).holds(api, KIRA)
    for name in "main", "kira":
        expect(relay.says(f"[telegram] [{name}] starting provider") == 1, "it does not say that it starts")
    api.writes("to kira", token=KIRA)
    relay.takes("to kira", agent="kira")
    api.writes("to main")
    relay.takes("to main", agent="main")
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
    home.commit(1, "telegram:4711")
    until(api.sent, "what is to be sent is sent", seconds=10)
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


@case
def it_is_expected_as_long_as_it_stays(home):
    """Killed, it is missed: its heartbeat stays, and goes stale."""
    api = home.telegram()
    beat = home.spool / "heartbeats/telegram-relay"
    relay = Relay(home).holds(api)
    expect(f"Pid: {relay.running.pid}" in beat.read_text(), "it gives no sign of life")
    relay.end()
    expect(not beat.exists(), "it has ended in order, and is expected all the same")
    relay = Relay(home)
    until(beat.exists, "it gives a sign of life")
    relay.running.kill(signal.SIGKILL).process.wait()
    once(home)
    expect(beat.exists(), "it was killed, and nobody expects it any more")


# ------------------------------------------------------------------ clicks

@case
def who_clicks_is_shown_what_was_made_of_it(home):
    api = home.telegram()
    relay = Relay(home).holds(api)
    api.clicks("tea")
    call, = until(api.answered, "it is answered")
    expect(call.fields["callback_query_id"].startswith("click"), f"answered: {call.fields}")
    expect(call.fields["text"] == "This button is none of Spindle's.", f"shown: {call.fields}")
    relay.end()


@case
def a_click_that_is_answered_too_late_counts(home):
    api = home.telegram()
    api.answer("answerCallbackQuery", TOO_OLD, UNAUTHORIZED)
    relay = Relay(home).holds(api)
    for number in 1, 2:
        api.clicks("tea")
        until(lambda: len(api.answered()) == number, "it is answered")
    relay.says("[main] a click was taken", "401 Unauthorized")
    until(lambda: not api.updates, "it is confirmed")
    expect("too old" not in relay.end(), "it complains")


# ------------------------------------------------------------------ it cannot be kept here

@case
def what_cannot_be_kept_is_not_confirmed_and_nothing_is_taken_before_it(home):
    api, obstacle = two_bots(home), Obstacle(home)
    api.writes("one")
    api.writes("two")
    relay = Relay(home)
    expect(relay.says("[telegram] [main] update", "inbox-main", "tried again until it works") == 1, "said twice")
    relay.holds(api, KIRA)
    time.sleep(1.5)
    expect(not relay.texts() and len(api.updates) == 2, "something was taken")
    obstacle.remove()
    relay.takes("one", "two")
    until(lambda: not api.updates, "both are confirmed")
    expect(relay.says("[telegram] [main] goes on") == 1, "it does not say that it goes on")
    expect(relay.end().count("[main] update") == 1, "said twice")


@case
def what_was_not_kept_comes_again_to_the_next_one(home):
    api, obstacle = home.telegram(), Obstacle(home)
    api.writes("one")
    relay = Relay(home)
    relay.says("[main] update", "inbox-main")
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
    _, said = once(home)
    expect(texts(inbox(home, "main")) == list(map(str, range(120))), "not all, in order")
    expect(texts(inbox(home, "kira")) == ["to kira"], "another text")
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
    kept, said = once(home)
    expect(texts(kept) == ["hello"], f"kept: {texts(kept)}")
    expect("[kira] left out: " in said and "chmod 600" in said, f"it says {said!r}")


@case
def without_a_bot_it_says_how_to_make_one(home):
    home.furnish()
    for options, code, words in ((), 78, "spool setup telegram"), (("--agent", "kira"), 78, "Telegram-Token-File"), \
            (("--twice",), 64, "--twice"):
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
