/*
 * tests/cli/engine/sync_load_test.c: what is too large for a frame is a load.
 */
#include "cli/engine/facts.h"
#include "cli/engine/root.h"
#include "tests/cli/engine/pair.h"

#include <string.h>

/* Twelve entries of 100 KB at once: above 1 MiB. */
static void a_large_push_is_a_load(void **state)
{
	uint64_t seq = device_facts(&pair.a).head.seq;

	(void)state;
	pair_fill(&pair.a, 12, PAIR_LONG);
	pair.world.now_ms += 1000;
	(void)device_save(&pair.b, "e1", "unsent while the load comes");
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.pushed, 12);
	assert_int_equal(device_facts(&pair.a).head.seq, seq + 1);
	assert_int_equal(pair_snapshot_header().kind, FRAME_LOAD);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.pulled, 12);
	assert_int_equal(pair.b.totals.conflicts, 0);
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "unsent while the load comes");
	assert_same(&pair.a, &pair.b);
}

static void other_edit(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	device->before = NULL;
	(void)device_save(device->other, "e1", "faster than the load");
	assert_synced(device->other);
}

static void a_load_that_loses_its_race_is_made_again(void **state)
{
	(void)state;
	pair_fill(&pair.a, 12, PAIR_LONG);
	pair.a.before = other_edit;
	pair.a.other = &pair.b;
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "faster than the load");
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static void edit_on(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	device->before = NULL;
	(void)device_save(device, "long3", "edited while the load was sent");
}

static void an_edit_during_a_load_is_sent_after(void **state)
{
	(void)state;
	pair_fill(&pair.a, 12, PAIR_LONG);
	pair.a.before = edit_on;
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.pushed, 13);
	assert_synced(&pair.b);
	assert_content(&pair.b, "long3", "edited while the load was sent");
	assert_same(&pair.a, &pair.b);
}

/* What was stored for the load is no longer there when it is committed. */
/* b edits once more while its first push travels; of the second one all that is in it is in the log
 * by then, in the first of two loads. */
static void two_loads_come_first(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	if (++device->times == 1)
		(void)device_save(device, "e1", "the same on both");
	if (device->times != 2)
		return;
	(void)device_save(device->other, "e1", "the same on both");
	pair_fill(device->other, 12, PAIR_LONG);
	assert_synced(device->other);
	pair_fill(device->other, 12, PAIR_LONG);
	assert_synced(device->other);
}

/* The second load ends what follows the first: then the run is not at the head, and goes on. */
static void a_load_behind_a_load_is_pulled_in_the_same_run(void **state)
{
	(void)state;
	(void)device_save(&pair.b, "e2", "first");
	pair.b.other = &pair.a;
	pair.b.before = two_loads_come_first;
	pair.b.times = 0;
	assert_synced(&pair.b);
	pair.b.before = NULL;
	assert_int_equal(pair.b.times, 2);
	assert_int_equal(device_facts(&pair.b).head.seq, device_facts(&pair.a).head.seq);
	assert_int_equal(pair.b.totals.conflicts, 0);
	assert_same(&pair.a, &pair.b);
}

static void lose_what_was_sent(struct device *device, const struct sync_request *request)
{
	const struct journal *journal = &device->engine.journal;
	struct frame frame;

	if (request->frames_count == 0)
		return;
	assert_int_equal(frame_decode(request->frames[0], &frame), FORMAT_OK);
	assert_int_equal(frame.header.kind, FRAME_LOAD);
	device->times++;
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->sent_add(journal->self, &frame.hash, frame.header.seq, &device->call),
	    JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, &device->call), JOURNAL_OK);
}

