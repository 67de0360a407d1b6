"""What is killed, and what its users may then rely on."""
import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path

from runs import RUNS

from case import ID, NAME, ROOMS, expect, fixed_id, write_entry

CRON = Path(__file__).resolve().parent.parent.parent / "cron"


class Scenario:
    """`prepare` once, then for each kill a copy, `command`, and `settle`: the clean pass and what it must lead to."""
    stdin = b""
    code = 0  # what it exits with when it is not killed

    def prepare(self, case):
        case.good("spool", "init", "a", "b")

    def command(self, case):
        raise NotImplementedError

    def env(self, case):
        return {}

    def settle(self, case, killed):
        raise NotImplementedError

    def again(self, case):
        return case.good(*self.command(case), stdin=self.stdin, env=self.env(case))


class Init(Scenario):
    """A spool that was half made is made whole."""
    name = "init"

    def prepare(self, case):
        self.again(case)
        (case.home / "whole.json").write_text(json.dumps(self.tree(case)))
        shutil.rmtree(case.spool)

    def command(self, case):
        return "spool", "init", "a", "b"

    def tree(self, case):
        """Every path, and what a file says. What was being written when it was killed may stay: .NAME.PID."""
        return {str(path.relative_to(case.spool)): path.is_file() and path.read_text().replace(str(case.home), "HOME")
                for path in case.spool.rglob("*") if not re.fullmatch(r"\..+\.\d+", path.name)}

    def settle(self, case, killed):
        self.again(case)
        tree, whole = self.tree(case), json.loads((case.home / "whole.json").read_text())
        expect(tree == whole, f"not what a whole init makes: {[path for path, _ in tree.items() ^ whole.items()]}")
        case.good("spool", "put", "a", stdin=b"hello\n")


class Put(Scenario):
    """Without a key the user who puts again gets a second entry."""
    name, stdin = "put", b"hello\n"

    def command(self, case):
        return "spool", "put", "a"

    def settle(self, case, killed):
        before = case.entries("a")
        expect(len(before) <= 1, "one put, several entries")
        second = self.again(case).out.decode().strip()
        after = case.entries("a", "new")
        expect({entry.id for entry in after} == {entry.id for entry in before} | {second}, "not one entry more")
        expect(len(after) == len(before) + 1, "the second put is not in new/")
        expect(all(entry.body == self.stdin for entry in after), "another body")


class PutKeyed(Scenario):
    name, stdin = "put-key", b"hello\n"

    def command(self, case):
        return "spool", "put", "a", "--key", "k"

    def settle(self, case, killed):
        again = self.again(case)
        entry = case.only("a", "new")
        expect(again.out.decode() == entry.id + "\n", "the second put says another ID")
        expect(killed.out in (b"", again.out), "two IDs under one key")
        expect(entry.body == self.stdin, "another body")


class PutKeyedSwept(PutKeyed):
    """The sweep comes before the user does."""
    name = "put-key-swept"

    def settle(self, case, killed):
        case.good("spool", "sweep")
        linked = list(case.spool.glob("a/keys/*/[!.]*"))
        expect(len(case.entries("a")) == len(linked), "a linked key without its entry")
        super().settle(case, killed)


class Work(Scenario):
    """One entry, one product in the next queue."""
    name = "work-to"

    def prepare(self, case):
        super().prepare(case)
        case.good("spool", "put", "a", stdin=b"hello\n")

    def command(self, case):
        return "spool", "work", "a", "--to", "b", "--once", "--", "tr", "a-z", "A-Z"

    def settle(self, case, killed):
        self.again(case)
        source, product = case.only("a", "done"), case.only("b", "new")
        expect(product.id == source.id and product.body == b"HELLO\n", "not the product of its source")
        expect(not case.entries("a", "re"), "a response too")


class WorkTicked(Work):
    """cron's tick comes before the worker."""
    name = "work-to-ticked"

    def settle(self, case, killed):
        case.good("spool", "tick")
        super().settle(case, killed)


class WorkResponse(Work):
    name = "work-re"

    def command(self, case):
        return "spool", "work", "a", "--once", "--", "tr", "a-z", "A-Z"

    def settle(self, case, killed):
        self.again(case)
        source, responses = case.only("a", "done"), case.entries("a", "re")
        expect([(entry.id, entry.body) for entry in responses] == [(source.id, b"HELLO\n")], "not one response")


