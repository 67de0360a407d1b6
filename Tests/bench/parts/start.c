// Runs commands in turn, each from its start to its end, many times.
//
//   start [OPTIONS] ROUNDS -- COMMAND ARGUMENTS... [-- COMMAND ARGUMENTS...]...
//
// --stdin FILE: what they read; --stdout FILE: what the last one printed. Both are /dev/null by themselves.
// --stamps FIFO: what a command starts writes times into it (see stamp.c).
// --status N: how each command must end; by itself 0. `any`: as it likes, but not by a signal.
// --warm-up none: no round before the first one, which is not counted.
//
// Prints a JSON array with {"ns": [...], "peak_kib": N} for each. With --stamps, "first" is how long after the start of
// the command the first of them was, "between" how long after that one the last. A program of its own, since a
// process's peak memory counts what it had before its exec: here that is next to nothing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { COMMANDS_AT_MOST = 32, ANY = -1 };

extern char **environ;

struct times {
  int64_t whole, first, between;
};

struct command {
  char **words;
  struct times *times;
  long peak_kib;
};

static const char *input = "/dev/null", *output = "/dev/null";
static bool warms_up = true;
static int stamps = -1;
static int expected;

static void read_stamps(struct times *times, int64_t start, const char *name) {
  int64_t stamp, last = 0;
  ssize_t count;
  times->first = 0;
  while ((count = read(stamps, &stamp, sizeof stamp)) == sizeof stamp) {
    if (times->first == 0) times->first = stamp - start;
    last = stamp;
  }
  if (count >= 0 || errno != EAGAIN) fail("read the FIFO");
  if (last == 0) {
    fprintf(stderr, "bench: %s: made no stamp\n", name);
    exit(1);
  }
  times->between = last - start - times->first;
}

static struct times run(struct command *command) {
  posix_spawn_file_actions_t files;
  pid_t child;
  int status;
  struct rusage used;
  if (posix_spawn_file_actions_init(&files) != 0 ||
      posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0) != 0 ||
      posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600) != 0)
    fail("file actions");
  int64_t start = now_ns();
  errno = posix_spawnp(&child, command->words[0], &files, NULL, command->words, environ);
  if (errno != 0) fail(command->words[0]);
  if (wait4(child, &status, 0, &used) < 0) fail("wait4");
  struct times times = {.whole = now_ns() - start};
  if (posix_spawn_file_actions_destroy(&files) != 0) fail("file actions");
  if (!WIFEXITED(status) || (expected != ANY && WEXITSTATUS(status) != expected)) {
    fprintf(stderr, "bench: %s: ended with status %d\n", command->words[0], status);
    exit(1);
  }
  if (stamps >= 0) read_stamps(&times, start, command->words[0]);
  if (used.ru_maxrss > command->peak_kib) command->peak_kib = used.ru_maxrss;
  return times;
}

static void print_times(const char *name, size_t at, const struct command *command, long rounds) {
  printf(", \"%s\": [", name);
  for (long round = 0; round < rounds; round++) {
    const char *times = (const char *)&command->times[round];
    printf("%s%lld", round == 0 ? "" : ", ", (long long)*(const int64_t *)(times + at));
  }
  printf("]");
}

static void print(const struct command *commands, int count, long rounds) {
  for (int i = 0; i < count; i++) {
    printf("%s{\"peak_kib\": %ld", i == 0 ? "[" : ",\n ", commands[i].peak_kib);
    print_times("ns", offsetof(struct times, whole), &commands[i], rounds);
    if (stamps >= 0) {
      print_times("first", offsetof(struct times, first), &commands[i], rounds);
      print_times("between", offsetof(struct times, between), &commands[i], rounds);
    }
    printf("}");
  }
  puts("]");
  if (ferror(stdout) || fflush(stdout) != 0) fail("stdout");
}

// Where the options end.
static int read_options(int argc, char **argv) {
  int at = 1;
  for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
    if (strcmp(argv[at], "--stdin") == 0) {
      input = argv[at + 1];
    } else if (strcmp(argv[at], "--stdout") == 0) {
      output = argv[at + 1];
    } else if (strcmp(argv[at], "--warm-up") == 0 && strcmp(argv[at + 1], "none") == 0) {
      warms_up = false;
    } else if (strcmp(argv[at], "--stamps") == 0) {
      // For writing too, so that it never ends.
      if ((stamps = open(argv[at + 1], O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0) fail(argv[at + 1]);
    } else if (strcmp(argv[at], "--status") == 0) {
      expected = strcmp(argv[at + 1], "any") == 0 ? ANY : (int)count_in(argv[at + 1]);
    } else {
      break;
    }
  }
  return at;
}

int main(int argc, char **argv) {
  const char *synopsis = "start [--stdin FILE] [--stdout FILE] [--stamps FIFO] [--status N|any] [--warm-up none] ROUNDS -- "
                         "COMMAND ARGUMENTS... [-- ...]";
  int at = read_options(argc, argv);
  if (argc <= at + 2) usage(synopsis);
  long rounds = count_in(argv[at++]);
  struct command commands[COMMANDS_AT_MOST];
  int count = 0;
  for (; at < argc; at++) {
    if (strcmp(argv[at], "--") != 0) continue;
    if (count == COMMANDS_AT_MOST || at + 1 == argc) usage(synopsis);
    argv[at] = NULL;
    commands[count] = (struct command){argv + at + 1, calloc((size_t)rounds, sizeof(struct times)), 0};
    if (commands[count++].times == NULL) fail("memory");
  }
  if (count == 0) usage(synopsis);
  for (int i = 0; i < count && warms_up; i++) run(&commands[i]);
  for (long round = 0; round < rounds; round++)
    for (int i = 0; i < count; i++) {
      // A B C, then backwards from another one: nobody has always the same one before him, whose writes he may pay for.
      int turn = (int)((i + round) % count);
      struct command *command = &commands[round % 2 == 0 ? turn : count - 1 - turn];
      command->times[round] = run(command);
    }
  print(commands, count, rounds);
  return 0;
}
