/*
 * tests/torture/s3_test.c: each call of the S3 driver to a server of the test's own, with each
 * allocation failing in turn, once or from there on: of our code, or of libcurl and GnuTLS. The
 * result is "again", or "perhaps" for what writes, never a word on the store; the outputs are as
 * they were; the same call again succeeds. Leaks are the sanitizer's to find.
 */
#include "gateway/bucket/bucket_s3.h"
#include "tests/gateway/bucket/bucket_suite.h"
#include "tests/gateway/bucket/scripted_server.h"
#include "tests/torture/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUT_HERE "Connection: close\r\n\r\n" /* the body ends with the connection */
#define OBJECT_LEN 20000u

struct outputs { /* as they were, unless the call says OK */
	struct bucket_tag tag;
	struct bytes data;
	struct bucket_page page;
	uint64_t hidden;
};

struct request {
	const char *name;
	struct step answer; /* to each that the call sends */
	enum bucket_result (*run)(struct bucket *bucket, struct call *call, struct outputs *out);
	enum bucket_result expected;
	bool writes;
	size_t sends; /* requests of a call that nothing fails */
};

/* All requests of a call are signed at one time, so the same ones are the same bytes. */
static int64_t stand_still(void *self)
{
	(void)self;
	return 1893456000000;
}

static const char *get_env(void *self, const char *name)
{
	(void)self;
	if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
		return "AK";
	if (strcmp(name, "CURL_CA_BUNDLE") == 0) /* kept, and over http not opened */
		return "/no/such/file";
	if (strcmp(name, "SSL_CERT_DIR") == 0)
		return "/no/such/folder";
	return strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "s3cret" : NULL;
}

static enum bucket_result run_put(struct bucket *bucket, struct call *call, struct outputs *out)
{
	const struct bucket_put put = {
	    .key = "k", .data = view_text("data"), .cond = BUCKET_IF_TAG, .tag = {"old"}};

	return bucket_put(bucket, &put, call, &out->tag);
}

static enum bucket_result run_get(struct bucket *bucket, struct call *call, struct outputs *out)
{
	const struct bucket_get get = {.key = "k", .unless = {"seen"}};

	return bucket_get(bucket, &get, call, &out->data, &out->tag);
}

static enum bucket_result run_list(struct bucket *bucket, struct call *call, struct outputs *out)
{
	return bucket_list(bucket, "a", "", call, &out->page);
}

static enum bucket_result run_remove(struct bucket *bucket, struct call *call, struct outputs *out)
{
	(void)out;
	return bucket_remove(bucket, "k", call);
}

static enum bucket_result run_remove_many(
    struct bucket *bucket, struct call *call, struct outputs *out)
{
	static const char *const keys[] = {"k", "a&b<c>"};

	(void)out;
	return bucket_remove_many(bucket, keys, COUNT_OF(keys), call);
}

static enum bucket_result run_purge(struct bucket *bucket, struct call *call, struct outputs *out)
{
	return bucket_purge_hidden(bucket, "a", call, &out->hidden);
}

/* Of two: one that fails holds the other up no longer than it takes to see that. */
static enum bucket_result run_race(struct bucket *bucket, struct call *call, struct outputs *out)
{
	const struct bucket_put put = {
	    .key = "k", .data = view_text("data"), .cond = BUCKET_IF_TAG, .tag = {"old"}};
	const struct bucket_put puts[] = {put, put};
	struct call calls[] = {*call, *call};
	enum bucket_result results[COUNT_OF(puts)];
	enum bucket_result result = BUCKET_OK;
	int64_t begun_ms = clock_monotonic_ms(&suite_clock);

