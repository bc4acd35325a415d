/*
 * tests/schemas/format_made.c: see format_made.h.
 */
#include "tests/schemas/format_made.h"
#include "tests/schemas/account_made.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define STUFFING_MAX (BLOB_MAX + 1)

char *made_stuffing;
static struct made_device device;

/* ---- Manifest ---- */

static void manifest_base(void *thing)
{
	struct manifest *manifest = thing;

	manifest->epoch = 1;
	manifest->head.seq = 5;
	manifest->snapshot = view_of(made_stuffing, 10);
	manifest->packs_count = 1;
	manifest->packs[0] =
	    (struct manifest_pack){.from_seq = 5, .to_seq = 5, .size = 100, .names_size = 10};
	manifest->devices_count = 1;
	manifest->has_lease = true;
	manifest->wipe = view_of(made_stuffing, 10);
}

static enum format_result manifest_out(void *thing, struct bytes *out)
{
	return manifest_encode(thing, out);
}

static enum format_result manifest_in(struct view encoded, void *out)
{
	return manifest_decode(encoded, out);
}

static enum format_result manifest_in_again(struct view encoded, void *out)
{
	return manifest_decode_again(encoded, out);
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
	return frame_encode(thing, view_of(made_stuffing, 10), device.secret, out);
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

static void wipe_base(void *thing)
{
	struct wipe *wipe = thing;

	wipe->gateway = view_of(made_stuffing, 10);
}

static enum format_result wipe_out(void *thing, struct bytes *out)
{
	return wipe_encode(thing, device.wipe_secret, out);
}

static enum format_result wipe_in(struct view encoded, void *out)
{
	return wipe_decode(encoded, out);
}

static void record_base(void *thing)
{
	struct record *record = thing;

	record->wipe = view_of(made_stuffing, 10);
	record->roster = view_of(made_stuffing, 100);
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

/* ---- The exchange ---- */

static void request_base(void *thing)
{
	struct sync_request *request = thing;

	for (size_t i = 0; i < SYNC_PUSH_MAX; i++)
		request->frames[i] = request->bodies[i] = view_of(made_stuffing, 10);
	request->frames_count = request->bodies_count = SYNC_PUSH_MAX;
	request->roster = view_of(made_stuffing, 10);
}

static enum format_result request_out(void *thing, struct bytes *out)
{
	return sync_request_encode(thing, out);
}

static enum format_result request_in(struct view encoded, void *out)
{
	return sync_request_decode(encoded, out);
}

static void answer_base(void *thing)
{
	struct small_answer *small = thing;

	small->frame = small->body.blob = view_of(made_stuffing, 10);
	small->answer.frames_count = small->answer.bodies_count = small->answer.names_count = 1;
	small->answer.snapshot = small->answer.roster_blob = small->answer.wipe_record =
	    view_of(made_stuffing, 10);
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

/* ---- What stands inside the seals ---- */

static void sealed_base(void *thing)
{
	struct frame_sealed *sealed = thing;

	sealed->has_covered_root = true;
	sealed->ops = view_of(made_stuffing, 10);
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

enum op_kind made_op_kind = OP_LOSER_DELTA;

static void op_base(void *thing)
{
	struct op *op = thing;

	op->kind = made_op_kind;
	op->id = op->data = view_of(made_stuffing, 10);
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

static struct bytes dead_entry, live_entry;

static void entry_base(struct bytes *bytes, struct view deleted_at)
{
	struct entry entry = {.id = view_text("an id"),
	    .collection = view_text("journal"),
	    .title = view_text(""),
	    .content = view_text(""),
	    .created_at = view_text(""),
	    .updated_at = view_text(""),
	    .deleted_at = deleted_at};

	if (bytes->len == 0)
		assert_int_equal(entry_encode(&entry, bytes), FORMAT_OK);
}

static void row_base(void *thing)
{
	struct row *row = thing;

	entry_base(&dead_entry, view_text(""));
	row->entry = view_bytes(&dead_entry);
	row->deleted = true;
	row->seq = 1;
}

static void row_live_base(void *thing)
{
	struct row *row = thing;

	entry_base(&live_entry, (struct view){0});
	row->entry = view_bytes(&live_entry);
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

static void index_base(void *thing)
{
	struct small_index *index = thing;

	index->segment.first_id = view_of(made_stuffing, 10);
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

/* ---- All of them ---- */

const struct made_format made_manifest = {
    "manifest", sizeof(struct manifest), manifest_base, manifest_out, manifest_in, NULL, true};
const struct made_format made_manifest_again = {"manifest", sizeof(struct manifest), manifest_base,
    manifest_out, manifest_in_again, NULL, true};
const struct made_format made_frame = {
    "frame", sizeof(struct frame_header), frame_base, frame_out, frame_in, NULL, true};
const struct made_format made_index_blob = {"index's blob", sizeof(struct index_blob),
    index_blob_base, index_blob_out, index_blob_in, NULL, false};
const struct made_format made_statement = {
    "statement", sizeof(struct statement), statement_base, statement_out, statement_in, NULL, true};
const struct made_format made_wipe = {
    "wipe", sizeof(struct wipe), wipe_base, wipe_out, wipe_in, NULL, true};
const struct made_format made_record = {
    "wipe's record", sizeof(struct record), record_base, record_out, record_in, NULL, true};
const struct made_format made_receipt = {
    "receipt", sizeof(struct receipt), receipt_base, receipt_out, receipt_in, NULL, true};
const struct made_format made_create = {
    "create", sizeof(struct create), create_base, create_out, create_in, NULL, true};
const struct made_format made_invite = {
    "invitation", sizeof(struct invite), nothing_base, invite_out, invite_in, NULL, true};
const struct made_format made_request = {
    "request", sizeof(struct sync_request), request_base, request_out, request_in, NULL, true};
const struct made_format made_answer = {
    "answer", sizeof(struct small_answer), answer_base, answer_out, answer_in, answer_clear, true};
const struct made_format made_sealed = {
    "sealed part", sizeof(struct frame_sealed), sealed_base, sealed_out, sealed_in, NULL, true};
const struct made_format made_op = {
    "operation", sizeof(struct op), op_base, op_out, op_in, NULL, false};
const struct made_format made_row = {
    "tombstone", sizeof(struct row), row_base, row_out, row_in, NULL, false};
const struct made_format made_row_live = {
    "live row", sizeof(struct row), row_live_base, row_out, row_in, NULL, false};
const struct made_format made_loser = {
    "loser", sizeof(struct row), row_base, loser_out, loser_in, NULL, false};
const struct made_format made_index = {
    "index", sizeof(struct small_index), index_base, index_out, index_in, NULL, true};

int made_begin(void **state)
{
	(void)state;
	made_stuffing = malloc(STUFFING_MAX);
	assert_non_null(made_stuffing);
	memset(made_stuffing, 's', STUFFING_MAX);
	make_device(1, ROLE_DEVICE, &device);
	return 0;
}

int made_end(void **state)
{
	(void)state;
	free(made_stuffing);
	bytes_clear(&roster_bytes);
	bytes_clear(&dead_entry);
	bytes_clear(&live_entry);
	return 0;
}
