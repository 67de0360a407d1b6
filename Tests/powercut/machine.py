"""A machine that can lose its power: Debian's kernel and busybox, the tools, and a disk, under qemu."""
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".build" / "powercut"
BUSYBOX = Path("/bin/busybox")
CC = "gcc"

# By package, what of it is called. gcc and libc6-dev are for eat-fsync.c only.
NEEDED = {
    "qemu-system-x86": "qemu-system-x86_64", "busybox-static": "busybox", "kmod": "modprobe",
    "e2fsprogs": "mkfs.ext4", "xfsprogs": "mkfs.xfs", "btrfs-progs": "mkfs.btrfs"}
NEEDED_TO_EAT = {"gcc": CC, "libc6-dev": ""}
MAKERS = {
    # As small as each of them can be, with some room: the images are sparse.
    "ext4": (64, "mkfs.ext4 -q -F"), "xfs": (300, "mkfs.xfs -q"), "btrfs": (160, "mkfs.btrfs -q -f")}
KERNELS = ["linux-image-cloud-amd64", "linux-image-amd64"]
MODULES = ["virtio_pci", "virtio_blk"]
LINKS = ["spool", "deliver"]


class Unavailable(Exception):
    """The machine cannot be had here; says why."""


def said(*argv, **options):
    """What a command prints; Unavailable where it fails."""
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, **options)
    if done.returncode:
        raise Unavailable(f"{' '.join(map(str, argv))}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return done.stdout


def require(packages):
    missing = []
    for package in packages:
        status = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True)
        if status.stdout != b"installed":
            missing.append(package)
    if missing:
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
            return cls.download()
        except Unavailable:
            if os.geteuid():
                raise
        # The lists may be missing, or older than the last security update.
        said("apt-get", "update")
        return cls.download()

    @classmethod
    def download(cls):
        package = cls.resolve()
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            said("apt-get", "download", package, cwd=work)
            root = Path(work) / "root"
            said("dpkg-deb", "-x", next(Path(work).glob("*.deb")), root)
            kernel = cls(root)
            said("depmod", "-b", root, kernel.version)
            try:
                root.rename(CACHE / package)
            except OSError:  # somebody else was faster
                pass
        return cls(CACHE / package)

    @staticmethod
    def resolve():
        """linux-image-amd64 is empty: the package is the one that it depends on."""
        for name in KERNELS:
            listing = subprocess.run(["apt-cache", "depends", name], capture_output=True, text=True).stdout
            if found := re.search(r"Depends: (linux-image-\d\S+)", listing):
                return found[1]
        raise Unavailable(f"apt knows none of {', '.join(KERNELS)}")

    def modules(self, *names):
        """The files to insert, in their order; none for what is built in."""
        files = []
        for name in names:
            steps = said("modprobe", "-C", "/dev/null", "-d", self.root, "-S", self.version, "--show-depends", name)
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
    said(CC, "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o", path, HERE / "eat-fsync.c")
    return path


# ------------------------------------------------------------------ running it

class Host:
    """What every machine of a run has in common."""

    def __init__(self, work, bin_dir, file_systems, eating):
        require([*NEEDED, *(NEEDED_TO_EAT if eating else [])])
        if os.uname().machine != "x86_64":
            raise Unavailable(f"the machine is an x86_64, and this one is an {os.uname().machine}")
        self.kernel, self.initramfs = Kernel.fetched(), work / "initramfs"
        eat = build_eat_fsync(work / "eat-fsync") if eating else None
        build_initramfs(self.initramfs, self.kernel, bin_dir, file_systems, eat)
        self.accelerator, self.patience = "kvm", 30
        if not self.has_kvm(work):
            self.accelerator, self.patience = "tcg", 300

    def has_kvm(self, work):
        """Whether a machine comes up under it: /dev/kvm alone promises nothing."""
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return False
        with Machine(self, work / "trial", role="trial") as machine:
            return machine.waits_for(b"up")


def make_image(path, fs):
    megabytes, maker = MAKERS[fs]
    make_sparse(path, megabytes)
    said(*maker.split(), path)


def make_sparse(path, megabytes):
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)


class Machine:
    """One boot. What its second serial line says is collected as it comes; the first, its console, is a file."""

    def __init__(self, host, console, drives=(), **environment):
        self.host = host
        words = [f"{name}={value}" for name, value in environment.items()]
        argv = [
            "qemu-system-x86_64", "-accel", host.accelerator, "-cpu", "host" if host.accelerator == "kvm" else "max",
            "-m", "384", "-smp", "1", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-kernel", host.kernel.image, "-initrd", host.initramfs,
            "-append", " ".join(["console=ttyS0 quiet panic=-1", *words]),
            "-serial", f"file:{console}", "-serial", "stdio"]
        for drive in drives:
            argv += ["-drive", f"if=virtio,format=raw,cache=unsafe,{drive}"]
        self.said, self.ended, self.changed = bytearray(), False, threading.Condition()
        with open(f"{console}.qemu", "wb") as errors:
            self.process = subprocess.Popen(
                list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
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

    def waits_for(self, word):
        """Whether a line with this word first comes, before the machine ends or patience does."""
        line = re.compile(rb"<\d+ " + word + rb"[ >]")
        with self.changed:
            self.changed.wait_for(lambda: self.ended or line.search(self.said), self.host.patience)
            return bool(line.search(self.said))

    def cut(self):
        """Its power. Returns whether it was running until now."""
        was_running = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        return was_running
