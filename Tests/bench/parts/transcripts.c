// Writes synthetic transcripts of Claude Code: the same bytes each time, in the shape of real ones.
//
//   transcripts DIR FILES BYTES [SEED]
//
// DIR/-srv-app-N/UUID.jsonl, at most 1000 to a directory; each file ends with the first line that makes it at least its
// share of BYTES. Prints {"bytes": N, "lines": N, "said": N}: `said` is how many human turns carry one of the phrases
// that the theme looks for. The shape is close to that of 38 real files: 1.7 kB a line in the mean, half shorter than
// 650 bytes, one in a hundred longer than 20 kB, none longer than 180 kB; 64 of 100 are of type progress.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

enum { LINE_SIZE = 512 << 10, POOL_SIZE = 512 << 10, LONGEST = 88000, FILES_A_DIRECTORY = 1000 };
// 2026-03-01T08:00:00Z; a line every 900 ms.
enum { HOUR = 8, STEP_MS = 900 };

static const char *const WORDS[] = {
    "build", "cache", "client", "column", "commit", "config", "cursor", "daemon", "deploy", "driver", "editor",
    "engine", "filter", "folder", "handler", "header", "index", "kernel", "layout", "ledger", "lexer", "linker",
    "loader", "logger", "mapper", "matrix", "mirror", "module", "parser", "patch", "queue", "reader", "record",
    "router", "runner", "schema", "script", "server", "socket", "stream", "table", "thread", "token", "vector",
    "worker", "writer", "the", "of", "and", "to", "in", "is", "with", "for", "on", "as", "at", "by", "café", "größe",
};
enum { WORD_COUNT = sizeof WORDS / sizeof WORDS[0], PLAIN_WORDS = 46 };

static const char *const SAID[] = {
    "No, that's wrong: use %s instead of %s in module %ld.",
    "Actually, don't touch the %s, change the %s of module %ld.",
    "From now on always run the %s before the %s in module %ld.",
    "We decided to use the %s and not the %s for module %ld.",
    "Let's go with the %s instead of the %s for module %ld.",
    "The project %s is about a %s for module %ld.",
};
enum { SAID_COUNT = sizeof SAID / sizeof SAID[0] };

static char line[LINE_SIZE], pool[POOL_SIZE], session[37], parent[37], own[37];
static size_t used;
static unsigned long state;
static long made, said;

// xorshift64*
static unsigned long random_bits(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1DUL;
}

static double random_share(void) { return (double)(random_bits() >> 11) / 9007199254740992.0; }

static size_t random_below(size_t limit) { return (size_t)(random_share() * (double)limit); }

static const char *random_word(void) { return WORDS[random_below(PLAIN_WORDS)]; }

// Log-normal with this median, as the sizes of what people and tools write are.
static size_t random_size(double median, double spread) {
  double sum = -6;
  for (int i = 0; i < 12; i++) sum += random_share();
  double size = median * exp(spread * sum);
  return size > LONGEST ? LONGEST : (size_t)size;
}

static void random_uuid(char text[37]) {
  unsigned long high = random_bits(), low = random_bits();
  snprintf(text, 37, "%08lx-%04lx-4%03lx-a%03lx-%012lx", high >> 32, high >> 16 & 0xffff, high & 0xfff, low >> 52,
           low & 0xffffffffffffUL);
}

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...) {
  va_list values;
  va_start(values, format);
  used += (size_t)vsnprintf(line + used, sizeof line - used, format, values);
  va_end(values);
}

// Words with line ends and quotes, as they stand in JSON.
static void fill_pool(void) {
  size_t at = 0;
  for (long i = 0; at < sizeof pool - 64; i++) {
    const char *form = i % 17 == 16 ? "%s\\n " : i % 29 == 28 ? "\\\"%s\\\" " : "%s ";
    at += (size_t)snprintf(pool + at, sizeof pool - at, form, WORDS[random_below(WORD_COUNT)]);
  }
  memset(pool + at, ' ', sizeof pool - at);
}

