"""What is made of a text: the page, the draft that a person is shown, and what plain-writer makes where there is no model."""
from html.parser import HTMLParser

from case import expect
from home import case
from writing import PRODUCTS, RUN, needs, shown

ALLOWED = {"html", "head", "meta", "title", "style", "body", "p", "a", "img", "h1", "h2", "em", "strong", "code", "pre", "ul",
           "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "del", "br", "hr", "blockquote"}


class Tags(HTMLParser):
    """What a browser would make of a page: each element, and its attributes."""

    def __init__(self, text):
        super().__init__()
        self.all, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)


def is_harmless(page):
    for tag, attributes in Tags(page).all:
        expect(tag in ALLOWED, f"<{tag}> came through")
        for name, value in attributes.items():
            expect(not name.startswith("on"), f"<{tag} {name}> came through")
            if name in ("href", "src"):
                expect(value == "" or value.startswith(("https://", "http://", "mailto:")), f"<{tag} {name}={value!r}>")


def render(home, title, text):
    needs("cmark-gfm")
    (home.home / "text").write_bytes(text if isinstance(text, bytes) else text.encode())
    page = home.good(home.script("content/render.sh"), title, home.home / "text").out.decode()
    is_harmless(page)
    return page


@case
def a_page_shows_what_markdown_says(home):
    page = render(home, "Tea", "# Tea\n\nAt *four*, **sharp**.\n\n| a | b |\n| - | - |\n| 1 | ~~2~~ |\n\n```sh\necho \"$x\" <y\n```\n")
    for part in ("<h1>Tea</h1>", "<em>four</em>", "<td><del>2</del></td>", "echo &quot;$x&quot; &lt;y", "<title>Tea</title>"):
        expect(part in page, f"no {part} in {page}")


@case
def the_sample_article_has_a_page(home):
    body = shown(render(home, "Sample", (home.cron / "content/sample.md").read_text()))
    for part in "<h1>", "<h2>", "<table>", "<pre>", "<ol>":
        expect(part in body, f"no {part}")


@case
def no_html_of_a_model_gets_into_the_page(home):
    hostile = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<SCRIPT\n>x", "<svg/onload=alert(1)>", "<!--><script>x</script>-->",
               "<iframe src=//e.org>", "<style>*{}</style>", "<base href=//e.org/>", "</body><script>x</script>", "<a href=x onclick=y>z</a>",
               "[x](javascript:alert(1))", "[x](JaVa&#115;cript:x)", "[x](vbscript:x)", "[x](data:text/html,x)", "![x](data:text/html,x)",
               "<javascript:alert(1)>", "[x]: javascript:y\n\n[x]", "![x\" onerror=\"y](https://e.org/a.png)",
               "[a](https://e.org/\"onmouseover=\"x)", "`<script>`", "&lt;script&gt;", "| <b onclick=x> |\n| - |\n| <script> |",
               "```\"><script>x\n```", "<https://e.org/\"><script>>", "\\<script>", "<x-y onfocus=z autofocus tabindex=0>"]
    for text in [*hostile, "\n\n".join(hostile)]:
        page = render(home, "x", text)
        expect("<script" not in page.lower(), f"{text!r} became {page!r}")


@case
def a_title_is_no_html_either(home):
    page = render(home, "</title><script>alert('&')</script>\"", "x\n")
    expect("<title>&lt;/title&gt;&lt;script&gt;alert('&amp;')&lt;/script&gt;&quot;</title>" in page, f"{page}")


@case
def a_page_lets_no_script_run_even_if_one_came_through(home):
    [policy] = [attributes["content"] for tag, attributes in Tags(render(home, "x", "x\n")).all
                if attributes.get("http-equiv") == "Content-Security-Policy"]
    expect("default-src 'none'" in policy and "script-src" not in policy, policy)


@case
def bytes_that_are_no_text_do_no_harm(home):
    page = render(home, "x", b"a\xff\xfe\0<b>\x80\n")
    expect("\0" not in page and "a\ufffd" in page, f"{page!r}")


@case
def a_text_that_keeps_the_renderer_busy_is_given_up_or_done_in_time(home):
    for text in "[" * 50_000, "> " * 20_000 + "x", "*a " * 40_000, "![[](" * 10_000:
        render(home, "x", text)


# ------------------------------------------------------------------ what a person is shown

