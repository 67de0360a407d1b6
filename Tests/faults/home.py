"""A home for one case: commands that run side by side, file systems of its own, and what a tool may say of a fault."""
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "crash"))
from case import PATIENCE, Broken, Case, Done, check_invariants, expect

# docs/exit-codes.md: what a tool may exit with.
CODES = {0, 1, 64, 65, 69, 70, 73, 74, 75, 77, 78, 124}
TRACE = re.compile(rb"Fatal error|Stack dump|stack trace|Crash:|\.swift:\d|Illegal instruction|core dumped")
LIBC = ctypes.CDLL(None, use_errno=True)
CASES = {}


class Skipped(Exception):
    """What the case needs cannot be had here."""


def case(function):
    """A case is called with a fresh home; its name says what must hold."""
    CASES[function.__name__] = function
    return function


def case_on(*kinds):
    """A case for each of these kinds of file system: called with a home whose spool lies on one."""
    def register(function):
        for kind in kinds:
            def run(home, kind=kind):
                function(home, home.lie_on(kind))

            run.__module__ = function.__module__  # by which a runner knows its own cases
            CASES[f"{function.__name__}_on_{kind}"] = run
        return function
    return register


# ------------------------------------------------------------------ waiting

def until(condition, words, seconds=20):
    """Waits until a condition holds, and gives its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        expect(time.monotonic() < end, f"not within {seconds} s: {words}")
        time.sleep(0.005)
    return value


def children(pid):
    """The living children of a process, and theirs."""
    found = []
    for path in Path("/proc").glob(f"{pid}/task/*/children"):
        try:
            for child in map(int, path.read_text().split()):
                found += [child, *children(child)]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def end_all():
    """Kills and reaps all that this process started, whatever session it fled to: we are the subreaper."""
    while left := children(os.getpid()):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            while os.waitpid(-1, 0):
                pass
        except ChildProcessError:
            pass


class Running:
    """A command that runs; its output goes to files, so that nobody waits for who holds a pipe."""

    def __init__(self, home, argv, stdin, env, **how):
        self.home, self.argv = home, list(map(str, argv))
        home.started += 1
        self.files = [home.home / f".{home.started}.{name}" for name in ("in", "out", "err")]
        self.files[0].write_bytes(stdin)
        with open(self.files[0], "rb") as given, open(self.files[1], "wb") as out, open(self.files[2], "wb") as err:
            self.process = subprocess.Popen(self.argv, stdin=given, stdout=out, stderr=err, cwd=home.home,
                                            env=home.environment(env), start_new_session=True, **how)
        self.pid = self.process.pid

    def said(self):
        return self.files[1].read_bytes() + self.files[2].read_bytes()

    def kill(self, number):
        os.kill(self.pid, number)
        return self

    def end(self, within=PATIENCE):
        """How it ended; a tool never ends by a signal of its own."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise Broken(f"{' '.join(self.argv)}: still running after {within} s: {self.said()!r}") from None
        done = Done(code, self.files[1].read_bytes(), self.files[2].read_bytes())
        said = self.said()[-4000:].decode(errors="replace").splitlines()
        self.home.transcript += [f"    $ {' '.join(self.argv)}   (exit {code})", *("      " + line for line in said)]
        expect(code not in (-4, -5, -6, -7, -8, -11), f"{' '.join(self.argv)}: crashed by signal {-code}")
        expect(not TRACE.search(done.err), f"a stack trace: {done.err[:400]!r}")
        return done

    def sleeps(self):
        """Whether it watches directories and waits for them."""
        watched = 0
        try:
            for info in Path(f"/proc/{self.pid}/fdinfo").iterdir():
                watched += info.read_text().count("inotify wd:")
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return watched >= 3 and state == "S"


class Home(Case):
    """A Case whose commands may run side by side, on file systems that only this process sees."""

    def __init__(self, home, bin_dir, options=None):
        super().__init__(home, bin_dir)
        self.options, self.started, self.mounts, self.remarks = options, 0, [], []

    def start(self, *argv, stdin=b"", env={}, **how):
        return Running(self, argv, stdin, env, **how)

    def run(self, *argv, stdin=b"", env={}, within=PATIENCE, **how):
        return self.start(*argv, stdin=stdin, env=env, **how).end(within)

    def remark(self, words):
        """Figures that belong on the case's line."""
        self.remarks.append(words)

    def put(self, queue="a", stdin=b"hello\n", *more):
        return self.good("spool", "put", queue, *more, stdin=stdin).out.decode().strip()

    def init(self, *queues):
        self.good("spool", "init", *(queues or ("a", "b")))
        return self

    def make_due(self, queue):
        """As a person does it: `touch wait/X` means now."""
        for path in (self.spool / queue / "wait").iterdir():
            os.utime(path)

    def names(self, queue, room):
        return sorted(os.listdir(self.spool / queue / room))

    def log(self, queue, id):
        return (self.spool / queue / f"log/{id}.log").read_text()

    def journal(self):
        return [json.loads(line) for path in sorted(self.spool.glob("journal/*.jsonl")) for line in path.open()]

    # ---------------------------------------------------------------- file systems

    def lie_on(self, kind):
        """The spool moves to a file system of its own; gives what can be done to that."""
        disk = Disk(self, kind)
        self.spool = disk.path / "spool"
        return disk

    def settled(self):
        """What must hold after every pass. tmpfs is itself a finding of spool check: there a copy is looked at."""
        look = self
        if self.spool.parent != self.home:
            look = Home(self.home / "copy", self.bin)
            shutil.copytree(self.spool, look.spool, symlinks=True)
        try:
            check_invariants(look)
        finally:
            if look is not self:
                self.transcript += look.transcript
                shutil.rmtree(look.home)

    def close(self):
        end_all()
        for disk in reversed(self.mounts):
            disk.unmount()


