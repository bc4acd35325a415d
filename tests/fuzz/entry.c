/*
 * tests/fuzz/entry.c: an entry's bytes: decode, encode, version, times.
 */
#include "schemas/entry.h"
#include "tests/fuzz/fuzz.h"

/* One version is one byte string: the hash is over the very bytes that were decoded. */
static void check_version(struct view input)
{
	struct digest version, whole;

	fuzz_check(entry_version(input, &version) == FORMAT_OK, "an entry has a version");
	digest_view(DOMAIN_VERSION, input, &whole);
	fuzz_check(digest_equal(&version, &whole), "the version covers every byte");
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
	check_version(input);
	check_time(entry.created_at);
	check_time(entry.updated_at);
	return 0;
}
