/*
 * tests/cli/remote/remote_http_test.c: what goes over the wire to a gateway, and every way in which
 * its answers, or their absence, can go wrong. The server says what the test gave it.
 */
#include "tests/cli/remote/http_fixture.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void an_exchange_is_signed_and_counted(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step steps[] = {sync_step(fixture, head), sync_step(fixture, head)};
	struct sync_answer answer = {0};
	struct http_signature first, second;
	struct bytes frame = {0};
	struct sync_request push = {
	    .account = fixture->account, .device = fixture->keys.id, .frames_count = 1};

	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
	assert_int_equal(answer.status, SYNC_CURRENT);
	assert_int_equal(answer.head.seq, 7);
	sync_answer_clear(&answer);
	assert_int_equal(counted(fixture).get, 1);
	assert_int_equal(counted(fixture).bytes_down, fixture->sync_answer.len);

	assert_true(bytes_new(300, &frame));
	push.frames[0] = view_bytes(&frame);
	assert_int_equal(
	    fixture->remote->ops->sync(fixture->remote->self, &push, &fixture->call, &answer),
	    REMOTE_OK);
	sync_answer_clear(&answer);
	bytes_clear(&frame);
	assert_int_equal(counted(fixture).put, 1);
	assert_int_equal(counted(fixture).get, 1);

	server_stop(fixture->server);
	assert_int_equal(server_requests(fixture->server), 2);
	assert_int_equal(
	    counted(fixture).bytes_up, server_request(fixture->server, 0)->body.len +
					   server_request(fixture->server, 1)->body.len);
	assert_int_equal(server_request(fixture->server, 1)->connection, 1); /* kept alive */
	first =
	    check_signed(fixture, server_request(fixture->server, 0), "/v1/sync", &fixture->keys);
	second =
	    check_signed(fixture, server_request(fixture->server, 1), "/v1/sync", &fixture->keys);
	assert_int_equal(first.expires_s - first.created_s, HTTP_SIGNATURE_AGE_MAX_S);
	assert_true(llabs(first.created_s - wall_ms(NULL) / 1000) <= 10);
	assert_memory_not_equal(first.nonce, second.nonce, NONCE_LEN);
}

static void blobs_are_signed_and_checked(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {
	    {.answer = NOTHING_HEAD},
	    {.answer = OK_HEAD("application/octet-stream", "5") "hello"},
	    {.answer = OK_HEAD("application/octet-stream", "5") "other"},
	    {.answer = OK_HEAD("text/plain", "5") "hello"},
	    {.answer = OK_HEAD("application/octet-stream", "5") "hello"},
	};
	const struct remote_ops *ops = start(fixture, steps, COUNT_OF(steps));
	struct blob_name name = {.count = 3}, nearly;
	struct bytes out = {0};
	char text[BLOB_NAME_TEXT_MAX], path[128];
	void *self = fixture->remote->self;

	blob_hash(view_text("hello"), &name.hash);
	assert_int_equal(
	    ops->blob_put(self, &fixture->account, &name, view_text("hello"), &fixture->call),
	    REMOTE_OK);
	assert_int_equal(
	    ops->blob_get(self, &fixture->account, &name, &fixture->call, &out), REMOTE_OK);
	assert_int_equal(out.len, 5);
	bytes_clear(&out);
	assert_int_equal(
	    ops->blob_get(self, &fixture->account, &name, &fixture->call, &out), REMOTE_DAMAGED);
	assert_int_equal(
	    ops->blob_get(self, &fixture->account, &name, &fixture->call, &out), REMOTE_FAILED);
	nearly = name; /* to the last byte of its hash */
	nearly.hash.bytes[DIGEST_LEN - 1] ^= 1;
	assert_int_equal(
	    ops->blob_get(self, &fixture->account, &nearly, &fixture->call, &out), REMOTE_DAMAGED);
	assert_null(out.data);
	assert_int_equal(counted(fixture).put, 1);
	assert_int_equal(counted(fixture).get, 4);

	server_stop(fixture->server);
	blob_name_text(&name, text);
	(void)snprintf(path, sizeof(path), "/v1/blobs/%s", text);
	for (size_t i = 0; i < 2; i++)
		(void)check_signed(
		    fixture, server_request(fixture->server, i), path, &fixture->keys);
	assert_memory_equal(server_request(fixture->server, 0)->head, "PUT ", 4);
	assert_memory_equal(server_request(fixture->server, 0)->body.data, "hello", 5);
}

