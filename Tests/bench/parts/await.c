// The floor of the approval theme: sleeps by inotify until there is DIR/drop/NAME, and ends.
//
//   await [--verdict] DIR NAME      says `ready` when it watches, and `approved` at its end
//
// With --verdict it ends with a verdict that survives a power cut: a file of its own in DIR/re/.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

// Not those of bench.c: in memory that is measured, each page counts.
static _Noreturn void fail(const char *what) {
  dprintf(2, "await: %s: %s\n", what, strerror(errno));
  _exit(1);
}

static void say(const char *line) {
  if (write(1, line, strlen(line)) < 0) fail("stdout");
}

static int open_directory(const char *path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) fail(path);
  return directory;
}

static void wait_for(const char *name) {
  int watch = inotify_init1(IN_CLOEXEC);
  if (watch < 0 || inotify_add_watch(watch, "drop", IN_MOVED_TO | IN_CLOSE_WRITE) < 0) fail("inotify");
  int drop = open_directory("drop");
  say("ready\n");
  while (faccessat(drop, name, F_OK, 0) < 0) {
    char events[4096];
    if (errno != ENOENT) fail(name);
    if (read(watch, events, sizeof events) <= 0) fail("read events");
  }
}

static void write_verdict(const char *name) {
  static const char verdict[] = "Verdict: approved\n";
  int tmp = open_directory("tmp"), re = open_directory("re");
  int file = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0440);
  if (file < 0 || write(file, verdict, sizeof verdict - 1) != sizeof verdict - 1) fail(name);
  if (fsync(file) < 0 || renameat(tmp, name, re, name) < 0 || fsync(re) < 0) fail("the verdict");
}

int main(int argc, char **argv) {
  bool verdict = argc > 1 && strcmp(argv[1], "--verdict") == 0;
  if (argc != 3 + verdict) return 64;
  if (chdir(argv[1 + verdict]) < 0) fail(argv[1 + verdict]);
  wait_for(argv[2 + verdict]);
  if (verdict) write_verdict(argv[2 + verdict]);
  say("approved\n");
  return 0;
}
