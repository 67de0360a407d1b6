"""Script, prompts, directory are changed or deleted: the run goes on with what it began with, or says what is missing."""
import os
import shutil

from case import expect
from home import case
from sending import register

TEXT = 'pipeline-step z -- moody z 75\npipeline-step show -- {}\n'


def later(home, run):
    """The pass that comes after the change; gives what it says."""
    home.is_well("z")
    return home.resume_now(run.id)


def parked(home, command, head="#!/bin/sh\n", **how):
    return home.pipe(TEXT.format(command), head=head, code=75, **how)


# ------------------------------------------------------------------ the script

for words, change in {"changed": lambda path: path.write_text("#!/bin/sh\ntally other\n"),
                      "deleted": lambda path: path.unlink(),
                      "a_directory_now": lambda path: (path.unlink(), path.mkdir()),
                      "no_longer_readable": lambda path: path.chmod(0)}.items():
    for language, head, name in (("sh", "#!/bin/sh\n", "job.sh"), ("bash", "#!/usr/bin/env bash\n", "job.sh")):
        def goes_on(home, change=change, head=head, name=name):
            run = parked(home, 'echo "$0"', head)
            change(home.home / name)
            later(home, run)
            run.lies("done")
            expect(run.response.decode() == f"z done\n{home.home}/{name}\n", f"it prints {run.response!r}")
            expect("other" not in home.ran(), "the other script has run")

        register(f"with_its_script_{words}_a_run_in_{language}_goes_on_with_what_it_began_with", goes_on)


@case
def a_script_that_is_changed_while_it_runs_is_not_seen(home):
    """A shell reads on in its file: here it is a copy of its own."""
    run = home.launch("pipeline-step a -- await a\npipeline-step b -- tally b\n")
    home.until_ran("a")
    with open(home.home / "job.sh", "r+b") as file:
        file.write(b"#!/bin/sh\npipeline-step x -- tally x\npipeline-step y -- tally y\n# more and more\n")
    home.go("a")
    run.ends()
    home.has_run("a", "b")


@case
def a_script_in_python_that_was_deleted_goes_on(home):
    text = ("#!/usr/bin/env python3\nimport subprocess, sys\n"
            "sys.exit(subprocess.run(['pipeline-step', 'z', '--', 'moody', 'z', '75']).returncode)\n")
    run = home.pipe(text, head="", name="job.py", code=75)
    (home.home / "job.py").unlink()
    later(home, run)
    run.lies("done")


@case
def with_the_directory_of_its_script_deleted_the_run_goes_on(home):
    home.furnish().write(home.home / "scripts/job.sh", "#!/bin/sh\n" + TEXT.format("tally show"))
    run = home.launch_file("scripts/job.sh").ends(75)
    shutil.rmtree(home.home / "scripts")
    later(home, run)
    run.lies("done")


# ------------------------------------------------------------------ prompts

CHANGES = {"changed": lambda path: path.write_text("new\n"), "deleted": lambda path: path.unlink(),
           "replaced": lambda path: (path.unlink(), path.write_text("new\n")),
           "a_directory_now": lambda path: (path.unlink(), path.mkdir())}


def is_kept(file, command, change):
    """The agent answers what it was asked."""
    def check(home):
        home.furnish().write(home.spool / "agents/echo.md", "Command: cat\n\nWho.\n", 0o644)
        home.write(home.home / file, "old\n", 0o644)
        run = parked(home, f"claude-call --agent echo {command}")
        change(home.home / file)
        done = later(home, run)
        expect(run.lies("done").response.endswith(b"old\n"), f"it prints {run.response!r}")
        name = file.rpartition("/")[2]
        expect(name in done.err.decode() and name in run.log(), f"it says {done.err!r}")

    return check


for words, change in CHANGES.items():
    for how, command in {"": "-f prompts/a.md", "_beside_the_script": '-f "$(dirname "$0")/prompts/a.md"',
                         "_that_is_an_input": "hello --input prompts/a.md", "_with_a_dot": "-f ./prompts/a.md"}.items():
        register(f"a_prompt{how}_that_is_{words}_is_the_one_it_began_with", is_kept("prompts/a.md", command, change))


