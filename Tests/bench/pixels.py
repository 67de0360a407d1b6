"""The dashboard's page in headless Chromium, and when it shows what has happened: times of the monotonic clock, which
Chromium's own is as well."""
import ctypes
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager

from measure import Failed

PATIENCE = 60
OPTIONS = ["--headless=new", "--disable-gpu", "--no-first-run", "--window-size=1280,1000"]

# Notes when a number and a line are in the document (seen in the very task that has put them there, before anything else
# runs), and when the frame with them was made: at the first task after the next frame's callbacks.
WATCH = r"""
const queue = arguments[0]
const number = () => {
  for (const row of document.querySelectorAll('#queues tbody tr'))
    if (row.firstChild.textContent === queue)
      return Number(row.querySelector('[data-column="new"] .number')?.textContent.replaceAll(',', '') ?? 0)
  return 0
}
const line = () => document.querySelector('#journal .lines li')
window.bench = { number, seen: {}, wanted: null, done: null, arm() {
  this.seen = {}
  this.wanted = { number: number() + 1, line: line() }
} }
const isThere = { number: () => number() >= bench.wanted.number, line: () => line() !== bench.wanted.line }
function look() {
  for (const name in bench.wanted ? isThere : {}) {
    if (bench.seen[name] || !isThere[name]()) continue
    const times = bench.seen[name] = { dom: performance.now() }
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        times.frame = performance.now()
        if (bench.seen.number?.frame && bench.seen.line?.frame) bench.done?.(bench.seen)
      }
      port2.postMessage(null)
    })
  }
}
new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
"""
AWAIT = r"""
const done = arguments[0]
if (bench.seen.number?.frame && bench.seen.line?.frame) done(bench.seen)
else bench.done = done
"""


def missing():
    """What there is not, without which nothing can be seen; None where all is there."""
    for program in "chromium", "chromedriver":
        if not shutil.which(program):
            return f"{program} was not found"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "python3-selenium was not found"
    return None


class Page:
    def __init__(self, driver, queue):
        self.driver = driver
        driver.set_script_timeout(PATIENCE)
        driver.execute_cdp_cmd("Performance.enable", {})
        metrics = {one["name"]: one["value"] for one in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
        # Where the page's clock begins.
        self.begin = metrics["NavigationStart"]
        self.check()
        driver.execute_script(WATCH, queue)

    def check(self):
        """It is our clock: a look at it lies between two of ours, but for what such a clock is rounded to."""
        before = time.monotonic()
        between = self.begin + self.driver.execute_script("return performance.now()") / 1e3
        if not before - 1e-3 <= between <= time.monotonic() + 1e-3:
            raise Failed(f"Chromium's clock is another one than ours, by some {between - before:.3f} s")

    def shown(self):
        """The number that it shows of the queue."""
        return self.driver.execute_script("return bench.number()")

    def arm(self):
        self.driver.execute_script("bench.arm()")

    def seen(self):
        """Each of what has been waited for: in the document, in a frame."""
        seen = self.driver.execute_async_script(AWAIT)
        return {name: tuple(self.begin + times[when] / 1e3 for when in ("dom", "frame")) for name, times in seen.items()}


@contextmanager
def page(board, queue):
    """The board's page, logged in by the link and live."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    options = Options()
    options.binary_location = shutil.which("chromium")
    for option in OPTIONS + ["--no-sandbox"] * (os.geteuid() == 0):
        options.add_argument(option)
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    try:
        driver.get(board.link)
        until(lambda: driver.execute_script("return document.querySelectorAll('#queues tbody tr').length > 0"),
              "the page shows its queues")
        yield Page(driver, queue)
    finally:
        driver.quit()


def until(holds, what):
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise Failed(f"not so after {PATIENCE} s: {what}")
        time.sleep(0.05)


# struct inotify_event up to its name, and IN_MOVED_TO.
HEAD, MOVED_TO = 16, 0x80


@contextmanager
def renames(room):
    """Gives what waits for the next entry in the room: when it came, and its ID."""
    # Python has no inotify of its own.
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    if descriptor < 0 or libc.inotify_add_watch(descriptor, os.fsencode(room), MOVED_TO) < 0:
        raise Failed(f"inotify: {os.strerror(ctypes.get_errno())}")

    def next_one():
        if not select.select([descriptor], [], [], PATIENCE)[0]:
            raise Failed("no entry came")
        now = time.monotonic()
        return now, os.read(descriptor, 4096)[HEAD:].split(b"\0")[0].decode()
    try:
        yield next_one
    finally:
        os.close(descriptor)


def one_event(page, listener, renames, put):
    """Milliseconds from an entry's rename to whoever learns of it, by who that is."""
    page.arm()
    process = subprocess.Popen(put, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    process.stdin.write(b"hello\n")
    process.stdin.close()
    came, id = renames()
    if process.wait() != 0:
        raise Failed(f"{put[0]} ended with {process.returncode}")
    returned = time.monotonic()
    seen = page.seen()
    until(lambda: id in listener.heard, f"a listener hears of {id}")
    times = {"`/api/events`, the floor": listener.heard[id], "`put` has ended": returned}
    for name, words in ("line", "line in the journal"), ("number", "number in the table"):
        for where, moment in zip(("in the DOM", "in a frame"), seen[name]):
            times[f"{words}, {where}"] = moment
    return {name: (moment - came) * 1e3 for name, moment in times.items()}
