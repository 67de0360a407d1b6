"""What is no file of its owner's, and names that are made to harm: nothing is decided by it, nothing hangs, it is kept where a
person sees it, and the request can still be answered."""
import os
import socket

from asking import both
from by_hand import write
from case import expect
from home import case
from sending import later, needs

NOBODY = 65534


# ------------------------------------------------------------------ what is no plain file

def quarantined(make):
    """It goes to bad/, unread."""
    def check(home, question):
        name = f"{question}.yes"
        make(home, home.drop / name)
        home.touch("nobody.yes")  # what is made without being written wakes nobody for a minute
        question.asks_back("nobody")
        expect(home.names("replies", "bad") == [name], f"bad/ has {home.names('replies', 'bad')}")
        expect(not os.path.lexists(home.drop / name), "it still lies in drop/")
        told = [line for line in home.journal() if line["event"] == "bad"]
        expect(len(told) == 1 and name in told[0]["detail"], f"the journal: {told}")
        question.can_be_answered()
        home.take_away("replies/bad", name)

    return check


def link_to_a_yes(home, path):
    write(home.home / "answer", b"yes\n")
    os.symlink(home.home / "answer", path)


def hard_link_to_a_yes(home, path):
    write(home.home / "answer", b"yes\n")
    os.link(home.home / "answer", path)


def bind(home, path):
    """By way of a short name: a socket's is at most 107 bytes."""
    directory = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{directory}/s")
    os.close(directory)
    (path.parent / "s").rename(path)


def sparse(home, path):
    with open(path, "wb") as file:
        file.write(b"yes\n")
        file.truncate(1 << 30)


def directory(home, path):
    path.mkdir()
    write(path / "yes", b"yes\n")


for words, make in {"directory": directory, "symbolic_link": link_to_a_yes,
                    "broken_link": lambda home, path: path.symlink_to("x"),
                    "link_to_the_request": lambda home, path: path.symlink_to(f"../../approvals/hold/{path.stem}"),
                    "link_to_a_terminal": lambda home, path: path.symlink_to("/dev/tty"),
                    "pipe": lambda home, path: os.mkfifo(path), "hard_link": hard_link_to_a_yes, "socket": bind,
                    "device": lambda home, path: os.mknod(path, 0o20644, os.makedev(1, 5)),
                    "file_of_a_gigabyte": sparse}.items():
    both(f"a_{words}_decides_nothing_and_is_put_aside", quarantined(make))


# ------------------------------------------------------------------ what is not his

def of_another(owner, group):
    def check(home, question):
        letter = home.home / "letter"
        write(letter, b"yes\n")
        os.chown(letter, owner, group)
        letter.rename(question.drop)
        answer = question.asks_back(question.short, "nothing is decided")
        expect(home.outcomes()[0][0] == "refused", f"its record: {home.outcomes()}")
        expect(str(owner) in answer, f"not whose it is: {answer}")
        question.can_be_answered()

    return check


both("a_file_of_another_user_that_was_moved_in_is_refused", of_another(NOBODY, NOBODY))


PLAIN = "setpriv", "--bounding-set=-dac_override,-dac_read_search"  # then root may no more than other users


@case
def a_file_that_may_not_be_read_is_put_aside_and_told_of(home):
    """Root's, under a umask of 077: whoever has dropped it must not wait for hours. At first its owner and mode may still come."""
    needs("setpriv")
    question = home.ask().leave()
    name = f"{question}.yes"
    home.touch(name)
    os.chmod(home.drop / name, 0)
    os.chown(home.drop / name, NOBODY, NOBODY)
    home.good(*PLAIN, "spool", "tick")
    expect(home.names("replies", "drop") == [name] and not home.messages(), "it was not given time to get its mode")
    home.good(*PLAIN, "spool", "tick", env=later(60))
    expect(home.names("replies", "bad") == [name], f"bad/ has {home.names('replies', 'bad')}")
    home.told(question.short, "may not be read", str(NOBODY), "it is no answer")
    question.can_be_answered()
    home.take_away("replies/bad", name)


