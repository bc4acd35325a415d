/*
 * tests/gateway/bucket/s3_exchange_test.c: s3_exchange.c without a network: which headers a request
 * has, and what is made of what comes.
 */
#include "tests/test.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/s3_exchange.h"
#include "tests/each.h"
#include "tests/gateway/net/no_curl.h"

static int64_t now_ms;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
int __real_gnutls_hash_fast(
    gnutls_digest_algorithm_t kind, const void *data, size_t len, void *out);
int __wrap_gnutls_hash_fast(
    gnutls_digest_algorithm_t kind, const void *data, size_t len, void *out);

int __wrap_gnutls_hash_fast(gnutls_digest_algorithm_t kind, const void *data, size_t len, void *out)
{
	return no_curl_fails() ? -1 : __real_gnutls_hash_fast(kind, data, len, out);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- a store ---- */

static const char *get_env(void *self, const char *name)
{
	(void)self;
	if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
		return "AKIAIOSFODNN7EXAMPLE";
	if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
		return "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
	return NULL;
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return INT64_C(1369353600999); /* 20130524T000000Z, AWS's example */
}

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return now_ms;
}

static const struct clock clock_here = {NULL, wall_ms, monotonic_ms};
static struct s3 s3;
static struct net_line *line;

static int store_setup(void **state)
{
	const struct s3_env env = {NULL, get_env};
	struct call call;

	(void)state;
	memset(&no_curl, 0, sizeof(no_curl));
	memset(&s3, 0, sizeof(s3));
	now_ms = 5000;
	s3.url.scheme = "https";
	memcpy(s3.url.host, "h:9000", 7);
	memcpy(s3.url.bucket, "bucket", 7);
	memcpy(s3.url.prefix, "pre fix/", 9);
	s3.clock = clock_here;
	call_init(&call, 0);
	line = net_line_new();
	return line != NULL && s3_identity_open(&s3.identity, &env, &clock_here, &call) ? 0 : 1;
}

static int store_teardown(void **state)
{
	(void)state;
	bytes_clear(&s3.ca_file);
	bytes_clear(&s3.ca_folder);
	s3_identity_close(&s3.identity);
	no_curl.fails_at = 0;
	net_line_free(line);
	return 0;
}

static enum bucket_result make(const struct s3_request *request, bool held, int64_t deadline_ms,
    struct call *call, struct s3_exchange *exchange)
{
	call_init(call, deadline_ms);
	return s3_exchange_make(&s3, line, request, held, call, exchange);
}

/* ---- what is sent ---- */

