"""How a run ends: published after two times yes, and nothing published after anything else."""
import json
import os
import signal

from case import expect, wait_for_orphans
from home import case, until
from writing import AGENTS, SOON, STAGES


def ended(home, command, code=0):
    done = command.end(SOON)
    expect(done.code == code, f"pipeline-run exits {done.code}, not {code}: {done.err.decode()}")
    return done


def kill_all(home):
    """As a reboot does it."""
    while pids := home.processes():
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for_orphans()


def until_over(home, room="done"):
    until(lambda: home.names("runs", room), f"the run lies in {room}/", SOON)
    wait_for_orphans()


def is_published(home):
    """All that there is to be seen of it afterwards."""
    expect(home.room == "done", f"it lies in {home.room}/")
    run, steps = home.entry.id, home.products()
    expect(steps == set(STAGES), f"other steps: {steps ^ set(STAGES)}")
    home.has_published()
    page = home.home / f"content/preview/{run}.html"
    expect(page.read_bytes() == (home.steps / "render").read_bytes(), "another page is to be looked at")
    archive = home.home / f"content/archive/{run}"
    expect({path.name for path in archive.iterdir()} == set(STAGES) - {"archive"}, "not all is in the archive")
    verdicts = [entry.header["Verdict"] for entry in home.entries("approvals", "re")]
    expect(verdicts == ["approved"] * 2 and home.asked() == 2, f"asked {home.asked()} times: {verdicts}")


def is_not_published(home, room="fail"):
    expect(home.room == room, f"it lies in {home.room}/, not in {room}/")
    expect(home.subjects() == ["The site"], f"{home.subjects()}")
    home.is_clean()
    expect(not home.products() & {"publish", "notion_update", "archive"}, f"{home.products()}")


@case
def an_article_is_published_after_two_times_yes(home):
    run = home.begin_run(home.article())
    home.answers(1)
    home.answers(2)
    done = ended(home, run)
    is_published(home)
    lines = done.out.decode().splitlines()
    expect(lines == [(home.steps / name).read_text().rstrip("\n") for name in ("publish", "notion_update", "archive")], f"{lines}")
    expect(lines[1] == "skipped: NOTION_DB is not set", f"{lines}")
    shown = json.loads(home.good("spool", "show", home.entry.id, "--json").out)
    names = [step["name"] for step in shown["steps"]]
    parallel = STAGES.index("linkedin"), STAGES.index("blog") + 1
    expect((*names[:parallel[0]], *sorted(names[slice(*parallel)]), *names[parallel[1]:])
           == (*STAGES[:parallel[0]], *sorted(STAGES[slice(*parallel)]), *STAGES[parallel[1]:]), f"another order: {names}")


@case
def the_second_question_shows_the_page_and_every_text(home):
    run = home.begin_run(home.article())
    home.answers(1)
    home.open_question(2)
    page = home.home / f"content/preview/{home.entry.id}.html"
    asked = home.inbox().split("=== ")[-1]
    expect(str(page) in asked and "<h1>An agent that runs at night" in page.read_text(), "no page to be looked at")
    home.take_steps()
    for name in "review", "linkedin", "instagram", "medium", "blog":
        expect((home.steps / name).read_text() in asked, f"{name} is not shown")
    home.answers(2, "no")
    ended(home, run, 1)


@case
def the_four_posts_are_written_at_the_same_time(home):
    """Each waits for the others: one after another they would wait for ever."""
    home.furnish()
    program = home.home / "together"
    program.write_text("#!/bin/sh\ntext=$(cat)\ncase $text in *'LinkedIn post'* | *'Instagram post'* | *'Medium version'* | *'own blog'*)\n"
                       f"echo >>{home.home}/writing\nwhile [ $(wc -l <{home.home}/writing) -lt 4 ]; do sleep 0.01; done ;;\nesac\necho a text\n")
    program.chmod(0o755)
    kira = home.spool / "agents/kira.md"
    kira.write_text(kira.read_text().replace("plain-writer", str(program)))
    run = home.begin_run(home.article())
    home.answers(1)
    home.answers(2)
    ended(home, run)
    is_published(home)


@case
def with_a_model_it_is_published_as_well(home):
    """Claude Code is asked as each agent's file says: a stand-in answers."""
    home.furnish()
    for path in (home.spool / "agents").iterdir():
        path.write_text(path.read_text().replace("Command: plain-writer\n", ""))
    run = home.begin_run(home.article())
    home.answers(1)
    home.answers(2)
    ended(home, run)
    is_published(home)
    replies = [reply for agent in AGENTS for reply in home.entries(f"calls-{agent}", "re")]
    expect(len(replies) == 8 and all(reply.header["Cost-USD"] and reply.header["Model"] == "sonnet" for reply in replies), "not paid")


# ------------------------------------------------------------------ no

def asked_until(home, number):
    """A run whose so-manieth question is open, those before it being approved."""
    run = home.begin_run(home.article())
    for before in range(1, number):
        home.answers(before)
    home.open_question(number)
    return run


