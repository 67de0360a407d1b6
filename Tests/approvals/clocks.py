"""The clock starts with the receipt, and its proof is stored: whoever looks, after whatever, sees the same deadline."""
import os
import shutil
import subprocess
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


# ------------------------------------------------------------------ what outlives what

@case
def what_was_restored_from_a_copy_without_times_keeps_its_deadlines(home):
    """cp -r to another place; the original is gone."""
    expired, opened = home.ask("--timeout", "1s").leave(), home.ask("--timeout", "1h", "--key", "k").leave()
    unheard = home.begin_to_ask("--timeout", "1s", to="nobody:x").leave()
    answered = home.ask("--timeout", "1s").leave()
    home.touch(f"{answered}.yes")
    home.tick()
    deadline = opened.proof["Deadline"]
    home.until_deadline(expired)
    subprocess.run(["cp", "-r", home.spool, home.home / "restored"], check=True)
    shutil.rmtree(home.spool)
    home.spool = home.home / "restored"
    for _ in range(2):
        home.tick()
        time.sleep(0.05)
    expired.ends("timeout")
    expect(answered.record.header["Verdict"] == "approved", "another verdict")
    expect(opened.is_open() and opened.proof["Deadline"] == deadline, f"another deadline: {opened.proof}")
    expect(unheard.is_open("wait"), "what reached nobody was decided")
    opened.waiter = home.wait_again("k", "Tea, at four?\n", "--timeout", "1h")
    opened.can_be_answered()


def without_its_proof(home, question):
    """It is written anew, from the receipt of the delivery."""
    proof = question.proof
    (home.spool / f"approvals/log/{question}.proof").unlink()
    home.tick()
    expect(question.is_open() and question.proof == proof, f"another proof: {question.proof}, it was {proof}")
    (home.spool / f"approvals/log/{question}.proof").unlink()
    home.touch(f"{question}.yes")
    record = question.ends("approved")
    expect(record.header["Deadline"] == proof["Deadline"], f"the verdict: {record.header}")


def with_half_a_proof(home, question):
    proof = question.proof
    path = home.spool / f"approvals/log/{question}.proof"
    for text in path.read_bytes()[:40], b"", b"\xff\xfe\0":
        path.write_bytes(text)
        home.tick()
        expect(question.is_open() and question.proof == proof, f"another proof: {question.proof}, it was {proof}")
    question.can_be_answered()


both("a_proof_that_was_deleted_is_written_anew", without_its_proof)
both("a_proof_that_is_damaged_is_written_anew", with_half_a_proof)


@case
def without_proof_and_receipt_nothing_is_decided_by_the_clock(home):
    question = home.ask("--timeout", "1h").leave()
    (home.spool / f"approvals/log/{question}.proof").unlink()
    (home.spool / "deliveries/re" / home.only("deliveries", "done").id).unlink()
    home.tick()
    expect(not question.record and question.room in ("hold", "wait"), f"it lies in {question.room}/")
    home.touch(f"{question}.yes")
    question.ends("approved")
