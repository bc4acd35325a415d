/*
 * tests/gateway/bucket/s3_exchange_test.c: s3_exchange.c without libcurl: which options and headers
 * a request has, and what is made of what libcurl's callbacks are given.
 */
#include "tests/test.h"

#include <gnutls/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/s3_exchange.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define OPTIONS_MAX 40u

typedef size_t (*data_function)(char *data, size_t size, size_t count, void *self);

union value {
	intptr_t number;
	const char *text;
	void *data;
	data_function function;
	curl_prereq_callback before;
};

struct option {
	CURLoption option;
	union value value;
};

static struct {
	struct option set[OPTIONS_MAX]; /* since the last reset */
	size_t set_count;
	unsigned resets, calls, fails_at; /* the nth call of what may run out of memory; 0: none */
	long status, sent;                /* what libcurl says */
	char url[256];                    /* libcurl copies texts; the others here stay */
	int64_t now_ms;
} here;

static bool fails(void)
{
	return ++here.calls == here.fails_at;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, ...);
void __wrap_curl_easy_reset(CURL *curl);
struct curl_slist *__real_curl_slist_append(struct curl_slist *list, const char *text);
struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text);
int __real_gnutls_hash_fast(
    gnutls_digest_algorithm_t kind, const void *data, size_t len, void *out);
int __wrap_gnutls_hash_fast(
    gnutls_digest_algorithm_t kind, const void *data, size_t len, void *out);

CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	va_list arguments;
	union value value;

	assert_ptr_equal(curl, &here);
	va_start(arguments, option);
	value.number = va_arg(arguments, intptr_t);
	va_end(arguments);
	if (option == CURLOPT_BUFFERSIZE || option == CURLOPT_UPLOAD_BUFFERSIZE)
		return CURLE_UNKNOWN_OPTION; /* a wish */
	if (fails())
		return CURLE_OUT_OF_MEMORY;
	assert_true(here.set_count < OPTIONS_MAX);
	if (option == CURLOPT_URL) {
		(void)snprintf(here.url, sizeof(here.url), "%s", value.text);
		value.text = here.url;
	}
	here.set[here.set_count++] = (struct option){option, value};
	return CURLE_OK;
}

CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	va_list arguments;
	long *out;

	assert_ptr_equal(curl, &here);
	va_start(arguments, info);
	out = va_arg(arguments, long *);
	va_end(arguments);
	*out = info == CURLINFO_RESPONSE_CODE ? here.status : here.sent;
	return info == CURLINFO_REQUEST_SIZE && here.sent < 0 ? CURLE_UNKNOWN_OPTION : CURLE_OK;
}

void __wrap_curl_easy_reset(CURL *curl)
{
	assert_ptr_equal(curl, &here);
	here.resets++;
	here.set_count = 0;
}

struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text)
{
	return fails() ? NULL : __real_curl_slist_append(list, text);
}

int __wrap_gnutls_hash_fast(gnutls_digest_algorithm_t kind, const void *data, size_t len, void *out)
{
	return fails() ? -1 : __real_gnutls_hash_fast(kind, data, len, out);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static union value value_of(CURLoption option)
{
	for (size_t i = 0; i < here.set_count; i++)
		if (here.set[i].option == option)
			return here.set[i].value;
	return (union value){.number = -1};
}

static intptr_t option_of(CURLoption option)
{
	return value_of(option).number;
}

static const char *text_of(CURLoption option)
{
	union value value = value_of(option);

	return value.number == -1 ? NULL : value.text;
}

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
	return here.now_ms;
}

static const struct clock clock_here = {NULL, wall_ms, monotonic_ms};
static struct s3 s3;

static int store_setup(void **state)
{
	const struct s3_env env = {NULL, get_env};
	struct call call;

	(void)state;
	memset(&here, 0, sizeof(here));
	memset(&s3, 0, sizeof(s3));
	here.now_ms = 5000;
	s3.url.scheme = "https";
	memcpy(s3.url.host, "h:9000", 7);
	memcpy(s3.url.bucket, "bucket", 7);
	memcpy(s3.url.prefix, "pre fix/", 9);
	s3.clock = clock_here;
	call_init(&call, 0);
	return s3_identity_open(&s3.identity, &env, &clock_here, &call) ? 0 : 1;
}

