"""A home with a gateway in it: agents whose model notes each run, who calls them, and three users of the machine."""
import contextlib
import os
import re
import shutil
import signal
from pathlib import Path

from case import ROOMS, STAND_INS, Entry, expect
from home import CASES, case, children, until
from sending import Sender

SOON = 30  # seconds for what needs less than one, on a machine that has much to do
TOOLS = "gateway claude-call spool channel-file".split()
KEY = "sk-ant-the-key-that-nobody-may-read"
# The model: what it answers, and what it does before. `made` has a line for each run, in the order in which they began.
MODEL = r'''#!/bin/sh
prompt=$(cat)
echo "$SPINDLE_AGENT $prompt" >>"HOME/made"
case $prompt in
  await*) until [ -e "HOME/$prompt.go" ]; do sleep 0.02; done ;;
  hang*) exec sleep 3600 ;;
  fail*) [ -e "HOME/well" ] || kill -9 $$ ;;
  flood*) sleep 0.05 ;;
esac
echo "$SPINDLE_AGENT: $prompt"
'''


def tools_for_all(place, bin_dir):
    """The tools where every user of the machine can run them, whatever lies above them."""
    (place / "bin").mkdir()
    shutil.copy((bin_dir / "spool").resolve(), place / "bin/spindle")
    for tool in TOOLS:
        (place / "bin" / tool).symlink_to("spindle")
    for path in (place, *place.parents):
        if path.stat().st_uid == os.getuid() and path.is_relative_to(place.parent):
            path.chmod(0o711)


