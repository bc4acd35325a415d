/*
 * tests/fuzz/compress.c: packed bytes and deltas: what is opened never passes its maximum, and what
 * was packed is opened as it was.
 */
#include "cli/engine/compress.h"
#include "tests/fuzz/fuzz.h"

#define PLAIN_MAX (256u << 10)

static void check_packed(struct view plain)
{
	struct bytes packed = {0}, again = {0};

	fuzz_check(compress_pack(plain, &packed) == FORMAT_OK, "it is packed");
	fuzz_check(packed.len <= plain.len + 1, "never into more than one byte more");
	fuzz_check(compress_unpack(view_bytes(&packed), plain.len, &again) == FORMAT_OK &&
		       view_equal(view_bytes(&again), plain),
	    "and opened as it was");
	bytes_clear(&again);
	if (plain.len > 0)
		fuzz_check(
		    compress_unpack(view_bytes(&packed), plain.len - 1, &again) == FORMAT_TOO_LARGE,
		    "but not into less room");
	bytes_clear(&packed);
}

static void check_delta(struct view reference, struct view plain)
{
	struct bytes delta = {0}, again = {0};

	fuzz_check(delta_make(reference, plain, &delta) == FORMAT_OK, "a delta is made");
	fuzz_check(delta_apply(reference, view_bytes(&delta), plain.len, &again) == FORMAT_OK &&
		       view_equal(view_bytes(&again), plain),
	    "and applied");
	bytes_clear(&again);
	bytes_clear(&delta);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size), reference, rest;
	struct fuzz_script script;
	struct bytes plain = {0};
	uint64_t len;

	if (compress_unpack(input, PLAIN_MAX, &plain) == FORMAT_OK) {
		fuzz_check(plain.len <= PLAIN_MAX, "no more than its maximum");
		check_packed(view_bytes(&plain));
	}
	bytes_clear(&plain);
	fuzz_begin(&script, data, size);
	len = fuzz_number(&script) % PLAIN_MAX;
	reference = fuzz_take(&script, 4096);
	rest = fuzz_rest(&script);
	if (delta_apply(reference, rest, (size_t)len, &plain) == FORMAT_OK)
		fuzz_check(plain.len == len, "as long as it says");
	bytes_clear(&plain);
	check_delta(reference, rest);
	return 0;
}
