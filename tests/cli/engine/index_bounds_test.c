/*
 * tests/cli/engine/index_bounds_test.c: an index whose numbers stand beyond the log. The maker
 * holds the account's keys, so all is sealed and signed as it should be, and the root holds. Taken
 * over, such a floor or place would have every device refuse its own next push: it is refused, a
 * reset leads back, and pushing goes on.
 */
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

static enum engine_result move_tombstone(struct device *device)
{
	const struct journal *journal = &device->engine.journal;
	struct journal_entry known;
	enum journal_result found =
	    journal->ops->entry_get(journal->self, view_text("e0"), &device->call, &known);

	if (found == JOURNAL_OK)
		found = journal->ops->cloud_set(journal->self, view_text("e0"), &known.cloud,
		    &known.author, BEYOND, device->world->now_ms, &device->call);
	return engine_of_journal(found);
}

static enum engine_result move_device(struct device *device)
{
	const struct journal *journal = &device->engine.journal;

	return engine_of_journal(journal->ops->device_seen(
	    journal->self, &device->keys.id, BEYOND, device->world->now_ms, &device->call));
}

static void refused(enum engine_result (*change)(struct device *device))
{
	char *large = made_text(&pair.world.made, LARGE);
	struct device newcomer;
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
	device_open(&newcomer, &pair.world);
	device_join(&newcomer);
	assert_synced(&newcomer);
	assert_content(&newcomer, "e1", "goes on");
	assert_synced(&pair.a);
	assert_same(&pair.a, &newcomer);
	device_close(&newcomer);
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_floor_beyond_the_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_tombstone_beyond_the_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_device_beyond_the_log, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
