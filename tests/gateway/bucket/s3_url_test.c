/*
 * tests/gateway/bucket/s3_url_test.c: restic's form of an S3 URL.
 */
#include "tests/test.h"

#include <stdio.h>
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
	    {"http://[0123:4567:89ab:cdef:ABCD:EF::1.2.3.4]:1/abc", "http",
		"[0123:4567:89ab:cdef:ABCD:EF::1.2.3.4]:1", "abc", ""},
	    {"http://az-AZ_09.x:65535/azAZ-09._", "http", "az-AZ_09.x:65535", "azAZ-09._", ""},
	    {"h/abc/~ $&", "https", "h", "abc", "~ $&/"},
	    {"h/abc/a/", "https", "h", "abc", "a/"},
	    {"h/abc/a.b/-.c", "https", "h", "abc", "a.b/-.c/"},
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
	    "http://host/abc/a\x1f",
	    "http://host/abc/a\x7f",
	    "http://host/abc/a\x80",
	    "http://host/abc/a?",
	    "http://host/abc/a#",
	    "http://host/abc/a%",
	    "http://host/abc/a/.b",
	    "http://:80/abc",
	    "http://[::1]:/abc",
	    "http://[::g]/abc",
	    "http://host/a/c",
	    "http://host/ab!",
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

/* Both sides of each maximum. */
static void maxima(void **state)
{
	static const struct {
		size_t host, bucket, prefix;
		bool ok;
	} rows[] = {
	    {S3_HOST_MAX, 3, 1, true},
	    {S3_HOST_MAX + 1, 3, 1, false},
	    {1, 2, 1, false},
	    {1, S3_BUCKET_MAX, 1, true},
	    {1, S3_BUCKET_MAX + 1, 1, false},
	    {1, 3, S3_PREFIX_MAX - 1, true}, /* a slash comes after it */
	    {1, 3, S3_PREFIX_MAX, false},
	};
	char text[2048], letters[1024];

	(void)state;
	memset(letters, 'a', sizeof(letters));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_url url;
		struct call call;

		(void)snprintf(text, sizeof(text), "%.*s/%.*s/%.*s", (int)rows[i].host, letters,
		    (int)rows[i].bucket, letters, (int)rows[i].prefix, letters);
		call_init(&call, 0);
		if (s3_url_parse(text, &call, &url) != rows[i].ok)
			fail_msg("row %zu: %s", i, call.message);
		if (!rows[i].ok)
			continue;
		assert_int_equal(strlen(url.host), rows[i].host);
		assert_int_equal(strlen(url.bucket), rows[i].bucket);
		assert_int_equal(strlen(url.prefix), rows[i].prefix + 1);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(accepted),
    cmocka_unit_test(refused),
    cmocka_unit_test(maxima),
};

TEST_MAIN(tests)
