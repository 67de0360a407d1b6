"""What the units say, and what systemd says of them."""
import shutil
import subprocess

from case import expect
from home import case
from sending import needs

STAY = ["dashboard", "deliver", "gateway", "harvest", "relay", "scheduler"]


@case
def systemd_finds_nothing_wrong(home):
    needs("systemd-analyze")
    units = home.units()
    expect(len(units) == 9, f"{[unit.name for unit in units]}")
    runtime = home.home / "runtime"
    runtime.mkdir(mode=0o700)
    done = subprocess.run(["systemd-analyze", "--user", "--man=no", "verify", *(unit.path for unit in units)], text=True,
                          capture_output=True, env={"PATH": "/usr/bin:/bin", "HOME": str(home.home),
                                                    "XDG_RUNTIME_DIR": str(runtime)})
    expect(done.returncode == 0 and not done.stderr, f"systemd-analyze verify: {done.stderr}")


@case
def a_unit_with_a_fault_would_be_found(home):
    needs("systemd-analyze")
    unit = home.service("deliver")
    path = home.home / "broken.service"
    path.write_text(unit.path.read_text().replace("RestartSec=5", "RestartSeconds=5"))
    done = subprocess.run(["systemd-analyze", "--user", "--man=no", "verify", path], text=True, capture_output=True,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(home.home), "XDG_RUNTIME_DIR": str(home.home)})
    expect("RestartSeconds" in done.stderr, f"systemd-analyze verify: {done.stderr}")


@case
def what_stays_is_started_again_for_ever(home):
    for name in STAY:
        unit = home.service(name)
        found = [unit.get("Service", "Restart"), unit.get("Service", "RestartSec"), unit.get("Unit", "StartLimitIntervalSec")]
        expect(found == ["always", "5", "0"], f"{unit.name}: {found}")
        expect(unit.get("Install", "WantedBy") == "spindle.target", f"{unit.name} can be enabled")
        expect(unit.get("Unit", "PartOf") == "spindle.target", f"{unit.name} ends with the target")


@case
def what_is_left_to_go_on_is_not_killed_with_its_unit(home):
    expect(home.service("tick").get("Service", "KillMode") == "process", "the runs that the tick resumes")
    expect(home.service("scheduler").get("Service", "KillMode") == "process", "the scheduler's commands")
    for name in "tick", "scheduler", "gateway", "deliver":
        expect(home.service(name).get("Service", "OOMPolicy") == "continue", f"{name}: one that takes too much ends alone")


@case
def none_may_gain_privileges(home):
    for unit in home.units():
        if unit.name.endswith(".service"):
            for name in "NoNewPrivileges", "RestrictSUIDSGID", "RestrictRealtime", "LockPersonality":
                expect(unit.get("Service", name) == "yes", f"{unit.name}: {name}")
    for name in "dashboard", "deliver", "harvest", "relay":
        unit = home.service(name)
        # In a user's manager the one has no effect without the other.
        expect([unit.get("Service", "ProtectSystem"), unit.get("Service", "PrivateUsers")] == ["strict", "yes"], unit.name)
        expect(unit.all("Service", "ReadWritePaths"), f"{unit.name} may write into the spool")
    for name in "gateway", "tick":
        # They must see whose a dropped file is.
        expect(not home.service(name).get("Service", "PrivateUsers"), f"{name}: sees other users")


@case
def their_commands_are_there_and_take_their_options(home):
    for unit in home.units():
        if not unit.name.endswith(".service"):
            continue
        program, *options = unit.command()
        expect(shutil.which(program), f"{unit.name}: there is no {program}")
        done = home.run(program, *options, "--help")
        expect(done.code == 0 and done.out, f"{unit.name}: {program} {options}: {done.err!r}")


@case
def the_lines_of_the_crontab_are_right(home):
    environment, lines = home.crontab()
    expect(environment["PATH"].split(":")[0] == str(home.bin), f"{environment}")
    minutes = [line for when, line in lines if when == "minute"]
    expect("spool tick" in minutes and ("reboot", "spool tick") in lines, f"{lines}")
    for tool in "dashboard", "deliver --watch", "gateway", "harvest --watch", "scheduler", "telegram-relay":
        kept = [line for line in minutes if line.startswith("flock -n -E 0 ") and f" {tool}" in line]
        expect(len(kept) == 1, f"{tool} is kept alive by {kept}")
    path = home.prefix / "share/spindle/cron/crontab"
    done = home.run("scheduler", "--test", path)  # which reads a crontab as Debian's cron does
    expect(done.code == 0 and not done.out, f"{done.out + done.err!r}")
