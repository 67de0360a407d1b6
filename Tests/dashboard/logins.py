"""Who may: the token, logins that are kept nowhere, and where neither of them is to be found."""
import os
import pty
import re
import signal
import stat
import threading
from pathlib import Path

from boards import SOON
from case import expect
from home import case, failed, until


@case
def a_token_is_made_for_its_owner_alone(home):
    home.open()
    file = home.token_file.stat()
    expect(stat.S_IMODE(file.st_mode) == 0o600 and len(home.token) == 43, f"{oct(file.st_mode)} {len(home.token)}")
    first = home.token
    home.board.kill(signal.SIGKILL).end()
    home.open()
    expect(home.token == first, "another one")
    link = home.good("dashboard", "--link").out.decode()
    expect(link == f"http://127.0.0.1:{home.port}/#token={first}\n", link)
    home.board.kill(signal.SIGTERM).end()
    done = home.good("dashboard", "--link")
    expect(done.out.decode() == f"http://127.0.0.1:18790/#token={first}\n", "the default port")
    expect(b"none is open" in done.err, f"{done.err!r}")


@case
def two_who_start_at_once_have_one_token(home):
    home.furnish()
    asking = [home.start("dashboard", "--link") for _ in range(8)]
    links = {one.end().out for one in asking}
    expect(len(links) == 1, f"{links}")
    expect(os.listdir(home.token_file.parent) == ["dashboard.token"], f"{os.listdir(home.token_file.parent)}")


@case
def a_login_is_a_cookie_and_a_word(home):
    home.open()
    answer = home.ask("POST", "/api/login", {"token": home.token}, headers={})
    cookie = answer.headers["Set-Cookie"]
    expect(re.fullmatch(rf"spindle_{home.port}=[A-Za-z0-9_.-]+; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000", cookie), cookie)
    expect(home.token not in cookie and home.token not in answer.body.decode(), "it tells the token")
    login = home.login()
    home.get("/api/data", headers=login)
    # Another one of this name, which a server on another port may have set.
    twice = {**login, "Cookie": f"spindle_{home.port}=x.y.z; other=1; {login['Cookie']}"}
    home.get("/api/data", headers=twice)
    out = home.ask("POST", "/api/logout", {}, headers=login)
    expect(out.status == 204 and "Max-Age=0" in out.headers["Set-Cookie"] and not out.body, f"{out.headers}")


@case
def neither_the_cookie_nor_the_word_is_enough(home):
    home.open()
    login, other = home.login(), home.login()
    without = lambda name: {key: value for key, value in login.items() if key != name}
    for path in "/api/data", "/api/events", "/api/approvals/x", "/api/x":
        home.refused(401, "GET", path, "dashboard --link", headers={})
        home.refused(401, "GET", path, headers=without("Cookie"))
        home.refused(403, "GET", path, headers=without("X-CSRF-Token"))
        home.refused(403, "GET", path, headers={**login, "X-CSRF-Token": other["X-CSRF-Token"]})
        home.refused(403, "GET", path, headers={**login, "X-CSRF-Token": ""})
    home.refused(403, "POST", "/api/logout", headers=without("X-CSRF-Token"), body={})
    name, _, value = login["Cookie"].partition("=")
    issued, random, seal = value.split(".")
    for forged in f"{int(issued) + 1}.{random}.{seal}", f"{issued}.{random}.{seal[:-1]}", f"{issued}.{random}", "", value[::-1]:
        home.refused(401, "GET", "/api/data", headers={**login, "Cookie": f"{name}={forged}"})


@case
def a_restart_logs_nobody_out(home):
    home.open()
    login = home.login()
    home.board.kill(signal.SIGKILL).end()
    home.open(port=home.port)
    home.get("/api/data", headers=login)


@case
def a_login_is_over_after_thirty_days(home):
    home.open(env={"SPOOL_NOW": "2026-11-01T00:00:00Z"})
    login = home.login()
    for day, status in ("2026-11-30", 200), ("2026-12-02", 401):
        home.board.kill(signal.SIGTERM).end()
        home.open(port=home.port, env={"SPOOL_NOW": f"{day}T00:00:00Z"})
        expect(home.ask("GET", "/api/data", headers=login).status == status, day)


@case
def another_token_ends_all_logins_and_all_that_listen(home):
    home.open()
    login, bearer = home.login(), home.bearer
    listens = home.listen()
    home.token_file.unlink()
    answer = home.refused(503, "GET", "/api/data", "dashboard --link", headers=login)
    expect("secrets" in answer.body.decode(), f"{answer.body!r}")
    home.good("dashboard", "--link")
    home.refused(401, "GET", "/api/data", headers=login)
    home.refused(401, "GET", "/api/data", headers=bearer)
    home.get("/api/data", headers=home.login())
    home.good("spool", "put", "deliveries", stdin=b"x")
    expect(listens.block() is None, "who was let in by the old one still hears")


@case
def a_token_that_others_may_read_is_none(home):
    home.open()
    home.token_file.chmod(0o644)
    home.refused(503, "GET", "/api/data", "chmod 600")
    home.board.kill(signal.SIGTERM).end()
    failed(home.run("dashboard", "--port", 0), 77, "dashboard.token", "chmod 600")
    home.token_file.chmod(0o600)
    home.token_file.write_text("secret\n")
    failed(home.run("dashboard", "--link"), 78, "dashboard.token")


@case
def ten_wrong_tokens_are_not_heard_for_a_while(home):
    home.open()
    login = home.login()
    for number in range(10):
        wrong = {"token": f"{number}" * 43}
        home.refused(401, "POST", "/api/login", body=wrong, headers={}) if number % 2 else \
            home.refused(401, "GET", "/api/data", headers={"Authorization": f"Bearer {wrong['token']}"})
    answer = home.refused(429, "POST", "/api/login", body={"token": home.token}, headers={})
    expect(200 < int(answer.headers["Retry-After"]) <= 300, f"{answer.headers}")
    home.get("/api/data", headers=login)
    events = [line["event"] for line in home.journal() if line["tool"] == "dashboard"]
    expect(events == ["dashboard-login"] + ["dashboard-refused"] * 9 + ["dashboard-locked"], f"{events}")


@case
def a_terminal_is_told_the_link_and_nothing_else_is(home):
    home.furnish()
    ours, theirs = pty.openpty()
    import subprocess
    process = subprocess.Popen(["dashboard", "--port", "0"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                               env=home.environment({}), executable=home.bin / "dashboard")
    os.close(theirs)
    said = b""
    while b"\n" not in said:
        said += os.read(ours, 4096)
    expect(f"/#token={home.token}".encode() in said, f"{said!r}")
    process.send_signal(signal.SIGTERM)
    process.wait()
    home.open()
    home.login()
    home.refused(401, "POST", "/api/login", body={"token": "x" * 43}, headers={})
    home.listen().close()
    places = {"what it says": home.board.said(), "its journal": repr(home.journal()).encode()}
    for name in "cmdline", "environ":
        places[name] = Path(f"/proc/{home.board.pid}/{name}").read_bytes()
    for place, words in places.items():
        expect(words and home.token.encode() not in words, f"the token is in {place}")
    expect(f"{home.token_file}".encode() in home.board.said(), f"{home.board.said()!r}")
    home.board.kill(signal.SIGTERM).end()
    quiet = home.start("dashboard", "--port", "0", "--quiet")
    until(lambda: (home.spool / "heartbeats/dashboard").exists(), "it is open", SOON)
    expect(not quiet.said(), f"{quiet.said()!r}")