@case
def a_prompt_that_has_not_changed_is_the_file_itself(home):
    home.furnish().write(home.home / "a.md", "old\n", 0o644)
    run = home.pipe("pipeline-step a -- sh -c 'echo \"$1\"' sh a.md\n", options=("--keep", "a.md"))
    expect(run.out == b"a.md\n", f"it is given {run.out!r}")


# ------------------------------------------------------------------ other files

@case
def a_file_of_another_command_is_what_it_is_by_now(home):
    """Nobody knows whether that only reads it: --keep says so."""
    home.furnish().write(home.home / "a.md", "old\n", 0o644)
    run = parked(home, "cat a.md")
    home.write(home.home / "a.md", "new\n", 0o644)
    later(home, run)
    expect(run.lies("done").response == b"z done\nnew\n", f"it prints {run.response!r}")


@case
def a_program_that_was_deleted_holds_the_run_and_is_named_and_put_back_it_goes_on(home):
    home.furnish().write(home.home / "publish.sh", "#!/bin/sh\ntally publish\n")
    run = parked(home, "./publish.sh")
    (home.home / "publish.sh").unlink()
    done = later(home, run)
    expect(b"publish.sh" in done.err, f"it says {done.err!r}")
    run.lies("hold")
    home.write(home.home / "publish.sh", "#!/bin/sh\ntally publish\n")
    home.good("spool", "release", run.id)
    home.resume()
    run.lies("done")
    expect(home.ran()[-1] == "publish", f"what ran: {home.ran()}")


@case
def an_undo_whose_program_was_deleted_holds_the_run_and_put_back_it_is_undone(home):
    home.furnish().write(home.home / "unpublish.sh", "#!/bin/sh\ntally undo\n")
    run = home.pipe("pipeline-step a --undo ./unpublish.sh -- tally a\npipeline-step b -- moody b 75\n"
                    "pipeline-step c -- tally c 5\n", code=75)
    (home.home / "unpublish.sh").unlink()
    home.is_well("b")
    home.resume_now()
    run.lies("hold")
    expect("unpublish.sh" in run.log(), f"its log: {run.log()!r}")
    home.write(home.home / "unpublish.sh", "#!/bin/sh\ntally undo\n")
    home.good("spool", "release", run.id)
    home.resume()
    run.lies("fail")
    home.has_run("a", "b", "b", "c", "undo")


@case
def what_keep_names_is_kept(home):
    """The script makes its name out of parts."""
    for name in "a.md", "b.md":
        home.furnish().write(home.home / "far" / name, "old\n", 0o644)
    run = parked(home, 'cat "$PWD/far/a.m""d" far/b.m""d', options=("--keep", "far/a.md", "--keep", home.home / "far/b.md"))
    for name in "a.md", "b.md":
        (home.home / "far" / name).unlink()
    later(home, run)
    expect(run.lies("done").response == b"z done\nold\nold\n", f"it prints {run.response!r}")


@case
def keep_of_what_is_not_there_is_refused_at_the_beginning(home):
    home.furnish().script("tally a\n")
    done = home.run("pipeline-run", "--keep", "nowhere.md", "job.sh")
    expect(done.code in (64, 65, 69) and b"nowhere.md" in done.err, f"exit {done.code}: {done.err!r}")
    home.has_run()


@case
def a_file_that_the_run_itself_has_written_is_the_new_one(home):
    """It lay there from yesterday; a step writes today's, the next one sends it."""
    home.furnish().write(home.home / "report.md", "yesterday\n", 0o644)
    run = home.pipe("pipeline-step write -- sh -c 'echo today >report.md'\npipeline-step send -- cat report.md\n")
    expect(run.out == b"today\n", f"it sends {run.out!r}")


@case
def a_file_that_the_run_itself_appends_to_is_the_new_one(home):
    home.furnish().write(home.home / "list", "one\n", 0o644)
    run = home.pipe("echo two >>list\npipeline-step show -- cat list\n")
    expect(run.out == b"one\ntwo\n", f"it shows {run.out!r}")


