"""The servers themselves: that they answer as the real ones do, so that what is tested against them means something."""
import http.client
import json
import smtplib
import urllib.error
import urllib.parse
import urllib.request

from bot_api import BAD_GATEWAY, TOKEN, BotAPI, moved_to, too_many, visible
from case import expect
from home import case
from servers import CUT, CUT_MIDWAY, RESET, Answer, MailServer, Webhook, is_signed


def ask(api, name="sendMessage", token=TOKEN, form=False, **fields):
    """What the Bot API answers: its status, and its words."""
    body = urllib.parse.urlencode(fields).encode() if form else json.dumps(fields).encode()
    request = urllib.request.Request(f"{api.url}/bot{token}/{name}", body)
    if not form:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused) if "json" in refused.headers["Content-Type"] else {}


@case
def the_stand_in_for_telegram_takes_what_telegram_takes(home):
    api = home.serve(BotAPI())
    for form in False, True:
        status, answer = ask(api, form=form, chat_id=4711, text=" <b>&amp;</b> ", parse_mode="HTML")
        expect(status == 200 and answer["ok"] and answer["result"]["text"] == "&", f"{status} {answer}")
    expect([call.message_id for call in api.sent("4711")] == [17, 18], "other messages")
    expect(ask(api, "getMe")[1]["result"]["is_bot"] and ask(api, "getUpdates")[1]["result"] == [], "no bot, or updates")
    status, answer = ask(api, chat_id=1, text="🙂" * 2048)
    expect(status == 200, f"{status} {answer}")


@case
def the_stand_in_for_telegram_refuses_what_telegram_refuses(home):
    api = home.serve(BotAPI())
    html = {"<b>x": "Can't find end tag", "x</b>": "Unexpected end tag", "<blink>x</blink>": "Unsupported start tag",
            "<b><i>x</b></i>": "Unmatched end tag", "<b": "Unclosed start tag", "5 < 6 >": "Unsupported start tag"}
    for text, words in html.items():
        status, answer = ask(api, chat_id=1, text=text, parse_mode="HTML")
        expect(status == 400 and f"can't parse entities: {words}" in answer["description"], f"{text}: {answer}")
        expect(ask(api, chat_id=1, text=text)[0] == 200, f"{text}: refused as plain text")
    for given, words in (({"text": "x" * 4095 + "🙂"}, "message is too long"), ({"text": " \n"}, "message text is empty"),
                         ({"text": "\ud83d"}, "strings must be encoded in UTF-8")):
        status, answer = ask(api, chat_id=1, **given)
        expect((status, answer["description"]) == (400, f"Bad Request: {words}"), f"{answer}")
    expect(ask(api, text="x")[1]["description"] == "Bad Request: chat_id is empty", "no chat")
    expect(ask(api, token="4711:void", chat_id=1, text="x")[0] == 401 and ask(api, token="x")[0] == 404, "a token")
    expect(visible("&lt;&gt;&amp;&quot;&nbsp;&#65;&#x1F642;&", "HTML") == "<>&\"&nbsp;A🙂&", "another reading of entities")


@case
def the_stand_in_for_telegram_changes_messages_as_telegram_does(home):
    api = home.serve(BotAPI())
    place = {"chat_id": 4711, "message_id": 17}
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y" * 64}]]}
    expect(ask(api, chat_id=4711, text="x", reply_markup=buttons)[1]["result"]["reply_markup"] == buttons, "no buttons")
    modified = "message is not modified"
    for name, fields, words in (
            ("editMessageText", {**place, "text": "x", "reply_markup": buttons}, modified),
            ("editMessageText", {**place, "text": "x"}, None), ("editMessageText", {**place, "text": " x "}, modified),
            ("editMessageReplyMarkup", place, modified), ("editMessageReplyMarkup", {**place, "reply_markup": buttons}, None),
            ("editMessageReplyMarkup", place, None), ("editMessageText", {**place, "text": " "}, "message text is empty"),
            ("editMessageText", {**place, "message_id": 18, "text": "y"}, "message to edit not found"),
            ("editMessageText", {**place, "chat_id": 4712, "text": "y"}, "message to edit not found"),
            ("sendMessage", {"chat_id": 1, "text": "x", "reply_parameters": {"message_id": 9}}, "message to be replied not found")):
        status, answer = ask(api, name, **fields)
        expect(status == (400 if words else 200) and (words or "") in answer.get("description", ""), f"{name} {fields}: {answer}")
    [shown] = api.messages.all
    expect((shown.text, shown.buttons, shown.changes) == ("x", [], 3), f"{shown}")
    buttons["inline_keyboard"][0][0]["callback_data"] += "y"
    expect(ask(api, chat_id=4711, text="x", reply_markup=buttons)[1]["description"].endswith("BUTTON_DATA_INVALID"), "too long")
    optional = {"message_id": 9, "allow_sending_without_reply": True}
    expect(ask(api, chat_id=4711, text="x", reply_parameters=optional)[0] == 200, "it is not sent without what it answers")