/* By the call's deadline, and a connection in ten seconds. */
static void each_request_has_its_time(void **state)
{
	static const struct {
		int64_t deadline_ms;
		intptr_t timeout_ms, connect_ms;
	} rows[] = {
	    {5001, 1, 1},
	    {14999, 9999, 9999},
	    {15000, 10000, 10000},
	    {15001, 10001, 10000},
	    {INT64_MAX, INT32_MAX, 10000},
	    {5000 + (int64_t)INT32_MAX, INT32_MAX, 10000},
	    {5000, -1, -1}, /* it has passed */
	    {0, -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_request request = {.method = "GET", .key = "k"};
		struct s3_exchange exchange;
		struct call call;
		enum bucket_result result =
		    make(&request, false, rows[i].deadline_ms, &call, &exchange);

		assert_int_equal(result, rows[i].timeout_ms < 0 ? BUCKET_RETRY : BUCKET_OK);
		if (result != BUCKET_OK)
			assert_string_equal(
			    call.message, "the deadline passed before the store was asked");
		assert_int_equal(no_curl_number(CURLOPT_TIMEOUT_MS), rows[i].timeout_ms);
		assert_int_equal(no_curl_number(CURLOPT_CONNECTTIMEOUT_MS), rows[i].connect_ms);
		s3_exchange_clear(&exchange);
	}
}

static void targets(void **state)
{
	static const struct {
		struct s3_request request;
		const char *url;
	} rows[] = {
	    {{.method = "GET"}, "https://h:9000/bucket"},
	    {{.method = "GET", .key = "a/b c"}, "https://h:9000/bucket/pre%20fix/a/b%20c"},
	    {{.method = "GET", .raw_key = "a/b c"}, "https://h:9000/bucket/a/b%20c"},
	    {{.method = "GET", .params = {{"a", "b/c"}, {"d", ""}}, .param_count = 2},
		"https://h:9000/bucket?a=b%2Fc&d="},
	    {{.method = "GET", .key = "k", .params = {{"a", "b"}}, .param_count = 1},
		"https://h:9000/bucket/pre%20fix/k?a=b"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_exchange exchange;
		struct call call;

		assert_int_equal(make(&rows[i].request, false, 65000, &call, &exchange), BUCKET_OK);
		assert_string_equal(no_curl_text(CURLOPT_URL), rows[i].url);
		s3_exchange_clear(&exchange);
	}
}

/* What each method is: does it have a body, and may it go twice? */
static void methods(void **state)
{
	static const struct {
		const char *method;
		bool has_body, once;
	} rows[] = {{"GET", false, false}, {"HEAD", false, false}, {"PUT", true, true},
	    {"POST", true, true}, {"DELETE", false, true}};

	(void)state;
	assert_true(bytes_copy(view_text("/file"), &s3.ca_file));
	assert_true(bytes_copy(view_text("/folder"), &s3.ca_folder));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_request request = {.method = rows[i].method,
		    .key = "k",
		    .body = rows[i].has_body ? view_text("data") : (struct view){0},
		    .answer_max = 7};
		struct s3_exchange exchange;
		struct call call;

		assert_int_equal(make(&request, i % 2 == 0, 65000, &call, &exchange), BUCKET_OK);
		assert_string_equal(exchange.sent.method, rows[i].method);
		assert_int_equal(exchange.sent.has_body, rows[i].has_body);
		assert_ptr_equal(exchange.sent.body.data, request.body.data);
		assert_int_equal(exchange.sent.once, rows[i].once);
		assert_int_equal(exchange.sent.held, i % 2 == 0);
		assert_int_equal(exchange.sent.answer_max, 7);
		assert_string_equal(no_curl_text(CURLOPT_CAINFO), "/file");
		assert_string_equal(no_curl_text(CURLOPT_CAPATH), "/folder");
		s3_exchange_clear(&exchange);
		assert_int_equal(no_curl.set_count, 0); /* what the line pointed to is gone */
	}
}

/* In their order, and all of them signed but the last three. */
static void headers_are_sent(void **state)
{
	static const char *const get[] = {"host: h:9000", "if-none-match: \"seen\"",
	    "range: bytes=0-9",
	    "x-amz-content-sha256: "
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "x-amz-date: 20130524T000000Z",
	    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
	    "aws4_request,SignedHeaders=host;if-none-match;range;x-amz-content-sha256;x-amz-date,"
	    "Signature=",
	    "Accept-Encoding: identity", "Content-Type:", "Expect:"};
	static const char *const put[] = {"content-md5: jXd/OF09/siBXSD3SWAm3A==", "host: h:9000",
	    "if-match: old",
	    "x-amz-content-sha256: "
	    "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7",
	    "x-amz-date: 20130524T000000Z",
	    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
	    "aws4_request,SignedHeaders=content-md5;host;if-match;x-amz-content-sha256;x-amz-date,"
	    "Signature=",
	    "Accept-Encoding: identity", "Content-Type:", "Expect:"};

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct s3_request request = {.method = round == 0 ? "GET" : "PUT",
		    .key = "k",
		    .body = round == 0 ? (struct view){0} : view_text("data"),
		    .if_none_match = round == 0 ? "\"seen\"" : NULL,
		    .range = round == 0 ? "bytes=0-9" : NULL,
		    .if_match = round == 0 ? NULL : "old"};
		const char *const *expected = round == 0 ? get : put;
		size_t at = 0;
		struct s3_exchange exchange;
		struct call call;

		assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
		for (const struct curl_slist *one = exchange.net.headers; one != NULL;
		     one = one->next, at++) {
			size_t len = strlen(expected[at]);

			assert_true(at < COUNT_OF(get));
			if (strncmp(one->data, expected[at], len) != 0 ||
			    (at != 5 && one->data[len] != '\0') ||
			    (at == 5 && strlen(one->data) != len + 64))
				fail_msg("%s", one->data);
		}
		assert_int_equal(at, COUNT_OF(get));
		s3_exchange_clear(&exchange);
	}
}

