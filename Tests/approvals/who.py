"""Who has answered, and to what: it stands in the verdict; and who may not answer is refused, and told."""
import json
import os

from asking import TEXT, both
from case import expect, sha256
from clocks import seconds
from home import case, failed
from question import told

MINE, ANOTHERS = os.geteuid(), 65534


def person(home, name, uid):
    """A file in people/."""
    path = home.furnish().spool / "people" / name
    path.write_text(f"Uid: {uid}\nFile: {home.home}/{name}\n")


def config(home, text):
    (home.furnish().spool / "config").write_text(text)


# ------------------------------------------------------------------ what the verdict says

def says(home, record, via, who="me", note=""):
    header = record.header
    expect(header["Via"] == via and header["Who"] == f"uid {MINE} ({who})", f"the verdict: {header}")
    expect(header["Request-Sha256"] == sha256(TEXT.encode()), f"of another text: {header}")
    expect(record.body.decode() == note + "\n" * bool(note), f"the note is {record.body!r}")
    answered, decided, delivered = (seconds(header[name]) for name in ("Answered", "Decided", "Delivered"))
    expect(delivered <= answered <= decided + 0.02, f"answered, decided, delivered: {header}")
    expect(header["Reply"] in [entry.id for entry in home.kept()], f"its reply is not kept: {header['Reply']}")
    expect(header["From"] == "wait-approval" and header["Delivered-To"] == f"file:{home.home}/inbox", f"{header}")


def by_tool(home, question):
    home.good("approve", "-m", "gladly", question.id)
    says(home, question.ends("approved", "gladly"), "approve", note="gladly")


def by_file(home, question):
    question.drop.write_text("no: never\n")
    says(home, question.ends("rejected", "never"), "drop", note="never")


both("the_verdict_of_approve_says_who_when_how_and_to_what", by_tool)
both("the_verdict_of_a_file_says_who_when_how_and_to_what", by_file)


@case
def the_verdict_is_bound_to_the_very_bytes_that_were_asked_about(home):
    home.furnish()
    for number, text in enumerate((b"\0\xff\r\n\n", b"x" * 200_000, b"Spool: 1\n\nno\n", b"yes")):
        waiter = home.start("wait-approval", "--to", "me", "--key", f"{number}", stdin=text)
        home.until_asked(number + 1)
        home.good("approve", home.names("approvals", "hold")[0])
        told(waiter.end(), "approved")
    digests = [entry.header["Request-Sha256"] for entry in home.entries("approvals", "re")]
    expect(digests == [entry.header["Sha256"] for entry in home.entries("approvals", "done")], f"the digests: {digests}")


@case
def json_says_the_same(home):
    question = home.ask("--json")
    home.good("approve", "-m", 'a "note"', question.id)
    done, header = question.waiter.end(), question.record.header
    fields = json.loads(done.out)
    expect(done.out.count(b"\n") == 1 and fields["verdict"] == "approved" and fields["note"] == 'a "note"', f"{fields}")
    for name in "Who", "Via", "Answered", "Decided", "Reply", "Request-Sha256", "Delivered", "Delivered-To", "Deadline":
        expect(fields[name.lower().replace("-", "_")] == header[name], f"{name}: {fields}")


# ------------------------------------------------------------------ who may

def is_refused(home, question, tool="approve"):
    """By a tool and by a file; then it is as open as it was."""
    done = failed(home.run(tool, question.id), 77, "may not answer it", tool=tool)
    expect(not done.out, f"it prints {done.out}")
    home.touch(f"{question}.yes")
    question.asks_back(question.short, "may not answer it", "nothing is decided")
    refused = [line for line in home.journal() if line["event"] == "refused"]
    expect(len(refused) == 2, f"the journal: {refused}")
    expect([word for word, _ in home.outcomes()] == ["refused"] * 2, f"{home.outcomes()}")


def of_himself(home):
    person(home, "anna", MINE)
    question = home.ask("--approvers", "anna")
    home.good("approve", question.id)
    says(home, question.ends("approved"), "approve", "anna")


def of_another(home):
    person(home, "anna", ANOTHERS)
    question = home.ask("--approvers", "anna")
    is_refused(home, question)
    person(home, "anna", MINE)  # now it is he
    question.can_be_answered()


def of_both(home):
    person(home, "anna", ANOTHERS)
    question = home.ask("--approvers", "anna, me")
    question.can_be_answered()


def without_a_uid(home):
    """People/me alone is the owner without saying so."""
    person(home, "anna", MINE)
    (home.spool / "people/anna").write_text("Telegram: 4711\n")
    is_refused(home, home.ask("--approvers", "anna"))


for words, check in {"he_answers": of_himself, "another_is_refused": of_another, "with_several_any_may": of_both,
                     "whose_uid_is_not_known_a_file_is_refused": without_a_uid}.items():
    check.__name__ = f"with_approvers_{words}"
    case(check)


@case
def with_the_tick_another_is_refused_too(home):
    person(home, "anna", ANOTHERS)
    is_refused(home, home.ask("--approvers", "anna").leave(), "reject")


@case
def an_approver_who_is_not_known_is_refused_before_anything_is_asked(home):
    home.furnish()
    ask = "wait-approval", "--to", "me", "--key", "k", "--approvers"
    for names in "bert", "me,bert", "../config":
        failed(home.run(*ask, names, stdin=b"Tea?\n"), 78, names.split(",")[-1], "write that file", tool="wait-approval")
    failed(home.run(*ask, " , ", stdin=b"Tea?\n"), 64, "names nobody", tool="wait-approval")
    expect(not home.inbox() and not home.requests(), "it was asked")


@case
def approvers_in_config_hold_where_the_request_names_none(home):
    person(home, "anna", ANOTHERS)
    config(home, "Approvers: anna\n")
    is_refused(home, home.ask())
    question = home.ask("--approvers", "me")
    question.can_be_answered()


@case
def an_approver_in_config_who_is_not_known_is_said_before_anything_is_asked(home):
    config(home, "Approvers: bert\n")
    failed(home.run("wait-approval", "--to", "me", stdin=b"Tea?\n", within=5), 78, "bert", tool="wait-approval")
    expect(not home.inbox(), "it was asked")


@case
def a_config_that_cannot_be_read_decides_nothing_and_is_said(home):
    question = home.ask()
    config(home, "Approvers anna\n")
    failed(home.run("approve", question.id), 78, "config", tool="approve")
    question.is_open()
    (home.spool / "config").unlink()
    question.can_be_answered()
