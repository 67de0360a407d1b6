"""The first verdict wins: however many answer at once, and at the end of the time, there is one, and all are told the same."""
import time

from case import expect
from clocks import seconds
from home import case, until
from question import told

ROUNDS = 20
FILES = [("yes", "reject"), ("no", "approve"), ("ok", "reject"), ("reject", "approve")]
LATE = "too late: "
SPOKEN = {"approved": b"approved at ", "rejected": b"rejected at ", "timeout": b"rejected at "}


def answers(home, question, number):
    """Eight at once, half of them yes; gives the commands by their tool."""
    commands = []
    for suffix, tool in FILES[number % 2:] + FILES[:number % 2]:
        home.touch(f"{question}.{suffix}")
        commands.append((tool, home.start(tool, question.id)))
    return commands


def one_verdict(home, question, waiters, commands):
    """In the record, at each who waits, and at each who has answered; gives it."""
    said = [waiter.end() for waiter in waiters]
    record = question.record
    verdict = record.header["Verdict"]
    for done in said:
        told(done, verdict)
    won = "approve" if verdict == "approved" else "reject"
    for tool, command in commands:
        done = command.end()
        expect(done.code == (0 if tool == won else 1), f"{verdict}, and {tool} exits {done.code}: {done.err}")
        expect(tool == won or LATE.encode() in done.err, f"{tool} says {done.err}")
    for _ in range(2):  # what is late is told of when the request is over
        home.tick()
    expect(question.record.header == record.header, "another record")
    new = {entry.id for entry in home.kept() if (entry.header.get("Re") or entry.header["Name"]).startswith(question.id)}
    expect(len(new) == 8, f"{len(new)} answers are kept, not 8")
    results = {entry.id: entry for entry in home.entries("replies", "re") if entry.id in new}
    counted = [id for id, entry in results.items() if entry.header["Result"] == "counted"]
    late = [entry for entry in results.values() if entry.header["Result"] == "late"]
    expect(len(counted) + len(late) == len(results) == 8, f"what became of them: {results}")
    for entry in late:
        expect(LATE.encode() + SPOKEN[verdict] in entry.body, f"{verdict}, and who was late is told {entry.body}")
    decided = record.header.get("Reply")
    expect(counted == [decided] * bool(decided), f"decided by {decided}, and counted: {counted}")
    expect(bool(decided) == (verdict != "timeout"), f"{verdict}, decided by {decided}")
    return verdict


@case
def of_eight_answers_at_the_end_of_the_time_one_decides_and_all_are_told_the_same(home):
    """From a quarter of a second before it to a tenth after it."""
    verdicts = []
    for number in range(ROUNDS):
        key = f"{number}"
        question = home.ask("--timeout", "1s", "--key", key)
        waiters = [question.waiter, home.wait_again(key), home.wait_again(key)]
        start = seconds(question.proof["Deadline"]) - 0.25 + 0.35 * number / ROUNDS
        until(lambda: time.time() >= start, "it is time")
        commands = answers(home, question, number)
        verdicts.append(one_verdict(home, question, waiters, commands))
    home.remark(", ".join(f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts))))
    files = [entry for entry in home.kept() if "Name" in entry.header]
    counted = [entry for entry in home.entries("replies", "re") if entry.header["Result"] == "counted"]
    by_file = {entry.id for entry in files} & {entry.id for entry in counted}
    home.told(LATE, times=len(files) - len(by_file))


@case
def of_eight_answers_at_once_the_one_that_came_first_decides(home):
    for number in range(5):
        question = home.ask("--key", f"{number}")
        waiters = [question.waiter, home.wait_again(f"{number}"), home.wait_again(f"{number}")]
        word = "approved" if number % 2 else "rejected"
        home.touch(f"{question}.{'yes' if number % 2 else 'no'}")
        time.sleep(0.02)  # the kernel's clock, by which files are dated, goes by steps of 4 ms
        commands = [(tool, home.start(tool, question.id)) for tool in ("approve", "reject") * 4]
        for waiter in waiters:
            told(waiter.end(), word)
        for tool, command in commands:
            done = command.end()
            expect(done.code == (word[0] != tool[0]), f"{word}, and {tool} exits {done.code}: {done.err}")
        expect(question.record.header["Via"] == "drop", f"decided by {question.record.header}")


# ------------------------------------------------------------------ before and after the deadline

@case
def a_yes_before_the_deadline_counts_though_it_is_read_after_it(home):
    question = home.ask("--timeout", "1s").leave()
    home.touch(f"{question}.yes")
    home.until_deadline(question)
    record = question.ends("approved")
    expect(record.header["Answered"] < record.header["Deadline"] < record.header["Decided"], f"{record.header}")


@case
def a_yes_of_approve_before_the_deadline_counts_though_its_sender_was_killed(home):
    """It was published, and nobody has read it."""
    question = home.ask("--timeout", "2s").leave()
    with question.locked():
        command = home.start("approve", question.id)
        until(lambda: home.names("replies", "new"), "the answer is published")
        home.kill(command)
    question.is_open()
    home.until_deadline(question)
    question.ends("approved")


@case
def a_yes_after_the_deadline_is_too_late_and_is_kept(home):
    question = home.ask("--timeout", "1s").leave()
    home.until_deadline(question)
    home.touch(f"{question}.yes")
    home.tick()
    question.ends("timeout")
    home.tick()
    home.told(LATE + "rejected at", question.short)
    [reply] = home.kept()
    expect(reply.header["Name"] == f"{question}.yes" and home.outcomes()[0][0] == "late", f"{home.outcomes()}")
    expect(question.record.header["Verdict"] == "timeout", "another verdict")


@case
def a_yes_after_the_verdict_of_the_clock_is_too_late_and_is_kept(home):
    question = home.ask("--timeout", "1s")
    question.ends("timeout")
    home.touch(f"{question}.yes")
    home.tick()
    home.told(LATE + "rejected at", question.short)
    expect(question.record.header["Verdict"] == "timeout" and len(home.kept()) == 1, "another verdict, or not kept")


@case
def a_no_after_a_yes_changes_nothing_and_is_told(home):
    question = home.ask()
    home.touch(f"{question}.yes")
    question.ends("approved")
    home.touch(f"{question}.no")
    home.tick()
    home.told(LATE + "approved at", question.short)
    expect(question.record.header["Verdict"] == "approved" and len(home.kept()) == 2, "another verdict, or not kept")


@case
def of_a_no_and_a_later_yes_that_nobody_has_read_the_no_decides(home):
    for first, then, word in ("no", "yes", "rejected"), ("yes", "no", "approved"):
        question = home.ask().leave()
        home.touch(f"{question}.{first}")
        time.sleep(0.02)
        home.touch(f"{question}.{then}")
        question.ends(word)
        home.told(LATE + word, question.short)
