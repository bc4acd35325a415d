/*
 * tests/cli/engine/scenes_log.c: runs of sync over what fits the log: pulls, pushes, conflicts,
 * purges, statements, the brake, a wipe.
 */
#include "tests/cli/engine/scene.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* A new entry, an edit as a delta, a deletion, a body. */
static void edit_all(struct device *device)
{
	device_new(device, "new", "made meanwhile");
	(void)device_save(device, "e1", "edited meanwhile");
	device_delete(device, "e2");
	pair_save_long(device, "e3", 3000);
}

static void a_edits_all(void)
{
	edit_all(&pair.a);
	assert_synced(&pair.a);
}

static void b_edits_all(void)
{
	edit_all(&pair.b);
}

static void acknowledgement_is_lost(void)
{
	edit_all(&pair.b);
	pair.b.dies_at_commit = true;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_LATER);
	pair.b.dies_at_commit = false;
	(void)device_save(&pair.b, "e1", "edited on");
}

/* Both sides of every kind, all that one row of the conflict rule each says. */
static void both_edit(void)
{
	(void)device_save(&pair.a, "e0", "a, within two minutes");
	(void)device_save(&pair.a, "e1", "a, the earlier");
	device_delete(&pair.a, "e2");
	(void)device_save(&pair.a, "e3", "a, against a deletion");
	assert_synced(&pair.a);
	(void)device_save(&pair.b, "e0", "b, within two minutes");
	pair.world.now_ms += 1000000;
	(void)device_save(&pair.b, "e1", "b, the later");
	(void)device_save(&pair.b, "e2", "b, against a deletion");
	device_delete(&pair.b, "e3");
}

/* Losers of every form: of b's and of a's own, named, whole and as a delta. */
static void a_settles(void)
{
	(void)device_save(&pair.b, "e1", "b, the earlier");
	(void)device_save(&pair.b, "e2", "b, the later");
	assert_synced(&pair.b);
	(void)device_save(&pair.a, "e2", "a, the earlier");
	pair.world.now_ms += 1000000;
	(void)device_save(&pair.a, "e1", "a, the later");
	pair.world.now_ms += 1000000;
	assert_synced(&pair.a);
}

static void a_purges(void)
{
	device_delete(&pair.a, "e1");
	device_delete(&pair.a, "e2");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	(void)device_save(&pair.b, "e3", "acknowledges the deletion");
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	pair.world.now_ms += 100 * DAY_MS;
	(void)device_save(&pair.a, "e4", "with a purge");
	assert_synced(&pair.a);
	assert_false(device_has(&pair.a, "e1"));
}

/* b has no edit, and a waits for its word. */
static void b_is_waited_for(void)
{
	device_delete(&pair.a, "e1");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	pair.world.now_ms += 8 * DAY_MS;
}

static void c_joins(void)
{
	struct device c;

	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	(void)device_save(&c, "e1", "by a third");
	assert_synced(&c);
	device_close(&c);
}

/* Another home with b's keys has pushed. */
static void b_is_copied(void)
{
	struct device copy;

	device_copy(&copy, &pair.b);
	(void)device_save(&copy, "e1", "in the copy");
	assert_synced(&copy);
	device_close(&copy);
}

static void many_are_deleted(struct device *device)
{
	char id[16];

	for (unsigned i = 0; i < 12; i++) {
		(void)snprintf(id, sizeof(id), "many%u", i);
		device_new(&pair.a, id, "one of many");
	}
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	for (unsigned i = 0; i < 12; i++) {
		(void)snprintf(id, sizeof(id), "many%u", i);
		device_delete(device, id);
	}
}

static void a_deletes_many(void)
{
	many_are_deleted(&pair.a);
	assert_engine(&pair.a, device_sync_with(&pair.a, true), ENGINE_OK);
}

static void b_deletes_many(void)
{
	many_are_deleted(&pair.b);
}

static enum engine_result sync_with_yes(struct device *device)
{
	return device_sync_with(device, true);
}

static void a_wipes(void)
{
	struct device *a = &pair.a;
	struct bytes encoded = {0};
	struct wipe_report report = {0};

	(void)device_save(&pair.b, "e1", "not yet sent");
	call_init(&a->call, INT64_MAX);
	assert_engine(a, wipe_make(&a->engine, "", &a->call, &encoded), ENGINE_OK);
	assert_int_equal(account_wipe(&a->env, &a->cache, &pair.world.account, view_bytes(&encoded),
			     &a->call, &report),
	    ACCOUNT_OK);
	bytes_clear(&encoded);
}

static const struct scene frames[] = {
    {.name = "a pull", .prepare = a_edits_all},
    {.name = "a push", .prepare = b_edits_all},
    {.name = "its own push in the log", .prepare = acknowledgement_is_lost},
    {.name = "conflicts", .prepare = both_edit},
    {.name = "losers", .prepare = a_settles},
    {.name = "a statement", .prepare = c_joins},
    {.name = "a copied home", .prepare = b_is_copied},
};
const struct scenes scenes_frames = {frames, COUNT_OF(frames)};

static const struct scene deletions[] = {
    {.name = "a purge", .prepare = a_purges},
    {.name = "an acknowledgement of tombstones", .prepare = b_is_waited_for},
    {.name = "the brake on what comes", .prepare = a_deletes_many, .ends = ENGINE_BRAKE},
    {.name = "the brake on what goes", .prepare = b_deletes_many, .ends = ENGINE_BRAKE},
    {.name = "deletions that are meant", .prepare = a_deletes_many, .run = sync_with_yes},
    {.name = "a wipe", .prepare = a_wipes, .ends = ENGINE_GONE},
};
const struct scenes scenes_deletions = {deletions, COUNT_OF(deletions)};
