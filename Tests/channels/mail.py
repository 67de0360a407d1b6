"""Mail by msmtp: what arrives, under which Message-ID, and what each answer of the server leads to."""
import re

from case import expect
from home import case, failed
from sending import POLICIES, TEXT, THEN, needs, register
from servers import CUT

TO = "email:friend@example.org"


def message_id(sent):
    return re.compile(rf"<{re.escape(sent.id)}@[A-Za-z0-9.-]+>")


@case
def a_mail_arrives_with_its_subject_its_text_and_the_deliverys_id(home):
    server = home.mail()
    subject = "Tee für Zoë 🙂 " + ", Kuchen" * 20
    text = "Grüße 🙂\n.\n..\n.two dots\n" + "x" * 3000 + "\nFrom here\n" + "wort " * 1000 + "\n\tlast = line =20\n"
    sent = home.send(TO, "--subject", subject, text=text)
    home.lies(sent.id, "done")
    mail, = server.mails
    expect(mail.recipients == ["friend@example.org"] and mail.sender, f"another envelope: {mail}")
    message = mail.message
    expect(message["Subject"] == subject, f"another subject: {message['Subject']}")
    read = message.get_content().replace("\r\n", "\n")
    expect(read.rstrip() == text.rstrip(), f"another text: {read!r}")
    expect(message_id(sent).fullmatch(message["Message-ID"]), f"another Message-ID: {message['Message-ID']}")
    expect(message["From"] and message["To"] == "friend@example.org" and message["Date"], "From, To or Date is missing")
    head = mail.bytes.partition(b"\r\n\r\n")[0]
    expect(head.isascii() and max(map(len, head.split(b"\r\n"))) <= 998, "its header is not ASCII in short lines")
    home.settled()


@case
def a_server_that_greylists_gets_it_later_under_the_same_message_id(home):
    server = home.mail()
    server.plans.answer("RCPT", "450 4.2.0 Greylisted, try again later")
    sent = home.send(TO, "--in-doubt", "hold")
    home.lies(sent.id, "wait,1")
    expect("Greylisted" in sent.err, f"not why: {sent.err}")
    home.again()
    home.lies(sent.id, "done")
    expect(message_id(sent).fullmatch(server.mails[0].message["Message-ID"]), "another Message-ID")
    expect("repeat" not in server.mails[0].message.get_content(), "said to be a repeat, and it is none")


def is_tried_again(verb, answer):
    def check(home):
        server = home.mail()
        server.plans.answer(verb, answer)
        sent = home.send(TO, "--in-doubt", "hold")
        home.lies(sent.id, "wait,1")
        home.again()
        home.lies(sent.id, "done")
        expect(len(server.mails) == 1, f"{len(server.mails)} mails")

    return check


register("a_mail_that_a_server_cannot_take_just_now_is_tried_again", is_tried_again("DATA", "451 4.3.0 Try again later"))
register("a_mail_to_a_full_mailbox_is_tried_again", is_tried_again("RCPT", "452 4.2.2 Mailbox full"))
register("a_mail_whose_sender_must_wait_is_tried_again", is_tried_again("MAIL", "451 4.7.1 Slow down"))


def is_final(verb, answer):
    def check(home):
        server = home.mail()
        server.plans.always(verb, answer)
        sent = home.send(TO, code=69)
        home.lies(sent.id, "fail*")
        expect(answer[10:] in sent.err and answer[10:] in home.log("deliveries", sent.id), f"not why: {sent.err}")
        home.lies(home.send(f"{TO},file:{home.home}/elsewhere").id, "done")
        expect(TEXT in (home.home / "elsewhere").read_text(), "the next address did not get it")
        home.again()
        expect(not server.mails and server.tries(verb) == 2, "tried again")

    return check


register("a_mail_to_nobody_is_a_dead_letter_or_goes_to_the_next_address", is_final("RCPT", "550 5.1.1 No such user"))
register("a_mail_that_is_found_to_be_spam_is_a_dead_letter", is_final("DATA", "554 5.7.1 Rejected as spam"))
register("a_mail_from_somebody_unwelcome_is_a_dead_letter", is_final("MAIL", "550 5.7.1 Sender refused"))


def is_in_doubt(policy):
    place, code = POLICIES[policy]

    def check(home):
        server = home.mail()
        server.plans.answer("DATA", CUT)
        sent = home.send(TO, "--in-doubt", policy, code=code)
        home.lies(sent.id, place)
        home.again()
        if policy != "resend":
            return expect(len(server.offered) == 1, "sent again")
        home.lies(sent.id, "done")
        first, second = (mail.message for mail in server.mails)
        expect(first["Message-ID"] == second["Message-ID"], "another Message-ID: no reader can tell that it is the same")
        expect(sent.mark in second.get_content() and sent.mark not in first.get_content(), "not marked as a repeat")

    return check


for policy in POLICIES:
    register(f"a_mail_whose_server_went_away_after_the_last_dot_{THEN[policy]}", is_in_doubt(policy))


@case
def while_no_mail_server_can_be_reached_nothing_is_in_doubt_and_no_attempt_is_counted(home):
    server = home.mail(listening=False)
    sent = home.send(TO, "--in-doubt", "drop")
    home.lies(sent.id, "wait")
    server.open()
    home.again()
    home.lies(sent.id, "done")
    path = home.home / ".msmtprc"
    path.write_text(path.read_text().replace("host 127.0.0.1", "host no-such-host.invalid"))
    home.lies(home.send(TO).id, "wait")


@case
def a_server_that_asks_for_a_password_is_named_as_the_reason(home):
    server = home.mail(auth_required=True, auth_require_tls=False)
    sent = home.send(TO, code=69)
    home.lies(sent.id, "fail*")
    expect("530 5.7.0 Authentication required" in sent.err and not server.mails, f"not why: {sent.err}")


@case
def a_mail_program_that_is_missing_or_not_set_up_is_said_and_the_message_stays(home):
    home.furnish()
    needs("/usr/bin/msmtp")
    for program, said in (f"{home.home}/no-sendmail", "no-sendmail"), ("/usr/bin/msmtp", "no configuration file"):
        done = home.run("deliver", "--to", TO, stdin=TEXT.encode(), env={"SENDMAIL": program})
        failed(done, (0, 69, 78))
        expect(said.encode() in done.err, f"not why: {done.err}")
        home.lies(done.out.decode().strip(), "wait*", "fail*")


@case
def an_address_is_never_an_option_of_the_mail_program(home):
    home.furnish()
    program = home.home / "sendmail"
    program.write_text("#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done >>$HOME/words; cat >/dev/null\n")
    program.chmod(0o700)
    for address in "-Xlog@example.org", "friend@example.org":
        home.run("deliver", "--to", f"email:{address}", stdin=TEXT.encode(), env={"SENDMAIL": str(program)})
    given = home.lines("words")
    expect(given[-2:] == ["--", "friend@example.org"] and "-i" in given, f"called with {given}")
    expect(all(before == "--" for before, word in zip(given, given[1:]) if word.startswith("-X")), f"an option: {given}")