/* Until the statement that adds this device stands, the recovery device's keys sign. */
static void the_recovery_device_signs_while_recovering(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step steps[] = {{.answer = NOTHING_HEAD}, {.answer = NOTHING_HEAD},
	    sync_step(fixture, head), sync_step(fixture, head), {.answer = NOTHING_HEAD}};
	const struct sync_request as_recovery = {
	    .account = fixture->account, .device = fixture->recovery.id};
	const struct blob_name name = {0};
	const struct remote_ops *ops;
	struct remote *twin;
	struct sync_answer answer = {0};

	fixture->access.recovery = &fixture->recovery;
	ops = start(fixture, steps, COUNT_OF(steps));
	twin = ops->twin(fixture->remote->self); /* as it was opened, so it signs */
	assert_non_null(twin);
	assert_int_equal(twin->ops->blob_put(
			     twin->self, &fixture->account, &name, view_text("x"), &fixture->call),
	    REMOTE_OK);
	remote_close(twin);
	assert_int_equal(ops->blob_put(fixture->remote->self, &fixture->account, &name,
			     view_text("x"), &fixture->call),
	    REMOTE_OK);
	assert_int_equal(
	    ops->sync(fixture->remote->self, &as_recovery, &fixture->call, &answer), REMOTE_OK);
	sync_answer_clear(&answer);
	assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
	sync_answer_clear(&answer);
	assert_int_equal(ops->blob_put(fixture->remote->self, &fixture->account, &name,
			     view_text("x"), &fixture->call),
	    REMOTE_OK);
	server_stop(fixture->server);
	(void)check_signed(
	    fixture, server_request(fixture->server, 2), "/v1/sync", &fixture->recovery);
	(void)check_signed(fixture, server_request(fixture->server, 3), "/v1/sync", &fixture->keys);
	for (size_t i = 0; i < 5; i += i == 1 ? 3 : 1) {
		char input[512], hex[2 * DEVICE_ID_LEN + 1];

		request_field(
		    server_request(fixture->server, i), "Signature-Input", input, sizeof(input));
		hex_encode(view_of(i < 2 ? fixture->recovery.id.bytes : fixture->keys.id.bytes,
			       DEVICE_ID_LEN),
		    hex);
		assert_non_null(strstr(input, hex));
	}
}

static void create_brings_its_invite_unsigned(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {
	    {.answer = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
		       "Content-Length: 2\r\n\r\n{}"},
	    {.answer = PROBLEM_HEAD("403 Forbidden", "", "27") "{\"detail\":\"it was used up\"}"},
	};
	const struct remote_ops *ops;
	char text[512];

	fixture->access.invite = "one-time-word";
	ops = start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(ops->create(fixture->remote->self, &fixture->account, view_text("create"),
			     &fixture->call),
	    REMOTE_OK);
	assert_int_equal(ops->create(fixture->remote->self, &fixture->account, view_text("create"),
			     &fixture->call),
	    REMOTE_REFUSED);
	assert_string_equal(fixture->call.message, "the gateway: it was used up");
	assert_int_equal(counted(fixture).put, 2);
	server_stop(fixture->server);
	request_field(server_request(fixture->server, 0), "Inkseal-Invite", text, sizeof(text));
	assert_string_equal(text, "one-time-word");
	request_field(server_request(fixture->server, 0), "Signature", text, sizeof(text));
	assert_string_equal(text, "");
}

static void what_is_no_invite_is_refused_before_it_is_sent(void **state)
{
	struct fixture *fixture = *state;
	static const char *const tokens[] = {"", "two words", "a\r\nHost: b", "t\xc3\xa9"};

	for (size_t i = 0; i < COUNT_OF(tokens); i++) {
		fixture->access.invite = tokens[i];
		remote_request(&fixture->call, &test_clock);
		assert_null(remote_open("http://127.0.0.1:9", &test_clock, &test_random,
		    (struct view){0}, &fixture->access, &fixture->call));
		assert_non_null(strstr(fixture->call.message, "not an invite"));
	}
}

