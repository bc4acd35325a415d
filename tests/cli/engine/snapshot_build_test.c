/*
 * tests/cli/engine/make_test.c: how a state is cut into segments, and what the index says of them.
 * The state's rows are made up as they are asked for, so that there may be many, and long ones; no
 * blob goes anywhere.
 */
#include "cli/engine/losers.h"
#include "cli/engine/segments.h"
#include "cli/engine/snapshot_build.h"
#include "cli/engine/transaction.h"
#include "cli/engine/transfers.h"
#include "schemas/cbor.h"
#include "tests/cli/engine/engine_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOOR (128u << 10) /* of a small journal */
#define ROW_LONG FLOOR /* as content: each is a segment of its own, where all boundaries count */
#define DAY_MS INT64_C(86400000)

static struct world world;
static struct device device;
static const struct device_id author = {{7}};

/* A list of rows; the numbers of them are their places, but for one that may stand before all. */
struct list {
	size_t count;
	size_t len;        /* of their contents, … */
	size_t huge_at;    /* … but for two from this one on; SIZE_MAX: none */
	bool first_too;    /* one more stands before all of them */
	bool tiny;         /* without a time: rows are as short as can be */
	size_t deleted_at; /* a tombstone; SIZE_MAX: none */
};
#define HUGE_LEN (3u << 20)

/* What is wrong with the second row. */
enum wrong { NOTHING_WRONG, OTHER_BYTES, OTHER_ID, OTHER_TIME, OTHER_DELETION, NO_ENTRY, WRONGS };

static struct {
	const struct journal_ops *real;
	struct journal_ops ops;
	struct list state, losers;
	const struct list *list; /* that is gone through */
	size_t at;
	uint64_t claimed_count, claimed_bytes; /* 0: what there is */
	enum wrong wrong;
	bool wrong_loser;
} scan;

static char text[HUGE_LEN + 1]; /* as long as any content */

static size_t row_len(const struct list *list, size_t at)
{
	return at == list->huge_at || at == list->huge_at + 1 ? HUGE_LEN : list->len;
}

/* Their times are those of the numbers, from the second on. */
static int64_t row_ms(const struct list *list, size_t at)
{
	return list->tiny ? 0 : world.now_ms + 1000 * (int64_t)at;
}

static void encode_row(const struct list *list, size_t at, const char *id, struct bytes *out)
{
	char time[TIME_PRINT_MAX] = "";
	struct entry entry = {.id = view_text(id),
	    .collection = view_text("j"),
	    .title = view_text(""),
	    .content = view_of(text, row_len(list, at))};

	if (!list->tiny)
		time_print_ms(row_ms(list, at), time);
	entry.created_at = entry.updated_at = view_text(time);
	if (at == list->deleted_at)
		entry.deleted_at = view_text(time);
	assert_int_equal(entry_encode(&entry, out), FORMAT_OK);
}

static void spoil(struct journal_row *row)
{
	static const uint8_t none[] = {0};

	switch (scan.wrong) {
	case OTHER_BYTES: row->encoded.data[row->encoded.len - 1] ^= 1; break;
	case OTHER_ID: row->id.data[0] ^= 1; break;
	case OTHER_TIME: row->created_ms++; break;
	case OTHER_DELETION: row->deleted = !row->deleted; break;
	case NO_ENTRY:
		bytes_clear(&row->encoded);
		assert_true(bytes_copy(view_of(none, 1), &row->encoded));
		break;
	default: break;
	}
}

static void make_row(const struct list *list, size_t place, struct journal_row *out)
{
	size_t at = list->first_too ? place : place + 1;
	char id[24];

	(void)snprintf(id, sizeof(id), list->tiny ? "%zx" : "entry-%08zu", at);
	encode_row(list, at, id, &out->encoded);
	assert_true(bytes_copy(view_text(id), &out->id));
	assert_int_equal(entry_version(view_bytes(&out->encoded), &out->version), FORMAT_OK);
	out->author = author;
	out->created_ms = row_ms(list, at);
	out->deleted = at == list->deleted_at;
	out->cloud_seq = 5;
	/* The newest loser comes first. */
	out->cloud_ms = world.now_ms - (list == &scan.losers ? (int64_t)place : 0);
	if (place == 1 && scan.wrong_loser == (list == &scan.losers))
		spoil(out);
}

