"""Telegram's limits: a message a second to a chat, twenty a minute to a group, whoever sends them.

These cases cannot be quicker than the limits are."""
import signal

from bot_api import CONFLICT, too_many
from case import expect
from home import case
from servers import PATIENCE

SECOND = 0.9  # as exactly as a busy machine sends


def pauses(calls):
    times = sorted(call.time for call in calls)
    return [after - before for before, after in zip(times, times[1:])]


def numbers(calls):
    return [int(call.text.split()[-1]) for call in calls]


@case
def messages_to_one_chat_are_a_second_apart_whoever_sends_them(home):
    api = home.telegram()
    senders = [home.begin("telegram:4711", text=str(number)) for number in range(4)]
    expect([sender.end().code for sender in senders] == [0] * 4, "not all are accepted")
    expect(sorted(numbers(api.calls())) == [0, 1, 2, 3], "not each once")
    expect(min(pauses(api.calls())) >= SECOND, f"pauses of {pauses(api.calls())} s")


@case
def messages_to_different_chats_do_not_wait_for_each_other(home):
    api = home.telegram()
    senders = [home.begin(f"telegram:{chat}") for chat in range(4711, 4721)]
    expect({sender.end().code for sender in senders} == {0}, "not all are accepted")
    calls = api.wait_for(10)
    expect(calls[-1].time - calls[0].time < 5, "they waited for each other")


@case
def what_cannot_go_within_ten_seconds_is_sent_by_the_next_recovery_in_its_order(home):
    api = home.telegram()
    senders = [home.begin("telegram:4711", text=str(number)) for number in range(15)]
    codes = [sender.end().code for sender in senders]
    expect(codes == [0] * 15, f"not all are accepted: {codes}")
    left = sorted(home.entries("deliveries", "new", "wait"), key=lambda entry: entry.id)
    waiting, done = [int(entry.body) for entry in left], len(api.calls())
    expect(waiting and done + len(waiting) == 15, f"{done} sent, {len(waiting)} wait")
    home.again()
    expect(numbers(api.calls())[done:] == waiting, "another order")
    expect(sorted(numbers(api.calls())) == list(range(15)), "not each once")
    expect(min(pauses(api.calls())) >= SECOND, f"pauses of {pauses(api.calls())} s")


@case
def a_group_gets_no_more_than_twenty_messages_a_minute(home):
    api = home.telegram()
    for number in range(21):
        home.commit(number, "telegram:-1004711", str(number))
    recovery = home.start("deliver", "--recover")
    api.wait_for(20, 2 * PATIENCE)
    last = home.send("telegram:-1004711", text="21")
    home.lies(last.id, "new", "wait")
    calls = api.calls()
    expect(len(calls) == 20 and calls[-1].time - calls[0].time < 60, f"{len(calls)} in a minute")
    expect(numbers(calls) == list(range(20)), "another order")
    recovery.kill(signal.SIGTERM).end()


@case
def while_a_chat_must_wait_nothing_goes_to_it_and_all_else_goes_on(home):
    api = home.telegram()
    api.answer("4711", too_many(300))
    home.lies(home.send("telegram:4711").id, "wait")
    home.lies(home.send("telegram:4712").id, "done")
    home.lies(home.send("telegram:4711").id, "new", "wait")
    home.recover()
    expect(len(api.calls("4711")) == 1, "something was sent to a chat that must wait")


@case
def a_short_pause_that_telegram_asks_for_is_kept_by_every_sender(home):
    api = home.telegram()
    api.answer("4711", too_many(3))
    home.lies(home.send("telegram:4711").id, "wait")
    home.send("telegram:4711")
    home.again()
    first, *rest = api.calls()
    expect(len(rest) == 2 and rest[0].time - first.time >= 2.9, "not two more, or one before its time")


@case
def an_ordered_message_does_not_overtake_one_that_waits(home):
    api = home.telegram()
    api.answer("4711", CONFLICT)
    first = home.send("telegram:4711", "--ordered", text="1")
    home.lies(first.id, "wait,1")
    second = home.send("telegram:4711", "--ordered", text="2")
    home.lies(second.id, "new", "wait")
    expect(numbers(api.calls()) == [1], "the second was sent before the first")
    home.again()
    home.again()
    expect(numbers(api.sent()) == [1, 2], f"another order: {numbers(api.sent())}")
    home.lies(second.id, "done")
