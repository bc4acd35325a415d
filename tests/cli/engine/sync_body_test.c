/*
 * tests/cli/engine/sync_body_test.c: bodies apart from their frames, and entries and losers as long
 * as they may be.
 */
#include "tests/cli/engine/pair.h"

#include <string.h>

static void a_long_edit_is_a_body_and_one_exchange(void **state)
{
	struct digest version;

	(void)state;
	pair_save_long(&pair.a, "e1", PAIR_LONG);
	pair.a.counts = (struct bucket_counts){0};
	assert_synced(&pair.a);
	assert_int_equal(pair.a.exchanges, 1);
	assert_int_equal(pair.a.puts, 0);       /* no blob apart: it goes with the frame */
	assert_int_equal(pair.a.counts.put, 2); /* the body, and the manifest */
	assert_true(pair.a.counts.bytes_up < PAIR_LONG);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.gets, 0);
	version = device_version(&pair.a, "e1");
	assert_memory_equal(device_version(&pair.b, "e1").bytes, version.bytes, DIGEST_LEN);
	assert_same(&pair.a, &pair.b);
}

static void a_body_left_out_is_fetched(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e2", "short");
	assert_synced(&pair.a);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	(void)device_save(&pair.b, "e3", "unsent, and in the way of nothing");
	pair.b.answered = pair_leave_bodies_out;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.gets, 2);
	assert_int_equal(pair.b.totals.conflicts, 0);
	pair.b.answered = NULL;
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

static void count_pushes(struct device *device, const struct sync_request *request)
{
	device->times += request->frames_count > 0;
}

/* More answers than lost races are borne; and the edit is not sent along each time. */
static void catching_up_is_no_lost_race(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65; i++)
		pair_save_synced(&pair.a, "e1", 6000);
	(void)device_save(&pair.b, "e3", "unsent");
	pair.b.answered = pair_leave_bodies_out;
	pair.b.before = count_pushes;
	assert_synced(&pair.b);
	pair.b.answered = NULL;
	pair.b.before = NULL;
	assert_int_equal(pair.b.times, 2);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

/* Also while a device that recovers follows the log after the load. */
static void bodies_left_out_are_fetched_while_recovering(void **state)
{
	struct device c;

	(void)state;
	(void)device_save(&pair.a, "e2", "short");
	assert_synced(&pair.a);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	device_open(&c, &pair.world);
	device_join(&c);
	c.answered = pair_leave_bodies_out;
	assert_synced(&c);
	c.answered = NULL;
	assert_synced(&pair.a);
	assert_same(&pair.a, &c);
	device_close(&c);
}

static void flip_body(struct device *device, struct sync_answer *answer)
{
	(void)device;
	if (answer->bodies_count > 0)
		answer->bodies[0].blob.len -= 1;
}

static void a_changed_body_is_refused(void **state)
{
	struct sync_facts before = device_facts(&pair.b);
	struct sync_facts after;

	(void)state;
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	pair.b.answered = flip_body;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair.b.answered = pair_leave_bodies_out;
	pair.b.got = pair_flip_blob;
	pair.b.times = 0;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	after = device_facts(&pair.b);
	assert_true(head_equal(&before.head, &after.head));
	assert_content(&pair.b, "e1", "as it was at first");
	pair.b.answered = NULL;
	pair.b.got = NULL;
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* As long as an entry may be, with a short id and no time. */
static void import_longest(struct device *device)
{
	static char text[ENTRY_MAX];
	struct entry entry = {.id = view_text("x"),
	    .collection = view_text("journal"),
	    .title = view_text("t"),
	    .content = view_of(text, CONTENT_MAX),
	    .created_at = view_text("")};
	char updated_at[TIME_PRINT_MAX];
	enum import_outcome outcome;
	size_t len = ENTRY_MAX - CONTENT_MAX - 1024;
	struct bytes encoded = {0};

	memset(text, '1', sizeof(text));
	time_print_ms(device->world->now_ms, updated_at);
	entry.updated_at = view_text(updated_at);
	entry.extra[0] = (struct entry_extra){view_text("a"), view_of(text, len)};
	entry.extra_count = 1;
	for (size_t step = 512; step > 0; step /= 2) {
		entry.extra[0].json.len = len + step;
		if (entry_encode(&entry, &encoded) == FORMAT_OK)
			len += step;
		bytes_clear(&encoded);
	}
	assert_in_range(len, ENTRY_MAX - CONTENT_MAX - 512, ENTRY_MAX - CONTENT_MAX - 396);
	entry.extra[0].json.len = len;
	call_init(&device->call, INT64_MAX);
	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_engine(
	    device, import_entry(&device->engine, &entry, &device->call, &outcome), ENGINE_OK);
	assert_engine(device, import_commit(&device->engine, 1, 0, &device->call), ENGINE_OK);
}

/* Its copy names what it is of, and a deletion when it was: both make it longer. */
static void the_longest_entry_is_copied_and_deleted(void **state)
{
	(void)state;
	device_new(&pair.a, "x", "first");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	pair.world.now_ms += 1000;
	import_longest(&pair.b);
	assert_synced(&pair.b);
	pair.world.now_ms += 1000;
	(void)device_save(&pair.a, "x", "within two minutes");
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.conflicts, 1);
	assert_content(&pair.a, "x", "within two minutes");
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
	pair.world.now_ms += 1000000;
	import_longest(&pair.b);
	device_delete(&pair.b, "x");
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_true(device_deleted(&pair.a, "x"));
	assert_same(&pair.a, &pair.b);
}

/* Two losers of 3 MiB do not fit one frame: they go one after the other. */
static void large_losers_travel_one_by_one(void **state)
{
	const size_t len = 3u << 20;

	(void)state;
	pair_save_long(&pair.b, "e1", len);
	pair_save_long(&pair.b, "e2", len);
	pair.world.now_ms += 1000000;
	(void)device_save(&pair.a, "e1", "the later");
	(void)device_save(&pair.a, "e2", "the later");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.conflicts, 2);
	assert_int_equal(device_counts(&pair.b).losers_count, 0);
	assert_synced(&pair.a);
	assert_int_equal(device_history(&pair.a, "e1", HISTORY_LOSER), 1);
	assert_int_equal(device_history(&pair.a, "e2", HISTORY_LOSER), 1);
	assert_same(&pair.a, &pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	a_long_edit_is_a_body_and_one_exchange, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_body_left_out_is_fetched, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(catching_up_is_no_lost_race, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	bodies_left_out_are_fetched_while_recovering, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_changed_body_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	the_longest_entry_is_copied_and_deleted, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(large_losers_travel_one_by_one, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
