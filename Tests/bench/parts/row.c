// The floors of the pipeline theme. A step runs its command, and then a stamp in its name is made durable: created,
// written, fsynced, renamed, the directory fsynced. A step that has its stamp is not run again.
//
//   row run [--fresh] DIR COUNT END...      COUNT steps in this process: /bin/true, the first and the last one END
//   row stop [--fresh] DIR COUNT END...     COUNT steps of /bin/true, then one of END
//   row sh [--fresh] DIR SCRIPT ARG...      becomes a shell that runs the script, with the directory as $STEPS
//   row step NAME COMMAND...                one step in $STEPS: a line of such a script
//
// The stamps lie in DIR, or with --fresh in a new directory in it. It ends as the first command does that fails.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "rooms.h"

extern char **environ;

static void run_command(char **words) {
  int status;
  pid_t child;
  errno = posix_spawn(&child, words[0], NULL, NULL, words, environ);
  if (errno != 0) fail(words[0]);
  if (waitpid(child, &status, 0) < 0) fail("waitpid");
  if (status != 0) exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void run_step(int steps, const char *name, char **words) {
  static const char stamp[] = "Exit: 0\n";
  char hidden[80];
  if (faccessat(steps, name, F_OK, 0) == 0) return;
  if (errno != ENOENT) fail(name);
  run_command(words);
  snprintf(hidden, sizeof hidden, ".%s", name);
  write_file(steps, hidden, stamp, sizeof stamp - 1, true);
  move(steps, hidden, steps, name);
  sync_room(steps);
}

static void run_steps(int steps, long count, bool stopping, char **end) {
  char *plain[] = {"/bin/true", NULL};
  long last = stopping ? count : count - 1;
  for (long i = 0; i <= last; i++) {
    char name[32];
    snprintf(name, sizeof name, "s%ld", i + 1);
    run_step(steps, name, i == last || (i == 0 && !stopping) ? end : plain);
  }
}

// A new directory in this one; it survives a power cut too.
static void make_directory(const char *parent, char path[4096]) {
  char id[ID_SIZE];
  make_id(id);
  int length = snprintf(path, 4096, "%s/%s", parent, id), room = open_room(AT_FDCWD, parent);
  if (length < 0 || length >= 4096 || mkdirat(room, id, 0700) < 0) fail(path);
  sync_room(room);
  if (close(room) < 0) fail("close");
}

static void become_shell(const char *steps, char **script) {
  if (setenv("STEPS", steps, 1) < 0) fail("setenv");
  // In the place of the word before it.
  script[-1] = "/bin/sh";
  execv(script[-1], script - 1);
  fail(script[-1]);
}

int main(int argc, char **argv) {
  const char *synopsis =
      "row run|stop [--fresh] DIR COUNT END... | sh [--fresh] DIR SCRIPT ARG... | step NAME COMMAND...";
  if (argc < 4) usage(synopsis);
  if (strcmp(argv[1], "step") == 0) {
    const char *steps = getenv("STEPS");
    if (steps == NULL) usage(synopsis);
    run_step(open_room(AT_FDCWD, steps), argv[2], argv + 3);
    return 0;
  }
  bool fresh = strcmp(argv[2], "--fresh") == 0;
  char **words = argv + 2 + fresh, made[4096];
  const char *steps = words[0];
  if (argc < 4 + fresh) usage(synopsis);
  if (fresh) {
    make_directory(steps, made);
    steps = made;
  }
  if (strcmp(argv[1], "sh") == 0) become_shell(steps, words + 1);
  bool stopping = strcmp(argv[1], "stop") == 0;
  if ((!stopping && strcmp(argv[1], "run") != 0) || words[2] == NULL) usage(synopsis);
  run_steps(open_room(AT_FDCWD, steps), count_in(words[1]), stopping, words + 2);
  return 0;
}
