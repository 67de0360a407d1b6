"""cron/notion.sh: one page for a thing, whatever is cut off, and nothing where there is no Notion."""
import os

from case import expect
from home import case, until
from notion_api import BAD_GATEWAY, CONFLICT, DATABASE, RATE_LIMITED, RESTRICTED, TOKEN, UNAVAILABLE, Notion
from sending import is_on_a_command_line, register
from servers import CUT, CUT_MIDWAY, RESET, STALL, Answer
from writing import RUN

CREATED = "posts/tea/index.html, commit 1\n"


def bound(home, **how):
    """A home with Notion, as a person sets it up."""
    api = home.serve(Notion(**how))
    home.settings.update(NOTION_DB=DATABASE, NOTION_API=api.url, NOTION_TOKEN_FILE=str(home.home / "notion.token"), RUN=RUN)
    token = home.home / "notion.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    return api


def begin(home, *argv, text=CREATED):
    return home.start(home.script("notion.sh"), *(argv or ("tea", "Tea at four")), stdin=text.encode())


def notion(home, *argv, code=0, **how):
    done = begin(home, *argv, **how).end()
    expect(done.code == code, f"notion.sh exits {done.code}, not {code}: {done.err.decode()}")
    return (done.out if code == 0 else done.err).decode()


# ------------------------------------------------------------------ the page

@case
def a_page_is_made_once_and_brought_up_to_date_from_then_on(home):
    api = bound(home)
    expect(notion(home).startswith("created page "), "not said")
    expect(api.shown == {"tea": "Tea at four"} and [page["text"] for page in api.pages.values()] == [CREATED.strip()], f"{api.pages}")
    for title in "Tea at five", "Tea at six":
        expect(notion(home, "tea", title).startswith("updated page "), "not said")
        expect(api.shown == {"tea": title} and len(api.pages) == 1, f"{api.pages}")
    notion(home, "coffee", "Coffee")
    expect(api.shown == {"tea": "Tea at six", "coffee": "Coffee"}, f"{api.shown}")


@case
def what_a_title_is_made_of_does_not_matter(home):
    api = bound(home)
    for number, title in enumerate(('"},"x":{"', "$(touch pwned)`touch pwned`", "-K /etc/passwd", "@/etc/passwd", "a\nb", "日本", "x" * 5000)):
        notion(home, f"k{number}", title)
        expect(api.shown[f"k{number}"] == title[:2000], f"{title[:40]!r} became {api.shown[f'k{number}'][:40]!r}")
    expect(not list(home.home.rglob("pwned")), "a command was run")


@case
def the_property_that_holds_the_key_may_be_called_otherwise(home):
    api = bound(home, key="Datei")
    expect("Could not find property" in notion(home, code=78), "not said")
    home.settings["NOTION_KEY"] = "Datei"
    notion(home)
    expect(api.shown == {"tea": "Tea at four"}, f"{api.shown}")


# ------------------------------------------------------------------ what goes wrong

for words, answer, code, said in (
        ("asks_for_time", RATE_LIMITED, 75, "try again after 7 s"), ("is_overloaded", UNAVAILABLE, 75, "503 service_unavailable"),
        ("is_behind_a_gateway_that_fails", BAD_GATEWAY, 75, "502"), ("finds_a_conflict", CONFLICT, 75, "409 conflict_error"),
        ("forbids_it", RESTRICTED, 77, "restricted_resource"), ("cuts_the_line", CUT, 75, "no answer"),
        ("resets_the_line", RESET, 75, "no answer"), ("stops_in_the_middle", CUT_MIDWAY, 75, "no answer"),
        ("says_what_is_no_json", Answer(418, b"{{\x1b[2J"), 78, "418")):
    def check(home, answer=answer, code=code, said=said):
        api = bound(home)
        for what in "GET databases", "POST data_sources", "POST pages":
            api.answer(what, answer)
            error = notion(home, code=code)
            expect(said in error and "\x1b" not in error, f"{what}: it says {error!r}")
        expect(notion(home).split()[0] in ("created", "updated") and len(api.pages) == 1, f"{api.pages}")

    register(f"where_notion_{words}_that_is_said_and_a_repeat_makes_one_page", check)


@case
def without_a_network_it_is_tried_later(home):
    api = bound(home)
    api.close()
    api.thread = None
    notion(home, code=75)


