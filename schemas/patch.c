/*
 * schemas/patch.c: what stands inside the seals. Readers bound every count; the bytes may come from
 * a device of the account that is broken or hostile.
 */
#include "schemas/patch.h"

#include <string.h>

enum sealed_key { KEY_ROOT, KEY_FLOOR, KEY_TIME, KEY_COVERED_ROOT, KEY_OPS, KEY_RESET };
#define KEYS_NEEDED 0x7u

enum format_result frame_sealed_encode(const struct frame_sealed *sealed, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result = FORMAT_OK;
	size_t pairs = 3;

	pairs += sealed->has_covered_root;
	pairs += sealed->ops.data != NULL;
	pairs += sealed->reset_seq > 0;
	buffer_init(&buffer, FRAME_INLINE_MAX + 256);
	cbor_put_map(&buffer, pairs);
	cbor_put_uint(&buffer, KEY_ROOT);
	cbor_put_bytes(&buffer, sealed->root, ROOT_LEN);
	cbor_put_uint(&buffer, KEY_FLOOR);
	cbor_put_uint(&buffer, sealed->floor);
	cbor_put_uint(&buffer, KEY_TIME);
	cbor_put_int(&buffer, sealed->time_ms);
	if (sealed->has_covered_root) {
		cbor_put_uint(&buffer, KEY_COVERED_ROOT);
		cbor_put_bytes(&buffer, sealed->covered_root, ROOT_LEN);
	}
	if (sealed->ops.data != NULL) {
		cbor_put_uint(&buffer, KEY_OPS);
		cbor_put_view(&buffer, sealed->ops);
	}
	if (sealed->reset_seq > 0) {
		cbor_put_uint(&buffer, KEY_RESET);
		cbor_put_uint(&buffer, sealed->reset_seq);
	}
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

enum format_result frame_sealed_decode(struct view encoded, struct frame_sealed *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct frame_sealed sealed = {0};
	enum format_result result;
	unsigned key;

	cbor_read(&reader, encoded);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case KEY_ROOT: cbor_fixed(&reader, sealed.root, ROOT_LEN); break;
		case KEY_FLOOR: sealed.floor = cbor_uint(&reader, SEQ_MAX); break;
		case KEY_TIME: sealed.time_ms = cbor_time(&reader); break;
		case KEY_COVERED_ROOT:
			cbor_fixed(&reader, sealed.covered_root, ROOT_LEN);
			sealed.has_covered_root = true;
			break;
		case KEY_OPS: sealed.ops = cbor_bytes(&reader, FRAME_INLINE_MAX); break;
		case KEY_RESET:
			sealed.reset_seq = cbor_uint(&reader, SEQ_MAX);
			if (sealed.reset_seq == 0) /* none is said by saying nothing */
				cbor_fail(&reader, FORMAT_MALFORMED);
			break;
		default: cbor_fail(&reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&reader, &map, KEYS_NEEDED);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		*out = sealed;
	return result;
}

/* An operation's items, its kind's number among them. */
static size_t op_items(enum op_kind kind)
{
	switch (kind) {
	case OP_PUT: return 2;
	case OP_DELTA: return 6;
	case OP_PURGE: return 2;
	case OP_LOSER: return 4;
	case OP_LOSER_DELTA: return 7;
	case OP_LOSER_NAMED: return 4;
	}
	return 0;
}

static bool op_is_loser(enum op_kind kind)
{
	return kind == OP_LOSER || kind == OP_LOSER_DELTA || kind == OP_LOSER_NAMED;
}

static bool op_is_delta(enum op_kind kind)
{
	return kind == OP_DELTA || kind == OP_LOSER_DELTA;
}

void op_put(struct buffer *out, const struct op *op)
{
	cbor_put_array(out, op_items(op->kind));
	cbor_put_uint(out, op->kind);
	if (op->kind != OP_PUT)
		cbor_put_text(out, op->id);
	if (op_is_loser(op->kind))
		cbor_put_bytes(out, op->author.bytes, DEVICE_ID_LEN);
	if (op_is_delta(op->kind) || op->kind == OP_LOSER_NAMED)
		cbor_put_bytes(out, op->reference.bytes, DIGEST_LEN);
	if (op_is_delta(op->kind)) {
		cbor_put_bytes(out, op->result.bytes, DIGEST_LEN);
		cbor_put_uint(out, op->result_len);
	}
	if (op->kind != OP_PURGE && op->kind != OP_LOSER_NAMED)
		cbor_put_view(out, op->data);
}

void op_read(struct cbor_reader *reader, struct op *out)
{
	struct op op = {0};
	size_t items = cbor_array(reader, SIZE_MAX); /* each kind has its own count */

	op.kind = (enum op_kind)cbor_choice(reader, OP_LOSER_NAMED);
	if (reader->result == FORMAT_OK && items != op_items(op.kind))
		cbor_fail(reader, FORMAT_MALFORMED);
	if (op.kind != OP_PUT) {
		op.id = cbor_text(reader, ENTRY_ID_MAX);
		if (op.id.len == 0)
			cbor_fail(reader, FORMAT_MALFORMED);
	}
	if (op_is_loser(op.kind))
		cbor_fixed(reader, op.author.bytes, DEVICE_ID_LEN);
	if (op_is_delta(op.kind) || op.kind == OP_LOSER_NAMED)
		cbor_fixed(reader, op.reference.bytes, DIGEST_LEN);
	if (op_is_delta(op.kind)) {
		cbor_fixed(reader, op.result.bytes, DIGEST_LEN);
		op.result_len = cbor_uint(reader, ENTRY_MAX);
	}
	if (op.kind != OP_PURGE && op.kind != OP_LOSER_NAMED)
		op.data = cbor_bytes(reader, ENTRY_MAX);
	*out = op;
}

static void put_place(struct buffer *out, const struct row *row)
{
	if (row->seq == 0) {
		cbor_put_null(out);
		return;
	}
	cbor_put_array(out, 2);
	cbor_put_uint(out, row->seq);
	cbor_put_int(out, row->time_ms);
}

void row_put(struct buffer *out, const struct row *row, bool loser)
{
	cbor_put_array(out, loser || row->deleted ? 3 : 2);
	cbor_put_bytes(out, row->author.bytes, DEVICE_ID_LEN);
	cbor_put_view(out, row->entry);
	if (loser)
		cbor_put_int(out, row->time_ms);
	else if (row->deleted)
		put_place(out, row);
}

static void read_place(struct cbor_reader *reader, struct row *row)
{
	if (cbor_null(reader))
		return;
	cbor_array_exact(reader, 2);
	row->seq = cbor_uint(reader, SEQ_MAX);
	if (row->seq == 0) /* that is what null says */
		cbor_fail(reader, FORMAT_MALFORMED);
	row->time_ms = cbor_time(reader);
}

static void read_row_entry(struct cbor_reader *reader, struct row *row)
{
	struct entry entry;
	enum format_result result = entry_read(row->entry, &entry, &row->version);

	if (result != FORMAT_OK) {
		cbor_fail(reader, result);
		return;
	}
	row->id = entry.id;
	row->deleted = entry_deleted(&entry);
}

void row_read(struct cbor_reader *reader, bool loser, struct row *out)
{
	struct row row = {0};
	size_t items = cbor_array(reader, SIZE_MAX); /* two or three */

	if (items != 3 && (loser || items != 2))
		cbor_fail(reader, FORMAT_MALFORMED);
	cbor_fixed(reader, row.author.bytes, DEVICE_ID_LEN);
	row.entry = cbor_bytes(reader, ENTRY_MAX);
	if (loser)
		row.time_ms = cbor_time(reader);
	else if (items == 3)
		read_place(reader, &row);
	if (reader->result == FORMAT_OK)
		read_row_entry(reader, &row);
	if (!loser && row.deleted != (items == 3))
		cbor_fail(reader, FORMAT_MALFORMED);
	*out = row;
}

static struct view read_entry_id(struct cbor_reader *reader)
{
	struct view id = cbor_text(reader, ENTRY_ID_MAX);

	if (id.len == 0)
		cbor_fail(reader, FORMAT_MALFORMED);
	return id;
}

#define INDEX_ITEMS 5u

void index_put_head(struct buffer *out, const struct index_head *head)
{
	cbor_put_array(out, INDEX_ITEMS);
	cbor_put_uint(out, FORMAT_VERSION);
	cbor_put_uint(out, head->floor);
	cbor_put_uint(out, head->entries_count);
}

static void read_head(struct cbor_reader *reader, struct index_head *out)
{
	cbor_array_exact(reader, INDEX_ITEMS);
	cbor_version(reader);
	out->floor = cbor_uint(reader, SEQ_MAX);
	out->entries_count = cbor_uint(reader, SEQ_MAX);
}

void index_put_segment(struct buffer *out, const struct index_segment *segment)
{
	cbor_put_array(out, 4);
	cbor_put_int(out, segment->first_ms);
	cbor_put_text(out, segment->first_id);
	cbor_put_bytes(out, segment->run_hash.bytes, DIGEST_LEN);
	cbor_put_uint(out, segment->entries_count);
}

void index_read_segment(struct cbor_reader *reader, struct index_segment *out)
{
	cbor_array_exact(reader, 4);
	out->first_ms = cbor_time(reader);
	out->first_id = read_entry_id(reader);
	cbor_fixed(reader, out->run_hash.bytes, DIGEST_LEN);
	out->entries_count = cbor_uint(reader, ROWS_COUNT_MAX);
}

void index_put_device(struct buffer *out, const struct index_device *device)
{
	cbor_put_array(out, 3);
	cbor_put_bytes(out, device->id.bytes, DEVICE_ID_LEN);
	cbor_put_uint(out, device->seq);
	cbor_put_int(out, device->time_ms);
}

void index_read_device(struct cbor_reader *reader, struct index_device *out)
{
	cbor_array_exact(reader, 3);
	cbor_fixed(reader, out->id.bytes, DEVICE_ID_LEN);
	out->seq = cbor_uint(reader, SEQ_MAX);
	out->time_ms = cbor_time(reader);
}

enum format_result index_read(struct view encoded, struct index_parts *out)
{
	struct index_parts parts = {0};
	struct index_segment segment;
	struct index_device device;
	struct cbor_reader reader;
	enum format_result result;

	cbor_read(&reader, encoded);
	read_head(&reader, &parts.head);
	parts.segments_count = cbor_array(&reader, SEGMENTS_MAX);
	parts.segments = cbor_rest(&reader);
	for (size_t i = 0; i < parts.segments_count && reader.result == FORMAT_OK; i++)
		index_read_segment(&reader, &segment);
	parts.devices_count = cbor_array(&reader, DEVICES_MAX);
	parts.devices = cbor_rest(&reader);
	for (size_t i = 0; i < parts.devices_count && reader.result == FORMAT_OK; i++)
		index_read_device(&reader, &device);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		*out = parts;
	return result;
}
