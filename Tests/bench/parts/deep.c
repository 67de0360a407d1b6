// Spools that are deep: entries as the tools leave them, but without a barrier, and the least that a look at them
// costs.
//
//   deep fill DIR QUEUE ROOM COUNT    COUNT entries; in done/ each with its record in log/
//   deep names DIR...                 reads all names of these directories once
//   deep again DIR...                 the same for each line of stdin: how many nanoseconds it took
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "rooms.h"

static const char prompt[] = "What collides today, and when is there time?\n";

static void fill(const char *directory, const char *queue_name, const char *room_name, long count) {
  int queue = open_queue(directory, queue_name), tmp = open_room(queue, "tmp");
  int room = open_room(queue, room_name), log = open_room(queue, "log");
  bool is_done = strcmp(room_name, "done") == 0;
  char id[ID_SIZE], record[ID_SIZE + 4], text[512];
  for (long i = 0; i < count; i++) {
    make_id(id);
    int size = snprintf(text, sizeof text, "Spool: 1\nId: %s\nFrom: put\nLength: %zu\n\n%s", id, sizeof prompt - 1,
                        prompt);
    // Somebody may wait for it there.
    write_file(tmp, id, text, (size_t)size, false);
    move(tmp, id, room, id);
    if (!is_done) continue;
    snprintf(record, sizeof record, "%s.log", id);
    size = snprintf(text, sizeof text, "== attempt 1: done\n");
    write_file(log, record, text, (size_t)size, false);
  }
  if (syncfs(room) < 0) fail("syncfs");
}

static long read_names(const char *path) {
  DIR *directory = opendir(path);
  long count = 0;
  if (directory == NULL) fail(path);
  errno = 0;
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL; count++)
    if (entry->d_name[0] == 0) fail(path);
  if (errno != 0) fail("readdir");
  if (closedir(directory) < 0) fail("closedir");
  return count;
}

static long read_all(char **paths) {
  long count = 0;
  for (; *paths != NULL; paths++) count += read_names(*paths);
  return count;
}

static void print(long number) {
  if (printf("%ld\n", number) < 0 || fflush(stdout) != 0) fail("stdout");
}

static void read_again(char **paths) {
  for (int byte; (byte = getchar()) != EOF;) {
    if (byte != '\n') continue;
    int64_t start = now_ns();
    read_all(paths);
    print(now_ns() - start);
  }
}

int main(int argc, char **argv) {
  if (argc == 6 && strcmp(argv[1], "fill") == 0) {
    fill(argv[2], argv[3], argv[4], count_in(argv[5]));
  } else if (argc >= 3 && strcmp(argv[1], "names") == 0) {
    print(read_all(argv + 2));
  } else if (argc >= 3 && strcmp(argv[1], "again") == 0) {
    read_again(argv + 2);
  } else {
    usage("deep fill DIR QUEUE ROOM COUNT | names DIR... | again DIR...");
  }
  return 0;
}
