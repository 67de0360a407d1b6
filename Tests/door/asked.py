"""What a call comes to: its reply, its failure, its cancelling; and whose it is."""
import asyncio

from case import Entry, expect
from doors import SOON, door_case
from home import until


@door_case
async def a_call_is_accepted_as_an_entry_and_answered_by_an_event(home):
    token = home.token()
    home.open().work()
    async with await home.client(token) as client:
        expect(client.hello["name"] == "nova" and client.hello["protocol"] == 1, f"{client.hello}")
        accepted = await client.call("Say hello.", subject="A greeting", timeout="2m", attempts=3, expect="HELLO",
                                     schema='{\n"type":\t"string"}', memory="greetings", memoryTokens=300)
        reply = await client.reply(accepted["id"])
        expect(reply["ok"] and reply["text"] == "SAY HELLO." and reply["agent"] == "main", f"{reply}")
        entry = home.only("calls-main", "done")
        told = {name: entry.header.get(name) for name in
                ("From", "To", "Subject", "Timeout", "Attempts", "Expect", "Schema", "Memory", "Memory-Tokens")}
        expect(told == {"From": "nova", "To": "main", "Subject": "A greeting", "Timeout": "120s", "Attempts": "3",
                        "Expect": "HELLO", "Schema": '{ "type": "string"}', "Memory": "greetings",
                        "Memory-Tokens": "300"}, f"{told}")
        expect(entry.id == accepted["id"] and entry.body == b"Say hello." and "Expires" in entry.header, f"{entry.header}")


@door_case
async def many_agents_calls_go_over_one_connection(home):
    token = home.token()
    home.open().work()
    home.work("calls-ops")
    async with await home.client(token) as client:
        asked = [await client.begin("call", agent=("main", "ops")[n % 2], prompt=f"number {n}", key=f"k{n}")
                 for n in range(100)]
        while len(client.answers) < 1 + 100 and any(id not in client.answers for id in asked):
            await client.read()
        ids = [client.answers[id]["payload"]["id"] for id in asked]
        expect(len(set(ids)) == 100, "an ID was given twice")
        for number, id in enumerate(ids):
            reply = await client.reply(id)
            expect(reply["text"] == f"NUMBER {number}", f"{reply}")
        expect(not client.taken("reply"), "a reply came twice")


@door_case
async def what_the_agent_costs_is_told(home):
    """A caller of the spool makes the call, as one does without a gateway: what it records is what the client hears."""
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        accepted = await client.call("hello", key="a")
        home.good("claude-call", "--key", "door-nova:a", "hello", env={"STANDIN_CLAUDE": "cost=0.25"})
        reply = await client.reply(accepted["id"])
        expect(reply["ok"] and reply["cost"] == 0.25 and reply["outputTokens"] > 0 and reply["durationMs"] >= 0
               and reply["attempts"] == 1, f"{reply}")
        record = await client.good("result", id=accepted["id"])
        expect(record == {**reply, "status": "done"}, f"{record}, and the event said {reply}")


