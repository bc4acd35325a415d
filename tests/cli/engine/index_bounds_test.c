/*
 * tests/cli/engine/index_bounds_test.c: an index whose numbers stand beyond the log. The maker
 * holds the account's keys, so all is sealed and signed as it should be, and the root holds. Taken
 * over, such a floor or place would have every device refuse its own next push: it is refused, a
 * reset leads back, and pushing goes on. So it is with a frame whose own place is near the last.
 */
#include "cli/engine/frame_build.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "schemas/manifest.h"
#include "tests/cli/engine/pair.h"

#include <stdlib.h>
#include <string.h>

#define BEYOND (UINT64_C(1) << 40)
#define LARGE (1200u << 10) /* too much for a patch: it is pushed as a load */

/* From here on the device's journal says what no log of this length can have led to. */
static void forge(struct device *device, enum engine_result (*change)(struct device *device))
{
	const struct journal *journal = &device->engine.journal;

	call_init(&device->call, INT64_MAX);
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_engine(
	    device, engine_finish(&device->engine, change(device), &device->call), ENGINE_OK);
}

static enum engine_result raise_floor(struct device *device)
{
	struct stored_facts facts;
	enum engine_result result = facts_load(&device->engine, &device->call, &facts);

	facts.public.floor = BEYOND;
	return result == ENGINE_OK ? facts_store(&device->engine, &facts, &device->call) : result;
}

static enum engine_result place_tombstone(struct device *device, uint64_t seq)
{
	const struct journal *journal = &device->engine.journal;
	struct journal_entry known;
	enum journal_result found =
	    journal->ops->entry_get(journal->self, view_text("e0"), &device->call, &known);

	if (found == JOURNAL_OK)
		found = journal->ops->cloud_set(journal->self, view_text("e0"), &known.cloud,
		    &known.author, seq, device->world->now_ms, &device->call);
	return engine_of_journal(found);
}

static enum engine_result move_tombstone(struct device *device)
{
	return place_tombstone(device, BEYOND);
}

/* As a load says that it brings what it sends. */
static enum engine_result unplace_tombstone(struct device *device)
{
	return place_tombstone(device, 0);
}

static enum engine_result see_device(struct device *device, uint64_t seq)
{
	const struct journal *journal = &device->engine.journal;

	return engine_of_journal(journal->ops->device_seen(
	    journal->self, &device->keys.id, seq, device->world->now_ms, &device->call));
}

static enum engine_result move_device(struct device *device)
{
	return see_device(device, BEYOND);
}

static enum engine_result overflow_device(struct device *device)
{
	return see_device(device, SEQ_MAX + 1);
}

/* By the code alone, after "e1" has gone on. */
static void assert_recovered(struct device *like)
{
	struct device newcomer;

	device_open(&newcomer, &pair.world);
	device_join(&newcomer);
	assert_synced(&newcomer);
	assert_content(&newcomer, "e1", "goes on");
	assert_synced(like);
	assert_same(like, &newcomer);
	device_close(&newcomer);
}

static void refused(enum engine_result (*change)(struct device *device))
{
	char *large = made_text(&pair.world.made, LARGE);
	uint64_t floor;

	device_delete(&pair.b, "e0");
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	floor = device_facts(&pair.a).floor;
	forge(&pair.b, change);
	device_new(&pair.b, "large", large);
	assert_synced(&pair.b);
	free(large);
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_DAMAGED);
	assert_non_null(strstr(pair.a.call.message, "places that the log does not have"));
	assert_int_equal(device_facts(&pair.a).floor, floor);
	assert_false(device_has(&pair.a, "large"));
	pair.a.reseed = true;
	assert_synced(&pair.a);
	pair.a.reseed = false;
	(void)device_save(&pair.a, "e1", "goes on");
	assert_synced(&pair.a);
	assert_recovered(&pair.a);
}

static void a_floor_beyond_the_log(void **state)
{
	(void)state;
	refused(raise_floor);
}

static void a_tombstone_beyond_the_log(void **state)
{
	(void)state;
	refused(move_tombstone);
}

static void a_device_beyond_the_log(void **state)
{
	(void)state;
	refused(move_device);
}

/* A snapshot's frame, and a reset's, have brought nothing: a tombstone of theirs says of what did.
 */
