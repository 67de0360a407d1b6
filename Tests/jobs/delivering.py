"""What becomes of what a run has to say: told apart from how it ended."""
from case import Entry, expect
from home import case
from jobbing import ids


@case
def an_output_is_delivered(home):
    done = home.sh("a", "echo breakfast", options=("--deliver", "me"))
    expect(done.out == b"breakfast\n", "it is passed on as well")
    row = home.is_so("a", execution="ok", delivery="delivered")
    home.is_told("breakfast")
    record = home.record("a")
    expect(record.header["Delivery"] == "delivered" and record.header["Deliveries"].split() == row["deliveries"],
           f"{record.header}")
    message = Entry(home.spool / "deliveries/done" / row["deliveries"][0])
    expect(message.header["Job"] == row["run"] and message.header["Subject"] == "a", f"{message.header}")


@case
def an_output_that_says_nothing_is_silent_by_design(home):
    for number, words in enumerate(["", "HEARTBEAT_OK\n", " NO_REPLY", "\n\n"]):
        home.job(f"j{number}", "printf", "%s", words, options=("--deliver", "me"))
        home.is_so(f"j{number}", execution="ok", delivery="silent", deliveries=[])
        expect(home.record(f"j{number}").header["Delivery"] == "silent", "the record")
    expect(not home.inbox() and not home.entries("deliveries"), "something was sent")


@case
def an_output_that_says_more_is_sent(home):
    home.job("a", "echo", "HEARTBEAT_OK? No: the disk is full.", options=("--deliver", "me"))
    home.is_so("a", delivery="delivered")
    home.is_told("HEARTBEAT_OK? No")


@case
def nothing_was_to_be_delivered(home):
    home.job("a", "echo", "breakfast")
    home.is_so("a", execution="ok", delivery="not-requested")


@case
def what_its_command_delivers_is_the_jobs(home):
    home.sh("a", "echo one | deliver --to me; echo two | deliver --to me -q")
    row = home.is_so("a", execution="ok", delivery="delivered")
    expect(len(row["deliveries"]) == 2, f"{row}")
    expect(home.record("a").header["Deliveries"].split() == row["deliveries"], "the record names both")
    for id in row["deliveries"]:
        expect(Entry(home.spool / "deliveries/done" / id).header["Job"] == row["run"], "whose it is")
    home.sh("b", "true")
    home.is_so("b", delivery="not-requested")


@case
def what_goes_into_another_spool_is_not_the_jobs(home):
    home.sh("a", f"echo one | deliver -C {home.home}/other --to file:{home.home}/there")
    home.is_so("a", delivery="not-requested")
    expect("Job:" not in "".join(path.read_text() for path in (home.home / "other/deliveries/done").iterdir()), "whose")


@case
def a_delivery_that_waits_is_unknown_until_it_is_delivered(home):
    home.channel()
    home.job("a", "echo", "breakfast", options=("--deliver", "moody:75/x"))
    row = home.is_so("a", execution="ok", exit=0, state="ok", delivery="unknown", deliveryDetail="pending")
    expect(home.record("a").header["Delivery"] == "unknown, pending", "the record says what was known then")
    home.is_well()
    (home.home / "well").touch()
    home.again()
    home.is_so("a", delivery="delivered", deliveries=row["deliveries"])


@case
def a_delivery_in_doubt_is_unknown(home):
    home.channel()
    home.sh("a", "echo breakfast | deliver --to moody:74/x --in-doubt hold")
    home.is_so("a", execution="ok", delivery="unknown", deliveryDetail="in doubt")
    home.is_told("a message may not have been delivered")


@case
def a_delivery_that_fails_does_not_fail_the_run(home):
    home.channel()
    home.job("a", "echo", "breakfast", options=("--deliver", "moody:1/x"))
    home.is_so("a", execution="ok", exit=0, state="ok", failures=0, delivery="failed")
    expect(home.record("a").header["Execution"] == "ok", "the record")
    expect(home.record("a").header["Delivery"].startswith("failed, "), "the record")
    home.recover()
    home.is_told("a message could not be delivered")  # by the delivery itself, once
    expect(len(home.messages()) == 1, f"{home.inbox()}")


@case
def an_output_for_nobody_is_told_of(home):
    done = home.job("a", "echo", "breakfast", options=("--deliver", "nobody"))
    expect(b"its output is not delivered" in done.err and done.out == b"breakfast\n", done.err)
    home.is_so("a", execution="ok", exit=0, failures=0, delivery="failed", deliveries=[])
    text = home.is_told("job a: nothing was delivered", "people/nobody")
    expect(home.record("a").body == b"breakfast\n" and ids(text), "its output is on record")
    home.tick()
    home.is_told("nothing was delivered")


@case
def of_several_the_worst_counts(home):
    home.channel()
    home.sh("a", "echo one | deliver --to me; echo two | deliver --to moody:75/x; echo three | deliver --to moody:1/x", code=69)
    row = home.is_so("a", execution="failed", exit=69, delivery="failed")
    expect(len(row["deliveries"]) == 3, f"{row}")
    expect("delivery: failed" in home.log_of("a"), "its log tells both")


@case
def the_output_of_a_failed_run_is_in_the_alert(home):
    home.sh("a", "echo half of it; echo sorry >&2; exit 1", options=("--deliver", "me"), code=1)
    home.is_so("a", execution="failed", delivery="not-requested")
    expect(len(home.messages()) == 1, home.inbox())
    home.is_told("job a failed", "half of it", "sorry")


@case
def a_deliver_that_was_refused_is_a_failed_delivery(home):
    home.sh("a", "echo one | deliver --to nobody || true")
    home.is_so("a", execution="ok", delivery="not-requested")  # nothing was to be sent to anybody
    home.sh("b", "echo one | deliver --to me --key k; echo two | deliver --to me --key k")
    row = home.is_so("b", execution="ok", delivery="delivered")
    expect(len(set(row["deliveries"])) == 1, "the second is the first")


@case
def a_resident_courier_may_send_it(home):
    home.furnish()
    home.start("deliver", "--watch", "-q")
    for number in range(5):
        home.job("a", "echo", f"message {number}.", options=("--deliver", "me"))
        home.told(f"message {number}.")
    home.is_so("a", delivery="delivered")
