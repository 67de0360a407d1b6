"""Dead letters: a delivery that cannot be made makes one that says so, to whom `Alert:` names; and no flood."""
import re

from bot_api import BLOCKED, NO_CHAT
from case import expect
from home import case
from sending import later

# No channel waits for a clock here: it is turned.
NOBODY = "command:false"
NOBODY_ELSE = "command:sh -c false"


def told(home):
    """The dead letters that the owner was told of."""
    return [record for record in re.split("^=== ", home.inbox(), flags=re.MULTILINE) if "spool retry" in record]


def dies(home, to, env={}):
    sent = home.send(to, code=69, env=env)
    home.recover(env)
    return sent


@case
def a_dead_letter_is_told_with_the_command_that_sends_it_again_and_that_works(home):
    api = home.telegram()
    api.answer("4711", BLOCKED)
    sent = dies(home, "telegram:4711")
    home.lies(sent.id, "fail*")
    for words in sent.id, "telegram:4711", "bot was blocked by the user":
        expect(words in home.inbox(), f"it does not say \"{words}\": {home.inbox()!r}")
    command = re.search(r"spool retry [\w.-]*\w", home.inbox())
    home.good(*command[0].split())
    home.recover()
    home.lies(sent.id, "done")
    expect(len(api.sent()) == 1, "it did not arrive")


@case
def what_was_retried_by_a_person_is_tried_as_often_as_a_new_one(home):
    api = home.telegram()
    api.answer("4711", BLOCKED)
    sent = dies(home, "telegram:4711")
    for answer in BLOCKED, None:
        api.answer("4711", answer)
        home.good("spool", "retry", sent.id)
        home.recover()
    home.lies(sent.id, "done")


@case
def ten_dead_letters_to_one_address_are_one_alert_an_hour(home):
    home.furnish()
    for _ in range(10):
        dies(home, NOBODY)
    expect(len(told(home)) == 1, f"{len(told(home))} alerts")
    dies(home, NOBODY, later(1800))
    expect(len(told(home)) == 1, "another alert after half an hour")
    dies(home, NOBODY, later(4000))
    expect(len(told(home)) == 2, f"{len(told(home))} alerts after more than an hour, not 2")


@case
def each_address_has_an_alert_of_its_own(home):
    home.furnish()
    for to in NOBODY, NOBODY_ELSE, NOBODY, NOBODY_ELSE:
        dies(home, to)
    expect(len(told(home)) == 2, f"{len(told(home))} alerts, not 2")


@case
def an_alert_that_cannot_be_delivered_makes_no_other(home):
    api = home.telegram()
    (home.spool / "people/owner").write_text("Telegram: 999\n")
    (home.spool / "config").write_text("Alert: owner\n")
    api.always("999", NO_CHAT)
    api.always("4711", BLOCKED)
    dies(home, "telegram:4711")
    for _ in range(3):
        home.again()
    expect(len(api.calls("999")) == 1, f"{len(api.calls('999'))} alerts")
    expect(len(home.names("deliveries", "fail")) == 2, f"not two dead letters: {home.names('deliveries', 'fail')}")


@case
def an_alert_reaches_whom_the_config_names_by_the_way_that_he_chose(home):
    api = home.telegram()
    (home.spool / "people/owner").write_text(f"File: {home.home}/owners-inbox\nTelegram: 999\nOrder: telegram\n")
    (home.spool / "config").write_text("Alert: owner\n")
    sent = dies(home, NOBODY)
    text, = api.texts("999")
    expect(sent.id in text and "spool retry" in text, f"it does not say which: {text!r}")


@case
def an_expired_message_is_told_as_well(home):
    """An expiry is a failure like another: what was not sent is never silent."""
    home.furnish()
    id = home.commit(1, f"file:{home.home}/elsewhere", Expires="2026-01-02T00:00:00Z")
    home.recover()
    home.recover()
    home.lies(id, "fail*")
    expect(id in home.inbox(), f"nobody is told: {home.inbox()!r}")
