"""A disk that is full: no half product, nothing undone, and when there is space the run goes on where it was."""
from case import expect
from home import case_on, until

ROOMY = "pipeline-step a --undo 'tally undo-a' -- tally a\n"


def goes_on(home, disk, run):
    disk.free()
    until(lambda: run.room == "done" or home.resume_now() and run.room == "done", "it goes on", 40)


@case_on("tmpfs", "ext4")
def a_product_that_does_not_fit_parks_the_run_and_is_no_product(home, disk):
    run = home.launch(ROOMY + "pipeline-step b -- sh -c 'tally b; [ -e b.well ] || exec head -c 20000000 /dev/zero'\n"
                              "pipeline-step c -- tally c\n")
    done = run.command.end(40)
    expect(done.code not in (0, 70) and done.err, f"exit {done.code}: {done.err!r}")
    expect(run.products() == ["a"] and "undo-a" not in home.ran(), f"steps/ has {run.products()}; what ran: {home.ran()}")
    expect(run.room in ("wait", "hold", "run"), f"it lies in {run.room}/: {done.err!r}")
    home.is_well("b")
    if run.room == "hold":
        home.good("spool", "release", run.id)
    goes_on(home, disk, run)
    expect(home.ran().count("a") == home.ran().count("c") == 1, f"what ran: {home.ran()}")


@case_on("tmpfs", "ext4")
def a_disk_that_is_full_when_a_step_begins_parks_the_run(home, disk):
    run = home.launch(ROOMY + "pipeline-step w -- await w\npipeline-step b -- tally b\n")
    home.until_ran("w")
    disk.fill()
    home.go("w")
    done = run.command.end(40)
    expect(done.code not in (0, 70) and done.err, f"exit {done.code}: {done.err!r}")
    expect("undo-a" not in home.ran(), f"what ran: {home.ran()}")
    goes_on(home, disk, run)
    expect(home.ran().count("a") == 1 and home.ran().count("b") == 1, f"what ran: {home.ran()}")


@case_on("tmpfs", "ext4")
def a_disk_that_is_full_refuses_a_new_run(home, disk):
    home.furnish().script("tally a\n")
    disk.fill()
    done = home.run("pipeline-run", "job.sh")
    expect(done.code in (74, 75) and done.err.startswith(b"pipeline-run: "), f"exit {done.code}: {done.err!r}")
    home.has_run()
    disk.free()
    home.good("pipeline-run", "job.sh")


@case_on("tmpfs", "ext4")
def a_disk_that_is_full_while_it_is_undone_loses_no_undo(home, disk):
    run = home.launch(ROOMY + "pipeline-step w -- await w 5\n")
    home.until_ran("w")
    disk.fill()
    home.go("w")
    run.command.end(60)
    disk.free()
    until(lambda: run.room == "fail" or home.run("spool", "release", run.id) and home.resume_now() and run.room == "fail",
          "it is over", 40)
    expect(home.ran().count("undo-a") in (1, 2), f"what ran: {home.ran()}")
