/*
 * tests/cli/engine/scenes_large.c: runs of sync over what does not fit the log: loads, snapshots
 * and resets, made, taken, and met again.
 */
#include "cli/engine/segments.h"
#include "cli/engine/transaction.h"
#include "tests/cli/engine/scene.h"

#include <stdlib.h>
#include <string.h>

#define WIDE 300000u /* bytes of one letter: next to nothing packed */
/* Where the segments of a journal begin that has a few such: m1, m2, m3, n0. */

static void save_wide(struct device *device, const char *id, char letter)
{
	char *text = malloc(WIDE + 1);

	assert_non_null(text);
	memset(text, letter, WIDE);
	text[WIDE] = '\0';
	if (device_has(device, id))
		(void)device_save(device, id, text);
	else
		device_new(device, id, text);
	free(text);
}

/* More than a patch takes: it is pushed as a load. */
static void save_much(struct device *device, char letter)
{
	static const char *const ids[] = {"m1", "m2", "m3", "n0"};

	for (size_t i = 0; i < COUNT_OF(ids); i++)
		save_wide(device, ids[i], (char)(letter + (char)i));
}

/* The log has grown enough for a snapshot: with this device's next push. */
static void snapshot_is_due(struct device *device)
{
	const struct journal *journal = &device->engine.journal;
	struct stored_facts facts;

	call_init(&device->call, INT64_MAX);
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_engine(device, facts_load(&device->engine, &device->call, &facts), ENGINE_OK);
	facts.public.log_bytes = LOG_BYTES_MAX;
	assert_engine(device,
	    engine_finish(&device->engine, facts_store(&device->engine, &facts, &device->call),
		&device->call),
	    ENGINE_OK);
}

static void push_snapshot(struct device *device)
{
	snapshot_is_due(device);
	(void)device_save(device, "e0", "with a snapshot");
	assert_synced(device);
	assert_int_equal(device_facts(device).log_bytes, 0);
}

static void dies_at_commit(struct device *device)
{
	device->dies_at_commit = true;
	assert_engine(device, device_sync(device), ENGINE_LATER);
	device->dies_at_commit = false;
}

/* b alone, before its first push. */
static void account_is_new(void)
{
	device_close(&pair.a);
	device_close(&pair.b);
	device_open(&pair.a, &pair.world);
	device_open(&pair.b, &pair.world);
	device_create(&pair.b);
	device_new(&pair.b, "e0", "first");
	device_new(&pair.b, "e1", "first");
	device_new(&pair.b, "e2", "first");
	device_delete(&pair.b, "e2");
	save_wide(&pair.b, "m1", 'a');
}

static void first_load_is_unheard(void)
{
	account_is_new();
	dies_at_commit(&pair.b);
	(void)device_save(&pair.b, "e1", "edited on");
}

static void b_saves_much(void)
{
	save_much(&pair.b, 'a');
	device_delete(&pair.b, "e2");
}

static void load_is_unheard(void)
{
	b_saves_much();
	dies_at_commit(&pair.b);
	(void)device_save(&pair.b, "m2", "edited on");
}

/* The others go on with it, and a sweep leaves b nothing but the load to begin from. */
static void load_is_unheard_for_long(void)
{
	load_is_unheard();
	assert_synced(&pair.a);
	(void)device_save(&pair.a, "e3", "after the load");
	assert_synced(&pair.a);
}

static void a_sweeps(struct device *b, const struct sync_request *request)
{
	if (request->frames_count == 0 || b->times++ > 0)
		return;
	for (unsigned i = 0; i < 3; i++)
		world_sweep(b->world);
}

static void a_is_faster(struct device *b, const struct sync_request *request)
{
	if (request->frames_count == 0 || b->times++ > 0)
		return;
	(void)device_save(&pair.a, "e1", "faster");
	assert_synced(&pair.a);
}

/* What b has edited meanwhile, of all sorts. */
static void b_edits(void)
{
	(void)device_save(&pair.b, "e0", "b, within two minutes");
	(void)device_save(&pair.b, "e1", "b, the earlier");
	(void)device_save(&pair.b, "e2", "b, against a deletion");
	device_new(&pair.b, "new", "b's alone");
}

static void a_saves_much(void)
{
	b_edits();
	(void)device_save(&pair.a, "e0", "a, within two minutes");
	device_delete(&pair.a, "e2");
	save_much(&pair.a, 'a');
	pair.world.now_ms += 1000000;
	(void)device_save(&pair.a, "e1", "a, the later");
	assert_synced(&pair.a);
}

/* An older snapshot's index is b's to learn from. */
static void snapshot_is_due_at_b(void)
{
	save_wide(&pair.a, "m1", 'a');
	push_snapshot(&pair.a);
	assert_synced(&pair.b);
	(void)device_save(&pair.b, "e1", "b, the earlier");
	assert_synced(&pair.b);
	(void)device_save(&pair.a, "e1", "a, the later"); /* a loser for the snapshot */
	pair.world.now_ms += 1000000;
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	snapshot_is_due(&pair.b);
	(void)device_save(&pair.b, "e4", "with a snapshot");
}

