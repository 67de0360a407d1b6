// The floors of a call and of a delivery: their barriers and their command in C, one whole process each.
//
//   steps call DIR COMMAND      the prompt from stdin: published, claimed, in doubt, answered, handed over: 10 barriers
//   steps deliver DIR FILE      the same with a message that is appended to FILE: 12 barriers
//   steps drain DIR COMMAND PART PARTS    calls that lie in new/ already, every PARTS-th of them, from PART (1...) on
#define _GNU_SOURCE
#include <dirent.h>
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

struct rooms {
  int tmp, new, run, out, done, re;
};

static struct rooms open_rooms(const char *directory) {
  int top = open_room(AT_FDCWD, directory);
  return (struct rooms){open_room(top, "tmp"), open_room(top, "new"),  open_room(top, "run"),
                        open_room(top, "out"), open_room(top, "done"), open_room(top, "re")};
}

static void publish(const struct rooms *rooms, const char *id, const char *text, size_t size) {
  write_file(rooms->tmp, id, text, size, true);
  move(rooms->tmp, id, rooms->new, id);
  sync_room(rooms->new);
}

// Claimed, and in doubt; the open file holds the lock.
static int claim(const struct rooms *rooms, const char *id, const char *in_doubt) {
  int entry = lock_file(rooms->new, id);
  move(rooms->new, id, rooms->run, id);
  sync_room(rooms->run);
  move(rooms->run, id, rooms->run, in_doubt);
  sync_room(rooms->run);
  return entry;
}

static void finish(const struct rooms *rooms, const char *id, const char *in_doubt, const char *reply, size_t size) {
  if (mkdirat(rooms->tmp, in_doubt, 0700) < 0) fail("mkdir");
  sync_room(rooms->tmp);
  int product = open_room(rooms->tmp, in_doubt);
  write_file(product, "re", reply, size, true);
  sync_room(product);
  move(rooms->tmp, in_doubt, rooms->out, id);
  sync_room(rooms->out);
  move(rooms->run, in_doubt, rooms->done, id);
  sync_room(rooms->done);
  move(product, "re", rooms->re, id);
  sync_room(rooms->re);
  if (unlinkat(rooms->out, id, AT_REMOVEDIR) < 0) fail("rmdir");
  if (close(product) < 0) fail("close");
}

static void name_in_doubt(char in_doubt[ID_SIZE + 3], const char *id) {
  snprintf(in_doubt, ID_SIZE + 3, "%.*s,0d", ID_SIZE - 1, id);
}

static int one(const char *directory, char *command, const char *file) {
  static char text[TEXT_SIZE], reply[TEXT_SIZE];
  char id[ID_SIZE], in_doubt[ID_SIZE + 3];
  struct rooms rooms = open_rooms(directory);
  size_t size = read_all(0, text), reply_size;
  make_id(id);
  name_in_doubt(in_doubt, id);
  publish(&rooms, id, text, size);
  int entry = claim(&rooms, id, in_doubt);
  if (command != NULL) {
    reply_size = ask(command, entry, reply);
  } else {
    append(file, text, size);
    reply_size = (size_t)snprintf(reply, sizeof reply, "%s: %zu bytes\n", file, size);
  }
  finish(&rooms, id, in_doubt, reply, reply_size);
  return write(1, reply, reply_size) != (ssize_t)reply_size;
}

static int is_name(const struct dirent *entry) { return entry->d_name[0] != '.'; }

// Each of so many workers has its own part of what lies there: none waits for another.
static void drain(const char *directory, char *command, long part, long parts) {
  static char reply[TEXT_SIZE];
  char in_doubt[ID_SIZE + 3];
  struct rooms rooms = open_rooms(directory);
  struct dirent **names;
  int count = scandirat(rooms.new, ".", &names, is_name, alphasort);
  if (count < 0) fail("scandir");
  wait_for_gate();
  int64_t begun = now_ns();
  long items = 0;
  for (long i = part - 1; i < count; i += parts, items++) {
    const char *id = names[i]->d_name;
    name_in_doubt(in_doubt, id);
    int entry = claim(&rooms, id, in_doubt);
    size_t size = ask(command, entry, reply);
    finish(&rooms, id, in_doubt, reply, size);
    if (close(entry) < 0) fail("close");
  }
  report(begun, items);
}

int main(int argc, char **argv) {
  const char *synopsis = "steps call DIR COMMAND | deliver DIR FILE | drain DIR COMMAND PART PARTS";
  if (argc == 4 && strcmp(argv[1], "call") == 0) return one(argv[2], argv[3], NULL);
  if (argc == 4 && strcmp(argv[1], "deliver") == 0) return one(argv[2], NULL, argv[3]);
  if (argc != 6 || strcmp(argv[1], "drain") != 0) usage(synopsis);
  drain(argv[2], argv[3], count_in(argv[4]), count_in(argv[5]));
  return 0;
}
