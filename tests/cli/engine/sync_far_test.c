/*
 * tests/cli/engine/sync_far_test.c: devices that were away so long that the log they need is gone.
 */
#include "cli/engine/facts.h"
#include "cli/engine/root.h"
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <string.h>

/* b has fetched all segments of it, or has them itself: their names are known, its own next
 * snapshot asks for no index. */
static void segments_of_what_was_taken_are_known(void **state)
{
	(void)state;
	pair_fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	pair_far_behind();
	pair.b.answered = pair_note_far;
	assert_synced(&pair.b);
	pair.b.answered = NULL;
	assert_int_equal(pair.b.times, 1);
	pair_until_snapshot(&pair.b, "long9");
	assert_int_equal(pair.b.gets, pair.b.puts); /* what was put, read back */
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

/* One frame at a time, and as if that were all; after so many of them the remote has had enough. */
static void cut_short(struct device *device, struct sync_answer *answer)
{
	if (answer->status != SYNC_BEHIND)
		return;
	if (device->times-- == 0) {
		answer->status = SYNC_REFUSED;
		return;
	}
	answer->frames_count = 1;
	answer->more = false;
}

/* Whatever the answers say of more: nothing moves before the log has led to the head. */
static void what_follows_is_followed_to_the_head(void **state)
{
	struct head head;
	struct sync_facts facts;

	(void)state;
	pair_fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	head = device_facts(&pair.b).head;
	pair_far_behind();
	pair.b.answered = cut_short;
	pair.b.times = 3;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	facts = device_facts(&pair.b);
	assert_true(head_equal(&facts.head, &head));
	pair.b.times = UINT32_MAX;
	assert_synced(&pair.b);
	pair.b.answered = NULL;
	assert_same(&pair.a, &pair.b);
}

static void sweep_moves(struct device *device, struct sync_answer *answer)
{
	answer->sweep += ++device->times;
}

/* What is named is never there: it is missing only if nobody has swept since the last look. */
static void who_is_overtaken_by_sweeps_may_try_again(void **state)
{
	struct frame_header header;
	char key[BUCKET_KEY_MAX + 1];
	struct bucket_get get = {.key = key};
	struct bytes index = {0};
	struct bucket_tag tag;

	(void)state;
	pair_far_behind();
	header = pair_snapshot_header();
	world_blob_key(&pair.world, &header.blob, key);
	assert_int_equal(bucket_get(pair.a.bucket, &get, &pair.a.call, &index, &tag), BUCKET_OK);
	assert_int_equal(bucket_remove(pair.a.bucket, key, &pair.a.call), BUCKET_OK);
	pair.b.answered = sweep_moves;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_LATER);
	assert_non_null(strstr(pair.b.call.message, "swept"));
	pair.b.answered = NULL;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	assert_int_equal(
	    bucket_put(pair.a.bucket, &(struct bucket_put){.key = key, .data = view_bytes(&index)},
		&pair.a.call, &tag),
	    BUCKET_OK);
	bytes_clear(&index);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static void a_device_far_behind_fetches_what_differs(void **state)
{
	uint64_t all;

	(void)state;
	pair_fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	all = pair.a.puts;
	assert_synced(&pair.b);
	(void)device_save(&pair.a, "e4", "edited meanwhile");
	device_delete(&pair.a, "e2");
	pair_far_behind();
	pair.b.answered = pair_note_far;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.times, 1);
	assert_true(pair.b.gets < all); /* not all segments */
	assert_content(&pair.b, "e4", "edited meanwhile");
	assert_true(device_deleted(&pair.b, "e2"));
	assert_same(&pair.a, &pair.b);
}

/* Judged three ways, against the base that it had when it left. */
static void a_device_far_behind_keeps_its_edits(void **state)
{
	(void)state;
	pair_fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	(void)device_save(&pair.b, "e1", "b's alone");
	(void)device_save(&pair.b, "e2", "b's, against a deletion");
	device_delete(&pair.b, "e3");
	(void)device_save(&pair.b, "e4", "b's, the older");
	device_new(&pair.b, "new", "b's, and new");
	pair.world.now_ms += 1000000;
	device_delete(&pair.a, "e2");
	(void)device_save(&pair.a, "e3", "a's, against a deletion");
	(void)device_save(&pair.a, "e4", "a's, the later");
	pair_far_behind();
	pair.b.answered = pair_note_far;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.times, 1);
	assert_int_equal(pair.b.totals.conflicts, 1);
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "b's alone");
	assert_content(&pair.a, "e2", "b's, against a deletion");
	assert_false(device_deleted(&pair.a, "e2"));
	assert_content(&pair.a, "e3", "a's, against a deletion");
	assert_false(device_deleted(&pair.b, "e3"));
	assert_content(&pair.b, "e4", "a's, the later");
	assert_true(device_keeps(&pair.a, "e4", HISTORY_LOSER, "b's, the older"));
	assert_content(&pair.a, "new", "b's, and new");
	assert_same(&pair.a, &pair.b);
}