static void a_snapshot_whose_tombstone_has_no_place(void **state)
{
	struct device newcomer;

	(void)state;
	device_delete(&pair.b, "e0");
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	forge(&pair.b, unplace_tombstone);
	pair_until_snapshot(&pair.b, "long");
	device_open(&newcomer, &pair.world);
	device_join(&newcomer);
	assert_engine(&newcomer, device_sync(&newcomer), ENGINE_DAMAGED);
	assert_non_null(strstr(newcomer.call.message, "places that the log does not have"));
	assert_false(device_has(&newcomer, "e1"));
	assert_synced(&pair.a); /* who is in step makes the next one */
	pair_until_snapshot(&pair.a, "long");
	assert_synced(&newcomer);
	assert_synced(&pair.a);
	assert_same(&pair.a, &newcomer);
	device_close(&newcomer);
}

/* What its own reader would refuse is not put: the account goes on without this home. */
static void an_index_that_nobody_could_read(void **state)
{
	char *large = made_text(&pair.world.made, LARGE);

	(void)state;
	forge(&pair.b, overflow_device);
	device_new(&pair.b, "large", large);
	free(large);
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_FAILED);
	assert_non_null(strstr(pair.b.call.message, "could not be read by any device"));
	assert_true(device_has(&pair.b, "large"));
	(void)device_save(&pair.a, "e1", "goes on");
	assert_synced(&pair.a);
	assert_recovered(&pair.a);
}

/* The frame of the manifest's snapshot again, at another place and behind nothing that is known. */
static void move_snapshot(struct device *maker, uint64_t seq, struct view manifest)
{
	struct replica state = {
	    .engine = &maker->engine, .call = &maker->call, .opener = &maker->keys};
	struct bytes payload = {0}, encoded = {0};
	struct frame_sealed sealed;
	struct manifest there;
	struct built_frame push = {0};
	struct frame frame;
	const struct epoch_key *key;

	call_init(&maker->call, INT64_MAX);
	assert_int_equal(replica_load(&state), ENGINE_OK);
	assert_int_equal(manifest_decode(manifest, &there), FORMAT_OK);
	assert_int_equal(frame_decode(there.snapshot, &frame), FORMAT_OK);
	assert_int_equal(replica_key(&state, frame.header.epoch, &key), ENGINE_OK);
	assert_int_equal(open_frame(key, &frame, &payload), FORMAT_OK);
	assert_int_equal(frame_sealed_decode(view_bytes(&payload), &sealed), FORMAT_OK);
	frame.header.seq = seq;
	frame.header.abandoned.seq = seq - 1;
	random_fill(&maker->world->random, frame.header.previous.bytes, DIGEST_LEN);
	assert_int_equal(frame_build_seal(&state, &frame.header, &sealed, &push), ENGINE_OK);
	there.snapshot = view_bytes(&push.encoded);
	there.tail[0] = there.snapshot;
	there.tail_count = 1;
	there.packs_count = 0;
	there.head = (struct head){seq, push.frame.hash};
	there.generation++;
	for (size_t i = 0; i < there.devices_count; i++)
		if (device_equal(&there.devices[i].id, &maker->keys.id)) {
			there.devices[i].seq = seq;
			there.devices[i].frame = push.frame.hash;
		}
	assert_int_equal(manifest_encode(&there, &encoded), FORMAT_OK);
	world_manifest_set(maker->world, view_bytes(&encoded));
	bytes_clear(&encoded);
	built_frame_clear(&push);
	bytes_clear(&payload);
	replica_clear(&state);
}

/* By a member who has the bucket's keys: what b took over could never be left again. */
static void a_place_that_no_log_comes_to(void **state)
{
	struct bytes old = {0}, honest = {0};

	(void)state;
	world_manifest(&pair.world, &old);
	(void)device_save(&pair.a, "e1", "acknowledged, then rolled back");
	assert_synced(&pair.a);
	world_manifest_set(&pair.world, view_bytes(&old));
	account_cache_clear(&pair.a.cache);
	pair.a.reseed = true;
	assert_synced(&pair.a);
	assert_true(pair.a.totals.reset);
	world_manifest(&pair.world, &honest);
	move_snapshot(&pair.a, SEQ_MAX, view_bytes(&honest));
	account_cache_clear(&pair.b.cache);
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	assert_non_null(strstr(pair.b.call.message, "beyond all that a log can have come to"));
	assert_true(device_facts(&pair.b).known_head.seq < 100);
	world_manifest_set(&pair.world, view_bytes(&honest));
	account_cache_clear(&pair.b.cache);
	assert_synced(&pair.b);
	assert_content(&pair.b, "e1", "acknowledged, then rolled back");
	bytes_clear(&honest);
	bytes_clear(&old);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_place_that_no_log_comes_to, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_floor_beyond_the_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_tombstone_beyond_the_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_device_beyond_the_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_snapshot_whose_tombstone_has_no_place, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_index_that_nobody_could_read, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
