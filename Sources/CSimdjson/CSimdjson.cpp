#include "CSimdjson.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include <simdjson.h>

namespace ondemand = simdjson::ondemand;

namespace {

struct Field {
  std::string_view key;
  int slot;
  std::vector<int> fields;
  bool has_elements = false;
  bool is_glance = false;
};

struct Stop {
  int slot;
  std::string_view value;
};

using Block = std::array<csimdjson_value, CSIMDJSON_BLOCK_SLOTS>;

// Lines grow: allocated for this length first, and doubled from there.
constexpr size_t first_capacity = 1 << 20;

uint32_t hex4(const char *digits) {
  uint32_t value = 0;
  for (int place = 0; place < 4; place++) {
    char digit = digits[place];
    uint32_t worth = digit >= '0' && digit <= '9' ? digit - '0' : (digit | 32) >= 'a' && (digit | 32) <= 'f' ? (digit | 32) - 'a' + 10 : 16;
    if (worth > 15) return 0xFFFD;
    value = value << 4 | worth;
  }
  return value;
}

size_t put_utf8(char *to, uint32_t c) {
  if (c < 0x80) { to[0] = char(c); return 1; }
  if (c < 0x800) { to[0] = char(0xC0 | c >> 6); to[1] = char(0x80 | (c & 63)); return 2; }
  if (c < 0x10000) {
    to[0] = char(0xE0 | c >> 12); to[1] = char(0x80 | (c >> 6 & 63)); to[2] = char(0x80 | (c & 63));
    return 3;
  }
  to[0] = char(0xF0 | c >> 18); to[1] = char(0x80 | (c >> 12 & 63)); to[2] = char(0x80 | (c >> 6 & 63)); to[3] = char(0x80 | (c & 63));
  return 4;
}

// For what simdjson refuses: JavaScript cuts strings in the middle of a surrogate pair, and writes the half of it. It is read
// as U+FFFD, as any other escape that means nothing. Never longer than what was read.
size_t unescape_leniently(const char *from, char *to) {
  char *start = to;
  while (*from != '"') {
    if (*from != '\\') { *to++ = *from++; continue; }
    from++;
    switch (char c = *from++) {
    case 'b': *to++ = '\b'; break;
    case 'f': *to++ = '\f'; break;
    case 'n': *to++ = '\n'; break;
    case 'r': *to++ = '\r'; break;
    case 't': *to++ = '\t'; break;
    case 'u': {
      // The closing quote stands behind; a hex digit is none.
      uint32_t unit = hex4(from);
      for (int place = 0; place < 4 && *from != '"' && *from != '\\'; place++) from++;
      if (unit >= 0xD800 && unit < 0xDC00 && from[0] == '\\' && from[1] == 'u') {
        uint32_t low = hex4(from + 2);
        if (low >= 0xDC00 && low < 0xE000) { unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00); from += 6; }
      }
      to += put_utf8(to, unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit);
      break;
    }
    default: *to++ = c;
    }
  }
  return size_t(to - start);
}

}  // namespace

struct csimdjson_reader {
  ondemand::parser parser;
  std::vector<Field> fields;
  std::vector<Stop> stops;
  std::vector<csimdjson_value> slots;
  std::vector<Block> blocks;
  size_t block_count = 0;
  // Where strings are unescaped to: as long as the line, and what simdjson writes beyond.
  std::unique_ptr<char[]> arena;
  size_t arena_size = 0;
  char *free = nullptr;
  bool is_stopped = false;

  csimdjson_outcome scan(const char *line, size_t length);
  bool reserve(size_t length);
  simdjson::error_code object(ondemand::object object, const Field &wanted, csimdjson_value *into, bool in_block);
  simdjson::error_code take(ondemand::value value, const Field &field, csimdjson_value *into, bool in_block);
  simdjson::error_code elements(ondemand::array array, const Field &field);
  simdjson::error_code string(ondemand::value &value, csimdjson_value &into);
};

bool csimdjson_reader::reserve(size_t length) {
  size_t needed = length + 2 * CSIMDJSON_PADDING;
  if (needed > arena_size) {
    size_t size = std::max(needed + needed / 2, first_capacity);
    arena.reset(new (std::nothrow) char[size]);
    if (!arena) { arena_size = 0; return false; }
    arena_size = size;
  }
  free = arena.get();
  if (length > parser.capacity() && parser.allocate(std::max(length + length / 2, first_capacity))) return false;
  return true;
}

csimdjson_outcome csimdjson_reader::scan(const char *line, size_t length) {
  for (auto &slot : slots) slot = {nullptr, 0, csimdjson_absent};
  block_count = 0;
  is_stopped = false;
  if (!reserve(length)) return csimdjson_no_memory;
  ondemand::document document;
  auto error = parser.iterate(line, length, length + CSIMDJSON_PADDING).get(document);
  if (error == simdjson::UTF8_ERROR) return csimdjson_no_utf8;
  if (error) return csimdjson_no_json;
  ondemand::object root;
  error = document.get_object().get(root);
  if (error == simdjson::INCORRECT_TYPE) return csimdjson_is_whole(line, length) == -1 ? csimdjson_no_object : csimdjson_no_json;
  if (error) return csimdjson_no_json;
  error = object(root, fields[0], slots.data(), false);
  if (is_stopped) return csimdjson_stopped;
  const char *behind;
  // Something stands behind the object.
  if (!error && document.current_location().get(behind) == simdjson::SUCCESS) return csimdjson_no_json;
  return error ? csimdjson_no_json : csimdjson_object;
}

