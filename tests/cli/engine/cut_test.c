/*
 * tests/cli/engine/cut_test.c: how the state is cut: whatever it holds, and whatever its ids were
 * ground to, there are no more segments than an index can name; and what is too large for that is
 * told so before anything is sent. The journal claims to be larger than it is.
 */
#include "cli/engine/cut.h"
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static void no_ids_make_too_many_segments(void **state)
{
	static const uint64_t entries[] = {15, 100, 1000, 1u << 16, 300u << 10, ENTRY_MAX};
	uint64_t smallest = SEGMENTS_MAX;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		uint64_t last = 0;

		for (uint64_t bytes = MIB; bytes < CUT_BYTES_MAX; bytes += 7 * MIB) {
			uint64_t count = bytes / entries[i];
			uint64_t all = cut_bytes(count, bytes);
			struct cut cut;

			if (count == 0 || all > CUT_BYTES_MAX)
				continue;
			cut_for(count, bytes, &cut);
			assert_true(all / cut.floor + 1 <= SEGMENTS_MAX);
			/* The proof in make.c: what is cut for its bytes or rows has as much. */
			assert_true(2 * cut.floor <= ENTRY_MAX);
			assert_true(cut.floor <= cut_bytes(ROWS_COUNT_MAX - 1, 0));
			assert_true(cut.floor >= last);
			last = cut.floor;
			if (last == CUT_FLOOR_MAX && all / cut.floor + 1 < smallest)
				smallest = all / cut.floor + 1;
		}
	}
	assert_true(smallest > SEGMENTS_MAX / 2); /* the floor is no larger than it need be */
}

static void a_small_journal_is_cut_finely(void **state)
{
	struct cut cut;

	(void)state;
	cut_for(10000, 100 * MIB, &cut);
	assert_int_equal(cut.floor, 128u << 10);
	assert_int_equal(cut.mask, 31);
	cut_for(1, 1, &cut);
	assert_int_equal(cut.floor, 128u << 10);
	cut_for(0, 0, &cut);
	assert_int_equal(cut.mask, 0);
}

/* All devices cut alike: where one of them cut otherwise, each would put what is there. */
static void the_floor_and_the_mask_are_as_written(void **state)
{
	static const struct {
		const char *name;
		uint64_t count, bytes; /* with what stands beside the entries */
		uint64_t floor, mask;
	} rows[] = {
	    {"1,000 floors", 1, 125 * MIB, 128u << 10, 0},
	    {"one more", 1, 125 * MIB + (128u << 10), 256u << 10, 0},
	    {"1,000 of twice as much", 1, 250 * MIB + (128u << 10), 256u << 10, 0},
	    {"and one more", 1, 250 * MIB + (256u << 10), 512u << 10, 0},
	    {"four times", 1, 501 * MIB, 1u << 20, 0},
	    {"eight times", 1, 1001 * MIB, 2u << 20, 0},
	    {"as high as it goes", 1, 2003 * MIB, CUT_FLOOR_MAX, 0},
	    {"far above", 1, CUT_BYTES_MAX, CUT_FLOOR_MAX, 0},
	    {"128 of a target", 1024, 1024 * 4096, 128u << 10, 127},
	    {"not quite 128", 1024, 1024 * 4097, 128u << 10, 63},
	    {"one of a target", 2, 2 * (512u << 10), 128u << 10, 0},
	    {"two of one", 2, 2 * (256u << 10), 128u << 10, 1},
	    {"the floor is above the target", 1024, 1001 * MIB, 2u << 20, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cut cut;

		cut_for(rows[i].count, rows[i].bytes - rows[i].count * 64, &cut);
		if (cut.floor != rows[i].floor || cut.mask != rows[i].mask)
			fail_msg("%s: %llu, %llu", rows[i].name, (unsigned long long)cut.floor,
			    (unsigned long long)cut.mask);
	}
}

static struct {
	const struct journal_ops *real;
	struct journal_ops ops;
	uint64_t count, bytes; /* what is claimed of the state */
} vast;

static enum journal_result scan_open(void *self, enum journal_scan which,
    const struct digest *sent_frame, struct call *call, uint64_t *count_out, uint64_t *bytes_out)
{
	enum journal_result result =
	    vast.real->scan_open(self, which, sent_frame, call, count_out, bytes_out);

	if (which != JOURNAL_SCAN_LOSERS) {
		*count_out = vast.count;
		*bytes_out = vast.bytes;
	}
	return result;
}

static void claim(struct device *device, uint64_t count, uint64_t bytes)
{
	vast.real = device->engine.journal.ops;
	vast.ops = *vast.real;
	vast.ops.scan_open = scan_open;
	vast.count = count;
	vast.bytes = bytes;
	device->engine.journal.ops = &vast.ops;
}

#define LONG (300u << 10)
#define LONG_COUNT 24u

static void fill(struct device *device)
{
	static char text[LONG + 1];
	char id[16];

	memset(text, 'x', LONG);
	for (unsigned i = 0; i < LONG_COUNT; i++) {
		(void)snprintf(id, sizeof(id), "long%02u", i);
		device_new(device, id, text);
	}
}

/* 1,600 such entries are 480 MB: each was a segment, and there may be no more than 1,500. */
static void long_entries_share_segments(void **state)
{
	uint64_t floor = 512u << 10;

	(void)state;
	fill(&pair.a);
	claim(&pair.a, 1600, UINT64_C(1600) * LONG);
	assert_synced(&pair.a);
	assert_true(pair.a.puts > 2);
	assert_true(pair.a.puts - 1 <= LONG_COUNT * LONG / floor + 1); /* one is the index */
	assert_synced(&pair.b);
	pair.a.engine.journal.ops = vast.real;
	assert_same(&pair.a, &pair.b);
}

static void what_is_too_large_is_told_before_anything_is_sent(void **state)
{
	size_t objects = world_objects(&pair.world, "/b/");

	(void)state;
	fill(&pair.a);
	claim(&pair.a, 800, CUT_BYTES_MAX);
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_FAILED);
	assert_non_null(strstr(pair.a.call.message, "3747 MiB is what can be synced"));
	assert_non_null(strstr(pair.a.call.message, "another home"));
	assert_int_equal(pair.a.puts, 0);
	assert_int_equal(world_objects(&pair.world, "/b/"), objects);
	pair.a.engine.journal.ops = vast.real;
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_ids_make_too_many_segments),
    cmocka_unit_test(a_small_journal_is_cut_finely),
    cmocka_unit_test(the_floor_and_the_mask_are_as_written),
    cmocka_unit_test_setup_teardown(long_entries_share_segments, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	what_is_too_large_is_told_before_anything_is_sent, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
