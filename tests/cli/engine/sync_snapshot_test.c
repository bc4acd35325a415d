/*
 * tests/cli/engine/sync_snapshot_test.c: when a snapshot is due, what it names again, and who
 * recovers from it.
 */
#include "cli/engine/segments.h"
#include "cli/engine/transaction.h"
#include "tests/cli/engine/pair.h"

#include <string.h>

static void a_snapshot_comes_after_a_mebibyte(void **state)
{
	struct frame_header header;

	(void)state;
	for (unsigned i = 0; i < 13; i++) {
		pair_save_synced(&pair.a, "e1", PAIR_LONG);
		assert_int_equal(pair.a.puts, 0);
	}
	pair_until_snapshot(&pair.a, "e1");
	header = pair_snapshot_header();
	assert_int_equal(header.kind, FRAME_SNAPSHOT);
	assert_true(header.covered.seq < header.seq);
	assert_int_equal(device_facts(&pair.a).log_bytes, 0);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* What the device knows of the log since the last snapshot: so many frames, so many bytes. */
static void log_is(struct device *device, uint64_t frames, uint64_t bytes, uint64_t snapshot_bytes)
{
	const struct journal *journal = &device->engine.journal;
	struct stored_facts facts;

	call_init(&device->call, INT64_MAX);
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_engine(device, facts_load(&device->engine, &device->call, &facts), ENGINE_OK);
	facts.public.snapshot_seq = facts.public.head.seq - frames;
	facts.public.log_bytes = bytes;
	facts.public.snapshot_bytes = snapshot_bytes;
	assert_engine(device,
	    engine_finish(&device->engine, facts_store(&device->engine, &facts, &device->call),
		&device->call),
	    ENGINE_OK);
}

/* Far enough in the log: a reset's place is above all that its maker has seen. */
static void skip_ahead(void)
{
	struct device *device = &pair.a;
	const struct journal *journal = &device->engine.journal;
	struct stored_facts facts;

	call_init(&device->call, INT64_MAX);
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_engine(device, facts_load(&device->engine, &device->call, &facts), ENGINE_OK);
	facts.public.known_head.seq = 20000;
	assert_engine(device,
	    engine_finish(&device->engine, facts_store(&device->engine, &facts, &device->call),
		&device->call),
	    ENGINE_OK);
	device->reseed = true;
	assert_synced(device);
	device->reseed = false;
	assert_true(device->totals.reset);
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).snapshot_seq, 20001);
}

/* Syncs, and says whether a snapshot came with it. */
static bool made_snapshot(struct device *device)
{
	uint64_t before = device_facts(device).snapshot_seq;
	uint64_t after;

	assert_synced(device);
	after = device_facts(device).snapshot_seq;
	if (after == before)
		return false;
	assert_int_equal(pair_snapshot_header().kind, FRAME_SNAPSHOT);
	assert_int_equal(after, pair_snapshot_header().seq);
	assert_int_equal(device_facts(device).log_bytes, 0);
	return true;
}

/* However light they are: who joins holds all that follow a snapshot. */
static void a_snapshot_comes_after_many_frames(void **state)
{
	(void)state;
	skip_ahead();
	log_is(&pair.a, LOG_FRAMES_MAX - 1, 0, 1u << 30);
	(void)device_save(&pair.a, "e1", "the last for which there is room");
	assert_false(made_snapshot(&pair.a));
	(void)device_save(&pair.a, "e1", "one more");
	assert_true(made_snapshot(&pair.a));
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).snapshot_seq, device_facts(&pair.a).snapshot_seq);
	assert_same(&pair.a, &pair.b);
}

/* However much the last one weighs. */
static void a_snapshot_comes_before_too_many_bytes(void **state)
{
	(void)state;
	log_is(&pair.a, 2, LOG_BYTES_MAX - 10000, 1u << 30);
	(void)device_save(&pair.a, "e1", "there is room");
	assert_false(made_snapshot(&pair.a));
	log_is(&pair.a, 2, LOG_BYTES_MAX, 1u << 30);
	(void)device_save(&pair.a, "e1", "now there is none");
	assert_true(made_snapshot(&pair.a));
}

