"""Killed in the middle of publishing, and what comes after it failing: one commit in the end, or none, and each undone once."""
import os
import signal

from case import expect, wait_for_orphans
from ends import ended, is_published, kill_all, until_over
from home import case
from kept_in_notion import bound
from notion_api import RATE_LIMITED, TOKEN, UNAVAILABLE
from sending import register
from writing import SOON, STAGES

# Where git is stopped: before there is a commit, before and after the branch has moved, and while the work tree follows.
MOMENTS = ("status", "before"), ("commit-tree", "after"), ("update-ref", "before"), ("update-ref", "after"), ("checkout-index", "after")
WORDS = {"status": "begun", "commit-tree": "made_a_commit"}


def approved(home):
    """A run that is on its way to publish."""
    run = home.begin_run(home.article())
    home.answers(1)
    home.answers(2)
    return run


def goes_to_its_end(home, room="done"):
    """The tick comes by as often as it does in an hour."""
    for _ in range(60):
        home.tick()
        wait_for_orphans()
        if home.names("runs", room):
            return
        for path in (home.spool / "runs/wait").iterdir():
            os.utime(path)
    until_over(home, room)


def killed(home, moment, victims, is_first_released):
    """It is stopped there, its processes are killed, and it is begun again: before or after what outlives it goes on."""
    home.furnish().stop.arm(*moment, "block")
    run = approved(home)
    home.stop.reached()
    for words in victims:
        pids = home.processes(*words)
        expect(pids, f"no {words} runs")
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    if not victims:
        kill_all(home)
    if is_first_released:
        home.stop.go()
        run.end(SOON)
    again = home.start("pipeline-run", "--resume")
    home.stop.go()
    again.end(SOON)
    goes_to_its_end(home)
    is_published(home)


STEP, RUN = ("pipeline-step", "publish"), ("pipeline-run",)
for moment in MOMENTS:
    for who, victims in {"its_step": [STEP], "its_run": [RUN], "both": [STEP, RUN], "all_that_runs": []}.items():
        for when, is_first_released in {"after_git_went_on": True, "while_git_goes_on": False}.items() if victims else [("", False)]:
            register(f"{who}_killed_{moment[1]}_git_{moment[0].replace('-', '_')}_and_begun_again{when and '_'}{when}_it_is_published_once",
                     lambda home, how=(moment, victims, is_first_released): killed(home, *how))


# ------------------------------------------------------------------ what comes after it fails

def is_undone(home, times=1):
    expect(home.room == "fail", f"it lies in {home.room}/")
    home.has_taken_back(times, times)


@case
def when_notion_refuses_what_was_published_is_taken_back_once(home):
    api = bound(home)
    (home.home / "notion.token").write_text("ntn_wrong\n")
    run = approved(home)
    done = ended(home, run, 77)
    expect(b"API token is invalid" in done.err and b"ntn_wrong" not in done.err, f"{done.err}")
    is_undone(home)
    for _ in range(2):
        home.tick()
        home.resumes()
    is_undone(home)
    expect(not api.pages, f"{api.pages}")


@case
def what_was_taken_back_is_published_again_when_a_person_retries(home):
    """The questions that were answered, and the texts that were paid for, are not asked for again."""
    api = bound(home)
    (home.home / "notion.token").write_text("ntn_wrong\n")
    ended(home, approved(home), 77)
    (home.home / "notion.token").write_text(TOKEN + "\n")
    home.good("spool", "retry", home.entry.id)
    goes_to_its_end(home)
    expect(home.products() == set(STAGES) and home.asked() == 2, f"asked {home.asked()} times")
    expect(len(home.names("calls-kira", "done")) == 5, "kira was paid again")
    subjects = home.subjects()
    expect([subject.partition(" ")[0] for subject in subjects] == ["The", "Publish:", "Revert", "Publish:"], f"{subjects}")
    home.is_clean()
    expect(list(api.shown) == ["sample"], f"{api.shown}")


