/*
 * tests/schemas/invite_test.c: an invitation's key and bytes.
 */
#include "schemas/invite.h"
#include "tests/schemas/edge.h"
#include "tests/test.h"

#include <string.h>

/* {0: 1, 1: "invite", 2: 1000}, and with 3: an account. */
static const char unspent[] = "a300010166696e7669746502"
			      "1903e8";
static const char spent[] = "a400010166696e76697465021903e80354"
			    "000102030405060708090a0b0c0d0e0f10111213";

static size_t from_hex(const char *hex, uint8_t *out)
{
	assert_true(hex_decode(hex, strlen(hex), out, strlen(hex) / 2));
	return strlen(hex) / 2;
}

static void its_bytes_are_these(void **state)
{
	struct invite invite = {.made_ms = 1000};
	uint8_t expected[INVITE_MAX];
	struct bytes encoded = {0};

	(void)state;
	assert_int_equal(invite_encode(&invite, &encoded), FORMAT_OK);
	assert_int_equal(encoded.len, from_hex(unspent, expected));
	assert_memory_equal(encoded.data, expected, encoded.len);
	bytes_clear(&encoded);
	invite.spent = true;
	for (uint8_t i = 0; i < ACCOUNT_ID_LEN; i++)
		invite.account.bytes[i] = i;
	assert_int_equal(invite_encode(&invite, &encoded), FORMAT_OK);
	assert_int_equal(encoded.len, from_hex(spent, expected));
	assert_memory_equal(encoded.data, expected, encoded.len);
	bytes_clear(&encoded);
}

static void they_are_read_again(void **state)
{
	uint8_t encoded[INVITE_MAX + 1] = {0};
	struct invite invite = {0};
	size_t len = from_hex(spent, encoded);

	(void)state;
	assert_int_equal(invite_decode(view_of(encoded, len), &invite), FORMAT_OK);
	assert_true(invite.spent);
	assert_int_equal(invite.made_ms, 1000);
	assert_int_equal(invite.account.bytes[19], 19);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(
		    invite_decode(at_the_edge(view_of(encoded, cut)), &invite), FORMAT_MALFORMED);
	assert_true(invite.spent);
	assert_int_equal(invite_decode(view_of(encoded, INVITE_MAX), &invite), FORMAT_MALFORMED);
	assert_int_equal(
	    invite_decode(view_of(encoded, INVITE_MAX + 1), &invite), FORMAT_TOO_LARGE);
	len = from_hex(unspent, encoded);
	assert_int_equal(invite_decode(view_of(encoded, len), &invite), FORMAT_OK);
	assert_false(invite.spent);
	encoded[2] = 2;
	assert_int_equal(invite_decode(view_of(encoded, len), &invite), FORMAT_NEWER);
	encoded[2] = 1;
	encoded[5] = 'x'; /* another kind of object */
	assert_int_equal(invite_decode(view_of(encoded, len), &invite), FORMAT_MALFORMED);
}

static void what_it_does_not_hold_is_refused(void **state)
{
	static const struct {
		const char *name, *hex;
	} rows[] = {
	    {"no version", "a2010166"
			   "696e76697465"
			   "021903e8"},
	    {"no word", "a20001021903e8"},
	    {"no time", "a20001"
			"0166696e76697465"},
	    {"a longer word", "a30001"
			      "0167696e7669746573"
			      "021903e8"},
	    {"a shorter word", "a30001"
			       "0165696e766974"
			       "021903e8"},
	    {"another key", "a40001"
			    "0166696e76697465"
			    "021903e8"
			    "0401"},
	    {"a key without a value", "a40001"
				      "0166696e76697465"
				      "021903e8"
				      "04"},
	    {"what follows", "a30001"
			     "0166696e76697465"
			     "021903e8"
			     "00"},
	    {"a short account", "a40001"
				"0166696e76697465"
				"021903e8"
				"0353"
				"000102030405060708090a0b0c0d0e0f101112"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct invite invite = {.made_ms = 77};
		uint8_t encoded[INVITE_MAX];
		size_t len = from_hex(rows[i].hex, encoded);
		enum format_result result = invite_decode(view_of(encoded, len), &invite);

		if (result == FORMAT_OK)
			fail_msg("%s: taken", rows[i].name);
		assert_int_equal(invite.made_ms, 77);
	}
}

static void a_token_has_one_key(void **state)
{
	char key[INVITE_KEY_MAX], other[INVITE_KEY_MAX];

	(void)state;
	assert_true(invite_key("000102030405060708090a0b0c0d0e0f", key));
	/* BLAKE2b-256, personalised: python3's hashlib.blake2b(…, person=b"inkseal invite"). */
	assert_string_equal(
	    key, "n/f7948fcf63fb3fb79d4995ba46e116a01bd3af9730dc7110b253b6d27e5ebb6a");
	assert_true(invite_key("000102030405060708090a0b0c0d0e10", other));
	assert_string_not_equal(key, other);
	assert_false(invite_key("", other));
	assert_false(invite_key("000102030405060708090a0b0c0d0e0", other));
	assert_false(invite_key("000102030405060708090a0b0c0d0e0f0", other));
	assert_false(invite_key("000102030405060708090A0B0C0D0E0F", other));
	assert_false(invite_key("../../../../../../../../../../..", other));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(its_bytes_are_these),
    cmocka_unit_test(they_are_read_again),
    cmocka_unit_test(what_it_does_not_hold_is_refused),
    cmocka_unit_test(a_token_has_one_key),
};
TEST_MAIN(tests)
