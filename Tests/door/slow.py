"""Clients that do not read."""
import asyncio

from case import expect
from doors import SOON, door_case
from home import until

LONG = 12 << 20


@door_case
async def a_client_that_does_not_read_is_let_go_and_its_replies_are_on_record(home):
    token = home.token()
    home.open().work("calls-main", "sh", "-c", f"head -c {LONG} /dev/zero | tr '\\0' x")
    home.work("calls-ops")
    slow = await home.client(token)
    async with await home.client(token) as other:
        for number in range(6):
            await slow.call(f"number {number}", key=f"k{number}")
        slow.socket.transport.pause_reading()
        until_said = asyncio.ensure_future(said(home, b"slow consumer"))
        # Meanwhile nobody else waits.
        accepted = await other.call("hello", agent="ops")
        expect((await other.reply(accepted["id"]))["text"] == "HELLO", "not answered")
        await until_said
        slow.socket.transport.resume_reading()
        await slow.closed(1008, "slow consumer")
        expect(len(slow.events) < 6, "all was heard: it was not slow")
        for number in range(6):
            record = await other.good("result", key=f"k{number}")
            expect(record["status"] == "done" and len(record["text"]) > 0, f"number {number}")


async def said(home, words):
    for _ in range(SOON * 50):
        if words in home.door.said():
            return
        await asyncio.sleep(0.02)
    expect(False, f"not said: {words!r}: {home.door.said()!r}")


@door_case
async def a_client_that_sleeps_costs_the_door_no_more_than_its_limit(home):
    token = home.token()
    home.open("--tick", "5ms").work()
    client = await home.client(token)
    client.socket.transport.pause_reading()
    async with await home.client(token) as other:
        for _ in range(300):
            await other.event("tick")
    client.socket.transport.resume_reading()
    await client.good("ping")
    status = open(f"/proc/{home.door.pid}/status").read()
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    expect(peak < 200_000, f"{peak} kB")
    await client.socket.close()
