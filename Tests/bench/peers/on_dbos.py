"""The pipeline theme on DBOS and its SQLite database.

    on_dbos.py DATABASE JOURNAL row COUNT END...       a row of COUNT steps
    on_dbos.py DATABASE JOURNAL stop COUNT END...      dies in the step after COUNT others, whose command is END
    on_dbos.py DATABASE JOURNAL resume COUNT END...    goes on with that, and dies in the same step
    on_dbos.py DATABASE JOURNAL answer COUNT FIFO END...     COUNT times: waits for an answer, runs END
    on_dbos.py DATABASE JOURNAL crowd COUNT            `open` when so many wait, `done` after a line of stdin

JOURNAL is SQLite's journal_mode, which a new database gets: delete is what DBOS makes by itself.
"""
import os
import sqlite3
import sys
import threading
import time

from dbos import DBOS, SetWorkflowID

from work import TRUE, Stamps, leave, row, run, tell

STOPPED = "stopped"
FOREVER = 10**6
# For who waits to be at rest.
MOMENT = 0.03
arrived = threading.Semaphore(0)


@DBOS.step()
def step(words):
    return run(words)


@DBOS.workflow()
def in_a_row(count, end):
    for words in row(count, end):
        step(words)


@DBOS.workflow()
def stopping(count, end):
    for _ in range(count):
        step(TRUE)
    step(end)


@DBOS.workflow()
def waiting(words):
    arrived.release()
    DBOS.recv("answer", timeout_seconds=FOREVER)
    step(words)


def answer(count, stamps, words):
    for _ in range(count):
        handle = DBOS.start_workflow(waiting, words)
        time.sleep(MOMENT)
        start = time.monotonic_ns()
        DBOS.send(handle.workflow_id, "yes", "answer")
        handle.get_result()
        stamps.add(start)
    stamps.print()


def crowd(count):
    handles = [DBOS.start_workflow(waiting, TRUE) for _ in range(count)]
    for _ in handles:
        arrived.acquire()
    time.sleep(MOMENT)
    tell("open")
    sys.stdin.readline()
    for handle in handles:
        DBOS.send(handle.workflow_id, "yes", "answer")
    for handle in handles:
        handle.get_result()
    tell("done")


def launch(database, journal, threads):
    if not os.path.exists(database):
        sqlite3.connect(database).execute(f"PRAGMA journal_mode={journal}")
    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{database}", "log_level": "ERROR",
                 "max_executor_threads": threads})
    DBOS.launch()


def main():
    database, journal, verb, count, *words = sys.argv[1:]
    count = int(count)
    # A workflow that waits has a thread.
    launch(database, journal, count + 10 if verb == "crowd" else 10)
    if verb == "row":
        in_a_row(count, words)
    elif verb == "stop":
        with SetWorkflowID(STOPPED):
            stopping(count, words)
    elif verb == "resume":
        # The launch has found it.
        DBOS.retrieve_workflow(STOPPED).get_result()
    elif verb == "answer":
        answer(count, Stamps(words[0]), words[1:])
    elif verb == "crowd":
        crowd(count)
    leave()


main()
