"""A Bot API server: answers as Telegram does, down to its words, so far as anybody here asks it something.

What it refuses by itself: an unknown token, an empty text, one that is too long after its entities were parsed, HTML that
is none, and what bot_messages.py refuses. Everything else a case plans, by the chat or by the method."""
import json
import re
import time
import urllib.parse
from dataclasses import dataclass

from bot_markup import Unparsable, visible
from bot_messages import Messages, Refused
from bot_people import People
from servers import Answer, Recorder, Request, json_answer

TOKEN = "4711:AAGmRnAtBoTsLiKeToKeEpToThEmSeLvEs"
LONGEST = 4096  # UTF-16 units


def refusal(code, words, **parameters):
    return json_answer({"ok": False, "error_code": code, "description": words,
                        **({"parameters": parameters} if parameters else {})}, code)


def too_many(seconds):
    return refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def moved_to(chat):
    return refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat)


BLOCKED = refusal(403, "Forbidden: bot was blocked by the user")
NO_CHAT = refusal(400, "Bad Request: chat not found")
UNAUTHORIZED = refusal(401, "Unauthorized")
CONFLICT = refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
                        "running")
WEBHOOK = refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                       "webhook first")
TOO_OLD = refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
INTERNAL = refusal(500, "Internal Server Error")
BAD_GATEWAY = Answer(502, b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n",
                     "text/html")


