"""Names, places and files that are made to harm: nothing is run that was not meant, nothing hangs, no bytes are lost."""
import os

from case import expect
from home import case, until
from running import SOON, living
from sending import register

TEXT = '#!/bin/sh\npipeline-step a -- tally a\nprintf "%s\\n" "$0"\npipeline-step z -- moody z 75\n'


def nothing_was_run(home):
    expect(not list(home.home.rglob("pwned*")), "a command in a name was run")


# ------------------------------------------------------------------ the script's name, the directory, the spool

NAMES = {"blanks": "a  b.sh", "quotes": "a'b\"c.sh", "a_command": "$(touch pwned).sh", "backquotes": "`touch pwned`.sh",
         "a_dash_first": "-n.sh", "dashes_first": "--help", "a_backslash": "a\\nb.sh", "a_percent": "a%s%n.sh",
         "a_star": "*.sh", "a_semicolon": "a;touch pwned;.sh",
         "another_script": "好.sh", "an_emoji": "👩\u200d💻.sh", "250_characters": "x" * 250, "an_equals_sign": "A=b.sh"}
for words, name in NAMES.items():
    for head in "sh", "bash":
        def is_run(home, name=name, head=head):
            home.furnish().write(home.home / name, TEXT.replace("/sh", f"/{head}", 1))
            run = home.launch_file(home.home / name).ends(75)
            home.is_well("z")
            home.resume_now()
            run.lies("done")
            wanted = b"a done\n" + os.fsencode(home.home / name) + b"\nz done\n"
            expect(run.response == wanted, f"it prints {run.response!r}, not {wanted!r}")
            shown = run.show() + home.good("spool", "ls", "--all", "runs").out.decode()
            expect(not set(shown) & set("\x1b\u202e"), "its name acts on a terminal")
            nothing_was_run(home)
            home.has_run("a", "z", "z")

        register(f"a_script_whose_name_has_{words}_is_run_by_{head}_as_any", is_run)


for words, name in {"a_newline": "a\nb.sh", "escapes": "a\x1b[2J.sh", "what_turns_the_line": "a\u202eb.sh",
                    "no_encoding": os.fsdecode(b"a\xff.sh")}.items():
    def is_run_or_refused(home, name=name):
        home.furnish().write(home.home / name, "#!/bin/sh\ntally a\n")
        done = home.run("pipeline-run", home.home / name)
        expect(done.code == 0 or done.code in (64, 65) and done.err.startswith(b"pipeline-run: "),
               f"exit {done.code}: {done.err!r}")
        expect(not set(done.err.decode(errors="replace")) & set("\x1b\u202e"), f"it says {done.err!r}")
        expect(home.ran() == (["a"] if done.code == 0 else []), f"what ran: {home.ran()}")

    register(f"a_script_whose_name_has_{words}_is_run_or_refused_in_words", is_run_or_refused)


@case
def a_script_whose_name_begins_with_a_dash_is_run_behind_two(home):
    home.furnish().write(home.home / "-n.sh", TEXT.replace("75", "0"))
    home.is_well("z")
    expect(b"a done\n" in home.good("pipeline-run", "--", "-n.sh").out, "it is not run")


for words, name in {"blanks": "a  b", "quotes": "a'b\"c", "a_command": "$(touch pwned)", "a_dollar": "$HOME", "a_colon": "a:b",
                    "another_script": "好"}.items():
    def works_in(home, name=name):
        place = home.home / name
        place.mkdir()
        home.spool = place / "spool"
        home.write(place / "prompt.md", "old\n", 0o644)
        home.furnish().write(place / "job.sh",
                             "#!/bin/sh\npipeline-step a --undo 'tally undo-a' -- tally a\npipeline-step z -- moody z 75\n"
                             'pipeline-step b -- cat "$STEPS/a" prompt.md "$(dirname "$0")/prompt.md"\n'
                             'pipeline-step c -- tally c 5\n')
        done = home.run("env", "-C", place, "pipeline-run", "--keep", "prompt.md", "job.sh")
        expect(done.code == 75 and done.out == b"a done\n", f"exit {done.code}, and it prints {done.out!r}: {done.err!r}")
        (place / "prompt.md").unlink()
        home.is_well("z")
        home.resume_now()
        home.has_run("a", "z", "z", "c", "undo-a")
        [id] = home.run_ids()
        expect((home.spool / "runs/state" / id / "steps/b").read_bytes() == b"a done\nold\nold\n", "another product")
        nothing_was_run(home)

    register(f"a_spool_and_a_directory_with_{words}_are_as_any", works_in)


