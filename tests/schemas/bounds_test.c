/*
 * tests/schemas/bounds_test.c: each number, time and string of each format at its maximum, and one
 * beyond: the one is read as it was written, the other refused, and what there was is left alone.
 */
#include "schemas/invite.h"
#include "schemas/manifest.h"
#include "schemas/patch.h"
#include "schemas/sync.h"
#include "tests/schemas/account_made.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define STUFFING_MAX (BLOB_MAX + 1)

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
/* A format: things of so many bytes, which base fills; both ways. */
struct format {
	const char *name;
	size_t size;
	void (*base)(void *thing);
	enum format_result (*encode)(void *thing, struct bytes *out);
	enum format_result (*decode)(struct view encoded, void *out);
	void (*clear)(void *decoded); /* NULL: owns nothing */
	bool leaves;                  /* a decoder that fails leaves its output alone */
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

static char *stuffing; /* text, and bytes */
static struct made_device device;

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
	case STRING: *view = view_of(stuffing, count); break;
	}
}

static void try(const struct format *format, const struct bound *bound, int64_t value, bool good)
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

static void hold(const struct format *format, const struct bound *bounds, size_t count)
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

static void manifest_base(void *thing)
{
	struct manifest *manifest = thing;

	manifest->epoch = 1;
	manifest->head.seq = 5;
	manifest->snapshot = view_of(stuffing, 10);
	manifest->packs_count = 1;
	manifest->packs[0] =
	    (struct manifest_pack){.from_seq = 5, .to_seq = 5, .size = 100, .names_size = 10};
	manifest->devices_count = 1;
	manifest->has_turn = true;
	manifest->wipe = view_of(stuffing, 10);
}

static enum format_result manifest_out(void *thing, struct bytes *out)
{
	return manifest_encode(thing, out);
}

static enum format_result manifest_in(struct view encoded, void *out)
{
	return manifest_decode(encoded, out);
}

static const struct format manifest_format = {
    "manifest", sizeof(struct manifest), manifest_base, manifest_out, manifest_in, NULL, true};

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
	    SEQ_BOUND(struct manifest, turn_generation),
	    {AT(struct manifest, snapshot), STRING, FRAME_MAX},
	    {AT(struct manifest, wipe), STRING, 1024},
	};

	(void)state;
	hold(&manifest_format, bounds, COUNT_OF(bounds));
}

/* The head's place, a pack's and its end's hang together. */
static void manifest_places_base(void *thing)
{
	struct manifest *manifest = thing;

	manifest_base(manifest);
	manifest->packs_count = 0;
}

static void manifest_end_base(void *thing)
{
	struct manifest *manifest = thing;

	manifest_base(manifest);
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
	struct format format = manifest_format;

	(void)state;
	format.base = manifest_places_base;
	hold(&format, head, COUNT_OF(head));
	format.base = manifest_end_base;
	hold(&format, pack, COUNT_OF(pack));
}

/* ---- Frames, blobs ---- */

static void frame_base(void *thing)
{
	struct frame_header *header = thing;

	*header = (struct frame_header){.epoch = 1,
	    .seq = 1,
	    .kind = FRAME_RESET,
	    .has_blob = true,
	    .has_covered = true,
	    .has_abandoned = true};
}

static enum format_result frame_out(void *thing, struct bytes *out)
{
	return frame_encode(thing, view_of(stuffing, 10), device.secret, out);
}

static enum format_result frame_in(struct view encoded, void *out)
{
	struct frame_header *header = out;
	struct frame frame;
	enum format_result result = frame_decode(encoded, &frame);

	if (result == FORMAT_OK)
		*header = frame.header;
	return result;
}

static void bounds_of_a_frame(void **state)
{
	static const struct format format = {
	    "frame", sizeof(struct frame_header), frame_base, frame_out, frame_in, NULL, true};
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct frame_header, epoch),
	    SEQ_BOUND(struct frame_header, seq),
	    SEQ_BOUND(struct frame_header, blob.count),
	    SEQ_BOUND(struct frame_header, covered.seq),
	    SEQ_BOUND(struct frame_header, abandoned.seq),
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

