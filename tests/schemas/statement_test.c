/*
 * tests/schemas/statement_test.c: statements, boxes, wipes and receipts, beyond the vectors.
 */
#include "tests/schemas/account_made.h"
#include "tests/test.h"

#include <string.h>

static void encoding_names_the_parts(void **state)
{
	struct made_device device;
	struct statement statement = {.kind = STATEMENT_CHANGE, .has_epoch = false};
	struct statement decoded;
	struct bytes encoded = {0}, bare = {0};
	struct digest hash, bare_hash;

	(void)state;
	make_device(1, ROLE_DEVICE, &device);
	statement.signer = device.id;
	statement.part[PART_BOXES] = view_text("boxes");
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_OK);
	assert_int_equal(statement_decode(view_bytes(&encoded), false, &decoded), FORMAT_OK);
	assert_true(view_equal(decoded.part[PART_BOXES], view_text("boxes")));
	assert_null(decoded.part[PART_NAMES].data);
	digest_view(DOMAIN_PART, view_text("boxes"), &hash);
	assert_true(digest_equal(&hash, &decoded.part_hash[PART_BOXES]));
	assert_int_equal(statement_bare(view_bytes(&encoded), &bare), FORMAT_OK);
	assert_int_equal(statement_decode(view_bytes(&bare), false, &decoded), FORMAT_MALFORMED);
	assert_int_equal(statement_decode(view_bytes(&bare), true, &decoded), FORMAT_OK);
	assert_true(digest_equal(&hash, &decoded.part_hash[PART_BOXES]));
	assert_null(decoded.part[PART_BOXES].data);
	assert_int_equal(statement_hash(view_bytes(&encoded), &hash), FORMAT_OK);
	assert_int_equal(statement_hash(view_bytes(&bare), &bare_hash), FORMAT_OK);
	assert_true(digest_equal(&hash, &bare_hash));
	bytes_clear(&bare);
	bytes_clear(&encoded);
}

static void more_devices_than_fit_are_refused(void **state)
{
	struct made_device device;
	static struct statement statement;
	struct bytes encoded = {0};

	(void)state;
	make_device(1, ROLE_DEVICE, &device);
	statement = (struct statement){.kind = STATEMENT_CHANGE, .signer = device.id};
	for (size_t i = 0; i < DEVICES_MAX; i++) {
		struct made_device added;

		make_device((uint8_t)(i + 2), ROLE_DEVICE, &added);
		statement.added[i] = added.keys;
	}
	statement.added_count = DEVICES_MAX;
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_OK);
	assert_true(encoded.len < STATEMENT_MAX);
	bytes_clear(&encoded);
	statement.added_count = DEVICES_MAX + 1;
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_TOO_LARGE);
	statement.added_count = 0;
	statement.revoked_count = DEVICES_MAX + 1;
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_TOO_LARGE);
	assert_null(encoded.data);
}

/* All 32 boxes beside all 32 devices: the largest statement there can be. */
static void the_largest_statement_fits(void **state)
{
	static struct statement statement;
	static struct box boxes[DEVICES_MAX];
	struct made_device device;
	struct bytes part = {0}, encoded = {0};
	static uint8_t names[2048];

	(void)state;
	make_device(1, ROLE_DEVICE, &device);
	statement = (struct statement){.kind = STATEMENT_GENESIS, .has_epoch = true};
	statement.epoch.number = 1;
	statement.added_count = DEVICES_MAX;
	for (size_t i = 0; i < DEVICES_MAX; i++) {
		statement.added[i] = device.keys;
		boxes[i].device.bytes[0] = (uint8_t)(DEVICES_MAX - i);
	}
	assert_int_equal(boxes_encode(boxes, DEVICES_MAX, &part), FORMAT_OK);
	statement.part[PART_BOXES] = view_bytes(&part);
	/* 32 names of 64 bytes do not fit beside them: a genesis adds few. */
	statement.part[PART_NAMES] = view_of(names, 512);
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_OK);
	bytes_clear(&encoded);
	statement.part[PART_NAMES] = view_of(names, sizeof(names));
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_TOO_LARGE);
	bytes_clear(&part);
}

