"""A machine that can lose its power: Debian's kernel and busybox, the tools, and a disk, under qemu."""
import contextlib
import ctypes
import os
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".build" / "powercut"
BUSYBOX = Path("/bin/busybox")

PACKAGES = ["qemu-system-x86", "busybox-static", "kmod"]
PACKAGES_TO_EAT = ["gcc", "libc6-dev"]
# The package that makes it, how, and how many MiB it must have at least, with some room: the images are sparse.
FILE_SYSTEMS = {
    "ext4": ("e2fsprogs", "mkfs.ext4 -q -F", 64),
    "xfs": ("xfsprogs", "mkfs.xfs -q", 300),
    "btrfs": ("btrfs-progs", "mkfs.btrfs -q -f", 160),
}
KERNELS = ["linux-image-cloud-amd64", "linux-image-amd64"]
MODULES = ["virtio_pci", "virtio_blk"]
LINKS = ["spool", "deliver"]


class Unavailable(Exception):
    """The machine cannot be had here; says why."""


class CommandFailed(Exception):
    """With the last that it said."""


def run(*argv, **options):
    """What a command prints."""
    argv = list(map(str, argv))
    try:
        done = subprocess.run(argv, capture_output=True, text=True, **options)
    except FileNotFoundError:
        raise CommandFailed(f"{argv[0]}: not found") from None
    if done.returncode:
        raise CommandFailed(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip().rpartition(chr(10))[2]}")
    return done.stdout


def require(packages):
    def is_installed(package):
        with contextlib.suppress(CommandFailed):
            return run("dpkg-query", "-W", "-f", "${db:Status-Status}", package) == "installed"

    if missing := [package for package in packages if not is_installed(package)]:
        raise Unavailable(f"not installed: apt-get install {' '.join(missing)}")


# ------------------------------------------------------------------ the kernel

class Kernel:
    """An unpacked kernel package: nothing of it is installed."""

    def __init__(self, root):
        self.root = root
        self.image = next(root.glob("boot/vmlinuz-*"))
        self.version = self.image.name.removeprefix("vmlinuz-")

    @classmethod
    def fetched(cls):
        """The one in the cache; else the one that Debian has now."""
        for root in sorted(CACHE.glob("linux-image-*")):
            return cls(root)
        CACHE.mkdir(parents=True, exist_ok=True)
        try:
            try:
                return cls.download()
            except CommandFailed:
                if os.geteuid():
                    raise
            # The lists may be missing, or older than the last security update.
            run("apt-get", "update")
            return cls.download()
        except CommandFailed as failure:
            raise Unavailable(f"no kernel package: {failure}") from None

    @classmethod
    def download(cls):
        package = cls.resolve()
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            run("apt-get", "download", package, cwd=work)
            root = Path(work) / "root"
            run("dpkg-deb", "-x", next(Path(work).glob("*.deb")), root)
            kernel = cls(root)
            run("depmod", "-b", root, kernel.version)
            try:
                root.rename(CACHE / package)
            except OSError:  # somebody else was faster
                pass
        return cls(CACHE / package)

    @staticmethod
    def resolve():
        """linux-image-amd64 is empty: the package is the one that it depends on."""
        for name in KERNELS:
            listing = run("apt-cache", "show", "--no-all-versions", name)
            if found := re.search(r"^Depends: .*?(linux-image-\d\S+)", listing, re.M):
                return found[1]
        raise CommandFailed(f"{' and '.join(KERNELS)} name no kernel")

    def modules(self, *names):
        """The files to insert, in their order; none for what is built in."""
        files = []
        for name in names:
            steps = run("modprobe", "-C", "/dev/null", "-d", self.root, "-S", self.version, "--show-depends", name)
            files += [Path(step.split()[1]) for step in steps.splitlines() if step.startswith("insmod ")]
        return list(dict.fromkeys(files))


# ------------------------------------------------------------------ what it boots

class Archive:
    """A cpio archive (newc), which the kernel unpacks as its first file system."""

    def __init__(self):
        self.bytes = bytearray()
        self.count = 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.count += 1
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
        self.bytes += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        self.pad()
        self.bytes += data
        self.pad()

    def pad(self):
        self.bytes += bytes(-len(self.bytes) % 4)

    def directory(self, name):
        self.add(name, 0o40755)

    def program(self, name, data):
        self.add(name, 0o100755, data)

    def link(self, name, target):
        self.add(name, 0o120777, target.encode())

    def write(self, path):
        self.add("TRAILER!!!", 0)
        path.write_bytes(self.bytes)


