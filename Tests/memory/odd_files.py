"""What lies among the transcripts: links, pipes, directories, names of any bytes, and files that nobody may read."""
import errno
import os
import socket
import subprocess
import threading

from case import expect
from harvesting import append
from home import case, failed
from sending import needs
from transcripts import Claude, Codex, Pi, chat, correction, decision


def good(source):
    """A file that is as it should be."""
    return Claude().user(correction(1)).user(decision(2)).to(source / "p" / "good.jsonl")


def goes_on(home):
    done = home.harvest(within=20)
    home.has("kettle1", "samovar2")
    return done


@case
def an_empty_file(home):
    source = home.source()
    good(source)
    path = source / "empty.jsonl"
    path.touch()
    row = home.report().of(path)
    expect(row.lines == row.bytes == 0, f"{row.lines} lines")
    goes_on(home)
    append(path, Claude(seed=2).user(correction(3)).bytes)
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3")


@case
def no_file_at_all(home):
    home.source()
    expect(home.report().total.lines == 0, "lines of nothing")
    expect(home.harvested() == (0, 0, 0), "it has read something")
    expect(home.dump() == b"", "a dump of nothing")


@case
def a_symbolic_link_is_not_followed(home):
    """Else one could make us read, and show to others, what only we may read."""
    source = home.source()
    good(source)
    outside = Claude(seed=2).user(correction(3)).to(home.home / "outside" / "secret.jsonl")
    (source / "link.jsonl").symlink_to(outside)
    (source / "directory").symlink_to(outside.parent)
    (source / "directory.jsonl").symlink_to(outside.parent)
    (source / "dangling.jsonl").symlink_to("nowhere")
    (source / "loop.jsonl").symlink_to("loop.jsonl")
    (source / "round").symlink_to(source)
    goes_on(home)
    expect(len(home.report().rows) == 1, "more files than the good one")


@case
def a_source_that_is_itself_a_link_is_followed(home):
    """As people have ~/.claude in their dotfiles."""
    good(home.home / "elsewhere")
    (home.home / "link").symlink_to(home.home / "elsewhere")
    home.sources = [f"claude:{home.home}/link"]
    goes_on(home)


@case
def directories_that_are_called_like_files_are_looked_into(home):
    source = home.source()
    good(source / "x.jsonl")
    (source / "y.jsonl").mkdir()
    goes_on(home)


@case
def what_is_no_file_does_not_hang_it(home):
    source = home.source()
    good(source)
    os.mkfifo(source / "x.jsonl")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(source / "y.jsonl"))
    subprocess.run(["mknod", source / "z.jsonl", "c", "1", "5"], check=False)  # /dev/zero, where that is allowed
    goes_on(home)
    home.sources = [f"claude:{source}/x.jsonl"]
    done = home.run(*home.command(), within=20)
    expect(done.code in (64, 69, 74), f"a pipe as the source: exit {done.code}: {done.err}")


@case
def a_file_that_nobody_may_read_is_said_and_the_others_go_on(home):
    """As another user, for root may read all."""
    needs("setpriv")
    source = home.source()
    good(source)
    bad = Claude(seed=2).user(correction(3)).to(source / "bad.jsonl")
    bad.chmod(0)
    hidden = source / "hidden"
    Claude(seed=3).user(correction(4)).to(hidden / "a.jsonl")
    hidden.chmod(0)
    spool = home.home / "theirs"
    spool.mkdir()
    for path in home.home, *home.home.parents:
        if path.stat().st_uid == os.getuid() and path.stat().st_mode & 5 != 5:
            path.chmod(path.stat().st_mode | 0o055)
    os.chown(spool, 65534, 65534)
    other = "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"
    for _ in range(2):
        done = home.run(*other, *home.command("-C", spool))
        failed(done, (74, 77), str(bad), "Permission denied", tool="harvest")
        failed(done, (74, 77), str(hidden), tool="harvest")
        expect(done.out.startswith(b"harvested: "), f"it prints {done.out}")
    texts = home.good(*other, "memory", "export", "-C", spool).out.decode()
    expect("kettle1" in texts and "samovar2" in texts and "kettle3" not in texts, f"not the others: {texts}")
    bad.chmod(0o644)
    hidden.chmod(0o755)
    home.good(*other, *home.command("-C", spool))
    texts = home.good(*other, "memory", "export", "-C", spool).out.decode()
    expect("kettle3" in texts and "kettle4" in texts, f"not read later: {texts}")


@case
def a_file_that_cannot_be_read_to_its_end_is_said_and_the_others_go_on(home):
    source = home.source()
    good(source)
    bad = Claude(seed=2).user(correction(3)).to(source / "bad.jsonl")
    for call in "read,pread64,readv,preadv,mmap", "openat":
        done = home.run(*home.failing(bad, call), *home.command())
        failed(done, 74, str(bad), os.strerror(errno.EIO), tool="harvest")
        home.has("kettle1", "samovar2")
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3").same_as_at_once(home.report())


@case
def a_file_that_is_removed_between_the_listing_and_the_reading_is_no_error(home):
    source = home.source()
    good(source)
    gone = Claude(seed=2).user(correction(3)).to(source / "gone.jsonl")
    done = home.run(*home.failing(gone, reason="ENOENT"), *home.command())
    expect(done.code == 0, f"exit {done.code}: {done.err}")
    home.has("kettle1", "samovar2")
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3")


