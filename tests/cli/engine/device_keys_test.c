/*
 * tests/cli/engine/device_keys_test.c: the key file, the statements that are made here, and the way
 * from a device's box to every epoch's key.
 */
#include "cli/engine/epochs.h"
#include "cli/engine/key_file.h"
#include "cli/engine/membership.h"
#include "schemas/cbor.h"
#include "tests/cli/engine/engine_fixture.h"

#include <string.h>

struct made {
	struct made_random made;
	struct random random;
	struct device_keys device;
	uint8_t code_key[RECOVERY_KEY_LEN];
	struct bytes bytes; /* the newest roster's */
	struct roster roster;
};

static void replay(struct made *made)
{
	assert_int_equal(roster_decode(view_bytes(&made->bytes), false, &made->roster), FORMAT_OK);
}

static int made_setup(void **state)
{
	static struct made made;

	made = (struct made){.made = {0}};
	made.random = made_random(&made.made);
	device_keys_new(&made.random, &made.device);
	random_fill(&made.random, made.code_key, sizeof(made.code_key));
	assert_int_equal(genesis_make(&made.device, view_text("first"), made.code_key, 1000,
			     &made.random, &made.bytes),
	    FORMAT_OK);
	replay(&made);
	*state = &made;
	return 0;
}

static int made_teardown(void **state)
{
	bytes_clear(&((struct made *)*state)->bytes);
	return 0;
}

static void a_key_file_comes_back(void **state)
{
	struct made *made = *state;
	struct bytes file = {0};
	struct device_keys keys = {0};
	bool locked = true;

	assert_int_equal(
	    keyfile_encode(&made->device, (struct view){0}, &made->random, &file), FORMAT_OK);
	assert_true(file.len <= KEYFILE_MAX);
	assert_int_equal(keyfile_locked(view_bytes(&file), &locked), FORMAT_OK);
	assert_false(locked);
	assert_int_equal(keyfile_decode(view_bytes(&file), (struct view){0}, &keys), FORMAT_OK);
	assert_memory_equal(&keys, &made->device, sizeof(keys));
	bytes_clear(&file);
}

/* What a passphrase is stretched by: [operations, bytes, salt], in a locked file. */
static void read_pass(const struct bytes *file, uint64_t *ops_out, uint64_t *bytes_out,
    uint8_t salt_out[crypto_pwhash_SALTBYTES])
{
	struct cbor_reader reader;
	struct cbor_map map;
	unsigned key;

	cbor_read(&reader, view_bytes(file));
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key) && key < 3) {
		if (key == 0)
			cbor_version(&reader);
		else
			(void)cbor_bytes(&reader, KEYFILE_MAX);
	}
	cbor_array_exact(&reader, 3);
	*ops_out = cbor_uint(&reader, UINT64_MAX);
	*bytes_out = cbor_uint(&reader, UINT64_MAX);
	cbor_fixed(&reader, salt_out, crypto_pwhash_SALTBYTES);
	assert_int_equal(reader.result, FORMAT_OK);
}

/* As slow as it was made to be, and with a salt of its own each time. */
static void a_passphrase_is_stretched(void **state)
{
	struct made *made = *state;
	uint8_t salts[2][crypto_pwhash_SALTBYTES];

	for (unsigned i = 0; i < 2; i++) {
		struct bytes file = {0};
		uint64_t ops, bytes;

		assert_int_equal(
		    keyfile_encode(&made->device, view_text("p"), &made->random, &file), FORMAT_OK);
		read_pass(&file, &ops, &bytes, salts[i]);
		assert_int_equal(ops, 3);
		assert_int_equal(bytes, 64u << 20);
		bytes_clear(&file);
	}
	assert_memory_not_equal(salts[0], salts[1], sizeof(salts[0]));
}

static bool holds(struct view data, const void *part, size_t len)
{
	for (size_t i = 0; i + len <= data.len; i++)
		if (memcmp(data.data + i, part, len) == 0)
			return true;
	return false;
}

