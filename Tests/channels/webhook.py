"""Webhooks: what arrives, signed as www.standardwebhooks.com has it, and where a webhook with a name is."""
import base64
import json
import time

from case import expect
from home import case, failed
from sending import TEXT
from servers import Answer, is_signed

WORD = "a secret that is a word"
KEY = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()


def refused(status, **headers):
    return Answer(status, b"no\n", headers=headers)


def arrived(request, sent, attempt=1):
    """The body of a request, which must be this delivery's, whole and with all that says so."""
    expect(request.method == "POST", request.method)
    expect(request.headers["Content-Type"].split(";")[0] == "application/json", request.headers["Content-Type"])
    expect(request.headers["Idempotency-Key"] == f'"{sent.id}"', f"another key: {request.headers['Idempotency-Key']}")
    expect(request.headers["Webhook-Id"] == sent.id, f"another ID: {request.headers['Webhook-Id']}")
    expect(abs(int(request.headers["Webhook-Timestamp"]) - time.time()) < 60, "another time")
    body = json.loads(request.body)
    expect(set(body) >= {"id", "subject", "text", "from"}, f"not all is there: {body}")
    said = request.headers.get("Delivery-Attempt"), request.headers.get("Delivery-Repeat")
    expect(body["id"] == sent.id and said == (str(attempt), "1" if attempt > 1 else None), f"another: {said} {body}")
    return body


@case
def a_webhook_gets_the_message_as_json_and_the_receipt_is_its_answer(home):
    hook = home.webhook()
    text = "5 < 6 & \"ü\" 🙂\\\t\x0b\n\nlast line"
    sent = home.send(f"webhook:{hook.url}/in?x=1", "--subject", "Tea \"ü\"", text=text)
    home.lies(sent.id, "done")
    request, = hook.requests
    body = arrived(request, sent)
    expect((body["text"].rstrip(), body["subject"]) == (text, "Tea \"ü\""), f"another text: {body}")
    expect(request.path == "/in?x=1", f"another path: {request.path}")
    expect("Webhook-Signature" not in request.headers, "signed, and there is no secret")
    expect(home.receipt(sent.id)[1].startswith("HTTP 200"), f"another receipt: {home.receipt(sent.id)}")
    home.settled()


@case
def any_good_answer_is_a_receipt(home):
    hook = home.webhook()
    for status in 200, 201, 202, 204:
        hook.answer(Answer(status))
        sent = home.send(f"webhook:{hook.url}/")
        home.lies(sent.id, "done")
        expect(home.receipt(sent.id)[1].startswith(f"HTTP {status}"), f"another receipt: {home.receipt(sent.id)}")


@case
def a_webhook_with_a_secret_gets_a_signature_that_it_can_verify(home):
    hook = home.webhook()
    for secret in WORD, KEY:
        path = home.secret("hook", secret + "\n")
        home.lies(home.send(f"webhook:{hook.url}/", env={"WEBHOOK_SECRET_FILE": str(path)}).id, "done")
        expect(is_signed(hook.requests[-1], secret), "its signature does not fit")
    home.hides(WORD, KEY, KEY[6:])


@case
def a_webhook_with_a_name_is_where_its_file_says_and_shows_neither_url_nor_secret(home):
    hook = home.webhook()
    home.secret("webhook-kitchen", f"Url: {hook.url}/hidden-in-the-path\nSecret: {KEY}\n")
    home.secret("webhook-hall", f"Url: {hook.url}/hidden-in-the-path\n")
    sent = home.send("webhook:kitchen")
    home.lies(sent.id, "done")
    home.lies(home.send("webhook:hall").id, "done")
    kitchen, hall = hook.requests
    expect(kitchen.path == hall.path == "/hidden-in-the-path" and is_signed(kitchen, KEY), "another path or signature")
    expect("Webhook-Signature" not in hall.headers, "signed by another's secret")
    hook.answer(refused(500), refused(404))
    home.lies(home.send("webhook:kitchen").id, "wait,1d")
    home.lies(home.send("webhook:kitchen", code=69).id, "fail*")
    home.hides(KEY, "hidden-in-the-path")


@case
def a_webhooks_secret_that_others_may_read_is_refused_and_named(home):
    hook = home.webhook()
    named = home.secret("webhook-kitchen", f"Url: {hook.url}/\nSecret: {KEY}\n", mode=0o644)
    given = home.secret("hook", KEY, mode=0o644)
    for to, env, name in (("kitchen", {}, named.name), (hook.url, {"WEBHOOK_SECRET_FILE": str(given)}, given.name)):
        done = failed(home.run("deliver", "--to", f"webhook:{to}", stdin=TEXT.encode(), env=env), (69, 77, 78))
        expect(name.encode() in done.err, f"not named: {done.err}")
    done = failed(home.run("deliver", "--to", "webhook:nowhere", stdin=TEXT.encode()), (69, 78))
    expect(b"webhook-nowhere" in done.err, f"it is not said which file is missing: {done.err}")
    expect(not hook.requests, "something was sent")


@case
def a_webhook_is_proved_by_deliver_test(home):
    hook = home.webhook()
    expect(home.good("deliver", "--test", f"webhook:{hook.url}/").out.startswith(b"HTTP 200"), "no receipt")
    hook.answer(refused(404))
    expect(b"404" in failed(home.run("deliver", "--test", f"webhook:{hook.url}/"), 69).err, "not why")
