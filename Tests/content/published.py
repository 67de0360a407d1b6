"""Publishing by itself: one commit for each run, and one that takes it back, whatever is in the way and whatever is killed."""
import os
import time

from case import expect
from home import case
from sending import register
from writing import RUN

OTHER = "20261124T080000.000000Z-xyz789-content-v2"
# Where publish.sh calls git, in this order, and where a kill leaves something.
CALLS = ("rev-parse", "symbolic-ref", "log", "status", "hash-object", "read-tree", "--index-info", "write-tree", "commit-tree",
         "update-ref", "ls-tree", "checkout-index")


def begin(home, undoing=False, run=RUN, title="Tea at four"):
    """Starts publish.sh, as a step of a run does it."""
    env = {"RUN": run, "STEPS": str(home.steps)} if undoing else home.made(run)
    return home.start(home.script("content/publish.sh"), *(["--undo", "sample"] if undoing else ["sample", title]), env=env)


def publish(home, code=0, **how):
    done = begin(home, **how).end()
    expect(done.code == code, f"publish.sh exits {done.code}, not {code}: {done.err.decode()}")
    return (done.out + done.err).decode()


def undo(home, **how):
    return publish(home, undoing=True, **how)


def check(home, code=0):
    done = home.run(home.script("content/publish.sh"), "--check")
    expect(done.code == code, f"exit {done.code}, not {code}")
    return done.err.decode()


@case
def a_run_is_published_by_one_commit_and_taken_back_by_another(home):
    home.repository()
    for _ in range(3):
        said = publish(home)
    home.has_published()
    commit = home.git("rev-parse", "HEAD").strip()
    expect(said == f"posts/sample/index.html, commit {commit}\n", said)
    expect(home.git("log", "-1", "--format=%B").strip() == f"Publish: Tea at four\n\nRun: {RUN}", "another message")
    expect(home.git("log", "-1", "--format=%an %cn").strip() == "Ann Ann", "another author")
    for _ in range(3):
        undo(home)
    home.has_taken_back()
    expect(f"This reverts commit {commit}." in home.git("log", "-1", "--format=%B"), "it does not say what it takes back")


@case
def what_was_taken_back_can_be_published_again(home):
    home.repository()
    for times in 1, 2:
        publish(home)
        undo(home)
        home.has_taken_back(times, times)


@case
def nothing_is_taken_back_where_nothing_was_published(home):
    home.repository().made()
    expect("nothing was published" in undo(home), "it does not say so")
    expect(home.subjects() == ["The site"], f"{home.subjects()}")


@case
def two_runs_have_a_commit_each_and_only_the_one_in_question_is_taken_back(home):
    home.repository()
    publish(home)
    before = home.git("rev-parse", "HEAD:posts/sample").strip()
    env = home.made(OTHER, "# Tea\n\nAt five.\n")
    home.good(home.script("content/publish.sh"), "sample", "Tea at five", env=env)
    env = home.made(OTHER, "# Tea\n\nAt five.\n")
    home.good(home.script("content/publish.sh"), "--undo", "sample", env=env)
    expect(home.git("rev-parse", "HEAD:posts/sample").strip() == before, "not as it was")
    home.is_clean()
    undo(home)
    home.has_taken_back(2, 2)


@case
def what_somebody_changed_since_is_not_taken_back_and_that_is_said(home):
    home.repository()
    publish(home)
    (home.site / "posts/sample/blog.md").write_text("better\n")
    expect("in no commit" in undo(home, code=69), "not said")
    home.git("commit", "-qam", "Better")
    expect("was changed since" in undo(home, code=69), "not said")
    expect(home.subjects()[-1] == "Better" and (home.site / "posts/sample/blog.md").read_text() == "better\n", "lost")
    home.is_clean()


@case
def what_else_is_in_the_work_tree_and_in_the_index_stays_as_it_is(home):
    home.repository()
    (home.site / "index.html").write_text("changed\n")
    (home.site / "staged").write_text("staged\n")
    (home.site / "new").write_text("new\n")
    home.git("add", "staged")
    before = home.git("status", "--porcelain")
    publish(home)
    expect(home.git("status", "--porcelain") == before, f"{before} became {home.git('status', '--porcelain')}")
    expect(home.git("show", "--format=", "--name-only", "HEAD").count("posts/sample/") == 5, "other files in the commit")
    undo(home)
    expect(home.git("status", "--porcelain") == before and not (home.site / "posts").exists(), "not as it was")


@case
def a_file_of_a_person_is_not_written_over(home):
    home.repository().made()
    mine = home.site / "posts/sample/blog.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    for ignored in False, True:
        if ignored:
            (home.site / ".git/info/exclude").write_text("posts/\n")
        expect("in no commit" in publish(home, code=69), "not said")
        expect(mine.read_text() == "mine\n" and home.subjects() == ["The site"], "written over")
    (home.site / ".git/info/exclude").unlink()
    home.git("add", "posts")
    home.git("commit", "-qm", "Mine")
    publish(home)
    home.has_published()
    undo(home)
    expect(mine.read_text() == "mine\n", "not as it was")
    home.is_clean()


@case
def a_repository_that_holds_the_same_text_gets_no_empty_commit(home):
    home.repository()
    publish(home)
    publish(home, run=OTHER)
    expect(home.subjects() == ["The site", "Publish: Tea at four"], f"{home.subjects()}")


# ------------------------------------------------------------------ other kinds of repositories

