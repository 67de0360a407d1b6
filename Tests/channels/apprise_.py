"""Apprise, the real one, against the receiver of a webhook: it knows many services, and says little of how it went."""
import base64
import json

from case import expect
from home import case, failed
from sending import TEXT, needs, register
from servers import CUT, RESET, Answer

PASSWORD = "KeEpThIsToYoUrSeLf"
SECRETS = PASSWORD, base64.b64encode(f"butler:{PASSWORD}".encode()).decode()


def furnished(home, **how):
    """A receiver, and a tag `family` that leads to it."""
    needs("apprise")
    hook = home.webhook(**how)
    home.secret("apprise.conf", f"family=json://butler:{PASSWORD}@127.0.0.1:{hook.server_port}/in\n")
    return hook


@case
def a_message_by_apprise_arrives_with_its_subject(home):
    hook = furnished(home)
    text = "5 < 6 & \"ü\" 🙂\n\nlast line\\n"
    sent = home.send("apprise:family", "--subject", "Tea ü", text=text)
    home.lies(sent.id, "done")
    body = json.loads(hook.requests[0].body)
    expect((body["title"], body["message"].strip()) == ("Tea ü", text), f"another text: {body}")
    expect(len(hook.requests) == 1 and home.receipt(sent.id)[1].strip(), "more than one, or no receipt")
    home.hides(*SECRETS)


@case
def a_message_by_apprise_without_a_subject_is_its_text(home):
    hook = furnished(home)
    home.lies(home.send("apprise:family", text="-t is no option here\n").id, "done")
    expect(json.loads(hook.requests[0].body)["message"].strip() == "-t is no option here", "another text")


def is_tried_again(answer):
    """What apprise says does not always tell whether it arrived: then it is in doubt."""
    def check(home):
        hook = furnished(home)
        hook.answer(answer)
        sent = home.send("apprise:family")
        home.lies(sent.id, "wait*")
        home.again()
        home.lies(sent.id, "done")
        expect(len(hook.requests) == 2, f"{len(hook.requests)} requests")
        home.hides(*SECRETS)

    return check


for what, answer in {"answers_500": Answer(500), "answers_503": Answer(503), "answers_429": Answer(429),
                     "goes_away": CUT, "resets_the_connection": RESET}.items():
    register(f"a_message_by_apprise_to_a_service_that_{what}_is_tried_again", is_tried_again(answer))


@case
def a_message_by_apprise_that_may_have_arrived_is_held_where_that_was_asked_for(home):
    hook = furnished(home)
    hook.answer(CUT)
    sent = home.send("apprise:family", "--in-doubt", "hold")
    home.lies(sent.id, "hold,0d")
    home.again()
    expect(len(hook.requests) == 1, "sent again")


@case
def while_no_service_can_be_reached_a_message_by_apprise_waits(home):
    hook = furnished(home, listening=False)
    sent = home.send("apprise:family")
    home.lies(sent.id, "wait*")
    hook.open()
    home.again()
    home.lies(sent.id, "done")
    expect(TEXT.strip() in json.loads(hook.requests[0].body)["message"], "another text")


@case
def a_message_by_apprise_that_a_service_refuses_is_a_dead_letter(home):
    hook = furnished(home)
    for status in 401, 404:
        hook.answer(Answer(status))
        sent = home.send("apprise:family", code=69)
        home.lies(sent.id, "fail*")
        expect(str(status) in sent.err, f"not why: {sent.err}")
    hook.answer(Answer(404))
    home.lies(home.send(f"apprise:family,file:{home.home}/elsewhere").id, "done")
    home.again()
    expect(len(hook.requests) == 3, "tried again")
    home.hides(*SECRETS)


@case
def a_url_as_an_address_is_refused_because_everybody_would_see_it(home):
    hook = furnished(home)
    done = failed(home.run("deliver", "--to", f"apprise:json://127.0.0.1:{hook.server_port}/x", stdin=TEXT.encode()),
                  (64, 69, 78))
    expect(b"apprise.conf" in done.err, f"it is not said where a URL belongs: {done.err}")
    expect(not hook.requests, "something was sent")


@case
def a_tag_that_nothing_has_is_said(home):
    hook = furnished(home)
    sent = home.send("apprise:nobody", code=69)
    home.lies(sent.id, "fail*")
    expect("nobody" in sent.err and "apprise.conf" in sent.err, f"not why: {sent.err}")
    expect(not hook.requests, "somebody else got it")


@case
def an_apprise_conf_that_others_may_read_or_that_is_missing_is_refused_and_named(home):
    hook = furnished(home)
    path = home.spool / "secrets/apprise.conf"
    path.chmod(0o644)
    for _ in range(2):
        done = failed(home.run("deliver", "--to", "apprise:family", stdin=TEXT.encode()), (69, 77, 78))
        expect(b"apprise.conf" in done.err, f"not named: {done.err}")
        path.unlink(missing_ok=True)
    expect(not hook.requests, "something was sent")


@case
def a_mistyped_url_in_apprise_conf_is_said_without_its_secrets(home):
    """Apprise 1.2 prints a line that it does not understand, with the token that stands there."""
    furnished(home)
    for line in f"family=tgrm://4711:{PASSWORD}/4711/", f"family tgram://4711:{PASSWORD}/4711/", f"family={PASSWORD}":
        path = home.secret("apprise.conf", line + "\n")
        done = failed(home.run("deliver", "--to", "apprise:family", stdin=TEXT.encode()), (0, 69, 78))
        expect(path.name.encode() in done.err, f"not named: {done.err}")
    home.hides(*SECRETS)
