/*
 * tests/cli/engine/key_file_test.c: key files by another hand: each bound of the format, to the
 * number, and what is said of a file that is none. Nothing here is unlocked, for Argon2id takes its
 * time.
 */
#include "cli/engine/key_file.h"
#include "schemas/cbor.h"
#include "tests/cli/engine/engine_fixture.h"

#include <string.h>

#define MEMBERS 6u
#define NO_MEMBER 99u

/* A file as it should be, but for one thing. */
struct hand {
	uint64_t version;
	bool locked;
	size_t pass_count; /* of the three of Argon2id's numbers; a fourth is one more */
	uint64_t ops, bytes;
	size_t salt_len, secrets_len;
	unsigned missing;  /* this member */
	bool more;         /* one more member */
	bool other_sum;    /* it is not the members' */
	bool other_device; /* the id is not the keys' */
	const char *follows;
};

static struct device_keys keys;
static uint8_t salt[32], secrets[128];

static int setup(void **state)
{
	struct made_random made = {0};
	struct random random = made_random(&made);

	(void)state;
	device_keys_new(&random, &keys);
	random_fill(&random, secrets, sizeof(secrets));
	crypto_sign_ed25519_sk_to_seed(secrets, keys.sign_secret);
	memcpy(secrets + 32, keys.box_secret, 32);
	return 0;
}

static void put_pass(struct buffer *out, const struct hand *hand)
{
	if (!hand->locked) {
		cbor_put_null(out);
		return;
	}
	cbor_put_array(out, hand->pass_count);
	cbor_put_uint(out, hand->ops);
	if (hand->pass_count > 1)
		cbor_put_uint(out, hand->bytes);
	if (hand->pass_count > 2)
		cbor_put_bytes(out, salt, hand->salt_len);
	if (hand->pass_count > 3)
		cbor_put_uint(out, 0);
}

static void put_member(struct buffer *out, const struct hand *hand, unsigned member)
{
	uint8_t wipe_seed[32];
	struct device_id device = keys.id;

	if (member == hand->missing)
		return;
	crypto_sign_ed25519_sk_to_seed(wipe_seed, keys.wipe_secret);
	device.bytes[0] ^= hand->other_device;
	cbor_put_uint(out, member);
	switch (member) {
	case 0: cbor_put_uint(out, hand->version); break;
	case 1: cbor_put_bytes(out, device.bytes, DEVICE_ID_LEN); break;
	case 2: cbor_put_bytes(out, wipe_seed, sizeof(wipe_seed)); break;
	case 3: put_pass(out, hand); break;
	default: cbor_put_bytes(out, secrets, hand->secrets_len);
	}
}

/* The checksum is over a map of the members before it. */
static void put_members(struct buffer *out, const struct hand *hand, size_t count)
{
	cbor_put_map(out, count - (hand->missing < count) + (count == MEMBERS && hand->more));
	for (unsigned member = 0; member < MEMBERS - 1; member++)
		put_member(out, hand, member);
}

static void write_by_hand(const struct hand *hand, struct buffer *out)
{
	struct buffer covered;
	struct digest sum;

	buffer_init(&covered, 4096);
	put_members(&covered, hand, MEMBERS - 1);
	digest_view(DOMAIN_CHECKSUM, buffer_view(&covered), &sum);
	buffer_clear(&covered);
	sum.bytes[7] ^= hand->other_sum; /* the last that is written */
	buffer_init(out, 4096);
	put_members(out, hand, MEMBERS);
	if (hand->missing != MEMBERS - 1) {
		cbor_put_uint(out, MEMBERS - 1);
		cbor_put_bytes(out, sum.bytes, 8);
	}
	if (hand->more) {
		cbor_put_uint(out, MEMBERS);
		cbor_put_null(out);
	}
	if (hand->follows != NULL)
		buffer_add_text(out, hand->follows);
	assert_false(out->failed);
}

static const struct hand plain = {.version = FORMAT_VERSION,
    .pass_count = 3,
    .ops = 3,
    .bytes = 64u << 20,
    .salt_len = 16,
    .secrets_len = 64,
    .missing = NO_MEMBER};

static struct hand locked(void)
{
	struct hand hand = plain;

	hand.locked = true;
	hand.secrets_len = 64 + 16;
	return hand;
}

static void assert_read_as(const char *name, const struct hand *hand, enum format_result want)
{
	struct buffer file;
	bool is_locked = !hand->locked;
	enum format_result got;

	write_by_hand(hand, &file);
	got = keyfile_locked(buffer_view(&file), &is_locked);
	if (got != want)
		fail_msg("%s: %s", name, format_result_text(got));
	if (is_locked != (hand->locked == (got == FORMAT_OK)))
		fail_msg("%s: locked: %d", name, is_locked);
	buffer_clear(&file);
}

static void what_is_written_by_hand_is_read(void **state)
{
	struct hand hand = plain;
	struct buffer file;
	struct device_keys read = {0};

	(void)state;
	assert_read_as("plain", &hand, FORMAT_OK);
	write_by_hand(&hand, &file);
	assert_int_equal(keyfile_decode(buffer_view(&file), (struct view){0}, &read), FORMAT_OK);
	assert_memory_equal(&read, &keys, sizeof(keys));
	buffer_clear(&file);
	hand = locked();
	assert_read_as("locked", &hand, FORMAT_OK);
}

