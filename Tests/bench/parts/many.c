// Runs one command many times, so many at once.
//
//   many FILE COUNT AT_ONCE COMMAND ARGUMENTS...
//
// Each reads FILE; what it prints is not kept. Each must end with 0. Prints {"seconds": S, "items": COUNT}.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

static void start(char **words, const posix_spawn_file_actions_t *files) {
  pid_t child;
  errno = posix_spawn(&child, words[0], files, NULL, words, environ);
  if (errno != 0) fail(words[0]);
}

static void await(const char *name) {
  int status;
  if (wait(&status) < 0) fail("wait");
  if (status == 0) return;
  fprintf(stderr, "bench: %s: ended with status %d\n", name, status);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 5) usage("many FILE COUNT AT_ONCE COMMAND ARGUMENTS...");
  long count = count_in(argv[2]), at_once = count_in(argv[3]), started = 0;
  posix_spawn_file_actions_t files;
  if (posix_spawn_file_actions_init(&files) != 0 ||
      posix_spawn_file_actions_addopen(&files, 0, argv[1], O_RDONLY, 0) != 0 ||
      posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) != 0)
    fail("file actions");
  int64_t begun = now_ns();
  for (; started < count; started++) {
    if (started >= at_once) await(argv[4]);
    start(argv + 4, &files);
  }
  for (long left = count < at_once ? count : at_once; left > 0; left--) await(argv[4]);
  report(begun, count);
  return 0;
}
