"""Answers that decide nothing: what is not a plain verdict is asked back, what names no one request is told of. It is kept, and
the request can still be answered."""
from asking import both
from by_hand import write
from case import expect
from home import case, until

ASKED = "nothing is decided"
WHAT_TO_DO = "answer yes or no alone"


# ------------------------------------------------------------------ no plain verdict

def says(text, name="{}"):
    def check(home, question):
        write(home.drop / name.format(question), text)
        question.asks_back(question.short, ASKED, WHAT_TO_DO)
        [reply] = home.kept()
        expect(reply.body == text and not home.names("replies", "drop"), "it is not kept as it was")
        expect(home.outcomes()[0][0] == "unclear", f"its record: {home.outcomes()}")
        question.can_be_answered()

    return check


for words, text in {
        "yes_but_with_a_condition": b"yes but not before Monday\n",
        "yes_and_a_condition_below": b"yes\nbut not before Monday\n",
        "maybe": b"maybe\n", "nothing": b"", "blanks": b" \n\t\n", "a_question": b"yes?\n", "yes_and_no": b"yes no\n",
        "a_word_that_begins_so": b"yesterday\n", "nono": b"nono\n", "yes_below_something_else": b"Dear Spindle,\nyes\n",
        "yes_in_UTF-16": "yes\n".encode("utf-16"), "yes_behind_a_quote": b"> yes\n", "bytes": bytes(range(128, 256)),
        "yes_and_a_null": b"yes\0\n", "yes_between_escapes": b"\x1b[8mno\x1b[0m yes\n",
        "yes_to_something_far_below": b"\n" * 70_000 + b"yes\n"}.items():
    both(f"a_file_that_says_{words}_is_asked_back", says(text))
both("the_id.yes_that_says_no_is_asked_back", says(b"no\n", "{}.yes"))
both("the_id.no_that_says_yes_is_asked_back", says(b"yes\n", "{}.no"))
both("the_id.yes_that_names_a_condition_is_asked_back", says(b"yes\nbut not before Monday\n", "{}.yes"))
both("the_id.yes_that_says_maybe_is_asked_back", says(b"maybe\n", "{}.yes"))
both("the_id.maybe_is_told_of", lambda home, question: is_unknown(home, question, f"{question}.maybe"))


def asked_back_twice(home, question):
    """The second time it is another answer, and another message."""
    for number in 1, 2:
        write(question.drop, b"maybe\n")
        if not question.waiter:
            home.tick()
        home.told(question.short, ASKED, times=number)
        question.is_open()
    question.can_be_answered()


both("who_is_asked_back_twice_reads_it_twice", asked_back_twice)


# ------------------------------------------------------------------ no one request

def is_unknown(home, question, name):
    home.touch(name)
    answer = question.asks_back(name.partition(".")[0], ASKED, "no request is called that", "spool ls approvals")
    expect(home.outcomes()[0][0] == "unknown", f"its record: {home.outcomes()} {answer}")
    question.can_be_answered()


for name in "nobody.yes", "20260101T000000.000000Z-000000.yes", "2025.no", "letter", "yes", "no", "yes.yes":
    both(f"an_answer_to_{name}_is_told_of",
         lambda home, question, name=name: is_unknown(home, question, name))


@case
def an_answer_that_fits_two_requests_is_told_of_with_the_choices(home):
    questions = [home.ask("--subject", "Brief") for _ in range(2)]
    for number, name in enumerate(("brief.yes", questions[0].id[:6] + ".no", questions[1].id[:10]), 1):
        home.touch(name)
        home.told(f"\n{name.partition('.')[0]}: fits 2 requests", ASKED, "give more of the ID",
                  *(question.id for question in questions))
        for question in questions:
            question.is_open()
    home.touch(f"{questions[1].short}.no")
    questions[1].ends("rejected")
    home.touch("brief.yes")  # by now one that is open fits
    questions[0].ends("approved")
    expect(sorted(word for word, _ in home.outcomes()) == ["ambiguous"] * 3 + ["counted"] * 2, f"{home.outcomes()}")


@case
def an_answer_that_fits_two_requests_is_told_of_by_the_tick(home):
    questions = [home.ask("--subject", "Brief").leave() for _ in range(2)]
    home.touch("brief.yes")
    home.tick()
    home.told("brief", "fits 2 requests", ASKED, *(question.id for question in questions))
    for question in questions:
        question.is_open()
        question.can_be_answered()


@case
def an_answer_to_what_was_decided_long_ago_is_too_late(home):
    question = home.ask("--subject", "Brief")
    home.touch(f"{question}.no")
    question.ends("rejected")
    for number, name in enumerate((f"{question}.yes", f"{question.short}.yes", "brief.yes"), 1):
        home.touch(name)
        home.tick()
        home.told("Brief", question.short, "too late: rejected at", "is kept", times=number)
    expect(question.record.header["Verdict"] == "rejected" and len(home.kept()) == 4, "another verdict, or not kept")


@case
def while_it_is_waited_for_who_is_asked_back_reads_it_without_a_tick(home):
    """No daemon is needed for anything."""
    question = home.ask()
    write(question.drop, b"maybe\n")
    until(lambda: home.messages(ASKED), "people/me is asked back by who waits", 5)
    question.can_be_answered()
