// A queue in SQLite, as a peer: one table, WAL, synchronous=FULL; a transaction each to enqueue, claim, acknowledge.
//
//   sqlite prepare DIR QUEUE                makes DIR/QUEUE.db
//   sqlite cycle DIR QUEUE COUNT BATCH      enqueue, claim and acknowledge COUNT items, BATCH to a transaction
//   sqlite fill DIR QUEUE COUNT
//   sqlite drain DIR QUEUE BATCH            claim the oldest, acknowledge them, until none is left
//
// What is acknowledged stays, as in done/. In a cycle each process claims what it has enqueued itself, by its row.
#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "rooms.h"

enum { FILL_BATCH = 1024, PATIENCE_MS = 120000 };

static sqlite3 *database;
static sqlite3_stmt *begin, *commit, *enqueue, *claim, *oldest, *acknowledge;

static void check(int status, const char *what) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return;
  fprintf(stderr, "bench: sqlite: %s: %s\n", what, sqlite3_errmsg(database));
  exit(1);
}

static sqlite3_stmt *prepared(const char *text) {
  sqlite3_stmt *statement;
  check(sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), text);
  return statement;
}

static void run(sqlite3_stmt *statement) {
  int status;
  while ((status = sqlite3_step(statement)) == SQLITE_ROW) {}
  check(status, sqlite3_sql(statement));
  check(sqlite3_reset(statement), sqlite3_sql(statement));
}

static void run_on(sqlite3_stmt *statement, sqlite3_int64 row) {
  check(sqlite3_bind_int64(statement, 1, row), "bind");
  run(statement);
}

static void open_database(const char *directory, const char *queue, bool making) {
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/%s.db", directory, queue);
  if (length < 0 || (size_t)length >= sizeof path) {
    errno = ENAMETOOLONG;
    fail(directory);
  }
  check(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | (making ? SQLITE_OPEN_CREATE : 0), NULL), path);
  check(sqlite3_busy_timeout(database, PATIENCE_MS), "busy_timeout");
  const char *settings =
      making ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "CREATE TABLE items (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, body BLOB NOT NULL);"
               "CREATE INDEX ready ON items (id) WHERE state = 0"
             : "PRAGMA synchronous=FULL";
  check(sqlite3_exec(database, settings, NULL, NULL, NULL), "settings");
}

static void prepare_statements(void) {
  begin = prepared("BEGIN IMMEDIATE");
  commit = prepared("COMMIT");
  enqueue = prepared("INSERT INTO items (state, body) VALUES (0, ?1)");
  claim = prepared("UPDATE items SET state = 1 WHERE id = ?1 AND state = 0 RETURNING body");
  oldest = prepared("SELECT id FROM items WHERE state = 0 ORDER BY id LIMIT ?1");
  acknowledge = prepared("UPDATE items SET state = 2 WHERE id = ?1");
  check(sqlite3_bind_blob(enqueue, 1, body, sizeof body, SQLITE_STATIC), "bind");
}

static void publish(sqlite3_int64 *rows, long count) {
  run(begin);
  for (long i = 0; i < count; i++) {
    run(enqueue);
    rows[i] = sqlite3_last_insert_rowid(database);
  }
  run(commit);
}

static void claim_rows(const sqlite3_int64 *rows, long count) {
  for (long i = 0; i < count; i++) {
    run_on(claim, rows[i]);
    if (sqlite3_changes(database) != 1) {
      fprintf(stderr, "bench: sqlite: a row was claimed by somebody else\n");
      exit(1);
    }
  }
}

static void acknowledge_rows(const sqlite3_int64 *rows, long count) {
  run(begin);
  for (long i = 0; i < count; i++) run_on(acknowledge, rows[i]);
  run(commit);
}

static long least(long a, long b) { return a < b ? a : b; }

static long cycle(long count, long batch) {
  sqlite3_int64 *rows = calloc((size_t)batch, sizeof *rows);
  if (rows == NULL) fail("memory");
  for (long done = 0; done < count; done += batch) {
    long size = least(batch, count - done);
    publish(rows, size);
    run(begin);
    claim_rows(rows, size);
    run(commit);
    acknowledge_rows(rows, size);
  }
  free(rows);
  return count;
}

static long fill(long count) {
  sqlite3_int64 rows[FILL_BATCH];
  for (long done = 0; done < count; done += FILL_BATCH) publish(rows, least(FILL_BATCH, count - done));
  return count;
}

static long find_oldest(sqlite3_int64 *rows, long limit) {
  long count = 0;
  int status;
  check(sqlite3_bind_int64(oldest, 1, limit), "bind");
  while ((status = sqlite3_step(oldest)) == SQLITE_ROW) rows[count++] = sqlite3_column_int64(oldest, 0);
  check(status, "oldest");
  check(sqlite3_reset(oldest), "oldest");
  return count;
}

static long drain(long batch) {
  sqlite3_int64 *rows = calloc((size_t)batch, sizeof *rows);
  if (rows == NULL) fail("memory");
  long items = 0;
  for (;;) {
    run(begin);
    long count = find_oldest(rows, batch);
    claim_rows(rows, count);
    run(commit);
    if (count == 0) break;
    acknowledge_rows(rows, count);
    items += count;
  }
  free(rows);
  return items;
}

int main(int argc, char **argv) {
  const char *synopsis =
      "sqlite prepare DIR QUEUE | cycle DIR QUEUE COUNT BATCH | fill DIR QUEUE COUNT | drain DIR QUEUE BATCH";
  if (argc < 4) usage(synopsis);
  const char *verb = argv[1];
  bool making = strcmp(verb, "prepare") == 0 && argc == 4;
  bool is_cycle = strcmp(verb, "cycle") == 0 && argc == 6, is_fill = strcmp(verb, "fill") == 0 && argc == 5;
  if (!making && !is_cycle && !is_fill && !(strcmp(verb, "drain") == 0 && argc == 5)) usage(synopsis);
  long count = argc > 4 ? count_in(argv[4]) : 0, batch = is_cycle ? count_in(argv[5]) : count, items;
  open_database(argv[2], argv[3], making);
  // The process ends here: what it has opened goes with it.
  if (making) return 0;
  make_body();
  prepare_statements();
  wait_for_gate();
  int64_t start = now_ns();
  if (is_cycle) {
    items = cycle(count, batch);
  } else {
    items = is_fill ? fill(count) : drain(batch);
  }
  report(start, items);
  return 0;
}
