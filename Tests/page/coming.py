"""Who comes in, who does not, and how one goes."""
import http.server
import threading

from selenium.webdriver.common.keys import Keys

from case import expect
from home import case, until
from reader import SOON

REFUSED = "401 (Unauthorized)"


@case
def a_link_logs_in_and_its_token_stays_nowhere(home):
    home.come()
    token = (home.spool / "secrets/dashboard.token").read_text().strip()
    expect(home.browser.current_url == home.url, f"the address is {home.browser.current_url}")
    kept = home.js("return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, document.body.outerHTML])")
    expect(token not in kept, "the page keeps the token")
    expect(home.js("return document.cookie") == "", "a script may read the cookie")
    # Neither is it in the history: what one goes back to is the page without it.
    home.browser.get("about:blank")
    home.browser.back()
    home.is_shown()
    expect(token not in home.browser.current_url, "the token is in the history")


@case
def a_wrong_token_is_refused_and_the_pasted_link_is_taken(home):
    home.expects(REFUSED)
    home.open().browse().browser.get(home.url)
    home.sees("#login code", "dashboard --link")
    home.type("x" * 43, Keys.ENTER)
    home.sees("#login-why", "the token is wrong")
    expect("input#token" in home.focus(), f"the focus is at {home.focus()}")
    home.type(home.link(), Keys.ENTER)
    home.is_shown()
    home.browser.refresh()
    home.is_shown()


@case
def who_logs_out_is_out(home):
    home.come()
    home.expects(REFUSED)
    home.tab_to("Log out")
    home.type(Keys.ENTER)
    home.sees("#login", "Logged out")
    home.browser.refresh()
    home.sees("#login", "dashboard --link")
    expect(not home.find("#board"), "the board is shown still")


@case
def another_token_ends_every_login(home):
    home.come()
    home.expects(REFUSED)
    path = home.spool / "secrets/dashboard.token"
    path.write_text("n" * 43 + "\n")
    home.good("spool", "init", "letters")
    home.put("letters")
    home.sees("#login-why", "log")
    home.browser.get(home.link())
    home.is_shown()


@case
def another_page_on_this_machine_can_neither_answer_nor_read_nor_frame(home):
    """A cookie goes to every port: whoever serves a page on one has it sent along."""
    waiting, id = home.asks("Say yes?\n")
    home.come()
    home.sees(".approval", "Say yes?")
    home.expects("http://127.0.0.1", "chrome-error:")  # all that the other page tries is refused, and the browser says so
    cookies = []

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            cookies.append(self.headers.get("Cookie", ""))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>other</title><iframe src='{home.url}'></iframe>".encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        home.browser.get(f"http://127.0.0.1:{server.server_port}/")
        expect(any(f"spindle_{home.port}=" in one for one in cookies), "the cookie did not come along: this case shows nothing")
        tried = home.browser.execute_async_script("""
            const [url, id, done] = arguments, to = `${url}api/approvals/${id}`, body = '{"verdict":"yes"}'
            const how = { method: 'POST', credentials: 'include', body }
            Promise.allSettled([
              fetch(to, { ...how, mode: 'no-cors' }).then((answer) => answer.type),
              fetch(to, { ...how, mode: 'no-cors', headers: { 'Content-Type': 'text/plain' } }).then((answer) => answer.type),
              fetch(to, { ...how, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': 'x' } }),
              fetch(`${url}api/data`, { credentials: 'include' }).then((answer) => answer.text()),
              fetch(`${url}api/events`, { credentials: 'include' }),
            ]).then((all) => done(all.map((one) => one.status + ' ' + (one.value ?? ''))))""", home.url, id)
        expect(not any("spool" in one for one in tried), f"the other page has read: {tried}")
        framed = home.js("try { return frames[0].document.title } catch { return 'kept apart' }")
        expect(framed == "kept apart", f"it is shown in a frame: {framed!r}")
    finally:
        server.shutdown()
        server.server_close()
    expect(not home.replies(), f"a forged answer was taken: {[entry.header for entry in home.replies()]}")
    home.good("approve", id)
    expect(waiting.end().code == 0, "the request was spoilt")
