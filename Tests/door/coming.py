"""Who comes in: the handshake, and how many may."""
import socket

import websockets

from case import expect
from doors import HANDSHAKE, SOON, door_case
from home import case, failed, until


@case
def it_listens_on_the_loopback_alone(home):
    home.open()
    expect(home.door.said() == f"[gateway] listening on ws://127.0.0.1:{home.port}\n".encode(), f"{home.door.said()!r}")
    with open(f"/proc/{home.door.pid}/net/tcp") as table:
        here = [line.split()[1] for line in table if line.split()[3] == "0A"]
    with open(f"/proc/{home.door.pid}/net/tcp6") as table:
        there = [line.split()[1] for line in table if line.split()[3] == "0A"]
    expect(here == [f"0100007F:{home.port:04X}"] and not there, f"{here}, {there}")


@case
def a_port_that_is_taken_is_said(home):
    home.open()
    second = home.run(home.options.door, "--port", home.port, "-C", home.spool)
    failed(second, 69, f"127.0.0.1:{home.port}: somebody listens there already", tool="spindle-door")


@case
def what_is_no_handshake_of_ours_is_refused(home):
    home.open()
    port = home.port
    for headers, line, host, code, words in (
            ((*HANDSHAKE,), "GET / HTTP/1.1", "evil.example:80", 403, "Host"),
            ((*HANDSHAKE,), "GET / HTTP/1.1", f"evil.example:{port}", 403, "Host"),
            ((*HANDSHAKE,), "GET / HTTP/1.1", "127.0.0.1:1", 403, "Host"),
            ((*HANDSHAKE, "Host: evil.example"), "GET / HTTP/1.1", None, 403, "Host"),
            ((*HANDSHAKE, "Origin: http://127.0.0.1"), "GET / HTTP/1.1", None, 403, "Origin"),
            ((*HANDSHAKE, f"Origin: http://127.0.0.1:{port}"), "GET / HTTP/1.1", None, 403, "Origin"),
            ((*HANDSHAKE, "Origin: null"), "GET / HTTP/1.1", None, 403, "Origin"),
            ((*HANDSHAKE,), "GET /metrics HTTP/1.1", None, 404, "only /"),
            ((*HANDSHAKE,), "GET ws://evil.example/ HTTP/1.1", None, 404, "only /"),
            ((), "GET / HTTP/1.1", None, 426, "WebSocket"),
            (("Content-Length: 2",), "POST / HTTP/1.1", None, 426, "WebSocket"),
            (HANDSHAKE[:3], "GET / HTTP/1.1", None, 400, "Sec-WebSocket-Key"),
            ((*HANDSHAKE[:2], "Sec-WebSocket-Version: 8", HANDSHAKE[3]), "GET / HTTP/1.1", None, 400, "13")):
        connection, answer = home.raw(*headers, line=line, host=host)
        with connection:
            while piece := connection.recv(4096):
                answer += piece.decode()
        expect(answer.startswith(f"HTTP/1.1 {code} ") and words in answer.partition("\r\n\r\n")[2],
               f"{line} {host} {headers}: {answer!r}")
    for host in f"localhost:{port}", "127.0.0.1", f"[::1]:{port}", f"LOCALHOST:{port}":
        connection, answer = home.raw(*HANDSHAKE, host=host)
        connection.close()
        expect(answer.startswith("HTTP/1.1 101 "), f"{host}: {answer!r}")


@case
def what_is_no_http_is_hung_up_on(home):
    home.open()
    for words in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 20_000:
        with socket.create_connection(("127.0.0.1", home.port), SOON) as connection:
            try:
                connection.sendall(words)
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
    connection, answer = home.raw(*HANDSHAKE)
    connection.close()
    expect(" 101 " in answer, answer)


@door_case
async def one_name_leaves_others_their_connections(home):
    nova, ops = home.token("nova"), home.token("ops")
    home.open()
    held = [await home.client(nova) for _ in range(25)]
    client = await home.client()
    error = await client.bad("UNAVAILABLE", "connect", auth={"token": nova})
    expect(error["retryable"] and error["retryAfterMs"] > 0, f"{error}")
    await client.closed(1008)
    async with await home.client(ops) as other:
        await other.good("ping")
    await held.pop().socket.close()
    until(lambda: count(home) <= 24 + 1, "it is gone", SOON)
    async with await home.client(nova) as client:
        await client.good("ping")


def count(home):
    with open(f"/proc/{home.door.pid}/net/tcp") as table:
        return sum(line.split()[1].endswith(f":{home.port:04X}") and line.split()[3] == "01" for line in table)


@door_case
async def a_hundred_connections_are_all(home):
    held = []
    names = [home.token(f"nova{n}") for n in range(5)]
    home.open()
    for name in names[:4]:
        held += [await home.client(name) for _ in range(25)]
    try:
        await home.client(names[4])
        expect(False, "one more than a hundred")
    except websockets.InvalidStatusCode as refused:
        expect(refused.status_code == 503 and refused.headers["Retry-After"], f"{refused.status_code}")
    for client in held[:1]:
        await client.good("ping")
        await client.socket.close()
    async with await home.client(names[4]) as client:
        await client.good("ping")