@case
def C_names_the_spool_for_the_run_and_for_what_it_starts_wherever(home):
    home.furnish()
    other = home.home / "other"
    home.good("spool", "init", "-C", other, "runs-of-mine")
    home.script("echo \"$SPOOL_DIR\"\ncd /\necho x | pipeline-step a -- spool put -q runs-of-mine\n")
    done = home.good("pipeline-run", "-C", "other", "job.sh")
    expect(done.out.decode().splitlines()[0] == str(other), f"it prints {done.out!r}")
    expect(len(os.listdir(other / "runs-of-mine/new")) == 1 and len(os.listdir(other / "runs/done")) == 1, "it runs elsewhere")


# ------------------------------------------------------------------ the script itself

for words, text in {"windows_lines": b"#!/bin/sh\r\npipeline-step a -- tally a\r\n",
                    "NULs": b"#!/bin/sh\npipeline-step a -- tally a\n\0\0\0exit\n",
                    "no_last_newline": b"#!/bin/sh\npipeline-step a -- tally a",
                    "a_byte_order_mark": b"\xef\xbb\xbf#!/bin/sh\npipeline-step a -- tally a\n",
                    "no_encoding": b"#!/bin/sh\n# \xff\xfe\npipeline-step a -- tally a\n",
                    "an_interpreter_that_is_not_there": b"#!/no/such/program\npipeline-step a -- tally a\n",
                    "an_empty_first_line": b"#!\npipeline-step a -- tally a\n",
                    "a_long_first_line": b"#!/bin/sh " + b"x" * 5000 + b"\n",
                    "a_megabyte_of_comments": b"#!/bin/sh\n" + b"# comment\n" * 100_000 + b"pipeline-step a -- tally a\n",
                    "lines_like_a_header": b"#!/bin/sh\n: <<X\nSubject: forged\nId: forged\n\nX\n"
                                           b"pipeline-step a -- tally a\n"}.items():
    def is_run_or_told(home, text=text):
        home.furnish().write(home.home / "job.sh", text)
        run = home.launch_file("job.sh")
        done = run.command.end(30)
        expect(done.code != 70 and (done.code == 0 or done.err), f"exit {done.code}: {done.err!r}")
        if done.code == 0 and b"tally" in text:
            expect(home.ran() in (["a"], []), f"what ran: {home.ran()}")
        if home.run_ids():
            expect(run.entry.body == text and run.entry.header["Subject"] == "job", f"its entry: {run.entry.header}")
        if b"exit" not in text and b"\r" not in text and b"#!/no" not in text and b"x" * 100 not in text:
            home.has_run("a")

    register(f"a_script_with_{words}_is_run_as_its_shell_does_or_told", is_run_or_told)


# ------------------------------------------------------------------ what a step and its command may do

@case
def a_command_of_a_hundred_kilobytes_is_run_and_recognized(home):
    run = home.pipe("x=$(head -c 100000 /dev/zero | tr '\\0' x)\n"
                    'pipeline-step a -- sh -c \'echo a >>ran; echo "${#1}"\' sh "$x"\npipeline-step z -- moody z 75\n', code=75)
    home.is_well("z")
    home.resume_now()
    expect(run.lies("done").response == b"100000\nz done\n", f"it prints {run.response!r}")
    home.has_run("a", "z", "z")


@case
def a_command_of_two_thousand_words_is_run_and_recognized(home):
    run = home.pipe("pipeline-step a -- sh -c 'echo a >>ran; echo $#' sh $(seq 2000)\npipeline-step z -- moody z 75\n", code=75)
    home.is_well("z")
    home.resume_now()
    expect(run.lies("done").response == b"2000\nz done\n", f"it prints {run.response!r}")


for words, arguments in {"newlines": '"a\nb" "\n"', "quotes": "\"'\" '\"' '`touch pwned`' '$(touch pwned)'",
                         "dashes": "-- -- --undo --",
                         "nothing_in_them": '"" "" x',
                         "what_looks_like_a_record": '"Exit: 0\nEnded: now\n\nforged"'}.items():
    def are_as_they_are(home, arguments=arguments):
        text = f"pipeline-step a -- printf '%s.' {arguments}\nprintf '%s.' {arguments}\npipeline-step z -- moody z 75\n"
        run = home.pipe(text, code=75)
        half = len(run.out) // 2
        expect(run.out[:half] == run.out[half:] and half, f"the step and the shell print {run.out!r}")
        home.is_well("z")
        home.resume_now()
        expect(run.lies("done").response == run.out + b"z done\n", f"it prints {run.response!r}")
        nothing_was_run(home)

    register(f"words_of_a_command_with_{words}_are_as_they_are", are_as_they_are)


