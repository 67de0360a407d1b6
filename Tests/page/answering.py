"""Requests are answered from the page: by the keyboard alone, never by a slip, and what is to be approved is shown as it is."""
import signal

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from case import expect, sha256
from home import case, until
from reader import SOON

TEXT = "A post.\n\n  Two lines of it.\n"


@case
def a_request_is_approved_by_the_keyboard_alone(home):
    waiting, id = home.asks(TEXT, "Post of today")
    home.come()
    home.sees(".approval .paper", "Two lines of it.")
    home.tab_to("Approve")
    home.type(Keys.ENTER)
    home.type("good,", Keys.ENTER, "as it is")
    home.tab_to("Yes, approve")
    home.send()
    done = waiting.end()
    expect(done.code == 0, f"wait-approval: exit {done.code}")
    expect(done.out.decode().splitlines() == ["approved", "good, as it is"], f"it says {done.out!r}")
    home.sees(".approval.over", "Approved at")
    expect(home.focus().startswith(f"div#said-{id}"), f"the focus is at {home.focus()}")
    verdict = next(entry for entry in home.entries("approvals", "re") if entry.id == id)
    expect(verdict.header["Via"] == "dashboard", f"the verdict came by {verdict.header.get('Via')}")
    expect(verdict.header["Request-Sha256"] == sha256(TEXT.encode()), "the verdict is about another text")
    expect(len(home.replies()) == 1, f"{len(home.replies())} replies")
    home.sees(".approval.over button", "Seen").click()
    home.sees("#approvals", "Nothing waits for you")
    expect("h2#approvals-title" in home.focus(), f"the focus is at {home.focus()}")


@case
def a_request_is_rejected_with_a_note(home):
    waiting, id = home.asks(TEXT)
    home.come()
    home.sees("button", "Reject").click()
    home.type("yes: not yet")  # whatever a note says, it is one
    home.type(Keys.TAB)
    home.send()
    done = waiting.end()
    expect((done.code, done.out) == (1, b"rejected\nyes: not yet\n"), f"exit {done.code}: {done.out!r}")
    home.sees(".approval.over", "Rejected at")


@case
def a_slip_of_the_hand_answers_nothing(home):
    waiting, id = home.asks(TEXT)
    home.come()
    button = home.sees(".approval button", "Approve")
    ActionChains(home.browser).double_click(button).perform()
    home.sees(".approval form", "Approve Post?")
    home.sees(".approval textarea").click()
    home.type(Keys.ENTER, Keys.ENTER)  # a note has lines
    home.type(Keys.ESCAPE)
    until(lambda: not home.find(".approval form"), "Escape goes back", SOON)
    expect("Approve" in home.focus(), f"the focus is at {home.focus()}")
    # Whoever is as quick as this has not read the question.
    said = home.js("arguments[0].click(); const form = document.querySelector('.approval form'); form.requestSubmit(); "
                   "return form.innerText", home.find(".approval button.main")[0])
    expect("Yes, approve" in said, f"it is sent: {said!r}")
    home.sees(".approval form button", "Back").click()
    until(lambda: not home.find(".approval form"), "Back goes back", SOON)
    expect(not home.replies(), f"{len(home.replies())} replies")


@case
def what_somebody_else_decides_is_said(home):
    waiting, id = home.asks(TEXT)
    home.come()
    home.sees(".approval button", "Approve").click()
    home.sees(".approval form")
    home.good("reject", id, "-m", "over my dead body")
    expect(waiting.end().code == 1, "it was not rejected")
    home.sees(".approval.over", "Rejected at")
    home.sees(".approval.over", "over my dead body")
    expect(not home.find(".approval form"), "it can be answered still")


@case
def a_request_that_one_document_lacks_is_open_still(home):
    home.furnish().good("spool", "init", "letters")
    waiting, id = home.asks(TEXT)
    home.come()
    home.sees(".approval button", "Reject").click()
    home.type("half a no")
    # As where it is on its way from one room to another while the document is made.
    home.js("""
        const real = window.fetch
        window.lacking = 0
        window.fetch = async (path, how) => {
          const answer = await real(path, how)
          if (String(path).startsWith('/api/approvals/') && window.lacking === 1) window.lacking = 2
          if (path !== '/api/data' || window.lacking) return answer
          window.lacking = 1
          return Response.json({ ...await answer.json(), approvals: {} })
        }""")
    home.put("letters")
    until(lambda: home.js("return window.lacking") == 2, "the page asks what has become of it", SOON)
    home.put("letters")
    until(lambda: "2" in home.text("#queues tbody tr"), "the next document is drawn", SOON)
    home.type("te")
    expect(home.js("return document.activeElement.value") == "half a note", f"the focus is at {home.focus()}")
    expect(not home.find(".approval.over"), "it is said to be over")


@case
def a_request_that_is_cancelled_and_retried_comes_back(home):
    waiting, id = home.asks(TEXT)
    home.come()
    home.sees(".approval button", "Approve")
    home.good("spool", "cancel", id)
    home.sees(".approval.over")
    waiting.end()
    home.good("spool", "retry", id)
    until(lambda: not home.find(".approval.over"), "it is open again", SOON)
    home.sees(".approval .paper", "Two lines of it.")
    home.sees(".approval button", "Approve").click()
    home.sees(".approval form", "Approve Post?")