/* Where those who push make none: perhaps one of them means harm. */
static void who_only_looks_makes_a_snapshot_that_is_long_due(void **state)
{
	(void)state;
	skip_ahead();
	log_is(&pair.b, 2 * LOG_FRAMES_MAX, 0, 1u << 30);
	assert_false(made_snapshot(&pair.b));
	log_is(&pair.b, 2 * LOG_FRAMES_MAX + 1, 0, 1u << 30);
	assert_true(made_snapshot(&pair.b));
	log_is(&pair.b, 1, 2 * LOG_BYTES_MIN, 0);
	assert_false(made_snapshot(&pair.b));
	log_is(&pair.b, 1, 2 * LOG_BYTES_MIN + 1, 0);
	assert_true(made_snapshot(&pair.b));
}

static void unchanged_segments_are_named_again(void **state)
{
	uint64_t all;

	(void)state;
	pair_fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	all = pair.a.puts;
	assert_true(all >= 6);
	pair_until_snapshot(&pair.a, "long7");
	assert_int_equal(pair_snapshot_header().kind, FRAME_SNAPSHOT);
	assert_true(pair.a.puts >= 2); /* the changed segment, and the index */
	assert_true(pair.a.puts <= 3);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* b made no snapshot so far: it learns the names of a's segments from a's index. */
static void segments_of_anothers_snapshot_are_learnt(void **state)
{
	(void)state;
	pair_fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	pair_until_snapshot(&pair.a, "long7");
	assert_synced(&pair.b);
	pair_until_snapshot(&pair.b, "long9");
	assert_int_equal(pair.b.gets, pair.b.puts + 1); /* what was put, read back; and a's index */
	assert_true(pair.b.puts <= 4);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

static void spoil_once(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)name;
	if (device->times++ == 0)
		blob->data[blob->len - 1] ^= 1;
}

/* A member may have made it so, or the store: who joins could not read it either. */
static void an_index_that_cannot_be_read_is_replaced(void **state)
{
	struct device c;

	(void)state;
	pair_fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	pair_until_snapshot(&pair.a, "long7");
	assert_synced(&pair.b);
	pair.b.got = spoil_once;
	pair.b.times = 0;
	pair_until_snapshot(&pair.b, "long9");
	assert_true(pair.b.times > 1);
	assert_true(pair.b.puts > 4); /* all segments anew */
	assert_int_equal(device_activity(&pair.b, ACTIVITY_WARNING), 1);
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_synced(&pair.b);
	assert_same(&pair.b, &c);
	device_close(&c);
}

static void a_device_recovers_from_a_snapshot_and_what_follows(void **state)
{
	struct device c;

	(void)state;
	pair_fill(&pair.a, 20, 40000);
	device_delete(&pair.a, "e2");
	assert_synced(&pair.a);
	pair_until_snapshot(&pair.a, "long7");
	(void)device_save(&pair.a, "e1", "after the snapshot");
	pair_save_synced(&pair.a, "e3", PAIR_LONG);
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_content(&c, "e1", "after the snapshot");
	assert_true(device_deleted(&c, "e2"));
	assert_int_equal(device_counts(&c).dirty_count, 0);
	assert_synced(&pair.a);
	assert_same(&pair.a, &c);
	device_close(&c);
}

/* The log ends where the snapshot's state was, before the frame that names it. */
static void cut_the_log(struct device *device, struct sync_answer *answer)
{
	(void)device;
	if (answer->status != SYNC_BEHIND)
		return;
	answer->status = SYNC_CURRENT;
	answer->head = pair_snapshot_header().covered;
	answer->frames_count = 0;
}

static void a_snapshot_that_the_log_does_not_lead_to_is_refused(void **state)
{
	struct device c;

	(void)state;
	pair_until_snapshot(&pair.a, "e1");
	device_open(&c, &pair.world);
	device_join(&c);
	c.answered = cut_the_log;
	assert_engine(&c, device_sync(&c), ENGINE_DAMAGED);
	assert_int_equal(device_counts(&c).entries_count, 0);
	assert_int_equal(device_facts(&c).head.seq, 0);
	c.answered = NULL;
	assert_synced(&c);
	assert_synced(&pair.a);
	assert_same(&pair.a, &c);
	device_close(&c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_snapshot_comes_after_a_mebibyte, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_snapshot_comes_after_many_frames, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_snapshot_comes_before_too_many_bytes, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	who_only_looks_makes_a_snapshot_that_is_long_due, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(unchanged_segments_are_named_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	segments_of_anothers_snapshot_are_learnt, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_index_that_cannot_be_read_is_replaced, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_recovers_from_a_snapshot_and_what_follows, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_snapshot_that_the_log_does_not_lead_to_is_refused, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