static void a_passphrase_guards_all_but_the_wipe_key(void **state)
{
	struct made *made = *state;
	struct bytes file = {0};
	struct device_keys keys = {0};
	struct device_id device;
	uint8_t wipe_secret[SIGN_SECRET_LEN];
	bool locked = false;

	assert_int_equal(
	    keyfile_encode(&made->device, view_text("a passphrase"), &made->random, &file),
	    FORMAT_OK);
	assert_int_equal(keyfile_locked(view_bytes(&file), &locked), FORMAT_OK);
	assert_true(locked);
	assert_false(holds(view_bytes(&file), made->device.box_secret, 32));
	assert_false(holds(view_bytes(&file), made->device.sign_secret, 32));
	assert_int_equal(
	    keyfile_decode(view_bytes(&file), view_text("a passphrasE"), &keys), FORMAT_FORGED);
	assert_int_equal(keyfile_decode(view_bytes(&file), (struct view){0}, &keys), FORMAT_FORGED);
	assert_int_equal(keys.sign_secret[0], 0);
	assert_int_equal(keyfile_wipe_key(view_bytes(&file), &device, wipe_secret), FORMAT_OK);
	assert_true(device_equal(&device, &made->device.id));
	assert_memory_equal(wipe_secret, made->device.wipe_secret, SIGN_SECRET_LEN);
	assert_int_equal(
	    keyfile_decode(view_bytes(&file), view_text("a passphrase"), &keys), FORMAT_OK);
	assert_memory_equal(&keys, &made->device, sizeof(keys));
	bytes_clear(&file);
}

/* Without a passphrase, for Argon2id takes its time. A checksum covers the wipe key too. */
static void a_damaged_key_file_is_refused(void **state)
{
	struct made *made = *state;
	struct bytes file = {0};
	struct device_keys keys = {0};

	assert_int_equal(
	    keyfile_encode(&made->device, (struct view){0}, &made->random, &file), FORMAT_OK);
	for (size_t len = 0; len < file.len; len++)
		assert_int_not_equal(
		    keyfile_decode(view_of(file.data, len), (struct view){0}, &keys), FORMAT_OK);
	for (size_t bit = 0; bit < 8 * file.len; bit++) {
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(
		    keyfile_decode(view_bytes(&file), (struct view){0}, &keys), FORMAT_OK);
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	bytes_clear(&file);
}

/* A damaged file is said to be damaged: nobody looks for another passphrase. */
static void a_damaged_locked_file_is_no_wrong_passphrase(void **state)
{
	struct made *made = *state;
	struct bytes file = {0};
	struct device_keys keys = {0};

	assert_int_equal(
	    keyfile_encode(&made->device, view_text("p"), &made->random, &file), FORMAT_OK);
	file.data[file.len - 30] ^= 1; /* in the sealed secrets, before the checksum */
	assert_int_equal(
	    keyfile_decode(view_bytes(&file), view_text("p"), &keys), FORMAT_MALFORMED);
	bytes_clear(&file);
}

static void the_genesis_gives_both_its_devices_the_key(void **state)
{
	struct made *made = *state;
	struct device_keys recovery = {0}, stranger = {0};
	struct epoch_key key = {{0}}, by_code = {{0}};
	uint8_t other[RECOVERY_KEY_LEN];

	assert_int_equal(roster_epoch(&made->roster), 1);
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &key), FORMAT_OK);
	assert_int_equal(recovery_device_find(&made->roster, made->code_key, &recovery), FORMAT_OK);
	assert_int_equal(epoch_key_find(&made->roster, &recovery, 1, &by_code), FORMAT_OK);
	assert_memory_equal(&key, &by_code, sizeof(key));
	memcpy(other, made->code_key, sizeof(other));
	other[0] ^= 1;
	assert_int_equal(recovery_device_find(&made->roster, other, &recovery), FORMAT_FORGED);
	device_keys_new(&made->random, &stranger);
	assert_int_equal(epoch_key_find(&made->roster, &stranger, 1, &by_code), FORMAT_FORGED);
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 2, &by_code), FORMAT_FORGED);
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 0, &by_code), FORMAT_FORGED);
	/* The right device with another box secret: wrong key, not another key. */
	stranger = made->device;
	stranger.box_secret[3] ^= 4;
	assert_int_equal(epoch_key_find(&made->roster, &stranger, 1, &by_code), FORMAT_FORGED);
	assert_memory_equal(&key, &by_code, sizeof(key));
}

static void add(struct made *made, const struct device_keys *signer,
    const struct device_keys *device, const char *name)
{
	struct bytes bytes = {0};
	struct bytes statement = {0};

	assert_int_equal(add_device_make(&made->roster, signer, device, view_text(name), 2000,
			     &made->random, &statement),
	    FORMAT_OK);
	assert_int_equal(
	    roster_append(view_bytes(&made->bytes), view_bytes(&statement), &bytes), FORMAT_OK);
	bytes_clear(&statement);
	bytes_clear(&made->bytes);
	made->bytes = bytes;
	replay(made);
}