static void a_device_far_behind_asks_before_it_deletes(void **state)
{
	char id[16];
	struct head head;
	struct sync_facts facts;

	(void)state;
	pair_fill(&pair.a, 20, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	head = device_facts(&pair.b).head;
	for (unsigned i = 8; i < 20; i++) {
		(void)snprintf(id, sizeof(id), "long%u", i);
		device_delete(&pair.a, id);
	}
	assert_engine(&pair.a, device_sync_with(&pair.a, true), ENGINE_OK);
	pair_far_behind();
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_BRAKE);
	assert_int_equal(pair.b.totals.deletions, 12);
	facts = device_facts(&pair.b);
	assert_true(head_equal(&facts.head, &head));
	assert_int_equal(device_counts(&pair.b).entries_count, 25);
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_OK);
	assert_same(&pair.a, &pair.b);
}

/* Any blob on the way, changed: nothing moves. */
static void a_device_far_behind_takes_all_or_nothing(void **state)
{
	struct head head;
	unsigned refused = 0;

	(void)state;
	pair_fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	head = device_facts(&pair.b).head;
	(void)device_save(&pair.b, "e1", "unsent");
	pair_far_behind();
	pair.b.got = pair_flip_blob;
	for (unsigned i = 0; i < 8; i++) {
		struct sync_facts facts;

		pair.b.times = i;
		if (device_sync(&pair.b) == ENGINE_OK)
			break;
		refused++;
		facts = device_facts(&pair.b);
		assert_true(head_equal(&facts.head, &head));
		assert_content(&pair.b, "e0", "as it was at first");
		assert_content(&pair.b, "e1", "unsent");
		assert_int_equal(device_counts(&pair.b).dirty_count, 1);
	}
	assert_true(refused >= 2); /* the index, and a segment at least */
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

/* A device whose journal has lost an entry, cloud and all, and whose root agrees with that. */
static void lose_entry(struct device *device, const char *id)
{
	const struct journal *journal = &device->engine.journal;
	struct digest version = device_version(device, id);
	struct root_sum sum = {{0}};
	uint8_t lanes[ROOT_SUM_LEN];
	struct bytes stored = {0};
	struct call *call = &device->call;
	struct view name = view_text(id);

	assert_int_equal(journal->ops->begin(journal->self, call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->meta_get(journal->self, META_ROOT, call, &stored), JOURNAL_OK);
	assert_true(root_load(view_bytes(&stored), &sum));
	root_remove(&sum, name, &version);
	root_store(&sum, lanes);
	assert_int_equal(
	    journal->ops->meta_set(journal->self, META_ROOT, view_of(lanes, sizeof(lanes)), call),
	    JOURNAL_OK);
	assert_int_equal(
	    journal->ops->cloud_set(journal->self, name, NULL, NULL, 0, 0, call), JOURNAL_OK);
	assert_int_equal(journal->ops->base_set(journal->self, name, NULL, call), JOURNAL_OK);
	assert_int_equal(journal->ops->local_set(journal->self, name, NULL, call), JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, call), JOURNAL_OK);
	bytes_clear(&stored);
}

static void assert_kept(struct device *device, const struct head *head)
{
	struct sync_facts facts = device_facts(device);

	assert_true(head_equal(&facts.head, head));
	assert_content(device, "e3", "as it was at first");
	assert_content(device, "e1", "unsent");
	assert_int_equal(device_counts(device).dirty_count, 1);
}

static void absence_in_a_load_is_no_deletion(void **state)
{
	struct head head = device_facts(&pair.b).head;

	(void)state;
	lose_entry(&pair.a, "e3");
	pair_fill(&pair.a, 12, PAIR_LONG);
	assert_synced(&pair.a);
	(void)device_save(&pair.b, "e1", "unsent");
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_ROOT);
	assert_kept(&pair.b, &head);
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_ROOT);
	assert_kept(&pair.b, &head);
}

static void absence_in_a_snapshot_is_no_deletion(void **state)
{
	struct head head;

	(void)state;
	pair_fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	head = device_facts(&pair.b).head;
	(void)device_save(&pair.b, "e1", "unsent");
	lose_entry(&pair.a, "e3");
	pair_far_behind();
	pair.b.answered = pair_note_far;
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_ROOT);
	assert_int_equal(pair.b.times, 1);
	assert_kept(&pair.b, &head);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	what_follows_is_followed_to_the_head, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	segments_of_what_was_taken_are_known, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	who_is_overtaken_by_sweeps_may_try_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_far_behind_fetches_what_differs, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_device_far_behind_keeps_its_edits, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_far_behind_asks_before_it_deletes, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_far_behind_takes_all_or_nothing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(absence_in_a_load_is_no_deletion, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	absence_in_a_snapshot_is_no_deletion, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
