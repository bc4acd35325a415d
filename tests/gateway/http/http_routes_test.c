/*
 * tests/gateway/http/http_routes_test.c: what a request line asks for.
 */
#include "gateway/http/routes.h"
#include "tests/test.h"

#include <string.h>

#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ID "000102030405060708090a0b0c0d0e0f10111213"

static const struct {
	const char *method, *uri;
	enum http_route route;
	unsigned status;
} rows[] = {
    {"POST", "/v1/sync", ROUTE_SYNC, 0},
    {"GET", "/v1/sync", ROUTE_NONE, 405},
    {"HEAD", "/v1/sync", ROUTE_NONE, 405},
    {"POST", "/v1/sync?", ROUTE_NONE, 400},
    {"POST", "/v1/sync?a=b", ROUTE_NONE, 400},
    {"POST", "/v1/sync/", ROUTE_NONE, 404},
    {"POST", "/v1/%73ync", ROUTE_NONE, 404},
    {"POST", "//v1/sync", ROUTE_NONE, 404},
    {"POST", "/v1/./sync", ROUTE_NONE, 404},
    {"POST", "http://a/v1/sync", ROUTE_NONE, 404},
    {"GET", "/v1/blobs/" HASH ".7", ROUTE_BLOB_GET, 0},
    {"PUT", "/v1/blobs/" HASH ".0", ROUTE_BLOB_PUT, 0},
    {"DELETE", "/v1/blobs/" HASH ".0", ROUTE_NONE, 405},
    {"GET", "/v1/blobs/" HASH, ROUTE_NONE, 404},
    {"GET", "/v1/blobs/" HASH ".", ROUTE_NONE, 404},
    {"GET", "/v1/blobs/" HASH ".07", ROUTE_NONE, 404},
    {"GET", "/v1/blobs/" HASH ".7/", ROUTE_NONE, 404},
    {"GET", "/v1/blobs/" HASH ".99999999999999999999", ROUTE_NONE, 404},
    {"GET", "/v1/blobs/../sync", ROUTE_NONE, 404},
    {"GET", "/v1/watch?seq=0", ROUTE_WATCH, 0},
    {"GET", "/v1/watch?seq=9007199254740991", ROUTE_WATCH, 0},
    {"GET", "/v1/watch?seq=9007199254740992", ROUTE_NONE, 400},
    {"GET", "/v1/watch?seq=99999999999999999999999", ROUTE_NONE, 400},
    {"GET", "/v1/watch?seq=01", ROUTE_NONE, 400},
    {"GET", "/v1/watch?seq=", ROUTE_NONE, 400},
    {"GET", "/v1/watch?seq=1/", ROUTE_NONE, 400}, /* before '0' */
    {"GET", "/v1/watch?seq=1:", ROUTE_NONE, 400}, /* after '9' */
    {"GET", "/v1/watch?seq=/", ROUTE_NONE, 400},
    {"GET", "/v1/watch?seq=9", ROUTE_WATCH, 0},
    {"GET", "/v1/watch?seq=1&seq=2", ROUTE_NONE, 400},
    {"GET", "/v1/watch", ROUTE_NONE, 400},
    {"POST", "/v1/accounts", ROUTE_CREATE, 0},
    {"DELETE", "/v1/accounts/" ID, ROUTE_WIPE, 0},
    {"GET", "/v1/accounts/" ID, ROUTE_NONE, 405},
    {"GET", "/v1/accounts/" ID "/roster", ROUTE_ROSTER, 0},
    {"GET", "/v1/accounts/" ID "/wipe", ROUTE_WIPE_RECORD, 0},
    {"GET", "/v1/accounts/" ID "/wipe?", ROUTE_NONE, 400},
    {"GET", "/v1/accounts/" ID "/other", ROUTE_NONE, 404},
    {"GET", "/v1/accounts/" ID "00/roster", ROUTE_NONE, 404},
    {"GET", "/v1/accounts/000102/roster", ROUTE_NONE, 404},
    {"GET", "/v1/accounts//roster", ROUTE_NONE, 404},
    {"GET", "/v1/info", ROUTE_INFO, 0},
    {"GET", "/healthz", ROUTE_HEALTH, 0},
    {"GET", "/readyz", ROUTE_READY, 0},
    {"GET", "/metrics", ROUTE_NONE, 404},
    {"POST", "/metrics", ROUTE_NONE, 404},
    {"GET", "/", ROUTE_NONE, 404},
    {"GET", "", ROUTE_NONE, 404},
    {"OPTIONS", "*", ROUTE_NONE, 404},
};

