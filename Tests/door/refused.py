"""Before a token was shown: what is heard, how much, how long, and how often."""
import asyncio
import json

import websockets

from case import expect
from doors import HANDSHAKE, SOON, door_case
from home import until

HEX = "0123456789abcdef" * 4


@door_case
async def nothing_is_heard_before_connect(home):
    token = home.token()
    home.open()
    for method, params in ("call", {"agent": "main", "prompt": "hello"}), ("result", {"key": "a"}), ("ping", {}):
        client = await home.client()
        await client.bad("UNAUTHORIZED", method, **params)
        await client.closed(1008)
    client = await home.client()
    await client.socket.send("{")
    expect((await client.read())["error"]["code"] == "INVALID_REQUEST", "it is taken")
    await client.closed(1008)
    expect(not home.entries("calls-main"), "something was called")
    async with await home.client(token) as client:
        await client.good("ping")


@door_case
async def a_wrong_token_is_refused(home):
    token = home.token()
    home.open()
    wrong = [token[:-1] + ("0" if token[-1] != "0" else "1"), token.replace("nova", "ops"), f"spindle_nosuch_{HEX}",
             f"spindle_..lock_{HEX}", token.upper(), token + " "]
    for text in wrong:
        client = await home.client()
        error = await client.bad("UNAUTHORIZED", "connect", auth={"token": text})
        expect(not error["retryable"] and text not in json.dumps(error), f"{error}")
        await client.closed(1008)
    for auth in {}, {"token": 7}, {"token": None}:
        client = await home.client()
        await client.bad("INVALID_REQUEST", "connect", auth=auth)
        await client.closed(1008)
    refused = [line for line in home.journal() if line["event"] == "door-refused"]
    expect(len(refused) == len(wrong) and "user 0" in refused[0]["detail"], f"{refused}")


@door_case
async def ten_wrong_tokens_lock_their_user_out(home):
    token = home.token()
    home.open()
    async with await home.client(token) as before:
        for number in range(10):
            client = await home.client()
            await client.bad("UNAUTHORIZED", "connect", auth={"token": f"spindle_nova_{HEX}"})
            await client.closed(1008)
        client = await home.client()
        error = await client.bad("LOCKED_OUT", "connect", auth={"token": token})
        expect(error["retryable"] and 200_000 < error["retryAfterMs"] <= 300_000, f"{error}")
        await client.closed(1008)
        await before.good("ping")
    # Another user of this machine is not.
    async with await home.client() as client:
        pass
    other = home.run("setpriv", "--reuid", "65534", "--clear-groups", "/usr/bin/python3", "-c", OTHER, home.url, token)
    expect(other.code == 0 and b"hello-ok" in other.out, f"{other.err[-500:]!r}")
    expect([line for line in home.journal() if line["event"] == "door-locked"], "it is not in the journal")


OTHER = """
import asyncio, json, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1]) as socket:
        await socket.send(json.dumps({"type": "req", "id": "1", "method": "connect", "params": {"auth": {"token": sys.argv[2]}}}))
        print(await socket.recv())
asyncio.run(main())
"""


@door_case
async def more_than_64_KiB_before_connect_closes_with_1009(home):
    token = home.token()
    home.open()
    client = await home.client()
    await client.socket.send("x" * 70_000)
    await client.closed(1009)
    # In pieces that are small, each for itself.
    client = await home.client()
    try:
        for _ in range(100):
            await client.socket.write_frame(False, 1 if _ == 0 else 0, b"x" * 1000)
    except websockets.ConnectionClosed:
        pass
    await client.closed(1009)
    async with await home.client(token) as client:
        await client.good("ping")
        await client.call("x" * 70_000)


@door_case
async def who_says_nothing_is_not_waited_for(home):
    home.open()
    silent = await home.client()
    await silent.closed(1008, "no connect within 10 s")


@door_case
async def a_handshake_that_never_ends_is_hung_up_on(home):
    home.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    expect(await asyncio.wait_for(reader.read(), SOON) == b"", "it is answered")
    writer.close()