	(void)out;
	assert_true(bucket_race(bucket, puts, COUNT_OF(puts), calls, results));
	assert_true(clock_monotonic_ms(&suite_clock) - begun_ms < 30000);
	for (size_t i = 0; i < COUNT_OF(puts); i++)
		if (results[i] != BUCKET_OK) {
			result = results[i];
			*call = calls[i];
		}
	return result;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OBJECT_HEAD OK_HEAD "ETag: \"new\"\r\nContent-Length: 20000\r\n\r\n"
#define LISTING \
	"<ListBucketResult><Contents><Key>pre/a</Key><Size>3</Size></Contents>" \
	"<Contents><Key>pre/ab</Key><Size>4</Size></Contents></ListBucketResult>"

static const struct request request_put = {"put",
    {OK_HEAD "ETag: \"new\"\r\nContent-Length: 0\r\n\r\n", 0, STEP_KEEP}, run_put, BUCKET_OK, true,
    1};
static const struct request request_race = {"race",
    {OK_HEAD "ETag: \"new\"\r\nContent-Length: 0\r\n\r\n", 0, STEP_CLOSE}, run_race, BUCKET_OK,
    true, 2};
static const struct request request_put_error = {"put, an error",
    {OK_HEAD "ETag: \"new\"\r\nContent-Length: 41\r\n\r\n"
	     "<Error><Code>InternalError</Code></Error>",
	0, STEP_KEEP},
    run_put, BUCKET_UNKNOWN, true, 1};
static const struct request request_get = {
    "get", {OBJECT_HEAD, OBJECT_LEN, STEP_KEEP}, run_get, BUCKET_OK, false, 1};
static const struct request request_get_absent = {"get, absent",
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 37\r\n\r\n"
     "<Error><Code>NoSuchKey</Code></Error>",
	0, STEP_KEEP},
    run_get, BUCKET_ABSENT, false, 1};
static const struct request request_list = {
    "list", {OK_HEAD CUT_HERE LISTING, 0, STEP_CLOSE}, run_list, BUCKET_OK, false, 1};
static const struct request request_remove = {
    "remove", {"HTTP/1.1 204 No Content\r\n\r\n", 0, STEP_KEEP}, run_remove, BUCKET_OK, true, 1};
static const struct request request_remove_many = {"remove_many",
    {OK_HEAD CUT_HERE "<DeleteResult/>", 0, STEP_CLOSE}, run_remove_many, BUCKET_OK, true, 1};
static const struct request request_purge = {"purge_hidden",
    {"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n", 0, STEP_KEEP}, run_purge,
    BUCKET_OK, false, 3};

static void outputs_reset(struct outputs *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->tag.text, "old", 4);
	out->page.count = 42;
	out->hidden = 42;
}

static void outputs_free(struct outputs *out)
{
	bytes_clear(&out->data);
	free(out->page.items);
}

static void assert_untouched(const struct outputs *out)
{
	struct outputs before;

	outputs_reset(&before);
	assert_memory_equal(out, &before, sizeof(before));
}

static void assert_honest(
    const struct request *request, enum bucket_result result, bool failed, const struct call *call)
{
	bool stands_for_it =
	    result == BUCKET_RETRY || (request->writes && result == BUCKET_UNKNOWN);

	if (result != request->expected && !(failed && stands_for_it))
		fail_msg("%s, allocation %u: %s: %s", request->name, each_at(),
		    bucket_result_text(result), call->message);
	if (result != BUCKET_OK && call->message[0] == '\0')
		fail_msg("%s, allocation %u: a failure without a word", request->name, each_at());
}

/* The call again, on the same driver, with nothing that fails. */
static void again(const struct request *request, struct bucket *bucket)
{
	struct outputs out;
	struct call call;

	outputs_reset(&out);
	suite_call(&call);
	assert_honest(request, request->run(bucket, &call, &out), false, &call);
	outputs_free(&out);
}

static struct bucket *open_bucket(const struct scripted_server *server, struct call *call)
{
	static const struct s3_env env = {NULL, get_env};
	struct clock clock = {NULL, stand_still, suite_clock.monotonic_ms};
	char rest[64];

	suite_call(call);
	(void)snprintf(rest, sizeof(rest), "http://127.0.0.1:%u/bucket/pre", server->port);
	return bucket_s3_open(rest, &env, &clock, call);
}

/* What was sent while memory failed is what the call sends otherwise too, and as it signs that. */
static void assert_whole(const struct request *request, const struct scripted_server *server)
{
	size_t first = server->request_count - request->sends;

	assert_in_range(server->request_count, request->sends, SCRIPT_STEPS_MAX);
	for (size_t i = 0; i < first; i++) {
		size_t k = first;

		while (k < server->request_count &&
		       strcmp(server->requests[i], server->requests[k]) != 0)
			k++;
		if (k == server->request_count)
			fail_msg("%s, allocation %u: another request: %s", request->name, each_at(),
			    server->requests[i]);
	}
}