class WorkRetried(Work):
    """Exit 75: the entry waits, and each attempt counts, also the one that was killed."""
    name = "work-75"

    def command(self, case):
        return "spool", "work", "a", "--once", "--", "sh", "-c", f"echo ran >>{case.home}/runs; exit 75"

    def settle(self, case, killed):
        was = case.only("a", "new", "run", "wait")
        begun = len(case.lines("runs"))
        self.again(case)
        entry = case.only("a", "wait")
        # In run/: the killed attempt and the next. In wait/: not due, so not tried again.
        attempts = {"new": 1, "run": 2, "wait": 1}[was.room]
        expect(entry.attempts == attempts and not entry.in_doubt, f"its count is {entry.attempts}, not {attempts}")
        expect(entry.path.stat().st_mtime > time.time() + 20, "it does not wait")
        expect(len(case.lines("runs")) == begun + (was.room != "wait"), "the second pass did not run it once")
        expect(begun <= {"new": 0, "run": 1, "wait": 1}[was.room], "run before it was claimed")


class Drop(Scenario):
    name = "drop-work"
    body = b"bread\n\nmilk\n"

    def prepare(self, case):
        super().prepare(case)
        (case.spool / "a/drop/Shopping list.txt").write_bytes(self.body)

    def command(self, case):
        return "spool", "work", "a", "--to", "b", "--once", "--", "cat"

    def settle(self, case, killed):
        self.again(case)
        self.check(case, case.only("a", "done"))
        expect(case.only("b", "new").body == self.body, "the product is another")

    def check(self, case, entry):
        expect(entry.body == self.body and entry.header["Name"] == "Shopping list.txt", "not what was dropped")
        expect(not os.listdir(case.spool / "a/drop"), "something is left in drop/")


class DropTicked(Drop):
    name = "drop-tick"

    def command(self, case):
        return "spool", "tick"

    def settle(self, case, killed):
        self.again(case)
        self.check(case, case.only("a", "new"))


class Sweep(Scenario):
    """All that dead processes can leave behind, and the sweep dies too."""
    name = "sweep"
    orphan, doubtful, running, retired, held, fan, keyed, young, old = map(fixed_id, range(1, 10))
    products = (running, running), (retired, retired), (fan, fan + ".1"), (fan, fan + ".2")

    def prepare(self, case):
        super().prepare(case)
        a = case.spool / "a"
        for room, name in (("run", f"{self.orphan}@elsewhere.4711"), ("run", f"{self.doubtful},1d@elsewhere.4711"),
                           ("run", f"{self.running}@elsewhere.4712"), ("run", f"{self.fan},2@elsewhere.4713"),
                           ("done", self.retired), ("hold", self.held)):
            write_entry(a / room / name, NAME.fullmatch(name)["id"], "source")
        for id in (self.running, self.retired, self.held, self.fan):
            (a / "out" / id).mkdir()
        for id in (self.retired, self.held, self.fan):
            write_entry(a / f"out/{id}/re", id, "response", Re=id)
        for id, product in self.products:
            write_entry(a / f"out/{id}/{product}", product, f"product {product}", To="b")
        hash = hashlib.sha256(b"k").hexdigest()
        ledger = a / "keys" / hash[:2]
        ledger.mkdir()
        for id, key in ((self.keyed, "k"), (self.young, "other"), (self.old, "other")):
            write_entry(ledger / f".{id}", id, "keyed", Key=key)
        (ledger / hash).symlink_to(self.keyed)
        (a / "tmp/litter").write_text("half an ent")
        (a / "tmp/litter.4711").mkdir()
        (a / "tmp/litter.4711/re").write_text("half a pro")
        for path in (ledger / f".{self.old}", a / "tmp/litter", a / "tmp/litter.4711"):
            os.utime(path, (time.time() - 37 * 3600,) * 2)

    def command(self, case):
        return "spool", "sweep"

    def settle(self, case, killed):
        self.again(case)
        found = {(entry.room, entry.path.name) for entry in case.entries("a", *ROOMS, "re")}
        wanted = {("wait", f"{self.orphan},1"), ("wait", f"{self.doubtful},2d"), ("new", self.keyed)}
        wanted |= {("done", id) for id in (self.running, self.retired, self.held, self.fan)}
        wanted |= {("re", id) for id in (self.retired, self.held, self.fan)}
        expect(found == wanted, f"a/: not as it should be: {sorted(found ^ wanted)}")
        due = [entry.path.stat().st_mtime for entry in case.entries("a", "wait")]
        expect(max(due) <= time.time(), "not due at once")
        products = {entry.id: entry.body.decode() for entry in case.entries("b", "new")}
        expect(products == {id: f"product {id}" for _, id in self.products}, f"b/new/ has {products}")
        pending = [path.name for path in case.spool.glob("a/keys/*/.*")]
        expect(pending == [f".{self.young}"], f"a/keys/ has {pending}: only the young one may stay")
        # Without its file an old directory is young again.
        expect(not any(path.is_file() for path in case.spool.glob("a/tmp/**/*")), "old litter in tmp/")