static size_t rows_of(const struct list *list)
{
	return list->count + list->first_too;
}

static enum journal_result scan_open(void *self, enum journal_scan which,
    const struct digest *sent_frame, struct call *call, uint64_t *count_out, uint64_t *bytes_out)
{
	(void)self;
	(void)sent_frame;
	(void)call;
	scan.list = which == JOURNAL_SCAN_LOSERS ? &scan.losers : &scan.state;
	scan.at = 0;
	*count_out = scan.claimed_count > 0 ? scan.claimed_count : rows_of(scan.list);
	*bytes_out = scan.claimed_bytes > 0 ? scan.claimed_bytes
					    : rows_of(scan.list) * (scan.list->len + 100);
	return JOURNAL_OK;
}

static enum journal_result scan_next(void *self, struct call *call, struct journal_row *out)
{
	(void)self;
	(void)call;
	if (scan.at == rows_of(scan.list))
		return JOURNAL_NONE;
	*out = (struct journal_row){0};
	make_row(scan.list, scan.at++, out);
	return JOURNAL_OK;
}

/* A run that was handed out to be put. */
struct piece {
	struct digest digest; /* of its plain bytes */
	size_t len, rows;
	enum blob_kind kind;
};
static struct {
	struct piece pieces[SEGMENTS_MAX];
	size_t count, losers_count;
	struct bytes index; /* plain */
	size_t names_count, names_losers;
	struct bytes first; /* the first piece's plain bytes */
	uint64_t there, all;
} made;

static size_t rows_in(struct view plain)
{
	struct cbor_reader reader;

	cbor_read(&reader, plain);
	return cbor_array(&reader, SIZE_MAX);
}

static void keep_piece(const struct transfer *transfer)
{
	const struct sealing *sealing = &transfer->sealing;
	struct piece *piece = &made.pieces[made.count];
	struct view plain = view_bytes(&sealing->plain);

	assert_true(made.count < SEGMENTS_MAX);
	assert_int_equal(transfer->place, made.count);
	assert_int_equal(transfer->plain_len, plain.len);
	*piece = (struct piece){.len = plain.len, .rows = rows_in(plain)};
	piece->kind = sealing->header.kind;
	digest_view(DOMAIN_CHECKSUM, plain, &piece->digest);
	if (made.count == 0)
		assert_true(bytes_copy(plain, &made.first));
	made.losers_count += piece->kind == BLOB_LOSERS;
	made.count++;
}

static void keep_index(const struct transfer *transfer)
{
	const struct sealing *sealing = &transfer->sealing;

	assert_int_equal(sealing->header.kind, BLOB_INDEX);
	assert_true(bytes_copy(view_bytes(&sealing->plain), &made.index));
	made.names_count = sealing->header.names_count;
	made.names_losers = sealing->header.losers_count;
	for (size_t i = 0; i < made.names_count; i++) /* in the order of their places */
		assert_int_equal(sealing->header.names[i].count, i + 1);
}

static void forget_made(void)
{
	bytes_clear(&made.index);
	bytes_clear(&made.first);
	memset(&made, 0, sizeof(made));
}

/* Each blob is there as soon as it is asked for, under a name that tells its place. */
static enum engine_result make_pieces(struct snapshot_build *make)
{
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && made.index.data == NULL) {
		struct transfer transfer = {.state = TRANSFER_PUT};
		bool put = false;

		result = snapshot_build_next(make, true, &put, &transfer);
		if (result == ENGINE_OK) {
			assert_true(put);
			if (transfer.place == PLACE_INDEX)
				keep_index(&transfer);
			else
				keep_piece(&transfer);
			transfer.name.count = made.count;
			transfer.blob_len = 100;
			result = snapshot_build_put_done(make, &transfer);
		}
		transfer_end(&transfer);
	}
	snapshot_build_progress(make, &made.there, &made.all);
	return result;
}