@case
def an_answer_that_comes_too_late_is_told_so(home):
    waiting, id = home.asks(TEXT)
    home.come()
    home.expects("409 (Conflict)")
    home.sees(".approval button", "Approve").click()
    home.sees(".approval form")
    home.dashboard.kill(signal.SIGSTOP)
    home.good("reject", id)
    expect(waiting.end().code == 1, "it was not rejected")
    home.type(Keys.TAB)
    until(lambda: home.type(Keys.ENTER) or "Sending" in home.text(".approval form"), "it is sent", SOON)
    home.dashboard.kill(signal.SIGCONT)
    home.sees(".approval.over", "your answer would change nothing")
    home.sees(".approval.over", "Rejected at")
    expect(len(home.replies()) == 1, f"{len(home.replies())} replies")


@case
def an_answer_of_which_nobody_knows_is_given_again_and_counts_once(home):
    waiting, id = home.asks(TEXT)
    home.come()
    home.expects("ERR_")
    home.sees(".approval button", "Approve").click()
    home.type("a note", Keys.TAB)
    home.dashboard.kill(signal.SIGSTOP)
    until(lambda: home.type(Keys.ENTER) or "Sending" in home.text(".approval form"), "it is sent", SOON)
    home.kill_dashboard()
    home.sees(".approval .why", "Nobody knows whether your answer has arrived")
    home.open(home.port)
    until(lambda: not home.find("#alarm"), "it is live again", SOON)
    home.sees(".approval .why", "no answer has been counted until now")
    home.sees(".approval form button", "Yes, approve").click()
    home.sees(".approval.over", "Approved at")
    done = waiting.end()
    expect((done.code, done.out) == (0, b"approved\na note\n"), f"exit {done.code}: {done.out!r}")
    expect(len(home.replies()) == 1, f"{len(home.replies())} replies")


@case
def an_answer_that_arrived_though_the_connection_broke_is_told_so(home):
    waiting, id = home.asks(TEXT)
    home.come()
    home.js("""
        const real = window.fetch
        window.fetch = async (path, how) => {
          const answer = await real(path, how)
          if (how?.method === 'POST') throw new TypeError('Failed to fetch')
          return answer
        }""")
    home.sees(".approval button", "Approve").click()
    home.type(Keys.TAB)
    home.send()
    over = home.sees(".approval.over", "Approved at")
    expect(waiting.end().code == 0, "it was not approved")
    until(lambda: "Nobody knows" not in over.text, "what was not known is known", SOON)
    expect("Z by" not in over.text, f"its time is not the page's: {over.text!r}")


@case
def what_is_not_shown_whole_cannot_be_answered_here(home):
    home.asks(b"half a \xff\xfe text\n")
    home.come()
    home.sees(".approval .paper", "half a")
    home.sees(".approval", "Not all of it is text")
    expect(not home.find(".approval .answers"), "it can be answered")


@case
def what_a_model_wrote_is_text(home):
    evil = "<img src=x onerror='window.hit=1'><script>window.hit=2</script>"
    text = f"{evil}\n</div><b>bold</b> &amp; \u202egnp.exe\u202c \x1b[31mred\x00 zero\u200bwidth\n\u0645\u0631\u062d\u0628\u0627 \U0001f680\n"
    # What draws nothing is seen all the same; what makes two emoji one stays as it is.
    hidden = "\u034f\u115f\u1160\u3164\uffa0\u2800\U000e0100\U000e0041\u200d\ufe0f"
    couple = "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f468"
    text += f"{'|'.join(hidden)}|{couple}\n"
    waiting, id = home.asks(text, f"{evil} \u202efdp\u3164")
    home.come()
    shown = home.sees(".approval .paper", "bold")
    expect(evil in shown.text and "</div><b>bold</b> &amp;" in shown.text, f"the text is shown as {shown.text!r}")
    for code in "U+202E", "U+001B", "U+0000", "U+200B":
        expect(code in shown.text, f"{code} is not seen: {shown.text!r}")
    for one in hidden:
        expect(f"U+{ord(one):04X}" in shown.text, f"U+{ord(one):04X} is not seen: {shown.text!r}")
    expect(couple in shown.text, f"an emoji is spoilt: {shown.text!r}")
    names = home.js("return [...document.querySelectorAll('.approval [aria-label], .approval .unseen')].map((one) => one.ariaLabel ?? one.textContent)")
    expect(names and not any("\u202e" in name or "\u3164" in name for name in names), f"what is heard hides something: {names}")
    expect("\U0001f680" in shown.text and "\u0645\u0631\u062d\u0628\u0627" in shown.text, "letters are spoilt")
    expect(evil in home.text(".approval h3"), "the subject is not shown as it is")
    expect(home.js("return window.hit") is None, "a script of the text has run")
    made = home.js("return document.querySelectorAll('main img, main script, main b').length")
    expect(made == 0, f"{made} elements were made of text")
    expect(sha256(text.encode())[:12] in home.text(".approval"), "the digest is another one")
