/*
 * tests/fuzz/pack.c: a pack's bytes, and its header alone as a sweep reads it.
 */
#include "schemas/manifest.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void check_whole(struct view input, const struct pack_header *header)
{
	struct view *frames = calloc(header->frames_count, sizeof(*frames));
	struct view rest = header->frames;
	struct pack_header alone;
	struct bytes again = {0};
	size_t names_size = 0;

	if (frames == NULL)
		return;
	for (size_t i = 0; i < header->frames_count; i++)
		fuzz_check(pack_frame(&rest, &frames[i]) == FORMAT_OK, "a frame is there");
	fuzz_check(rest.len == 0, "and no more of them");
	fuzz_again(pack_encode(&header->account, frames, header->frames_count, &again, &names_size),
	    &again, input);
	fuzz_check(pack_decode_header(view_of(input.data, names_size), &alone) == FORMAT_OK &&
		       alone.names_count == header->names_count && alone.to_seq == header->to_seq,
	    "its header alone is the same");
	free(frames);
}

static void check_names(const struct pack_header *header)
{
	struct view rest = header->names;
	struct blob_name name;

	for (size_t i = 0; i < header->names_count; i++)
		fuzz_check(pack_name(&rest, &name) == FORMAT_OK, "a name is there");
	fuzz_check(rest.len == 0, "and no more of them");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct pack_header header;

	fuzz_mark(&header, sizeof(header));
	if (fuzz_decoded(pack_decode(input, &header), &header, sizeof(header))) {
		check_names(&header);
		check_whole(input, &header);
	}
	fuzz_mark(&header, sizeof(header));
	if (fuzz_decoded(pack_decode_header(input, &header), &header, sizeof(header)))
		check_names(&header);
	return 0;
}
