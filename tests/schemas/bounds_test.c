/*
 * tests/schemas/bounds_test.c: each number, time and string of each format at its maximum, and one
 * beyond: the one is read as it was written, the other refused, and what there was is left alone.
 */
#include "tests/schemas/format_made.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

enum bound_kind {
	NUMBER, /* a uint64_t */
	COUNT,  /* a size_t */
	TIME,   /* an int64_t with a maximum on either side */
	DELAY,  /* an int64_t from 0 on */
	STRING, /* a view's length, of bytes or of text */
};
struct bound {
	const char *name;
	size_t offset;
	enum bound_kind kind;
	uint64_t max;
};
#define AT(type, member) #member, offsetof(type, member)
#define TIME_BOUND(type, member) \
	{ \
		AT(type, member), TIME, TIME_MS_MAX \
	}
#define SEQ_BOUND(type, member) \
	{ \
		AT(type, member), NUMBER, SEQ_MAX \
	}

static void set(void *thing, const struct bound *bound, int64_t value)
{
	void *at = (char *)thing + bound->offset;
	struct view *view = at;
	size_t count = (size_t)value;

	switch (bound->kind) {
	case NUMBER:
	case TIME:
	case DELAY: memcpy(at, &value, sizeof(value)); break;
	case COUNT: memcpy(at, &count, sizeof(count)); break;
	case STRING: *view = view_of(made_stuffing, count); break;
	}
}

static void try(
    const struct made_format *format, const struct bound *bound, int64_t value, bool good)
{
	void *thing = calloc(2, format->size), *decoded = (char *)thing + format->size;
	enum format_result result = FORMAT_NO_MEMORY;
	struct bytes encoded = {0}, again = {0};
	uint8_t *before = calloc(1, format->size);

	assert_non_null(thing);
	assert_non_null(before);
	format->base(thing);
	set(thing, bound, value);
	result = format->encode(thing, &encoded);
	if (result == FORMAT_OK)
		result = format->decode(view_bytes(&encoded), decoded);
	if (result != (good ? FORMAT_OK : FORMAT_TOO_LARGE))
		fail_msg("%s, %s of %lld: %s", format->name, bound->name, (long long)value,
		    format_result_text(result));
	if (good) {
		assert_int_equal(format->encode(decoded, &again), FORMAT_OK);
		if (!view_equal(view_bytes(&again), view_bytes(&encoded)))
			fail_msg("%s, %s of %lld: read as another", format->name, bound->name,
			    (long long)value);
		if (format->clear != NULL)
			format->clear(decoded);
	} else if (format->leaves) {
		assert_memory_equal(decoded, before, format->size);
	}
	bytes_clear(&again);
	bytes_clear(&encoded);
	free(before);
	free(thing);
}

static void hold(const struct made_format *format, const struct bound *bounds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t max = (int64_t)bounds[i].max;

		try(format, &bounds[i], max, true);
		try(format, &bounds[i], max + 1, false);
		if (bounds[i].kind != TIME)
			continue;
		try(format, &bounds[i], -max, true);
		try(format, &bounds[i], -max - 1, false);
	}
}

/* ---- Manifest ---- */

static void bounds_of_a_manifest(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct manifest, generation),
	    SEQ_BOUND(struct manifest, sweep),
	    TIME_BOUND(struct manifest, swept_ms),
	    SEQ_BOUND(struct manifest, roster.count),
	    SEQ_BOUND(struct manifest, epoch),
	    SEQ_BOUND(struct manifest, packs[0].count),
	    {AT(struct manifest, packs[0].size), NUMBER, PACK_MAX},
	    {AT(struct manifest, packs[0].names_size), NUMBER, 100},
	    {AT(struct manifest, packs[0].level), NUMBER, 64},
	    TIME_BOUND(struct manifest, packs[0].made_ms),
	    SEQ_BOUND(struct manifest, devices[0].seq),
	    SEQ_BOUND(struct manifest, lease_generation),
	    {AT(struct manifest, snapshot), STRING, FRAME_MAX},
	    {AT(struct manifest, wipe), STRING, 1024},
	};

	(void)state;
	hold(&made_manifest, bounds, COUNT_OF(bounds));
}

