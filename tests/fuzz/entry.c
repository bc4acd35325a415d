/*
 * tests/fuzz/entry.c: an entry's bytes: decode, encode, version, times.
 */
#include "schemas/entry.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* The version is over all but contentHash: without one it stays the same. */
static void check_version(struct view input, const struct entry *entry)
{
	static struct entry bare;
	struct bytes encoded = {0};
	struct digest version, again;

	bare = *entry;
	bare.content_hash = (struct view){0};
	fuzz_check(entry_version(input, &version) == FORMAT_OK, "an entry has a version");
	fuzz_check(entry_encode(&bare, &encoded) == FORMAT_OK, "it is one without contentHash");
	fuzz_check(entry_version(view_bytes(&encoded), &again) == FORMAT_OK &&
		       digest_equal(&version, &again),
	    "contentHash is no part of the version");
	bytes_clear(&encoded);
}

/* A time that was read and printed is the same time. */
static void check_time(struct view text)
{
	int64_t ms = time_parse_ms(text);
	char printed[TIME_PRINT_MAX];

	time_print_ms(ms, printed);
	fuzz_check(time_parse_ms(view_text(printed)) == ms, "a printed time is read as it was");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct entry entry;
	struct view input = view_of(data, size);
	struct bytes again = {0};

	check_time(input);
	fuzz_mark(&entry, sizeof(entry));
	if (!fuzz_decoded(entry_decode(input, &entry), &entry, sizeof(entry)))
		return 0;
	fuzz_again(entry_encode(&entry, &again), &again, input);
	check_version(input, &entry);
	check_time(entry.created_at);
	check_time(entry.updated_at);
	return 0;
}
