"""One key, one request, one verdict."""
import time

from asking import TEXT
from case import expect
from home import case, failed
from question import told
from sending import register

ASK = "wait-approval", "--to", "me", "--key"


@case
def the_same_key_for_another_text_is_refused(home):
    question = home.ask("--key", "k")
    for text in b"Coffee?\n", TEXT.encode() + b" ", TEXT.encode()[:-1], b"\0":
        done = failed(home.run(*ASK, "k", stdin=text), 65, "--key k", "another text", question.short, tool="wait-approval")
        expect(not done.out, f"it prints {done.out}")
    question.is_open()
    home.touch(f"{question}.yes")
    question.ends("approved")
    failed(home.run(*ASK, "k", stdin=b"Coffee?\n"), 65, "another text", tool="wait-approval")
    expect(len(home.entries("approvals")) == 1 and home.asked() == 1, "it was asked about")


def after(answer, word, note=""):
    def check(home):
        question = home.ask("--key", "k", "--timeout", "1s" if not answer else "4h")
        if answer:
            home.good(*answer, question.id)
        question.ends(word, note)
        for options in (), ("--timeout", "1s"), ("--subject", "Another"):
            begun = time.monotonic()
            told(home.run(*ASK, "k", *options, stdin=TEXT.encode()), word, note)
            expect(time.monotonic() - begun < 5, "not at once")
        expect(len(home.entries("approvals")) == 1 and home.asked() == 1, "it was asked again")

    return check


for answer, word, note in (("approve", "-m", "go"), "approved", "go"), (("reject", "-m", "stop"), "rejected", "stop"), \
        (("approve",), "approved", ""), ((), "timeout", ""):
    words = word if note or not answer else word + "_without_a_note"
    register(f"the_same_key_after_it_was_{words}_is_told_so_at_once", after(answer, word, note))


@case
def an_empty_text_is_refused_and_its_key_is_not_taken(home):
    home.furnish()
    for options in ("--key", "k"), ():
        done = failed(home.run("wait-approval", "--to", "me", *options), 65, "standard input", tool="wait-approval")
        expect(not done.out, f"it prints {done.out}")
    expect(not home.requests() and not home.inbox(), "it was asked")
    question = home.ask("--key", "k")
    question.can_be_answered()


@case
def without_a_key_each_is_a_request_of_its_own(home):
    questions = [home.ask() for _ in range(2)]
    home.touch(f"{questions[0]}.yes")
    questions[0].ends("approved")
    questions[1].can_be_answered()


@case
def whatever_the_key_it_is_one(home):
    for key in "../../x", "k" * 5000, "ä", " ":
        question = home.ask("--key", key)
        again = home.wait_again(key)
        home.touch(f"{question}.yes")
        question.ends("approved")
        told(again.end(), "approved")


@case
def an_empty_key_is_refused(home):
    """What a variable gives that is not set: the yes of yesterday would be that of today."""
    home.furnish()
    done = failed(home.run(*ASK, "", stdin=TEXT.encode()), 64, "--key", "is empty", tool="wait-approval")
    expect(not done.out and not home.requests() and not home.inbox(), f"it was asked: {done.out}")
    failed(home.run("deliver", "--to", "me", "--key", "", stdin=TEXT.encode()), 64, "is empty", tool="deliver")
    expect(not home.inbox(), "it was delivered")


@case
def eight_at_once_under_one_key_are_one_request(home):
    home.furnish()
    waiters = [home.start(*ASK, "k", stdin=TEXT.encode()) for _ in range(8)]
    home.until_asked(1)
    home.good("approve", "-m", "once", home.names("approvals", "hold")[0])
    for waiter in waiters:
        told(waiter.end(), "approved", "once")
    expect(len(home.entries("approvals")) == 1 and home.asked() == 1, "it was asked more than once")


@case
def the_first_says_how_long(home):
    """Another --timeout under the same key changes nothing."""
    question = home.ask("--key", "k", "--timeout", "1h")
    proof = question.proof
    again = home.wait_again("k", TEXT, "--timeout", "1s")
    home.until_it_waits(again)
    time.sleep(1.2)
    expect(question.is_open() and question.proof == proof and again.process.poll() is None, f"its proof: {question.proof}")
    question.can_be_answered()
    told(again.end(), "approved")


@case
def a_request_that_is_cancelled_ends_who_waits_for_it(home):
    question = home.ask("--key", "k")
    home.good("spool", "cancel", question.id)
    for waiter in question.waiter, home.wait_again("k"):
        done = waiter.end(20)
        expect(done.code == 69 and done.out.startswith(b"undelivered\ncancelled by"), f"exit {done.code}: {done.out}")
    home.touch(f"{question}.yes")
    home.tick()
    home.told("too late", question.short)
    expect(not question.record and question.room == "fail", "it was decided")


@case
def a_verdict_whose_record_is_gone_is_said_and_not_waited_for(home):
    question = home.ask("--key", "k")
    home.good("approve", question.id)
    question.ends("approved")
    (home.spool / "approvals" / "re" / question.id).unlink()
    failed(home.run(*ASK, "k", stdin=TEXT.encode(), within=20), 70, "is gone", question.short, tool="wait-approval")