def build_initramfs(path, kernel, bin_dir, file_systems, eat):
    archive = Archive()
    for name in "bin dev disk modules proc root run sys".split():
        archive.directory(name)
    archive.add("dev/console", 0o20600, device=(5, 1))
    archive.program("init", (HERE / "guest.sh").read_bytes())
    archive.program("bin/busybox", BUSYBOX.read_bytes())
    archive.program("bin/spindle", (bin_dir / "spindle").read_bytes())
    for tool in LINKS:
        archive.link(f"bin/{tool}", "spindle")
    if eat:
        archive.program("bin/eat-fsync", eat.read_bytes())
    lists = {fs: kernel.modules(*MODULES, fs) for fs in file_systems}
    for file in dict.fromkeys(sum(lists.values(), [])):
        archive.add(f"modules/{file.name}", 0o100644, file.read_bytes())
    for fs, files in lists.items():
        archive.add(f"modules/{fs}", 0o100644, "".join(f"/modules/{file.name}\n" for file in files).encode())
    archive.write(path)


def build_eat_fsync(path):
    run("gcc", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o", path, HERE / "eat-fsync.c")
    return path


# ------------------------------------------------------------------ running it

class Host:
    """What every machine of a run has in common. Unavailable where there can be none."""

    def __init__(self, work, bin_dir, file_systems, eating):
        if os.uname().machine != "x86_64":
            raise Unavailable(f"the kernel is for x86_64, and this is {os.uname().machine}")
        makers = [FILE_SYSTEMS[fs][0] for fs in file_systems]
        require([*PACKAGES, *makers, *(PACKAGES_TO_EAT if eating else [])])
        self.kernel, self.initramfs = Kernel.fetched(), work / "initramfs"
        eat = build_eat_fsync(work / "eat-fsync") if eating else None
        build_initramfs(self.initramfs, self.kernel, bin_dir, file_systems, eat)
        self.use("kvm")
        if not self.comes_up(work / "trial"):
            self.use("tcg")

    def use(self, accelerator):
        """Seconds: the longest that a machine may take for what it is waited for."""
        self.accelerator = accelerator
        self.cpu, self.patience = ("host", 120) if accelerator == "kvm" else ("qemu64,+rdrand", 600)

    def comes_up(self, console):
        """A /dev/kvm promises nothing: some are there and do not work."""
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return False
        with Machine(self, console, role="trial") as machine:
            return machine.waits_for("up", 10)


def make_image(path, fs):
    _, maker, megabytes = FILE_SYSTEMS[fs]
    make_sparse(path, megabytes)
    run(*maker.split(), path)


def make_sparse(path, megabytes):
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    """One boot. What its second serial line says is collected as it comes; the first, its console, is a file."""

    def __init__(self, host, console, drives=(), **environment):
        self.host, self.console = host, console
        words = [f"{name}={value}" for name, value in environment.items()]
        # mitigations=off: nobody attacks it, and without kvm it would be half as fast.
        append = " ".join(["console=ttyS0 quiet panic=-1 mitigations=off", *words])
        argv = [
            "qemu-system-x86_64", "-accel", host.accelerator, "-cpu", host.cpu, "-m", "384", "-smp", "1",
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-kernel", host.kernel.image, "-initrd", host.initramfs, "-append", append,
            "-serial", f"file:{console}", "-serial", "stdio"]
        for drive in drives:
            # unsafe: what the guest has written is the host's, which goes on; a flush has nothing to add to that.
            argv += ["-drive", f"if=virtio,format=raw,cache=unsafe,{drive}"]
        self.said, self.ended, self.changed = bytearray(), False, threading.Condition()
        with open(f"{console}.qemu", "wb") as errors:
            self.process = subprocess.Popen(
                list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                preexec_fn=die_with_parent)
        self.reader = threading.Thread(target=self.collect)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()

    def collect(self):
        while piece := os.read(self.process.stdout.fileno(), 65536):
            with self.changed:
                self.said += piece
                self.changed.notify()
        with self.changed:
            self.ended = True
            self.changed.notify()

    def waits_for(self, words, seconds=None, start=0):
        """Whether a line that begins with one of these words comes before the machine ends, or patience does."""
        line = re.compile(rb"<\d+ (%s)\b.*>\n" % words.encode())
        with self.changed:
            self.changed.wait_for(
                lambda: self.ended or line.search(self.said, start),
                self.host.patience if seconds is None else seconds)
            return bool(line.search(self.said, start))

    def waits_for_next(self, words, seconds):
        return self.waits_for(words, seconds, len(self.said))

    def cut(self):
        """Its power. Returns whether it was on until now."""
        if self.process.stdout.closed:
            return False
        was_on = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        return was_on

    def last_words(self):
        said = self.console.read_text(errors="replace") + Path(f"{self.console}.qemu").read_text(errors="replace")
        return said.splitlines()[-12:]
