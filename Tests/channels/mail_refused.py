"""Answers by mail that do not count: what is refused, passed over or given back, and who is told by mail."""
import re

from answering_mail import ANN, ME, OURS, STRANGER, answer, asks, mails, vouched
from case import expect
from home import case, failed
from sending import register

FORGED = {
    "whose_check_failed": dict(auth=vouched(ME, "dmarc=fail")),
    "that_nothing_vouches_for": dict(auth=""),
    "above_a_forged_pass": dict(auth=vouched(ME, "dmarc=fail"), headers=[vouched(ME)]),
    "that_another_server_vouches_for": dict(auth=vouched(ME, server="mx.evil.example")),
    "that_a_server_with_a_longer_name_vouches_for": dict(auth=vouched(ME, server=OURS + ".evil.example")),
    "whose_pass_is_in_a_comment": dict(auth=f"Authentication-Results: {OURS}; dmarc=fail "
                                            "(; dmarc=pass header.from=example.org)"),
    "whose_pass_is_for_another_domain": dict(auth=f"Authentication-Results: {OURS}; dmarc=pass header.from=evil.example"),
    "whose_pass_is_of_none_of_these_checks": dict(auth=f"Authentication-Results: {OURS}; auth=pass smtp.auth=x"),
}


def is_forged(**how):
    def check(home):
        question = asks(home)
        failed(answer(home, question, code=77, **how), 77, tool="approve")
        expect(not home.kept() and not home.entries("replies"), "it is taken for an answer")
        question.is_open()
        refused = [line for line in home.journal() if line["event"] == "refused"]
        expect(len(refused) == 1 and ME in str(refused), f"the journal: {refused}")
        answer(home, question, number=2)
        question.ends("approved")

    return check


for words, how in FORGED.items():
    register(f"a_mail_{words}_is_refused", is_forged(**how))


@case
def without_a_word_in_config_no_mail_counts(home):
    question = asks(home, config="Email-Reply-To: spindle@example.org\n")
    failed(answer(home, question, code=77), 77, "Email-Authentication", tool="approve")
    expect("answer with just" not in mails(home)[0].get_content(), "the mail says that it can be answered")
    question.is_open()


MACHINES = "Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes", "Return-Path: <>"


@case
def what_a_machine_answers_is_passed_over(home):
    question = asks(home)
    for number, header in enumerate(MACHINES):
        done = answer(home, question, headers=[header], number=number)
        expect(b"passed over" in done.err, f"it says {done.err}")
    expect(not home.entries("replies") and len(mails(home)) == 1, "it is taken for an answer, or answered")
    expect(len([line for line in home.journal() if line["event"] == "passed-over"]) == 4, f"{home.journal()}")
    question.is_open()


UNREADABLE = {"only_quoted_text": dict(text="> yes\n"), "no_text": dict(text=" \n"),
              "two_senders": dict(headers=[f"From: {ANN}"]), "no_request": dict(to="spindle@example.org"),
              "a_request_that_is_not_there": dict(to="spindle+20260101T000000.000000Z-000000@example.org")}


def is_unreadable(**how):
    def check(home):
        question = asks(home)
        failed(answer(home, question, code=65, **how), 65, tool="approve")
        expect(not home.entries("replies"), "it is taken for an answer")
        question.is_open()

    return check


for words, how in UNREADABLE.items():
    register(f"a_mail_with_{words}_is_given_back", is_unreadable(**how))


# ------------------------------------------------------------------ what is told by mail

def is_told(home, to, *words, number=1):
    """By an answer to his mail, and once."""
    found = [mail for mail in mails(home, to) if not mail["Subject"].startswith("Approve?")]
    expect(len(found) == 1, f"{to} is told {len(found)} times: {[mail.get_content() for mail in found]}")
    text = re.sub(r"\s+", " ", found[0].get_content())
    for each in words:
        expect(each in text, f"it does not say {each!r}: {text!r}")
    expect(found[0]["In-Reply-To"] == f"<answer-{number}@{to.partition('@')[2]}>", f"it answers {found[0]['In-Reply-To']}")
    expect(found[0]["Auto-Submitted"] == "auto-generated", "another machine may answer it")


@case
def somebody_who_is_not_known_is_told_that_nothing_is_decided(home):
    question = asks(home)
    answer(home, question, sender=STRANGER)
    is_told(home, STRANGER, "Brief", "was not asked", "nothing is decided")
    question.is_open()


@case
def one_who_may_not_is_told_so(home):
    question = asks(home, "--approvers", "ann")
    answer(home, question)
    is_told(home, ME, "may not answer it: only ann may", "nothing is decided")
    question.is_open()
    answer(home, question, sender=ANN, number=2)
    question.ends("approved")


@case
def no_plain_verdict_is_asked_back(home):
    question = asks(home)
    answer(home, question, "Yes, but not before Monday.\n")
    is_told(home, ME, "nothing is decided", "answer yes or no")
    question.is_open()


@case
def one_who_answers_too_late_is_told_so(home):
    question = asks(home)
    home.good("reject", question.id)
    done = answer(home, question, sender=ANN)
    expect(b"too late: rejected at" in done.out, f"it prints {done.out}")
    is_told(home, ANN, "Brief", "too late: rejected at")
    expect(question.record.header["Verdict"] == "rejected", "another verdict")


@case
def one_who_answers_after_the_deadline_is_told_so(home):
    question = asks(home, "--timeout", "1s", "--approvers", "ann")
    home.until_deadline(question)
    done = answer(home, question, sender=ANN)
    expect(b"too late: rejected at" in done.out, f"it prints {done.out}")
    question.ends("timeout")
    is_told(home, ANN, "too late: rejected at")
