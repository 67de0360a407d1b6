"""Two agents write one key, and one has not seen what the other wrote: what becomes of both values, and who is asked."""
import json
import signal

from case import expect
from home import case, failed, until
from remembering import SOON
from sending import register

RED, BLUE = "red\n", "blue\n"


def two_write(home, policy=None, key="k", first=RED, second=BLUE, prefix=None):
    """a, and then b, who has not seen it; gives what b's put says."""
    home.agent("a", "b")
    if policy:
        home.policies(f"{key if prefix is None else prefix} {policy}\n")
    home.keep(key, first, by="a")
    return home.memory("put", "--agent", "b", "--", key, stdin=second)


def open_ones(home, *options):
    done = home.memory("conflicts", "--json", *options, code=(0, 1))
    return [json.loads(line) for line in done.out.splitlines()]


def states(home, key="k"):
    return [row["state"] for row in home.history(key)]


def nothing_is_lost(home, key="k"):
    values = home.values(key)
    expect(values[:2] == [RED, BLUE], f"its versions: {values}")
    [found] = open_ones(home, "--all")
    expect(found["key"] == key, f"the conflict: {found}")


# ------------------------------------------------------------------ policies

@case
def latest_is_the_default_and_the_later_one_is_current(home):
    done = two_write(home)
    expect(done.out == b"2\n", f"it prints {done.out!r}")
    home.is_current("k", 2, BLUE)
    nothing_is_lost(home)
    expect(not open_ones(home), "it is still open")


@case
def with_first_the_earlier_one_stays_current_and_the_later_one_is_kept(home):
    done = two_write(home, "first")
    expect(b"k" in done.err and done.err.startswith(b"memory: "), f"it says {done.err!r}")
    home.is_current("k", 1, RED)
    nothing_is_lost(home)
    expect(states(home) == ["current", "refused"] and not open_ones(home), f"{states(home)}")
    home.got("k", by="b")
    home.keep("k", BLUE, by="b")  # who has seen it may
    home.is_current("k", 3, BLUE)


@case
def with_union_the_lines_of_both_are_there_each_once(home):
    two_write(home, "union", first="tea\nmilk\nsugar\n", second="coffee\nmilk\nbread\n")
    found = home.got("k")
    expect(found["version"] == 3, f"{found}")
    expect(sorted(found["value"].splitlines()) == ["bread", "coffee", "milk", "sugar", "tea"], f"{found['value']!r}")
    rows = home.history("k")
    expect(len(rows) == 3 and rows[0]["value"].startswith("tea") and rows[1]["value"].startswith("coffee"), f"{rows}")
    expect(found["value"].index("tea") < found["value"].index("milk") < found["value"].index("sugar"), "their order is lost")
    expect(not open_ones(home), "it is open")


@case
def a_union_of_many_agents_has_the_lines_of_all(home):
    names = [f"agent{number}" for number in range(8)]
    home.agent(*names)
    home.policies("list/ union\n")
    putting = [home.start("memory", "put", "--agent", name, "list/all", stdin=f"of all\nof {name}\n".encode())
               for name in names]
    for command in putting:
        expect(command.end().code == 0, "another end")
    found = sorted(home.value("list/all").splitlines())
    expect(found == sorted(["of all", *(f"of {name}" for name in names)]), f"{found}")


@case
def with_ask_the_earlier_one_stays_current_and_it_is_open(home):
    two_write(home, "ask")
    home.is_current("k", 1, RED)
    [conflict] = open_ones(home)
    expect(conflict["key"] == "k", f"{conflict}")
    text = home.memory("conflicts").out.decode()
    expect("k" in text and "red" in text and "blue" in text, f"it prints {text!r}")


@case
def the_longest_prefix_counts(home):
    home.agent("a", "b")
    home.policies("# of the house\n\nlis first\nlist/ union\nlist/x latest\n")
    for key, wanted in ("list/y", "red\nblue\n"), ("list/x1", BLUE), ("lis", RED), ("li", BLUE), ("list", RED):
        home.keep(key, RED, by="a")
        home.memory("put", "--agent", "b", key, stdin=BLUE)
        expect(home.value(key) == wanted, f"{key}: {home.value(key)!r}, not {wanted!r}")


