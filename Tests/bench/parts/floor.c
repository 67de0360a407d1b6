// The floor of the queue: the protocol's system calls and barriers in C, and nothing else.
//
//   floor cycle DIR QUEUE COUNT BATCH    publish, claim and finish COUNT items
//   floor fill DIR QUEUE COUNT           publish only
//   floor drain DIR QUEUE BATCH          claim and finish all that lies in new/
//
// One at a time, an item costs four barriers: its file, new/, run/, done/. A batch shares one syncfs and three.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "rooms.h"

enum { FILL_BATCH = 1024 };

typedef char id_text[ID_SIZE];

struct queue {
  int tmp, new, run, done;
};

static void *memory(size_t count, size_t size) {
  void *bytes = calloc(count, size);
  if (bytes == NULL) fail("memory");
  return bytes;
}

static void publish(const struct queue *queue, id_text *ids, long count) {
  for (long i = 0; i < count; i++) {
    make_id(ids[i]);
    write_file(queue->tmp, ids[i], body, sizeof body, count == 1);
  }
  if (count > 1 && syncfs(queue->tmp) < 0) fail("syncfs");
  for (long i = 0; i < count; i++) move(queue->tmp, ids[i], queue->new, ids[i]);
  sync_room(queue->new);
}

static void work_off(const struct queue *queue, id_text *ids, int *files, long count) {
  char bytes[BODY_SIZE];
  for (long i = 0; i < count; i++) {
    files[i] = lock_file(queue->new, ids[i]);
    move(queue->new, ids[i], queue->run, ids[i]);
    if (read(files[i], bytes, sizeof bytes) != sizeof bytes) fail("read");
  }
  sync_room(queue->run);
  for (long i = 0; i < count; i++) move(queue->run, ids[i], queue->done, ids[i]);
  sync_room(queue->done);
  for (long i = 0; i < count; i++)
    if (close(files[i]) < 0) fail("close");
}

static long least(long a, long b) { return a < b ? a : b; }

static long cycle(const struct queue *queue, long count, long batch) {
  id_text *ids = memory((size_t)batch, sizeof *ids);
  int *files = memory((size_t)batch, sizeof *files);
  for (long done = 0; done < count; done += batch) {
    long size = least(batch, count - done);
    publish(queue, ids, size);
    work_off(queue, ids, files, size);
  }
  free(ids);
  free(files);
  return count;
}

static long fill(const struct queue *queue, long count) {
  id_text *ids = memory(FILL_BATCH, sizeof *ids);
  for (long done = 0; done < count; done += FILL_BATCH) publish(queue, ids, least(FILL_BATCH, count - done));
  free(ids);
  return count;
}

static int compare(const void *a, const void *b) { return strcmp(a, b); }

// All names in new/, oldest first.
static id_text *scan(const struct queue *queue, long *count) {
  long room = 1024;
  id_text *ids = memory((size_t)room, sizeof *ids);
  DIR *directory = fdopendir(dup(queue->new));
  if (directory == NULL) fail("fdopendir");
  *count = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (entry == NULL) break;
    if (entry->d_name[0] == '.') continue;
    if (*count == room) {
      room *= 2;
      ids = realloc(ids, (size_t)room * sizeof *ids);
      if (ids == NULL) fail("memory");
    }
    if (strlen(entry->d_name) >= ID_SIZE) {
      errno = ENAMETOOLONG;
      fail(entry->d_name);
    }
    strcpy(ids[(*count)++], entry->d_name);
  }
  if (errno != 0) fail("readdir");
  if (closedir(directory) < 0) fail("closedir");
  qsort(ids, (size_t)*count, sizeof *ids, compare);
  return ids;
}

static long drain(const struct queue *queue, long batch) {
  int *files = memory((size_t)batch, sizeof *files);
  long count;
  id_text *ids = scan(queue, &count);
  for (long done = 0; done < count; done += batch)
    work_off(queue, ids + done, files, least(batch, count - done));
  free(ids);
  free(files);
  return count;
}

int main(int argc, char **argv) {
  const char *synopsis = "floor cycle DIR QUEUE COUNT BATCH | fill DIR QUEUE COUNT | drain DIR QUEUE BATCH";
  if (argc < 4) usage(synopsis);
  const char *verb = argv[1];
  int directory = open_queue(argv[2], argv[3]);
  struct queue queue = {
      open_room(directory, "tmp"), open_room(directory, "new"), open_room(directory, "run"),
      open_room(directory, "done")};
  bool is_cycle = strcmp(verb, "cycle") == 0 && argc == 6, is_fill = strcmp(verb, "fill") == 0 && argc == 5;
  if (!is_cycle && !is_fill && !(strcmp(verb, "drain") == 0 && argc == 5)) usage(synopsis);
  long count = count_in(argv[4]), batch = is_cycle ? count_in(argv[5]) : count, items;
  make_body();
  wait_for_gate();
  int64_t start = now_ns();
  if (is_cycle) {
    items = cycle(&queue, count, batch);
  } else {
    items = is_fill ? fill(&queue, count) : drain(&queue, batch);
  }
  report(start, items);
  return 0;
}
