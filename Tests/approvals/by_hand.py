"""Answers by hand: whatever program puts a file into replies/drop/, it decides, whether somebody waits or not."""
import os
import shutil
import subprocess
import time

from asking import both
from case import expect
from home import case, until
from sending import needs


def write(path, text):
    """As `>` does it."""
    with open(path, "wb") as file:
        file.write(text)


# ------------------------------------------------------------------ by the file's name

def named(name, word="approved"):
    """The file is called so; nothing stands in it."""
    def check(home, question):
        home.touch(name(question))
        question.ends(word)

    return check


for how, name in {"the_id": lambda question: question.id, "its_six_characters": lambda question: question.short,
                  "a_prefix_that_ends_in_its_characters": lambda question: question.id[:28],
                  "a_prefix_that_ends_in_its_slug": lambda question: question.id[:-2],
                  "the_id_without_its_slug": lambda question: question.id[:30],
                  "its_slug": lambda question: question.slug}.items():
    for suffix, word in ("yes", "approved"), ("no", "rejected"):
        both(f"touch_{how}.{suffix}_decides", named(lambda q, name=name, suffix=suffix: f"{name(q)}.{suffix}", word),
             "--subject", "Four o'clock tea")
for suffix, word in ("yes.txt", "approved"), ("no.txt", "rejected"), ("YES", "approved"), ("ok", "approved"), \
        ("approve", "approved"), ("reject", "rejected"):
    both(f"touch_the_id.{suffix}_decides", named(lambda question, suffix=suffix: f"{question}.{suffix}", word))


# ------------------------------------------------------------------ by what stands in it

def says(text, word="approved", note="", suffix=""):
    def check(home, question):
        write(f"{question.drop}{suffix}", text)
        record = question.ends(word, note)
        expect(record.header["Via"] == "drop", f"Via: {record.header['Via']}")
        [reply] = home.kept()
        expect(record.header["Reply"] == reply.id and reply.body == text, "its reply is not kept as it was")

    return check


for words, (text, *more) in {
        "yes": (b"yes\n",), "no": (b"no\n", "rejected"), "yes_without_a_newline": (b"yes",), "OK": (b"OK\n",),
        "APPROVE": (b"APPROVE\n",), "Yes_with_a_full_stop": (b"Yes.\n",), "No_with_a_mark": (b"No!\n", "rejected"),
        "reject": (b"reject\n", "rejected"), "yes_in_windows_lines": (b"yes\r\n",),
        "yes_behind_a_byte_order_mark": (b"\xef\xbb\xbfyes\r\n",), "yes_between_blanks": (b"\n  yes \t\n\n\n",),
        "yes_with_a_note": (b"yes: with a note\n", "approved", "with a note"),
        "no_with_a_note": (b"no: not on Mondays\r\n", "rejected", "not on Mondays"),
        "a_note_in_another_script": ("yes: ça va, 好\n".encode(), "approved", "ça va, 好")}.items():
    both(f"a_file_that_says_{words}_decides", says(text, *more))
both("a_note_in_the_id.yes_goes_with_the_verdict", says(b"yes: with thanks\n", "approved", "with thanks", ".yes"))
both("a_note_in_the_id.no_goes_with_the_verdict", says(b"no: never\n", "rejected", "never", ".no"))


# ------------------------------------------------------------------ by another program

def shell(script, word="approved"):
    """In shell: $1 is the file ID in drop/, $2 a directory outside the spool."""
    def check(home, question):
        outside = home.home / "outside"
        outside.mkdir()
        write(outside / "answer", b"yes\n")
        subprocess.run(["sh", "-ec", script, "sh", question.drop, outside], check=True, cwd=home.home)
        question.ends(word)

    return check


for words, script in {"echo": 'echo yes >"$1"', "printf": 'printf yes >"$1"', "cp": 'cp "$2/answer" "$1"',
                      "cp_-p_of_an_old_file": 'touch -d 2001-01-01 "$2/answer"; cp -p "$2/answer" "$1"',
                      "mv": 'mv "$2/answer" "$1"',
                      "mv_of_an_old_file": 'touch -d 2001-01-01 "$2/answer"; mv "$2/answer" "$1"',
                      "a_temporary_name_and_mv": 'echo yes >"$1.tmp"; mv "$1.tmp" "$1"',
                      "tee": 'echo yes | tee "$1" >/dev/null', "dd": 'dd if="$2/answer" of="$1" bs=1 2>/dev/null',
                      "install": 'install -m 444 "$2/answer" "$1"'}.items():
    both(f"an_answer_by_{words}_decides", shell(script))


