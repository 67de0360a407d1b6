"""Harvesting in Python, with orjson: reads every *.jsonl in a directory from its position on.

    on_orjson.py DATABASE DIR PHRASE...

A turn is a line whose `message` or `payload` has the role user or assistant; its text is its `content`, or the `text`
of each part. What is found and the position are one durable transaction (SQLite, WAL, synchronous=FULL) every
4 MiB. Prints {"lines": N, "facts": N}.
"""
import os
import re
import sqlite3
import sys
from pathlib import Path

import orjson

COMMIT_SIZE = 4 << 20
ROLES = {"user", "assistant"}
MESSAGES = {"user": "message", "assistant": "message", "message": "message", "response_item": "payload"}


def texts(line):
    """The role and the texts of a turn."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, ()
    name = MESSAGES.get(record.get("type"))
    message = record.get(name) if name else None
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        return None, ()
    content = message.get("content")
    if isinstance(content, str):
        return message["role"], (content,)
    return message["role"], [part["text"] for part in content or () if isinstance(part, dict) and "text" in part]


class Harvest:
    def __init__(self, database, phrases):
        self.database, self.search = database, re.compile("|".join(map(re.escape, phrases))).search
        self.lines, self.facts, self.pending = 0, 0, 0

    def read(self, path):
        found = self.database.execute("SELECT position FROM positions WHERE file = ?", (path,)).fetchone()
        position = found[0] if found else 0
        if os.stat(path).st_size <= position:
            return
        with open(path, "rb") as file:
            file.seek(position)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.read_line(path, position, line)
                position += len(line)
                self.pending += len(line)
                if self.pending >= COMMIT_SIZE:
                    self.move(path, position)
                    self.commit()
        self.move(path, position)

    def read_line(self, path, position, line):
        self.lines += 1
        role, parts = texts(line)
        for text in parts:
            if match := self.search(text):
                self.database.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?)",
                                      (path, position, role, match[0], text))
                self.facts += 1

    def move(self, path, position):
        self.database.execute("INSERT OR REPLACE INTO positions VALUES (?, ?)", (path, position))

    def commit(self):
        self.database.commit()
        self.pending = 0


def main():
    name, directory, *phrases = sys.argv[1:]
    database = sqlite3.connect(name)
    database.executescript("""
        PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
        CREATE TABLE IF NOT EXISTS positions (file TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS facts (file TEXT, offset INTEGER, role TEXT, phrase TEXT, text TEXT)""")
    harvest = Harvest(database, phrases)
    for path in Path(directory).rglob("*.jsonl"):
        harvest.read(str(path))
    harvest.commit()
    print(orjson.dumps({"lines": harvest.lines, "facts": harvest.facts}).decode())


main()