static void an_added_device_opens_the_same_key(void **state)
{
	struct made *made = *state;
	struct device_keys recovery = {0}, second = {0};
	struct epoch_key key, second_key;
	char name[DEVICE_NAME_MAX + 1];

	assert_int_equal(recovery_device_find(&made->roster, made->code_key, &recovery), FORMAT_OK);
	device_keys_new(&made->random, &second);
	add(made, &recovery, &second, "the second");
	assert_int_equal(made->roster.statements_count, 2);
	assert_non_null(roster_live(&made->roster, &second.id, SIZE_MAX));
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &key), FORMAT_OK);
	assert_int_equal(epoch_key_find(&made->roster, &second, 1, &second_key), FORMAT_OK);
	assert_memory_equal(&key, &second_key, sizeof(key));
	device_name_find(&made->roster, &made->device, &second.id, name);
	assert_string_equal(name, "the second");
	device_name_find(&made->roster, &second, &made->device.id, name);
	assert_string_equal(name, "first");
	device_name_find(&made->roster, NULL, &second.id, name);
	assert_int_equal(strlen(name), 8);
}

static void the_longest_name_is_read(void **state)
{
	static const char name[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";
	struct made *made = *state;
	struct device_keys second = {0};
	char read[DEVICE_NAME_MAX + 1];

	assert_int_equal(strlen(name), DEVICE_NAME_MAX);
	device_keys_new(&made->random, &second);
	add(made, &made->device, &second, name);
	device_name_find(&made->roster, &second, &second.id, read);
	assert_string_equal(read, name);
}

static void names_that_do_not_fit_are_refused(void **state)
{
	static const char *const names[] = {
	    "", "0123456789012345678901234567890123456789012345678901234567890123x", "\xff"};
	struct made *made = *state;
	struct bytes bytes = {0};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (genesis_make(&made->device, view_text(names[i]), made->code_key, 1,
			&made->random, &bytes) == FORMAT_OK)
			fail_msg("name %zu was taken", i);
	assert_null(bytes.data);
}

/* A box by libsodium's own sealing: what is made elsewhere opens here. */
static void box_to(const struct device_keys *device, const struct epoch_key *key, struct box *out)
{
	out->device = device->id;
	assert_int_equal(
	    crypto_box_seal(out->sealed, key->bytes, EPOCH_KEY_LEN, device->box_public), 0);
}

/* The roster with a statement by which made->device revokes another and begins an epoch. */
static void revoke_under(struct made *made, const struct device_keys *revoked,
    const struct device_keys *recovery, const struct epoch_key *new,
    const struct epoch_key *sealed_old, const struct epoch_key *sealed_under)
{
	struct statement change = {.kind = STATEMENT_CHANGE,
	    .previous = *roster_hash(&made->roster),
	    .signer = made->device.id,
	    .time_ms = 3000,
	    .revoked = {revoked->id},
	    .revoked_count = 1,
	    .has_epoch = true,
	    .epoch = {.number = roster_epoch(&made->roster) + 1}};
	struct box boxes[2];
	struct bytes box_part = {0}, old_part = {0}, statement = {0}, bytes = {0};

	change.epoch.previous_commit = made->roster.epoch_commit;
	epoch_commit(new, &change.previous, change.epoch.number, &change.epoch.commit);
	box_to(&made->device, new, &boxes[0]);
	box_to(recovery, new, &boxes[1]);
	assert_int_equal(boxes_encode(boxes, COUNT_OF(boxes), &box_part), FORMAT_OK);
	assert_int_equal(
	    seal_part(sealed_under, &made->random, PART_USE_PREVIOUS_KEY, &change.previous,
		view_of(sealed_old->bytes, EPOCH_KEY_LEN), &old_part),
	    FORMAT_OK);
	change.part[PART_BOXES] = view_bytes(&box_part);
	change.part[PART_PREVIOUS] = view_bytes(&old_part);
	assert_int_equal(
	    statement_encode(&change, made->device.sign_secret, &statement), FORMAT_OK);
	assert_int_equal(
	    roster_append(view_bytes(&made->bytes), view_bytes(&statement), &bytes), FORMAT_OK);
	bytes_clear(&statement);
	bytes_clear(&old_part);
	bytes_clear(&box_part);
	bytes_clear(&made->bytes);
	made->bytes = bytes;
	replay(made);
}

static void revoke(struct made *made, const struct device_keys *revoked,
    const struct device_keys *recovery, const struct epoch_key *new,
    const struct epoch_key *sealed_old)
{
	revoke_under(made, revoked, recovery, new, sealed_old, new);
}

static void one_key_opens_all_epochs_before_it(void **state)
{
	struct made *made = *state;
	const struct epoch_key second_epoch = {{22}}, third_epoch = {{33}};
	struct device_keys recovery = {0}, second = {0}, third = {0}, late = {0};
	struct epoch_key first_epoch, found;

	assert_int_equal(recovery_device_find(&made->roster, made->code_key, &recovery), FORMAT_OK);
	device_keys_new(&made->random, &second);
	device_keys_new(&made->random, &third);
	device_keys_new(&made->random, &late);
	add(made, &recovery, &second, "second");
	add(made, &made->device, &third, "third");
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &first_epoch), FORMAT_OK);
	revoke(made, &second, &recovery, &second_epoch, &first_epoch);
	revoke(made, &third, &recovery, &third_epoch, &second_epoch);
	assert_int_equal(roster_epoch(&made->roster), 3);
	add(made, &recovery, &late, "late"); /* has a box of the third epoch alone */
	for (unsigned i = 0; i < 2; i++) {
		const struct device_keys *reader = i == 0 ? &made->device : &late;

		assert_int_equal(epoch_key_find(&made->roster, reader, 3, &found), FORMAT_OK);
		assert_memory_equal(&found, &third_epoch, sizeof(found));
		assert_int_equal(epoch_key_find(&made->roster, reader, 2, &found), FORMAT_OK);
		assert_memory_equal(&found, &second_epoch, sizeof(found));
		assert_int_equal(epoch_key_find(&made->roster, reader, 1, &found), FORMAT_OK);
		assert_memory_equal(&found, &first_epoch, sizeof(found));
	}
	/* Who was revoked keeps what it knew, and learns no more. */
	assert_int_equal(epoch_key_find(&made->roster, &second, 1, &found), FORMAT_OK);
	assert_int_equal(epoch_key_find(&made->roster, &second, 2, &found), FORMAT_FORGED);
	assert_int_equal(epoch_key_find(&made->roster, &third, 3, &found), FORMAT_FORGED);
}