@case
def it_publishes_into_an_empty_repository_without_anybody_s_name(home):
    home.good("/usr/bin/git", "init", "-q", "-b", "main", home.site)
    publish(home)
    home.has_published()
    expect(home.git("log", "-1", "--format=%an").strip() in ("Spindle", "root"), "another author")
    undo(home)
    expect(home.git("ls-files") == "" and os.listdir(home.site) == [".git"], "still there")


@case
def it_publishes_into_a_bare_repository(home):
    home.good("/usr/bin/git", "init", "-q", "--bare", "-b", "main", home.site)
    publish(home)
    publish(home)
    expect(home.git("ls-tree", "-r", "--name-only", "HEAD").count("posts/sample/") == 5, "not all files")
    undo(home)
    expect(home.git("ls-tree", "-r", "HEAD") == "" and len(home.subjects()) == 2, f"{home.subjects()}")


@case
def it_says_what_is_no_repository(home):
    home.made()
    expect("is not there" in check(home, 69), "not said")
    home.site.mkdir()
    expect("no git repository" in check(home, 69), "not said")
    home.repository()
    check(home)
    (home.site / "posts").mkdir()
    home.settings["CONTENT_REPO"] = str(home.site / "posts")
    expect(f"name {home.site}" in check(home, 78), "not said")


@case
def while_no_branch_is_checked_out_or_a_merge_is_going_on_it_waits(home):
    home.repository()
    home.git("checkout", "-q", "--detach")
    expect("on no branch" in publish(home, code=75), "not said")
    home.git("checkout", "-q", "main")
    (home.site / ".git/MERGE_HEAD").write_text(home.git("rev-parse", "HEAD"))
    expect("a merge" in publish(home, code=75), "not said")
    (home.site / ".git/MERGE_HEAD").unlink()
    publish(home)
    home.has_published()


@case
def a_path_that_is_a_file_in_the_repository_is_said_and_nothing_is_published(home):
    home.repository()
    (home.site / "posts").write_text("x\n")
    home.git("add", "posts")
    home.git("commit", "-qm", "Posts")
    publish(home, code=69)
    expect(home.subjects()[-1] == "Posts", f"{home.subjects()}")
    home.is_clean()


@case
def names_and_titles_that_are_made_to_harm_are_only_text(home):
    home.settings["CONTENT_REPO"] = str(home.site)
    home.site = home.home / "-x $(touch pwned) 'a\"b`c\n"
    home.settings["CONTENT_REPO"] = str(home.site)
    home.repository()
    publish(home, title="--amend $(touch pwned) `touch pwned`\tRun: x %H")
    home.has_published()
    expect("$(touch pwned)" in home.subjects()[-1] and not list(home.home.rglob("pwned")), f"{home.subjects()}")
    undo(home)
    home.has_taken_back()


# ------------------------------------------------------------------ locks

@case
def where_another_git_holds_the_index_it_waits_and_nothing_is_published(home):
    home.repository()
    (home.site / ".git/index.lock").touch()
    expect("index.lock" in publish(home, code=75), "not said")
    expect((home.site / ".git/index.lock").exists() and home.subjects() == ["The site"], "it took the lock of another")
    (home.site / ".git/index.lock").unlink()
    publish(home)
    home.has_published()


@case
def where_another_git_holds_the_branch_it_waits_and_nothing_is_published(home):
    home.repository()
    for name in "refs/heads/main.lock", "HEAD.lock":
        (home.site / ".git" / name).touch()
        publish(home, code=75)
        expect((home.site / ".git" / name).exists() and home.subjects() == ["The site"], f"it took {name} of another")
        (home.site / ".git" / name).unlink()
        home.is_clean()
    publish(home)
    home.has_published()


@case
def ten_that_publish_at_once_have_one_commit(home):
    home.repository()
    env = home.made()
    for command in [home.start(home.script("content/publish.sh"), "sample", "Tea", env=env) for _ in range(10)]:
        expect(command.end().code == 0, f"{command.said()}")
    home.has_published()


# ------------------------------------------------------------------ killed

def both(home):
    """Publishing, and taking it back; with what must hold after each."""
    return (False, home.has_published), (True, home.has_taken_back)


def killed(home, word, when, how):
    """Killed there, with all that it has started; and begun again."""
    home.repository()
    for undoing, holds in both(home):
        home.stop.arm(word, when, how)
        first = begin(home, undoing).end()
        if home.stop.disarm():
            expect(undoing, f"git {word} is not called")
        else:
            expect(first.code == -9, f"it was not killed: exit {first.code}")
        publish(home, undoing=undoing)
        holds()


for word in CALLS:
    for when, how in ("before", "kill"), ("after", "kill"), *([("before", "locked")] if word == "update-ref" else []):
        register(f"killed_{when}_git_{word.strip('-').replace('-', '_')}{'_which_leaves_its_locks' * (how == 'locked')}"
                 "_and_begun_again_it_has_published_once",
                 lambda home, word=word, when=when, how=how: killed(home, word, when, how))


@case
def killed_at_any_moment_and_begun_again_it_has_published_once_and_taken_back_once(home):
    home.repository()
    for number in range(40):
        for undoing, holds in both(home):
            command = begin(home, undoing)
            time.sleep(0.004 * number)
            os.killpg(command.pid, 9)
            command.end()
            publish(home, undoing=undoing)
            holds()
        home.git("reset", "-q", "--hard", "HEAD~2")