/* Whatever runs out of memory: nothing was sent, and nothing of it stays. */
static void each_failure_is_told(void **state)
{
	struct s3_request request = {.method = "PUT", .key = "k", .body = view_text("data")};

	(void)state;
	assert_true(bytes_copy(view_text("/file"), &s3.ca_file));
	assert_true(bytes_copy(view_text("/folder"), &s3.ca_folder));
	for (unsigned held = 0; held < 2; held++) {
		struct each each = {.of = "a request", .least = 24, .most = 60};

		while (each_next(&each)) {
			struct s3_exchange exchange;
			enum bucket_result result;
			struct call call;

			no_curl.calls = 0;
			no_curl.fails_at = each.nth;
			result = make(&request, held == 1, 65000, &call, &exchange);
			s3_exchange_clear(&exchange);
			each.hit = no_curl.calls >= each.nth;
			if (!each.hit)
				assert_int_equal(result, BUCKET_OK);
			else if (result != BUCKET_RETRY ||
				 strcmp(call.message, "no memory for a request to the store") != 0)
				fail_msg("call %u: %s: %s", each.nth, bucket_result_text(result),
				    call.message);
		}
	}
	{
		struct s3_exchange exchange;
		struct call call;

		no_curl.fails_at = 0;
		call_init(&call, 65000);
		assert_int_equal(
		    s3_exchange_make(&s3, NULL, &request, false, &call, &exchange), BUCKET_RETRY);
		assert_string_equal(call.message, "no memory for a request to the store");
		s3_exchange_clear(&exchange);
	}
}

/* ---- what comes ---- */

/* Runs an exchange whose end libcurl tells. */
static enum bucket_result end(
    struct s3_exchange *exchange, CURLcode how, struct call *call, struct s3_reply *reply)
{
	no_curl.end = how;
	net_exchange_run(&exchange->net);
	return s3_exchange_end(exchange, call, reply);
}

static void headers_are_read(void **state)
{
	static const struct {
		const char *lines, *tag;
		int64_t after_ms;
		const char *region;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nETag: \"t\"\r\n\r\n", "t", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETAG:\t \"t\" \t\r\n\r\n", "t", 0, ""},
	    {"HTTP/1.1 200 OK\r\neTaG:W/\"t\"\n\r\n", "t", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: t\r\n\r\n", "t", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: !~\r\n\r\n", "!~", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: \"\"\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: \"\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: \"t\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: t\"\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: \"a\"b\"\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: \"a b\"\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: \"a\x7f\"\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag:\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag\r\nXETag: x\r\nETags: x\r\nETa: x\r\n\r\n", "", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: "
	     "\"ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\"\r\n\r\n",
		"ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss", 0, ""},
	    {"HTTP/1.1 200 OK\r\nETag: "
	     "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\r\n\r\n",
		"", 0, ""},
	    {"HTTP/1.1 503 x\r\nRetry-After: 3\r\nX-AMZ-Bucket-Region: eu-1\r\n\r\n", "", 3000,
		"eu-1"},
	    {"HTTP/1.1 503 x\r\nretry-after:3\r\nx-amz-bucket-region:EU\r\n\r\n", "", 3000, ""},
	    {"HTTP/1.1 100 x\r\nETag: a\r\nRetry-After: 9\r\nx-amz-bucket-region: eu\r\n"
	     "Content-Encoding: gzip\r\n\r\nHTTP/1.1 503 x\r\nETag2: b\r\n\r\n",
		"", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_request request = {.method = "GET", .key = "k", .answer_max = 100};
		struct s3_exchange exchange;
		struct s3_reply reply = {0};
		struct call call;

		assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
		no_curl.status = strstr(rows[i].lines, "503") != NULL ? 503 : 200;
		no_curl.sent = 1;
		no_curl_give_header(rows[i].lines);
		assert_int_equal(end(&exchange, CURLE_OK, &call, &reply), BUCKET_OK);
		if (strcmp(reply.tag.text, rows[i].tag) != 0 ||
		    call.retry_after_ms != rows[i].after_ms ||
		    strcmp(reply.error.region, rows[i].region) != 0)
			fail_msg("%s: \"%s\", %d, \"%s\"", rows[i].lines, reply.tag.text,
			    (int)call.retry_after_ms, reply.error.region);
		assert_string_equal(reply.region, "us-east-1");
		assert_int_equal(reply.status, no_curl.status);
		assert_int_equal(reply.body.len, 0);
		s3_reply_clear(&reply);
		s3_exchange_clear(&exchange);
	}
}