static void index_is_damaged(void)
{
	struct frame_header header;
	char key[BUCKET_KEY_MAX + 1];

	snapshot_is_due_at_b();
	header = pair_snapshot_header();
	world_blob_key(&pair.world, &header.blob, key);
	assert_true(memory_flip(pair.world.store, key, 100, 1));
}

/* b was away: patches with a loser, a snapshot, more patches, and the old log is swept. */
static void b_was_away(void)
{
	device_new(&pair.a, "a", "changes often");
	save_wide(&pair.a, "m1", 'a');
	save_wide(&pair.a, "m2", 'b'); /* stays: b has that segment */
	save_wide(&pair.a, "m3", 'c');
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	(void)device_save(&pair.b, "e4", "b, the earlier, and lost");
	assert_synced(&pair.b);
	(void)device_save(&pair.b, "e3", "b's alone");
	pair.world.now_ms += 1000000;
	(void)device_save(&pair.a, "e4", "a, the later");
	save_wide(&pair.a, "m1", 'd');
	b_edits();
	(void)device_save(&pair.a, "e0", "a, within two minutes");
	device_delete(&pair.a, "e2");
	for (unsigned i = 0; i < 12; i++)
		pair_save_synced(&pair.a, "a", 3000);
	push_snapshot(&pair.a);
	assert_int_equal(pair.a.puts, 5); /* three segments, one of losers, and the index */
	for (unsigned i = 0; i < 12; i++)
		pair_save_synced(&pair.a, "a", 3000);
	(void)device_save(&pair.a, "e1", "a, after the snapshot");
	assert_synced(&pair.a);
	world_sweep(&pair.world);
}

/* b's home is a new one, and nothing has told the others of it. */
static void b_joins(void)
{
	device_close(&pair.b);
	device_open(&pair.b, &pair.world);
	device_join(&pair.b);
	device_new(&pair.b, "own", "was here before");
}

static void b_joins_behind_a_snapshot(void)
{
	b_was_away();
	b_joins();
}

static void statement_is_unheard(void)
{
	b_joins();
	dies_at_commit(&pair.b);
}

/* One of the two has seen what is no more there, the other works on and does not notice. */
static void bucket_goes_back(struct device *seer, struct device *other)
{
	struct bytes old = {0};

	(void)device_save(seer, "e0", "seen by both");
	assert_synced(seer);
	assert_synced(other);
	world_manifest(&pair.world, &old);
	(void)device_save(seer, "e0", "acknowledged, then rolled back");
	device_new(seer, "gone", "acknowledged, then rolled back");
	device_delete(seer, "e1");
	assert_synced(seer);
	world_manifest_set(&pair.world, view_bytes(&old));
	bytes_clear(&old);
	account_cache_clear(&seer->cache);
	account_cache_clear(&other->cache);
	pair.world.now_ms += 30000;
	(void)device_save(other, "e0", "on the branch");
	(void)device_save(other, "e3", "on the branch");
	assert_synced(other);
	(void)device_save(other, "e4", "unsynced there");
	(void)device_save(seer, "e4", "unsynced here");
	assert_engine(seer, device_sync(seer), ENGINE_ROLLBACK);
}

static void b_has_seen_more(void)
{
	bucket_goes_back(&pair.b, &pair.a);
}

static void a_resets(void)
{
	bucket_goes_back(&pair.a, &pair.b);
	pair.a.reseed = true;
	assert_synced(&pair.a);
	pair.a.reseed = false;
	assert_true(pair.a.totals.reset);
}

static void reset_is_unheard(void)
{
	b_has_seen_more();
	pair.b.reseed = true;
	dies_at_commit(&pair.b);
	pair.b.reseed = false;
}

static const struct scene loads[] = {
    {.name = "the first push", .prepare = account_is_new},
    {.name = "its own first load", .prepare = first_load_is_unheard},
    {.name = "its own load", .prepare = load_is_unheard},
    {.name = "its own load, and what follows", .prepare = load_is_unheard_for_long},
    {.name = "a load whose blobs are swept", .prepare = b_saves_much, .before = a_sweeps},
    {.name = "a load that loses its race", .prepare = b_saves_much, .before = a_is_faster},
    {.name = "a load is taken", .prepare = a_saves_much},
};
const struct scenes scenes_loads = {loads, COUNT_OF(loads)};

static const struct scene snapshots[] = {
    {.name = "one is made", .prepare = snapshot_is_due_at_b},
    {.name = "one in the place of a damaged one", .prepare = index_is_damaged},
    {.name = "one is taken", .prepare = b_was_away},
    {.name = "recovering", .prepare = b_joins},
    {.name = "recovering behind one", .prepare = b_joins_behind_a_snapshot},
    {.name = "its own statement", .prepare = statement_is_unheard},
};
const struct scenes scenes_snapshots = {snapshots, COUNT_OF(snapshots)};

static const struct scene resets[] = {
    {.name = "one is made", .prepare = b_has_seen_more, .reseed = true},
    {.name = "one is taken", .prepare = a_resets},
    {.name = "its own", .prepare = reset_is_unheard},
};
const struct scenes scenes_resets = {resets, COUNT_OF(resets)};
