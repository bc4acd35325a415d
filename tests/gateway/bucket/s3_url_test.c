/*
 * tests/gateway/bucket/s3_url_test.c: restic's form of an S3 URL.
 */
#include "tests/test.h"

#include <string.h>

#include "gateway/bucket/s3_url.h"

static void accepted(void **state)
{
	static const struct {
		const char *rest;
		const char *scheme;
		const char *host;
		const char *bucket;
		const char *prefix;
	} rows[] = {
	    {"http://127.0.0.1:9000/journal", "http", "127.0.0.1:9000", "journal", ""},
	    {"http://h/journal/", "http", "h", "journal", ""},
	    {"https://s3.example.org/abc/a/b", "https", "s3.example.org", "abc", "a/b/"},
	    {"https://s3.example.org/abc/a/b/", "https", "s3.example.org", "abc", "a/b/"},
	    {"s3.amazonaws.com/my-bucket.x/p", "https", "s3.amazonaws.com", "my-bucket.x", "p/"},
	    {"http://[::1]:9000/abc", "http", "[::1]:9000", "abc", ""},
	    {"http://[::1]/abc/a b+c", "http", "[::1]", "abc", "a b+c/"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_url url;
		struct call call;

		call_init(&call, 0);
		if (!s3_url_parse(rows[i].rest, &call, &url))
			fail_msg("%s: %s", rows[i].rest, call.message);
		assert_string_equal(url.scheme, rows[i].scheme);
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.bucket, rows[i].bucket);
		assert_string_equal(url.prefix, rows[i].prefix);
	}
}

static void refused(void **state)
{
	char long_prefix[S3_PREFIX_MAX + 32] = "http://h/abc/";
	char long_host[S3_HOST_MAX + 32] = "http://";
	const char *const rows[] = {
	    "",
	    "http://",
	    "http:///abc",
	    "http://host",
	    "http://host/",
	    "http://host/ab",
	    "http://host/.abc",
	    "http://user:secret@host/abc",
	    "http://secret@host/abc",
	    "http://host:/abc",
	    "http://host:123456/abc",
	    "http://host:80x/abc",
	    "http://ho st/abc",
	    "http://[::1/abc",
	    "http://[::1]x/abc",
	    "http://h\xc3\xa9/abc",
	    "ftp://host/abc",
	    "http://host/a?b",
	    "http://host/abc/a?secret",
	    "http://host/abc/a#b",
	    "http://host/abc/%2e",
	    "http://host/abc//a",
	    "http://host/abc/../a",
	    "http://host/abc/.a",
	    "http://host/abc/a//",
	    "http://host/abc//",
	    "http://host/abc/a\n",
	    "http://host\r\nx/abc",
	    long_prefix,
	    long_host,
	};

	(void)state;
	memset(long_prefix + strlen(long_prefix), 'p', S3_PREFIX_MAX);
	memset(long_host + strlen(long_host), 'h', S3_HOST_MAX + 1);
	memcpy(long_host + strlen(long_host), "/abc", 5);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_url url = {.scheme = "old"};
		struct call call;

		call_init(&call, 0);
		if (s3_url_parse(rows[i], &call, &url))
			fail_msg("accepted: %s", rows[i]);
		assert_string_equal(url.scheme, "old");
		assert_true(call.message[0] != '\0');
		assert_null(strstr(call.message, "secret"));
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(accepted),
    cmocka_unit_test(refused),
};

TEST_MAIN(tests)
