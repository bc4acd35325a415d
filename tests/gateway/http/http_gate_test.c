/*
 * tests/gateway/http/http_gate_test.c: whoever is not known: what they cost, what they find out,
 * and that a device which the gateway has forgotten gets in among them.
 */
#include "tests/gateway/http/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOWHERE "/v1/accounts/0000000000000000000000000000000000000000/roster"
#define NOWHERE_ELSE "/v1/accounts/0000000000000000000000000000000000000001/roster"
#define UNSIGNED MEMBERS_COUNT
#define LARGE 1000000u

static int begin(struct site *site, const char *path)
{
	struct ask ask = {.member = UNSIGNED, .method = "GET", .path = path};
	int fd = site_connect(site);

	site_ask_begin(site, fd, &ask);
	return fd;
}

static void expect_reply(int fd, unsigned status, const char *code)
{
	struct reply reply = {0};

	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, status);
	if (code != NULL)
		assert_true(reply_says(&reply, code));
	reply_clear(&reply);
	(void)close(fd);
}

static void account_path(const struct site *site, const char *rest, char out[128])
{
	char hex[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(site->pair->fixture.account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(out, 128, "/v1/accounts/%s%s", hex, rest);
}

static unsigned sync_now(struct site *site, struct client *client, size_t member)
{
	struct reply reply = {0};
	unsigned status;

	client_request(client);
	site_sync(site, client, member, &reply);
	status = reply.status;
	reply_clear(&reply);
	return status;
}

static unsigned poll(struct site *site, struct client *client, size_t member)
{
	bytes_clear(&client->frame);
	return sync_now(site, client, member);
}

static void strangers_have_workers_of_their_own(void **state)
{
	struct site *site = *state;
	int running, waiting;

	site->config.gate_workers = 1;
	site->config.gate_max = 4; /* two, of those for accounts that are nowhere */
	site_start(site, true);
	assert_int_equal(poll(site, &site->pair->first, FIRST), 200);
	site_close_gate(site, MEMORY_GET);
	running = begin(site, NOWHERE);
	site_await_gate(site);
	waiting = begin(site, NOWHERE_ELSE);
	site_await_metric(site, "inkseald_strangers 2\n");
	expect_reply(begin(site, NOWHERE_ELSE), 503, "\"busy\"");
	site_await_metric(site, "inkseald_refused_total{why=\"strangers\"} 1\n");
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(poll(site, &site->pair->first, FIRST), 200);
	site_open_gate(site);
	expect_reply(running, 404, "\"absent\"");
	expect_reply(waiting, 404, "\"absent\"");
	expect_reply(begin(site, NOWHERE), 404, "\"absent\"");
}

static void one_account_does_not_take_them_all(void **state)
{
	struct site *site = *state;
	int running;

	site->config.gate_account_max = 1;
	site_start(site, true);
	site_close_gate(site, MEMORY_GET);
	running = begin(site, NOWHERE);
	site_await_gate(site);
	expect_reply(begin(site, NOWHERE), 429, "\"busy\"");
	expect_reply(begin(site, NOWHERE_ELSE), 404, "\"absent\"");
	site_open_gate(site);
	expect_reply(running, 404, "\"absent\"");
}

/* Guesses do not take all places from a device that was forgotten. */
static void what_was_found_has_places_of_its_own(void **state)
{
	struct site *site = *state;
	char roster[128];
	int running;

	site->config.gate_max = 2;
	account_path(site, "/roster", roster);
	site_start(site, true);
	expect_reply(begin(site, roster), 200, NULL);
	site_close_gate(site, MEMORY_GET);
	running = begin(site, NOWHERE);
	site_await_gate(site);
	expect_reply(begin(site, NOWHERE_ELSE), 503, "\"busy\"");
	for (unsigned i = 0; i < 3; i++)
		expect_reply(begin(site, roster), 200, NULL);
	site_open_gate(site);
	expect_reply(running, 404, "\"absent\"");
	expect_reply(begin(site, NOWHERE_ELSE), 404, "\"absent\"");
	site_await_metric(site, "inkseald_strangers 0\n");
}

static void one_address_does_not_take_them_all(void **state)
{
	struct site *site = *state;
	struct ask ask = {.member = UNSIGNED, .method = "GET", .path = NOWHERE_ELSE};
	int running, other;

	site->config.gate_address_max = 1;
	for (unsigned round = 0; round < 2; round++) { /* counted, and not */
		site->config.per_ip_near = round == 0;
		site_start(site, true);
		site_close_gate(site, MEMORY_GET);
		running = begin(site, NOWHERE);
		site_await_gate(site);
		if (round == 0)
			expect_reply(begin(site, NOWHERE_ELSE), 429, "\"busy\"");
		else
			expect_reply(begin(site, NOWHERE_ELSE), 404, "\"absent\"");
		other = site_connect_from(site, "127.0.0.2");
		site_ask_begin(site, other, &ask);
		expect_reply(other, 404, "\"absent\"");
		site_open_gate(site);
		expect_reply(running, 404, "\"absent\"");
		expect_reply(begin(site, NOWHERE_ELSE), 404, "\"absent\"");
		site_stop(site, 5000);
	}
}

static void who_waited_too_long_is_not_begun(void **state)
{
	struct site *site = *state;
	int running, waiting;

	site->config.gate_workers = 1;
	site->config.gate_ms = 300;
	site_start(site, true);
	site_close_gate(site, MEMORY_GET);
	running = begin(site, NOWHERE);
	site_await_gate(site);
	waiting = begin(site, NOWHERE_ELSE);
	site_await_metric(site, "inkseald_strangers 2\n");
	site_pause(400);
	site_open_gate(site);
	expect_reply(waiting, 503, "\"busy\"");
	(void)close(running);
}

/* Whoever holds the account's lock, strangers do not wait for it. */
static void no_stranger_waits_for_an_account(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	char roster[128], account[128];
	struct bytes encoded = {0};
	struct ask push = {.member = FIRST, .method = "POST", .path = "/v1/sync", .type = CBOR};
	struct ask ask = {.member = UNSIGNED,
	    .method = "DELETE",
	    .path = account,
	    .type = OCTETS,
	    .body = view_text("no wipe")};
	int running, fd;

	account_path(site, "/roster", roster);
	account_path(site, "", account);
	site_start(site, true);
	assert_int_equal(poll(site, first, FIRST), 200);
	client_frame(first, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
	client_request(first);
	assert_int_equal(sync_request_encode(&first->request, &encoded), FORMAT_OK);
	push.body = view_bytes(&encoded);
	site_close_gate(site, MEMORY_PUT);
	running = site_connect(site);
	site_ask_begin(site, running, &push);
	site_await_gate(site);
	expect_reply(begin(site, roster), 200, NULL);
	fd = site_connect(site);
	site_ask_begin(site, fd, &ask);
	expect_reply(fd, 409, "\"refused\"");
	ask = (struct ask){
	    .member = STRANGER, .method = "GET", .path = "/v1/watch", .query = "seq=0"};
	fd = site_connect(site);
	site_ask_begin(site, fd, &ask);
	expect_reply(fd, 401, "\"stranger\"");
	site_open_gate(site);
	expect_reply(running, 200, NULL);
	bytes_clear(&encoded);
}

static void a_roster_is_read_once_for_many(void **state)
{
	struct site *site = *state;
	struct client *first = &site->pair->first;
	struct bucket_counts before, now;
	struct bytes statement = {0};
	struct reply reply = {0};
	char path[128];
	struct ask ask = {.member = UNSIGNED, .method = "GET", .path = path};

	account_path(site, "/roster", path);
	site_start(site, true);
	site_count(site, &before);
	for (unsigned i = 0; i < 20; i++)
		expect_reply(begin(site, path), 200, NULL);
	site_count(site, &now);
	assert_in_range(now.get - before.get, 3, 6); /* twice, if that took a second */
	/* What is committed here is told at once. */
	assert_int_equal(poll(site, first, FIRST), 200);
	fixture_statement(&site->pair->fixture, FIRST, SIZE_MAX, SECOND, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&site->pair->fixture.roster_bytes);
	site_sync(site, first, FIRST, &reply);
	assert_int_equal(first->answer.status, SYNC_COMMITTED);
	reply_clear(&reply);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	assert_true(
	    view_equal(view_bytes(&reply.body), view_bytes(&site->pair->fixture.roster_bytes)));
	reply_clear(&reply);
	bytes_clear(&statement);
}

/* That the bucket did not answer is not kept for who comes next. */
static void a_failure_is_not_remembered(void **state)
{
	struct site *site = *state;
	char path[128];

	account_path(site, "/roster", path);
	site_start(site, true);
	site_set_failing(site, true);
	expect_reply(begin(site, path), 503, "\"busy\"");
	site_set_failing(site, false);
	expect_reply(begin(site, path), 200, NULL);
}

/* The header of a PUT of a blob of some size; the blob is yours. */
static int begin_put(
    struct site *site, size_t member, size_t len, const char *more, struct bytes *blob_out)
{
	struct blob_name name = {.count = 0};
	char text[BLOB_NAME_TEXT_MAX], path[128];
	struct ask ask = {
	    .member = member, .method = "PUT", .path = path, .type = OCTETS, .more = more};
	int fd = site_connect(site);

	fixture_blob(&site->pair->fixture, BLOB_SEGMENT, len, NULL, 0, blob_out);
	blob_hash(view_bytes(blob_out), &name.hash);
	blob_name_text(&name, text);
	(void)snprintf(path, sizeof(path), "/v1/blobs/%s", text);
	ask.body = view_bytes(blob_out);
	ask.cut = blob_out->len;
	site_ask_begin(site, fd, &ask);
	return fd;
}

static void a_large_body_is_not_read_for_a_stranger(void **state)
{
	static const char *const expects[] = {NULL, "Expect: 100-continue\r\n"};
	struct site *site = *state;

	site_start(site, true);
	for (size_t i = 0; i < COUNT_OF(expects); i++) {
		struct bytes blob = {0};
		char rest[64];
		struct reply reply = {0};
		int fd = begin_put(site, STRANGER, LARGE, expects[i], &blob);

		site_reply(fd, 5000, &reply); /* though nothing of it was sent */
		assert_int_equal(reply.status, 401);
		assert_true(reply_says(&reply, "\"stranger\""));
		assert_string_equal(reply_field(&reply, "Connection"), "close");
		reply_clear(&reply);
		assert_true(site_read_all(fd, 3000, rest, sizeof(rest)));
		(void)close(fd);
		bytes_clear(&blob);
	}
	site_await_metric(site, "inkseald_received_bytes_total 0\n");
}

static void a_device_that_was_forgotten_sends_what_it_likes(void **state)
{
	struct site *site = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct bytes blob = {0};
		struct reply reply = {0};
		int fd;

		/* Next to nothing is left for those whom it does not know. */
		site->config.unauthenticated_bytes_max = 1000;
		site_start(site, true);
		fd = begin_put(
		    site, FIRST, LARGE, i == 0 ? NULL : "Expect: 100-continue\r\n", &blob);
		if (i == 1) {
			site_reply(fd, 5000, &reply);
			assert_int_equal(reply.status, 100);
			reply_clear(&reply);
		}
		site_write(fd, blob.data, blob.len);
		expect_reply(fd, 204, NULL);
		bytes_clear(&blob);
		site_stop(site, 5000);
	}
}

/* Of an account that was wiped, a device is told so before its body is read. */
static void that_it_is_gone_needs_no_body(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct client *first = &site->pair->first;
	struct sync_answer answer = {0};
	struct ask ask = {.member = FIRST, .method = "POST", .path = "/v1/sync", .type = CBOR};
	struct bytes wipe = {0}, body = {0};
	struct wipe_report report;
	struct reply reply = {0};
	char path[128], rest[64];
	int fd;

	assert_int_equal(client_poll(first), ACCOUNT_OK);
	fixture_wipe(fixture, FIRST, first->answer.incarnation, "", &wipe);
	assert_int_equal(account_wipe(&fixture->env, &first->cache, &fixture->account,
			     view_bytes(&wipe), fixture_call(fixture), &report),
	    ACCOUNT_OK);
	site_start(site, true);
	assert_true(bytes_new(LARGE, &body));
	ask.body = view_bytes(&body);
	ask.cut = LARGE;
	fd = site_connect(site);
	site_ask_begin(site, fd, &ask);
	site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(sync_answer_decode(view_bytes(&reply.body), &answer), FORMAT_OK);
	assert_int_equal(answer.status, SYNC_GONE);
	assert_true(answer.wipe_record.len > wipe.len);
	sync_answer_clear(&answer);
	reply_clear(&reply);
	assert_true(site_read_all(fd, 3000, rest, sizeof(rest)));
	(void)close(fd);
	/* Who signed it may have it finished again; nobody else gets a receipt for anything. */
	account_path(site, "", path);
	ask = (struct ask){.member = UNSIGNED,
	    .method = "DELETE",
	    .path = path,
	    .type = OCTETS,
	    .body = view_bytes(&wipe)};
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
	wipe.data[wipe.len - 1] ^= 1;
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 409);
	reply_clear(&reply);
	bytes_clear(&body);
	bytes_clear(&wipe);
}

/* What the gate lets in of others than live devices has a part of the workers. */
static void who_is_not_known_leaves_workers_free(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct client *first = &site->pair->first;
	struct bytes wipe = {0};
	struct wipe_report report;
	char path[128];
	struct ask ask = {.member = UNSIGNED, .method = "DELETE", .path = path, .type = OCTETS};
	struct reply reply = {0};
	int running;

	assert_int_equal(client_poll(first), ACCOUNT_OK);
	fixture_wipe(fixture, FIRST, first->answer.incarnation, "", &wipe);
	assert_int_equal(account_wipe(&fixture->env, &first->cache, &fixture->account,
			     view_bytes(&wipe), fixture_call(fixture), &report),
	    ACCOUNT_OK);
	site->config.workers = 4;
	site_start(site, true);
	account_path(site, "", path);
	ask.body = view_bytes(&wipe); /* it stands in the record, for all to read */
	site_close_gate(site, MEMORY_LIST);
	running = site_connect(site);
	site_ask_begin(site, running, &ask);
	site_await_gate(site);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 503);
	reply_clear(&reply);
	site_await_metric(site, "inkseald_refused_total{why=\"strangers\"} 1\n");
	site_open_gate(site);
	expect_reply(running, 200, NULL);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
	bytes_clear(&wipe);
}

