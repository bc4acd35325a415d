/*
 * tests/gateway/bucket/bucket_s3_test.c: the S3 driver against a server that misbehaves as told:
 * what is sent, what each answer means, and that no write is ever sent twice. Real servers:
 * s3_servers_test.c.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/bucket/bucket_open.h"
#include "gateway/bucket/bucket_s3.h"
#include "tests/gateway/bucket/scripted_server.h"

#define OK_TAG(tag) "HTTP/1.1 200 OK\r\nETag: \"" tag "\"\r\nContent-Length: 0\r\n\r\n"
#define NO_BODY "Content-Length: 0\r\n\r\n"
#define CUT_HERE "Connection: close\r\n\r\n" /* the body ends with the connection */
#define NOT_FOUND(code) "HTTP/1.1 404 Not Found\r\n" CUT_HERE "<Error><Code>" code "</Code></Error>"

static const char *token_now = "t0ken"; /* what a rotation changes */

static const char *get_env(void *self, const char *name)
{
	(void)self;
	if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
		return "AK";
	if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
		return "s3cret";
	if (strcmp(name, "AWS_SESSION_TOKEN") == 0)
		return token_now;
	return NULL;
}

static const struct s3_env env = {NULL, get_env};
static struct scripted_server server;

static struct bucket *open_script(const struct step *steps, size_t count)
{
	struct bucket *bucket;
	struct call call;
	char rest[64];

	/* What libcurl reads itself: a proxy of the machine's is not to see these. */
	assert_int_equal(setenv("no_proxy", "127.0.0.1", 1), 0);
	assert_true(scripted_server_start(&server, steps, count));
	suite_call(&call);
	(void)snprintf(rest, sizeof(rest), "http://127.0.0.1:%u/bucket/pre", server.port);
	bucket = bucket_s3_open(rest, &env, &suite_clock, &call);
	if (bucket == NULL)
		fail_msg("%s", call.message);
	return bucket;
}

static void close_script(struct bucket *bucket)
{
	bucket_close(bucket);
	scripted_server_stop(&server);
}

static enum bucket_result put(struct bucket *bucket, enum bucket_if cond, const char *tag,
    struct call *call, struct bucket_tag *tag_out)
{
	struct bucket_put it = {.key = "k", .data = view_text("data"), .cond = cond};

	(void)snprintf(it.tag.text, sizeof(it.tag.text), "%s", tag);
	return bucket_put(bucket, &it, call, tag_out);
}

/* A failure says why in one line, and tells no secrets. */
static void expect_message(const char *name, enum bucket_result result, const struct call *call)
{
	if (result == BUCKET_OK)
		return;
	if (call->message[0] == '\0' || strpbrk(call->message, "\r\n") != NULL ||
	    strstr(call->message, "s3cret") != NULL || strstr(call->message, "bucket/") != NULL)
		fail_msg("%s: message: %s", name, call->message);
}

static void what_a_put_sends(void **state)
{
	static const struct step steps[] = {
	    {OK_TAG("1"), 0, STEP_KEEP}, {OK_TAG("2"), 0, STEP_KEEP}, {OK_TAG("3"), 0, STEP_KEEP}};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	struct bucket_tag tag = {""};
	struct call call;

	(void)state;
	suite_call(&call);
	assert_int_equal(put(bucket, BUCKET_ALWAYS, "", &call, &tag), BUCKET_OK);
	assert_string_equal(tag.text, "1");
	assert_int_equal(put(bucket, BUCKET_IF_ABSENT, "", &call, &tag), BUCKET_OK);
	assert_int_equal(put(bucket, BUCKET_IF_TAG, "2", &call, &tag), BUCKET_OK);
	close_script(bucket);
	assert_int_equal(server.request_count, 3);
	assert_non_null(strstr(server.requests[0], "PUT /bucket/pre/k HTTP/1.1\r\n"));
	assert_non_null(
	    strstr(server.requests[0], "\r\ncontent-md5: jXd/OF09/siBXSD3SWAm3A==\r\n"));
	assert_non_null(strstr(server.requests[0],
	    "\r\nx-amz-content-sha256: "
	    "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7\r\n"));
	assert_non_null(strstr(server.requests[0], "\r\nx-amz-security-token: t0ken\r\n"));
	assert_non_null(strstr(server.requests[0], "/us-east-1/s3/aws4_request,SignedHeaders="
						   "content-md5;host;x-amz-content-sha256;"
						   "x-amz-date;x-amz-security-token,"));
	assert_non_null(strstr(server.requests[0], "\r\n\r\ndata"));
	assert_null(strstr(server.requests[0], "if-"));
	assert_null(strstr(server.requests[0], "s3cret"));
	assert_null(strstr(server.requests[0], "Expect"));
	assert_non_null(strstr(server.requests[0], "\r\nAccept-Encoding: identity\r\n"));
	assert_non_null(strstr(server.requests[1], "\r\nif-none-match: *\r\n"));
	assert_non_null(strstr(server.requests[1], ";if-none-match;"));     /* signed */
	assert_non_null(strstr(server.requests[2], "\r\nif-match: 2\r\n")); /* unquoted */
	assert_non_null(strstr(server.requests[2], ";if-match;"));
}

