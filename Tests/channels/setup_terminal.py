"""`spool setup telegram` at a terminal: the token is not shown, and who writes to the bot is asked about."""
import os
import pty
import select
import subprocess
import termios
import time

from bot_api import TOKEN
from case import expect
from home import case, until
from servers import PATIENCE
from setup import SETUP, furnished, person, token


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, home, *argv):
        self.home, self.argv, self.shown = home, argv, ""
        self.master, slave = pty.openpty()  # that end stays open: else nothing could be read once the command has ended
        self.process = subprocess.Popen(["setsid", "--ctty", "--wait", *argv], stdin=slave, stdout=slave, stderr=slave,
                                        cwd=home.home, env=home.environment({}))

    def types(self, text):
        os.write(self.master, text.encode())

    def shows(self, words):
        """Waits until this is shown, and not before what was waited for last."""
        end = time.monotonic() + PATIENCE
        while words not in self.shown:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            expect(ready, f"it does not show {words!r}, but {self.shown!r}")
            self.shown += os.read(self.master, 4096).decode()
        before, _, self.shown = self.shown.partition(words)
        self.home.transcript.append(f"      {before}{words}")
        return before

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def end(self):
        code = self.process.wait(PATIENCE)
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 4096).decode()
        self.home.transcript += [f"      {line}" for line in self.shown.splitlines()]
        return code

    def takes_the_token(self):
        """Types it once it is not shown any more."""
        self.shows("not shown")
        until(lambda: not self.echoes(), "the terminal does not show what is typed")
        self.types(TOKEN + "\n")
        self.shows("start=")
        return self.shows("\r\n")


@case
def at_a_terminal_the_token_is_not_shown_and_the_person_says_that_it_is_him(home):
    api = furnished(home)
    terminal = Terminal(home, *SETUP)
    terminal.takes_the_token()
    api.writes("/start", 666, first_name="Eve\x1b[2J", last_name="\r\n", username="eve")
    asked = terminal.shows("[Y/n]")
    expect("Eve" in asked and "@eve" in asked and "666" in asked and "\x1b" not in asked, f"not who: {asked!r}")
    terminal.types("n\n")
    api.writes("/start", 4711)
    expect("Ann" in terminal.shows("[Y/n]"), "not who")
    expect(not api.sent(), "something was sent before he said so")
    terminal.types("\n")
    terminal.shows("message_id=17")
    expect(terminal.end() == 0, "another end")
    expect(terminal.echoes(), "the terminal does not show what is typed any more")
    expect(person(home).startswith("Telegram: 4711\n") and token(home) == TOKEN + "\n", f"people/me: {person(home)!r}")
    expect(TOKEN not in "".join(home.transcript), "the token was shown")
    home.hides(TOKEN)


@case
def at_a_terminal_the_link_needs_no_question(home):
    api = furnished(home)
    terminal = Terminal(home, *SETUP)
    code = terminal.takes_the_token()
    api.writes(f"/start {code}")
    expect("[Y/n]" not in terminal.shows("message_id=17"), "he is asked")
    expect(terminal.end() == 0, "another end")


@case
def ctrl_c_at_the_hidden_token_leaves_the_terminal_as_it_was(home):
    furnished(home)
    terminal = Terminal(home, *SETUP)
    terminal.shows("not shown")
    until(lambda: not terminal.echoes(), "the terminal does not show what is typed")
    terminal.types("\x03")
    terminal.end()
    expect(terminal.echoes(), "the terminal does not show what is typed any more")
    expect(token(home) is None, "something was written")
