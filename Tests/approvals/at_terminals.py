"""At a terminal wait-approval shows what is asked, where it arrived and the time left, and approve asks. In a pipe there is
silence; and a signal ends the waiting, not the request."""
import signal

from answering import WORDS
from case import expect
from home import case, until
from own_channels import channel
from sending import register
from setup_terminal import Terminal

EVIL = "Tea?\r\nat\rfour\x1b[2J\x1b]0;title\x07\x9b31m\u202eno\tyes\n"


# ------------------------------------------------------------------ wait-approval

class Asking(Terminal):
    """wait-approval at a terminal; what it is given comes from a file."""

    def __init__(self, home, text, *options):
        home.furnish()
        (home.home / "text").write_text(text, newline="")
        command = 'exec wait-approval --to me "$@" <text'
        super().__init__(home, "sh", "-c", command, "sh", *options)


@case
def at_a_terminal_the_request_is_shown_with_where_it_arrived_and_the_time_left(home):
    terminal = Asking(home, "Tea, at four?\n", "--subject", "Tea", "--timeout", "1h")
    shown = terminal.shows("left")
    id = next(iter(home.requests()))
    for words in id, "Tea, at four?", f"file:{home.home}/inbox", "open until", "approve ", "reject ", "59 m":
        expect(words in shown, f"it does not show {words!r}: {shown!r}")
    terminal.shows("59 m 5")  # each second
    home.touch(f"{id}.yes")
    expect(terminal.end() == 0 and "approved\r\n" in terminal.shown, f"another end: {terminal.shown!r}")


@case
def at_a_terminal_nothing_that_was_asked_acts_on_it(home):
    terminal = Asking(home, EVIL, "--subject", "a\x1b[2Jb\x07")
    shown = terminal.shows("left").replace("\r\x1b[K", "").replace("\r\n", "\n")
    expect(not set(shown) & set("\x1b\x07\r\x9b\u202e"), f"it shows {shown!r}")
    for words in "Tea?\nat\\rfour", "title", "no\tyes", "\\u{1b}[2J", "\\u{7}":
        expect(words in shown, f"it does not show {words!r}: {shown!r}")
    home.touch(f"{next(iter(home.requests()))}.no")
    expect(terminal.end() == 1, "another end")


@case
def at_a_terminal_with_q_nothing_is_shown_but_the_verdict(home):
    terminal = Asking(home, "Tea?\n", "-q")
    until(lambda: home.names("approvals", "hold"), "it has arrived")
    home.touch(f"{next(iter(home.requests()))}.yes")
    expect(terminal.end() == 0 and terminal.shown == "approved\r\n", f"it shows {terminal.shown!r}")


@case
def at_a_terminal_no_note_acts_on_it(home):
    terminal = Asking(home, "Tea?\n")
    terminal.shows("left")
    done = home.good("approve", "-m", "a\x1b[2Jb\x07c", home.names("approvals", "hold")[0])
    expect(b"\x1b" not in done.out, f"approve prints {done.out!r}")
    expect(terminal.end() == 0, "another end")
    verdict = terminal.shown.partition("approved\r\n")[2]
    expect("2Jb" in verdict and not set(verdict) & set("\x1b\x07"), f"it shows {verdict!r}")


@case
def ctrl_c_ends_the_waiting_and_not_the_request(home):
    terminal = Asking(home, "Tea?\n", "--key", "k")
    terminal.shows("left")
    terminal.types("\x03")
    expect(terminal.end() in (130, -2), "another end")
    [id] = home.names("approvals", "hold")
    expect(not home.names("approvals", "re"), "decided")


def in_a_pipe(home, *options):
    question = home.ask(*options)
    home.touch(f"{question}.yes")
    done = question.waiter.end()
    # But that it has to look each second, where others have all that the machine has.
    said = [line for line in done.err.splitlines() if b"max_user_instances" not in line]
    expect(not said and done.out == b"approved\n", f"it says {done.err!r} {done.out!r}")


@case
def in_a_pipe_nothing_is_said_but_the_verdict(home):
    in_a_pipe(home)
    in_a_pipe(home, "-v", "--subject", "Tea", "--timeout", "1h")


def by_signal(number):
    def check(home):
        question = home.ask("--key", "k")
        done = home.stop(question.waiter, number)
        expect(done.code in (128 + number, -number) and not done.out, f"it ends so: {vars(done)}")
        question.waiter = home.wait_again("k")
        question.can_be_answered()

    return check


for name, number in (("TERM", signal.SIGTERM), ("INT", signal.SIGINT), ("HUP", signal.SIGHUP)):
    register(f"SIG{name}_ends_the_waiting_and_not_the_request", by_signal(number))


@case
def SIGTERM_ends_the_waiting_while_a_channel_hangs(home):
    channel(home, "own", "#!/bin/sh\nexec sleep 1000\n")
    question = home.begin_to_ask("--key", "k", to=f"own:x, file:{home.home}/inbox")
    until(lambda: [name for name in home.names("deliveries", "run") if ",0d" in name], "it is being sent")
    done = home.stop(question.waiter)
    expect(done.code in (143, -15), f"exit {done.code}: {done.err}")
    expect(question.room == "wait" and not question.record, "not open")


# ------------------------------------------------------------------ approve, reject

def asks(tool, typed, code):
    def check(home):
        question = home.ask("--subject", "a\x1b[2Jb\x07", text=EVIL)
        terminal = Terminal(home, tool)
        shown = terminal.shows("[y/N]").replace("\r\n", "\n")
        for words in question.id, "Tea?", "no\tyes", tool.capitalize():
            expect(words in shown, f"it does not show {words!r}: {shown!r}")
        expect(not set(shown) & set("\x1b\x07\r\x9b\u202e"), f"it shows {shown!r}")
        terminal.types(typed)
        expect(terminal.end() == code, f"another end than {code}: {terminal.shown!r}")
        if code == 0:
            question.ends(WORDS[tool])
        else:
            question.is_open()
            expect(not home.entries("replies"), "an answer was published")

    return check


for tool in WORDS:
    for words, typed, code in (("y", "y\n", 0), ("Yes", "Yes\n", 0), ("n", "n\n", 1), ("return", "\n", 1),
                               ("the_end", "\x04", 1), ("something_else", "yesterday\n", 1)):
        verb = "decides" if code == 0 else "decides_nothing"
        register(f"at_a_terminal_{tool}_asks_about_the_only_request_and_{words}_{verb}", asks(tool, typed, code))


@case
def at_a_terminal_approve_names_several_requests_and_asks_nothing(home):
    questions = [home.ask("--subject", f"Tea {number}\x1b[2J").leave() for number in range(2)]
    terminal = Terminal(home, "approve")
    expect(terminal.end() == 64, "another end")
    for question in questions:
        question.is_open()
        expect(question.id in terminal.shown and "\x1b" not in terminal.shown, f"it shows {terminal.shown!r}")


@case
def at_a_terminal_approve_says_that_nothing_is_open(home):
    home.furnish()
    terminal = Terminal(home, "approve")
    expect(terminal.end() == 1 and "no request is open" in terminal.shown, f"it shows {terminal.shown!r}")
