"""`spool setup telegram`: from a token on standard input to a chat that gets messages. At a terminal:
setup_terminal.py."""
import re
import stat

from bot_api import BAD_GATEWAY, BLOCKED, CONFLICT, TOKEN, UNAUTHORIZED
from case import expect
from home import case, failed, until
from sending import is_on_a_command_line, register, soon
from servers import PATIENCE

LINK = re.compile(r"https://t\.me/butler_bot\?start=(\w+)")
OTHER = "4712:AAHaNoThErBoTsToKeNwHiChIsNoBoDyS"
SETUP = "spool", "setup", "telegram"


def furnished(home, *tokens, **how):
    """Telegram, and no token yet."""
    api = home.telegram(*tokens, **how)
    (home.spool / "secrets/telegram.token").unlink()
    return api


def begin(home, *more, token=TOKEN, env={}):
    """Without a terminal: the token comes on standard input, which is kept nowhere."""
    running = home.start(*SETUP, *more, stdin=f"{token}\n".encode(), env=env)
    running.files[0].unlink()
    return running


def link(running):
    """The code that is in the link which was printed."""
    return until(lambda: LINK.search(running.said().decode()), "a link is printed")[1]


def person(home, name="me"):
    path = home.spool / "people" / name
    return path.read_text() if path.exists() else None


def token(home):
    path = home.spool / "secrets/telegram.token"
    return path.read_text() if path.exists() else None


def is_set_up(home, api, ended, chat, name="me"):
    expect(ended.code == 0, f"exit {ended.code}: {ended.err.decode()}")
    expect(token(home) == TOKEN + "\n", "another token lies there")
    mode = stat.S_IMODE((home.spool / "secrets/telegram.token").stat().st_mode)
    expect(mode == 0o600, f"its mode is {mode:o}")
    expect(f"Telegram: {chat}\n" in person(home, name), f"people/{name}: {person(home, name)!r}")
    sent, = api.sent()
    expect(sent.chat == str(chat) and "test" in sent.text.lower(), f"another test: {sent.chat} {sent.text!r}")
    expect(f"message_id={sent.message_id}" in ended.out.decode(), f"no receipt: {ended.out}")
    home.hides(TOKEN, TOKEN.partition(":")[2])


# ------------------------------------------------------------------ without a terminal

@case
def who_opens_the_link_is_set_up_and_gets_a_test(home):
    api = furnished(home)
    before = person(home)
    running = begin(home)
    code = link(running)
    expect(not is_on_a_command_line(TOKEN), "the token shows in ps")
    api.writes(f"/start {code}")
    is_set_up(home, api, running.end(), 4711)
    expect(person(home) == "Telegram: 4711\n" + before, f"people/me: {person(home)!r}")
    home.lies(home.send("telegram:me").id, "done")
    home.settled()


@case
def what_the_person_has_written_in_his_file_stays_as_it_is(home):
    api = furnished(home)
    for name, before, after in (
            ("me", "# mine\nEmail: a@example.org\nTelegram: 999\nOrder: email, telegram\nFile: ~/inbox\n",
             "# mine\nEmail: a@example.org\nTelegram: 4711\nOrder: email, telegram\nFile: ~/inbox\n"),
            ("kira", "File: ~/kira\nOrder: file\n", "Telegram: 4711\nFile: ~/kira\nOrder: telegram, file\n"),
            ("lex", None, "Telegram: 4711\n")):
        if before:
            (home.spool / "people" / name).write_text(before)
        running = begin(home, *(() if name == "me" else (name,)))
        api.writes(f"/start {link(running)}")
        expect(running.end().code == 0 and person(home, name) == after, f"people/{name}: {person(home, name)!r}")
        if before:
            home.good("deliver", "--to", f"file:{name}", stdin=b"Tea?\n")  # what is there is understood


@case
def without_a_terminal_only_the_link_counts(home):
    api = furnished(home)
    api.writes("/start", 666)  # before anybody asked
    running = begin(home)
    code = link(running)
    for text in "/start", "/start 000000", f"/start {code}0", code, f"/start{code}", "/START":
        api.writes(text, 666, first_name="Eve")
    api.writes(f"/start {code}", 4711)
    is_set_up(home, api, running.end(), 4711)
    expect(not api.updates, "what it has read is read again by the next one")


@case
def a_token_that_was_there_is_replaced_and_nobody_else_may_read_the_new_one(home):
    api = furnished(home)
    home.secret("telegram.token", OTHER + "\n", mode=0o644)
    running = begin(home)
    api.writes(f"/start {link(running)}", -100123, title="Home", type="supergroup")
    is_set_up(home, api, running.end(), -100123)


@case
def a_passing_failure_of_telegrams_while_it_waits_does_not_end_it(home):
    api = furnished(home)
    api.answer("getUpdates", BAD_GATEWAY)
    running = begin(home)
    api.writes(f"/start {link(running)}")
    is_set_up(home, api, running.end(), 4711)


# ------------------------------------------------------------------ what goes wrong

def is_refused(code, *words, given=TOKEN, **plans):
    """Nothing has changed, and it is said why."""
    def check(home):
        api = furnished(home)
        home.secret("telegram.token", OTHER + "\n")
        before = person(home)
        for method, answer in plans.items():
            api.always(method, answer)
        ended = failed(begin(home, token=given).end(within=PATIENCE), code, *words)
        expect(person(home) == before, f"people/me: {person(home)!r}")
        expect(token(home) == OTHER + "\n" or "getUpdates" in plans, "the token that was there is gone")
        expect(not given or given.encode() not in ended.out + ended.err, "the token is shown")
        home.hides(TOKEN, TOKEN.partition(":")[2])

    return check


REFUSALS = {
    "a_token_that_telegram_does_not_know_is_refused":
        is_refused(77, "Telegram", "token", getMe=UNAUTHORIZED),
    "another_program_that_reads_the_bots_messages_is_named_as_the_reason":
        is_refused(75, "Telegram", "409", getUpdates=CONFLICT),
    "what_is_no_token_is_refused_before_anybody_is_asked": is_refused(65, "token", given="my bot's token"),
    "no_token_at_all_is_refused": is_refused(65, "token", given="")}
for name, check in REFUSALS.items():
    register(name, check)


@case
def without_a_network_nothing_is_written_and_it_is_said(home):
    furnished(home, listening=False)
    before = person(home)
    failed(begin(home).end(within=PATIENCE), 69, "Telegram")
    expect(token(home) is None and person(home) == before, "something was written")
    home.hides(TOKEN, TOKEN.partition(":")[2])


@case
def when_nobody_writes_it_ends_and_has_not_hammered_telegram(home):
    api = furnished(home)
    ended = failed(begin(home, env=soon(2)).end(within=PATIENCE), 124, "/start")
    expect(LINK.search(ended.out.decode()), "no link was printed")
    expect(0 < len(api.polls()) < 10, f"{len(api.polls())} polls in two seconds")


@case
def a_chat_that_takes_no_message_is_told(home):
    api = furnished(home)
    api.always("4711", BLOCKED)
    running = begin(home)
    api.writes(f"/start {link(running)}")
    failed(running.end(), 69, "bot was blocked by the user")


@case
def a_name_that_is_none_is_refused_before_anything_is_asked_or_written(home):
    api = furnished(home)
    running = begin(home, "../me")
    until(lambda: running.process.poll() is not None or LINK.search(running.said().decode()), "an answer")
    expect(running.process.poll() is not None, "it waits for /start, and could never use it")
    failed(running.end(), 64, "../me")
    expect(token(home) is None and not api.requests, "something was asked or written")