class Call(Scenario):
    """The agent answers `first` to the call that is killed, and `second` to the next: so the record shows."""
    name = "claude-call"

    def env(self, case):
        return {"STANDIN_CLAUDE": "good=first"}

    def command(self, case):
        return "claude-call", "--key", "k", "--timeout", "30s", "What do you say?"

    def settle(self, case, killed):
        was = case.entries("calls-main")
        answered = case.is_answered("calls-main", was)
        doubtful = any(entry.in_doubt for entry in was) and not answered
        again = case.good(*self.command(case), env={"STANDIN_CLAUDE": "good=second"})
        entry, records = case.only("calls-main", "done"), case.entries("calls-main", "re")
        expect([record.id for record in records] == [entry.id], "not one reply on record")
        record = records[0]
        expect(again.out.strip() == record.body.strip(), "said another reply than is on record")
        expect(killed.out in (b"", again.out), "the same key, another reply")
        expect(record.body.strip() == (b"first" if answered else b"second"), f"the reply on record: {record.body}")
        calls = len(case.lines("calls.jsonl"))
        expect(calls == 1 or calls == 2 and doubtful, f"{calls} calls were made")
        expect("doubt" in record.header.get("Note", "") or not doubtful, "the record does not say: in doubt")


class Deliver(Scenario):
    """file: is idempotent: one record, whatever happened."""
    name, stdin = "deliver-file", b"The kettle\nis on.\n"

    def command(self, case):
        return "deliver", "--key", "k", "--to", f"file:{case.home}/inbox", "--subject", "Tea"

    def settle(self, case, killed):
        again = self.again(case)
        entry, receipts = case.only("deliveries", "done"), case.entries("deliveries", "re")
        expect(again.out.decode() == entry.id + "\n", "said another ID")
        expect(killed.out in (b"", again.out), "two IDs under one key")
        expect([receipt.id for receipt in receipts] == [entry.id], "not one receipt")
        inbox = (case.home / "inbox").read_bytes()
        expect(inbox == f"=== {entry.id} Tea\n".encode() + self.stdin + b"\n", f"the inbox: {inbox}")


class FileChannel(Scenario):
    """The channel itself, which finds half of its own record behind another's."""
    name, stdin = "channel-file", b"The kettle\nis on.\n"
    id, other = fixed_id(1), f"=== {fixed_id(2)}\n=== no head line\n\n".encode()

    def prepare(self, case):
        super().prepare(case)
        (case.home / "inbox").write_bytes(self.other + f"=== {self.id} Tea\nThe ket".encode())

    def command(self, case):
        return "spindle", "channel-file"

    def env(self, case):
        return {"DELIVERY_ID": self.id, "DELIVERY_TO": f"{case.home}/inbox", "DELIVERY_SUBJECT": "Tea"}

    def settle(self, case, killed):
        self.again(case)
        inbox = (case.home / "inbox").read_bytes()
        expect(inbox == self.other + f"=== {self.id} Tea\n".encode() + self.stdin + b"\n", f"the inbox: {inbox}")


class DeliverCommand(Scenario):
    """A channel that cannot tell whether it has sent a message: what may be a second one is marked."""
    name, stdin, policy = "deliver-command", b"The kettle is on.\n", "resend"

    def prepare(self, case):
        super().prepare(case)
        program = case.home / "append"
        program.write_text('#!/bin/sh\ncat >/dev/null\necho "$DELIVERY_ID ${DELIVERY_REPEAT:-0}" >>"$1"\necho sent\n')
        program.chmod(0o700)

    def command(self, case):
        return "deliver", "--to", f"command:{case.home}/append {case.home}/sent", "--in-doubt", self.policy

    def settle(self, case, killed):
        # Not what tells of it.
        was = [entry for entry in case.entries("deliveries") if entry.id.endswith("-command")]
        doubtful = any(entry.in_doubt for entry in was) and not case.is_answered("deliveries", was)
        case.good("deliver", "--recover")
        sent = [line.split() for line in case.lines("sent")]
        if was:
            expect({id for id, _ in sent} <= {was[0].id}, f"sent under another ID: {sent}")
            self.check(case, doubtful, [mark for _, mark in sent])
        else:
            expect(not sent, "sent, and not committed")

    def check(self, case, doubtful, marks):
        entry, receipts = case.only("deliveries", "done"), case.entries("deliveries", "re")
        expect([receipt.id for receipt in receipts] == [entry.id], "not one receipt")
        expect(marks in ([["1"], ["0", "1"]] if doubtful else [["0"]]), f"sent, with DELIVERY_REPEAT: {marks}")