static void fails_at(const struct request *request, struct fault_turns *turns)
{
	static struct scripted_server server;
	struct step steps[SCRIPT_STEPS_MAX];
	enum bucket_result result;
	struct bucket *bucket;
	struct outputs out;
	struct call call;
	bool failed;

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		steps[i] = request->answer;
	assert_true(scripted_server_start(&server, steps, COUNT_OF(steps)));
	bucket = open_bucket(&server, &call);
	assert_non_null(bucket);
	outputs_reset(&out);
	fault_begin(turns);
	result = request->run(bucket, &call, &out);
	failed = fault_end(turns);
	assert_honest(request, result, failed, &call);
	if (result != BUCKET_OK)
		assert_untouched(&out);
	outputs_free(&out);
	again(request, bucket);
	bucket_close(bucket);
	scripted_server_stop(&server);
	if (turns->whose == FAULT_OURS) /* libcurl itself may send less than it was told */
		assert_whole(request, &server);
}

static void each_of(const struct request *request, enum fault_whose whose)
{
	struct fault_turns turns = {.each.of = request->name, .whose = whose};

	/* What libcurl reads itself: a proxy of the machine's is not to see these. */
	assert_int_equal(setenv("no_proxy", "127.0.0.1", 1), 0);
	while (fault_next(&turns))
		fails_at(request, &turns);
	print_message("%s: %u faults\n", request->name, turns.each.hits);
}

static void test_ours_open(void **state)
{
	static struct scripted_server server;
	struct fault_turns turns = {.each.of = "opening"};
	struct bucket *bucket;
	struct call call;

	(void)state;
	assert_true(scripted_server_start(&server, NULL, 0));
	while (fault_next(&turns)) {
		fault_begin(&turns);
		bucket = open_bucket(&server, &call);
		assert_int_equal(bucket == NULL, fault_end(&turns));
		assert_true(bucket != NULL || call.message[0] != '\0');
		bucket_close(bucket);
	}
	scripted_server_stop(&server);
}

/* One case a call and whose memory it is, named test_<whose>_<call>. */
#define CASE(name, request, whose) \
	static void name(void **state) \
	{ \
		(void)state; \
		each_of(&(request), whose); \
	}

CASE(test_ours_put, request_put, FAULT_OURS)
CASE(test_ours_put_error, request_put_error, FAULT_OURS)
CASE(test_ours_race, request_race, FAULT_OURS)
CASE(test_ours_get, request_get, FAULT_OURS)
CASE(test_ours_get_absent, request_get_absent, FAULT_OURS)
CASE(test_ours_list, request_list, FAULT_OURS)
CASE(test_ours_remove, request_remove, FAULT_OURS)
CASE(test_ours_remove_many, request_remove_many, FAULT_OURS)
CASE(test_ours_purge, request_purge, FAULT_OURS)
CASE(test_libraries_put, request_put, FAULT_LIBRARIES)
CASE(test_libraries_put_error, request_put_error, FAULT_LIBRARIES)
CASE(test_libraries_get, request_get, FAULT_LIBRARIES)
CASE(test_libraries_get_absent, request_get_absent, FAULT_LIBRARIES)
CASE(test_libraries_list, request_list, FAULT_LIBRARIES)
CASE(test_libraries_remove, request_remove, FAULT_LIBRARIES)
CASE(test_libraries_remove_many, request_remove_many, FAULT_LIBRARIES)
CASE(test_libraries_purge, request_purge, FAULT_LIBRARIES)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_ours_open, each_tell),
    cmocka_unit_test_teardown(test_ours_put, each_tell),
    cmocka_unit_test_teardown(test_ours_put_error, each_tell),
    cmocka_unit_test_teardown(test_ours_race, each_tell),
    cmocka_unit_test_teardown(test_ours_get, each_tell),
    cmocka_unit_test_teardown(test_ours_get_absent, each_tell),
    cmocka_unit_test_teardown(test_ours_list, each_tell),
    cmocka_unit_test_teardown(test_ours_remove, each_tell),
    cmocka_unit_test_teardown(test_ours_remove_many, each_tell),
    cmocka_unit_test_teardown(test_ours_purge, each_tell),
    cmocka_unit_test_teardown(test_libraries_put, each_tell),
    cmocka_unit_test_teardown(test_libraries_put_error, each_tell),
    cmocka_unit_test_teardown(test_libraries_get, each_tell),
    cmocka_unit_test_teardown(test_libraries_get_absent, each_tell),
    cmocka_unit_test_teardown(test_libraries_list, each_tell),
    cmocka_unit_test_teardown(test_libraries_remove, each_tell),
    cmocka_unit_test_teardown(test_libraries_remove_many, each_tell),
    cmocka_unit_test_teardown(test_libraries_purge, each_tell),
};

TEST_MAIN(tests)
