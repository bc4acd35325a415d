/*
 * tests/cli/engine/secrets_test.c: no secret stays on the stack of a function that has drawn,
 * derived or read it. Each runs on a stack of its own, which is then searched. How many copies
 * libsodium leaves by itself, and whether a sanitizer keeps locals elsewhere, is told by trying:
 * what is looked for is one more.
 */
#include "cli/engine/epochs.h"
#include "cli/engine/key_file.h"
#include "cli/engine/membership.h"
#include "tests/cli/engine/engine_fixture.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#define STACK_LEN (512u << 10)
#define DRAWN_LEN 512u

static _Alignas(4096) uint8_t stack[STACK_LEN];

/* What the scenes read and write: nothing of it is on their stack. */
static struct world world;
static struct device device;
static uint8_t drawn[DRAWN_LEN]; /* a scene's randomness, all of it */
static size_t drawn_at;
static struct device_keys keys, recovery, added, keys_out;
static struct account_new account, account_out;
static struct roster roster;
static struct bytes file, part, frame_bytes, blob_bytes, out;
static const struct digest previous = {{3}};
static const uint8_t other_code[RECOVERY_KEY_LEN] = {1, 2, 3};
static struct epoch_key key, key_out;
static struct frame_header frame_header;
static struct blob_header blob_header = {.epoch = 1, .kind = BLOB_BODY};
static struct frame frame;
static struct blob blob;
static struct digest digest_out;
static struct recovery_view view_out;
static struct device_id id_out;
static uint8_t wipe_secret_out[SIGN_SECRET_LEN];
static char name_out[DEVICE_NAME_MAX + 1];
static bool locked_out;
static int went; /* the last scene: 0 is well, of each kind of result */

/* libsodium's generator would leave what it drew. */
static void draw(void *self, void *to, size_t len)
{
	(void)self;
	assert_true(drawn_at + len <= sizeof(drawn));
	memcpy(to, drawn + drawn_at, len);
	drawn_at += len;
}
static const struct random drawing = {NULL, draw};

struct secret {
	uint8_t bytes[64];
	size_t len;
};

static struct secret secret_of(const void *bytes, size_t len)
{
	struct secret secret = {.len = len};

	memcpy(secret.bytes, bytes, len);
	return secret;
}

/* All of a secret, and each half of it: who has one half need only guess the other. */
#define SHARES 3u
static const struct {
	size_t from, len; /* in halves */
} shares[SHARES] = {{0, 2}, {0, 1}, {1, 1}};

/* What a sanitizer makes of a stack does not matter here. */
__attribute__((no_sanitize("address", "thread"))) static unsigned copies(
    const struct secret *secret, size_t share)
{
	const volatile uint8_t *at = stack;
	const uint8_t *bytes = secret->bytes + shares[share].from * secret->len / 2;
	size_t len = shares[share].len * secret->len / 2;
	unsigned count = 0;
	size_t from = 0;

	while (from < STACK_LEN && at[from] == 0) /* so deep it did not go */
		from += 16;
	for (size_t i = from > 64 ? from - 64 : 0; i + len <= STACK_LEN; i++) {
		size_t k = 0;

		while (k < len && at[i + k] == bytes[k])
			k++;
		count += k == len;
	}
	return count;
}

struct scene {
	void (*run)(void);
};

/* Far down, where the thread's own end does not come. */
static void *play(void *scene)
{
	volatile uint8_t above[32u << 10];

	above[0] = 0;
	((struct scene *)scene)->run();
	above[sizeof(above) - 1] = above[0];
	return NULL;
}

static void run_on_stack(void (*run)(void))
{
	struct scene scene = {run};
	pthread_attr_t attributes;
	pthread_t thread;

	drawn_at = 0;
	went = 0;
	sodium_memzero(stack, sizeof(stack));
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, sizeof(stack)), 0);
	assert_int_equal(pthread_create(&thread, &attributes, play, &scene), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(went, 0);
	assert_int_equal(pthread_attr_destroy(&attributes), 0);
}

_Static_assert(FORMAT_OK == 0 && ENGINE_OK == 0, "one number for what goes well");

/* Whatever it is to libsodium: a key, a seed, a message. Each on a stack of its own. */
static struct secret given;
static uint8_t given_to[512];

static void give_to_hash(void)
{
	crypto_generichash(given_to, 64, given.bytes, given.len, given.bytes, given.len);
}