static void each_line_has_its_route(void **state)
{
	struct http_target target;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		http_target_parse(rows[i].method, rows[i].uri, false, &target);
		if (target.route != rows[i].route || target.status != rows[i].status)
			fail_msg("%s %s: route %d, status %u", rows[i].method, rows[i].uri,
			    (int)target.route, target.status);
	}
}

static void the_other_door_leads_to_metrics_alone(void **state)
{
	static const struct {
		const char *method, *uri;
		enum http_route route;
		unsigned status;
	} there[] = {
	    {"GET", "/metrics", ROUTE_METRICS, 0},
	    {"POST", "/metrics", ROUTE_NONE, 405},
	    {"GET", "/metrics?x", ROUTE_NONE, 400},
	    {"GET", "/metrics/", ROUTE_NONE, 404},
	    {"GET", "/healthz", ROUTE_NONE, 404},
	    {"POST", "/healthz", ROUTE_NONE, 404},
	    {"POST", "/v1/sync", ROUTE_NONE, 404},
	    {"GET", "/v1/accounts/" ID "/roster", ROUTE_NONE, 404},
	};
	struct http_target target;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(there); i++) {
		http_target_parse(there[i].method, there[i].uri, true, &target);
		if (target.route != there[i].route || target.status != there[i].status)
			fail_msg("%s %s: route %d, status %u", there[i].method, there[i].uri,
			    (int)target.route, target.status);
	}
}

static void what_stands_in_a_line_is_read(void **state)
{
	struct http_target target;

	(void)state;
	http_target_parse("GET", "/v1/blobs/" HASH ".7", false, &target);
	assert_int_equal(target.blob.count, 7);
	assert_int_equal(target.blob.hash.bytes[31], 0x1f);
	http_target_parse("GET", "/v1/accounts/" ID "/roster", false, &target);
	assert_int_equal(target.account.bytes[19], 0x13);
	http_target_parse("GET", "/v1/watch?seq=41", false, &target);
	assert_int_equal(target.seq, 41);
	assert_string_equal(target.path, "/v1/watch");
	assert_string_equal(target.query, "seq=41");
}

static void another_method_is_told_which(void **state)
{
	static const struct {
		const char *uri, *allow;
	} there[] = {{"/v1/sync", "POST"}, {"/v1/blobs/" HASH ".0", "GET, PUT"},
	    {"/v1/watch?seq=0", "GET"}, {"/v1/accounts", "POST"}, {"/v1/accounts/" ID, "DELETE"},
	    {"/v1/accounts/" ID "/roster", "GET"}, {"/v1/accounts/" ID "/wipe", "GET"},
	    {"/healthz", "GET"}};
	struct http_target target;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(there); i++) {
		http_target_parse("PATCH", there[i].uri, false, &target);
		assert_int_equal(target.route, ROUTE_NONE);
		assert_int_equal(target.status, 405);
		assert_string_equal(target.allow, there[i].allow);
	}
}

static void a_long_line_is_nothing(void **state)
{
	struct http_target target;
	char uri[1000];

	(void)state;
	memset(uri, 'a', sizeof(uri));
	uri[0] = '/';
	for (size_t len = 250; len < 260; len++) {
		uri[len] = '\0';
		http_target_parse("GET", uri, false, &target);
		assert_int_equal(target.status, 404);
		uri[len] = 'a';
	}
	/* As long as it may be, it is looked at: the path is there, the query is none. */
	memcpy(uri, "/v1/watch?", 10);
	for (size_t len = HTTP_URI_MAX - 1; len <= HTTP_URI_MAX + 1; len++) {
		uri[len] = '\0';
		http_target_parse("GET", uri, false, &target);
		assert_int_equal(target.status, len <= HTTP_URI_MAX ? 400 : 404);
		uri[len] = 'a';
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_line_has_its_route),
    cmocka_unit_test(the_other_door_leads_to_metrics_alone),
    cmocka_unit_test(what_stands_in_a_line_is_read),
    cmocka_unit_test(another_method_is_told_which),
    cmocka_unit_test(a_long_line_is_nothing),
};
TEST_MAIN(tests)