@case
def the_stand_in_for_telegram_does_what_it_is_told(home):
    api = home.serve(BotAPI())
    api.answer("-4", None, too_many(7), moved_to(-1004), BAD_GATEWAY)
    answers = [ask(api, chat_id=-4, text="x") for _ in range(5)]
    expect([status for status, _ in answers] == [200, 429, 400, 502, 200], f"{answers}")
    expect(answers[1][1]["parameters"] == {"retry_after": 7}, f"{answers[1]}")
    expect(answers[2][1]["parameters"] == {"migrate_to_chat_id": -1004}, f"{answers[2]}")
    for cut, error in ((CUT, http.client.RemoteDisconnected), (RESET, ConnectionResetError),
                       (CUT_MIDWAY, http.client.IncompleteRead)):
        api.answer("5", cut)
        try:
            expect(not ask(api, chat_id=5, text="x"), f"{cut.end}: an answer")
        except urllib.error.URLError as wrapped:
            expect(isinstance(wrapped.reason, error), f"{cut.end}: {wrapped.reason!r}")
        except (ConnectionError, http.client.HTTPException) as ended:
            expect(isinstance(ended, error), f"{cut.end}: {ended!r}")
    expect(len(api.sent("5")) == 3, "it is not on record that they were taken")


@case
def the_stand_in_for_a_webhook_keeps_its_connections_and_counts_effects(home):
    hook = home.serve(Webhook(listening=False))
    try:
        http.client.HTTPConnection("127.0.0.1", hook.server_port).request("POST", "/")
        expect(False, "it listens, and was told not to")
    except ConnectionRefusedError:
        hook.open()
    hook.answer(Answer(500))
    connection = http.client.HTTPConnection("127.0.0.1", hook.server_port)
    statuses = []
    # The example of the Standard Webhooks' own libraries.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = {"Idempotency-Key": '"x"', "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp": "1614265330",
               "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
    for _ in range(3):
        connection.request("POST", "/x", body, headers)
        with connection.getresponse() as answer:
            answer.read()
            statuses.append(answer.status)
    expect(statuses == [500, 200, 200] and hook.connections == 1, f"{statuses} on {hook.connections} connections")
    expect(dict(hook.effects) == {'"x"': 2}, f"{hook.effects}")
    expect(is_signed(hook.requests[0], secret) and not is_signed(hook.requests[0], "word"), "it verifies nothing")
    connection.close()


@case
def the_stand_in_for_a_mail_server_does_what_it_is_told(home):
    server = home.serve(MailServer())
    server.plans.answer("RCPT", "450 4.2.0 Later", "550 5.1.1 Nobody")
    server.plans.answer("DATA", "554 5.7.1 Spam", CUT)
    ends = []
    for _ in range(5):
        try:
            with smtplib.SMTP("127.0.0.1", server.port) as client:
                client.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n..\r\n")
            ends.append(250)
        except smtplib.SMTPRecipientsRefused as refused:
            ends.append(refused.recipients["b@example.org"][0])
        except smtplib.SMTPDataError as refused:
            ends.append(refused.smtp_code)
        except smtplib.SMTPServerDisconnected:
            ends.append("cut")
    expect(ends == [450, 550, 554, "cut", 250], f"{ends}")
    expect([mail.message.get_content() for mail in server.mails] == ["..\r\n"] * 2, "another text")
    expect(len(server.offered) == 3 and server.tries("RCPT") == 5, "another record")
