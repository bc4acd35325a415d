/*
 * tests/cli/remote/remote_http_bounds_test.c: a gateway's answers at each bound and one beyond it:
 * their size, their clock, how long they ask to wait, how much time there is; and headers that come
 * cut, twice, or after the body.
 */
#include "tests/cli/remote/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/net/net.h"

#define DAY_MS 86400000LL
#define SYNC_MAX (ANSWER_MAX + (1u << 20)) /* frames and bodies; names, roster, record */
#define BYTES "application/octet-stream"
#define PROBLEM "application/problem+json"

static enum remote_result answered(struct fixture *fixture, enum http_call which,
    const char *status, const char *type, struct view body, struct http_outputs *out)
{
	struct script_step steps[] = {{.body = body}, {.body = body}};
	char head[256];

	(void)snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status, type,
	    body.len);
	steps[0].answer = steps[1].answer = head;
	(void)start(fixture, steps, COUNT_OF(steps));
	return call_once(fixture, which, out);
}

/* ---- sizes ---- */

static void a_success_is_read_to_its_maximum(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		enum http_call which;
		enum remote_result result; /* of as many bytes: what they say is nonsense */
		const char *type;
		size_t max;
		const char *says;
	} rows[] = {
	    {CALL_INFO, REMOTE_FAILED, "application/json", 64u << 10, "does not say who it is"},
	    {CALL_CREATE, REMOTE_OK, "application/json", 1024, ""},
	    {CALL_POLL, REMOTE_DAMAGED, "application/cbor", SYNC_MAX, "can't be read"},
	    {CALL_PUSH, REMOTE_DAMAGED, "application/cbor", SYNC_MAX, "can't be read"},
	    {CALL_BLOB_GET, REMOTE_DAMAGED, BYTES, BLOB_MAX, "not the one"},
	    {CALL_BLOB_PUT, REMOTE_OK, BYTES, 0, ""},
	    {CALL_ROSTER, REMOTE_OK, BYTES, ROSTER_MAX, ""},
	    {CALL_WIPE, REMOTE_DAMAGED, BYTES, 1024, "does not hold"},
	    {CALL_WIPE_RECORD, REMOTE_OK, BYTES, WIPE_RECORD_MAX, ""},
	};
	struct bytes much = {0};

	assert_true(bytes_new(BLOB_MAX + 1, &much));
	memset(much.data, 'x', much.len);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (unsigned more = 0; more < 2; more++) {
			struct http_outputs out = {0}, before = {0};
			enum remote_result result = answered(fixture, rows[i].which, "200 OK",
			    rows[i].type, view_of(much.data, rows[i].max + more), &out);
			const char *says = more ? "longer than any" : rows[i].says;

			if (result != (more ? REMOTE_FAILED : rows[i].result) ||
			    strstr(fixture->call.message, says) == NULL)
				fail_msg("row %zu, %u: %s: %s", i, more, remote_result_text(result),
				    fixture->call.message);
			if (result != REMOTE_OK)
				assert_memory_equal(&out, &before, sizeof(out));
			http_outputs_clear(&out);
		}
	bytes_clear(&much);
}

/* A JSON document of that many bytes, which says why. */
static struct bytes long_problem(size_t len)
{
	static const char end[] = ",\"detail\":\"why\"}";
	static const char begin[] = "{\"x\":\"";
	struct bytes problem = {0};

	assert_true(bytes_new(len, &problem));
	memset(problem.data, 'x', len);
	memcpy(problem.data, begin, strlen(begin));
	memcpy(problem.data + len - strlen(end), end, strlen(end));
	problem.data[len - strlen(end) - 1] = '"';
	return problem;
}

