// The floor of a memory with versions, in SQLite: a line in, one transaction, a line out.
//
//   remember put DATABASE      {"key":"K","value":"V"} on stdin; K, a tab and the new version when it is durable
//   remember get DATABASE      K on stdin; {"key":"K","version":N,"value":"V"}
//
// WAL, synchronous=FULL; a write takes the lock first (BEGIN IMMEDIATE), sets the key's current value and adds it to
// its history. It takes keys and values as they stand in the JSON, without looking for escapes, and checks nothing.
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { PATIENCE_MS = 60000 };

static sqlite3 *database;
static sqlite3_stmt *begin, *commit, *set, *add, *get;

static int check(int status, const char *what) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return status;
  fprintf(stderr, "bench: remember: %s: %s\n", what, sqlite3_errmsg(database));
  exit(1);
}

static sqlite3_stmt *prepared(const char *text) {
  sqlite3_stmt *statement;
  check(sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), text);
  return statement;
}

static int step(sqlite3_stmt *statement) { return check(sqlite3_step(statement), sqlite3_sql(statement)); }

static void finish(sqlite3_stmt *statement) { check(sqlite3_reset(statement), sqlite3_sql(statement)); }

static void run(sqlite3_stmt *statement) {
  step(statement);
  finish(statement);
}

static void bind(sqlite3_stmt *statement, int at, const char *text) {
  check(sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC), "bind");
}

static void open_database(const char *path) {
  check(sqlite3_open(path, &database), path);
  check(sqlite3_busy_timeout(database, PATIENCE_MS), "busy_timeout");
  check(sqlite3_exec(database,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT "
                     "NULL, at REAL NOT NULL) WITHOUT ROWID;"
                     "CREATE TABLE IF NOT EXISTS history (key TEXT, version INTEGER, value TEXT, at REAL, "
                     "PRIMARY KEY (key, version)) WITHOUT ROWID",
                     NULL, NULL, NULL),
        "settings");
}

// Ends the string that begins after this mark.
static char *cut_out(char *line, const char *mark) {
  char *text = strstr(line, mark);
  if (text == NULL) usage("remember put: {\"key\":\"K\",\"value\":\"V\"}");
  text += strlen(mark);
  text[strcspn(text, "\"")] = 0;
  return text;
}

static void put_line(char *line) {
  char *value = cut_out(line, "\"value\":\""), *key = cut_out(line, "\"key\":\"");
  run(begin);
  bind(set, 1, key);
  bind(set, 2, value);
  step(set);
  long version = sqlite3_column_int64(set, 0);
  finish(set);
  bind(add, 1, key);
  check(sqlite3_bind_int64(add, 2, version), "bind");
  bind(add, 3, value);
  run(add);
  run(commit);
  printf("%s\t%ld\n", key, version);
}

static void get_line(char *key) {
  key[strcspn(key, "\n")] = 0;
  bind(get, 1, key);
  bool found = step(get) == SQLITE_ROW;
  printf("{\"key\":\"%s\",\"version\":%ld", key, found ? (long)sqlite3_column_int64(get, 0) : 0L);
  if (found) printf(",\"value\":\"%s\"", (const char *)sqlite3_column_text(get, 1));
  puts("}");
  finish(get);
}

int main(int argc, char **argv) {
  bool is_put = argc == 3 && strcmp(argv[1], "put") == 0;
  if (!is_put && !(argc == 3 && strcmp(argv[1], "get") == 0)) usage("remember put|get DATABASE");
  open_database(argv[2]);
  begin = prepared("BEGIN IMMEDIATE");
  commit = prepared("COMMIT");
  set = prepared("INSERT INTO keys VALUES (?1, 1, ?2, julianday('now')) ON CONFLICT (key) DO UPDATE "
                 "SET version = version + 1, value = excluded.value, at = excluded.at RETURNING version");
  add = prepared("INSERT INTO history VALUES (?1, ?2, ?3, julianday('now'))");
  get = prepared("SELECT version, value FROM keys WHERE key = ?1");
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    if (is_put) {
      put_line(line);
    } else {
      get_line(line);
    }
    if (fflush(stdout) != 0) fail("stdout");
  }
  return 0;
}
