// The floors of a call and of a delivery: their barriers and their command in C, one whole process each.
//
//   steps call DIR COMMAND      the prompt from stdin: published, claimed, in doubt, answered, handed over: 10 barriers
//   steps deliver DIR FILE      the same with a message that is appended to FILE: 12 barriers
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "rooms.h"

enum { TEXT_SIZE = 65536 };

extern char **environ;

static size_t read_all(int file, char text[TEXT_SIZE]) {
  size_t size = 0;
  ssize_t count;
  while (size < TEXT_SIZE && (count = read(file, text + size, TEXT_SIZE - size)) != 0) {
    if (count < 0) fail("read");
    size += (size_t)count;
  }
  return size;
}

static size_t ask(char *command, int prompt, char reply[TEXT_SIZE]) {
  int ends[2], status;
  pid_t child;
  posix_spawn_file_actions_t files;
  if (pipe2(ends, O_CLOEXEC) < 0) fail("pipe");
  if (posix_spawn_file_actions_init(&files) != 0 || posix_spawn_file_actions_adddup2(&files, prompt, 0) != 0 ||
      posix_spawn_file_actions_adddup2(&files, ends[1], 1) != 0)
    fail("file actions");
  if (posix_spawn(&child, command, &files, NULL, (char *[]){command, NULL}, environ) != 0) fail(command);
  if (posix_spawn_file_actions_destroy(&files) != 0 || close(ends[1]) < 0) fail("close");
  size_t size = read_all(ends[0], reply);
  if (waitpid(child, &status, 0) < 0 || close(ends[0]) < 0) fail("waitpid");
  if (status != 0) fail("the command's exit");
  return size;
}

static void append(const char *path, const char *text, size_t size) {
  char parent[4096];
  const char *slash = strrchr(path, '/');
  if (slash == NULL || (size_t)(slash - path) >= sizeof parent) usage("steps deliver DIR /FILE");
  memcpy(parent, path, (size_t)(slash - path));
  parent[slash - path] = 0;
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0 || flock(file, LOCK_EX) < 0) fail(path);
  if (write(file, text, size) != (ssize_t)size) fail("write");
  if (fsync(file) < 0 || close(file) < 0) fail("fsync");
  int directory = open_room(AT_FDCWD, parent);
  sync_room(directory);
  if (close(directory) < 0) fail("close");
}

int main(int argc, char **argv) {
  bool is_call = argc == 4 && strcmp(argv[1], "call") == 0;
  if (!is_call && !(argc == 4 && strcmp(argv[1], "deliver") == 0)) usage("steps call DIR COMMAND | deliver DIR FILE");
  int top = open_room(AT_FDCWD, argv[2]);
  int tmp = open_room(top, "tmp"), new = open_room(top, "new"), run = open_room(top, "run");
  int out = open_room(top, "out"), done = open_room(top, "done"), re = open_room(top, "re");
  static char text[TEXT_SIZE], reply[TEXT_SIZE];
  char id[ID_SIZE], in_doubt[ID_SIZE + 3];
  size_t size = read_all(0, text);
  make_id(id);
  snprintf(in_doubt, sizeof in_doubt, "%s,0d", id);

  write_file(tmp, id, text, size, true);
  move(tmp, id, new, id);
  sync_room(new);
  int entry = lock_file(new, id);
  move(new, id, run, id);
  sync_room(run);
  move(run, id, run, in_doubt);
  sync_room(run);

  size_t reply_size;
  if (is_call) {
    reply_size = ask(argv[3], entry, reply);
  } else {
    append(argv[3], text, size);
    reply_size = (size_t)snprintf(reply, sizeof reply, "%s: %zu bytes\n", argv[3], size);
  }

  if (mkdirat(tmp, in_doubt, 0700) < 0) fail("mkdir");
  sync_room(tmp);
  int product = open_room(tmp, in_doubt);
  write_file(product, "re", reply, reply_size, true);
  sync_room(product);
  move(tmp, in_doubt, out, id);
  sync_room(out);
  move(run, in_doubt, done, id);
  sync_room(done);
  move(product, "re", re, id);
  sync_room(re);
  if (unlinkat(out, id, AT_REMOVEDIR) < 0) fail("rmdir");
  return write(1, reply, reply_size) != (ssize_t)reply_size;
}
