/*
 * tests/cli/engine/seal_test.c: seals and padding as properties: any changed bit is refused (I8),
 * another key opens nothing, no two messages share a salt (I9), equal payloads give equal blobs.
 * The bytes themselves are held by vectors_test.c.
 */
#include "cli/engine/compress.h"
#include "cli/engine/membership.h"
#include "tests/cli/engine/engine_fixture.h"

#include <string.h>

static const struct epoch_key key = {{1, 2, 3}};
static const struct epoch_key other_key = {{1, 2, 4}};
static const struct account_id account = {{9, 8, 7}};

/* An account of one device, and its first frame. */
struct signed_frame {
	struct made_random made;
	struct random random;
	struct device_keys device;
	struct bytes roster_bytes;
	struct roster roster;
	struct head head;
	struct bytes encoded;
};

static int frame_setup(void **state)
{
	static struct signed_frame made;
	static const uint8_t code_key[RECOVERY_KEY_LEN] = {5};
	struct frame_header header = {.epoch = 1, .seq = 1, .kind = FRAME_PATCH};
	struct bytes body = {0};

	made = (struct signed_frame){.made = {0}};
	made.random = made_random(&made.made);
	device_keys_new(&made.random, &made.device);
	assert_int_equal(genesis_make(&made.device, view_text("one"), code_key, 1000, &made.random,
			     &made.roster_bytes),
	    FORMAT_OK);
	assert_int_equal(
	    roster_decode(view_bytes(&made.roster_bytes), false, &made.roster), FORMAT_OK);
	made.head.hash = made.roster.hashes[0];
	header.account = made.roster.account;
	header.previous = made.head.hash;
	header.roster = made.head.hash;
	header.device = made.device.id;
	assert_int_equal(
	    seal_frame(&key, &made.random, view_text("a small secret"), &header, &body), FORMAT_OK);
	assert_int_equal(
	    frame_encode(&header, view_bytes(&body), made.device.sign_secret, &made.encoded),
	    FORMAT_OK);
	bytes_clear(&body);
	*state = &made;
	return 0;
}

static int frame_teardown(void **state)
{
	struct signed_frame *made = *state;

	bytes_clear(&made->encoded);
	bytes_clear(&made->roster_bytes);
	return 0;
}

static enum format_result check(const struct signed_frame *made, const struct frame *frame)
{
	size_t index = 0;
	const char *message = "";

	return frame_check(frame, &made->head, &made->roster, &index, &message);
}