/* A Date so many seconds from now, and the problem that goes with it. */
static void clock_answer(int64_t from_now_s, char *out, size_t out_size)
{
	time_t then = (time_t)(wall_ms(NULL) / 1000 + from_now_s);
	char date[64];
	struct tm parts;

	assert_non_null(gmtime_r(&then, &parts));
	assert_true(strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0);
	(void)snprintf(out, out_size,
	    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/problem+json\r\nDate: %s\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    date, strlen(CLOCK_PROBLEM), CLOCK_PROBLEM);
}

static void a_wrong_clock_is_corrected_once(void **state)
{
	struct fixture *fixture = *state;
	char late[512], far[512], head[128];
	const struct script_step corrected[] = {
	    {.answer = late}, sync_step(fixture, head), sync_step(fixture, head)};
	const struct script_step never[] = {{.answer = late}, {.answer = late}, {.answer = late}};
	const struct script_step days[] = {{.answer = far}, {.answer = far}};
	struct sync_answer answer = {0};
	struct http_signature signature;

	clock_answer(20 * 3600, late, sizeof(late));
	clock_answer(25 * 3600, far, sizeof(far));
	(void)start(fixture, corrected, COUNT_OF(corrected));
	for (int i = 0; i < 2; i++) { /* the second needs no correction any more */
		assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
		sync_answer_clear(&answer);
	}
	server_stop(fixture->server);
	assert_int_equal(server_requests(fixture->server), 3);
	for (size_t i = 0; i < 3; i++) {
		int64_t ahead_s = i == 0 ? 0 : 20 * 3600;

		signature = check_signed(
		    fixture, server_request(fixture->server, i), "/v1/sync", &fixture->keys);
		assert_true(llabs(signature.created_s - wall_ms(NULL) / 1000 - ahead_s) <= 10);
	}

	(void)start(fixture, never, COUNT_OF(never));
	assert_int_equal(poll_once(fixture, &answer), REMOTE_REFUSED);
	server_stop(fixture->server);
	assert_int_equal(server_requests(fixture->server), 2);

	(void)start(fixture, days, COUNT_OF(days));
	assert_int_equal(poll_once(fixture, &answer), REMOTE_REFUSED);
	assert_non_null(strstr(fixture->call.message, "more than a day apart"));
	server_stop(fixture->server);
	assert_int_equal(server_requests(fixture->server), 1);
}

static void a_clock_seen_before_is_followed_at_once(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step steps[] = {sync_step(fixture, head)};
	struct sync_answer answer = {0};
	struct http_signature signature;

	for (int beyond = 0; beyond < 2; beyond++) {
		int64_t skew_ms = beyond ? 30 * 3600000LL : -7200000;

		fixture->access.skew_ms = skew_ms;
		(void)start(fixture, steps, COUNT_OF(steps));
		assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
		sync_answer_clear(&answer);
		server_stop(fixture->server);
		signature = check_signed(
		    fixture, server_request(fixture->server, 0), "/v1/sync", &fixture->keys);
		assert_true(llabs(signature.created_s - wall_ms(NULL) / 1000 -
				  (beyond ? 0 : skew_ms / 1000)) <= 10);
	}
}

