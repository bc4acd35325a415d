/*
 * tests/cli/engine/losers_rows_test.c: rows of losers' segments, held and filed: how many have
 * room, to the byte; what a segment is refused for; and a journal that fails in the middle of them.
 */
#include "cli/engine/losers.h"
#include "schemas/cbor.h"
#include "schemas/patch.h"
#include "tests/cli/engine/engine_fixture.h"
#include "tests/each.h"

#include <stdio.h>
#include <string.h>

static struct world world;
static struct device device;
static struct replica run;
static struct losers losers;

static int setup(void **state)
{
	(void)state;
	world_open(&world);
	device_open(&device, &world);
	run = (struct replica){.engine = &device.engine, .call = &device.call};
	call_init(&device.call, INT64_MAX);
	assert_int_equal(device.engine.journal.ops->begin(device.store, &device.call), JOURNAL_OK);
	losers_init(&losers);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	losers_clear(&losers);
	device.engine.journal.ops->rollback(device.store);
	device_close(&device);
	world_close(&world);
	return 0;
}

/* The ids are as long as ids can be, but for short ones: "x0", "x1"… */
static void row_id(unsigned number, bool is_short, char out[ENTRY_ID_MAX + 1])
{
	memset(out, 'x', ENTRY_ID_MAX);
	out[ENTRY_ID_MAX] = '\0';
	(void)snprintf(out, ENTRY_ID_MAX + 1, "x%u", number);
	if (!is_short)
		out[strlen(out)] = 'x';
}

static void put_loser(struct buffer *plain, unsigned number, bool is_short)
{
	char id[ENTRY_ID_MAX + 1];
	struct entry entry = {.collection = view_text("journal"),
	    .title = view_text(""),
	    .content = view_text("lost"),
	    .created_at = view_text(""),
	    .updated_at = view_text("")};
	struct bytes encoded = {0};
	struct row row = {.author = {{(uint8_t)(number + 1)}}, .time_ms = world.now_ms + number};

	row_id(number, is_short, id);
	entry.id = view_text(id);
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	row.entry = view_bytes(&encoded);
	row_put(plain, &row, true);
	bytes_clear(&encoded);
}

static void segment_begin(struct buffer *plain, size_t count)
{
	buffer_init(plain, 2 * SEGMENT_PLAIN_MAX);
	cbor_put_array(plain, count);
}

static enum engine_result read_segment(unsigned count, bool is_short)
{
	struct buffer plain;
	enum engine_result result;

	segment_begin(&plain, count);
	for (unsigned i = 0; i < count; i++)
		put_loser(&plain, i, is_short);
	assert_false(plain.failed);
	result = losers_read(&losers, &run, buffer_view(&plain));
	buffer_clear(&plain);
	return result;
}

static void a_row_takes_what_is_counted_for_it(void **state)
{
	(void)state;
	assert_engine(&device, read_segment(3, false), ENGINE_OK);
	assert_int_equal(losers.rows.len, 3 * losers_row_len(ENTRY_ID_MAX));
	losers_clear(&losers);
	losers_init(&losers);
	assert_engine(&device, read_segment(3, true), ENGINE_OK);
	assert_true(losers.rows.len <= 3 * losers_row_len(2));
}

/* Takers and makers of snapshots go by the same bound: what one names the other must hold. */
static void as_many_are_held_as_have_room(void **state)
{
	static const struct {
		const char *name;
		size_t less; /* than the room of two rows */
		size_t held;
	} rows[] = {{"room of two", 0, 2}, {"a byte less", 1, 1}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t room = 2 * losers_row_len(ENTRY_ID_MAX) - rows[i].less;

		losers_clear(&losers);
		losers_init(&losers);
		assert_non_null(buffer_extend(&losers.rows, LOSERS_ROWS_MAX - room));
		assert_engine(&device, read_segment(3, false), ENGINE_OK);
		if (losers.count != rows[i].held || !losers.full)
			fail_msg("%s: %zu are held", rows[i].name, losers.count);
	}
}

/* Whatever was there before, none are held; and more can be once it was cleared. */
static void each_snapshot_begins_with_none(void **state)
{
	(void)state;
	memset(&losers, 0xFF, sizeof(losers));
	losers_init(&losers);
	assert_int_equal(losers.count, 0);
	assert_false(losers.full);
	assert_non_null(buffer_extend(&losers.rows, LOSERS_ROWS_MAX));
	assert_engine(&device, read_segment(1, true), ENGINE_OK);
	assert_true(losers.full);
	losers_clear(&losers);
	assert_int_equal(losers.count, 0);
	assert_false(losers.full);
}

static void more_rows_than_a_segment_may_have(void **state)
{
	struct buffer one, plain;

	(void)state;
	segment_begin(&one, 1);
	put_loser(&one, 0, true);
	segment_begin(&plain, ROWS_COUNT_MAX + 1);
	for (unsigned i = 0; i < ROWS_COUNT_MAX + 1; i++)
		buffer_add(&plain, one.data + 1, one.len - 1);
	assert_false(plain.failed);
	assert_engine(&device, losers_read(&losers, &run, buffer_view(&plain)), ENGINE_DAMAGED);
	assert_int_equal(losers.count, 0);
	buffer_clear(&plain);
	buffer_clear(&one);
}

