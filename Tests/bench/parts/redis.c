// A queue in Redis, as a peer: RPUSH, LMOVE to a list of what is worked on, LREM from it.
//
//   redis cycle DIR QUEUE COUNT BATCH     the server listens on DIR/redis.sock; BATCH commands to a pipeline
//
// Each process has lists of its own, so that it claims what it has pushed itself.
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "rooms.h"

static redisContext *server;
static char fresh[256], running[256];

static void connect_to(const char *directory) {
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/redis.sock", directory);
  if (length < 0 || (size_t)length >= sizeof path) {
    errno = ENAMETOOLONG;
    fail(directory);
  }
  server = redisConnectUnix(path);
  if (server != NULL && server->err == 0) return;
  fprintf(stderr, "bench: redis: %s: %s\n", path, server != NULL ? server->errstr : "no memory");
  exit(1);
}

static void send_command(int count, const char **words, const size_t *sizes) {
  if (redisAppendCommandArgv(server, count, words, sizes) == REDIS_OK) return;
  fprintf(stderr, "bench: redis: %s\n", server->errstr);
  exit(1);
}

// Reads that many replies, each of which must be of this type; an integer must not be 0.
static void expect(long count, int type) {
  for (long i = 0; i < count; i++) {
    redisReply *reply;
    if (redisGetReply(server, (void **)&reply) != REDIS_OK) {
      fprintf(stderr, "bench: redis: %s\n", server->errstr);
      exit(1);
    }
    if (reply->type != type || (type == REDIS_REPLY_INTEGER && reply->integer == 0)) {
      fprintf(stderr, "bench: redis: unexpected reply: %s\n", reply->str != NULL ? reply->str : "no such item");
      exit(1);
    }
    freeReplyObject(reply);
  }
}

static void cycle_batch(long count) {
  const char *push[] = {"RPUSH", fresh, body};
  const char *take[] = {"LMOVE", fresh, running, "LEFT", "RIGHT"};
  const char *drop[] = {"LREM", running, "1", body};
  const size_t push_sizes[] = {5, strlen(fresh), sizeof body};
  const size_t take_sizes[] = {5, strlen(fresh), strlen(running), 4, 5};
  const size_t drop_sizes[] = {4, strlen(running), 1, sizeof body};
  for (long i = 0; i < count; i++) send_command(3, push, push_sizes);
  expect(count, REDIS_REPLY_INTEGER);
  for (long i = 0; i < count; i++) send_command(5, take, take_sizes);
  expect(count, REDIS_REPLY_STRING);
  for (long i = 0; i < count; i++) send_command(4, drop, drop_sizes);
  expect(count, REDIS_REPLY_INTEGER);
}

static void name_list(char name[256], const char *queue, const char *room) {
  int length = snprintf(name, 256, "%s.%d.%s", queue, (int)getpid(), room);
  if (length < 0 || length >= 256) {
    errno = ENAMETOOLONG;
    fail(queue);
  }
}

int main(int argc, char **argv) {
  if (argc != 6 || strcmp(argv[1], "cycle") != 0) usage("redis cycle DIR QUEUE COUNT BATCH");
  long count = count_in(argv[4]), batch = count_in(argv[5]);
  name_list(fresh, argv[3], "new");
  name_list(running, argv[3], "run");
  connect_to(argv[2]);
  make_body();
  wait_for_gate();
  int64_t start = now_ns();
  for (long done = 0; done < count; done += batch) cycle_batch(batch < count - done ? batch : count - done);
  report(start, count);
  redisFree(server);
  return 0;
}