/* The head's place, a pack's and its end's hang together. */
static void manifest_places_base(void *thing)
{
	struct manifest *manifest = thing;

	made_manifest.base(manifest);
	manifest->packs_count = 0;
}

static void manifest_end_base(void *thing)
{
	struct manifest *manifest = thing;

	made_manifest.base(manifest);
	manifest->head.seq = SEQ_MAX;
	manifest->packs[0].from_seq = manifest->packs[0].to_seq = SEQ_MAX;
}

static void bounds_of_a_manifest_s_places(void **state)
{
	static const struct bound head[] = {SEQ_BOUND(struct manifest, head.seq)};
	static const struct bound pack[] = {
	    SEQ_BOUND(struct manifest, packs[0].from_seq),
	    SEQ_BOUND(struct manifest, packs[0].to_seq),
	    SEQ_BOUND(struct manifest, head.seq),
	};
	struct made_format format = made_manifest;

	(void)state;
	format.base = manifest_places_base;
	hold(&format, head, COUNT_OF(head));
	format.base = manifest_end_base;
	hold(&format, pack, COUNT_OF(pack));
}

/* ---- Frames, blobs ---- */

static void bounds_of_a_frame(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct frame_header, epoch),
	    SEQ_BOUND(struct frame_header, seq),
	    SEQ_BOUND(struct frame_header, blob.count),
	    SEQ_BOUND(struct frame_header, covered.seq),
	    SEQ_BOUND(struct frame_header, abandoned.seq),
	};

	(void)state;
	hold(&made_frame, bounds, COUNT_OF(bounds));
}

static void bounds_of_an_index_s_blob(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct index_blob, header.epoch),
	    {AT(struct index_blob, header.names_count), COUNT, SEGMENTS_MAX},
	    {AT(struct index_blob, header.losers_count), COUNT, SEGMENTS_MAX},
	    SEQ_BOUND(struct index_blob, names[SEGMENTS_MAX - 1].count),
	};

	(void)state;
	hold(&made_index_blob, bounds, COUNT_OF(bounds));
}

/* ---- Statements, wipes, receipts, creates, invitations ---- */

static void bounds_of_a_statement(void **state)
{
	static const struct bound bounds[] = {
	    TIME_BOUND(struct statement, time_ms),
	    SEQ_BOUND(struct statement, epoch.number),
	    {AT(struct statement, added_count), COUNT, DEVICES_MAX},
	    {AT(struct statement, revoked_count), COUNT, DEVICES_MAX},
	};

	(void)state;
	hold(&made_statement, bounds, COUNT_OF(bounds));
}

static void bounds_of_a_wipe(void **state)
{
	static const struct bound bounds[] = {
	    TIME_BOUND(struct wipe, time_ms),
	    {AT(struct wipe, gateway), STRING, 255},
	};

	(void)state;
	hold(&made_wipe, bounds, COUNT_OF(bounds));
}

static void bounds_of_a_wipe_s_record(void **state)
{
	static const struct bound bounds[] = {
	    {AT(struct record, wipe), STRING, 1024},
	    /* A head of one byte for both, one for the wipe, three for the roster. */
	    {AT(struct record, roster), STRING, WIPE_RECORD_MAX - 1 - (1 + 10) - 3},
	};

	(void)state;
	hold(&made_record, bounds, COUNT_OF(bounds));
}

static void bounds_of_a_receipt(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct receipt, objects_removed),
	    SEQ_BOUND(struct receipt, bytes_removed),
	    TIME_BOUND(struct receipt, empty_at_ms),
	};

	(void)state;
	hold(&made_receipt, bounds, COUNT_OF(bounds));
}

static void bounds_of_a_create(void **state)
{
	static const struct bound bounds[] = {TIME_BOUND(struct create, time_ms)};

	(void)state;
	hold(&made_create, bounds, COUNT_OF(bounds));
}

static void bounds_of_an_invitation(void **state)
{
	static const struct bound bounds[] = {TIME_BOUND(struct invite, made_ms)};

	(void)state;
	hold(&made_invite, bounds, COUNT_OF(bounds));
}

