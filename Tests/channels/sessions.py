"""A channel that speaks session: one process gets one message after the other. What happens where it ends or is not
understood: session_ends.py."""
import signal

from case import expect, sha256
from home import case, until
from own_channels import STALL, has_ended, served, session
from sending import TEXT, soon

ANSWERS = {"0": "done", "75": "wait,1", "69": "wait", "74": "wait,1d", "1": "fail*", "78": "fail*"}


@case
def one_process_serves_many_messages_and_is_told_all_of_each(home):
    session(home, "note(serves, *(f'{name}={header[name]}' for name in sorted(header)), text)\n"
                  "answer(0, f'the {number}th')\n")
    header = {"Subject": "Tea", "As": "kira", "Format": "html"}
    for start, argv in (0, ("deliver", "--recover")), (30, ("spool", "tick")):
        ids = [home.commit(number, "own:a b", f"text {number}", **header) for number in range(start, start + 30)]
        home.good(*argv)
        expect([id for _, id in served(home)[start:]] == ids, "not each once, and in its order")
        expect(len({pid for pid, _ in served(home)[start:]}) == 1, "more than one process")
        for number, id in enumerate(ids):
            home.lies(id, "done")
            expect(home.receipt(id)[1] == f"the {number + 1}th\n", f"another's receipt: {home.receipt(id)}")
            text, line = f"text {start + number}", home.lines("notes")[start + number]
            expect(line == "True Delivery-AS=kira Delivery-ATTEMPT=1 Delivery-FORMAT=html "
                   f"Delivery-ID={id} Delivery-SUBJECT=Tea Delivery-TO=a b Length={len(text)} {text.encode()}",
                   f"another frame: {line}")
    until(lambda: all(has_ended(pid) for pid, _ in served(home)[::30]), "they end when there is no more")


@case
def many_addresses_share_a_few_processes_and_each_has_its_order(home):
    session(home, "note(to, id)\nanswer(0, to)\n")
    ids = [home.commit(number, f"own:{number % 20}") for number in range(200)]
    home.recover()
    expect(len({pid for pid, _ in served(home)}) <= 6, "a process for each")
    for address in range(20):
        given = [line.split()[1] for line in home.lines("notes") if line.split()[0] == str(address)]
        expect(given == ids[address::20], f"own:{address}: not each once, and in its order")
        expect(home.receipt(given[-1])[1] == f"{address}\n", "another's receipt")


@case
def a_message_that_is_sent_at_once_has_a_process_of_its_own(home):
    session(home, "note(serves, text)\nanswer(0, 'thank you')\n")
    sent = home.send("own:a")
    expect(home.lines("notes") == [f"False {TEXT.encode()}"], f"{home.lines('notes')}")
    expect(home.receipt(sent.id)[1] == "thank you\n", f"another receipt: {home.receipt(sent.id)}")


@case
def each_answer_of_a_session_means_what_that_exit_means(home):
    session(home, "if to == 'slower':\n    answer(75, 'slowly', Retry_After=300)\n"
                  "else:\n    answer(int(to), 'because')\n")
    ids = {to: home.commit(number, f"own:{to}") for number, to in enumerate([*ANSWERS, "slower"])}
    home.recover()
    for to, place in ANSWERS.items():
        home.lies(ids[to], place)
        expect(to == "0" or "because" in home.log("deliveries", ids[to]), "its reason is not in the log")
    home.lies(ids["slower"], "wait")
    expect(290 <= home.due_in(ids["slower"]) <= 301, f"due in {home.due_in(ids['slower']):.0f} s, not 300")


@case
def a_long_receipt_of_a_session_is_a_receipt(home):
    session(home, "answer(0, 'thank you ' * 20000)\n")
    id = home.commit(1, "own:a")
    home.recover(soon(4))
    home.lies(id, "done")
    expect(home.receipt(id)[1].startswith("thank you"), "another receipt")


# ------------------------------------------------------------------ much, and an end from outside

@case
def five_megabytes_go_through_a_session(home):
    session(home, "import hashlib\nanswer(0, hashlib.sha256(text).hexdigest())\n")
    texts = ["0123456789abcde\n" * 327680, TEXT]
    ids = [home.commit(number, "own:a", text) for number, text in enumerate(texts)]
    home.recover()
    for id, text in zip(ids, texts):
        expect(home.receipt(id)[1] == f"{sha256(text.encode())}\n", "another text")


@case
def a_megabyte_on_stderr_stops_no_session(home):
    session(home, "sys.stderr.write(('x' * 79 + '\\n') * 13000)\nsys.stderr.flush()\nanswer(0, 'thank you')\n")
    ids = [home.commit(number, "own:a") for number in range(3)]
    done = home.recover()
    for id in ids:
        home.lies(id, "done")
        expect(1000 < len(home.log("deliveries", id)) < 300000, "its words are not in the log, or all of them")
    expect(len(done.err) < 1000000, "all of its words are said")


@case
def sigterm_hands_back_what_a_session_has_and_nothing_is_lost(home):
    session(home, f"if to == 'slow':\n    {STALL}answer(0, 'thank you')\n")
    ids = [home.commit(number, f"own:{to}", str(number)) for number, to in enumerate(["slow", "slow", "b", "b"])]
    recovery = home.start("deliver", "--recover")
    until(lambda: set(ids[2:]) <= set(home.names("deliveries", "done")), "the others are sent")
    expect(recovery.kill(signal.SIGTERM).end(within=10).code == 128 + signal.SIGTERM, "another end")
    home.lies(ids[0], "wait,0d", "new,0d")
    home.lies(ids[1], "new", "wait")
    until(lambda: all(has_ended(pid) for pid, _ in served(home)), "its sessions have ended too")
    expect("signal 15" in home.log("deliveries", ids[0]), f"not why: {home.log('deliveries', ids[0])}")
    session(home, "note(text)\nanswer(0, 'thank you')\n")
    home.again()
    for id in ids:
        home.lies(id, "done")
    expect(f"b'(This may be a repeat of message {ids[0][-6:]}.)\\n0'" in home.lines("notes"), "not marked")
    expect("b'1'" in home.lines("notes"), "marked, and nobody had begun it")


@case
def a_session_that_does_not_go_when_it_is_dismissed_is_ended(home):
    """Else each minute's tick would leave another one behind."""
    session(home, "answer(0, 'thank you')\n", after=STALL)
    id = home.commit(1, "own:a")
    home.recover()
    home.lies(id, "done")
    until(lambda: has_ended(served(home)[0][0]), "it has ended", 8)
