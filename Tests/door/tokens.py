"""Tokens: made, turned over, taken back; and what is kept of them."""
import asyncio
import hashlib
import json
import os
import re

from case import expect
from doors import SOON, door_case
from home import case, failed


@case
def only_the_hash_is_kept_and_nobody_else_reads_it(home):
    token = home.token("nova", "--agents", "main,ops", "--expires", "90d")
    expect(re.fullmatch(r"spindle_nova_[0-9a-f]{64}", token), token)
    path = home.spool / "secrets/gateway/nova"
    text = path.read_text()
    expect(f"Sha256: {hashlib.sha256(token.encode()).hexdigest()}\n" in text and "Agents: main, ops\n" in text, text)
    expect(path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700, "others may read it")
    expect(home.token("other") != token, "the same twice")
    home.good("gateway", "token", "rotate", "nova")
    home.good("gateway", "token", "revoke", "other")
    for path in home.spool.rglob("*"):
        if path.is_file():
            expect(token[-64:].encode() not in path.read_bytes(), f"the token lies in {path}")


@case
def a_token_that_makes_no_sense_is_refused(home):
    home.furnish()
    home.token("nova")
    for arguments, code, words in ((("add", "nova"), 73, "has a token already"), (("add", "No"), 64, "is no name"),
                                   (("add", "-x"), 64, ""), (("add", "x" * 33), 64, "is no name"),
                                   (("add", "claude-call"), 64, "is a tool's name"), (("add", "../x"), 64, "is no name"),
                                   (("add", "a", "--agents", "nosuch"), 69, "there is no"),
                                   (("add", "a", "--agents", ","), 64, "names nobody"),
                                   (("add", "a", "--expires", "soon"), 64, ""), (("rotate", "nosuch"), 1, "has no token"),
                                   (("revoke", "nosuch"), 1, "has no token"), (("revoke", "../nova"), 1, "has no token"),
                                   (("revoke", ".lock"), 1, "has no token")):
        done = home.run("gateway", "token", *arguments)
        expect(done.code == code and words in done.err.decode(), f"{arguments}: exit {done.code}: {done.err!r}")
    expect(sorted(os.listdir(home.spool / "secrets/gateway")) == [".lock", "nova"], "something was made")
    done = home.good("gateway", "token", "list", "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    expect([row["name"] for row in rows] == ["nova"] and not rows[0]["expired"], f"{rows}")


@case
def tokens_that_are_made_at_once_are_one(home):
    home.furnish()
    adding = [home.start("gateway", "token", "add", "nova") for _ in range(8)]
    done = [command.end() for command in adding]
    expect(sorted(one.code for one in done) == [0] + [73] * 7, f"{[one.code for one in done]}")


@door_case
async def a_token_reaches_its_agents_and_no_others(home):
    token = home.token("nova", "--agents", "ops")
    everywhere = home.token("all")
    home.open()
    async with await home.client(token) as client, await home.client(everywhere) as other:
        expect(client.hello["agents"] == ["ops"] and "agents" not in other.hello, f"{client.hello}")
        await client.bad("FORBIDDEN", "call", agent="main", prompt="hello")
        await client.bad("FORBIDDEN", "call", agent="nosuch", prompt="hello")
        await client.call(agent="ops")
        await other.call(agent="main")
        expect(len(home.entries("calls-main")) == 1, "it reached main")


@door_case
async def a_token_that_is_taken_back_ends_its_connections(home):
    token, other = home.token("nova"), home.token("other")
    home.open()
    async with await home.client(other) as stays:
        client = await home.client(token)
        home.good("gateway", "token", "revoke", "nova")
        await client.closed(1008, "holds no longer")
        again = await home.client()
        await again.bad("UNAUTHORIZED", "connect", auth={"token": token})
        await again.closed(1008)
        await stays.good("ping")


@door_case
async def a_token_that_is_turned_over_holds_for_its_grace(home):
    old = home.token("nova", "--agents", "main")
    home.open("--tick", "100ms")
    first = await home.client(old)
    new = home.good("gateway", "token", "rotate", "nova", "--grace", "1h").out.decode().strip()
    for token in old, new:
        async with await home.client(token) as client:
            expect(client.hello["agents"] == ["main"], f"{client.hello}")
    await first.good("ping")
    newer = home.good("gateway", "token", "rotate", "nova", "--grace", "0s").out.decode().strip()
    await first.closed(1008, "holds no longer")
    for token in old, new:
        client = await home.client()
        await client.bad("UNAUTHORIZED", "connect", auth={"token": token})
        await client.closed(1008)
    last = await home.client(newer)
    home.good("gateway", "token", "rotate", "nova", "--grace", "500ms")
    await last.closed(1008, "holds no longer")  # by itself, when the grace is over


@door_case
async def a_token_ends_with_its_time(home):
    token = home.token("nova", "--expires", "3s")
    home.open("--tick", "100ms")
    client = await home.client(token)
    await client.closed(1008, "holds no longer")
    again = await home.client()
    await again.bad("UNAUTHORIZED", "connect", auth={"token": token})
    await again.closed(1008)
    expect(json.loads(home.good("gateway", "token", "list", "--json").out)["expired"], "it is not listed as expired")


@door_case
async def a_token_s_file_that_others_may_read_is_no_token(home):
    token = home.token()
    home.open()
    os.chmod(home.spool / "secrets/gateway/nova", 0o644)
    client = await home.client()
    error = await client.bad("UNAUTHORIZED", "connect", auth={"token": token})
    expect(str(home.spool) not in error["message"], f"it tells where it lies: {error}")
    await client.closed(1008)
    os.chmod(home.spool / "secrets/gateway/nova", 0o600)
    async with await home.client(token) as client:
        await client.good("ping")
