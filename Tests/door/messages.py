"""Messages that are what they should be, and those that are not."""
import asyncio
import json
import os
import socket
import struct

import websockets

from case import expect
from doors import BIG, HANDSHAKE, SOON, door_case
from home import until


@door_case
async def a_message_that_is_no_request_is_answered_and_the_connection_lives(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        for message, id, words in (
                ("{", None, "no JSON"), ("", None, "no JSON"), ("[]", None, "object"), ("7", None, "object"),
                ("[" * 100_000, None, "no JSON"), ('{"type":"req"}', None, "id: is missing"),
                ('{"type":"req","id":"","method":"ping"}', "", "id: expected"),
                ('{"type":"req","id":7,"method":"ping"}', None, "id: expected a string"),
                (json.dumps({"type": "req", "id": "x" * 129, "method": "ping"}), None, "id: expected"),
                ('{"type":"res","id":"a","method":"ping"}', "a", 'type: expected "req"'),
                ('{"type":"req","id":"b","method":"nosuch"}', "b", "expected one of call, result, cancel, ping"),
                ('{"type":"req","id":"c","method":"call","params":{"agent":3}}', "c", "params.agent: expected a string"),
                ('{"type":"req","id":"d","method":"call","params":[]}', "d", "params: expected an object"),
                ('{"type":"req","id":"e","method":"call","params":{"attempts":1.5}}', "e", "not whole"),
                ('{"type":"req","id":"f","method":"call"}', "f", "params.agent: is missing"),
                ('{"type":"req","id":"g","method":"connect"}', "g", "connected already, as nova"),
                ('{"type":"req","id":"h","method":"call","params":{"agent":"main","prompt":"half \\ud800"}}', "h", "")):
            await client.socket.send(message)
            answer = await client.read()
            expect(answer["type"] == "res" and answer["id"] == id and not answer["ok"]
                   and answer["error"]["code"] == "INVALID_REQUEST" and words in answer["error"]["message"],
                   f"{message[:80]}: {answer}")
        await client.good("ping")
    expect(not home.entries("calls-main"), "something was called")


@door_case
async def a_parameter_that_means_nothing_is_named(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        for name, value in (("prompt", ""), ("prompt", " \n"), ("timeout", "soon"), ("timeout", "0s"), ("timeout", "30d"),
                            ("attempts", 0), ("attempts", 6), ("expect", "("), ("schema", "{"), ("memoryTokens", 0),
                            ("key", ""), ("key", "x" * 201), ("key", "a\nb"), ("agent", "No Name"), ("agent", "../main")):
            params = {"agent": "main", "prompt": "hello", "memory": "a topic", name: value}
            error = await client.bad("INVALID_REQUEST", "call", **params)
            expect(f"params.{name}: " in error["message"] and not error["retryable"], f"{name}={value!r}: {error}")
        await client.bad("NOT_FOUND", "call", agent="nosuch", prompt="hello")
        await client.bad("INVALID_REQUEST", "call", agent="main", prompt="hello", subject="x", expect="x" * 70_000)
        for ask in {}, {"id": "a", "key": "b"}, {"id": "no ID"}:
            await client.bad("INVALID_REQUEST", "result", **ask)
        await client.bad("NOT_FOUND", "result", id="20260101T000000.000000Z-000000", agent="main")
        await client.bad("NOT_FOUND", "result", key="never")
    expect(not home.entries("calls-main"), "something was called")


@door_case
async def a_header_cannot_be_forged(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        await client.call("hello", subject="a\nFrom: ops\n\nbody", memory="b\r\nTo: ops")
        entry = home.only("calls-main", "new")
        expect(entry.header["From"] == "nova" and entry.header["To"] == "main" and entry.body == b"hello", f"{entry.header}")


@door_case
async def a_message_in_fragments_is_put_together(home):
    token = home.token()
    home.open().work()
    async with await home.client(token) as client:
        message = json.dumps({"type": "req", "id": "a", "method": "call", "params": {"agent": "main", "prompt": "höllo"}},
                             ensure_ascii=False)
        raw = message.encode()


        place = raw.index("ö".encode()) + 1
        await client.socket.write_frame(False, 1, raw[:place])
        await client.socket.ping(b"between")
        await client.socket.write_frame(False, 0, raw[place:place])
        await client.socket.write_frame(True, 0, raw[place:])
        accepted = (await client.read())["payload"]
        expect((await client.reply(accepted["id"]))["text"] == "HöLLO", "not put together")


@door_case
async def the_longest_message_is_taken(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        frame = {"type": "req", "id": "a", "method": "call", "params": {"agent": "main", "prompt": ""}}
        rest = BIG - len(json.dumps(frame))
        frame["params"]["prompt"] = "x" * rest
        await client.socket.send(json.dumps(frame))
        expect((await client.read())["ok"], "refused")
        expect(len(home.only("calls-main", "new").body) == rest, "not all of it")


@door_case
async def a_message_that_is_too_long_closes_with_1009(home):
    token = home.token()
    home.open()

    async def in_one(client):
        await client.socket.send("x" * (BIG + 1))

    async def in_fragments(client):
        async def pieces():
            for _ in range(26):
                yield "x" * (1 << 20)

        await client.socket.send(pieces())

    for send in in_one, in_fragments:
        client = await home.client(token)
        sending = asyncio.ensure_future(send(client))
        await client.closed(1009, "at most 26214400 bytes")
        await asyncio.gather(sending, return_exceptions=True)
    async with await home.client(token) as client:
        await client.good("ping")


@door_case
async def what_is_no_text_closes_with_its_code(home):
    token = home.token()
    home.open()
    for opcode, data, code, fin in ((2, b"binary", 1003, True), (1, b"\xff{}", 1007, True), (1, b'{"a":"\xc3"}', 1007, True),
                                    (0, b"{}", 1002, True)):
        client = await home.client(token)
        await client.socket.write_frame(fin, opcode, data)
        await client.closed(code)
    for frame in ([0x83, 0x80, 0, 0, 0, 0], [0x8B, 0x80, 0, 0, 0, 0],  # of kinds that do not exist
                  [0xC1, 0x80, 0, 0, 0, 0],  # of an extension
                  [0x89, 0xFE, 0, 126, 0, 0, 0, 0] + [0] * 126, [0x09, 0x80, 0, 0, 0, 0]):  # a ping too long; a part of one
        client = await home.client(token)
        client.socket.transport.write(bytes(frame))
        await client.closed(1002)
    client = await home.client(token)
    await client.socket.write_frame(False, 1, b"{")
    await client.socket.write_frame(True, 1, b"}")
    await client.closed(1002)


@door_case
async def a_frame_that_is_not_masked_closes_with_1002(home):
    home.open()
    connection, answer = home.raw(*HANDSHAKE)
    expect(" 101 " in answer.split("\r\n")[0], answer)
    connection.sendall(b"\x81\x02{}")
    frame = b""
    while piece := connection.recv(4096):
        frame += piece
    expect(frame[0] == 0x88 and struct.unpack(">H", frame[2:4])[0] == 1002, f"{frame!r}")


@door_case
async def pings_are_answered_and_ticks_come(home):
    token = home.token()
    home.open("--tick", "200ms")
    async with await home.client(token) as client:
        expect(client.hello["policy"] == {"maxPayload": BIG, "maxBufferedBytes": 32 << 20, "tickIntervalMs": 200},
               f"{client.hello}")
        await asyncio.wait_for(await client.socket.ping(b"are you there"), SOON)
        expect("ts" in await client.good("ping"), "no time")
        for _ in range(3):
            expect("ts" in await client.event("tick"), "no time")


@door_case
async def a_client_far_ahead_is_read_no_further_and_loses_nothing(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        home.door.kill(19)  # SIGSTOP: what comes now waits in the kernel
        sending = asyncio.ensure_future(asyncio.gather(*(client.begin("ping") for _ in range(3000))))
        await asyncio.sleep(0)
        home.door.kill(18)
        await sending
        while len(client.answers) < 3000:
            await client.read()
        expect(all(answer["ok"] for answer in client.answers.values()), "not all were answered")
