/*
 * schemas/cbor.c: deterministic CBOR, strict on reading (RFC 8949, section 4.2.1).
 * Nothing recurses over input: each format asks for the shape it wants, item by item.
 */
#include "schemas/cbor.h"
#include "schemas/base/utf8.h"

#include <assert.h>
#include <string.h>

enum cbor_major { /* the top three bits of an item's first byte */
	MAJOR_UINT = 0,
	MAJOR_NEGATIVE = 1,
	MAJOR_BYTES = 2,
	MAJOR_TEXT = 3,
	MAJOR_ARRAY = 4,
	MAJOR_MAP = 5,
	MAJOR_SIMPLE = 7,
};
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

void cbor_read(struct cbor_reader *reader, struct view view)
{
	*reader = (struct cbor_reader){view.data, view.data, FORMAT_OK};
	if (view.len > 0)
		reader->end = view.data + view.len;
}

void cbor_fail(struct cbor_reader *reader, enum format_result result)
{
	if (reader->result == FORMAT_OK)
		reader->result = result;
	reader->at = reader->end;
}

enum format_result cbor_finish(struct cbor_reader *reader)
{
	if (reader->at != reader->end)
		cbor_fail(reader, FORMAT_MALFORMED);
	return reader->result;
}

enum cbor_type cbor_peek(const struct cbor_reader *reader)
{
	if (reader->at == reader->end)
		return CBOR_SIMPLE;
	switch (*reader->at >> 5) {
	case MAJOR_UINT: return CBOR_UINT;
	case MAJOR_NEGATIVE: return CBOR_NEGATIVE;
	case MAJOR_BYTES: return CBOR_BYTES;
	case MAJOR_TEXT: return CBOR_TEXT;
	case MAJOR_ARRAY: return CBOR_ARRAY;
	case MAJOR_MAP: return CBOR_MAP;
	}
	return CBOR_SIMPLE;
}

struct view cbor_rest(const struct cbor_reader *reader)
{
	return (struct view){reader->at, (size_t)(reader->end - reader->at)};
}

/* An item's head: its argument, in the shortest form or not at all. */
static uint64_t read_argument(struct cbor_reader *reader, enum cbor_major major)
{
	uint64_t value = 0;
	unsigned info;
	size_t len;

	if (reader->at == reader->end || *reader->at >> 5 != (int)major) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return 0;
	}
	info = *reader->at & 31u;
	if (info < 24) {
		reader->at++;
		return info;
	}
	if (info > 27) { /* reserved, or an indefinite length */
		cbor_fail(reader, FORMAT_MALFORMED);
		return 0;
	}
	len = (size_t)1 << (info - 24);
	if ((size_t)(reader->end - reader->at) < 1 + len) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return 0;
	}
	for (size_t i = 1; i <= len; i++)
		value = value << 8 | reader->at[i];
	reader->at += 1 + len;
	if (value < (len == 1 ? 24 : (uint64_t)1 << (4 * len))) {
		cbor_fail(reader, FORMAT_MALFORMED); /* would have fitted a shorter form */
		return 0;
	}
	return value;
}

uint64_t cbor_uint(struct cbor_reader *reader, uint64_t max)
{
	uint64_t value = read_argument(reader, MAJOR_UINT);

	if (value > max) {
		cbor_fail(reader, FORMAT_TOO_LARGE);
		return 0;
	}
	return value;
}

unsigned cbor_choice(struct cbor_reader *reader, unsigned last)
{
	uint64_t value = read_argument(reader, MAJOR_UINT);

	if (value > last) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return 0;
	}
	return (unsigned)value;
}

int64_t cbor_int(struct cbor_reader *reader)
{
	bool negative = cbor_peek(reader) == CBOR_NEGATIVE;
	uint64_t value = read_argument(reader, negative ? MAJOR_NEGATIVE : MAJOR_UINT);

	if (value > INT64_MAX) {
		cbor_fail(reader, FORMAT_TOO_LARGE);
		return 0;
	}
	return negative ? -1 - (int64_t)value : (int64_t)value;
}

