"""A home with a spool, a dashboard, and somebody who reads its page in Chromium."""
import re
import signal

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from case import expect
from home import Home, until

SOON = 30  # seconds for what needs less than one, on a machine that has much to do
# No test needs a network, a GPU, or a sandbox that root may not have.
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
           "--force-prefers-reduced-motion", "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--window-size=1280,900")


class Reader(Home):
    """A Home with a dashboard, and a browser that shows it."""

    def __init__(self, *given):
        super().__init__(*given)
        self.dashboard = self.port = self.browser = None
        self.expected = []  # of the browser's complaints
        self.asked = set()  # requests, by their IDs

    # ---------------------------------------------------------------- the dashboard

    def furnish(self):
        if not self.spool.exists():
            self.good("spool", "init")
        return self

    def open(self, port=0):
        """Starts the dashboard, and waits until it listens."""
        self.furnish()
        self.dashboard = self.start("dashboard", "--port", port)
        said = until(lambda: re.search(rb"http://127\.0\.0\.1:(\d+)/", self.dashboard.said()), "it listens", SOON)
        self.port = int(said[1])
        return self

    def kill_dashboard(self):
        self.dashboard.kill(signal.SIGKILL).end()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def link(self):
        """What a person would open."""
        return self.good("dashboard", "--link").out.decode().strip()

    # ---------------------------------------------------------------- the browser

    def browse(self):
        options = webdriver.ChromeOptions()
        for option in (*OPTIONS, f"--user-data-dir={self.home}/chromium"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.browser.set_page_load_timeout(SOON)
        return self

    def come(self):
        """Opens the dashboard, and its link in a browser: what the spool is, is shown."""
        if not self.dashboard:
            self.open()
        self.browse().browser.get(self.link())
        return self.is_shown()

    def is_shown(self):
        self.sees("#overall .verdict")
        return self

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def find(self, selector):
        """The elements that are seen."""
        return [one for one in self.browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]

    def text(self, selector="main"):
        return self.js("return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText).join('\\n')", selector)

    def sees(self, selector, words="", seconds=SOON):
        """Waits until an element is seen that says this, and gives it."""
        def found():
            try:
                return next((one for one in self.find(selector) if words in one.text), None)
            except WebDriverException:  # it was drawn anew meanwhile
                return None
        return until(found, f"{selector} says \"{words}\"", seconds)

    def type(self, *keys):
        """On the keyboard, wherever the focus is."""
        ActionChains(self.browser).send_keys(*keys).perform()

    def send(self):
        """Enter, until an answer lies there: one that comes at once after the question would be a slip, and is none."""
        until(lambda: self.type(Keys.ENTER) or self.replies(), "the reply lies there", SOON)

    def focus(self):
        """What has the focus, as one would call it."""
        return self.js("const it = document.activeElement; return `${it.localName}#${it.id} ${it.innerText ?? ''}`")

    def tab_to(self, words, most=80):
        """By Tab alone, from wherever the focus is; what has it is seen to have it."""
        for _ in range(most):
            self.type(Keys.TAB)
            if words in self.focus():
                outline = self.js("return getComputedStyle(document.activeElement).outlineStyle")
                expect(outline != "none", f"{self.focus()}: the focus is not seen")
                return
        expect(False, f"Tab does not come to {words!r} in {most} steps")

    # ---------------------------------------------------------------- requests

    def asks(self, text, subject="Post", *options):
        """Somebody waits for an approval; gives the waiting process and the request's ID, once it is open."""
        self.furnish()
        waiting = self.start("wait-approval", "--to", "me", "--subject", subject, "--timeout", "1h", *options,
                             stdin=text if isinstance(text, bytes) else text.encode())
        new = until(lambda: {entry.id for entry in self.entries("approvals", "hold")} - self.asked, "the request is open", SOON)
        self.asked |= new
        return waiting, new.pop()

    def replies(self):
        return self.entries("replies")

    # ---------------------------------------------------------------- how it ends

    def expects(self, *words):
        """The browser will say this of a request that fails, and that is right."""
        self.expected += words

    def faults(self):
        """What the browser has found wrong with the page."""
        return [line["message"] for line in self.browser.get_log("browser") if line["level"] in ("SEVERE", "WARNING")
                and not any(word in line["message"] for word in self.expected)]

    def found_no_fault(self):
        if self.browser:
            faults = self.faults()
            expect(not faults, f"the browser complains: {faults[:3]}")

    def told(self):
        try:
            return [f"    {line}" for line in self.text("body").splitlines()[:60]] if self.browser else []
        except WebDriverException as gone:
            return [f"    {gone!r}"[:400]]

    def leave(self):
        if self.browser:
            try:
                self.browser.quit()
            except Exception:  # it may be gone
                pass
            self.browser = None
