"""Who hears what is said to a bot: a relay, or one of those who wait. One at a time polls it, whoever comes and goes, and
what was taken by one that has died counts once."""
import signal
import time

from asked import Chat, heard
from case import expect, wait_for_orphans
from home import case, until
from relaying import Relay, inbox
from servers import STALL


def was_polled_by_one(chat, *commands):
    """Telegram had to end no poll for another: whoever it does that to says so."""
    relays = [chat.relay.running] if chat.relay else []
    for command in [*relays, *commands]:
        expect(b"409 Conflict" not in command.said(), f"it says {command.said()!r}")


class Deaf:
    """Telegram hears what is said by nobody until this is over: the next poll confirms nothing, and gets nothing."""

    def __init__(self, api):
        self.api = api
        api.always("getUpdates", STALL)

    def end(self):
        del self.api.plans.rest["getUpdates"]


# ------------------------------------------------------------------ it has died before it could confirm

def taken_twice(chat, act, is_taken):
    """A relay takes what somebody does, and is killed before it confirms that; gives the next one's."""
    until(chat.api.is_held, "a poll is held")
    deaf = Deaf(chat.api)
    act()
    until(is_taken, "it is taken")
    chat.relay.running.kill(signal.SIGKILL).end()
    expect(len(chat.api.updates) == 1, "it is confirmed already")
    deaf.end()
    relay = chat.relayed().holds(chat.api)
    chat.is_taken()
    return relay


@case
def a_click_whose_relay_was_killed_before_it_confirmed_it_counts_once(home):
    chat = Chat(home, True)
    question = chat.ask("--subject", "Brief").leave()
    relay = taken_twice(chat, lambda: chat.api.presses(question.message, "Yes"), home.kept)
    question.ends("approved")
    expect(len(home.kept()) == 1 and [word for word, _ in home.outcomes()] == ["counted"], f"{home.outcomes()}")
    chat.shows(question, "approved")
    time.sleep(0.5)
    expect(len(chat.messages) == 1, f"more is said: {chat.messages}")
    relay.end(within=10)


@case
def words_whose_relay_was_killed_before_it_confirmed_them_are_kept_once(home):
    chat = Chat(home, True)
    relay = taken_twice(chat, lambda: chat.api.writes("hello"), lambda: inbox(home))
    expect(relay.texts() == ["hello"], f"kept: {relay.texts()}")
    relay.end(within=10)


@case
def a_yes_to_nothing_whose_relay_was_killed_is_asked_back_once(home):
    chat = Chat(home, True)
    question = chat.ask().leave()
    relay = taken_twice(chat, lambda: chat.api.writes("yes"), lambda: len(chat.messages) == 2)
    time.sleep(1.2)
    chat.told("Which request?")
    question.is_open()
    relay.end(within=10)


# ------------------------------------------------------------------ one comes, another goes

@case
def a_relay_that_starts_while_one_waits_lets_him_poll_and_goes_on_after_him(home):
    chat = Chat(home)
    question = chat.ask()
    relay = chat.relayed()
    relay.says("[main] another process polls this bot: waiting for it")
    chat.api.presses(question.message, "Yes")
    waiter = question.waiter
    question.ends("approved")
    relay.says("[main] no other process polls this bot any more: going on")
    second = chat.ask()
    chat.api.presses(second.message, "No")
    second.ends("rejected")
    was_polled_by_one(chat, waiter)
    relay.end(within=10)


@case
def who_waits_while_a_relay_polls_leaves_the_bot_to_it(home):
    chat = Chat(home, True)
    polls = len(chat.api.arrived)
    questions = [chat.ask() for _ in range(2)]
    time.sleep(1)
    asked = [call for call in chat.api.arrived[polls:] if call.name == "getupdates"]
    expect(len(asked) <= 1, f"polled {len(asked)} times")
    chat.api.presses(questions[1].message, "Yes")
    questions[1].ends("approved")
    chat.api.presses(questions[0].message, "No")
    questions[0].ends("rejected")
    was_polled_by_one(chat)
    expect(not chat.relay.said().count("another process"), chat.relay.said())
    chat.relay.end(within=10)


@case
def when_the_relay_dies_one_who_waits_takes_over(home):
    chat = Chat(home, True)
    question = chat.ask()
    waiter = question.waiter
    chat.relay.running.kill(signal.SIGKILL).end()
    dead = time.monotonic()
    chat.api.presses(question.message, "Yes")
    question.ends("approved", within=20)
    took = time.monotonic() - dead
    home.remark(f"taken over within {took:.1f} s")
    expect(took < 12, f"it took {took:.1f} s")
    was_polled_by_one(chat, waiter)


@case
def of_two_who_wait_the_other_goes_on_when_the_first_has_its_answer(home):
    chat = Chat(home)
    first, second = chat.ask(), chat.ask()
    waiters = first.waiter, second.waiter
    chat.api.presses(first.message, "Yes")
    first.ends("approved")
    chat.api.presses(second.message, "No")
    second.ends("rejected", within=25)
    was_polled_by_one(chat, *waiters)


@case
def of_two_who_wait_the_other_goes_on_when_the_first_is_killed(home):
    chat = Chat(home)
    first, second = chat.ask(), chat.ask()
    waiter = second.waiter
    first.leave()
    chat.api.presses(first.message, "Yes")
    chat.api.presses(second.message, "No")
    second.ends("rejected", within=25)
    first.ends("approved")
    was_polled_by_one(chat, waiter)


@case
def nothing_polls_any_more_when_who_waits_was_killed(home):
    chat = Chat(home)
    chat.ask().leave()
    wait_for_orphans()
    polls = len(chat.api.arrived)
    time.sleep(1)
    expect(len(chat.api.arrived) == polls, "somebody polls")


def ends_by(number):
    def check(home):
        chat = Chat(home)
        question = chat.ask()
        begun = time.monotonic()
        done = question.waiter.kill(number).end(10)
        expect(done.code == 128 + number and time.monotonic() - begun < 3, f"exit {done.code}: {done.err}")
        question.waiter = None
        wait_for_orphans()
        question.is_open()

    return check


for number in signal.SIGTERM, signal.SIGINT:
    name = f"who_waits_and_polls_ends_at_once_at_{number.name.lower()}"
    check = ends_by(number)
    check.__name__, check.__module__ = name, __name__
    case(check)


@heard
def when_the_time_of_a_poll_is_over_it_is_made_again(chat):
    question = chat.ask()
    for _ in range(2):
        polls = len(chat.api.arrived)
        chat.api.ends_polls()
        until(lambda: len(chat.api.arrived) > polls and chat.api.is_held(), "it polls again")
    chat.api.presses(question.message, "Yes")
    waiter = question.waiter
    question.ends("approved")
    was_polled_by_one(chat, waiter)