static void put_answers(void **state)
{
	static const struct {
		const char *name;
		struct step step;
		enum bucket_result expected;
		const char *says;
	} rows[] = {
	    {"fine", {OK_TAG("new"), 0, STEP_KEEP}, BUCKET_OK, ""},
	    {"a weak tag", {"HTTP/1.1 200 OK\r\netag:W/\"new\"\r\n" NO_BODY, 0, STEP_KEEP},
		BUCKET_OK, ""},
	    {"after an interim answer",
		{"HTTP/1.1 100 Continue\r\nETag: \"no\"\r\n\r\n" OK_TAG("new"), 0, STEP_KEEP},
		BUCKET_OK, ""},
	    {"no tag", {"HTTP/1.1 200 OK\r\n" NO_BODY, 0, STEP_KEEP}, BUCKET_UNKNOWN, "ETag"},
	    {"a tag with a blank", {OK_TAG("a b"), 0, STEP_KEEP}, BUCKET_UNKNOWN, "ETag"},
	    {"a tag that is too long",
		{OK_TAG("0123456789012345678901234567890123456789012345678901234567890123456789"
			"012"),
		    0, STEP_KEEP},
		BUCKET_UNKNOWN, "ETag"},
	    {"200 with an error",
		{"HTTP/1.1 200 OK\r\nETag: \"new\"\r\n" CUT_HERE
		 "<Error><Code>InternalError</Code></Error>",
		    0, STEP_CLOSE},
		BUCKET_UNKNOWN, "200 InternalError"},
	    {"500", {"HTTP/1.1 500 x\r\n" NO_BODY, 0, STEP_KEEP}, BUCKET_UNKNOWN, "500"},
	    {"503",
		{"HTTP/1.1 503 x\r\nRetry-After: 7\r\n" CUT_HERE
		 "<Error><Code>SlowDown</Code></Error>",
		    0, STEP_CLOSE},
		BUCKET_RETRY, "503 SlowDown"},
	    {"403",
		{"HTTP/1.1 403 x\r\n" CUT_HERE "<Error><Code>RequestTimeTooSkewed</Code></Error>",
		    0, STEP_CLOSE},
		BUCKET_REFUSED, "clock"},
	    {"a page", {"HTTP/1.1 502 x\r\n" CUT_HERE "<html>s3cret</html>", 0, STEP_CLOSE},
		BUCKET_UNKNOWN, "502"},
	    {"a redirect",
		{"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\n" NO_BODY, 0, STEP_KEEP},
		BUCKET_REFUSED, "307"},
	    {"an error without end", {"HTTP/1.1 403 x\r\n" CUT_HERE, 1u << 20, STEP_CLOSE},
		BUCKET_REFUSED, "403"},
	    {"a success without end", {"HTTP/1.1 200 OK\r\n" CUT_HERE, 1u << 20, STEP_CLOSE},
		BUCKET_UNKNOWN, "longer"},
	    {"headers without end", {"HTTP/1.1 200 OK\r\nx: ", 1u << 20, STEP_CLOSE},
		BUCKET_UNKNOWN, ""},
	    {"no HTTP", {"hello\r\n\r\n", 0, STEP_CLOSE}, BUCKET_UNKNOWN, ""},
	    {"half an answer", {"HTTP/1.1 200 OK\r\nETa", 0, STEP_CLOSE}, BUCKET_UNKNOWN, ""},
	    {"half a header", {"HTTP/1.1 200 OK\r\nETag: \"new\"\r\nCont", 0, STEP_CLOSE},
		BUCKET_UNKNOWN, ""},
	    {"half a refusal's header", {"HTTP/1.1 403 x\r\nCont", 0, STEP_CLOSE}, BUCKET_UNKNOWN,
		""},
	    {"only an interim answer", {"HTTP/1.1 100 Continue\r\n\r\n", 0, STEP_CLOSE},
		BUCKET_UNKNOWN, ""},
	    {"no answer", {NULL, 0, STEP_CLOSE}, BUCKET_UNKNOWN, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_script(&rows[i].step, 1);
		struct bucket_tag tag = {"old"};
		struct call call;
		enum bucket_result result;

		suite_call(&call);
		result = put(bucket, BUCKET_ALWAYS, "", &call, &tag);
		close_script(bucket);
		expect_message(rows[i].name, result, &call);
		if (result != rows[i].expected || strstr(call.message, rows[i].says) == NULL)
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		assert_string_equal(tag.text, result == BUCKET_OK ? "new" : "old");
		assert_int_equal(server.request_count, 1);
		assert_int_equal(call.retry_after_ms, result == BUCKET_RETRY ? 7000 : 0);
	}
}

static void get_answers(void **state)
{
	static const struct {
		const char *name;
		struct step step;
		enum bucket_result expected;
	} rows[] = {
	    {"fine",
		{"HTTP/1.1 200 OK\r\nETag: \"new\"\r\nContent-Length: 4\r\n\r\ndata", 0, STEP_KEEP},
		BUCKET_OK},
	    {"no such key", {NOT_FOUND("NoSuchKey"), 0, STEP_CLOSE}, BUCKET_ABSENT},
	    {"no such bucket", {NOT_FOUND("NoSuchBucket"), 0, STEP_CLOSE}, BUCKET_REFUSED},
	    {"a bare 404", {"HTTP/1.1 404 x\r\n" NO_BODY, 0, STEP_KEEP}, BUCKET_REFUSED},
	    {"a 404 page", {"HTTP/1.1 404 x\r\n" CUT_HERE "<html/>", 0, STEP_CLOSE},
		BUCKET_REFUSED},
	    {"unchanged", {"HTTP/1.1 304 x\r\n\r\n", 0, STEP_KEEP}, BUCKET_UNCHANGED},
	    {"cut",
		{"HTTP/1.1 200 OK\r\nETag: \"new\"\r\nContent-Length: 400\r\n\r\ndata", 0,
		    STEP_CLOSE},
		BUCKET_RETRY},
	    {"cut in its header", {"HTTP/1.1 200 OK\r\nETag: \"new\"\r\nContent-Le", 0, STEP_CLOSE},
		BUCKET_RETRY},
	    {"a refusal cut in its header", {"HTTP/1.1 404 x\r\nConte", 0, STEP_CLOSE},
		BUCKET_RETRY},
	    {"200 with an error",
		{"HTTP/1.1 200 OK\r\n" CUT_HERE "<Error><Code>InternalError</Code></Error>", 0,
		    STEP_CLOSE},
		BUCKET_RETRY},
	    {"a portal's page",
		{"HTTP/1.1 200 OK\r\n" CUT_HERE "<html>log in</html>", 0, STEP_CLOSE},
		BUCKET_REFUSED},
	    {"too large",
		{"HTTP/1.1 200 OK\r\nETag: \"new\"\r\n" CUT_HERE, BUCKET_OBJECT_MAX + 1,
		    STEP_CLOSE},
		BUCKET_REFUSED},
	    {"500", {"HTTP/1.1 500 x\r\n" NO_BODY, 0, STEP_KEEP}, BUCKET_RETRY},
	    {"no answer", {NULL, 0, STEP_CLOSE}, BUCKET_RETRY},
	    {"no HTTP", {"hello", 0, STEP_CLOSE}, BUCKET_RETRY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_script(&rows[i].step, 1);
		struct bucket_get get = {.key = "k", .unless = {"seen"}};
		struct bucket_tag tag = {"old"};
		struct bytes data = {0};
		struct call call;
		enum bucket_result result;

		suite_call(&call);
		result = bucket_get(bucket, &get, &call, &data, &tag);
		close_script(bucket);
		expect_message(rows[i].name, result, &call);
		if (result != rows[i].expected)
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		assert_int_equal(data.len, result == BUCKET_OK ? 4 : 0);
		assert_string_equal(tag.text, result == BUCKET_OK ? "new" : "old");
		assert_non_null(strstr(server.requests[0], "\r\nif-none-match: \"seen\"\r\n"));
		bytes_clear(&data);
	}
}

static void list_answers(void **state)
{
	static const struct {
		const char *name;
		struct step step;
		enum bucket_result expected;
	} rows[] = {
	    {"garbage", {"HTTP/1.1 200 OK\r\n" CUT_HERE "<ListBucketResult><", 0, STEP_CLOSE},
		BUCKET_RETRY},
	    {"an error", {"HTTP/1.1 200 OK\r\n" CUT_HERE "<Error/>", 0, STEP_CLOSE}, BUCKET_RETRY},
	    {"nothing", {"HTTP/1.1 200 OK\r\n" NO_BODY, 0, STEP_KEEP}, BUCKET_RETRY},
	    {"no such bucket", {NOT_FOUND("NoSuchBucket"), 0, STEP_CLOSE}, BUCKET_REFUSED},
	    {"without end", {"HTTP/1.1 200 OK\r\n" CUT_HERE, S3_DOCUMENT_MAX + 1, STEP_CLOSE},
		BUCKET_REFUSED},
	    {"keys of others",
		{"HTTP/1.1 200 OK\r\n" CUT_HERE
		 "<ListBucketResult><Contents><Key>pre/.x</Key></Contents><Contents>"
		 "<Key>pre/a</Key><Size>3</Size></Contents><Contents><Key>pre/b/</Key></Contents>"
		 "<Contents><Key>qre/z</Key></Contents></ListBucketResult>",
		    0, STEP_CLOSE},
		BUCKET_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_script(&rows[i].step, 1);
		struct bucket_page page = {.count = 42};
		struct call call;
		enum bucket_result result;

		suite_call(&call);
		result = bucket_list(bucket, "", "", &call, &page);
		close_script(bucket);
		expect_message(rows[i].name, result, &call);
		if (result != rows[i].expected)
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		assert_int_equal(page.count, result == BUCKET_OK ? 1 : 42);
		if (result == BUCKET_OK) {
			assert_string_equal(page.items[0].key, "a");
			free(page.items);
		}
	}
}

static void remove_many_answers(void **state)
{
	static const struct {
		const char *name;
		const char *answer;
		enum bucket_result expected;
	} rows[] = {
	    {"all", "HTTP/1.1 200 OK\r\n" CUT_HERE "<DeleteResult/>", BUCKET_OK},
	    {"one kept for now",
		"HTTP/1.1 200 OK\r\n" CUT_HERE "<DeleteResult><Error><Key>pre/k</Key>"
		"<Code>InternalError</Code></Error></DeleteResult>",
		BUCKET_RETRY},
	    {"one kept",
		"HTTP/1.1 200 OK\r\n" CUT_HERE "<DeleteResult><Error><Key>pre/k</Key>"
		"<Code>AccessDenied</Code></Error></DeleteResult>",
		BUCKET_REFUSED},
	    {"garbage, and no answer", "HTTP/1.1 200 OK\r\n" CUT_HERE "<Del", BUCKET_UNKNOWN},
	    {"who asks", "HTTP/1.1 400 x\r\n" CUT_HERE "<Error><Code>ExpiredToken</Code></Error>",
		BUCKET_REFUSED},
	    {"spoiled", "HTTP/1.1 400 x\r\n" CUT_HERE "<Error><Code>BadDigest</Code></Error>",
		BUCKET_RETRY},
	    {"no such bucket", NOT_FOUND("NoSuchBucket"), BUCKET_REFUSED},
	};
	static const char *const keys[] = {"k", "a&b<c>"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct step step = {rows[i].answer, 0, STEP_CLOSE};
		struct bucket *bucket = open_script(&step, 1);
		struct call call;
		enum bucket_result result;

		suite_call(&call);
		result = bucket_remove_many(bucket, keys, COUNT_OF(keys), &call);
		close_script(bucket);
		expect_message(rows[i].name, result, &call);
		if (result != rows[i].expected)
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		assert_non_null(strstr(server.requests[0], "POST /bucket?delete= HTTP/1.1\r\n"));
		assert_non_null(strstr(server.requests[0], "<Key>pre/a&amp;b&lt;c&gt;</Key>"));
	}
}

/*
 * The second request meets a kept-alive connection that dies under it. libcurl would send it again
 * on a new one: a read it may, a write it must not.
 */
static void a_write_is_sent_once(void **state)
{
	static const struct step steps[] = {{OK_TAG("1"), 0, STEP_KEEP}, {NULL, 0, STEP_CLOSE}};
	static const char *const keys[] = {"k"};

	(void)state;
	for (int which = 0; which < 4; which++) {
		struct bucket *bucket = open_script(steps, COUNT_OF(steps));
		struct bucket_get get = {.key = "k"};
		struct bucket_tag tag = {""};
		struct bytes data = {0};
		struct call call;
		enum bucket_result result = BUCKET_OK;

		suite_call(&call);
		assert_int_equal(put(bucket, BUCKET_ALWAYS, "", &call, &tag), BUCKET_OK);
		switch (which) {
		case 0: result = put(bucket, BUCKET_IF_TAG, "1", &call, &tag); break;
		case 1: result = bucket_remove(bucket, "k", &call); break;
		case 2: result = bucket_remove_many(bucket, keys, 1, &call); break;
		default: result = bucket_get(bucket, &get, &call, &data, &tag); break;
		}
		close_script(bucket);
		assert_int_equal(result, which < 3 ? BUCKET_UNKNOWN : BUCKET_RETRY);
		assert_string_equal(tag.text, "1");
		if (which < 3)
			assert_int_equal(server.request_count, 2);
		else
			assert_true(server.request_count > 2);
	}
}

/* A write whose last byte is held back, too: once the store has it all, nobody knows. */
static void a_held_write_may_have_been_heard(void **state)
{
	static const struct {
		const char *name;
		struct step step;
		bool listens;
		enum bucket_result expected;
	} rows[] = {
	    {"cut off after the last byte", {NULL, 0, STEP_CLOSE}, true, BUCKET_UNKNOWN},
	    {"half an answer", {"HTTP/1.1 200 OK\r\nETag", 0, STEP_CLOSE}, true, BUCKET_UNKNOWN},
	    {"answered", {OK_TAG("1"), 0, STEP_KEEP}, true, BUCKET_OK},
	    {"refused", {"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_KEEP}, true, BUCKET_CONFLICT},
	    {"nobody there", {NULL, 0, STEP_CLOSE}, false, BUCKET_RETRY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_script(&rows[i].step, 1);
		struct bucket_put it = {"k", view_text("held"), BUCKET_IF_ABSENT, {""}};
		enum bucket_result result = BUCKET_OK;
		struct call call;

		suite_call(&call);
		if (!rows[i].listens)
			scripted_server_stop(&server);
		assert_true(bucket_race(bucket, &it, 1, &call, &result));
		if (result != rows[i].expected)
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		if (rows[i].listens) {
			close_script(bucket);
			assert_int_equal(server.request_count, 1);
			assert_non_null(strstr(server.requests[0], "\r\n\r\nheld"));
		} else {
			bucket_close(bucket);
		}
	}
}

/* Each of a race gets its own answer, whoever is answered first. */
static void each_of_a_race_is_answered(void **state)
{
	struct step steps[SCRIPT_STEPS_MAX];
	struct bucket_put puts[SCRIPT_STEPS_MAX];
	enum bucket_result results[SCRIPT_STEPS_MAX];
	struct call calls[SCRIPT_STEPS_MAX];
	struct bucket *bucket;
	unsigned won = 0;

	(void)state;
	for (size_t i = 0; i < SCRIPT_STEPS_MAX; i++) {
		steps[i] = (struct step){"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_CLOSE};
		puts[i] = (struct bucket_put){"k", view_text("held"), BUCKET_IF_ABSENT, {""}};
		suite_call(&calls[i]);
	}
	steps[3].answer = OK_TAG("new");
	bucket = open_script(steps, SCRIPT_STEPS_MAX);
	assert_true(bucket_race(bucket, puts, SCRIPT_STEPS_MAX, calls, results));
	close_script(bucket);
	assert_int_equal(server.request_count, SCRIPT_STEPS_MAX);
	for (size_t i = 0; i < SCRIPT_STEPS_MAX; i++) {
		won += results[i] == BUCKET_OK ? 1 : 0;
		if (results[i] != BUCKET_OK && results[i] != BUCKET_CONFLICT)
			fail_msg("%zu: %s", i, calls[i].message);
	}
	assert_int_equal(won, 1);
}

/* ---- a store that reads one connection before the other ---- */

#define HELD_LEN ((size_t)6 << 20) /* more than sockets hold that nobody reads */
#define QUIET_MS 500

static struct two_readers {
	pthread_t thread;
	int listener;
	size_t first_len; /* of the first's body, before anything of the second was read */
	size_t lens[2];   /* of their bodies, in the end */
} readers;

/* Reads, a head and as much as comes of a body, until nothing comes for so long, or all is there.
 */
static size_t read_body(int fd, size_t len, int quiet_ms)
{
	static char data[1u << 16];
	struct pollfd waited = {.fd = fd, .events = POLLIN};

	while (len < HELD_LEN && poll(&waited, 1, quiet_ms) == 1) {
		ssize_t got = recv(fd, data, sizeof(data) - 1, 0);
		const char *body;

		if (got <= 0)
			break;
		data[got] = '\0';
		body = len == 0 ? strstr(data, "\r\n\r\n") : NULL;
		len += (size_t)got - (body == NULL ? 0 : (size_t)(body + 4 - data));
	}
	return len;
}

static void *two_readers_run(void *self)
{
	static const char answer[] = "HTTP/1.1 412 x\r\n" NO_BODY;
	int fds[2];

	(void)self;
	for (size_t i = 0; i < 2; i++)
		fds[i] = accept(readers.listener, NULL, NULL);
	readers.first_len = readers.lens[0] = read_body(fds[0], 0, QUIET_MS);
	readers.lens[1] = read_body(fds[1], 0, QUIET_MS);
	for (size_t i = 0; i < 2; i++) {
		readers.lens[i] = read_body(fds[i], readers.lens[i], 20000);
		(void)send(fds[i], answer, strlen(answer), MSG_NOSIGNAL);
		(void)close(fds[i]);
	}
	return NULL;
}

static struct bucket *open_readers(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	struct bucket *bucket;
	int small = 4096; /* inherited by what is accepted */
	struct call call;
	char rest[64];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	readers = (struct two_readers){.listener = socket(AF_INET, SOCK_STREAM, 0)};
	assert_true(readers.listener >= 0);
	assert_int_equal(
	    setsockopt(readers.listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(readers.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(readers.listener, 2), 0);
	assert_int_equal(getsockname(readers.listener, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(pthread_create(&readers.thread, NULL, two_readers_run, NULL), 0);
	suite_call(&call);
	(void)snprintf(
	    rest, sizeof(rest), "http://127.0.0.1:%u/bucket/pre", ntohs(address.sin_port));
	bucket = bucket_s3_open(rest, &env, &suite_clock, &call);
	assert_non_null(bucket);
	return bucket;
}

/* The last byte of each is kept back until all have come so far: that is what makes it a race. */
static void last_bytes_wait_for_all(void **state)
{
	static uint8_t data[HELD_LEN];
	const struct bucket_put put = {"k", view_of(data, sizeof(data)), BUCKET_IF_ABSENT, {""}};
	const struct bucket_put puts[] = {put, put};
	enum bucket_result results[COUNT_OF(puts)];
	struct call calls[COUNT_OF(puts)];
	struct bucket *bucket = open_readers();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(puts); i++)
		suite_call(&calls[i]);
	assert_true(bucket_race(bucket, puts, COUNT_OF(puts), calls, results));
	assert_int_equal(pthread_join(readers.thread, NULL), 0);
	assert_int_equal(close(readers.listener), 0);
	bucket_close(bucket);
	assert_in_range(readers.first_len, 1, HELD_LEN - 1);
	for (size_t i = 0; i < COUNT_OF(puts); i++) {
		assert_int_equal(results[i], BUCKET_CONFLICT);
		assert_int_equal(readers.lens[i], HELD_LEN);
	}
}

/* More at once than connections are kept: the rest are closed. (A leak is looked for.) */
static void more_at_once_than_are_kept(void **state)
{
	enum { MANY = S3_IDLE_MAX + 4 };
	static struct s3_request requests[MANY];
	static struct s3_reply replies[MANY];
	static struct call calls[MANY];
	enum bucket_result results[MANY];
	struct bucket *bucket = open_script(NULL, 0);
	struct s3 *s3 = bucket->self;

	(void)state;
	scripted_server_stop(&server); /* nobody is there: each takes its connection, and fails */
	for (size_t i = 0; i < MANY; i++) {
		requests[i] = (struct s3_request){.method = "PUT", .key = "k"};
		suite_call(&calls[i]);
	}
	s3_send_together(s3, requests, MANY, calls, replies, results);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(results[i], BUCKET_RETRY);
	assert_int_equal(s3->idle_count, S3_IDLE_MAX);
	bucket_close(bucket);
}

/* What is raced has the form that the store was seen to take, or the first. */
static void races_have_the_known_form(void **state)
{
	static const struct step steps[] = {
	    {"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_CLOSE},
	    {"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_KEEP},
	    {"HTTP/1.1 200 x\r\nETag: \"old\"\r\nContent-Length: 4\r\n\r\n", 0, STEP_KEEP},
	    {OK_TAG("new"), 0, STEP_CLOSE},
	    {"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_CLOSE},
	};
	const struct bucket_put it = {"k", view_text("held"), BUCKET_IF_TAG, {"old"}};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	enum bucket_result result = BUCKET_OK;
	struct bucket_tag tag;
	struct call call;

	(void)state;
	suite_call(&call);
	assert_true(bucket_race(bucket, &it, 1, &call, &result));
	assert_int_equal(result, BUCKET_CONFLICT);
	assert_int_equal(put(bucket, BUCKET_IF_TAG, "old", &call, &tag), BUCKET_OK);
	assert_true(bucket_race(bucket, &it, 1, &call, &result));
	assert_int_equal(result, BUCKET_CONFLICT);
	close_script(bucket);
	assert_int_equal(server.request_count, COUNT_OF(steps));
	assert_non_null(strstr(server.requests[0], "\r\nif-match: old\r\n"));
	assert_non_null(strstr(server.requests[4], "\r\nif-match: \"old\"\r\n"));
}

static void quotes_are_tried_once(void **state)
{
	static const struct step steps[] = {
	    {"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_KEEP},
	    {"HTTP/1.1 200 x\r\nETag: \"old\"\r\nContent-Length: 4\r\n\r\n", 0, STEP_KEEP},
	    {OK_TAG("new"), 0, STEP_KEEP},
	    {"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_KEEP},
	};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	struct bucket_tag tag = {""};
	struct call call;

	(void)state;
	suite_call(&call);
	assert_int_equal(put(bucket, BUCKET_IF_TAG, "old", &call, &tag), BUCKET_OK);
	assert_string_equal(tag.text, "new");
	/* Known from now on: a refusal is a refusal. */
	assert_int_equal(put(bucket, BUCKET_IF_TAG, "old", &call, &tag), BUCKET_CONFLICT);
	close_script(bucket);
	assert_int_equal(server.request_count, 4);
	assert_non_null(strstr(server.requests[0], "\r\nif-match: old\r\n"));
	assert_non_null(strstr(server.requests[1], "HEAD /bucket/pre/k HTTP/1.1\r\n"));
	assert_non_null(strstr(server.requests[2], "\r\nif-match: \"old\"\r\n"));
	assert_non_null(strstr(server.requests[3], "\r\nif-match: \"old\"\r\n"));
}

/* The tag has moved: the refusal was meant, and the form stays open. */
static void a_conflict_needs_no_quotes(void **state)
{
	static const struct step steps[] = {
	    {"HTTP/1.1 412 x\r\n" NO_BODY, 0, STEP_KEEP},
	    {"HTTP/1.1 200 x\r\nETag: \"other\"\r\n" NO_BODY, 0, STEP_KEEP},
	};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	struct bucket_tag tag = {"mine"};
	struct call call;

	(void)state;
	suite_call(&call);
	assert_int_equal(put(bucket, BUCKET_IF_TAG, "old", &call, &tag), BUCKET_CONFLICT);
	assert_string_equal(tag.text, "mine");
	close_script(bucket);
	assert_int_equal(server.request_count, 2);
}

static void a_deadline_ends_a_wait(void **state)
{
	static const struct step steps[] = {{NULL, 0, STEP_STALL}};
	static const struct step trickle[] = {{"HTTP/1.1 200 OK\r\nETag", 0, STEP_STALL}};

	(void)state;
	for (int which = 0; which < 4; which++) {
		struct bucket *bucket = open_script(which < 2 ? steps : trickle, 1);
		int64_t begin_ms = clock_monotonic_ms(&suite_clock);
		struct bucket_get get = {.key = "k"};
		struct bucket_tag tag = {""};
		struct bytes data = {0};
		struct call call;

		call_init(&call, begin_ms + 300);
		if (which % 2 == 0)
			assert_int_equal(
			    put(bucket, BUCKET_ALWAYS, "", &call, &tag), BUCKET_UNKNOWN);
		else
			assert_int_equal(
			    bucket_get(bucket, &get, &call, &data, &tag), BUCKET_RETRY);
		assert_true(clock_monotonic_ms(&suite_clock) - begin_ms < 5000);
		close_script(bucket);
	}
}

static void nobody_there(void **state)
{
	struct bucket *bucket = open_script(NULL, 0);
	struct bucket_tag tag = {""};
	struct call call;

	(void)state;
	suite_call(&call);
	scripted_server_stop(&server);
	assert_int_equal(put(bucket, BUCKET_ALWAYS, "", &call, &tag), BUCKET_RETRY);
	expect_message("nobody", BUCKET_RETRY, &call);
	call_init(&call, clock_monotonic_ms(&suite_clock) - 1);
	assert_int_equal(put(bucket, BUCKET_ALWAYS, "", &call, &tag), BUCKET_RETRY);
	assert_non_null(strstr(call.message, "deadline"));
	bucket_close(bucket);
}

#define FINE(body) "HTTP/1.1 200 OK\r\n" CUT_HERE body
#define REFUSAL(status, code) \
	"HTTP/1.1 " status " x\r\n" CUT_HERE "<Error><Code>" code "</Code></Error>"
#define NO_CONTENT \
	{ \
		"HTTP/1.1 204 x\r\n\r\n", 0, STEP_KEEP \
	}
#define NO_VERSIONS FINE("<ListVersionsResult/>")
#define NO_UPLOADS FINE("<ListMultipartUploadsResult/>")
#define NEVER_KEPT FINE("<VersioningConfiguration/>")
#define KEPT(how) \
	FINE("<VersioningConfiguration><Status>" how "</Status></VersioningConfiguration>")

/* Stores without versions, in all the ways in which they say so, and those that only seem so. */
static void purge_where_nothing_is_shown(void **state)
{
	static const struct {
		const char *name;
		const char *versions; /* the answer to ?versions */
		const char *kept;     /* … to ?versioning; NULL: it is not to be asked */
		const char *uploads;  /* … to ?uploads; NULL: likewise */
		enum bucket_result expected;
		const char *says;
	} rows[] = {
	    {"none there", NO_VERSIONS, NULL, NO_UPLOADS, BUCKET_OK, ""},
	    {"501", "HTTP/1.1 501 x\r\n" CUT_HERE, "HTTP/1.1 501 x\r\n" CUT_HERE,
		REFUSAL("400", "NotImplemented"), BUCKET_OK, ""},
	    {"400", REFUSAL("400", "InvalidArgument"), NEVER_KEPT, "HTTP/1.1 405 x\r\n" CUT_HERE,
		BUCKET_OK, ""},
	    {"404", "HTTP/1.1 404 x\r\n" CUT_HERE, REFUSAL("403", "AccessDenied"), NO_UPLOADS,
		BUCKET_OK, ""},
	    {"passed over", FINE("<ListBucketResult/>"), FINE("<ListBucketResult/>"),
		FINE("<ListBucketResult/>"), BUCKET_OK, ""},
	    {"passed over, and kept", FINE("<ListBucketResult/>"), KEPT("Enabled"), NULL,
		BUCKET_REFUSED, "keeps old versions, or may"},
	    {"501, and kept once", "HTTP/1.1 501 x\r\n" CUT_HERE, KEPT("Suspended"), NULL,
		BUCKET_REFUSED, "s3:DeleteObjectVersion"},
	    {"forbidden, and never kept", REFUSAL("403", "AccessDenied"), NEVER_KEPT,
		REFUSAL("403", "AccessDenied"), BUCKET_OK, ""},
	    {"forbidden, both", REFUSAL("403", "AccessDenied"), REFUSAL("403", "AccessDenied"),
		NULL, BUCKET_REFUSED, "s3:ListBucketVersions"},
	    {"a portal's page", FINE("<html/>"), NULL, NULL, BUCKET_RETRY, "cannot be read"},
	    {"no bucket", NOT_FOUND("NoSuchBucket"), NULL, NULL, BUCKET_REFUSED, "NoSuchBucket"},
	    {"who asks", REFUSAL("400", "ExpiredToken"), NULL, NULL, BUCKET_REFUSED, "credentials"},
	    {"busy", REFUSAL("503", "SlowDown"), NULL, NULL, BUCKET_RETRY, "SlowDown"},
	    {"busy later", REFUSAL("501", "x"), REFUSAL("503", "SlowDown"), NULL, BUCKET_RETRY,
		"SlowDown"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct step steps[3] = {{rows[i].versions, 0, STEP_CLOSE}};
		size_t count = 1;
		struct bucket *bucket;
		uint64_t removed = 42;
		struct call call;
		enum bucket_result result;

		if (rows[i].kept != NULL)
			steps[count++] = (struct step){rows[i].kept, 0, STEP_CLOSE};
		if (rows[i].uploads != NULL)
			steps[count++] = (struct step){rows[i].uploads, 0, STEP_CLOSE};
		bucket = open_script(steps, count);
		suite_call(&call);
		result = bucket_purge_hidden(bucket, "a/", &call, &removed);
		close_script(bucket);
		if (result != rows[i].expected || server.request_count != count ||
		    strstr(call.message, rows[i].says) == NULL)
			fail_msg("%s: %s: %s: %zu requests", rows[i].name,
			    bucket_result_text(result), call.message, server.request_count);
		assert_int_equal(removed, 42);
		assert_non_null(strstr(server.requests[0],
		    "GET /bucket?max-keys=1000&prefix=pre%2Fa%2F&versions= HTTP/1.1\r\n"));
		if (rows[i].kept != NULL)
			assert_non_null(
			    strstr(server.requests[1], "GET /bucket?versioning= HTTP/1.1\r\n"));
		if (rows[i].uploads != NULL)
			assert_non_null(strstr(server.requests[count - 1],
			    "GET /bucket?max-uploads=1000&prefix=pre%2Fa%2F&uploads= "
			    "HTTP/1.1\r\n"));
	}
}

#define VERSION(key) \
	"<Version><Key>pre/a/" key "</Key><VersionId>1</VersionId><IsLatest>false</IsLatest>" \
	"</Version>"
#define VERSIONS(list) FINE("<ListVersionsResult>" list "</ListVersionsResult>")

/* The answer to a removal is lost: what is listed then tells what went, and that is counted. */
static void a_lost_purge_is_counted(void **state)
{
	static const struct step steps[] = {
	    {VERSIONS(VERSION("1") VERSION("2") VERSION("3")), 0, STEP_CLOSE},
	    {NULL, 0, STEP_CLOSE},
	    {VERSIONS(VERSION("3")), 0, STEP_CLOSE},
	    {REFUSAL("501", "NotImplemented"), 0, STEP_CLOSE}, /* and many at once are unknown */
	    NO_CONTENT,
	    {NO_UPLOADS, 0, STEP_CLOSE},
	};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	uint64_t removed = 0;
	struct call call;

	(void)state;
	suite_call(&call);
	if (bucket_purge_hidden(bucket, "a/", &call, &removed) != BUCKET_OK)
		fail_msg("%s", call.message);
	close_script(bucket);
	assert_int_equal(removed, 3);
	assert_int_equal(server.request_count, 6);
	assert_non_null(
	    strstr(server.requests[4], "DELETE /bucket/pre/a/3?versionId=1 HTTP/1.1\r\n"));
}

/* A store that never says what came of it is given up, with what is known to have gone. */
static void a_purge_that_stays_lost_ends(void **state)
{
	static const struct step steps[] = {{VERSIONS(VERSION("1") VERSION("2")), 0, STEP_CLOSE},
	    {NULL, 0, STEP_CLOSE}, {VERSIONS(VERSION("2")), 0, STEP_CLOSE}, {NULL, 0, STEP_CLOSE},
	    {VERSIONS(VERSION("2")), 0, STEP_CLOSE}, {NULL, 0, STEP_CLOSE}};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	uint64_t removed = 0;
	struct call call;

	(void)state;
	suite_call(&call);
	assert_int_equal(bucket_purge_hidden(bucket, "a/", &call, &removed), BUCKET_UNKNOWN);
	close_script(bucket);
	assert_int_equal(removed, 1);
	assert_int_equal(server.request_count, 6);
}

/* Many at once are unknown to the store: each goes by itself, and that is remembered. */
static void many_are_removed_one_by_one(void **state)
{
	static const struct {
		const char *answer;
		bool remembered;
	} rows[] = {
	    {REFUSAL("501", "NotImplemented"), true}, {"HTTP/1.1 405 x\r\n" CUT_HERE, true},
	    {REFUSAL("400", "InvalidArgument"), true},
	    {"HTTP/1.1 404 x\r\n" CUT_HERE "<html/>", true},
	    {FINE("<html>welcome</html>"), false}, /* whatever that did */
	};
	static const char *const keys[] = {"k", "a&b c"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct step steps[] = {{rows[i].answer, 0, STEP_CLOSE}, NO_CONTENT,
		    {NOT_FOUND("NoSuchKey"), 0, STEP_CLOSE}, NO_CONTENT, NO_CONTENT};
		struct bucket *bucket = open_script(steps, COUNT_OF(steps));
		struct call call;

		suite_call(&call);
		if (bucket_remove_many(bucket, keys, 2, &call) != BUCKET_OK)
			fail_msg("row %zu: %s", i, call.message);
		if (rows[i].remembered)
			assert_int_equal(bucket_remove_many(bucket, keys, 2, &call), BUCKET_OK);
		close_script(bucket);
		assert_int_equal(server.request_count, rows[i].remembered ? 5 : 3);
		assert_non_null(strstr(server.requests[0], "POST /bucket?delete= HTTP/1.1\r\n"));
		assert_non_null(strstr(server.requests[1], "DELETE /bucket/pre/k HTTP/1.1\r\n"));
		assert_non_null(
		    strstr(server.requests[2], "DELETE /bucket/pre/a%26b%20c HTTP/1.1\r\n"));
	}
}

#define REGION_ERROR(code, region) \
	"HTTP/1.1 400 x\r\n" CUT_HERE "<Error><Code>" code "</Code>" region "</Error>"
#define WRONG_REGION "AuthorizationHeaderMalformed"

/* A region that a store tells is signed for from then on; a write goes again, once. */
static void a_region_is_learned(void **state)
{
	static const struct {
		const char *name;
		struct step steps[3];
		unsigned requests; /* of the first put */
		enum bucket_result expected;
		const char *region; /* that the last of them is signed for */
		const char *says;
	} rows[] = {
	    {"in the error",
		{{REGION_ERROR(WRONG_REGION, "<Region>garage</Region>"), 0, STEP_CLOSE},
		    {OK_TAG("1"), 0, STEP_KEEP}},
		2, BUCKET_OK, "/garage/s3/", ""},
	    {"in the header",
		{{"HTTP/1.1 301 x\r\nX-Amz-Bucket-Region: eu-central-1\r\n" CUT_HERE
		  "<Error><Code>PermanentRedirect</Code></Error>",
		     0, STEP_CLOSE},
		    {OK_TAG("1"), 0, STEP_KEEP}},
		2, BUCKET_OK, "/eu-central-1/s3/", ""},
	    {"by the bucket itself",
		{{"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\n" CUT_HERE
		  "<Error><Code>TemporaryRedirect</Code></Error>",
		     0, STEP_CLOSE},
		    {"HTTP/1.1 403 x\r\nx-amz-bucket-region: eu-west-3\r\n" CUT_HERE, 0,
			STEP_CLOSE},
		    {OK_TAG("1"), 0, STEP_KEEP}},
		3, BUCKET_OK, "/eu-west-3/s3/", ""},
	    {"by the bucket's refusal",
		{{REGION_ERROR(WRONG_REGION, ""), 0, STEP_CLOSE},
		    {"HTTP/1.1 400 x\r\nx-amz-bucket-region: eu-west-3\r\n" CUT_HERE, 0,
			STEP_CLOSE},
		    {OK_TAG("1"), 0, STEP_KEEP}},
		3, BUCKET_OK, "/eu-west-3/s3/", ""},
	    {"by nobody",
		{{REGION_ERROR(WRONG_REGION, ""), 0, STEP_CLOSE},
		    {"HTTP/1.1 400 x\r\n" CUT_HERE, 0, STEP_CLOSE}},
		2, BUCKET_REFUSED, "/us-east-1/s3/",
		"not in the region us-east-1; set AWS_REGION="},
	    {"and it does not help",
		{{REGION_ERROR(WRONG_REGION, "<Region>a</Region>"), 0, STEP_CLOSE},
		    {REGION_ERROR(WRONG_REGION, "<Region>b</Region>"), 0, STEP_CLOSE}},
		2, BUCKET_REFUSED, "/a/s3/", "not in the region a but in b; set AWS_REGION=b"},
	    {"a redirect that names its region and stays",
		{{"HTTP/1.1 301 x\r\nx-amz-bucket-region: eu-west-3\r\n" CUT_HERE
		  "<Error><Code>PermanentRedirect</Code></Error>",
		     0, STEP_CLOSE},
		    {"HTTP/1.1 301 x\r\nx-amz-bucket-region: eu-west-3\r\n" CUT_HERE
		     "<Error><Code>PermanentRedirect</Code></Error>",
			0, STEP_CLOSE}},
		2, BUCKET_REFUSED, "/eu-west-3/s3/", "name that region's host in the URL"},
	    {"no region's name",
		{{REGION_ERROR(WRONG_REGION, "<Region>e/vil</Region>"), 0, STEP_CLOSE},
		    {"HTTP/1.1 400 x\r\nx-amz-bucket-region: e vil\r\n" CUT_HERE, 0, STEP_CLOSE}},
		2, BUCKET_REFUSED, "/us-east-1/s3/", "set AWS_REGION="},
	    {"in another error",
		{{REGION_ERROR("InvalidRequest", "<Region>garage</Region>"), 0, STEP_CLOSE}}, 1,
		BUCKET_REFUSED, "/us-east-1/s3/", "400 InvalidRequest"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_script(rows[i].steps, COUNT_OF(rows[i].steps));
		struct bucket_tag tag = {""};
		struct call call;
		enum bucket_result result;

		suite_call(&call);
		result = put(bucket, BUCKET_IF_ABSENT, "", &call, &tag);
		close_script(bucket);
		expect_message(rows[i].name, result, &call);
		if (result != rows[i].expected || server.request_count != rows[i].requests ||
		    strstr(call.message, rows[i].says) == NULL ||
		    strstr(server.requests[rows[i].requests - 1], rows[i].region) == NULL)
			fail_msg("%s: %s: %s: %zu requests, the last %s", rows[i].name,
			    bucket_result_text(result), call.message, server.request_count,
			    server.requests[rows[i].requests - 1]);
		if (rows[i].requests > 1)
			assert_non_null(strstr(server.requests[rows[i].requests - 1],
			    rows[i].expected == BUCKET_OK ? "\r\nif-none-match: *\r\n" : "\r\n"));
	}
}

/* A store that always wants another one leads nobody about for ever. */
static void regions_are_bounded(void **state)
{
	static const struct step steps[] = {
	    {REGION_ERROR(WRONG_REGION, "<Region>a</Region>"), 0, STEP_CLOSE},
	    {REGION_ERROR(WRONG_REGION, "<Region>b</Region>"), 0, STEP_CLOSE},
	    {REGION_ERROR(WRONG_REGION, "<Region>c</Region>"), 0, STEP_CLOSE},
	    {REGION_ERROR(WRONG_REGION, "<Region>d</Region>"), 0, STEP_CLOSE},
	    {REGION_ERROR(WRONG_REGION, "<Region>e</Region>"), 0, STEP_CLOSE},
	    {REGION_ERROR(WRONG_REGION, "<Region>f</Region>"), 0, STEP_CLOSE},
	};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	struct bucket_tag tag = {""};
	struct call call;

	(void)state;
	for (size_t i = 0; i < 4; i++) { /* 2, 2, 1 and 1 requests */
		suite_call(&call);
		assert_int_equal(put(bucket, BUCKET_ALWAYS, "", &call, &tag), BUCKET_REFUSED);
	}
	close_script(bucket);
	assert_int_equal(server.request_count, 6);
	assert_non_null(strstr(server.requests[5], "/d/s3/"));
}

/* They were rotated: they are read again and the request goes again, once. */
static void credentials_are_read_again(void **state)
{
	static const char *const codes[] = {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken",
	    "SignatureDoesNotMatch", "TokenRefreshRequired"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		char refusal[256];
		const struct step steps[] = {{refusal, 0, STEP_CLOSE}, {OK_TAG("1"), 0, STEP_KEEP}};
		struct bucket *bucket;
		struct bucket_tag tag = {""};
		struct call call;

		(void)snprintf(refusal, sizeof(refusal),
		    "HTTP/1.1 403 x\r\n" CUT_HERE "<Error><Code>%s</Code></Error>", codes[i]);
		bucket = open_script(steps, COUNT_OF(steps));
		token_now = "n3w";
		suite_call(&call);
		assert_int_equal(put(bucket, BUCKET_IF_ABSENT, "", &call, &tag), BUCKET_OK);
		assert_false(bucket_denied(bucket));
		close_script(bucket);
		token_now = "t0ken";
		assert_int_equal(server.request_count, 2);
		assert_non_null(strstr(server.requests[0], "x-amz-security-token: t0ken\r\n"));
		assert_non_null(strstr(server.requests[1], "x-amz-security-token: n3w\r\n"));
		assert_non_null(strstr(server.requests[1], "if-none-match: *\r\n"));
	}
}

/* Nothing else is there to be read: it says so, and knows it until an answer says otherwise. */
static void credentials_that_stay_are_denied(void **state)
{
	static const struct step steps[] = {
	    {"HTTP/1.1 403 x\r\n" CUT_HERE "<Error><Code>ExpiredToken</Code></Error>", 0,
		STEP_CLOSE},
	    {"HTTP/1.1 503 x\r\n" NO_BODY, 0, STEP_CLOSE},
	    {"HTTP/1.1 403 x\r\n" CUT_HERE "<Error><Code>ExpiredToken</Code></Error>", 0,
		STEP_CLOSE},
	    {NOT_FOUND("NoSuchKey"), 0, STEP_CLOSE},
	};
	struct bucket *bucket = open_script(steps, COUNT_OF(steps));
	struct bucket_get get = {.key = "k"};
	struct bucket_tag tag = {""};
	struct bytes data = {0};
	struct call call;

	(void)state;
	suite_call(&call);
	assert_false(bucket_denied(bucket));
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_REFUSED);
	assert_non_null(strstr(call.message, "does not take the credentials (403 ExpiredToken)"));
	assert_true(bucket_denied(bucket));
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_RETRY);
	assert_true(bucket_denied(bucket)); /* 503 says nothing of it */
	token_now = "n3w";                  /* too soon: they were read a moment ago */
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_REFUSED);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_ABSENT);
	assert_false(bucket_denied(bucket));
	close_script(bucket);
	token_now = "t0ken";
	assert_int_equal(server.request_count, 4);
	assert_null(strstr(server.requests[2], "n3w"));
}

/* A body in a form that was not asked for is not read as if it were the object. */
static void an_encoded_answer_is_named(void **state)
{
	static const struct {
		const char *answer;
		enum bucket_result get, put;
		const char *says;
	} rows[] = {
	    {"HTTP/1.1 200 x\r\nETag: \"a\"\r\nContent-Encoding: gzip\r\nContent-Length: "
	     "4\r\n\r\nzzzz",
		BUCKET_REFUSED, BUCKET_UNKNOWN, "Content-Encoding gzip"},
	    {"HTTP/1.1 404 x\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nzzzz",
		BUCKET_REFUSED, BUCKET_REFUSED, "404, and the answer came in Content-Encoding br"},
	    {"HTTP/1.1 412 x\r\nContent-Encoding: a\x1b[b\r\nContent-Length: 4\r\n\r\nzzzz",
		BUCKET_REFUSED, BUCKET_CONFLICT, "Content-Encoding an unknown one"},
	    {"HTTP/1.1 200 x\r\nETag: \"a\"\r\nContent-Encoding: Identity\r\n"
	     "Content-Length: 0\r\n\r\n",
		BUCKET_OK, BUCKET_OK, ""},
	    {"HTTP/1.1 200 x\r\nETag: \"a\"\r\nContent-Encoding: gzip\r\n"
	     "Content-Length: 0\r\n\r\n",
		BUCKET_OK, BUCKET_OK, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct step steps[] = {
		    {rows[i].answer, 0, STEP_KEEP}, {rows[i].answer, 0, STEP_KEEP}};
		struct bucket *bucket = open_script(steps, COUNT_OF(steps));
		struct bucket_get get = {.key = "k"};
		struct bucket_tag tag = {""};
		struct bytes data = {0};
		struct call call;

		suite_call(&call);
		assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), rows[i].get);
		expect_message(rows[i].says, rows[i].get, &call);
		assert_non_null(strstr(call.message, rows[i].says));
		bytes_clear(&data);
		assert_int_equal(put(bucket, BUCKET_IF_ABSENT, "", &call, &tag), rows[i].put);
		assert_non_null(strstr(call.message, rows[i].says));
		close_script(bucket);
	}
}

/* As a person names it: tried again where nothing was done, and each try counted. */
static void by_its_url_it_is_tried_again(void **state)
{
	static const struct step steps[] = {
	    {"HTTP/1.1 503 x\r\n" NO_BODY, 0, STEP_KEEP}, {OK_TAG("1"), 0, STEP_KEEP}};
	struct bucket_counts counts = {0};
	struct bucket_tag tag = {""};
	struct bucket *bucket;
	struct call call;
	char url[64];

	(void)state;
	assert_int_equal(setenv("no_proxy", "127.0.0.1", 1), 0);
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AK", 1), 0);
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1), 0);
	assert_true(scripted_server_start(&server, steps, COUNT_OF(steps)));
	(void)snprintf(url, sizeof(url), "s3:http://127.0.0.1:%u/bucket/pre", server.port);
	suite_call(&call);
	bucket = bucket_open_counted(url, &suite_clock, &counts, &call);
	assert_non_null(bucket);
	assert_int_equal(put(bucket, BUCKET_ALWAYS, "", &call, &tag), BUCKET_OK);
	close_script(bucket);
	assert_int_equal(server.request_count, 2);
	assert_int_equal(counts.put, 2);
	assert_int_equal(counts.bytes_up, 8);
	assert_int_equal(unsetenv("AWS_ACCESS_KEY_ID"), 0);
	assert_int_equal(unsetenv("AWS_SECRET_ACCESS_KEY"), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_a_put_sends),
    cmocka_unit_test(put_answers),
    cmocka_unit_test(get_answers),
    cmocka_unit_test(list_answers),
    cmocka_unit_test(remove_many_answers),
    cmocka_unit_test(a_write_is_sent_once),
    cmocka_unit_test(a_held_write_may_have_been_heard),
    cmocka_unit_test(each_of_a_race_is_answered),
    cmocka_unit_test(last_bytes_wait_for_all),
    cmocka_unit_test(more_at_once_than_are_kept),
    cmocka_unit_test(races_have_the_known_form),
    cmocka_unit_test(quotes_are_tried_once),
    cmocka_unit_test(a_conflict_needs_no_quotes),
    cmocka_unit_test(a_deadline_ends_a_wait),
    cmocka_unit_test(nobody_there),
    cmocka_unit_test(purge_where_nothing_is_shown),
    cmocka_unit_test(a_lost_purge_is_counted),
    cmocka_unit_test(a_purge_that_stays_lost_ends),
    cmocka_unit_test(many_are_removed_one_by_one),
    cmocka_unit_test(a_region_is_learned),
    cmocka_unit_test(regions_are_bounded),
    cmocka_unit_test(credentials_are_read_again),
    cmocka_unit_test(credentials_that_stay_are_denied),
    cmocka_unit_test(an_encoded_answer_is_named),
    cmocka_unit_test(by_its_url_it_is_tried_again),
};

TEST_MAIN(tests)