simdjson::error_code csimdjson_reader::object(
    ondemand::object object, const Field &wanted, csimdjson_value *into, bool in_block) {
  for (auto entry : object) {
    ondemand::field field;
    if (auto error = std::move(entry).get(field)) return error;
    const char *key = field.key().raw();
    for (int index : wanted.fields) {
      const Field &candidate = fields[size_t(index)];
      size_t size = candidate.key.size();
      if (key[0] != candidate.key[0] || key[size] != '"' || std::memcmp(key, candidate.key.data(), size) != 0) continue;
      if (auto error = take(field.value(), candidate, into, in_block)) return error;
      if (is_stopped) return simdjson::SUCCESS;
      break;
    }
  }
  return simdjson::SUCCESS;
}

simdjson::error_code csimdjson_reader::take(
    ondemand::value value, const Field &field, csimdjson_value *into, bool in_block) {
  csimdjson_value unwanted;
  csimdjson_value &target = field.slot >= 0 ? into[field.slot] : unwanted;
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  switch (type) {
  case ondemand::json_type::string:
    if (field.slot < 0) return simdjson::SUCCESS;
    if (field.is_glance) {
      std::string_view token = value.raw_json_token();
      target = {token.data() + 1, token.rfind('"') - 1, csimdjson_raw};
      return simdjson::SUCCESS;
    }
    if (auto error = string(value, target)) return error;
    if (in_block) return simdjson::SUCCESS;
    for (const Stop &stop : stops) {
      if (stop.slot == field.slot && stop.value == std::string_view(target.bytes, target.length)) is_stopped = true;
    }
    return simdjson::SUCCESS;
  case ondemand::json_type::object: {
    target = {nullptr, 0, csimdjson_composite};
    if (field.fields.empty() || field.has_elements) return simdjson::SUCCESS;
    ondemand::object inner;
    if (auto error = value.get_object().get(inner)) return error;
    return object(inner, field, into, in_block);
  }
  case ondemand::json_type::array: {
    target = {nullptr, 0, csimdjson_composite};
    if (!field.has_elements) return simdjson::SUCCESS;
    ondemand::array inner;
    if (auto error = value.get_array().get(inner)) return error;
    return elements(inner, field);
  }
  default: {
    std::string_view token = value.raw_json_token();
    while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\r')) token.remove_suffix(1);
    target = {token.data(), token.size(), csimdjson_literal};
    return simdjson::SUCCESS;
  }
  }
}

simdjson::error_code csimdjson_reader::elements(ondemand::array array, const Field &field) {
  for (auto element : array) {
    ondemand::value value;
    if (auto error = std::move(element).get(value)) return error;
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type != ondemand::json_type::object) continue;
    ondemand::object inner;
    if (auto error = value.get_object().get(inner)) return error;
    if (block_count == blocks.size()) blocks.emplace_back();
    Block &block = blocks[block_count++];
    block.fill({nullptr, 0, csimdjson_absent});
    if (auto error = object(inner, field, block.data(), true)) return error;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code csimdjson_reader::string(ondemand::value &value, csimdjson_value &into) {
  ondemand::raw_json_string raw;
  if (auto error = value.get_raw_json_string().get(raw)) return error;
  auto *to = reinterpret_cast<uint8_t *>(free);
  std::string_view text;
  if (parser.unescape(raw, to).get(text) == simdjson::SUCCESS) {
    into = {text.data(), text.size(), csimdjson_string};
    free = reinterpret_cast<char *>(to);
    return simdjson::SUCCESS;
  }
  size_t length = unescape_leniently(raw.raw(), free);
  into = {free, length, csimdjson_string};
  free += length;
  return simdjson::SUCCESS;
}

extern "C" {

csimdjson_reader *csimdjson_create(size_t slots) {
  auto *reader = new (std::nothrow) csimdjson_reader;
  if (!reader) return nullptr;
  reader->fields.push_back({"", -1, {}});
  reader->slots.resize(slots);
  return reader;
}

void csimdjson_destroy(csimdjson_reader *reader) { delete reader; }

int csimdjson_want(csimdjson_reader *reader, int parent, const char *key, int slot) {
  int own = int(reader->fields.size());
  reader->fields.push_back({key, slot, {}});
  reader->fields[size_t(parent)].fields.push_back(own);
  return own;
}

void csimdjson_each(csimdjson_reader *reader, int field) { reader->fields[size_t(field)].has_elements = true; }

void csimdjson_glance(csimdjson_reader *reader, int field) { reader->fields[size_t(field)].is_glance = true; }

csimdjson_value csimdjson_unescape(csimdjson_reader *reader, csimdjson_value raw) {
  size_t length = unescape_leniently(raw.bytes, reader->free);
  csimdjson_value result = {reader->free, length, csimdjson_string};
  reader->free += length;
  return result;
}

void csimdjson_stop(csimdjson_reader *reader, int slot, const char *value) { reader->stops.push_back({slot, value}); }

csimdjson_outcome csimdjson_scan(csimdjson_reader *reader, const char *line, size_t length) {
  return reader->scan(line, length);
}

const csimdjson_value *csimdjson_slots(const csimdjson_reader *reader) { return reader->slots.data(); }
size_t csimdjson_block_count(const csimdjson_reader *reader) { return reader->block_count; }
const csimdjson_value *csimdjson_block(const csimdjson_reader *reader, size_t index) {
  return reader->blocks[index].data();
}

int csimdjson_is_whole(const char *bytes, size_t length) {
  try {
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    // Copied, for what follows it may not be readable; it happens once a file.
    if (parser.parse(bytes, length, true).get(element)) return 0;
    return element.is_object() ? 1 : -1;
  } catch (...) { return 0; }
}
}
