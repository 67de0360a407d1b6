// What Swift cannot call of SQLite: a function with variable arguments.
#ifndef CSQLITE_H
#define CSQLITE_H

#include <sqlite3.h>

// A tool opens the database for a millisecond: who closes it last neither copies the log back nor removes it, which would cost
// the next one three flushes. The log goes back as usual when it has grown to 1,000 pages.
static inline void csqlite_keep_log(sqlite3 *connection) {
  int yes = 1;
  sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
}

#endif