static void boxes_are_sorted_and_found(void **state)
{
	struct box boxes[3] = {0};
	struct bytes encoded = {0};
	uint8_t sealed[BOX_SEAL_LEN] = {0};
	struct device_id stranger = {{9}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(boxes); i++) {
		boxes[i].device.bytes[15] = (uint8_t)(3 - i);
		memset(boxes[i].sealed, (int)(3 - i), BOX_SEAL_LEN);
	}
	assert_int_equal(boxes_encode(boxes, COUNT_OF(boxes), &encoded), FORMAT_OK);
	for (size_t i = 0; i < COUNT_OF(boxes); i++) {
		assert_int_equal(
		    boxes_find(view_bytes(&encoded), &boxes[i].device, sealed), FORMAT_OK);
		assert_memory_equal(sealed, boxes[i].sealed, BOX_SEAL_LEN);
	}
	assert_int_equal(boxes_find(view_bytes(&encoded), &stranger, sealed), FORMAT_FORGED);
	assert_memory_equal(sealed, boxes[2].sealed, BOX_SEAL_LEN);
	bytes_clear(&encoded);
	assert_int_equal(boxes_encode(boxes, 0, &encoded), FORMAT_TOO_LARGE);
}

static void a_wipe_is_for_its_key_alone(void **state)
{
	struct made_device device, other;
	struct wipe wipe = {.gateway = view_text("ink.example.org"), .time_ms = -5};
	struct wipe decoded;
	struct bytes encoded = {0};

	(void)state;
	make_device(1, ROLE_DEVICE, &device);
	make_device(2, ROLE_DEVICE, &other);
	wipe.device = device.id;
	assert_int_equal(wipe_encode(&wipe, device.wipe_secret, &encoded), FORMAT_OK);
	assert_int_equal(wipe_decode(view_bytes(&encoded), &decoded), FORMAT_OK);
	assert_true(decoded.time_ms == -5);
	assert_true(view_equal(decoded.gateway, wipe.gateway));
	assert_int_equal(wipe_signed_by(view_bytes(&encoded), device.keys.wipe_public), FORMAT_OK);
	assert_int_equal(
	    wipe_signed_by(view_bytes(&encoded), device.keys.sign_public), FORMAT_FORGED);
	assert_int_equal(
	    wipe_signed_by(view_bytes(&encoded), other.keys.wipe_public), FORMAT_FORGED);
	assert_int_equal(
	    wipe_signed_by(view_of(encoded.data, encoded.len - 1), device.keys.wipe_public),
	    FORMAT_MALFORMED);
	bytes_clear(&encoded);
}

/* A wipe and a receipt share a domain: neither may be read as the other. */
static void a_wipe_is_no_receipt(void **state)
{
	struct made_device device;
	struct wipe wipe = {.gateway = view_text("")};
	struct receipt receipt = {.objects_removed = 3};
	struct bytes encoded = {0};

	(void)state;
	make_device(1, ROLE_DEVICE, &device);
	assert_int_equal(wipe_encode(&wipe, device.wipe_secret, &encoded), FORMAT_OK);
	assert_int_not_equal(receipt_decode(view_bytes(&encoded), &receipt), FORMAT_OK);
	bytes_clear(&encoded);
	memcpy(receipt.signer, device.keys.wipe_public, SIGN_PUBLIC_LEN);
	assert_int_equal(receipt_encode(&receipt, device.wipe_secret, &encoded), FORMAT_OK);
	assert_int_not_equal(wipe_decode(view_bytes(&encoded), &wipe), FORMAT_OK);
	assert_int_equal(receipt_decode(view_bytes(&encoded), &receipt), FORMAT_OK);
	bytes_clear(&encoded);
	assert_int_equal(receipt_encode(&receipt, device.secret, &encoded), FORMAT_OK);
	assert_int_equal(receipt_decode(view_bytes(&encoded), &receipt), FORMAT_FORGED);
	bytes_clear(&encoded);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(encoding_names_the_parts),
    cmocka_unit_test(more_devices_than_fit_are_refused),
    cmocka_unit_test(the_largest_statement_fits),
    cmocka_unit_test(boxes_are_sorted_and_found),
    cmocka_unit_test(a_wipe_is_for_its_key_alone),
    cmocka_unit_test(a_wipe_is_no_receipt),
};

TEST_MAIN(tests)
