/*
 * tests/gateway/http/http_limits_test.c: too much, too slow, too late: bounded, and said.
 */
#include "tests/gateway/http/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROSTER "/v1/accounts/0000000000000000000000000000000000000000/roster"
#define OTHER_ROSTER "/v1/accounts/0000000000000000000000000000000000000001/roster"
#define UNSIGNED MEMBERS_COUNT

static int begin(struct site *site, const char *path)
{
	struct ask ask = {.member = UNSIGNED, .method = "GET", .path = path};
	int fd = site_connect(site);

	site_ask_begin(site, fd, &ask);
	return fd;
}

static void expect_reply(int fd, unsigned status)
{
	struct reply reply = {0};

	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, status);
	if (status == 503 || status == 429)
		assert_string_equal(reply_field(&reply, "Retry-After"), "1");
	reply_clear(&reply);
	(void)close(fd);
}

/* A sync of nothing, by a device that is known here. */
static int begin_poll(struct site *site, struct client *client, size_t member)
{
	struct bytes encoded = {0};
	struct ask ask = {.member = member, .method = "POST", .path = "/v1/sync", .type = CBOR};
	int fd = site_connect(site);

	bytes_clear(&client->frame);
	client_request(client);
	assert_int_equal(sync_request_encode(&client->request, &encoded), FORMAT_OK);
	ask.body = view_bytes(&encoded);
	site_ask_begin(site, fd, &ask);
	bytes_clear(&encoded);
	return fd;
}

static void a_full_queue_is_said_at_once(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first, *second = &site->pair->second;
	int64_t begun_ms;
	int running, waiting;

	site->config.workers = 1;
	site->config.queue_max = 1;
	site_start(site, true);
	expect_reply(begin_poll(site, first, FIRST), 200);
	site_close_gate(site, MEMORY_GET);
	running = begin_poll(site, first, FIRST);
	site_await_gate(site);
	waiting = begin_poll(site, second, SECOND);
	site_await_metric(site, "inkseald_requests_waiting 1\n");
	begun_ms = site_now();
	expect_reply(begin_poll(site, first, FIRST), 503);
	expect_reply(begin(site, ROSTER), 503);
	assert_true(site_now() - begun_ms < 1000);
	site_open_gate(site);
	expect_reply(running, 200);
	expect_reply(waiting, 200);
	expect_reply(begin_poll(site, first, FIRST), 200);
}

static void one_account_does_not_take_all_workers(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first, *second = &site->pair->second;
	int running;

	site->config.account_max = 1;
	site_start(site, true);
	expect_reply(begin_poll(site, first, FIRST), 200);
	site_close_gate(site, MEMORY_GET);
	running = begin_poll(site, first, FIRST);
	site_await_gate(site);
	expect_reply(begin_poll(site, second, SECOND), 429);
	expect_reply(begin(site, OTHER_ROSTER), 404);
	site_open_gate(site);
	expect_reply(running, 200);
	expect_reply(begin_poll(site, second, SECOND), 200);
}

static void who_waited_too_long_is_not_begun(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first, *second = &site->pair->second;
	int running, waiting;

	site->config.workers = 1;
	site->config.call_ms = 300;
	site_start(site, true);
	expect_reply(begin_poll(site, first, FIRST), 200);
	site_close_gate(site, MEMORY_GET);
	running = begin_poll(site, first, FIRST);
	site_await_gate(site);
	waiting = begin_poll(site, second, SECOND);
	site_await_metric(site, "inkseald_requests_waiting 1\n");
	site_pause(400);
	site_open_gate(site);
	expect_reply(waiting, 503);
	(void)close(running);
}

/* Each begins with its text, and sends a byte now and then until it is closed: all in that time. */
static void expect_cut_off(
    struct site *site, const char *const *starts, size_t count, int64_t min_ms, int64_t max_ms)
{
	int64_t begun_ms = site_now();
	char answer[4096];
	int fds[4];
	size_t closed = 0;