@case
def a_directory_of_another_user_holds_up_no_answer(home):
    """It may not be moved into bad/."""
    needs("setpriv")
    for mode in 0o755, 0o700:
        question = home.ask().leave()
        path = home.drop / f"{question}.no"
        path.mkdir()
        path.chmod(mode)
        os.chown(path, NOBODY, NOBODY)
        home.touch(f"{question}.yes")
        done = home.good(*PLAIN, "spool", "tick", env=later(60))
        expect(path.name in done.err.decode() and path.exists(), f"it is not said: {done.err}")
        expect(question.record.header["Verdict"] == "approved", "another verdict")
        path.rmdir()


def forged(header):
    """A file that calls itself an entry of a tool's."""
    def check(home, question):
        text = f"Spool: 1\nRe: {question}\n{header}\n\nyes\n"
        write(home.drop / "letter", text.encode())
        question.asks_back("letter", "nothing is decided")
        question.can_be_answered()

    return check


both("an_entry_that_names_another_sender_decides_nothing", forged("Sender: telegram:4711\nChannel: telegram"))
both("an_entry_that_was_made_by_another_tool_decides_nothing", forged("From: approve\nSender: uid:0\nChannel: approve"))


def forged_by_another(home, question):
    """He says that it is the owner's."""
    letter = home.home / "letter"
    write(letter, f"Spool: 1\nFrom: drop\nSender: uid:{os.geteuid()}\n\nyes\n".encode())
    os.chown(letter, NOBODY, NOBODY)
    letter.rename(question.drop)
    question.asks_back(question.short, "nothing is decided")
    question.can_be_answered()


both("an_entry_of_another_user_that_was_moved_in_is_refused", forged_by_another)


# ------------------------------------------------------------------ names

def told_of(name, *words):
    """It names no request; who reads the message sees no control character of it."""
    def check(home, question):
        home.touch(name)
        answer = question.asks_back(*words, "nothing is decided", "no request is called that")
        expect(answer.rstrip("\n").count("\n") == 1, f"not a subject and a line: {answer!r}")
        expect(all(sign.isprintable() or sign == "\n" for sign in answer), f"not printable: {answer!r}")
        expect(not list(home.home.rglob("pwned*")), "a command in its name was run")
        question.can_be_answered()

    return check


for words, name, *more in (
        ("with_a_newline", b"a\n=== forged\n.yes", "forged"), ("with_escapes", b"a\x1b[2Jb\r\x07.yes", "[2Jb"),
        ("with_quotes", b"'a\"b`c\\.yes", "'a\"b`c"), ("with_a_command", b"$(touch pwned);touch pwned.yes", "$(touch"),
        ("with_backquotes", b"`touch pwned`.yes", "`touch"), ("that_is_an_option", b"--help.yes", "--help"),
        ("of_255_bytes", b"x" * 251 + b".yes", "xxxxxxxx"),
        ("of_255_bytes_in_another_script", "好".encode() * 83 + b".yes", "好好好"),
        ("in_no_encoding", b"a\xff\xfe\x80.yes", "a"), ("with_blanks", b"   .yes",), ("with_a_dot_alone", b"x..yes", "x"),
        ("with_a_colon", b"a: b.yes", "a: b"), ("in_arabic", "نعم.yes".encode(), "نعم"),
        ("that_turns_the_line", "a\u202eb.yes".encode(), "a")):
    both(f"a_name_{words}_is_told_of", told_of(name, *more))


def is_ignored(name):
    """As editors and copiers call what is not finished."""
    def check(home, question):
        home.touch(name.format(question))
        home.touch("nobody.yes")
        question.asks_back("nobody")
        expect((home.drop / name.format(question)).exists(), "it was taken")
        question.can_be_answered()

    return check


for name in ".{}.yes", "{}.yes~", "#{}.yes#", "{}.yes.part", "{}.yes.tmp", "{}.yes.swp":
    both(f"{name.format('the_id')}_is_not_looked_at", is_ignored(name))


def as_if_taken(home, question):
    """Named as the tools name what they have taken: it is a file like any other."""
    home.touch(f".take-1-1-{question}.yes")
    question.ends("approved")


both("a_name_that_looks_taken_is_taken_by_what_is_behind_it", as_if_taken)
