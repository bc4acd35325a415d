/*
 * tests/cli/engine/vectors_test.c: seals, padding, roots, keys and recovery codes against the JSON
 * vectors of schemas/vectors (made by scripts/make-vectors, not by this code). Both ways: what is
 * sealed here are those bytes, and those bytes open here; with another key or a changed bit nothing
 * does.
 */
#include "cli/engine/compress.h"
#include "cli/engine/device_keys.h"
#include "cli/engine/root.h"
#include "cli/engine/seal.h"
#include "tests/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *read_table(const char *file, const char *name)
{
	char path[1024];
	json_error_t error;
	json_t *root, *rows;

	assert_true(
	    snprintf(path, sizeof(path), "%s/%s", INKSEAL_VECTORS, file) < (int)sizeof(path));
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	rows = json_object_get(root, name);
	if (!json_is_array(rows) || json_array_size(rows) == 0)
		fail_msg("%s: no %s", path, name);
	json_incref(rows);
	json_decref(root);
	return rows;
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	assert_non_null(text);
	return text;
}

static uint64_t number_of(const json_t *row, const char *key)
{
	assert_true(json_is_integer(json_object_get(row, key)));
	return (uint64_t)json_integer_value(json_object_get(row, key));
}

static void hex_of(const json_t *row, const char *key, void *out, size_t len)
{
	const char *text = text_of(row, key);

	assert_true(hex_decode(text, strlen(text), out, len));
}

static struct bytes bytes_of(const json_t *row, const char *key)
{
	struct bytes bytes = {0};
	const char *text = text_of(row, key);

	assert_true(bytes_new(strlen(text) / 2, &bytes));
	assert_true(hex_decode(text, strlen(text), bytes.data, bytes.len));
	return bytes;
}

static struct epoch_key key_of(const json_t *row)
{
	struct epoch_key key;

	hex_of(row, "key", key.bytes, sizeof(key.bytes));
	return key;
}

static void check_member(const json_t *row, const char *key, struct view got)
{
	struct bytes want = bytes_of(row, key);

	if (!view_equal(view_bytes(&want), got))
		fail_msg("%s: another %s", text_of(row, "name"), key);
	bytes_clear(&want);
}

/* The vector's own "random" bytes, once. */
static void fill_from(void *self, void *out, size_t len)
{
	struct bytes *left = self;

	assert_int_equal(len, left->len);
	memcpy(out, left->data, len);
}

static struct epoch_key other_key(const struct epoch_key *key)
{
	struct epoch_key other = *key;

	other.bytes[31] ^= 1;
	return other;
}

/* A bit changed in every fifth byte of the first len: none opens; as it was, it does. */
static void check_bits(const char *name, const struct epoch_key *key, struct bytes *whole,
    size_t len, enum format_result (*open)(const struct epoch_key *key, struct view whole))
{
	for (size_t at = 0; at < len; at += 5) {
		whole->data[at] ^= (uint8_t)(1u << at % 8);
		if (open(key, view_bytes(whole)) == FORMAT_OK)
			fail_msg("%s: opens with byte %zu changed", name, at);
		whole->data[at] ^= (uint8_t)(1u << at % 8);
	}
	assert_int_equal(open(key, view_bytes(whole)), FORMAT_OK);
}

static enum format_result open_frame_bytes(const struct epoch_key *key, struct view whole)
{
	struct frame frame;
	struct bytes payload = {0};
	enum format_result result = frame_decode(whole, &frame);

	if (result == FORMAT_OK)
		result = open_frame(key, &frame, &payload);
	bytes_clear(&payload);
	return result;
}