	assert_true(count <= COUNT_OF(fds));
	for (size_t i = 0; i < count; i++) {
		fds[i] = site_connect(site);
		site_write(fds[i], starts[i], strlen(starts[i]));
	}
	while (closed < count && site_now() - begun_ms < max_ms)
		for (size_t i = 0; i < count; i++) {
			if (fds[i] < 0)
				continue;
			site_write(fds[i], "a", 1);
			if (!site_read_all(fds[i], 50, answer, sizeof(answer)))
				continue;
			assert_null(strstr(answer, " 200 "));
			assert_true(site_now() - begun_ms >= min_ms);
			(void)close(fds[i]);
			fds[i] = -1;
			closed++;
		}
	assert_int_equal(closed, count);
}

static void a_trickled_header_is_cut_off(void **state)
{
	static const char *const starts[] = {"GET /hea", "GET /healthz HTTP/1.1\r\nHost: a\r\nX: "};
	struct site *site = *state;

	site->config.header_ms = 800;
	site_start(site, true);
	expect_cut_off(site, starts, COUNT_OF(starts), 700, 3000);
	expect_reply(begin(site, "/healthz"), 200);
}

static void so_is_one_behind_another_request(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	char rest[256];
	int fd;

	site->config.idle_ms = 800;
	site_start(site, true);
	fd = begin(site, "/healthz");
	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
	site_write(fd, "GET /healt", 10);
	assert_true(site_read_all(fd, 3000, rest, sizeof(rest)));
	assert_string_equal(rest, "");
	(void)close(fd);
}

static void a_trickled_body_is_cut_off(void **state)
{
	struct site *site = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};
	char text[BLOB_NAME_TEXT_MAX], path[128], rest[4096];
	struct ask ask = {.method = "PUT", .path = path, .type = OCTETS};
	int fd;

	site->config.slack_ms = 800;
	site->config.rate_min = 1u << 20;
	site_start(site, true);
	fixture_blob(&site->pair->fixture, BLOB_SEGMENT, 100, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	blob_name_text(&name, text);
	(void)snprintf(path, sizeof(path), "/v1/blobs/%s", text);
	ask.body = view_bytes(&blob);
	ask.cut = 10;
	fd = site_connect(site);
	site_ask_begin(site, fd, &ask);
	assert_true(site_read_all(fd, 3000, rest, sizeof(rest)));
	assert_string_equal(rest, "");
	(void)close(fd);
	assert_true(site_logged(site, "route=blob_put status=0"));
	bytes_clear(&blob);
}

static void a_body_too_large_is_not_read(void **state)
{
	static const char text[] = "POST /v1/sync HTTP/1.1\r\nHost: a\r\nContent-Type: " CBOR
				   "\r\nContent-Length: 6553601\r\nExpect: 100-continue\r\n\r\n";
	struct site *site = *state;
	struct reply reply = {0};
	char rest[256];
	int fd;

	site_start(site, true);
	fd = site_connect(site);
	site_write(fd, text, strlen(text));
	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, 413);
	assert_true(reply_says(&reply, "\"code\":\"too_large\""));
	reply_clear(&reply);
	assert_true(site_read_all(fd, 3000, rest, sizeof(rest)));
	(void)close(fd);
}

static void bodies_share_a_budget(void **state)
{
	struct site *site = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};
	char text[BLOB_NAME_TEXT_MAX], path[128], line[64];
	struct ask ask = {.method = "PUT", .path = path, .type = OCTETS};
	struct reply reply = {0};
	int held;

	site->config.body_bytes_max = 150000;
	site_start(site, true);
	fixture_blob(&site->pair->fixture, BLOB_SEGMENT, 100000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	blob_name_text(&name, text);
	(void)snprintf(path, sizeof(path), "/v1/blobs/%s", text);
	ask.body = view_bytes(&blob);
	ask.cut = 1; /* it waits in memory until it is whole */
	held = site_connect(site);
	site_ask_begin(site, held, &ask);
	(void)snprintf(line, sizeof(line), "inkseald_bodies_bytes %zu\n", blob.len - 1);
	site_await_metric(site, line);
	ask.cut = 0;
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 503);
	reply_clear(&reply);
	site_write(held, blob.data + blob.len - 1, 1);
	expect_reply(held, 204);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 204);
	reply_clear(&reply);
	site_await_metric(site, "inkseald_bodies_bytes 0\n");
	bytes_clear(&blob);
}