/* A device's own load is no exception to comparing the root of what was applied. */
static void an_own_loads_root_is_compared(void **state)
{
	struct sync_facts before, after;

	(void)state;
	pair_fill(&pair.a, 24, PAIR_LONG);
	before = device_facts(&pair.a);
	pair.a.before = lose_what_was_sent;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROOT);
	pair.a.before = NULL;
	assert_int_equal(pair.a.times, 1);
	after = device_facts(&pair.a);
	assert_true(head_equal(&after.head, &before.head));
	assert_int_equal(device_counts(&pair.a).dirty_count, 24); /* all is kept */
}

/* What was stored for the load is another version of one entry when it is committed. */
static void change_what_was_sent(struct device *device, const struct sync_request *request)
{
	const struct journal *journal = &device->engine.journal;
	struct frame frame;

	lose_what_was_sent(device, request);
	if (request->frames_count == 0)
		return;
	assert_int_equal(frame_decode(request->frames[0], &frame), FORMAT_OK);
	(void)device_save(device, "long3", "edited while the load was sent");
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->sent_all_dirty(journal->self, &frame.hash, &device->call), JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, &device->call), JOURNAL_OK);
}

/* As many versions as were summed are not enough: they must be those. */
static void an_own_load_carries_what_was_summed(void **state)
{
	struct sync_facts before, after;

	(void)state;
	pair_fill(&pair.a, 24, PAIR_LONG);
	before = device_facts(&pair.a);
	pair.a.before = change_what_was_sent;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROOT);
	pair.a.before = NULL;
	after = device_facts(&pair.a);
	assert_true(head_equal(&after.head, &before.head));
	assert_int_equal(device_counts(&pair.a).dirty_count, 24);
}

/* A stored root that has left the state is seen before anything names it. */
static void a_load_of_another_state_than_the_roots_is_not_sent(void **state)
{
	static const uint8_t lanes[ROOT_SUM_LEN];
	const struct journal *journal = &pair.a.engine.journal;
	struct call *call = &pair.a.call;

	(void)state;
	pair_fill(&pair.a, 24, PAIR_LONG);
	assert_int_equal(journal->ops->begin(journal->self, call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->meta_set(journal->self, META_ROOT, view_of(lanes, sizeof(lanes)), call),
	    JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, call), JOURNAL_OK);
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROOT);
	assert_non_null(strstr(pair.a.call.message, "nothing was sent"));
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).head.seq, device_facts(&pair.a).head.seq);
}

static void sweep_twice(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	device->before = NULL;
	world_sweep(device->world);
	world_sweep(device->world);
	world_sweep(device->world);
}

static void blobs_swept_before_the_frame_are_put_again(void **state)
{
	(void)state;
	pair_fill(&pair.a, 12, PAIR_LONG);
	pair.a.before = sweep_twice;
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* Its statement landed; before it has heard of that, a load comes that covers it. */
static void a_statement_before_a_load_is_not_sent_again(void **state)
{
	static struct world world;
	static struct device a, c;

	(void)state;
	world_open(&world);
	device_open(&a, &world);
	device_create(&a);
	device_open(&c, &world);
	device_join(&c);
	c.dies_at_commit = true;
	assert_engine(&c, device_sync(&c), ENGINE_LATER);
	c.dies_at_commit = false;
	assert_true(device_facts(&c).recovering);
	device_new(&c, "c1", "c's own");
	pair_fill(&a, 8, 200000);
	assert_synced(&a);
	assert_synced(&c);
	assert_false(device_facts(&c).recovering);
	assert_synced(&a);
	assert_same(&a, &c);
	device_close(&a);
	device_close(&c);
	world_close(&world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	a_load_behind_a_load_is_pulled_in_the_same_run, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_large_push_is_a_load, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_that_loses_its_race_is_made_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_edit_during_a_load_is_sent_after, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_own_loads_root_is_compared, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_own_load_carries_what_was_summed, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_of_another_state_than_the_roots_is_not_sent, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	blobs_swept_before_the_frame_are_put_again, pair_setup, pair_teardown),
    cmocka_unit_test(a_statement_before_a_load_is_not_sent_again),
};

TEST_MAIN(tests)
