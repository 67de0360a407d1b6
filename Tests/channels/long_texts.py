"""Telegram takes 4096 UTF-16 units: what is longer arrives in parts, of which none loses or repeats anything."""
from bot_api import LONGEST, too_many, units, visible
from case import expect
from home import case
from sending import Sent, words
from servers import CUT, STALL

# Three parts. Its words are long, so that hardly any cut falls between two by chance.
LINES = [f"{number:04}:the-kettle-is-on,the-cat-is-out,and-it-rains Ünïcödé-🙂🫖-and-so-on; &" for number in range(150)]
LONG = "\n".join(LINES) + "\n"


def sent_in_parts(home, api, text, *options):
    """Sends a text that is too long; gives its parts, which are what Telegram takes."""
    sent = home.send("telegram:4711", *options, text=text)
    home.lies(sent.id, "done")
    calls = api.calls()
    expect(len(calls) > 1 and len(api.sent()) == len(calls), f"{len(calls)} parts, {len(api.sent())} were taken")
    expect(all(units(call.seen) <= LONGEST for call in calls), "a part is too long")
    expect(len(calls) <= units(text) // 2000 + 1, f"{len(calls)} parts: more than are needed")
    ids = ",".join(str(call.message_id) for call in calls)
    expect(f"message_id={ids}" in home.receipt(sent.id)[1], f"the receipt does not name {ids}")
    return calls


@case
def a_long_text_arrives_in_parts_that_begin_and_end_between_words(home):
    calls = sent_in_parts(home, home.telegram(), LONG)
    expect(words(call.text for call in calls) == words([LONG]), "a word was cut, lost or repeated")
    expect(len(calls) == 3, f"{len(calls)} parts, not 3")


@case
def a_text_without_line_breaks_arrives_in_parts_too(home):
    text = LONG.replace("\n", " ")
    expect(words(call.text for call in sent_in_parts(home, home.telegram(), text)) == words([text]), "another text")


@case
def a_text_that_just_fits_is_one_message(home):
    api = home.telegram()
    text = "🙂" * (LONGEST // 2)
    home.lies(home.send("telegram:4711", text=text).id, "done")
    expect(api.texts() == [text], f"{len(api.calls())} messages")


@case
def a_word_longer_than_a_message_is_cut_between_characters(home):
    text = "x" + "🙂" * 3000
    expect("".join(call.text for call in sent_in_parts(home, home.telegram(), text)) == text, "another text")


@case
def a_block_of_code_that_is_cut_is_closed_and_opened_again(home):
    text = f"Look:\n```\n{LONG}```\nSo much for that.\n"
    calls = sent_in_parts(home, home.telegram(), text)

    def fences(text):
        return [line for line in text.splitlines() if line.strip().startswith("```")]

    for call in calls:
        expect(len(fences(call.text)) % 2 == 0, f"a block is open: {call.text[:80]!r} ... {call.text[-80:]!r}")
    bare = ["\n".join(line for line in call.text.splitlines() if line not in fences(call.text)) for call in calls]
    expect(words(bare) == words([text.replace("```\n", "")]), "a word was cut, lost or repeated")
    expect(all(fences(call.text) for call in calls[1:]), "the block was not opened again")


@case
def html_that_is_cut_is_closed_and_opened_again(home):
    lines = LONG.replace("&", "&amp;")
    text = f"<b>Look:\n<i>{lines}</i></b>\n<pre>{lines}</pre>\n<a href=\"http://127.0.0.1/?a=1&amp;b=2\">{lines}</a> end"
    calls = sent_in_parts(home, home.telegram(), text, "--format", "html")
    expect({call.parse_mode for call in calls} == {"HTML"}, "it became plain text")
    expect(words(call.seen for call in calls) == words([visible(text, "HTML")]), "a word was cut, lost or repeated")
    expect(all("<" in call.text for call in calls), "a part has lost its markup")
    expect(all("href=" in call.text for call in calls[-2:]), "the link was not opened again")


@case
def a_part_that_has_arrived_is_not_sent_again(home):
    api = home.telegram()
    api.answer("4711", None, too_many(1))
    sent = home.send("telegram:4711", text=LONG)
    home.lies(sent.id, "wait")
    home.again()
    home.lies(sent.id, "done")
    first, second, third, fourth = api.calls()
    expect(second.text == third.text, "the second try did not begin with the second part")
    expect(words(call.text for call in (first, third, fourth)) == words([LONG]), "a word was cut, lost or repeated")
    expect("message_id=17,18,19" in home.receipt(sent.id)[1], "the receipt does not name all three")


def only_the_second_part_is_a_repeat(home, api, id):
    """The first part has arrived, and the second may have."""
    home.lies(id, "wait,1d")
    home.again()
    home.lies(id, "done")
    first, _, *others = api.texts()
    mark = Sent(id).mark
    expect(others[0].startswith(mark), f"not marked: {others[0][:80]!r}")
    expect(words([first, others[0][len(mark):], *others[1:]]) == words([LONG]), "one was sent again, or is lost")


@case
def only_the_part_that_may_have_arrived_is_sent_again_and_says_so(home):
    api = home.telegram()
    api.answer("4711", None, CUT)
    only_the_second_part_is_a_repeat(home, api, home.send("telegram:4711", text=LONG).id)


@case
def after_a_crash_in_the_middle_of_a_long_text_its_first_part_is_not_sent_again(home):
    api = home.telegram()
    api.answer("4711", None, STALL)
    sender = home.begin("telegram:4711", text=LONG)
    api.wait_for(2)
    home.kill(sender)
    home.good("spool", "sweep")
    only_the_second_part_is_a_repeat(home, api, home.only("deliveries", "wait").id)


@case
def a_long_text_is_held_when_one_of_its_parts_may_have_arrived(home):
    api = home.telegram()
    api.answer("4711", None, CUT)
    sent = home.send("telegram:4711", "--in-doubt", "hold", text=LONG)
    home.lies(sent.id, "hold,0d")
    home.again()
    expect(len(api.calls()) == 2, "sent again")