static void frames_seal_to_the_same_bytes(void **state)
{
	json_t *rows = read_table("seal.json", "frames");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct epoch_key key = key_of(row);
		struct epoch_key wrong = other_key(&key);
		struct bytes encoded = bytes_of(row, "frame");
		struct bytes payload = bytes_of(row, "payload");
		struct bytes dice = bytes_of(row, "random");
		struct random random = {&dice, fill_from};
		struct bytes body = {0}, opened = {0};
		struct frame_header header;
		struct frame frame;

		assert_int_equal(frame_decode(view_bytes(&encoded), &frame), FORMAT_OK);
		assert_int_equal(open_frame(&key, &frame, &opened), FORMAT_OK);
		check_member(row, "payload", view_bytes(&opened));
		bytes_clear(&opened);
		assert_int_equal(open_frame(&wrong, &frame, &opened), FORMAT_FORGED);
		assert_null(opened.data);
		header = frame.header;
		memset(header.salt, 0, SALT_LEN);
		memset(header.commit, 0, COMMIT_LEN);
		assert_int_equal(
		    seal_frame(&key, &random, view_bytes(&payload), &header, &body), FORMAT_OK);
		check_member(row, "salt", view_of(header.salt, SALT_LEN));
		check_member(row, "commit", view_of(header.commit, COMMIT_LEN));
		check_member(row, "ciphertext", view_bytes(&body));
		/* The signature is not open_frame's affair. */
		check_bits(text_of(row, "name"), &key, &encoded, encoded.len - SIGNATURE_LEN,
		    open_frame_bytes);
		bytes_clear(&body);
		bytes_clear(&dice);
		bytes_clear(&payload);
		bytes_clear(&encoded);
	}
	json_decref(rows);
}

static enum format_result open_blob_bytes(const struct epoch_key *key, struct view whole)
{
	static struct blob_name names[SEGMENTS_MAX];
	struct blob blob;
	struct bytes payload = {0};
	enum format_result result = blob_decode(whole, names, &blob);

	if (result == FORMAT_OK)
		result = open_blob(key, &blob, &payload);
	bytes_clear(&payload);
	return result;
}

static void blobs_seal_to_the_same_bytes(void **state)
{
	static struct blob_name names[SEGMENTS_MAX];
	json_t *rows = read_table("seal.json", "blobs");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct epoch_key key = key_of(row);
		struct epoch_key wrong = other_key(&key);
		struct bytes encoded = bytes_of(row, "blob");
		struct bytes payload = bytes_of(row, "payload");
		struct bytes opened = {0}, sealed = {0};
		struct digest hash;
		struct blob_header header;
		struct blob blob;

		assert_int_equal(blob_decode(view_bytes(&encoded), names, &blob), FORMAT_OK);
		assert_int_equal(open_blob(&key, &blob, &opened), FORMAT_OK);
		check_member(row, "payload", view_bytes(&opened));
		bytes_clear(&opened);
		assert_int_equal(open_blob(&wrong, &blob, &opened), FORMAT_FORGED);
		header = blob.header;
		memset(header.salt, 0, SALT_LEN);
		memset(header.commit, 0, COMMIT_LEN);
		assert_int_equal(
		    seal_blob(&key, view_bytes(&payload), &header, &sealed, &hash), FORMAT_OK);
		check_member(row, "salt", view_of(header.salt, SALT_LEN));
		check_member(row, "commit", view_of(header.commit, COMMIT_LEN));
		check_member(row, "blob", view_bytes(&sealed));
		check_member(row, "hash", view_of(hash.bytes, DIGEST_LEN));
		check_bits(text_of(row, "name"), &key, &sealed, sealed.len, open_blob_bytes);
		bytes_clear(&sealed);
		bytes_clear(&payload);
		bytes_clear(&encoded);
	}
	json_decref(rows);
}

