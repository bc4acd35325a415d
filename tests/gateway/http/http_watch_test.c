/*
 * tests/gateway/http/http_watch_test.c: long-poll: who waits, what wakes them, who has left.
 */
#include "tests/gateway/http/http_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int watch_begin(struct site *site, size_t member, const char *query)
{
	struct ask ask = {.member = member, .method = "GET", .path = "/v1/watch", .query = query};
	int fd = site_connect(site);

	site_ask_begin(site, fd, &ask);
	return fd;
}

static bool metric_is(struct site *site, const char *line)
{
	for (int i = 0; i < 200; i++) {
		struct reply reply = {0};
		bool found;

		site_metrics(site, &reply);
		found = reply_says(&reply, line);
		reply_clear(&reply);
		if (found)
			return true;
		site_pause(20);
	}
	return false;
}

static void push(struct site *site)
{
	struct client *first = &site->pair->first;
	struct reply reply = {0};

	client_frame(first, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
	client_request(first);
	site_sync(site, first, FIRST, &reply);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	reply_clear(&reply);
}

static void a_commit_here_wakes_at_once(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	int64_t begun_ms;
	int waits[3];

	site->config.recheck_ms = 60000; /* not by asking the bucket */
	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(waits); i++)
		waits[i] = watch_begin(site, SECOND, "seq=1");
	assert_true(metric_is(site, "inkseald_watchers 3\n"));
	begun_ms = site_now();
	push(site);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		site_reply(waits[i], 3000, &reply);
		assert_int_equal(reply.status, 200);
		assert_true(reply_says(&reply, "{\"seq\":2}"));
		reply_clear(&reply);
		(void)close(waits[i]);
	}
	assert_true(site_now() - begun_ms < 2000);
	assert_true(metric_is(site, "inkseald_watchers 0\n"));
}

static void what_has_passed_is_answered_at_once(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	struct ask ask = {.member = SECOND, .method = "GET", .path = "/v1/watch", .query = "seq=0"};

	site_start(site, true);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	assert_true(reply_says(&reply, "{\"seq\":1}"));
	reply_clear(&reply);
}

static void another_gateways_commit_is_found(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	int wait;

	site->config.recheck_ms = 300;
	site_start(site, true);
	wait = watch_begin(site, SECOND, "seq=1");
	assert_true(metric_is(site, "inkseald_watchers 1\n"));
	client_edit(&site->pair->first, 300); /* straight into the bucket */
	site_reply(wait, 5000, &reply);
	assert_int_equal(reply.status, 200);
	assert_true(reply_says(&reply, "{\"seq\":2}"));
	reply_clear(&reply);
	(void)close(wait);
}

static void its_time_is_bounded(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	int64_t begun_ms;
	int wait;

	site->config.watch_ms = 500;
	site_start(site, true);
	begun_ms = site_now();
	wait = watch_begin(site, SECOND, "seq=1");
	site_reply(wait, 5000, &reply);
	assert_int_equal(reply.status, 204);
	assert_true(site_now() - begun_ms >= 500);
	reply_clear(&reply);
	(void)close(wait);
}

/* It is noticed when it is woken, and harms nobody. */
static void a_client_may_leave_while_it_waits(void **state)
{
	struct site *site = *state;
	int wait;

	site->config.watch_ms = 1000;
	site_start(site, true);
	wait = watch_begin(site, SECOND, "seq=1");
	assert_true(metric_is(site, "inkseald_watchers 1\n"));
	(void)close(wait);
	push(site);
	assert_true(metric_is(site, "inkseald_watchers 0\n"));
	wait = watch_begin(site, SECOND, "seq=2");
	assert_true(metric_is(site, "inkseald_watchers 1\n"));
	(void)close(wait); /* and is woken by its time */
	assert_true(metric_is(site, "inkseald_watchers 0\n"));
	assert_true(metric_is(site, "inkseald_connections 0\n"));
}

static void an_account_has_so_many(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	struct ask ask = {.member = SECOND, .method = "GET", .path = "/v1/watch", .query = "seq=1"};
	int waits[2];

	site->config.watchers_max = 2;
	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(waits); i++)
		waits[i] = watch_begin(site, SECOND, "seq=1");
	assert_true(metric_is(site, "inkseald_watchers 2\n"));
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 429);
	assert_string_equal(reply_field(&reply, "Retry-After"), "1");
	reply_clear(&reply);
	for (size_t i = 0; i < COUNT_OF(waits); i++)
		(void)close(waits[i]);
}

static void who_waits_does_not_count_as_a_request(void **state)
{
	struct site *site = *state;
	int waits[4];

	site->config.account_max = 2;
	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		char line[64];

		waits[i] = watch_begin(site, SECOND, "seq=1");
		(void)snprintf(line, sizeof(line), "inkseald_watchers %zu\n", i + 1);
		assert_true(metric_is(site, line));
	}
	push(site);
	for (size_t i = 0; i < COUNT_OF(waits); i++)
		(void)close(waits[i]);
}

static void a_wipe_wakes(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct reply reply = {0};
	struct bytes wipe = {0};
	char hex[2 * ACCOUNT_ID_LEN + 1], path[128];
	struct ask ask = {
	    .member = MEMBERS_COUNT, .method = "DELETE", .path = path, .type = OCTETS};
	int wait;

	site_start(site, true);
	wait = watch_begin(site, SECOND, "seq=1");
	assert_true(metric_is(site, "inkseald_watchers 1\n"));
	hex_encode(view_of(fixture->account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(path, sizeof(path), "/v1/accounts/%s", hex);
	fixture_wipe(fixture, FIRST, site->pair->first.answer.incarnation, site->name, &wipe);
	ask.body = view_bytes(&wipe);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
	site_reply(wait, 3000, &reply); /* the next request says what there is to know */
	assert_int_equal(reply.status, 204);
	reply_clear(&reply);
	(void)close(wait);
	ask =
	    (struct ask){.member = SECOND, .method = "GET", .path = "/v1/watch", .query = "seq=1"};
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 410);
	reply_clear(&reply);
	bytes_clear(&wipe);
}

static void stopping_wakes(void **state)
{
	struct site *site = *state;
	struct reply reply = {0};
	int64_t begun_ms;
	int wait;

	site_start(site, true);
	wait = watch_begin(site, SECOND, "seq=1");
	assert_true(metric_is(site, "inkseald_watchers 1\n"));
	begun_ms = site_now();
	site_stop(site, 10000);
	assert_true(site_now() - begun_ms < 5000);
	site_reply(wait, 1000, &reply);
	assert_int_equal(reply.status, 204);
	assert_string_equal(reply_field(&reply, "Connection"), "close");
	reply_clear(&reply);
	(void)close(wait);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_commit_here_wakes_at_once, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(what_has_passed_is_answered_at_once, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(another_gateways_commit_is_found, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(its_time_is_bounded, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_client_may_leave_while_it_waits, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(an_account_has_so_many, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	who_waits_does_not_count_as_a_request, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_wipe_wakes, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(stopping_wakes, site_setup, site_teardown),
};
TEST_MAIN(tests)
