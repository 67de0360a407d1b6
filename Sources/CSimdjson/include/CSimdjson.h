// simdjson's On-Demand parser for what a reader of JSON lines needs: which of a line's fields it wants is said once, and one
// pass over a line fetches them. Nothing is copied that needs no unescaping, nothing is parsed that nobody wants.
#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Bytes behind a line that must be readable: simdjson loads whole registers.
#define CSIMDJSON_PADDING 64
// Slots of one element of an array, at most.
#define CSIMDJSON_BLOCK_SLOTS 6

// What a line turned out to be.
typedef enum {
  csimdjson_object,
  // A slot had the value that ends the pass (csimdjson_stop): what stands behind it was not looked at.
  csimdjson_stopped,
  csimdjson_no_json,
  csimdjson_no_object,
  csimdjson_no_utf8,
  csimdjson_no_memory,
} csimdjson_outcome;

typedef enum {
  csimdjson_absent,
  csimdjson_string,
  // A number, true, false or null, as it is written.
  csimdjson_literal,
  csimdjson_composite,
  // A string as it is written, without its quotes (csimdjson_glance).
  csimdjson_raw,
} csimdjson_kind;

typedef struct {
  // A string's UTF-8, unescaped; valid until the next pass.
  const char *bytes;
  size_t length;
  csimdjson_kind kind;
} csimdjson_value;

typedef struct csimdjson_reader csimdjson_reader;

// NULL: no memory.
csimdjson_reader *csimdjson_create(size_t slots);
void csimdjson_destroy(csimdjson_reader *reader);

// Wants a field of the object `parent` (0: the line itself). Its value goes to `slot`; -1: it is only passed through.
// Of an array that `csimdjson_each` was called for, the slots are those of each element. Returns the field's own number, for its
// fields; the key must live as long as the reader.
int csimdjson_want(csimdjson_reader *reader, int parent, const char *key, int slot);
// The elements of the array `field` are wanted: its fields' slots count from 0 in each. One array in a line.
void csimdjson_each(csimdjson_reader *reader, int field);
// A string of this field is given as it is written: for what is long, and seldom read beyond its first words.
void csimdjson_glance(csimdjson_reader *reader, int field);
// What such a string means.
csimdjson_value csimdjson_unescape(csimdjson_reader *reader, csimdjson_value raw);
// The pass ends where `slot` has this value.
void csimdjson_stop(csimdjson_reader *reader, int slot, const char *value);

csimdjson_outcome csimdjson_scan(csimdjson_reader *reader, const char *line, size_t length);

const csimdjson_value *csimdjson_slots(const csimdjson_reader *reader);
size_t csimdjson_block_count(const csimdjson_reader *reader);
const csimdjson_value *csimdjson_block(const csimdjson_reader *reader, size_t index);

// Whether these bytes are one whole JSON object and nothing else, every byte of it looked at.
int csimdjson_is_whole(const char *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