static void statement_parts_seal_to_the_same_bytes(void **state)
{
	json_t *rows = read_table("seal.json", "parts");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct epoch_key key = key_of(row);
		struct epoch_key wrong = other_key(&key);
		enum part_use use =
		    number_of(row, "part") == PART_NAMES ? PART_USE_NAMES : PART_USE_PREVIOUS_KEY;
		enum part_use other_use =
		    use == PART_USE_NAMES ? PART_USE_PREVIOUS_KEY : PART_USE_NAMES;
		struct bytes payload = bytes_of(row, "payload");
		struct bytes dice = bytes_of(row, "random");
		struct random random = {&dice, fill_from};
		struct bytes sealed = {0}, opened = {0};
		struct digest previous;

		hex_of(row, "previous", previous.bytes, DIGEST_LEN);
		assert_int_equal(
		    seal_part(&key, &random, use, &previous, view_bytes(&payload), &sealed),
		    FORMAT_OK);
		check_member(row, "sealed", view_bytes(&sealed));
		assert_int_equal(
		    open_part(&key, use, &previous, view_bytes(&sealed), &opened), FORMAT_OK);
		check_member(row, "payload", view_bytes(&opened));
		bytes_clear(&opened);
		assert_int_equal(
		    open_part(&wrong, use, &previous, view_bytes(&sealed), &opened), FORMAT_FORGED);
		assert_int_equal(
		    open_part(&key, other_use, &previous, view_bytes(&sealed), &opened),
		    FORMAT_FORGED);
		previous.bytes[0] ^= 1;
		assert_int_equal(
		    open_part(&key, use, &previous, view_bytes(&sealed), &opened), FORMAT_FORGED);
		previous.bytes[0] ^= 1;
		for (size_t len = 0; len < sealed.len; len += 13)
			assert_int_not_equal(
			    open_part(&key, use, &previous, view_of(sealed.data, len), &opened),
			    FORMAT_OK);
		assert_null(opened.data);
		bytes_clear(&sealed);
		bytes_clear(&dice);
		bytes_clear(&payload);
	}
	json_decref(rows);
}

static void runs_have_their_hashes(void **state)
{
	json_t *rows = read_table("keys.json", "runs");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct epoch_key key = key_of(row);
		struct bytes run = bytes_of(row, "run");
		struct digest hash;

		run_hash(&key, view_bytes(&run), &hash);
		check_member(row, "hash", view_of(hash.bytes, DIGEST_LEN));
		bytes_clear(&run);
	}
	json_decref(rows);
}

static void epochs_have_their_commitments(void **state)
{
	json_t *rows = read_table("keys.json", "epochs");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct epoch_key key = key_of(row);
		struct digest previous, commit;

		hex_of(row, "previous", previous.bytes, DIGEST_LEN);
		epoch_commit(&key, &previous, number_of(row, "epoch"), &commit);
		check_member(row, "commit", view_of(commit.bytes, DIGEST_LEN));
	}
	json_decref(rows);
}

static void packed_bytes_are_unpacked(void **state)
{
	json_t *rows = read_table("keys.json", "packed");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct bytes packed = bytes_of(row, "packed");
		struct bytes plain = {0};

		assert_int_equal(compress_unpack(view_bytes(&packed), 255, &plain), FORMAT_OK);
		check_member(row, "payload", view_bytes(&plain));
		if (plain.len > 0) {
			struct bytes over = {0};

			assert_int_equal(compress_unpack(view_bytes(&packed), plain.len - 1, &over),
			    FORMAT_TOO_LARGE);
			assert_null(over.data);
		}
		bytes_clear(&plain);
		bytes_clear(&packed);
	}
	json_decref(rows);
}

static void lengths_are_padded(void **state)
{
	json_t *rows = read_table("pad.json", "pad");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		size_t len = (size_t)number_of(row, "payload");
		struct bytes payload = {0}, padded = {0};
		size_t left = 0;

		assert_int_equal(pad_length(len), number_of(row, "padded"));
		assert_true(bytes_new(len, &payload));
		if (len > 0)
			memset(payload.data, 0x80, len);
		assert_int_equal(pad_add(view_bytes(&payload), &padded), FORMAT_OK);
		assert_int_equal(padded.len, number_of(row, "padded"));
		assert_int_equal(padded.data[len], 0x80);
		assert_int_equal(pad_remove(view_bytes(&padded), &left), FORMAT_OK);
		assert_int_equal(left, len);
		bytes_clear(&padded);
		bytes_clear(&payload);
	}
	json_decref(rows);
}