/* Of the state as it is cut now. */
static enum engine_result cut(struct replica *state)
{
	struct snapshot_build *make = NULL;
	enum engine_result result;

	forget_made();
	result = snapshot_build_open(state, FRAME_SNAPSHOT, NULL, &make);
	if (result == ENGINE_OK)
		result = make_pieces(make);
	snapshot_build_free(make);
	return result;
}

static enum engine_result cut_alone(void)
{
	struct replica state = {
	    .engine = &device.engine, .call = &device.call, .opener = &device.keys};
	enum engine_result result;

	call_init(&device.call, INT64_MAX);
	assert_engine(&device, replica_load(&state), ENGINE_OK);
	assert_engine(&device, transaction_begin(&state), ENGINE_OK);
	assert_engine(&device, segments_begin(&state), ENGINE_OK); /* nothing is there yet */
	assert_engine(&device, transaction_commit(&state), ENGINE_OK);
	result = cut(&state);
	replica_clear(&state);
	return result;
}

static int setup(void **state)
{
	(void)state;
	memset(text, 'x', HUGE_LEN);
	world_open(&world);
	device_open(&device, &world);
	device_create(&device);
	memset(&scan, 0, sizeof(scan));
	scan.real = device.engine.journal.ops;
	scan.ops = *scan.real;
	scan.ops.scan_open = scan_open;
	scan.ops.scan_next = scan_next;
	scan.state.huge_at = scan.state.deleted_at = SIZE_MAX - 1;
	scan.losers = scan.state;
	device.engine.journal.ops = &scan.ops;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forget_made();
	device.engine.journal.ops = scan.real;
	device_close(&device);
	world_close(&world);
	return 0;
}

static size_t pieces_unlike(const struct piece *others, size_t others_count)
{
	size_t unlike = 0;

	for (size_t i = 0; i < made.count; i++) {
		size_t k = 0;

		while (k < others_count && !digest_equal(&others[k].digest, &made.pieces[i].digest))
			k++;
		unlike += k == others_count;
	}
	return unlike;
}

/* Wherever an entry comes to, the segments of the others stay what they were. */
static void boundaries_go_by_what_stands_there(void **state)
{
	static struct piece before[SEGMENTS_MAX];
	size_t before_count;

	(void)state;
	scan.state.count = 1000;
	scan.state.len = 3000;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	assert_in_range(made.count, 5, 15);
	for (size_t i = 0; i + 1 < made.count; i++)
		assert_true(made.pieces[i].len >= FLOOR);
	before_count = made.count;
	memcpy(before, made.pieces, sizeof(before));
	scan.state.first_too = true;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	assert_in_range(pieces_unlike(before, before_count), 1, 2);
}

static void a_segment_ends_before_it_is_too_long(void **state)
{
	(void)state;
	scan.state.count = 3000;
	scan.state.len = 60;
	scan.state.huge_at = 2900;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	for (size_t i = 0; i < made.count; i++)
		assert_in_range(made.pieces[i].len, 1, ENTRY_MAX + 64);
}

/* By what is claimed each would be of 2.5 MiB, and hold more than can be read. */
static void a_segment_has_no_more_rows_than_are_read(void **state)
{
	(void)state;
	scan.state.count = ROWS_COUNT_MAX + 1;
	scan.state.tiny = true;
	scan.claimed_count = 50000000;
	scan.claimed_bytes = 1;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	assert_int_equal(made.count, 2);
	assert_in_range(made.pieces[0].rows, ROWS_COUNT_MAX - 1, ROWS_COUNT_MAX);
}

/* By what is claimed each long row is a segment. */
static void claim_little(void)
{
	scan.claimed_count = 1;
	scan.claimed_bytes = 600u << 10;
}

