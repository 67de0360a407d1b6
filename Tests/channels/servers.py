"""Servers that the channels are tried against, on loopback: what all HTTP servers here have in common, the receiver of a
webhook, and a mail server. Telegram's is in bot_api.py.

Each does as a case has told it, remembers what it was asked and when, and lets the case wait for that. One that does not
listen yet has its port already, which refuses connections until open()."""
import base64
import hashlib
import hmac
import json
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default as modern
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import BaseThreadedController
from case import expect

LOOPBACK = "127.0.0.1"
PATIENCE = 20  # seconds in which what a case waits for must come


@dataclass
class Answer:
    """What a server does with a request that it has read."""
    status: int = 200
    body: bytes = b""
    type: str = "text/plain"
    headers: dict = field(default_factory=dict)
    end: str = "whole"  # or: nothing, reset, half, stall
    taken: bool = None  # whether what was asked for is done; where nothing else is said, a good answer says so

    def __post_init__(self):
        if self.taken is None:
            self.taken = self.status < 300


# The client never learns that it was done: the worst that can happen to it.
CUT = Answer(end="nothing")
RESET = Answer(end="reset")
CUT_MIDWAY = Answer(body=b'{"ok":true,"result":{"message_id":1', end="half")
STALL = Answer(end="stall")


def json_answer(value, status=200, **more):
    return Answer(status, json.dumps(value).encode(), "application/json", **more)


def awaited(changed, condition, words, seconds=PATIENCE):
    """Waits for what another thread does, and tells by it."""
    with changed:
        expect(changed.wait_for(condition, seconds), f"not within {seconds} s: {words}")


class Plans:
    """What is answered next: for each key a list, of which the last is repeated where it is to be."""

    def __init__(self):
        self.next, self.rest = defaultdict(deque), {}

    def answer(self, key, *answers):
        self.next[str(key)].extend(answers)

    def always(self, key, answer):
        self.rest[str(key)] = answer

    def take(self, key, otherwise):
        key = str(key)
        return self.next[key].popleft() if self.next[key] else self.rest.get(key, otherwise)


@dataclass
class Request:
    """A request as it was read; `time` is for distances."""
    method: str
    path: str
    headers: object
    body: bytes
    time: float = field(default_factory=time.monotonic)
    answer: Answer = None


class Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with self.server.changed:
            self.server.connections += 1

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.give(self.server.taken(Request(self.command, self.path, self.headers, body)))

    do_GET = do_PUT = do_PATCH = do_POST

    def give(self, answer):
        self.close_connection = self.close_connection or answer.end != "whole"
        if answer.end == "stall":
            self.until_the_client_goes()
        elif answer.end == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()
        elif answer.end in ("whole", "half"):
            self.send_response(answer.status)
            length = len(answer.body) + (100 if answer.end == "half" else 0)
            for name, value in {"Content-Type": answer.type, "Content-Length": length, **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

    def until_the_client_goes(self):
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        with self.server.changed:
            self.server.gone += 1
            self.server.changed.notify_all()

    def log_message(self, *_):
        pass


class Recorder(ThreadingHTTPServer):
    """An HTTP server that keeps connections alive and remembers every request."""
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, listening=True):
        super().__init__((LOOPBACK, 0), Exchange, bind_and_activate=False)
        self.server_bind()
        self.plans, self.changed = Plans(), threading.Condition()
        self.requests, self.connections, self.gone, self.thread = [], 0, 0, None
        if listening:
            self.open()

    def open(self):
        self.server_activate()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        if self.thread:
            self.shutdown()
        self.server_close()

    @property
    def url(self):
        return f"http://{LOOPBACK}:{self.server_port}"

    def taken(self, request):
        """Decides the answer, in the order in which requests come; gives it when it is on record."""
        with self.changed:
            request.answer = self.decide(request)
            self.requests.append(request)
            self.changed.notify_all()
            return request.answer

    def wait_for(self, count, seconds=PATIENCE):
        """The requests, once there are so many."""
        awaited(self.changed, lambda: len(self.requests) >= count, f"{count} requests", seconds)
        return self.requests

    def wait_until_gone(self, count=1):
        awaited(self.changed, lambda: self.gone >= count, "the client that was kept waiting goes away")

    def handle_error(self, request, client_address):
        """A client that has gone away is no error of ours."""


# ------------------------------------------------------------------ webhooks

class Webhook(Recorder):
    """A receiver that does the same key once. Plans have the key "", whatever the path."""

    def decide(self, request):
        answer = self.plans.take("", Answer(body=b"thank you\n"))
        if answer.taken:
            self.effects[request.headers["Idempotency-Key"]] += 1
        return answer

    def __init__(self, listening=True):
        self.effects = defaultdict(int)  # how often it was asked for, by key: the effect is had once
        super().__init__(listening)

    def answer(self, *answers):
        self.plans.answer("", *answers)

    def always(self, answer):
        self.plans.always("", answer)


def is_signed(request, secret):
    """Whether a request is signed with this secret, as www.standardwebhooks.com has it."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = f"{request.headers['Webhook-Id']}.{request.headers['Webhook-Timestamp']}.".encode() + request.body
    good = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return good in (request.headers["Webhook-Signature"] or "").split(" ")


# ------------------------------------------------------------------ mail

@dataclass
class Mail:
    """A message as it came after DATA."""
    sender: str
    recipients: list
    bytes: bytes
    time: float = field(default_factory=time.monotonic)

    @property
    def message(self):
        return message_from_bytes(self.bytes, policy=modern)


class MailServer(BaseThreadedController):
    """Takes mail. Plans for MAIL, RCPT and DATA hold SMTP replies; CUT ends the connection instead of a reply."""

    def __init__(self, listening=True, **options):
        super().__init__(self, enable_SMTPUTF8=True, **options)
        self.socket = socket.socket()
        self.socket.bind((LOOPBACK, 0))
        self.port = self.socket.getsockname()[1]
        self.plans, self.changed = Plans(), threading.Condition()
        self.offered, self.mails = [], []  # all messages that came as far as their final dot; those that were accepted
        self.asked = []  # verbs, and what they were answered
        if listening:
            self.open()

    def open(self):
        self.start()

    def close(self):
        if self._thread:
            self.stop()
        self.socket.close()

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self.socket)

    def _trigger_server(self):
        socket.create_connection((LOOPBACK, self.port), PATIENCE).close()

    def wait_for(self, count, seconds=PATIENCE):
        """The messages that were offered, once there are so many."""
        awaited(self.changed, lambda: len(self.offered) >= count, f"{count} messages", seconds)
        return self.offered

    def reply(self, verb, good):
        answer = self.plans.take(verb, good)
        with self.changed:
            self.asked.append((verb, answer))
        return answer

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = self.reply("MAIL", "250 2.1.0 OK")
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.reply("RCPT", "250 2.1.5 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = self.reply("DATA", "250 2.0.0 queued as 17")
        mail = Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
        with self.changed:
            self.offered.append(mail)
            if answer is CUT or answer.startswith("2"):
                self.mails.append(mail)
            self.changed.notify_all()
        if answer is not CUT:
            return answer
        server.transport.close()
        return "421 4.3.2 not heard any more"

    def tries(self, verb):
        return sum(asked == verb for asked, _ in self.asked)