static void answers_that_do_not_hold(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *name, *answer;
		enum remote_result result;
		const char *says;
	} rows[] = {
	    {"garbage", "\x01\x02\x03 nothing like it\r\n\r\n", REMOTE_FAILED, "not a gateway"},
	    {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", REMOTE_FAILED, "not a gateway"},
	    {"a success that is a problem",
		"HTTP/1.1 200 OK\r\nContent-Type: application/problem+json\r\n"
		"Content-Length: 2\r\n\r\n{}",
		REMOTE_FAILED, "not a gateway"},
	    {"a login page", OK_HEAD("text/html", "6") "<html>", REMOTE_FAILED, "not a gateway"},
	    {"no type", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", REMOTE_FAILED,
		"not a gateway"},
	    {"a redirect",
		"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
		REMOTE_FAILED, "not followed"},
	    {"no CBOR", OK_HEAD("application/cbor", "3") "abc", REMOTE_DAMAGED, "can't be read"},
	    {"empty", OK_HEAD("application/cbor", "0"), REMOTE_DAMAGED, "can't be read"},
	    {"too large by its word", OK_HEAD("application/cbor", "99999999") "abc", REMOTE_LATER,
		"lost"},
	    {"busy for long",
		PROBLEM_HEAD("503 Service Unavailable", "Retry-After: 7\r\n", "2") "{}",
		REMOTE_LATER, "busy"},
	    {"revoked, without a proof", PROBLEM_HEAD("403 Forbidden", "", "2") "{}",
		REMOTE_REFUSED, "refuses"},
	    {"an interim answer first",
		"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" PROBLEM_HEAD(
		    "503 Service Unavailable", "Retry-After: 7\r\n", "2") "{}",
		REMOTE_LATER, "busy"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct script_step steps[] = {
		    {.answer = rows[i].answer, .manner = SCRIPT_CLOSE},
		    {.answer = rows[i].answer, .manner = SCRIPT_CLOSE},
		};
		struct sync_answer answer = {0};
		enum remote_result result;

		(void)start(fixture, steps, COUNT_OF(steps));
		result = poll_once(fixture, &answer);
		if (result != rows[i].result || strstr(fixture->call.message, rows[i].says) == NULL)
			fail_msg("%s: %s: %s", rows[i].name, remote_result_text(result),
			    fixture->call.message);
		assert_null(answer.frames);
		if (strstr(rows[i].answer, "Retry-After: 7") != NULL)
			assert_in_range(fixture->call.retry_after_ms, 7000, 7999);
	}
}

/* More than was asked for is not read to its end. */
static void answers_without_end_are_cut_off(void **state)
{
	struct fixture *fixture = *state;
	struct bytes much = {0};
	struct script_step steps[] = {{.manner = SCRIPT_CLOSE}};

	assert_true(bytes_new(ROSTER_MAX + 1, &much));
	memset(much.data, 'x', much.len);
	steps[0].answer = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n";
	steps[0].body = view_bytes(&much);
	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(get_roster(fixture), REMOTE_FAILED);
	assert_non_null(strstr(fixture->call.message, "longer than any"));

	steps[0].answer = "HTTP/1.1 500 No\r\nContent-Type: application/problem+json\r\n\r\n";
	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(get_roster(fixture), REMOTE_LATER); /* its status says enough */

	for (size_t i = 0; i + 1 < much.len; i += 64)
		memcpy(much.data + i, "\r\nX-A: ", 7);
	steps[0].answer = "HTTP/1.1 200 OK";
	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(get_roster(fixture), REMOTE_FAILED);
	bytes_clear(&much);
}

static void a_lost_answer_is_asked_for_again(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step once[] = {
	    {.answer = "", .manner = SCRIPT_CLOSE}, sync_step(fixture, head)};
	const struct script_step half[] = {
	    {.answer = OK_HEAD("application/cbor", "500") "cut", .manner = SCRIPT_CLOSE},
	    sync_step(fixture, head)};
	const struct script_step always[] = {{.answer = "", .manner = SCRIPT_CLOSE},
	    {.answer = "", .manner = SCRIPT_CLOSE}, {.answer = "", .manner = SCRIPT_CLOSE},
	    {.answer = "", .manner = SCRIPT_CLOSE}};
	const struct script_step half_header[] = {
	    {.answer = "HTTP/1.1 200 OK\r\nContent-Ty", .manner = SCRIPT_CLOSE},
	    sync_step(fixture, head)};
	const struct script_step interim[] = {
	    {.answer = "HTTP/1.1 100 Continue\r\n\r\n", .manner = SCRIPT_CLOSE},
	    sync_step(fixture, head)};
	const struct script_step *const scripts[] = {once, half, half_header, interim};
	struct sync_answer answer = {0};

	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		const struct script_request *first, *second;

		(void)start(fixture, scripts[i], 2);
		assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
		sync_answer_clear(&answer);
		server_stop(fixture->server);
		assert_int_equal(server_requests(fixture->server), 2);
		first = server_request(fixture->server, 0);
		second = server_request(fixture->server, 1);
		assert_true(view_equal(view_bytes(&first->body), view_bytes(&second->body)));
		assert_int_equal(counted(fixture).get, 2);
	}
	(void)start(fixture, always, COUNT_OF(always));
	assert_int_equal(poll_once(fixture, &answer), REMOTE_LATER);
	assert_non_null(strstr(fixture->call.message, "answer was lost"));
	assert_true(fixture->call.retry_after_ms >= 500 && fixture->call.retry_after_ms < 1000);
	server_stop(fixture->server);
	assert_int_equal(server_requests(fixture->server), 2);
}