static int store_teardown(void **state)
{
	(void)state;
	bytes_clear(&s3.ca_file);
	bytes_clear(&s3.ca_folder);
	s3_identity_close(&s3.identity);
	return 0;
}

static enum bucket_result make(const struct s3_request *request, bool held, int64_t deadline_ms,
    struct call *call, struct s3_exchange *exchange)
{
	call_init(call, deadline_ms);
	return s3_exchange_make(&s3, (CURL *)&here, request, held, call, exchange);
}

/* ---- what is sent ---- */

static void each_method_has_its_options(void **state)
{
	static const struct {
		const char *method, *custom;
		bool held;
		intptr_t nobody, upload, post_len, file_len;
	} rows[] = {
	    {"GET", "GET", false, -1, -1, -1, -1},
	    {"DELETE", "DELETE", false, -1, -1, -1, -1},
	    {"HEAD", NULL, false, 1, -1, -1, -1},
	    {"PUT", "PUT", false, -1, -1, 4, -1},
	    {"POST", "POST", false, -1, -1, 4, -1},
	    {"PUT", "PUT", true, -1, 1, -1, 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_request request = {
		    .method = rows[i].method, .key = "k", .body = view_text("data")};
		struct s3_exchange exchange;
		const char *custom;
		struct call call;

		assert_int_equal(make(&request, rows[i].held, 65000, &call, &exchange), BUCKET_OK);
		custom = text_of(CURLOPT_CUSTOMREQUEST);
		assert_int_equal(custom == NULL, rows[i].custom == NULL);
		if (custom != NULL)
			assert_string_equal(custom, rows[i].custom);
		assert_int_equal(option_of(CURLOPT_NOBODY), rows[i].nobody);
		assert_int_equal(option_of(CURLOPT_UPLOAD), rows[i].upload);
		assert_int_equal(option_of(CURLOPT_POSTFIELDSIZE_LARGE), rows[i].post_len);
		assert_int_equal(option_of(CURLOPT_INFILESIZE_LARGE), rows[i].file_len);
		if (rows[i].post_len >= 0)
			assert_ptr_equal(text_of(CURLOPT_POSTFIELDS), request.body.data);
		if (rows[i].file_len >= 0)
			assert_ptr_equal(text_of(CURLOPT_READDATA), &exchange);
		s3_exchange_clear(&exchange);
	}
}

/* Nothing of a machine's is left to chance: no redirects, no signals, TLS looked at. */
static void what_holds_for_all(void **state)
{
	struct s3_request request = {.method = "GET", .key = "k"};
	struct s3_exchange exchange;
	struct call call;

	(void)state;
	assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
	assert_string_equal(text_of(CURLOPT_URL), "https://h:9000/bucket/pre%20fix/k");
	assert_int_equal(option_of(CURLOPT_PATH_AS_IS), 1);
	assert_string_equal(text_of(CURLOPT_PROTOCOLS_STR), "http,https");
	assert_int_equal(option_of(CURLOPT_FOLLOWLOCATION), 0);
	assert_int_equal(option_of(CURLOPT_HTTP_VERSION), CURL_HTTP_VERSION_1_1);
	assert_int_equal(option_of(CURLOPT_SUPPRESS_CONNECT_HEADERS), 1);
	assert_int_equal(option_of(CURLOPT_NOSIGNAL), 1);
	assert_int_equal(option_of(CURLOPT_TCP_KEEPALIVE), 1);
	assert_int_equal(option_of(CURLOPT_SSL_VERIFYPEER), 1);
	assert_int_equal(option_of(CURLOPT_SSL_VERIFYHOST), 2);
	assert_ptr_equal(text_of(CURLOPT_HTTPHEADER), exchange.headers);
	assert_ptr_equal(text_of(CURLOPT_HEADERDATA), &exchange);
	assert_ptr_equal(text_of(CURLOPT_WRITEDATA), &exchange);
	assert_ptr_equal(text_of(CURLOPT_PREREQDATA), &exchange);
	assert_null(text_of(CURLOPT_CAINFO));
	assert_null(text_of(CURLOPT_CAPATH));
	s3_exchange_clear(&exchange);
	assert_true(bytes_copy(view_text("/file"), &s3.ca_file));
	assert_true(bytes_copy(view_text("/folder"), &s3.ca_folder));
	assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
	assert_string_equal(text_of(CURLOPT_CAINFO), "/file");
	assert_string_equal(text_of(CURLOPT_CAPATH), "/folder");
	s3_exchange_clear(&exchange);
	assert_int_equal(here.set_count, 0); /* what the handle pointed to is gone */
}

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
		assert_int_equal(option_of(CURLOPT_TIMEOUT_MS), rows[i].timeout_ms);
		assert_int_equal(option_of(CURLOPT_CONNECTTIMEOUT_MS), rows[i].connect_ms);
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
		assert_string_equal(text_of(CURLOPT_URL), rows[i].url);
		s3_exchange_clear(&exchange);
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
		for (const struct curl_slist *one = exchange.headers; one != NULL;
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
	unsigned nth = 0;

	(void)state;
	assert_true(bytes_copy(view_text("/file"), &s3.ca_file));
	assert_true(bytes_copy(view_text("/folder"), &s3.ca_folder));
	for (unsigned held = 0; held < 2; held++)
		for (nth = 1;; nth++) {
			struct s3_exchange exchange;
			enum bucket_result result;
			struct call call;

			here.calls = 0;
			here.fails_at = nth;
			result = make(&request, held == 1, 65000, &call, &exchange);
			s3_exchange_clear(&exchange);
			if (here.calls < nth) {
				assert_int_equal(result, BUCKET_OK);
				break;
			}
			if (result != BUCKET_RETRY ||
			    strcmp(call.message, "no memory for a request to the store") != 0)
				fail_msg("call %u: %s: %s", nth, bucket_result_text(result),
				    call.message);
		}
	assert_in_range(nth, 25, 60);
	{
		struct s3_exchange exchange;
		struct call call;

		here.fails_at = 0;
		call_init(&call, 65000);
		assert_int_equal(
		    s3_exchange_make(&s3, NULL, &request, false, &call, &exchange), BUCKET_RETRY);
		assert_string_equal(call.message, "no memory for a request to the store");
		s3_exchange_clear(&exchange);
	}
}

/* ---- what comes ---- */

static size_t give(CURLoption function, CURLoption data, const char *text, size_t len)
{
	data_function call = value_of(function).function;
	char copy[8192];

	assert_true(len < sizeof(copy));
	memcpy(copy, text, len);
	return call(copy, 1, len, value_of(data).data);
}

/* Lines that end with a line feed. */
static void give_header(const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n") + 1;

		assert_int_equal(give(CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA, lines, len), len);
		lines += len;
	}
}

