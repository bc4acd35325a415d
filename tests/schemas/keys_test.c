/*
 * tests/schemas/keys_test.c: counts that are not a format's, and keys that it does not have: what
 * follows would be read as something else.
 */
#include "tests/schemas/format_made.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

/* Each array of a thing, told to be of another number of items than it is: not taken. */
static void refuse_other_counts(const struct made_format *format)
{
	void *thing = calloc(2, format->size), *decoded = (char *)thing + format->size;
	struct bytes encoded = {0};
	uint8_t right;

	assert_non_null(thing);
	format->base(thing);
	assert_int_equal(format->encode(thing, &encoded), FORMAT_OK);
	right = encoded.data[0];
	for (uint8_t count = 0; count < 24; count++) {
		enum format_result result;

		encoded.data[0] = (right & 0xE0) | count;
		result = format->decode(view_bytes(&encoded), decoded);
		if ((result == FORMAT_OK) != (encoded.data[0] == right))
			fail_msg(
			    "%s of %u items: %s", format->name, count, format_result_text(result));
	}
	bytes_clear(&encoded);
	free(thing);
}

static void other_counts_are_refused(void **state)
{
	static const struct made_format *const rows[] = {&made_row, &made_row_live, &made_loser};

	(void)state;
	for (unsigned kind = OP_PUT; kind <= OP_LOSER_NAMED; kind++) {
		made_op_kind = (enum op_kind)kind;
		refuse_other_counts(&made_op);
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		refuse_other_counts(rows[i]);
}

/* A map's bytes with one pair more, of which there is a key that no format has, and no value. */
static void add_key(struct buffer *out, struct view map)
{
	assert_in_range(map.data[0], 0xA0, 0xB6);
	buffer_add_byte(out, (uint8_t)(map.data[0] + 1));
	buffer_add(out, map.data + 1, map.len - 1);
	buffer_add_byte(out, 0x18);
	buffer_add_byte(out, 63);
}

/* Where the map ends: behind a manifest's the checksum stands, behind a frame's header the rest. */
static void refuse_unknown_key(const struct made_format *format, size_t behind)
{
	void *thing = calloc(2, format->size), *decoded = (char *)thing + format->size;
	struct bytes encoded = {0};
	struct buffer more;
	enum format_result result;

	assert_non_null(thing);
	format->base(thing);
	assert_int_equal(format->encode(thing, &encoded), FORMAT_OK);
	buffer_init(&more, 1u << 20);
	add_key(&more, view_of(encoded.data, encoded.len - behind));
	buffer_add(&more, encoded.data + encoded.len - behind, behind);
	result = format->decode(buffer_view(&more), decoded);
	if (result != FORMAT_MALFORMED)
		fail_msg("%s: %s", format->name, format_result_text(result));
	buffer_clear(&more);
	bytes_clear(&encoded);
	free(thing);
}

/* Likewise of a signed part, whose signature does not hold any more, but that is looked at last. */
static void refuse_unknown_signed_key(const struct made_format *format)
{
	void *thing = calloc(2, format->size), *decoded = (char *)thing + format->size;
	struct bytes encoded = {0};
	struct cbor_reader reader;
	struct buffer part, more;
	enum format_result result;

	assert_non_null(thing);
	format->base(thing);
	assert_int_equal(format->encode(thing, &encoded), FORMAT_OK);
	buffer_init(&part, 1u << 20);
	buffer_init(&more, 1u << 20);
	cbor_read(&reader, view_bytes(&encoded));
	cbor_put_array(&more, cbor_array(&reader, 3));
	add_key(&part, cbor_bytes(&reader, 1u << 20));
	cbor_put_view(&more, buffer_view(&part));
	buffer_add_view(&more, cbor_rest(&reader));
	result = format->decode(buffer_view(&more), decoded);
	if (result != FORMAT_MALFORMED)
		fail_msg("%s: %s", format->name, format_result_text(result));
	buffer_clear(&more);
	buffer_clear(&part);
	bytes_clear(&encoded);
	free(thing);
}

static void unknown_keys_are_refused(void **state)
{
	static const struct made_format *const maps[] = {
	    &made_invite, &made_request, &made_answer, &made_sealed};
	static const struct made_format *const parts[] = {
	    &made_statement, &made_wipe, &made_receipt, &made_create};

	(void)state;
	refuse_unknown_key(&made_manifest_again, 2 + DIGEST_LEN);
	refuse_unknown_key(&made_frame, 10 + SIGNATURE_LEN);
	refuse_unknown_key(&made_index_blob, strlen("sealed"));
	for (size_t i = 0; i < COUNT_OF(maps); i++)
		refuse_unknown_key(maps[i], 0);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		refuse_unknown_signed_key(parts[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(other_counts_are_refused, made_begin, made_end),
    cmocka_unit_test_setup_teardown(unknown_keys_are_refused, made_begin, made_end),
};
TEST_MAIN(tests)