/* Whatever the call takes for a success, a failure may explain itself; too long, it only fails. */
static void a_failure_is_read_to_its_own_maximum(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *status, *type;
		enum remote_result result;
		const char *says; /* if the body counts; and if it is too long */
		const char *too_long;
	} rows[] = {
	    {"409 Conflict", PROBLEM, REMOTE_REFUSED, "the gateway: why", "refuses (409)"},
	    {"503 Busy", PROBLEM, REMOTE_LATER, "the gateway: why", "busy or fails (503)"},
	    {"300 Many", BYTES, REMOTE_FAILED, "elsewhere (300)", "elsewhere (300)"},
	    {"399 Last", BYTES, REMOTE_FAILED, "elsewhere (399)", "elsewhere (399)"},
	};
	static const enum http_call calls[] = {CALL_BLOB_PUT, CALL_CREATE, CALL_BLOB_GET};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t j = 0; j < COUNT_OF(calls); j++)
			for (unsigned more = 0; more < 2; more++) {
				struct bytes body = long_problem((64u << 10) + more);
				struct http_outputs out = {0};
				enum remote_result result = answered(fixture, calls[j],
				    rows[i].status, rows[i].type, view_bytes(&body), &out);

				if (result != rows[i].result ||
				    strstr(fixture->call.message,
					more ? rows[i].too_long : rows[i].says) == NULL)
					fail_msg("row %zu, call %d, %u: %s: %s", i, calls[j], more,
					    remote_result_text(result), fixture->call.message);
				bytes_clear(&body);
			}
	{ /* one of the others is a success, which gives no more than it was asked for */
		struct http_outputs out = {0};

		assert_int_equal(
		    answered(fixture, CALL_BLOB_PUT, "299 Odd", BYTES, view_text("more"), &out),
		    REMOTE_FAILED);
		assert_non_null(strstr(fixture->call.message, "longer than any"));
	}
}

