/*
 * tests/gateway/bucket/bucket_test.c: opening by URL, and the result's names.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_refuses(void **state)
{
	static char too_long[BUCKET_URL_MAX + 2];
	const struct {
		const char *name;
		const char *url;
		const char *says;
	} rows[] = {
	    {"nothing", "", "known are: dir:PATH"},
	    {"a bare path", "/somewhere", "known are: dir:PATH"},
	    {"another scheme", "ftp://user:secret@host/", "known are: dir:PATH"},
	    {"no path", "dir:", "needs the path"},
	    {"no parent", "dir:/no/such/parent/folder", "parent does not exist"},
	    {"not a folder", "dir:/dev/null", "stands where another was expected"},
	    {"too long", too_long, "up to 1024 bytes"},
	    {"an S3 URL with a password", "s3:http://user:secret@host/bucket", "after s3: comes"},
	    {"an S3 URL without a bucket", "s3:http://host", "after s3: comes"},
	};

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		suite_call(&call);
		assert_null(bucket_open(rows[i].url, &suite_clock, &call));
		if (strstr(call.message, rows[i].says) == NULL ||
		    strstr(call.message, "secret") != NULL)
			fail_msg("%s: %s", rows[i].name, call.message);
	}
}

static void open_makes_the_folder(void **state)
{
	char parent[] = "/tmp/inkseal-bucket-XXXXXX";
	struct bucket_counts counts = {0};
	struct buffer text;
	struct bytes url = {0};
	struct bucket *bucket;
	struct call call;

	(void)state;
	assert_non_null(mkdtemp(parent));
	buffer_init(&text, BUCKET_URL_MAX);
	buffer_addf(&text, "dir:%s/new//", parent);
	assert_true(buffer_take(&text, &url));
	suite_call(&call);
	for (int times = 0; times < 2; times++) {
		bucket = bucket_open((const char *)url.data, &suite_clock, &call);
		assert_non_null(bucket);
		assert_int_equal(suite_count_keys(bucket, ""), 0);
		bucket_close(bucket);
	}
	bucket = bucket_open_counted((const char *)url.data, &suite_clock, &counts, &call);
	assert_non_null(bucket);
	assert_int_equal(suite_count_keys(bucket, ""), 0);
	assert_int_equal(counts.list, 1);
	bucket_close(bucket);
	assert_int_equal(rmdir((const char *)url.data + strlen("dir:")), 0);
	assert_int_equal(rmdir(parent), 0);
	bytes_clear(&url);
	bucket_close(NULL);
}

static void results_have_names(void **state)
{
	(void)state;
	for (int result = BUCKET_OK; result <= BUCKET_REFUSED; result++)
		assert_true(strlen(bucket_result_text((enum bucket_result)result)) > 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(open_refuses),
    cmocka_unit_test(open_makes_the_folder),
    cmocka_unit_test(results_have_names),
};

TEST_MAIN(tests)
