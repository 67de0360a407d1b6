"""What happens is seen at once; where it is not, the page says so."""
import time
from datetime import datetime, timezone

from selenium.webdriver.common.keys import Keys

from case import expect
from home import case, until
from reader import SOON


def pixels(home, row, count):
    """How many milliseconds after an entry was named the frame is drawn in which its queue has so many."""
    home.js("""
        window.seen = new Promise((done) => new MutationObserver((_, it) => {
          if (!arguments[0].innerText.includes(arguments[1])) return
          it.disconnect()
          requestAnimationFrame(() => setTimeout(() => done(Date.now())))
        }).observe(document.getElementById('queues'), { subtree: true, childList: true, characterData: true }))""", row, str(count))
    time.sleep(0.4)  # as after a while in which nothing happened
    stamp = home.put("letters").split("Z")[0]
    named = datetime.strptime(stamp, "%Y%m%dT%H%M%S.%f").replace(tzinfo=timezone.utc).timestamp()
    return round(home.browser.execute_async_script("window.seen.then(arguments[0])") - 1000 * named)


@case
def what_is_published_appears_without_a_reload(home):
    home.furnish().good("spool", "init", "letters")
    home.come()
    home.js("window.here = true")
    home.sees("#queues", "letters")
    id = home.put("letters")
    row = home.sees("#queues tbody tr", "letters")
    until(lambda: "1" in row.text.replace("letters", ""), "the queue has one", SOON)
    home.sees("#journal li", id.split("-")[1])
    home.put("letters")
    until(lambda: "2" in row.text, "the queue has two", SOON)
    home.remark(f"from event to pixel: {sorted(pixels(home, row, n) for n in range(3, 8))[2]} ms")
    expect(home.js("return window.here"), "the page was loaded anew")


@case
def a_redraw_takes_neither_focus_nor_what_is_typed(home):
    home.furnish().good("spool", "init", "letters", "sent")
    waiting, id = home.asks("Text.\n")
    home.come()
    home.sees(".approval .paper", "Text.")
    home.tab_to("Reject")
    home.type(Keys.ENTER)
    home.type("half a no")
    before = home.text("#journal .lines")
    for _ in range(3):
        home.put("letters")
    second, other = home.asks("Another.\n", "Other")
    home.sees(".approval h3", "Other")
    until(lambda: home.text("#journal .lines") != before, "the journal goes on", SOON)
    expect(home.focus().startswith("textarea#note-" + id), f"the focus is at {home.focus()}")
    home.type("te")
    value = home.js("return document.activeElement.value")
    expect(value == "half a note", f"typed: {value!r}")
    expect(not home.replies(), "something was answered")


@case
def the_journal_is_filtered_and_paused(home):
    home.furnish().good("spool", "init", "letters", "sent")
    home.put("letters")
    home.put("sent")
    home.come()
    home.sees("#journal .lines", "sent")
    home.js("document.getElementById('filter').focus()")
    home.type("LETTERS sp")
    until(lambda: home.text("#journal .lines") and "sent" not in home.text("#journal .lines"), "only letters", SOON)
    home.sees("#journal button[aria-pressed]", "Pause").click()
    before = home.text("#journal .lines")
    home.put("letters")
    home.sees("#journal .filter", "paused, 1 new")
    expect(home.text("#journal .lines") == before, "it goes on though paused")
    home.sees("#journal button[aria-pressed]", "Pause").click()
    until(lambda: len(home.text("#journal .lines")) > len(before), "it goes on", SOON)


@case
def a_lost_connection_is_said_and_comes_back_with_what_was_missed(home):
    home.furnish().good("spool", "init", "letters")
    home.come()
    home.expects("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
    home.js("window.here = true")
    home.kill_dashboard()
    home.sees("#alarm", "Not live since")
    expect("Not live" in home.browser.title, f"the title is {home.browser.title}")
    id = home.put("letters")
    home.open(home.port)
    until(lambda: not home.find("#alarm"), "it is live again", SOON)
    home.sees("#journal li", id.split("-")[1])
    row = home.sees("#queues tbody tr", "letters")
    expect("1" in row.text, f"the queue's row says {row.text!r}")
    expect(home.js("return window.here"), "the page was loaded anew")


@case
def it_is_live_again_only_with_a_document_of_afterwards(home):
    home.furnish().good("spool", "init", "letters")
    home.come()
    home.expects("ERR_")
    # A document that is on its way while the connection breaks, and comes when it is there again.
    home.js("""
        const real = window.fetch
        window.asked = 0
        window.fetch = async (path, how) => {
          if (path !== '/api/data') return real(path, how)
          const mine = ++window.asked
          const answer = await real(path, how)
          if (mine === 1) await new Promise((done) => { window.late = done })
          return answer
        }""")
    home.put("letters")
    until(lambda: home.js("return Boolean(window.late)"), "a document is under way", SOON)
    home.kill_dashboard()
    home.sees("#alarm", "Not live since")
    home.put("letters")
    home.open(home.port)
    home.js("const tell = document.getElementById('alarm'); window.then = new Promise((done) => new MutationObserver(() => "
            "tell.innerText || done(document.querySelector('#queues tbody').innerText)).observe(tell, { childList: true }))")
    home.js("document.querySelector('#alarm button').click(); setTimeout(window.late, 1000)")
    row = home.browser.execute_async_script("window.then.then(arguments[0])")
    expect("2" in row, f"live again, it shows {row!r}")


@case
def where_the_token_is_gone_it_says_what_to_do_and_nothing_can_be_answered(home):
    home.furnish().good("spool", "init", "letters")
    waiting, id = home.asks("Text.\n")
    home.come()
    home.expects("401 (Unauthorized)", "503 (Service Unavailable)", "ERR_INCOMPLETE_CHUNKED")
    home.sees(".approval button", "Approve")
    (home.spool / "secrets/dashboard.token").unlink()
    home.put("letters")
    home.sees("#alarm", "Not live since")
    home.sees("#alarm", "dashboard --link")
    buttons = lambda: [one.get_attribute("aria-disabled") for one in home.find(".approval .answers button")]
    until(lambda: buttons() == ["true", "true"], "what is old cannot be answered", SOON)
    home.find(".approval .answers button")[0].click()
    expect(not home.find(".approval form"), "what is old can be answered")
    home.browser.get(home.link())
    home.is_shown()
    until(lambda: buttons() == [None, None], "it can be answered again", SOON)
