"""What a step does outside happens once, however often it is begun: its calls, messages and questions have its key."""
import re

from case import expect
from home import case, until
from running import SOON, kill, living, moment
from sending import register

# An agent whose program notes each call.
AGENT = "Command: counted\nRate: 1000/min\n\nYou count.\n"
COUNTED = '#!/bin/sh\necho called >>"$HOME/called"\nprintf "reply to %s" "$(cat)"\n'


def furnished(home):
    home.furnish()
    home.write(home.spool / "agents/counter.md", AGENT, 0o644)
    home.write(home.home / "tools/counted", COUNTED)
    return home


# The effect, how often it was had, the queue it lies in, and what its key ends with.
EFFECTS = {
    "deliver": ("echo hello | deliver -q --to me", lambda home: len(home.messages("hello")), "deliveries", "deliver/me"),
    "claude-call": ("claude-call --agent counter hello", lambda home: len(home.lines("called")), "calls-counter",
                    "claude-call/counter"),
}


def again_after_its_effect(effect, times, queue, key, killed):
    """The step has had its effect, and is killed before it ends; begun again it finds its effect done."""
    def check(home):
        furnished(home)
        run = home.launch(f"pipeline-step a -- sh -c '{effect} && await b'\npipeline-step c -- tally c\n")
        home.until_ran("b")
        expect(times(home) == 1, f"it had its effect {times(home)} times")
        killed(home)
        home.go("b")
        for _ in range(3):
            if run.room != "done":
                home.resume()
                until(lambda: run.room in ("done", "wait"), "the pass ends", SOON)
        run.lies("done")
        expect(times(home) == 1, f"it had its effect {times(home)} times")
        entries = [entry for entry in home.entries(queue) if "Key" in entry.header]
        expect([entry.header["Key"] for entry in entries] == [f"{run.id}/a/{key}"], f"the keys: {[e.header for e in entries]}")
        home.has_run("b", "b", "c")

    return check


for words, row in EFFECTS.items():
    for how, killed in (("all_of_it_was_killed", lambda home: home.kill_all()),
                        ("its_pipeline-step_was_killed", lambda home: kill(*living("pipeline-step")))):
        register(f"{words}_in_a_step_is_not_done_again_after_{how}", again_after_its_effect(*row, killed))


@case
def a_delivery_that_is_killed_at_many_moments_arrives_once(home):
    furnished(home)
    for number in range(15):
        run = home.launch(f"pipeline-step a -- sh -c 'echo message-{number}. | deliver -q --to me'\n")
        run.id
        moment(0.008 * number)
        home.kill_all()
        until(lambda: run.room in ("done", "fail") or home.resume(), "it is over", SOON)
        until(lambda: home.resume() and run.room == "done", "it is done", SOON)
        home.make_due("deliveries")
        home.recover()
        expect(len(home.messages(f"message-{number}.")) == 1, f"it arrived {len(home.messages(f'message-{number}.'))} times")


@case
def a_call_whose_step_is_killed_at_many_moments_is_recorded_once(home):
    """The agent may be asked again where nobody knows what it said; its step has one reply, and the queue one entry."""
    furnished(home)
    for number in range(12):
        run = home.launch(f"pipeline-step a -- claude-call --agent counter hello-{number}\n")
        run.id
        moment(0.01 * number)
        home.kill_all()
        until(lambda: home.resume() and run.room == "done", "it is done", SOON)
        expect(run.response.endswith(b"hello-%d\n" % number), f"it prints {run.response!r}")
    expect(len(home.entries("calls-counter")) == 12, f"{len(home.entries('calls-counter'))} entries")


# ------------------------------------------------------------------ people

ASK = "pipeline-step approve -- sh -c 'echo Tea? | wait-approval --to me {}'\npipeline-step after -- tally after\n"


def requests(home):
    return [entry for entry in home.entries("approvals")]


def until_asked(home):
    until(lambda: len(home.names("approvals", "hold")) == 1, "the request has arrived", SOON)
    return home.names("approvals", "hold")[0]


def asked(home):
    return len(re.findall(r"^=== \S+ Approve\? ", home.inbox(), flags=re.MULTILINE))


@case
def a_question_that_is_killed_is_asked_once_and_answered_once(home):
    run = home.launch(ASK.format(""))
    id = until_asked(home)
    for _ in range(3):
        home.kill_all()
        home.start("env", "-i", "-C", "/", home.bin / "pipeline-run", "-C", home.spool, "--resume")
        home.until_living("wait-approval")
    home.good("approve", "-m", "go", id)
    run.comes_to("done")
    expect(run.product("approve") == b"approved\ngo\n", f"it says {run.product('approve')!r}")
    expect(asked(home) == 1 and len(requests(home)) == 1, f"asked {asked(home)} times")
    expect(requests(home)[0].header["Key"] == f"{run.id}/approve/wait-approval/me", f"{requests(home)[0].header}")


@case
def an_answer_while_nobody_waits_is_found(home):
    run = home.launch(ASK.format(""))
    id = until_asked(home)
    home.kill_all()
    home.good("approve", id)
    home.resume()
    run.lies("done")
    expect(run.product("approve") == b"approved\n" and asked(home) == 1, f"asked {asked(home)} times")