static void an_invitation_comes_before_all_else(void **state)
{
	struct site *site = *state;
	struct fixture *fixture = &site->pair->fixture;
	struct ask ask = {.member = UNSIGNED,
	    .method = "POST",
	    .path = "/v1/accounts",
	    .type = CBOR,
	    .body = view_text("no create at all")};
	struct bytes two = {0};
	struct reply reply = {0};
	int fd;

	site_start(site, true);
	/* Without one, the body is not even read. */
	ask.cut = ask.body.len;
	fd = site_connect(site);
	site_ask_begin(site, fd, &ask);
	expect_reply(fd, 403, "\"invite\"");
	assert_int_equal(site->tokens_checked, 0);
	ask.cut = 0;
	ask.more = "Inkseal-Invite: bad\r\n";
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 403); /* and not 400: it was not decoded */
	reply_clear(&reply);
	assert_int_equal(site->tokens_checked, 1);
	ask.more = "Inkseal-Invite: good\r\n";
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 400);
	reply_clear(&reply);
	/* An account begins with its genesis alone. */
	site_create_of(site, view_bytes(&fixture->roster_bytes), &two);
	ask.body = view_bytes(&two);
	site_ask(site, &ask, &reply);
	assert_int_equal(reply.status, 400);
	assert_true(reply_says(&reply, "one statement"));
	reply_clear(&reply);
	bytes_clear(&two);
}