static void any_bit_of_a_frame_is_refused(void **state)
{
	struct signed_frame *made = *state;
	struct frame frame;
	struct bytes payload = {0};
	size_t sealed_end;

	assert_int_equal(frame_decode(view_bytes(&made->encoded), &frame), FORMAT_OK);
	assert_int_equal(check(made, &frame), FORMAT_OK);
	assert_int_equal(open_frame(&key, &frame, &payload), FORMAT_OK);
	assert_true(view_equal(view_bytes(&payload), view_text("a small secret")));
	bytes_clear(&payload);
	sealed_end = (size_t)(frame.body.data + frame.body.len - made->encoded.data);
	for (size_t bit = 0; bit < 8 * made->encoded.len; bit++) {
		made->encoded.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (frame_decode(view_bytes(&made->encoded), &frame) == FORMAT_OK) {
			assert_int_not_equal(check(made, &frame), FORMAT_OK);
			/* The seal alone holds header and body, signature or not. */
			if (bit / 8 < sealed_end)
				assert_int_not_equal(open_frame(&key, &frame, &payload), FORMAT_OK);
		}
		made->encoded.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void any_bit_of_a_blob_is_refused(void **state)
{
	struct blob_header header = {.account = account, .epoch = 1, .kind = BLOB_BODY};
	struct bytes encoded = {0};
	struct bytes payload = {0};
	struct digest name, changed;
	struct blob blob;

	(void)state;
	assert_int_equal(seal_blob(&key, view_text("a body"), &header, &encoded, &name), FORMAT_OK);
	for (size_t bit = 0; bit < 8 * encoded.len; bit++) {
		encoded.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		blob_hash(view_bytes(&encoded), &changed);
		assert_false(digest_equal(&name, &changed));
		if (blob_decode(view_bytes(&encoded), NULL, &blob) == FORMAT_OK)
			assert_int_not_equal(open_blob(&key, &blob, &payload), FORMAT_OK);
		encoded.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(blob_decode(view_bytes(&encoded), NULL, &blob), FORMAT_OK);
	assert_int_equal(open_blob(&key, &blob, &payload), FORMAT_OK);
	bytes_clear(&payload);
	bytes_clear(&encoded);
}

static void any_bit_of_a_part_is_refused(void **state)
{
	struct made_random made = {0};
	struct random random = made_random(&made);
	static const struct digest previous = {{3}};
	struct bytes part = {0};
	struct bytes payload = {0};

	(void)state;
	assert_int_equal(
	    seal_part(&key, &random, PART_USE_NAMES, &previous, view_text("names"), &part),
	    FORMAT_OK);
	for (size_t bit = 0; bit < 8 * part.len; bit++) {
		part.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(
		    open_part(&key, PART_USE_NAMES, &previous, view_bytes(&part), &payload),
		    FORMAT_OK);
		part.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(
	    open_part(&key, PART_USE_NAMES, &previous, view_bytes(&part), &payload), FORMAT_OK);
	bytes_clear(&payload);
	bytes_clear(&part);
}

static void another_key_opens_nothing(void **state)
{
	struct signed_frame *made = *state;
	static const struct digest previous = {{3}}, other_previous = {{4}};
	struct blob_header header = {.account = account, .epoch = 1, .kind = BLOB_SEGMENT};
	struct bytes blob_bytes = {0};
	struct bytes part = {0};
	struct bytes payload = {0};
	struct digest name;
	struct frame frame;
	struct blob blob;

	assert_int_equal(frame_decode(view_bytes(&made->encoded), &frame), FORMAT_OK);
	assert_int_equal(open_frame(&other_key, &frame, &payload), FORMAT_FORGED);
	assert_int_equal(
	    seal_blob(&key, view_text("a run"), &header, &blob_bytes, &name), FORMAT_OK);
	assert_int_equal(blob_decode(view_bytes(&blob_bytes), NULL, &blob), FORMAT_OK);
	assert_int_equal(open_blob(&other_key, &blob, &payload), FORMAT_FORGED);
	assert_int_equal(
	    seal_part(&key, &made->random, PART_USE_NAMES, &previous, view_text("names"), &part),
	    FORMAT_OK);
	assert_int_equal(
	    open_part(&other_key, PART_USE_NAMES, &previous, view_bytes(&part), &payload),
	    FORMAT_FORGED);
	assert_int_equal(
	    open_part(&key, PART_USE_PREVIOUS_KEY, &previous, view_bytes(&part), &payload),
	    FORMAT_FORGED);
	assert_int_equal(
	    open_part(&key, PART_USE_NAMES, &other_previous, view_bytes(&part), &payload),
	    FORMAT_FORGED);
	assert_null(payload.data);
	bytes_clear(&part);
	bytes_clear(&blob_bytes);
}

static void truncated_seals_are_refused(void **state)
{
	struct blob_header header = {.account = account, .epoch = 1, .kind = BLOB_BODY};
	static const struct digest previous = {{3}};
	struct made_random made = {0};
	struct random random = made_random(&made);
	struct bytes blob_bytes = {0};
	struct bytes part = {0};
	struct bytes payload = {0};
	struct digest name;
	struct blob blob;

	(void)state;
	assert_int_equal(
	    seal_blob(&key, view_text("a body"), &header, &blob_bytes, &name), FORMAT_OK);
	for (size_t len = 0; len < blob_bytes.len; len++)
		if (blob_decode(view_of(blob_bytes.data, len), NULL, &blob) == FORMAT_OK)
			assert_int_not_equal(open_blob(&key, &blob, &payload), FORMAT_OK);
	assert_int_equal(
	    seal_part(&key, &random, PART_USE_NAMES, &previous, view_text("n"), &part), FORMAT_OK);
	for (size_t len = 0; len < part.len; len++)
		assert_int_not_equal(
		    open_part(&key, PART_USE_NAMES, &previous, view_of(part.data, len), &payload),
		    FORMAT_OK);
	bytes_clear(&part);
	bytes_clear(&blob_bytes);
}

static void padding_has_the_padme_lengths(void **state)
{
	static const struct {
		const char *name;
		size_t payload, padded;
	} rows[] = {
	    {"nothing", 0, 256},
	    {"the floor's last", 255, 256},
	    {"just above the floor", 256, 272},
	    {"a step's last", 271, 272},
	    {"the next step", 272, 288},
	    {"a thousand", 1000, 1024},
	    {"1 KiB", 1024, 1088},
	    {"64 KiB less one", 65535, 65536},
	    {"64 KiB", 65536, 67584},
	    {"1 MiB", 1u << 20, 1081344},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes plain = {0};
		struct bytes padded = {0};
		size_t len = 0;

		if (pad_length(rows[i].payload) != rows[i].padded)
			fail_msg("%s: %zu", rows[i].name, pad_length(rows[i].payload));
		assert_true(bytes_new(rows[i].payload, &plain));
		assert_int_equal(pad_add(view_bytes(&plain), &padded), FORMAT_OK);
		assert_int_equal(padded.len, rows[i].padded);
		assert_int_equal(pad_remove(view_bytes(&padded), &len), FORMAT_OK);
		assert_int_equal(len, rows[i].payload);
		bytes_clear(&padded);
		bytes_clear(&plain);
	}
	for (size_t payload = 256, last = 256; payload < 300000; payload += 7) {
		assert_true(pad_length(payload) > payload);
		assert_true(pad_length(payload) >= last);
		assert_true((pad_length(payload) - payload - 1) * 100 < 12 * (payload + 1));
		last = pad_length(payload);
	}
}

static void other_padding_is_refused(void **state)
{
	uint8_t padded[288] = {0};
	size_t len = 77;

	(void)state;
	assert_int_equal(pad_remove((struct view){0}, &len), FORMAT_MALFORMED);
	assert_int_equal(pad_remove(view_of(padded, 256), &len), FORMAT_MALFORMED); /* no mark */
	padded[10] = 0x80;
	assert_int_equal(pad_remove(view_of(padded, 288), &len), FORMAT_MALFORMED); /* too much */
	assert_int_equal(pad_remove(view_of(padded, 255), &len), FORMAT_MALFORMED); /* too little */
	padded[255] = 1; /* something after the mark */
	assert_int_equal(pad_remove(view_of(padded, 256), &len), FORMAT_MALFORMED);
	assert_int_equal(len, 77);
	padded[255] = 0;
	assert_int_equal(pad_remove(view_of(padded, 256), &len), FORMAT_OK);
	assert_int_equal(len, 10);
}

static void seal(struct view payload, struct blob_header header, struct digest *name_out,
    uint8_t salt_out[SALT_LEN])
{
	struct bytes blob = {0};

	assert_int_equal(seal_blob(&key, payload, &header, &blob, name_out), FORMAT_OK);
	memcpy(salt_out, header.salt, SALT_LEN);
	bytes_clear(&blob);
}

static void blobs_are_equal_where_all_is_equal(void **state)
{
	const struct blob_header header = {.account = account, .epoch = 1, .kind = BLOB_SEGMENT};
	const struct {
		const char *name;
		const char *payload;
		struct blob_header header;
	} rows[] = {
	    {"another payload", "a ruN", header},
	    {"another kind", "a run", {.account = account, .epoch = 1, .kind = BLOB_LOSERS}},
	    {"another epoch", "a run", {.account = account, .epoch = 2, .kind = BLOB_SEGMENT}},
	    {"another account", "a run", {.epoch = 1, .kind = BLOB_SEGMENT}},
	};
	struct digest first, again;
	uint8_t salt[SALT_LEN], again_salt[SALT_LEN];

	(void)state;
	seal(view_text("a run"), header, &first, salt);
	seal(view_text("a run"), header, &again, again_salt);
	assert_true(digest_equal(&first, &again));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		seal(view_text(rows[i].payload), rows[i].header, &again, again_salt);
		if (digest_equal(&first, &again) || memcmp(salt, again_salt, SALT_LEN) == 0)
			fail_msg("%s: the same blob or salt", rows[i].name);
	}
}

static void no_randomness(void *self, void *out, size_t len)
{
	(void)self;
	memset(out, 7, len);
}

static void frame_salts_differ(void **state)
{
	struct made_random made = {0};
	const struct random random = made_random(&made);
	const struct random broken = {NULL, no_randomness};
	const struct {
		const char *name;
		const struct random *random;
		const char *payload;
	} rows[] = {
	    {"the same payload twice", &random, "payload"},
	    {"the same payload twice, again", &random, "payload"},
	    {"randomness that repeats", &broken, "payload"},
	    {"randomness that repeats, another payload", &broken, "payloae"},
	};
	uint8_t salts[COUNT_OF(rows)][SALT_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct frame_header header = {.account = account, .epoch = 1, .seq = 1};
		struct bytes body = {0};

		assert_int_equal(
		    seal_frame(&key, rows[i].random, view_text(rows[i].payload), &header, &body),
		    FORMAT_OK);
		memcpy(salts[i], header.salt, SALT_LEN);
		bytes_clear(&body);
		for (size_t k = 0; k < i; k++)
			if (memcmp(salts[i], salts[k], SALT_LEN) == 0)
				fail_msg("%s: a salt comes twice", rows[i].name);
	}
}

/* Sealed right in all but one: a commitment that the cipher alone would not miss, or the padding.
 */
static void a_wrong_commitment_or_padding_is_refused(void **state)
{
	struct signed_frame *made = *state;
	static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	struct bytes padded = {0}, encoded = {0}, payload = {0};
	struct buffer context, header;
	struct frame frame;
	crypto_generichash_blake2b_state hash;
	uint8_t both[64], body[PAD_FLOOR + SEAL_OVERHEAD];
	enum { NOTHING, COMMITMENT, PADDING, WRONGS };
	static const enum format_result wanted[WRONGS] = {
	    [COMMITMENT] = FORMAT_FORGED, [PADDING] = FORMAT_MALFORMED};

	for (unsigned wrong = NOTHING; wrong < WRONGS; wrong++) {
		assert_int_equal(frame_decode(view_bytes(&made->encoded), &frame), FORMAT_OK);
		buffer_init(&context, FRAME_MAX);
		buffer_init(&header, FRAME_MAX);
		frame_header_put(&context, &frame.header, false);
		crypto_generichash_blake2b_init_salt_personal(&hash, key.bytes, EPOCH_KEY_LEN,
		    sizeof(both), NULL, (const unsigned char *)domain_text(DOMAIN_SEAL));
		crypto_generichash_blake2b_update(&hash, frame.header.salt, SALT_LEN);
		crypto_generichash_blake2b_update(&hash, context.data, context.len);
		crypto_generichash_blake2b_final(&hash, both, sizeof(both));
		memcpy(frame.header.commit, both + 32, COMMIT_LEN);
		frame.header.commit[0] ^= wrong == COMMITMENT;
		frame_header_put(&header, &frame.header, true);
		assert_int_equal(pad_add(view_text("by hand"), &padded), FORMAT_OK);
		assert_int_equal(padded.len, PAD_FLOOR);
		padded.data[PAD_FLOOR - 1] ^= wrong == PADDING;
		crypto_aead_xchacha20poly1305_ietf_encrypt(body, NULL, padded.data, padded.len,
		    header.data, header.len, NULL, nonce, both);
		assert_int_equal(frame_encode(&frame.header, view_of(body, sizeof(body)),
				     made->device.sign_secret, &encoded),
		    FORMAT_OK);
		assert_int_equal(frame_decode(view_bytes(&encoded), &frame), FORMAT_OK);
		assert_int_equal(check(made, &frame), FORMAT_OK);
		assert_int_equal(open_frame(&key, &frame, &payload), wanted[wrong]);
		assert_true((payload.data != NULL) == (wrong == NOTHING));
		bytes_clear(&payload);
		bytes_clear(&encoded);
		bytes_clear(&padded);
		buffer_clear(&header);
		buffer_clear(&context);
	}
}

static bool holds_magic(struct view sealed)
{
	static const uint8_t magic[] = {0x28, 0xB5, 0x2F, 0xFD};

	for (size_t i = 0; i + sizeof(magic) <= sealed.len; i++)
		if (memcmp(sealed.data + i, magic, sizeof(magic)) == 0)
			return true;
	return false;
}

static void no_seal_shows_what_it_holds(void **state)
{
	static const char text[] = "words words words words words words words words words words";
	struct made_random made = {0};
	struct random random = made_random(&made);
	struct frame_header header = {.account = account, .epoch = 1, .seq = 1};
	struct blob_header blob_header = {.account = account, .epoch = 1, .kind = BLOB_SEGMENT};
	struct bytes packed = {0};
	struct bytes body = {0};
	struct bytes blob = {0};
	struct digest name;

	(void)state;
	assert_int_equal(compress_pack(view_text(text), &packed), FORMAT_OK);
	assert_true(holds_magic(view_bytes(&packed)));
	assert_int_equal(seal_frame(&key, &random, view_bytes(&packed), &header, &body), FORMAT_OK);
	assert_false(holds_magic(view_bytes(&body)));
	assert_int_equal(
	    seal_blob(&key, view_bytes(&packed), &blob_header, &blob, &name), FORMAT_OK);
	assert_false(holds_magic(view_bytes(&blob)));
	bytes_clear(&blob);
	bytes_clear(&body);
	bytes_clear(&packed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(any_bit_of_a_frame_is_refused, frame_setup, frame_teardown),
    cmocka_unit_test(any_bit_of_a_blob_is_refused),
    cmocka_unit_test(any_bit_of_a_part_is_refused),
    cmocka_unit_test_setup_teardown(another_key_opens_nothing, frame_setup, frame_teardown),
    cmocka_unit_test_setup_teardown(
	a_wrong_commitment_or_padding_is_refused, frame_setup, frame_teardown),
    cmocka_unit_test(truncated_seals_are_refused),
    cmocka_unit_test(padding_has_the_padme_lengths),
    cmocka_unit_test(other_padding_is_refused),
    cmocka_unit_test(blobs_are_equal_where_all_is_equal),
    cmocka_unit_test(frame_salts_differ),
    cmocka_unit_test(no_seal_shows_what_it_holds),
};

TEST_MAIN(tests)
