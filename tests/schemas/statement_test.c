/*
 * tests/schemas/statement_test.c: statements, boxes, wipes and receipts, beyond the vectors.
 */
#include "schemas/cbor.h"
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

/* The same bytes in whatever order they come; as many as devices. */
static void boxes_come_in_any_order(void **state)
{
	static struct box boxes[DEVICES_MAX + 1];
	struct bytes sorted = {0}, encoded = {0};
	uint8_t sealed[BOX_SEAL_LEN];

	(void)state;
	for (size_t step = 1; step < DEVICES_MAX; step += 2) {
		for (size_t i = 0; i < DEVICES_MAX; i++) {
			size_t number = i * step % DEVICES_MAX;

			boxes[i].device.bytes[0] = (uint8_t)number;
			memset(boxes[i].sealed, (int)number, BOX_SEAL_LEN);
		}
		assert_int_equal(boxes_encode(boxes, DEVICES_MAX, &encoded), FORMAT_OK);
		if (sorted.len == 0)
			assert_true(bytes_copy(view_bytes(&encoded), &sorted));
		assert_true(view_equal(view_bytes(&encoded), view_bytes(&sorted)));
		for (size_t i = 0; i < DEVICES_MAX; i++) {
			assert_int_equal(
			    boxes_find(view_bytes(&encoded), &boxes[i].device, sealed), FORMAT_OK);
			assert_memory_equal(sealed, boxes[i].sealed, BOX_SEAL_LEN);
		}
		bytes_clear(&encoded);
	}
	assert_int_equal(boxes_encode(boxes, DEVICES_MAX + 1, &encoded), FORMAT_TOO_LARGE);
	assert_null(encoded.data);
	bytes_clear(&sorted);
}

/* What is signed, and by nobody; behind it as many items as the form has. */
static void make_item(size_t items, size_t signed_len, struct bytes *out)
{
	static const uint8_t zeros[ROSTER_MAX + 2048];
	struct buffer buffer;

	buffer_init(&buffer, 2 * ROSTER_MAX);
	cbor_put_array(&buffer, items);
	cbor_put_bytes(&buffer, zeros, signed_len);
	cbor_put_bytes(&buffer, zeros, SIGNATURE_LEN);
	if (items == 3) {
		cbor_put_array(&buffer, STATEMENT_PARTS_MAX);
		for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++)
			cbor_put_null(&buffer);
	}
	assert_true(buffer_take(&buffer, out));
}

static enum format_result read_item(unsigned reader, struct view item)
{
	const uint8_t key[SIGN_PUBLIC_LEN] = {0};
	static struct roster roster;
	struct receipt receipt;
	struct create create;
	struct digest hash;
	struct wipe wipe;

	switch (reader) {
	case 0: return statement_hash(item, &hash);
	case 1: return statement_signed_by(item, key);
	case 2: return wipe_decode(item, &wipe);
	case 3: return wipe_signed_by(item, key);
	case 4: return receipt_decode(item, &receipt);
	default: return create_decode(item, &create, &roster);
	}
}

/* Who reads an item alone reads none that no whole one could hold. */
static void what_is_signed_has_a_maximum(void **state)
{
	static const struct {
		const char *name;
		size_t items, max;
		enum format_result at_it;
	} rows[] = {
	    {"a statement's hash", 3, STATEMENT_MAX, FORMAT_OK},
	    {"a statement's signer", 3, STATEMENT_MAX, FORMAT_FORGED},
	    {"a wipe", 2, 1024, FORMAT_MALFORMED},
	    {"a wipe's signer", 2, 1024, FORMAT_FORGED},
	    {"a receipt", 2, 512, FORMAT_MALFORMED},
	    {"a create", 2, ROSTER_MAX + 1024, FORMAT_MALFORMED},
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		for (size_t over = 0; over < 2; over++) {
			struct bytes item = {0};
			enum format_result result;

			make_item(rows[i].items, rows[i].max + over, &item);
			result = read_item(i, view_bytes(&item));
			if (result != (over == 0 ? rows[i].at_it : FORMAT_TOO_LARGE))
				fail_msg(
				    "%s + %zu: %s", rows[i].name, over, format_result_text(result));
			bytes_clear(&item);
			/* And it has just so many parts. */
			make_item(rows[i].items == 2 ? 3 : 2, 10, &item);
			assert_int_equal(read_item(i, view_bytes(&item)), FORMAT_MALFORMED);
			bytes_clear(&item);
		}
	}
}

/* To the byte: all that a statement takes beside one of its sealed parts, and that part. */
static void a_statement_has_a_maximum(void **state)
{
	static uint8_t stuffing[STATEMENT_MAX + 1];
	struct made_device device;
	static struct statement statement, decoded;
	struct bytes encoded = {0}, bare = {0};
	size_t room;

	(void)state;
	make_device(1, ROLE_DEVICE, &device);
	statement = (struct statement){.kind = STATEMENT_CHANGE, .signer = device.id};
	statement.part[PART_BOXES] = view_of(stuffing, 300);
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_OK);
	room = STATEMENT_MAX - encoded.len;
	bytes_clear(&encoded);
	statement.part[PART_BOXES].len += room;
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_OK);
	assert_int_equal(encoded.len, STATEMENT_MAX);
	assert_int_equal(statement_decode(view_bytes(&encoded), false, &decoded), FORMAT_OK);
	assert_int_equal(statement_bare(view_bytes(&encoded), &bare), FORMAT_OK);
	bytes_clear(&bare);
	bytes_clear(&encoded);
	statement.part[PART_BOXES].len++;
	assert_int_equal(statement_encode(&statement, device.secret, &encoded), FORMAT_TOO_LARGE);
	assert_null(encoded.data);
	assert_int_equal(
	    statement_decode(view_of(stuffing, STATEMENT_MAX), false, &decoded), FORMAT_MALFORMED);
	assert_int_equal(statement_decode(view_of(stuffing, STATEMENT_MAX + 1), false, &decoded),
	    FORMAT_TOO_LARGE);
}

static void a_wipe_s_record_has_a_maximum(void **state)
{
	static const uint8_t bytes[WIPE_RECORD_MAX + 1];
	struct view wipe, roster;

	(void)state;
	assert_int_equal(
	    wipe_record_decode(view_of(bytes, WIPE_RECORD_MAX), &wipe, &roster), FORMAT_MALFORMED);
	assert_int_equal(wipe_record_decode(view_of(bytes, WIPE_RECORD_MAX + 1), &wipe, &roster),
	    FORMAT_TOO_LARGE);
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
    cmocka_unit_test(boxes_come_in_any_order),
    cmocka_unit_test(what_is_signed_has_a_maximum),
    cmocka_unit_test(a_statement_has_a_maximum),
    cmocka_unit_test(a_wipe_s_record_has_a_maximum),
    cmocka_unit_test(a_wipe_is_for_its_key_alone),
    cmocka_unit_test(a_wipe_is_no_receipt),
};

TEST_MAIN(tests)