@case
def a_no_fails_the_run_and_nothing_more_happens(home):
    run = home.launch("pipeline-step before --undo 'tally undo' -- tally before\n" + ASK.format(""))
    home.good("reject", "-m", "not today", until_asked(home))
    run.ends(1)
    home.has_run("before", "undo")
    run.says("approve")


@case
def a_question_does_not_outlive_its_run(home):
    """Nobody is to answer for what is over."""
    run = home.launch(ASK.format(""))
    id = until_asked(home)
    home.good("spool", "cancel", run.id)
    run.command.end()
    run.comes_to("fail")
    expect(home.run("approve", id).code != 0 and not home.names("approvals", "hold"), "it can be answered")
    expect("after" not in home.ran(), f"what ran: {home.ran()}")


@case
def no_answer_in_time_fails_the_run_with_124(home):
    home.launch("pipeline-step before --undo 'tally undo' -- tally before\n" + ASK.format("--timeout 1s")).ends(124)
    home.has_run("before", "undo")


@case
def a_verdict_reaches_the_script_in_a_moment(home):
    run = home.launch(ASK.format(""))
    id = until_asked(home)
    home.until_living("wait-approval")
    home.good("approve", id)
    run.ends(within=5)


# ------------------------------------------------------------------ keys

def twice(command):
    def check(home):
        furnished(home)
        run = home.pipe(f"pipeline-step a -- sh -c '{command}; {command}'\n", code=64)
        run.says("--key")

    return check


for words, (effect, *_) in EFFECTS.items():
    register(f"{words}_twice_in_one_step_needs_a_key", twice(effect))


@case
def two_keys_in_one_step_are_two_messages(home):
    furnished(home).pipe("pipeline-step a -- sh -c 'echo one. | deliver -q --to me --key 1; "
                         "echo two. | deliver -q --to me --key 2'\n")
    expect(len(home.messages("one.")) == len(home.messages("two.")) == 1, f"people/me was told {home.inbox()!r}")


@case
def two_addresses_in_one_step_are_two_messages(home):
    home.furnish()
    home.pipe(f"pipeline-step a -- sh -c 'echo x | deliver -q --to me; echo x | deliver -q --to file:{home.home}/other'\n")
    expect("x" in (home.home / "other").read_text() and home.messages("x"), "not both")


@case
def each_step_has_its_own_key(home):
    furnished(home).pipe("for i in 1 2 3; do pipeline-step s-$i -- sh -c 'echo message. | deliver -q --to me'; done\n")
    expect(len(home.messages("message.")) == 3, f"{len(home.messages('message.'))} messages")


@case
def each_run_has_its_own_key(home):
    for _ in range(2):
        furnished(home).pipe("pipeline-step a -- sh -c 'echo message. | deliver -q --to me'\n")
    expect(len(home.messages("message.")) == 2, f"{len(home.messages('message.'))} messages")


@case
def another_attempt_of_a_step_has_the_same_key(home):
    """It is tried again: the message of the first attempt counts."""
    furnished(home).pipe("pipeline-step a --attempts 3 -- sh -c 'echo a >>ran; echo message. | deliver -q --to me; "
                         "[ $(wc -l <ran) -ge 3 ] || kill -9 $$'\n")
    home.has_run("a", "a", "a")
    expect(len(home.messages("message.")) == 1, f"{len(home.messages('message.'))} messages")


@case
def another_attempt_after_75_has_the_same_key(home):
    run = furnished(home).pipe("pipeline-step a -- sh -c 'echo message. | deliver -q --to me; moody a 75'\n", code=75)
    home.is_well("a")
    home.resume_now()
    run.lies("done")
    expect(len(home.messages("message.")) == 1, f"{len(home.messages('message.'))} messages")


@case
def a_retry_from_fail_has_new_keys(home):
    """The run is wanted once more: its messages too."""
    run = furnished(home).pipe("pipeline-step a -- sh -c 'echo message. | deliver -q --to me; moody a 5'\n", code=5)
    home.is_well("a")
    home.good("spool", "retry", run.id)
    home.resume()
    run.lies("done")
    keys = sorted(entry.header["Key"] for entry in home.entries("deliveries") if "Key" in entry.header)
    one_more = [key for key in keys if key.startswith(f"{run.id}~2/a/")]
    expect(f"{run.id}/a/deliver/me" in keys and len(one_more) == 1, f"the keys: {keys}")
    expect(len(home.messages("message.")) == 2, f"{len(home.messages('message.'))} messages")


@case
def parallel_steps_have_their_own_keys(home):
    furnished(home).pipe("for i in 1 2 3 4; do pipeline-step s-$i -- claude-call --agent counter \"to $i\" & done; wait\n")
    expect(len(home.lines("called")) == 4, f"{len(home.lines('called'))} calls")


@case
def what_a_step_starts_elsewhere_has_no_key_of_the_step(home):
    """Outside of a run nothing is changed: twice is two messages."""
    furnished(home)
    for _ in range(2):
        home.good("deliver", "--to", "me", stdin=b"message.\n")
    expect(len(home.messages("message.")) == 2, f"{len(home.messages('message.'))} messages")