/* It was there a moment ago: being started anew, perhaps, so it is soon asked again. */
static void gone_away_is_later_and_never_there_is_unreachable(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step steps[] = {sync_step(fixture, head)};
	struct sync_answer answer = {0};

	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
	sync_answer_clear(&answer);
	server_stop(fixture->server);
	assert_int_equal(poll_once(fixture, &answer), REMOTE_LATER);
	assert_true(fixture->call.retry_after_ms > 0);

	remote_close(fixture->remote);
	remote_request(&fixture->call, &test_clock);
	fixture->remote = remote_open(fixture->url, &test_clock, &test_random, (struct view){0},
	    &fixture->access, &fixture->call);
	assert_non_null(fixture->remote);
	assert_int_equal(poll_once(fixture, &answer), REMOTE_UNREACHABLE);
	assert_non_null(strstr(fixture->call.message, "the gateway cannot be reached"));
	assert_int_equal(counted(fixture).get, 0);
}

static void slow_answers_end_by_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step rows[][2] = {
	    {{.answer = OK_HEAD("application/cbor", "3"), .manner = SCRIPT_TRICKLE},
		{.answer = "", .manner = SCRIPT_CLOSE}},
	    {{.answer = "", .manner = SCRIPT_MUTE}, {.answer = "", .manner = SCRIPT_CLOSE}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sync_answer answer = {0};
		int64_t begin_ms;

		(void)start(fixture, rows[i], 1);
		begin_ms = monotonic_ms(NULL);
		fixture->call.deadline_ms = begin_ms + 600;
		assert_int_equal(poll_once(fixture, &answer), REMOTE_LATER);
		assert_in_range(monotonic_ms(NULL) - begin_ms, 500, 5000);
	}
	fixture->call.deadline_ms = monotonic_ms(NULL) - 1;
	assert_int_equal(get_roster(fixture), REMOTE_LATER);
}

static bool always_cancelled(void)
{
	return true;
}

static void cancelled_while_it_waits(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {{.answer = "", .manner = SCRIPT_MUTE}};
	struct sync_answer answer = {0};
	int64_t begin_ms = monotonic_ms(NULL);

	fixture->access.cancelled = always_cancelled;
	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(poll_once(fixture, &answer), REMOTE_LATER);
	assert_string_equal(fixture->call.message, "cancelled");
	assert_int_equal(fixture->call.retry_after_ms, 0);
	assert_true(monotonic_ms(NULL) - begin_ms < 10000);
}

static void a_refused_frame_brings_its_reason(void **state)
{
	struct fixture *fixture = *state;
	const struct sync_answer refused = {.status = SYNC_REFUSED};
	struct bytes encoded = {0};
	struct sync_answer answer = {0};
	char head[256];
	struct script_step steps[1] = {{.answer = head}};

	assert_int_equal(sync_answer_encode(&refused, &encoded), FORMAT_OK);
	(void)snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nContent-Length: %zu\r\n"
	    "Inkseal-Message: the frame is\x1b[1m not signed\r\n\r\n",
	    encoded.len);
	steps[0].body = view_bytes(&encoded);
	(void)start(fixture, steps, 1);
	assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
	assert_int_equal(answer.status, SYNC_REFUSED);
	assert_string_equal(
	    fixture->call.message, "the gateway: the frame is\\u001B[1m not signed");
	sync_answer_clear(&answer);
	bytes_clear(&encoded);
}

static void a_wipe_gives_the_receipt_or_none(void **state)
{
	struct fixture *fixture = *state;
	struct receipt receipt = {.account = fixture->account,
	    .objects_removed = 12,
	    .bytes_removed = 3456,
	    .empty_at_ms = 789};
	struct remote_receipt out = {0};
	struct bytes encoded = {0};
	char head[128];
	struct script_step steps[2] = {
	    {.answer = head}, {.answer = OK_HEAD("application/octet-stream", "7") "receipt"}};
	const struct remote_ops *ops;

	memcpy(receipt.signer, fixture->keys.sign_public, SIGN_PUBLIC_LEN);
	assert_int_equal(receipt_encode(&receipt, fixture->keys.sign_secret, &encoded), FORMAT_OK);
	(void)snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    encoded.len);
	steps[0].body = view_bytes(&encoded);
	ops = start(fixture, steps, 2);
	assert_int_equal(ops->wipe(fixture->remote->self, &fixture->account, view_text("wipe"),
			     &fixture->call, &out),
	    REMOTE_OK);
	assert_int_equal(out.objects_removed, 12);
	assert_int_equal(out.bytes_removed, 3456);
	assert_int_equal(out.empty_at_ms, 789);
	assert_true(view_equal(view_bytes(&out.encoded), view_bytes(&encoded)));
	bytes_clear(&out.encoded);
	assert_int_equal(ops->wipe(fixture->remote->self, &fixture->account, view_text("wipe"),
			     &fixture->call, &out),
	    REMOTE_DAMAGED);
	assert_int_equal(counted(fixture).remove, 2);
	server_stop(fixture->server);
	assert_memory_equal(server_request(fixture->server, 0)->head, "DELETE /v1/accounts/a5", 22);
	bytes_clear(&encoded);
}