static void give_to_sign(void)
{
	static uint8_t public_key[32];

	crypto_sign_seed_keypair(public_key, given_to, given.bytes);
}

static void give_to_keypair(void)
{
	static uint8_t public_key[32];

	crypto_box_seed_keypair(public_key, given_to, given.bytes);
}

static void give_to_box(void)
{
	static uint8_t public_key[32];
	static const uint8_t nonce[crypto_box_NONCEBYTES];

	went = crypto_scalarmult_base(public_key, given.bytes);
	went |= crypto_box_easy(given_to, given.bytes, 32, nonce, public_key, given.bytes);
}

static void give_to_cipher(void)
{
	static const uint8_t nonce[crypto_box_NONCEBYTES];

	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    given_to, NULL, given.bytes, 32, NULL, 0, NULL, nonce, given.bytes);
}

/* What a seal's key is made of; NULL: the secret is none. */
static struct {
	const uint8_t *salt;
	struct view context;
} sealed_from;
static uint8_t seal_keys[64];

static void make_seal_keys(void)
{
	static crypto_generichash_blake2b_state hash;

	if (sealed_from.salt == NULL)
		return;
	went = crypto_generichash_blake2b_init_salt_personal(&hash, key.bytes, EPOCH_KEY_LEN,
	    sizeof(seal_keys), NULL, (const unsigned char *)domain_text(DOMAIN_SEAL));
	went |= crypto_generichash_blake2b_update(&hash, sealed_from.salt, SALT_LEN);
	went |= crypto_generichash_blake2b_update(
	    &hash, sealed_from.context.data, sealed_from.context.len);
	went |= crypto_generichash_blake2b_final(&hash, seal_keys, sizeof(seal_keys));
}

/* The first two go with a secret of any length. */
static void (*const gives[])(void) = {
    make_seal_keys, give_to_hash, give_to_sign, give_to_keypair, give_to_box, give_to_cipher};

static void leave_a_copy(void)
{
	volatile uint8_t copy[sizeof(given.bytes)];

	for (size_t i = 0; i < sizeof(copy); i++)
		copy[i] = given.bytes[i];
	went = copy[0] != given.bytes[0];
}

/* How many copies of each share libsodium may leave; UINT_MAX: none of our own would be seen. */
static void find_bounds(const struct secret *secret, unsigned bounds[SHARES])
{
	given = *secret;
	run_on_stack(leave_a_copy);
	for (size_t share = 0; share < SHARES; share++)
		bounds[share] = copies(secret, share) > 0 ? 0 : UINT_MAX;
	for (size_t i = 0; i < (given.len == 32 ? COUNT_OF(gives) : 2); i++) {
		run_on_stack(gives[i]);
		for (size_t share = 0; share < SHARES; share++) {
			unsigned count = copies(secret, share);

			if (count > bounds[share])
				bounds[share] = count;
		}
	}
}

static void assert_none_stays(
    const char *what, void (*run)(void), const struct secret *secrets, size_t secrets_count)
{
	for (size_t i = 0; i < secrets_count; i++) {
		unsigned bounds[SHARES];

		find_bounds(&secrets[i], bounds);
		run_on_stack(
		    run); /* a function's first use is bound with a copy of all registers */
		run_on_stack(run);
		for (size_t share = 0; share < SHARES; share++)
			if (copies(&secrets[i], share) > bounds[share])
				fail_msg("%s: share %zu of secret %zu is left on the stack", what,
				    share, i);
	}
}

