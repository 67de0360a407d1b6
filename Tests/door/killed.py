"""The door is ended, or killed, and comes back; what was accepted is answered once."""
import asyncio
import random
import signal
import time

import websockets

from case import expect
from doors import SOON, door_case
from home import until

CLIENTS, CALLS = 5, 12


@door_case
async def an_ending_door_says_so(home):
    token = home.token()
    home.open()
    clients = [await home.client(token) for _ in range(3)]
    silent = await home.client()
    accepted = await clients[0].call(key="a")
    home.door.kill(signal.SIGTERM)
    for client in clients:
        expect("ends" in (await client.event("shutdown"))["reason"], "no reason")
        await client.closed(1001)
    await silent.closed(1001)
    done = home.door.end()
    expect(done.code == 0, f"exit {done.code}")
    home.open(port=home.port).work()
    async with await home.client(token) as client:
        expect((await client.good("result", key="a"))["status"] in ("open", "done"), "the call is lost")
        if not (await client.good("result", key="a"))["status"] == "done":
            expect((await client.reply(accepted["id"]))["text"] == "HELLO", "not answered")


@door_case
async def an_ending_door_does_not_wait_for_who_does_not_read(home):
    token = home.token()
    home.open()
    client = await home.client(token)
    client.socket.transport.pause_reading()
    home.door.kill(signal.SIGTERM)
    expect(home.door.end().code == 0, "it does not end")


@door_case
async def a_hangup_is_no_end(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        home.door.kill(signal.SIGHUP)
        await client.good("ping")


@door_case
async def killed_again_and_again_each_accepted_call_has_one_reply(home):
    """The clients know no more than the protocol: they come back, ask by key, and call again what is not known."""
    tokens = [home.token(f"nova{number}") for number in range(CLIENTS)]
    home.open()
    home.start("spool", "work", "calls-main", "--workers", "2", "--", "sh", "-c", 'read line; echo "$line" >>"$HOME/ran"; echo "$line"')
    ended, accepted, chance = asyncio.Event(), {}, random.Random(7)

    async def kills():
        for _ in range(12):
            await asyncio.sleep(chance.uniform(0.02, 0.4))
            home.kill_door()
            home.open(port=home.port)
        ended.set()

    async def one(number, token):
        left, rounds = {f"call {number}.{place}": None for place in range(CALLS)}, 0
        replies = {}
        while left or not ended.is_set():
            rounds += 1
            if not left:
                left = {f"call {number}.{rounds}.{place}": None for place in range(CALLS)}
            try:
                client = await home.client(token)
                async with client:
                    for text in list(left):
                        answer = await client.ask("result", key=text)
                        if not answer["ok"]:
                            expect(answer["error"]["code"] == "NOT_FOUND", f"{answer}")
                            expect(text not in accepted, f"{text} was accepted, and is not known")
                            answer = await client.ask("call", agent="main", prompt=text, key=text)
                            expect(answer["ok"], f"{answer}")
                        id = answer["payload"]["id"]
                        expect(accepted.setdefault(text, id) == id, f"{text} has two calls")
                        if answer["payload"].get("status") == "done":
                            replies.setdefault(text, []).append(answer["payload"]["text"])
                            del left[text]
                    while left:
                        reply = await client.event("reply")
                        text = next(text for text, id in accepted.items() if id == reply["id"])
                        expect(text in left, f"{text} was answered twice over one connection")
                        replies.setdefault(text, []).append(reply["text"])
                        del left[text]
            except (OSError, EOFError, websockets.WebSocketException, asyncio.TimeoutError):
                continue
        for text, said in replies.items():
            expect({line.strip() for line in said} == {text}, f"{text}: {said}")

    async def all_of_it():
        await asyncio.gather(kills(), *(one(number, token) for number, token in enumerate(tokens)))

    await asyncio.wait_for(all_of_it(), 80)
    entries = home.entries("calls-main")
    expect(all(entry.room == "done" for entry in entries), "not all are done")
    expect(sorted(entry.id for entry in entries) == sorted(accepted.values()), "there are others than were accepted")
    expect(sorted(home.names("calls-main", "re")) == sorted(accepted.values()), "not one reply for each")
    ran = home.lines("ran")
    expect(sorted(ran) == sorted(accepted), f"{len(ran)} runs of {len(accepted)} calls")
    home.remark(f"{len(accepted)} calls")
