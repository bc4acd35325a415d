/*
 * tests/cli/engine/stage_test.c: the stage: what is held until it is full, what a later run goes on
 * with, by the marks that an earlier one left, and what it forgets; and a disk that is full at each
 * call.
 */
#include "cli/engine/blob_open.h"
#include "cli/engine/stage.h"
#include "tests/cli/engine/failing_journal.h"
#include "tests/each.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_BYTES (2u << 20) /* what a cut may have fetched again, at most one segment more */

static struct world world;
static struct device device;
static struct replica run;
static struct stage stage;
static const struct digest index_hash = {{1, 2, 3}};
static const struct digest other_index = {{1, 2, 4}};

static int setup(void **state)
{
	(void)state;
	world_open(&world);
	device_open(&device, &world);
	run = (struct replica){.engine = &device.engine, .call = &device.call};
	stage = (struct stage){0};
	call_init(&device.call, INT64_MAX);
	assert_int_equal(device.engine.journal.ops->begin(device.store, &device.call), JOURNAL_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stage_clear(&stage);
	device.engine.journal.ops->rollback(device.store);
	device_close(&device);
	world_close(&world);
	return 0;
}

static struct digest run_at(size_t at)
{
	return (struct digest){{0xAA, (uint8_t)at, (uint8_t)(at >> 8)}};
}

/* A fetched segment with one row, of the entry "n", and so many plain bytes. */
static void hold(unsigned number, size_t plain_len)
{
	char id[16];
	struct entry entry = {.collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text("what was written"),
	    .created_at = view_text(""),
	    .updated_at = view_text("")};
	struct opening *opening = calloc(1, sizeof(*opening));
	struct bytes encoded = {0};
	struct row *row;

	assert_non_null(opening);
	(void)snprintf(id, sizeof(id), "n%u", number);
	entry.id = view_text(id);
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	assert_true(bytes_new(plain_len, &opening->plain));
	memcpy(opening->plain.data, encoded.data, encoded.len);
	row = calloc(1, sizeof(*row));
	assert_non_null(row);
	row->author.bytes[0] = 9;
	row->entry = view_of(opening->plain.data, encoded.len);
	assert_int_equal(entry_read(row->entry, &entry, &row->version), FORMAT_OK);
	row->id = entry.id;
	opening->rows = row;
	opening->rows_count = 1;
	opening->run_hash = run_at(number);
	root_add(&opening->sum, row->id, &row->version);
	bytes_clear(&encoded);
	stage_hold(&stage, &opening);
	assert_null(opening);
}

static uint64_t staged_count(void)
{
	uint64_t count = UINT64_MAX;

	assert_int_equal(
	    device.engine.journal.ops->stage_count(device.store, &device.call, &count), JOURNAL_OK);
	return count;
}

static void open_stage(const struct digest *index)
{
	stage_clear(&stage);
	assert_engine(&device, stage_open(&stage, &run, index), ENGINE_OK);
}

static void set_marks(struct view marks)
{
	assert_int_equal(
	    device.engine.journal.ops->meta_set(device.store, META_STAGE, marks, &device.call),
	    JOURNAL_OK);
}

static bool has_marks(void)
{
	struct bytes marks = {0};
	enum journal_result found =
	    device.engine.journal.ops->meta_get(device.store, META_STAGE, &device.call, &marks);

	bytes_clear(&marks);
	assert_true(found == JOURNAL_OK || found == JOURNAL_NONE);
	return found == JOURNAL_OK;
}

static void it_is_full_by_bytes(void **state)
{
	(void)state;
	open_stage(&index_hash);
	assert_false(stage_full(&stage));
	hold(0, 1u << 20);
	assert_false(stage_full(&stage));
	hold(1, (1u << 20) - 1);
	assert_int_equal(stage.held_bytes, HELD_BYTES - 1);
	assert_false(stage_full(&stage));
	assert_engine(&device, stage_flush(&stage, &run), ENGINE_OK);
	assert_false(stage_full(&stage));
	hold(2, 1u << 20);
	hold(3, 1u << 20);
	assert_true(stage_full(&stage));
	assert_engine(&device, stage_flush(&stage, &run), ENGINE_OK);
	assert_false(stage_full(&stage));
}

static void it_is_full_by_number(void **state)
{
	(void)state;
	open_stage(&index_hash);
	for (unsigned i = 0; i < STAGE_HELD_MAX; i++) {
		assert_false(stage_full(&stage));
		hold(i, 1000);
	}
	assert_true(stage_full(&stage));
	assert_engine(&device, stage_flush(&stage, &run), ENGINE_OK);
	assert_int_equal(staged_count(), STAGE_HELD_MAX);
	for (unsigned i = 0; i < STAGE_HELD_MAX; i++) {
		struct digest hash = run_at(i);

		assert_true(stage_has(&stage, &hash));
	}
}

/* Rows, marks and sum: all that the next run needs not to fetch them again. */
static void a_later_run_goes_on_with_what_was_staged(void **state)
{
	struct root_sum sum;
	struct digest second = run_at(1), third = run_at(2), none = {{0}};

	(void)state;
	open_stage(&index_hash);
	for (unsigned i = 0; i < 3; i++)
		hold(i, 1000);
	assert_engine(&device, stage_flush(&stage, &run), ENGINE_OK);
	sum = stage.sum;
	assert_memory_not_equal(&sum, &(struct root_sum){{0}}, sizeof(sum));
	open_stage(&index_hash);
	assert_int_equal(stage.runs_count, 3);
	assert_true(stage_has(&stage, &second));
	assert_true(stage_has(&stage, &third));
	assert_false(stage_has(&stage, &none));
	assert_memory_equal(&stage.sum, &sum, sizeof(sum));
	assert_int_equal(staged_count(), 3);
	open_stage(&other_index); /* … with the same index alone */
	assert_int_equal(stage.runs_count, 0);
	assert_memory_equal(&stage.sum, &(struct root_sum){{0}}, sizeof(sum));
	assert_int_equal(staged_count(), 0);
	assert_false(has_marks());
}

/* Rows of which no marks say what they are may be of any state. */
static void rows_without_marks_are_forgotten(void **state)
{
	(void)state;
	open_stage(&index_hash);
	hold(0, 1000);
	assert_engine(&device, stage_flush(&stage, &run), ENGINE_OK);
	assert_int_equal(
	    device.engine.journal.ops->meta_remove(device.store, META_STAGE, &device.call),
	    JOURNAL_OK);
	open_stage(&index_hash);
	assert_int_equal(staged_count(), 0);
}

/* Marks are believed at their length alone: all else was not written here. */
static void marks_that_are_none_are_forgotten(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		bool other;
		bool taken;
	} rows[] = {
	    {"an index and two runs", (size_t)3 * DIGEST_LEN, false, true},
	    {"as many runs as there may be", (size_t)(SEGMENTS_MAX + 1) * DIGEST_LEN, false, true},
	    {"one more", (size_t)(SEGMENTS_MAX + 2) * DIGEST_LEN, false, false},
	    {"of another index", (size_t)3 * DIGEST_LEN, true, false},
	    {"nothing", 0, false, false},
	    {"not all of an index", DIGEST_LEN - 1, false, false},
	    {"a byte less than two runs", (size_t)3 * DIGEST_LEN - 1, false, false},
	    {"a byte more than two runs", (size_t)3 * DIGEST_LEN + 1, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes marks = {0};

		open_stage(&other_index);
		hold(0, 1000);
		assert_engine(&device, stage_flush(&stage, &run), ENGINE_OK);
		assert_true(bytes_new(rows[i].len, &marks));
		for (size_t at = 0; at < rows[i].len; at++)
			marks.data[at] = at < DIGEST_LEN ? index_hash.bytes[at] : 5;
		if (rows[i].other)
			marks.data[DIGEST_LEN - 1] ^= 1;
		set_marks(view_bytes(&marks));
		open_stage(&index_hash);
		if (stage.runs_count != (rows[i].taken ? rows[i].len / DIGEST_LEN - 1 : 0) ||
		    has_marks() != rows[i].taken || staged_count() != rows[i].taken)
			fail_msg("%s: %zu runs", rows[i].name, stage.runs_count);
		bytes_clear(&marks);
	}
}

/* As many as an index names are marked, and come back; more are not taken in. */
static void as_many_runs_are_marked_as_an_index_names(void **state)
{
	struct digest last = run_at(SEGMENTS_MAX - 1);
	struct digest beyond = run_at(SEGMENTS_MAX);

	(void)state;
	open_stage(&index_hash);
	for (size_t i = 0; i < SEGMENTS_MAX; i++) {
		struct digest hash = run_at(i);

		stage_mark(&stage, &hash);
	}
	assert_true(stage_has(&stage, &last));
	stage_mark(&stage, &beyond);
	assert_int_equal(stage.runs_count, SEGMENTS_MAX);
	assert_false(stage_has(&stage, &beyond));
	assert_engine(&device, stage_store_marks(&stage, &run), ENGINE_OK);
	open_stage(&index_hash);
	assert_int_equal(stage.runs_count, SEGMENTS_MAX);
	assert_true(stage_has(&stage, &last));
}

/* Some of the marks would be those of another state: they are stored whole, or not at all. */
static void marks_that_have_no_room_are_not_stored(void **state)
{
	struct digest *more = calloc(SEGMENTS_MAX + 1, sizeof(*more));

	(void)state;
	assert_non_null(more);
	open_stage(&index_hash);
	free(stage.runs);
	stage.runs = more;
	stage.runs_count = SEGMENTS_MAX + 1;
	assert_engine(&device, stage_store_marks(&stage, &run), ENGINE_FAILED);
	assert_false(has_marks());
}

/* What is this device's own is in the sum and staged, like what was fetched. */
static void a_row_of_its_own_is_staged_at_once(void **state)
{
	struct row row = {.id = view_text("own"), .version = {{7}}, .author = {{8}}};
	struct root_sum sum = {{0}};

	(void)state;
	open_stage(&index_hash);
	assert_engine(&device, stage_own(&stage, &run, &row), ENGINE_OK);
	root_add(&sum, row.id, &row.version);
	assert_memory_equal(&stage.sum, &sum, sizeof(sum));
	assert_int_equal(staged_count(), 1);
}

enum { OPENS_AGAIN, OPENS_ANOTHER, FLUSHES, OWNS, ACTS };

static enum engine_result act(unsigned which)
{
	struct row row = {.id = view_text("own"), .version = {{7}}, .author = {{8}}};

	switch (which) {
	case OPENS_AGAIN: return stage_open(&stage, &run, &index_hash);
	case OPENS_ANOTHER: return stage_open(&stage, &run, &other_index);
	case FLUSHES: return stage_flush(&stage, &run);
	default: return stage_own(&stage, &run, &row);
	}
}

/* Each call of each, in turn; what was held is free in any case. */
static void a_full_disk_is_told(void **state)
{
	(void)state;
	for (unsigned which = 0; which < ACTS; which++) {
		struct each each = {.of = "an act"};

		while (each_next(&each)) {
			enum engine_result result;

			open_stage(&other_index); /* nothing is staged … */
			open_stage(&index_hash);
			for (unsigned i = 0; i < 2; i++)
				hold(i, 1000);
			if (which != FLUSHES) { /* … or two rows are, with their marks */
				assert_engine(&device, stage_flush(&stage, &run), ENGINE_OK);
				stage_clear(&stage);
			}
			journal_arm(&device, each.nth);
			result = act(which);
			each.hit = journal_disarm(&device);
			assert_engine(&device, result, each.hit ? ENGINE_FULL : ENGINE_OK);
			assert_int_equal(stage.held_count, 0);
			assert_int_equal(stage.held_bytes, 0);
			if (which == FLUSHES)
				assert_int_equal(has_marks(), !each.hit);
		}
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(it_is_full_by_bytes, setup, teardown),
    cmocka_unit_test_setup_teardown(it_is_full_by_number, setup, teardown),
    cmocka_unit_test_setup_teardown(a_later_run_goes_on_with_what_was_staged, setup, teardown),
    cmocka_unit_test_setup_teardown(rows_without_marks_are_forgotten, setup, teardown),
    cmocka_unit_test_setup_teardown(marks_that_are_none_are_forgotten, setup, teardown),
    cmocka_unit_test_setup_teardown(as_many_runs_are_marked_as_an_index_names, setup, teardown),
    cmocka_unit_test_setup_teardown(marks_that_have_no_room_are_not_stored, setup, teardown),
    cmocka_unit_test_setup_teardown(a_row_of_its_own_is_staged_at_once, setup, teardown),
    cmocka_unit_test_setup_teardown(a_full_disk_is_told, setup, teardown),
};

TEST_MAIN(tests)
