/*
 * tests/cli/engine/learn_test.c: a snapshot whose index gives every true run the name of a blob
 * that nobody can read. Its maker holds the account's keys. Who is in step has no need of the
 * segments and does not notice; but the next snapshot, an honest one, must not take those names
 * over, or no device could ever join again.
 */
#include "cli/engine/blob_open.h"
#include "cli/engine/compress.h"
#include "cli/engine/frame_build.h"
#include "schemas/manifest.h"
#include "tests/cli/engine/pair.h"

#include <string.h>

#define NAMES_MAX 8u

static struct blob_name put_blob(struct device *device, struct replica *state, enum blob_kind kind,
    const struct blob_name *names, size_t names_count, struct view packed)
{
	struct blob_header header = {.account = device->world->account,
	    .epoch = roster_epoch(state->roster),
	    .kind = kind,
	    .names = names,
	    .names_count = names_count};
	struct blob_name name = {.count = state->facts.public.sweep};
	const struct epoch_key *key;
	struct bytes blob = {0};

	assert_int_equal(replica_key(state, header.epoch, &key), ENGINE_OK);
	assert_int_equal(seal_blob(key, packed, &header, &blob, &name.hash), FORMAT_OK);
	assert_int_equal(account_blob_put(&device->env, &device->cache, &device->world->account,
			     &name, view_bytes(&blob), &device->call),
	    ACCOUNT_OK);
	bytes_clear(&blob);
	return name;
}

/* The newest index, as it is, but for the names. */
static struct blob_name put_index(struct device *device, struct replica *state)
{
	struct bytes object = {0}, index = {0}, plain = {0}, packed = {0};
	struct blob_name names[NAMES_MAX], name;
	struct manifest manifest;
	struct frame frame;
	size_t count = 0, losers = 0;

	world_manifest(device->world, &object);
	assert_int_equal(manifest_decode(view_bytes(&object), &manifest), FORMAT_OK);
	assert_int_equal(frame_decode(manifest.snapshot, &frame), FORMAT_OK);
	assert_int_equal(account_blob_get(&device->env, &device->cache, &device->world->account,
			     &frame.header.blob, &device->call, &index),
	    ACCOUNT_OK);
	assert_int_equal(blob_open_plain(state, &frame.header.blob, view_bytes(&index), BLOB_INDEX,
			     INDEX_PLAIN_MAX, names, &count, &losers, &plain),
	    ENGINE_OK);
	assert_in_range(count, 1, NAMES_MAX);
	name = put_blob(device, state, BLOB_SEGMENT, NULL, 0, view_text("no segment"));
	for (size_t i = 0; i < count; i++)
		names[i] = name;
	assert_int_equal(compress_pack(view_bytes(&plain), &packed), FORMAT_OK);
	name = put_blob(device, state, BLOB_INDEX, names, count, view_bytes(&packed));
	bytes_clear(&packed);
	bytes_clear(&plain);
	bytes_clear(&index);
	bytes_clear(&object);
	return name;
}

static void commit_snapshot(struct device *device)
{
	struct replica state = {
	    .engine = &device->engine, .call = &device->call, .opener = device->engine.keys};
	struct sync_request request = {
	    .account = device->world->account, .device = device->keys.id, .frames_count = 1};
	struct frame_sealed sealed = {.time_ms = device->world->now_ms, .has_covered_root = true};
	struct sync_answer answer = {0};
	struct frame_header header;
	struct built_frame push = {0};

	call_init(&device->call, device->world->now_ms + 60000);
	assert_int_equal(replica_load(&state), ENGINE_OK);
	frame_build_header(&state, FRAME_SNAPSHOT, &header);
	header.has_blob = header.has_covered = true;
	header.blob = put_index(device, &state);
	header.covered = request.cursor = state.facts.public.head;
	root_of(&state.sum, sealed.root);
	memcpy(sealed.covered_root, sealed.root, ROOT_LEN);
	assert_int_equal(frame_build_seal(&state, &header, &sealed, &push), ENGINE_OK);
	request.frames[0] = view_bytes(&push.encoded);
	assert_int_equal(
	    account_sync(&device->env, &device->cache, &request, &device->call, &answer),
	    ACCOUNT_OK);
	assert_int_equal(answer.status, SYNC_COMMITTED);
	sync_answer_clear(&answer);
	built_frame_clear(&push);
	replica_clear(&state);
}

static void names_that_lead_nowhere_are_not_taken_over(void **state)
{
	struct device newcomer;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		pair_save_long(&pair.a, i % 2 == 0 ? "long" : "longer", 700u << 10);
	assert_synced(&pair.a); /* as a load */
	assert_synced(&pair.b);
	commit_snapshot(&pair.b);
	assert_synced(&pair.a);
	pair_until_snapshot(&pair.a, "e1");
	world_sweep(&pair.world);
	device_open(&newcomer, &pair.world);
	device_join(&newcomer);
	assert_synced(&newcomer);
	assert_synced(&pair.a);
	assert_same(&pair.a, &newcomer);
	device_close(&newcomer);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	names_that_lead_nowhere_are_not_taken_over, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
