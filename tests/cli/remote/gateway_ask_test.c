/*
 * tests/cli/remote/gateway_ask_test.c: a request to a gateway, driven as a browser would drive it:
 * by a test that neither sends nor waits. What stands in the request, when it is to be sent again,
 * and what is remembered of the gateway.
 */
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#include "cli/remote/gateway_ask.h"

#define PROBLEM "application/problem+json"
#define NOW_MS INT64_C(1800000000000)

static int64_t now(void *self)
{
	(void)self;
	return NOW_MS;
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	memset(out, 0xff, len);
}

static const struct clock clock_here = {.wall_ms = now, .monotonic_ms = now};
static const struct random random_here = {.fill = fill};
static const struct account_id account = {{0xa5}};
static struct device_keys keys, recovery;
static struct gateway gateway;
static struct gateway_request request;
static struct gateway_ask ask;
static struct call call;
static enum remote_result result;

static int setup(void **state)
{
	static const struct random random = {.fill = fill};
	struct remote_access access = {.keys = &keys};

	(void)state;
	device_keys_new(&random, &keys);
	recovery = keys;
	recovery.id.bytes[0] ^= 1;
	call_init(&call, 0);
	assert_true(gateway_init(&gateway, "a.example", &clock_here, &random_here, &access, &call));
	gateway_request_roster(&account, &request);
	gateway_ask_begin(&ask, &gateway, &request);
	result = REMOTE_DAMAGED; /* nothing said it */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gateway_request_clear(&request);
	return 0;
}

static enum gateway_next answered(unsigned status, const char *type, const char *body)
{
	struct gateway_answer answer = {.status = status};
	enum gateway_next next;

	call.message[0] = '\0';
	call.retry_after_ms = 0;
	gateway_type_parse(type, answer.type);
	assert_true(bytes_copy(view_text(body), &answer.body));
	answer.date_ms = NOW_MS + 5000;
	next = gateway_ask_answered(&ask, &answer, &call, &result);
	gateway_answer_clear(&answer);
	return next;
}

static enum gateway_next lost(enum gateway_lost how)
{
	call.retry_after_ms = 0;
	call_sayf(&call, "lost");
	return gateway_ask_lost(&ask, how, &call, &result);
}

/* The value of a header; NULL: there is none. */
static const char *header(const struct gateway_headers *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++)
		if (strcmp(headers->all[i].name, name) == 0)
			return headers->all[i].value;
	return NULL;
}

static int64_t signed_at(const struct gateway_headers *headers, struct device_id *device_out)
{
	struct http_signature signature;
	bool has_body;

	assert_int_equal(
	    http_signature_parse(header(headers, "Signature-Input"), &signature, &has_body),
	    FORMAT_OK);
	*device_out = signature.device;
	return signature.created_s;
}

static void an_answer_ends_it(void **state)
{
	(void)state;
	assert_int_equal(answered(200, "application/octet-stream", "roster"), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_OK);
	assert_true(gateway.reached);
	assert_int_equal(answered(200, "text/html", "<html>"), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_FAILED);
	assert_int_equal(answered(404, PROBLEM, "{}"), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_ABSENT);
}

/* Signed again, by the gateway's clock: once. */
static void the_clock_is_followed_once(void **state)
{
	struct gateway_headers headers;
	struct device_id device;

	(void)state;
	gateway_request_blob_get(&account, &(struct blob_name){.count = 1}, &request);
	assert_true(gateway_ask_headers(&ask, &headers));
	assert_int_equal(signed_at(&headers, &device), NOW_MS / 1000);
	assert_true(device_equal(&device, &keys.id));
	assert_int_equal(answered(401, PROBLEM, "{\"code\":\"clock\"}"), GATEWAY_SEND);
	assert_int_equal(gateway.access.skew_ms, 5000);
	assert_true(gateway_ask_headers(&ask, &headers));
	assert_int_equal(signed_at(&headers, &device), NOW_MS / 1000 + 5);
	assert_int_equal(answered(401, PROBLEM, "{\"code\":\"clock\"}"), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_REFUSED);
	gateway_headers_clear(&headers);
}

/* A lost answer is asked for again at once, and then left to the caller, who is told when. */
static void a_lost_answer_is_asked_for_again(void **state)
{
	(void)state;
	assert_int_equal(lost(GATEWAY_CUT), GATEWAY_SEND);
	assert_int_equal(lost(GATEWAY_CUT), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_LATER);
	assert_in_range(call.retry_after_ms, 500, 999);
	gateway_ask_begin(&ask, &gateway, &request); /* and so it is of the next */
	assert_int_equal(lost(GATEWAY_CUT), GATEWAY_SEND);
	assert_int_equal(answered(200, "application/octet-stream", ""), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_OK);
}