// From one blank to another: no escape and no character is cut.
static size_t random_piece(size_t size, const char **piece) {
  const char *begin = strchr(pool + random_below(sizeof pool - LONGEST - 1024), ' ') + 1;
  *piece = begin;
  return (size_t)(strchr(begin + size, ' ') - begin);
}

static void put_piece(const char *piece, size_t size) {
  memcpy(line + used, piece, size);
  used += size;
}

static void put_text(size_t size) {
  const char *piece;
  size = random_piece(size, &piece);
  put_piece(piece, size);
}

static void begin_line(void) {
  random_uuid(own);
  put("{\"parentUuid\":\"%s\",\"isSidechain\":false,\"userType\":\"external\",\"cwd\":\"/srv/app\","
      "\"sessionId\":\"%s\",\"version\":\"2.1.31\",\"gitBranch\":\"main\"", parent, session);
}

static void put_time(const char *name) {
  long ms = made * STEP_MS, day = ms / 86400000;
  put(",\"%s\":\"2026-%02ld-%02ldT%02ld:%02ld:%02ld.%03ldZ\"", name, 3 + day / 28 % 9, 1 + day % 28,
      (ms / 3600000 + HOUR) % 24, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

static void end_line(void) {
  put(",\"uuid\":\"%s\"", own);
  put_time("timestamp");
  memcpy(parent, own, sizeof parent);
}

static void put_progress(double share) {
  begin_line();
  put(",\"type\":\"progress\",\"data\":{");
  if (share < 0.816) {
    put("\"type\":\"hook_progress\",\"hookEvent\":\"PostToolUse\",\"hookName\":\"PostToolUse:Edit\","
        "\"command\":\"%s-%s ",
        random_word(), random_word());
    put_text(150);
    put("\"");
  } else if (share < 0.962) {
    put("\"type\":\"bash_progress\",\"elapsedTimeSeconds\":%zu,\"totalLines\":%zu,\"output\":\"", random_below(90),
        random_below(400));
    put_text(random_size(180, 1.0));
    put("\",\"fullOutput\":\"");
    put_text(random_size(180, 1.0));
    put("\"");
  } else {
    put("\"type\":\"agent_progress\",\"agentId\":\"a%05zx\",\"message\":{\"type\":\"assistant\",\"message\":{\"role\":"
        "\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"", random_below(1 << 20));
    put_text(random_size(1200, 1.0));
    put("\"}]}}");
  }
  put("},\"toolUseID\":\"toolu_%012lx\",\"parentToolUseID\":\"toolu_%012lx\"", random_bits() >> 16,
      random_bits() >> 16);
  end_line();
}

static void put_assistant(double share) {
  begin_line();
  put(",\"message\":{\"id\":\"msg_%012lx\",\"type\":\"message\",\"role\":\"assistant\","
      "\"model\":\"claude-sonnet-4-5\",\"content\":[",
      random_bits() >> 16);
  if (share < 0.64) {
    put("{\"type\":\"tool_use\",\"id\":\"toolu_%012lx\",\"name\":\"Edit\",\"input\":{"
        "\"file_path\":\"/srv/app/%s.swift\",\"old_string\":\"", random_bits() >> 16, random_word());
    put_text(random_size(160, 1.1));
    put("\",\"new_string\":\"");
    put_text(random_size(200, 1.1));
    put("\"}}");
  } else {
    const char *name = share < 0.93 ? "text" : "thinking";
    put("{\"type\":\"%s\",\"%s\":\"", name, name);
    put_text(random_size(220, 1.0));
    put("\"}");
  }
  put("],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":%zu,"
      "\"cache_creation_input_tokens\":%zu,\"cache_read_input_tokens\":%zu,\"output_tokens\":%zu,"
      "\"service_tier\":\"standard\"}},\"requestId\":\"req_%012lx\",\"type\":\"assistant\"",
      random_below(40), random_below(9000), random_below(90000), random_below(900), random_bits() >> 16);
  end_line();
}

// A tool's result stands in the line twice, as in real ones.
static void put_result(void) {
  const char *piece;
  size_t size = random_piece(random_size(440, 2.2), &piece);
  put("[{\"tool_use_id\":\"toolu_%012lx\",\"type\":\"tool_result\",\"content\":\"", random_bits() >> 16);
  put_piece(piece, size);
  put("\"}]}");
  end_line();
  put(",\"toolUseResult\":{\"stdout\":\"");
  put_piece(piece, size);
  put("\",\"stderr\":\"\",\"interrupted\":false}");
}

static void put_human(double share) {
  bool as_list = random_below(8) == 0;
  put(as_list ? "[{\"type\":\"text\",\"text\":\"" : "\"");
  if (share < 0.3) {
    const char *form = SAID[random_below(SAID_COUNT)];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    used += (size_t)snprintf(line + used, sizeof line - used, form, random_word(), random_word(), ++said);
#pragma GCC diagnostic pop
  } else {
    put_text(random_size(120, 1.2));
  }
  put(as_list ? "\"}]}" : "\"}");
  end_line();
}

static void put_user(double share) {
  begin_line();
  put(",\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":");
  if (share < 0.88) {
    put_result();
  } else {
    put_human((share - 0.88) / 0.12);
  }
}

static void put_rest(double share) {
  if (share < 0.65) {
    put("{\"type\":\"file-history-snapshot\",\"messageId\":\"%s\",\"snapshot\":{\"messageId\":\"%s\","
        "\"trackedFileBackups\":{}",
        parent, parent);
    put_time("timestamp");
    put("},\"isSnapshotUpdate\":false");
  } else if (share < 0.9) {
    begin_line();
    put(",\"type\":\"system\",\"subtype\":\"turn_duration\",\"durationMs\":%zu", random_below(90000));
    end_line();
  } else {
    put("{\"type\":\"queue-operation\",\"operation\":\"enqueue\"");
    put_time("timestamp");
    put(",\"sessionId\":\"%s\"", session);
  }
}

static void make_line(void) {
  double share = random_share();
  used = 0;
  made++;
  if (share < 0.64) {
    put_progress(share / 0.64);
  } else if (share < 0.846) {
    put_assistant((share - 0.64) / 0.206);
  } else if (share < 0.986) {
    put_user((share - 0.846) / 0.14);
  } else {
    put_rest((share - 0.986) / 0.014);
  }
  put("}\n");
}

static long write_transcript(const char *top, long number, long least) {
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/-srv-app-%ld", top, number / FILES_A_DIRECTORY);
  if (length < 0 || (size_t)length + 64 > sizeof path) usage("transcripts: DIR is too long");
  if (mkdir(path, 0755) < 0 && errno != EEXIST) fail(path);
  random_uuid(session);
  random_uuid(parent);
  snprintf(path + length, sizeof path - (size_t)length, "/%s.jsonl", session);
  FILE *file = fopen(path, "wxe");
  if (file == NULL) fail(path);
  long size = 0;
  while (size < least) {
    make_line();
    if (fwrite(line, 1, used, file) != used) fail(path);
    size += (long)used;
  }
  if (fclose(file) != 0) fail(path);
  return size;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) usage("transcripts DIR FILES BYTES [SEED]");
  long files = count_in(argv[2]), share = count_in(argv[3]) / files, bytes = 0;
  state = 0x9E3779B97F4A7C15UL * (unsigned long)(argc == 5 ? count_in(argv[4]) : 1);
  fill_pool();
  for (long i = 0; i < files; i++) bytes += write_transcript(argv[1], i, share);
  return printf("{\"bytes\": %ld, \"lines\": %ld, \"said\": %ld}\n", bytes, made, said) < 0;
}