def by_mv_from_another_file_system(home, question):
    other = home.another_disk()
    write(other / "answer", b"yes\n")
    shutil.move(other / "answer", question.drop)
    question.ends("approved")


both("an_answer_by_mv_from_another_file_system_decides", by_mv_from_another_file_system)


def by_vim(home, question):
    """The real one; with all its options on."""
    needs("vim")
    subprocess.run(["vim", "-u", "NONE", "-i", "NONE", "-es", "-c", "set backup writebackup backupcopy=no backupdir=. swapfile",
                    "-c", "normal iyes", "-c", "wq", question.drop], check=True, cwd=home.drop, stdin=subprocess.DEVNULL)
    question.ends("approved")
    expect(len(home.outcomes()) == 1, f"more than an answer was taken: {home.outcomes()}")


def as_vim_saves(home, question):
    """A swap file, 4913 to see whether it may, the old text under another name, the new one, and the old one stays."""
    litter = [home.drop / f".{question}.swp", home.drop / "4913", home.drop / f"{question}~"]
    for path in litter:
        write(path, b"no\n")
    litter.pop(1).unlink()
    write(question.drop, b"yes\n")
    question.ends("approved")
    expect(all(path.exists() for path in litter), "what is the editor's own was taken")


def as_nano_saves(home, question):
    """The file itself is cut to nothing, and written in place."""
    with open(question.drop, "wb", buffering=0) as file:
        file.truncate(0)
        for byte in b"yes\n":
            file.write(bytes([byte]))
        os.fsync(file.fileno())
    question.ends("approved")


def as_emacs_saves(home, question):
    """A lock that is a link to nowhere, what is saved by itself, and the old text as a backup."""
    lock, own, backup = home.drop / f".#{question}", home.drop / f"#{question}#", home.drop / f"{question}~"
    lock.symlink_to("me@host.4711:1764115200")
    write(own, b"no\n")
    write(backup, b"no\n")
    write(question.drop, b"yes\n")
    question.ends("approved")
    expect(lock.is_symlink() and own.exists() and backup.exists(), "what is the editor's own was taken")


for editor, save in (("vim", by_vim), ("what_vim_does", as_vim_saves), ("what_nano_does", as_nano_saves),
                     ("what_emacs_does", as_emacs_saves)):
    both(f"an_answer_by_{editor}_decides", save)


# ------------------------------------------------------------------ while it is being written

def half_written(home, question):
    """It says yes for two seconds, and means no."""
    with open(question.drop, "wb", buffering=0) as file:
        file.write(b"yes")
        for _ in range(4):
            if not question.waiter:
                home.tick()
            time.sleep(0.5)
            question.is_open()
            expect(question.drop.exists(), "it was taken")
        file.truncate(0)
        file.seek(0)
        file.write(b"no\n")
    begun = time.monotonic()
    question.ends("rejected")
    expect(time.monotonic() - begun < 5, "not at once")


both("a_file_that_is_still_being_written_decides_when_it_is_closed", half_written)


@case
def each_file_is_taken_as_soon_as_it_is_closed(home):
    """Though the kernel tells of that a moment before nobody is writing any more."""
    longest = 0
    for number in range(50):
        question = home.ask()
        subprocess.run(["sh", "-c", 'echo yes >"$1"', "sh", question.drop], check=True)
        begun = time.monotonic()
        question.ends("approved")
        longest = max(longest, time.monotonic() - begun)
    home.remark(f"longest {longest:.2f} s")
    expect(longest < 2, f"one decided {longest:.1f} s after it was closed")


def unfinished(home, question):
    """Somebody has opened another file and writes for ever: that is no matter of this one."""
    with open(home.drop / "letter", "wb", buffering=0) as file:
        file.write(b"Dear")
        home.touch(f"{question}.yes")
        question.ends("approved")
        expect((home.drop / "letter").exists(), "it was taken")
    until(lambda: home.tick() and home.messages("letter"), "when it is closed, it is told of")


both("a_file_that_is_never_finished_holds_up_no_other", unfinished)
