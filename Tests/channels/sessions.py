"""A channel that speaks session: one process gets one message after the other, whatever becomes of it in between."""
import signal

from case import expect, sha256
from home import case, until
from own_channels import STALL, channel, has_ended, served, session
from sending import TEXT, THEN, register, soon

ANSWERS = {"0": "done", "75": "wait,1", "69": "wait", "74": "wait,1d", "1": "fail*", "78": "fail*"}


@case
def one_process_serves_many_messages_and_is_told_all_of_each(home):
    session(home, "note(serves, *(f'{name}={header[name]}' for name in sorted(header)), text)\n"
                  "answer(0, f'the {number}th')\n")
    ids = [home.commit(number, "own:a b", f"text {number}", Subject="Tea", As="kira", Format="html")
           for number in range(30)]
    home.recover()
    expect([id for _, id in served(home)] == ids and len({pid for pid, _ in served(home)}) == 1, "more than one process")
    for number, id in enumerate(ids):
        home.lies(id, "done")
        expect(home.receipt(id)[1] == f"the {number + 1}th\n", f"another's receipt: {home.receipt(id)}")
        text = f"text {number}"
        line = home.lines("notes")[number]
        expect(line == "True Delivery-AS=kira Delivery-ATTEMPT=1 Delivery-FORMAT=html "
               f"Delivery-ID={id} Delivery-SUBJECT=Tea Delivery-TO=a b Length={len(text)} {text.encode()}",
               f"another frame: {line}")
    until(lambda: has_ended(served(home)[0][0]), "it ends when there is no more")


@case
def a_message_that_is_sent_at_once_has_a_process_of_its_own(home):
    session(home, "note(serves, text)\nanswer(0, 'thank you')\n")
    sent = home.send("own:a")
    expect(home.lines("notes") == [f"False {TEXT.encode()}"], f"{home.lines('notes')}")
    expect(home.receipt(sent.id)[1] == "thank you\n", f"another receipt: {home.receipt(sent.id)}")


@case
def each_answer_of_a_session_means_what_that_exit_means(home):
    session(home, "if to == 'slower':\n    answer(75, 'slowly', Retry_After=300)\nelse:\n    answer(int(to), 'because')\n")
    ids = {to: home.commit(number, f"own:{to}") for number, to in enumerate([*ANSWERS, "slower"])}
    home.recover()
    for to, place in ANSWERS.items():
        home.lies(ids[to], place)
        expect(to == "0" or "because" in home.log("deliveries", ids[to]), "its reason is not in the log")
    home.lies(ids["slower"], "wait")
    expect(290 <= home.due_in(ids["slower"]) <= 301, f"due in {home.due_in(ids['slower']):.0f} s, not 300")


@case
def a_long_receipt_of_a_session_is_a_receipt(home):
    session(home, "answer(0, 'thank you ' * 20000)\n")
    id = home.commit(1, "own:a")
    home.recover(soon(4))
    home.lies(id, "done")
    expect(home.receipt(id)[1].startswith("thank you"), "another receipt")


# ------------------------------------------------------------------ a process that ends

@case
def a_session_that_ends_after_each_answer_loses_nothing_and_the_next_is_served_by_another(home):
    session(home, "answer(0, 'thank you')\nos._exit(0)\n")
    ids = [home.commit(number, "own:a", **{"In-Doubt": "hold"}) for number in range(12)]
    home.recover()
    for id in ids:
        home.lies(id, "done")
    expect([id for _, id in served(home)] == ids, "not each once, and in its order")


@case
def a_session_that_ended_while_it_had_nothing_to_do_is_followed_by_another(home):
    session(home, "answer(0, 'thank you')\nif number == 1:\n    os._exit(0)\n")
    watcher = home.start("deliver", "--watch")
    for number in range(3):
        id = home.commit(number, "own:a", **{"In-Doubt": "hold"})
        until(lambda: id in home.names("deliveries", "done"), "it is sent")
        until(lambda: has_ended(served(home)[-1][0]), "its process has ended")
    watcher.kill(signal.SIGTERM).end()
    expect(len(served(home)) == 3, f"served: {served(home)}")


@case
def a_session_that_ends_before_it_has_read_anything_leaves_nothing_in_doubt(home):
    channel(home, "own", "#!/bin/sh\nexit 0\n", "Speaks: session\n")
    id = home.commit(1, "own:a", **{"In-Doubt": "hold"})
    home.recover()
    home.lies(id, "new", "wait", "wait,1", "fail")


IN_DOUBT = {"resend": "wait,1d", "hold": "hold,0d", "drop": "fail,0d"}
ENDS = {"killed": "os.kill(os.getpid(), signal.SIGKILL)", "at_exit_0": "os._exit(0)", "by_an_error": "raise ValueError"}


def ends_in_the_middle(end, policy):
    """It had read the message: nobody knows what it has done with it."""
    def check(home):
        session(home, f"if 'Delivery-REPEAT' not in header and to == 'a':\n    {end}\n"
                      "note(text.decode().split()[0])\nanswer(0, 'thank you')\n")
        id, other = (home.commit(number, f"own:{to}", **{"In-Doubt": policy}) for number, to in enumerate("ab"))
        home.recover()
        home.lies(id, IN_DOUBT[policy])
        home.lies(other, "done")
        home.again()
        home.lies(id, "done" if policy == "resend" else IN_DOUBT[policy])
        expect([given for _, given in served(home)].count(id) == (2 if policy == "resend" else 1), "given again")
        expect(home.lines("notes").count("(This") == (policy == "resend"), "marked where it is none, or not where it is")

    return check