int64_t cbor_time(struct cbor_reader *reader)
{
	int64_t ms = cbor_int(reader);

	if (ms >= -TIME_MS_MAX && ms <= TIME_MS_MAX)
		return ms;
	cbor_fail(reader, FORMAT_TOO_LARGE);
	return 0;
}

bool cbor_bool(struct cbor_reader *reader)
{
	uint64_t value = read_argument(reader, MAJOR_SIMPLE);

	if (reader->result == FORMAT_OK && value != SIMPLE_FALSE && value != SIMPLE_TRUE)
		cbor_fail(reader, FORMAT_MALFORMED);
	return value == SIMPLE_TRUE;
}

bool cbor_null(struct cbor_reader *reader)
{
	if (reader->at == reader->end || *reader->at != (MAJOR_SIMPLE << 5 | SIMPLE_NULL))
		return false;
	reader->at++;
	return true;
}

static struct view read_string(struct cbor_reader *reader, enum cbor_major major, size_t max)
{
	uint64_t len = read_argument(reader, major);
	struct view string;

	if (reader->result != FORMAT_OK)
		return (struct view){0};
	if (len > (uint64_t)(reader->end - reader->at)) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return (struct view){0};
	}
	if (len > max) {
		cbor_fail(reader, FORMAT_TOO_LARGE);
		return (struct view){0};
	}
	string = (struct view){reader->at, (size_t)len};
	reader->at += len;
	return string;
}

struct view cbor_bytes(struct cbor_reader *reader, size_t max)
{
	return read_string(reader, MAJOR_BYTES, max);
}

struct view cbor_text(struct cbor_reader *reader, size_t max)
{
	struct view text = read_string(reader, MAJOR_TEXT, max);

	if (!utf8_valid(text)) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return (struct view){0};
	}
	return text;
}

void cbor_fixed(struct cbor_reader *reader, void *out, size_t len)
{
	struct view string = read_string(reader, MAJOR_BYTES, SIZE_MAX);

	if (reader->result == FORMAT_OK && string.len != len)
		cbor_fail(reader, FORMAT_MALFORMED);
	if (reader->result == FORMAT_OK)
		memcpy(out, string.data, len);
	else
		memset(out, 0, len);
}

size_t cbor_array(struct cbor_reader *reader, size_t max)
{
	uint64_t count = read_argument(reader, MAJOR_ARRAY);

	if (count > max) {
		cbor_fail(reader, FORMAT_TOO_LARGE);
		return 0;
	}
	/* Each item takes a byte at least: no count may announce more than there is. */
	if (count > (uint64_t)(reader->end - reader->at)) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return 0;
	}
	return (size_t)count;
}

void cbor_array_exact(struct cbor_reader *reader, size_t count)
{
	if (read_argument(reader, MAJOR_ARRAY) != count)
		cbor_fail(reader, FORMAT_MALFORMED);
}

void cbor_map(struct cbor_reader *reader, struct cbor_map *map)
{
	uint64_t pairs = read_argument(reader, MAJOR_MAP);

	*map = (struct cbor_map){.last = -1};
	if (pairs > 64) { /* keys are 0..63, each once */
		cbor_fail(reader, FORMAT_MALFORMED);
		return;
	}
	map->left = (size_t)pairs;
}

bool cbor_map_next(struct cbor_reader *reader, struct cbor_map *map, unsigned *key_out)
{
	uint64_t key;

	if (reader->result != FORMAT_OK || map->left == 0)
		return false;
	key = read_argument(reader, MAJOR_UINT);
	if (reader->result != FORMAT_OK)
		return false;
	if (key > 63 || (int)key <= map->last) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return false;
	}
	map->left--;
	map->last = (int)key;
	map->seen |= (uint64_t)1 << key;
	*key_out = (unsigned)key;
	return true;
}

void cbor_map_need(struct cbor_reader *reader, const struct cbor_map *map, uint64_t bits)
{
	if ((map->seen & bits) != bits)
		cbor_fail(reader, FORMAT_MALFORMED);
}

