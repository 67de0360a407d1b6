"""Where it is measured: the root file system, and a journaled ext4 in a loop file; and what machine this is."""
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

GIB = 1 << 30


class Place:
    """A directory on one file system. Nothing in it is deleted before the end: on an ext4 without a journal, what is
    created after many deletes is slow for a while, and one side would pay for the other's."""

    def __init__(self, directory, name):
        self.directory, self.name, self.made = Path(directory), name, 0

    def fresh(self, name):
        self.made += 1
        directory = self.directory / f"{self.made:04}-{name}"
        directory.mkdir()
        return directory

    @property
    def free(self):
        return shutil.disk_usage(self.directory).free


class Places:
    """All of them, and `skipped`: why one is not there. A context: what was mounted and made is gone at its end."""

    def __init__(self, image_gib):
        self.image_gib = image_gib
        self.list, self.skipped, self.mounted = [], [], None

    def __enter__(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="spindle-bench-", dir="/var/tmp"))
        work = self.scratch / "work"
        work.mkdir()
        self.root = Place(work, file_system(work))
        self.list = [self.root]
        try:
            self.list.append(self.journaled())
        except (OSError, subprocess.CalledProcessError, Unmountable) as why:
            self.skipped.append(f"ext4 with a journal, in a loop file: {why}")
        return self

    def journaled(self):
        if os.geteuid() != 0:
            raise Unmountable("only root can mount it")
        if self.root.free < (self.image_gib + 4) * GIB:
            raise Unmountable(f"there are no {self.image_gib + 4} GiB free for it")
        image, target = self.scratch / "image", self.scratch / "loop"
        target.mkdir()
        with open(image, "wb") as file:
            file.truncate(self.image_gib * GIB)
        # Inodes for entries of 1 KiB; nothing that a kernel thread would still write while we measure.
        options = ["-q", "-F", "-i", "8192", "-E", "lazy_itable_init=0,lazy_journal_init=0"]
        run("mkfs.ext4", *options, image)
        run("mount", "-o", "loop", image, target)
        self.mounted = target
        return Place(target, file_system(target) + ", in a loop file")

    def __exit__(self, *_):
        if self.mounted:
            run("umount", self.mounted)
        shutil.rmtree(self.scratch)


class Unmountable(Exception):
    """Why the loop file cannot be."""


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unmountable(f"{command[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def file_system(path):
    """Its type, and for ext4 whether it has a journal."""
    kind, device = run("findmnt", "-n", "-o", "FSTYPE,SOURCE", "-T", path).split()[:2]
    if kind != "ext4":
        return kind
    # jbd2 has a directory for each journal that is in use: NAME-INODE.
    journals = Path("/proc/fs/jbd2")
    name = os.path.basename(os.path.realpath(device))
    has_journal = journals.is_dir() and any(entry.name.startswith(f"{name}-") for entry in journals.iterdir())
    return "ext4 with a journal" if has_journal else "ext4 without a journal"


def machine():
    """What this is, in one line."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.lower().startswith(("model name", "cpu model"))), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    virtual = ", virtual" if "hypervisor" in Path("/proc/cpuinfo").read_text() else ""
    return (f"{os.cpu_count()} cores of {model}{virtual}, {memory:.0f} GiB of memory, "
            f"Linux {'.'.join(platform.release().split('.')[:2])}, {distribution()}")


def distribution():
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return "no /etc/os-release"
