/*
 * tests/cli/engine/tombstones_test.c: as many tombstones as anybody has. Each stands in a segment,
 * with its place, as the live entries do: loads, snapshots and resets go on being made and read,
 * and all devices hold the same places.
 */
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 3000u /* with ids of 128 bytes: a table of them alone takes 450 KB */
#define INDEX_LEN_MAX (16u << 10)
#define LARGE (1200u << 10) /* too much for a patch: it is pushed as a load */

static void tombstone_id(unsigned number, char out[ENTRY_ID_MAX + 1])
{
	memset(out, 'x', ENTRY_ID_MAX);
	(void)snprintf(out, ENTRY_ID_MAX + 1, "%06u", number);
	out[6] = 'x';
	out[ENTRY_ID_MAX] = '\0';
}

/* From one file, as a person's other program has written it. */
static void import_tombstones(struct device *device, unsigned count, const char *content)
{
	struct entry entry = {.collection = view_text("journal"),
	    .title = view_text("gone"),
	    .content = view_text(content),
	    .created_at = view_text("2026-01-01T00:00:00.000Z"),
	    .updated_at = view_text("2026-01-02T00:00:00.000Z"),
	    .deleted_at = view_text("2026-01-02T00:00:00.000Z")};
	enum import_outcome outcome;
	char id[ENTRY_ID_MAX + 1];

	call_init(&device->call, INT64_MAX);
	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	for (unsigned i = 0; i < count; i++) {
		tombstone_id(i, id);
		entry.id = view_text(id);
		assert_engine(device,
		    import_entry(&device->engine, &entry, &device->call, &outcome), ENGINE_OK);
		assert_int_equal(outcome, IMPORT_ADDED);
	}
	assert_engine(device, import_commit(&device->engine, count, 0, &device->call), ENGINE_OK);
}

static void push_load(struct device *device, const char *id)
{
	pair_save_synced(device, id, LARGE);
}

static void assert_recovers(struct device *like)
{
	struct device newcomer;

	device_open(&newcomer, &pair.world);
	device_join(&newcomer);
	assert_synced(&newcomer);
	assert_synced(like); /* the statement that adds the newcomer */
	assert_same(like, &newcomer);
	device_close(&newcomer);
}

/* A backup of the bucket is brought back, and this device has the cloud copy begun anew. */
static void give_up_the_newest(struct device *device)
{
	struct bytes old = {0};

	world_manifest(&pair.world, &old);
	(void)device_save(device, "e1", "acknowledged, then rolled back");
	assert_synced(device);
	world_manifest_set(&pair.world, view_bytes(&old));
	bytes_clear(&old);
	account_cache_clear(&device->cache);
	device->reseed = true;
	assert_synced(device);
	device->reseed = false;
	assert_true(device->totals.reset);
}

/* The index comes first of all that a device gets. */
static void note_index(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)name;
	if (device->times == 0)
		device->times = (unsigned)blob->len;
}

/* Nobody knows how many there may be: an index is no longer for them. */
static void an_index_is_as_long_with_any_number_of_them(void **state)
{
	(void)state;
	import_tombstones(&pair.a, MANY, "t");
	push_load(&pair.a, "large");
	pair.b.times = 0;
	pair.b.got = note_index;
	assert_synced(&pair.b);
	pair.b.got = NULL;
	assert_in_range(pair.b.times, 1, INDEX_LEN_MAX);
	assert_true(pair.b.gets > 2);
	assert_same(&pair.a, &pair.b);
}

/* Some, through all that an index is made for. */
static void a_load_a_snapshot_and_a_reset_of_them(void **state)
{
	(void)state;
	import_tombstones(&pair.a, 1000, "t");
	device_delete(&pair.a, "e0");
	push_load(&pair.a, "large");
	assert_recovers(&pair.a);
	device_delete(&pair.a, "e2"); /* in a patch */
	pair_until_snapshot(&pair.a, "long");
	assert_recovers(&pair.a);
	give_up_the_newest(&pair.a);
	assert_recovers(&pair.a);
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_true(device_facts(&pair.b).reset_seq > 0);
	assert_same(&pair.a, &pair.b);
}

static uint64_t tombstone_seq(struct device *device, unsigned number)
{
	struct journal_entry known = {0};
	char id[ENTRY_ID_MAX + 1];

	tombstone_id(number, id);
	call_init(&device->call, INT64_MAX);
	assert_int_equal(device->engine.journal.ops->entry_get(
			     device->engine.journal.self, view_text(id), &device->call, &known),
	    JOURNAL_OK);
	assert_true(known.has_cloud);
	return known.cloud_seq;
}

/* Where a load stands is its tombstones' place, for who made it and for who takes it. */
static void a_load_brings_its_tombstones_to_its_own_place(void **state)
{
	uint64_t seq;

	(void)state;
	import_tombstones(&pair.a, 3, "first");
	push_load(&pair.a, "large");
	seq = device_facts(&pair.a).head.seq;
	assert_int_equal(tombstone_seq(&pair.a, 1), seq);
	assert_synced(&pair.b);
	assert_int_equal(tombstone_seq(&pair.b, 1), seq);
	push_load(&pair.b, "second"); /* by a later load they stand where they stood */
	assert_true(device_facts(&pair.b).head.seq > seq);
	assert_synced(&pair.a);
	assert_int_equal(tombstone_seq(&pair.a, 1), seq);
	assert_int_equal(tombstone_seq(&pair.b, 1), seq);
	assert_same(&pair.a, &pair.b);
	assert_recovers(&pair.a);
}

static void other_edit(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	device->before = NULL;
	device->world->now_ms += 60000; /* another frame's time */
	(void)device_save(device->other, "e1", "faster than the load");
	assert_synced(device->other);
}

/* What was put for the load that lost is there still, whatever place the next one comes to. */
static void a_lost_race_puts_no_tombstones_again(void **state)
{
	char *text = made_text(&pair.world.made, 4000);

	(void)state;
	import_tombstones(&pair.a, 1500, text);
	free(text);
	pair.a.before = other_edit;
	pair.a.other = &pair.b;
	assert_synced(&pair.a);
	assert_null(pair.a.before);
	assert_synced(&pair.b);
	assert_true(pair.b.gets > 5);                   /* the index, and all segments */
	assert_int_equal(pair.a.puts, pair.b.gets + 2); /* the index and one segment twice */
	assert_same(&pair.a, &pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	an_index_is_as_long_with_any_number_of_them, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_a_snapshot_and_a_reset_of_them, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_brings_its_tombstones_to_its_own_place, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_lost_race_puts_no_tombstones_again, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
