// The floor of the wake theme: inotify and posix_spawn, and nothing else.
//
//   waker [--barrier] DIR COMMAND ARGUMENT      for each file that is moved to DIR/new runs COMMAND ARGUMENT
//
// With --barrier it promises what a claim promises: the file is locked and in run/, durably, before the command starts,
// and durably in done/ after it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "rooms.h"

extern char **environ;

static void run_command(char *const command[]) {
  pid_t child;
  int status;
  if (posix_spawn(&child, command[0], NULL, NULL, command, environ) != 0) fail(command[0]);
  if (waitpid(child, &status, 0) < 0) fail("waitpid");
  if (status != 0) fail("the command's exit");
}

int main(int argc, char **argv) {
  bool barrier = argc > 1 && strcmp(argv[1], "--barrier") == 0;
  if (argc != 4 + barrier) usage("waker [--barrier] DIR COMMAND ARGUMENT");
  argv += 1 + barrier;
  int directory = open_room(AT_FDCWD, argv[0]);
  int new = open_room(directory, "new"), run = open_room(directory, "run"), done = open_room(directory, "done");
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/new", argv[0]);
  if (length < 0 || (size_t)length >= sizeof path) fail(argv[0]);
  int watch = inotify_init1(IN_CLOEXEC);
  if (watch < 0 || inotify_add_watch(watch, path, IN_MOVED_TO) < 0) fail("inotify");
  if (puts("ready") < 0 || fflush(stdout) != 0) fail("stdout");
  for (;;) {
    _Alignas(struct inotify_event) char events[65536];
    ssize_t size = read(watch, events, sizeof events);
    if (size <= 0) fail("read events");
    for (char *at = events; at < events + size;) {
      const struct inotify_event *event = (const struct inotify_event *)at;
      at += sizeof *event + event->len;
      int file = -1;
      if (barrier) {
        file = lock_file(new, event->name);
        move(new, event->name, run, event->name);
        sync_room(run);
      }
      run_command(argv + 1);
      if (barrier) {
        move(run, event->name, done, event->name);
        sync_room(done);
        if (close(file) < 0) fail("close");
      }
    }
  }
}