static void other_ends(void **state)
{
	(void)state;
	assert_int_equal(lost(GATEWAY_UNREACHABLE), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_UNREACHABLE);
	assert_int_equal(call.retry_after_ms, 0);
	assert_int_equal(lost(GATEWAY_CANCELLED), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_LATER);
	assert_int_equal(call.retry_after_ms, 0);
	assert_int_equal(lost(GATEWAY_HOPELESS), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_FAILED);
	assert_string_equal(call.message, "lost");
	assert_int_equal(answered(500, "", ""), GATEWAY_OVER); /* it is there, after all */
	assert_int_equal(lost(GATEWAY_UNREACHABLE), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_LATER);
	assert_in_range(call.retry_after_ms, 500, 999);
}

/* Many that were refused together do not come again together. */
static void a_busy_gateway_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(answered(503, "text/html", ""), GATEWAY_OVER);
	assert_int_equal(result, REMOTE_LATER);
	assert_in_range(
	    call.retry_after_ms, GATEWAY_RETRY_DEFAULT_MS, GATEWAY_RETRY_DEFAULT_MS + 499);
}

static void who_signs(void **state)
{
	struct remote_access access = {.keys = &keys, .recovery = &recovery};
	struct gateway_headers headers;
	struct device_id device;

	(void)state;
	gateway_request_blob_get(&account, &(struct blob_name){.count = 1}, &request);
	assert_true(gateway_init(&gateway, "a.example", &clock_here, &random_here, &access, &call));
	for (unsigned i = 0; i < 3; i++) {
		bool as_recovery = i != 1;

		if (i > 0)
			gateway_sign_as(&gateway, as_recovery ? &recovery.id : &keys.id);
		assert_true(gateway_ask_headers(&ask, &headers));
		(void)signed_at(&headers, &device);
		assert_true(device_equal(&device, as_recovery ? &recovery.id : &keys.id));
	}
	gateway_headers_clear(&headers);
}

/* Without a body or a signature there is nothing to say; an invite goes with it. */
static void what_headers_there_are(void **state)
{
	struct remote_access access = {.keys = &keys, .invite = "one-word"};
	struct gateway_headers headers;

	(void)state;
	assert_true(gateway_ask_headers(&ask, &headers));
	assert_int_equal(headers.count, 0);
	gateway_request_create(view_text("create"), access.invite, &request);
	assert_true(gateway_ask_headers(&ask, &headers));
	assert_int_equal(headers.count, 2);
	assert_string_equal(header(&headers, "Content-Type"), "application/cbor");
	assert_string_equal(header(&headers, "Inkseal-Invite"), "one-word");
	gateway_request_blob_put(
	    &account, &(struct blob_name){.count = 1}, view_text("blob"), &request);
	assert_true(gateway_ask_headers(&ask, &headers));
	assert_int_equal(headers.count, 4);
	assert_non_null(header(&headers, "Content-Digest"));
	assert_non_null(header(&headers, "Signature"));
	gateway_headers_clear(&headers);
	assert_int_equal(headers.count, 0);
}

/* A difference of more than a day is no clock's: it is found out anew. */
static void how_far_a_clock_is_followed(void **state)
{
	static const int64_t day_ms = GATEWAY_SKEW_MAX_MS;
	static const struct {
		int64_t known_ms, taken_ms;
	} rows[] = {
	    {0, 0}, {day_ms, day_ms}, {-day_ms, -day_ms}, {day_ms + 1, 0}, {-day_ms - 1, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct remote_access access = {.keys = &keys, .skew_ms = rows[i].known_ms};

		assert_true(
		    gateway_init(&gateway, "a.example", &clock_here, &random_here, &access, &call));
		assert_int_equal(gateway.access.skew_ms, rows[i].taken_ms);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_answer_ends_it, setup, teardown),
    cmocka_unit_test_setup_teardown(the_clock_is_followed_once, setup, teardown),
    cmocka_unit_test_setup_teardown(a_lost_answer_is_asked_for_again, setup, teardown),
    cmocka_unit_test_setup_teardown(other_ends, setup, teardown),
    cmocka_unit_test_setup_teardown(a_busy_gateway_is_left_alone, setup, teardown),
    cmocka_unit_test_setup_teardown(who_signs, setup, teardown),
    cmocka_unit_test_setup_teardown(what_headers_there_are, setup, teardown),
    cmocka_unit_test_setup_teardown(how_far_a_clock_is_followed, setup, teardown),
};

TEST_MAIN(tests)