static void there_are_no_more_segments_than_are_named(void **state)
{
	(void)state;
	claim_little();
	scan.state.count = SEGMENTS_MAX + 1;
	scan.state.len = ROW_LONG;
	assert_engine(&device, cut_alone(), ENGINE_FAILED);
	assert_non_null(strstr(device.call.message, "the journal changed while it was cut"));
	assert_int_equal(made.count, SEGMENTS_MAX);
	assert_null(made.index.data);
}

static void losers_have_the_names_that_are_left(void **state)
{
	(void)state;
	claim_little();
	scan.state.count = SEGMENTS_MAX - 10;
	scan.state.len = scan.losers.len = ROW_LONG;
	scan.losers.count = 20;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	assert_int_equal(made.names_count, SEGMENTS_MAX);
	assert_int_equal(made.names_losers, 10);
}

static void losers_have_so_many_segments_at_most(void **state)
{
	(void)state;
	claim_little();
	scan.losers.len = ROW_LONG;
	scan.losers.count = LOSERS_SEGMENTS_MAX + 2;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	assert_int_equal(made.names_count, LOSERS_SEGMENTS_MAX);
	assert_int_equal(made.names_losers, LOSERS_SEGMENTS_MAX);
	assert_int_equal(made.losers_count, LOSERS_SEGMENTS_MAX);
	for (size_t i = 0; i < made.count; i++)
		assert_int_equal(made.pieces[i].kind, BLOB_LOSERS);
}

/* A key of the account, to make a run's hash again. */
static void read_key(struct epoch_key *out)
{
	struct replica state = {
	    .engine = &device.engine, .call = &device.call, .opener = &device.keys};
	const struct epoch_key *key;

	assert_engine(&device, replica_load(&state), ENGINE_OK);
	assert_engine(&device, replica_key(&state, 1, &key), ENGINE_OK);
	*out = *key;
	replica_clear(&state);
}

static void set_floor(uint64_t floor)
{
	struct stored_facts facts;
	const struct journal_ops *ops = device.engine.journal.ops;

	assert_engine(&device, facts_load(&device.engine, &device.call, &facts), ENGINE_OK);
	facts.public.floor = floor;
	assert_int_equal(ops->begin(device.store, &device.call), JOURNAL_OK);
	assert_engine(&device, facts_store(&device.engine, &facts, &device.call), ENGINE_OK);
	assert_int_equal(
	    ops->device_seen(device.store, &device.keys.id, 77, 1234, &device.call), JOURNAL_OK);
	assert_int_equal(ops->commit(device.store, &device.call), JOURNAL_OK);
}

static void assert_index_segments(const struct index_parts *parts)
{
	struct cbor_reader reader;
	struct epoch_key key;
	size_t at = 0;

	read_key(&key);
	cbor_read(&reader, parts->segments);
	for (size_t i = 0; i < parts->segments_count; i++) {
		struct index_segment segment;
		struct digest run;
		char id[24];

		index_read_segment(&reader, &segment);
		(void)snprintf(id, sizeof(id), "entry-%08zu", at + 1);
		assert_true(view_equal(segment.first_id, view_text(id)));
		assert_int_equal(segment.first_ms, row_ms(&scan.state, at + 1));
		assert_int_equal(segment.entries_count, made.pieces[i].rows);
		at += segment.entries_count;
		run_hash(&key, view_bytes(&made.first), &run);
		assert_int_equal(digest_equal(&run, &segment.run_hash), i == 0);
	}
	assert_int_equal(at, scan.state.count);
	sodium_memzero(&key, sizeof(key));
}

/* The device's last frame is known, the recovery device has none. */
static void assert_index_devices(const struct index_parts *parts)
{
	struct cbor_reader reader;

	assert_int_equal(parts->devices_count, 2);
	cbor_read(&reader, parts->devices);
	for (size_t i = 0; i < 2; i++) {
		struct index_device known;

		index_read_device(&reader, &known);
		if (device_equal(&known.id, &device.keys.id)) {
			assert_int_equal(known.seq, 77);
			assert_int_equal(known.time_ms, 1234);
		} else {
			assert_int_equal(known.seq, 0);
			assert_int_equal(known.time_ms, world.now_ms);
		}
	}
}

