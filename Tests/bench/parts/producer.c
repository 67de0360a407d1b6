// The producer of the wake theme: publishes entries into DIR/new, and learns from the FIFO when the worker's command
// began. The time is noted just before the rename.
//
//   producer DIR FIFO COUNT       prints {"ns": [...]}: from each rename to the command's first instruction
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "rooms.h"

enum { PATIENCE_MS = 10000 };

// For the worker to finish, and to go to sleep again.
static const struct timespec pause_between = {.tv_nsec = 10 * 1000 * 1000};

static size_t make_entry(char *bytes, size_t size, const char *id) {
  int length = snprintf(bytes, size, "Spool: 1\nId: %s\n\n%.*s", id, (int)sizeof body, body);
  if (length < 0 || (size_t)length >= size) fail("make_entry");
  return (size_t)length;
}

static int64_t wait_for_stamp(int fifo) {
  struct pollfd polled = {.fd = fifo, .events = POLLIN};
  int64_t stamp;
  int count = poll(&polled, 1, PATIENCE_MS);
  if (count == 0) errno = ETIMEDOUT;
  if (count < 1) fail("the worker's command");
  if (read(fifo, &stamp, sizeof stamp) != sizeof stamp) fail("read the FIFO");
  return stamp;
}

int main(int argc, char **argv) {
  if (argc != 4) usage("producer DIR FIFO COUNT");
  long count = count_in(argv[3]);
  int directory = open_room(AT_FDCWD, argv[1]);
  int tmp = open_room(directory, "tmp"), new = open_room(directory, "new");
  // For writing too, so that the FIFO never ends.
  int fifo = open(argv[2], O_RDWR | O_CLOEXEC);
  int64_t *taken = calloc((size_t)count, sizeof *taken);
  if (fifo < 0 || taken == NULL) fail(argv[2]);
  make_body();
  for (long i = 0; i < count; i++) {
    char id[ID_SIZE], bytes[BODY_SIZE + 256];
    make_id(id);
    write_file(tmp, id, bytes, make_entry(bytes, sizeof bytes, id), false);
    int64_t start = now_ns();
    move(tmp, id, new, id);
    taken[i] = wait_for_stamp(fifo) - start;
    nanosleep(&pause_between, NULL);
  }
  for (long i = 0; i < count; i++) printf("%s%lld", i == 0 ? "{\"ns\": [" : ", ", (long long)taken[i]);
  puts("]}");
  free(taken);
  return ferror(stdout) || fflush(stdout) != 0;
}
