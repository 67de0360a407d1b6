"""Asked on Telegram, and Telegram gone for an hour: that is no answer, nothing is undone, and it goes on when it is back."""
import socket

from asked import Chat
from case import expect
from ends import ended, kill_all, until_over
from home import case, until
from sending import register
from servers import RESET
from writing import SOON, STAGES


class Outage:
    """A person who is asked on Telegram, which can be taken away from him."""

    def __init__(self, home, confirm="4s"):
        home.settings["CONTENT_CONFIRM"] = confirm
        self.home = home.furnish()
        self.api = Chat(home).api

    def begins(self):
        """No connection is taken, and those that there are come to nothing."""
        self.api.decide = lambda call: RESET
        self.api.ends_polls()
        self.api.close()

    def ends(self):
        """It is there again, and has what it had."""
        del self.api.decide
        self.api.socket = socket.socket()
        self.api.server_bind()
        self.api.open()

    def minute(self):
        """The tick comes by, and what was put off is due."""
        for queue in "approvals", "deliveries":
            self.home.make_due(queue)
        self.home.tick()

    def found(self, gate):
        """The messages that ask at this gate, the first or the second."""
        word = "-brief-" if gate == 1 else "-publish-"
        return [shown for shown in self.api.messages.all if any(word in data for _, data in shown.buttons)]

    def asked(self, gate):
        """The one that does, once there is one."""
        for _ in range(60):
            if not self.found(gate):
                self.minute()
        [shown] = until(lambda: self.found(gate), "he is asked", SOON)
        return shown

    def says(self, gate, button):
        """He presses it, and his message is changed."""
        shown = self.asked(gate)
        self.api.presses(shown, button)
        for _ in range(60):
            if shown.buttons:
                self.minute()
        until(lambda: not shown.buttons, "his answer is taken", SOON)


def is_held(home):
    """It waits, and nothing is undone or decided."""
    expect(home.room == "hold", f"it lies in {home.room}/")
    expect(not [entry for entry in home.entries("approvals", "re") if entry.header["Verdict"] != "approved"], "decided")
    expect(home.subjects() == ["The site"], f"{home.subjects()}")


def is_published(home):
    expect(home.room == "done" and home.products() == set(STAGES), f"it lies in {home.room}/: {home.products()}")
    home.has_published()


@case
def asked_on_telegram_it_is_published_after_two_clicks(home):
    outage = Outage(home, "1m")
    run = home.begin_run(home.article())
    for gate in 1, 2:
        [shown] = until(lambda: outage.found(gate), "he is asked", SOON)
        outage.api.presses(shown, "Yes")
        until(lambda: not outage.found(gate) or home.tick() and False, "his answer is taken", SOON)
    ended(home, run)
    is_published(home)


for number, words in (1, "first"), (2, "second"):
    def lost(home, number=number, rejects=False):
        """Whoever is asked answers when it is back."""
        outage = Outage(home)
        if number == 1:
            outage.begins()
        run = home.begin_run(home.article())
        if number == 2:
            until(lambda: home.names("approvals", "hold"), "he is asked", SOON)
            outage.begins()
            home.touch(f"{home.open_question(1)}.yes")
        ended(home, run, 69)
        is_held(home)
        products = home.products()
        for _ in range(10):
            outage.minute()
            is_held(home)
        expect(home.products() == products, "something was done meanwhile")
        outage.ends()
        if rejects:
            outage.says(number, "No")
            until_over(home, "fail")
            return expect(home.subjects() == ["The site"], f"{home.subjects()}")
        for gate in range(number, 3):
            outage.says(gate, "Yes")
        until_over(home)
        is_published(home)

    register(f"with_telegram_lost_for_an_hour_at_the_{words}_gate_nothing_is_undone_and_it_is_published_later", lost)
    register(f"rejected_at_the_{words}_gate_when_telegram_is_back_nothing_is_published",
             lambda home, lost=lost, number=number: lost(home, number, True))


@case
def telegram_lost_after_the_question_has_arrived_a_file_answers_it(home):
    outage = Outage(home)
    run = home.begin_run(home.article())
    until(lambda: home.names("approvals", "hold"), "he is asked", SOON)
    outage.begins()
    home.touch(f"{home.open_question(1)}.no")
    ended(home, run, 1)
    expect(home.subjects() == ["The site"] and home.room == "fail", f"it lies in {home.room}/")


@case
def killed_while_telegram_is_lost_he_is_asked_once_when_it_is_back(home):
    outage = Outage(home)
    outage.begins()
    run = home.begin_run(home.article())
    until(lambda: home.names("approvals", "new") or home.names("approvals", "wait"), "a request is there", SOON)
    kill_all(home)
    run.end()
    for _ in range(3):
        outage.minute()
    outage.ends()
    for _ in range(3):
        outage.asked(1)
        outage.minute()
    outage.says(1, "No")
    until_over(home, "fail")
    expect(home.subjects() == ["The site"], f"{home.subjects()}")
