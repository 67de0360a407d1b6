"""Harvesting with DuckDB's read_json, on one thread: reads every *.jsonl in a directory, whole.

    on_duckdb.py DATABASE DIR PHRASE...

A turn is a line whose `message` or `payload` has the role user or assistant; its text is its `content`, or the `text`
of each part. What is found goes into a table, in one transaction; it keeps no positions. Prints {"facts": N}.
"""
import json
import re
import sys
from pathlib import Path

import duckdb

LONGEST = 8 << 20
TURNS = """
    CREATE TABLE facts AS
    WITH lines AS (
        SELECT filename, CASE type WHEN 'response_item' THEN payload ELSE message END AS turn
        FROM read_json($files, format='newline_delimited', filename=true, ignore_errors=true,
                       maximum_object_size=$longest, columns={type: 'VARCHAR',
                       message: 'STRUCT(role VARCHAR, content JSON)', payload: 'STRUCT(role VARCHAR, content JSON)'})
        WHERE type IN ('user', 'assistant', 'message', 'response_item')),
    turns AS (
        SELECT filename, turn.role AS role, turn.content AS content FROM lines
        WHERE turn.role IN ('user', 'assistant')),
    texts AS (
        SELECT filename, role, unnest(CASE json_type(content) WHEN 'VARCHAR' THEN [content->>'$']
                                      ELSE content->>'$[*].text' END) AS text FROM turns)
    SELECT filename, role, regexp_extract(text, $phrases) AS phrase, text FROM texts
    WHERE regexp_matches(text, $phrases)"""


def main():
    name, directory, *phrases = sys.argv[1:]
    files = [str(path) for path in Path(directory).rglob("*.jsonl")]
    database = duckdb.connect(name, config={"threads": 1})
    database.execute(TURNS, {"files": files, "longest": LONGEST, "phrases": "|".join(map(re.escape, phrases))})
    facts = database.execute("SELECT count(*) FROM facts").fetchone()[0]
    database.close()
    print(json.dumps({"facts": facts}))


main()
