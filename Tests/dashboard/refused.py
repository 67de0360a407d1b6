"""What comes from elsewhere, is too much, too slow, or no HTTP at all."""
import json
import socket
import threading

from boards import SOON
from case import expect
from home import case


@case
def another_host_is_refused_before_anything(home):
    home.open()
    login = home.login()
    for host in "evil.example", f"evil.example:{home.port}", "127.0.0.1", f"127.0.0.1:{home.port + 1}", f"[::1]:{home.port}", \
            "localhost", f"127.0.0.1.nip.io:{home.port}":
        for path in "/", "/dashboard.js", "/api/data", "/api/login", "/nothing":
            home.refused(421, "GET", path, headers={**login, "Host": host})
    home.get("/api/data", headers={**home.bearer, "Host": f"localhost:{home.port}"})
    head = "GET / HTTP/1.1\r\nConnection: close\r\n"
    own = f"Host: 127.0.0.1:{home.port}\r\n"
    for lines in "", own + own, own + "Host: evil.example\r\n":
        answer = home.raw(head + lines + "\r\n")
        expect(answer.split()[1] in (b"421", b"400"), f"{lines!r}: {answer[:100]!r}")
    expect(home.raw(f"GET http://evil.example/ HTTP/1.1\r\n{own}Connection: close\r\n\r\n").split()[1] == b"404", "another's proxy")


@case
def another_page_is_refused_whatever_it_has(home):
    home.open()
    login = home.login()
    id = home.request()
    yes = {"verdict": "yes"}
    for origin in "null", "http://evil.example", f"http://127.0.0.1:{home.port + 1}", f"http://localhost:{home.port}", \
            f"https://127.0.0.1:{home.port}", f"http://127.0.0.1:{home.port}.evil.example":
        for headers in {**login, "Origin": origin}, {**home.bearer, "Origin": origin}:
            home.refused(403, "POST", f"/api/approvals/{id}", "Origin", body=yes, headers=headers)
            home.refused(403, "GET", "/api/data", "Origin", headers=headers)
        home.refused(403, "POST", "/api/login", "Origin", body={"token": home.token}, headers={"Origin": origin})
    for site in "cross-site", "same-site":
        home.refused(403, "POST", f"/api/approvals/{id}", body=yes, headers={**login, "Sec-Fetch-Site": site})
        home.refused(403, "GET", "/dashboard.js", headers={"Sec-Fetch-Site": site})
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    home.get("/", headers=link)
    # What a form of another page can send, with the cookie of a browser that knows no SameSite.
    home.refused(403, "POST", f"/api/approvals/{id}", body="verdict=yes", headers={
        "Cookie": login["Cookie"], "Content-Type": "application/x-www-form-urlencoded"})
    expect(not home.entries("replies"), "something was answered")


@case
def too_much_is_not_read(home):
    home.open()
    own = f"Host: 127.0.0.1:{home.port}\r\n"
    for head in f"GET / HTTP/1.1\r\n{own}X: {'x' * 20000}\r\n\r\n", f"GET /{'x' * 20000} HTTP/1.1\r\n{own}\r\n", \
            f"GET / HTTP/1.1\r\n{own}" + "".join(f"X-{number}: 1\r\n" for number in range(2000)) + "\r\n", \
            f"GET / HTTP/1.1\r\n{own}X: {'x' * 200000}":
        answer = home.raw(head)
        expect(answer.split()[1] in (b"431", b"400"), f"{answer[:100]!r}")
    post = f"POST /api/login HTTP/1.1\r\n{own}Content-Type: application/json\r\n"
    declared = home.raw(post + "Content-Length: 100000\r\n\r\n" + "x" * 1000)
    chunk = "ffff\r\n" + "x" * 0xffff + "\r\n"
    chunked = home.raw(post + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk)
    extended = home.raw(post + "Transfer-Encoding: chunked\r\n\r\n2;" + "x" * 500_000 + "\r\n{}\r\n0\r\n\r\n")
    for answer in declared, chunked, extended:
        expect(answer.split()[1] == b"413" and b"Connection: close" in answer, f"{answer[:100]!r}")
    home.get("/api/data")


@case
def what_is_no_http_is_answered_400(home):
    home.open()
    own = f"Host: 127.0.0.1:{home.port}\r\n"
    post = f"POST /api/login HTTP/1.1\r\n{own}Content-Type: application/json\r\n"
    for text in "\x16\x03\x01\x02\x00\x01", "hello\r\n\r\n", f"GET / HTTP/9.9\r\n{own}\r\n", f"GET / HTTP/1.1\r\n{own}X : y\r\n\r\n", \
            post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{}", \
            post + "Content-Length: x\r\n\r\n", f"GET / HTTP/1.1\n{own}\0: 1\r\n\r\n":
        answer = home.raw(text)
        expect(answer.split()[1:2] == [b"400"], f"{text[:60]!r}: {answer[:100]!r}")
        expect(b"X-Content-Type-Options: nosniff" in answer and json.loads(answer.partition(b"\r\n\r\n")[2])["error"], f"{answer!r}")
    home.get("/api/data")


@case
def who_is_slow_to_ask_is_hung_up_on(home):
    home.open()
    own = f"Host: 127.0.0.1:{home.port}\r\n"
    answers = {}

    def ask(text):
        answers[text] = home.raw(text)

    asking = ["", "GET / HT", f"GET / HTTP/1.1\r\n{own}", f"POST /api/login HTTP/1.1\r\n{own}Content-Length: 9\r\n\r\n{{"]
    threads = [threading.Thread(target=ask, args=[text]) for text in asking]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(answers[""] == b"", f"{answers['']!r}")
    for text in asking[1:]:
        expect(answers[text].split()[1] == b"408", f"{text!r}: {answers[text][:100]!r}")


@case
def the_hundred_and_first_is_told_to_come_again(home):
    home.open()
    lines = [socket.create_connection(("127.0.0.1", home.port), SOON) for _ in range(100)]
    answer = home.refused(503, "GET", "/", headers={})
    expect(answer.headers["Retry-After"], f"{answer.headers}")
    for line in lines:
        line.close()
    home.get("/", headers={})


@case
def who_asks_much_and_reads_nothing_is_not_answered_ahead(home):
    home.open()
    home.good("spool", "init", *(f"queue-{number}" for number in range(60)))
    before = home.memory()
    ask = f"GET /api/data HTTP/1.1\r\nHost: 127.0.0.1:{home.port}\r\nAuthorization: Bearer {home.token}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", home.port), SOON) as line:
        line.settimeout(1)
        sent = 0
        try:
            while sent < 16 << 20:
                sent += line.send(ask * 500)
        except TimeoutError:
            pass
        home.get("/api/data")
        expect(home.memory() - before < 32 << 20, f"{(home.memory() - before) >> 20} MiB more")
    home.get("/api/data")
