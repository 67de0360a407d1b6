"""`deliver --approved`: a text goes out only if just that text was approved."""
from case import expect
from home import case, failed, until

TEXT = "Buy tea, now!\n"


def sends(home, name, code=0, text=TEXT, *words):
    """It exits so, and without a yes nothing is sent, and nothing waits to be."""
    # What a verdict has left to be told is on its way.
    until(lambda: not home.names("deliveries", "new") and not home.names("deliveries", "run"), "all was sent")
    before, post = home.names("deliveries", "done"), home.home / "post"
    done = home.run("deliver", "--to", f"file:{post}", "--approved", name, stdin=text.encode())
    if code:
        failed(done, code, *words, tool="deliver")
        expect(not done.out and not post.exists(), f"sent: {post.exists() and post.read_text()}, {done.out}")
        expect(home.names("deliveries", "done") == before and not home.names("deliveries", "new"), "it is to be sent")
    else:
        expect(done.code == 0 and text in post.read_text(), f"exit {done.code}: {done.err}")


def asked(home, *options):
    return home.ask("--subject", "Advert", *options, text=TEXT)


@case
def a_text_that_was_approved_goes_out(home):
    question = asked(home)
    home.good("approve", question.id)
    question.ends("approved")
    for name in question.id, question.short, "advert":
        sends(home, name)
    home.good("spool", "sweep")
    expect(len(home.entries("deliveries", "done")) >= 3, "not sent each time")


@case
def another_text_than_the_one_that_was_approved_does_not_go_out(home):
    question = asked(home)
    home.good("approve", question.id)
    question.ends("approved")
    for text in TEXT + "\n", TEXT[:-1], TEXT.lower(), "\ufeff" + TEXT, TEXT.replace("\n", "\r\n"):
        sends(home, question.id, 65, text, "another text")
    sends(home, question.id)


@case
def what_was_rejected_does_not_go_out(home):
    question = asked(home)
    home.good("reject", question.id)
    question.ends("rejected")
    sends(home, question.id, 65, TEXT, "rejected", "nothing is sent")


@case
def what_nobody_has_answered_in_time_does_not_go_out(home):
    question = asked(home, "--timeout", "1s")
    question.ends("timeout")
    sends(home, question.id, 65, TEXT, "nothing is sent")


@case
def what_is_not_decided_yet_does_not_go_out(home):
    question = asked(home)
    sends(home, question.id, 65, TEXT, "not decided")
    question.is_open()
    home.good("approve", question.id)
    question.ends("approved")
    sends(home, question.id)


@case
def what_was_given_up_does_not_go_out(home):
    question = asked(home).leave()
    home.good("spool", "cancel", question.id)
    sends(home, question.id, 65, TEXT, "nothing is sent")


@case
def by_a_request_that_is_not_there_nothing_goes_out(home):
    home.furnish()
    for name in "nothing", "20260101T000000.000000Z-000000", "../../people/me":
        sends(home, name, 65, TEXT, "no request is called that")


@case
def by_a_word_that_fits_several_requests_nothing_goes_out(home):
    for _ in range(2):
        question = asked(home)
        home.good("approve", question.id)
        question.ends("approved")
    done = home.run("deliver", "--to", "me", "--approved", "advert", stdin=TEXT.encode())
    expect(done.code == 65 and TEXT not in "".join(home.messages()), f"exit {done.code}: {done.out}")
