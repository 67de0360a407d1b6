"""A home with an article in it, a repository to publish into, and the pipeline between the two."""
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from asking import Asker
from case import expect
from home import Skipped, children, until

SOURCE = Path(__file__).resolve().parent.parent.parent
AGENTS = "nova", "kira", "lex"
PRODUCTS = "render", "linkedin", "instagram", "medium", "blog"
STAGES = ("article", "gather", "analyze", "present", "approval", "canonical", "linkedin", "instagram", "medium", "blog",
          "review", "draft", "approval-2", "render", "preview", "publish", "notion_update", "archive")
RUN = "20261124T070000.000000Z-abc234-content-v2"
SETTINGS = "CONTENT_REPO", "CONTENT_WAIT", "CONTENT_CONFIRM", "NOTION_DB", "NOTION_TOKEN_FILE", "NOTION_API", "TELEGRAM_API"
SOON = 30  # seconds for a run that waits for nobody, on a machine that has much to do


class Writer(Asker):
    """An Asker that publishes."""

    def __init__(self, *given):
        super().__init__(*given)
        installed = self.bin.parent / "share/spindle"
        self.share = installed if (installed / "cron/content.sh").exists() else SOURCE
        self.cron = self.share / "cron"
        self.site, self.stop = self.home / "site", Stop(self.home / "wrapped")
        self.settings["CONTENT_REPO"] = str(self.site)

    def environment(self, more):
        """plain-writer is found, and git by way of what can stop it."""
        given = super().environment(more)
        return {**given, "PATH": f"{self.stop.place}:{self.cron}/content:{given['PATH']}"}

    # ---------------------------------------------------------------- the repository

    def git(self, *argv):
        """As a person uses it, and not by way of what stops it."""
        done = subprocess.run(["/usr/bin/git", "-C", self.site, *argv], capture_output=True, text=True,
                              env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"})
        self.transcript += [f"    $ git {' '.join(argv)}   (exit {done.returncode})", "      " + done.stdout + done.stderr]
        expect(done.returncode == 0, f"git {' '.join(argv)}: {done.stderr}")
        return done.stdout

    def repository(self):
        """With a commit and a work tree, as a person has it."""
        subprocess.run(["/usr/bin/git", "init", "-q", "-b", "main", self.site], check=True, capture_output=True)
        (self.home / ".gitconfig").write_text("[user]\n\tname = Ann\n\temail = ann@example.org\n")
        (self.site / "index.html").write_text("<p>Hello</p>\n")
        self.git("add", "index.html")
        self.git("commit", "-q", "-m", "The site")
        return self

    def subjects(self):
        return self.git("log", "--format=%s").splitlines()[::-1]

    def is_clean(self):
        """Nothing is half done there."""
        self.git("fsck", "--no-dangling")
        expect(self.git("status", "--porcelain", "--ignored") == "", "index or work tree differ from the branch")
        left = [path for path in (self.site / ".git").rglob("*") if path.name.endswith(".lock")
                or path.parent.name == "spindle" and path.name != "lock"]
        expect(not left, f"left over: {left}")

    def has_published(self, times=1, slug="sample"):
        """Just so many commits, and all files of the last as they are in the run."""
        expect(sum(subject.startswith("Publish: ") for subject in self.subjects()) == times, f"{self.subjects()}")
        expect(not any(subject.startswith("Revert ") for subject in self.subjects()), f"{self.subjects()}")
        for product in PRODUCTS:
            name = "index.html" if product == "render" else f"{product}.md"
            expect((self.site / "posts" / slug / name).read_bytes() == (self.steps / product).read_bytes(), f"{name} differs")
        self.is_clean()

    def has_taken_back(self, published=1, undone=1):
        """What was published is not there any more, by as many commits; nothing else has changed."""
        subjects = self.subjects()
        expect(sum(subject.startswith("Publish: ") for subject in subjects) == published, f"{subjects}")
        expect(sum(subject.startswith("Revert ") for subject in subjects) == undone, f"{subjects}")
        expect(self.git("ls-files") == "index.html\n" and sorted(os.listdir(self.site)) == [".git", "index.html"], "still there")
        self.is_clean()

    # ---------------------------------------------------------------- its scripts by themselves

    def made(self, run=RUN, text="# Tea\n\nAt four.\n"):
        """What a run has when it comes to publishing; gives the environment of its steps."""
        self.steps = self.home / "made" / run
        self.steps.mkdir(parents=True, exist_ok=True)
        for product in PRODUCTS:
            (self.steps / product).write_text(f"{text}{product}\n")
        return {"RUN": run, "STEPS": str(self.steps)}

    def script(self, name):
        return self.cron / name

    # ---------------------------------------------------------------- a run

    def furnish(self):
        """A spool whose agents are no models, and a repository."""
        if not self.spool.exists():
            if not (self.bin / "pipeline-run").exists():
                raise Skipped("there is no pipeline-run")
            super().furnish()
            for agent in AGENTS:
                text = (self.share / "spool/agents" / f"{agent}.md").read_text()
                (self.spool / "agents" / f"{agent}.md").write_text("Command: plain-writer\nRate: 1000/min\n" + text)
            self.repository()
        return self

    def article(self, name="sample.md", text=None):
        path = os.fsencode(self.home) + b"/" + os.fsencode(name)
        text = (self.cron / "content/sample.md").read_text() if text is None else text
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return name

    def begin_run(self, article, *options, env={}):
        """Starts the pipeline, and does not wait for it."""
        self.furnish()
        names = [f"--env={name}" for name in SETTINGS if name in {**self.settings, **env}]
        return self.start("pipeline-run", "--name", "content-v2", *names, *options, self.script("content.sh"), article, env=env)

    @property
    def entry(self):
        """The only run."""
        return self.only("runs", "new", "run", "wait", "hold", "done", "fail")

    @property
    def room(self):
        return self.entry.room

    def open_question(self, number, patience=SOON):
        """The so-manieth request, once it is open; gives its ID."""
        def found():
            ids = sorted({name for room in ("hold", "done") for name in self.names("approvals", room)})
            return len(ids) >= number and ids[number - 1] in self.names("approvals", "hold") and ids[number - 1]

        return until(found, f"request {number} is open", patience)

    def answers(self, number, word="yes"):
        self.touch(f"{self.open_question(number)}.{word}")

    def resumes(self, within=SOON):
        """As the tick does it, and waits for what comes of it."""
        return self.run("pipeline-run", "--resume", within=within)

    def take_steps(self):
        """From now on `steps` are those of the only run, which may be moving about."""
        [state] = (self.spool / "runs/state").iterdir()
        self.steps = state / "steps"
        return self.steps

    def products(self):
        return {name for name in os.listdir(self.take_steps()) if not name.startswith(".")}

    def processes(self, *words):
        """Those that this process has started, and whose command line begins so."""
        found = []
        for pid in children(os.getpid()):
            try:
                argv = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if [os.path.basename(argv[0]), *argv[1:]][:len(words)] == list(words):
                found.append(pid)
        return found


class Stop:
    """Stands before git, and stops it once: when it is called with a word, before or after that is done."""

    SCRIPT = """#!/bin/sh
here=${0%/*}
read -r word when how 2>/dev/null <"$here/armed" || exec /usr/bin/git "$@"
case " $* " in *" $word "*) ;; *) exec /usr/bin/git "$@" ;; esac
mv "$here/armed" "$here/used.$$" 2>/dev/null || exec /usr/bin/git "$@"
code=0
[ $when = before ] || { /usr/bin/git "$@"; code=$?; }
case $how in
kill) kill -9 0 ;;
locked) for lock in HEAD refs/heads/main; do : >"$here/../site/.git/$lock.lock"; done; kill -9 0 ;;
block) echo >"$here/reached"; read -r _ <"$here/go" ;;
esac
[ $when = after ] || exec /usr/bin/git "$@"
exit $code
"""

    def __init__(self, place):
        self.place = place

    def arm(self, word, when="before", how="kill"):
        self.place.mkdir(exist_ok=True)
        git = self.place / "git"
        if not git.exists():
            git.write_text(self.SCRIPT)
            git.chmod(0o755)
            os.mkfifo(self.place / "go")
        (self.place / "reached").unlink(missing_ok=True)
        (self.place / "armed").write_text(f"{word} {when} {how}\n")
        return self

    def disarm(self):
        """Whether it was still armed."""
        armed = (self.place / "armed").exists()
        (self.place / "armed").unlink(missing_ok=True)
        return armed

    def reached(self, patience=SOON):
        until((self.place / "reached").exists, "git is stopped", patience)

    def go(self):
        """It goes on, if it still lives."""
        def opened():
            try:
                return os.open(self.place / "go", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads there, yet or any more
                return None

        for _ in range(100):
            if (descriptor := opened()) is not None:
                return os.close(descriptor)
            time.sleep(0.005)


def needs(program):
    if not shutil.which(program):
        raise Skipped(f"there is no {program}")


def shown(text):
    """The body of a page that was rendered."""
    return re.search(r"<body>\n(.*)\n</body>", text, re.DOTALL)[1]
