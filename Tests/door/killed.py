"""The door is ended, or killed, and comes back; what was accepted is answered once."""
import asyncio
import random
import signal
import socket

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


WRITE = 'read line; echo "$line" >>"$HOME/ran"; echo "$line"'


@door_case
async def killed_again_and_again_each_accepted_call_has_one_reply(home):
    home.furnish()
    home.open()
    home.start("spool", "work", "calls-main", "--workers", "2", "--", "sh", "-c", WRITE)

    def again():
        home.kill_door()
        home.open(port=home.port)

    accepted = await under_fire(home, again, 12, longest=0.4)
    # The door's death is nothing to the worker: each is made once.
    expect(sorted(home.lines("ran")) == sorted(accepted), f"{len(home.lines('ran'))} runs of {len(accepted)} calls")


@door_case
async def a_gateway_that_is_killed_again_and_again_gives_each_accepted_call_one_reply(home):
    """The real one, whose door dies with it."""
    write = home.home / "write"
    # Who it is stands before what is asked.
    write.write_text('#!/bin/sh\nline=$(tail -n 1); echo "$line" >>"$HOME/ran"; echo "$line"\n')
    write.chmod(0o700)
    home.agent("main", Command=write, Rate="1000/s", Concurrency="4")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        home.port = free.getsockname()[1]

    def begin():
        home.gateway = home.start("gateway", "--slots", "4", "--port", home.port)
        until(lambda: b"listening" in home.gateway.said(), "its door is open", SOON)

    def again():
        home.gateway.kill(signal.SIGKILL).end()
        begin()

    begin()
    accepted = await under_fire(home, again, 6, longest=0.8)
    # What was being made is made again, and its record says so.
    expect(set(home.lines("ran")) == set(accepted), "another call was made, or one was not")


async def under_fire(home, again, kills, longest):
    """Clients that know no more than the protocol: they come back, ask by key, and call again what is not known. Gives what was
    accepted: the calls' IDs by their prompts."""
    tokens = [home.token(f"nova{number}") for number in range(CLIENTS)]
    ended, accepted, chance = asyncio.Event(), {}, random.Random(7)

    async def fire():
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.02, longest))
            again()
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
        await asyncio.gather(fire(), *(one(number, token) for number, token in enumerate(tokens)))

    await asyncio.wait_for(all_of_it(), 80)
    entries = home.entries("calls-main")
    expect(all(entry.room == "done" for entry in entries), "not all are done")
    expect(sorted(entry.id for entry in entries) == sorted(accepted.values()), "there are others than were accepted")
    expect(sorted(home.names("calls-main", "re")) == sorted(accepted.values()), "not one reply for each")
    home.remark(f"{len(accepted)} calls")
    return accepted