@case
def whoever_has_seen_it_has_no_conflict(home):
    home.agent("a", "b")
    home.policies("k first\n")
    home.keep("k", RED, by="a")
    home.memory("get", "k", "--agent", "b")
    home.keep("k", BLUE, by="b")
    home.is_current("k", 2, BLUE)
    home.keep("k", RED, "--if-version", "2", by="a")
    home.keep("k", BLUE, by="a")  # what he wrote himself he has seen
    home.is_current("k", 4, BLUE)
    reader = home.client("reader", "get", "--batch", "--agent", "b")
    expect(reader.get("k")["version"] == 4, "another version")
    reader.ends()
    home.keep("k", RED, by="b")
    home.is_current("k", 5, RED)
    expect(not open_ones(home, "--all"), f"{open_ones(home, '--all')}")


@case
def a_glance_at_an_older_version_is_no_glance_at_the_current_one(home):
    home.agent("a", "b")
    home.policies("k first\n")
    home.keep("k", RED, by="a")
    home.keep("k", "green\n", by="a")
    home.memory("get", "k", "--version", "1", "--agent", "b")
    home.keep("k", BLUE, by="b")
    home.is_current("k", 2, "green\n")


@case
def a_person_and_an_agent_are_two_authors(home):
    home.agent("a")
    home.policies("k first\n")
    home.keep("k", RED)
    home.keep("k", BLUE, by="a")
    home.is_current("k", 1, RED)


@case
def the_policy_holds_in_each_scope_by_itself(home):
    home.agent("a", "b", memory="shared, agent:a")
    home.policies("k first\n")
    home.keep("k", RED, by="a")
    home.keep("k", BLUE, "--scope", "agent:a", by="b")
    expect(home.value("k", "--scope", "agent:a") == BLUE and not open_ones(home, "--all"), "a conflict between scopes")


def wrong_line(text, number):
    def check(home):
        home.policies(text)
        done = home.memory("put", "k", stdin=RED, code=78)
        failed(done, 78, "policies", tool="memory")
        expect(f"policies:{number}: " in done.err.decode(), f"not line {number}: {done.err!r}")
        expect(home.memory("get", "k", code=(1, 78)).out == b"", "it was written")

    return check


for words, (text, number) in {"a_policy_that_is_none": ("a/ latest\n\nk newest\n", 3), "a_prefix_alone": ("k\n", 1),
                              "three_words": ("# mine\nk first last\n", 2)}.items():
    register(f"policies_with_{words}_are_refused_with_their_line", wrong_line(text, number))


# ------------------------------------------------------------------ by hand

@case
def a_conflict_is_settled_by_taking_one_of_them(home):
    two_write(home, "ask")
    expect(home.memory("resolve", "k", "--take", "2").out.strip() in (b"3", b""), "not the third version")
    home.is_current("k", 3, BLUE)
    nothing_is_lost(home)
    expect(not open_ones(home) and home.history("k")[-1]["author"] == "me", "it is open, or another author")


@case
def a_conflict_is_settled_by_a_value_on_stdin(home):
    two_write(home, "ask")
    home.memory("resolve", "k", stdin="violet\n")
    home.is_current("k", 3, "violet\n")
    nothing_is_lost(home)


@case
def what_is_settled_may_be_decided_anew_and_nothing_is_lost(home):
    two_write(home, "ask")
    home.memory("resolve", "k", "--take", "2")
    home.memory("resolve", "k", stdin="violet\n")
    home.is_current("k", 4, "violet\n")
    expect(home.values("k") == [RED, BLUE, BLUE, "violet\n"], f"{home.values('k')}")
    expect(not open_ones(home) and len(open_ones(home, "--all")) == 1, "another conflict")
    home.memory("resolve", "nothing", "--take", "1", code=1)


@case
def what_cannot_settle_it_is_refused_and_it_stays_open(home):
    two_write(home, "ask")
    for words, stdin, code in ((["--take", "3"], "", 1), (["--take", "0"], "", (1, 64)), (["--take", "x"], "", 64),
                               ([], "", (64, 65)), ([], b"\xff", 65)):
        home.memory("resolve", "k", *words, stdin=stdin, code=code)
    expect(len(open_ones(home)) == 1 and home.value("k") == RED, "it is settled")


