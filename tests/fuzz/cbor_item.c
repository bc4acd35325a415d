/*
 * tests/fuzz/cbor_item.c: see cbor_item.h.
 */
#include "tests/fuzz/cbor_item.h"

#include <stdlib.h>

struct walk {
	struct cbor_reader reader;
	struct buffer *again;
	struct buffer *said;
};

static void item(struct walk *walk, unsigned depth);

static void say_hex(struct walk *walk, char mark, struct view bytes)
{
	if (walk->said == NULL)
		return;
	buffer_addf(walk->said, "%c", mark);
	for (size_t i = 0; i < bytes.len; i++)
		buffer_addf(walk->said, "%02x", bytes.data[i]);
	buffer_addf(walk->said, " ");
}

static void say_number(struct walk *walk, int64_t value)
{
	if (walk->said != NULL)
		buffer_addf(walk->said, "%lld ", (long long)value);
}

static void say(struct walk *walk, const char *text)
{
	if (walk->said != NULL)
		buffer_add_text(walk->said, text);
}

static void array(struct walk *walk, unsigned depth)
{
	size_t count = cbor_array(&walk->reader, SIZE_MAX);

	cbor_put_array(walk->again, count);
	say(walk, "[ ");
	for (size_t i = 0; i < count && walk->reader.result == FORMAT_OK; i++)
		item(walk, depth + 1);
	say(walk, "] ");
}

static void text_map(struct walk *walk, unsigned depth)
{
	size_t count = cbor_text_map(&walk->reader, SIZE_MAX);
	struct view last = {0};

	cbor_put_map(walk->again, count);
	for (size_t i = 0; i < count && walk->reader.result == FORMAT_OK; i++) {
		struct view key = cbor_text_key(&walk->reader, SIZE_MAX, &last);

		cbor_put_text(walk->again, key);
		say_hex(walk, 't', key);
		item(walk, depth + 1);
	}
}

static void number_map(struct walk *walk, unsigned depth)
{
	struct cbor_map map;
	unsigned key;

	cbor_map(&walk->reader, &map);
	cbor_put_map(walk->again, map.left);
	while (cbor_map_next(&walk->reader, &map, &key)) {
		cbor_put_uint(walk->again, key);
		say_number(walk, key);
		item(walk, depth + 1);
	}
}

static void map(struct walk *walk, unsigned depth)
{
	struct cbor_reader ahead = walk->reader;

	say(walk, "{ ");
	if (cbor_text_map(&ahead, SIZE_MAX) > 0 && cbor_peek(&ahead) == CBOR_TEXT)
		text_map(walk, depth);
	else
		number_map(walk, depth);
	say(walk, "} ");
}

static void simple(struct walk *walk)
{
	if (cbor_null(&walk->reader)) {
		cbor_put_null(walk->again);
		say(walk, "null ");
	} else {
		bool value = cbor_bool(&walk->reader);

		cbor_put_bool(walk->again, value);
		say(walk, value ? "true " : "false ");
	}
}

static void item(struct walk *walk, unsigned depth)
{
	struct cbor_reader *reader = &walk->reader;
	struct view string;
	int64_t number;

	if (depth > ITEM_DEPTH_MAX) {
		cbor_fail(reader, FORMAT_TOO_LARGE);
		return;
	}
	switch (cbor_peek(reader)) {
	case CBOR_UINT:
	case CBOR_NEGATIVE:
		number = cbor_int(reader);
		cbor_put_int(walk->again, number);
		say_number(walk, number);
		break;
	case CBOR_BYTES:
		string = cbor_bytes(reader, SIZE_MAX);
		cbor_put_view(walk->again, string);
		say_hex(walk, 'b', string);
		break;
	case CBOR_TEXT:
		string = cbor_text(reader, SIZE_MAX);
		cbor_put_text(walk->again, string);
		say_hex(walk, 't', string);
		break;
	case CBOR_ARRAY: array(walk, depth); break;
	case CBOR_MAP: map(walk, depth); break;
	case CBOR_SIMPLE: simple(walk); break;
	}
}

enum format_result cbor_item(struct view input, struct buffer *again, struct buffer *said)
{
	struct walk walk = {.again = again, .said = said};

	cbor_read(&walk.reader, input);
	item(&walk, 0);
	return cbor_finish(&walk.reader);
}
