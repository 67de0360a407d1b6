"""Three hundred wait at once: not all of them can have inotify, and all get their verdicts."""
import time

from case import expect
from home import Skipped, case

MANY = 300
LIMIT = "/proc/sys/user/max_inotify_instances"
# Some watch, and more look each second; and the other cases keep what the machine has.
WATCHING = 40


@case
def three_hundred_that_wait_at_once_get_their_verdicts(home):
    home.furnish()
    if home.run("unshare", "-Ur", "sh", "-c", f"echo {WATCHING} >{LIMIT}").code:
        raise Skipped(f"unshare: no user namespace with {LIMIT}")
    ask = "".join(f"echo {number} | wait-approval --to me --key {number} --timeout 1h >{home.home}/{number} 2>&1 &\n"
                  for number in range(MANY))
    begun = time.monotonic()
    crowd = home.start("unshare", "-Ur", "sh", "-c", f"echo {WATCHING} >{LIMIT}\n{ask}wait")
    home.until_asked(MANY, 60)
    expect(not home.names("approvals", "re"), "decided by nobody")
    asked = time.monotonic()
    for number, id in enumerate(home.names("approvals", "hold")):
        home.touch(f"{id}.{'yes' if number % 2 else 'no'}")
    done = crowd.end(60)
    expect(done.code == 0, f"the shell that has begun them: {done.err}")
    home.remark(f"asked in {asked - begun:.1f} s, answered in {time.monotonic() - asked:.1f} s")
    by_key = {entry.header["Key"]: entry.id for entry in home.entries("approvals", "done")}
    verdicts = {entry.id: entry.header["Verdict"] for entry in home.entries("approvals", "re")}
    expect(len(by_key) == len(verdicts) == MANY, f"{len(by_key)} are done, with {len(verdicts)} verdicts")
    looked = 0
    for number in range(MANY):
        lines = home.lines(f"{number}")
        looked += any("max_user_instances" in line for line in lines)
        verdict = verdicts[by_key[f"{number}"]]
        expect(lines[-1:] == [verdict], f"{number} was {verdict}, and is told {lines}")
    expect(looked >= MANY - WATCHING, f"only {looked} had no inotify")
    expect(sorted(verdicts.values()) == ["approved"] * (MANY // 2) + ["rejected"] * (MANY // 2), "not half of each")
