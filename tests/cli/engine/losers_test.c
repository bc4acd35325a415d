/*
 * tests/cli/engine/losers_test.c: losers' segments: what lost a conflict stands in the history of
 * who joined by a snapshot, or was far behind, too; for 30 days.
 */
#include "cli/engine/losers.h"
#include "cli/engine/version.h"
#include "schemas/cbor.h"
#include "schemas/patch.h"
#include "tests/cli/engine/engine_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

struct pair {
	struct world world;
	struct device a, b, c;
};

static struct pair pair;

/* b's edit of e3 is the later one; a's is the loser, and both have it in their history. */
static int pair_setup(void **state)
{
	devices_pair(&pair.world, &pair.a, &pair.b, 5);
	(void)device_save(&pair.a, "e3", "by a, the loser");
	pair.world.now_ms += 600000;
	(void)device_save(&pair.b, "e3", "by b");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	device_open(&pair.c, &pair.world);
	*state = &pair;
	return 0;
}

static int pair_teardown(void **state)
{
	(void)state;
	device_close(&pair.a);
	device_close(&pair.b);
	device_close(&pair.c);
	world_close(&pair.world);
	return 0;
}

/* Above 1 MiB at once: a load. */
static void push_load(struct device *device, const char *prefix)
{
	char id[24];

	for (unsigned i = 0; i < 12; i++) {
		char *text = made_text(&pair.world.made, 100000);

		(void)snprintf(id, sizeof(id), "%s%u", prefix, i);
		device_new(device, id, text);
		free(text);
	}
	assert_synced(device);
}

struct found {
	size_t count;
	struct store_history row;
};

static bool see_loser(void *self, const struct store_history *row)
{
	struct found *found = self;

	if (row->kind == HISTORY_LOSER) {
		found->count++;
		found->row = *row;
	}
	return true;
}

static struct found loser_of(struct device *device)
{
	struct found found = {0};

	assert_int_equal(
	    store_history(device->store, view_text("e3"), see_loser, &found, &device->call),
	    JOURNAL_OK);
	return found;
}

/* Once, by the same author, at the time of the frame that carried it. */
static void assert_same_loser(struct device *device)
{
	struct found want = loser_of(&pair.a);
	struct found have = loser_of(device);

	assert_int_equal(want.count, 1);
	assert_int_equal(have.count, 1);
	assert_memory_equal(have.row.version.bytes, want.row.version.bytes, DIGEST_LEN);
	assert_true(device_equal(&have.row.author, &pair.a.keys.id));
	assert_int_equal(have.row.at_ms, want.row.at_ms);
}

static void all_devices_file_a_loser_alike(void **state)
{
	(void)state;
	assert_same_loser(&pair.a);
	assert_same_loser(&pair.b);
}

static void who_joins_by_a_load_has_the_losers(void **state)
{
	(void)state;
	push_load(&pair.a, "long");
	device_join(&pair.c);
	assert_synced(&pair.c);
	assert_true(device_keeps(&pair.c, "e3", HISTORY_LOSER, "by a, the loser"));
	assert_same_loser(&pair.c);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.c);
}

/* A device that met the patch knows the loser; another that was far behind does not. */
static void who_was_far_behind_has_them_once(void **state)
{
	(void)state;
	device_join(&pair.c);
	assert_synced(&pair.c);
	pair.world.now_ms += 600000;
	(void)device_save(&pair.b, "e4", "by b, the loser");
	pair.world.now_ms += 600000;
	(void)device_save(&pair.a, "e4", "by a, the later");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	for (unsigned i = 0; i < 12; i++) { /* packs, and a load behind which they are swept */
		char *text = made_text(&pair.world.made, 3000);

		(void)device_save(&pair.b, "e0", text);
		free(text);
		assert_synced(&pair.b);
	}
	push_load(&pair.b, "long");
	for (unsigned i = 0; i < 12; i++) {
		char *text = made_text(&pair.world.made, 3000);

		(void)device_save(&pair.b, "e0", text);
		free(text);
		assert_synced(&pair.b);
	}
	world_sweep(&pair.world);
	account_cache_clear(&pair.c.cache);
	assert_synced(&pair.c);
	assert_true(device_keeps(&pair.c, "e4", HISTORY_LOSER, "by b, the loser"));
	assert_same_loser(&pair.c); /* of e3: it had that one */
	assert_synced(&pair.b);
	assert_same(&pair.b, &pair.c);
}

