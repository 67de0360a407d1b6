"""A request that does not arrive: the next address gets it; and one that reached nobody is shouted about, stays open, is
never a no, and starts its clock when it arrives after all."""
import time

from case import expect
from clocks import is_clock_of, seconds
from home import case, until
from own_channels import channel
from question import told
from sending import register

# It exits with what its address begins with, as long as ~/well does not exist.
REFUSES = "#!/bin/sh\ncat >/dev/null\n[ -e ~/well ] && echo taken at last && exit\necho no >&2; exit \"${DELIVERY_TO%%/*}\"\n"
HANGS = "#!/bin/sh\necho $$ >>~/notes\n[ -e ~/well ] && echo taken at last && exit\nexec sleep 1000\n"
SHORT = "--confirm-within", "1s"


def elsewhere(home):
    return f"file:{home.home}/elsewhere"


# ------------------------------------------------------------------ the next address

def goes_on(script, address, within):
    def check(home):
        channel(home, "own", script)
        begun = time.monotonic()
        question = home.ask(*SHORT, "--timeout", "1h", to=f"own:{address}, {elsewhere(home)}")
        took = time.monotonic() - begun
        is_clock_of(home, question, 3600)
        expect(question.proof["Delivered-To"] == elsewhere(home), f"its proof: {question.proof}")
        expect(question.short in (home.home / "elsewhere").read_text(), "it is not there")
        expect(took < within, f"the second address has it after {took:.1f} s")
        question.can_be_answered()

    return check


for words, script, address in (("refuses_it", REFUSES, "1/a"), ("is_unavailable", REFUSES, "69/a"),
                               ("says_try_again", REFUSES, "75/a"), ("may_have_it", REFUSES, "74/a"), ("hangs", HANGS, "a")):
    register(f"where_the_first_address_{words}_the_second_gets_it", goes_on(script, address, 10))


@case
def where_the_second_hangs_too_the_third_gets_it(home):
    channel(home, "own", HANGS)
    question = home.ask(*SHORT, to=f"own:a, own:b, {elsewhere(home)}")
    expect(question.proof["Delivered-To"] == elsewhere(home), f"its proof: {question.proof}")
    question.can_be_answered()


@case
def a_channel_that_is_not_there_is_followed_by_the_next(home):
    question = home.ask(to=f"nobody:x, {elsewhere(home)}")
    expect(question.proof["Delivered-To"] == elsewhere(home), f"its proof: {question.proof}")
    question.can_be_answered()


# ------------------------------------------------------------------ nobody

def ask_nobody(home, *options, to="own:69/a", within=20):
    """Its time for one is a second; gives the request, and what who waits was told."""
    if to.startswith("own"):
        channel(home, "own", REFUSES)
    question = home.begin_to_ask(*SHORT, "--timeout", "1s", *options, to=to)
    done = question.waiter.end(within)
    question.waiter = None
    words = done.out.decode().split("\n")
    expect(done.code == 69 and words[0] == "undelivered" and words[1], f"exit {done.code}, and it says {done.out}")
    expect(question.short in done.err.decode() and "has reached nobody" in done.err.decode(), f"it says {done.err}")
    return question


def is_unheard(home, question):
    """Open, whatever the clock says, and to be tried anew in a quarter of an hour."""
    question.is_open("wait")
    due = (home.spool / "approvals/wait" / question.id).stat().st_mtime - time.time()
    expect(800 < due <= 901, f"due in {due:.0f} s")
    return True


for words, address in (("refuses_it", "own:1/a"), ("is_unavailable", "own:69/a"), ("says_try_again", "own:75/a"),
                       ("is_not_there", "nobody:x"), ("and_the_next_refuse_it", "own:1/a, own:69/b, own:75/c")):
    def unheard(home, address=address):
        question = ask_nobody(home, to=address)
        is_unheard(home, question)
        [alert] = home.messages("reached nobody")
        expect(question.short in alert and "approve" in alert, f"the alert: {alert!r}")
        until(lambda: time.time() > seconds_of(question) + 2.5, "its --timeout is over")
        home.tick()
        is_unheard(home, question)
        home.told("reached nobody")

    register(f"where_the_only_address_{words}_it_is_told_and_stays_open", unheard)