static void the_index_says_what_stands_where(void **state)
{
	struct index_parts parts;

	(void)state;
	set_floor(42);
	scan.state.count = 300;
	scan.state.len = 5000;
	scan.losers.count = 2;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	assert_true(made.count > 3);
	assert_int_equal(made.losers_count, 1);
	assert_int_equal(made.names_count, made.count);
	assert_int_equal(made.names_losers, 1);
	assert_int_equal(index_read(view_bytes(&made.index), &parts), FORMAT_OK);
	assert_int_equal(parts.head.floor, 42);
	assert_int_equal(parts.head.entries_count, 300);
	assert_int_equal(parts.segments_count, made.count - 1);
	assert_index_segments(&parts);
	assert_index_devices(&parts);
	assert_int_equal(made.there, 300);
	assert_int_equal(made.all, 300);
}

static void a_tombstone_stands_with_its_place(void **state)
{
	struct cbor_reader reader;
	struct row row;

	(void)state;
	scan.state.count = 2;
	scan.state.deleted_at = 2;
	assert_engine(&device, cut_alone(), ENGINE_OK);
	cbor_read(&reader, view_bytes(&made.first));
	assert_int_equal(cbor_array(&reader, ROWS_COUNT_MAX), 2);
	for (unsigned i = 0; i < 2; i++) {
		row_read(&reader, false, &row);
		assert_int_equal(row.deleted, i == 1);
		assert_int_equal(row.seq, i == 1 ? 5 : 0);
		assert_int_equal(row.time_ms, i == 1 ? world.now_ms : 0);
		assert_true(device_equal(&row.author, &author));
	}
	assert_int_equal(cbor_finish(&reader), FORMAT_OK);
}

/* Whatever it is that does not fit the rest: it stops a state, and a loser stays out. */
static void a_row_that_does_not_hold_does_not_travel(void **state)
{
	(void)state;
	for (unsigned wrong = NOTHING_WRONG + 1; wrong < WRONGS; wrong++) {
		scan.state.count = 3;
		scan.losers.count = 3;
		scan.wrong = (enum wrong)wrong;
		scan.wrong_loser = false;
		assert_engine(&device, cut_alone(), ENGINE_UNSOUND);
		assert_non_null(strstr(device.call.message, "-00000002"));
		assert_int_equal(made.count, 0);
		if (wrong == OTHER_TIME || wrong == OTHER_DELETION)
			continue; /* a loser's are nobody's */
		scan.wrong_loser = true;
		assert_engine(&device, cut_alone(), ENGINE_OK);
		assert_int_equal(made.count, 2);
		assert_int_equal(made.pieces[0].rows, 3);
		assert_int_equal(made.pieces[1].rows, 2);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(boundaries_go_by_what_stands_there, setup, teardown),
    cmocka_unit_test_setup_teardown(a_segment_ends_before_it_is_too_long, setup, teardown),
    cmocka_unit_test_setup_teardown(a_segment_has_no_more_rows_than_are_read, setup, teardown),
    cmocka_unit_test_setup_teardown(there_are_no_more_segments_than_are_named, setup, teardown),
    cmocka_unit_test_setup_teardown(losers_have_the_names_that_are_left, setup, teardown),
    cmocka_unit_test_setup_teardown(losers_have_so_many_segments_at_most, setup, teardown),
    cmocka_unit_test_setup_teardown(the_index_says_what_stands_where, setup, teardown),
    cmocka_unit_test_setup_teardown(a_tombstone_stands_with_its_place, setup, teardown),
    cmocka_unit_test_setup_teardown(a_row_that_does_not_hold_does_not_travel, setup, teardown),
};

TEST_MAIN(tests)