class Disk:
    """A small file system of one case: tmpfs, or ext4 in a file, with 1 KiB blocks and none kept for root."""
    MEGABYTES = 8

    def __init__(self, home, kind):
        self.kind = kind
        self.path = home.home / f"{kind}{len(home.mounts)}"
        self.image = home.home / f"{kind}{len(home.mounts)}.img"
        self.path.mkdir()
        try:
            if kind == "ext4":
                with open(self.image, "wb") as image:
                    image.truncate(self.MEGABYTES << 20)
                self.tool("mkfs.ext4", "-q", "-m", "0", "-b", "1024", self.image)
            self.mount()
        except Broken as refused:
            raise Skipped(refused) from None
        home.mounts.append(self)

    @staticmethod
    def tool(*argv, codes=(0,)):
        done = subprocess.run(list(map(str, argv)), capture_output=True)
        expect(done.returncode in codes, f"{argv[0]}: {done.stderr.decode().strip()}")

    def mount(self):
        if self.kind == "ext4":
            self.tool("mount", "-o", "loop,errors=remount-ro", self.image, self.path)
        else:
            self.tool("mount", "-t", self.kind, "-o", f"size={self.MEGABYTES}m,mode=700", "none", self.path)
        self.path.chmod(0o700)

    def remount(self, how):
        self.tool("mount", "-o", f"remount,{how}", self.path)

    def unmount(self):
        subprocess.run(["umount", "-l", self.path], stderr=subprocess.DEVNULL)

    def again(self):
        """ext4 after a failure, or unmounted while in use: checked as at boot when all that used it has ended, mounted."""
        if os.path.ismount(self.path):
            until(lambda: subprocess.run(["umount", self.path], capture_output=True).returncode == 0,
                  f"umount {self.path}")
        until(lambda: not subprocess.run(["losetup", "-j", self.image], capture_output=True).stdout,
              f"{self.image} is not in use any more")
        self.tool("e2fsck", "-p", self.image, codes=(0, 1))
        self.mount()

    def fail(self):
        """ext4 finds an error in itself, and becomes read-only at once, whatever is open."""
        os.sync()
        self.error_trigger().write_text("a test\n")

    def error_trigger(self):
        number = self.path.stat().st_dev
        block = os.path.realpath(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
        return Path("/sys/fs/ext4") / os.path.basename(block) / "trigger_fs_error"

    def cut(self):
        """ext4 loses all that is not on the disk yet, as in a power cut: each call fails until it is mounted again."""
        ext4_ioc_shutdown, no_log_flush = 0x8004587D, 2
        directory = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(directory, ext4_ioc_shutdown, no_log_flush.to_bytes(4, sys.byteorder))
        os.close(directory)

    def fill(self, leave=0):
        """Takes all bytes but so many."""
        space = os.statvfs(self.path)
        filler = self.path / "filler"
        with open(filler, "ab", buffering=0) as file:
            if leave:
                os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - leave)
                return
            for size in 65536, 4096, 512, 1:
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    os.fsync(file.fileno())

    def fill_inodes(self):
        (self.path / "fillers").mkdir()
        try:
            for number in range(10**6):
                (self.path / "fillers" / str(number)).touch()
        except OSError:
            pass

    def free(self):
        (self.path / "filler").unlink(missing_ok=True)
        shutil.rmtree(self.path / "fillers", ignore_errors=True)


def private_place(place):
    """From now on what this process mounts is seen, and outlived, by nobody else. Its cases lie on ext4 in memory,
    where a flush costs little: what a real disk does is the matter of those cases that bring one."""
    clone_newns, ms_rec, ms_private = 0x20000, 0x4000, 0x40000
    if LIBC.unshare(clone_newns) or LIBC.mount(b"none", b"/", None, ms_rec | ms_private, None):
        return
    image = place / "image"
    for command in (["mount", "-t", "tmpfs", "-o", "size=40%", "none", place], ["truncate", "-s", "4G", image],
                    ["mkfs.ext4", "-q", image], ["mount", "-o", "loop,discard", image, place]):
        if subprocess.run(command, capture_output=True).returncode:
            subprocess.run(["umount", place], capture_output=True)
            return


# ------------------------------------------------------------------ what a tool may say

def failed(done, codes, *words, tool=None):
    """It failed with one of these codes and said why, on lines of its own form: `TOOL: WHAT: WHY: WHAT TO DO`."""
    codes = codes if isinstance(codes, tuple) else (codes,)
    err = done.err.decode(errors="replace")
    expect(done.code in codes, f"exit {done.code}, not {' or '.join(map(str, codes))}: {err}")
    for word in words:
        expect(word in err, f"it does not say \"{word}\": {err!r}")
    lines = [line for line in err.splitlines() if words and words[0] in line]
    for line in lines:
        expect(len(line.split(": ")) >= 4, f"not what: why: what to do: {line!r}")
        expect(tool is None or line.startswith(f"{tool}: "), f"not a line of {tool}: {line!r}")
    return done
