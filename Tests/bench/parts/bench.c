// What the C programs of the benchmark share.
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void fail(const char *what) {
  fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
  exit(1);
}

void usage(const char *synopsis) {
  fprintf(stderr, "usage: %s\n", synopsis);
  exit(64);
}

long count_in(const char *text) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (errno == 0 && (end == text || *end != 0 || number < 1)) errno = EINVAL;
  if (errno != 0) fail(text);
  return number;
}

int64_t now_ns(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) < 0) fail("clock_gettime");
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

void wait_for_gate(void) {
  char byte;
  if (puts("ready") < 0 || fflush(stdout) != 0) fail("stdout");
  if (read(0, &byte, 1) < 0) fail("stdin");
}

void report(int64_t since, long items) {
  double seconds = (double)(now_ns() - since) / 1e9;
  if (printf("{\"seconds\": %.6f, \"items\": %ld}\n", seconds, items) < 0 || fflush(stdout) != 0) fail("stdout");
}