void cbor_version(struct cbor_reader *reader)
{
	uint64_t version = read_argument(reader, MAJOR_UINT);

	if (reader->result == FORMAT_OK && version != FORMAT_VERSION)
		cbor_fail(reader, version > FORMAT_VERSION ? FORMAT_NEWER : FORMAT_MALFORMED);
}

size_t cbor_text_map(struct cbor_reader *reader, size_t max)
{
	uint64_t pairs = read_argument(reader, MAJOR_MAP);

	if (pairs > max) {
		cbor_fail(reader, FORMAT_TOO_LARGE);
		return 0;
	}
	return (size_t)pairs;
}

struct view cbor_text_key(struct cbor_reader *reader, size_t max, struct view *last)
{
	struct view key = cbor_text(reader, max);

	/* Encoded keys ascend bytewise: the head holds the length, so shorter ones come first. */
	if (reader->result == FORMAT_OK && last->data != NULL &&
	    (key.len < last->len || (key.len == last->len && view_compare(key, *last) <= 0)))
		cbor_fail(reader, FORMAT_MALFORMED);
	*last = key;
	return key;
}

static void put_argument(struct buffer *out, enum cbor_major major, uint64_t value)
{
	uint8_t head[9];
	size_t len = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : 4;
	unsigned info = (unsigned)value & 31u;

	if (value > UINT32_MAX)
		len = 8;
	if (len > 0)
		info = len == 1 ? 24 : len == 2 ? 25 : len == 4 ? 26 : 27;
	head[0] = (uint8_t)((unsigned)major << 5 | info);
	for (size_t i = 1; i <= len; i++)
		head[i] = (uint8_t)(value >> (8 * (len - i)));
	buffer_add(out, head, 1 + len);
}

void cbor_put_uint(struct buffer *out, uint64_t value)
{
	put_argument(out, MAJOR_UINT, value);
}

void cbor_put_int(struct buffer *out, int64_t value)
{
	if (value >= 0)
		put_argument(out, MAJOR_UINT, (uint64_t)value);
	else
		put_argument(out, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
}

void cbor_put_bool(struct buffer *out, bool value)
{
	put_argument(out, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void cbor_put_null(struct buffer *out)
{
	put_argument(out, MAJOR_SIMPLE, SIMPLE_NULL);
}

void cbor_put_bytes(struct buffer *out, const void *data, size_t len)
{
	put_argument(out, MAJOR_BYTES, len);
	buffer_add(out, data, len);
}

void cbor_put_view(struct buffer *out, struct view bytes)
{
	cbor_put_bytes(out, bytes.data, bytes.len);
}

void cbor_put_text(struct buffer *out, struct view text)
{
	put_argument(out, MAJOR_TEXT, text.len);
	buffer_add_view(out, text);
}

void cbor_put_array(struct buffer *out, size_t count)
{
	put_argument(out, MAJOR_ARRAY, count);
}

void cbor_put_map(struct buffer *out, size_t pairs)
{
	put_argument(out, MAJOR_MAP, pairs);
}

struct head cbor_head(struct cbor_reader *reader)
{
	struct head head = {0};

	cbor_array_exact(reader, 2);
	head.seq = cbor_uint(reader, SEQ_MAX);
	cbor_fixed(reader, head.hash.bytes, DIGEST_LEN);
	return head;
}

void cbor_put_head(struct buffer *out, const struct head *head)
{
	cbor_put_array(out, 2);
	cbor_put_uint(out, head->seq);
	cbor_put_bytes(out, head->hash.bytes, DIGEST_LEN);
}

struct blob_name cbor_blob_name(struct cbor_reader *reader)
{
	struct blob_name name = {0};

	cbor_array_exact(reader, 2);
	cbor_fixed(reader, name.hash.bytes, DIGEST_LEN);
	name.count = cbor_uint(reader, SEQ_MAX);
	return name;
}

void cbor_put_blob_name(struct buffer *out, const struct blob_name *name)
{
	cbor_put_array(out, 2);
	cbor_put_bytes(out, name->hash.bytes, DIGEST_LEN);
	cbor_put_uint(out, name->count);
}
