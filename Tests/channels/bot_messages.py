"""What readers see of a bot's messages: their texts and buttons as they are now, and what they answer. What Telegram refuses
of that is refused here, in its words."""
import json
import time
from dataclasses import dataclass, field

LONGEST_DATA = 64  # bytes that a button may send


class Refused(Exception):
    """Telegram's words for what it does not do."""


@dataclass
class Shown:
    """A message as its reader sees it now."""
    id: int
    chat: int
    kind: str
    token: str
    bot: dict
    text: str
    markup: dict = None
    answers: int = None  # the message that it answers
    date: int = field(default_factory=lambda: int(time.time()))
    changes: int = 0

    @property
    def buttons(self):
        """Label, and what is sent when it is pressed."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return [(button["text"], button["callback_data"]) for row in rows for button in row]

    @property
    def fields(self):
        """As updates and answers have it."""
        found = {"message_id": self.id, "from": self.bot, "chat": {"id": self.chat, "type": self.kind}, "date": self.date,
                 "text": self.text}
        if self.changes:
            found["edit_date"] = int(time.time())
        if self.markup:
            found["reply_markup"] = self.markup
        return found


def given(call, name):
    """An object among the fields: in a form it is JSON in a string."""
    value = call.fields.get(name)
    return json.loads(value) if isinstance(value, str) else value


class Messages:
    """All that the bots have sent."""

    def __init__(self):
        self.all = []

    def find(self, token, chat, number):
        return next((shown for shown in self.all if (shown.token, str(shown.chat), shown.id) ==
                     (token, str(chat), int(number or 0))), None)

    def check(self, call, last_incoming):
        """Whether it can be sent so."""
        self.check_buttons(call)
        answered = given(call, "reply_parameters")
        if answered and not answered.get("allow_sending_without_reply"):
            number = answered["message_id"]
            if not 500 < number <= last_incoming and not self.find(call.token, call.chat, number):
                raise Refused("message to be replied not found")

    @staticmethod
    def check_buttons(call):
        for row in (given(call, "reply_markup") or {}).get("inline_keyboard", []):
            for button in row:
                if not button.get("text"):
                    raise Refused("can't parse inline keyboard button: Field \"text\" must be of type String")
                if not 1 <= len(button.get("callback_data", "").encode()) <= LONGEST_DATA:
                    raise Refused("BUTTON_DATA_INVALID")

    def add(self, call, chat, kind, bot, text):
        answered = given(call, "reply_parameters") or {}
        shown = Shown(call.message_id, chat, kind, call.token, bot, text, given(call, "reply_markup"),
                      answered.get("message_id"))
        self.all.append(shown)
        return shown

    def edit(self, call, text=None):
        """Without buttons it has none afterwards; without a text that stays."""
        self.check_buttons(call)
        shown = self.find(call.token, call.chat, call.fields.get("message_id"))
        if not shown:
            raise Refused("message to edit not found")
        markup, text = given(call, "reply_markup"), shown.text if text is None else text
        if (text, markup) == (shown.text, shown.markup):
            raise Refused("message is not modified: specified new message content and reply markup are exactly the same "
                          "as a current content and reply markup of the message")
        shown.text, shown.markup, shown.changes = text, markup, shown.changes + 1
        return shown
