"""What people write to an agent's bot is answered once, whatever is killed in between."""
import signal
import time

from case import expect, wait_for_orphans
from chats import answers, asked, begin, is_said, is_written
from home import case, end_all, until
from relaying import once
from sending import register

# What its first argument names, with the same ones; then it stays, as long as ~/go is not there.
LINGERS = """#!/bin/sh
PATH={path}
{name} "$@"
code=$?
touch ~/done
while [ ! -e ~/go ]; do sleep 0.02; done
exit $code
"""


def lingering(home, name):
    """In the place of a tool, for a PATH: the tool, after which it stays."""
    own = home.home / "own"
    own.mkdir(exist_ok=True)
    (own / name).write_text(LINGERS.format(path=home.environment({})["PATH"], name=name))
    (own / name).chmod(0o755)
    return own


def killed_after(tool, kill):
    def check(home):
        api = is_written(home)
        running = begin(home, path=lingering(home, tool))
        until((home.home / "done").exists, f"{tool} has done it")
        kill(running)
        (home.home / "go").touch()
        wait_for_orphans()
        answers(home, says="Something else.")
        home.recover()
        is_said(api, "Good day.")
        expect(asked(home) == 1, f"asked {asked(home)} times")
        home.only("inbox-main", "done")
        home.settled()

    return check


for words, kill in (("killed", lambda running: end_all()),
                    ("its_worker_killed", lambda running: running.kill(signal.SIGKILL).end())):
    register(f"{words}_when_the_agent_has_answered_it_is_asked_once_and_said_once", killed_after("claude-call", kill))
    register(f"{words}_when_the_answer_was_sent_it_is_said_once", killed_after("deliver", kill))


@case
def killed_while_the_agent_thinks_it_is_said_once(home):
    api = is_written(home)
    begin(home, claude="hang")
    until(lambda: asked(home), "the agent is asked")
    end_all()
    answers(home)
    is_said(api, "Good day.")
    home.only("inbox-main", "done")


@case
def killed_at_any_time_it_is_said_and_once_but_for_marked_repeats(home):
    """After 20, 50 ... ms."""
    api, count = home.telegram(), 12
    (home.spool / "agents/main.md").write_text("Rate: 1000/min\n\nYou are the butler.\n")
    for number in range(count):
        api.writes(f"number {number}")
        once(home)
        begin(home, claude="echo")
        time.sleep(0.02 + number * 0.03)
        end_all()
        answers(home, claude="echo")
    while home.names("deliveries", "wait") or home.names("deliveries", "new"):
        home.again()
    said = [shown.text.strip() for shown in api.messages.all]
    marked = [text for text in said if "may be a repeat" in text]
    expect({text.split("\n")[-1] for text in said} == {f"number {number}" for number in range(count)}, f"said: {said}")
    expect(len(said) - len(marked) == len({text for text in said if text not in marked}), f"said twice, unmarked: {said}")
    home.remark(f"{len(marked)} marked")
