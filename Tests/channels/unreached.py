"""Requests that Telegram does not take, or whose bot hears nothing: the next address gets them, and other answers count."""
from asked import ME, Chat, seconds
from bot_api import BAD_GATEWAY, BLOCKED, TOKEN, UNAUTHORIZED, too_many
from case import expect
from home import case, until
from relaying import KIRA, give_bot
from sending import register

SHORT = "--confirm-within", "1s"


def elsewhere(home):
    return f"file:{home.home}/elsewhere"


def goes_on(home, within=10):
    """The second address has it, and it can be answered there."""
    question = home.ask(*SHORT, "--subject", "Brief", to=f"telegram:me, {elsewhere(home)}")
    expect(question.proof["Delivered-To"] == elsewhere(home), f"its proof: {question.proof}")
    expect("Approve? Brief" in (home.home / "elsewhere").read_text(), "it is not there")
    expect(seconds(question.proof["Delivered"]) - seconds_of(question.id) < within, f"late: {question.proof}")
    home.touch(f"{question}.yes")
    question.ends("approved")


def seconds_of(id):
    return seconds(f"{id[:4]}-{id[4:6]}-{id[6:11]}:{id[11:13]}:{id[13:22]}Z")


@case
def without_a_network_the_next_address_gets_the_request(home):
    chat = Chat(home)
    chat.api.close()
    chat.api.thread = None
    goes_on(home)


@case
def with_a_token_that_telegram_does_not_know_the_next_address_gets_the_request(home):
    Chat(home)
    home.secret("telegram.token", "4711:AAEwRoNgToKeNwRoNgToKeNwRoNgToKeN\n")
    goes_on(home, 1)


for words, answer, within in (("who_blocked_the_bot", BLOCKED, 1), ("whom_telegram_asks_to_wait_for", too_many(300), 3),
                              ("whom_telegram_fails_for", BAD_GATEWAY, 3)):
    def check(home, answer=answer, within=within):
        Chat(home).api.always(str(ME), answer)
        goes_on(home, within)

    register(f"instead_of_one_{words}_the_next_address_gets_the_request", check)


@case
def a_request_that_must_wait_is_sent_when_telegram_has_said_and_its_clock_starts_then(home):
    chat = Chat(home)
    chat.api.answer(str(ME), too_many(2))
    question = chat.ask("--timeout", "1h")
    late = seconds(question.proof["Delivered"]) - seconds_of(question.id)
    expect(1.9 < late < 6, f"it arrives after {late:.1f} s")
    expect(len(chat.messages) == 1 and not question.message.text.startswith("("), f"{chat.messages}")
    chat.api.presses(question.message, "Yes")
    question.ends("approved")


@case
def when_telegram_takes_no_poll_that_is_said_once_and_a_file_still_counts(home):
    chat = Chat(home)
    chat.api.always("getUpdates", UNAUTHORIZED)
    question = chat.ask(is_heard=False)
    until(lambda: b"401 Unauthorized" in question.waiter.said(), "it is said")
    home.touch(f"{question}.yes")
    waiter = question.waiter
    question.ends("approved")
    said = waiter.said().decode()
    expect(said.count("401 Unauthorized") == 1 and "@BotFather" in said, f"it says {said!r}")


@case
def while_telegram_fails_to_be_polled_who_waits_tries_on(home):
    chat = Chat(home)
    chat.api.answer("getUpdates", BAD_GATEWAY, BAD_GATEWAY)
    question = chat.ask()
    chat.api.presses(question.message, "Yes")
    question.ends("approved")


@case
def what_an_agent_without_a_bot_of_his_own_asks_is_heard(home):
    """The spool's bot asks for him."""
    chat = Chat(home)
    (home.spool / "agents/kira.md").write_text("Model: haiku\n\nYou are Kira.\n")
    question = chat.ask("--as", "kira")
    chat.api.presses(question.message, "Yes")
    question.ends("approved")


@case
def what_an_agent_asks_by_his_own_bot_is_heard_there(home):
    chat = Chat(home, False, TOKEN, KIRA)
    give_bot(home, "kira", KIRA)
    question = chat.ask("--as", "kira", is_heard=False)
    until(lambda: chat.api.is_held(KIRA), "a poll is held")
    expect(question.message.token == KIRA, "another bot asks")
    chat.api.presses(question.message, "Yes")
    question.ends("approved")
    chat.shows(question, "approved")
    expect(not chat.api.is_held(), "the other bot is polled as well")
