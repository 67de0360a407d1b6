"""An agent that has no answer: it is said in the chat, and what stays unanswered is told to whom alerts go."""
import time

from case import expect
from chats import answers, is_said, is_written
from home import case
from relaying import inbox, knows
from sending import register


def no_answer(claude, code=None, **how):
    def check(home):
        api = is_written(home)
        answers(home, claude=claude, **how)
        said = is_said(api, "I have no answer to that now", f"exit {code}" if code else "exit ")
        entry = home.only("inbox-main", "fail")
        expect(said.answers == 501 and entry.id in said.text, f"{said}")
        answers(home)
        is_said(api, "I have no answer to that now")

    return check


register("where_the_agent_fails_that_is_said_in_the_chat_and_the_message_is_kept", no_answer("exit5"))
register("where_the_agent_is_not_logged_in_that_is_said_in_the_chat", no_answer("not-logged-in", 77))
register("where_the_agent_takes_too_long_that_is_said_in_the_chat", no_answer("hang", 124, env={"CHAT_TIMEOUT": "1s"}))


@case
def where_an_agent_of_another_kind_fails_that_is_said_in_the_chat(home):
    api = is_written(home)
    program = home.home / "agent"
    program.write_text("#!/bin/sh\ncat >/dev/null\necho no >&2\nexit 1\n")
    program.chmod(0o755)
    (home.spool / "agents/main.md").write_text(f"Command: {program}\n\nYou are nobody.\n")
    answers(home)
    is_said(api, "I have no answer to that now")
    home.only("inbox-main", "fail")


@case
def a_message_that_is_tried_again_by_a_person_is_answered(home):
    api = is_written(home)
    answers(home, claude="exit5")
    home.good("spool", "retry", home.only("inbox-main", "fail").id)
    answers(home)
    home.recover()
    said = [shown.text.strip() for shown in api.messages.all]
    expect(len(said) == 2 and said[1] == "Good day.", f"said: {said}")
    home.only("inbox-main", "done")


@case
def an_agent_that_has_no_time_now_is_asked_again_later(home):
    api = is_written(home)
    answers(home, claude="overloaded")
    home.only("inbox-main", "wait")
    expect(not api.messages.all, "something is said")
    home.make_due("inbox-main")
    answers(home)
    is_said(api, "Good day.")


@case
def an_agent_that_never_has_time_is_said_in_the_chat_in_the_end(home):
    api = is_written(home)
    for _ in range(8):
        home.make_due("inbox-main")
        answers(home, claude="overloaded")
    home.only("inbox-main", "fail")
    is_said(api, "I have no answer to that now")


# ------------------------------------------------------------------ told to whom alerts go

class Day:
    """Somebody who writes at times of a day to come, and a tick."""

    def __init__(self, home):
        self.home, self.api = home, home.telegram()
        self.day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
        knows(home.spool)

    def at(self, clock):
        return {"SPOOL_NOW": f"{self.day}T{clock}:00Z"}

    def writes(self, clock):
        self.api.writes(f"at {clock}")
        self.home.good("telegram-relay", "--once", env=self.at(clock))
        return self

    def tick(self, clock):
        self.home.tick(self.at(clock))
        return self

    def is_told(self, times, *words):
        found = self.home.messages("unanswered", *words)
        expect(len(found) == times, f"told {len(found)} times, not {times}: {found}")
        return self


@case
def a_message_without_an_answer_for_five_minutes_is_told_once(home):
    day = Day(home).writes("10:00").tick("10:04").is_told(0).tick("10:06").is_told(1, "inbox-main", "6 m")
    day.tick("10:07").tick("10:50").is_told(1)
    id = home.only("inbox-main", "new").id
    day.is_told(1, id.split("-")[1])


@case
def several_messages_without_an_answer_are_one_alert(home):
    day = Day(home)
    for minute in range(3):
        day.writes(f"10:0{minute}")
    day.tick("10:09").is_told(1, "3 messages are unanswered").tick("10:10").is_told(1)


@case
def there_is_one_alert_about_an_inbox_an_hour_at_most(home):
    day = Day(home).writes("10:57").tick("11:03").is_told(1)
    day.writes("11:00").tick("11:06").tick("11:20").is_told(1)
    day.tick("12:05").is_told(2)


@case
def a_second_message_of_an_hour_is_told_too_when_the_first_was_answered(home):
    day = Day(home).writes("10:01").tick("10:07").is_told(1)
    answers(home, env=day.at("10:08"))
    home.only("inbox-main", "done")
    day.writes("10:20").tick("10:26").tick("11:10").is_told(2)


@case
def a_message_that_was_answered_or_cancelled_raises_no_alert(home):
    day = Day(home).writes("10:00")
    answers(home, env=day.at("10:01"))
    day.writes("10:01")
    home.good("spool", "cancel", inbox(home, "main")[0].id, env=day.at("10:02"))
    day.tick("10:10").tick("12:10").is_told(0)


@case
def a_message_that_the_agent_failed_at_is_told_with_the_reason(home):
    day = Day(home).writes("10:00")
    answers(home, claude="exit5", env=day.at("10:01"))
    day.tick("10:06").is_told(1, "spool retry", "exit 65")
    expect("does cron/chat.sh run" not in home.inbox(), f"{home.inbox()}")