class DeliverHeld(DeliverCommand):
    """--in-doubt hold: never sent twice; a person decides."""
    name, policy = "deliver-hold", "hold"

    def check(self, case, doubtful, marks):
        if doubtful:
            told_once(case, case.entries("deliveries", "hold"), "is held")
        else:
            case.only("deliveries", "done")
        expect(marks in ([[], ["0"]] if doubtful else [["0"]]), f"sent, with DELIVERY_REPEAT: {marks}")


def told_once(case, found, words):
    """One delivery needs a person, and one other has told him so."""
    expect(len(found) == 1, f"{len(found)} deliveries where one is to be, which {words}")
    others = [entry for entry in case.entries("deliveries") if entry.id != found[0].id]
    expect([entry.room for entry in others] == ["done"], f"not one alert: {[str(entry.path) for entry in others]}")
    # Where spool init had it, which was in another home.
    inbox = open((case.spool / "people/me").read_text().split()[1]).read()
    expect(inbox.count(f"The delivery {found[0].id}") == 1 and words in inbox, f"not told once: {inbox}")


class DeliverDead(Scenario):
    """What cannot be delivered lies in fail/, and is told of once."""
    name, stdin, code = "deliver-dead", b"The kettle is on.\n", 69

    def command(self, case):
        return "deliver", "--key", "k", "--to", "command:false"

    def settle(self, case, killed):
        case.run("deliver", "--key", "k", "--to", "command:false", stdin=self.stdin)
        case.good("deliver", "--recover")
        # What was cut off is in doubt, and waits for its next try.
        waiting = case.entries("deliveries", "wait")
        for entry in waiting:
            os.utime(entry.path)
        case.good("deliver", "--recover")
        told_once(case, case.entries("deliveries", "fail"), "was given up")


class Asking(Scenario):
    """What the approvals have in common: a person who is asked by a program, and what is on record."""
    stdin = b"Tea, at four?\n"

    def prepare(self, case):
        super().prepare(case)
        # Where there is a file `gone` it reaches nobody; where there is one `answers` its person says yes at once.
        self.program(case).write_text("""#!/bin/sh
cat >/dev/null
test ! -e "$HOME/gone" || exit 1
echo "${DELIVERY_QUESTION:--} ${DELIVERY_REPEAT:-0}" >>"$HOME/sent"
test ! -e "$HOME/answers" || touch "$SPOOL_DIR/replies/drop/$DELIVERY_QUESTION.yes"
echo asked
""")
        self.program(case).chmod(0o700)

    def program(self, case):
        return case.home / "ask"

    def wait(self, case, key):
        return "wait-approval", "--to", f"command:{self.program(case)}", "--key", key, "--timeout", "1h"

    def ask(self, case, key):
        """As somebody who has no time to wait for the answer."""
        case.run(*self.wait(case, key), stdin=self.stdin, env={"SPINDLE_DEADLINE": "2026-01-01T00:00:00Z"})
        # The first sends it, the second sees that it has arrived.
        for _ in range(2):
            case.good("spool", "tick")
        expect(self.request(case, key).room == "hold", f"{key} was not asked")

    def request(self, case, key):
        return next(entry for entry in case.entries("approvals") if entry.header["Key"] == key)

    def verdict(self, case, key):
        """The record; a request that is decided has been answered by the one reply that counts, or by none in time."""
        request = self.request(case, key)
        records = [record for record in case.entries("approvals", "re") if record.id == request.id]
        expect(len(records) == 1 and request.room == "done", f"{key}: {len(records)} verdicts, in {request.room}/")
        counted = [result.id for result in case.entries("replies", "re")
                   if result.header["Result"] == "counted" and request.id in result.header["Subject"]]
        reply = records[0].header.get("Reply")
        expect(counted == ([reply] if reply else []), f"{key}: by the reply {reply}, and {counted} count")
        return records[0]

    def is_in_doubt(self, case, key):
        """Whether its person may have been asked already, and is to be asked again with a mark."""
        ids = [entry.id for entry in case.entries("approvals") if entry.header["Key"] == key]
        asking = [entry for entry in case.entries("deliveries") if entry.header.get("Question") in ids]
        return any(entry.in_doubt for entry in asking) and not case.is_answered("deliveries", asking)

    def check_sent(self, case, key, doubtful):
        id = self.request(case, key).id
        marks = [mark for asked, mark in map(str.split, case.lines("sent")) if asked == id]
        # Who has answered meanwhile is not asked again.
        expect(marks in ([["1"], ["0", "1"], ["0"]] if doubtful else [["0"]]), f"{key}: asked, with DELIVERY_REPEAT: {marks}")