def seconds_of(question):
    """When it was asked."""
    stamp = question.id
    return seconds(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:22]}Z")


@case
def where_the_only_address_hangs_it_is_told_and_stays_open(home):
    channel(home, "slow", HANGS)
    question = ask_nobody(home, to="slow:a")
    question.is_open("wait")
    home.told("reached nobody", question.short)


@case
def one_whose_waiter_was_killed_before_is_told_of_by_the_tick(home):
    channel(home, "own", REFUSES)
    question = home.begin_to_ask(*SHORT, to="own:69/a").leave()
    until(lambda: time.time() > seconds_of(question) + 1.1, "its time is over")
    for _ in range(2):
        home.tick()
    question.is_open("wait")
    home.told("reached nobody", question.short)


@case
def when_the_channel_works_again_the_tick_asks_and_the_clock_starts_then(home):
    question = ask_nobody(home, "--key", "k")
    until(lambda: time.time() > seconds_of(question) + 2, "its --timeout is over")
    (home.home / "well").touch()
    begun = time.time()
    for queue in "approvals", "deliveries":
        home.make_due(queue)
    for _ in range(2):  # one asks, one sees that it has arrived
        home.tick()
    question.is_open()
    is_clock_of(home, question, 1)
    expect(seconds(question.proof["Delivered"]) >= begun, f"its clock began before: {question.proof}")
    home.until_deadline(question)
    question.ends("timeout")


@case
def when_the_channel_works_again_who_waits_under_the_same_key_goes_on(home):
    question = ask_nobody(home, "--key", "k", "--timeout", "1h")
    told(home.run("wait-approval", "--to", "own:69/a", "--key", "k", *SHORT, stdin=b"Tea, at four?\n"), "undelivered",
         home.messages("reached nobody")[0].split("Why: ")[1].split("\n")[0])
    (home.home / "well").touch()
    question.waiter = home.start("wait-approval", "--to", "own:69/a", "--key", "k", stdin=b"Tea, at four?\n")
    until(lambda: question.room == "hold", "it arrives")
    is_clock_of(home, question, 3600)
    question.can_be_answered()
    expect(len(home.entries("approvals")) == 1, "more than one request")


@case
def what_another_process_delivers_has_arrived_for_who_waits(home):
    """At each moment there is: it is delivered, though its receipt is not in its place yet."""
    channel(home, "own", REFUSES)
    for number in range(8):
        question = home.begin_to_ask("--confirm-within", "1m", to=f"own:75/{number}")
        until(lambda: home.names("deliveries", "wait"), "it was tried")
        (home.home / "well").touch()
        home.again()
        until(lambda: question.room == "hold" or question.waiter.process.poll() is not None, "it arrives", 5)
        question.can_be_answered()
        (home.home / "well").unlink()
    expect(not home.messages("reached nobody"), f"he is told {home.messages()}")


def answered_before(tool, word):
    """Whoever knows of it may answer it."""
    def check(home):
        question = ask_nobody(home, "--key", "k")
        home.good(tool, "-m", "seen on the machine", question.id)
        question.ends(word, "seen on the machine")
        again = home.run("wait-approval", "--to", "own:69/a", "--key", "k", stdin=b"Tea, at four?\n")
        told(again, word, "seen on the machine")
        (home.home / "well").touch()
        home.make_due("deliveries")
        home.tick()
        expect(question.room == "done", "it is asked about again")

    return check


for tool, word in (("approve", "approved"), ("reject", "rejected")):
    register(f"{tool}_decides_what_has_reached_nobody", answered_before(tool, word))
