// Runs commands in turn, each from its start to its end, many times; what they print is thrown away.
//
//   start [--stdin FILE] ROUNDS -- COMMAND ARGUMENTS... [-- COMMAND ARGUMENTS...]...
//
// Prints a JSON array with {"ns": [...], "peak_kib": N} for each. A program of its own, since a process's peak memory
// counts what it had before its exec: here that is next to nothing. A round before the first one is not counted.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { COMMANDS_AT_MOST = 32 };

extern char **environ;

struct command {
  char **words;
  int64_t *ns;
  long peak_kib;
};

static int64_t run(struct command *command, const char *input) {
  posix_spawn_file_actions_t files;
  pid_t child;
  int status;
  struct rusage used;
  if (posix_spawn_file_actions_init(&files) != 0 ||
      posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0) != 0 ||
      posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) != 0)
    fail("file actions");
  int64_t start = now_ns();
  errno = posix_spawnp(&child, command->words[0], &files, NULL, command->words, environ);
  if (errno != 0) fail(command->words[0]);
  if (wait4(child, &status, 0, &used) < 0) fail("wait4");
  int64_t taken = now_ns() - start;
  if (posix_spawn_file_actions_destroy(&files) != 0) fail("file actions");
  if (status != 0) {
    fprintf(stderr, "bench: %s: ended with status %d\n", command->words[0], status);
    exit(1);
  }
  if (used.ru_maxrss > command->peak_kib) command->peak_kib = used.ru_maxrss;
  return taken;
}

static void print(const struct command *commands, int count, long rounds) {
  for (int i = 0; i < count; i++) {
    printf("%s{\"peak_kib\": %ld, \"ns\": [", i == 0 ? "[" : ",\n ", commands[i].peak_kib);
    for (long round = 0; round < rounds; round++)
      printf("%s%lld", round == 0 ? "" : ", ", (long long)commands[i].ns[round]);
    printf("]}");
  }
  puts("]");
  if (ferror(stdout) || fflush(stdout) != 0) fail("stdout");
}

int main(int argc, char **argv) {
  const char *synopsis = "start [--stdin FILE] ROUNDS -- COMMAND ARGUMENTS... [-- ...]";
  const char *input = "/dev/null";
  int at = 1;
  if (argc > 2 && strcmp(argv[1], "--stdin") == 0) {
    input = argv[2];
    at = 3;
  }
  if (argc <= at + 2) usage(synopsis);
  long rounds = count_in(argv[at++]);
  struct command commands[COMMANDS_AT_MOST];
  int count = 0;
  for (; at < argc; at++) {
    if (strcmp(argv[at], "--") != 0) continue;
    if (count == COMMANDS_AT_MOST || at + 1 == argc) usage(synopsis);
    argv[at] = NULL;
    commands[count] = (struct command){argv + at + 1, calloc((size_t)rounds, sizeof(int64_t)), 0};
    if (commands[count++].ns == NULL) fail("memory");
  }
  if (count == 0) usage(synopsis);
  for (int i = 0; i < count; i++) run(&commands[i], input);
  for (long round = 0; round < rounds; round++)
    for (int i = 0; i < count; i++) {
      // Each has each of the others before it.
      struct command *command = &commands[(i + round) % count];
      command->ns[round] = run(command, input);
    }
  print(commands, count, rounds);
  return 0;
}