static void after_thirty_days_they_are_dropped(void **state)
{
	(void)state;
	pair.world.now_ms += 30 * DAY_MS;
	push_load(&pair.a, "long");
	device_join(&pair.c);
	assert_synced(&pair.c);
	assert_same_loser(&pair.c);
	pair.world.now_ms += 1;
	assert_synced(&pair.a);
	push_load(&pair.a, "more");
	device_close(&pair.c);
	device_open(&pair.c, &pair.world);
	device_join(&pair.c);
	assert_synced(&pair.c);
	assert_int_equal(loser_of(&pair.c).count, 0);
	assert_int_equal(loser_of(&pair.a).count, 1); /* a history is not cut */
}

/* What has not gone into any patch yet goes into one, not past it. */
static void what_no_patch_carried_is_in_no_segment(void **state)
{
	(void)state;
	assert_true(device_keeps(&pair.b, "e3", HISTORY_LOSER, "by a, the loser"));
	pair.world.now_ms += 600000;
	(void)device_save(&pair.a, "e3", "by a, older");
	pair.world.now_ms += 600000;
	(void)device_save(&pair.b, "e3", "by b, newer");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(loser_of(&pair.b).count, 2);
	push_load(&pair.b, "long");
	device_join(&pair.c);
	assert_synced(&pair.c);
	assert_int_equal(loser_of(&pair.c).count, 2);
}

/* An editor was held open while its entry moved, before there was any account. */
static void what_lost_before_sync_was_on_is_carried(void **state)
{
	struct digest first;
	struct version version = {0};
	struct edit_outcome outcome;

	(void)state;
	device_new(&pair.c, "x", "first");
	first = device_version(&pair.c, "x");
	pair.world.now_ms += 600000;
	(void)device_save(&pair.c, "x", "second, the loser");
	pair.world.now_ms += 600000;
	assert_engine(&pair.c,
	    version_load(&pair.c.engine, view_text("x"), &first, &pair.c.call, &version),
	    ENGINE_OK);
	version.entry.content = view_text("third");
	assert_engine(&pair.c,
	    edit_save(&pair.c.engine, &version.entry, &first, &pair.c.call, &outcome), ENGINE_OK);
	version_clear(&version);
	assert_true(outcome.conflict);
	device_join(&pair.c);
	assert_synced(&pair.c);
	assert_synced(&pair.a);
	assert_content(&pair.a, "x", "third");
	assert_true(device_keeps(&pair.a, "x", HISTORY_LOSER, "second, the loser"));
}

static bool flip_losers; /* else the blob is only counted */
static unsigned losers_seen;

static void meet_losers(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	static struct blob_name names[SEGMENTS_MAX];
	struct blob decoded;

	(void)device;
	(void)name;
	if (blob_decode(view_bytes(blob), names, &decoded) != FORMAT_OK ||
	    decoded.header.kind != BLOB_LOSERS)
		return;
	losers_seen++;
	if (flip_losers)
		blob->data[blob->len - 1] ^= 1;
}

static void a_changed_losers_segment_is_refused(void **state)
{
	(void)state;
	push_load(&pair.a, "long");
	device_join(&pair.c);
	pair.c.got = meet_losers;
	flip_losers = true;
	losers_seen = 0;
	assert_engine(&pair.c, device_sync(&pair.c), ENGINE_DAMAGED);
	assert_int_equal(losers_seen, 1);
	assert_false(device_has(&pair.c, "e3"));
	assert_int_equal(loser_of(&pair.c).count, 0);
	flip_losers = false;
	assert_synced(&pair.c);
	assert_same_loser(&pair.c);
}

/* The maker of the next snapshot names the same segment again: it is not sealed, or put, anew. */
static void an_unchanged_segment_is_named_again(void **state)
{
	size_t puts;

	(void)state;
	push_load(&pair.a, "long");
	pair.a.got = meet_losers;
	losers_seen = 0;
	flip_losers = false;
	push_load(&pair.a, "more");
	puts = pair.a.puts;
	assert_true(puts > 0);
	assert_int_equal(losers_seen, 0); /* what is put is read back */
	assert_synced(&pair.b);
	push_load(&pair.b, "else");
	device_join(&pair.c);
	assert_synced(&pair.c);
	assert_same_loser(&pair.c);
}

