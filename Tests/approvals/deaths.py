"""kill -9 and reboots: begun again with the same key it goes on where it was, and while nobody waits the tick keeps time."""
import time

from asking import TEXT
from case import expect
from home import case, until
from question import told

MANY = 100


def asked_once(home, count=1):
    expect(home.asked() == count, f"asked {home.asked()} times, not {count}")


@case
def one_that_was_killed_goes_on_with_the_same_request_and_the_same_deadline(home):
    question = home.ask("--key", "k")
    proof, shown = question.proof, question.path.stat().st_mtime
    for _ in range(3):
        question.leave()
        question.waiter = home.wait_again("k")
        home.until_it_waits(question.waiter)
    expect(question.is_open() and question.proof == proof, f"another clock: {question.proof}, it was {proof}")
    expect(question.path.stat().st_mtime == shown, "ls -l shows another deadline")
    question.can_be_answered()
    asked_once(home)


def answered_meanwhile(tick):
    """Whether the tick comes by before it is begun again, or does not."""
    def check(home):
        for key, suffix, word in (("a", "yes", "approved"), ("b", "no", "rejected")):
            question = home.ask("--key", key).leave()
            home.touch(f"{question}.{suffix}")
            if tick:
                home.tick()
            told(home.wait_again(key).end(20), word)
        asked_once(home, 2)

    return check


for words, tick in (("by_the_tick", True), ("by_itself", False)):
    name = f"a_verdict_that_was_given_meanwhile_is_found_{words}"
    check = answered_meanwhile(tick)
    check.__name__ = name
    case(check)


@case
def a_deadline_that_has_passed_meanwhile_is_kept(home):
    question = home.ask("--key", "k", "--timeout", "1s").leave()
    home.until_deadline(question)
    told(home.wait_again("k", TEXT, "--timeout", "1h").end(20), "timeout")
    question.ends("timeout")
    asked_once(home)


@case
def one_that_was_killed_at_any_moment_asks_once_and_has_one_verdict(home):
    home.furnish()
    for number in range(20):
        waiter = home.wait_again(f"{number}")
        time.sleep(0.006 * number)
        waiter.kill(9).end()
        again = home.wait_again(f"{number}")
        home.until_asked(number + 1)
        home.good("approve", home.names("approvals", "hold")[0])
        told(again.end(20), "approved")
    expect(len(home.entries("approvals", "done")) == len(home.entries("approvals", "re")) == 20, "not one verdict each")
    asked_once(home, 20)


@case
def one_that_is_killed_while_it_answers_is_answered_once(home):
    """approve, at any moment: the verdict is there, or comes with the next."""
    for number in range(10):
        question = home.ask()
        command = home.start("approve", "-m", "go", question.id)
        time.sleep(0.004 * number)
        command.kill(9).end()
        home.good("approve", "-m", "go", question.id)
        question.ends("approved", "go")


@case
def a_hundred_open_requests_are_open_after_a_reboot_and_each_can_be_decided(home):
    """Killed in the middle of it, whatever they were doing."""
    home.furnish()
    for number in range(0, MANY, 20):
        waiters = [home.wait_again(f"{number + n}", f"{number + n}\n") for n in range(20)]
        until(lambda: len(home.requests()) >= number + 20, "all are requests")
        for waiter in waiters:
            waiter.kill(9)
        for waiter in waiters:
            waiter.end()

    def all_asked():
        for queue in "approvals", "deliveries":
            home.make_due(queue)
        home.tick()
        return len(home.names("approvals", "hold")) == MANY

    until(all_asked, "all have arrived", 40)
    ids = home.names("approvals", "hold")
    expect(not home.names("approvals", "re"), "decided by nobody")
    asked_once(home, MANY)
    for number, id in enumerate(ids):
        home.touch(f"{id}.{'yes' if number % 2 else 'no'}")
    home.tick()
    verdicts = [entry.header["Verdict"] for entry in home.entries("approvals", "re")]
    expect(verdicts == ["rejected", "approved"] * (MANY // 2), f"the verdicts: {verdicts}")
    for number in 0, 50, 99:
        done = home.wait_again(f"{number}", f"{number}\n").end(20)
        expect(done.out in (b"approved\n", b"rejected\n"), f"it is told {done.out}")