struct index_blob {
	struct blob_header header;
	struct blob_name names[SEGMENTS_MAX + 1];
};

static void index_blob_base(void *thing)
{
	struct index_blob *blob = thing;

	blob->header.epoch = 1;
	blob->header.kind = BLOB_INDEX;
	blob->header.names_count = SEGMENTS_MAX;
}

static enum format_result index_blob_out(void *thing, struct bytes *out)
{
	struct index_blob *blob = thing;
	struct buffer buffer;

	buffer_init(&buffer, BLOB_MAX);
	blob->header.names = blob->names;
	blob_header_put(&buffer, &blob->header, BLOB_HEADER_WHOLE);
	buffer_add_text(&buffer, "sealed");
	return format_take(&buffer, out);
}

static enum format_result index_blob_in(struct view encoded, void *out)
{
	struct index_blob *index = out;
	struct blob blob;
	enum format_result result = blob_decode(encoded, index->names, &blob);

	if (result == FORMAT_OK)
		index->header = blob.header;
	return result;
}

static void bounds_of_an_index_s_blob(void **state)
{
	static const struct format format = {"index's blob", sizeof(struct index_blob),
	    index_blob_base, index_blob_out, index_blob_in, NULL, false};
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct index_blob, header.epoch),
	    {AT(struct index_blob, header.names_count), COUNT, SEGMENTS_MAX},
	    {AT(struct index_blob, header.losers_count), COUNT, SEGMENTS_MAX},
	    SEQ_BOUND(struct index_blob, names[SEGMENTS_MAX - 1].count),
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

/* ---- Statements, wipes, receipts, creates, invitations ---- */

static void statement_base(void *thing)
{
	struct statement *statement = thing;

	statement->kind = STATEMENT_CHANGE;
	statement->has_epoch = true;
	statement->epoch.number = 1;
}

static enum format_result statement_out(void *thing, struct bytes *out)
{
	return statement_encode(thing, device.secret, out);
}

static enum format_result statement_in(struct view encoded, void *out)
{
	return statement_decode(encoded, false, out);
}