#define ASSERT_NONE_STAYS(run, ...) \
	do { \
		const struct secret secrets_[] = {__VA_ARGS__}; \
		assert_none_stays(#run, run, secrets_, COUNT_OF(secrets_)); \
	} while (0)

static void run_keys_new(void)
{
	device_keys_new(&drawing, &keys_out);
}

static void run_recovery_keys(void)
{
	device_keys_recovery(account.code.key, &previous, &keys_out);
}

static void run_account_begin(void)
{
	account_new_clear(&account_out);
	went = (int)account_begin(&device.engine, "a", &device.call, &account_out);
}

static void run_genesis(void)
{
	bytes_clear(&out);
	went = (int)genesis_make(&keys, view_text("a"), account.code.key, 1, &drawing, &out);
}

/* To a public key for which there can be no box. */
static void run_add_nobody(void)
{
	static struct device_keys nobody;

	went = add_device_make(&roster, &keys, &nobody, view_text("a"), 1, &drawing, &out) !=
	       FORMAT_MALFORMED;
}

static void run_add_device(void)
{
	bytes_clear(&out);
	went = (int)add_device_make(&roster, &keys, &added, view_text("a"), 1, &drawing, &out);
}

static void run_recovery_find(void)
{
	went = (int)recovery_device_find(&roster, account.code.key, &keys_out);
}

static void run_recovery_not_found(void)
{
	went = recovery_device_find(&roster, other_code, &keys_out) != FORMAT_FORGED;
}

static void run_key_find(void)
{
	went = (int)epoch_key_find(&roster, &keys, 1, &key_out);
}

static void run_name_find(void)
{
	device_name_find(&roster, &keys, &keys.id, name_out);
}

static void run_recovery_check(void)
{
	went = (int)recovery_check(
	    &device.engine, view_bytes(&account.roster), &account.code, &device.call, &view_out);
}

static void run_encode(void)
{
	bytes_clear(&out);
	went = (int)keyfile_encode(&keys, (struct view){0}, &drawing, &out);
}

static void run_decode(void)
{
	went = (int)keyfile_decode(view_bytes(&file), (struct view){0}, &keys_out);
}

static void run_locked(void)
{
	went = (int)keyfile_locked(view_bytes(&file), &locked_out);
}

static void run_wipe_key(void)
{
	went = (int)keyfile_wipe_key(view_bytes(&file), &id_out, wipe_secret_out);
}

static void run_seal_frame(void)
{
	bytes_clear(&out);
	went = (int)seal_frame(&key, &drawing, view_text("a"), &frame_header, &out);
}

static void run_open_frame(void)
{
	bytes_clear(&out);
	went = (int)open_frame(&key, &frame, &out);
}

/* With another commitment it is not opened: nothing comes after what was derived. */
static void run_open_other_frame(void)
{
	went = open_frame(&key, &frame, &out) != FORMAT_FORGED;
}

static void run_seal_blob(void)
{
	bytes_clear(&out);
	went = (int)seal_blob(&key, view_text("a"), &blob_header, &out, &digest_out);
}

static void run_open_blob(void)
{
	bytes_clear(&out);
	went = (int)open_blob(&key, &blob, &out);
}

static void run_open_other_blob(void)
{
	went = open_blob(&key, &blob, &out) != FORMAT_FORGED;
}

static void run_seal_part(void)
{
	bytes_clear(&out);
	went = (int)seal_part(&key, &drawing, PART_USE_NAMES, &previous, view_text("a"), &out);
}

static void run_open_part(void)
{
	bytes_clear(&out);
	went = (int)open_part(&key, PART_USE_NAMES, &previous, view_bytes(&part), &out);
}

static void run_open_other_part(void)
{
	went = open_part(&key, PART_USE_NAMES, &previous, view_bytes(&part), &out) != FORMAT_FORGED;
}

static void run_run_hash(void)
{
	run_hash(&key, view_text("a"), &digest_out);
}

static int setup(void **state)
{
	(void)state;
	world_open(&world);
	device_open(&device, &world);
	call_init(&device.call, INT64_MAX);
	random_fill(&world.random, drawn, sizeof(drawn));
	random_fill(&world.random, key.bytes, sizeof(key.bytes));
	device_keys_new(&world.random, &keys);
	device_keys_new(&world.random, &added);
	device.engine.keys = &keys;
	device.engine.random = &drawing;
	drawn_at = 0;
	assert_engine(
	    &device, account_begin(&device.engine, "a", &device.call, &account), ENGINE_OK);
	assert_int_equal(roster_decode(view_bytes(&account.roster), false, &roster), FORMAT_OK);
	assert_int_equal(recovery_device_find(&roster, account.code.key, &recovery), FORMAT_OK);
	sealed_from.salt = NULL;
	return 0;
}

static int teardown(void **state)
{
	struct bytes *const all[] = {&file, &part, &frame_bytes, &blob_bytes, &out};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		bytes_clear(all[i]);
	account_new_clear(&account);
	account_new_clear(&account_out);
	assert_memory_equal(&account, &(struct account_new){0}, sizeof(account));
	device.engine.keys = &device.keys;
	device_close(&device);
	world_close(&world);
	return 0;
}

static void where_keys_are_made(void **state)
{
	struct device_keys code_keys;

	(void)state;
	ASSERT_NONE_STAYS(run_keys_new, secret_of(drawn, 32), secret_of(drawn + 32, 32),
	    secret_of(drawn + 64, 32));
	device_keys_recovery(account.code.key, &previous, &code_keys);
	ASSERT_NONE_STAYS(run_recovery_keys, secret_of(code_keys.sign_secret, 32),
	    secret_of(code_keys.box_secret, 32));
}

/* The box of that seed, for which there is a key pair of its own. */
static struct secret box_secret(const uint8_t *seed)
{
	uint8_t public_key[crypto_box_PUBLICKEYBYTES];
	uint8_t secret_key[crypto_box_SECRETKEYBYTES];

	crypto_box_seed_keypair(public_key, secret_key, seed);
	return secret_of(secret_key, sizeof(secret_key));
}

/*
 * An account draws the code's key, what its genesis names as before it, the epoch's key, a salt, a
 * seed for each box.
 */
static void where_a_roster_is_made(void **state)
{
	const uint8_t *boxes = drawn + RECOVERY_KEY_LEN + 32 + 32 + 32;
	struct device_keys code_keys;

	(void)state;
	ASSERT_NONE_STAYS(run_account_begin, secret_of(drawn, RECOVERY_KEY_LEN),
	    secret_of(drawn + RECOVERY_KEY_LEN + 32, 32), secret_of(recovery.sign_secret, 32),
	    secret_of(recovery.box_secret, 32), secret_of(boxes, 32), box_secret(boxes),
	    secret_of(boxes + 32, 32), box_secret(boxes + 32));
	assert_int_equal(drawn_at, RECOVERY_KEY_LEN + 5 * 32);
	random_fill(&world.random, drawn, sizeof(drawn)); /* the roster tells some of the others */
	device_keys_recovery(account.code.key, (const struct digest *)drawn, &code_keys);
	ASSERT_NONE_STAYS(run_genesis, secret_of(drawn + 32, 32),
	    secret_of(code_keys.sign_secret, 32), secret_of(code_keys.box_secret, 32));
	assert_int_equal(epoch_key_find(&roster, &keys, 1, &key_out), FORMAT_OK);
	ASSERT_NONE_STAYS(run_add_device, secret_of(key_out.bytes, 32), secret_of(drawn + 32, 32),
	    box_secret(drawn + 32));
	assert_int_equal(drawn_at, 2 * 32);
	ASSERT_NONE_STAYS(run_add_nobody, secret_of(key_out.bytes, 32), secret_of(drawn + 32, 32),
	    box_secret(drawn + 32));
}

static void where_a_roster_is_read(void **state)
{
	struct secret epoch;
	struct statement genesis;
	struct device_keys code_keys;

	(void)state;
	assert_int_equal(statement_decode(roster.statements[0], false, &genesis), FORMAT_OK);
	device_keys_recovery(other_code, &genesis.previous, &code_keys);
	ASSERT_NONE_STAYS(run_recovery_not_found, secret_of(code_keys.sign_secret, 32),
	    secret_of(code_keys.box_secret, 32));
	assert_int_equal(epoch_key_find(&roster, &keys, 1, &key_out), FORMAT_OK);
	epoch = secret_of(key_out.bytes, 32);
	ASSERT_NONE_STAYS(run_recovery_find, secret_of(recovery.sign_secret, 32),
	    secret_of(recovery.box_secret, 32));
	ASSERT_NONE_STAYS(run_key_find, epoch, secret_of(keys.box_secret, 32));
	ASSERT_NONE_STAYS(run_name_find, epoch, secret_of(keys.box_secret, 32));
	ASSERT_NONE_STAYS(run_recovery_check, epoch, secret_of(recovery.sign_secret, 32),
	    secret_of(recovery.box_secret, 32));
	assert_memory_equal(view_out.keys.box_secret, recovery.box_secret, 32);
}

static void where_a_key_file_is_made_and_read(void **state)
{
	const struct secret sign = secret_of(keys.sign_secret, 32);
	const struct secret box = secret_of(keys.box_secret, 32);
	const struct secret wipe = secret_of(keys.wipe_secret, 32);

	(void)state;
	assert_int_equal(keyfile_encode(&keys, (struct view){0}, &drawing, &file), FORMAT_OK);
	ASSERT_NONE_STAYS(run_encode, sign, box, wipe);
	ASSERT_NONE_STAYS(run_decode, sign, box, wipe);
	ASSERT_NONE_STAYS(run_locked, wipe);
	ASSERT_NONE_STAYS(run_wipe_key, wipe);
}

/* The key of one seal: what a salt and its context give, both kept until it was looked for. */
static struct secret seal_key(const uint8_t *salt, struct view context)
{
	sealed_from.salt = salt;
	sealed_from.context = context;
	make_seal_keys();
	return secret_of(seal_keys, 32);
}

/* A key for one use. */
static struct secret sub_key(enum domain domain)
{
	uint8_t made[32];

	crypto_generichash_blake2b_salt_personal(made, sizeof(made), NULL, 0, key.bytes,
	    EPOCH_KEY_LEN, NULL, (const unsigned char *)domain_text(domain));
	return secret_of(made, sizeof(made));
}

static void where_frames_are_sealed_and_opened(void **state)
{
	struct buffer context;
	struct secret sealed_by;

	(void)state;
	frame_header = (struct frame_header){.epoch = 1, .seq = 1, .kind = FRAME_PATCH};
	run_on_stack(run_seal_frame);
	assert_int_equal(
	    frame_encode(&frame_header, view_bytes(&out), keys.sign_secret, &frame_bytes),
	    FORMAT_OK);
	assert_int_equal(frame_decode(view_bytes(&frame_bytes), &frame), FORMAT_OK);
	buffer_init(&context, FRAME_MAX);
	frame_header_put(&context, &frame_header, false);
	sealed_by = seal_key(frame_header.salt, buffer_view(&context));
	ASSERT_NONE_STAYS(run_seal_frame, sealed_by);
	ASSERT_NONE_STAYS(run_open_frame, sealed_by);
	assert_true(view_equal(view_bytes(&out), view_text("a")));
	frame.header.commit[0] ^= 1;
	ASSERT_NONE_STAYS(run_open_other_frame, sealed_by);
	buffer_clear(&context);
}

static void where_blobs_are_sealed_and_opened(void **state)
{
	struct buffer context;
	struct secret sealed_by;

	(void)state;
	assert_int_equal(
	    seal_blob(&key, view_text("a"), &blob_header, &blob_bytes, &digest_out), FORMAT_OK);
	assert_int_equal(blob_decode(view_bytes(&blob_bytes), NULL, &blob), FORMAT_OK);
	buffer_init(&context, BLOB_MAX);
	blob_header_put(&context, &blob_header, BLOB_HEADER_CONTEXT);
	sealed_by = seal_key(blob_header.salt, buffer_view(&context));
	ASSERT_NONE_STAYS(run_seal_blob, sealed_by, sub_key(DOMAIN_SALT_KEY));
	ASSERT_NONE_STAYS(run_open_blob, sealed_by);
	assert_true(view_equal(view_bytes(&out), view_text("a")));
	blob.header.commit[0] ^= 1;
	ASSERT_NONE_STAYS(run_open_other_blob, sealed_by);
	ASSERT_NONE_STAYS(run_run_hash, sub_key(DOMAIN_RUN), secret_of(key.bytes, 32));
	buffer_clear(&context);
}

static void where_parts_are_sealed_and_opened(void **state)
{
	uint8_t context[16 + DIGEST_LEN] = "inkseal names";
	struct secret sealed_by;

	(void)state;
	drawn_at = 0;
	assert_int_equal(
	    seal_part(&key, &drawing, PART_USE_NAMES, &previous, view_text("a"), &part), FORMAT_OK);
	memcpy(context + 16, previous.bytes, DIGEST_LEN);
	sealed_by = seal_key(part.data, view_of(context, sizeof(context)));
	ASSERT_NONE_STAYS(run_seal_part, sealed_by, secret_of(key.bytes, 32));
	ASSERT_NONE_STAYS(run_open_part, sealed_by);
	assert_true(view_equal(view_bytes(&out), view_text("a")));
	part.data[SALT_LEN] ^= 1; /* its commitment */
	ASSERT_NONE_STAYS(run_open_other_part, sealed_by);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(where_keys_are_made, setup, teardown),
    cmocka_unit_test_setup_teardown(where_a_roster_is_made, setup, teardown),
    cmocka_unit_test_setup_teardown(where_a_roster_is_read, setup, teardown),
    cmocka_unit_test_setup_teardown(where_a_key_file_is_made_and_read, setup, teardown),
    cmocka_unit_test_setup_teardown(where_frames_are_sealed_and_opened, setup, teardown),
    cmocka_unit_test_setup_teardown(where_blobs_are_sealed_and_opened, setup, teardown),
    cmocka_unit_test_setup_teardown(where_parts_are_sealed_and_opened, setup, teardown),
};

TEST_MAIN(tests)