def draft(home, text="# Tea\n\nAt four.\n"):
    needs("cmark-gfm")
    env = home.made(text=text)
    (home.steps / "review").write_text("none\n")
    page = home.home / "some where/preview" / f"{RUN}.html"
    parts = [home.script(f"content/{name}.sh") for name in ("draft", "render", "present")]
    return page, home.good(*parts, "Tea", page, env=env).out.decode()


@case
def the_draft_names_the_page_and_shows_every_text(home):
    page, text = draft(home)
    is_harmless(page.read_text())
    expect(str(page) in text and "Publish this? Tea" in text, f"{text}")
    for name in "review", "linkedin", "instagram", "medium", "blog":
        expect(f"\n---- {name}\n" in text and (home.steps / name).read_text() in text, f"no {name} in {text}")
    expect([path.name for path in page.parent.iterdir()] == [page.name], "something else lies there")


@case
def the_draft_says_when_html_was_left_out(home):
    expect("left out" not in draft(home)[1], "it says so")
    expect("left out of it, on 1 lines" in draft(home, "a <b>c</b>\n\n")[1], "it does not say so")


@case
def a_preview_is_put_there_as_often_as_one_likes(home):
    (home.home / "page").write_text("<p>\n")
    (home.home / "page").chmod(0o440)
    target = home.home / "a/b c.html"
    for _ in range(2):
        done = home.good(home.script("content/preview.sh"), home.home / "page", target)
        expect(done.out.decode() == f"{target}\n" and target.read_text() == "<p>\n", f"{done.out}")
    expect(len(list(target.parent.iterdir())) == 1, "something else lies there")


@case
def the_archive_has_all_products_once(home):
    env = home.made()
    (home.home / "archive").mkdir()
    (home.home / f"archive/.{RUN}.77").mkdir()  # as an attempt leaves it that was killed
    (home.home / f"archive/.{RUN}.77/half").touch()
    for _ in range(2):
        done = home.good(home.script("content/archive.sh"), home.home / "archive", env=env)
        expect(done.out.decode() == f"{home.home}/archive/{RUN}\n", f"{done.out}")
    expect({path.name for path in (home.home / "archive" / RUN).iterdir()} == set(PRODUCTS), "other products")
    expect([path.name for path in (home.home / "archive").iterdir()] == [RUN], "something else lies there")


# ------------------------------------------------------------------ without a model

def write(home, prompt, *inputs, agent="kira"):
    text = prompt + "".join(f"\n\n==> /x/steps/{name} <==\n{text}" for name, text in inputs)
    return home.good(home.script("content/plain-writer"), stdin=text.encode(errors="surrogateescape"), env={"SPINDLE_AGENT": agent}).out.decode()


@case
def plain_writer_says_that_no_model_wrote_it_and_keeps_to_the_length(home):
    article = (home.cron / "content/sample.md").read_text()
    for name in "gather", "analyze", "canonical", "linkedin", "instagram", "medium", "blog":
        prompt = (home.cron / f"content/{name}.md").read_text()
        text = write(home, prompt, ("canonical", article))
        limit = int(prompt.split("At most ")[1].split()[0])
        expect(len(text.rstrip("\n")) <= limit and "No model wrote this" in text, f"{name}: {len(text)} characters")
        expect(text.startswith("# An agent"), f"{name}: {text[:80]}")
        again = write(home, prompt, ("canonical", text))
        expect(again.count("No model wrote this") == 1, f"{name}: {again}")


@case
def plain_writer_cuts_no_code_block_open(home):
    text = write(home, "At most 400 characters.", ("x", "a\n" * 60 + "```sh\n" + "echo\n" * 100 + "```\n"))
    expect(text.count("```") == 2, f"{text}")


@case
def plain_writer_takes_whatever_comes(home):
    for text in "", "\udcff\udcfe", "==> x <==", "x" * 100_000, "$(touch pwned)`touch pwned`":
        expect("No model wrote this" in write(home, "At most 500 characters.", ("x", text)), f"{text[:20]!r}")
    expect(not (home.home / "pwned").exists(), "a command was run")


@case
def plain_writer_does_not_play_the_reviewer(home):
    text = write(home, (home.cron / "content/review.md").read_text(), ("linkedin", "a <b> https://e.org/ c"), ("blog", "x"), agent="lex")
    expect(text.startswith("No model has reviewed this"), text)
    expect("- linkedin: 22 characters, 4 words, 1 links, 1 pieces of HTML" in text and "- blog: 1 char" in text, text)