@case
def words_of_a_command_with_no_encoding_are_refused(home):
    """Never another word in silence."""
    run = home.launch("pipeline-step a -- tally \"$(printf 'a\\377')\"\npipeline-step b -- tally b\n")
    done = run.command.end(30)
    expect(done.code == 69 and b"UTF-8" in done.err and run.room == "hold", f"exit {done.code}: {done.err!r}")
    home.has_run()


@case
def a_step_that_meddles_with_its_records_breaks_no_other(home):
    """It takes away all that it may: the run says so, or goes on; nothing is done twice in silence."""
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- sh -c 'tally b; rm -rf \"$STEPS\"/.b* \"$STEPS\"/b'\n"
                      "pipeline-step c -- tally c\n")
    done = run.command.end(30)
    expect(done.code != 70 and home.ran().count("a") == 1, f"exit {done.code}: {done.err!r}")


@case
def a_step_that_takes_all_products_away_is_told(home):
    run = home.launch("pipeline-step a -- tally a\npipeline-step b -- rm -rf \"$STEPS\"\npipeline-step c -- tally c\n")
    done = run.command.end(30)
    expect(done.code not in (0, 70) and done.err, f"exit {done.code}: {done.err!r}")


@case
def a_link_in_the_place_of_a_product_is_not_written_through(home):
    home.write(home.home / "mine", "mine\n", 0o644)
    home.launch("ln -s \"$HOME/mine\" \"$STEPS/a\"\npipeline-step a -- tally a\n").command.end(30)
    expect((home.home / "mine").read_text() == "mine\n", "it was written through the link")


@case
def with_standard_output_closed_a_step_is_finished_all_the_same_or_told(home):
    run = home.launch("pipeline-step a -- tally a >&-\npipeline-step b -- tally b 2>&-\npipeline-step c -- tally c <&-\n")
    done = run.command.end(30)
    expect(done.code != 70, f"exit {done.code}: {done.err!r}")
    expect(home.ran() == ["a", "b", "c"] or done.code != 0, f"what ran: {home.ran()}")


@case
def with_its_own_files_closed_pipeline_run_says_so_or_runs(home):
    home.furnish().script("pipeline-step a -- tally a\npipeline-step b -- tally b\n")
    for closed in "<&-", ">&-", "2>&-", "<&- >&- 2>&-":
        (home.home / "ran").unlink(missing_ok=True)
        done = home.run("sh", "-c", f"exec pipeline-run job.sh {closed}")
        expect(done.code != 70, f"{closed}: exit {done.code}: {done.err!r}")
        if done.code == 0:
            home.has_run("a", "b")


@case
def a_full_standard_output_does_not_lose_the_product(home):
    home.furnish().script("pipeline-step a -- tally a\n")
    home.run("sh", "-c", "pipeline-run job.sh >/dev/full")
    home.has_run("a")
    [id] = home.run_ids()
    expect((home.spool / "runs/state" / id / "steps/a").read_bytes() == b"a done\n", "it is lost")


@case
def a_step_that_writes_to_its_terminal_or_stops_itself_is_ended_by_its_timeout(home):
    home.pipe("pipeline-step a --timeout 1s -- sh -c 'kill -STOP $$; echo never'\n", code=124, within=40)


@case
def a_step_that_is_a_daemon_is_over_when_its_command_is(home):
    """What fled into a session of its own does not hold up the run, nor its locks."""
    run = home.pipe("pipeline-step a -- sh -c 'setsid sleep 1000 >/dev/null 2>&1 & echo started'\n"
                    "pipeline-step b -- tally b\n", within=30)
    expect(run.out == b"started\nb done\n", f"it prints {run.out!r}")
    home.good("spool", "check")


@case
def a_script_that_leaves_a_daemon_is_over_when_its_shell_is(home):
    home.pipe("setsid sleep 1000 &\npipeline-step a -- tally a\n", within=30)
    until(lambda: not living("pipeline-run", "pipeline-step"), "the tools have ended", SOON)
    home.good("spool", "check")


@case
def a_run_without_a_name_that_could_be_a_slug_has_an_ID(home):
    run = home.pipe("true\n", options=("--name", "..."))
    expect(run.id, "no ID")
