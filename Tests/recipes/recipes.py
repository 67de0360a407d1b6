"""What the recipes promise: docs/recipes.md."""
import time
from datetime import datetime, timedelta, timezone

from case import expect
from home import until
from kitchen import checks_of

check = checks_of("recipes.md")
AGENDA = "09:30 stand-up, 13:00 lunch with Priya\n"


@check("A briefing that always arrives", "good=You have lunch with Priya.", "overloaded", "garbage", "not installed")
def briefing(kitchen, behaviour):
    kitchen.agent(behaviour)
    if behaviour == "not installed":
        agent = kitchen.spool / "agents/calendar.md"
        agent.write_text(f"Command: no-such-program\n{agent.read_text()}")
    ids = {kitchen.cook().out for _ in range(2)}
    expect(len(ids) == 1, f"not the same ID: {ids}")
    kitchen.lies("deliveries", "done")
    text = "You have lunch with Priya." if behaviour.startswith("good") else AGENDA.strip()
    expect(kitchen.received(f"Briefing {datetime.now(timezone.utc):%F}") == 1, "not once")
    expect(f"\n{text}\n" in kitchen.inbox(), f"what comes is {kitchen.inbox()}")
    kitchen.lies("calls-calendar", "done" if text != AGENDA.strip() else "fail")


@check("Ask before it goes out, and take it back after a no", ("yes", "yes"), ("yes", "no"), ("no",))
def publish(kitchen, answers):
    cooking = kitchen.begin()
    post = kitchen.work / "site/tea.txt"
    for word, subject in zip(answers, ("Publish tea?", "Keep tea?")):
        kitchen.answer(word, subject)
        if subject.startswith("Publish") and word == "yes":
            until(post.exists, "it is published")
    kept = "no" not in answers
    kitchen.ends(cooking, 0 if kept else 1)
    kitchen.lies("runs", "done" if kept else "fail")
    kitchen.lies("approvals", *["done"] * len(answers))
    expect(post.exists() == kept, "what is published is not what was answered")
    expect(kitchen.asked() == 1, "the agent was asked again")


@check("Four versions at once", "together", "one fails")
def versions(kitchen, variant):
    places = "linkedin", "instagram", "medium", "blog"
    kitchen.agent("slow=2")
    if variant == "one fails":
        good = (kitchen.home / ".bin/claude").read_text()
        (kitchen.home / ".bin/claude").write_text(
            "#!/bin/sh\nprompt=$(cat)\ncase $prompt in *medium*) exit 5 ;; esac\n"
            + good.partition("\n")[2].replace("STANDIN_CLAUDE", 'printf "%s\\n" "$prompt" | STANDIN_CLAUDE').replace("exec ", ""))
        done = kitchen.begin().end(30)
        expect(done.code != 0, "no failure is seen")
        kitchen.lies("runs", "fail")
        for place in places:
            text = (kitchen.work / f"{place}.txt").read_text()
            expect(bool(text) == (place != "medium"), f"{place}: {text!r}")
        expect(b"show: not begun" in done.err, "show is begun")
        return
    start = time.monotonic()
    done = kitchen.cook()
    expect(time.monotonic() - start < 6, "not side by side")
    texts = [(kitchen.work / f"{place}.txt").read_text() for place in places]
    expect(all(f"for {place}:" in text for place, text in zip(places, texts)), f"the files: {texts}")
    lines = done.out.decode().splitlines(keepends=True)
    expect(sorted(lines) == sorted(texts), f"it prints {lines}")
    kitchen.lies("runs", "done")
    start = time.monotonic()
    kitchen.good("env", "-C", kitchen.work, "pipeline-run", "--max-parallel", "2", "versions.sh", "article.md")
    expect(time.monotonic() - start >= 4, "more than two at a time")
    expect(kitchen.asked() == 8, "a new run does not ask anew")


@check("A post for each line of a list")
def posts(kitchen, _):
    done = kitchen.cook()
    kitchen.told("Tea is good.\nNothing about no such topic.\nMilk is good.\n", done.out)
    kitchen.lies("runs", "done")
    line = kitchen.good("spool", "show", "runs/posts").out.decode()
    expect(all(f"  post-{number}  " in line for number in (1, 2, 3)), f"its time line: {line}")


@check("Try again, then do without", "never there", "there at last")
def rates(kitchen, variant):
    cooking = kitchen.begin()
    if variant == "there at last":
        until(lambda: b"attempt 1" in cooking.said(), "it is tried")
        (kitchen.work / "share").mkdir()
        (kitchen.work / "share/rates.txt").write_text("1.08\n")
    done = kitchen.ends(cooking)
    kitchen.told("1.07, of yesterday\n" if variant == "never there" else "1.08\n", done.out)
    expect(done.err.count(b"again in") == (2 if variant == "never there" else 1), f"the attempts: {done.err}")
    kitchen.lies("runs", "done")


