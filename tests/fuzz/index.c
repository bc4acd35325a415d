/*
 * tests/fuzz/index.c: the sealed part of a snapshot's index, unpacked.
 */
#include "schemas/patch.h"
#include "tests/fuzz/fuzz.h"

static void segments(struct cbor_reader *reader, struct buffer *again)
{
	size_t count = cbor_array(reader, SEGMENTS_MAX);
	struct index_segment segment;

	cbor_put_array(again, count);
	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++) {
		index_read_segment(reader, &segment);
		if (reader->result == FORMAT_OK)
			index_put_segment(again, &segment);
	}
}

static void tombstones(struct cbor_reader *reader, struct buffer *again)
{
	size_t count = cbor_array(reader, TOMBSTONES_MAX);
	struct index_tombstone tombstone;

	cbor_put_array(again, count);
	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++) {
		index_read_tombstone(reader, &tombstone);
		if (reader->result == FORMAT_OK)
			index_put_tombstone(again, &tombstone);
	}
}

static void devices(struct cbor_reader *reader, struct buffer *again)
{
	size_t count = cbor_array(reader, DEVICES_MAX);
	struct index_device device;

	cbor_put_array(again, count);
	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++) {
		index_read_device(reader, &device);
		if (reader->result == FORMAT_OK)
			index_put_device(again, &device);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct index_head head = {0};
	struct cbor_reader reader;
	struct buffer again;

	cbor_read(&reader, input);
	index_read_head(&reader, &head);
	buffer_init(&again, INDEX_PLAIN_MAX);
	index_put_head(&again, &head);
	segments(&reader, &again);
	tombstones(&reader, &again);
	devices(&reader, &again);
	if (cbor_finish(&reader) == FORMAT_OK)
		fuzz_same(buffer_view(&again), input, "an index is written as it was");
	buffer_clear(&again);
	return 0;
}
