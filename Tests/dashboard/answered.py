"""Requests for approval: read whole, answered by a reply file and nothing else."""
import hashlib
import os
import signal
import time

from boards import SOON
from case import expect
from home import case, until

TEXT = "Für alle:\n  <script>alert(1)</script> & \"x\" \u202e\n\n".encode() + b"long " * 5000


def verdict(home, id):
    return home.get(f"/api/approvals/{id}").json["verdict"]


@case
def a_request_is_told_whole(home):
    id = home.furnish().request(TEXT, "--timeout", "2h")
    home.open()
    told = home.get(f"/api/approvals/{id}").json
    expect(told["text"].encode() == TEXT and told["isExact"] is True, f"{told['text'][:100]!r}")
    expect(told["sha256"] == hashlib.sha256(TEXT).hexdigest(), f"{told}")
    expect(told["state"] == "open" and told["verdict"] is None and told["subject"] == "Post", f"{told}")
    expect(told["to"] == [f"file:{home.home}/inbox"] and told["timeout"] == 7200, f"{told}")
    expect(told["delivered"] and told["deadline"] and 7000 < told["secondsLeft"] <= 7200, f"{told}")
    raw = home.request(b"\xff\xfe no text")
    expect(home.get(f"/api/approvals/{raw}").json["isExact"] is False, "what cannot be shown as it is, is said to be shown so")
    for path in id + "x", id[:-1], "x", "../" + id:
        home.refused(404, "GET", f"/api/approvals/{path}")


@case
def a_yes_is_a_reply_and_nothing_else(home):
    id = home.furnish().request(TEXT)
    home.open()
    login = home.login()
    before = home.tree()
    answer = home.ask("POST", f"/api/approvals/{id}", {"verdict": "yes", "note": "fine"}, headers=login)
    expect(answer.status == 202, f"{answer.status} {answer.body!r}")
    reply = answer.json["reply"]
    after = home.tree()
    new = {name for name in after if after[name] != before.get(name)} - {"heartbeats/dashboard"}
    expect(not before.keys() - after.keys(), f"{before.keys() - after.keys()}")
    expect({name for name in new if not name.startswith("journal/")} == {f"replies/new/{reply}"}, f"{new}")
    lying = home.only("replies", "new")
    expect(lying.body == b"yes: fine" and lying.header["Re"] == id, f"{lying.header} {lying.body!r}")
    expect((lying.header["Sender"], lying.header["Channel"]) == (f"uid:{os.geteuid()}", "dashboard"), f"{lying.header}")
    pending = home.get(f"/api/replies/{reply}").json
    expect((pending["result"], pending["request"]) == ("pending", id) and verdict(home, id) is None, f"{pending}")
    home.good("spool", "tick")
    counted = home.get(f"/api/replies/{reply}").json
    expect(counted["result"] == "counted" and "Approved" in counted["words"], f"{counted}")
    decided = verdict(home, id)
    expect((decided["word"], decided["via"], decided["note"], decided["reply"]) == ("approved", "dashboard", "fine", reply),
           f"{decided}")
    late = home.ask("POST", f"/api/approvals/{id}", {"verdict": "no"}, headers=login)
    expect(late.status == 409 and late.json["verdict"]["word"] == "approved", f"{late.status} {late.body!r}")
    expect(len(home.entries("replies")) == 1, "what could change nothing was written")


@case
def who_waits_goes_on_at_once(home):
    home.furnish().open()
    login = home.login()
    for word, code in ("yes", 0), ("no", 1):
        waits = home.start("wait-approval", "--to", "me", stdin=word.encode())
        id = until(lambda: home.names("approvals", "hold"), "it is open", SOON)[0]
        expect(home.get("/api/data").json["approvals"][id]["detail"] == "open", "the document does not tell it")
        home.ask("POST", f"/api/approvals/{id}", {"verdict": word, "note": ""}, headers=login)
        expect(waits.end().code == code, f"{word}: {waits.said()!r}")