/* A new epoch that hands on another key than the one that was in use: the commitment tells. */
static void a_wrong_previous_key_is_refused(void **state)
{
	struct made *made = *state;
	const struct epoch_key second_epoch = {{22}}, wrong = {{99}};
	struct device_keys recovery = {0}, second = {0};
	struct epoch_key first_epoch, found = {{0}};

	assert_int_equal(recovery_device_find(&made->roster, made->code_key, &recovery), FORMAT_OK);
	device_keys_new(&made->random, &second);
	add(made, &recovery, &second, "second");
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &first_epoch), FORMAT_OK);
	revoke(made, &second, &recovery, &second_epoch, &wrong);
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 2, &found), FORMAT_OK);
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &found), FORMAT_FORGED);
	assert_memory_equal(&found, &second_epoch, sizeof(found));
}

/* … also where that other key would lead on: each epoch on the way is held to its commitment. */
static void a_detour_around_an_epoch_is_refused(void **state)
{
	struct made *made = *state;
	const struct epoch_key second_epoch = {{22}}, third_epoch = {{33}}, detour = {{99}};
	struct device_keys recovery = {0}, second = {0}, third = {0};
	struct epoch_key first_epoch, found = {{0}};

	assert_int_equal(recovery_device_find(&made->roster, made->code_key, &recovery), FORMAT_OK);
	device_keys_new(&made->random, &second);
	device_keys_new(&made->random, &third);
	add(made, &recovery, &second, "second");
	add(made, &recovery, &third, "third");
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &first_epoch), FORMAT_OK);
	revoke_under(made, &second, &recovery, &second_epoch, &first_epoch, &detour);
	revoke(made, &third, &recovery, &third_epoch, &detour);
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 3, &found), FORMAT_OK);
	assert_memory_equal(&found, &third_epoch, sizeof(found));
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &found), FORMAT_FORGED);
	assert_memory_equal(&found, &third_epoch, sizeof(found));
}