static void what_cannot_be_read_is_damaged(void **state)
{
	static const struct {
		const char *name;
		size_t announced; /* of two rows */
		size_t cut;       /* bytes off the end */
		const char *more;
	} rows[] = {
	    {"a byte that follows", 2, 0, "x"},
	    {"a row that follows", 1, 0, ""},
	    {"a row that is missing", 3, 0, ""},
	    {"a row that ends too soon", 2, 1, ""},
	    {"a row that is none", 3, 0, "x"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer plain;
		struct view view;

		segment_begin(&plain, rows[i].announced);
		put_loser(&plain, 0, true);
		put_loser(&plain, 1, true);
		buffer_add_text(&plain, rows[i].more);
		view = buffer_view(&plain);
		view.len -= rows[i].cut;
		call_init(&device.call, INT64_MAX);
		if (losers_read(&losers, &run, view) != ENGINE_DAMAGED)
			fail_msg("%s: taken", rows[i].name);
		assert_non_null(strstr(device.call.message, "losers' segment cannot be read"));
		buffer_clear(&plain);
	}
}

/* Of the journal's two operations here the nth fails; all are counted. */
static struct {
	const struct journal_ops *real;
	struct journal_ops ops;
	unsigned nth, count;
} failing;

static enum journal_result version_put(
    void *self, const struct digest *version, struct view encoded, struct call *call)
{
	return ++failing.count == failing.nth
		   ? JOURNAL_FULL
		   : failing.real->version_put(self, version, encoded, call);
}

static enum journal_result loser_settled(void *self, struct view id, const struct digest *version,
    const struct device_id *author, int64_t time_ms, struct call *call)
{
	return ++failing.count == failing.nth
		   ? JOURNAL_FULL
		   : failing.real->loser_settled(self, id, version, author, time_ms, call);
}

static void fail_at(unsigned nth)
{
	failing.real = device.engine.journal.ops;
	failing.ops = *failing.real;
	failing.ops.version_put = version_put;
	failing.ops.loser_settled = loser_settled;
	failing.nth = nth;
	failing.count = 0;
	device.engine.journal.ops = &failing.ops;
}

static unsigned fail_no_more(void)
{
	device.engine.journal.ops = failing.real;
	return failing.count;
}

/* And nothing is asked after that. */
static void assert_told(struct each *each, enum engine_result result)
{
	unsigned count = fail_no_more();

	each->hit = count >= each->nth;
	assert_engine(&device, result, each->hit ? ENGINE_FULL : ENGINE_OK);
	if (each->hit)
		assert_int_equal(count, each->nth);
}

static void a_full_disk_is_told(void **state)
{
	struct each reads = {.of = "reading"}, files = {.of = "filing"};

	(void)state;
	while (each_next(&reads)) {
		losers_clear(&losers);
		losers_init(&losers);
		fail_at(reads.nth);
		assert_told(&reads, read_segment(3, true));
	}
	while (each_next(&files)) {
		fail_at(files.nth);
		assert_told(&files, losers_file(&losers, &run));
	}
	assert_int_equal(reads.hits, 3);
	assert_int_equal(files.hits, 3);
}

struct filed {
	size_t count;
	struct store_history row;
};

static bool see_filed(void *self, const struct store_history *row)
{
	struct filed *filed = self;

	filed->count++;
	filed->row = *row;
	return true;
}

static void each_is_filed_once_as_it_was_told(void **state)
{
	(void)state;
	assert_engine(&device, read_segment(3, false), ENGINE_OK);
	fail_at(0);
	assert_engine(&device, losers_file(&losers, &run), ENGINE_OK);
	assert_int_equal(fail_no_more(), 3);
	for (unsigned i = 0; i < 3; i++) {
		struct filed filed = {0};
		char id[ENTRY_ID_MAX + 1];

		row_id(i, false, id);
		assert_int_equal(
		    store_history(device.store, view_text(id), see_filed, &filed, &device.call),
		    JOURNAL_OK);
		assert_int_equal(filed.count, 1);
		assert_int_equal(filed.row.kind, HISTORY_LOSER);
		assert_int_equal(filed.row.author.bytes[0], i + 1);
		assert_int_equal(filed.row.at_ms, world.now_ms + i);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_row_takes_what_is_counted_for_it, setup, teardown),
    cmocka_unit_test_setup_teardown(as_many_are_held_as_have_room, setup, teardown),
    cmocka_unit_test_setup_teardown(each_snapshot_begins_with_none, setup, teardown),
    cmocka_unit_test_setup_teardown(more_rows_than_a_segment_may_have, setup, teardown),
    cmocka_unit_test_setup_teardown(what_cannot_be_read_is_damaged, setup, teardown),
    cmocka_unit_test_setup_teardown(a_full_disk_is_told, setup, teardown),
    cmocka_unit_test_setup_teardown(each_is_filed_once_as_it_was_told, setup, teardown),
};

TEST_MAIN(tests)
