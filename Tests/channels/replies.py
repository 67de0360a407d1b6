"""Requests on Telegram: answers in words, and what becomes of words that are none."""
from asked import ANN, GROUP, ME, STRANGER, Chat, heard
from case import expect
from home import case, until
from relaying import inbox

PLAIN = {"yes": ("approved", ""), "OK.": ("approved", ""), "Yes: gladly": ("approved", "gladly"),
         "no: because": ("rejected", "because"), "reject": ("rejected", "")}
UNCLEAR = "yes but not before Monday", "Yes\nbut not before Monday", "what is it about?", "yes?", "\U0001f44d"


def is_plain(words, verdict, note):
    def check(chat):
        question = chat.ask("--subject", "Brief")
        chat.api.replies(question.message, words)
        record = question.ends(verdict, note)
        expect((record.header["Via"], record.header["Who"]) == ("telegram", "telegram 4711 (me)"), f"{record.header}")
        chat.shows(question, verdict, note)
        expect(not inbox(chat.home) and len(chat.messages) == 1, f"kept {inbox(chat.home)}, sent {chat.messages}")

    return check


for words, (verdict, note) in PLAIN.items():
    check = is_plain(words, verdict, note)
    check.__name__ = f"the_reply_{words.strip('.').replace(': ', '_with_a_note_').replace(' ', '_').lower()}_is_{verdict}"
    heard(check)


@heard
def a_reply_that_is_no_plain_verdict_is_asked_back_in_the_chat(chat):
    question = chat.ask("--subject", "Brief")
    chat.api.replies(question.message, UNCLEAR[0])
    said = chat.told("Brief", UNCLEAR[0], "nothing is decided", "answer yes or no")
    expect(said.answers == chat.api.last_incoming, f"it answers {said.answers}")
    question.is_open()
    expect(len(question.message.buttons) == 2 and not inbox(chat.home), "its buttons are gone, or an agent gets it")
    chat.api.replies(question.message, "yes")
    question.ends("approved")


@case
def no_condition_is_a_yes(home):
    chat = Chat(home, True)
    question = chat.ask("--subject", "Brief")
    for words in UNCLEAR:
        chat.api.replies(question.message, words)
    chat.is_taken()
    until(lambda: len(home.outcomes()) == len(UNCLEAR), "all are judged")
    expect({result for result, _ in home.outcomes()} == {"unclear"}, f"{home.outcomes()}")
    question.is_open()
    chat.relay.end(within=10)


@heard
def a_reply_to_the_first_of_several_messages_counts(chat):
    question = chat.ask("--subject", "Brief", text="word " * 1500)
    first, last = chat.messages
    expect(not first.buttons and last is question.message, f"the buttons: {[shown.buttons for shown in chat.messages]}")
    chat.api.replies(first, "no")
    question.ends("rejected")


@heard
def a_reply_to_a_reminder_counts(chat):
    question = chat.ask("--subject", "Brief", "--remind", "1s")
    chat.home.tick()
    reminder = until(lambda: next((shown for shown in chat.messages if "Reminder" in shown.text), None), "a reminder comes")
    expect(reminder.answers == question.message.id and not reminder.buttons, f"{reminder}")
    # Nobody is faster than its receipt.
    until(lambda: len(chat.home.names("deliveries", "re")) > 1, "its receipt is there")
    chat.api.replies(reminder, "yes")
    question.ends("approved")


@heard
def a_yes_that_answers_no_message_is_asked_which_request(chat):
    question = chat.ask("--subject", "Brief")
    for number, words in enumerate(("yes", "No", "ok: gladly"), 1):
        chat.api.writes(words)
        chat.told("Which request?", "Nothing is decided", times=number)
    chat.is_taken()
    question.is_open()
    expect(not inbox(chat.home), f"kept: {inbox(chat.home)}")
    expect(not chat.home.entries("replies"), "it is taken for an answer")


@heard
def other_words_while_a_request_is_open_go_to_the_agent(chat):
    question = chat.ask("--subject", "Brief")
    chat.api.writes("what is the weather?")
    until(lambda: inbox(chat.home, "main"), "it is kept")
    question.is_open()
    expect(len(chat.messages) == 1, f"something is said to it: {chat.messages}")


@heard
def a_reply_to_another_message_decides_nothing(chat):
    question = chat.ask("--subject", "Brief")
    chat.home.send("telegram:me", text="Good morning.\n")
    other = until(lambda: next((shown for shown in chat.messages if "Good morning" in shown.text), None), "it is sent")
    chat.api.replies(other, "yes")
    chat.told("Which request?", "Nothing is decided")
    question.is_open()


@heard
def a_reply_to_what_is_decided_is_too_late_and_is_told(chat):
    """Its message has become the verdict, and does not name the request any more."""
    question = chat.ask("--subject", "Brief")
    chat.api.presses(question.message, "No")
    question.ends("rejected")
    chat.shows(question, "rejected")
    other = chat.ask("--subject", "Another")
    chat.api.replies(question.message, "yes")
    chat.told("Brief", "too late: rejected at")
    other.is_open()
    expect(not inbox(chat.home), f"an agent gets it: {inbox(chat.home)}")


@case
def a_reply_to_what_is_decided_reaches_no_agent(home):
    chat = Chat(home, True)
    question = chat.ask("--subject", "Brief")
    chat.api.presses(question.message, "No")
    question.ends("rejected")
    chat.shows(question, "rejected")
    chat.api.replies(question.message, "yes")
    chat.is_taken()
    expect(not inbox(home), f"an agent gets a yes: {inbox(home)}")
    chat.told("Brief", "too late: rejected at")
    chat.relay.end(within=10)


@heard
def in_a_group_only_who_is_known_may_reply(chat):
    question = chat.ask("--subject", "Brief", "--approvers", "ann", to=f"telegram:{GROUP}")
    chat.api.replies(question.message, "yes", who=STRANGER)
    until(lambda: [line for line in chat.home.journal() if line["event"] == "stranger"], "the journal has it")
    question.is_open()
    chat.api.replies(question.message, "yes", who=ANN)
    expect(question.ends("approved").header["Who"] == "telegram 9 (ann)", f"{question.record.header}")
    expect(ME not in [shown.chat for shown in chat.messages], "somebody else is told")


@heard
def a_photo_with_words_that_replies_counts_by_its_words(chat):
    question = chat.ask("--subject", "Brief")
    chat.api.brings({"message": chat.api.message(photo=[{"file_id": "x"}], reply_to_message=question.message.fields)})
    chat.is_taken()
    question.is_open()
    chat.api.brings({"message": chat.api.message(caption="no: like this", photo=[{"file_id": "x"}],
                                                 reply_to_message=question.message.fields)})
    question.ends("rejected", "like this")