/* A device that stands just before a load has met the losers in the log. */
static void who_stands_before_a_load_fetches_none(void **state)
{
	(void)state;
	push_load(&pair.a, "long");
	pair.b.got = meet_losers;
	losers_seen = 0;
	flip_losers = false;
	assert_synced(&pair.b);
	assert_int_equal(losers_seen, 0);
	assert_same_loser(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* A losers' segment of count rows, of entries "x0", "x1"… */
static void losers_segment(struct buffer *plain, unsigned count)
{
	buffer_init(plain, SEGMENT_PLAIN_MAX);
	cbor_put_array(plain, count);
	for (unsigned i = 0; i < count; i++) {
		char id[16];
		struct entry entry = {.collection = view_text("journal"),
		    .title = view_text(""),
		    .content = view_text("lost"),
		    .created_at = view_text(""),
		    .updated_at = view_text("")};
		struct bytes encoded = {0};
		struct row row = {.author = pair.a.keys.id, .time_ms = pair.world.now_ms};

		(void)snprintf(id, sizeof(id), "x%u", i);
		entry.id = view_text(id);
		assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
		row.entry = view_bytes(&encoded);
		row_put(plain, &row, true);
		bytes_clear(&encoded);
	}
	assert_false(plain->failed);
}

/* A member's snapshot may name any number of them: nothing is refused for it. */
static void losers_beyond_the_bound_are_left_out(void **state)
{
	static struct losers losers;
	struct replica run = {.engine = &pair.c.engine, .call = &pair.c.call};
	const struct journal *journal = &pair.c.engine.journal;
	struct buffer plain;

	(void)state;
	call_init(&pair.c.call, INT64_MAX);
	losers_segment(&plain, 3);
	losers_init(&losers);
	/* As if so many were held already that two more have room. */
	assert_non_null(buffer_extend(&losers.rows, LOSERS_ROWS_MAX - 2 * losers_row_len(2)));
	assert_int_equal(journal->ops->begin(journal->self, &pair.c.call), JOURNAL_OK);
	assert_engine(&pair.c, losers_read(&losers, &run, buffer_view(&plain)), ENGINE_OK);
	assert_int_equal(losers.count, 2);
	assert_true(losers.full);
	assert_engine(&pair.c, losers_read(&losers, &run, buffer_view(&plain)), ENGINE_OK);
	assert_int_equal(losers.count, 2);
	assert_true(losers.rows.len <= LOSERS_ROWS_MAX);
	journal->ops->rollback(journal->self);
	losers_clear(&losers);
	buffer_clear(&plain);
}

/* The losers' scan, with as many as have room between the newest and what follows. */
static struct {
	const struct journal_ops *real;
	struct journal_ops ops;
	bool losers;
	size_t given;
} flood;

#define FLOOD_COUNT (LOSERS_ROWS_MAX / losers_row_len(ENTRY_ID_MAX))

static enum journal_result flood_open(void *self, enum journal_scan which,
    const struct digest *sent_frame, struct call *call, uint64_t *count_out, uint64_t *bytes_out)
{
	flood.losers = which == JOURNAL_SCAN_LOSERS;
	flood.given = 0;
	return flood.real->scan_open(self, which, sent_frame, call, count_out, bytes_out);
}

static enum journal_result flood_next(void *self, struct call *call, struct journal_row *out)
{
	static uint8_t id[ENTRY_ID_MAX];

	if (!flood.losers || flood.given++ == 0 || flood.given > FLOOD_COUNT + 1)
		return flood.real->scan_next(self, call, out);
	*out = (struct journal_row){.cloud_ms = pair.world.now_ms};
	assert_true(bytes_copy(view_of(id, sizeof(id)), &out->id));
	return JOURNAL_OK;
}

static void the_oldest_stay_out_of_a_flood(void **state)
{
	(void)state;
	pair.world.now_ms += 600000;
	(void)device_save(&pair.b, "e4", "by b, the loser");
	pair.world.now_ms += 600000;
	(void)device_save(&pair.a, "e4", "by a, the later");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	flood.real = pair.a.engine.journal.ops;
	flood.ops = *flood.real;
	flood.ops.scan_open = flood_open;
	flood.ops.scan_next = flood_next;
	pair.a.engine.journal.ops = &flood.ops;
	push_load(&pair.a, "long");
	assert_int_equal(flood.given, FLOOD_COUNT + 1);
	pair.a.engine.journal.ops = flood.real;
	device_join(&pair.c);
	assert_synced(&pair.c);
	assert_true(device_keeps(&pair.c, "e4", HISTORY_LOSER, "by b, the loser"));
	assert_int_equal(loser_of(&pair.c).count, 0); /* of e3 */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	losers_beyond_the_bound_are_left_out, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(the_oldest_stay_out_of_a_flood, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(all_devices_file_a_loser_alike, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(who_joins_by_a_load_has_the_losers, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(who_was_far_behind_has_them_once, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(after_thirty_days_they_are_dropped, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	what_no_patch_carried_is_in_no_segment, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	what_lost_before_sync_was_on_is_carried, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_changed_losers_segment_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_unchanged_segment_is_named_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	who_stands_before_a_load_fetches_none, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
