"""Requests on Telegram: whatever decides them, the message that asked says so, and has no buttons any more."""
import json

from asked import ME, Chat, heard
from bot_api import INTERNAL, refusal
from case import expect
from home import case, until
from sending import register
from servers import CUT

LONG = "word " * 1500
WAYS = {"approve": ("approved", lambda chat, question: chat.home.good("approve", "-m", "gladly", question.id)),
        "reject": ("rejected", lambda chat, question: chat.home.good("reject", question.id)),
        "a_file": ("approved", lambda chat, question: chat.home.touch(f"{question}.yes"))}


def decided_by(way, word, act):
    def check(chat):
        question = chat.ask("--subject", "Brief")
        act(chat, question)
        question.ends(word, "gladly" if way == "approve" else "")
        shown = chat.shows(question, word, "Brief", "Tea, at four?", "by uid 0" if way != "reject" else "Rejected")
        expect(shown.changes == 1 and len(chat.messages) == 1, f"{chat.messages}")

    check.__name__, check.__module__ = f"what_{way}_decides_is_shown_by_the_message", __name__
    return check


for way, (word, act) in WAYS.items():
    heard(decided_by(way, word, act))


def with_nobody_at_all(way, word, act):
    def check(home):
        chat = Chat(home)
        question = chat.ask("--subject", "Brief").leave()
        act(chat, question)
        home.tick()
        expect(question.record.header["Verdict"] == word, f"{question.record.header}")
        chat.shows(question, word)
        expect(question.message.changes == 1 and len(chat.messages) == 1, f"{chat.messages}")

    return check


for way, (word, act) in WAYS.items():
    register(f"what_{way}_decides_is_shown_by_the_message_with_nobody_waiting", with_nobody_at_all(way, word, act))


@case
def who_approves_on_the_machine_changes_the_message_himself(home):
    chat = Chat(home)
    question = chat.ask("--subject", "Brief").leave()
    home.good("approve", question.id)
    until(lambda: question.message.changes, "the message is changed")
    expect(question.message.text.startswith("Brief\n\nApproved at ") and not question.message.buttons, f"{question.message}")


@heard
def no_answer_in_time_is_shown_and_told(chat):
    question = chat.ask("--subject", "Brief", "--timeout", "2s", is_heard=False)
    question.ends("timeout")
    chat.shows(question, "timeout", "no answer in time")
    if not chat.relay:
        chat.home.again()
    said = chat.told("No answer in time", "Brief", "Rejected at")
    expect(said.answers == question.message.id, f"it answers {said.answers}")


@case
def no_answer_in_time_is_told_by_the_tick(home):
    chat = Chat(home)
    question = chat.ask("--subject", "Brief", "--timeout", "1s", is_heard=False).leave()
    home.until_deadline(question)
    question.ends("timeout")
    chat.shows(question, "timeout")
    home.tick()
    chat.told("No answer in time", "Brief", answers=question.message)
    expect(len(chat.messages) == 2, f"{chat.messages}")


# ------------------------------------------------------------------ several messages

@heard
def of_a_long_request_only_the_last_message_has_buttons_and_the_verdict_follows_it(chat):
    question = chat.ask("--subject", "Brief", text=LONG)
    first, last = chat.messages
    expect(last is question.message and not first.buttons and not first.markup, f"{first}")
    text = last.text
    chat.api.presses(last, "Yes")
    question.ends("approved")
    if not chat.relay:
        chat.home.tick()
    said = chat.told("Brief", "Approved at", "telegram 4711", answers=last)
    expect(not last.buttons and last.text == text and not first.changes, f"{chat.messages}")
    expect(said.text.count("\n") <= 1 and len(chat.messages) == 3, f"it says {said.text!r}")


# ------------------------------------------------------------------ what goes wrong with that

def changes_nothing_more(name, *answers, changes=1):
    def check(home):
        chat = Chat(home)
        question = chat.ask("--subject", "Brief").leave()
        chat.api.answer("editMessage", *answers)
        home.run("approve", question.id)
        for _ in answers:
            # What approve has begun to send is over first.
            until(lambda: not home.names("deliveries", "new") and not home.names("deliveries", "run"), "it was tried")
            home.again()
        shown = question.message
        expect(shown.changes == changes and len(shown.buttons) == 2 * (not changes), f"{shown}")
        expect(len(chat.messages) == 1 and not home.inbox(), f"more is said: {chat.messages}")
        expect(question.record.header["Verdict"] == "approved", "another verdict")
        expect(not home.names("deliveries", "new") and not home.names("deliveries", "wait"), "it is tried on and on")

    register(name, check)


changes_nothing_more("a_change_whose_answer_was_lost_is_made_once", CUT)
changes_nothing_more("a_change_that_telegram_failed_at_is_made_later", INTERNAL)
changes_nothing_more("a_message_that_somebody_has_deleted_is_left_alone",
                     refusal(400, "Bad Request: message to edit not found"), changes=0)


@case
def what_is_decided_before_it_could_be_asked_is_not_asked_any_more(home):
    chat = Chat(home)
    chat.api.answer(str(ME), INTERNAL)
    question = home.begin_to_ask("--subject", "Brief")
    until(lambda: home.names("deliveries", "wait"), "it was tried")
    home.good("approve", question.id)
    question.ends("approved")
    for _ in range(2):
        home.again()
        home.tick()
    expect(not chat.messages, f"decided, and asked: {[shown.text[:40] for shown in chat.messages]}")
