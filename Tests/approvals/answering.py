"""approve and reject: which request is meant, what they print and exit with, and what they leave as it is."""
import subprocess

from asking import both
from case import expect
from home import case, failed
from question import told
from sending import register

WORDS = {"approve": "approved", "reject": "rejected"}
TOO_LATE = "too late: {} at "


def answer(home, tool, *argv):
    """It must do it, and say so in a line."""
    done = home.good(tool, *argv)
    said = done.out.decode()
    expect(said.startswith(WORDS[tool].capitalize() + " at 20") and said.count("\n") == 1, f"it prints {said!r}")
    return said


# ------------------------------------------------------------------ which request

def by(tool, name):
    def check(home, question):
        other = home.ask("--subject", "Another").leave()
        answer(home, tool, name(question))
        question.ends(WORDS[tool])
        other.is_open()

    return check


for words, name in {"full_id": lambda request: request.id, "six_characters": lambda request: request.short,
                    "prefix": lambda request: request.id[:25], "slug": lambda request: request.slug,
                    "prefix_with_a_part_of_its_slug": lambda request: request.id[:-2],
                    "id_without_its_slug": lambda request: request.id[:30]}.items():
    for tool in WORDS:
        both(f"{tool}_knows_a_request_by_its_{words}", by(tool, name), "--subject", "Brief of Monday")


@case
def what_fits_several_requests_is_refused_with_the_choices_and_nothing_is_done(home):
    questions = [home.ask("--subject", "Brief") for _ in range(2)]
    for tool in WORDS:
        for name in "brief", questions[0].id[:8]:
            done = failed(home.run(tool, name), 64, name, "nothing was done", "give more of the ID",
                          *(question.id for question in questions), tool=tool)
            expect(not done.out, f"it prints {done.out}")
    for question in questions:
        question.is_open()
    expect(not home.entries("replies"), "an answer was published")
    answer(home, "approve", questions[0].short)
    questions[0].ends("approved")
    answer(home, "reject", "brief")  # one that is open fits
    questions[1].ends("rejected")


@case
def what_fits_no_request_is_not_found(home):
    question = home.ask()
    for tool in WORDS:
        for name in "nobody", "20260101T000000.000000Z-000000", "2", "../../people/me", "\x1b[2J", "x" * 5000:
            done = failed(home.run(tool, "--", name), 1, "no request is called that", "spool ls approvals", tool=tool)
            expect(b"\x1b" not in done.err and not done.out, f"it says {done.err} {done.out}")
        expect(home.run(tool, "").code == 1, "something is called nothing")
    question.is_open()
    expect(not home.entries("replies"), "an answer was published")


@case
def without_an_id_and_without_a_terminal_nothing_is_done(home):
    question = home.ask()
    for tool in WORDS:
        done = failed(home.run(tool, stdin=b"y\n"), 64, "no request was named", tool=tool)
        expect(f"  {question.id}".encode() in done.err, f"what is open is not listed: {done.err}")
    question.is_open()


# ------------------------------------------------------------------ the note

def with_a_note(tool):
    def check(home, question):
        said = answer(home, tool, "-m", "with thanks; $(date) ça", question.short)
        expect("with thanks" in said, f"the note is not in {said!r}")
        question.ends(WORDS[tool], "with thanks; $(date) ça")

    return check


for tool in WORDS:
    both(f"the_note_of_{tool}_is_the_second_line_of_wait-approval", with_a_note(tool))


def with_a_long_note(home, question):
    """It is one line, whatever stands in it."""
    answer(home, "approve", "--message", "a\nno\n\nb", question.id)
    question.ends("approved", "a no b")


both("a_note_of_several_lines_is_one", with_a_long_note)


@case
def an_empty_note_is_none_and_with_q_nothing_is_printed(home):
    question = home.ask()
    expect(not home.good("reject", "-q", "-m", "", question.id).out, "it prints something")
    question.ends("rejected")


# ------------------------------------------------------------------ what is decided already

def twice(first, second):
    def check(home, question):
        answer(home, first, question.id)
        for _ in range(2):
            if first == second:
                answer(home, second, question.short)
            else:
                done = failed(home.run(second, question.short), 1, TOO_LATE.format(WORDS[first]), tool=second)
                expect(not done.out, f"it prints {done.out}")
        question.ends(WORDS[first])
        expect(len(home.kept()) == 3, "not all answers are kept")

    return check


for first in WORDS:
    for second in WORDS:
        words = "is_done" if first == second else "is_too_late"
        both(f"{second}_after_{first}_{words}", twice(first, second))


def after_a_file(home, question):
    home.touch(f"{question}.no")
    question.ends("rejected")
    failed(home.run("approve", question.id), 1, TOO_LATE.format("rejected"), tool="approve")
    answer(home, "reject", question.id)


both("approve_after_a_no_by_hand_is_too_late", after_a_file)


@case
def approve_after_the_time_is_over_is_too_late(home):
    question = home.ask("--timeout", "1s")
    question.ends("timeout")
    failed(home.run("approve", question.id), 1, TOO_LATE.format("rejected"), tool="approve")
    expect(question.record.header["Verdict"] == "timeout", "another verdict")


@case
def approve_after_the_time_is_over_is_too_late_though_nobody_has_said_so_yet(home):
    question = home.ask("--timeout", "1s").leave()
    home.until_deadline(question)
    failed(home.run("approve", question.id), 1, TOO_LATE.format("rejected"), tool="approve")
    question.ends("timeout")


# ------------------------------------------------------------------ what a shell completes

COMPLETE = r"""
. ./completion
function=$(complete -p "$1"); function=${function#*-F }; function=${function%% *}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
"$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def completed(tool):
    def check(home):
        questions = [home.ask("--subject", f"Brief {number}").leave() for number in range(2)]
        decided = home.ask("--subject", "Decided").leave()
        answer(home, "approve", decided.id)
        (home.home / "completion").write_bytes(home.good(tool, "--generate-completion-script", "bash").out)
        elsewhere = {"SPOOL_DIR": str(home.home / "elsewhere")}
        for typed, wanted, environment in (
                ([""], questions, {}), ([questions[0].id[:8]], questions, {}), ([questions[1].id], questions[1:], {}),
                (["x"], [], {}), ([""], [], elsewhere), (["-C", str(home.spool), ""], questions, elsewhere)):
            done = subprocess.run(["bash", "-c", COMPLETE, "bash", tool, *typed], capture_output=True, cwd=home.home,
                                  env=home.environment(environment), timeout=20)
            offered = done.stdout.decode().split()
            expect(offered == [question.id for question in wanted], f"after {typed} it offers {offered}, {done.stderr}")
        expect(not (home.home / "elsewhere").exists(), "whoever presses a key has made a spool by that")

    return check


for tool in WORDS:
    register(f"bash_completes_the_open_requests_of_{tool}", completed(tool))


@case
def one_that_waits_is_told_the_same_as_another(home):
    question = home.ask("--key", "k")
    other = home.wait_again("k")
    answer(home, "approve", "-m", "go", question.id)
    question.ends("approved", "go")
    told(other.end(), "approved", "go")
