"""Requests on Telegram that nobody waits for: without a relay the tick hears what is said to them."""
from asked import Chat
from case import expect
from home import case, until


def by_the_tick(name, answer):
    def check(home):
        chat = Chat(home)
        question = chat.ask("--subject", "Brief").leave()
        answer(chat, question.message)
        home.tick()
        expect(question.record and question.record.header["Verdict"] == "approved", "no verdict")
        shown = question.message
        until(lambda: shown.changes, "the message is changed")
        expect(not shown.buttons and shown.text.startswith("Brief\n\nApproved at "), f"{shown}")
        expect(not chat.api.updates, "it is not confirmed")

    check.__name__, check.__module__ = name, __name__
    case(check)


by_the_tick("a_click_is_found_by_the_tick", lambda chat, shown: chat.api.presses(shown, "Yes"))
by_the_tick("a_reply_is_found_by_the_tick", lambda chat, shown: chat.api.replies(shown, "yes"))


@case
def a_click_that_the_tick_finds_after_the_deadline_is_late(home):
    chat = Chat(home)
    question = chat.ask("--timeout", "1s", is_heard=False).leave()
    chat.api.presses(question.message, "Yes")  # Telegram does not say when
    home.until_deadline(question)
    question.ends("timeout")


@case
def a_reply_before_the_deadline_counts_though_the_tick_finds_it_after_it(home):
    chat = Chat(home)
    question = chat.ask("--timeout", "2s", is_heard=False).leave()
    chat.api.replies(question.message, "yes")  # Telegram says when it was written
    home.until_deadline(question)
    question.ends("approved")


@case
def the_tick_polls_no_bot_while_no_request_is_open_there(home):
    chat = Chat(home)
    home.ask(to=f"file:{home.home}/elsewhere").leave()
    home.tick()
    expect(not chat.api.arrived, f"asked: {[call.name for call in chat.api.arrived]}")


@case
def the_tick_leaves_a_bot_to_the_relay_that_polls_it(home):
    chat = Chat(home, True)
    question = chat.ask().leave()
    for _ in range(2):
        home.tick()
    expect("409 Conflict" not in chat.relay.said(), chat.relay.said())
    chat.api.presses(question.message, "Yes")
    until(lambda: question.record, "it is decided")
    chat.relay.end(within=10)