@check("A dropped file starts a run")
def letter(kitchen, _):
    kitchen.cook()
    kitchen.lies("letters", "done")
    kitchen.lies("runs", "done")
    expect(kitchen.received("A letter") == 1 and "Sum this up:" in kitchen.inbox(), f"what comes: {kitchen.inbox()}")
    kitchen.cook()  # another letter of the same name is another one
    kitchen.lies("letters", "done", "done")
    expect(kitchen.received("A letter") == 2, "the second is not told of")


@check("A nightly job that is missed when it does not run")
def nightly(kitchen, _):
    kitchen.cook()
    first = (kitchen.work / "nightly.txt").read_text()
    expect(len(first.splitlines()) > 3, f"its output: {first}")
    kitchen.cook()
    kitchen.has(nightly=first)
    kitchen.lies("runs", "done")
    kitchen.lies("jobs", "done", "done")
    kitchen.tick(after=timedelta(hours=20))
    expect(kitchen.received("job nightly is overdue") == 0, "missed before it should have run")
    for hours in 50, 51:
        kitchen.tick(after=timedelta(hours=hours))
    expect(kitchen.received("job nightly is overdue") == 1, f"it is missed, and this is told: {kitchen.inbox()}")


@check("Ask a second person when the first does not answer", "first", "second", "no", "second says no")
def pay(kitchen, variant):
    cooking = kitchen.begin()
    if variant.startswith("second"):
        until(lambda: kitchen.names("approvals", "hold"), "it is asked")
        kitchen.power_cut()
        kitchen.tick("approvals", after=timedelta(hours=2))  # his hour is over, and nobody was there
        cooking = kitchen.start("pipeline-run", "--resume", "runs/pay")
        until(lambda: kitchen.received("Approve? Pay this?", "inbox-of-ben") == 1, "ben is asked")
    kitchen.answer("no" if "no" in variant.split() else "yes", "Pay this?")
    paid = "no" not in variant.split()
    kitchen.ends(cooking, 0 if paid else 1)
    kitchen.has(paid="Tea, 12 EUR\n" if paid else None)
    kitchen.lies("runs", "done" if paid else "fail")
    expect(("Pay this?" in kitchen.inbox("inbox-of-ben")) == variant.startswith("second"), "ben is asked though he need not be")
    line = kitchen.good("spool", "show", "runs/pay").out.decode()
    expect(f"for {'ben' if variant.startswith('second') else 'me'}" in line, f"its time line: {line}")


@check("A run that must be over by noon", "yes", "no answer", "off at noon")
def noon(kitchen, variant):
    if variant == "no answer":
        # The same block, some seconds before noon.
        date = kitchen.home / ".bin/date"
        date.write_text('#!/bin/sh\n[ "$1" = -ud ] || exec /usr/bin/date "$@"\nexec /usr/bin/date -ud "5 seconds" "$3"\n')
        date.chmod(0o755)
    cooking = kitchen.begin()
    ticket = "Lisbon, Friday, seat 14C\n"
    until(lambda: kitchen.names("approvals", "hold"), "it is asked")
    kitchen.has(booked=ticket)
    if variant == "yes":
        kitchen.answer("yes", "Shall I go?")
        kitchen.ends(cooking)
        kitchen.has(booked=ticket, paid=ticket)
        kitchen.lies("runs", "done")
        return
    if variant == "off at noon":
        kitchen.power_cut()
        kitchen.tick(after=timedelta(days=2))
    else:
        kitchen.ends(cooking, 124)
    until(lambda: kitchen.names("runs", "fail"), "the run is over")
    kitchen.has(booked=None, paid=None)
    until(lambda: [kitchen.tick(after=timedelta(days=3)), kitchen.received("run trip: overdue")][1], "it is told of")


@check("Put right by hand what went wrong")
def by_hand(kitchen, _):
    done = kitchen.cook()
    kitchen.lies("runs", "done", "done")
    kitchen.has(one="All is well.\n", two="All is well.\n")
    for name in "one", "two":
        expect((kitchen.work / f"server/{name}.txt").exists(), f"{name}.txt is not sent")
    expect(done.err.count(b"is held") == 2, f"what it says: {done.err}")
    log = kitchen.log("runs", [name for name in kitchen.names("runs", "done") if "second" in name][0])
    expect("undone" in log, f"its log: {log}")
    kitchen.tick()
    expect(kitchen.received("run first: held") == kitchen.received("run second: held") == 1, "who is told of it")
