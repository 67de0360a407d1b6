"""What the cases of requests on Telegram share: who is asked there, who hears what he says to it, and what he sees."""
from datetime import datetime

from case import expect
from home import CASES, until
from relaying import Relay

ME, ANN, STRANGER, GROUP = 4711, 9, 666, -4242
PEOPLE = {"me": ME, "ann": ANN}
PATIENCE = 10  # seconds for what needs one: two messages to a chat are a second apart
SPOKEN = {"approved": "Approved at ", "rejected": "Rejected at ", "timeout": "Rejected at "}


def seconds(time):
    """A header's time."""
    return datetime.fromisoformat(time).timestamp()


class Chat:
    """Telegram, and people who are asked there."""

    def __init__(self, home, has_relay=False, *tokens):
        self.home, self.api = home, home.telegram(*tokens)
        for name, number in PEOPLE.items():
            (home.spool / "people" / name).write_text(f"Telegram: {number}\n")
        self.relay = Relay(home).holds(self.api) if has_relay else None

    def ask(self, *options, is_heard=True, **how):
        """Asks, and waits until somebody hears what is said to it. The request has its message."""
        question = self.home.ask(*options, **how)
        question.message = until(lambda: self.asking(question), "the message that asks is there")
        if is_heard:
            until(self.api.is_held, "a poll is held")
        return question

    def asking(self, question):
        """The message with the buttons of a request."""
        return next((shown for shown in self.messages if any(question.id in data for _, data in shown.buttons)), None)

    @property
    def messages(self):
        return self.api.messages.all

    # ---------------------------------------------------------------- what people see

    def told(self, *words, chat=ME, times=1, answers=None):
        """Somebody is told, in so many messages and by no request, with all of these words; gives the first."""
        def found():
            return [shown for shown in self.messages if shown.chat == chat and not shown.buttons and not shown.changes
                    and all(word in shown.text for word in words)]

        until(lambda: len(found()) >= times, f"{words} is told: {[shown.text for shown in self.messages]}", PATIENCE)
        expect(len(found()) == times, f"told {len(found())} times: {found()}")
        [first, *_] = found()
        expect(answers is None or first.answers == answers.id, f"it answers {first.answers}: {first}")
        return first

    def shows(self, question, word, *words):
        """The message that asked says the verdict, and has no buttons: at once, where a relay runs, else after a tick."""
        shown = question.message
        if not self.relay:
            self.home.tick()
        until(lambda: shown.changes, f"the message of {question} is changed", PATIENCE)
        expect(not shown.buttons and SPOKEN[word] in shown.text, f"it has {shown.buttons}, and says {shown.text!r}")
        for each in words:
            expect(each in shown.text, f"it does not say {each!r}: {shown.text!r}")
        return shown

    def shown(self, number=1):
        """What the one who has clicked was shown, once it is the so-manieth time."""
        until(lambda: len(self.api.answered()) >= number, f"{number} clicks are answered", PATIENCE)
        return self.api.answered()[number - 1].fields.get("text", "")

    def is_taken(self):
        """All that was said is taken, and confirmed."""
        until(lambda: not any(self.api.waiting.values()), "all is taken and confirmed", PATIENCE)

    def relayed(self):
        """A relay begins to run."""
        self.relay = Relay(self.home)
        return self.relay


def heard(check):
    """Two cases: a relay hears what is said to the bot; and nobody does but who waits for the answer."""
    for words, has_relay in ("while_a_relay_runs", True), ("with_nobody_but_who_waits", False):
        def run(home, has_relay=has_relay):
            chat = Chat(home, has_relay)
            check(chat)
            if has_relay:
                chat.relay.end(within=10)  # what it has begun to send it may send

        run.__module__ = check.__module__
        CASES[f"{check.__name__}_{words}"] = run
    return check
