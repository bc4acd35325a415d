/*
 * tests/cli/engine/seal_limits_test.c: payloads that are too large to be sealed, and seals too
 * large to be opened: refused before anything is allocated for them, and nothing is handed out.
 */
#include "cli/engine/seal.h"
#include "tests/cli/engine/engine_fixture.h"

#define SEALED_MAX (BLOB_MAX + (1u << 20)) /* seal.c's: any sealed bytes */

static const struct epoch_key key = {{1, 2, 3}};
static const struct digest previous = {{3}};

/* One payload for all: as long as any is looked at. */
static int payload_setup(void **state)
{
	static struct bytes payload;

	assert_true(bytes_new(SEALED_MAX + 1, &payload));
	*state = &payload;
	return 0;
}

static int payload_teardown(void **state)
{
	bytes_clear(*state);
	return 0;
}

static struct view first(const struct bytes *payload, size_t len)
{
	return view_of(payload->data, len);
}

static void padding_stops_at_its_maximum(void **state)
{
	struct bytes padded = {0};
	size_t payload_len = 0;

	assert_int_equal(pad_add(first(*state, SEALED_MAX + 1), &padded), FORMAT_TOO_LARGE);
	assert_null(padded.data);
	assert_int_equal(pad_add(first(*state, SEALED_MAX), &padded), FORMAT_OK);
	assert_int_equal(pad_remove(view_bytes(&padded), &payload_len), FORMAT_OK);
	assert_int_equal(payload_len, SEALED_MAX);
	bytes_clear(&padded);
}

static void a_payload_too_large_is_not_sealed(void **state)
{
	struct view payload = first(*state, SEALED_MAX + 1);
	struct made_random made = {0};
	struct random random = made_random(&made);
	struct frame_header header = {.epoch = 1, .seq = 1};
	struct blob_header blob_header = {.epoch = 1, .kind = BLOB_BODY};
	struct bytes out = {0};
	struct digest name = {{0}};
	static const struct digest none;

	assert_int_equal(seal_frame(&key, &random, payload, &header, &out), FORMAT_TOO_LARGE);
	assert_int_equal(
	    seal_part(&key, &random, PART_USE_NAMES, &previous, payload, &out), FORMAT_TOO_LARGE);
	assert_int_equal(seal_blob(&key, payload, &blob_header, &out, &name), FORMAT_TOO_LARGE);
	assert_null(out.data);
	assert_true(digest_equal(&name, &none));
	assert_int_equal(made.count, 0); /* no salt was drawn for it */
}

/* Header, padding and tag come on top of the payload. */
static void a_blob_stops_at_its_maximum(void **state)
{
	struct blob_header header = {.epoch = 1, .kind = BLOB_BODY};
	struct bytes encoded = {0}, payload = {0};
	struct digest name = {{0}};
	static const struct digest none;
	struct blob blob;

	assert_int_equal(
	    seal_blob(&key, first(*state, BLOB_MAX), &header, &encoded, &name), FORMAT_TOO_LARGE);
	assert_null(encoded.data);
	assert_true(digest_equal(&name, &none));
	assert_int_equal(
	    seal_blob(&key, first(*state, ENTRY_MAX), &header, &encoded, &name), FORMAT_OK);
	assert_int_equal(blob_decode(view_bytes(&encoded), NULL, &blob), FORMAT_OK);
	assert_int_equal(open_blob(&key, &blob, &payload), FORMAT_OK);
	assert_int_equal(payload.len, ENTRY_MAX);
	bytes_clear(&payload);
	bytes_clear(&encoded);
}

/* Its padding takes it over what is opened; whoever has the key may have made it. */
static void a_seal_too_large_is_not_opened(void **state)
{
	struct made_random made = {0};
	struct random random = made_random(&made);
	struct bytes part = {0}, payload = {0};

	assert_int_equal(
	    seal_part(&key, &random, PART_USE_NAMES, &previous, first(*state, SEALED_MAX), &part),
	    FORMAT_OK);
	assert_true(part.len - SALT_LEN - COMMIT_LEN > SEALED_MAX);
	assert_int_equal(open_part(&key, PART_USE_NAMES, &previous, view_bytes(&part), &payload),
	    FORMAT_MALFORMED);
	assert_null(payload.data);
	bytes_clear(&part);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(padding_stops_at_its_maximum, payload_setup, payload_teardown),
    cmocka_unit_test_setup_teardown(
	a_payload_too_large_is_not_sealed, payload_setup, payload_teardown),
    cmocka_unit_test_setup_teardown(a_blob_stops_at_its_maximum, payload_setup, payload_teardown),
    cmocka_unit_test_setup_teardown(
	a_seal_too_large_is_not_opened, payload_setup, payload_teardown),
};

TEST_MAIN(tests)
