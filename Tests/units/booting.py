"""A machine that boots: what the installed units, or the installed crontab, say is carried out, until all of it is killed.

It knows of systemd and of cron what these files use: Restart=always, timers, KillMode=; environment lines, @reboot and lines of each
minute. Their seconds are shorter: a minute is one, and a restart takes a tenth of what it says.
"""
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from case import STAND_INS, expect
from home import Skipped, children, until
from running import SOON, Runner, kill

MINUTE = 1.0
HASTE = 10


class Unit:
    """A unit file: its sections, each with the values of a name in their order."""

    def __init__(self, path, home):
        self.path, self.name, self.sections = path, path.name, {}
        section = None
        for line in path.read_text().splitlines():
            if line.startswith("["):
                section = self.sections.setdefault(line.strip("[]"), {})
            elif line.strip() and not line.startswith(("#", ";")):
                name, _, value = line.partition("=")
                section.setdefault(name, []).append(value.replace("%h", str(home)).replace("%%", "%"))

    def get(self, section, name, default=""):
        return (self.sections.get(section, {}).get(name) or [default])[-1]

    def all(self, section, name):
        return self.sections.get(section, {}).get(name, [])

    def command(self):
        return shlex.split(self.get("Service", "ExecStart"))

    def environment(self):
        words = [word for line in self.all("Service", "Environment") for word in shlex.split(line)]
        return dict(word.split("=", 1) for word in words)


class Resident(threading.Thread):
    """Something that is started, and started again, until the machine is switched off."""

    def __init__(self, home, name, command, environment, pause, again):
        super().__init__(daemon=True)
        self.home, self.name, self.command, self.given = home, name, command, environment
        self.pause, self.again = pause, again  # None: only once
        self.process, self.starts, self.off = None, 0, threading.Event()
        self.lock = threading.Lock()

    def run(self):
        while not self.off.is_set():
            with self.lock:
                if self.off.is_set():
                    return
                self.starts += 1
                with open(self.home.home / f".{self.name}.said", "ab") as said:
                    self.process = subprocess.Popen(
                        self.command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.home.home,
                        env=self.given, start_new_session=True)
            while self.process.poll() is None and not self.off.is_set():
                time.sleep(0.01)
            if not self.again:
                return
            self.off.wait(self.pause)

    def said(self):
        path = self.home.home / f".{self.name}.said"
        return path.read_text(errors="replace") if path.exists() else ""


def end_everything():
    """As end_all, where many are just being started: who was not there when we looked is killed in the next round."""
    while left := children(os.getpid()):
        kill(*left)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            continue
        time.sleep(0.001)


class Machine(Runner):
    """A Runner with a prefix, and what is started from it at boot."""

    def __init__(self, home, bin_dir, options=None):
        super().__init__(home, bin_dir, options)
        self.prefix, self.residents = Path(bin_dir).resolve().parent, []
        # As a user has it: the agents' program where its installer puts it, and his spool at home.
        local = self.home / ".local/bin"
        local.mkdir(parents=True)
        (local / "claude").symlink_to(STAND_INS / "claude")

    def close(self):
        self.switch_off()
        super().close()

    # ---------------------------------------------------------------- what is installed

    def unit(self, name):
        path = self.prefix / "share/systemd/user" / name
        if not path.exists():
            raise Skipped(f"there is no {path}: install with bin/install")
        return Unit(path, self.home)

    def units(self):
        self.unit("spindle.target")
        return [Unit(path, self.home) for path in sorted((self.prefix / "share/systemd/user").glob("spindle*"))]

    def service(self, name):
        return self.unit(f"spindle-{name}.service")

    def crontab(self):
        """Its environment, and its lines, as a user has it who lets all stay that can."""
        path = self.prefix / "share/spindle/cron/crontab"
        if not path.exists():
            raise Skipped(f"there is no {path}: install with bin/install")
        environment, lines = {}, []
        for line in path.read_text().splitlines():
            line = line.removeprefix("#") if "flock" in line else line
            if "job harvest" in line:
                continue  # harvest --watch takes its place
            fields = line.split(None, 5)
            if line.startswith(("* * * * * ", "*/5 * * * * ")):
                lines.append(("minute", fields[5]))
            elif line.startswith("@reboot "):
                lines.append(("reboot", line.split(None, 1)[1]))
            elif line and line[0].isupper() and "=" in line.split(" ")[0]:
                environment.update([line.split("=", 1)])
        return environment, lines

    # ---------------------------------------------------------------- on and off

    def bare(self, **more):
        """What a service manager, or cron, gives: nothing of ours but where the servers of the tests are."""
        return {"HOME": str(self.home), "LOGNAME": "user", "USER": "user", "SHELL": "/bin/sh", "LANG": "C.UTF-8",
                "PATH": "/usr/local/bin:/usr/bin:/bin", **{name: value for name, value in self.settings.items() if name != "PATH"},
                **more}

    def reside(self, name, command, environment, pause, again=True):
        resident = Resident(self, name, command, environment, pause, again)
        self.residents.append(resident)
        resident.start()
        return resident

    def boot_systemd(self, *services):
        """What spindle.target wants, and these: as the user has enabled them."""
        wanted = self.unit("spindle.target").get("Unit", "Wants").split()
        for name in dict.fromkeys([*wanted, *(f"spindle-{name}.service" for name in services)]):
            unit = self.unit(name)
            if name.endswith(".timer"):
                expect(unit.get("Timer", "OnCalendar") == "minutely", f"{name}: each minute")
                unit, pause = self.unit(name.replace(".timer", ".service")), MINUTE
            else:
                pause = float(unit.get("Service", "RestartSec")) / HASTE
            self.reside(unit.name, unit.command(), self.bare(**unit.environment()), pause)

    def boot_cron(self):
        environment, lines = self.crontab()
        for number, (when, line) in enumerate(lines):
            self.reside(f"line{number}", ["/bin/sh", "-c", line.replace("\\%", "%")], self.bare(**environment),
                        MINUTE, again=when == "minute")

    def switch_off(self):
        """Nobody is told: every process is killed at once."""
        for resident in self.residents:
            resident.off.set()
        # One that is just being started is started, and then killed with the others.
        for resident in self.residents:
            with resident.lock:
                pass
        end_everything()
        for resident in self.residents:
            resident.join()
        self.residents.clear()

    def shut_down(self):
        """As systemd does it: each is asked, and has its time."""
        for resident in self.residents:
            resident.off.set()
        ended = {}
        for resident in self.residents:
            with resident.lock:
                process = resident.process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for resident in self.residents:
            ended[resident.name] = resident.process.wait(SOON)
            resident.join()
        self.residents.clear()
        return ended

    # ---------------------------------------------------------------- signs of life

    def heart(self, name):
        """The process that beats under this name; None where none does."""
        path = self.spool / "heartbeats" / name
        try:
            header = dict(line.split(": ", 1) for line in path.read_text().splitlines())
        except FileNotFoundError:
            return None
        pid = int(header["Pid"])
        return pid if os.path.exists(f"/proc/{pid}") else None

    def beats(self, *names):
        return {name: until(lambda: self.heart(name), f"{name} beats: {self.all_said()}", SOON) for name in names}

    def all_said(self):
        return {resident.name: resident.said()[-300:] for resident in self.residents}

    def has(self, tool):
        return shutil.which(str(self.bin / tool)) is not None


__all__ = ["MINUTE", "Machine", "Unit"]
