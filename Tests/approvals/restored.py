"""Copies and losses: the deadline is the same after a restore, and without its proof; with nothing to go by the clock
decides nothing."""
import shutil
import subprocess
import time

from asking import both
from case import expect
from home import case


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
