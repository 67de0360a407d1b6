"""Requests by mail, and the answers piped into `approve --from-mail` that count."""
from answering_mail import ANN, ME, OURS, answer, asks, mails, vouched
from asking import TEXT
from case import expect, sha256
from home import case
from sending import register


@case
def a_request_goes_out_by_mail_and_a_yes_by_mail_decides_it(home):
    question = asks(home)
    [mail] = mails(home)
    expect(mail["Reply-To"] == f"spindle+{question.id}@example.org" and mail["To"] == ME, f"{mail.as_string()[:600]}")
    expect(TEXT in mail.get_content() and "answer with just yes or no" in mail.get_content(), f"{mail.get_content()}")
    done = answer(home, question, "Yes: gladly\n")
    expect(b"Approved at " in done.out, f"it prints {done.out}")
    header = question.ends("approved", "gladly").header
    expect((header["Who"], header["Via"]) == (f"email {ME} (me)", "email"), f"{header}")
    expect(header["Request-Sha256"] == sha256(TEXT.encode()), f"{header}")
    kept, = home.kept()
    expect(kept.header["Vouched"] == "dmarc=pass for example.org", f"by what it is known: {kept.header}")
    expect(len(mails(home)) == 1, "more was sent")


COUNTS = {
    "a_no_by_mail": dict(text="no: not now\n"),
    "a_yes_above_quoted_text": dict(text="Yes.\n\nOn Thu, Spindle wrote:\n> no\n> Approve? Answer yes or no\n"),
    "a_no_above_a_quoted_yes": dict(text="no\n\n> yes\n"),
    "a_yes_above_a_signature": dict(text="ok\n\n-- \nAnn\nno\n"),
    "a_yes_with_windows_line_ends": dict(text="yes\r\n"),
    "a_yes_to_an_address_in_lower_case": dict(lower=True),
    "a_yes_that_dkim_vouches_for": dict(auth=f"Authentication-Results: {OURS}; dkim=pass header.d=example.org"),
    "a_yes_whose_header_has_comments": dict(auth=f"Authentication-Results: {OURS} (ours) 1; dmarc=pass (p=none) "
                                                 "header.from=example.org"),
    "a_yes_above_a_forged_failure": dict(headers=[vouched(ME, "dmarc=fail")]),
}


def counts(lower=False, **how):
    def check(home):
        question = asks(home)
        if lower:
            how["to"] = f"spindle+{question.id}@example.org".lower()
        answer(home, question, **how)
        text = how.get("text", "")
        expect(question.record, f"no verdict: {home.outcomes()}")
        question.ends("rejected" if text.startswith("no") else "approved", "not now" if "not now" in text else "")

    return check


for words, how in COUNTS.items():
    register(f"{words}_counts", counts(**how))


@case
def an_answer_is_known_by_the_mail_that_it_replies_to(home):
    question = asks(home, "--remind", "1s")
    message_id = mails(home)[0]["Message-ID"]
    answer(home, question, to="spindle@example.org", headers=[f"In-Reply-To: {message_id}"])
    expect(question.ends("approved").header["Via"] == "email", f"{question.record.header}")


@case
def an_answer_is_known_by_the_thread_that_it_is_in(home):
    question = asks(home)
    message_id = mails(home)[0]["Message-ID"]
    answer(home, question, "no", to="spindle@example.org",
           headers=["In-Reply-To: <another@example.org>",
                    f"References: <first@example.org>\n {message_id}\n <another@example.org>"])
    question.ends("rejected")


@case
def one_that_is_named_may_answer_though_another_was_asked(home):
    question = asks(home, "--approvers", "me, ann")
    answer(home, question, sender=ANN)
    expect(question.ends("approved").header["Who"] == f"email {ANN} (ann)", f"{question.record.header}")


@case
def the_same_mail_twice_counts_once(home):
    question = asks(home)
    for _ in range(2):
        answer(home, question)
    question.ends("approved")
    answer(home, question)
    expect(len(home.kept()) == 1 and len(mails(home)) == 1, f"{len(home.kept())} answers, {len(mails(home))} mails")