/* Of a success as much as was asked for, of anything else 64 KiB. */
static void answers_have_bounds(void **state)
{
	static char text[8000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (unsigned round = 0; round < 6; round++) {
		bool success = round < 2, over = round % 2 == 1, write = round >= 4;
		struct s3_request request = {
		    .method = write ? "PUT" : "GET", .key = "k", .answer_max = 7999};
		size_t max = success ? 7999 : NET_ERROR_MAX, at = 0;
		struct s3_exchange exchange;
		struct s3_reply reply = {0};
		enum bucket_result result;
		struct call call;

		assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
		no_curl.status = success ? 299 : write ? 300 : 500;
		no_curl.sent = 1;
		no_curl_give_header("HTTP/1.1 200 x\r\nETag: t\r\n\r\n");
		while (at < max) {
			size_t len = max - at < 7999 ? max - at : 7999;

			assert_int_equal(
			    no_curl_give(CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA, text, len), len);
			at += len;
		}
		if (over)
			assert_int_equal(
			    no_curl_give(CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA, "x", 1), 0);
		result = end(&exchange, over ? CURLE_WRITE_ERROR : CURLE_OK, &call, &reply);
		if (!over || !success) /* an error's body only explains */
			assert_int_equal(result, BUCKET_OK);
		else
			assert_int_equal(result, BUCKET_REFUSED);
		if (result == BUCKET_OK)
			assert_int_equal(reply.body.len, max);
		else
			assert_string_equal(call.message,
			    "the store's answer is longer than any that was asked for");
		s3_reply_clear(&reply);
		s3_exchange_clear(&exchange);
	}
}

/* Whether all of it may have left, and what it was: that is what can be said of a lost answer. */
static void lost_answers_are_judged(void **state)
{
	static const struct {
		const char *name, *method;
		size_t body_len;
		size_t given; /* of a held body */
		long sent;    /* libcurl's count of all; < 0: it does not know */
		bool held;
		enum bucket_result expected;
	} rows[] = {
	    {"a read", "GET", 0, 0, 100, false, BUCKET_RETRY},
	    {"a write that was not sent", "PUT", 4, 0, 0, false, BUCKET_RETRY},
	    {"a write", "PUT", 4, 0, 1, false, BUCKET_UNKNOWN},
	    {"a removal", "DELETE", 0, 0, 1, false, BUCKET_UNKNOWN},
	    {"a removal that was not sent", "DELETE", 0, 0, 0, false, BUCKET_RETRY},
	    {"nobody knows", "POST", 4, 0, -1, false, BUCKET_UNKNOWN},
	    {"a held write without its body", "PUT", 4, 0, 100, true, BUCKET_RETRY},
	    {"a held write with a part of it", "PUT", 4, 1, 100, true, BUCKET_UNKNOWN},
	    {"a held write of nothing", "PUT", 0, 0, 100, true, BUCKET_UNKNOWN},
	    {"a held write of nothing that was not sent", "PUT", 0, 0, 0, true, BUCKET_RETRY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_request request = {.method = rows[i].method,
		    .key = "k",
		    .body = view_of((const uint8_t *)"data", rows[i].body_len)};
		struct s3_exchange exchange;
		struct s3_reply reply = {.status = 42};
		enum bucket_result result;
		struct call call;

		assert_int_equal(make(&request, rows[i].held, 65000, &call, &exchange), BUCKET_OK);
		exchange.net.given = rows[i].given;
		no_curl.sent = rows[i].sent;
		no_curl.status = 0;
		result = end(&exchange, CURLE_GOT_NOTHING, &call, &reply);
		if (result != rows[i].expected)
			fail_msg("%s: %s", rows[i].name, bucket_result_text(result));
		assert_int_equal(reply.status, 42);
		assert_true(call.message[0] != '\0');
		s3_exchange_clear(&exchange);
	}
}

/* libcurl begins again where a kept connection was dead: a write must not go twice. */
static void a_write_begins_once(void **state)
{
	static const struct {
		const char *method;
		long sent;
		int again;
	} rows[] = {{"GET", 100, CURL_PREREQFUNC_OK}, {"HEAD", 100, CURL_PREREQFUNC_OK},
	    {"PUT", 100, CURL_PREREQFUNC_ABORT}, {"PUT", 0, CURL_PREREQFUNC_OK},
	    {"POST", 100, CURL_PREREQFUNC_ABORT}, {"DELETE", 100, CURL_PREREQFUNC_ABORT},
	    {"DELETE", 0, CURL_PREREQFUNC_OK}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_request request = {.method = rows[i].method, .key = "k"};
		curl_prereq_callback before;
		struct s3_exchange exchange;
		struct call call;

		assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
		before = no_curl_value(CURLOPT_PREREQFUNCTION).before;
		no_curl.sent = rows[i].sent;
		assert_int_equal(before(&exchange.net, NULL, NULL, 0, 0), CURL_PREREQFUNC_OK);
		assert_int_equal(before(&exchange.net, NULL, NULL, 0, 0), rows[i].again);
		s3_exchange_clear(&exchange);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_request_has_its_time, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(methods, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(targets, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(headers_are_sent, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(each_failure_is_told, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(headers_are_read, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(answers_have_bounds, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(lost_answers_are_judged, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_write_begins_once, store_setup, store_teardown),
};

TEST_MAIN(tests)
