"""Requests on Telegram: buttons, and what becomes of them."""
import json

from asked import ANN, GROUP, ME, STRANGER, heard
from case import expect
from home import until


@heard
def a_request_has_two_buttons_that_name_it(chat):
    question = chat.ask("--subject", "A post for the network, about tea and more")
    shown = question.message
    expect(shown.buttons == [("Yes", f"yes:{question.id}"), ("No", f"no:{question.id}")], f"its buttons: {shown.buttons}")
    expect(all(len(data.encode()) <= 64 for _, data in shown.buttons), "they are too long")
    expect(shown.chat == ME and shown.text.startswith("Approve? A post"), f"{shown.text!r}")
    expect("Tea, at four?" in shown.text, f"it does not say what is asked: {shown.text!r}")
    expect("within 4 h" in shown.text, f"it does not say how long: {shown.text!r}")
    chat.api.presses(shown, "Yes")
    question.ends("approved")


def click(button, word):
    def check(chat):
        question = chat.ask("--subject", "Brief")
        chat.api.presses(question.message, button)
        record = question.ends(word)
        expect((record.header["Via"], record.header["Who"]) == ("telegram", "telegram 4711 (me)"), f"{record.header}")
        expect(chat.shown().startswith(f"{word.capitalize()} at 20"), f"shown: {chat.shown()!r}")
        shown = chat.shows(question, word, "Brief", "Tea, at four?", "by telegram 4711 (me)")
        expect(shown.changes == 1, f"changed {shown.changes} times")
        expect(len(chat.messages) == 1, f"more was sent: {chat.messages}")

    check.__name__, check.__module__ = f"who_presses_{button.lower()}_decides_and_sees_it", __name__
    return heard(check)


click("Yes", "approved")
click("No", "rejected")


@heard
def a_click_that_comes_twice_counts_once(chat):
    question = chat.ask("--subject", "Brief")
    number = chat.api.presses(question.message, "Yes")
    question.ends("approved")
    chat.shows(question, "approved")
    other = chat.ask("--subject", "Another")  # somebody hears again
    chat.api.brings_again(number)
    chat.is_taken()
    other.is_open()
    expect(len(chat.home.kept()) == 1, f"{len(chat.home.kept())} answers are kept")
    expect(question.record.header["Verdict"] == "approved", "another verdict")


@heard
def a_second_click_is_too_late_and_is_told(chat):
    question = chat.ask("--subject", "Brief")
    chat.api.presses(question.message, "Yes")
    question.ends("approved")
    chat.shows(question, "approved")
    other = chat.ask("--subject", "Another")
    chat.api.presses(question.message, f"no:{question.id}")
    until(lambda: [call for call in chat.api.answered() if "too late: approved at" in call.fields.get("text", "")],
          "he is shown that it is too late", 5)
    chat.told("Brief", "too late: approved at", answers=question.message)
    expect(question.record.header["Verdict"] == "approved", "another verdict")
    expect(question.message.changes == 1 and not question.message.buttons, "the message is another")
    other.is_open()


@heard
def a_strangers_click_is_refused_and_the_request_stays_open(chat):
    question = chat.ask("--subject", "Brief", "--approvers", "me", to=f"telegram:{GROUP}")
    chat.api.presses(question.message, "Yes", who=STRANGER)
    expect(chat.shown() == "This is not for you.", f"shown: {chat.shown()!r}")
    question.is_open()
    refused = [line for line in chat.home.journal() if line["event"] == "stranger"]
    expect(len(refused) == 1 and "666" in json.dumps(refused), f"the journal: {refused}")
    expect(len(question.message.buttons) == 2, "its buttons are gone")
    chat.api.presses(question.message, "Yes", who=ME)
    question.ends("approved")


@heard
def of_approvers_only_they_may_click(chat):
    question = chat.ask("--subject", "Brief", "--approvers", "ann", to=f"telegram:{GROUP}")
    chat.api.presses(question.message, "Yes", who=ME)
    expect("may not answer it: only ann may" in chat.shown(), f"shown: {chat.shown()!r}")
    question.is_open()
    chat.api.presses(question.message, "No", who=ANN)
    record = question.ends("rejected")
    expect(record.header["Who"] == "telegram 9 (ann)", f"{record.header}")
    chat.shows(question, "rejected", "telegram 9 (ann)")


@heard
def a_button_of_a_request_that_is_over_decides_nothing_of_the_next(chat):
    first = chat.ask("--subject", "First")
    chat.api.presses(first.message, "Yes")
    first.ends("approved")
    second = chat.ask("--subject", "Second")
    for word in "yes", "no":
        chat.api.presses(first.message, f"{word}:{first.id}")
    chat.is_taken()
    chat.told("First", "too late", times=2)
    second.is_open()
    chat.api.presses(second.message, "No")
    second.ends("rejected")
    expect(first.record.header["Verdict"] == "approved", "another verdict")


@heard
def of_two_requests_each_button_decides_its_own(chat):
    first, second = chat.ask("--subject", "One"), chat.ask("--subject", "One")
    chat.api.presses(second.message, "Yes")
    second.ends("approved")
    first.is_open()
    chat.api.presses(first.message, "No")
    first.ends("rejected", within=20)
    chat.shows(first, "rejected")
    chat.shows(second, "approved")


@heard
def a_button_that_names_no_request_decides_nothing(chat):
    question = chat.ask()
    gone = "20260101T000000.000000Z-000000"
    for data in f"yes:{gone}", f"maybe:{question.id}", f"yes:{question.id[:-1]}x", "yes:", "yes", "", "\0" * 64, question.id:
        chat.api.presses(question.message, data)
    chat.is_taken()
    question.is_open()
    chat.api.presses(question.message, "Yes")
    question.ends("approved")


@heard
def a_button_of_a_request_that_was_given_up_is_told_so(chat):
    other = chat.ask("--subject", "Another")
    question = chat.ask("--subject", "Brief")
    chat.home.good("spool", "cancel", question.id)
    expect(question.waiter.end().code == 69, "it is waited for")
    chat.api.presses(question.message, "Yes")
    chat.told("Brief", "too late: the request was given up")
    expect(question.room == "fail" and not question.record, "it is decided")
    other.is_open()


@heard
def a_button_that_answers_a_request_by_another_way_as_well_decides_it_once(chat):
    """Two at the same moment: on the machine and on Telegram."""
    question = chat.ask("--subject", "Brief")
    tool = chat.home.start("reject", question.id)
    chat.api.presses(question.message, "Yes")
    tool.end()
    question.waiter.end()
    verdict = question.record.header["Verdict"]
    expect(tool.process.returncode == (verdict != "rejected"), f"{verdict}, and reject exits {tool.process.returncode}")
    chat.shows(question, verdict)