static void a_revoked_recovery_device_is_not_found(void **state)
{
	struct made *made = *state;
	const struct epoch_key second_epoch = {{22}};
	struct device_keys recovery = {0}, second = {0}, found = {0};
	struct epoch_key first_epoch;
	static const struct device_keys none;

	assert_int_equal(recovery_device_find(&made->roster, made->code_key, &recovery), FORMAT_OK);
	device_keys_new(&made->random, &second);
	add(made, &recovery, &second, "second");
	assert_int_equal(epoch_key_find(&made->roster, &made->device, 1, &first_epoch), FORMAT_OK);
	revoke(made, &recovery, &second, &second_epoch, &first_epoch);
	assert_int_equal(
	    recovery_device_find(&made->roster, made->code_key, &found), FORMAT_FORGED);
	assert_memory_equal(&found, &none, sizeof(none));
}

/* Of a wiped account there is a roster without boxes and names. */
static void a_bare_roster_opens_nothing(void **state)
{
	struct made *made = *state;
	static struct roster bare;
	struct bytes encoded = {0};
	struct epoch_key found = {{7}};
	char name[DEVICE_NAME_MAX + 1];

	assert_int_equal(roster_bare(&made->roster, &encoded), FORMAT_OK);
	assert_int_equal(roster_decode(view_bytes(&encoded), true, &bare), FORMAT_OK);
	assert_int_equal(epoch_key_find(&bare, &made->device, 1, &found), FORMAT_FORGED);
	assert_int_equal(found.bytes[0], 7);
	device_name_find(&bare, &made->device, &made->device.id, name);
	assert_int_equal(strlen(name), 8);
	bytes_clear(&encoded);
}

/* The lengths that were asked of the randomness, in their order. */
struct drawn {
	struct random from;
	size_t lens[16];
	size_t count;
};

static void draw(void *self, void *out, size_t len)
{
	struct drawn *drawn = self;

	assert_true(drawn->count < COUNT_OF(drawn->lens));
	drawn->lens[drawn->count++] = len;
	random_fill(&drawn->from, out, len);
}

static void assert_drawn(struct drawn *drawn, size_t count, size_t len)
{
	assert_int_equal(drawn->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(drawn->lens[i], len);
	drawn->count = 0;
}

/* No secret has a byte that is known, and none is drawn over what stands behind it. */
static void each_secret_is_drawn_at_its_length(void **state)
{
	struct made *made = *state;
	struct drawn drawn = {.from = made->random};
	struct random random = {&drawn, draw};
	struct device_keys keys = {0};
	struct bytes bytes = {0};

	device_keys_new(&random, &keys);
	assert_drawn(&drawn, 1, 3 * 32);
	/* What the genesis names as before it, the epoch's key, the name's salt, two boxes. */
	assert_int_equal(
	    genesis_make(&keys, view_text("a"), made->code_key, 1, &random, &bytes), FORMAT_OK);
	bytes_clear(&bytes);
	assert_drawn(&drawn, 5, 32);
	assert_int_equal(add_device_make(&made->roster, &made->device, &keys, view_text("a"), 1,
			     &random, &bytes),
	    FORMAT_OK);
	bytes_clear(&bytes);
	assert_drawn(&drawn, 2, 32);
	assert_int_equal(keyfile_encode(&keys, (struct view){0}, &random, &bytes), FORMAT_OK);
	bytes_clear(&bytes);
	assert_drawn(&drawn, 0, 0);
	device_keys_clear(&keys);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_key_file_comes_back, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(
	a_passphrase_guards_all_but_the_wipe_key, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(a_passphrase_is_stretched, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(a_damaged_key_file_is_refused, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(
	a_damaged_locked_file_is_no_wrong_passphrase, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(
	the_genesis_gives_both_its_devices_the_key, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(an_added_device_opens_the_same_key, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(the_longest_name_is_read, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(names_that_do_not_fit_are_refused, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(one_key_opens_all_epochs_before_it, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(a_wrong_previous_key_is_refused, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(a_detour_around_an_epoch_is_refused, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(
	a_revoked_recovery_device_is_not_found, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(a_bare_roster_opens_nothing, made_setup, made_teardown),
    cmocka_unit_test_setup_teardown(each_secret_is_drawn_at_its_length, made_setup, made_teardown),
};

TEST_MAIN(tests)