/* So many bytes every 30 ms; how long until it was answered, or (0) closed. */
static int64_t send_slowly(struct site *site, size_t piece, size_t count, unsigned status)
{
	int64_t begun_ms = site_now();
	struct bytes blob = {0};
	int fd = begin_put(site, FIRST, piece * count, NULL, &blob);
	struct reply reply = {0};
	bool closed = false;
	char rest[64];

	for (size_t at = 0; at < blob.len && !closed; at += piece) {
		site_write(fd, blob.data + at, blob.len - at < piece ? blob.len - at : piece);
		if (status == 0)
			closed = site_read_all(fd, 30, rest, sizeof(rest));
		else
			site_pause(30);
	}
	if (status == 0)
		assert_true(closed && rest[0] == '\0');
	else
		site_reply(fd, 5000, &reply);
	assert_int_equal(reply.status, status);
	reply_clear(&reply);
	(void)close(fd);
	bytes_clear(&blob);
	return site_now() - begun_ms;
}

static void a_body_lives_by_its_progress(void **state)
{
	struct site *site = *state;
	struct bytes blob = {0};
	char rest[64];
	int64_t begun_ms;
	int fd;

	site->config.slack_ms = 600;
	site->config.rate_min = 8000;
	site_start(site, true);
	assert_int_equal(poll(site, &site->pair->first, FIRST), 200);
	assert_true(send_slowly(site, 2000, 60, 204) > 1700);
	/* Half a megabyte is announced, which at that rate might take a minute. */
	assert_true(send_slowly(site, 50, 10000, 0) < 5000);
	begun_ms = site_now();
	fd = begin_put(site, FIRST, LARGE, NULL, &blob);
	assert_true(site_read_all(fd, 3000, rest, sizeof(rest)));
	assert_string_equal(rest, "");
	assert_in_range(site_now() - begun_ms, 500, 2500);
	(void)close(fd);
	bytes_clear(&blob);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(strangers_have_workers_of_their_own, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(one_account_does_not_take_them_all, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	what_was_found_has_places_of_its_own, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(one_address_does_not_take_them_all, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(who_waited_too_long_is_not_begun, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(no_stranger_waits_for_an_account, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_roster_is_read_once_for_many, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_failure_is_not_remembered, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	a_large_body_is_not_read_for_a_stranger, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_that_was_forgotten_sends_what_it_likes, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(that_it_is_gone_needs_no_body, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(an_invitation_comes_before_all_else, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(
	who_is_not_known_leaves_workers_free, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_body_lives_by_its_progress, site_setup, site_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
