// A queue's rooms in C.
#define _GNU_SOURCE
#include "rooms.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

char body[BODY_SIZE];

void make_body(void) {
  unsigned state = 1;
  for (size_t i = 0; i < sizeof body; i++) {
    state = state * 1103515245u + 12345u;
    body[i] = (char)(' ' + (state >> 16) % 95);
  }
  body[sizeof body - 1] = '\n';
}

void make_id(char id[ID_SIZE]) {
  static const char digits[] = "0123456789bcdfghjklmnpqrstvwxz";
  static unsigned long made;
  struct timespec time;
  struct tm parts;
  char stamp[32], short_id[7] = "000000";
  if (clock_gettime(CLOCK_REALTIME, &time) < 0 || gmtime_r(&time.tv_sec, &parts) == NULL) fail("clock_gettime");
  if (strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &parts) == 0) fail("strftime");
  unsigned long rest = made++;
  for (int i = 5; i >= 0; i--, rest /= 30) short_id[i] = digits[rest % 30];
  int length = snprintf(
      id, ID_SIZE, "%s.%06ldZ-%s-p%d", stamp, time.tv_nsec / 1000, short_id, (int)getpid());
  if (length < 0 || length >= ID_SIZE) fail("make_id");
}

int open_room(int directory, const char *name) {
  int room = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (room < 0) fail(name);
  return room;
}

int open_queue(const char *directory, const char *queue) {
  int parent = open_room(AT_FDCWD, directory);
  int opened = open_room(parent, queue);
  if (close(parent) < 0) fail("close");
  return opened;
}

void write_file(int room, const char *name, const void *bytes, size_t size, bool durable) {
  int file = openat(room, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0440);
  if (file < 0) fail(name);
  if (write(file, bytes, size) != (ssize_t)size) fail("write");
  if (durable && fsync(file) < 0) fail("fsync");
  if (close(file) < 0) fail("close");
}

void move(int from, const char *name, int to, const char *new_name) {
  if (renameat2(from, name, to, new_name, RENAME_NOREPLACE) < 0) fail(name);
}

void sync_room(int room) {
  if (fsync(room) < 0) fail("fsync of a directory");
}

int lock_file(int room, const char *name) {
  int file = openat(room, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) fail(name);
  if (flock(file, LOCK_EX | LOCK_NB) < 0) fail("flock");
  return file;
}