for moment in ("log", "before"), ("update-ref", "before"), ("update-ref", "after"), ("checkout-index", "after"):
    def check(home, moment=moment):
        bound(home)
        home.furnish()
        (home.home / "notion.token").write_text("ntn_wrong\n")
        home.stop.arm("hash-object", "after", "block")  # armed for the undo when it has published
        run = approved(home)
        home.stop.reached()
        home.stop.arm(*moment, "block")
        # The publish itself passes these, too: what is stopped first is that; then the undo.
        home.stop.go()
        home.stop.reached()
        home.stop.arm(*moment, "block")
        home.stop.go()
        home.stop.reached()
        kill_all(home)
        run.end()
        goes_to_its_end(home, "fail")
        is_undone(home)

    register(f"killed_{moment[1]}_git_{moment[0].replace('-', '_')}_while_it_is_taken_back_it_is_taken_back_once", check)


@case
def when_the_archive_cannot_be_written_the_page_in_notion_goes_too(home):
    api = bound(home)
    home.furnish()
    (home.home / "content").mkdir()
    (home.home / "content/archive").write_text("a file\n")
    run = approved(home)
    run.end(SOON)
    is_undone(home)
    expect(len(api.pages) == 1 and not api.shown, f"{api.pages}")


@case
def what_somebody_changed_since_holds_the_run_and_is_told(home):
    """A person has corrected the post while Notion was away; then it is cancelled."""
    api = bound(home)
    api.always("GET databases", UNAVAILABLE)
    ended(home, approved(home), 75)
    (home.site / "posts/sample/blog.md").write_text("better\n")
    home.git("commit", "-qam", "Better")
    done = home.run("spool", "cancel", home.entry.id)
    expect(done.code == 1 and b"could not be undone" in done.err and home.room == "hold", f"{done.code} {done.err}")
    home.told("could not be undone")
    expect("blog.md was changed since: take commit" in home.log("runs", home.entry.id), "not said why")
    expect(home.subjects()[-1] == "Better", f"{home.subjects()}")
    home.git("revert", "--no-edit", "HEAD")
    home.good("spool", "release", home.entry.id)
    goes_to_its_end(home, "fail")
    expect(home.subjects()[-1].startswith('Revert "Publish: '), f"{home.subjects()}")
    expect(home.git("ls-files") == "index.html\n", "still there")


# ------------------------------------------------------------------ what comes after it has to wait

@case
def while_notion_is_away_nothing_is_undone_and_it_goes_on_later(home):
    api = bound(home)
    api.answer("GET databases", *[UNAVAILABLE] * 5)
    api.answer("POST pages", RATE_LIMITED)
    ended(home, approved(home), 75)
    expect(home.room == "wait", f"it lies in {home.room}/")
    home.take_steps()
    home.has_published()
    goes_to_its_end(home)
    is_published(home)
    expect(list(api.shown) == ["sample"] and len(api.pages) == 1, f"{api.pages}")


@case
def cancelled_while_notion_is_away_it_is_taken_back(home):
    api = bound(home)
    api.always("GET databases", UNAVAILABLE)
    ended(home, approved(home), 75)
    api.always("GET databases", None)
    home.good("spool", "cancel", home.entry.id)
    goes_to_its_end(home, "fail")
    is_undone(home)


@case
def another_git_that_holds_the_index_only_makes_it_wait(home):
    home.furnish()
    (home.site / ".git/index.lock").touch()
    ended(home, approved(home), 75)
    expect(home.room == "wait" and home.subjects() == ["The site"], f"it lies in {home.room}/")
    (home.site / ".git/index.lock").unlink()
    goes_to_its_end(home)
    is_published(home)


@case
def changes_that_are_in_no_commit_only_make_it_wait_for_a_person(home):
    home.furnish()
    mine = home.site / "posts/sample/blog.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    ended(home, approved(home), 69)
    expect(home.room == "hold" and mine.read_text() == "mine\n", f"it lies in {home.room}/")
    mine.unlink()
    home.good("spool", "release", home.entry.id)
    goes_to_its_end(home)
    is_published(home)
