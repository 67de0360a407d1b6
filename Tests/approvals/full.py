"""A disk that is nearly full, or full: an answer is taken and decides as long as there is room for a verdict, and else it stays
until there is."""
import time

from answering import WORDS
from case import expect
from disk import FULL, REFUSED
from home import case_on, failed, until
from question import CODES
from sending import register


def nearly_full(answer, word):
    def check(home, kind, waits):
        disk = home.lie_on(kind)
        question = home.ask("--key", "k")
        if not waits:
            question.leave()
        disk.fill(leave=300_000)
        failed(home.run("spool", "put", "approvals", stdin=b"x"), 75, REFUSED, tool="spool")
        failed(home.run("wait-approval", "--to", "me", stdin=b"Another?\n"), 75, REFUSED, tool="wait-approval")
        answer(home, question)
        if not waits:
            home.run("spool", "tick")  # what else it cannot do is no matter of this
            question.waiter = home.wait_again("k")
        question.ends(word)
        disk.free()

    return check


def touched(suffix):
    return lambda home, question: home.touch(f"{question}.{suffix}")


def by_tool(tool):
    return lambda home, question: home.good(tool, question.id)


for kind in "tmpfs", "ext4":
    for waits, how in (True, "while_it_is_waited_for"), (False, "with_nobody_waiting"):
        for words, answer, word in (("a_yes_by_hand", touched("yes"), "approved"), ("a_no_by_hand", touched("no"), "rejected"),
                                    *((tool, by_tool(tool), WORDS[tool]) for tool in WORDS)):
            check = nearly_full(answer, word)
            register(f"{words}_decides_on_a_disk_that_is_nearly_full_{how}_on_{kind}",
                     lambda home, check=check, kind=kind, waits=waits: check(home, kind, waits))


@case_on("tmpfs", "ext4")
def a_yes_on_a_full_disk_decides_when_there_is_space_though_its_time_is_over(home, disk):
    question = home.ask("--timeout", "2s")
    home.touch(f"{question.short}.part")
    disk.fill()
    (home.drop / f"{question.short}.part").rename(home.drop / f"{question}.yes")
    home.until_deadline(question, 0.5)
    time.sleep(0.5)
    expect(not question.record, f"decided without its answer: {question.record and question.record.header}")
    disk.free()
    expect(question.waiter.end(20).code == CODES["approved"], "not approved")


@case_on("tmpfs", "ext4")
def a_yes_on_a_full_disk_is_read_by_the_tick_when_there_is_space(home, disk):
    question = home.ask("--timeout", "1s").leave()
    home.touch(f"{question.short}.part")
    disk.fill()
    (home.drop / f"{question.short}.part").rename(home.drop / f"{question}.yes")
    home.until_deadline(question)
    home.run("spool", "tick")
    expect(not question.record, f"decided without its answer: {question.record and question.record.header}")
    disk.free()
    until(lambda: home.run("spool", "tick").code == 0, "the tick is well")
    question.ends("approved")


@case_on("tmpfs", "ext4")
def approve_on_a_full_disk_says_so_and_works_when_there_is_space(home, disk):
    question = home.ask()
    disk.fill()
    failed(home.run("approve", question.id), 75, FULL, tool="approve")
    disk.free()
    question.is_open()
    home.good("approve", question.id)
    question.ends("approved")
