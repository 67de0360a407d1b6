"""What the six pipelines of docs/overview.md promise."""
import json

from case import expect
from home import until
from kitchen import checks_of

check = checks_of("overview.md")


@check("Ask an agent, and send what it says", "good=It is warm.", "garbage")
def ask(kitchen, behaviour):
    kitchen.agent(behaviour)
    is_good = behaviour.startswith("good")
    kitchen.cook(0 if is_good else 65)
    expect(kitchen.received("Tea") == is_good and ("It is warm." in kitchen.inbox()) == is_good, f"what comes: {kitchen.inbox()}")


@check("Nothing goes out unseen", "yes", "no")
def unseen(kitchen, word):
    cooking = kitchen.begin()
    kitchen.answer(word, "Post this?")
    kitchen.ends(cooking, 0 if word == "yes" else 1)
    site = kitchen.work / "site.txt"
    expect(site.exists() == (word == "yes"), "what goes out is not what was answered")
    expect(word == "no" or "Tea is ready at four." in site.read_text(), "it is another text")


@check("A queue of your own")
def queue(kitchen, _):
    kitchen.cook()
    kitchen.has(outbox="DEAR SIR\nDEAR MADAM\n")
    kitchen.lies("letters", "done", "done")
    kitchen.lies("sent", "done", "done")


@check("What was said once is known", "as it was", "changed meanwhile")
def known(kitchen, variant):
    if variant == "as it was":
        kitchen.cook()
        expect(kitchen.received("A post") == 1, f"what comes: {kitchen.inbox()}")
        return
    kitchen.agent("slow=2")
    cooking = kitchen.begin()
    until(kitchen.asked, "the agent is asked")
    kitchen.good("memory", "put", "-q", "style/posts", stdin=b"Long ones.\n")
    kitchen.ends(cooking, 1)
    expect(kitchen.received("A post") == 0, "sent, though it has changed")


@check("A script that is done, or undone", "done", "check says no", "killed")
def script(kitchen, variant):
    if variant == "check says no":
        grep = kitchen.home / ".bin/grep"
        grep.write_text("#!/bin/sh\nexit 1\n")
        grep.chmod(0o755)
    if variant == "killed":
        kitchen.agent("slow=2")
        kitchen.begin()
        until(kitchen.asked, "the agent is asked")
        kitchen.power_cut()
        kitchen.agent("good")
        kitchen.tick()
        until(lambda: kitchen.names("runs", "done"), "the tick goes on with it")
    else:
        kitchen.cook(1 if variant == "check says no" else 0)
    kitchen.lies("runs", "fail" if variant == "check says no" else "done")
    there = variant != "check says no"
    expect((kitchen.work / "page.txt").exists() == there and kitchen.received("The page is there") == there,
           f"{variant}: {kitchen.inbox()}")


@check("A job that wakes a model only when it must", "the tick has never run", "all is well")
def must(kitchen, variant):
    is_well = variant == "all is well"
    if is_well:
        kitchen.tick()
    kitchen.cook()
    expect(kitchen.asked() == (not is_well) and kitchen.received("look") == (not is_well), f"what comes: {kitchen.inbox()}")
    run = json.loads(kitchen.good("job", "--list", "--json").out.splitlines()[0])
    expect(run["delivery"] == ("silent" if is_well else "delivered"), f"its record: {run}")


@check("A look at all of it", "usual", "red")
def look(kitchen, variant):
    if variant == "red":
        (kitchen.spool / "agents/nova.md").write_text("Modell: haiku\n")
    done = kitchen.cook()
    out = done.out.decode()
    expect("\nmain is green: " in out and "\nportfolio is amber: no Notion DB\n" in out, f"it says {out}")
    first = out.split()[0].lower()
    expect(first == ("red" if variant == "red" else "amber"), f"it begins with {first}")