for number, words in (1, "first"), (2, "second"):
    def check(home, number=number):
        run = asked_until(home, number)
        home.touch(f"{home.open_question(number)}.no")
        done = ended(home, run, 1)
        expect(("approval" if number == 1 else "approval-2") in done.err.decode(), f"it does not say where: {done.err}")
        is_not_published(home)
        expect((number == 1) == (not home.spool.joinpath("calls-kira").exists()), "kira was asked, or was not")

    check.__name__ = f"rejected_at_the_{words}_gate_nothing_is_published"
    case(check)

    def check(home, number=number):
        home.settings["CONTENT_WAIT"] = "1s"
        run = home.begin_run(home.article())
        if number == 2:
            home.answers(1)
        ended(home, run, 124)
        is_not_published(home)

    check.__name__ = f"unanswered_at_the_{words}_gate_nothing_is_published"
    case(check)

    def check(home, number=number):
        run = asked_until(home, number)
        home.good("spool", "cancel", home.entry.id)
        run.end(SOON)
        is_not_published(home)

    check.__name__ = f"cancelled_at_the_{words}_gate_nothing_is_published"
    case(check)

    # -------------------------------------------------------------- late

    def check(home, number=number):
        asked_until(home, number)
        kill_all(home)
        home.touch(f"{home.open_question(number)}.yes")
        home.tick()
        if number == 1:
            home.answers(2)
        until_over(home)
        is_published(home)

    check.__name__ = f"answered_at_the_{words}_gate_while_nobody_lived_it_goes_on_with_the_next_tick"
    case(check)

    def check(home, number=number):
        asked_until(home, number)
        kill_all(home)
        home.tick()
        home.answers(number)
        if number == 1:
            home.answers(2)
        until_over(home)
        is_published(home)

    check.__name__ = f"answered_at_the_{words}_gate_after_a_reboot_and_a_tick_it_goes_on"
    case(check)

    def check(home, number=number):
        asked_until(home, number)
        kill_all(home)
        home.touch(f"{home.open_question(number)}.no")
        home.tick()
        until_over(home, "fail")
        is_not_published(home)

    check.__name__ = f"rejected_at_the_{words}_gate_while_nobody_lived_nothing_is_published"
    case(check)


@case
def killed_after_each_step_it_is_published_once(home):
    """A reboot after each; the article is gone after the first question."""
    asked_until(home, 1)
    kill_all(home)
    (home.home / "sample.md").unlink()
    home.answers(1)
    kills = 0

    def seen():
        return len(home.products()), home.names("approvals", "hold"), home.names("runs", "done")

    while not home.names("runs", "done"):
        before = seen()
        home.start("pipeline-run", "--resume")
        until(lambda: seen() != before, "it goes on", SOON)
        kill_all(home)
        kills += 1
        for id in home.names("approvals", "hold"):
            home.touch(f"{id}.yes")
    home.remark(f"{kills} kills")
    is_published(home)


# ------------------------------------------------------------------ what is missing

@case
def what_is_wrong_with_the_call_is_said_before_anybody_is_asked(home):
    done = home.run(home.script("content.sh"), "x.md")
    expect(done.code == 64 and b"is run by pipeline-run" in done.err, f"{done.code} {done.err}")
    del home.settings["CONTENT_REPO"]
    done = ended(home, home.begin_run(home.article()), 64)
    expect(b"CONTENT_REPO" in done.err, f"{done.err}")
    expect(not home.names("approvals", "hold") and not home.spool.joinpath("calls-nova").exists(), "somebody was asked")


@case
def an_article_that_is_not_there_or_empty_or_no_text_ends_the_run(home):
    for name, text in ("none.md", None), ("empty.md", " \n\n"), ("latin.md", b"caf\xe9\n"):
        if text is not None:
            home.article(name, text)
        done = home.begin_run(name).end(SOON)
        expect(done.code in (1, 65), f"{name}: exit {done.code}: {done.err}")
    expect(len(home.names("runs", "fail")) == 3 and not home.spool.joinpath("calls-nova").exists(), "a model was paid")


@case
def without_a_repository_it_waits_and_goes_on_when_there_is_one(home):
    home.furnish()
    home.site.rename(home.home / "moved")
    ended(home, home.begin_run(home.article()), 69)
    expect(home.room == "hold", f"it lies in {home.room}/")
    (home.home / "moved").rename(home.site)
    home.good("spool", "release", home.entry.id)
    home.tick()
    home.answers(1)
    home.answers(2)
    until_over(home)
    is_published(home)


@case
def without_a_model_it_waits_and_goes_on_when_there_is_one(home):
    home.furnish()
    agents = {path: path.read_text() for path in (home.spool / "agents").iterdir() if path.stem in AGENTS}
    for path, text in agents.items():
        path.write_text(text.replace("plain-writer", "no-such-program"))
    ended(home, home.begin_run(home.article()), 69)
    expect(home.room == "hold", f"it lies in {home.room}/")
    for path, text in agents.items():
        path.write_text(text)
    home.good("spool", "release", home.entry.id)
    home.tick()
    home.answers(1)
    home.answers(2)
    until_over(home)
    is_published(home)
