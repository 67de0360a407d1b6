"""A memory with versions in Python's sqlite3: a line in, one transaction, a line out.

    on_sqlite3.py put DATABASE      {"key":"K","value":"V"} on stdin; K, a tab and the new version when it is durable
    on_sqlite3.py get DATABASE      K on stdin; {"key":"K","version":N,"value":"V"}

WAL, synchronous=FULL; a write takes the lock first, sets the key's current value and adds it to its history.
"""
import json
import sqlite3
import sys
import time

PATIENCE = 60
SETTINGS = [
    "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
    """CREATE TABLE IF NOT EXISTS keys
       (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL, at REAL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS history
       (key TEXT, version INTEGER, value TEXT, at REAL, PRIMARY KEY (key, version)) WITHOUT ROWID""",
]
SET = """INSERT INTO keys VALUES (?, 1, ?, ?) ON CONFLICT (key) DO UPDATE
         SET version = version + 1, value = excluded.value, at = excluded.at RETURNING version"""


def opened(path):
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    for text in SETTINGS:
        database.execute(text).fetchall()
    return database


def put(database, line):
    entry, now = json.loads(line), time.time()
    key, value = entry["key"], entry["value"]
    database.execute("BEGIN IMMEDIATE")
    version = database.execute(SET, (key, value, now)).fetchall()[0][0]
    database.execute("INSERT INTO history VALUES (?, ?, ?, ?)", (key, version, value, now))
    database.execute("COMMIT")
    return f"{key}\t{version}"


def get(database, line):
    key = line.rstrip("\n")
    found = database.execute("SELECT version, value FROM keys WHERE key = ?", (key,)).fetchone()
    entry = {"key": key, "version": found[0], "value": found[1]} if found else {"key": key, "version": 0}
    return json.dumps(entry, separators=(",", ":"))


def main():
    verb, path = sys.argv[1:]
    database, operate = opened(path), {"put": put, "get": get}[verb]
    for line in sys.stdin:
        print(operate(database, line), flush=True)


main()