/* Proxies are libcurl's affair; what is signed is the gateway's name all the same. */
static void a_proxy_of_the_environment_is_used(void **state)
{
	struct fixture *fixture = *state;
	char head[128];
	const struct script_step steps[] = {sync_step(fixture, head)};
	struct sync_answer answer = {0};
	char proxy[64];

	(void)start(fixture, steps, COUNT_OF(steps));
	remote_close(fixture->remote);
	(void)snprintf(proxy, sizeof(proxy), "%s", fixture->url);
	assert_int_equal(setenv("http_proxy", proxy, 1), 0);
	fixture->remote = remote_open("http://Gateway.example", &test_clock, &test_random,
	    (struct view){0}, &fixture->access, &fixture->call);
	assert_non_null(fixture->remote);
	assert_int_equal(poll_once(fixture, &answer), REMOTE_OK);
	assert_int_equal(unsetenv("http_proxy"), 0);
	sync_answer_clear(&answer);
	server_stop(fixture->server);
	assert_memory_equal(server_request(fixture->server, 0)->head,
	    "POST http://gateway.example/v1/sync HTTP/1.1\r\n", 46);
	(void)snprintf(fixture->url, sizeof(fixture->url), "http://gateway.example");
	(void)check_signed(fixture, server_request(fixture->server, 0), "/v1/sync", &fixture->keys);
}

static void the_probe_asks_whether_it_is_ready(void **state)
{
	struct fixture *fixture = *state;
	static const struct script_step steps[] = {
	    {.answer = OK_HEAD("text/plain", "3") "ok\n"},
	    {.answer = PROBLEM_HEAD(
		 "503 Service Unavailable", "", "26") "{\"detail\":\"it loses them\"}"},
	};

	(void)start(fixture, steps, COUNT_OF(steps));
	assert_int_equal(
	    remote_probe(fixture->url, &test_clock, &test_random, false, NULL, &fixture->call),
	    REMOTE_FIT);
	assert_int_equal(
	    remote_probe(fixture->url, &test_clock, &test_random, false, NULL, &fixture->call),
	    REMOTE_FIT_LATER);
	assert_non_null(strstr(fixture->call.message, "it loses them"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_http(an_exchange_is_signed_and_counted),
    cmocka_unit_test_http(blobs_are_signed_and_checked),
    cmocka_unit_test_http(the_recovery_device_signs_while_recovering),
    cmocka_unit_test_http(create_brings_its_invite_unsigned),
    cmocka_unit_test_http(what_is_no_invite_is_refused_before_it_is_sent),
    cmocka_unit_test_http(a_wrong_clock_is_corrected_once),
    cmocka_unit_test_http(a_clock_seen_before_is_followed_at_once),
    cmocka_unit_test_http(answers_that_do_not_hold),
    cmocka_unit_test_http(answers_without_end_are_cut_off),
    cmocka_unit_test_http(a_lost_answer_is_asked_for_again),
    cmocka_unit_test_http(gone_away_is_later_and_never_there_is_unreachable),
    cmocka_unit_test_http(slow_answers_end_by_the_deadline),
    cmocka_unit_test_http(cancelled_while_it_waits),
    cmocka_unit_test_http(a_refused_frame_brings_its_reason),
    cmocka_unit_test_http(a_wipe_gives_the_receipt_or_none),
    cmocka_unit_test_http(a_proxy_of_the_environment_is_used),
    cmocka_unit_test_http(the_probe_asks_whether_it_is_ready),
};

TEST_MAIN(tests)