NAMES = (b"new\nline", b"quote'\"`$(x)", b"emoji \xf0\x9f\xab\x96", b"tab\t", b" blank ",
         b"-n", b"back\\slash", b"\x1b[2J", b"100%s", b"a" * 240, b"comma,colon:at@agent", b"e\xcc\x81", b"\xc3\xa9")


@case
def names_of_any_bytes(home):
    source = home.source()
    for number, name in enumerate(NAMES):
        directory = os.path.join(os.fsencode(source), name[:200])
        os.mkdir(directory)
        with open(os.path.join(directory, name + b".jsonl"), "wb") as file:
            file.write(Claude(seed=number).user(correction(number)).bytes)
    report = home.report()
    expect(len(report.rows) == len({row.file for row in report.rows}) == len(NAMES), "not a row each, of a name of its own")
    home.has(*(f"kettle{number}" for number in range(len(NAMES))))
    for words in ("--report",), ("--positions",), ("-v", "--rebuild"):
        done = home.harvest(*words)
        expect(b"\x1b" not in done.out + done.err, f"{words}: a control character is printed")
        (done.out + done.err).decode()
    home.dump().decode()
    home.reads(0).same_as_at_once(home.report())


@case
def a_name_that_is_no_UTF_8_is_said_and_the_others_go_on(home):
    """No JSON could name it as a source. Neither a file nor a directory is passed over in silence."""
    source = home.source()
    good(source)
    for number, path in enumerate((b"p/caf\xe9.jsonl", b"d\xff/a.jsonl")):
        path = os.path.join(os.fsencode(source), path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(Claude(seed=number + 2).user(correction(number + 3)).bytes)
    done = home.harvest(code=65)
    for shown in "caf", "/d":
        expect(any(shown in line for line in done.err.decode().splitlines()), f"{shown} is not named: {done.err}")
    home.has("kettle1", "samovar2")


@case
def paths_longer_than_the_kernel_takes_at_once(home):
    """PATH_MAX is no limit of a tree."""
    source = home.source()
    good(source)
    at = os.open(source, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=at)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = deeper
    file = os.open("deep.jsonl", os.O_WRONLY | os.O_CREAT, dir_fd=at)
    os.write(file, Claude(seed=2).user(correction(3)).bytes)
    done = home.run(*home.command())
    expect(done.code == 0 or done.code == 74 and b"File name too long" in done.err, f"exit {done.code}: {done.err[-300:]}")
    expect([text for text in home.texts() if "kettle1" in text], "the good one is not read")


@case
def two_hundred_directories_deep(home):
    source = home.source()
    path = good(source)
    for _ in range(200):
        path = path.parent / "d"
        path.mkdir()
        path = path / "x"
    Claude(seed=2).user(correction(3)).to(path.parent / "a.jsonl")
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3")


@case
def a_file_that_shrinks_while_it_is_read(home):
    """The tool is stopped in the middle of it; all the same each line that it counts was one."""
    source = home.source()
    good(source)
    writer = Claude(seed=2)
    for number in range(3000):
        writer.user(chat(number))
    path = writer.user(correction(3)).to(source / "shrinks.jsonl")
    size = path.stat().st_size
    ended = threading.Event()

    def shrink():
        step = 0
        while not ended.is_set():
            os.truncate(path, (size * (97 - step * 31 % 97)) // 97)
            path.write_bytes(writer.bytes)
            step += 1

    thread = threading.Thread(target=shrink)
    thread.start()
    try:
        for _ in range(15):
            done = home.run(*home.command())
            expect(done.code in (0, 74, 75), f"exit {done.code}: {done.err}")
    finally:
        ended.set()
        thread.join()
    path.write_bytes(writer.bytes)
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3")
    row = home.report("--rebuild").of(path)
    expect(row.lines == 3001 and row.records["user"] == 3001, f"{row.lines} lines, {row.records}, {row.skipped}")


@case
def a_directory_that_goes_away_in_between(home):
    source = home.source()
    good(source)
    ended = threading.Event()

    def come_and_go():
        while not ended.is_set():
            for number in range(20):
                Claude(seed=number).user(chat(number)).to(source / f"d{number}" / "a.jsonl")
            for number in range(20):
                (source / f"d{number}" / "a.jsonl").unlink()
                (source / f"d{number}").rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(20):
            home.harvest()
    finally:
        ended.set()
        thread.join()
    goes_on(home)


@case
def a_file_of_another_format_does_no_harm(home):
    """People mix them up."""
    for format, writer in ("claude", Pi()), ("pi", Codex(seed=2)), ("codex", Claude(seed=3)):
        path = writer.user(chat(1)).assistant("x").to(home.source(format) / "x.jsonl")
        row = home.report().of(path)
        expect(row.lines == len(writer.lines), f"{row.lines} lines")


@case
def a_binary_file_does_no_harm(home):
    source = home.source()
    good(source)
    append(source / "x.jsonl", home.dice.randbytes(3_000_000))
    append(source / "y.jsonl", b"\n" * 1_000_000)
    report = home.report()
    expect(report.of(source / "y.jsonl").skipped["blank"] == 1_000_000, "not all blank lines")
    goes_on(home)
    home.same_as_at_once(home.report())
