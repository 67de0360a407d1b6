"""Jobs under scheduler: the same, with no cron."""
import signal

from case import expect
from home import case, until
from running import SOON

CRONTAB = """PATH={path}
@reboot job report --deliver me -- echo the report of 50\\% more
@reboot job quiet --deliver me -- echo HEARTBEAT_OK
@reboot job broken -- sh -c 'echo no luck >&2; exit 3'
@reboot job killed -- sh -c 'kill -9 $PPID'
@every 1s job often --disable-after 3 -- sh -c 'echo often >>$HOME/ran; exit 1'
@queue letters job letters --deliver me -- sh -c 'spool work letters --once -q -- cat; echo a letter came'
"""


@case
def jobs_under_the_scheduler(home):
    home.init("letters")
    (home.spool / "crontab").write_text(CRONTAB.format(path=f"{home.bin}:/usr/bin:/bin"))
    scheduler = home.start("scheduler", env={"LOGNAME": "user"})

    def comes(words, *names, **wanted):
        def is_there():
            rows = home.rows()
            return all(name in rows and all(rows[name].get(key) == value for key, value in wanted.items()) for name in names)

        until(is_there, f"{words}: {scheduler.said()!r}", SOON)

    comes("they are over", "report", "quiet", execution="ok")
    comes("it is over", "broken", execution="failed")
    comes("it is killed", "killed", state="killed")
    comes("it is disabled", "often", state="disabled")
    until(lambda: home.row("often")["refused"] > 0, "and refused", SOON)
    home.put("letters")
    until(lambda: home.messages("a letter came"), f"the letter: {scheduler.said()!r}", SOON)
    expect(scheduler.kill(signal.SIGTERM).end().code in (0, 143), "it ends")
    home.tick()
    home.is_so("report", execution="ok", exit=0, delivery="delivered")
    home.is_so("quiet", execution="ok", delivery="silent")
    home.is_so("broken", execution="failed", exit=3, failures=1)
    home.is_so("killed", execution="killed", exit=None, failures=1)
    home.is_told("the report of 50% more")
    for name in "broken", "killed":
        home.is_told(f"job {name} failed")
    home.is_told("job often is disabled")
    expect(home.ran() == ["often"] * 3, f"{home.ran()}")
