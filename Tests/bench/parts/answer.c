// Answers, and prints how many nanoseconds later the process that waits for it has said a word, which comes to our
// stdin, and how many until it has ended. It may be anybody's child: it is not reaped here.
//
//   answer PID mv FROM TO                    from just before the rename
//   answer PID run COMMAND ARGUMENTS...      from just before the command is started
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { PATIENCE_MS = 60000 };

extern char **environ;

struct times {
  int64_t said, ended;
};

static struct times wait_for_end(int process) {
  struct pollfd polled[] = {{.fd = process, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  struct times times = {0, 0};
  while (times.ended == 0) {
    int count = poll(polled, 2, PATIENCE_MS);
    if (count == 0) errno = ETIMEDOUT;
    if (count < 1) fail("the one who waits");
    if (polled[1].revents != 0) {
      if (polled[1].revents & POLLIN) times.said = now_ns();
      // Once is enough.
      polled[1].fd = -1;
    }
    if (polled[0].revents != 0) times.ended = now_ns();
  }
  if (times.said == 0) {
    fprintf(stderr, "bench: the one who waits: has said nothing\n");
    exit(1);
  }
  return times;
}

int main(int argc, char **argv) {
  const char *synopsis = "answer PID mv FROM TO | run COMMAND ARGUMENTS...";
  if (argc < 4) usage(synopsis);
  int process = (int)syscall(SYS_pidfd_open, (pid_t)count_in(argv[1]), 0), status = 0;
  if (process < 0) fail("pidfd_open");
  pid_t child = 0;
  int64_t start = now_ns();
  if (strcmp(argv[2], "mv") == 0 && argc == 5) {
    if (rename(argv[3], argv[4]) < 0) fail(argv[4]);
  } else if (strcmp(argv[2], "run") == 0) {
    errno = posix_spawn(&child, argv[3], NULL, NULL, argv + 3, environ);
    if (errno != 0) fail(argv[3]);
  } else {
    usage(synopsis);
  }
  struct times times = wait_for_end(process);
  if (child != 0 && (waitpid(child, &status, 0) < 0 || status != 0)) fail("the command's exit");
  printf("%lld %lld\n", (long long)(times.said - start), (long long)(times.ended - start));
  return fflush(stdout) != 0;
}