/* All lines of the head together. */
static void headers_have_a_maximum(void **state)
{
	struct fixture *fixture = *state;
	static const char begin[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: " BYTES "\r\nContent-Length: 5\r\nX-Long: ";
	static const char end[] = "\r\n\r\n";
	char *head = calloc(1, NET_HEADERS_MAX + 2);

	assert_non_null(head);
	for (unsigned more = 0; more < 2; more++) {
		size_t len = NET_HEADERS_MAX + more;
		struct script_step steps[] = {
		    {.answer = head, .body = view_text("hello"), .manner = SCRIPT_CLOSE}};
		struct http_outputs out = {0};

		memset(head, 'x', len);
		memcpy(head, begin, strlen(begin));
		memcpy(head + len - strlen(end), end, strlen(end));
		(void)start(fixture, steps, COUNT_OF(steps));
		assert_int_equal(
		    call_once(fixture, CALL_BLOB_GET, &out), more ? REMOTE_FAILED : REMOTE_OK);
		if (more)
			assert_non_null(strstr(fixture->call.message, "longer than any"));
		http_outputs_clear(&out);
	}
	free(head);
}

/* ---- heads that come in an odd way ---- */

static void only_the_last_head_counts(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *name, *answer;
		enum remote_result result;
		unsigned requests;
		const char *says;
	} rows[] = {
	    {"fields behind the body",
		"HTTP/1.1 200 OK\r\nContent-Type: " BYTES "\r\nTransfer-Encoding: chunked\r\n"
		"Trailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
		REMOTE_OK, 1, ""},
	    {"a head that is cut, after one that was whole",
		"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Ty",
		REMOTE_LATER, 2, "answer was lost"},
	    {"a clock in the first head alone",
		"HTTP/1.1 103 Early Hints\r\nDate: 21 Oct 2035 07:28:00 GMT\r\n\r\n" PROBLEM_HEAD(
		    "401 Unauthorized", "", "37") CLOCK_PROBLEM,
		REMOTE_REFUSED, 1, "the clock"},
	    {"a type in the first head alone",
		"HTTP/1.1 103 Early Hints\r\nContent-Type: " BYTES
		"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		REMOTE_FAILED, 1, "it sends \"\""},
	    {"a wait in the first head alone",
		"HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n" PROBLEM_HEAD(
		    "503 Busy", "", "2") "{}",
		REMOTE_LATER, 1, "busy"},
	    {"a word in the first head alone",
		"HTTP/1.1 103 Early Hints\r\nInkseal-Message: hints\r\n\r\n" OK_HEAD(
		    BYTES, "5") "h"
				"ello",
		REMOTE_OK, 1, ""},
	    {"lines that end without a return",
		"HTTP/1.1 200 OK\nContent-Type: " BYTES "\nContent-Length: 5\n\nhello", REMOTE_OK,
		1, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct script_step steps[] = {
		    {.answer = rows[i].answer, .manner = SCRIPT_CLOSE},
		    {.answer = rows[i].answer, .manner = SCRIPT_CLOSE}};
		struct http_outputs out = {0};
		enum remote_result result;

		(void)start(fixture, steps, COUNT_OF(steps));
		result = call_once(fixture, CALL_BLOB_GET, &out);
		server_stop(fixture->server);
		if (result != rows[i].result ||
		    server_requests(fixture->server) != rows[i].requests ||
		    strstr(fixture->call.message, rows[i].says) == NULL ||
		    (rows[i].says[0] == '\0' && fixture->call.message[0] != '\0'))
			fail_msg("%s: %s: %s", rows[i].name, remote_result_text(result),
			    fixture->call.message);
		if (strstr(rows[i].name, "a wait") != NULL)
			assert_in_range(fixture->call.retry_after_ms, 1000, 1500);
		http_outputs_clear(&out);
	}
}

/* ---- time ---- */

#define STANDING_MS 1445412400000LL /* Wed, 21 Oct 2015 07:26:40 GMT */

static int64_t standing_wall_ms;
static int64_t standing_wall(void *self)
{
	(void)self;
	return standing_wall_ms;
}

static void all_ones(void *self, void *out, size_t len)
{
	(void)self;
	memset(out, 0xff, len);
}

/* The device's clock stands there. */
static void stand(struct fixture *fixture, int64_t wall_ms_there)
{
	standing_wall_ms = wall_ms_there;
	fixture->clock.wall_ms = standing_wall;
}

static void date_text(int64_t at_ms, char out[64])
{
	time_t then = (time_t)(at_ms / 1000);
	struct tm parts;

	assert_non_null(gmtime_r(&then, &parts));
	assert_true(strftime(out, 64, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0);
}

static void a_clock_is_followed_within_a_day(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		int64_t ahead_ms; /* the gateway's clock */
		bool followed;
	} rows[] = {
	    {DAY_MS, true},
	    {DAY_MS + 1, false},
	    {-DAY_MS, true},
	    {-DAY_MS - 1, false},
	    {1, true},
	};
	char head[128];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char date[64], refusal[512];
		const struct script_step steps[] = {{.answer = refusal}, sync_step(fixture, head)};
		struct http_outputs out = {0};
		enum remote_result result;

		stand(fixture, STANDING_MS - rows[i].ahead_ms);
		date_text(STANDING_MS, date);
		(void)snprintf(refusal, sizeof(refusal),
		    "HTTP/1.1 401 Unauthorized\r\nContent-Type: " PROBLEM "\r\nDate: %s\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    date, strlen(CLOCK_PROBLEM), CLOCK_PROBLEM);
		(void)start(fixture, steps, COUNT_OF(steps));
		result = call_once(fixture, CALL_POLL, &out);
		server_stop(fixture->server);
		assert_int_equal(server_requests(fixture->server), rows[i].followed ? 2 : 1);
		assert_int_equal(result, rows[i].followed ? REMOTE_OK : REMOTE_REFUSED);
		if (rows[i].followed)
			assert_int_equal(check_signed(fixture, server_request(fixture->server, 1),
					     "/v1/sync", &fixture->keys)
					     .created_s,
			    STANDING_MS / 1000);
		http_outputs_clear(&out);
	}
}

static void a_clock_of_before_is_followed_within_a_day(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		int64_t skew_ms;
		bool followed;
	} rows[] = {{DAY_MS, true}, {DAY_MS + 1, false}, {-DAY_MS, true}, {-DAY_MS - 1, false}};
	char head[128];

	stand(fixture, STANDING_MS);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct script_step steps[] = {sync_step(fixture, head)};
		struct http_outputs out = {0};

		fixture->access.skew_ms = rows[i].skew_ms;
		(void)start(fixture, steps, COUNT_OF(steps));
		assert_int_equal(call_once(fixture, CALL_POLL, &out), REMOTE_OK);
		server_stop(fixture->server);
		assert_int_equal(check_signed(fixture, server_request(fixture->server, 0),
				     "/v1/sync", &fixture->keys)
				     .created_s,
		    (STANDING_MS + (rows[i].followed ? rows[i].skew_ms : 0)) / 1000);
		http_outputs_clear(&out);
	}
}

