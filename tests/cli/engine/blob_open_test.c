/*
 * tests/cli/engine/blob_open_test.c: what was fetched, opened. Of a segment that a driver opens
 * ahead: its rows with their names, versions and sum, and that nothing is there where anything
 * about it is not as the index says. Of any blob: its plain bytes, how many names it has, and why
 * it is refused.
 */
#include "cli/engine/blob_open.h"
#include "cli/engine/compress.h"
#include "tests/cli/engine/engine_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 3u

static struct world world;
static struct device device;
static struct replica run;
static const struct epoch_key *key;

static int setup(void **state)
{
	(void)state;
	world_open(&world);
	device_open(&device, &world);
	device_create(&device);
	run = (struct replica){
	    .engine = &device.engine, .call = &device.call, .opener = &device.keys};
	call_init(&device.call, INT64_MAX);
	assert_engine(&device, replica_load(&run), ENGINE_OK);
	assert_engine(&device, replica_key(&run, 1, &key), ENGINE_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	replica_clear(&run);
	device_close(&device);
	world_close(&world);
	return 0;
}

/* An entry "r0", "r1"…, encoded. */
static void make_entry(unsigned number, struct bytes *out)
{
	char id[16];
	struct entry entry = {.collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text("what was written"),
	    .created_at = view_text(""),
	    .updated_at = view_text("")};

	(void)snprintf(id, sizeof(id), "r%u", number);
	entry.id = view_text(id);
	assert_int_equal(entry_encode(&entry, out), FORMAT_OK);
}

static void put_row(struct buffer *plain, unsigned number)
{
	struct bytes encoded = {0};
	struct row row = {.author = {{(uint8_t)(number + 1)}}};

	make_entry(number, &encoded);
	row.entry = view_bytes(&encoded);
	row_put(plain, &row, false);
	bytes_clear(&encoded);
}

/* A run that announces so many rows, and has so many. */
static void make_run(size_t announced, unsigned count, struct bytes *out)
{
	struct buffer plain;

	buffer_init(&plain, 2 * SEGMENT_PLAIN_MAX);
	cbor_put_array(&plain, announced);
	for (unsigned i = 0; i < count; i++)
		put_row(&plain, i);
	assert_int_equal(format_take(&plain, out), FORMAT_OK);
}

/* Another account, kind, epoch or key than it would be sealed with; zero: the same. */
struct sealed_as {
	const struct blob_name *names;
	size_t names_count, losers_count;
	uint64_t epoch;
	enum blob_kind kind; /* BLOB_SEGMENT is zero */
	bool other_account, other_key;
};

static void seal_as(
    const struct sealed_as *as, struct view plain, struct bytes *out, struct blob_name *name_out)
{
	struct epoch_key used = *key;
	struct blob_header header = {.account = world.account,
	    .epoch = as->epoch == 0 ? 1 : as->epoch,
	    .kind = as->kind,
	    .names = as->names,
	    .names_count = as->names_count,
	    .losers_count = as->losers_count};
	struct bytes packed = {0};

	header.account.bytes[0] ^= as->other_account;
	used.bytes[0] ^= as->other_key;
	assert_int_equal(compress_pack(plain, &packed), FORMAT_OK);
	name_out->count = 7;
	assert_int_equal(
	    seal_blob(&used, view_bytes(&packed), &header, out, &name_out->hash), FORMAT_OK);
	bytes_clear(&packed);
}

/* What take hands down for a run of that many rows. */
static struct opening *opening_for(
    const struct bytes *plain, uint64_t rows_count, const struct blob_name *name)
{
	struct opening *opening = calloc(1, sizeof(*opening));

	assert_non_null(opening);
	opening->key = *key;
	run_hash(key, view_bytes(plain), &opening->run_hash);
	opening->epoch = 1;
	opening->rows_count = rows_count;
	opening->account = world.account;
	opening->name = *name;
	return opening;
}

static void assert_rows(const struct opening *opening, unsigned count)
{
	struct root_sum sum = {{0}};

	assert_non_null(opening->rows);
	assert_int_equal(opening->rows_count, count);
	for (unsigned i = 0; i < count; i++) {
		const struct row *row = &opening->rows[i];
		struct bytes encoded = {0};
		struct digest version;
		char id[16];

		(void)snprintf(id, sizeof(id), "r%u", i);
		make_entry(i, &encoded);
		digest_view(DOMAIN_VERSION, view_bytes(&encoded), &version);
		assert_true(view_equal(row->id, view_text(id)));
		assert_true(view_equal(row->entry, view_bytes(&encoded)));
		assert_true(digest_equal(&row->version, &version));
		assert_int_equal(row->author.bytes[0], i + 1);
		assert_false(row->deleted);
		root_add(&sum, view_text(id), &version);
		bytes_clear(&encoded);
	}
	assert_memory_equal(&opening->sum, &sum, sizeof(sum));
}

static void a_segment_is_opened_ahead(void **state)
{
	struct bytes plain = {0}, blob = {0};
	struct blob_name name;
	struct sync_want want = {.kind = SYNC_WANT_GET};
	const struct row *rows;

	(void)state;
	make_run(ROWS, ROWS, &plain);
	seal_as(&(struct sealed_as){.kind = BLOB_SEGMENT}, view_bytes(&plain), &blob, &name);
	want.opening = opening_for(&plain, ROWS, &name);
	want.opening->sum.lanes[5] = 1; /* whatever stands there, the sum is of the rows alone */
	sync_open(&want, view_bytes(&blob));
	assert_rows(want.opening, ROWS);
	rows = want.opening->rows;
	sync_open(&want, view_bytes(&blob)); /* once is enough */
	assert_ptr_equal(want.opening->rows, rows);
	assert_rows(want.opening, ROWS);
	opening_free(want.opening);
	bytes_clear(&blob);
	bytes_clear(&plain);
}

/* An index is such a want, and who gives up has none left to free. */
static void where_nothing_is_to_be_opened_nothing_is(void **state)
{
	struct sync_want want = {.kind = SYNC_WANT_GET};

	(void)state;
	sync_open(&want, view_text("not a blob"));
	assert_null(want.opening);
	opening_free(NULL);
}

/* What is wrong with it the machine finds again, and says: here it is as if nothing had come. */
static void what_is_not_the_named_segment_is_not_opened(void **state)
{
	static const struct {
		const char *name;
		struct sealed_as as;
		size_t announced;
		uint64_t indexed;
		unsigned rows;
		bool other_name, other_bytes, other_run;
		bool opens;
	} rows[] = {
	    {.name = "as the index says", .rows = ROWS, .indexed = ROWS, .opens = true},
	    {.name = "a run of no rows", .opens = true},
	    {.name = "another name", .other_name = true, .rows = ROWS, .indexed = ROWS},
	    {.name = "other bytes", .other_bytes = true, .rows = ROWS, .indexed = ROWS},
	    {.name = "another account",
		.as = {.other_account = true},
		.rows = ROWS,
		.indexed = ROWS},
	    {.name = "losers", .as = {.kind = BLOB_LOSERS}, .rows = ROWS, .indexed = ROWS},
	    {.name = "a patch's body", .as = {.kind = BLOB_BODY}, .rows = ROWS, .indexed = ROWS},
	    {.name = "another epoch", .as = {.epoch = 2}, .rows = ROWS, .indexed = ROWS},
	    {.name = "another key", .as = {.other_key = true}, .rows = ROWS, .indexed = ROWS},
	    {.name = "another run", .other_run = true, .rows = ROWS, .indexed = ROWS},
	    {.name = "a row more than indexed", .rows = ROWS, .indexed = ROWS - 1},
	    {.name = "a row less than indexed", .rows = ROWS, .indexed = ROWS + 1},
	    {.name = "a row more than announced",
		.announced = ROWS - 1,
		.rows = ROWS,
		.indexed = ROWS - 1},
	    {.name = "a row less than announced",
		.announced = ROWS + 1,
		.rows = ROWS,
		.indexed = ROWS + 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes plain = {0}, blob = {0};
		struct blob_name name;
		struct sync_want want = {.kind = SYNC_WANT_GET};
		bool opened;

		make_run(
		    rows[i].announced > 0 ? rows[i].announced : rows[i].rows, rows[i].rows, &plain);
		seal_as(&rows[i].as, view_bytes(&plain), &blob, &name);
		name.hash.bytes[31] ^= rows[i].other_name;
		blob.data[blob.len / 2] ^= rows[i].other_bytes;
		want.opening = opening_for(&plain, rows[i].indexed, &name);
		want.opening->run_hash.bytes[31] ^= rows[i].other_run;
		sync_open(&want, view_bytes(&blob));
		opened = want.opening->rows != NULL;
		if (opened != rows[i].opens || (!opened && want.opening->plain.data != NULL))
			fail_msg("%s: opened: %d", rows[i].name, opened);
		opening_free(want.opening);
		bytes_clear(&blob);
		bytes_clear(&plain);
	}
}

/* Said by the result alone: which of the two it is take words. */
static void a_run_is_told_from_another_one(void **state)
{
	struct bytes plain = {0}, taken = {0};
	struct blob_name name = {0};
	struct opening *opening;

	(void)state;
	make_run(ROWS, ROWS, &plain);
	opening = opening_for(&plain, ROWS + 1, &name);
	assert_true(bytes_copy(view_bytes(&plain), &taken));
	assert_int_equal(opening_read(opening, &taken), FORMAT_MALFORMED);
	assert_null(taken.data);
	opening->run_hash.bytes[0] ^= 1;
	opening->rows_count = ROWS;
	assert_true(bytes_copy(view_bytes(&plain), &taken));
	assert_int_equal(opening_read(opening, &taken), FORMAT_FORGED);
	assert_null(taken.data);
	opening->run_hash.bytes[0] ^= 1;
	assert_true(bytes_copy(view_bytes(&plain), &taken));
	assert_int_equal(opening_read(opening, &taken), FORMAT_OK);
	assert_null(taken.data);
	assert_rows(opening, ROWS);
	opening_free(opening);
	bytes_clear(&plain);
}

/* A byte behind the last row. */
static void a_run_has_nothing_behind_its_rows(void **state)
{
	struct bytes plain = {0}, longer = {0};
	struct blob_name name = {0};
	struct opening *opening;

	(void)state;
	make_run(ROWS, ROWS, &plain);
	assert_true(bytes_new(plain.len + 1, &longer));
	memcpy(longer.data, plain.data, plain.len);
	opening = opening_for(&longer, ROWS, &name);
	assert_int_equal(opening_read(opening, &longer), FORMAT_MALFORMED);
	assert_null(opening->rows);
	opening_free(opening);
	bytes_clear(&plain);
}

static void as_many_rows_as_a_run_may_have_are_read(void **state)
{
	struct buffer one, plain;
	struct blob_name name = {0};

	(void)state;
	buffer_init(&one, 1000);
	put_row(&one, 0);
	for (unsigned more = 0; more < 2; more++) {
		struct bytes taken = {0};
		struct opening *opening;
		unsigned count = ROWS_COUNT_MAX + more;

		buffer_init(&plain, (size_t)(count + 1) * one.len);
		cbor_put_array(&plain, count);
		for (unsigned i = 0; i < count; i++)
			buffer_add(&plain, one.data, one.len);
		assert_int_equal(format_take(&plain, &taken), FORMAT_OK);
		opening = opening_for(&taken, count, &name);
		assert_int_equal(
		    opening_read(opening, &taken), more == 0 ? FORMAT_OK : FORMAT_MALFORMED);
		opening_free(opening);
	}
	buffer_clear(&one);
}

/* A run of two rows that has just that many bytes. */
static void make_long_run(size_t len, struct bytes *out)
{
	size_t text_len = len / 2 - 1000;
	char *text = calloc(1, len);

	assert_non_null(text);
	memset(text, 'a', len - 1);
	for (unsigned round = 0; round < 2; round++) {
		struct buffer plain;

		buffer_init(&plain, 2 * SEGMENT_PLAIN_MAX);
		cbor_put_array(&plain, 2);
		for (unsigned i = 0; i < 2; i++) {
			struct entry entry = {.id = view_text(i == 0 ? "r0" : "r1"),
			    .collection = view_text("journal"),
			    .title = view_text(""),
			    .content = {(const uint8_t *)text, i == 0 ? len / 2 : text_len},
			    .created_at = view_text(""),
			    .updated_at = view_text("")};
			struct bytes encoded = {0};
			struct row row = {.author = {{1}}};

			assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
			row.entry = view_bytes(&encoded);
			row_put(&plain, &row, false);
			bytes_clear(&encoded);
		}
		text_len += len - plain.len;
		if (round == 1)
			assert_int_equal(format_take(&plain, out), FORMAT_OK);
		buffer_clear(&plain);
	}
	assert_int_equal(out->len, len);
	free(text);
}

static void a_segment_may_be_as_long_as_its_makers_cut_it(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct bytes plain = {0}, blob = {0};
		struct blob_name name;
		struct sync_want want = {.kind = SYNC_WANT_GET};

		make_long_run(SEGMENT_PLAIN_MAX + 16 + more, &plain);
		seal_as(
		    &(struct sealed_as){.kind = BLOB_SEGMENT}, view_bytes(&plain), &blob, &name);
		want.opening = opening_for(&plain, 2, &name);
		sync_open(&want, view_bytes(&blob));
		assert_int_equal(want.opening->rows != NULL, more == 0);
		opening_free(want.opening);
		bytes_clear(&blob);
		bytes_clear(&plain);
	}
}

static void a_blob_is_opened_with_its_counts(void **state)
{
	struct blob_name names[] = {
	    {.count = 3, .hash = {{3}}}, {.count = 4, .hash = {{4}}}, {.count = 5, .hash = {{5}}}};
	struct blob_name *names_out = calloc(SEGMENTS_MAX, sizeof(*names_out));
	struct bytes blob = {0}, plain = {0};
	size_t names_count = 0;
	size_t losers_count = 0;
	struct blob_name name;

	(void)state;
	assert_non_null(names_out);
	seal_as(&(struct sealed_as){.kind = BLOB_INDEX,
		    .names = names,
		    .names_count = COUNT_OF(names),
		    .losers_count = 1},
	    view_text("what an index says"), &blob, &name);
	assert_engine(&device,
	    blob_open_plain(&run, &name, view_bytes(&blob), BLOB_INDEX, 100, names_out,
		&names_count, &losers_count, &plain),
	    ENGINE_OK);
	assert_true(view_equal(view_bytes(&plain), view_text("what an index says")));
	assert_int_equal(names_count, COUNT_OF(names));
	assert_int_equal(losers_count, 1);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_true(blob_name_equal(&names_out[i], &names[i]));
	bytes_clear(&plain);
	assert_engine(&device, /* who asks for no counts is told none */
	    blob_open_plain(
		&run, &name, view_bytes(&blob), BLOB_INDEX, 100, names_out, NULL, NULL, &plain),
	    ENGINE_OK);
	bytes_clear(&plain);
	bytes_clear(&blob);
	free(names_out);
}

static void a_blob_that_is_not_the_one_asked_for_is_refused(void **state)
{
	static const struct {
		const char *name;
		struct sealed_as as;
		size_t less; /* than the plain bytes have may it give */
		const char *message;
		enum engine_result result;
		bool other_name, other_bytes;
	} rows[] = {
	    {.name = "the one asked for"},
	    {.name = "another name",
		.other_name = true,
		.result = ENGINE_DAMAGED,
		.message = "a blob of the account cannot"},
	    {.name = "other bytes",
		.other_bytes = true,
		.result = ENGINE_DAMAGED,
		.message = "a blob of the account cannot"},
	    {.name = "another account",
		.as = {.other_account = true},
		.result = ENGINE_DAMAGED,
		.message = "a blob of the account cannot"},
	    {.name = "another kind",
		.as = {.kind = BLOB_LOSERS},
		.result = ENGINE_DAMAGED,
		.message = "a blob of the account cannot"},
	    {.name = "another key",
		.as = {.other_key = true},
		.result = ENGINE_DAMAGED,
		.message = "a blob of the account cannot"},
	    {.name = "an epoch that has not begun",
		.as = {.epoch = 2},
		.result = ENGINE_WRONG_KEY,
		.message = "wrong key"},
	    {.name = "more than is asked for",
		.less = 1,
		.result = ENGINE_DAMAGED,
		.message = "a blob of the account cannot"},
	};
	static const char text[] = "the bytes of a segment";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes blob = {0}, plain = {0};
		struct blob_name name;
		enum engine_result result;

		call_init(&device.call, INT64_MAX);
		seal_as(&rows[i].as, view_text(text), &blob, &name);
		name.hash.bytes[31] ^= rows[i].other_name;
		blob.data[blob.len / 2] ^= rows[i].other_bytes;
		result = blob_open_plain(&run, &name, view_bytes(&blob), BLOB_SEGMENT,
		    strlen(text) - rows[i].less, NULL, NULL, NULL, &plain);
		if (result != rows[i].result || (plain.data != NULL) != (result == ENGINE_OK) ||
		    (rows[i].message != NULL &&
			(strstr(device.call.message, rows[i].message) == NULL ||
			    strstr(device.call.message, "; nothing was") == NULL)))
			fail_msg("%s: %s; message: %s", rows[i].name, engine_result_text(result),
			    device.call.message);
		bytes_clear(&plain);
		bytes_clear(&blob);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_segment_is_opened_ahead, setup, teardown),
    cmocka_unit_test_setup_teardown(where_nothing_is_to_be_opened_nothing_is, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_not_the_named_segment_is_not_opened, setup, teardown),
    cmocka_unit_test_setup_teardown(a_run_is_told_from_another_one, setup, teardown),
    cmocka_unit_test_setup_teardown(a_run_has_nothing_behind_its_rows, setup, teardown),
    cmocka_unit_test_setup_teardown(as_many_rows_as_a_run_may_have_are_read, setup, teardown),
    cmocka_unit_test_setup_teardown(a_segment_may_be_as_long_as_its_makers_cut_it, setup, teardown),
    cmocka_unit_test_setup_teardown(a_blob_is_opened_with_its_counts, setup, teardown),
    cmocka_unit_test_setup_teardown(
	a_blob_that_is_not_the_one_asked_for_is_refused, setup, teardown),
};

TEST_MAIN(tests)
