/*
 * schemas/cbor.h: deterministic CBOR (RFC 8949, section 4.2), by a cursor.
 * The subset the formats use: unsigned and negative integers, byte and text strings, arrays, maps,
 * true, false, null. The reader is strict: shortest forms, sorted unique keys, valid UTF-8 without
 * NUL, no indefinite lengths, no tags, no floats, depth by construction (no recursion over input).
 * Both sides are sticky: the first failure is kept, later calls return zero, one check at the end.
 */
#ifndef INKSEAL_CBOR_H
#define INKSEAL_CBOR_H

#include "schemas/format.h"

struct cbor_reader {
	const uint8_t *at;
	const uint8_t *end;
	enum format_result result; /* FORMAT_OK until the first failure */
};

enum cbor_type {
	CBOR_UINT,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_SIMPLE
};

void cbor_read(struct cbor_reader *reader, struct view view);
/* Ends in result, unless something failed before. */
void cbor_fail(struct cbor_reader *reader, enum format_result result);
/* FORMAT_OK only if nothing failed and all bytes were read. */
MUST_USE enum format_result cbor_finish(struct cbor_reader *reader);
/* The next item's type, without moving; CBOR_SIMPLE at the end or after a failure. */
enum cbor_type cbor_peek(const struct cbor_reader *reader);
struct view cbor_rest(const struct cbor_reader *reader); /* what is still unread */

uint64_t cbor_uint(struct cbor_reader *reader, uint64_t max); /* over max: FORMAT_TOO_LARGE */
/* One of the values 0..last of an enum: another is not the format, not a maximum passed. */
unsigned cbor_choice(struct cbor_reader *reader, unsigned last);
int64_t cbor_int(struct cbor_reader *reader); /* any int64 */
/* A time within TIME_MS_MAX, so that no difference of two overflows; else FORMAT_TOO_LARGE. */
int64_t cbor_time(struct cbor_reader *reader);
bool cbor_bool(struct cbor_reader *reader);
/* True, and moves on, if null comes next; it never fails. */
bool cbor_null(struct cbor_reader *reader);
struct view cbor_bytes(struct cbor_reader *reader, size_t max);
struct view cbor_text(struct cbor_reader *reader, size_t max); /* valid UTF-8, no NUL in it */
/* A byte string of exactly len bytes, copied to out; out is zeroed on failure. */
void cbor_fixed(struct cbor_reader *reader, void *out, size_t len);
size_t cbor_array(struct cbor_reader *reader, size_t max); /* the count of items that follow */
void cbor_array_exact(struct cbor_reader *reader, size_t count);

/* A map with small unsigned keys. Keys must ascend; cbor_map_need fails if one of them is missing.
 */
struct cbor_map {
	size_t left;
	uint64_t seen; /* bit k: key k was there */
	int last;
};
void cbor_map(struct cbor_reader *reader, struct cbor_map *map);
/* False at the map's end or after a failure; else *key_out is 0..63 and its value comes next. */
bool cbor_map_next(struct cbor_reader *reader, struct cbor_map *map, unsigned *key_out);
void cbor_map_need(struct cbor_reader *reader, const struct cbor_map *map, uint64_t bits);
/* Key 0 of every versioned format. A greater version than FORMAT_VERSION fails with FORMAT_NEWER.
 */
void cbor_version(struct cbor_reader *reader);
/* A map with text keys: its count; then cbor_text_key for each, ascending as encoded. */
size_t cbor_text_map(struct cbor_reader *reader, size_t max);
struct view cbor_text_key(struct cbor_reader *reader, size_t max, struct view *last);

void cbor_put_uint(struct buffer *out, uint64_t value);
void cbor_put_int(struct buffer *out, int64_t value);
void cbor_put_bool(struct buffer *out, bool value);
void cbor_put_null(struct buffer *out);
void cbor_put_bytes(struct buffer *out, const void *data, size_t len);
void cbor_put_view(struct buffer *out, struct view bytes);
void cbor_put_text(struct buffer *out, struct view text);
void cbor_put_array(struct buffer *out, size_t count);
void cbor_put_map(struct buffer *out, size_t pairs);

/* Shapes that several formats share. */
struct head cbor_head(struct cbor_reader *reader); /* [seq, hash] */
void cbor_put_head(struct buffer *out, const struct head *head);
struct blob_name cbor_blob_name(struct cbor_reader *reader); /* [hash, count] */
void cbor_put_blob_name(struct buffer *out, const struct blob_name *name);

#endif
