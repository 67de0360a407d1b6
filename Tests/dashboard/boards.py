"""A home with a dashboard: how it is started and killed, and a client that says just what it is told to."""
import http.client
import json
import re
import signal
import socket
import time
from pathlib import Path

from case import Broken, expect
from home import Home, until

SOON = 30  # seconds for what needs less than one, on a machine that has much to do


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body
        self.headers = response.headers

    @property
    def json(self):
        return json.loads(self.body)


class Board(Home):
    """A Home with a spool and a dashboard."""

    def __init__(self, *given):
        super().__init__(*given)
        self.board = self.port = None

    def furnish(self):
        if not self.spool.exists():
            self.good("spool", "init")
        return self

    def open(self, *options, port=0, program=("dashboard",), **how):
        """Starts it, and waits until it says where it listens."""
        self.furnish()
        self.board = self.start(*program, "--port", port, *options, **how)
        said = until(lambda: (found := re.search(rb"http://127\.0\.0\.1:(\d+)/", self.board.said())) and found
                     or self.board.process.poll() is not None and Broken(f"it does not open: {self.board.said()!r}"),
                     "it listens", SOON)
        if isinstance(said, Broken):
            raise said
        self.port = int(said[1])
        return self

    @property
    def token_file(self):
        return self.spool / "secrets/dashboard.token"

    @property
    def token(self):
        return self.token_file.read_text().strip()

    @property
    def bearer(self):
        return {"Authorization": f"Bearer {self.token}"}

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SOON)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """One request with just these headers; without any, as a program that has the token."""
        headers = self.bearer if headers is None else headers
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
        own = connection or self.connect()
        own.request(method, path, body, headers)
        response = own.getresponse()
        answer = Answer(response, response.read())
        self.transcript.append(f"    {method} {path} -> {answer.status} {answer.body[:200]!r}")
        if not connection:
            own.close()
        return answer

    def get(self, path, **how):
        answer = self.ask("GET", path, **how)
        expect(answer.status == 200, f"GET {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def refused(self, status, method, path, *words, **how):
        """It is refused so, in words that say what to do or what it is."""
        answer = self.ask(method, path, **how)
        expect(answer.status == status, f"{method} {path}: {answer.status}, not {status}: {answer.body[:300]!r}")
        if method != "HEAD":
            expect(answer.json["error"], f"{answer.body}")
            for word in words:
                expect(word in answer.body.decode(), f"it does not say \"{word}\": {answer.body!r}")
        return answer

    def raw(self, text):
        """Bytes as they are; gives all that is answered until the end."""
        with socket.create_connection(("127.0.0.1", self.port), SOON) as line:
            line.sendall(text if isinstance(text, bytes) else text.encode())
            answer = b""
            try:
                while piece := line.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
        return answer

    def login(self):
        """As a browser does it; gives the headers that go with all that it asks."""
        answer = self.ask("POST", "/api/login", {"token": self.token}, headers=self.origin)
        expect(answer.status == 200, f"{answer.status} {answer.body!r}")
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return {"Cookie": cookie, "X-CSRF-Token": answer.json["csrf"], **self.origin}

    @property
    def origin(self):
        return {"Origin": f"http://127.0.0.1:{self.port}", "Sec-Fetch-Site": "same-origin"}

    def listen(self, query="", **headers):
        return Stream(self, query, {**self.bearer, **headers})

    def request(self, text=b"Publish it?\n", *options):
        """A request that has arrived, and that nobody waits for any more; gives its ID."""
        before = set(self.names("approvals", "hold"))
        waits = self.start("wait-approval", "--to", "me", "--subject", "Post", *options, stdin=text)
        id = until(lambda: set(self.names("approvals", "hold")) - before, "it is open", SOON).pop()
        waits.kill(signal.SIGKILL).process.wait()
        return id

    def tree(self):
        """All that lies in the spool, with what it says."""
        return {str(path.relative_to(self.spool)): path.read_bytes() if not path.is_symlink() else b""
                for path in sorted(self.spool.rglob("*")) if path.is_symlink() or path.is_file()}

    def memory(self):
        """What it has in memory of its own, in bytes."""
        rollup = Path(f"/proc/{self.board.pid}/smaps_rollup").read_text()
        return int(re.search(r"Anonymous: +(\d+) kB", rollup)[1]) << 10


class Stream:
    """A reader of /api/events."""

    def __init__(self, home, query, headers):
        self.home, self.last = home, None
        self.connection = home.connect()
        self.connection.request("GET", f"/api/events{query}", None, headers)
        self.response = self.connection.getresponse()
        expect(self.response.status == 200, f"{self.response.status}")
        expect(self.response.headers["Content-Type"] == "text/event-stream", f"{self.response.headers}")
        self.begin = self.block()["id"]

    def block(self):
        """The lines up to the next empty one; None at the end."""
        fields = {}
        while line := self.response.readline():
            line = line.decode().rstrip("\n")
            if not line:
                return fields
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        return None

    def next(self):
        """The next line of the journal."""
        while (fields := self.block()) is not None:
            if fields.get("event") == "journal":
                self.last = fields["id"]
                self.home.transcript.append(f"    < {fields['data'][:200]}")
                return json.loads(fields["data"])
        raise Broken("the stream has ended")

    def until(self, detail):
        """All lines up to the one that says this."""
        lines = [self.next()]
        while lines[-1].get("detail") != detail:
            lines.append(self.next())
        return lines

    def count(self, detail):
        """How many lines there are up to the one that says this: as `until`, for very many."""
        count, end, rest = 0, f'"detail": "{detail}"'.encode(), b""
        while piece := self.response.read1(1 << 20):
            rest += piece
            whole, _, rest = rest.rpartition(b"\n\n")
            count += whole.count(b"event: journal\n")
            if end in whole:
                return count
        raise Broken("the stream has ended")

    def close(self):
        self.connection.close()


def note(home, *details, day=None):
    """Lines of the journal, as any tool writes them."""
    path = home.spool / f"journal/{day or time.strftime('%Y-%m-%d', time.gmtime())}.jsonl"
    with path.open("a") as journal:
        for detail in details:
            journal.write(json.dumps({"detail": detail, "event": "test", "time": "2026-11-26T00:00:00Z", "tool": "test"}) + "\n")