static void bounds_of_a_statement(void **state)
{
	static const struct format format = {"statement", sizeof(struct statement), statement_base,
	    statement_out, statement_in, NULL, true};
	static const struct bound bounds[] = {
	    TIME_BOUND(struct statement, time_ms),
	    SEQ_BOUND(struct statement, epoch.number),
	    {AT(struct statement, added_count), COUNT, DEVICES_MAX},
	    {AT(struct statement, revoked_count), COUNT, DEVICES_MAX},
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

static void wipe_base(void *thing)
{
	struct wipe *wipe = thing;

	wipe->gateway = view_of(stuffing, 10);
}

static enum format_result wipe_out(void *thing, struct bytes *out)
{
	return wipe_encode(thing, device.wipe_secret, out);
}

static enum format_result wipe_in(struct view encoded, void *out)
{
	return wipe_decode(encoded, out);
}

static void bounds_of_a_wipe(void **state)
{
	static const struct format format = {
	    "wipe", sizeof(struct wipe), wipe_base, wipe_out, wipe_in, NULL, true};
	static const struct bound bounds[] = {
	    TIME_BOUND(struct wipe, time_ms),
	    {AT(struct wipe, gateway), STRING, 255},
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

struct record {
	struct view wipe, roster;
};

static void record_base(void *thing)
{
	struct record *record = thing;

	record->wipe = view_of(stuffing, 10);
	record->roster = view_of(stuffing, 100);
}

static enum format_result record_out(void *thing, struct bytes *out)
{
	struct record *record = thing;

	return wipe_record_encode(record->wipe, record->roster, out);
}

static enum format_result record_in(struct view encoded, void *out)
{
	struct record *record = out;

	return wipe_record_decode(encoded, &record->wipe, &record->roster);
}

static void bounds_of_a_wipe_s_record(void **state)
{
	static const struct format format = {
	    "wipe's record", sizeof(struct record), record_base, record_out, record_in, NULL, true};
	static const struct bound bounds[] = {
	    {AT(struct record, wipe), STRING, 1024},
	    /* A head of one byte for both, one for the wipe, three for the roster. */
	    {AT(struct record, roster), STRING, WIPE_RECORD_MAX - 1 - (1 + 10) - 3},
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

static void receipt_base(void *thing)
{
	struct receipt *receipt = thing;

	memcpy(receipt->signer, device.keys.wipe_public, SIGN_PUBLIC_LEN);
}

static enum format_result receipt_out(void *thing, struct bytes *out)
{
	return receipt_encode(thing, device.wipe_secret, out);
}

static enum format_result receipt_in(struct view encoded, void *out)
{
	return receipt_decode(encoded, out);
}

static void bounds_of_a_receipt(void **state)
{
	static const struct format format = {
	    "receipt", sizeof(struct receipt), receipt_base, receipt_out, receipt_in, NULL, true};
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct receipt, objects_removed),
	    SEQ_BOUND(struct receipt, bytes_removed),
	    TIME_BOUND(struct receipt, empty_at_ms),
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

static struct bytes roster_bytes;

static void create_base(void *thing)
{
	static struct roster roster;
	struct create *create = thing;

	if (roster_bytes.len == 0)
		make_roster(&device, 1, &roster_bytes);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	create->account = roster.account;
	create->device = device.id;
	create->roster = view_bytes(&roster_bytes);
}

static enum format_result create_out(void *thing, struct bytes *out)
{
	return create_encode(thing, device.secret, out);
}

static enum format_result create_in(struct view encoded, void *out)
{
	static struct roster roster;

	return create_decode(encoded, out, &roster);
}

static void bounds_of_a_create(void **state)
{
	static const struct format format = {
	    "create", sizeof(struct create), create_base, create_out, create_in, NULL, true};
	static const struct bound bounds[] = {TIME_BOUND(struct create, time_ms)};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
	bytes_clear(&roster_bytes);
}

static void nothing_base(void *thing)
{
	(void)thing;
}

static enum format_result invite_out(void *thing, struct bytes *out)
{
	return invite_encode(thing, out);
}

static enum format_result invite_in(struct view encoded, void *out)
{
	return invite_decode(encoded, out);
}

static void bounds_of_an_invitation(void **state)
{
	static const struct format format = {
	    "invitation", sizeof(struct invite), nothing_base, invite_out, invite_in, NULL, true};
	static const struct bound bounds[] = {TIME_BOUND(struct invite, made_ms)};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

/* ---- The exchange ---- */

static void request_base(void *thing)
{
	struct sync_request *request = thing;

	for (size_t i = 0; i < SYNC_PUSH_MAX; i++)
		request->frames[i] = request->bodies[i] = view_of(stuffing, 10);
	request->frames_count = request->bodies_count = SYNC_PUSH_MAX;
	request->roster = view_of(stuffing, 10);
}

static enum format_result request_out(void *thing, struct bytes *out)
{
	return sync_request_encode(thing, out);
}

static enum format_result request_in(struct view encoded, void *out)
{
	return sync_request_decode(encoded, out);
}

static void bounds_of_a_request(void **state)
{
	static const struct format format = {"request", sizeof(struct sync_request), request_base,
	    request_out, request_in, NULL, true};
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct sync_request, cursor.seq),
	    {AT(struct sync_request, frames[SYNC_PUSH_MAX - 1]), STRING, FRAME_MAX},
	    {AT(struct sync_request, bodies[SYNC_PUSH_MAX - 1]), STRING, BLOB_MAX},
	    {AT(struct sync_request, roster), STRING, ROSTER_MAX},
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

struct small_answer { /* with one of each; decoded, the arrays are the answer's own */
	struct sync_answer answer;
	struct view frame;
	struct sync_body body;
	struct blob_name name;
};

static void answer_base(void *thing)
{
	struct small_answer *small = thing;

	small->frame = small->body.blob = view_of(stuffing, 10);
	small->answer.frames_count = small->answer.bodies_count = small->answer.names_count = 1;
	small->answer.snapshot = small->answer.roster_blob = small->answer.wipe_record =
	    view_of(stuffing, 10);
}

static enum format_result answer_out(void *thing, struct bytes *out)
{
	struct small_answer *small = thing;

	if (small->answer.frames == NULL) {
		struct sync_answer answer = small->answer;

		answer.frames = &small->frame;
		answer.bodies = &small->body;
		answer.names = &small->name;
		return sync_answer_encode(&answer, out);
	}
	return sync_answer_encode(&small->answer, out);
}

static enum format_result answer_in(struct view encoded, void *out)
{
	struct small_answer *small = out;

	return sync_answer_decode(encoded, &small->answer);
}

static void answer_clear(void *decoded)
{
	struct small_answer *small = decoded;

	sync_answer_clear(&small->answer);
}

static void bounds_of_an_answer(void **state)
{
	static const struct format format = {"answer", sizeof(struct small_answer), answer_base,
	    answer_out, answer_in, answer_clear, true};
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
	hold(&format, bounds, COUNT_OF(bounds));
}

/* ---- What stands inside the seals ---- */

static void sealed_base(void *thing)
{
	struct frame_sealed *sealed = thing;

	sealed->has_covered_root = true;
	sealed->ops = view_of(stuffing, 10);
	sealed->reset_seq = 1;
}

static enum format_result sealed_out(void *thing, struct bytes *out)
{
	return frame_sealed_encode(thing, out);
}

static enum format_result sealed_in(struct view encoded, void *out)
{
	return frame_sealed_decode(encoded, out);
}

static void bounds_of_a_frame_s_sealed_part(void **state)
{
	static const struct format format = {"sealed part", sizeof(struct frame_sealed),
	    sealed_base, sealed_out, sealed_in, NULL, true};
	static const struct bound bounds[] = {
	    SEQ_BOUND(struct frame_sealed, floor),
	    TIME_BOUND(struct frame_sealed, time_ms),
	    {AT(struct frame_sealed, ops), STRING, FRAME_INLINE_MAX},
	    SEQ_BOUND(struct frame_sealed, reset_seq),
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

static void op_base(void *thing)
{
	struct op *op = thing;

	op->kind = OP_LOSER_DELTA;
	op->id = op->data = view_of(stuffing, 10);
}

static enum format_result op_out(void *thing, struct bytes *out)
{
	struct buffer buffer;

	buffer_init(&buffer, BLOB_MAX);
	op_put(&buffer, thing);
	return format_take(&buffer, out);
}

static enum format_result op_in(struct view encoded, void *out)
{
	struct cbor_reader reader;

	cbor_read(&reader, encoded);
	op_read(&reader, out);
	return cbor_finish(&reader);
}

static void bounds_of_an_operation(void **state)
{
	static const struct format format = {
	    "operation", sizeof(struct op), op_base, op_out, op_in, NULL, false};
	static const struct bound bounds[] = {
	    {AT(struct op, id), STRING, ENTRY_ID_MAX},
	    {AT(struct op, data), STRING, ENTRY_MAX},
	    {AT(struct op, result_len), NUMBER, ENTRY_MAX},
	};

	(void)state;
	hold(&format, bounds, COUNT_OF(bounds));
}

static struct bytes entry_bytes; /* a tombstone */

static void row_base(void *thing)
{
	struct entry entry = {.id = view_text("an id"),
	    .collection = view_text("journal"),
	    .title = view_text(""),
	    .content = view_text(""),
	    .created_at = view_text(""),
	    .updated_at = view_text(""),
	    .deleted_at = view_text("")};
	struct row *row = thing;

	if (entry_bytes.len == 0)
		assert_int_equal(entry_encode(&entry, &entry_bytes), FORMAT_OK);
	row->entry = view_bytes(&entry_bytes);
	row->deleted = true;
	row->seq = 1;
}

static enum format_result row_out_as(void *thing, bool loser, struct bytes *out)
{
	struct buffer buffer;

	buffer_init(&buffer, BLOB_MAX);
	row_put(&buffer, thing, loser);
	return format_take(&buffer, out);
}

static enum format_result row_in_as(struct view encoded, bool loser, void *out)
{
	struct cbor_reader reader;

	cbor_read(&reader, encoded);
	row_read(&reader, loser, out);
	return cbor_finish(&reader);
}

static enum format_result row_out(void *thing, struct bytes *out)
{
	return row_out_as(thing, false, out);
}

static enum format_result row_in(struct view encoded, void *out)
{
	return row_in_as(encoded, false, out);
}

static enum format_result loser_out(void *thing, struct bytes *out)
{
	return row_out_as(thing, true, out);
}

static enum format_result loser_in(struct view encoded, void *out)
{
	return row_in_as(encoded, true, out);
}

static void bounds_of_a_row(void **state)
{
	static const struct format run = {
	    "run's row", sizeof(struct row), row_base, row_out, row_in, NULL, false};
	static const struct format losers = {
	    "loser", sizeof(struct row), row_base, loser_out, loser_in, NULL, false};
	static const struct bound bounds[] = {
	    TIME_BOUND(struct row, time_ms),
	    SEQ_BOUND(struct row, seq),
	};

	(void)state;
	hold(&run, bounds, COUNT_OF(bounds));
	hold(&losers, bounds, 1);
	bytes_clear(&entry_bytes);
}

struct small_index { /* with one segment and one device */
	struct index_head head;
	struct index_segment segment;
	struct index_device device;
	size_t segments_count, devices_count; /* of these, so often */
};

static void index_base(void *thing)
{
	struct small_index *index = thing;

	index->segment.first_id = view_of(stuffing, 10);
	index->segments_count = index->devices_count = 1;
}

static enum format_result index_out(void *thing, struct bytes *out)
{
	struct small_index *index = thing;
	struct buffer buffer;

	buffer_init(&buffer, INDEX_PLAIN_MAX);
	index_put_head(&buffer, &index->head);
	cbor_put_array(&buffer, index->segments_count);
	for (size_t i = 0; i < index->segments_count; i++)
		index_put_segment(&buffer, &index->segment);
	cbor_put_array(&buffer, index->devices_count);
	for (size_t i = 0; i < index->devices_count; i++)
		index_put_device(&buffer, &index->device);
	return format_take(&buffer, out);
}

static enum format_result index_in(struct view encoded, void *out)
{
	struct small_index *index = out;
	struct index_parts parts;
	struct cbor_reader reader;
	enum format_result result = index_read(encoded, &parts);

	if (result != FORMAT_OK)
		return result;
	index->head = parts.head;
	index->segments_count = parts.segments_count;
	index->devices_count = parts.devices_count;
	cbor_read(&reader, parts.segments);
	index_read_segment(&reader, &index->segment);
	cbor_read(&reader, parts.devices);
	index_read_device(&reader, &index->device);
	return reader.result;
}

static void bounds_of_an_index(void **state)
{
	static const struct format format = {
	    "index", sizeof(struct small_index), index_base, index_out, index_in, NULL, true};
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
	hold(&format, bounds, COUNT_OF(bounds));
}

/* ---- Counts and keys that are none of a format's ---- */

/* Each array of a thing, told to be of another number of items than it is: not taken. */
static void refuse_other_counts(const struct format *format, const char *name)
{
	void *thing = calloc(2, format->size), *decoded = (char *)thing + format->size;
	struct bytes encoded = {0};
	uint8_t right;

	assert_non_null(thing);
	format->base(thing);
	assert_int_equal(format->encode(thing, &encoded), FORMAT_OK);
	right = encoded.data[0];
	for (uint8_t count = 0; count < 24; count++) {
		enum format_result result;

		encoded.data[0] = (right & 0xE0) | count;
		result = format->decode(view_bytes(&encoded), decoded);
		if ((result == FORMAT_OK) != (encoded.data[0] == right))
			fail_msg("%s of %u items: %s", name, count, format_result_text(result));
	}
	bytes_clear(&encoded);
	free(thing);
}

static enum op_kind op_base_kind;

static void op_kind_base(void *thing)
{
	struct op *op = thing;

	op_base(op);
	op->kind = op_base_kind;
}

static void row_live_base(void *thing)
{
	struct entry entry = {.id = view_text("an id"),
	    .collection = view_text("journal"),
	    .title = view_text(""),
	    .content = view_text(""),
	    .created_at = view_text(""),
	    .updated_at = view_text("")};
	struct row *row = thing;

	if (entry_bytes.len == 0)
		assert_int_equal(entry_encode(&entry, &entry_bytes), FORMAT_OK);
	row->entry = view_bytes(&entry_bytes);
}

static void other_counts_are_refused(void **state)
{
	static const struct format op = {
	    "operation", sizeof(struct op), op_kind_base, op_out, op_in, NULL, false};
	static const struct format live = {
	    "live row", sizeof(struct row), row_live_base, row_out, row_in, NULL, false};
	static const struct format dead = {
	    "tombstone", sizeof(struct row), row_base, row_out, row_in, NULL, false};
	static const struct format loser = {
	    "loser", sizeof(struct row), row_base, loser_out, loser_in, NULL, false};

	(void)state;
	for (unsigned kind = OP_PUT; kind <= OP_LOSER_NAMED; kind++) {
		op_base_kind = (enum op_kind)kind;
		refuse_other_counts(&op, "an operation");
	}
	refuse_other_counts(&live, "a live row");
	bytes_clear(&entry_bytes);
	refuse_other_counts(&dead, "a tombstone");
	refuse_other_counts(&loser, "a loser");
	bytes_clear(&entry_bytes);
}

/* A map's bytes with one pair more, of which there is a key that no format has, and no value. */
static void add_key(struct buffer *out, struct view map)
{
	assert_in_range(map.data[0], 0xA0, 0xB6);
	buffer_add_byte(out, (uint8_t)(map.data[0] + 1));
	buffer_add(out, map.data + 1, map.len - 1);
	buffer_add_byte(out, 0x18);
	buffer_add_byte(out, 63);
}

static enum format_result manifest_in_again(struct view encoded, void *out)
{
	return manifest_decode_again(encoded, out);
}

/* Where the map ends: behind a manifest's the checksum stands, behind a frame's header the rest. */
static void refuse_unknown_key(const struct format *format, size_t behind)
{
	void *thing = calloc(2, format->size), *decoded = (char *)thing + format->size;
	struct bytes encoded = {0};
	struct buffer more;
	enum format_result result;

	assert_non_null(thing);
	format->base(thing);
	assert_int_equal(format->encode(thing, &encoded), FORMAT_OK);
	buffer_init(&more, 1u << 20);
	add_key(&more, view_of(encoded.data, encoded.len - behind));
	buffer_add(&more, encoded.data + encoded.len - behind, behind);
	result = format->decode(buffer_view(&more), decoded);
	if (result != FORMAT_MALFORMED)
		fail_msg("%s: %s", format->name, format_result_text(result));
	buffer_clear(&more);
	bytes_clear(&encoded);
	free(thing);
}

/* Likewise of a signed part, whose signature does not hold any more, but that is looked at last. */
static void refuse_unknown_signed_key(const struct format *format)
{
	void *thing = calloc(2, format->size), *decoded = (char *)thing + format->size;
	struct bytes encoded = {0};
	struct cbor_reader reader;
	struct buffer part, more;
	enum format_result result;

	assert_non_null(thing);
	format->base(thing);
	assert_int_equal(format->encode(thing, &encoded), FORMAT_OK);
	buffer_init(&part, 1u << 20);
	buffer_init(&more, 1u << 20);
	cbor_read(&reader, view_bytes(&encoded));
	cbor_put_array(&more, cbor_array(&reader, 3));
	add_key(&part, cbor_bytes(&reader, 1u << 20));
	cbor_put_view(&more, buffer_view(&part));
	buffer_add_view(&more, cbor_rest(&reader));
	result = format->decode(buffer_view(&more), decoded);
	if (result != FORMAT_MALFORMED)
		fail_msg("%s: %s", format->name, format_result_text(result));
	buffer_clear(&more);
	buffer_clear(&part);
	bytes_clear(&encoded);
	free(thing);
}

static void unknown_keys_are_refused(void **state)
{
	static const struct format manifest = {"manifest", sizeof(struct manifest), manifest_base,
	    manifest_out, manifest_in_again, NULL, true};
	static const struct format frame = {
	    "frame", sizeof(struct frame_header), frame_base, frame_out, frame_in, NULL, true};
	static const struct format blob = {"index's blob", sizeof(struct index_blob),
	    index_blob_base, index_blob_out, index_blob_in, NULL, false};
	static const struct format maps[] = {
	    {"invitation", sizeof(struct invite), nothing_base, invite_out, invite_in, NULL, true},
	    {"request", sizeof(struct sync_request), request_base, request_out, request_in, NULL,
		true},
	    {"answer", sizeof(struct small_answer), answer_base, answer_out, answer_in, NULL, true},
	    {"sealed part", sizeof(struct frame_sealed), sealed_base, sealed_out, sealed_in, NULL,
		true},
	};
	static const struct format parts[] = {
	    {"statement", sizeof(struct statement), statement_base, statement_out, statement_in,
		NULL, true},
	    {"wipe", sizeof(struct wipe), wipe_base, wipe_out, wipe_in, NULL, true},
	    {"receipt", sizeof(struct receipt), receipt_base, receipt_out, receipt_in, NULL, true},
	    {"create", sizeof(struct create), create_base, create_out, create_in, NULL, true},
	};

	(void)state;
	refuse_unknown_key(&manifest, 2 + DIGEST_LEN);
	refuse_unknown_key(&frame, 10 + SIGNATURE_LEN);
	refuse_unknown_key(&blob, strlen("sealed"));
	for (size_t i = 0; i < COUNT_OF(maps); i++)
		refuse_unknown_key(&maps[i], 0);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		refuse_unknown_signed_key(&parts[i]);
	bytes_clear(&roster_bytes);
}

static int stuff(void **state)
{
	(void)state;
	stuffing = malloc(STUFFING_MAX);
	assert_non_null(stuffing);
	memset(stuffing, 's', STUFFING_MAX);
	make_device(1, ROLE_DEVICE, &device);
	return 0;
}

static int unstuff(void **state)
{
	(void)state;
	free(stuffing);
	return 0;
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(bounds_of_a_manifest, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_manifest_s_places, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_frame, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_an_index_s_blob, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_statement, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_wipe, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_wipe_s_record, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_receipt, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_create, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_an_invitation, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_request, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_an_answer, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_frame_s_sealed_part, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_an_operation, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_a_row, stuff, unstuff),
    cmocka_unit_test_setup_teardown(bounds_of_an_index, stuff, unstuff),
    cmocka_unit_test_setup_teardown(other_counts_are_refused, stuff, unstuff),
    cmocka_unit_test_setup_teardown(unknown_keys_are_refused, stuff, unstuff),
};
/* clang-format on */
TEST_MAIN(tests)