/* A large blob of the fixture's account, as what PUT or GET asks for. It is yours. */
static void large_blob(struct site *site, size_t len, char path[128], struct bytes *out)
{
	struct blob_name name = {.count = 0};
	char text[BLOB_NAME_TEXT_MAX];

	fixture_blob(&site->pair->fixture, BLOB_SEGMENT, len, NULL, 0, out);
	blob_hash(view_bytes(out), &name.hash);
	blob_name_text(&name, text);
	(void)snprintf(path, 128, "/v1/blobs/%s", text);
}

/* One account has a part of it; the others' is not touched, and comes back whole. */
static void an_account_has_a_share_of_the_bodies(void **state)
{
	struct site *site = *state;
	struct bytes blob = {0};
	char path[128], line[64], rest[4096];
	struct ask ask = {.member = FIRST, .method = "PUT", .path = path, .type = OCTETS};
	struct reply reply = {0};
	int held[2];

	site->config.account_bytes_max = 150000;
	site_start(site, true);
	expect_reply(begin_poll(site, &site->pair->first, FIRST), 200);
	large_blob(site, 100000, path, &blob);
	ask.body = view_bytes(&blob);
	for (size_t i = 0; i < COUNT_OF(held); i++) { /* each begins while there is room */
		ask.cut = blob.len;
		held[i] = site_connect(site);
		site_ask_begin(site, held[i], &ask);
	}
	site_await_metric(site, "inkseald_requests_active 2\n");
	site_write(held[0], blob.data, blob.len - 1);
	(void)snprintf(line, sizeof(line), "inkseald_bodies_bytes %zu\n", blob.len - 1);
	site_await_metric(site, line);
	site_write(held[1], blob.data, blob.len - 1); /* in the middle: it is closed */
	assert_true(site_read_all(held[1], 5000, rest, sizeof(rest)));
	assert_string_equal(rest, "");
	site_await_metric(site, line);
	ask.cut = 0;
	ask.member = SECOND;
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 503);
	assert_string_equal(reply_field(&reply, "Retry-After"), "1");
	reply_clear(&reply);
	site_await_metric(site, "inkseald_refused_total{why=\"account_bytes\"} 2\n");
	site_await_metric(site, "inkseald_refused_total{why=\"bodies\"} 0\n");
	site_write(held[0], blob.data + blob.len - 1, 1);
	expect_reply(held[0], 204);
	(void)close(held[1]);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 204);
	reply_clear(&reply);
	site_await_metric(site, "inkseald_bodies_bytes 0\n");
	bytes_clear(&blob);
}

/* Reads little, and that slowly. */
static int begin_get(struct site *site, const struct ask *ask)
{
	int fd = site_connect_narrow(site);

	site_ask_begin(site, fd, ask);
	return fd;
}

static void await_answers(struct site *site, size_t bytes)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "inkseald_answers_bytes %zu\n", bytes);
	site_await_metric(site, line);
}

