"""A session that ends, or says what nobody understands: nothing is lost, and in doubt is what it was given."""
import signal

from case import expect
from home import case, until
from own_channels import STALL, channel, has_ended, served, session
from sending import THEN, register, soon


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
    channel(home, "own", "#!/usr/bin/python3 -ISE\nimport select\nselect.select([0], [], [])\n", "Speaks: session\n")
    id = home.commit(1, "own:a", **{"In-Doubt": "hold"})
    home.recover()
    home.lies(id, "new", "wait", "wait,1", "fail")


IN_DOUBT = {"resend": "wait,1d", "hold": "hold,0d", "drop": "fail,0d"}
ENDS = {"killed": "os.kill(os.getpid(), signal.SIGKILL)", "at_exit_0": "os._exit(0)",
        "by_an_error": "raise ValueError"}


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

NO_ANSWERS = {"garbage": "say(b'Is anybody there?\\n\\n')",
              "an_answer_without_exit": "say(b'Length: 2\\n\\nok')",
              "an_answer_without_length": "say(b'Exit: 0\\n\\nok')",
              "an_exit_in_words": "say(b'Exit: ok\\nLength: 0\\n\\n')",
              "a_length_below_zero": "say(b'Exit: 0\\nLength: -1\\n\\n')",
              "no_end_of_a_header": "say(b'Exit: 0\\n' * 20000)",
              "half_an_answer": "say(b'Exit: 0\\nLength: 99\\n\\nthank')\n    " + STALL,
              "silence": STALL}


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
    session(home, "if number == 1:\n    say(b'Well...\\n\\n')\n"
                  "else:\n    answer(0, 'the first has arrived')\n    os._exit(0)\n")
    first, second = (home.commit(number, "own:a", **{"In-Doubt": "hold"}) for number in (1, 2))
    home.recover()
    home.lies(first, "hold*")
    pids = dict((id, pid) for pid, id in served(home))
    expect(pids.get(second) != pids[first], "the second was given to a process whose answers cannot be told apart")
