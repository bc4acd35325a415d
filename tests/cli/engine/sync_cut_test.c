/*
 * tests/cli/engine/sync_cut_test.c: several blobs under way at once; uploads and pulls that break
 * off, and go on.
 */
#include "cli/engine/transfers.h"
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <string.h>

#define STAGED 36u /* long entries: segments enough for some to be staged before the rest comes */

/* The second blob does not arrive; the first needs not be sent again. */
static void a_broken_upload_goes_on_where_it_stopped(void **state)
{
	uint64_t all;

	(void)state;
	pair_fill(&pair.a, 24, PAIR_LONG);
	assert_synced(&pair.a);
	all = pair.a.puts;
	assert_true(all >= 4);
	pair_fill(&pair.a, 24, PAIR_LONG); /* again, all of it changed */
	pair.a.got = pair_flip_blob;       /* what was put does not come back: the third blob */
	pair.a.times = 2;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_DAMAGED);
	assert_in_range(pair.a.puts, 3, 2 + SYNC_FLIGHTS_MAX);
	assert_true(device_counts(&pair.a).dirty_count == 24);
	pair.a.got = NULL;
	assert_synced(&pair.a);
	assert_int_equal(pair.a.puts, all - 2);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* Several at a time, and not more than the bound, by number and by bytes. */
static void blobs_are_under_way_together(void **state)
{
	(void)state;
	pair_fill(&pair.a, 24, 150000);
	assert_synced(&pair.a);
	assert_in_range(pair.a.under_way, 3, SYNC_FLIGHTS_MAX);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.under_way, SYNC_FLIGHTS_MAX);
	assert_same(&pair.a, &pair.b);
	assert_true(pair.a.under_way_bytes <= TRANSFERS_BYTES_MAX + ENTRY_MAX);
	for (unsigned i = 0; i < 3; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "huge%u", i);
		pair_save_long(&pair.a, id, 3u << 20);
	}
	assert_synced(&pair.a);
	assert_in_range(
	    pair.a.under_way_bytes, TRANSFERS_BYTES_MAX, TRANSFERS_BYTES_MAX + ENTRY_MAX);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* Blobs fail while others are under way: the run ends, the next goes on. */
static void a_failure_among_several_ends_the_run(void **state)
{
	(void)state;
	for (unsigned round = 0; round < SYNC_FLIGHTS_MAX; round += 2) {
		pair_fill(&pair.a, 24, PAIR_LONG);
		pair.a.got = pair_flip_blob;
		pair.a.times = round;
		assert_engine(&pair.a, device_sync(&pair.a), ENGINE_DAMAGED);
		pair.a.got = NULL;
		assert_synced(&pair.a);
		pair.b.got = pair_flip_blob;
		pair.b.times = round;
		assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
		pair.b.got = NULL;
		assert_synced(&pair.b);
		assert_same(&pair.a, &pair.b);
	}
}

/* What was fetched and staged before the cut is not fetched again. */
static void a_broken_pull_goes_on_where_it_stopped(void **state)
{
	uint64_t all;

	(void)state;
	pair_fill(&pair.a, STAGED, PAIR_LONG);
	assert_synced(&pair.a);
	all = pair.a.gets; /* what was read back, and the index */
	assert_true(all >= 10);
	pair.b.got = pair_flip_blob;
	pair.b.times = (unsigned)all - 2;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	assert_int_equal(device_counts(&pair.b).entries_count, 5);
	device_restart(&pair.b);
	pair.b.got = NULL;
	assert_synced(&pair.b);
	assert_in_range(pair.b.gets, 3, all - 4);
	assert_same(&pair.a, &pair.b);
}

/* … but for a state that does not hold: what was staged of it is fetched again, all of it. */
static void what_was_staged_wrong_is_fetched_anew(void **state)
{
	(void)state;
	pair_fill(&pair.a, 12, PAIR_LONG);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	pair_save_synced(&pair.a, "large", 1200u << 10);
	pair.b.got = pair_flip_blob; /* what is b's own is staged, what is not does not come */
	pair.b.times = 1;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair.b.got = NULL;
	device_sql(&pair.b,
	    "UPDATE staged SET version = (SELECT local FROM entries WHERE id = 'e1')"
	    " WHERE id = (SELECT max(id) FROM staged)");
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_ROOT);
	assert_non_null(strstr(pair.b.call.message, "everything here is kept"));
	assert_false(device_has(&pair.b, "large"));
	assert_synced(&pair.b);
	assert_true(device_has(&pair.b, "large"));
	assert_same(&pair.a, &pair.b);
}

/* … but only for the very same index. */
static void a_broken_pull_of_another_state_begins_anew(void **state)
{
	(void)state;
	pair_fill(&pair.a, STAGED, PAIR_LONG);
	assert_synced(&pair.a);
	pair.b.got = pair_flip_blob;
	pair.b.times = (unsigned)pair.a.gets - 2;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair_fill(&pair.a, STAGED, PAIR_LONG);
	device_delete(&pair.a, "long7");
	assert_synced(&pair.a);
	pair.b.got = NULL;
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* … and what was staged of one that has since gone for good is in nobody's way. */
static void a_broken_pull_of_what_was_purged_begins_anew(void **state)
{
	(void)state;
	device_new(&pair.a, "gone", "in the first segment");
	pair_fill(&pair.a, STAGED, PAIR_LONG);
	assert_synced(&pair.a);
	pair.b.got = pair_flip_blob;
	pair.b.times = (unsigned)pair.a.gets - 2;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair.b.got = NULL;
	device_delete(&pair.a, "gone");
	assert_synced(&pair.a);
	pair.world.now_ms += 181 * INT64_C(86400000);
	(void)device_save(&pair.a, "e0", "half a year later");
	assert_synced(&pair.a);
	assert_false(device_has(&pair.a, "gone"));
	pair_far_behind();
	pair.b.answered = pair_note_far;
	pair.b.times = 0;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.times, 1);
	assert_false(device_has(&pair.b, "gone"));
	assert_same(&pair.a, &pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	a_broken_upload_goes_on_where_it_stopped, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blobs_are_under_way_together, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_failure_among_several_ends_the_run, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_broken_pull_goes_on_where_it_stopped, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	what_was_staged_wrong_is_fetched_anew, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_broken_pull_of_another_state_begins_anew, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_broken_pull_of_what_was_purged_begins_anew, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
