"""A dashboard at work, and who asks it: a client for documents and files, and one who follows its events."""
import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

from measure import Failed

PATIENCE = 60
# For the first line of one that starts.
MOMENT = 0.0005


class Board:
    """One for a spool; `started` and `listened`: when it was, and when it said where."""

    def __init__(self, parts, spool):
        self.parts, self.spool = parts, spool

    @contextmanager
    def open(self):
        words = self.spool.parent / "dashboard.said"
        words.unlink(missing_ok=True)
        self.started = time.monotonic()
        with open(words, "wb") as said:
            self.process = subprocess.Popen([self.parts.tool("dashboard"), "--port", "0", "-C", self.spool],
                                            stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            self.port = int(self.said(words)[1])
            self.listened = time.monotonic()
            self.token = (self.spool / "secrets/dashboard.token").read_text().strip()
            yield self
            self.process.send_signal(signal.SIGTERM)
            if (status := self.process.wait(timeout=PATIENCE)) != 128 + signal.SIGTERM:
                raise Failed(f"dashboard: ended with {status}: {words.read_text()[-500:].strip()}")
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def said(self, words):
        """Where it listens, as soon as it says so."""
        while time.monotonic() < self.started + PATIENCE and self.process.poll() is None:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/\S*", words.read_text()):
                return found
            time.sleep(MOMENT)
        raise Failed(f"dashboard: does not listen: {words.read_text()[-500:].strip()}")

    @property
    def link(self):
        return f"http://127.0.0.1:{self.port}/#token={self.token}"

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, path, connection=None):
        """The body of an answer."""
        own = connection or self.connect()
        own.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = own.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Failed(f"GET {path}: {answer.status} {body[:200]!r}")
        if not connection:
            own.close()
        return body

    def ask_often(self, count, clients):
        """Documents for as many clients at once."""
        def client():
            try:
                connection = self.connect()
                for _ in range(count // clients):
                    self.ask("/api/data", connection)
                connection.close()
            except (OSError, http.client.HTTPException, Failed) as why:
                failed.append(why)
        failed = []
        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise Failed(f"GET /api/data: {failed[0]}")


class Listener:
    """Follows /api/events; `heard`: when it had the first line that names an entry, by its ID."""

    def __init__(self, board):
        self.heard = {}
        self.connection = board.connect()
        self.connection.request("GET", "/api/events", headers={"Authorization": f"Bearer {board.token}"})
        self.socket, self.answer = self.connection.sock, self.connection.getresponse()
        if self.answer.status != 200:
            raise Failed(f"GET /api/events: {self.answer.status}")
        # Its greeting has come: from here on it misses nothing.
        while self.answer.readline().strip():
            pass
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def follow(self):
        while line := self.answer.readline():
            now = time.monotonic()
            if line.startswith(b"data:"):
                self.heard.setdefault(json.loads(line[5:]).get("id"), now)

    def close(self):
        # Its thread finds the end.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.connection.close()


@contextmanager
def listeners(board, count):
    all = [Listener(board) for _ in range(count)]
    try:
        yield all
    finally:
        for one in all:
            one.close()
