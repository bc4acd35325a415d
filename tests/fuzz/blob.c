/*
 * tests/fuzz/blob.c: a blob's public header, with and without room for an index's names.
 */
#include "schemas/frame.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct blob_name names[SEGMENTS_MAX];
	struct view input = view_of(data, size);
	struct buffer again;
	struct blob blob, other;
	enum format_result result;

	fuzz_mark(&other, sizeof(other));
	result = blob_decode(input, NULL, &other);
	(void)fuzz_decoded(result, &other, sizeof(other));
	fuzz_mark(&blob, sizeof(blob));
	if (!fuzz_decoded(blob_decode(input, names, &blob), &blob, sizeof(blob))) {
		fuzz_check(result != FORMAT_OK, "room for names makes no blob worse");
		return 0;
	}
	fuzz_check(
	    (result == FORMAT_OK) == (blob.header.kind != BLOB_INDEX), "an index alone has names");
	fuzz_check(blob.header.names_count <= SEGMENTS_MAX &&
		       blob.header.losers_count <= blob.header.names_count,
	    "its names are bounded");
	fuzz_check(blob.header_bytes.len + blob.body.len == size, "its parts are all of it");
	buffer_init(&again, BLOB_MAX);
	blob_header_put(&again, &blob.header, BLOB_HEADER_WHOLE);
	fuzz_same(buffer_view(&again), blob.header_bytes, "its header is written as it was");
	buffer_clear(&again);
	return 0;
}
