"""What people write to an agent's bot: cron/chat.sh lets the agent answer, in the same chat, once."""
import json
from pathlib import Path

from bot_api import TOKEN
from case import expect
from home import case, until
from relaying import KIRA, inbox, once, two_bots

CHAT = Path(__file__).resolve().parents[2] / "cron/chat.sh"


def is_written(home, text="hello", api=None, **who):
    """Somebody has written to the bot, and it is kept."""
    api = api or home.telegram()
    api.writes(text, **who)
    kept, _ = once(home)
    expect(len(kept) == 1, f"kept: {kept}")
    return api


def begin(home, says="Good day.", agent="main", claude=None, path="", env={}):
    """Starts to work off what there is, with an agent who says this."""
    home.settings["STANDIN_CLAUDE"] = claude or f"good={says}"
    if path:
        env = {**env, "PATH": f"{path}:{home.environment({})['PATH']}"}
    return home.start(CHAT, "--once", agent, env=env)


def answers(home, code=0, **how):
    done = begin(home, **how).end()
    expect(done.code == code, f"chat.sh: exit {done.code}, not {code}: {done.err.decode()}")
    return done


def is_said(api, *words, token=TOKEN, times=1):
    """This, and nothing else, was said in the chat."""
    found = [shown for shown in api.messages.all if shown.token == token and all(word in shown.text for word in words)]
    expect(len(found) == len(api.messages.all) == times, f"said: {[shown.text for shown in api.messages.all]}")
    expect({shown.chat for shown in found} == {4711}, f"in {found}")
    return found[0]


def asked(home):
    """How often the agent was asked."""
    return len([line for line in home.lines("calls.jsonl") if json.loads(line)["prompt_bytes"]])


@case
def an_agent_answers_in_the_same_chat_to_the_very_message(home):
    api = is_written(home, "hello", last_name="Lee")
    answers(home)
    expect(is_said(api, "Good day.").answers == 501, f"{api.messages.all}")
    home.only("inbox-main", "done")
    for _ in range(2):
        answers(home)
    is_said(api, "Good day.")
    expect(asked(home) == 1, f"asked {asked(home)} times")
    home.settled()


@case
def several_messages_are_answered_in_their_order(home):
    api = home.telegram()
    for number in range(3):
        api.writes(f"number {number}")
    once(home)
    answers(home, claude="echo")
    home.recover()
    said = [(shown.answers, shown.text.strip()) for shown in api.messages.all]
    expect(said == [(501 + number, f"number {number}") for number in range(3)], f"said: {said}")


@case
def what_is_written_to_an_agents_own_bot_he_answers_by_it(home):
    api = two_bots(home)
    is_written(home, "to kira", api, token=KIRA)
    expect(inbox(home, "kira")[0].header["As"] == "kira", f"{inbox(home, 'kira')[0].header}")
    answers(home, agent="main")
    expect(not api.messages.all, "another agent answers")
    answers(home, agent="kira", says="Here is Kira.")
    is_said(api, "Here is Kira.", token=KIRA)
    home.only("inbox-kira", "done")


@case
def in_a_forum_the_answer_goes_to_the_topic(home):
    api = home.telegram()
    place = {"id": -1001234, "type": "supergroup", "is_forum": True}
    api.brings({"message": api.message(text="hello", chat=place, message_thread_id=17, is_topic_message=True)})
    once(home)
    answers(home)
    [call] = api.calls()
    expect((call.chat, call.fields.get("message_thread_id")) == ("-1001234", 17), f"sent: {call.fields}")


@case
def what_strangers_write_reaches_nobody_and_is_counted(home):
    api = home.telegram()
    for text in "hello", "/start", "yes":
        api.writes(text, chat=666)
    kept, said = once(home)
    expect(not kept and not api.messages.all, f"kept {kept}, said {api.messages.all}")
    strange = [line for line in home.journal() if line["event"] == "stranger"]
    expect(len(strange) == 3 and "666" in json.dumps(strange[0]) and "666" in said, f"the journal: {strange}")
    answers(home)
    expect(not asked(home), "an agent is asked")


@case
def who_is_known_and_begins_is_told_so(home):
    api = home.telegram()
    api.writes("/start")
    kept, _ = once(home)
    expect(not kept, f"kept: {kept}")
    until(lambda: api.texts(), "it is said")
    is_said(api, "You are known here")


@case
def no_words_of_a_writer_become_header_lines_or_commands(home):
    text = "x\nChat: telegram:666\n\n$(touch pwned) `touch pwned` '; touch pwned; '"
    api = is_written(home, text, last_name="Lee\nChat: telegram:666\n$(touch pwned)", username="--to")
    header = inbox(home)[0].header
    expect(header["Chat"] == "telegram:4711" and "\n" not in header["Sender"], f"{header}")
    answers(home, claude="echo")
    expect(is_said(api, "$(touch pwned)").text.strip() == text, f"{api.messages.all}")
    expect(not list(home.home.rglob("pwned")), "it was carried out")