class Approval(Asking):
    """Who waits asks once, and is told the one verdict whenever he comes again."""
    name = "approval"

    def prepare(self, case):
        super().prepare(case)
        (case.home / "answers").touch()

    def command(self, case):
        return self.wait(case, "k")

    def settle(self, case, killed):
        doubtful = self.is_in_doubt(case, "k")
        again = self.again(case)
        expect(again.out == b"approved\n", f"it says {again.out}")
        expect(killed.out in (b"", again.out), f"it had said {killed.out}")
        case.good("spool", "tick")
        case.only("approvals", "done")
        expect(self.verdict(case, "k").header["Verdict"] == "approved", "another verdict on record")
        self.check_sent(case, "k", doubtful)


class Approve(Asking):
    """What `approve` has accepted is the verdict, if it lives on or not."""
    name = "approve"

    def prepare(self, case):
        super().prepare(case)
        self.ask(case, "k")

    def command(self, case):
        return "approve", "-m", "with milk", self.request(case, "k").id

    def settle(self, case, killed):
        accepted = case.entries("replies") != []
        case.good("spool", "tick")
        expect((self.request(case, "k").room == "done") == accepted, f"accepted: {accepted}, and not the verdict")
        first = accepted and self.verdict(case, "k").path.read_bytes()
        again = self.again(case)
        second = self.verdict(case, "k")
        expect(not accepted or second.path.read_bytes() == first, "a second verdict")
        expect(second.header["Verdict"] == "approved" and second.body == b"with milk\n", "another verdict")
        expect(again.out.startswith(b"Approved at ") and killed.out in (b"", again.out), f"it says {again.out}")


class ApprovalTick(Asking):
    """Nobody waits, and the tick does what is due: it ends, it decides, it asks again."""
    name = "approval-tick"

    def prepare(self, case):
        super().prepare(case)
        for key in ("late", "in-time", "answered"):
            self.ask(case, key)
        for key in ("late", "in-time"):
            self.expire(case, self.request(case, key))
        answered, in_time = self.request(case, "answered").id, self.request(case, "in-time").id
        (case.spool / "replies/drop" / f"{answered}.yes").touch()
        # It lay in drop/ before the deadline.
        write_entry(case.spool / "replies/new" / fixed_id(1), fixed_id(1), "", From="drop", Name=f"{in_time}.yes",
                    Arrived="2026-01-01T00:00:00.000000Z")
        (case.home / "gone").touch()
        expect(case.run(*self.wait(case, "unheard"), stdin=self.stdin).code == 69, "somebody was asked, who is gone")
        (case.home / "gone").unlink()
        # It is tried again now.
        os.utime(self.request(case, "unheard").path)

    def expire(self, case, request):
        """As if it had been asked an hour earlier."""
        proof = case.spool / f"approvals/log/{request.id}.proof"
        past = time.time() - 600
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(past))
        proof.write_text(re.sub("(?m)^Deadline: .*", f"Deadline: {stamp}", proof.read_text()))
        os.utime(request.path, (past, past))

    def command(self, case):
        return "spool", "tick"

    def settle(self, case, killed):
        doubtful = self.is_in_doubt(case, "unheard")
        # It sends, then it sees that it was sent; and what was cut off while it was being sent waits for its next try.
        for _ in range(2):
            self.again(case)
            for entry in case.entries("deliveries", "wait"):
                os.utime(entry.path)
        self.again(case)
        verdicts = {key: self.verdict(case, key).header["Verdict"] for key in ("late", "in-time", "answered")}
        expect(verdicts == {"late": "timeout", "in-time": "approved", "answered": "approved"}, f"{verdicts}")
        expect(self.request(case, "unheard").room == "hold", f"unheard: in {self.request(case, 'unheard').room}/")
        self.check_sent(case, "unheard", doubtful)


