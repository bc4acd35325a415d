/*
 * tests/fuzz/s3-profile.c: AWS's shared files: what is taken of them is fit for a header, and no
 * message holds what stood there.
 */
#include "gateway/bucket/s3_profile.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check(struct view input, enum s3_profile_file file, const char *profile)
{
	static struct s3_profile found; /* it is large */
	struct call call;

	call_init(&call, 0);
	if (!s3_profile_read(input, file, profile, &call, &found)) {
		fuzz_check(call.message[0] != '\0', "a refusal says why");
		for (const char *at = call.message; *at != '\0'; at++)
			fuzz_check(*at >= ' ' && *at <= '~', "and repeats nothing of the file");
		return;
	}
	for (size_t i = 0; i < S3_PROFILE_NAMES; i++) {
		const char *end = memchr(found.values[i], '\0', sizeof(found.values[i]));

		fuzz_check(end != NULL, "a value ends");
		fuzz_check(found.found || end == found.values[i], "it is the profile's");
		fuzz_check(found.has[i] || end == found.values[i], "it was set");
		for (const char *at = found.values[i]; at != end; at++)
			fuzz_check(*at > ' ' && *at <= '~', "it may go into a header");
	}
	s3_profile_clear(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);

	check(input, S3_CREDENTIALS_FILE, "default");
	check(input, S3_CREDENTIALS_FILE, "two words");
	check(input, S3_CONFIG_FILE, "default");
	check(input, S3_CONFIG_FILE, "two words");
	return 0;
}
