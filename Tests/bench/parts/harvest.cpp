// The floor of harvesting: each line through simdjson, the turns' text searched for a few phrases by memmem, what was
// found and the position in one durable transaction (SQLite, WAL, synchronous=FULL) every few megabytes.
//
//   harvest once DATABASE DIR PHRASE...     reads all *.jsonl in DIR from their positions on
//   harvest watch DATABASE DIR PHRASE...    and then what is added to files in directories that are there, by inotify
//
// A turn is a line whose `message` or `payload` has the role user or assistant; its text is its `content`, or the
// `text` of each part. It knows no renamed or replaced files. Prints {"lines": N, "facts": N}; with
// watch, `ready` when all that was there is read.
#include <fcntl.h>
#include <simdjson.h>
#include <sqlite3.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
[[noreturn]] void fail(const char *what);
[[noreturn]] void usage(const char *synopsis);
}

namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t read_size = 1 << 20;
constexpr size_t commit_size = 4 << 20;

class Database {
 public:
  explicit Database(const char *path) {
    check(sqlite3_open(path, &database), "open");
    check(sqlite3_busy_timeout(database, 60000), "busy_timeout");
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS positions (file TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS facts (file TEXT, offset INTEGER, role TEXT, phrase TEXT, text TEXT)");
    prepare(find, "SELECT position FROM positions WHERE file = ?1");
    prepare(move, "INSERT OR REPLACE INTO positions VALUES (?1, ?2)");
    prepare(insert, "INSERT INTO facts VALUES (?1, ?2, ?3, ?4, ?5)");
  }

  void run(const char *text) { check(sqlite3_exec(database, text, nullptr, nullptr, nullptr), text); }

  long position(std::string_view file) {
    bind(find, 1, file);
    long found = sqlite3_step(find) == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    check(sqlite3_reset(find), "find");
    return found;
  }

  void set_position(std::string_view file, long position) {
    bind(move, 1, file);
    sqlite3_bind_int64(move, 2, position);
    step(move);
  }

  void add(std::string_view file, long offset, std::string_view role, std::string_view phrase, std::string_view text) {
    bind(insert, 1, file);
    sqlite3_bind_int64(insert, 2, offset);
    bind(insert, 3, role);
    bind(insert, 4, phrase);
    bind(insert, 5, text);
    step(insert);
  }

 private:
  sqlite3 *database;
  sqlite3_stmt *find, *move, *insert;

  void check(int status, const char *what) {
    if (status == SQLITE_OK || status == SQLITE_DONE) return;
    fprintf(stderr, "bench: harvest: %s: %s\n", what, sqlite3_errmsg(database));
    exit(1);
  }
  void prepare(sqlite3_stmt *&statement, const char *text) {
    check(sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr), text);
  }
  void bind(sqlite3_stmt *statement, int at, std::string_view text) {
    sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void step(sqlite3_stmt *statement) {
    check(sqlite3_step(statement), sqlite3_sql(statement));
    check(sqlite3_reset(statement), sqlite3_sql(statement));
  }
};

class Harvest {
 public:
  long lines = 0, facts = 0;

  Harvest(Database &database, std::vector<std::string_view> phrases) : database(database), phrases(phrases) {}

  void read_all(const char *directory) {
    for (const auto &entry : std::filesystem::recursive_directory_iterator(directory))
      if (entry.path().extension() == ".jsonl" && entry.is_regular_file()) read_file(entry.path().native());
    commit();
  }

 private:
  Database &database;
  std::vector<std::string_view> phrases;
  ondemand::parser parser;
  std::vector<char> buffer;
  size_t pending = 0;
  bool is_open = false;

  void begin() {
    if (!is_open) database.run("BEGIN IMMEDIATE");
    is_open = true;
  }

  void commit() {
    if (is_open) database.run("COMMIT");
    is_open = false;
    pending = 0;
  }

