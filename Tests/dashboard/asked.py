"""What can be had: the page, the document, a run, an entry."""
import json
import re
import shutil
import signal
import threading

from boards import SOON
from case import expect
from home import case, failed

PAGE = {"/": "text/html", "/dashboard.css": "text/css", "/dashboard.js": "text/javascript", "/icon.svg": "image/svg+xml"}
NOW = {"SPOOL_NOW": "2026-11-26T12:00:00Z"}


@case
def the_page_is_there_without_a_login_and_lets_no_other_script_run(home):
    home.open()
    for path, kind in PAGE.items():
        answer = home.get(path, headers={})
        expect(answer.headers["Content-Type"].startswith(kind) and answer.body, f"{path}: {answer.headers}")
        expect(home.get(path + "?x=1", headers={}).body == answer.body, path)
        head = home.ask("HEAD", path, headers={})
        expect((head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(answer.body))), path)
        policy = answer.headers["Content-Security-Policy"]
        for word in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for"):
            expect(word in policy and "unsafe" not in policy, policy)
        for name, value in {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
                            "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY"}.items():
            expect(answer.headers[name] == value, f"{path}: {name}: {answer.headers[name]}")
        expect("Access-Control-Allow-Origin" not in answer.headers, f"{answer.headers}")


@case
def all_that_the_page_names_is_there_and_what_is_no_part_of_it_is_not(home):
    home.open()
    script, = re.findall(r'<script[^>]* src="(/[^"]+)"', home.get("/", headers={}).body.decode())
    named = re.findall(r'<link rel="modulepreload" href="(/[^"]+)"', home.get("/", headers={}).body.decode())
    imported = set()
    for path in script, *named:
        answer = home.get(path, headers={})
        expect(answer.headers["Content-Type"].startswith("text/javascript"), f"{path}: {answer.headers}")
        imported |= {f"/{name}" for name in re.findall(r"^(?:import|\}) .*from '\./([^']+)'$", answer.body.decode(), re.M)}
    expect(imported and imported == set(named), f"imported: {imported}; named: {named}")
    home.board.kill(signal.SIGTERM).end()
    # What lies beside them.
    page, program = home.home / "page", home.bin.parent / "libexec/spindle/spindle-dashboard"
    shutil.copytree(home.bin.parent / "share/spindle/dashboard", page)
    (page / "deep.js").mkdir()
    for name in "more.js", ".hidden.js", ".js", "notes.md", "more.js~", "js", "deep.js/one.js":
        (page / name).write_text(f"// {name}\n")
    home.open(program=[program, "-C", home.spool, "--files", page])
    expect(home.get("/more.js", headers={}).body == b"// more.js\n", "it is another file")
    for name in ".hidden.js", ".js", "notes.md", "more.js~", "js", "deep.js", "deep.js/one.js", "index.html", "./more.js", "../page/more.js":
        home.refused(404, "GET", f"/{name}")
    home.board.kill(signal.SIGTERM).end()
    for name in "dashboard.js", "index.html":
        (page / name).rename(page / ".away")
        failed(home.run(program, "-C", home.spool, "--files", page, "--port", 0), 69, f"{page}/{name}", "is not installed")
        (page / ".away").rename(page / name)
    with open(page / "more.js", "ab") as file:
        file.truncate((1 << 20) + 1)
    failed(home.run(program, "-C", home.spool, "--files", page, "--port", 0), 69, f"{page}/more.js", "is longer than 1 MiB")


@case
def the_document_is_that_of_spool_status(home):
    home.furnish().put("deliveries", b"x")
    home.request()
    home.open(env=NOW)
    document = home.get("/api/data")
    status = home.run("spool", "status", "--json", env=NOW)
    expect(document.body == status.out, f"{document.body!r}\n{status.out!r}")
    expect(document.json["version"] == 1 and document.json["approvals"], f"{document.body!r}")
    expect(document.headers["Content-Type"] == "application/json", f"{document.headers}")


@case
def many_may_ask_at_once(home):
    home.open()
    answers = []

    def ask():
        for _ in range(3):
            answers.append(home.get("/api/data").json["version"])

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(answers == [1] * 60, f"{len(answers)}")