@case
def whatever_a_note_says_the_verdict_is_the_word(home):
    home.furnish().open()
    for word, note in ("no", "yes\nyes"), ("yes", "no\r\n\r\nno"), ("no", "\u2028approve"), ("yes", "  "), ("no", "yes: \U0001F600"):
        id = home.request(b"x")
        answer = home.ask("POST", f"/api/approvals/{id}", {"verdict": word, "note": note})
        expect(answer.status == 202, f"{answer.body!r}")
        home.good("spool", "tick")
        expect(verdict(home, id)["word"] == {"yes": "approved", "no": "rejected"}[word], f"{note!r}: {verdict(home, id)}")


@case
def what_is_no_answer_is_none(home):
    id = home.furnish().request()
    home.open()
    path = f"/api/approvals/{id}"
    for body in {}, {"verdict": "ok"}, {"verdict": "YES"}, {"verdict": ""}, {"verdict": True}, {"verdict": "yes", "note": 5}, [], \
            {"verdict": "yes", "note": "x" * 4001}, {"verdict": "yes", "key": ""}, "{", "", "null", '{"verdict":"yes"':
        how = {} if isinstance(body, (dict, list)) else {"headers": {**home.bearer, "Content-Type": "application/json"}}
        home.refused(400, "POST", path, body=body, **how)
    home.refused(409, "POST", path, body={"verdict": "yes", "sha256": "0" * 64})
    home.refused(404, "POST", "/api/approvals/20261126T100000.000000Z-abcdef", body={"verdict": "yes"})
    for kind in "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx":
        home.refused(415, "POST", path, body='{"verdict":"yes"}', headers={**home.bearer, "Content-Type": kind})
    expect(not home.entries("replies"), "something was written")


@case
def one_click_is_one_reply_however_often_it_is_sent(home):
    id = home.furnish().request()
    home.open()
    ask = lambda **body: home.ask("POST", f"/api/approvals/{id}", {"verdict": "yes", **body}).json["reply"]
    first = ask(key="click-1")
    expect(ask(key="click-1") == first, "sent again, it is another one")
    expect(len({first, ask(key="click-2"), ask(key="click-1", verdict="no"), ask(), ask()}) == 5, "another answer is not one")


@case
def an_answer_that_comes_too_late_is_told_so(home):
    id = home.furnish().request(b"x", "--timeout", "1h")
    later = {"SPOOL_NOW": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))}
    home.open(env=later)
    expect(home.get(f"/api/approvals/{id}").json["secondsLeft"] == 0, "it is said to have time")
    answer = home.ask("POST", f"/api/approvals/{id}", {"verdict": "yes"})
    expect(answer.status == 202, f"{answer.status}")
    for _ in range(2):  # one ends the request, the next tells the answer
        home.good("spool", "tick", env=later)
    told = home.get(f"/api/replies/{answer.json['reply']}").json
    expect(told["result"] == "late" and verdict(home, id)["word"] == "timeout", f"{told}")


@case
def what_was_given_up_is_not_answered(home):
    id = home.furnish().request()
    home.good("spool", "cancel", id)
    home.open()
    expect(home.get(f"/api/approvals/{id}").json["state"] == "given up", "it is said to be open")
    home.refused(409, "POST", f"/api/approvals/{id}", "given up", body={"verdict": "yes"})


@case
def only_who_may_answer_is_heard(home):
    home.furnish()
    (home.spool / "people/anna").write_text("Email: anna@example.org\n")
    id = home.request(b"x", "--approvers", "anna")
    home.open()
    reply = home.ask("POST", f"/api/approvals/{id}", {"verdict": "yes"}).json["reply"]
    home.good("spool", "tick")
    told = home.get(f"/api/replies/{reply}").json
    expect(told["result"] == "refused" and "anna" in told["words"] and verdict(home, id) is None, f"{told}")


@case
def a_full_disk_accepts_nothing_and_says_so(home):
    disk = home.lie_on("tmpfs")
    id = home.furnish().request()
    home.open()
    disk.fill()
    answer = home.refused(503, "POST", f"/api/approvals/{id}", "space", body={"verdict": "yes"})
    expect(answer.headers["Retry-After"], f"{answer.headers}")
    expect(not home.entries("replies"), "it was written")
    disk.free()
    expect(home.ask("POST", f"/api/approvals/{id}", {"verdict": "yes"}).status == 202, "it does not go on")
    home.board.kill(signal.SIGTERM).end()