class Job(Scenario):
    """A run that was killed is in fail/; the next one is a run of its own."""
    name = "job"

    def command(self, case):
        return "job", "nightly", "--", "sh", "-c", f"echo ran >>{case.home}/runs; echo done"

    def settle(self, case, killed):
        was = case.entries("jobs")
        room = "done" if case.is_answered("jobs", was) else "fail"
        expect(len(was) <= 1, "one run, several entries")
        runs = len(case.lines("runs"))
        again = self.again(case)
        expect(again.out == b"done\n", "another output")
        expect(len(case.lines("runs")) == runs + 1, "the second run did not run once")
        now = {entry.id: entry.room for entry in case.entries("jobs")}
        for entry in was:
            expect(now.pop(entry.id) == room, f"the killed run is not in {room}/ (it was in {entry.room}/)")
        expect(list(now.values()) == ["done"], f"the second run: {now}")
        second = next(iter(now))
        responses = {entry.id: entry.body for entry in case.entries("jobs", "re")}
        expect(responses.get(second) == b"done\n", "no record of the second run")
        state = (case.spool / "jobs/names/nightly").read_text()
        expect(f"Last-Id: {second}\n" in state and "Last-Exit: 0" in state, f"jobs/names/nightly: {state}")


class JobDelivers(Scenario):
    """Its output is a message: sent at most once, and a run that was killed is told of once."""
    name = "job-deliver"

    def command(self, case):
        return "job", "nightly", "--deliver", f"file:{case.home}/out", "--", "sh", "-c", f"echo ran >>{case.home}/runs; echo done"

    def settle(self, case, killed):
        runs = len(case.lines("runs"))
        case.good("spool", "tick")
        expect(len(case.lines("runs")) == runs, "the tick has run it")
        messages = [line for line in case.lines("out") if line == "done"]
        expect(len(messages) <= runs <= 1, f"{len(messages)} messages of {runs} runs")
        entries = case.entries("jobs")
        expect([entry.room for entry in entries] in ([], ["done"], ["fail"]), f"{[entry.path for entry in entries]}")
        if entries:
            row = json.loads(case.good("job", "--list", "--json", "nightly").out)
            word = "ok" if entries[0].room == "done" else "killed"
            expect(row["execution"] == word, f"the run is not counted: {row}")
            expect(row["delivery"] == "delivered" or not messages, f"what was sent is not known: {row}")
        told = [entry for entry in case.entries("deliveries") if entry.header.get("Subject") == "job nightly failed"]
        expect([entry.room for entry in told] == ["done"] * (entries[:1] != [] and entries[0].room == "fail"),
               f"told of {[entry.room for entry in entries]} by {[entry.path for entry in told]}")
        expect(self.again(case).out == b"done\n", "another output")
        expect(case.lines("out").count("done") == len(messages) + 1, "the next run's output is not sent once")


class Briefing(Scenario):
    """The whole morning: shells, an agent, a delivery, in a home where there was no spool yet."""
    name = "briefing"

    def prepare(self, case):
        pass

    def command(self, case):
        return CRON / "briefing.sh", CRON / "sample.ics"

    def settle(self, case, killed):
        self.again(case)
        inbox = (case.home / "inbox").read_text()
        heads = re.findall(rf"^=== ({ID})", inbox, re.M)
        entry = case.only("deliveries", "done")
        expect(heads == [entry.id], f"the inbox: {inbox}")
        expect(inbox.count("The prompt has") == 1, f"no reply of the agent: {inbox}")
        expect([receipt.id for receipt in case.entries("deliveries", "re")] == [entry.id], "not one receipt")
        call = case.only("calls-calendar", "done")
        expect([reply.id for reply in case.entries("calls-calendar", "re")] == [call.id], "not one reply")


SCENARIOS = {scenario.name: scenario() for scenario in (
    Init, Put, PutKeyed, PutKeyedSwept, Work, WorkTicked, WorkResponse, WorkRetried, Drop, DropTicked, Sweep, Call,
    Deliver, FileChannel, DeliverCommand, DeliverHeld, DeliverDead, Approval, Approve, ApprovalTick, Job, JobDelivers, Briefing, *RUNS)}