@case
def one_connection_asks_again_and_again(home):
    home.open()
    connection = home.connect()
    for path in "/", "/api/data", "/nothing", "/api/data", "/icon.svg":
        home.ask("GET", path, connection=connection)
        expect(connection.sock, f"{path}: it has closed the connection")
    # Asked before the answer has come, they are answered in their order.
    head = f"Host: 127.0.0.1:{home.port}\r\n\r\n"
    answer = home.raw("".join(f"GET {path} HTTP/1.1\r\n{head}" for path in PAGE) + f"GET /x HTTP/1.1\r\nConnection: close\r\n{head}")
    places = [answer.find(f"Content-Type: {kind}".encode()) for kind in PAGE.values()] + [answer.find(b" 404 ")]
    expect(places == sorted(places) and places[0] > 0, f"{places}")


@case
def a_run_is_told_as_spool_show_tells_it(home):
    script = home.home / "post.sh"
    script.write_text("pipeline-step draft -- echo a text\npipeline-step publish -- true\n")
    home.furnish().good("pipeline-run", script)
    id = home.names("runs", "done")[0]
    home.open()
    shown = home.good("spool", "show", "--json", id).out
    told = home.get(f"/api/runs/{id}").json
    expect(told == {name: value for name, value in json.loads(shown).items() if name in told} and "steps" in told, shown)
    expect([step["name"] for step in home.get(f"/api/runs/{id}").json["steps"]] == ["draft", "publish"], shown)
    home.refused(404, "GET", f"/api/runs/{id}x")


@case
def an_entry_is_told_with_what_came_of_it(home):
    home.furnish().init("letters")
    id = home.put("letters", b"hello <script>\n")
    home.good("spool", "work", "letters", "--once", "--", "sh", "-c", "echo words >&2; tr a-z A-Z")
    home.open()
    entry = home.get(f"/api/entries/letters/{id}").json
    expect((entry["room"], entry["entry"]["text"]) == ("done", "hello <script>\n"), f"{entry}")
    expect(entry["response"]["text"] == "HELLO <SCRIPT>\n" and "words" in entry["log"], f"{entry}")
    expect({"name": "Id", "value": id} in entry["entry"]["header"], f"{entry}")
    for path in ("letters/x", f"secrets/{id}", f"../letters/{id}", f"nosuch/{id}", "secrets/dashboard.token", f"letters/{id}/x"):
        home.refused(404, "GET", f"/api/entries/{path}")


@case
def what_is_not_there_or_not_so_is_said(home):
    home.open()
    for path in "/x", "/api", "/api/", "/api/x", "/index.html/", "//", "/dashboard.css/", "/../secrets/dashboard.token", \
            "/%2e%2e/secrets/dashboard.token", "/secrets/dashboard.token", "/api/approvals", "/api/approvals/", "/api/data/x":
        home.refused(404, "GET", path)
    for method, path, allowed in ("POST", "/", "GET"), ("DELETE", "/icon.svg", "GET"), ("GET", "/api/login", "POST"), \
            ("POST", "/api/data", "GET"), ("PUT", "/api/approvals/x", "GET, POST"), ("GET", "/api/logout", "POST"), \
            ("POST", "/api/events", "GET"), ("OPTIONS", "/api/data", "GET"), ("TRACE", "/api/data", "GET"):
        answer = home.refused(405, method, path)
        expect(answer.headers["Allow"] == allowed, f"{method} {path}: {answer.headers}")


@case
def its_port_and_its_spool_are_its_own(home):
    home.open()
    failed(home.run("dashboard", "--port", 0), 75, "another dashboard is open", f"http://127.0.0.1:{home.port}/")
    other = home.home / "other"
    done = failed(home.run("dashboard", "--port", home.port, "-C", other), 69, f"127.0.0.1:{home.port}", "somebody listens")
    expect("--port" in done.err.decode(), f"{done.err!r}")
    (other / "config").write_text(f"Dashboard-Port: {home.port}\n")
    failed(home.run("dashboard", "-C", other), 69, f"127.0.0.1:{home.port}")
    (other / "config").write_text("Dashboard-Port: no\n")
    failed(home.run("dashboard", "-C", other), 78, "config:1")


@case
def it_listens_on_the_loopback_alone_and_beats(home):
    home.open()
    table = open("/proc/net/tcp").read() + open("/proc/net/tcp6").read()
    listening = [line.split()[1] for line in table.splitlines() if f":{home.port:04X}" in line and line.split()[3] == "0A"]
    expect(listening == [f"0100007F:{home.port:04X}"], f"{listening}")
    expect(f"Pid: {home.board.pid}" in (home.spool / "heartbeats/dashboard").read_text(), "it does not beat")
    expect(home.get("/api/data").json["daemons"]["dashboard"]["status"] == "green", "it is not well")