/* The first entry's sum is its element, lane for lane. */
static void elements_are_expanded(void **state)
{
	json_t *rows = read_table("root.json", "elements");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct view id = view_text(text_of(row, "id"));
		struct root_sum sum = {{0}};
		struct digest version, seed, want_seed;
		uint8_t want[ROOT_SUM_LEN], got[ROOT_SUM_LEN];

		hex_of(row, "version", version.bytes, DIGEST_LEN);
		hex_of(row, "seed", want_seed.bytes, DIGEST_LEN);
		hex_of(row, "element", want, ROOT_SUM_LEN);
		digest_parts(
		    DOMAIN_ROOT, (const struct view[]){{version.bytes, DIGEST_LEN}, id}, 2, &seed);
		assert_true(digest_equal(&seed, &want_seed));
		root_add(&sum, id, &version);
		root_store(&sum, got);
		if (memcmp(want, got, ROOT_SUM_LEN) != 0)
			fail_msg("row %zu, %s: another element", i, text_of(row, "id"));
	}
	json_decref(rows);
}

static void roots_follow_the_state(void **state)
{
	json_t *rows = read_table("root.json", "steps");
	static struct root_sum sum, loaded;
	static uint8_t stored[ROOT_SUM_LEN];
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		const char *op = text_of(row, "op");
		struct view id = view_text(text_of(row, "id"));
		struct digest version;
		uint8_t want[ROOT_LEN], got[ROOT_LEN];

		if (strcmp(op, "none") != 0)
			hex_of(row, "version", version.bytes, DIGEST_LEN);
		if (strcmp(op, "add") == 0)
			root_add(&sum, id, &version);
		if (strcmp(op, "remove") == 0)
			root_remove(&sum, id, &version);
		root_of(&sum, got);
		hex_of(row, "root", want, ROOT_LEN);
		if (memcmp(want, got, ROOT_LEN) != 0)
			fail_msg("step %zu, %s %s: another root", i, op, text_of(row, "id"));
		root_store(&sum, stored);
		assert_true(root_load(view_of(stored, ROOT_SUM_LEN), &loaded));
		assert_memory_equal(&loaded, &sum, sizeof(sum));
	}
	json_decref(rows);
}

static void recovery_codes_give_their_keys(void **state)
{
	json_t *rows = read_table("recovery.json", "codes");
	json_t *row;
	size_t i;

	(void)state;
	json_array_foreach(rows, i, row)
	{
		struct recovery_code code, parsed;
		struct device_keys keys;
		struct digest previous;
		char text[RECOVERY_TEXT_MAX], message[CALL_MESSAGE_MAX] = "";

		hex_of(row, "account", code.account.bytes, ACCOUNT_ID_LEN);
		hex_of(row, "key", code.key, RECOVERY_KEY_LEN);
		hex_of(row, "statement", code.statement, RECOVERY_STATEMENT_LEN);
		hex_of(row, "previous", previous.bytes, DIGEST_LEN);
		recovery_print(&code, text);
		assert_string_equal(text, text_of(row, "text"));
		if (!recovery_parse(view_text(text), &parsed, message))
			fail_msg("%s", message);
		assert_memory_equal(&parsed.account, &code.account, ACCOUNT_ID_LEN);
		assert_memory_equal(parsed.key, code.key, RECOVERY_KEY_LEN);
		assert_memory_equal(parsed.statement, code.statement, RECOVERY_STATEMENT_LEN);
		device_keys_recovery(code.key, &previous, &keys);
		check_member(row, "signPublic", view_of(keys.sign_public, SIGN_PUBLIC_LEN));
		check_member(row, "signSeed", view_of(keys.sign_secret, 32));
		check_member(row, "boxSecret", view_of(keys.box_secret, 32));
		check_member(row, "boxPublic", view_of(keys.box_public, BOX_PUBLIC_LEN));
		device_keys_clear(&keys);
	}
	json_decref(rows);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(frames_seal_to_the_same_bytes),
    cmocka_unit_test(blobs_seal_to_the_same_bytes),
    cmocka_unit_test(statement_parts_seal_to_the_same_bytes),
    cmocka_unit_test(runs_have_their_hashes),
    cmocka_unit_test(epochs_have_their_commitments),
    cmocka_unit_test(packed_bytes_are_unpacked),
    cmocka_unit_test(lengths_are_padded),
    cmocka_unit_test(elements_are_expanded),
    cmocka_unit_test(roots_follow_the_state),
    cmocka_unit_test(recovery_codes_give_their_keys),
};

TEST_MAIN(tests)