@case
def a_third_that_writes_meanwhile_is_part_of_it(home):
    """Nothing that anybody wrote is lost."""
    two_write(home, "ask")
    home.agent("c")
    home.memory("put", "k", "--agent", "c", stdin="green\n")
    expect(home.values("k") == [RED, BLUE, "green\n"], f"{home.values('k')}")
    home.is_current("k", 1, RED)
    for _ in range(len(open_ones(home))):
        home.memory("resolve", "k", "--take", "3")
    home.is_current("k", home.number("k"), "green\n")
    expect(not open_ones(home), "one is open")


# ------------------------------------------------------------------ a person is asked

def asked(home):
    """Two have written, and me is asked; gives the request's ID."""
    home.furnish()
    two_write(home, "ask", first="red\n", second="blue\n")
    until(lambda: home.names("approvals", "hold"), "a person is asked", SOON)
    [id] = home.names("approvals", "hold")
    until(lambda: "blue" in home.inbox(), "he is told", SOON)
    inbox = home.inbox()
    expect("red" in inbox and "blue" in inbox and "k" in inbox, f"he is told {inbox!r}")
    return id


def settled_to(home, value):
    until(lambda: not open_ones(home), "it is settled", SOON)
    expect(home.value("k") == value, f"{home.value('k')!r}, not {value!r}")
    nothing_is_lost(home)


@case
def a_person_who_approves_takes_the_new_one(home):
    id = asked(home)
    home.touch(f"{id}.yes")
    settled_to(home, BLUE)


@case
def a_person_who_rejects_keeps_the_old_one(home):
    id = asked(home)
    home.touch(f"{id}.no")
    settled_to(home, RED)


def answered_late(word):
    def check(home):
        """Who has seen what counts has written since: he has seen more than the one who answers."""
        id = asked(home)
        home.memory("get", "k", "--agent", "b")
        home.memory("put", "k", "--agent", "b", stdin="green\n")
        home.touch(f"{id}.{word}")
        settled_to(home, "green\n")

    return check


for word in "yes", "no":
    register(f"a_{word}_that_comes_when_a_newer_one_counts_changes_nothing", answered_late(word))


@case
def while_a_person_is_asked_nobody_waits_for_him(home):
    """The put has ended, others write, and only he settles it."""
    id = asked(home)
    home.keep("other", RED, by="b")
    home.is_current("k", 1, RED)
    expect(len(open_ones(home)) == 1, "it is settled")
    home.touch(f"{id}.yes")
    settled_to(home, BLUE)


def taken_up(word, value):
    def check(home):
        id = asked(home)
        home.kill_all()
        home.touch(f"{id}.{word}")

        def is_settled():
            home.tick()
            return not open_ones(home)

        until(is_settled, "the tick takes it up", SOON)
        settled_to(home, value)

    return check


for word, value in ("yes", BLUE), ("no", RED):
    register(f"a_{word}_after_everything_was_killed_is_taken_up_by_the_tick", taken_up(word, value))


@case
def killed_before_anybody_was_asked_the_tick_asks(home):
    """The put is killed when its version is there."""
    home.furnish().agent("a", "b").policies("k ask\n")
    home.keep("k", RED, by="a")
    command = home.start("memory", "put", "--agent", "b", "k", stdin=BLUE.encode())
    until(lambda: len(home.history("k")) == 2, "it is written", SOON)
    command.kill(signal.SIGKILL)
    home.kill_all()

    def is_asked():
        home.tick()
        return home.names("approvals", "hold")

    until(is_asked, "a person is asked", SOON)
    [id] = home.names("approvals", "hold")
    home.touch(f"{id}.yes")
    until(lambda: home.tick() and not open_ones(home), "it is settled", SOON)
    settled_to(home, BLUE)


@case
def settled_by_hand_while_a_person_is_asked_his_late_yes_changes_nothing(home):
    id = asked(home)
    home.memory("resolve", "k", "--take", "1")
    home.touch(f"{id}.yes")
    until(lambda: home.tick() and (home.spool / "approvals/re" / id).exists() or not home.names("approvals", "hold"),
          "the request is over", SOON)
    home.tick()
    expect(home.value("k") == RED and not open_ones(home), "settled twice")


@case
def one_conflict_asks_once(home):
    asked(home)
    for _ in range(3):
        home.tick()
    expect(home.asked() == 1, f"asked {home.asked()} times")