static void each_number_has_its_maximum(void **state)
{
	static const struct {
		const char *name;
		uint64_t ops, bytes;
		enum format_result want;
	} rows[] = {
	    {"as many operations as may be", 16, 1, FORMAT_OK},
	    {"one operation more", 17, 1, FORMAT_TOO_LARGE},
	    {"as many bytes as may be", 1, 1u << 30, FORMAT_OK},
	    {"one byte more", 1, (1u << 30) + 1, FORMAT_TOO_LARGE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hand hand = locked();

		hand.ops = rows[i].ops;
		hand.bytes = rows[i].bytes;
		assert_read_as(rows[i].name, &hand, rows[i].want);
	}
}

static void each_length_is_its_own(void **state)
{
	static const struct {
		const char *name;
		size_t pass_count, salt_len, secrets_len;
		enum format_result want;
		bool locked;
	} rows[] = {
	    {"a number too few", 2, 16, 80, FORMAT_MALFORMED, true},
	    {"a number too many", 4, 16, 80, FORMAT_MALFORMED, true},
	    {"a short salt", 3, 15, 80, FORMAT_MALFORMED, true},
	    {"a long salt", 3, 17, 80, FORMAT_MALFORMED, true},
	    {"secrets in clear, and a passphrase", 3, 16, 64, FORMAT_MALFORMED, true},
	    {"sealed secrets, and no passphrase", 3, 16, 80, FORMAT_MALFORMED, false},
	    {"sealed secrets, a byte short", 3, 16, 79, FORMAT_MALFORMED, true},
	    {"sealed secrets, a byte over", 3, 16, 81, FORMAT_TOO_LARGE, true},
	    {"secrets in clear, a byte short", 3, 16, 63, FORMAT_MALFORMED, false},
	    {"secrets in clear, a byte over", 3, 16, 65, FORMAT_MALFORMED, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hand hand = plain;

		hand.locked = rows[i].locked;
		hand.pass_count = rows[i].pass_count;
		hand.salt_len = rows[i].salt_len;
		hand.secrets_len = rows[i].secrets_len;
		assert_read_as(rows[i].name, &hand, rows[i].want);
	}
}

static void no_member_may_be_missing_or_more(void **state)
{
	struct hand hand = plain;

	(void)state;
	for (hand.missing = 0; hand.missing < MEMBERS; hand.missing++)
		assert_read_as("a member is missing", &hand, FORMAT_MALFORMED);
	hand = plain;
	hand.more = true;
	assert_read_as("a member more", &hand, FORMAT_MALFORMED);
	hand = plain;
	hand.follows = "x";
	assert_read_as("a byte follows", &hand, FORMAT_MALFORMED);
	hand = plain;
	hand.other_sum = true;
	assert_read_as("another checksum", &hand, FORMAT_MALFORMED);
	hand = plain;
	hand.version = FORMAT_VERSION + 1;
	assert_read_as("a newer version", &hand, FORMAT_NEWER);
}

/* Its checksum holds: what it says of itself does not. */
static void keys_of_another_device_are_none(void **state)
{
	struct hand hand = plain;
	struct buffer file;
	struct device_keys read = {0};
	static const struct device_keys none;

	(void)state;
	hand.other_device = true;
	assert_read_as("another device's id", &hand, FORMAT_OK);
	write_by_hand(&hand, &file);
	assert_int_equal(
	    keyfile_decode(buffer_view(&file), (struct view){0}, &read), FORMAT_MALFORMED);
	assert_memory_equal(&read, &none, sizeof(none));
	buffer_clear(&file);
}

/* Before any of it is looked at. */
static void what_is_too_long_is_no_key_file(void **state)
{
	static const uint8_t bytes[KEYFILE_MAX + 1];
	struct device_id device = {{7}};
	uint8_t wipe_secret[SIGN_SECRET_LEN] = {7};
	struct device_keys read;
	bool is_locked;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct view file = view_of(bytes, KEYFILE_MAX + more);
		enum format_result want = more ? FORMAT_TOO_LARGE : FORMAT_MALFORMED;

		assert_int_equal(keyfile_locked(file, &is_locked), want);
		assert_int_equal(keyfile_decode(file, (struct view){0}, &read), want);
		assert_int_equal(keyfile_wipe_key(file, &device, wipe_secret), want);
		assert_int_equal(device.bytes[0], 7);
		assert_int_equal(wipe_secret[0], 7);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(what_is_written_by_hand_is_read, setup),
    cmocka_unit_test_setup(each_number_has_its_maximum, setup),
    cmocka_unit_test_setup(each_length_is_its_own, setup),
    cmocka_unit_test_setup(no_member_may_be_missing_or_more, setup),
    cmocka_unit_test_setup(keys_of_another_device_are_none, setup),
    cmocka_unit_test_setup(what_is_too_long_is_no_key_file, setup),
};

TEST_MAIN(tests)