  void read_file(const std::string &path) {
    struct stat status;
    int file;
    long position = database.position(path);
    if (stat(path.c_str(), &status) < 0) fail(path.c_str());
    if (status.st_size <= position) return;
    file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 || lseek(file, position, SEEK_SET) < 0) fail(path.c_str());
    size_t filled = 0;
    for (;;) {
      if (buffer.size() < filled + read_size + simdjson::SIMDJSON_PADDING)
        buffer.resize(filled + read_size + simdjson::SIMDJSON_PADDING);
      ssize_t count = read(file, buffer.data() + filled, buffer.size() - simdjson::SIMDJSON_PADDING - filled);
      if (count < 0) fail(path.c_str());
      if (count == 0) break;
      filled += static_cast<size_t>(count);
      begin();
      size_t used = read_lines(path, position, filled);
      position += static_cast<long>(used);
      filled -= used;
      memmove(buffer.data(), buffer.data() + used, filled);
      database.set_position(path, position);
      pending += used;
      if (pending >= commit_size) commit();
    }
    if (close(file) < 0) fail(path.c_str());
  }

  // How many bytes its whole lines take.
  size_t read_lines(std::string_view file, long position, size_t filled) {
    const char *begin = buffer.data(), *at = begin, *end = begin + filled;
    while (const char *newline = static_cast<const char *>(memchr(at, '\n', static_cast<size_t>(end - at)))) {
      size_t room = buffer.size() - static_cast<size_t>(at - begin);
      lines++;
      simdjson::padded_string_view line(at, static_cast<size_t>(newline - at), room);
      read_line(file, position + (at - begin), line);
      at = newline + 1;
    }
    return static_cast<size_t>(at - begin);
  }

  // What is no turn, or no JSON, has nothing in it.
  void read_line(std::string_view file, long offset, simdjson::padded_string_view line) {
    ondemand::document document;
    std::string_view type, role;
    ondemand::object message;
    if (parser.iterate(line).get(document) || document["type"].get(type)) return;
    bool is_turn = type == "user" || type == "assistant" || type == "message";
    if (!is_turn && type != "response_item") return;
    if (document[is_turn ? "message" : "payload"].get(message) || message["role"].get(role)) return;
    if (role != "user" && role != "assistant") return;
    ondemand::value content;
    if (message["content"].get(content)) return;
    std::string_view text;
    ondemand::array parts;
    if (!content.get(text)) {
      search(file, offset, role, text);
    } else if (!content.get(parts)) {
      for (auto part : parts)
        if (!part["text"].get(text)) search(file, offset, role, text);
    }
  }

  void search(std::string_view file, long offset, std::string_view role, std::string_view text) {
    for (auto phrase : phrases) {
      if (memmem(text.data(), text.size(), phrase.data(), phrase.size()) == nullptr) continue;
      database.add(file, offset, role, phrase, text);
      facts++;
      break;
    }
  }
};

[[noreturn]] void watch(Harvest &harvest, const char *directory) {
  alignas(inotify_event) char events[4096];
  int changes = inotify_init1(IN_CLOEXEC);
  if (changes < 0 || inotify_add_watch(changes, directory, IN_MODIFY) < 0) fail("inotify");
  for (const auto &entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_directory() && inotify_add_watch(changes, entry.path().c_str(), IN_MODIFY) < 0) fail("inotify");
  harvest.read_all(directory);
  if (puts("ready") < 0 || fflush(stdout) != 0) fail("stdout");
  while (read(changes, events, sizeof events) > 0) harvest.read_all(directory);
  fail("inotify");
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 5) usage("harvest once|watch DATABASE DIR PHRASE...");
  Database database(argv[2]);
  Harvest harvest(database, {argv + 4, argv + argc});
  if (strcmp(argv[1], "watch") == 0) watch(harvest, argv[3]);
  harvest.read_all(argv[3]);
  return printf("{\"lines\": %ld, \"facts\": %ld}\n", harvest.lines, harvest.facts) < 0;
}