def living(*names):
    """The processes that we, and ours, have started and that are called so."""
    found = []
    for pid in children(os.getpid()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and Path(f"/proc/{pid}/comm").read_text().strip() in names:
                found.append(pid)
    return found


def workers():
    """The slots of all gateways that we have started."""
    found = []
    for pid in children(os.getpid()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:2] == [b"gateway", b"worker"]:
                found.append(pid)
    return found


class Call:
    """A claude-call that runs, and what it is to print."""

    def __init__(self, command, text):
        self.command, self.text = command, text

    def answered(self, within=SOON):
        done = self.command.end(within)
        expect(done.code == 0, f"{self.text}: exit {done.code}: {done.err!r}")
        expect(done.out.decode() == self.text, f"it was answered {done.out!r}, not {self.text!r}")
        return done

    def refused(self, code, *words, within=SOON):
        done = self.command.end(within)
        said = done.err.decode()
        expect(done.code == code, f"exit {done.code}, not {code}: {said!r} {done.out!r}")
        for word in words:
            expect(word in said, f"it does not say {word!r}: {said!r}")
        return done


class House(Sender):
    def __init__(self, *given):
        super().__init__(*given)
        self.home.chmod(0o711)
        self.model = self.home / "tools/model"
        self.model.parent.mkdir()
        self.model.parent.chmod(0o755)
        self.model.write_text(MODEL.replace("HOME", str(self.home)))
        self.model.chmod(0o755)
        self.settings = {"PATH": f"{STAND_INS}:{self.bin}:/usr/bin:/bin", "ANTHROPIC_API_KEY": KEY}
        self.gateways = []

    # ---------------------------------------------------------------- agents

    def furnish(self):
        super().furnish()
        (self.spool / "agents").mkdir(0o700, exist_ok=True)
        return self

    def agent(self, name="a", **header):
        """An agent whose rate is no matter."""
        self.furnish()
        header = {"Command": self.model, "Rate": "100000/s", **header}
        path = self.spool / "agents" / f"{name}.md"
        part = path.with_suffix(".part")
        part.write_text("".join(f"{key.replace('_', '-')}: {value}\n" for key, value in header.items()))
        part.rename(path)
        return path

    def made(self, *words):
        """The model's runs, in the order in which they began."""
        return [line for line in self.lines("made") if all(word in line for word in words)]

    def until_made(self, line, times=1):
        until(lambda: self.made().count(line) >= times, f"{line!r} is made: {self.made()[-5:]}", SOON)

    def go(self, *names):
        for name in names:
            (self.home / f"{name}.go").touch()

    # ---------------------------------------------------------------- the gateway

    def gateway(self, *options, **how):
        """Starts one, and waits until it serves."""
        self.furnish()
        command = self.start("gateway", *options, **how)
        self.gateways.append(command)
        until(lambda: b"[gateway] started" in command.said() or command.process.poll() is not None, "the gateway serves", SOON)
        expect(command.process.poll() is None, f"the gateway has ended: {command.said()!r}")
        return command

    def says(self, gateway, words, times=1):
        until(lambda: gateway.said().decode().count(words) >= times, f"the gateway says {words!r}: {gateway.said()!r}", SOON)

    def workers(self, gateway):
        return [pid for pid in children(gateway.pid) if pid in workers()]

    @staticmethod
    def kill_9(gateway):
        gateway.kill(signal.SIGKILL).process.wait(SOON)

    def stop(self, gateway, number=signal.SIGTERM):
        done = gateway.kill(number).end(SOON)
        expect(done.code == 128 + number, f"the gateway ends with {done.code}")
        return done

    # ---------------------------------------------------------------- calling

    def call(self, prompt, *options, agent="a", text=None, **how):
        command = self.start("claude-call", "--agent", agent, *options, stdin=prompt.encode(), **how)
        return Call(command, f"{agent}: {prompt}\n" if text is None else text)

    def calls(self, *rooms, agent="a"):
        return self.entries(f"calls-{agent}", *rooms)

    def waiting(self, count, agent="a"):
        """So many lie in new/."""
        new = self.spool / f"calls-{agent}/new"
        until(lambda: new.exists() and len(os.listdir(new)) == count, f"{count} calls of {agent} wait", SOON)

    def write_batch(self, prompts, agent="a"):
        """Calls that wait, as if somebody had published them one by one."""
        import hashlib
        self.good("spool", "init", f"calls-{agent}")
        queue = self.spool / f"calls-{agent}"
        for number, prompt in enumerate(prompts):
            id = f"20260101T000000.{number:06}Z-{number % 10**6:06}"
            body = prompt.encode()
            (queue / "tmp" / id).write_bytes(
                f"Spool: 1\nId: {id}\nLength: {len(body)}\nSha256: {hashlib.sha256(body).hexdigest()}\n\n".encode() + body)
            (queue / "tmp" / id).chmod(0o440)
            (queue / "tmp" / id).rename(queue / "new" / id)

    def one_reply_each(self, count, agent="a"):
        """Every call that was accepted has exactly one recorded reply."""
        done, replies = self.calls("done", agent=agent), self.calls("re", agent=agent)
        ids = {entry.id for entry in done}
        expect(len(done) == len(ids) == count, f"{len(done)} calls are done, not {count}")
        expect({entry.id for entry in replies} == ids, f"{len(replies)} replies")
        others = [entry.path.name for entry in self.calls() if entry.room != "done"]
        expect(not others, f"left over: {others}")
        for reply in replies:
            call = next(entry for entry in done if entry.id == reply.id)
            expect(reply.body.decode() == f"{agent}: {call.body.decode()}\n", f"{call.body!r} was answered {reply.body!r}")

    def breaker(self, agent="a"):
        """What it says, or None."""
        path = self.spool / f"calls-{agent}/breaker"
        return dict(line.split(": ", 1) for line in path.read_text().splitlines()) if path.exists() else None

    def rest(self, agent="a"):
        """The time has come to try whether it works again."""
        path = self.spool / f"calls-{agent}/breaker"
        path.write_text(re.sub(r"Opened: .*", "Opened: 2026-01-01T00:00:00Z", path.read_text()))


def opened(house, agent="a", **how):
    """Five calls fail, and the breaker is open."""
    for number in range(5):
        house.call(f"fail {number}", "--attempts", "1", agent=agent, **how).command.end(SOON)
    expect((house.breaker(agent) or {}).get("Opened"), f"the breaker is closed: {house.breaker(agent)}")


__all__ = ["CASES", "Call", "Entry", "House", "KEY", "ROOMS", "SOON", "case", "expect", "living", "opened", "until", "workers"]