@case
def a_token_that_notion_does_not_know_is_said(home):
    bound(home)
    (home.home / "notion.token").write_text("ntn_wrong\n")
    error = notion(home, code=77)
    expect("401 unauthorized: API token is invalid." in error and "notion.token" in error, error)


@case
def a_database_that_is_not_shared_is_said(home):
    bound(home)
    home.settings["NOTION_DB"] = "0" * 32
    expect("404 object_not_found" in notion(home, code=69), "not said")


@case
def a_database_with_several_sources_is_said(home):
    api = bound(home, sources=2)
    expect("has not one data source" in notion(home, code=78) and not api.pages, "not said")


# ------------------------------------------------------------------ settings

@case
def without_notion_it_says_so_and_is_done(home):
    for argv in (), ("--undo", "tea"), ("--check",):
        expect(notion(home, *argv) == ("" if argv == ("--check",) else "skipped: NOTION_DB is not set\n"), f"{argv}")


@case
def settings_that_are_wrong_are_said_and_nobody_is_asked(home):
    api = bound(home)
    token, good = home.home / "notion.token", dict(home.settings)
    notion(home, "--check")
    for change, code, words in (
            ({"NOTION_DB": "../../x"}, 78, "NOTION_DB"), ({"NOTION_DB": "a b"}, 78, "NOTION_DB"),
            ({"NOTION_API": "http://example.org"}, 78, "https"), ({"NOTION_API": "http://127.0.0.1.example.org"}, 78, "https"),
            ({"NOTION_API": "file:///etc/passwd#"}, 78, "https"), ({"NOTION_TOKEN_FILE": "/nonexistent"}, 78, "is not there")):
        home.settings.update(change)
        for argv in ("--check",), ():
            expect(words in notion(home, *argv, code=code), f"{change}: not said")
        home.settings.update(good)
    for text, mode, code in (TOKEN, 0o644, 77), (TOKEN, 0o640, 77), ("", 0o600, 78), ("a\nb", 0o600, 78), ('a"\nurl = "x', 0o600, 78):
        token.write_text(text)
        token.chmod(mode)
        notion(home, "--check", code=code)
        token.chmod(0o600)
    expect(not api.requests, f"{api.asked}")


@case
def the_token_lies_in_the_spool_where_nothing_else_is_said(home):
    api = bound(home)
    del home.settings["NOTION_TOKEN_FILE"]
    (home.spool / "secrets").mkdir(parents=True, mode=0o700)
    home.spool.chmod(0o700)
    (home.home / "notion.token").rename(home.spool / "secrets/notion.token")
    notion(home)
    expect(api.shown == {"tea": "Tea at four"}, f"{api.shown}")


@case
def the_token_is_in_no_argument_and_in_nothing_that_is_said(home):
    api = bound(home)
    home.settings["TMPDIR"] = str(home.home / "tmp")
    (home.home / "tmp").mkdir()
    api.answer("POST pages", STALL)
    command = begin(home)
    until(lambda: "POST pages" in api.asked, "Notion is asked")
    expect(home.processes("curl"), "nobody asks")
    expect(not is_on_a_command_line(TOKEN), "ps shows it")
    os.killpg(command.pid, 15)
    expect(TOKEN.encode() not in command.end().err, "it is said")
    expect(not list((home.home / "tmp").iterdir()), "something is left")


# ------------------------------------------------------------------ taken back

@case
def a_page_that_a_run_has_made_goes_to_the_trash_and_one_that_it_found_stays(home):
    api = bound(home)
    made = notion(home)
    found = notion(home, "tea", "Tea at five")
    notion(home, "--undo", "tea", text=found)
    expect(api.shown == {"tea": "Tea at five"}, f"{api.shown}")
    for _ in range(2):
        notion(home, "--undo", "tea", text=made)
        expect(not api.shown and len(api.pages) == 1, f"{api.pages}")
    notion(home)
    expect(len(api.pages) == 2 and len(api.shown) == 1, "not made again")


@case
def in_doubt_a_page_goes_to_the_trash_if_it_is_no_older_than_the_run(home):
    api = bound(home)
    notion(home)
    [page] = api.pages.values()
    page["created_time"] = "2026-11-24T06:59:00.000Z"
    notion(home, "--undo", "tea", text="")
    expect(api.shown, "an older one is in the trash")
    page["created_time"] = "2026-11-24T07:00:00.000Z"
    notion(home, "--undo", "tea", text="")
    expect(not api.shown, "it is not in the trash")