/* ---- The exchange ---- */

static void bounds_of_a_request(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct sync_request, cursor.seq),
	    {AT(struct sync_request, frames[SYNC_PUSH_MAX - 1]), STRING, FRAME_MAX},
	    {AT(struct sync_request, bodies[SYNC_PUSH_MAX - 1]), STRING, BLOB_MAX},
	    {AT(struct sync_request, roster), STRING, ROSTER_MAX},
	};

	(void)state;
	hold(&made_request, bounds, COUNT_OF(bounds));
}

static void bounds_of_an_answer(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct small_answer, answer.head.seq),
	    SEQ_BOUND(struct small_answer, answer.sweep),
	    SEQ_BOUND(struct small_answer, answer.roster.count),
	    {AT(struct small_answer, frame), STRING, FRAME_MAX},
	    {AT(struct small_answer, body.blob), STRING, BLOB_MAX},
	    SEQ_BOUND(struct small_answer, body.name.count),
	    SEQ_BOUND(struct small_answer, name.count),
	    {AT(struct small_answer, answer.snapshot), STRING, FRAME_MAX},
	    {AT(struct small_answer, answer.roster_blob), STRING, ROSTER_MAX},
	    {AT(struct small_answer, answer.wipe_record), STRING, WIPE_RECORD_MAX},
	    {AT(struct small_answer, answer.retry_after_ms), DELAY, 3600000},
	    TIME_BOUND(struct small_answer, answer.time_ms),
	};

	(void)state;
	hold(&made_answer, bounds, COUNT_OF(bounds));
}

/* ---- What stands inside the seals ---- */

static void bounds_of_a_frame_s_sealed_part(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct frame_sealed, floor),
	    TIME_BOUND(struct frame_sealed, time_ms),
	    {AT(struct frame_sealed, ops), STRING, FRAME_INLINE_MAX},
	    SEQ_BOUND(struct frame_sealed, reset_seq),
	};

	(void)state;
	hold(&made_sealed, bounds, COUNT_OF(bounds));
}

static void bounds_of_an_operation(void **state)
{
	static const struct bound bounds[] = {
	    {AT(struct op, id), STRING, ENTRY_ID_MAX},
	    {AT(struct op, data), STRING, ENTRY_MAX},
	    {AT(struct op, result_len), NUMBER, ENTRY_MAX},
	};

	(void)state;
	hold(&made_op, bounds, COUNT_OF(bounds));
}

static void bounds_of_a_row(void **state)
{
	static const struct bound bounds[] = {
	    TIME_BOUND(struct row, time_ms),
	    SEQ_BOUND(struct row, seq),
	};

	(void)state;
	hold(&made_row, bounds, COUNT_OF(bounds));
	hold(&made_loser, bounds, 1);
}

static void bounds_of_an_index(void **state)
{
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct small_index, head.floor),
	    SEQ_BOUND(struct small_index, head.entries_count),
	    TIME_BOUND(struct small_index, segment.first_ms),
	    {AT(struct small_index, segment.first_id), STRING, ENTRY_ID_MAX},
	    {AT(struct small_index, segment.entries_count), NUMBER, ROWS_COUNT_MAX},
	    {AT(struct small_index, segments_count), COUNT, SEGMENTS_MAX},
	    SEQ_BOUND(struct small_index, device.seq),
	    TIME_BOUND(struct small_index, device.time_ms),
	    {AT(struct small_index, devices_count), COUNT, DEVICES_MAX},
	};

	(void)state;
	hold(&made_index, bounds, COUNT_OF(bounds));
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(bounds_of_a_manifest, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_manifest_s_places, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_frame, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_an_index_s_blob, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_statement, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_wipe, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_wipe_s_record, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_receipt, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_create, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_an_invitation, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_request, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_an_answer, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_frame_s_sealed_part, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_an_operation, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_a_row, made_begin, made_end),
    cmocka_unit_test_setup_teardown(bounds_of_an_index, made_begin, made_end),
};
/* clang-format on */
TEST_MAIN(tests)