@case
def a_file_that_a_step_changes_in_place_is_really_changed(home):
    """git add FILE, sed -i FILE: the file is meant, not its copy."""
    home.furnish().write(home.home / "list", "one\n", 0o644)
    home.pipe("pipeline-step a -- sh -c 'echo two >>list'\npipeline-step b -- sed -i s/two/three/ list\n")
    expect((home.home / "list").read_text() == "one\nthree\n", f"it has {(home.home / 'list').read_text()!r}")


@case
def a_large_file_is_not_kept_and_its_loss_is_the_step_s_failure(home):
    with open(home.home / "large", "wb") as file:
        file.truncate(3 << 20)
    run = parked(home, "wc -c large")
    (home.home / "large").unlink()
    later(home, run)
    run.lies("fail")


@case
def kept_files_are_kept_once(home):
    """A hundred runs of one script with one prompt."""
    home.furnish().write(home.home / "a.md", "old\n", 0o644)
    for _ in range(5):
        home.pipe("pipeline-step a -- cat a.md\n")
    kept = [path for path in (home.spool / "runs/kept").rglob("*") if path.is_file()]
    expect(len(kept) <= 2, f"kept are {kept}")


@case
def a_pipe_and_a_directory_that_the_script_names_hold_nothing_up(home):
    os.mkfifo(home.home / "pipe")
    (home.home / "dir").mkdir()
    (home.home / "link").symlink_to("nowhere")
    home.pipe("ls -d pipe dir link >/dev/null\npipeline-step a -- ls -d pipe dir link\n", within=20)


# ------------------------------------------------------------------ the directory

@case
def with_its_directory_deleted_the_run_parks_and_says_what_is_missing(home):
    place = home.home / "work"
    place.mkdir()
    home.furnish().script("pipeline-step a --undo 'tally undo' -- tally a\npipeline-step z -- moody z 75\n"
                          "pipeline-step b -- tally b\n")
    known = home.run_ids()
    done = home.run("env", "-C", place, "pipeline-run", home.home / "job.sh")
    expect(done.code == 75, f"exit {done.code}")
    [id] = set(home.run_ids()) - set(known)
    shutil.rmtree(place)
    home.is_well("z")
    done = home.resume_now(id)
    expect(done.code in (69, 75) and str(place) in done.err.decode(), f"exit {done.code}: {done.err!r}")
    home.has_run("a", "z")
    [name] = home.names("runs", "hold") or home.names("runs", "wait")
    expect(name.startswith(id), "it is not parked")
    home.told(id.split("-")[1], "held")
    place.mkdir()
    if home.names("runs", "hold"):
        home.good("spool", "release", id)
    home.resume_now()
    expect(home.names("runs", "done") == [id], "it does not go on")
    home.has_run("a", "z", "z", "b")


@case
def with_its_directory_deleted_while_it_runs_the_pass_goes_on(home):
    place = home.home / "work"
    place.mkdir()
    home.furnish().script("pipeline-step a -- await a\npipeline-step b -- tally b\n")
    command = home.start("env", "-C", place, "pipeline-run", home.home / "job.sh")
    home.until_ran("a")
    place.rmdir()
    home.go("a")
    done = command.end(30)
    expect(done.code in (0, 69, 75), f"exit {done.code}: {done.err!r}")


@case
def a_run_that_was_begun_in_a_deleted_directory_is_refused(home):
    place = home.home / "work"
    place.mkdir()
    home.furnish().script("tally a\n")
    done = home.run("sh", "-c", 'cd work && rmdir ../work && exec pipeline-run "$0"', home.home / "job.sh")
    expect(done.code not in (0, 70) and done.err.startswith(b"pipeline-run: "), f"exit {done.code}: {done.err!r}")
    home.has_run()


@case
def a_record_of_a_step_that_a_person_took_away_is_told_or_made_again(home):
    """rm of a product: the next pass must not print nothing as if that were it."""
    run = parked(home, "tally show")
    run_two = home.pipe("pipeline-step a -- tally a\npipeline-step y -- moody y 75\n", name="two.sh", code=75)
    (run_two.state / "steps/a").unlink()
    home.is_well("y", "z")
    done = home.resume_now()
    expect(run_two.room != "done" or b"a done\n" in run_two.response, f"it prints {run_two.response!r}: {done.err!r}")
    run.lies("done")