/* What nobody reads is held, up to so much, and goes with its connection. */
static void answers_share_a_budget(void **state)
{
	struct site *site = *state;
	struct bytes blob = {0};
	char path[128];
	struct ask ask = {.member = FIRST, .method = "PUT", .path = path, .type = OCTETS};
	struct reply reply = {0};
	int unread[2];

	for (unsigned round = 0; round < 2; round++) { /* the account's share; the whole */
		site->config.account_bytes_max = round == 0 ? 12000000 : 64000000;
		site->config.answer_bytes_max = round == 0 ? 256000000 : 12000000;
		site_start(site, true);
		large_blob(site, 5900000, path, &blob);
		ask.method = "PUT";
		ask.type = OCTETS;
		ask.body = view_bytes(&blob);
		site_ask(site, &ask, &reply);
		assert_int_equal(reply.status, 204);
		reply_clear(&reply);
		ask.method = "GET";
		ask.type = NULL;
		ask.body = (struct view){0};
		unread[0] = begin_get(site, &ask);
		await_answers(site, blob.len);
		site_ask(site, &ask, &reply); /* before the blob is read from the bucket */
		assert_int_equal(reply.status, 503);
		assert_string_equal(reply_field(&reply, "Retry-After"), "1");
		reply_clear(&reply);
		site_await_metric(site, round == 0
					    ? "inkseald_refused_total{why=\"account_bytes\"} 1\n"
					    : "inkseald_refused_total{why=\"answers\"} 1\n");
		/* What is small passes. */
		expect_reply(begin_poll(site, &site->pair->first, FIRST), 200);
		(void)close(unread[0]);
		await_answers(site, 0);
		site_ask(site, &ask, &reply);
		assert_int_equal(reply.status, 200);
		assert_true(view_equal(view_bytes(&reply.body), view_bytes(&blob)));
		reply_clear(&reply);
		await_answers(site, 0);
		unread[1] = begin_get(site, &ask); /* it is there when we stop */
		await_answers(site, blob.len);
		site_stop(site, 300);
		(void)close(unread[1]);
		bytes_clear(&blob);
	}
}

/* Two that were read at once, where there was room for either. */
static void what_does_not_fit_is_not_sent(void **state)
{
	struct site *site = *state;
	struct bytes blob = {0};
	char path[128];
	struct ask ask = {.member = FIRST, .method = "PUT", .path = path, .type = OCTETS};
	struct reply reply = {0};
	int running, unread;

	site->config.account_bytes_max = 6500000;
	site_start(site, true);
	large_blob(site, 5900000, path, &blob);
	ask.body = view_bytes(&blob);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 204);
	reply_clear(&reply);
	ask = (struct ask){.member = FIRST, .method = "GET", .path = path};
	site_close_gate(site, MEMORY_GET);
	running = site_connect(site);
	site_ask_begin(site, running, &ask);
	site_await_gate(site);
	unread = begin_get(site, &ask);
	await_answers(site, blob.len);
	site_open_gate(site);
	expect_reply(running, 503);
	await_answers(site, blob.len);
	(void)close(unread);
	await_answers(site, 0);
	bytes_clear(&blob);
}

static void connections_are_limited(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	int open[16];
	char rest[64];
	int over;

	site->config.connections_max = 16;
	site->config.threads = 1;
	site->config.header_ms = 1500;
	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(open); i++)
		open[i] = site_connect(site);
	site_pause(200);
	over = begin(site, "/healthz");
	/* Accepted and closed, or left waiting until one of the others has gone. */
	if (!site_read_all(over, 300, rest, sizeof(rest)))
		site_reply(over, 5000, &reply);
	reply_clear(&reply);
	(void)close(over);
	for (size_t i = 0; i < COUNT_OF(open); i++)
		(void)close(open[i]);
	site_pause(200);
	expect_reply(begin(site, "/healthz"), 200);
}

struct stopper {
	struct site *site;
	int64_t took_ms;
};

static void *stop_in_time(void *self)
{
	struct stopper *stopper = self;
	int64_t begun_ms = site_now();

	site_stop(stopper->site, 10000);
	stopper->took_ms = site_now() - begun_ms;
	return NULL;
}