def units(text):
    """How long Telegram finds a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass
class Call(Request):
    """A request to the Bot API. `message_id` is there where the message was taken."""
    token: str = ""
    name: str = ""
    fields: dict = None
    message_id: int = None

    @property
    def chat(self):
        return str(self.fields.get("chat_id", ""))

    @property
    def text(self):
        return str(self.fields.get("text", ""))

    @property
    def parse_mode(self):
        return self.fields.get("parse_mode")

    @property
    def seen(self):
        return visible(self.text, self.parse_mode)


def fields(request):
    """The fields of a request, from its query and its body, whichever form they have."""
    read = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.path).query))
    if (request.headers["Content-Type"] or "").startswith("application/json"):
        return read | json.loads(request.body)
    return read | dict(urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True))


def number_of(update, otherwise):
    return update["update_id"] if isinstance(update, dict) else otherwise


class BotAPI(People, Recorder):
    """Telegram. A plan's key is a chat, for what is sent to it, or else a method's name; before that, for the polls of one
    of several bots, `getUpdates 4711`."""

    def __init__(self, *tokens, listening=True):
        self.tokens, self.last_message, self.last_update = tokens or (TOKEN,), 16, 1000
        self.last_incoming = 500  # what people write; what the bot writes has last_message
        self.messages = Messages()  # what readers see of what the bots have written
        self.waiting = {token: [] for token in self.tokens}  # each bot's updates
        self.brought = {}  # all updates that ever came, by their number
        self.arrived = []  # all that was asked, answered or not
        self.latest = {}  # each bot's last poll: it ends the one before
        self.rounds = 0  # how often the time of all polls was over
        super().__init__(listening)

    @property
    def updates(self):
        return self.waiting[self.tokens[0]]

    def answer(self, key, *answers):
        """What the next requests are answered; after that all is well again."""
        self.plans.answer(key, *answers)

    def always(self, key, answer):
        self.plans.always(key, answer)

    def calls(self, chat=None):
        """What was asked to be sent, to this chat or to any."""
        return [call for call in self.requests if call.name == "sendmessage" and chat in (None, call.chat)]

    def texts(self, chat=None):
        return [call.text for call in self.calls(chat)]

    def sent(self, chat=None):
        """What the reader has, whatever the sender was told."""
        return [call for call in self.calls(chat) if call.message_id]

    def taken(self, request):
        path = re.fullmatch(r"/bot([^/]*)/(\w+)", urllib.parse.urlsplit(request.path).path)
        token, name = path.groups() if path else ("", "")
        call = Call(request.method, request.path, request.headers, request.body, request.time,
                    token=token, name=name.lower(), fields=fields(request))
        with self.changed:
            self.arrived.append(call)
            self.changed.notify_all()
        return super().taken(call)

    def decide(self, call):
        if not re.fullmatch(r"\d+:[\w-]+", call.token):
            return refusal(404, "Not Found")
        if call.token not in self.tokens:
            return UNAUTHORIZED
        number = int(call.token.partition(":")[0])
        bot = {"id": number, "is_bot": True, "first_name": "Butler", "username": "butler_bot"}
        if call.name == "sendmessage":
            return self.send(call, bot)
        if call.name in ("editmessagetext", "editmessagereplymarkup"):
            return self.edit(call, bot)
        if call.name == "getme":
            return self.plans.take("getMe", json_answer({"ok": True, "result": bot}))
        if call.name == "getupdates":
            planned = self.plans.take(f"getUpdates {number}", None) or self.plans.take("getUpdates", None)
            return planned or self.update(call, **call.fields)
        if call.name == "answercallbackquery":
            return self.plans.take("answerCallbackQuery", json_answer({"ok": True, "result": True}))
        return self.plans.take(call.name, refusal(404, "Not Found: method not found"))

    def update(self, call, offset=0, timeout=0, limit=100, **_):
        """Asking for what comes after an update confirms it. Where there is none the poll is held open, until another one
        of the same bot comes."""
        token, rounds = call.token, self.rounds
        self.latest[token] = call
        self.changed.notify_all()
        self.waiting[token] = [update for update in self.waiting[token] if number_of(update, offset) >= int(offset)]
        self.changed.wait_for(
            lambda: self.waiting[token] or self.latest[token] is not call or self.rounds > rounds, int(timeout))
        if self.latest[token] is not call:
            return CONFLICT
        return json_answer({"ok": True, "result": self.waiting[token][:int(limit)]})

    def ends_polls(self):
        """The time is over for which the polls that are held may be."""
        with self.changed:
            self.rounds += 1
            self.changed.notify_all()

    def answered(self):
        """What those who had clicked were shown."""
        return [call for call in self.requests if call.name == "answercallbackquery"]

    def polls(self):
        """Those that were answered."""
        return [call for call in self.requests if call.name == "getupdates"]

    def is_held(self, token=None):
        """Whether a poll of this bot waits."""
        token = token or self.tokens[0]
        call = self.latest.get(token)
        return call is not None and call.answer is None and not self.waiting[token] and bool(call.fields.get("timeout"))

    def send(self, call, bot):
        if not call.chat:
            return refusal(400, "Bad Request: chat_id is empty")
        planned = self.plans.take(call.chat, None)
        if planned and not planned.taken:
            return planned
        try:
            text = self.readable(call)
            self.messages.check(call, self.last_incoming)
        except Refused as words:
            return refusal(400, f"Bad Request: {words}")
        self.last_message += 1
        call.message_id = self.last_message
        kind = "supergroup" if call.chat.startswith("-100") else "group" if call.chat[0] == "-" else "private"
        chat = int(call.chat) if re.fullmatch(r"-?\d+", call.chat) else -1000000000001
        shown = self.messages.add(call, chat, kind, bot, text)
        return planned or json_answer({"ok": True, "result": shown.fields})

    def edit(self, call, bot):
        """A message that was sent says something else now, or only has other buttons."""
        planned = self.plans.take("editMessage", None)
        if planned and not planned.taken:
            return planned
        try:
            text = self.readable(call) if call.name == "editmessagetext" else None
            shown = self.messages.edit(call, text)
        except Refused as words:
            return refusal(400, f"Bad Request: {words}")
        return planned or json_answer({"ok": True, "result": shown.fields})

    @staticmethod
    def readable(call):
        """What a reader will see of a text."""
        try:
            call.text.encode()
            text = call.seen.strip()
        except UnicodeEncodeError:
            raise Refused("strings must be encoded in UTF-8") from None
        except Unparsable as words:
            raise Refused(f"can't parse entities: {words}") from None
        if not text:
            raise Refused("message text is empty")
        if units(text) > LONGEST:
            raise Refused("message is too long")
        return text
