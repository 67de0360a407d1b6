// A client of a process that answers each line with a line: how long each operation takes as its client sees it.
//
//   client put COUNT KEYS NUMBER FILE -- COMMAND...
//   client get COUNT KEYS NUMBER FILE -- COMMAND...
//   client both COUNT KEYS NUMBER FILE -- PUT-COMMAND... -- GET-COMMAND...     in turn, from two processes
//
// Puts {"key":"bench-NUMBER-K","value":"..."} and asks for bench-NUMBER-K, of which there are KEYS. One operation of
// each kind before the start gate is not counted. The times go into FILE, as 64-bit integers, in nanoseconds.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

// As long as a remembered sentence or two; no digits in a row that a search for secrets would look at twice.
static const char VALUE[] =
    "The deployment of the billing service waits for the migration of the ledger; run it on the second machine "
    "first, look at the error rate for ten minutes, then go on with the others, one after the other, round ";

struct server {
  pid_t pid;
  int in, out;
};

static struct server start(char **words) {
  int asked[2], answered[2];
  struct server server;
  posix_spawn_file_actions_t files;
  if (pipe2(asked, O_CLOEXEC) < 0 || pipe2(answered, O_CLOEXEC) < 0) fail("pipe");
  if (posix_spawn_file_actions_init(&files) != 0 || posix_spawn_file_actions_adddup2(&files, asked[0], 0) != 0 ||
      posix_spawn_file_actions_adddup2(&files, answered[1], 1) != 0)
    fail("file actions");
  errno = posix_spawnp(&server.pid, words[0], &files, NULL, words, environ);
  if (errno != 0) fail(words[0]);
  posix_spawn_file_actions_destroy(&files);
  close(asked[0]);
  close(answered[1]);
  server.in = asked[1];
  server.out = answered[0];
  return server;
}

static void stop(struct server server) {
  int status;
  close(server.in);
  if (waitpid(server.pid, &status, 0) < 0) fail("waitpid");
  if (status == 0) return;
  fprintf(stderr, "bench: client: the command ended with status %d\n", status);
  exit(1);
}

// Nanoseconds from the line to the answer, which must name the key.
static int64_t ask(struct server server, const char *key, const char *line, size_t size) {
  char answer[4096];
  size_t filled = 0;
  int64_t begin = now_ns();
  if (write(server.in, line, size) != (ssize_t)size) fail("write");
  while (filled == 0 || answer[filled - 1] != '\n') {
    ssize_t count = read(server.out, answer + filled, sizeof answer - 1 - filled);
    if (count < 0) fail("read");
    if (count == 0) {
      fprintf(stderr, "bench: client: no answer for %s\n", key);
      exit(1);
    }
    filled += (size_t)count;
  }
  int64_t took = now_ns() - begin;
  answer[filled] = 0;
  if (strstr(answer, key) != NULL && strstr(answer, "\"error\"") == NULL && strstr(answer, "\"version\":0") == NULL)
    return took;
  fprintf(stderr, "bench: client: %s was answered with %s", key, answer);
  exit(1);
}

static int64_t operate(struct server server, bool is_put, long number, long round, long keys) {
  char key[64], line[1024];
  snprintf(key, sizeof key, "bench-%ld-%ld", number, round % keys);
  int size = is_put ? snprintf(line, sizeof line, "{\"key\":\"%s\",\"value\":\"%s%ld\"}\n", key, VALUE, round)
                    : snprintf(line, sizeof line, "%s\n", key);
  return ask(server, key, line, (size_t)size);
}

static void write_times(const char *path, const int64_t *times, long count) {
  FILE *file = fopen(path, "we");
  if (file == NULL) fail(path);
  if (fwrite(times, sizeof *times, (size_t)count, file) != (size_t)count || fclose(file) != 0) fail(path);
}

int main(int argc, char **argv) {
  const char *synopsis = "client put|get|both COUNT KEYS NUMBER FILE -- COMMAND... [-- COMMAND...]";
  if (argc < 8 || strcmp(argv[6], "--") != 0) usage(synopsis);
  bool puts_some = strcmp(argv[1], "get") != 0, gets_some = strcmp(argv[1], "put") != 0;
  char **second = argv + 7;
  while (*second != NULL && strcmp(*second, "--") != 0) second++;
  if (*second != NULL) *second++ = NULL;
  if ((puts_some && gets_some) != (*second != NULL)) usage(synopsis);
  long count = count_in(argv[2]), keys = count_in(argv[3]), number = count_in(argv[4]);
  int64_t *times = calloc((size_t)count, sizeof *times);
  if (times == NULL) fail("memory");

  struct server put = {0}, get = {0};
  if (puts_some) put = start(argv + 7);
  if (gets_some) get = start(puts_some ? second : argv + 7);
  if (puts_some) operate(put, true, number, 0, keys);
  if (gets_some) operate(get, false, number, 0, keys);
  wait_for_gate();
  int64_t begin = now_ns();
  for (long i = 0; i < count; i++) {
    bool is_put = puts_some && (!gets_some || i % 2 == 0);
    times[i] = operate(is_put ? put : get, is_put, number, i, keys);
  }
  report(begin, count);
  if (puts_some) stop(put);
  if (gets_some) stop(get);
  write_times(argv[5], times, count);
  return 0;
}
