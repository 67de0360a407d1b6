"""The clock starts with the receipt, and its proof is stored: whoever looks, after whatever, sees the same deadline."""
import os
import time
from datetime import datetime, timedelta

from asking import both
from case import Entry, expect
from home import case, until
from own_channels import channel

HOUR = 3600
# It takes two seconds, and then says what it has.
SLOW = "#!/bin/sh\ncat >>~/notes\nsleep 2\necho message_id=42 for you\n"


def seconds(text):
    """Of RFC 3339, as what stands in headers is written."""
    return datetime.fromisoformat(text).timestamp()


def receipt(home, question):
    """Of the delivery that asked."""
    entry = Entry(home.spool / "deliveries/re" / question.proof["Delivery"])
    return entry.header, entry.body.decode()


def is_clock_of(home, question, timeout, room="hold"):
    """The proof, the receipt, and the file's time say the same; gives the deadline as it is written."""
    header, text = receipt(home, question)
    proof = question.proof
    expect(proof["Delivered"] == header["Delivered"], f"the proof: {proof}, the receipt: {header}")
    expect(proof["Delivered-To"] == f"{header['Channel']}:{header['Address']}", f"the proof: {proof}, the receipt: {header}")
    expect(text.startswith(proof["Receipt"]) and proof["Receipt"], f"the proof: {proof}, the receipt: {text!r}")
    expect(datetime.fromisoformat(proof["Deadline"]) - datetime.fromisoformat(proof["Delivered"])
           == timedelta(seconds=timeout), f"the deadline is not {timeout} s after its arrival: {proof}")
    if room == "hold":
        shown = question.path.stat().st_mtime
        expect(abs(shown - seconds(proof["Deadline"])) < 0.001, f"ls -l shows {shown}, and the proof says {proof['Deadline']}")
    return proof["Deadline"]


# ------------------------------------------------------------------ where it starts

@case
def the_clock_starts_at_the_receipt(home):
    channel(home, "own", SLOW)
    begun = time.time()
    question = home.ask("--timeout", "2s", to="own:x")
    is_clock_of(home, question, 2)
    proof = question.proof
    expect(proof["Delivered-To"] == "own:x" and proof["Receipt"] == "message_id=42 for you", f"its proof: {proof}")
    expect(seconds(proof["Delivered"]) >= begun + 2, f"delivered before the receipt was there: {proof}")
    record = question.ends("timeout")
    expect(time.time() >= seconds(proof["Deadline"]), "ended before its time")
    for name, value in proof.items():
        expect(record.header[name] == value, f"the verdict's {name} is {record.header.get(name)}, not {value}")


def shows_its_time(home, question):
    is_clock_of(home, question, 4 * HOUR)
    home.tick()
    is_clock_of(home, question, 4 * HOUR)
    question.can_be_answered()


both("ls_-l_of_hold_shows_the_deadline_and_the_proof_holds_the_receipt", shows_its_time)


# ------------------------------------------------------------------ where it ends

def is_over(home, question):
    deadline = seconds(question.proof["Deadline"])
    if not question.waiter:
        home.tick()
        question.is_open()
        home.until_deadline(question)
    record = question.ends("timeout")
    expect(deadline <= seconds(record.header["Decided"]) <= deadline + 5, f"decided at {record.header['Decided']}")
    expect("Who" not in record.header and "Answered" not in record.header, f"its verdict: {record.header}")
    home.told("No answer in time", question.short)


both("no_answer_by_then_is_a_no_and_is_told", is_over, "--timeout", "1s")


def put_off(home, question):
    """A person does it with touch."""
    first = seconds(question.proof["Deadline"])
    os.utime(question.path, (first + 2, first + 2))
    until(lambda: time.time() > first + 1, "its first deadline is over")
    if not question.waiter:
        home.tick()
    question.is_open()
    if not question.waiter:
        home.until_deadline(question)
    record = question.ends("timeout")
    expect(seconds(record.header["Decided"]) >= first + 2, f"decided at {record.header['Decided']}")


def put_off_and_answered(home, question):
    first = seconds(question.proof["Deadline"])
    os.utime(question.path, (first + HOUR, first + HOUR))
    until(lambda: time.time() > first + 0.5, "its first deadline is over")
    question.can_be_answered()


def brought_forward(home, question):
    """The later one counts: as in a copy whose times are of yesterday."""
    os.utime(question.path, (0, 0))
    home.tick()
    question.can_be_answered()


both("touch_of_the_request_puts_its_deadline_off", put_off, "--timeout", "1s")
both("an_answer_after_its_deadline_was_put_off_decides", put_off_and_answered, "--timeout", "1s")
both("touch_of_the_request_to_an_earlier_time_ends_nothing", brought_forward)


@case
def with_remind_it_is_asked_again_while_it_is_waited_for(home):
    """Without a tick."""
    question = home.ask("--remind", "1s", "--subject", "Tea")
    for number in 1, 2:
        home_has = f"Reminder {number}: approve? Tea"
        until(lambda: home_has in home.inbox(), f"reminder {number}: {home.messages()}", 5)
    [first] = home.messages("Reminder 1")
    expect(question.short in first and "Still open" in first, f"it is told {first!r}")
    question.can_be_answered()


@case
def with_remind_it_is_asked_again_by_the_tick_once_in_each_span(home):
    question = home.ask("--remind", "1s", "--subject", "Tea").leave()
    until(lambda: time.time() > seconds(question.proof["Delivered"]) + 2, "two spans are over")
    for _ in range(2):
        home.tick()
        question.is_open()
    told = home.messages("Reminder")
    expect(1 <= len(told) <= 2 and "Reminder 2" in told[0], f"he is told {told}")
    question.can_be_answered()