/* A wrong key, and a name that has changed: neither is a clock. */
static void other_refusals_are_not_asked_again(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *code;
		bool advised;
	} rows[] = {{"signature", true}, {"other", false}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_outputs out = {0};
		char problem[128];

		(void)snprintf(problem, sizeof(problem),
		    "{\"code\":\"%s\",\"detail\":\"it does not hold\"}", rows[i].code);
		assert_int_equal(answered(fixture, CALL_POLL, "401 Unauthorized", PROBLEM,
				     view_text(problem), &out),
		    REMOTE_REFUSED);
		assert_string_equal(fixture->call.message,
		    rows[i].advised
			? "the gateway: it does not hold; if this device has its URL with another "
			  "name, inkseal sync on URL, with that one, changes it"
			: "the gateway: it does not hold");
		server_stop(fixture->server);
		assert_int_equal(server_requests(fixture->server), 1);
	}
}

/* As long as it asked, and up to half as much again, but no more than a second: here all of it. */
static void those_who_wait_do_not_come_together(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t random = UINT32_MAX;
	static const struct {
		int64_t asked_ms, below_ms; /* below_ms: more than is added to it */
	} rows[] = {{1, 0}, {1000, 500}, {1500, 750}, {2000, 1000}, {7000, 1000}, {DAY_MS, 1000}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_outputs out = {0};
		char answer[256], date[64];
		struct script_step steps[] = {{.answer = answer}};

		stand(fixture, STANDING_MS - rows[i].asked_ms);
		date_text(STANDING_MS, date);
		(void)snprintf(answer, sizeof(answer),
		    "HTTP/1.1 503 Busy\r\nContent-Type: " PROBLEM "\r\nRetry-After: %s\r\n"
		    "Content-Length: 2\r\n\r\n{}",
		    date);
		(void)start(fixture, steps, COUNT_OF(steps));
		remote_close(fixture->remote);
		fixture->remote =
		    remote_open(fixture->url, &fixture->clock, &(struct random){.fill = all_ones},
			(struct view){0}, &fixture->access, &fixture->call);
		assert_non_null(fixture->remote);
		assert_int_equal(call_once(fixture, CALL_ROSTER, &out), REMOTE_LATER);
		assert_int_equal(fixture->call.retry_after_ms,
		    rows[i].asked_ms + (rows[i].below_ms == 0 ? 0 : random % rows[i].below_ms));
	}
}

/* By a clock of its own: at its deadline a request is not begun; before it, it is. */
static int64_t standing_monotonic(void *self)
{
	(void)self;
	return 100000;
}

static void at_the_deadline_nothing_is_sent(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {{.answer = "", .manner = SCRIPT_MUTE}};
	static const struct {
		int64_t left_ms;
		bool begun;
	} rows[] = {{-1, false}, {0, false}, {1, true}};

	fixture->clock.monotonic_ms = standing_monotonic;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes roster = {0};
		enum remote_result result;

		(void)start(fixture, steps, COUNT_OF(steps));
		call_init(&fixture->call, 100000 + rows[i].left_ms);
		result = fixture->remote->ops->roster(
		    fixture->remote->self, &fixture->account, &fixture->call, &roster);
		assert_true(
		    result == REMOTE_LATER || (rows[i].begun && result == REMOTE_UNREACHABLE));
		assert_int_equal(
		    strcmp(fixture->call.message, "the gateway did not answer in time") != 0,
		    rows[i].begun);
		if (result == REMOTE_LATER)
			assert_in_range(fixture->call.retry_after_ms, 500, 999);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_http(a_success_is_read_to_its_maximum),
    cmocka_unit_test_http(a_failure_is_read_to_its_own_maximum),
    cmocka_unit_test_http(headers_have_a_maximum),
    cmocka_unit_test_http(only_the_last_head_counts),
    cmocka_unit_test_http(a_clock_is_followed_within_a_day),
    cmocka_unit_test_http(a_clock_of_before_is_followed_within_a_day),
    cmocka_unit_test_http(other_refusals_are_not_asked_again),
    cmocka_unit_test_http(those_who_wait_do_not_come_together),
    cmocka_unit_test_http(at_the_deadline_nothing_is_sent),
};

TEST_MAIN(tests)
