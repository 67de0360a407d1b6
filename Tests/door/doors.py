"""A home with a door: how it is started and killed, and a client that speaks its frames through the stock library."""
import asyncio
import functools
import json
import re
import signal
import socket

import websockets

from case import Broken, expect
from home import Home, case, until

SOON = 30  # seconds for what needs less than one, on a machine that has much to do
BIG = 25 << 20  # what a message may have at most


def door_case(function):
    """A case that is a coroutine."""
    @functools.wraps(function)
    def run(home):
        async def main():
            try:
                await function(home)
            finally:
                for socket in home.sockets:  # the library would wait for an answer
                    socket.transport.abort()

        asyncio.run(main())

    return case(run)


class Doorman(Home):
    """A Home with a spool, tokens, a door and workers behind it."""

    def __init__(self, *given):
        super().__init__(*given)
        self.door = self.port = None
        self.sockets = []

    def furnish(self):
        if not self.spool.exists():
            self.good("spool", "init")
            for agent in "main", "ops":
                self.good("spool", "init", f"calls-{agent}")
        return self

    def token(self, name="nova", *options):
        return self.furnish().good("gateway", "token", "add", name, *options).out.decode().strip()

    def open(self, *options, port=0):
        """Starts the door, and waits until it listens."""
        self.furnish()
        self.door = self.start(self.options.door, "--port", port, "-C", self.spool, *options)
        said = until(lambda: (found := re.search(rb"listening on ws://127\.0\.0\.1:(\d+)\n", self.door.said())) and found
                     or self.door.process.poll() is not None and Broken(f"it does not open: {self.door.said()!r}"),
                     "it listens", SOON)
        if isinstance(said, Broken):
            raise said
        self.port = int(said[1])
        return self

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/"

    def kill_door(self):
        self.door.kill(signal.SIGKILL).end()

    def work(self, queue="calls-main", *command):
        """A stand-in for the gateway: a worker whose agent is a command."""
        return self.start("spool", "work", queue, "--", *(command or ("upcase",)))

    def agent(self, name, **header):
        """An agent of this name, with these lines."""
        lines = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in header.items())
        (self.furnish().spool / f"agents/{name}.md").write_text(f"{lines}\nAn agent.\n")

    async def client(self, token=None, **how):
        """Connected; with its token it has said hello."""
        client = Client(self, await websockets.connect(self.url, **{"max_size": 2 * BIG, "open_timeout": SOON, **how}))
        self.sockets.append(client.socket)
        if token:
            client.hello = await client.good("connect", auth={"token": token})
        return client

    def raw(self, *headers, line="GET / HTTP/1.1", host=None):
        """A handshake by hand; gives the socket and the answer's head."""
        connection = socket.create_connection(("127.0.0.1", self.port), SOON)
        head = [line, f"Host: {host or f'127.0.0.1:{self.port}'}", *headers]
        connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := connection.recv(4096)):
            answer += piece
        return connection, answer.decode()


HANDSHAKE = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


class Client:
    """One connection. Replies are answers to what was asked; events are kept in their order."""

    def __init__(self, home, socket):
        self.home, self.socket, self.hello, self.last = home, socket, None, 0
        self.answers, self.events = {}, []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def read(self):
        """The next message, whatever it is."""
        message = json.loads(await asyncio.wait_for(self.socket.recv(), SOON))
        self.home.transcript.append(f"    < {json.dumps(message)[:300]}")
        if message["type"] == "event":
            self.events.append(message)
        else:
            self.answers[message["id"]] = message
        return message

    async def begin(self, method, **params):
        """Asks, and does not wait; gives the request's ID."""
        self.last += 1
        message = json.dumps({"type": "req", "id": str(self.last), "method": method, "params": params})
        self.home.transcript.append(f"    > {message[:300]}")
        await self.socket.send(message)
        return str(self.last)

    async def ask(self, method, **params):
        id = await self.begin(method, **params)
        while id not in self.answers:
            await self.read()
        return self.answers.pop(id)

    async def good(self, method, **params):
        answer = await self.ask(method, **params)
        expect(answer["ok"], f"{method}: {answer.get('error')}")
        return answer["payload"]

    async def bad(self, code, method, **params):
        """It is refused so; gives the error."""
        answer = await self.ask(method, **params)
        expect(not answer["ok"] and answer["error"]["code"] == code, f"{method}: {answer}, not {code}")
        return answer["error"]

    async def call(self, prompt="hello", agent="main", **params):
        return await self.good("call", agent=agent, prompt=prompt, **params)

    def taken(self, event, id=None):
        for place, message in enumerate(self.events):
            if message["event"] == event and (id is None or message["payload"]["id"] == id):
                return self.events.pop(place)["payload"]

    async def event(self, name, id=None):
        while (found := self.taken(name, id)) is None:
            await self.read()
        return found

    async def reply(self, id):
        return await self.event("reply", id)

    async def closed(self, code, words=""):
        """The door closes it so."""
        try:
            while True:
                await self.read()
        except websockets.ConnectionClosed as closed:
            said = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else repr(closed)
            expect(closed.rcvd and said[0] == code and words in said[1], f"closed with {said}, not {code} {words}")
