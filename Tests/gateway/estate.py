"""Three users of the machine: the gateway's owner, and alice and bob, whom it lets ask; each pair shares a group of its own."""
import contextlib
import os
import pwd
import signal
from pathlib import Path

from home import CASES, Skipped, until
from house import SOON, Call, House, expect, living, workers

OWNER, ALICE, BOB = 61001, 61002, 61003
GROUPS = {"alice": 62002, "bob": 62003}
UIDS = {"alice": ALICE, "bob": BOB}


def become(uid, *groups):
    """In a child: from now on it is this user, in a group of its own and in these."""
    def change():
        os.setgroups(groups)
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os.umask(0o077)

    return change


class Estate:
    """A House whose spool is another user's."""

    def __init__(self, house):
        if os.getuid():
            raise Skipped("not root: no other users")
        self.house = house
        self.home = house.home / "owner"
        self.home.mkdir()
        os.chown(self.home, OWNER, OWNER)
        house.home.chmod(0o711)
        self.home.chmod(0o711)
        house.spool = self.spool = self.home / "spool"
        (house.home / "made").touch()
        (house.home / "made").chmod(0o666)
        self.as_owner("sh", "-c", "spool init && mkdir -p $SPOOL_DIR/agents")
        self.owners = {"preexec_fn": become(OWNER, *GROUPS.values())}

    def run_as(self, uid, *argv, groups=(), **how):
        return self.house.run(*argv, preexec_fn=become(uid, *groups), **how)

    def as_owner(self, *argv, code=0, **how):
        done = self.run_as(OWNER, *argv, groups=GROUPS.values(), **how)
        expect(done.code == code, f"{argv}: exit {done.code}: {done.err!r}")
        return done

    def agent(self, name="a", **header):
        self.house.agent(name, **header)
        os.chown(self.spool / "agents" / f"{name}.md", OWNER, OWNER)

    def admit(self, *users, agents="a"):
        for user in users:
            self.as_owner("gateway", "admit", user, "--uid", UIDS[user], "--group", GROUPS[user], "--agents", agents)
        return self

    def gateway(self, *options, env={}, **how):
        env = {"STANDIN_LOG": str(self.home / "calls.jsonl"), "HOME": str(self.home), **env}
        return self.house.gateway(*options, env=env, **self.owners, **how)

    def drop(self, user, agent="a"):
        return self.spool / f"calls-{agent}" / f"drop-{user}"

    def answers(self, user, agent="a"):
        """The names in his room of answers, but those that are being written."""
        return sorted(name for name in os.listdir(self.spool / f"calls-{agent}" / f"re-{user}") if not name.startswith("."))

    def answer(self, user, name, agent="a"):
        path = self.spool / f"calls-{agent}" / f"re-{user}" / name
        until(path.exists, f"{user} is answered {name}", SOON)
        head, _, body = path.read_text().partition("\n\n")
        return dict(line.split(": ", 1) for line in head.split("\n")), body

    def call(self, user, prompt, *options, agent="a", text=None, env={}, **how):
        """As that user calls; his environment has no key."""
        command = self.house.start(
            "claude-call", "-C", self.spool, "--agent", agent, *options, stdin=prompt.encode(),
            env={"LOGNAME": user, "HOME": "/", "ANTHROPIC_API_KEY": "", **env},
            preexec_fn=become(UIDS[user], GROUPS[user]), **how)
        return Call(command, f"{agent}: {prompt}\n" if text is None else text)

    def put(self, user, name, text, whose=None, mode=0o440, agent="a"):
        """A file in a user's drop, his own or another's, as mv leaves it; a prompt is an entry, for what says its length is complete."""
        if isinstance(text, str) and not text.startswith("Spool: 1"):
            text = f"Spool: 1\nLength: {len(text)}\n\n{text}"
        path = self.drop(user, agent) / name
        aside = self.house.home / f"aside-{os.urandom(4).hex()}"
        aside.write_bytes(text if isinstance(text, bytes) else text.encode())
        aside.chmod(mode)
        os.chown(aside, UIDS[whose or user], GROUPS[user])
        os.utime(aside, (0, 0))
        aside.rename(path)
        return path

    def can(self, user, script):
        """Whether this user can do it."""
        return self.run_as(UIDS[user], "sh", "-c", script, groups=(GROUPS[user],), env={"HOME": "/"}).code == 0

    def cannot(self, user, script):
        expect(not self.can(user, script), f"{user} can: {script}")

    def processes(self):
        """The gateway's, its slots', and their agents' programs'."""
        return [*(gateway.pid for gateway in self.house.gateways), *workers(), *living("model")]

    def bad(self, agent="a"):
        return sorted(os.listdir(self.spool / f"calls-{agent}/bad"))

    def clear_bad(self, agent="a"):
        """A person has looked at it."""
        for path in (self.spool / f"calls-{agent}/bad").iterdir():
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def case_of_three(function):
    """A case is called with an Estate of its own."""
    def run(house):
        estate = Estate(house)
        function(estate)
        # The spool's own checks are its owner's.
        good = house.good
        house.good = lambda *argv, **how: good(*argv, preexec_fn=become(OWNER, *GROUPS.values()), **how)

    run.__name__, run.__module__ = function.__name__, function.__module__
    CASES[function.__name__] = run
    return function


__all__ = ["ALICE", "BOB", "Estate", "GROUPS", "OWNER", "Path", "SOON", "UIDS", "become", "case_of_three", "contextlib", "expect",
           "living", "pwd", "signal", "until"]
