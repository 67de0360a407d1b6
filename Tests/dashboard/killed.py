"""It is ended, or killed, and comes back; what it has accepted is there once."""
import http.client
import os
import random
import shutil
import signal
import threading

from boards import SOON
from case import expect
from home import case, failed, until


@case
def it_ends_at_once_and_in_order(home):
    home.open()
    listens, idle = home.listen(), home.connect()
    home.ask("GET", "/", connection=idle)
    home.board.kill(signal.SIGHUP)
    home.get("/api/data")
    home.board.kill(signal.SIGTERM)
    expect(home.board.end().code == 143, f"{home.board.process.returncode}")
    expect(listens.block() is None, "its reader is not told")
    expect(not (home.spool / "heartbeats/dashboard").exists(), "it is expected to beat")
    home.open(port=home.port)  # at once, though connections of the old one linger


@case
def it_does_not_wait_for_who_does_not_read(home):
    home.open()
    for _ in range(3):
        home.listen()
    with_half = home.connect()
    with_half.connect()
    with_half.sock.sendall(b"GET / HT")
    home.board.kill(signal.SIGINT)
    expect(home.board.end().code == 130, f"{home.board.process.returncode}")


@case
def killed_it_is_missed_until_it_is_back(home):
    home.open()
    home.board.kill(signal.SIGKILL).end()
    expect((home.spool / "heartbeats/dashboard").exists(), "its death is not to be noticed")
    home.open(port=home.port)
    expect(f"Pid: {home.board.pid}" in (home.spool / "heartbeats/dashboard").read_text(), "it is not that one")


@case
def killed_again_and_again_each_click_is_one_reply(home):
    home.furnish().open()
    ids = [home.request(f"{number}".encode()) for number in range(3)]
    login, accepted, ended = home.login(), {}, threading.Event()

    def click(id):
        number = 0
        while not ended.is_set():
            number += 1
            key = f"{id}-{number}"
            body = {"verdict": "yes", "note": key, "key": key}
            while True:  # as a page does it that has had no answer
                try:
                    answer = home.ask("POST", f"/api/approvals/{id}", body, headers=login)
                    break
                except (OSError, http.client.HTTPException):
                    continue
            expect(answer.status == 202, f"{answer.status} {answer.body!r}")
            accepted[key] = answer.json["reply"]

    threads = [threading.Thread(target=click, args=[id]) for id in ids]
    for thread in threads:
        thread.start()
    for _ in range(8):
        known = len(accepted)
        until(lambda: len(accepted) > known + random.randrange(8), "something is accepted", SOON)
        home.board.kill(signal.SIGKILL).end()
        home.open(port=home.port)
    ended.set()
    for thread in threads:
        thread.join()
    notes = {}
    for entry in home.entries("replies"):
        expect(entry.body not in notes, f"{entry.body} lies there twice")
        notes[entry.body] = entry.id
    for key, reply in accepted.items():
        expect(notes.get(f"yes: {key}".encode()) == reply, f"{key} was accepted as {reply}, and is not there")
    home.remark(f"{len(accepted)} clicks")


@case
def a_spool_that_is_gone_ends_it(home):
    home.open()
    shutil.move(home.spool, home.home / "moved")
    try:
        home.ask("GET", "/", headers={})  # which wakes nobody
        home.ask("GET", "/api/data", headers={})
    except http.client.HTTPException:
        pass
    failed(home.board.end(), 69, "journal", "removed, moved or unmounted")
    shutil.move(home.home / "moved", home.spool)
    home.open(port=home.port)