for how, end in ENDS.items():
    for policy in IN_DOUBT:
        register(f"what_a_session_had_when_it_ended_{how}_{THEN[policy]}", ends_in_the_middle(end, policy))


# ------------------------------------------------------------------ what is no answer

NO_ANSWERS = {"garbage": "say(b'Is anybody there?\\n\\n')", "an_answer_without_exit": "say(b'Length: 2\\n\\nok')",
              "an_answer_without_length": "say(b'Exit: 0\\n\\nok')", "an_exit_in_words": "say(b'Exit: ok\\nLength: 0\\n\\n')",
              "a_length_below_zero": "say(b'Exit: 0\\nLength: -1\\n\\n')", "no_end_of_a_header": "say(b'Exit: 0\\n' * 20000)",
              "half_an_answer": "say(b'Exit: 0\\nLength: 99\\n\\nthank')\n    " + STALL, "silence": STALL}


def is_no_answer(what):
    """Nobody knows what it has done."""
    def check(home):
        session(home, f"if number == 1 and text == b'1':\n    {NO_ANSWERS[what]}\nelse:\n    answer(0, f'{{text}}')\n")
        first = home.commit(1, "own:a", "1")
        recovery = home.start("deliver", "--recover", env=soon(2) if STALL in NO_ANSWERS[what] else {})
        expect(recovery.end(within=15).code == 0, "another end")
        home.lies(first, "wait,1d")
        second = home.commit(2, "own:a", "2")
        home.again()
        for id, text in (first, f"(This may be a repeat of message {first[-6:]}.)\n1"), (second, "2"):
            home.lies(id, "done")
            expect(home.receipt(id)[1] == f"{text.encode()}\n", f"another receipt: {home.receipt(id)}")

    return check


for what in NO_ANSWERS:
    register(f"{what}_of_a_session_is_no_answer", is_no_answer(what))


@case
def what_a_session_says_too_late_is_no_receipt_of_the_next(home):
    """It answers the first message so that nobody understands it, and properly when it should answer the second."""
    session(home, "if number == 1:\n    say(b'Well...\\n\\n')\nelse:\n    answer(0, 'the first has arrived')\n    os._exit(0)\n")
    first, second = (home.commit(number, "own:a", **{"In-Doubt": "hold"}) for number in (1, 2))
    home.recover()
    home.lies(first, "hold*")
    pids = dict((id, pid) for pid, id in served(home))
    expect(pids.get(second) != pids[first], "the second was given to a process whose answers cannot be told apart")


# ------------------------------------------------------------------ much, and an end from outside

@case
def five_megabytes_go_through_a_session(home):
    session(home, "import hashlib\nanswer(0, hashlib.sha256(text).hexdigest())\n")
    texts = ["0123456789abcde\n" * 327680, TEXT, "ü\n" * 1000000]
    ids = [home.commit(number, "own:a", text) for number, text in enumerate(texts[:2])]
    home.recover()
    for id, text in zip(ids, texts):
        expect(home.receipt(id)[1] == f"{sha256(text.encode())}\n", "another text")


@case
def a_megabyte_on_stderr_stops_no_session(home):
    session(home, "sys.stderr.write(('x' * 79 + '\\n') * 13000)\nsys.stderr.flush()\nanswer(0, 'thank you')\n")
    ids = [home.commit(number, "own:a") for number in range(3)]
    done = home.recover()
    for id in ids:
        home.lies(id, "done")
        expect(1000 < len(home.log("deliveries", id)) < 300000, "its words are not in the log, or all of them")
    expect(len(done.err) < 1000000, "all of its words are said")


@case
def sigterm_hands_back_what_a_session_has_and_nothing_is_lost(home):
    session(home, f"if to == 'slow' and 'Delivery-REPEAT' not in header:\n    {STALL}note(text)\nanswer(0, 'thank you')\n")
    ids = [home.commit(number, to, str(number)) for number, to in enumerate(["own:slow", "own:slow", "own:b", "own:b"])]
    recovery = home.start("deliver", "--recover")
    until(lambda: set(ids[2:]) <= set(home.names("deliveries", "done")), "the others are sent")
    expect(recovery.kill(signal.SIGTERM).end(within=10).code == 128 + signal.SIGTERM, "another end")
    home.lies(ids[0], "wait,0d", "new,0d")
    home.lies(ids[1], "new", "wait")
    until(lambda: all(has_ended(pid) for pid, _ in served(home)), "its sessions have ended too")
    expect("SIGTERM" in home.log("deliveries", ids[0]) or "signal 15" in home.log("deliveries", ids[0]), "not why")
    session(home, "note(text)\nanswer(0, 'thank you')\n")
    home.again()
    for id in ids:
        home.lies(id, "done")
    expect(f"b'(This may be a repeat of message {ids[0][-6:]}.)\\n0'" in home.lines("notes"), "not marked")
    expect("b'1'" in home.lines("notes"), "marked, and nobody had begun it")


@case
def a_session_that_does_not_go_when_it_is_dismissed_is_ended(home):
    """Else each minute's tick would leave another one behind."""
    session(home, "answer(0, 'thank you')\n", after=STALL)
    id = home.commit(1, "own:a")
    home.recover()
    home.lies(id, "done")
    until(lambda: has_ended(served(home)[0][0]), "it has ended", 8)