static size_t give_body(const char *text)
{
	return give(CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA, text, strlen(text));
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
		here.status = strstr(rows[i].lines, "503") != NULL ? 503 : 200;
		here.sent = 1;
		give_header(rows[i].lines);
		assert_int_equal(s3_exchange_end(&exchange, CURLE_OK, &call, &reply), BUCKET_OK);
		if (strcmp(reply.tag.text, rows[i].tag) != 0 ||
		    call.retry_after_ms != rows[i].after_ms ||
		    strcmp(reply.error.region, rows[i].region) != 0)
			fail_msg("%s: \"%s\", %d, \"%s\"", rows[i].lines, reply.tag.text,
			    (int)call.retry_after_ms, reply.error.region);
		assert_string_equal(reply.region, "us-east-1");
		assert_int_equal(reply.status, here.status);
		assert_int_equal(reply.body.len, 0);
		s3_reply_clear(&reply);
		s3_exchange_clear(&exchange);
	}
}

/* Of a success as much as was asked for, of anything else 64 KiB; of headers 32 KiB. */
static void answers_have_bounds(void **state)
{
	static char text[8000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (unsigned round = 0; round < 6; round++) {
		bool success = round < 2, over = round % 2 == 1, write = round >= 4;
		struct s3_request request = {
		    .method = write ? "PUT" : "GET", .key = "k", .answer_max = 7999};
		size_t max = success ? 7999 : S3_ERROR_MAX, at = 0;
		struct s3_exchange exchange;
		struct s3_reply reply = {0};
		enum bucket_result result;
		struct call call;

		assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
		here.status = success ? 299 : write ? 300 : 500;
		here.sent = 1;
		give_header("HTTP/1.1 200 x\r\nETag: t\r\n\r\n");
		while (at < max) {
			size_t len = max - at < 7999 ? max - at : 7999;

			assert_int_equal(
			    give(CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA, text, len), len);
			at += len;
		}
		if (over)
			assert_int_equal(give_body("x"), 0);
		result =
		    s3_exchange_end(&exchange, over ? CURLE_WRITE_ERROR : CURLE_OK, &call, &reply);
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
	for (size_t over = 0; over < 2; over++) {
		struct s3_request request = {.method = "GET", .key = "k"};
		struct s3_exchange exchange;
		struct call call;

		assert_int_equal(make(&request, false, 65000, &call, &exchange), BUCKET_OK);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(
			    give(CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA, text, 7999), 7999);
		assert_int_equal(give(CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA, text, 772 + over),
		    over == 0 ? 772 : 0);
		assert_int_equal(exchange.over, over == 1);
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
		exchange.given = rows[i].given;
		here.sent = rows[i].sent;
		here.status = 0;
		result = s3_exchange_end(&exchange, CURLE_GOT_NOTHING, &call, &reply);
		if (result != rows[i].expected)
			fail_msg("%s: %s", rows[i].name, bucket_result_text(result));
		assert_int_equal(reply.status, 42);
		assert_true(call.message[0] != '\0');
		s3_exchange_clear(&exchange);
	}
}

/* All but the last byte, until it is let go. */
static void a_last_byte_is_held(void **state)
{
	struct s3_request request = {.method = "PUT", .key = "k", .body = view_text("data")};
	data_function read_body;
	struct s3_exchange exchange;
	char out[8] = "";
	struct call call;

	(void)state;
	assert_int_equal(make(&request, true, 65000, &call, &exchange), BUCKET_OK);
	read_body = value_of(CURLOPT_READFUNCTION).function;
	assert_int_equal(read_body(out, 2, 1, &exchange), 2);
	assert_memory_equal(out, "da", 2);
	assert_false(exchange.waiting);
	assert_int_equal(read_body(out, 1, 8, &exchange), 1);
	assert_memory_equal(out, "t", 1);
	assert_int_equal(read_body(out, 1, 8, &exchange), CURL_READFUNC_PAUSE);
	assert_true(exchange.waiting);
	exchange.held = false;
	assert_int_equal(read_body(out, 1, 8, &exchange), 1);
	assert_memory_equal(out, "a", 1);
	assert_int_equal(read_body(out, 1, 8, &exchange), 0);
	assert_int_equal(exchange.given, 4);
	s3_exchange_clear(&exchange);
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
		before = value_of(CURLOPT_PREREQFUNCTION).before;
		here.sent = rows[i].sent;
		assert_int_equal(before(&exchange, NULL, NULL, 0, 0), CURL_PREREQFUNC_OK);
		assert_int_equal(before(&exchange, NULL, NULL, 0, 0), rows[i].again);
		s3_exchange_clear(&exchange);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_method_has_its_options, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(what_holds_for_all, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(each_request_has_its_time, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(targets, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(headers_are_sent, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(each_failure_is_told, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(headers_are_read, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(answers_have_bounds, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(lost_answers_are_judged, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_last_byte_is_held, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_write_begins_once, store_setup, store_teardown),
};

TEST_MAIN(tests)
