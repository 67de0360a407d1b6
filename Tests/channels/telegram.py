"""Telegram: what arrives, what is said of it, and whose voice it is."""
import re

from bot_api import BLOCKED
from case import expect
from home import case, failed
from sending import TEXT

OTHER = "4712:AAHaNoThErBoTsToKeNwHiChIsNoBoDyS"


@case
def a_telegram_message_arrives_and_its_receipt_names_it(home):
    api = home.telegram()
    sent = home.send("telegram:4711", "--subject", "Tea")
    home.lies(sent.id, "done")
    call, = api.calls()
    expect(call.text.split() == ["Tea", *TEXT.split()] and call.text.startswith("Tea\n"), f"another text: {call.text!r}")
    expect(call.parse_mode is None, f"parse_mode {call.parse_mode}")
    header, receipt = home.receipt(sent.id)
    expect("message_id=17" in receipt and "chat=4711" in receipt, f"no receipt: {receipt}")
    expect((header["Channel"], header["Address"], header["Attempt"]) == ("telegram", "4711", "1"), f"another: {header}")
    home.settled()


@case
def what_looks_like_markup_arrives_as_it_was_written(home):
    api = home.telegram()
    text = "<b>5 < 6 & 7 > 6</i> _so_ *what* [x](y) `c` \\ &amp; \"ü\" 🙂 100% +1 {a} #tag"
    home.lies(home.send("telegram:4711", text=text).id, "done")
    expect(api.texts() == [text] and api.calls()[0].parse_mode is None, f"another text: {api.texts()}")


@case
def html_arrives_as_html(home):
    api = home.telegram()
    home.lies(home.send("telegram:4711", "--format", "html", text="<b>Tea</b> &amp; <i>cake</i>").id, "done")
    call, = api.calls()
    expect(call.parse_mode == "HTML" and call.seen == "Tea & cake", f"another: {call.parse_mode} {call.text!r}")


@case
def a_subject_is_no_markup_even_in_a_message_that_is(home):
    api = home.telegram()
    home.lies(home.send("telegram:4711", "--format", "html", "--subject", "5 < 6 & <b>", text="<i>so</i>").id, "done")
    call, = api.calls()
    expect(call.parse_mode == "HTML" and call.seen.split() == ["5", "<", "6", "&", "<b>", "so"], f"{call.text!r}")


@case
def html_that_telegram_does_not_understand_arrives_at_once_as_plain_text(home):
    api = home.telegram()
    for chat, text in enumerate(["<b>Tea", "Tea</b>", "<blink>Tea</blink>", "<b><i>Tea</b></i>", "5 < 6"], 4711):
        sent = home.send(f"telegram:{chat}", "--format", "html", text=text)
        home.lies(sent.id, "done")
        first, second = api.calls(str(chat))
        expect((first.parse_mode, second.parse_mode) == ("HTML", None), "not first as HTML and then as plain text")
        expect(second.text == text and f"message_id={second.message_id}" in home.receipt(sent.id)[1], f"{second.text!r}")


# ------------------------------------------------------------------ whose voice

@case
def each_agent_speaks_through_his_own_bot(home):
    api = home.telegram("4711:AAEveryBodysBotAndTheDefaultOne", OTHER)
    path = home.secret("kira.token", OTHER + "\n")
    (home.spool / "agents/kira.md").write_text(f"Telegram-Token-File: {path}\n\nYou are Kira.\n")
    home.lies(home.send("telegram:4711").id, "done")
    home.lies(home.send("telegram:4712", "--as", "kira").id, "done")
    home.lies(home.send("telegram:4713", env={"TELEGRAM_TOKEN_FILE": str(path)}).id, "done")
    expect([call.token for call in api.calls()] == [api.tokens[0], OTHER, OTHER], "another bot spoke")


@case
def a_token_that_others_may_read_is_refused_and_named(home):
    api = home.telegram()
    path = home.spool / "secrets/telegram.token"
    for mode in 0o640, 0o604:
        path.chmod(mode)
        done = home.run("deliver", "--to", "telegram:4711", stdin=TEXT.encode())
        failed(done, (69, 77, 78))
        expect(str(path).encode() in done.err or b"secrets/telegram.token" in done.err, f"not named: {done.err}")
    path.unlink()
    done = failed(home.run("deliver", "--to", "telegram:4711", stdin=TEXT.encode()), (69, 77, 78))
    expect(b"telegram.token" in done.err, f"it is not said where a token belongs: {done.err}")
    expect(not api.requests, "something was sent")


@case
def deliver_lists_its_channels_and_proves_one(home):
    api = home.telegram()
    listed = home.good("deliver", "--channels").out.decode()
    for name in "apprise", "command", "email", "file", "telegram", "webhook":
        expect(re.search(rf"^{name}\b", listed, re.MULTILINE), f"{name} is not listed: {listed}")
    expect(b"message_id=17" in home.good("deliver", "--test", "telegram:4711").out, "no receipt was printed")
    api.answer("4711", BLOCKED)
    done = failed(home.run("deliver", "--test", "telegram:4711"), 69)
    expect(b"bot was blocked by the user" in done.err, f"not why: {done.err}")
