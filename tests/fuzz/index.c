/*
 * tests/fuzz/index.c: the sealed part of a snapshot's index, unpacked.
 */
#include "schemas/patch.h"
#include "tests/fuzz/fuzz.h"

static void segments(const struct index_parts *parts, struct buffer *again)
{
	struct cbor_reader reader;
	struct index_segment segment;

	cbor_put_array(again, parts->segments_count);
	cbor_read(&reader, parts->segments);
	for (size_t i = 0; i < parts->segments_count; i++) {
		index_read_segment(&reader, &segment);
		fuzz_check(reader.result == FORMAT_OK, "a segment is read again");
		index_put_segment(again, &segment);
	}
}

static void devices(const struct index_parts *parts, struct buffer *again)
{
	struct cbor_reader reader;
	struct index_device device;

	cbor_put_array(again, parts->devices_count);
	cbor_read(&reader, parts->devices);
	for (size_t i = 0; i < parts->devices_count; i++) {
		index_read_device(&reader, &device);
		fuzz_check(reader.result == FORMAT_OK, "a device is read again");
		index_put_device(again, &device);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct index_parts parts;
	struct buffer again;

	if (index_read(input, &parts) != FORMAT_OK)
		return 0;
	buffer_init(&again, INDEX_PLAIN_MAX);
	index_put_head(&again, &parts.head);
	segments(&parts, &again);
	devices(&parts, &again);
	fuzz_same(buffer_view(&again), input, "an index is written as it was");
	buffer_clear(&again);
	return 0;
}