static void stopping_finishes_what_was_accepted(void **state)
{
	struct site *site = *state;
	struct stopper stopper = {.site = site};
	struct reply reply = {0};
	pthread_t thread;
	int running;

	site_start(site, true);
	site_close_gate(site, MEMORY_GET);
	running = begin(site, ROSTER);
	site_await_gate(site);
	assert_int_equal(pthread_create(&thread, NULL, stop_in_time, &stopper), 0);
	site_pause(300);
	site_open_gate(site);
	site_reply(running, 5000, &reply);
	assert_int_equal(reply.status, 404);
	assert_string_equal(reply_field(&reply, "Connection"), "close");
	reply_clear(&reply);
	(void)close(running);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_in_range(stopper.took_ms, 250, 3000);
}

static void stopping_does_not_wait_for_ever(void **state)
{
	struct site *site = *state;
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};
	char text[BLOB_NAME_TEXT_MAX], path[128];
	struct ask ask = {.method = "PUT", .path = path, .type = OCTETS, .cut = 1};
	int64_t begun_ms;
	int held;

	site_start(site, true);
	fixture_blob(&site->pair->fixture, BLOB_SEGMENT, 1000, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	blob_name_text(&name, text);
	(void)snprintf(path, sizeof(path), "/v1/blobs/%s", text);
	ask.body = view_bytes(&blob);
	held = site_connect(site);
	site_ask_begin(site, held, &ask);
	site_await_metric(site, "inkseald_requests_active 1\n");
	begun_ms = site_now();
	site_stop(site, 500);
	assert_in_range(site_now() - begun_ms, 400, 3000);
	(void)close(held);
	bytes_clear(&blob);
}

static void a_client_may_leave_while_a_worker_runs(void **state)
{
	struct site *site = *state;
	int running;

	site_start(site, true);
	site_close_gate(site, MEMORY_GET);
	running = begin(site, ROSTER);
	site_await_gate(site);
	(void)close(running);
	site_pause(100);
	site_open_gate(site);
	site_await_metric(site, "inkseald_connections 0\n");
	site_await_metric(site, "inkseald_requests_active 0\n");
	expect_reply(begin(site, ROSTER), 404);
}

static void what_is_kept_of_accounts_is_bounded(void **state)
{
	struct site *site = *state;
	struct ask ask = {.member = UNSIGNED, .method = "GET"};
	char path[128];

	site_start(site, true);
	for (unsigned i = 0; i < 50; i++) { /* guesses leave nothing behind */
		struct reply reply = {0};

		(void)snprintf(path, sizeof(path), "/v1/accounts/%040u/roster", i);
		ask.path = path;
		site_ask(site, &ask, &reply);
		assert_int_equal(reply.status, 404);
		reply_clear(&reply);
	}
	site_await_metric(site, "inkseald_accounts_cached 0\n");
	site_await_metric(site, "inkseald_accounts_cached_bytes 0\n");
	site_stop(site, 5000);
	site->config.cache_bytes_max = 0;
	site_start(site, true);
	client_frame(&site->pair->first, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
	client_request(&site->pair->first);
	{
		struct reply reply = {0};

		site_sync(site, &site->pair->first, FIRST, &reply);
		assert_int_equal(site->pair->first.answer.status, SYNC_COMMITTED);
		reply_clear(&reply);
	}
	site_await_metric(site, "inkseald_accounts_cached 0\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_full_queue_is_said_at_once, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	one_account_does_not_take_all_workers, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(who_waited_too_long_is_not_begun, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_trickled_header_is_cut_off, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(so_is_one_behind_another_request, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_trickled_body_is_cut_off, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_body_too_large_is_not_read, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(bodies_share_a_budget, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	an_account_has_a_share_of_the_bodies, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(answers_share_a_budget, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(what_does_not_fit_is_not_sent, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(connections_are_limited, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(stopping_finishes_what_was_accepted, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(stopping_does_not_wait_for_ever, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	a_client_may_leave_while_a_worker_runs, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(what_is_kept_of_accounts_is_bounded, site_setup, site_teardown),
};
TEST_MAIN(tests)
