"""Tokens and secrets: nowhere but in secrets/ and on the wire, whatever goes wrong."""
import base64

from bot_api import BAD_GATEWAY, BLOCKED, CONFLICT, INTERNAL, NO_CHAT, TOKEN, UNAUTHORIZED, moved_to, too_many
from case import expect
from home import case
from sending import TEXT, is_on_a_command_line, register, soon
from servers import CUT, CUT_MIDWAY, RESET, STALL, Answer

PARTS = TOKEN, TOKEN.partition(":")[2]
KEY = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()
PASSWORD = "KeEpThIsToYoUrSeLf"


@case
def while_a_message_is_sent_no_command_line_shows_a_secret(home):
    """`ps` shows every command line to every user."""
    api, hook = home.telegram(), home.webhook()
    home.secret("webhook-kitchen", f"Url: {hook.url}/hidden-in-the-path\nSecret: {KEY}\n")
    home.secret("apprise.conf", f"family=json://butler:{PASSWORD}@127.0.0.1:{hook.server_port}/in\n")
    api.always("4711", STALL)
    hook.always(STALL)
    for server, to in (api, "telegram:4711"), (hook, "webhook:kitchen"), (hook, "apprise:family"):
        before = len(server.requests)
        sender = home.begin(to, env=soon(8))
        server.wait_for(before + 1)
        for secret in *PARTS, KEY, "hidden-in-the-path", PASSWORD:
            expect(not is_on_a_command_line(secret), f"ps shows a secret while {to} is sent")
        sender.kill(15).end()
    home.hides(*PARTS, KEY, PASSWORD, "hidden-in-the-path")


ENDS = {"it_arrives": None, "it_must_wait": too_many(300), "the_bot_is_blocked": BLOCKED,
        "there_is_no_such_chat": NO_CHAT, "the_token_is_void": UNAUTHORIZED, "another_program_polls": CONFLICT, "telegram_has_an_error": INTERNAL,
        "a_gateway_is_bad": BAD_GATEWAY, "the_group_has_moved": moved_to(-1001234567), "no_answer_comes": CUT,
        "the_connection_is_reset": RESET, "half_an_answer_comes": CUT_MIDWAY, "the_server_stalls": STALL,
        "it_is_sent_to_another_place": Answer(302, headers={"Location": "/elsewhere"}),
        "the_answer_repeats_the_request": Answer(404, f"Not found: /bot{TOKEN}/sendMessage".encode())}


def shows_no_token(answer):
    def check(home):
        api = home.telegram()
        api.answer("4711", answer, answer)
        home.run("deliver", "--to", "telegram:4711", stdin=TEXT.encode(), env=soon() if answer is STALL else {})
        home.run("deliver", "--test", "telegram:4711", env=soon() if answer is STALL else {})
        home.run("deliver", "--recover")
        for words in ["ls", "--all"], ["check"], ["tail", "--no-follow"]:
            home.run("spool", *words)
        expect(api.calls(), "nothing was asked of Telegram")
        home.hides(*PARTS)

    return check


for what, answer in ENDS.items():
    register(f"no_token_is_shown_when_{what}", shows_no_token(answer))


@case
def no_token_is_shown_when_telegram_cannot_be_reached(home):
    api = home.telegram(listening=False)
    urls = api.url, "http://no-such-host.invalid", "ftp://127.0.0.1", "127.0.0.1:99999", "http://["
    for chat, url in enumerate(urls, 4711):
        home.run("deliver", "--to", f"telegram:{chat}", stdin=TEXT.encode(), env={"TELEGRAM_API": url})
        home.run("deliver", "--test", f"telegram:-{chat}", env={"TELEGRAM_API": url})
    home.hides(*PARTS)


@case
def no_token_is_shown_when_it_is_none(home):
    """A file with more in it than a token, or something else, is named, not quoted."""
    home.telegram()
    for text in TOKEN + "\n# butler\n", f"token = {TOKEN}\n", TOKEN.replace(":", " "), "\n", "x" * 100_000, TOKEN + "\0":
        path = home.secret("telegram.token", text)
        done = home.run("deliver", "--to", "telegram:4711", stdin=TEXT.encode())
        expect(done.code == 0 or path.name.encode() in done.err, f"not named: {done.err}")
    home.hides(*PARTS)


@case
def an_alert_of_a_dead_letter_shows_no_secret(home):
    api, hook = home.telegram(), home.webhook()
    home.secret("webhook-kitchen", f"Url: {hook.url}/hidden-in-the-path\nSecret: {KEY}\n")
    hook.always(Answer(404))
    api.always("4711", UNAUTHORIZED)
    for to in "telegram:4711", "webhook:kitchen":
        home.send(to, code=69)
        home.recover()
    expect("spool retry" in home.inbox(), "there is no alert")
    home.hides(*PARTS, KEY, "hidden-in-the-path")