@door_case
async def a_failure_is_told_with_its_class_and_the_same_key_calls_again(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        accepted = await client.call("hello", key="a")
        failed = home.run("claude-call", "--key", "door-nova:a", "hello", env={"STANDIN_CLAUDE": "not-logged-in"})
        expect(failed.code == 77, f"exit {failed.code}")
        reply = await client.reply(accepted["id"])
        expect(not reply["ok"] and reply["class"] == "not-logged-in" and "login" in reply["why"], f"{reply}")
        record = await client.good("result", key="a")
        expect(record["status"] == "failed" and record["class"] == "not-logged-in", f"{record}")
        again = await client.call("hello", key="a")
        expect(again == {"id": accepted["id"], "agent": "main", "isNew": False}, f"{again}")
        home.only("calls-main", "new")
        home.work()
        expect((await client.reply(accepted["id"]))["text"] == "HELLO", "not answered")


@door_case
async def the_same_key_is_the_same_call_and_another_text_is_a_conflict(home):
    token = home.token()
    home.open()
    async with await home.client(token) as one, await home.client(token) as two:
        first = await one.call("hello", key="morning")
        second = await two.call("hello", key="morning")
        expect(first["isNew"] and second == {**first, "isNew": False}, f"{first}, {second}")
        await two.bad("CONFLICT", "call", agent="main", prompt="good night", key="morning")
        home.work()
        for client in one, two:
            expect((await client.reply(first["id"]))["text"] == "HELLO", "not answered")
        late = await one.call("hello", key="morning")
        expect(not late["isNew"] and (await one.reply(first["id"]))["text"] == "HELLO", "what is on record is not told")
        expect(len(home.entries("calls-main")) == 1, "it was called twice")


@door_case
async def a_name_has_its_own_calls_and_no_others(home):
    """By ID, by key, and by a key that looks like another's."""
    nova, nov = home.token("nova"), home.token("nov")
    home.open()
    async with await home.client(nova) as mine, await home.client(nov) as other:
        accepted = await mine.call("a secret", key="a:k")
        for ask in {"id": accepted["id"]}, {"key": "a:k"}, {"key": "door-nova:a:k"}, {"key": "a:a:k"}, {"key": "../nova:a:k"}:
            for method in "result", "cancel":
                error = await other.bad("NOT_FOUND", method, **ask)
                expect(error["message"] == "there is no such call of nov", f"it says more: {error}")
        theirs = await other.call("another secret", key="a:k")
        expect(theirs["isNew"] and theirs["id"] != accepted["id"], f"{theirs}")
        home.work()
        expect((await mine.reply(accepted["id"]))["text"] == "A SECRET", "not mine")
        expect((await other.reply(theirs["id"]))["text"] == "ANOTHER SECRET", "not theirs")
        await other.bad("NOT_FOUND", "result", id=accepted["id"])
        expect(not mine.taken("reply") and not other.taken("reply"), "somebody heard another's reply")
        # What tools of the spool's owner have called is nobody's at the door.
        home.good("claude-call", "--key", "b", "hello")
        tools = [entry.id for entry in home.entries("calls-main") if entry.header["From"] == "claude-call"]
        await other.bad("NOT_FOUND", "result", id=tools[0])


@door_case
async def a_call_that_nobody_has_begun_is_cancelled(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        accepted = await client.call("hello", key="a")
        gone = await client.good("cancel", key="a")
        expect(gone == {"id": accepted["id"], "cancelled": True}, f"{gone}")
        reply = await client.reply(accepted["id"])
        expect(not reply["ok"] and reply["class"] == "cancelled", f"{reply}")
        home.only("calls-main", "fail")
        await client.bad("CONFLICT", "cancel", id=accepted["id"])


@door_case
async def a_call_that_is_under_way_is_not_cancelled(home):
    token = home.token()
    home.open().work("calls-main", "sh", "-c", 'until [ -e "$HOME/go" ]; do sleep 0.02; done; echo done')
    async with await home.client(token) as client:
        accepted = await client.call()
        until(lambda: home.names("calls-main", "run"), "it is begun", SOON)
        await client.bad("CONFLICT", "cancel", id=accepted["id"])
        expect((await client.good("result", id=accepted["id"]))["status"] == "open", "it is not open")
        (home.home / "go").touch()
        expect((await client.reply(accepted["id"]))["text"].strip() == "done", "not answered")
        expect(not client.taken("reply"), "asked for twice, and told twice")


@door_case
async def what_a_person_holds_is_open_until_he_releases_it(home):
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        accepted = await client.call()
        home.good("spool", "hold", accepted["id"])
        expect((await client.good("result", id=accepted["id"]))["status"] == "open", "it is not open")
        home.good("spool", "release", accepted["id"])
        home.work()
        expect((await client.reply(accepted["id"]))["text"] == "HELLO", "not answered")


@door_case
async def a_full_backlog_says_when_to_come_again(home):
    token = home.token()
    home.agent("main", Backlog=2, Rate="30/min")
    home.open()
    async with await home.client(token) as client:
        await client.call("one", key="one")
        await client.call("two")
        error = await client.bad("UNAVAILABLE", "call", agent="main", prompt="three")
        expect(error["retryable"] and 1000 <= error["retryAfterMs"] <= 5000, f"{error}")
        expect(not (await client.call("one", key="one"))["isNew"], "what waits already adds nothing")
        await client.call("four", agent="ops")
        expect(len(home.entries("calls-main")) == 2, "the third was accepted")


@door_case
async def a_nearly_full_disk_accepts_nothing(home):
    disk = home.lie_on("ext4")
    token = home.token()
    home.open()
    async with await home.client(token) as client:
        disk.fill(leave=300_000)
        error = await client.bad("UNAVAILABLE", "call", agent="main", prompt="hello")
        expect(error["retryable"] and error["retryAfterMs"] > 0 and "nearly full" in error["message"], f"{error}")
        disk.free()
        await client.call("hello")
    expect(len(home.entries("calls-main")) == 1, "not one entry")


@door_case
async def a_reply_that_is_longer_than_a_message_lies_in_the_spool(home):
    token = home.token()
    home.open().work("calls-main", "head", "-c", str(5 << 20), "/dev/zero")
    async with await home.client(token) as client:
        accepted = await client.call()  # each NUL is six characters of JSON
        reply = await client.reply(accepted["id"])
        expect(not reply["ok"] and reply["class"] == "too-large" and f"calls-main/re/{accepted['id']}" in reply["why"],
               f"{reply}")
        expect((await client.good("result", id=accepted["id"]))["class"] == "too-large", "the record says otherwise")
        expect(len(Entry(home.spool / "calls-main/re" / accepted["id"]).body) == 5 << 20, "it does not lie there")


@door_case
async def a_client_that_is_gone_finds_its_reply_when_it_comes_back(home):
    token = home.token()
    home.open()
    client = await home.client(token)
    accepted = await client.call(key="a")
    client.socket.transport.abort()
    home.work()
    until(lambda: home.names("calls-main", "re"), "it is answered", SOON)
    async with await home.client(token) as client:
        record = await client.good("result", key="a")
        expect(record["status"] == "done" and record["text"] == "HELLO" and record["id"] == accepted["id"], f"{record}")
